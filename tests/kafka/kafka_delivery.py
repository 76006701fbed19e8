"""Nothing lost, nothing twice: kills, restarts, members that come and go, transactions.

Threads: one, and one for each Feeder.
"""
import collections
import gzip
import itertools
import json
import os
import random
import signal
import time

from black_box import alb_line, alb_lines, at, write
from kafka_cluster import event_id, wait_until

PARTITIONS = 3


def line(number):
    """Every hundredth is none."""
    return b"line %d is no log line" % number if number % 100 == 99 else alb_line(number).encode()


def expected_ids(cluster, topic, count, partitions=PARTITIONS):
    """event.ids of the first lines that a feeder put into a topic, of records and of rejects."""
    cluster_id = cluster.id()
    ids = [event_id(cluster_id, topic, number % partitions, number // partitions, line(number)) for number in range(count)]
    return ([one for number, one in enumerate(ids) if number % 100 != 99], ids[99::100])


def same_ids(bench, found, expected, what, doubles_allowed=False):
    found, expected = collections.Counter(found), set(expected)
    bench.check(found.keys() >= expected, f"{what}: {len(expected - found.keys())} of {len(expected)} are missing")
    bench.check(found.keys() <= expected, f"{what}: {len(found.keys() - expected)} were never sent")
    if not doubles_allowed:
        bench.equal(found.total() - len(found), 0, f"{what}: doubles among {found.total()}")


def topic_ids(cluster, topic, begin='"id":"'):
    """event.ids of what is committed; in a record no other `"id":` stands in front of it."""
    return [text for _, _, text in cluster.read_parts(topic, begin, '"')]


def forever(function):
    number = 0
    while True:
        yield function(number)
        number += 1


def test_kill_to_file(bench):
    """kill -9 three times in the middle of the stream: all is there, the file is whole, and what is there twice has one id."""
    topic = bench.cluster.create("kill", PARTITIONS)
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS)
    settings = {"name": "kill", "librdkafka": ["group.instance.id=one"]}  # the next one takes over at once
    for kills in range(1, 4):
        run = bench.start(bench.url(topic, "kill"), **settings)
        before = run.lines()
        wait_until(lambda run=run, before=before: run.lines() > before + 2000 or run.process.poll() is not None, "it reads on")
        bench.equal(run.process.poll(), None, f"alive until kill {kills}: {run.log()[-300:]}")
        run.kill()
    # in the middle of a line, which only luck does with a kill
    with open(run.out, "ab") as file:
        file.write(b'{"@timestamp":"2026-03-01T10:0')
    run = bench.start(bench.url(topic, "kill"), **settings)
    count = feeder.stop()
    bench.cluster.await_lag("kill", topic, runs=[run])
    run.stop()
    records, rejects = expected_ids(bench.cluster, topic, count)
    same_ids(bench, [at(record, "event.id") for record in run.records()], records, "records", doubles_allowed=True)
    same_ids(bench, [one["event_id"] for one in run.rejects()], rejects, "rejects", doubles_allowed=True)
    found = collections.defaultdict(set)
    for record in run.records():
        found[at(record, "event.id")].add(str(record))
    bench.equal([copies for copies in found.values() if len(copies) > 1], [], "copies of a record that differ")


def test_two_members(bench):
    """One joins, one leaves in order: nobody loses a line, and nobody writes one that the other wrote."""
    topic = bench.cluster.create("members", PARTITIONS * 2)
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS * 2)
    first = bench.start(bench.url(topic, "members"), quick=False)
    first.await_lines(1000)
    second = bench.start(bench.url(topic, "members"), quick=False)
    second.await_lines(1000)
    third = bench.start(bench.url(topic, "members"), quick=False)
    third.await_lines(1000)
    first.stop()
    third.await_lines(4000)
    second.stop()
    count = feeder.stop()
    bench.cluster.await_lag("members", topic, runs=[third])
    third.stop()
    runs = (first, second, third)
    records, rejects = expected_ids(bench.cluster, topic, count, PARTITIONS * 2)
    same_ids(bench, [at(record, "event.id") for run in runs for record in run.records()], records, "records")
    same_ids(bench, [one["event_id"] for run in runs for one in run.rejects()], rejects, "rejects")
    bench.check(all(run.summary["kafka"]["rebalances"] >= 1 for run in runs), "rebalances are counted")


