#!/usr/bin/env python3
"""The Kafka sink alone, against a real broker: what arrives, what a transaction leaves behind, and what each trouble is called.

    run.py --wherefrom PATH [--test GLOB]

drive_sink does what the lines written to it say. Nothing here measures time. Exit status 77: there is no broker to be had.

Threads: one.
"""
import collections
import json
import pathlib
import select
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "kafka"), str(HERE.parent / "cli")]
from broker import USERS, Broker  # noqa: E402
from kafka_cluster import Cluster, wait_until  # noqa: E402
from server_cases import run_cases  # noqa: E402

PATIENCE_S = 90
LONG = 60000  # ms that a command may take
SHOWN_S = 30  # until what is committed is seen in all partitions


class Driver:
    """`drive_sink` at work."""

    def __init__(self, bench, records="-", rejects="-", transactional_id="-", properties=(), address=None):
        more = [word for one in properties for word in ("-X", one)]
        self.errors = open(bench.folder / "drive_sink.log", "ab+")
        self.process = subprocess.Popen(
            [bench.driver, *more, address or bench.cluster.address, records, rejects, transactional_id],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, bufsize=0)
        bench.started.append(self)

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")

    def answer(self, patience_s=PATIENCE_S):
        if not select.select([self.process.stdout], [], [], patience_s)[0]:
            raise TimeoutError("drive_sink does not answer")
        line = self.process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError(f"drive_sink ended with {self.process.wait()}")
        return line

    def ask(self, *words):
        self.tell(*words)
        return self.answer()

    def do(self, *words, expect="done"):
        """Raises when the answer does not begin so; returns the rest."""
        answer = self.ask(*words)
        if not answer.startswith(expect):
            raise RuntimeError(f"{' '.join(map(str, words))}: expected {expect}, found {answer}")
        return answer.removeprefix(expect).strip()

    def counts(self):
        return dict(word.split("=", 1) for word in self.ask("count").split())

    def end(self):
        """Its exit code."""
        self.process.stdin.close()
        return self.process.wait(PATIENCE_S)

    def kill(self):
        self.process.kill()
        self.process.wait()


class Bench:
    def __init__(self, driver, cluster, broker, report, folder):
        self.driver, self.broker, self.report, self.folder = driver, broker, report, folder
        self.cluster = cluster
        self.check, self.equal = report.check, report.equal
        self.started = []

    def drive(self, *arguments, **settings):
        driver = Driver(self, *arguments, **settings)
        driver.do("prepare", LONG)
        return driver

    def numbers(self, topic):
        """Of the records that a read_committed reader finds, partition by partition as they lie."""
        return [json.loads(message.value)["number"] for message in self.cluster.read(topic)]

    def same_records(self, topic, expected, what):
        """Each once, and nothing else. A commit is done before all partitions show it: the coordinator tells them afterwards."""
        found, expected = collections.Counter(self.numbers(topic)), collections.Counter(expected)
        until = time.monotonic() + SHOWN_S
        while expected - found and not found - expected and time.monotonic() < until:
            time.sleep(0.2)
            found = collections.Counter(self.numbers(topic))
        self.check(found == expected, f"{what}: {(expected - found).total()} of {expected.total()} are missing "
                                      f"{sorted(expected - found)[:3]}, {(found - expected).total()} too many {sorted(found - expected)[:3]}")


# --- without transactions -----------------------------------------------------------------------------------------------

def test_records(bench):
    topic, rejects = bench.cluster.create("records", 6), bench.cluster.create("rejects")
    driver = bench.drive(topic, rejects)
    for _ in range(25):
        driver.do("send", 4000, 200, 300, 1)
        driver.do("wait", LONG)
    counts = driver.counts()
    bench.equal(counts["delivered"], "100025", "delivered")
    bench.equal(counts["cluster"], bench.cluster.id(), "cluster id")
    bench.equal(driver.end(), 0, "exit code")
    messages = bench.cluster.read(topic)
    bench.same_records(topic, [4001 * batch + i for batch in range(25) for i in range(4000)], "records")
    last, partitions = {}, {}
    ordered = one_partition = right_key = True
    for message in messages:
        number = json.loads(message.value)["number"]
        client = number % 300
        expected = f"203.0.{client >> 8}.{client & 255}".encode() if number % 5 != 4 else f"{number:032x}".encode()
        right_key &= message.key == expected and message.headers == (("format", b"alb_access"),)
        ordered &= last.get(message.key, -1) < number
        one_partition &= partitions.setdefault(message.key, message.partition) == message.partition
        last[message.key] = number
    bench.check(right_key, "every record has its key and the header")
    bench.check(ordered and one_partition, "the records of a key are in order, in one partition")
    bench.equal({message.partition for message in messages}, set(range(6)), "partitions in use")
    found = bench.cluster.read(rejects)
    bench.equal([json.loads(message.value)["reject"] for message in found], [4001 * i + 4000 for i in range(25)], "rejects")
    bench.equal({(message.key, message.headers) for message in found}, {(None, ())}, "rejects have neither key nor header")


