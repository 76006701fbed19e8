#!/usr/bin/env python3
"""Processes of one group are killed at random moments, members come and go, the broker dies: is every line there once?

    chaos.py --wherefrom PATH [--variant NAME,...] [--lines 1000000] [--kills 20] [--pauses 2] [--guests 3] [--bounces 2] [--seed N]

A feeder fills six partitions for as long as it takes; three processes read them under --instance a, b, c and write Kafka to Kafka with
transactions. What happens to them follows from the seed: kill -9 and a new process of the same name after a while, a pause beyond the
group's patience, a fourth member that joins and leaves, the broker killed and started again. In the end everybody drains, and a
read_committed reader has to find each event.id exactly once (computed here from what was fed), in the records' or the rejects' topic,
and the group no lag. Variants: lines; rejects (every hundredth line is none, their topic too); gz and several (a hundred lines a
message, packed or not, with rejects); file (to a file each: at least once, doubles equal).

Exit status 1 when a line is missing, twice, or nobody's, or when a process ended that nobody ended.

Threads: one, and that of the feeder.
"""
import argparse
import collections
import dataclasses
import gzip
import pathlib
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
from black_box import Program, alb_line, scratch  # noqa: E402
from broker import Broker, NotInstalled  # noqa: E402
from kafka_cluster import Cluster, Feeder, Run, event_id  # noqa: E402

PARTITIONS = 6
SECONDS_PER_EVENT = 4  # on average; the feeder lasts as long
DRAIN_S = 600
SETTINGS = ("session.timeout.ms=3000", "heartbeat.interval.ms=500", "max.poll.interval.ms=20000")
PAUSE_S = 5  # more than session.timeout.ms


