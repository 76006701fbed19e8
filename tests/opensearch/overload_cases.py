"""A node that hangs, dies, waits for a shard, or has too much to do: what it did not take comes again, and nothing else does.

Threads: one.
"""
import time

from black_box import alb_line, write
from failure_bench import Fed, await_count, await_log, check_log, check_sums, check_there, index, lines, opensearch, settings, url
from node import Node


def check_all(bench, run, what, count, target=None):
    """Each once, however often the server was asked to take it."""
    duplicates = run.summary["records"]["duplicates"]
    bench.equal(run.process.returncode, 0, f"{what}: exit code")
    check_there(bench, target or what, range(count), what)
    check_sums(bench, run, what, written=count - duplicates, duplicates=duplicates)


def test_node_that_hangs(bench):
    """Connections are taken, nothing is answered: the same again after the time-out. What the node finds in its sockets when it wakes up
    makes duplicates of what was sent again."""
    fed = Fed(bench, *opensearch(timeout=2), output=url(bench, "hangs"))
    fed.feed(range(100))
    await_count(bench, "hangs", 100, fed.run)
    bench.node.pause()
    fed.feed(range(100, 300))
    await_log(fed.run, "Less than 1 bytes/sec")
    bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
    bench.node.resume()
    fed.feed(range(300, 400))
    await_count(bench, "hangs", 400, fed.run)
    run = fed.stop()
    check_all(bench, run, "hangs", 400)
    check_log(bench, run, "hangs", "http://127.0.0.1")
    bench.check(200 <= run.summary["opensearch"]["documents_again"] <= 3000, f"sent again: {run.summary['opensearch']}")


def test_node_that_dies(bench):
    """While it indexes, and comes back with what it had said it had."""
    fed = Fed(bench, output=url(bench, "dies"))
    fed.feed(range(100))
    await_count(bench, "dies", 100, fed.run)
    fed.feed(range(100, 5000))
    bench.node.kill()
    fed.feed(range(5000, 6000))  # it may have had all the others
    await_log(fed.run, "onnect")
    time.sleep(1)
    bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
    bench.node.start()
    fed.feed(range(6000, 7000))
    await_count(bench, "dies", 7000, fed.run)
    run = fed.stop()
    check_all(bench, run, "dies", 7000)
    check_log(bench, run, "dies", "http://127.0.0.1")
    bench.check(run.summary["opensearch"]["requests_failed"] > 0, f"requests: {run.summary['opensearch']}")


def test_shard_without_a_node(bench):
    """The server waits for one, less long than we wait for it: it can say what is missing."""
    nobody = {"index__routing__allocation__require___name": "nobody"}
    index(bench, "nobody", **nobody)
    fed = Fed(bench, *opensearch(timeout=4), output=url(bench, "nobody"))
    fed.feed(range(300))
    await_log(fed.run, "503 unavailable_shards_exception", "primary shard is not active")
    bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
    settings(bench, "nobody", **dict.fromkeys(nobody))
    await_count(bench, "nobody", 300, fed.run)
    run = fed.stop()
    check_sums(bench, run, "nobody", written=300, requests_failed=0)
    check_there(bench, "nobody", range(300), "nobody")
    check_log(bench, run, "nobody")


def test_breaker(bench):
    """429 for the whole request, until there is room again."""
    fed = Fed(bench, output=url(bench, "breaker"))
    fed.feed(range(100))
    await_count(bench, "breaker", 100, fed.run)
    bench.node.cluster_settings(network__breaker__inflight_requests__limit="10kb")
    fed.feed(range(100, 400))
    await_log(fed.run, "429 circuit_breaking_exception")
    bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
    bench.node.cluster_settings(network__breaker__inflight_requests__limit=None)
    await_count(bench, "breaker", 400, fed.run)
    run = fed.stop()
    check_sums(bench, run, "breaker", written=400)
    check_there(bench, "breaker", range(400), "breaker")
    check_log(bench, run, "breaker")
    counts = run.summary["opensearch"]
    bench.check(counts["requests_failed"] > 0 and counts["documents_again"] > 0, f"requests: {counts}")


def test_node_for_little(bench):
    """Room for few bytes, then threads for few requests, and none for large ones."""
    pressure = {"indexing_pressure.memory.limit": "32kb"}
    little = {"thread_pool.write.size": 1, "thread_pool.write.queue_size": 1, "http.max_content_length": "200kb"}
    with Node(bench.folder / "node", settings={**little, **pressure}) as node:
        bench.node = node
        fed = Fed(bench, output=url(bench, "pressed"))
        fed.feed(range(300))
        await_log(fed.run, "429 rejected_execution_exception: rejected execution of coordinating operation")
        node.settings = little
        node.restart()
        await_count(bench, "pressed", 300, fed.run)
        run = fed.stop()
        check_all(bench, run, "pressed", 300)

        index(bench, "busy", index__number_of_shards=8)
        log = write(bench.folder / "busy.log", lines(range(2000)))
        run = bench.start(log, output=url(bench, "busy")).finish()
        check_sums(bench, run, "busy", written=2000)
        check_there(bench, "busy", range(2000), "busy")
        bench.check(run.summary["opensearch"]["documents_again"] > 100, f"sent again: {run.summary['opensearch']}")
        check_log(bench, run, "busy")

        large = [alb_line(number, agent="x" * 250000) for number in (10, 11, 499)]
        texts = [large.pop(0) if number in (10, 11, 499) else alb_line(number) for number in range(500)]
        run = bench.start(write(bench.folder / "large.log", "\n".join(texts) + "\n"), output=url(bench, "large")).finish()
        check_sums(bench, run, "large", written=497, rejected={"too-large": 3}, refused=3)
        check_there(bench, "large", set(range(500)) - {10, 11, 499}, "large")
        bench.equal([(one["reason"], one["status"], one["truncated"], one["origin"]["line"]) for one in run.rejects()],
                    [("too-large", 413, True, number + 1) for number in (10, 11, 499)], "rejects")
        check_log(bench, run, "large")
