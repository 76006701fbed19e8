#!/usr/bin/env python3
"""All sources and all sinks at once, for as long as one likes, while everything happens to them that happens in years: is each line where it was
promised to be, and do processes stay as small as they were?

    soak.py --wherefrom PATH [--minutes N] [--seed S] [--rate N] [--work FOLDER]

Files that grow, come and are renamed, a topic, and connections with PROXY headers go into files, topics and an index, a process each (two of one
group where that is exactly once). What happens follows from the seed: kill -9, restarts, SIGHUP with other chains and with broken ones, databases
that are replaced and damaged, a file system that is full for a while, a broker and a node that hang for seconds; /metrics is asked all the
while, and old files are removed. In the end every line that went in is looked for: by its number, which its URL has, and with the event.id that all
its copies must share. Every record must have a place. Resident memory, descriptors and threads of lives that were long enough must not grow.

One line a minute, a table at the end; exit status 1 on any difference: then all is kept in FOLDER. A small file system is mounted, in a name
space of the process's own; where that is not allowed no file system gets full, and the first line says so.

Threads: one that makes things happen, one that looks, one for each source.
"""
import argparse
import contextlib
import itertools
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / name) for name in ("cli", "proxies", "kafka", "opensearch", "follow", "listener"))]
import client  # noqa: E402
from account import AT_LEAST_ONCE, AT_MOST_ONCE, ONCE, judge_life  # noqa: E402
from black_box import Program, alb_line, wait_until_signals_wait  # noqa: E402
from broker import Broker  # noqa: E402
from chaos import PARTITIONS, SETTINGS  # noqa: E402
from java_server import NotInstalled  # noqa: E402
from kafka_cluster import Cluster, Feeder  # noqa: E402
from lanes import Lane, Sender  # noqa: E402
from node import Node  # noqa: E402
from reload_cases import DATABASES  # noqa: E402
from servers import free_port  # noqa: E402
from started_run import PATIENCE_S, wait_until  # noqa: E402
from writer import Writer  # noqa: E402

ADDRESS = "81.2.69.142"  # in both databases
GOOD = [DATABASES.joinpath(name).read_bytes() for name in ("country.mmdb", "elsewhere.mmdb")]
CHAINS = ("chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: append}]\nselect: [{chain: web}]\n", "select: [{chain: direct}]\n")
BROKEN = "chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: apend}]\n"
LOOK_S, REST_S = 2, 1
STEP_LINES = 15  # what a step of the writer is worth, about
PRUNE_S, SETTLE_S = 60, 20  # old files go; until a process has surely seen what lay there when it started
FULL_S = 30  # until a process has noticed that there is no room
OWN_MOUNTS = "WHEREFROM_SOAK_OWN_MOUNTS"  # in the environment of what was started in a name space of its own
EVENTS = {"kill": 5, "restart": 1, "reload": 4, "reload_broken": 1, "swap": 3, "damage": 2, "full": 1, "pause_node": 2, "pause_broker": 2, "prune": 2}


def line(number):
    if number % 100 == 99:
        return b"line %d is no log line" % number
    return alb_line(number, client=f"{ADDRESS}:{1024 + number % 60000}").encode()


def lines(count, first):
    return b"".join(line(number) + b"\n" for number in range(first, first + count))


class Small:
    """A file system that can be made full and free again."""

    def __init__(self, folder, works):
        self.folder, self.works = folder, works
        folder.mkdir()
        if works:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8g", "none", folder], check=True)

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", "none", self.folder], check=True)

    @contextlib.contextmanager
    def full(self):
        now = os.statvfs(self.folder)
        self.resize((now.f_blocks - now.f_bfree) * now.f_frsize + now.f_frsize)
        try:
            yield
        finally:
            self.resize("8g")


