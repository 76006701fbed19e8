"""A lane is one process of the program with its source and its sink, and the lives that it had.

Threads: `Lane.lock` guards its present life: one thread ends and starts it, one looks at it, senders ask which it is.
"""
import dataclasses
import os
import pathlib
import re
import socket
import threading
import time

from account import Found, is_reject, whole_lines
from metrics_page import address_of, fetch
from started_run import Run

FIELDS = "+@timestamp,+event.id,+client.geo.country_iso_code,+url.path"


@dataclasses.dataclass
class Life:
    run: Run
    folder: pathlib.Path
    began: float = dataclasses.field(default_factory=time.monotonic)
    leaving: bool = False  # it is going to end, as we want
    address: str | None = None
    page: object = None
    unsettled: bool = True
    stopped_at: float = 0  # when it was told to end in order
    samples: list = dataclasses.field(default_factory=list)


class Lane:
    """`inputs` and `output` as on the command line; an output or `rejects` without :// is a file in the lane's folder. `anew`: each life writes files
    of its own."""

    def __init__(self, name, program, folder, inputs, output, promise, *options, rejects="rejects.ndjson", rejects_promise=None, mortal=True, anew=False, librdkafka=()):
        self.name, self.program, self.folder, self.inputs, self.output, self.options = name, program, folder, inputs, output, options
        self.rejects, self.promise, self.rejects_promise = rejects, promise, rejects_promise or promise
        self.mortal, self.anew, self.librdkafka = mortal, anew, librdkafka
        self.lock, self.lives, self.config, self.database = threading.Lock(), [], folder / "config.yaml", folder / "geo.mmdb"
        self.asking = threading.Lock()  # for pages: else an older one is taken for the newer one
        self.found, self.found_rejects = Found(), Found()
        folder.mkdir(parents=True)

    @property
    def life(self):
        return self.lives[-1]

    @property
    def process(self):
        return self.life.run.process

    def place(self, name, folder):
        return name if "://" in name else str(folder / name)

    def start(self):
        folder = self.folder / str(len(self.lives)) if self.anew else self.folder
        run = Run(self.program, folder, self.inputs, "-o", self.place(self.output, folder), "--fields", FIELDS, "--metrics", "0", "-j", "2", *map(str, self.options),
                  config=self.config, rejects=self.place(self.rejects, folder), librdkafka=self.librdkafka)
        with self.lock:
            self.lives.append(Life(run, folder))

    def leave(self):
        """It is going to end, and nobody shall wonder."""
        with self.lock:
            self.life.leaving = True

    def kill(self):
        self.leave()
        self.process.kill()
        self.process.wait()

    def stop(self):
        """In order; what its summary says adds up, or it raises."""
        self.leave()
        self.life.stopped_at = time.monotonic()
        self.life.run.stop()

    # --- what it says of itself

    def look(self):
        """A page of metrics and a sample of the present life. Returns what is wrong, or None."""
        with self.lock:
            life = self.life
        if life.leaving or not (life.address or self.find_address(life)):
            return None
        begun = time.monotonic()
        try:
            with self.asking:
                page = fetch(life.address)
                before, life.page = life.page, page
            sample = self.sample(life)
        except (OSError, ValueError, LookupError) as problem:
            return None if life.leaving or life.run.process.poll() is not None else f"{self.name}: metrics: {problem}"
        life.unsettled = page.value("oldest_unsettled_seconds") > 0
        life.samples.append((begun, *sample))
        gone = [(*key, value, page.samples.get(key)) for key, value in before.samples.items() if before.is_counter(key) and page.samples.get(key, -1) < value] if before else []
        return f"{self.name}: counters that went back: {gone[:3]}" if gone else None

    @staticmethod
    def find_address(life):
        life.address = address_of(life.run)
        return life.address

    @staticmethod
    def sample(life):
        """Resident bytes, descriptors, threads."""
        folder = pathlib.Path(f"/proc/{life.run.process.pid}")
        status = (folder / "status").read_text()
        return (1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(os.listdir(folder / "fd")), int(re.search(r"Threads:\s+(\d+)", status)[1]))

    def reloads(self, outcome):
        """Of the present life, as it says now."""
        with self.asking:
            self.life.page = fetch(self.life.address or self.find_address(self.life))
            return int(self.life.page.sum("reloads_total", outcome=outcome))

    def all_reloads(self):
        pages = [life.page for life in self.lives if life.page]
        return tuple(int(sum(page.sum("reloads_total", outcome=outcome) for page in pages)) for outcome in ("done", "refused"))

    # --- what came out

    def folders(self):
        return sorted({life.folder for life in self.lives})

    def collect(self, cluster, node):
        for output, found, add in ((self.output, self.found, self.found.add_record), (self.rejects, self.found_rejects, self.found_rejects.add_reject)):
            if output.startswith("kafka://"):
                for message in cluster.read(output.rsplit("/", 1)[1]):
                    add(message.value)
            elif output.startswith("opensearch+"):
                for hit in node.hits(output.rsplit("/", 1)[1], _source=["url.path", "client.geo.country_iso_code"]):
                    self.add_document(found, hit)
            else:
                paths = [pathlib.Path(self.place(output, folder)) for folder in self.folders()]
                for line in (line for path in paths if path.exists() for line in whole_lines(path)):
                    add(line)

    @staticmethod
    def add_document(found, hit):
        country = hit["_source"].get("client", {}).get("geo", {}).get("country_iso_code")
        found.add_record(b'"path":"%s" "id":"%s" "country_iso_code":"%s"' % (
            hit["_source"]["url"]["path"].encode(), hit["_id"].encode(), (country or "none").encode()))

    def judge(self, numbers, confirmed=None):
        """Rows and faults, of all lines that went in, and of those that have to be there where that is not all."""
        def part(of, rejected):
            return None if of is None else {number for number in of if is_reject(number) == rejected}
        results = (self.found.judge(self.name, part(numbers, False), self.promise, part(confirmed, False)),
                   self.found_rejects.judge(f"{self.name} rejects", part(numbers, True), self.rejects_promise, part(confirmed, True)))
        return [row for row, _ in results], [fault for _, faults in results for fault in faults]