def test_compressed(bench):
    """The broker's log is the witness: so many bytes cannot be there."""
    topic = bench.cluster.create("compressed")
    driver = bench.drive(topic)
    driver.do("send", 4000, 1000, 1, 0)
    driver.do("wait", LONG)
    size = sum(path.stat().st_size for path in (bench.broker.folder / "data" / f"{topic}-0").glob("*.log"))
    bench.check(0 < size < 400000, f"4 MB of records take {size} bytes")


def test_one_topic_only(bench):
    topic = bench.cluster.create("only")
    driver = bench.drive("-", topic)
    driver.do("send", 10, 100, 3, 2)
    driver.do("wait", LONG)
    bench.equal(len(bench.cluster.read(topic)), 2, "rejects without a topic for records")


def test_wake(bench):
    driver = bench.drive(bench.cluster.create("wake"))
    bench.check(int(driver.do("wake", LONG)) < LONG // 2, "a wait ends when somebody wakes it")


def test_broker_killed(bench):
    topic = bench.cluster.create("killed", 6)
    driver = bench.drive(topic)
    driver.do("send", 4000, 500, 100, 0)
    driver.do("send", 4000, 500, 100, 0)
    bench.broker.kill()
    driver.do("send", 4000, 500, 100, 0)
    driver.do("wait", 1000, expect="wait")
    bench.broker.start()
    driver.do("wait", LONG)
    driver.do("send", 4000, 500, 100, 0)
    driver.do("wait", LONG)
    bench.same_records(topic, range(16000), "over a broker's death")
    bench.equal(driver.counts()["producers"], "1", "producers")


def test_dropped(bench):
    """What cannot be delivered can be given up; whoever goes on after that gets through."""
    topic = bench.cluster.create("dropped", 2)
    driver = bench.drive(topic)
    driver.do("send", 10, 100, 10, 0)
    driver.do("wait", LONG)
    bench.broker.kill()
    driver.do("send", 4000, 500, 100, 0)
    driver.do("abort", 5000)
    bench.broker.start()
    driver.do("send", 10, 100, 10, 0)
    driver.do("wait", LONG)
    found = bench.numbers(topic)
    bench.check({*range(10), *range(4010, 4020)} <= set(found), f"{len(found)} records, those before and after among them")
    bench.equal(max(collections.Counter(found).values()), 1, "times that a record is there")


# --- transactions -------------------------------------------------------------------------------------------------------

def test_transactions(bench):
    topic, rejects, source = (bench.cluster.create(name, 3) for name in ("t-records", "t-rejects", "t-source"))
    driver = bench.drive(topic, rejects, "t-id")
    driver.do("send", 1000, 300, 50, 10)
    driver.do("wait", LONG)
    bench.equal((bench.cluster.read(topic), bench.cluster.read(rejects)), ([], []), "what is seen before the commit")
    driver.do("commit", LONG, "t-group", source, 17)
    bench.equal(bench.cluster.offsets("t-group", source)[0][0], 17, "committed position")
    bench.equal(len(bench.cluster.read(rejects)), 10, "rejects in the transaction")
    driver.do("send", 1000, 300, 50, 10)
    driver.do("wait", LONG)
    driver.do("abort", LONG)
    bench.same_records(topic, range(1000), "after an abort")
    driver.do("send", 1000, 300, 50, 0)  # not waited for
    driver.do("commit", LONG, "t-group", source, 18)
    driver.do("commit", LONG, "t-group", source, 19)  # positions alone
    driver.do("commit", LONG)  # nothing at all
    bench.same_records(topic, [*range(1000), *range(2020, 3020)], "after the next commit")
    bench.equal(len(bench.cluster.read(rejects)), 10, "rejects of the transaction that was aborted")
    bench.equal(bench.cluster.offsets("t-group", source)[0][0], 19, "committed position")
    counts = driver.counts()
    bench.equal((counts["committed"], counts["aborted"]), ("4", "1"), "transactions committed, aborted")
    bench.equal(driver.end(), 0, "exit code")


def test_abort_at_once(bench):
    """An abort that overtakes the transaction's own begin at the broker."""
    topic = bench.cluster.create("at-once", 3)
    driver = bench.drive(topic, "-", "at-once")
    for _ in range(4):
        driver.do("send", 100, 100, 10, 0)
        driver.do("commit", LONG)
        driver.do("send", 100, 100, 10, 0)
        driver.do("abort", LONG)
    driver.do("send", 100, 100, 10, 0)
    driver.do("commit", LONG)
    bench.same_records(topic, [200 * i + j for i in range(5) for j in range(100)], "those that were committed")


def test_killed(bench):
    topic, source = bench.cluster.create("k-records", 3), bench.cluster.create("k-source")
    driver = bench.drive(topic, "-", "k-id")
    driver.do("send", 100, 100, 10, 0)
    driver.do("commit", LONG, "k-group", source, 100)
    driver.do("send", 100, 100, 10, 0)
    driver.do("wait", LONG)
    driver.kill()
    again = bench.drive(topic, "-", "k-id")
    again.do("send", 100, 100, 10, 0)
    again.do("commit", LONG)
    found = bench.cluster.read(topic)
    bench.equal(len(found), 200, "records of the first transaction and of the new process")
    bench.equal(bench.cluster.offsets("k-group", source)[0][0], 100, "committed position")


def test_fenced(bench):
    topic = bench.cluster.create("fenced", 3)
    old = bench.drive(topic, "-", "f-id")
    old.do("send", 100, 100, 10, 0)
    old.do("wait", LONG)
    new = bench.drive(topic, "-", "f-id")
    answer = old.do("commit", LONG, expect="failed")
    bench.check("f-id" in answer and "--instance" in answer, f"what the old one says: {answer}")
    bench.equal(old.ask("send", 1, 100, 10, 0).split()[0], "failed", "the old one stays out")
    new.do("send", 50, 100, 10, 0)
    new.do("commit", LONG)
    bench.same_records(topic, range(50), "of the new one alone")


def test_stale_generation(bench):
    topic, source = bench.cluster.create("s-records", 3), bench.cluster.create("s-source")
    driver = bench.drive(topic, "-", "s-id")
    driver.do("send", 100, 100, 10, 0)
    driver.do("commit", LONG, "s-group", source, 5, 77, expect="abort")  # a member that the group does not know
    driver.do("abort", LONG)
    driver.do("send", 100, 100, 10, 0)
    driver.do("commit", LONG, "s-group", source, 6)
    bench.same_records(topic, range(100, 200), "of the second attempt")
    bench.equal(bench.cluster.offsets("s-group", source)[0][0], 6, "committed position")
    bench.equal(driver.counts()["producers"], "1", "producers")


def test_stopped_too_long(bench):
    """The broker gives a transaction up; the process that held it goes on with another producer."""
    topic = bench.cluster.create("stopped", 3)
    driver = bench.drive(topic, "-", "st-id", properties=["transaction.timeout.ms=2000"])
    driver.do("send", 100, 100, 10, 0)
    driver.do("wait", LONG)
    driver.process.send_signal(signal.SIGSTOP)
    time.sleep(5)
    driver.process.send_signal(signal.SIGCONT)
    driver.do("commit", LONG, expect="abort")
    driver.do("abort", LONG)
    driver.do("send", 100, 100, 10, 0)
    driver.do("commit", LONG)
    bench.same_records(topic, range(100, 200), "of the second attempt")
    bench.equal(driver.counts()["producers"], "2", "producers")


def test_broker_killed_in_transaction(bench):
    """The messages give up, the transaction ends when the broker is back. That must be before the broker's own timeout: of a transaction
    that ran out while it was away, Kafka 4.3.1 forgets the abort markers when its partitions have no leader yet, and the next commit of
    the same id is also that transaction's."""
    topic = bench.cluster.create("down", 3)
    driver = bench.drive(topic, "-", "d-id", properties=["transaction.timeout.ms=60000", "message.timeout.ms=1000"])
    driver.do("send", 1000, 100, 10, 0)
    driver.do("wait", LONG)
    bench.broker.kill()
    driver.do("send", 1000, 100, 10, 0)
    driver.do("wait", LONG, expect="abort")
    driver.do("abort", 2000, expect="wait")
    bench.equal(driver.do("left"), "0", "messages on their way while the broker is away")
    bench.broker.start()
    driver.do("abort", LONG)
    driver.do("send", 1000, 100, 10, 0)
    driver.do("commit", LONG)
    bench.same_records(topic, range(2000, 3000), "of the last attempt")


def test_broker_killed_before_commit(bench):
    """Shorter than that: the transaction goes on."""
    topic, source = bench.cluster.create("bounce", 3), bench.cluster.create("b-source")
    driver = bench.drive(topic, "-", "b-id", properties=["transaction.timeout.ms=60000"])
    for begin in (0, 2000):
        driver.do("send", 1000, 100, 10, 0)
        driver.do("wait", LONG)
        bench.broker.kill()
        driver.do("send", 1000, 100, 10, 0)
        driver.tell("commit", LONG, "b-group", source, begin + 2000)
        bench.broker.start()
        bench.equal(driver.answer(), "done 0", "commit")
        bench.equal(bench.cluster.offsets("b-group", source)[0][0], begin + 2000, "committed position")
        bench.same_records(topic, range(begin + 2000), "committed")


# --- too large ----------------------------------------------------------------------------------------------------------

def too_large(bench, transactional_id):
    """One record that its topic does not take, among others, and its reject in its place."""
    topic, rejects = bench.cluster.create("large", 3, max_message_bytes=200000), bench.cluster.create("large-rejects")
    driver = bench.drive(topic, rejects, transactional_id, properties=["batch.size=200000"])
    in_transaction = transactional_id != "-"

    def round_of(first):
        driver.do("send", 100, 1000, 10, 0)
        driver.do("send", 1, 300000, 10, 0, "noise")
        driver.do("send", 100, 1000, 10, 0)
        return first + 100

    culprit = round_of(0)
    answer = driver.ask("wait", LONG)
    if in_transaction:
        bench.check(answer.startswith("abort"), f"the refused record ends its transaction: {answer}")
        # the same again, as from a source that was rewound; a busy broker may end that once more (sequence numbers of what was refused)
        for _ in range(5):
            driver.do("abort", LONG)
            driver.do("renumber", 0)
            round_of(0)
            answer = driver.ask("wait", LONG)
            if not answer.startswith("abort"):
                break
    bench.equal(answer, "done 1", "refused")
    driver.do("rejects")
    driver.do("wait", LONG)
    if in_transaction:
        driver.do("commit", LONG)
    bench.same_records(topic, [number for number in range(201) if number != culprit], "all the others")
    bench.equal([json.loads(message.value)["too_large"] for message in bench.cluster.read(rejects)], [f"{culprit:032x}"], "rejects")
    driver.do("send", 10, 1000, 10, 0)
    driver.do("commit" if in_transaction else "wait", LONG)
    bench.equal(len(bench.numbers(topic)), 210, "it goes on")
    bench.equal(driver.counts()["producers"], "1", "producers")


def test_too_large(bench):
    too_large(bench, "-")


def test_too_large_in_transaction(bench):
    too_large(bench, "large-id")


def test_sets_too_large(bench):
    """The topic's limit is below our batch.size: no single record is at fault."""
    topic = bench.cluster.create("sets", max_message_bytes=100000)
    driver = bench.drive(topic)
    for _ in range(3):
        driver.do("send", 400, 2000, 1, 0, "noise")
    bench.equal(driver.do("wait", LONG), "0", "refused")
    bench.same_records(topic, range(1200), "all of them")
    bench.check(int(driver.counts()["producers"]) > 1, "by a producer that sends less at a time")


def test_sets_too_large_in_transaction(bench):
    topic = bench.cluster.create("sets", max_message_bytes=100000)
    driver = bench.drive(topic, "-", "sets-id")
    for _ in range(8):
        driver.do("renumber", 0)
        answer = driver.ask("send", 400, 2000, 1, 0, "noise")
        if answer.startswith("done") and driver.ask("commit", LONG).startswith("done"):
            break
        driver.do("abort", LONG)
    bench.same_records(topic, range(400), "all of them")


def test_reject_too_large(bench):
    topic, rejects = bench.cluster.create("records"), bench.cluster.create("small", max_message_bytes=50)
    for transactional_id in ("-", "small-id"):
        driver = bench.drive(topic, rejects, transactional_id, properties=["batch.size=1"])
        driver.do("send", 1, 100, 1, 1)
        answer = driver.do("wait", LONG, expect="failed")
        bench.check("rejects" in answer and "max.message.bytes" in answer, answer)


def test_own_limit(bench):
    """The user's message.max.bytes is looked at before anything is sent: no abort."""
    topic = bench.cluster.create("own")
    driver = bench.drive(topic, "-", "own-id", properties=["message.max.bytes=1000"])
    driver.do("send", 3, 300, 1, 0)
    bench.equal(driver.do("send", 1, 3000, 1, 0), "1", "refused")
    driver.do("commit", LONG)
    bench.same_records(topic, range(3), "the others")


# --- what cannot work ---------------------------------------------------------------------------------------------------

def test_no_such_topic(bench):
    driver = Driver(bench, "nowhere")
    answer = driver.do("prepare", LONG, expect="failed")
    bench.check("nowhere" in answer and "create" in answer and bench.cluster.address in answer, answer)


def test_settings(bench):
    driver = Driver(bench, "records", properties=["compression.codec=rar"])
    bench.check("compression.codec" in (answer := driver.answer()) and answer.startswith("refused"), answer)
    driver = Driver(bench, "records", properties=["acks=1"])
    bench.check("acks" in (answer := driver.answer()) and answer.startswith("refused"), answer)


def test_not_authorised(bench):
    topic = bench.cluster.create("secret")
    for transactional_id in ("-", "secret-id"):
        driver = Driver(bench, topic, "-", transactional_id, properties=sasl_of("stranger"), address=bench.broker.sasl_address)
        answer = driver.do("prepare", LONG, expect="failed")
        bench.check(topic in answer or "transactional" in answer.lower(), answer)
    driver = Driver(bench, topic, properties=[*sasl_of("stranger"), "sasl.password=wrong"], address=bench.broker.sasl_address)
    answer = driver.do("prepare", LONG, expect="failed")
    bench.check("uthentication" in answer and "wrong" not in answer, answer)


def sasl_of(user):
    return ["security.protocol=sasl_plaintext", "sasl.mechanism=PLAIN", f"sasl.username={user}", f"sasl.password={USERS[user]}"]


def test_read_only(bench):
    """It may see the topic, not write to it: known at the first message."""
    topic, other = bench.cluster.create("readable"), bench.cluster.create("writable")

    def refusal():
        driver = bench.drive(topic, properties=sasl_of("reader"), address=bench.broker.sasl_address)
        answer = driver.ask("send", 1, 100, 1, 0)
        if answer.startswith("done"):
            answer = driver.ask("wait", LONG)
        bench.check(answer.startswith("failed") and "uthori" in answer, answer)
        return answer

    bench.cluster.call("allow", "reader", "topic", topic, "describe")
    refusal()  # who may write nowhere is not even given a producer's id
    bench.cluster.call("allow", "reader", "topic", other, "write")
    wait_until(lambda: topic in refusal(), "the topic's name in the refusal", every_s=0.3)  # rights take a moment


def test_tls(bench):
    topic = bench.cluster.create("tls")
    folder = bench.broker.certificates
    driver = bench.drive(topic, properties=["security.protocol=ssl", f"ssl.ca.location={folder}/ca.pem"], address=bench.broker.tls_address)
    driver.do("send", 10, 100, 1, 0)
    driver.do("wait", LONG)
    bench.equal(len(bench.numbers(topic)), 10, "records by TLS")
    driver = Driver(bench, topic, properties=["security.protocol=ssl", f"ssl.ca.location={folder}/other-ca.pem"],
                    address=bench.broker.tls_address)
    answer = driver.do("prepare", LONG, expect="failed")
    bench.check("certificate" in answer, answer)


def test_broker_away_at_start(bench):
    topic = bench.cluster.create("later")
    bench.broker.kill()
    driver = Driver(bench, topic, "-", "later-id")
    driver.do("prepare", 1000, expect="wait")
    bench.broker.start()
    driver.do("prepare", LONG)
    driver.do("send", 10, 100, 1, 0)
    driver.do("commit", LONG)
    bench.equal(len(bench.numbers(topic)), 10, "records")


def prepare(options, report, broker, folder):
    driver = pathlib.Path(options.wherefrom).parent / "tests" / "drive_sink"
    cluster = Cluster(driver.parent / "kafka_admin", broker.address)

    def run(_, function):
        bench = Bench(driver, cluster, broker, report, folder)
        try:
            function(bench)
            for one in bench.started:
                if one.process.poll() is None:
                    bench.equal(one.end(), 0, "exit code of drive_sink")
        finally:
            for one in bench.started:
                one.kill()
            if broker.process is None:
                broker.start()

    return run


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.split("\n", 1)[0], [one for one in globals().items() if one[0].startswith("test_")], Broker, prepare))
