"""Roll-ups of partitions: whoever is killed, comes or goes, what is left in the end is what a slow count of the topic gives.

Threads: one, and one for each Feeder.
"""
import gzip
import itertools
import json
import random
import signal
import time

from black_box import at
from kafka_cluster import wait_until
from rollup_parts import expected_parts, last_documents, line, same_documents
from servers import free_port

PARTITIONS = 6


def messages_of(count, partitions=PARTITIONS, lines_each=1):
    """As a feeder puts them into a topic: lists of lines."""
    messages = [[line(number * lines_each + at, partitions, 2 if lines_each == 1 else 0.2) for at in range(lines_each)] for number in range(count)]
    return {partition: messages[partition::partitions] for partition in range(partitions)}


def file_texts(runs):
    """Whole lines of the roll-ups of these runs."""
    texts = []
    for folder in {run.folder for run in runs}:
        path = folder / "rollups.ndjson"
        texts += path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return texts


class Members:
    def __init__(self, bench, topic, group, *options, to_file=True, **settings):
        self.bench, self.topic, self.group, self.options, self.to_file, self.settings = bench, topic, group, options, to_file, settings
        self.runs, self.named = [], {}

    def start(self, name):
        rollups = ("--rollups", self.bench.folder / name / "rollups.ndjson") if self.to_file else ()
        run = self.bench.start(self.bench.url(self.topic, self.group), "--rollups-every", "1", *rollups, *self.options,
                               "--instance", name, name=name, **self.settings)
        self.runs.append(run)
        self.named[name] = run
        return run

    def kill(self, name):
        self.named.pop(name).kill()

    def stop(self, name):
        return self.named.pop(name).stop()

    def alive(self):
        return list(self.named.values())

    def settle(self):
        """To the end of the topic; all stop in order. What they counted again, and what came too late."""
        self.bench.cluster.await_lag(self.group, self.topic, runs=self.alive())
        stopped = [self.stop(name) for name in list(self.named)]
        return [sum(run.summary["rollups"][name] for run in stopped) for name in ("recounted", "late")]


def compare(bench, texts, topic, messages, what):
    expected, late = expected_parts(messages, topic, time.time())
    over = sum(is_over for _, is_over in expected.values())
    bench.check(late > 20 and len(messages) * 3 < over < len(expected), f"{what}: late {late}, over {over} of {len(expected)}")
    found = last_documents(texts, bench.check)
    same_documents(bench, found, expected, what)
    return found, late


def await_more(written, count, feeder):
    before = written()
    wait_until(lambda: written() > before + count or not feeder.thread.is_alive(), "it goes on")


def disturb(bench, members, feeder, written):
    """Killed in the middle, taken over, joined, left; goes on while all that happens."""
    def progress(count=2500):
        await_more(written, count, feeder)

    for name in "abc":
        members.start(name)
    progress()
    members.kill("a")
    progress()
    members.start("a")
    progress(500)
    members.start("guest")
    progress()
    members.kill("b")
    members.kill("c")
    progress()
    members.stop("guest")
    for name in "bc":
        members.start(name)
    progress()
    members.kill(random.choice("abc"))


def test_rollups_of_parts(bench):
    """Records to files; documents to files."""
    topic = bench.cluster.create("rolled", PARTITIONS)
    feeder = bench.feed(topic, map(lambda number: line(number, PARTITIONS), itertools.count()), partitions=PARTITIONS, per_second=3000)
    members = Members(bench, topic, "rolled")
    disturb(bench, members, feeder, lambda: sum(run.lines() for run in {run.folder: run for run in members.runs}.values()))
    count = feeder.stop()
    recounted, _ = members.settle()
    found, late = compare(bench, file_texts(members.runs), topic, messages_of(count), "killed and rebalanced")
    bench.check(recounted > 0, "somebody counted again")

    alone = Members(bench, topic, "alone")
    alone.start("alone")
    recounted, late_found = alone.settle()
    undisturbed, _ = compare(bench, file_texts(alone.runs), topic, messages_of(count), "undisturbed")
    bench.equal((recounted, late_found), (0, late), "undisturbed: counted again, late")
    bench.check({at(one, "event.id") for one in found.values()} == {at(one, "event.id") for one in undisturbed.values()}, "the same ids")


