"""More than comes through: slow outputs, busy partitions.

Threads: one, one for each Feeder, and one that reads slowly.
"""
import gzip
import itertools
import json
import os
import pathlib
import random
import re
import threading
import time

from black_box import alb_line, at, parse_lines
from kafka_cluster import Message, wait_until

MEGABYTE = 1 << 20
IMPATIENT_S = 4
IMPATIENT = (f"max.poll.interval.ms={IMPATIENT_S}000", f"session.timeout.ms={IMPATIENT_S}000")
IN_SETS = ("compression.codec=zstd", "linger.ms=200", "batch.size=1000000")


def flow_line(number):
    """A short one, which hardly differs from others."""
    return b"2 123456789012 eni-1 81.2.69.%d 10.0.0.7 443 5000 6 10 4711 1772359200 1772359260 ACCEPT OK" % (number % 250)


class SlowReader:
    """Reads a FIFO, so many bytes a second until `hurry`, and keeps each line's event.id."""

    def __init__(self, path, bytes_per_second):
        os.mkfifo(path)
        self.path, self.bytes_per_second, self.found = path, bytes_per_second, []
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        with open(self.path, "rb", buffering=0) as fifo:
            begin, count, rest = time.monotonic(), 0, b""
            while more := fifo.read(64 * 1024):
                count += len(more)
                lines, _, rest = (rest + more).rpartition(b"\n")
                self.found += re.findall(rb'"id":"([0-9a-f]{32})"', lines)
                if self.bytes_per_second:
                    time.sleep(max(0.0, begin + count / self.bytes_per_second - time.monotonic()))
            self.found += [b"an unfinished line"] * bool(rest)

    def hurry(self):
        self.bytes_per_second = None

    def ids(self):
        self.thread.join(60)
        return [one.decode() for one in self.found]


def test_slow_output(bench):
    """For three times the interval in which the group wants to hear of its members: memory stays, nobody is thrown out, then all comes. Most
    messages are small, and many in a set, so that what a broker sends becomes much more."""
    bench.folder.mkdir()
    short, long, late = 1200000, 120000, 2000
    topic = bench.cluster.create("slow", 4)
    bench.cluster.produce_lines(topic, map(flow_line, range(short)), 4, *IN_SETS)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(long)), 4)
    reader = SlowReader(bench.folder / "fifo", 2 * MEGABYTE)
    run = bench.start(bench.url(topic, "slow"), "--memory-max", "128M", output=bench.folder / "fifo", quick=False, librdkafka=IMPATIENT)
    wait_until(lambda: bench.cluster.lag("slow", topic) < short + long, "it begins")
    before = bench.cluster.lag("slow", topic)
    time.sleep(3 * IMPATIENT_S)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(long, long + late)), 4)
    lag = bench.cluster.lag("slow", topic)
    bench.check(late < lag < before + late, f"lag while the output is slow: {before}, then {lag}")
    reader.hurry()
    bench.cluster.await_lag("slow", topic, runs=[run], patience_s=240)
    bench.check(run.memory_max() <= 128 * MEGABYTE, f"{run.memory_max()} resident bytes of --memory-max 128M")
    run.stop()
    ids = reader.ids()
    bench.equal((len(ids), len(set(ids))), (short + long + late,) * 2, "records, different ones")
    bench.equal((run.summary["kafka"]["rebalances"], run.summary["kafka"]["rewinds"]), (1, 0), "rebalances, rewinds")


def test_objects_that_take_much_memory(bench):
    """Each of 125 MiB when unpacked. One of lines fits half of --memory-max; an array, of which lines are made besides, does not: it is read as
    far as it fits, and the reject says what to do."""
    chance = random.Random(1)
    lines = [alb_line(number, agent=f"{chance.getrandbits(800):0200x}" * 20) for number in range(125 * MEGABYTE // 4550)]
    text = "\n".join(lines).encode()
    array = json.dumps([{"message": line} for line in lines]).encode()
    bench.check(120 * MEGABYTE < len(text) < len(array) < 128 * MEGABYTE, f"sizes {len(text)} and {len(array)}")
    topic = bench.cluster.create("much", 1, max_message_bytes=32 * MEGABYTE)
    bench.cluster.produce(topic, [gzip.compress(text, 1), gzip.compress(array, 1), lines[0].encode()])
    run = bench.start(bench.url(topic, "much"), "--memory-max", "256M", output=bench.url(bench.cluster.create("out")))
    bench.cluster.await_lag("much", topic, runs=[run], patience_s=240)
    bench.check(run.memory_max() <= 256 * MEGABYTE, f"{run.memory_max()} resident bytes of --memory-max 256M")
    run.stop()
    rejects = run.rejects()
    bench.equal([(one["reason"], one["origin"]["offset"]) for one in rejects], [("bad-message", 1)], "rejects")
    bench.check(any("--memory-max" in json.dumps(one) for one in rejects), f"what to do: {str(rejects)[-300:]}")
    written = run.summary["records"]["written"]
    bench.check(len(lines) + 1 < written < 2 * len(lines) + 1, f"{written} records of {len(lines)} lines twice, and one")


def test_hand_over_with_work_in_flight(bench):
    """Another member joins while much of what was read is not written yet: it is written first, and nobody reads it again."""
    bench.folder.mkdir()
    topic = bench.cluster.create("flight", 4)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(60000)), 4)
    reader = SlowReader(bench.folder / "fifo", 16 * MEGABYTE)
    first = bench.start(bench.url(topic, "flight"), output=bench.folder / "fifo")
    wait_until(lambda: bench.cluster.lag("flight", topic) < 60000, "it begins", every_s=0.01)
    second = bench.start(bench.url(topic, "flight"))
    feeder = bench.feed(topic, map(lambda number: alb_line(number).encode(), itertools.count(60000)), partitions=4)
    second.await_lines(1000)
    count = 60000 + feeder.stop()
    bench.cluster.await_lag("flight", topic, runs=[first, second])
    for run in (first, second):
        run.stop()
    ids = reader.ids() + [at(record, "event.id") for record in second.records()]
    bench.equal((len(ids), len(set(ids))), (count, count), "records of both, different ones")


