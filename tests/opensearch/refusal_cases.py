"""What OpenSearch says of single documents: refused, there already, or how it shall change them. Each ends in its right place, once.

Threads: one.
"""
from black_box import alb_line, at, write
from failure_bench import CLIENT, check_log, check_sums, check_there, index, lines, opensearch, url
from started_run import wait_until

LONG = {"user_agent": {"properties": {"original": {"type": "long"}}}}  # an agent that is a number fits


def check_rejects(bench, run, what, expected, error_type, detail):
    """`expected`: lines. Each is there with all that the server says and all that replay needs."""
    rejects = [one for one in run.rejects() if one["stage"] == "sink"]
    bench.equal(sorted(one["original"] for one in rejects), sorted(expected), f"{what}: originals")
    bench.equal({(one["reason"], one["status"], one["error_type"]) for one in rejects}, {("refused", 400, error_type)}, f"{what}: reason, status, type")
    bench.check(all(detail in one["detail"] for one in rejects), f"{what}: details such as {rejects[0]['detail']!r}")
    return {one["event_id"] for one in rejects}


def test_documents_that_do_not_fit(bench):
    """They are rejects, with what the server says; the others are written. When the template is put right, replay brings them, under the same
    ids."""
    name, count = "fits", 5000

    def template(**properties):
        bench.node.put(f"/_index_template/{name}", {"index_patterns": [name], "priority": 200, "data_stream": {},
                                                    "template": {"mappings": {"properties": {**CLIENT, **properties}}}})

    template(**LONG)
    bad = set(range(3, count, 7))
    texts = [alb_line(number, agent="curl/8.5.0" if number in bad else str(number)) for number in range(count)]
    log = write(bench.folder / "a.log", "\n".join(texts) + "\nno line\n")
    run = bench.start(log, output=url(bench, name, templates=False)).finish()
    bench.equal(run.process.returncode, 3, "exit code")
    check_sums(bench, run, "run", written=count - len(bad), rejected={"refused": len(bad), "unknown-format": 1}, refused=len(bad), documents_again=0,
               requests_failed=0)
    check_there(bench, name, set(range(count)) - bad, "run")
    identities = check_rejects(bench, run, "run", [texts[number] for number in bad], "mapper_parsing_exception",
                               "failed to parse field [user_agent.original] of type [long]")

    template()
    bench.node.post(f"/{name}/_rollover")
    left = bench.folder / "left.ndjson"
    for what in ("replay", "replay again"):
        result = bench.program.run("replay", run.rejected, "--no-geo", "--rejects", left, "-o", url(bench, name, templates=False))
        bench.equal(result.code, 3, f"{what}: exit code, of the line that is none")
        check_there(bench, name, range(count), what)
    bench.equal(len(left.read_bytes().splitlines()), 1, "what is left")
    there = {identity for identity, document in bench.node.documents(name) if at(document, "user_agent.original") == "curl/8.5.0"}
    bench.equal(there, identities, "ids of what was replayed")


def test_strict_mapping(bench):
    """A field that the index does not have and takes from nobody."""
    index(bench, "strict", dynamic="strict", properties={"@timestamp": {"type": "date"}, "event": {"properties": {"id": {"type": "keyword"}}},
                                                         "url": {"properties": {"original": {"type": "keyword"}}}})
    log = write(bench.folder / "a.log", "".join(alb_line(number, agent="-" if number % 2 else "curl") + "\n" for number in range(500)))
    run = bench.start(log, "--fields", "+@timestamp,+event.id,+url.original,+user_agent.original", output=url(bench, "strict")).finish()
    odd = range(1, 500, 2)
    check_there(bench, "strict", odd, "strict")
    check_sums(bench, run, "strict", written=250, rejected={"refused": 250}, refused=250, documents_again=0)
    check_rejects(bench, run, "strict", [alb_line(number, agent="curl") for number in range(0, 500, 2)], "strict_dynamic_mapping_exception",
                  "dynamic introduction of [user_agent]")


def test_no_timestamp(bench):
    """A data stream wants one, which a pipeline may have taken away."""
    bench.node.put("/_ingest/pipeline/timeless", {"processors": [{"remove": {"field": "@timestamp"}}]})
    bench.node.put("/_index_template/timeless", {"index_patterns": ["timeless"], "priority": 200, "data_stream": {}})
    log = write(bench.folder / "a.log", lines(range(10)))
    run = bench.start(log, "--opensearch", "check_mapping=false", output=url(bench, "timeless", templates=False, pipeline="timeless")).finish()
    check_sums(bench, run, "no @timestamp", written=0, rejected={"refused": 10}, refused=10, documents_again=0)
    check_rejects(bench, run, "no @timestamp", lines(range(10)).decode().splitlines(), "mapper_parsing_exception", "failed to parse")
    check_there(bench, "timeless", [], "no @timestamp")


def test_same_file_twice(bench):
    """Duplicates are counted as such, whether all are or some."""
    log = write(bench.folder / "a.log", lines(range(4000)))
    for what, count, written, duplicates in (("first", 4000, 4000, 0), ("again", 4000, 0, 4000), ("and more", 6000, 2000, 4000)):
        log.write_bytes(lines(range(count)))
        run = bench.start(log, output=url(bench, "twice")).finish()
        bench.equal(run.process.returncode, 0, f"{what}: exit code")
        check_sums(bench, run, what, written=written, duplicates=duplicates, documents_again=0, requests_failed=0)
        bench.equal(run.summary["records"]["read"], count, f"{what}: read")
        check_there(bench, "twice", range(count), what)
        bench.check("opensearch: " not in run.log(), f"{what}: nothing to complain about: {run.log()}")


def test_pipeline(bench):
    """What ?pipeline= names is applied; a document that it fails at is a reject when others pass it."""
    def mark(field):
        return {"processors": [{"fail": {"if": "ctx.url.original.endsWith('/13?x=1')", "message": "thirteen"}}, {"set": {"field": field, "value": "yes"}}]}

    bench.node.put("/_ingest/pipeline/mark.one", mark("marked"))
    log = write(bench.folder / "a.log", lines(range(1000)))
    run = bench.start(log, output=url(bench, "marked", pipeline="mark.one")).finish()
    check_there(bench, "marked", set(range(1000)) - {13}, "pipeline")
    bench.equal({document["marked"] for _, document in bench.node.documents("marked")}, {"yes"}, "marked by it")
    check_sums(bench, run, "pipeline", written=999, rejected={"refused": 1}, refused=1)
    bench.equal([(one["original"], one["error_type"], "thirteen" in one["detail"]) for one in run.rejects()],
                [(alb_line(13), "fail_processor_exception", True)], "the one that it fails at")
    check_log(bench, run, "pipeline", "thirteen", "the ingest pipeline fails")