def test_rollups_in_transactions(bench):
    """Records, rejects and positions by transactions; documents to a topic, whose keys are their ids."""
    topic, output, rejects = bench.cluster.create("rolledtx", PARTITIONS), bench.cluster.create("rolledtx-out", 2), bench.cluster.create("rolledtx-rejects")
    sums = bench.cluster.create("rolledtx-sums", 2)
    feeder = bench.feed(topic, map(lambda number: line(number, PARTITIONS), itertools.count()), partitions=PARTITIONS, per_second=3000)
    members = Members(bench, topic, "rolledtx", "--rollups", bench.url(sums), to_file=False, output=bench.url(output), rejects=bench.url(rejects))
    disturb(bench, members, feeder, lambda: len(bench.cluster.read_parts(output, '"id":"', '"')))
    count = feeder.stop()
    members.settle()
    messages = bench.cluster.read(sums)
    bench.check(all(json.loads(message.value)["event"]["id"].encode() == message.key for message in messages), "keys are ids")
    compare(bench, [message.value for message in messages], topic, messages_of(count), "transactions")
    ids = [text for _, _, text in bench.cluster.read_parts(output, '"id":"', '"')]
    bench.equal(len(ids), len(set(ids)), "what is counted again is not written again")


def pause(bench, members, feeder, written):
    """As a machine that swaps, longer than the group waits; a broker that is killed. What was in flight is given up, and read again."""
    def progress(count=2500):
        await_more(written, count, feeder)

    for name in "abc":
        members.start(name)
    progress()
    for name in "ab":
        process = members.named[name].process
        process.send_signal(signal.SIGSTOP)
        time.sleep(5)  # more than the session's three seconds
        process.send_signal(signal.SIGCONT)
        progress()
    bench.broker.kill()
    bench.broker.start()
    progress()


def test_rollups_through_pauses(bench):
    topic = bench.cluster.create("paused", PARTITIONS)
    feeder = bench.feed(topic, map(lambda number: line(number, PARTITIONS), itertools.count()), partitions=PARTITIONS, per_second=2000)
    members = Members(bench, topic, "paused")
    pause(bench, members, feeder, lambda: sum(run.lines() for run in members.runs))
    count = feeder.stop()
    members.settle()
    compare(bench, file_texts(members.runs), topic, messages_of(count), "paused")


def test_rollups_through_aborted_transactions(bench):
    """Of a transaction that ends while nobody listens only the broker knows whether its records are there: they are counted in either case."""
    topic, output, rejects = bench.cluster.create("aborted", PARTITIONS), bench.cluster.create("aborted-out", 2), bench.cluster.create("aborted-rejects")
    feeder = bench.feed(topic, map(lambda number: line(number, PARTITIONS), itertools.count()), partitions=PARTITIONS, per_second=2000)
    members = Members(bench, topic, "aborted", output=bench.url(output), rejects=bench.url(rejects))
    pause(bench, members, feeder, lambda: len(bench.cluster.read_parts(output, '"id":"', '"')))
    count = feeder.stop()
    members.settle()
    compare(bench, file_texts(members.runs), topic, messages_of(count), "aborted")


def test_rollups_count_again_alone(bench):
    """A restart writes nothing twice, rejects nothing twice, and its numbers are those of new messages."""
    topic = bench.cluster.create("again", PARTITIONS)
    texts = [line(number, PARTITIONS) for number in range(12000)]
    bench.cluster.produce_lines(topic, texts[:9000], PARTITIONS)
    members = Members(bench, topic, "again")
    members.start("one")
    members.settle()
    bench.cluster.produce_lines(topic, texts[9000:], PARTITIONS, first=9000)
    run = members.start("two")
    recounted, _ = members.settle()
    records = run.summary["records"]
    bench.equal((records["read"], records["read"] - records["written"]), (3000, len(run.rejects())), "lines read; and rejected")
    bench.equal(run.lines(), records["written"], "records")
    bench.equal(run.summary["kafka"]["messages"], 3000, "messages")
    bench.check(0 < recounted < 9000, f"counted again: {recounted}")
    compare(bench, file_texts(members.runs), topic, messages_of(12000), "restarted")


