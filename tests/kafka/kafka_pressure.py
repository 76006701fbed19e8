"""More than comes through: slow outputs, busy partitions.

Threads: one, one for each Feeder, and one that reads slowly.
"""
import itertools
import os
import threading
import time

from black_box import alb_line, at, parse_lines
from kafka_cluster import Message, wait_until

MEGABYTE = 1 << 20
IMPATIENT = ("max.poll.interval.ms=6000", "session.timeout.ms=6000")


class SlowReader:
    """Reads a FIFO, so many bytes a second until `hurry`."""

    def __init__(self, path, bytes_per_second):
        os.mkfifo(path)
        self.path, self.bytes_per_second, self.read = path, bytes_per_second, bytearray()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        with open(self.path, "rb", buffering=0) as fifo:
            begin, begun = time.monotonic(), len(self.read)
            while more := fifo.read(64 * 1024):
                self.read += more
                if self.bytes_per_second:
                    time.sleep(max(0.0, begin + (len(self.read) - begun) / self.bytes_per_second - time.monotonic()))

    def hurry(self):
        self.bytes_per_second = None

    def records(self):
        self.thread.join(60)
        return parse_lines(bytes(self.read))


def test_slow_output(bench):
    """For three times the interval in which the group wants to hear of its members: memory stays, nobody is thrown out, then all comes."""
    bench.folder.mkdir()
    topic = bench.cluster.create("slow", 4)
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(150000)), 4)
    reader = SlowReader(bench.folder / "fifo", 2 * MEGABYTE)
    run = bench.start(bench.url(topic, "slow"), "--memory-max", "128M", output=bench.folder / "fifo", quick=False, librdkafka=IMPATIENT)
    wait_until(lambda: bench.cluster.lag("slow", topic) < 150000, "it begins")
    time.sleep(3)
    early = run.memory()
    before, seen = bench.cluster.lag("slow", topic), []
    for _ in range(6):
        time.sleep(3)
        seen.append(run.memory())
    bench.cluster.produce_lines(topic, (alb_line(number).encode() for number in range(150000, 152000)), 4)
    lag = bench.cluster.lag("slow", topic)
    bench.check(max(seen) < early + 48 * MEGABYTE, f"resident bytes {early} and then {seen}")
    bench.check(2000 < lag < before + 2000, f"lag while the output is slow: {before}, then {lag}")
    reader.hurry()
    bench.cluster.await_lag("slow", topic, runs=[run])
    run.stop()
    records = reader.records()
    bench.equal((len(records), len({at(record, "event.id") for record in records})), (152000, 152000), "records, different ones")
    bench.equal((run.summary["kafka"]["rebalances"], run.summary["kafka"]["rewinds"]), (1, 0), "rebalances, rewinds")


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
    ids = [at(record, "event.id") for records in (reader.records(), second.records()) for record in records]
    bench.equal((len(ids), len(set(ids))), (count, count), "records of both, different ones")


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
