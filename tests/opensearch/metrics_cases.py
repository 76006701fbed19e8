"""What --metrics says of an OpenSearch output, while it takes nothing and when it has all: as much as the summary says then."""
import os

from black_box import alb_line, write
from failure_bench import lines, url
from pressure_cases import Gate
from metrics_page import await_settled, page_of
from started_run import wait_until

COUNT, BAD = 3000, 40


def hold(bench):
    """An input that goes on: its path, and a descriptor that ends it when it is closed."""
    path = bench.folder / "held"
    os.mkfifo(path)
    return path, os.open(path, os.O_RDWR)


def test_metrics(bench):
    log = write(bench.folder / "a.log", lines(range(COUNT)))
    bench.start(log, output=url(bench, "watched")).finish()  # what is there before
    write(log, lines(range(COUNT + 500)) + b"no line\n")
    held, descriptor = hold(bench)
    with Gate(bench.folder, bench.node.port, retry_after_s=1) as gate:
        run = bench.start([log, held], "--metrics", "0",
                          output=url(bench, "watched", templates=False).replace(str(bench.node.port), str(gate.port)))
        await_settled(run, COUNT + 501)
        gate.close()
        os.write(descriptor, lines(range(100)))
        wait_until(lambda: len(gate.refused()) >= 3, "requests that are refused")
        page = page_of(run)
        bench.check(page.value("oldest_unsettled_seconds") > 0 and page.value("output_pending_records", output="main") > 0, "what waits is shown")
        gate.open()
        page = await_settled(run, COUNT + 601)
        os.close(descriptor)
        run.finish()
    found = run.summary["opensearch"]
    for metric, member in (("documents", "documents"), ("duplicates", "duplicates"), ("refused", "refused"), ("requests", "requests"),
                           ("requests_failed", "requests_failed"), ("documents_retried", "documents_again")):
        bench.equal(page.value(f"opensearch_{metric}_total", output="main"), found[member], metric)
    bench.equal(page.by("records_total", "outcome"), {"written": 600, "duplicate": COUNT, "rejected": 1, "skipped": 0}, "lines")
    bench.equal((page.sum("output_records_total"), page.sum("output_duplicates_total")), (600, COUNT), "what the output took")
    bench.equal(page.value("output_written_bytes_total", output="main"), found["bytes_sent"], "bytes")
    bench.check(page.value("opensearch_throttled_total", output="main") >= 1, "answers that say to come later")


def test_metrics_of_what_is_refused(bench):
    bench.node.put("/watched-strict", {"mappings": {"properties": {"user_agent": {"properties": {"original": {"type": "long"}}}}}})
    log = write(bench.folder / "a.log", "".join(alb_line(number, agent="curl" if number < BAD else str(number)) + "\n" for number in range(COUNT)))
    held, descriptor = hold(bench)
    run = bench.start([log, held], "--metrics", "0", "--opensearch", "check_mapping=false", output=url(bench, "watched-strict", templates=False))
    page = await_settled(run, COUNT)
    os.close(descriptor)
    run.finish()
    bench.equal(page.by("records_total", "outcome", format="alb_access"), {"written": COUNT - BAD, "duplicate": 0, "rejected": BAD, "skipped": 0}, "lines")
    bench.equal((page.value("rejects_total", reason="refused"), page.sum("output_refused_total"), page.sum("opensearch_refused_total")), (BAD, BAD, BAD),
                "refused")
