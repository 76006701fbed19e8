#!/usr/bin/env python3
"""Roll-ups from outside: every document against sums that Python makes of the records (rollup_oracle.py), for all formats, any number of
workers and any order of files; runs that write none; and memory that does not suffice.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

What a real node makes of them is in tests/opensearch. Nothing here measures time.

Threads: one; some cases start the program beside it.
"""
import gzip
import json
import pathlib
import signal
import subprocess
import sys
from collections import Counter

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "listener")]
from black_box import (Bench, alb_line, alb_lines, argument_parser, at, parse_lines, read_summary, run_groups,  # noqa: E402
                       wait_until_signals_wait, write)
from client import Listener  # noqa: E402
from rollup_oracle import DAY_S, bytes_of, check_heat, order_of, seconds_of  # noqa: E402
from started_run import wait_until  # noqa: E402

FORMATS = ("alb nlb clb alb_connection alb_health_check vpc_flow vpc_flow_custom tgw_flow ga_flow cloudfront nginx haproxy envoy "
           "cloudfront_json waf alb_lambda_event alb_json envoy_json vpc_flow_json").split()
USAGE, REJECTS = 2, 3


class RollupBench(Bench):
    def run(self, *arguments, **settings):
        return self.program.run("run", *arguments, "--quiet", **{"cwd": self.directory, **settings})

    def compare(self, what, *arguments, code=0):
        """A run whose roll-ups are those of its records; returns both."""
        done = self.run(*arguments, "-o", "records", "--rollups", "heat")
        self.equal(done.code, code, f"{what}: exit ({done.err[:300]})")
        records, heat = parse_lines(self.read("records")), parse_lines(self.read("heat"))
        check_heat(self, heat, records, what)
        return records, heat

    def refuses(self, arguments, *words, stdin=b""):
        done = self.run(*arguments, stdin=stdin)
        self.equal(done.code, USAGE, f"{arguments}: exit ({done.err[:300]})")
        for word in words:
            self.check(word in done.err, f"{arguments}: {word!r} is not in {done.err[:300]!r}")


# --- what is counted --------------------------------------------------------------------------------------------------


def test_every_format(bench):
    located = 0
    for name in FORMATS:
        _, heat = bench.compare(name, bench.log(name + ".log", name, "--lines", "1500", "--clients", "400", "--seed", "5"))
        bench.equal(sum(one["requests"] for one in heat) >= 1450, True, f"{name}: nearly all lines are records")
        located += sum("geo" in one for one in heat)
    bench.check(located > 200, f"places: {located}")


def test_bytes_and_statuses_of_formats(bench):
    """The oracle would not notice that a format's column is not known to either."""
    for name, sends, has_status in (("alb", True, True), ("nlb", True, False), ("clb", True, True), ("cloudfront", True, True), ("nginx", True, True),
                                    ("haproxy", True, True), ("envoy", True, True), ("alb_json", True, True), ("envoy_json", True, True),
                                    ("cloudfront_json", True, True), ("vpc_flow", False, False), ("waf", False, None)):
        bench.run(bench.log("log", name, "--lines", "2000", "--seed", "6"), "-o", "records", "--rollups", "heat")
        heat = parse_lines(bench.read("heat"))
        bench.equal(sum(one["bytes"] for one in heat) > 0, sends, f"{name}: bytes")
        if has_status is not None:
            bench.equal(sum(one["status"]["4xx"] for one in heat) > 0, has_status, f"{name}: 4xx")


def test_mixed_formats_rejects_and_clients_that_are_not_known(bench):
    bench.log("mixed.log", "mixed", "--lines", "20000", "--seed", "8")
    with open(bench.directory / "mixed.log", "ab") as file:
        file.write(b"no log line\n" * 50)
    records, heat = bench.compare("mixed", "mixed.log", code=3)
    bench.equal(sum(one["requests"] for one in heat), len(records), "rejects are not counted")
    bench.log("nginx.log", "nginx", "--lines", "5000", "--seed", "9")
    _, heat = bench.compare("unresolved", "nginx.log", "--chain", "count:3")
    bench.check(any(one["zone"].startswith("unresolved:xff-") and "clients" not in one and "geo" not in one for one in heat),
                f"zones: {Counter(one['zone'] for one in heat)}")
    _, heat = bench.compare("no database", "nginx.log", "--no-geo")
    bench.equal({one["zone"] for one in heat}, {"unknown"}, "zones without a database")