@dataclasses.dataclass
class Variant:
    lines_per_message: int = 1
    packed: bool = False
    rejects: bool = False
    to_file: bool = False

    def promise(self):
        return "each line at least once" if self.to_file else "each line once"

    def line(self, number):
        if self.rejects and number % 100 == 99:
            return b"line %d is no log line" % number
        return alb_line(number).encode()

    def message(self, number):
        first = number * self.lines_per_message
        text = b"\n".join(self.line(first + at) for at in range(self.lines_per_message))
        return gzip.compress(text, 1) if self.packed else text

    def expected(self, cluster_id, topic, messages_count):
        """event.ids of records, and of rejects, each with its message's place."""
        records, rejects = {}, {}
        for number in range(messages_count):
            for at in range(self.lines_per_message):
                line = self.line(number * self.lines_per_message + at)
                one = event_id(cluster_id, topic, number % PARTITIONS, number // PARTITIONS, line, at + 1)
                (rejects if line.startswith(b"line ") else records)[one] = (number % PARTITIONS, number // PARTITIONS)
        return records, rejects


VARIANTS = {"lines": Variant(), "rejects": Variant(rejects=True), "gz": Variant(100, packed=True, rejects=True),
            "several": Variant(100, rejects=True), "file": Variant(rejects=True, to_file=True)}


class Chaos:
    def __init__(self, options, variant, broker, folder, dice):
        self.options, self.variant, self.broker, self.folder, self.dice = options, variant, broker, folder, dice
        self.program = Program(options.wherefrom)
        self.cluster = Cluster(pathlib.Path(self.program.path).parent / "tests" / "kafka_admin", broker.address)
        self.topic = self.cluster.create("chaos", PARTITIONS)
        self.output, self.rejected = self.cluster.create("chaos-out", PARTITIONS), self.cluster.create("chaos-rejects")
        self.members, self.faults, self.happened = {}, [], collections.Counter()
        self.starts = []

    def start(self, name):
        url = f"kafka://{self.cluster.address}/{{}}".format
        outputs = {} if self.variant.to_file else {"output": url(self.output), "rejects": url(self.rejected)}
        run = Run(self.program, self.folder / name, url(self.topic) + "?group=chaos", "--instance", name, "--quiet", librdkafka=SETTINGS, **outputs)
        self.members[name] = run
        self.starts.append(run)

    def look_after(self):
        """A process that ended by itself is a fault, and is started again."""
        for name, run in list(self.members.items()):
            if run.process.poll() is not None:
                self.faults.append(f"{name} ended by itself with {run.process.returncode}: {run.log()[-500:]}")
                self.start(name)

    def rest(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.look_after()
            time.sleep(0.1)

    def leave(self, name):
        """In order; returns the summary's counts."""
        run = self.members.pop(name)
        try:
            return run.stop().summary["kafka"]
        except (RuntimeError, TimeoutError) as problem:
            self.faults.append(f"{name} does not end in order: {problem}")
            return None

    # --- what happens

    def kill(self):
        name = self.dice.choice(sorted(self.members))
        self.members.pop(name).kill()
        self.rest(self.dice.choice([0, 0, 0.5, 2, 5]))  # at once; soon; when the group has missed it
        self.start(name)

    def pause(self):
        """As a machine that swaps. It may not be what others took over for ever: it goes on as a member or says why not."""
        run = self.members[self.dice.choice(sorted(self.members))]
        run.process.send_signal(signal.SIGSTOP)
        self.rest(PAUSE_S)
        run.process.send_signal(signal.SIGCONT)

    def guest(self):
        name = f"guest{self.happened['guest']}"
        self.start(name)
        self.rest(self.dice.uniform(2, 6))
        self.leave(name)

    def bounce(self):
        self.broker.kill()
        self.rest(self.dice.uniform(0, 3))
        self.broker.start()

    def run(self):
        events = ["kill"] * self.options.kills + ["pause"] * self.options.pauses + ["guest"] * self.options.guests
        self.dice.shuffle(events)
        for number in range(self.options.bounces):  # apart from one another
            events.insert((number + 1) * len(events) // (self.options.bounces + 1), "bounce")
        messages_count = self.options.lines // self.variant.lines_per_message
        seconds = max(10, SECONDS_PER_EVENT * len(events))
        feeder = Feeder(self.cluster, self.topic, map(self.variant.message, range(messages_count)), PARTITIONS, messages_count / seconds)
        begun = time.monotonic()
        try:
            for name in "abc":
                self.start(name)
            self.rest(3)
            for event in events:
                print(f"{time.monotonic() - begun:6.1f} s  {feeder.fed:9,} messages fed  {event}", flush=True)
                getattr(self, event)()
                self.happened[event] += 1
                self.rest(self.dice.uniform(0.2, 3))
            fed = feeder.finish()
            self.drain()
            print(f"{time.monotonic() - begun:6.1f} s  all settled; " + ", ".join(f"{count} x {what}" for what, count in self.happened.items()),
                  flush=True)
            self.judge(fed)
        finally:
            for run in self.starts:
                run.kill()
            feeder.kill()
        for fault in self.faults:
            print(f"FAULT: {fault}")
        return not self.faults

    def drain(self):
        until = time.monotonic() + DRAIN_S
        while self.cluster.lag("chaos", self.topic) > 0:
            self.rest(1)
            if time.monotonic() > until:
                self.faults.append(f"lag after {DRAIN_S} s: {self.cluster.offsets('chaos', self.topic)}")
                return
        shown = ("messages", "rebalances", "rewinds", "transactions_committed", "transactions_aborted", "commits")
        for name in list(self.members):
            if (counts := self.leave(name)) is not None:
                print(f"  {name}: " + ", ".join(f"{what} {counts[what]:,}" for what in shown))

    # --- what came out

    def found(self):
        """event.ids of records and rejects, as often as they came."""
        if not self.variant.to_file:
            return [[text for _, _, text in self.cluster.read_parts(topic, begin, '"')]
                    for topic, begin in ((self.output, '"id":"'), (self.rejected, '"event_id":"'))]
        found = [[], []]
        for folder in {run.folder for run in self.starts}:
            for into, name, begin in zip(found, ("out.ndjson", "rejects.ndjson"), (b'"id":"', b'"event_id":"')):
                path = folder / name
                for line in path.read_bytes().splitlines() if path.exists() else ():
                    into.append(line.split(begin, 1)[1][:32].decode())
        return found

    def judge(self, messages_count):
        wanted = self.variant.expected(self.cluster.id(), self.topic, messages_count)
        for what, expected, ids in zip(("records", "rejects"), wanted, self.found()):
            found = collections.Counter(ids)
            lost = sorted(expected[one] for one in expected.keys() - found.keys())
            missing, strange = len(lost), len(found.keys() - expected.keys())
            doubles = found.total() - len(found)
            print(f"  {what}: {len(expected):,} expected, {found.total():,} found: {missing:,} missing, {doubles:,} doubles, {strange:,} strange")
            if lost:
                print("  missing messages (partition, offset):", *lost[:5], "..", *lost[-5:])
            if missing or strange or (doubles and not self.variant.to_file):
                self.faults.append(f"{what}: {missing} missing, {doubles} doubles, {strange} strange")
        offsets = self.cluster.offsets("chaos", self.topic)
        print(f"  lag: {self.cluster.lag('chaos', self.topic)}, ends {sum(end for _, end in offsets.values()):,} of {messages_count:,} messages")
        if sum(end for _, end in offsets.values()) != messages_count:
            self.faults.append("the topic does not hold what was fed: nothing can be said")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--wherefrom", required=True, metavar="PATH")
    parser.add_argument("--variant", default=",".join(VARIANTS), help="default: all")
    parser.add_argument("--lines", type=int, default=1_000_000)
    for what, default in (("kills", 20), ("pauses", 2), ("guests", 3), ("bounces", 2)):
        parser.add_argument(f"--{what}", type=int, default=default, metavar="N")
    parser.add_argument("--seed", type=int, default=None, metavar="N")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(1 << 32)
    good = True
    for name in options.variant.split(","):
        print(f"chaos {name}: {options.lines:,} lines, --seed {seed}", flush=True)
        with scratch() as folder:
            try:
                broker = Broker(folder / "broker")
            except NotInstalled as reason:
                sys.exit(f"no broker: {reason}")
            with broker:
                this = Chaos(options, VARIANTS[name], broker, folder, random.Random(f"{seed} {name}")).run()
            print(f"chaos {name}: {VARIANTS[name].promise() if this else 'FAILED'}\n", flush=True)
            good = good and this
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
