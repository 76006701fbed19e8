"""What the tests do with a broker: topics, messages, groups, and wherefrom at work on them.

Threads: one at a time for each object.
"""
import ctypes
import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import parse_lines, read_summary  # noqa: E402

PATIENCE_S = 60  # until something is taken to never happen; nothing is measured by it


def wait_until(condition, what, patience_s=PATIENCE_S, every_s=0.05):
    """`what` may be a function, asked when it is too late."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what() if callable(what) else what)
        time.sleep(every_s)


# --- messages ---------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Message:
    value: bytes | None  # None: a tombstone
    partition: int = -1
    key: bytes | None = None
    headers: tuple = ()  # (name, value) pairs
    timestamp_ms: int = 0
    offset: int = -1

    def frame(self):
        def size(content):
            return -1 if content is None else len(content)

        head = b"%d %d %d %d %d\n" % (self.partition, self.timestamp_ms, size(self.key), size(self.value), len(self.headers))
        more = b"".join(b"%d %d\n%s%s" % (len(name), size(value), name.encode(), value or b"") for name, value in self.headers)
        return head + (self.key or b"") + (self.value or b"") + more


def parse_frames(content):
    at = 0

    def take(size):
        nonlocal at
        at += max(size, 0)
        return content[at - size:at] if size >= 0 else None

    def numbers():
        nonlocal at
        end = content.index(b"\n", at)
        line, at = content[at:end], end + 1
        return map(int, line.split())

    messages = []
    while at < len(content):
        partition, offset, timestamp_ms, key_size, value_size, headers_count = numbers()
        message = Message(None, partition, offset=offset, timestamp_ms=timestamp_ms)
        message.key, message.value = take(key_size), take(value_size)
        for _ in range(headers_count):
            name_size, value_size = numbers()
            message.headers += ((take(name_size).decode(), take(value_size)),)
        messages.append(message)
    return messages


class Cluster:
    """A broker as its clients see it."""

    def __init__(self, admin, address):
        self.admin, self.address = os.fspath(admin), address
        self.topics = 0

    def call(self, *arguments, stdin=b"", properties=()):
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        more = [word for one in properties for word in ("-X", one)]
        done = subprocess.run([self.admin, "-X", f"bootstrap.servers={self.address}", *more, *map(str, arguments)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600, **given)
        if done.returncode != 0:
            raise RuntimeError(f"kafka_admin {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')[-1000:]}")
        return done.stdout

    def id(self):
        return self.call("cluster-id").decode().strip()

    def create(self, name, partitions=1, **settings):
        """A topic of that name and a number, which is returned; settings have _ for their dots."""
        self.topics += 1
        name = f"{name}-{self.topics}"
        self.call("create", ",".join([f"{name}:{partitions}", *(f"{key.replace('_', '.')}={value}" for key, value in settings.items())]))
        return name

    def produce(self, topic, messages, *properties):
        """Those of one partition keep their order. Bytes are a message that is nothing but a value."""
        frames = (one.frame() if isinstance(one, Message) else Message(one).frame() for one in messages)
        self.call("produce", topic, stdin=b"".join(frames), properties=properties)

    def produce_lines(self, topic, lines, partitions=1, *properties, first=0):
        """A message a line, to all partitions in turn, from number `first` on; offsets follow from that."""
        self.produce(topic, (Message(line, number % partitions) for number, line in enumerate(lines, first)), *properties)

    def read(self, topic, *properties):
        """What is committed, in the order of each partition."""
        messages = parse_frames(self.call("read", topic, properties=properties))
        return sorted(messages, key=lambda message: (message.partition, message.offset))

    def read_parts(self, topic, begin, end, *properties):
        """(partition, offset, text): of each value what is between two texts."""
        lines = self.call("read", topic, begin, end, properties=properties).decode().splitlines()
        return [(int(partition), int(offset), text) for partition, offset, text in (line.split(" ", 2) for line in lines)]

    def offsets(self, group, topic):
        """{partition: (committed or -1, end)}"""
        rows = (map(int, line.split()) for line in self.call("offsets", group, topic).splitlines())
        return {partition: (committed, end) for partition, committed, end in rows}

    def lag(self, group, topic):
        """Messages that the group has not committed."""
        return sum(end - max(committed, 0) for committed, end in self.offsets(group, topic).values())

    def await_lag(self, group, topic, lag=0, patience_s=PATIENCE_S, runs=()):
        """Until it is no more than that. `runs` must go on meanwhile."""
        def done():
            for run in runs:
                if run.process.poll() is not None:
                    raise RuntimeError(f"it ended with {run.process.returncode}: {run.log()[-1500:]}")
            return self.lag(group, topic) <= lag

        wait_until(done, lambda: f"lag {self.offsets(group, topic)} of {group}: " + " | ".join(run.log()[-600:] for run in runs),
                   patience_s, 0.2)


# --- event.id, as INTERFACE says, by another program than ours ----------------------------------------------------------

class _Hash(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxhash.XXH3_128bits.restype = _Hash
_xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def event_id(cluster_id, topic, partition, offset, line, number=1):
    content = b"%s/%s/%d\0%s%s%s" % (cluster_id.encode(), topic.encode(), partition, offset.to_bytes(8, "little"),
                                     number.to_bytes(4, "little"), line)
    found = _xxhash.XXH3_128bits(content, len(content))
    return f"{found.high:016x}{found.low:016x}"


# --- wherefrom at work --------------------------------------------------------------------------------------------------

class Run:
    """`wherefrom run kafka://...` as a process with a folder. `output` and `rejects`: a kafka:// URL, or None for a file there."""

    def __init__(self, program, folder, inputs, *options, output=None, rejects=None, librdkafka=(), preload=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.out, self.rejected = self.folder / "out.ndjson", self.folder / "rejects.ndjson"
        self.summary_path = self.folder / "summary.json"
        self.summary_path.unlink(missing_ok=True)
        self.counted = {}  # path, needle: (bytes looked at, how often it was there)
        more = [word for one in librdkafka for word in ("--librdkafka", one)]
        env = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", "")}
        if preload:
            env["LD_PRELOAD"] = str(preload)
        with open(self.folder / "stderr", "ab") as errors:
            self.log_begin = errors.tell()
            self.process = program.start("run", *(inputs if isinstance(inputs, list) else [inputs]), "--no-geo",
                                         "-o", output or self.out, "--rejects", rejects or self.rejected,
                                         "--summary", self.summary_path, *more, *options,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=env)

    def log(self):
        """What this process said."""
        return (self.folder / "stderr").read_bytes()[self.log_begin:].decode(errors="replace")

    def records(self):
        return parse_lines(self.out.read_bytes()) if self.out.exists() else []

    def rejects(self):
        return parse_lines(self.rejected.read_bytes()) if self.rejected.exists() else []

    def count(self, needle):
        """How often it stands in whole lines of the output so far."""
        return self.count_in(self.out, needle)

    def count_in(self, path, needle=b"\n"):
        """Only what is new is looked at."""
        begin, count = self.counted.get((path, needle), (0, 0))
        if path.exists():
            with open(path, "rb") as file:
                file.seek(begin)
                new = file.read()
            new = new[:new.rfind(b"\n") + 1]
            self.counted[path, needle] = begin, count = begin + len(new), count + new.count(needle)
        return count

    def lines(self):
        return self.count(b"\n")

    def await_lines(self, count):
        wait_until(lambda: self.process.poll() is not None or self.lines() >= count,
                   lambda: f"{count} lines of output; {self.lines()} are there: {self.log()[-1500:]}")
        if self.lines() < count:
            raise RuntimeError(f"it ended with {self.process.poll()} at {self.lines()} lines: {self.log()[-1500:]}")

    def memory_max(self):
        """The most bytes that were resident so far."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def wait(self, patience_s=PATIENCE_S):
        """For its end; returns the exit code."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"it does not end: {self.log()[-1500:]}") from None

    def stop(self, accept=(0, 3)):
        """SIGTERM, and what is left: `summary`, whose numbers have been found to add up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.finish(accept)

    def finish(self, accept=(0, 3)):
        code = self.wait()
        if code not in accept or not self.summary_path.exists():
            raise RuntimeError(f"exit code {code}: {self.log()[-2000:]}")
        self.summary = read_summary(self.summary_path)
        return self

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Feeder:
    """Lines into all partitions of a topic in turn, `per_second` of them, until there are no more or `stop`. `fed`: how many so far."""

    def __init__(self, cluster, topic, lines, partitions=1, per_second=5000):
        self.fed, self.stopped, self.problem = 0, threading.Event(), None
        self.process = subprocess.Popen([cluster.admin, "-X", f"bootstrap.servers={cluster.address}", "produce", topic],
                                        stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.thread = threading.Thread(target=self._feed, args=(iter(lines), partitions, per_second), daemon=True)
        self.thread.start()

    def _feed(self, lines, partitions, per_second):
        begin = time.monotonic()
        try:
            for line in lines:
                if self.stopped.is_set():
                    break
                self.process.stdin.write(Message(line, self.fed % partitions).frame())
                self.fed += 1
                if self.fed % max(1, round(per_second / 100)) == 0:
                    self.process.stdin.flush()
                    time.sleep(max(0.0, begin + self.fed / per_second - time.monotonic()))
            self.process.stdin.close()
        except OSError as problem:
            self.problem = problem

    def await_fed(self, count):
        wait_until(lambda: self.fed >= count or not self.thread.is_alive(), f"{count} lines fed; {self.fed} were")

    def stop(self):
        """Returns how many lines the topic has got."""
        self.stopped.set()
        return self.finish()

    def finish(self):
        """Waits for the last line."""
        self.thread.join(PATIENCE_S)
        if self.process.wait(PATIENCE_S) != 0 or self.problem:
            raise RuntimeError(f"lines could not be fed: {self.process.stderr.read().decode(errors='replace')} {self.problem}")
        return self.fed

    def kill(self):
        self.stopped.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