def test_rebalance_while_messages_are_collected(bench):
    """A rebalance that begins while librdkafka is about to hand messages over takes none of them away. Without what sends it back, nine of ten
    such rounds lose hundreds."""
    slow = pathlib.Path(bench.program.path).parent / "tests" / "slow_unlock.so"
    count = 100000
    topic = bench.cluster.create("collected", 6)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(count)), 6)
    for number in range(2):
        group, runs = f"collected-{number}", []
        for wait_s in (0.8, 0.5, 0):
            runs.append(bench.start(bench.url(topic, group), "-j", "1", preload=slow))
            time.sleep(wait_s)
        bench.cluster.await_lag(group, topic, runs=runs)
        for run in runs:
            run.stop()
        ids = [at(record, "event.id") for run in runs for record in run.records()]
        bench.equal((len(ids), len(set(ids))), (count, count), "records, different ones")


def test_end_with_output_stuck(bench):
    """An output that nobody reads any more: the run ends after --shutdown-timeout, with 1, and has committed no line that was not taken."""
    bench.folder.mkdir()
    topic = bench.cluster.create("stuck", 2)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(20000)), 2)
    fifo = bench.folder / "fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDWR)  # never empty, never closed
    run = bench.start(bench.url(topic, "stuck"), "--shutdown-timeout", "2", output=fifo)
    taken = b""
    while len(taken) < MEGABYTE:
        taken += os.read(reader, 64 * 1024)
    run.process.terminate()
    bench.equal(run.wait(), 1, f"exit code: {run.log()[-500:]}")
    os.set_blocking(reader, False)
    try:
        while more := os.read(reader, MEGABYTE):
            taken += more
    except BlockingIOError:
        pass
    os.close(reader)
    committed = {partition: committed for partition, (committed, _) in bench.cluster.offsets("stuck", topic).items()}
    written = [(at(record, "kafka.partition"), at(record, "kafka.offset")) for record in parse_lines(taken[:taken.rindex(b"\n") + 1])]
    for partition, offset in committed.items():
        there = {number for of, number in written if of == partition}
        bench.equal(set(range(max(offset, 0))) - there, set(), f"partition {partition}: committed up to {offset}, and not written")


def test_busy_and_quiet_partitions(bench):
    """One has more than can be read, ninety-nine have a line now and then: theirs come while the busy one goes on."""
    partitions, backlog, rounds = 100, 100000, 3
    topic = bench.cluster.create("quiet", partitions)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(backlog)))
    feeder = bench.feed(topic, (alb_line(number).encode() for number in itertools.count()), per_second=4000)
    run = bench.start(bench.url(topic, "quiet"), quick=False)
    run.await_lines(10000)
    for done in range(rounds):
        bench.cluster.produce(topic, [Message(alb_line(number, agent="quiet").encode(), number) for number in range(1, partitions)])
        wanted = (partitions - 1) * (done + 1)
        wait_until(lambda wanted=wanted: run.count(b'"original":"quiet"') >= wanted, f"{wanted} lines of quiet partitions")
        bench.check(feeder.thread.is_alive(), "the busy partition goes on")
    count = backlog + feeder.stop() + rounds * (partitions - 1)
    bench.cluster.await_lag("quiet", topic, runs=[run])
    run.stop()
    ids = [line.split('"id":"', 1)[1][:32] for line in run.out.read_text().splitlines()]
    bench.equal((len(ids), len(set(ids))), (count, count), "records, different ones")
    bench.equal(len(run.summary["kafka"]["partitions"]), partitions, "partitions in the summary")
