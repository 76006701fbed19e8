#!/usr/bin/env python3
"""The Kafka source alone, against a real broker: what is read, settled and committed while members come and go.

    run.py --wherefrom PATH [--test GLOB]

drive_source does what the whole program would do with batches, but late, or not at all, as it is told. Nothing here measures time. Exit
status 77: there is no broker to be had.

Threads: one.
"""
import collections
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "kafka"), str(HERE.parent / "cli")]
from broker import USERS, Broker  # noqa: E402
from kafka_cluster import Cluster, Message, wait_until  # noqa: E402
from server_cases import run_cases  # noqa: E402
from servers import free_port  # noqa: E402

PARTITIONS = 6
SESSION = ("session.timeout.ms=6000", "heartbeat.interval.ms=500")
Line = collections.namedtuple("Line", "epoch partition offset number bytes kind first")


class Member:
    """A `drive_source`: a process that reads topics for a group."""

    def __init__(self, bench, group, topics, *keys, address=None):
        self.path = bench.folder / f"member-{len(bench.members)}.out"
        with open(self.path, "wb") as out:
            self.process = subprocess.Popen([bench.driver, address or bench.cluster.address, group, topics, *map(str, keys)],
                                            stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        bench.members.append(self)

    def tell(self, word):
        self.process.stdin.write(word.encode() + b"\n")
        self.process.stdin.flush()

    def rows(self, kind):
        content = self.path.read_bytes()
        rows = content[:content.rfind(b"\n") + 1].decode(errors="replace").split("\n")
        return [row[len(kind) + 1:] for row in rows if row.startswith(kind + " ")]

    def ask(self):
        """Until it has answered `lags`, and with that has heard what it was told before. How many batches are full and not settled."""
        before = len(self.rows("lags"))
        self.tell("lags")
        wait_until(lambda: len(self.rows("lags")) > before, lambda: f"an answer: {self.path.read_text()[-800:]}")
        return int(self.rows("unsettled")[-1])

    def partitions(self):
        """How many it has."""
        self.ask()
        return int(self.rows("lags")[-1])

    def hold(self):
        """From the next batch on none settles."""
        self.tell("hold")
        self.ask()

    def await_batch(self):
        """Until one is held."""
        wait_until(lambda: self.ask() > 0, "a batch that is held")

    def lines(self):
        def line(row):
            numbers, kind, first = (row + " ").split(" ", 7)[:5], *(row + " ").split(" ", 6)[5:]
            return Line(*map(int, numbers), kind, first.rstrip(" "))

        return [line(row) for row in self.rows("line")]

    def batches(self):
        return [tuple(map(int, row.split())) for row in self.rows("batch")]

    def await_row(self, kind, text, patience_s=60):
        wait_until(lambda: any(text in row for row in self.rows(kind)), lambda: f"{kind} {text}: {self.path.read_text()[-800:]}",
                   patience_s)

    def stop(self, patience_s=60):
        """Its counts, and whether all had settled at the end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        if self.process.wait(patience_s) != 0:
            raise RuntimeError(f"it ended with {self.process.returncode}: {self.path.read_text()[-2000:]}")
        words = self.rows("count")[-1].split()
        self.counts = dict(zip(words[::2], map(int, words[1::2])))
        return self.rows("end")[-1] == "1"

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Bench:
    def __init__(self, report, broker, folder, tools):
        self.report, self.check, self.equal = report, report.check, report.equal
        self.broker, self.folder, self.driver = broker, folder, tools / "drive_source"
        self.cluster = Cluster(tools / "kafka_admin", broker.address)
        self.members, self.groups = [], 0

    def group(self):
        self.groups += 1
        return f"group-{self.groups}"

    def topic(self, count, partitions=PARTITIONS):
        topic = self.cluster.create("topic", partitions)
        self.produce(topic, count, partitions)
        return topic

    def produce(self, topic, count, partitions=PARTITIONS, begin=0):
        self.cluster.produce_lines(topic, [b"line %d" % number for number in range(begin, begin + count)], partitions)

    def everything(self, members, count, doubles=0):
        """Every message has settled somewhere, and within an epoch of a member once; `doubles` may have been settled twice in all, or
        None: any number."""
        found = collections.Counter(line[1:4] for member in members for line in member.lines())
        self.equal(len(found), count, "messages that have settled")
        if doubles is not None:
            self.check(sum(found.values()) - len(found) <= doubles, f"{sum(found.values()) - len(found)} doubles")
        for member in members:
            most = collections.Counter(line[:4] for line in member.lines()).most_common(1)
            self.check(not most or most[0][1] == 1, f"settled twice in an epoch: {most}")
        self.check(all(line.first == f"line {line.offset * PARTITIONS + line.partition}" for member in members
                       for line in member.lines()), "each line has the place of its message")

    def settled(self, members):
        return len({line[1:4] for member in members for line in member.lines()})

    def await_settled(self, members, count):
        wait_until(lambda: self.settled(members) >= count,
                   lambda: f"{self.settled(members)} of {count} settled: " + " | ".join(str(m.rows("say")) for m in members), 90, 0.3)


# --- what is read -----------------------------------------------------------------------------------------------------

def test_lines_of_messages(bench):
    topic = bench.cluster.create("topic", 1, max_message_bytes=8 << 20)
    long_line, block = b"L" * ((1 << 20) + 5), b"".join(b"%07d %s\n" % (number, b"x" * 90) for number in range(30000))
    values = [b"one", b"two\n", b"a\nb\r\n\nc", None, b"", b"three", block, long_line, b"before\n" + long_line + b"\nbehind", b"four"]
    bench.cluster.produce(topic, [Message(value, 0) for value in values], "message.max.bytes=8388608")
    member = Member(bench, bench.group(), topic)
    wait_until(lambda: any(line.first == "four" for line in member.lines()), "the last line")
    bench.check(member.stop(), "all has settled")
    expected = []
    for offset, value in enumerate(values):
        for number, text in enumerate((value or b"").removesuffix(b"\n").split(b"\n") if value else [], 1):
            much = len(text) > (1 << 20) + 1
            expected.append((offset, number, (1 << 20) + 2 if much else len(text), "long" if much else "-"))
    bench.equal([(line.offset, line.number, line.bytes, line.kind) for line in member.lines()], expected, "lines in order")
    bench.equal((member.counts["tombstones"], member.counts["empty_messages"], member.counts["messages"]), (1, 1, len(values)), "counts")
    bench.equal(bench.cluster.offsets(f"group-{bench.groups}", topic), {0: (len(values), len(values))}, "committed")
    bench.check(all(batch[2] <= (1 << 20) + 2 for batch in member.batches()), "no batch is larger than its room")


def test_headers_say_formats(bench):
    topic = bench.cluster.create("topic", 1)
    headers = [(), (("format", b"alb"),), (("format", b"refused"),), (("format", b"alb"),), (("format", b""),)]
    headers += [(("format", b"made-up-%d" % number),) for number in range(40)]
    bench.cluster.produce(topic, [Message(b"line", 0, headers=one) for one in headers])
    member = Member(bench, bench.group(), topic)
    wait_until(lambda: len(member.lines()) == len(headers), "all lines")
    member.stop()
    asked = [row for row in member.rows("say") if row.startswith("format")]
    bench.equal(asked[:2], [f"format alb of {topic}", f"format refused of {topic}"], "asked once for each")
    bench.equal(len(asked), 16, "headers that are told apart")


def test_where_a_group_starts(bench):
    topic, group = bench.topic(60), bench.group()
    late = Member(bench, group, topic, "start=latest")
    wait_until(lambda: all(committed == 10 for committed, _ in bench.cluster.offsets(group, topic).values()),
               "starts are committed before anything has settled")
    bench.produce(topic, 60, begin=60)
    bench.await_settled([late], 60)
    late.stop()
    bench.equal(sorted({line.offset for line in late.lines()}), list(range(10, 20)), "only what came later")
    between = int(time.time() * 1000)
    time.sleep(0.05)
    bench.produce(topic, 60, begin=120)
    timed = Member(bench, bench.group(), topic, f"start={between}")
    bench.await_settled([timed], 60)
    timed.stop()
    bench.equal(sorted({line.offset for line in timed.lines()}), list(range(20, 30)), "from a time on")
    future = Member(bench, bench.group(), topic, f"start={between + 10 ** 9}")
    wait_until(lambda: all(committed == 30 for committed, _ in bench.cluster.offsets(f"group-{bench.groups}", topic).values()),
               "a time that has not come is the end")
    future.stop()


def test_lags(bench):
    topic, group = bench.topic(600), bench.group()
    member = Member(bench, group, topic)
    bench.await_settled([member], 600)
    member.hold()
    bench.produce(topic, 60, begin=600)
    time.sleep(0.5)

    def lags():
        member.ask()
        return sorted(tuple(map(int, row.split()[1:])) for row in member.rows("lag")[-PARTITIONS:])

    wait_until(lambda: lags() == [(partition, 100, 10) for partition in range(PARTITIONS)], lambda: f"lag of what is held {lags()}")
    member.tell("go")
    wait_until(lambda: lags() == [(partition, 110, 0) for partition in range(PARTITIONS)], lambda: f"no lag {lags()}")
    bench.check(member.stop(), "all has settled")


# --- members come and go ----------------------------------------------------------------------------------------------

def test_members_join_and_leave(bench):
    """Also without a loss of partitions: a broker that moves on to another generation meanwhile takes them away without a word, and then
    something is settled twice. That is not the usual."""
    for _ in range(5):
        if join_and_leave(bench):
            return
    bench.check(False, "never could everybody drain")


def join_and_leave(bench):
    topic, group, count = bench.topic(12000), bench.group(), 12000
    keys = ("delay=150", *SESSION)
    members = [Member(bench, group, topic, *keys)]
    for _ in range(2):
        bench.await_settled(members, 6000)
        members.append(Member(bench, group, topic, *keys))
        deadline = time.monotonic() + 60
        while not members[-1].rows("batch") and time.monotonic() < deadline:
            bench.produce(topic, 1200, begin=count)
            count += 1200
            time.sleep(0.1)
    bench.check(members[0].stop(), "all has settled")
    bench.produce(topic, 12000, begin=count)
    count += 12000
    bench.await_settled(members, count)
    for member in members[1:]:
        bench.check(member.stop(), "all has settled")
    drained = not any(member.counts["rewinds"] for member in members)
    bench.everything(members, count, doubles=0 if drained else None)
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")
    bench.check(all(member.lines() for member in members), "all had something to do")
    return drained


def test_partitions_come_while_a_batch_waits(bench):
    """Whoever leaves hands partitions over without a word to those that stay; a batch that waits for more may have some of them."""
    topic, group = bench.cluster.create("topic", PARTITIONS), bench.group()
    stays = Member(bench, group, topic, "idle=0", "linger=60000", *SESSION)
    leaves = Member(bench, group, topic, *SESSION)

    def assigned(member):
        """{partition: position}; a position is known from the first message on that was taken."""
        member.ask()
        rows = member.rows("lag")
        return {int(row.split()[1]): int(row.split()[2]) for row in rows[len(rows) - int(member.rows("lags")[-1]):]}

    def produce(partitions):
        bench.cluster.produce(topic, [Message(b"line", partition) for partition in partitions])
        wait_until(lambda: min(assigned(stays).values()) == 0, lambda: f"all are taken: {assigned(stays)}")

    wait_until(lambda: 0 < len(assigned(stays)) < PARTITIONS and len(assigned(leaves)) + len(assigned(stays)) == PARTITIONS,
               lambda: f"both have partitions: {assigned(stays)} {assigned(leaves)}")
    first = set(assigned(stays))
    produce(first)
    bench.check(leaves.stop(), "all has settled")
    wait_until(lambda: len(assigned(stays)) == PARTITIONS, lambda: f"the other has all partitions: {assigned(stays)}")
    produce(set(range(PARTITIONS)) - first)
    bench.equal(stays.batches(), [], "the batch still waits")
    bench.check(stays.stop(), "all has settled")
    bench.equal([batch[3] for batch in stays.batches()], [PARTITIONS], "one batch of all partitions")
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")


def rewind_thrice(bench, *keys):
    """More is there than two batches hold, so that messages are at hand and in librdkafka's queue, too."""
    topic, group = bench.topic(3000), bench.group()
    member = Member(bench, group, topic, "batches=2", *keys)
    bench.await_settled([member], 3000)
    for number in range(1, 4):
        member.hold()
        bench.produce(topic, 18000, begin=18000 * number - 15000)
        member.await_batch()
        member.tell("rewind")
        member.tell("go")
        bench.await_settled([member], 18000 * (number + 1) - 15000)
    bench.check(member.stop(), "all has settled")
    bench.everything([member], 57000, doubles=0)
    bench.equal(member.counts["rewinds"], 3, "rewinds")
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")
    return member


def test_rewind(bench):
    member = rewind_thrice(bench)
    bench.check(any(batch[4] for batch in member.batches()), "there were stale batches")


def test_rewind_behind_what_is_written(bench):
    """As when a transaction is committed while the epoch moves on."""
    rewind_thrice(bench, "sure=1")


def test_revoke_deadline(bench):
    topic, group = bench.topic(6000), bench.group()
    stuck = Member(bench, group, topic, *SESSION)
    bench.await_settled([stuck], 6000)
    stuck.hold()
    bench.produce(topic, 6000, begin=6000)
    stuck.await_batch()
    other = Member(bench, group, topic, *SESSION)
    stuck.await_row("say", "handed over with")
    wait_until(lambda: len({line.partition for line in other.lines()}) == PARTITIONS // 2, "the other one has its share")
    stuck.tell("go")
    bench.await_settled([stuck, other], 12000)
    bench.check(stuck.stop() and other.stop(), "all has settled")
    bench.everything([stuck, other], 12000, doubles=0)
    bench.check(any(batch[4] for batch in stuck.batches()), "what was in flight is stale")
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")


def test_lost_partitions(bench):
    topic, group = bench.topic(6000), bench.group()
    frozen = Member(bench, group, topic, *SESSION)
    bench.await_settled([frozen], 6000)
    wait_until(lambda: bench.cluster.lag(group, topic) == 0, "committed")
    frozen.hold()
    bench.produce(topic, 6000, begin=6000)
    frozen.await_batch()
    frozen.process.send_signal(signal.SIGSTOP)
    other = Member(bench, group, topic, *SESSION)
    bench.await_settled([frozen, other], 12000)
    before = bench.cluster.offsets(group, topic)
    frozen.process.send_signal(signal.SIGCONT)
    wait_until(lambda: frozen.partitions() < PARTITIONS, "it knows that it has lost some")
    frozen.tell("go")
    bench.produce(topic, 6000, begin=12000)
    bench.await_settled([frozen, other], 18000)
    wait_until(lambda: frozen.partitions() == other.partitions() == PARTITIONS // 2, "each has its share again")
    bench.check(frozen.stop() and other.stop(), "all has settled")
    alone = len({batch[0] for batch in other.batches()}) == 1  # on a machine with other work it may be missed, too
    bench.everything([frozen, other], 18000, doubles=0 if alone else None)
    after = bench.cluster.offsets(group, topic)
    bench.check(all(after[one][0] >= before[one][0] for one in before), f"nobody commits backwards: {before}, {after}")
    bench.check(any(batch[4] for batch in frozen.batches()), "what was in flight is stale")


def test_polls_while_nothing_settles(bench):
    topic, group = bench.topic(18000), bench.group()
    member = Member(bench, group, topic, *SESSION, "max.poll.interval.ms=6000", "batches=2")
    bench.await_settled([member], 18000)
    member.hold()
    bench.produce(topic, 60000, begin=18000)
    time.sleep(13)
    member.tell("go")
    bench.await_settled([member], 78000)
    bench.check(member.stop(), "all has settled")
    bench.everything([member], 78000)
    bench.equal((member.counts["rebalances"], member.counts["rewinds"]), (1, 0), "rebalances and rewinds")


def test_static_membership(bench):
    topic, group = bench.topic(600), bench.group()
    keys = (*SESSION, "group.instance.id=one")
    first, other = Member(bench, group, topic, *keys), Member(bench, group, topic, *SESSION, "group.instance.id=two")
    bench.await_settled([first, other], 600)
    wait_until(lambda: bench.cluster.lag(group, topic) == 0, "committed")
    other.tell("lags")
    first.kill()
    again = Member(bench, group, topic, *keys)
    bench.produce(topic, 6000, begin=600)
    bench.await_settled([first, other, again], 6600)
    fenced = Member(bench, group, topic, *keys)
    again.await_row("fail", "")
    bench.check("give each its own" in again.rows("fail")[-1], f"{again.rows('fail')}")
    fenced.stop()
    other.stop()
    bench.everything([first, other, again], 6600, doubles=0)


# --- trouble ----------------------------------------------------------------------------------------------------------

def test_broker_dies(bench):
    topic, group = bench.topic(6000), bench.group()
    member = Member(bench, group, topic, "delay=100", *SESSION)
    bench.await_settled([member], 6000)
    for number in (1, 2):
        bench.broker.kill()
        member.await_row("say", "trying again")
        bench.broker.start()
        bench.produce(topic, 6000, begin=6000 * number)
        bench.await_settled([member], 6000 * (number + 1))
    bench.cluster.await_lag(group, topic)  # a member that the group gave up meanwhile comes back and reads again
    bench.check(member.stop(), "all has settled")
    bench.everything([member], 18000, doubles=None)
    bench.check(sum("trying again until" in row for row in member.rows("say")) in (1, 2), "said once a minute")
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")


def test_broker_comes_late(bench):
    address = f"127.0.0.1:{free_port()}"
    member = Member(bench, "nobody", "nothing", address=address)
    member.await_row("say", "trying again")
    bench.check(member.process.poll() is None, "it waits")
    member.stop()
    bench.equal(member.rows("fail"), [], "an unreachable broker is no failure")
    bench.equal(len(member.rows("say")), 1, "said once")


def test_hopeless(bench):
    topic = bench.topic(60)
    tls, sasl, ca = bench.broker.tls_address, bench.broker.sasl_address, bench.broker.certificates / "other-ca.pem"
    password = USERS["reader"]
    login = ("security.protocol=SASL_PLAINTEXT", "sasl.mechanism=PLAIN", "sasl.username=reader")
    eager = subprocess.Popen(["kcat", "-b", bench.cluster.address, "-X", "partition.assignment.strategy=range", "-G", "eager", topic],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    cases = (
        ("a missing topic", bench.cluster.address, ("g", "no-such-topic"), (), "no-such-topic", "create the topic"),
        ("one of two is missing", bench.cluster.address, ("g", f"{topic},no-such-topic"), (), "no-such-topic", "create the topic"),
        ("a CA that did not sign", tls, ("g", topic), ("security.protocol=SSL", f"ssl.ca.location={ca}"), "certificate", "ssl.*"),
        ("a wrong password", sasl, ("g", topic), (*login, "sasl.password=wrong"), "uthentication", "sasl.*"),
        ("no right to anything", sasl, ("g", topic), (*login, f"sasl.password={password}"), "uthoriz", "ACL"),
        ("a group that assigns otherwise", bench.cluster.address, ("eager", topic), (), "protocol", "group of its own"),
    )
    try:
        for what, address, (group, topics), keys, text, advice in cases:
            member = Member(bench, group, topics, *keys, address=address)
            member.await_row("fail", "")
            failures = member.rows("fail")
            bench.check(text in failures[0] and advice in failures[0] and address in failures[0], f"{what}: {failures}")
            member.stop()
            bench.check(password not in member.path.read_text(), "no secret is shown")
    finally:
        eager.kill()
        eager.wait()
    refused = Member(bench, "g", topic, "no.such.property=1")
    refused.await_row("fail", "no.such.property")
    refused.process.wait()


def prepare(options, report, broker, folder):
    bench = Bench(report, broker, folder, pathlib.Path(options.wherefrom).resolve().parent / "tests")

    def run(_, function):
        try:
            function(bench)
        finally:
            for member in bench.members:
                member.kill()
            if broker.process is None:
                broker.start()

    return run


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.split("\n", 1)[0], [one for one in globals().items() if one[0].startswith("test_")], Broker, prepare))
