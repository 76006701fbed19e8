"""What somebody has to put right: nothing is rejected for it, nothing committed past it, nothing that is done is done again; it is said once, and
the run goes on by itself when the cause is gone.

Threads: one.
"""
import dataclasses
import pathlib
import time
from collections.abc import Callable

from black_box import alb_line, write
from broker import Broker
from failure_bench import (Fed, await_count, await_log, check_log, check_sums, check_there, day_line, index, position, settings, url)
from java_server import NotInstalled
from kafka_cluster import Cluster


@dataclasses.dataclass
class Trouble:
    name: str
    begin: Callable
    end: Callable
    words: tuple
    first: Callable | None = None  # what has to be there before
    parameters: dict = dataclasses.field(default_factory=dict)
    forgets: bool = False  # what was written before is lost by it


def block(name, which, words):
    return Trouble(name, lambda node: node.put(f"/{name}/_settings", {f"index.blocks.{which}": True}),
                   lambda node: node.put(f"/{name}/_settings", {f"index.blocks.{which}": None}), words)


def pipeline(node):
    node.put("/_ingest/pipeline/comes-and-goes", {"processors": []})


TROUBLES = (
    block("blocked", "write", ("403 cluster_block_exception", "index.blocks.write")),
    block("read-only", "read_only", ("403 cluster_block_exception", "index.blocks.write, .read_only")),
    block("flooded", "read_only_allow_delete", ("429 cluster_block_exception", "free or add disk space")),
    Trouble("closed", lambda node: node.post("/closed/_close"), lambda node: node.post("/closed/_open"),
            ("400 index_closed_exception", "POST NAME/_open")),
    Trouble("not-here", lambda node: node.delete("/not-here"), lambda node: node.put("/not-here"),
            ("404 index_not_found_exception", "wherefrom setup", "action.auto_create_index"), forgets=True),
    Trouble("no-pipeline", lambda node: node.delete("/_ingest/pipeline/comes-and-goes"), pipeline,
            ("400 illegal_argument_exception", "comes-and-goes", "the ingest pipeline does not exist"), first=pipeline,
            parameters={"pipeline": "comes-and-goes"}),
)


def test_troubles_in_the_middle(bench):
    """All of them at a time, each with a run of its own."""
    bench.node.cluster_settings(action__auto_create_index="-not-here,+*")
    feds = {}
    for one in TROUBLES:
        if one.first:
            one.first(bench.node)
        index(bench, one.name)
        feds[one.name] = Fed(bench, name=one.name, output=url(bench, one.name, **one.parameters))
        feds[one.name].feed(range(100))
    for one in TROUBLES:
        await_count(bench, one.name, 100, feds[one.name].run)
        one.begin(bench.node)
        feds[one.name].feed(range(100, 300))
    for one in TROUBLES:
        await_log(feds[one.name].run, *one.words)
    for one in TROUBLES:
        bench.check(feds[one.name].run.process.poll() is None and not feds[one.name].run.rejects(), f"{one.name}: goes on, without rejects")
        one.end(bench.node)
        feds[one.name].feed(range(300, 400))
    for one in TROUBLES:
        expected = range(100 if one.forgets else 0, 400)
        await_count(bench, one.name, len(expected), feds[one.name].run)
        run = feds[one.name].stop()
        bench.equal(run.process.returncode, 0, f"{one.name}: exit code")
        check_there(bench, one.name, expected, one.name)
        check_sums(bench, run, one.name, written=400)
        bench.check(run.summary["opensearch"]["documents_again"] > 0, f"{one.name}: sent again")
        check_log(bench, run, one.name, *one.words)