def test_many_clients(bench):
    """More than are counted one by one."""
    _, heat = bench.compare("many", bench.log("log", "alb", "--lines", "60000", "--clients", "50000", "--seed", "4"))
    bench.check(max(one["clients"]["estimate"] for one in heat) > 2000, "a slot with many clients")


def test_odd_numbers(bench):
    """What no balancer writes, but lines may hold."""
    line, large = alb_line(1), str(2 ** 63 - 1)
    lines = [line, line.replace(" 814 57 ", f" 1 {large} "), line.replace(" 814 57 ", " 814 007 "), line.replace(" 814 57 ", " 814 - "),
             line.replace(" 814 57 ", f" 814 {2 ** 63} "), line.replace(" 814 57 ", " 814 -5 "), line.replace(" 200 200 ", " 0404 404 "),
             line.replace(" 200 200 ", " 499 200 "), line.replace(" 200 200 ", " 599 200 "), line.replace(" 200 200 ", " 600 200 "),
             line.replace(" 200 200 ", " 4000 200 "), line.replace(" 200 200 ", " 399 200 ")]
    lines += [alb_line(2, client=client) for client in ("10.0.0.1:80", "[2001:db8::1]:80", "::1:80", "255.255.255.255:1", "2a00:1450::1:443")]
    lines += [alb_line(3, time=time) for time in ("1970-01-01T00:00:00.000000Z", "1970-01-01T00:04:59.999999Z", "1970-01-01T00:05:00.000000Z",
                                                  "2261-12-31T23:59:59.999999Z", "2026-03-01T00:09:59.999999Z")]
    write(bench.directory / "log", "".join(one + "\n" for one in lines))
    records, _ = bench.compare("odd", "log", "-f", "alb_access")
    bench.equal(len(records), len(lines), "records")


def test_only_what_is_written(bench):
    bench.log("log", "alb", "--lines", "30000", "--seed", "3")
    for limit in (1, 777, 12345):
        for workers in (1, 3):
            records, _ = bench.compare(f"--limit {limit} -j {workers}", "log", "--limit", str(limit), "-j", str(workers))
            bench.equal(len(records), limit, "records")
    bench.compare("--since", "log", "--since", "2026-11-01T00:01:00", "--until", "2026-11-01T00:06:00")
    records, heat = bench.compare("no record", "log", "--since", "2030-01-01")
    bench.equal((records, heat), ([], []), "no record")


# --- the same documents -----------------------------------------------------------------------------------------------


def test_any_workers_any_order(bench):
    bench.equal(bench.generate.run("tree", bench.directory / "tree", "--seed", "2", "--files", "12", "--lines-per-file", "3000").code, 0, "tree")
    files = sorted(path for path in (bench.directory / "tree").rglob("*") if path.is_file())
    bench.check(len(files) >= 12, f"{len(files)} files")
    _, heat = bench.compare("tree", "tree", code=bench.run("tree", "-o", "x").code)
    first = bench.read("heat")
    for order in (files[::-1], files[5:] + files[:5]):
        for workers in (1, 2, 4):
            bench.run(*order, "-j", str(workers), "-o", "records", "--rollups", "heat")
            bench.check(bench.read("heat") == first, f"-j {workers}: other documents")
    ids = [one["event"]["id"] for one in heat]
    bench.run(*files[:6], "-o", "records", "--rollups", "heat")
    some = {json.dumps([one["@timestamp"], one.get("geo"), one["zone"]]): one["event"]["id"] for one in parse_lines(bench.read("heat"))}
    all_of = {json.dumps([one["@timestamp"], one.get("geo"), one["zone"]]): one["event"]["id"] for one in heat}
    bench.equal(len(set(ids)), len(ids), "ids")
    bench.check(some and all(all_of[slot] == own for slot, own in some.items()), "an id depends on what is counted alone, not on how much")


