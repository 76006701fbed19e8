"""How a run begins and ends: where it starts, what it refuses, what it waits for, what it leaves behind.

Threads: one.
"""
import itertools
import json
import time

from black_box import alb_line, at, wait_until_signals_wait
from broker import USERS
from kafka_cluster import Message, wait_until


def lines(count, first=0):
    return [alb_line(number).encode() for number in range(first, first + count)]


def offsets(run, partition=0):
    return [at(record, "kafka.offset") for record in run.records() if at(record, "kafka.partition") == partition]


def refused(bench, run, code, *words):
    """Ends by itself, and one message has all these words."""
    found = run.wait()
    said = [text for text in run.log().splitlines() if all(word in text for word in words)]
    bench.equal(found, code, f"exit code, with {words}: {run.log()[-600:]}")
    bench.equal(len(said), 1, f"messages with {words} in {run.log()[-600:]}")


def test_starts(bench):
    """At the beginning, at the end, at a time; a group that was there goes on where it was."""
    topic = bench.cluster.create("starts", 2)
    hour = 3600_000
    begin = 1772359200000  # 2026-03-01T10:00Z
    old = [Message(text, number % 2, timestamp_ms=begin + number // 2 * hour) for number, text in enumerate(lines(10))]
    bench.cluster.produce(topic, old)
    late = bench.start(bench.url(topic, "late", start="latest"))
    timed = bench.start(bench.url(topic, "timed", start="2026-03-01T13:00"))
    early = bench.start(bench.url(topic, "early"))
    early.await_lines(10)
    timed.await_lines(4)
    wait_until(lambda: bench.cluster.lag("timed", topic) == 0, "the timed one commits")
    sent = 10

    def late_has_begun():
        """Nothing says from outside that it knows where it starts: lines until one of each partition arrives."""
        nonlocal sent
        bench.cluster.produce_lines(topic, lines(2, sent), 2)
        sent += 2
        return min(late.count(b'"partition":%d' % partition) for partition in (0, 1)) > 0

    wait_until(late_has_begun, "lines behind the end", every_s=0.3)
    for group, run in (("late", late), ("timed", timed), ("early", early)):
        bench.cluster.await_lag(group, topic, runs=[run])
        run.stop()
    bench.equal([offsets(early, partition) for partition in (0, 1)], [list(range(sent // 2))] * 2, "earliest")
    bench.equal([offsets(timed, partition) for partition in (0, 1)], [list(range(3, sent // 2))] * 2, "from a time on")
    begins = [found[0] if found else sent // 2 for found in (offsets(late, partition) for partition in (0, 1))]
    bench.check(min(begins) >= 5, f"latest: nothing from before the start: {begins}")
    bench.equal([offsets(late, partition) for partition in (0, 1)], [list(range(first, sent // 2)) for first in begins], "latest: no gap")

    bench.cluster.produce_lines(topic, lines(2, sent), 2)
    again = bench.start(bench.url(topic, "late", start="latest"), name="again")
    again.await_lines(2)
    again.stop()
    bench.equal([offsets(again, partition) for partition in (0, 1)], [[sent // 2]] * 2, "a group that was there goes on where it was")


def test_patterns(bench):
    """A topic that fits, one that does not, and one that is made when the run is at work."""
    first, other = bench.cluster.create("edge-eu"), bench.cluster.create("edged")
    for topic in (first, other):
        bench.cluster.produce_lines(topic, lines(3))
    run = bench.start(bench.url("^edge-.*", "patterns"), librdkafka=["topic.metadata.refresh.interval.ms=300"])
    run.await_lines(3)
    second = bench.cluster.create("edge-us")
    bench.cluster.produce_lines(second, lines(2))
    run.await_lines(5)
    run.stop()
    bench.equal({at(record, "kafka.topic") for record in run.records()}, {first, second}, "topics")
    bench.equal(len(run.records()), 5, "records")


def test_end_and_limit(bench):
    """A run that was asked to end has committed all that it wrote: the next one has nothing to read again. --limit ends one, too."""
    topic = bench.cluster.create("end", 3)
    bench.cluster.produce_lines(topic, lines(3000), 3, "compression.codec=zstd")
    run = bench.start(bench.url(topic, "end"), name="end")
    run.await_lines(3000)
    run.stop()
    bench.equal(bench.cluster.lag("end", topic), 0, "lag after SIGTERM")
    bench.equal(run.process.returncode, 0, "exit code")
    bench.cluster.produce_lines(topic, lines(3, 3000), 3)
    again = bench.start(bench.url(topic, "end"), name="end")
    again.await_lines(3003)
    again.stop()
    bench.equal(again.summary["records"]["read"], 3, "lines that the next run reads")
    ids = [at(record, "event.id") for record in again.records()]
    bench.equal((len(ids), len(set(ids))), (3003, 3003), "records in the file, and different ones")

    limited = bench.start(bench.url(topic, "limited"), "--limit", "100")
    limited.finish()
    rest = bench.start(bench.url(topic, "limited"))
    bench.cluster.await_lag("limited", topic, runs=[rest])
    rest.stop()
    bench.equal(limited.summary["records"]["written"], 100, "--limit")
    found = {at(record, "event.id") for run in (limited, rest) for record in run.records()}
    bench.equal(len(found), 3003, "what --limit left is there for the next run")


def test_top_looks_on(bench):
    """`wherefrom top` takes no part in the usual group: all messages are seen, and nobody's position moves."""
    topic = bench.cluster.create("looked-at", 2)
    bench.cluster.produce_lines(topic, lines(500), 2)
    run = bench.start(bench.url(topic, "wherefrom"))
    run.await_lines(500)
    run.stop()
    bench.cluster.produce_lines(topic, lines(100, 500), 2)
    done = bench.program.run("top", bench.url(topic), "--by", "lb", "--json", "--limit", "600")
    bench.equal([json.loads(row)["n"] for row in done.out.splitlines()], [600], f"requests that top saw ({done.err[-400:]})")
    bench.equal(bench.cluster.lag("wherefrom", topic), 100, "what the group has not read yet")


def test_usage(bench):
    """What would break a promise is refused before anything is connected."""
    topic = bench.cluster.create("usage")
    url = bench.url(topic, "usage")
    for inputs, settings, words in [
            (url, {"output": bench.folder / "out.gz"}, (".gz",)),
            (url, {"librdkafka": ["enable.auto.commit=true"]}, ("enable.auto.commit",)),
            (url, {"librdkafka": ["isolation.level=read_uncommitted"]}, ("isolation.level",)),
            (url, {"librdkafka": ["sasl.password=open-sesame"]}, ("sasl.password",)),
            (url, {"librdkafka": ["no.such.property=1"]}, ("no.such.property",)),
            ([url, bench.url(topic, "other")], {}, ("kafka://",)),
            (bench.url("no topic", "usage"), {}, ("no topic",)),
            (url + "&colour=red", {}, ("colour",)),
            (url, {"output": bench.url(topic), "rejects": bench.url(topic, address="127.0.0.1:9")}, ("127.0.0.1:9",))]:
        run = bench.start(inputs, quick=False, **settings)
        refused(bench, run, 2, *words)
        bench.check("open-sesame" not in run.log(), "a secret is not shown")


def test_check(bench):
    """`wherefrom check` says whether the broker answers, and has the topics."""
    topic = bench.cluster.create("checked")
    bench.folder.mkdir()

    def check(address, name):
        config = bench.folder / "config.yaml"
        config.write_text(f"inputs: [{{kafka: {{brokers: '{address}', topics: {name}, group: checked}}}}]\n")
        return bench.program.run("check", "-c", config)

    good = check(bench.cluster.address, topic)
    bench.equal(good.code, 0, f"exit code of a good one: {good.err}")
    for address, name, word in ((bench.cluster.address, "nowhere", "nowhere"), ("127.0.0.1:9", topic, "127.0.0.1:9")):
        bad = check(address, name)
        bench.equal(bad.code, 1, f"exit code: {bad.err}")
        bench.check(word in bad.err + bad.out.decode(), f"{word} is named: {bad.err}")


def test_topic_missing(bench):
    there = bench.cluster.create("there")
    refused(bench, bench.start(bench.url("nowhere", "missing")), 1, "nowhere")
    refused(bench, bench.start(bench.url([there, "nowhere"], "missing")), 1, "nowhere")
    bench.cluster.produce_lines(there, lines(1))
    refused(bench, bench.start(bench.url(there, "missing"), output=bench.url("no-output")), 1, "no-output")
    refused(bench, bench.start(bench.url(there, "missing"), rejects=bench.url("no-rejects")), 1, "no-rejects")
    bench.equal(bench.cluster.lag("missing", there), 1, "nothing is committed")


def test_not_authorised(bench):
    """A wrong password; a user without any right; one without that of reading the topic; one in a group of others."""
    topic = bench.cluster.create("secret")
    bench.cluster.produce_lines(topic, lines(2))

    def start(user, password, group):
        secret = bench.folder / f"password-{user}"
        secret.parent.mkdir(exist_ok=True)
        secret.write_text(password)
        config = bench.folder / f"{user}-{group}.yaml"
        config.write_text(
            f"inputs: [{{kafka: {{brokers: '{bench.broker.sasl_address}', topics: {topic}, group: {group}, librdkafka: "
            f"{{security.protocol: sasl_plaintext, sasl.mechanisms: PLAIN, sasl.username: {user}, sasl.password_file: '{secret}'}}}}}}]\n")
        return bench.start([], "-c", config)

    refused(bench, start("reader", "a-guess", "own"), 1, "uthentication")
    refused(bench, start("stranger", USERS["stranger"], "own"), 1, "uthoriz", "own")
    bench.cluster.call("allow", "reader", "group", "own", "read")
    refused(bench, start("reader", USERS["reader"], "own"), 1, "uthoriz", topic)
    bench.cluster.call("allow", "reader", "topic", topic, "read")
    refused(bench, start("reader", USERS["reader"], "others"), 1, "uthoriz", "others")
    run = start("reader", USERS["reader"], "own")
    run.await_lines(2)
    run.stop()
    bench.equal((len(run.records()), bench.cluster.lag("own", topic)), (2, 0), "records of who may read them; lag")


def test_tls(bench):
    topic = bench.cluster.create("tls")
    bench.cluster.produce_lines(topic, lines(2))
    url = bench.url(topic, "tls", address=bench.broker.tls_address)
    certificates = bench.broker.certificates
    tls = "security.protocol=ssl"
    refused(bench, bench.start(url, librdkafka=[tls]), 1, "ertificate")
    refused(bench, bench.start(url, librdkafka=[tls, f"ssl.ca.location={certificates / 'other-ca.pem'}"]), 1, "ertificate")
    output = bench.cluster.create("tls-out")
    run = bench.start(url, librdkafka=[tls, f"ssl.ca.location={certificates / 'ca.pem'}"],
                      output=bench.url(output, address=bench.broker.tls_address))
    bench.cluster.await_lag("tls", topic, runs=[run])
    run.stop()
    bench.equal((len(bench.cluster.read(output)), run.process.returncode), (2, 0), "records by TLS, exit code")


def test_broker_down_at_start(bench):
    """Waited for, and said; also a run that is told to end while it waits ends."""
    topic = bench.cluster.create("down")
    output = bench.cluster.create("down-out")
    bench.cluster.produce_lines(topic, lines(5))
    bench.broker.kill()
    to_file = bench.start(bench.url(topic, "down"))
    to_topic = bench.start(bench.url(topic, "down-too"), output=bench.url(output))
    in_vain = bench.start(bench.url(topic, "down-in-vain"))
    for run in (to_file, to_topic, in_vain):
        wait_until(lambda run=run: bench.cluster.address in run.log() or run.process.poll() is not None, "the broker's absence is said")
    in_vain.stop()
    bench.equal(in_vain.summary["records"]["read"], 0, "a run without a broker")
    bench.broker.start()
    to_file.await_lines(5)
    bench.cluster.await_lag("down-too", topic, runs=[to_topic])
    for run in (to_file, to_topic):
        run.stop()
        bench.check(run.log().count(bench.cluster.address) < 10, f"the absence is said rarely: {run.log()[-800:]}")
    bench.equal((len(to_file.records()), len(bench.cluster.read(output))), (5, 5), "records")


def test_short_visits(bench):
    """Who joins and leaves again, at whatever moment, ends in order, and takes nobody's lines along."""
    topic, output = bench.cluster.create("visited", 4), bench.cluster.create("visited-out", 4)
    feeder = bench.feed(topic, map(lambda number: alb_line(number).encode(), itertools.count()), partitions=4)
    host = bench.start(bench.url(topic, "visited"), "--instance", "host", output=bench.url(output))
    wait_until(lambda: bench.cluster.read(output), "the host works")
    for number in range(8):  # the second one comes while the group waits for the first one, or has just lost it
        visitors = [bench.start(bench.url(topic, "visited"), "--instance", f"visitor-{number}-{one}", output=bench.url(output)) for one in "ab"]
        for wait_ms, visitor in zip((200 + number * 130, 300 + number % 4 * 270), visitors):
            time.sleep(wait_ms / 1000)
            wait_until_signals_wait(visitor.process)
            visitor.process.terminate()
        for visitor in visitors:
            visitor.finish()
    count = feeder.stop()
    bench.cluster.await_lag("visited", topic, runs=[host])
    host.stop()
    ids = [text for _, _, text in bench.cluster.read_parts(output, '"id":"', '"')]
    bench.equal((len(ids), len(set(ids))), (count, count), "records, different ones")