def test_files_to_topic(bench):
    """All lines, each under its client's address, with its format; a client's records lie in one partition."""
    log = write(bench.folder / "a.log.gz", gzip.compress(alb_lines(4000) + b"no line\n"))
    output = bench.cluster.create("from-files", PARTITIONS)
    run = bench.start(log, output=bench.url(output))
    run.finish()
    to_file = bench.start(log)
    to_file.finish()
    messages = bench.cluster.read(output)
    values = collections.Counter(message.value for message in messages)
    bench.equal(values, collections.Counter(to_file.out.read_bytes().split(b"\n")[:-1]), "the bytes that a file gets")
    clients = {at(record, "event.id"): at(record, "client.ip") for record in to_file.records()}
    bench.check(all(message.key in message.value for message in messages), "a key is in its record")
    bench.equal({message.key.decode() for message in messages}, set(clients.values()), "keys are the clients' addresses")
    places = collections.defaultdict(set)
    for message in messages:
        places[message.key].add(message.partition)
    bench.equal([key for key, partitions in places.items() if len(partitions) > 1], [], "clients in two partitions")
    bench.equal({message.headers for message in messages}, {(("format", b"alb_access"),)}, "headers")
    bench.equal((run.summary["kafka"]["delivered"], run.process.returncode, len(run.rejects())), (4000, 3, 1),
                "messages delivered, exit code, rejects in their file")


def exactly_once(bench, group, topic, output, rejected, count, runs):
    bench.cluster.await_lag(group, topic, runs=runs)
    for run in runs:
        run.stop()
    records, rejects = expected_ids(bench.cluster, topic, count)
    same_ids(bench, topic_ids(bench.cluster, output), records, "records in their topic")
    same_ids(bench, topic_ids(bench.cluster, rejected, '"event_id":"'), rejects, "rejects in their topic")
    bench.equal(bench.cluster.lag(group, topic), 0, "lag")
    for run in runs:
        done = run.summary["records"]["written"] + run.summary["records"]["rejected"]  # for the last one nothing may be left
        bench.check(run.summary["kafka"]["transactions_committed"] > 0 or done == 0, f"transactions are counted: {run.summary['kafka']}, lines: {done}")


def new_topics(bench, name):
    topics = [bench.cluster.create(name, PARTITIONS), bench.cluster.create(f"{name}-out", 2), bench.cluster.create(f"{name}-rejects")]
    return [*topics, {"output": bench.url(topics[1]), "rejects": bench.url(topics[2])}]


def test_transactions(bench):
    """kill -9 in the middle, a new process under the same name, then one that joins and one that leaves: each line once."""
    topic, output, rejected, outputs = new_topics(bench, "once")
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS)

    def written():
        return len(topic_ids(bench.cluster, output))

    def start(instance):
        return bench.start(bench.url(topic, "once"), "--instance", instance, name=instance, **outputs)

    def progress(*runs):
        before = written()
        wait_until(lambda: written() > before + 2000 or any(run.process.poll() is not None for run in runs), "it writes on")
        bench.equal([run.process.poll() for run in runs], [None] * len(runs), f"alive: {[run.log()[-300:] for run in runs]}")

    first = start("a")
    progress(first)
    first.kill()
    first = start("a")
    progress(first)
    second = start("b")
    progress(first, second)
    first.stop()
    progress(second)
    count = feeder.stop()
    exactly_once(bench, "once", topic, output, rejected, count, [second])