def test_whatever_is_written_beside_them(bench):
    """Schemas and fields are for records; a pipe that ends is an input as others."""
    bench.log("log", "cloudfront", "--lines", "4000", "--seed", "2")
    bench.compare("ecs", "log")
    first = bench.read("heat")
    for more in (["--schema", "flat"], ["--schema", "ss4o"], ["--fields=-client.geo,-http,-@timestamp"], ["--keep-original"]):
        done = bench.run("log", *more, "-o", "records", "--rollups", "heat")
        bench.equal(done.code, 0, f"{more}: {done.err}")
        bench.check(bench.read("heat") == first, f"{more}: other documents")
    bench.run("-o", "records", "--rollups", "heat", stdin=bench.read("log"))
    bench.check(bench.read("heat") == first, "stdin: other documents")
    write(bench.directory / "config.yaml", "inputs: [log]\noutput: records\nrollups: heat\n")
    bench.run("-c", "config.yaml")
    bench.check(bench.read("heat") == first, "config: other documents")
    bench.run("log", "-o", "records", "--rollups", "heat.gz")
    bench.equal(gzip.decompress(bench.read("heat.gz")), first, ".gz")
    bench.run("log", "-o", "records", "--rollups", "heat", "--append")
    bench.equal(bench.read("heat"), first + first, "--append")
    bench.equal((bench.directory / "heat.gz").stat().st_mode & 0o777, 0o600, "mode")
    bench.run("log", "-o", "records", "--rollups", "heat", "--summary", "summary")
    bench.equal(read_summary(bench.directory / "summary")["rollups"], {"documents": first.count(b"\n"), "folded": 0, "late": 0, "ahead": 0, "recounted": 0}, "summary")


def test_template_has_every_field(bench):
    bench.log("log", "alb", "--lines", "2000", "--seed", "2")
    bench.run("log", "-o", "records", "--rollups", "heat")
    printed = json.loads(bench.program.run("template", "--rollups").out)
    mapping = printed["component_templates"]["wherefrom-rollups"]["template"]["mappings"]
    bench.equal(printed["index_templates"]["wherefrom-rollups"],
                {"index_patterns": ["wherefrom-rollups"], "composed_of": ["wherefrom-rollups"], "priority": 200,
                 "_meta": {"description": "where wherefrom writes roll-ups"}}, "an ordinary index")
    paths = set()
    for document in parse_lines(bench.read("heat")):
        left = [((), document)]
        while left:
            path, value = left.pop()
            if isinstance(value, dict) and path != ("geo", "location"):
                left += [((*path, name), inner) for name, inner in value.items()]
            else:
                paths.add(path)
    for path in sorted(paths):
        field = mapping
        for name in path:
            field = field.get("properties", {}).get(name, {})
        bench.check("type" in field, f"{path}: no type")
    types = {path: at(mapping["properties"], path.replace(".", ".properties.") + ".type")
             for path in ("@timestamp", "geo.location", "geo.tile", "requests", "clients.estimate")}
    bench.equal(list(types.values()), ["date", "geo_point", "keyword", "long", "long"], "types")
    dated = json.loads(bench.program.run("template", "--rollups", "--index", "heat-{yyyy.MM.dd}").out)
    bench.equal(dated["index_templates"]["heat"]["index_patterns"], ["heat-*.*.*"], "--index with a date")
    bench.equal(bench.program.run("template", "--rollups", "--data-stream", "x").code, USAGE, "--data-stream")