def test_half_of_a_file_is_blocked(bench):
    """Lines of two days in turn, one of which nobody may write to: the others are written, and not again while it lasts. SIGTERM ends it, with
    nothing committed past the first line that is left; the next run does the rest."""
    good, bad = 700, 700
    texts = [day_line(number, 2 if number >= good and number % 2 else 1) for number in range(good + 2 * bad)]
    log = write(bench.folder / "a.log", "\n".join(texts) + "\n")
    first_bad = len("\n".join(texts[:good + 1])) + 1  # where it begins
    numbers = {1: [number for number in range(good + 2 * bad) if number < good or number % 2 == 0], 2: list(range(good + 1, good + 2 * bad, 2))}
    index(bench, "half-2026.03.02", index__blocks__write=True)
    state = bench.folder / "state"
    options = {"name": "half", "output": url(bench, "half-{yyyy.MM.dd}"), "env": {"WHEREFROM_CHECKPOINT_MS": "5"}}
    run = bench.start(log, "--state", state, "--shutdown-timeout", "2", **options)
    await_log(run, "403 cluster_block_exception")
    await_count(bench, "half-2026.03.01", len(numbers[1]), run)
    time.sleep(1.5)  # it tries again meanwhile
    run.process.terminate()
    bench.equal(run.wait(), 1, f"exit code: {run.log()[-1000:]}")
    check_log(bench, run, "blocked", "--shutdown-timeout", "records are not confirmed")
    bench.equal((run.rejects(), bench.node.count("half-2026.03.02")), ([], 0), "rejects, documents of that day")
    bench.check(position(state) <= first_bad, f"committed up to {position(state)}, the first line that is left begins at {first_bad}")
    before = position(state)

    settings(bench, "half-2026.03.02", index__blocks__write=None)
    again = bench.start(log, "--state", state, **options).finish()
    bench.equal(again.process.returncode, 0, "exit code of the next run")
    check_there(bench, "half-2026.03.01", numbers[1], "half")
    check_there(bench, "half-2026.03.02", numbers[2], "half")
    skipped = log.read_bytes()[:before].count(b"\n")
    check_sums(bench, again, "the rest", written=bad, duplicates=good + bad - skipped, documents_again=0)


def test_kafka_waits(bench):
    """What the index does not take is not committed in the topic, nor is anything behind it; SIGTERM ends the run, and the next one takes it
    up from there."""
    try:
        broker = Broker(bench.folder / "broker")
    except NotInstalled as why:
        bench.check(True, print(f"     skipped: {why}"))
        return
    with broker:
        cluster = Cluster(pathlib.Path(bench.program.path).parent / "tests" / "kafka_admin", broker.address)
        topic = cluster.create("logs", 2)

        def produce(numbers):
            cluster.produce_lines(topic, (alb_line(number).encode() for number in numbers), 2)

        def committed():
            return sum(max(position, 0) for position, _ in cluster.offsets("index", topic).values())

        def start(*options):
            return bench.start(f"kafka://{cluster.address}/{topic}?group=index", *options, name="kafka", output=url(bench, "kafka"),
                               librdkafka=("session.timeout.ms=3000", "heartbeat.interval.ms=500"))

        index(bench, "kafka")
        produce(range(1000))
        run = start("--shutdown-timeout", "2")
        cluster.await_lag("index", topic, runs=[run])
        settings(bench, "kafka", index__blocks__write=True)
        produce(range(1000, 3000))
        await_log(run, "403 cluster_block_exception")
        time.sleep(2)  # commits are made every second or sooner
        bench.equal((committed(), bench.node.count("kafka"), run.rejects()), (1000, 1000, []), "committed, documents, rejects")
        run.process.terminate()
        bench.equal(run.wait(), 1, f"exit code: {run.log()[-1000:]}")
        check_log(bench, run, "stopped", "--shutdown-timeout", "records are not confirmed")
        bench.equal(committed(), 1000, "committed after the end")
        run = start()
        await_log(run, "403 cluster_block_exception")
        settings(bench, "kafka", index__blocks__write=None)
        cluster.await_lag("index", topic, runs=[run])
        run.stop()
    check_there(bench, "kafka", range(3000), "kafka")
    check_sums(bench, run, "kafka", written=2000)
    bench.equal(run.process.returncode, 0, "exit code")