def test_rollups_what_is_gone(bench):
    """Messages that still counted are gone: documents say so."""
    topic = bench.cluster.create("gone", 1)
    texts = [line(number, 1) for number in range(3000)]
    bench.cluster.produce_lines(topic, texts[:2000])
    members = Members(bench, topic, "gone")
    members.start("one")
    members.settle()
    bench.cluster.call("truncate", topic, 0, 1990)
    bench.cluster.produce_lines(topic, texts[2000:], first=2000)
    run = members.start("two")
    members.settle()
    bench.check("no longer there" in run.log(), f"that is said: {run.log()}")
    documents = [json.loads(text) for text in file_texts([run])]
    bench.check(documents and all(one.get("approx") for one in documents), "all say so")
    bench.check(not any("approx" in json.loads(text) for text in file_texts(members.runs[:1])), "none did before")


def kill_inside_messages(members, message, count, partitions):
    """Of `count` messages some come just before a process is killed, three times, and some when the last one starts: however fast the machine is,
    there is something to count again, and a reason to read on."""
    cluster, each, fed = members.bench.cluster, count // 7, 0

    def produce():
        nonlocal fed
        cluster.produce_lines(members.topic, map(message, range(fed, fed + each)), partitions, first=fed)
        fed += each

    def committed():
        return sum(max(one, 0) for one, _ in cluster.offsets(members.group, members.topic).values())

    for _ in range(3):
        produce()
        before = committed()
        members.start("one")
        wait_until(lambda before=before: committed() > before + each // 2, "it goes on")
        produce()
        members.kill("one")
    produce()
    members.start("one")


def test_rollups_of_large_messages(bench):
    """Messages of several batches each: who is killed inside one begins it anew, and counts none of its lines twice."""
    topic, count, partitions, lines_each = bench.cluster.create("packed", 2), 63, 2, 1500

    def message(number):
        return gzip.compress(b"\n".join(line(number * lines_each + at, partitions, 0.2) for at in range(lines_each)), 1)

    members = Members(bench, topic, "packed")
    kill_inside_messages(members, message, count, partitions)
    recounted, _ = members.settle()
    bench.check(recounted > 0, "lines counted again")
    compare(bench, file_texts(members.runs), topic, messages_of(count, partitions, lines_each), "large messages")


def test_rollups_that_do_not_arrive(bench):
    """What an index has not got is counted again, be it of intervals that are long over."""
    topic = bench.cluster.create("lost", PARTITIONS)
    bench.cluster.produce_lines(topic, [line(number, PARTITIONS) for number in range(3000)], PARTITIONS)
    first = Members(bench, topic, "lost", "--rollups", f"opensearch+http://127.0.0.1:{free_port()}/sums", to_file=False)  # nobody listens there
    run = first.start("first")
    run.await_lines(1000)
    wait_until(lambda: bench.cluster.lag("lost", topic) < 3000, "something is committed")
    first.kill("first")
    bench.cluster.produce_lines(topic, [line(number, PARTITIONS) for number in range(3000, 9000)], PARTITIONS, first=3000)
    members = Members(bench, topic, "lost")
    members.start("second")
    recounted, _ = members.settle()
    bench.check(recounted > 0, "lines counted again")
    compare(bench, file_texts(members.runs), topic, messages_of(9000), "not arrived")


def test_rollups_of_open_intervals(bench):
    """What is open is written, too, again and again under one id, without a record that follows."""
    topic = bench.cluster.create("open", 1)
    members = Members(bench, topic, "open")
    run = members.start("one")
    for number in range(3):
        bench.cluster.produce_lines(topic, [line(number, 1)], first=number)
        wait_until(lambda number=number: len(file_texts([run])) > number, f"document {number}: {run.log()}")
    documents = [json.loads(text) for text in file_texts([run])]
    members.settle()
    bench.equal([(one["requests"], one["revision"]) for one in documents][-1][1], 3, "revision")
    bench.equal(len(file_texts([run])), len(documents), "nothing has changed since")