def test_runs_that_go_on(bench):
    """Killed, stopped, run again with nothing new, with files that have grown, some of them by the rest of a line: always the documents of
    all that was written, as one run has them."""
    (bench.directory / "logs").mkdir()
    for seed in range(1, 5):
        bench.log(f"logs/{seed}.log", "alb", "--lines", "4000", "--seed", str(seed))
    packed = gzip.compress(bench.read("logs/2.log"))
    (bench.directory / "logs" / "2.log").unlink()
    write(bench.directory / "logs" / "2.log.gz", packed)
    write(bench.directory / "logs" / "5.log", "time c-ip\nno log line\n")
    arguments = ("run", "logs", "-o", "records", "--rejects", "rejects", "--rollups", "heat", "--state", "state", "-j", "2")
    records = bench.directory / "records"

    def grown_by(count):
        before = records.stat().st_size if records.exists() else 0
        wait_until(lambda: process.poll() is not None or (records.exists() and records.stat().st_size > before + count), "it goes on")

    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with bench.program.start(*arguments, cwd=bench.directory, stderr=subprocess.PIPE) as process:
            grown_by(2_000_000)
            process.send_signal(end)
            process.stderr.read()

    def goes_on(what, recounted, half=()):
        done = bench.run("logs", *arguments[2:], "--summary", "summary")
        bench.check(done.code in (0, REJECTS), f"{what}: exit ({done.err[:300]})")
        written = parse_lines(records.read_bytes())
        check_heat(bench, parse_lines(bench.read("heat")), [one for one in written if at(one, "event.id") not in half], what)
        bench.equal(len({at(record, "event.id") for record in written}), len(written), f"{what}: no record twice")
        bench.check(recounted(read_summary(bench.directory / "summary")["rollups"]["recounted"]), f"{what}: {done.err[-600:]}")
        return written

    goes_on("after kills", lambda count: count > 0)
    bench.equal(bench.run("logs", "-o", "x", "--rollups", "whole").code, REJECTS, "in one run")
    bench.check(bench.read("heat") == bench.read("whole"), "documents of one run")
    written = goes_on("nothing new", lambda count: count == 16002)
    bench.equal((len(written), len(bench.read("rejects").splitlines())), (16000, 2), "records, rejects")
    half = set()  # a record of the start of a line: two runs later nothing of it is in the log
    line = alb_line(1, time="2026-11-01T00:00:00.000000Z")
    for what, name, more, new in (("the start of a line", "3.log", line[:400], 1), ("its end", "3.log", line[400:], 1), ("its LF", "3.log", "\n", 0),
                                  ("a line without LF", "4.log", line, 1), ("its LF and another line", "4.log", "\n" + line.replace("item/1", "item/2") + "\n", 1)):
        with open(bench.directory / "logs" / name, "a", encoding="utf-8") as log:
            log.write(more)
        before = {at(record, "event.id") for record in written}
        written = goes_on(what, lambda count: count >= 16002, half if what not in ("the start of a line", "its end") else ())
        added = {at(record, "event.id") for record in written} - before
        bench.equal(len(added), new, f"{what}: new records")
        half |= added if what == "the start of a line" else set()
    (bench.directory / "logs" / "1.log").unlink()
    done = bench.program.run(*arguments, cwd=bench.directory)
    bench.check("1 files that were read are not among the inputs" in done.err, f"what is missing is said: {done.err}")


# --- streams ----------------------------------------------------------------------------------------------------------


def last_of(documents):
    """Of each id the one with the highest revision, as those of a run that ends would be."""
    last = {}
    for one in sorted(documents, key=lambda one: one["revision"]):
        last[one["event"]["id"]] = {name: value for name, value in one.items() if name not in ("part", "revision")}
    return sorted(last.values(), key=order_of)


def test_connections(bench):
    """A part of its own in each process, which nobody else's replaces. What is open is written while it goes on, the rest when it is over."""
    parts = []
    for again in ("first", "second"):
        (bench.directory / again).mkdir()
        listener = Listener(bench.program, bench.directory / again, "--rollups", bench.directory / again / "heat", "--rollups-every", "1")
        try:
            listener.send("".join(alb_line(number, time=f"2026-03-01T10:{number // 10:02}:00.000000Z") + "\n" for number in range(400)).encode())
            heat = bench.directory / again / "heat"
            wait_until(lambda: heat.exists() and heat.read_bytes().count(b"\n") >= 8, "documents of what is open")
            bench.equal(listener.process.poll(), None, "it goes on")
            listener.send("".join(alb_line(number, time=f"2026-03-01T10:{minute}:00.000000Z") + "\n"
                                  for number, minute in enumerate((38, 19, 20, 39, 59, 45))).encode())
            listener.await_written(406)
        finally:
            listener.end_soon()
        listener.stop()
        documents = parse_lines(heat.read_bytes())
        ahead = [one for one in listener.records if one["@timestamp"] < "2026-03-01T10:20"][-1:]  # the one of :19 came when :20 was over by 15 minutes
        records = [one for one in listener.records if one not in ahead]
        check_heat(bench, last_of(documents), records, again)
        bench.equal(listener.summary["rollups"]["late"], len(ahead), f"{again}: late")
        parts.append({one["part"] for one in documents})
        bench.check(len(parts[-1]) == 1 and documents[0]["part"].startswith("tcp/"), f"{again}: {parts}")
        bench.equal({one["revision"] for one in documents} - set(range(407)), set(), f"{again}: revisions")
    bench.check(parts[0] != parts[1], f"parts of two processes: {parts}")
    bench.check(not set(map(bytes, (line for line in (bench.directory / "first" / "heat").read_bytes().splitlines()))) &
                set((bench.directory / "second" / "heat").read_bytes().splitlines()), "ids of two processes")