class Soak:
    def __init__(self, options, work, broker, node, small):
        self.options, self.work, self.broker, self.node, self.small = options, work, broker, node, small
        self.program, self.dice = Program(options.wherefrom), random.Random(options.seed)
        self.cluster = Cluster(pathlib.Path(self.program.path).parent / "tests" / "kafka_admin", broker.address)
        self.happened, self.faults, self.made = Counter(), [], []
        self.ended = threading.Event()
        self.logs = work / "logs"
        self.logs.mkdir()
        self.make_lanes()

    def make_lanes(self):
        topic, node = f"kafka://{self.broker.address}/{{}}".format, f"opensearch+{self.node.url}/{{}}".format
        create = self.cluster.create
        self.input = create("soak-in", PARTITIONS)
        once, once_rejects = topic(create("soak-once", PARTITIONS)), topic(create("soak-once-rejects"))
        for name in ("from-files", "from-kafka"):
            done = self.program.run("setup", node(name))
            if done.code != 0:
                raise RuntimeError(f"setup: {done.err}")
        self.ports = {name: free_port() for name in ("tcp-file", "tcp-kafka")}

        def lane(name, *rest, **settings):
            return Lane(name, self.program, self.work / name, *rest, **settings)

        def files(name, output, promise, state=None, **settings):
            return lane(name, self.logs, output, promise, "--follow", "--follow-rest", REST_S, "--state", state or self.work / name / "state",
                        rejects_promise=ONCE, **settings)

        def kafka(name, group, output, promise, *more, **settings):
            return lane(name, topic(self.input) + f"?group={group}", output, promise, *more, librdkafka=SETTINGS, **settings)

        def tcp(name, output, **settings):
            return lane(name, f"tcp://127.0.0.1:{self.ports[name]}?proxy=auto", output, AT_MOST_ONCE, "--proxy-from", "127.0.0.0/8", anew=True, **settings)

        self.full_lane = files("files-file", str(self.small.folder / "records.ndjson"), ONCE, self.small.folder / "state",
                               rejects=str(self.small.folder / "rejects.ndjson"))
        self.file_lanes = [self.full_lane, files("files-opensearch", node("from-files"), ONCE, mortal=False),
                           files("files-kafka", topic(create("soak-files")), AT_LEAST_ONCE)]
        self.group = [kafka(f"kafka-kafka-{name}", "once", once, ONCE, "--instance", name, rejects=once_rejects, mortal=mortal)
                      for name, mortal in (("a", True), ("b", False))]
        self.kafka_lanes = [kafka("kafka-opensearch", "search", node("from-kafka"), ONCE, "--instance", "s", rejects_promise=AT_LEAST_ONCE),
                            kafka("kafka-file", "file", "records.ndjson", AT_LEAST_ONCE, "--instance", "f", mortal=False)]
        self.tcp_lanes = [tcp("tcp-file", "records.ndjson"), tcp("tcp-kafka", topic(create("soak-tcp")), mortal=False)]
        self.lanes = [*self.file_lanes, *self.group, *self.kafka_lanes, *self.tcp_lanes]

    # --- sources, and whoever looks

    def write_files(self):
        begun = time.monotonic()
        while not self.ended.is_set():
            path = self.writer.step()
            if path:
                self.made.append((time.monotonic(), path))
            self.ended.wait(max(0.0, begun + self.writer.number / self.options.rate - time.monotonic()))

    def watch(self):
        while not self.watched.is_set():
            for lane in self.lanes:
                if fault := lane.look():
                    self.fault(fault)
            for sender in self.senders:
                sender.confirm()
            self.watched.wait(LOOK_S)

    def begin(self):
        for lane in self.lanes:
            self.write_config(lane, CHAINS[0])
            lane.database.write_bytes(GOOD[0])
            lane.start()
        self.writer = Writer(self.logs, random.Random(f"{self.options.seed} files"), lines)
        self.feeder = Feeder(self.cluster, self.input, map(line, itertools.count()), PARTITIONS, self.options.rate)
        self.senders = [Sender(lane, self.ports[lane.name], random.Random(f"{self.options.seed} {lane.name}"), line, client, self.options.rate)
                        for lane in self.tcp_lanes]
        self.watched = threading.Event()
        self.watcher, self.files = threading.Thread(target=self.watch, daemon=True), threading.Thread(target=self.write_files, daemon=True)
        for thread in (self.watcher, self.files, *(sender.thread for sender in self.senders)):
            thread.start()

    # --- what happens

    def write_config(self, lane, chains):
        lane.config.with_suffix(".new").write_text(chains + f"geo: [{lane.database}]\n")
        lane.config.with_suffix(".new").rename(lane.config)

    def fault(self, what):
        self.faults.append(what)
        print(f"FAULT after {time.monotonic() - self.begun:.1f} s: {what}", flush=True)

    def look_after(self):
        for lane in self.lanes:
            if lane.process.poll() is not None:
                self.fault(f"{lane.name} ended by itself with {lane.process.returncode}: {lane.life.run.log()[-700:]}")
                lane.start()

    def rest(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look_after()
            time.sleep(0.1)
            self.report()

    def any(self, mortal=False):
        return self.dice.choice([lane for lane in self.lanes if lane.mortal or not mortal])

    def kill(self):
        lane = self.any(mortal=True)
        lane.kill()
        time.sleep(self.dice.choice([0, 0, 0.5, 2, 5]))
        lane.start()

    def restart(self):
        lane = self.any(mortal=True)
        lane.stop()
        lane.start()

    def told(self, lane, what, outcome, do):
        """Does it, and waits until the program has counted one more of that outcome."""
        wait_until_signals_wait(lane.process)
        wait_until(lambda: lane.life.address or lane.find_address(lane.life), f"{lane.name} does not listen")
        before = lane.reloads(outcome)
        do()
        wait_until(lambda: lane.reloads(outcome) > before, lambda: f"{lane.name}: {what}: nothing is {outcome}: {lane.life.run.log()[-700:]}")

    def hang_up(self, lane, chains):
        self.write_config(lane, chains)
        lane.process.send_signal(signal.SIGHUP)

    def reload(self):
        lane = self.any()
        self.told(lane, "SIGHUP", "done", lambda: self.hang_up(lane, self.dice.choice(CHAINS)))

    def reload_broken(self):
        lane = self.any()
        self.told(lane, "SIGHUP with a broken config", "refused", lambda: self.hang_up(lane, BROKEN))
        self.write_config(lane, CHAINS[0])

    def put_database(self, lane):
        new = lane.database.with_suffix(".new")
        new.write_bytes(self.dice.choice(GOOD))
        new.rename(lane.database)

    def swap(self):
        lane = self.any()
        self.told(lane, "a new database", "done", lambda: self.put_database(lane))

    def damage(self):
        """In place: what is used is not the file."""
        lane, content = self.any(), self.dice.choice(GOOD)
        content = self.dice.choice((content[:self.dice.randrange(len(content))], b"", b"nothing" * 1000))
        self.told(lane, f"a database of {len(content)} bytes", "refused", lambda: lane.database.write_bytes(content))
        self.told(lane, "a good one again", "done", lambda: self.put_database(lane))

    def full(self):
        """It has to end with 1, and say why; then it goes on."""
        lane = self.full_lane
        lane.leave()
        with self.small.full():
            with contextlib.suppress(subprocess.TimeoutExpired):
                lane.process.wait(FULL_S)
        said = lane.life.run.log()
        if lane.process.poll() != 1 or "No space left" not in said:
            self.fault(f"{lane.name} on a full disk: {lane.process.poll()}: {said[-500:]}")
        if lane.process.poll() is None:
            lane.kill()
        lane.start()

    def pause(self, server, seconds):
        server.pause()
        try:
            self.rest(self.dice.uniform(1, seconds))
        finally:
            server.resume()

    def pause_node(self):
        self.pause(self.node, 8)

    def pause_broker(self):
        self.pause(self.broker, 6)

    def prune(self):
        """As whoever has no room for ever: files go that everybody has read."""
        now = time.monotonic()
        if any(lane.life.unsettled or now - lane.life.began < SETTLE_S for lane in self.file_lanes):
            return
        old = [one for one in self.made if one[0] < now - PRUNE_S]
        for one in old:
            one[1].unlink()
            self.made.remove(one)
        self.happened["files removed"] += len(old)

    def run(self):
        self.begun = self.reported = time.monotonic()
        end = self.begun + 60 * self.options.minutes
        events = {name: weight for name, weight in EVENTS.items() if name != "full" or self.small.works}
        self.begin()
        self.rest(5)
        while time.monotonic() < end:
            event = self.dice.choices(list(events), events.values())[0]
            try:
                getattr(self, event)()
            except (TimeoutError, RuntimeError, OSError, KeyError) as problem:
                self.fault(f"{event}: {problem}")
            self.happened[event] += 1
            self.rest(self.dice.uniform(0.2, 6))
        self.settle()

    # --- the end

    def report(self):
        if time.monotonic() - self.reported < 60:
            return
        self.reported = time.monotonic()
        print(f"{(self.reported - self.begun) / 60:4.0f} min  lines: files {self.writer.number:,}, topic {self.feeder.fed:,}, connections "
              + "+".join(f"{sender.number:,}" for sender in self.senders)
              + "; MiB: " + " ".join(f"{lane.life.samples[-1][1] >> 20}" if lane.life.samples else "-" for lane in self.lanes)
              + "; " + ", ".join(f"{count} {what}" for what, count in sorted(self.happened.items())) + f"; {len(self.faults)} faults", flush=True)

    def settle(self):
        """No more lines; until all that went in has arrived. Then everybody ends in order."""
        print(f"{(time.monotonic() - self.begun) / 60:4.0f} min  no more lines; waiting for what is under way", flush=True)
        self.ended.set()
        self.files.join()
        fed = self.feeder.stop()
        for sender in self.senders:
            sender.finish()
        for group, lanes in (("once", self.group), ("search", self.kafka_lanes[:1]), ("file", self.kafka_lanes[1:])):
            self.cluster.await_lag(group, self.input, patience_s=PATIENCE_S * 3, runs=[lane.life.run for lane in lanes])
        time.sleep(REST_S + SETTLE_S)
        wait_until(lambda: not any(lane.life.unsettled for lane in self.lanes), "something stays unsettled")
        time.sleep(2 * LOOK_S)
        self.watched.set()
        self.watcher.join()
        for lane in self.lanes:
            try:
                lane.stop()
            except (RuntimeError, TimeoutError, ValueError) as problem:
                self.fault(f"{lane.name} does not end in order: {problem}")
        for sender in self.senders:
            sender.confirm()
        self.judge(fed)

    def judge(self, fed):
        for lane in self.lanes:
            lane.collect(self.cluster, self.node)
        rows, numbers = [], {"files": set(range(self.writer.number)), "kafka": set(range(fed))}
        senders = {sender.lane.name: sender for sender in self.senders}
        for lane in (one for one in self.lanes if one is not self.group[1]):  # the two write into one topic
            sender = senders.get(lane.name)
            given = set(range(sender.number)) if sender else numbers[lane.name.split("-")[0]]
            more, faults = lane.judge(given, sender and sender.confirmed)
            rows += more
            self.faults += faults
        self.table(rows)

    def table(self, rows):
        print(f"\n{'lane':28} {'promise':26} {'expected':>9} {'found':>9} {'missing':>8} {'doubles':>8}")
        for name, promise, *counts in rows:
            print(f"{name:28} {promise:26} " + " ".join(f"{count:>{width},}" for count, width in zip(counts, (9, 9, 8, 8))))
        print(f"\n{'lane':18} lives  reloads done, refused  the longest life")
        for lane in self.lanes:
            for number, life in enumerate(lane.lives):
                self.faults += judge_life(f"{lane.name}, life {number}", life.samples)[1]
            longest = max(lane.lives, key=lambda life: life.samples[-1][0] - life.samples[0][0] if life.samples else 0)
            seconds = longest.samples[-1][0] - longest.samples[0][0] if longest.samples else 0
            done, refused = lane.all_reloads()
            print(f"{lane.name:18} {len(lane.lives):5}  {done:6}, {refused:6}          {seconds:.0f} s: {judge_life(lane.name, longest.samples)[0]}")
        print("\n" + ", ".join(f"{count} {what}" for what, count in sorted(self.happened.items()))
              + f", {sum(sender.connections for sender in self.senders)} connections ({sum(sender.cut for sender in self.senders)} cut)")
        for fault in self.faults:
            print(f"FAULT: {fault}")
        print("FAILED" if self.faults else "each line as promised, and nothing grew", flush=True)

    def end(self):
        for lane in self.lanes:
            for life in lane.lives:
                life.run.kill()
        if hasattr(self, "feeder"):
            self.feeder.kill()


def own_mounts():
    """Starts itself again where it may mount; says whether it may."""
    if OWN_MOUNTS in os.environ:
        return True
    command = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*command, "sh", "-c", "mount -t tmpfs none /mnt"], check=False, stderr=subprocess.DEVNULL).returncode != 0:
        return False
    os.environ[OWN_MOUNTS] = "1"
    os.execvp(command[0], [*command, sys.executable, *sys.argv])
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--wherefrom", required=True, metavar="PATH")
    parser.add_argument("--minutes", type=float, default=10, metavar="N", help="how long lines go in (default 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), metavar="S", help="of all that is random")
    parser.add_argument("--rate", type=int, default=100, metavar="N", help="lines a second of each source (default 100)")
    parser.add_argument("--work", default="build/soak", type=pathlib.Path, metavar="FOLDER", help="is made anew; stays when something is wrong")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("soak: ended by SIGTERM"))
    works = own_mounts()
    work = options.work.resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    print(f"soak: {options.minutes:g} minutes, --seed {options.seed}, {options.rate} lines a second of each source"
          + ("" if works else "; no file system gets full: none can be mounted here"), flush=True)
    try:
        broker, node = Broker(work / "broker"), Node(work / "node")
    except NotInstalled as reason:
        sys.exit(f"soak: {reason}")
    with broker, node:
        soak = Soak(options, work, broker, node, Small(work / "small", works))
        try:
            soak.run()
        finally:
            soak.end()
            if works and soak.faults:
                shutil.copytree(work / "small", work / "was-on-small", dirs_exist_ok=True)
    if not soak.faults:
        if works:
            subprocess.run(["umount", work / "small"], check=True)
        shutil.rmtree(work)
    return 1 if soak.faults else 0


if __name__ == "__main__":
    sys.exit(main())