def test_abrupt_ends_of_transactions(bench):
    """Killed again and again, taken over at once. What is left behind, with markers and aborted records between, is an input, too."""
    topic, output, rejected, outputs = new_topics(bench, "abrupt")
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS, per_second=10000)
    for _ in range(3):
        run = bench.start(bench.url(topic, "abrupt"), "--instance", "a", name="a", librdkafka=["group.instance.id=a"], **outputs)
        before = len(topic_ids(bench.cluster, output))
        wait_until(lambda before=before: len(topic_ids(bench.cluster, output)) > before + 3000, "it writes on")
        run.kill()
    run = bench.start(bench.url(topic, "abrupt"), "--instance", "a", name="a", librdkafka=["group.instance.id=a"], **outputs)
    count = feeder.stop()
    exactly_once(bench, "abrupt", topic, output, rejected, count, [run])

    places = sorted((message.partition, message.offset) for message in bench.cluster.read(output))
    everything = bench.cluster.read(output, "isolation.level=read_uncommitted")
    bench.check(len(everything) > len(places), "the kills did hit open transactions")
    reader = bench.start(bench.url(output, "gaps"), "-f", "alb_access", "--max-reject-ratio", "1")  # which no record is
    wait_until(lambda: reader.count_in(reader.rejected) >= len(places), "as many rejects as committed records")
    reader.stop()
    found = sorted((one["origin"]["partition"], one["origin"]["offset"]) for one in reader.rejects())
    bench.check(found == places, f"offsets with gaps: {len(found)} found, {len(places)} expected, "
                                 f"{sorted(set(found) ^ set(places))[:5]} in one of them only")