class Sender:
    """Connections to a lane that listens, one after the other, each with a PROXY header in front and some lines. A line is confirmed once the program
    has read its connection to the end and, on a page of metrics that was asked for after that, has nothing that is not settled; or once it ended in
    order after that."""

    def __init__(self, lane, port, dice, make, client, per_second):
        self.lane, self.port, self.dice, self.make, self.client, self.per_second = lane, port, dice, make, client, per_second
        self.number, self.cut, self.connections = 0, 0, 0
        self.confirmed, self.pending, self.stopped = set(), [], threading.Event()
        self.thread = threading.Thread(target=self.go, daemon=True)

    def go(self):
        while not self.stopped.is_set():
            count, begun = self.dice.randint(1, 60), time.monotonic()
            self.send(range(self.number, self.number + count))
            self.number += count
            self.stopped.wait(max(0.0, begun + count / self.per_second - time.monotonic()))

    def send(self, numbers):
        counted, header = self.dice.random() < 0.3, self.dice.choice((self.client.proxy_v1, self.client.proxy_v2))
        content = [self.make(number) for number in numbers]
        with self.lane.lock:
            life = self.lane.life
        self.connections += 1
        try:
            with self.client.connect(("127.0.0.1", self.port)) as made:
                made.sendall(header() + b"".join(self.client.counted(b"<6>" + line) if counted else line + b"\n" for line in content))
                made.shutdown(socket.SHUT_WR)
                made.recv(1)  # a reset says that something was not read
        except OSError:
            self.cut += 1
            time.sleep(0.2)
            return
        with self.lane.lock:
            if self.lane.life is life:
                self.pending.append((life, time.monotonic(), numbers))

    def confirm(self):
        """By the last page of the present life."""
        with self.lane.lock:
            life, self.pending, pending = self.lane.life, [], self.pending
        settled_at = life.samples[-1][0] if life.samples and not life.unsettled else 0
        for one in pending:
            if one[0] is life and one[1] < settled_at or one[0].run.process.returncode in (0, 3) and one[1] < one[0].stopped_at:
                self.confirmed.update(one[2])
            elif one[0].run.process.returncode is None:
                with self.lane.lock:
                    self.pending.append(one)

    def finish(self):
        self.stopped.set()
        self.thread.join()