def test_connections_ahead_of_the_clock(bench):
    """They would close all that is open."""
    listener = Listener(bench.program, bench.directory, "--rollups", bench.directory / "heat")
    try:
        listener.send("".join(alb_line(number, time=time) + "\n" for number, time in enumerate(
            ("2026-03-01T10:00:00.000000Z", "2200-03-01T10:00:00.000000Z", "2026-03-01T10:01:00.000000Z"))).encode())
        listener.await_written(3)
    finally:
        listener.end_soon()
    listener.stop()
    bench.equal([(one["@timestamp"], one["requests"]) for one in parse_lines(bench.read("heat"))], [("2026-03-01T10:00:00.000000Z", 2)], "documents")
    bench.equal((listener.summary["rollups"]["ahead"], listener.summary["records"]["written"]), (1, 3), "ahead, written")


# --- runs that write none ---------------------------------------------------------------------------------------------


def test_records_that_are_not_written(bench):
    bench.log("log", "alb", "--lines", "50000", "--seed", "2")
    done = bench.run("log", "-o", "/dev/full", "--rollups", "heat")
    bench.equal((done.code, bench.read("heat")), (1, b""), f"no room for records ({done.err[:200]})")
    done = bench.run("log", "-o", "records", "--rollups", "/dev/full")
    bench.equal(done.code, 1, f"no room for roll-ups ({done.err[:200]})")
    bench.check("/dev/full" in done.err, done.err[:200])
    done = bench.run("log", "-o", "records", "--rollups", "there/is/none")
    bench.equal(done.code, 1, "no such folder")
    bench.equal(bench.run("log", "--dry-run", "-o", "records", "--rollups", "none").code, 0, "--dry-run")
    bench.check(not (bench.directory / "none").exists(), "--dry-run writes nothing")
    with bench.program.start("run", "log", "--rollups", "heat", cwd=bench.directory, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.read(1000)
        process.stdout.close()
        err = process.stderr.read().decode()
        bench.equal((process.wait(60), bench.read("heat")), (0, b""), "a reader that goes away")
        bench.check("not written" in err, f"that is said: {err}")
    write(bench.directory / "cut.gz", gzip.compress(bench.read("log"))[:-100000])
    records, heat = bench.compare("an input that is damaged", "cut.gz", code=1)
    bench.check(0 < len(records) < 50000 and heat, "what could be read is written, and so are its sums")


def test_a_signal(bench):
    with bench.program.start("run", "-o", "records", "--rollups", "heat", cwd=bench.directory, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(alb_lines(1000))
        process.stdin.flush()
        wait_until_signals_wait(process)
        process.send_signal(signal.SIGTERM)
        err = process.stderr.read().decode()
        bench.check(process.wait(60) in (0, REJECTS), f"exit code: {err}")  # the last line may be cut short
        bench.equal(bench.read("heat"), b"", f"no roll-ups: {err}")
        bench.check("not written" in err, f"that is said: {err}")
        process.stdin.close()


def test_refused(bench):
    write(bench.directory / "log", alb_lines(3))
    write(bench.directory / "rejects", "{}\n")
    bench.refuses(["log", "--rollups", "-"], "stdout is for records")
    bench.refuses(["log", "--rollups", "ftp://x/y"], "expected a file, opensearch+http")
    bench.refuses(["log", "--rollups", "opensearch+http://user:secret@localhost/x"], "rollups")
    bench.check("secret" not in bench.run("log", "--rollups", "opensearch+http://user:secret@localhost/x").err, "a password is not shown")
    bench.refuses(["tcp://127.0.0.1:0", "log", "--rollups", "heat", "-o", "x"], "not of files beside streams", "tcp://127.0.0.1:0")
    bench.refuses(["kafka://localhost:1/t", "--rollups", "kafka://localhost:1/t", "-o", "x"], "would be read again")
    bench.refuses(["log", "--rollups", "kafka://localhost:1/t", "-o", "kafka://localhost:1/t"], "give them one of their own")
    bench.refuses(["kafka://localhost:1/t", "--rollups", "heat.gz", "-o", "x"], "a compressor holds some back")
    bench.refuses(["log", "--rollups", "same", "-o", "same"], "the same file")
    bench.refuses(["log", "--rollups", "log", "-o", "x"], "also an input")
    bench.refuses(["log", "--rollups", "opensearch+http://localhost/x", "-o", "opensearch+http://localhost/x"], "an index of their own")
    bench.refuses(["log", "--rollups", "heat", "-o", "x", "--opensearch", "gzip=true"], "--opensearch")
    write(bench.directory / "config.yaml", "inputs: [log]\noutput: x\nrollups: {kafka: {brokers: ['a:1'], topic: t, colour: red}}\n")
    bench.refuses(["-c", "config.yaml"], "colour", "config.yaml:3")
    done = bench.program.run("replay", "rejects", "--rollups", "heat", cwd=bench.directory)
    bench.check(done.code == USAGE and "would replace those of the whole" in done.err, f"replay: {done.err}")
    done = bench.program.run("check", "--rollups", "opensearch+http://localhost/heat", cwd=bench.directory)
    bench.check(b"rollups http://localhost:9200: index heat" in done.out, f"check: {done.out} {done.err}")


# --- memory -----------------------------------------------------------------------------------------------------------


def test_more_slots_than_memory(bench):
    """Sums over all documents stay right, and so do those of a day; every document says that single slots may not be."""
    count, day = 250000, 20000
    with open(bench.directory / "log", "wb") as log:
        for number in range(count):  # a slot each, in a year of 2025 to 2261, and some with more
            seconds = number * 7919 * 300 % (200 * 365 * DAY_S)
            stamp = f"{2025 + seconds // (365 * DAY_S):04}-{1 + seconds // (28 * DAY_S) % 12:02}-{1 + seconds // DAY_S % 28:02}T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:00.000000Z"
            log.write((alb_line(number, time=stamp) + "\n").encode() * (3 if number % day == 0 else 1))
    arguments = ("log", "-f", "alb_access", "--memory-max", "128M", "--no-geo", "--fields=+@timestamp,+http.response.bytes", "-o", "records", "--summary", "summary")
    first = None
    for workers in (1, 2):
        done = bench.program.run("run", *arguments, "--rollups", "heat", "-j", str(workers), cwd=bench.directory)
        bench.check(done.code == 0 and "folded for lack of memory" in done.err, f"exit {done.code}, and that is said: {done.err}")
        first = first or bench.read("heat")
        bench.check(bench.read("heat") == first, f"-j {workers}: other documents")
    records, heat = parse_lines(bench.read("records")), parse_lines(first)
    bench.check(100000 < len(heat) < count and read_summary(bench.directory / "summary")["rollups"]["folded"] > 100000, f"{len(heat)} documents")
    bench.equal({one.get("approx") for one in heat}, {True}, "all say so")
    bench.check(any(one["zone"] == "folded" and one["interval_s"] == DAY_S and "clients" not in one for one in heat), "slots that stand for others")
    days, found = Counter(), Counter()
    for record in records:
        days.update({(seconds_of(record) // DAY_S, "requests"): 1, (seconds_of(record) // DAY_S, "bytes"): bytes_of(record)})
    for one in heat:
        found.update({(seconds_of(one) // DAY_S, "requests"): one["requests"], (seconds_of(one) // DAY_S, "bytes"): one["bytes"]})
    bench.check(days == found, "sums of days")


if __name__ == "__main__":
    sys.exit(run_groups(argument_parser("tests of roll-ups"), globals(), RollupBench))
