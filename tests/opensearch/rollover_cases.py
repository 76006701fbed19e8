"""What the README promises of ids: known within one index, so that what is sent again comes twice only where a rollover lies between.

A data stream that rolled over takes the same id again, in its new index; with an index per day an id always meets its own."""
import subprocess

from black_box import read_summary
from started_run import wait_until

LINES = 20000
DATED = "-{yyyy.MM.dd}"


def prepare(bench, name):
    bench.logs = bench.folder / "web.log"
    bench.generate.run("alb", "--lines", str(LINES), "--clients", "500", "--seed", "23", "-o", bench.logs)
    done = bench.program.run("setup", f"opensearch+{bench.node.url}/{name}")
    bench.equal(done.code, 0, f"setup: {done.err}")


def load(bench, name, *more):
    """Whole, as `written` and `duplicates` of its summary."""
    summary = bench.folder / "summary.json"
    done = bench.program.run("run", bench.logs, "-o", f"opensearch+{bench.node.url}/{name}", "--origin", "web", "--rejects", bench.folder / "rejects.ndjson",
                             "--summary", summary, "--quiet", *more, timeout=300)
    records = read_summary(summary)["records"]
    bench.equal((done.code, records["rejected"]), (0, 0), f"a load: {done.err[:300]}")
    return records["written"], records["duplicates"]


def ids(bench, index):
    """Different ones, and documents."""
    bench.node.refresh(index)
    found = bench.node.search(index, size=0, aggs={"ids": {"terms": {"field": "event.id", "size": 3 * LINES}}})["aggregations"]["ids"]
    return len(found["buckets"]), sum(one["doc_count"] for one in found["buckets"]) + found["sum_other_doc_count"]


def test_a_load_before_and_behind_a_rollover(bench):
    name = "rolled"
    prepare(bench, name)
    bench.equal(load(bench, name), (LINES, 0), "first load")
    bench.equal(load(bench, name), (0, LINES), "the same again, no rollover")
    bench.equal(bench.node.count(name), LINES, "documents")
    bench.node.post(f"/{name}/_rollover")
    bench.equal(load(bench, name), (LINES, 0), "the same again behind a rollover: every id is taken a second time")
    bench.equal(bench.node.count(name), 2 * LINES, "documents behind a rollover")
    bench.equal(load(bench, name), (0, LINES), "and once more, no rollover")
    for index in (f".ds-{name}-000001", f".ds-{name}-000002"):
        bench.equal(ids(bench, index), (LINES, LINES), f"{index}: ids and documents")


def test_a_load_with_a_rollover_in_its_middle_and_again(bench):
    """What lies in the index before the rollover comes twice, what lies behind it does not."""
    name = "turning"
    prepare(bench, name)
    text = bench.logs.read_bytes()
    half = text.index(b"\n", len(text) // 2) + 1
    first, summary = text[:half].count(b"\n"), bench.folder / "middle.json"
    process = bench.program.start("run", "-", "-o", f"opensearch+{bench.node.url}/{name}", "--origin", "web", "--rejects", bench.folder / "middle-rejects.ndjson",
                                  "--summary", summary, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        process.stdin.write(text[:half])
        process.stdin.flush()
        wait_until(lambda: bench.node.count(name) == first, lambda: f"{bench.node.count(name)} of {first} documents")
        bench.node.post(f"/{name}/_rollover")
        process.stdin.write(text[half:])
        process.stdin.close()
        bench.equal(process.wait(120), 0, "exit code")
    finally:
        process.kill()
        process.wait()
    records = read_summary(summary)["records"]
    bench.equal((records["written"], records["duplicates"]), (LINES, 0), "a rollover in the middle of a load harms nothing")
    bench.equal(bench.node.count(f".ds-{name}-000001"), first, "documents before the rollover")
    bench.equal(ids(bench, name), (LINES, LINES), "ids and documents")
    bench.equal(load(bench, name), (first, LINES - first), "the load again: what was before the rollover is taken a second time, the rest is known")
    bench.equal(ids(bench, name), (LINES, LINES + first), "ids and documents behind it")
    bench.equal(ids(bench, f".ds-{name}-000002"), (LINES, LINES), "all of them are in the new index, once")


def test_indices_by_day_know_every_id(bench):
    """Whatever happens between two loads: there is nothing to roll over, and a day's index stays that day's."""
    name = "by-day"
    prepare(bench, name + DATED)
    killed = bench.program.start("run", bench.logs, "-o", f"opensearch+{bench.node.url}/{name}{DATED}", "--origin", "web", "--rejects", "/dev/null", "-j", "1",
                                 stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: killed.poll() is not None or bench.node.request("HEAD", f"/{name}-*?allow_no_indices=false")[0] == 200, "an index")
    finally:
        killed.kill()
        killed.wait()
    bench.node.refresh()
    before = bench.node.count(f"{name}-*")
    bench.check(before <= LINES, f"documents of a load that was killed: {before}")
    written, duplicates = load(bench, name + DATED)
    bench.equal(written + duplicates, LINES, "a whole load behind it")
    bench.check(duplicates >= before, f"{duplicates} duplicates, {before} documents were there")
    bench.equal(load(bench, name + DATED), (0, LINES), "and again")
    bench.equal(ids(bench, f"{name}-*"), (LINES, LINES), "ids and documents")
    days = bench.node.get(f"/{name}-*/_mapping")
    bench.check(days and all(one["mappings"]["properties"]["client"]["properties"]["ip"] == {"type": "ip"} for one in days.values()), f"days: {list(days)}")