def test_large_messages_once(bench):
    """A message of many batches is in one transaction: whoever dies in the middle of one leaves none of its lines."""
    topic, output, rejected, outputs = new_topics(bench, "large-once")
    lines = [line(number) for number in range(15000)]
    feeder = bench.feed(topic, itertools.repeat(gzip.compress(b"\n".join(lines), 1), 60), partitions=PARTITIONS, per_second=4)
    settings = {"name": "a", "librdkafka": ["group.instance.id=a"], **outputs}

    def written():
        """Whether committed or not: a message's end is not waited for."""
        return sum(end for _, end in bench.cluster.offsets("large-once", output).values())

    for kills in range(3):
        run = bench.start(bench.url(topic, "large-once"), "--instance", "a", **settings)
        before = written()
        wait_until(lambda before=before, more=(kills + 1) * 10000: written() > before + more, "it writes")
        run.kill()
    run = bench.start(bench.url(topic, "large-once"), "--instance", "a", **settings)
    count = feeder.stop()
    bench.cluster.await_lag("large-once", topic, runs=[run], patience_s=240)  # sanitizers: 900,000 lines
    run.stop()
    cluster_id = bench.cluster.id()
    ids = [event_id(cluster_id, topic, message % PARTITIONS, message // PARTITIONS, text, number)
           for message in range(count) for number, text in enumerate(lines, 1)]
    same_ids(bench, topic_ids(bench.cluster, output), [one for at, one in enumerate(ids) if at % 100 != 99], "records")
    same_ids(bench, topic_ids(bench.cluster, rejected, '"event_id":"'), ids[99::100], "rejects")


def test_large_messages_end_transactions(bench):
    """Among messages larger than a batch a transaction ends, too: the broker would end it, and all would be read again, for ever."""
    topic, output = bench.cluster.create("large-row", 1), bench.cluster.create("large-row-out", 1)
    lines = [line(number) for number in range(12000)]
    bench.cluster.produce(topic, [gzip.compress(b"\n".join(lines), 1)] * 12)
    run = bench.start(bench.url(topic, "large-row"), "--instance", "a", output=bench.url(output))
    bench.cluster.await_lag("large-row", topic, runs=[run])
    run.stop()
    records = len(list(topic_ids(bench.cluster, output)))
    ends = sum(end for _, end in bench.cluster.offsets("large-row", output).values()) - records  # a marker for each
    bench.equal(records, 12 * len(lines) - 12 * (len(lines) // 100), "records")
    bench.check(ends >= 4, f"transactions of 16 MiB or a message: {ends}")


def test_broker_restart(bench):
    """SIGKILL and back again in the middle: to a topic once, to a file all of it."""
    topic, output, rejected, outputs = new_topics(bench, "bounce")
    lines, backlog = [line(number) for number in range(240000)], 210000
    bench.cluster.produce_lines(topic, lines[:backlog], PARTITIONS)
    to_topic = bench.start(bench.url(topic, "bounce"), "--instance", "a", **outputs)
    to_file = bench.start(bench.url(topic, "bounce-file"))
    wait_until(lambda: sum(end for _, end in bench.cluster.offsets("bounce", output).values()) > 1000, "it writes")
    bench.broker.kill()  # while there is much to do
    time.sleep(1)
    bench.broker.start()
    bench.cluster.produce_lines(topic, lines[backlog:], PARTITIONS, first=backlog)
    bench.cluster.await_lag("bounce-file", topic, runs=[to_file])
    exactly_once(bench, "bounce", topic, output, rejected, len(lines), [to_topic])
    to_file.stop()
    records, _ = expected_ids(bench.cluster, topic, len(lines))
    same_ids(bench, [at(record, "event.id") for record in to_file.records()], records, "records in the file", doubles_allowed=True)


def test_end_with_broker_down(bench):
    """What cannot be committed is not: exit 1 after --shutdown-timeout, and the next run does it all."""
    topic, output, rejected, outputs = new_topics(bench, "gone")
    lines = [line(number) for number in range(40000)]
    bench.cluster.produce_lines(topic, lines[:10000], PARTITIONS)
    run = bench.start(bench.url(topic, "gone"), "--instance", "a", "--shutdown-timeout", "3", name="a", **outputs)
    wait_until(lambda: len(topic_ids(bench.cluster, output)) > 0, "it writes")
    bench.cluster.produce_lines(topic, lines[10000:], PARTITIONS, first=10000)
    bench.broker.kill()
    run.process.terminate()
    bench.check(run.wait() in (0, 1), f"it ends: {run.process.returncode}, {run.log()[-500:]}")
    bench.broker.start()
    again = bench.start(bench.url(topic, "gone"), "--instance", "a", name="a", **outputs)
    exactly_once(bench, "gone", topic, output, rejected, len(lines), [again])


def test_pause(bench):
    """A member that sleeps longer than its group waits loses its partitions to another one. When it wakes up it has to drop what it held,
    which is much."""
    topic, output, rejected, outputs = new_topics(bench, "pause")
    lines = [line(number) for number in range(300000)]
    bench.cluster.produce_lines(topic, lines, PARTITIONS)
    to_file = bench.start(bench.url(topic, "pause-file"))
    to_file.await_lines(1000)
    first = bench.start(bench.url(topic, "pause"), "--instance", "a", name="a", **outputs)
    wait_until(lambda: sum(end for _, end in bench.cluster.offsets("pause", output).values()) > 1000, "it writes", every_s=0.01)
    for run in (first, to_file):
        run.process.send_signal(signal.SIGSTOP)
    second = bench.start(bench.url(topic, "pause"), "--instance", "b", name="b", **outputs)
    before = len(topic_ids(bench.cluster, output))
    wait_until(lambda: len(topic_ids(bench.cluster, output)) > before + 3000, "the other one takes over")
    for run in (first, to_file):
        run.process.send_signal(signal.SIGCONT)
    bench.cluster.await_lag("pause-file", topic, runs=[to_file])
    exactly_once(bench, "pause", topic, output, rejected, len(lines), [first, second])
    to_file.stop()
    records, _ = expected_ids(bench.cluster, topic, len(lines))
    same_ids(bench, [at(record, "event.id") for record in to_file.records()], records, "records in the file", doubles_allowed=True)


def test_record_too_large(bench):
    """For the topic of records: it is a reject, and nothing stops for it."""
    for group, options in (("large-record", ()), ("large-record-never", ("--transactions", "never"))):
        topic, rejected = bench.cluster.create("large-record"), bench.cluster.create("large-record-rejects")
        output = bench.cluster.create("small", max_message_bytes=6000)
        large = alb_line(1, agent=random.Random(1).randbytes(10000).hex()).encode()  # also when it is compressed
        bench.cluster.produce_lines(topic, [alb_line(0).encode(), large, alb_line(2).encode()])
        run = bench.start(bench.url(topic, group), *options, output=bench.url(output), rejects=bench.url(rejected))
        bench.cluster.await_lag(group, topic, runs=[run])
        run.stop()
        bench.equal(len(bench.cluster.read(output)), 2, "records")
        rejects = [json.loads(message.value) for message in bench.cluster.read(rejected)]
        bench.equal([(one["reason"], one["origin"]["offset"]) for one in rejects], [("too-large", 1)], "rejects")
        bench.equal((run.summary["records"]["written"], run.summary["rejected_by_reason"], run.process.returncode),
                    (2, {"too-large": 1}, 3), "sums, exit code")


def test_same_instance_twice(bench):
    """The older one is fenced, says so and ends; the younger one goes on, and every line is there once."""
    topic, output, rejected, outputs = new_topics(bench, "fenced")
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS)
    first = bench.start(bench.url(topic, "fenced"), "--instance", "a", name="first", **outputs)
    wait_until(lambda: len(topic_ids(bench.cluster, output)) > 1000, "it writes")
    second = bench.start(bench.url(topic, "fenced"), "--instance", "a", name="second", **outputs)
    bench.equal(first.wait(), 1, f"the older one's exit code: {first.log()[-500:]}")
    bench.check("instance" in first.log(), f"it says why: {first.log()[-500:]}")
    count = feeder.stop()
    exactly_once(bench, "fenced", topic, output, rejected, count, [second])


def test_never_transactions(bench):
    """Without transactions a topic gets all of it, at least once, and offsets are committed only behind what was delivered."""
    topic, output, rejected, outputs = new_topics(bench, "never")
    feeder = bench.feed(topic, forever(line), partitions=PARTITIONS)
    settings = {"name": "never", "librdkafka": ["group.instance.id=one"], **outputs}
    run = bench.start(bench.url(topic, "never"), "--transactions", "never", **settings)
    wait_until(lambda: len(topic_ids(bench.cluster, output)) > 3000, "it writes")
    run.kill()
    run = bench.start(bench.url(topic, "never"), "--transactions", "never", **settings)
    count = feeder.stop()
    bench.cluster.await_lag("never", topic, runs=[run])
    run.stop()
    records, rejects = expected_ids(bench.cluster, topic, count)
    same_ids(bench, topic_ids(bench.cluster, output), records, "records", doubles_allowed=True)
    same_ids(bench, topic_ids(bench.cluster, rejected, '"event_id":"'), rejects, "rejects", doubles_allowed=True)
    bench.equal(run.summary["kafka"]["transactions_committed"], 0, "transactions")


def test_renamed_after_a_kill(bench):
    """Before any checkpoint says how far a file was read the run is killed, and the file gets another name: what is sent again has the ids that it had."""
    for kind in ("followed", "finite"):
        logs, pipe = bench.folder / f"{kind}-logs", bench.folder / f"{kind}-pipe"
        output, rejected = (bench.cluster.create(f"renamed-{kind}-{what}", 1) for what in ("out", "rejects"))
        for number in range(3):
            write(logs / f"{number}.log", alb_lines(100, 100 * number))
        os.mkfifo(pipe)
        holder = os.open(pipe, os.O_RDWR)  # so that a run which follows nothing does not end
        inputs, options = ([logs], ["--follow"]) if kind == "followed" else ([logs, pipe], [])
        for turn, settled in enumerate((100000, 20)):  # of the first run nothing settles
            run = bench.start(inputs, "--state", bench.folder / f"{kind}-state", *options, name=kind, output=bench.url(output), rejects=bench.url(rejected),
                              env={"WHEREFROM_CHECKPOINT_MS": str(settled)})
            wait_until(lambda: len(topic_ids(bench.cluster, output)) >= 300 * (turn + 1), lambda: f"all lines: {run.log()}")  # noqa: B023
            run.kill()
            for path in logs.glob("?.log"):
                path.rename(path.with_suffix(".moved"))
        os.close(holder)
        ids = collections.Counter(topic_ids(bench.cluster, output))
        bench.equal((len(ids), ids.total()), (300, 600), f"{kind}: ids, each twice")
