"""Replies that a node does not give when told to: cut off, no JSON, of somebody else; and requests as our own faults would make them. What is
sent again is seen in between.

Threads: one, and those of the proxy.
"""
import collections

from between import Between
from black_box import at, write
from failure_bench import (Fed, await_count, await_log, check_log, check_sums, check_there, day_line, index, lines, number_of, opensearch, settings,
                           url)


def test_only_what_is_left_is_sent_again(bench):
    """Of a request with items done, refused, blocked and there before, those that are blocked come again, in their order, and no others."""
    index(bench, "left-2026.03.01", {"user_agent": {"properties": {"original": {"type": "long"}}}})
    index(bench, "left-2026.03.02", index__blocks__read_only_allow_delete=True)
    texts = [day_line(number, 2 if number % 3 == 0 else 1).replace("curl/8.5.0", "odd" if number % 3 == 1 else "7") for number in range(300)]
    log = write(bench.folder / "a.log", "\n".join(texts) + "\n")
    before = bench.start(write(bench.folder / "b.log", "\n".join(texts[:60]) + "\n"), "--origin", "same", output=url(bench, "left-2026.03.03")).finish()
    with Between(bench.node) as between:
        run = bench.start(log, "--origin", "same", *opensearch(connections=1), output=url(bench, "left-{yyyy.MM.dd}", between.url))
        await_log(run, "429 cluster_block_exception")
        settings(bench, "left-2026.03.02", index__blocks__read_only_allow_delete=None)
        run.finish()
    first, *others = between.requests
    numbers = {at(document, "event.id"): number_of(document) for _, document in bench.node.documents("left-*")}
    blocked = [number for number in range(300) if number % 3 == 0]
    bench.equal(len(first.ids), 300, "documents of the first request")
    bench.check(len(others) >= 1, "it came again")
    bench.equal([[numbers[one] for one in request.ids] for request in others], [blocked] * len(others), "what came again")
    bench.equal(run.summary["opensearch"]["documents_again"], len(blocked) * len(others), "documents_again")
    check_sums(bench, run, "left", written=200, rejected={"refused": 100}, refused=100, requests=len(between.requests), requests_failed=0)
    bench.equal(sorted(one["original"] for one in run.rejects()), sorted(text for text in texts if '"odd"' in text), "rejects")
    bench.equal(before.summary["records"]["written"] + before.summary["records"]["rejected"], 60, "the run before")


def test_replies_that_are_cut_off(bench):
    """What was heard of before the cut is done, what was not comes again. So does all of it when the reply is empty or no reply at all."""
    def cut(request, reply):
        return {0: reply[:len(reply) * 2 // 3], 1: reply[:len(reply) // 2], 2: reply[:40], 3: b""}.get(request.number)

    with Between(bench.node) as between:
        between.spoil_reply = cut
        log = write(bench.folder / "a.log", lines(range(300)))
        run = bench.start(log, *opensearch(connections=1), output=url(bench, "cut", between.url)).finish()
    counts = [len(request.ids) for request in between.requests]
    bench.check(counts[0] == 300 > counts[1] > counts[2] > 0, f"documents of requests: {counts}")
    bench.equal(len(set(counts[2:])), 1, f"nothing heard, all again: {counts}")
    bench.equal(between.requests[1].ids, between.requests[0].ids[-counts[1]:], "the rest, in its order")
    check_there(bench, "cut", range(300), "cut")
    check_sums(bench, run, "cut", written=300 - counts[1], duplicates=counts[1], documents_again=sum(counts[1:]))
    bench.equal(run.process.returncode, 0, "exit code")
    check_log(bench, run, "cut", "trying again")


def test_answers_of_somebody_else(bench):
    """Proxies and captive portals: whatever they say with 2xx is believed only when it is a reply to _bulk."""
    answers = [(200, b"<html>Welcome</html>"), (200, b""), (200, b"{}"), (204, b""), (200, b'{"took":1,"items":"none"}'), (200, b'{"errors":false,"items":[]}'),
               (502, b"<html>Bad Gateway</html>"), (200, b"\xff\x00[[[["), (302, b"moved")]
    with Between(bench.node) as between:
        fed = Fed(bench, *opensearch(connections=1), output=url(bench, "else", between.url))
        fed.feed(range(100))
        await_count(bench, "else", 100, fed.run)
        begin = len(between.requests)
        between.spoil_request = lambda request: answers[request.number - begin] if request.number < begin + len(answers) else None
        fed.feed(range(100, 200))
        await_count(bench, "else", 200, fed.run)
        run = fed.stop()
    check_there(bench, "else", range(200), "else")
    check_sums(bench, run, "else", written=200)
    answered = collections.Counter(one for request in between.requests[begin:begin + len(answers)] for one in request.ids)
    bench.equal(between.sent(), answered + collections.Counter(between.sent().keys()), "as often as somebody else answered, and once more")
    bench.check(answered.total() >= len(answers), f"answers of somebody else: to {answered.total()} documents")
    check_log(bench, run, "else", "none to a _bulk request")


def test_faults_of_our_own(bench):
    """A request that no server takes: nothing is rejected for it, whatever it says."""
    def no_type(request):
        del request.headers["Content-Type"]

    def no_end(request):
        request.body = request.body[:-1]

    def other_action(request):
        request.body = request.body.replace(b'{"create":', b'{"crate":', 1)

    def nothing(request):
        request.body = b""

    for name, spoil, words in (("type", no_type, ("406",)), ("end", no_end, ("400 illegal_argument_exception", "newline")),
                               ("action", other_action, ("400 illegal_argument_exception", "crate")), ("empty", nothing, ("400 parse_exception",))):
        with Between(bench.node) as between:
            between.spoil_request = spoil
            fed = Fed(bench, *opensearch(connections=1), output=url(bench, f"own-{name}", between.url))
            fed.feed(range(10))
            await_log(fed.run, *words)
            bench.check(fed.run.process.poll() is None and not fed.run.rejects(), f"{name}: it goes on, without rejects")
            between.spoil_request = lambda _: None
            await_count(bench, f"own-{name}", 10, fed.run)
            run = fed.stop()
        check_sums(bench, run, name, written=10)
        check_there(bench, f"own-{name}", range(10), name)
        check_log(bench, run, name, "the server does not understand the request")
