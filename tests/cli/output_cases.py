"""What is written: output, rejects, summary and messages, and what happens when they cannot be."""
import base64
import gzip
import json
import os
import stat
import subprocess

from black_box import alb_line, alb_lines, at, parse_lines

FAILED, USAGE, REJECTS = 1, 2, 3


def test_outputs_that_cannot_be_written(bench):
    log = bench.write("a.log", alb_lines(50) + b"no record\n")
    (bench.directory / "directory").mkdir()
    bench.fails(["run", log, "-o", "directory"], FAILED, "output", "directory", "Is a directory")
    bench.fails(["run", log, "-o", "missing/out.ndjson"], FAILED, "missing/out.ndjson", "No such file")
    bench.fails(["run", log, "-o", "/dev/full"], FAILED, "/dev/full", "No space left")
    bench.fails(["run", log, "-o", "out.ndjson", "--rejects", "missing/rejects"], FAILED, "missing/rejects")
    bench.fails(["run", log, "-o", "out.ndjson", "--rejects", "/dev/full"], FAILED, "/dev/full", "No space left")
    bench.fails(["run", log, "-o", "out.ndjson", "--summary", "missing/summary"], FAILED, "missing/summary")
    bench.fails(["run", log, "-o", "out.ndjson", "--summary", "/dev/full"], FAILED, "/dev/full")
    with open("/dev/full", "wb") as full:
        for arguments in (["run", log], ["run", log, "-j", "4", "--read-size", "100"]):
            done = subprocess.run([bench.program.path, *arguments], stdout=full, stderr=subprocess.PIPE, timeout=60, check=False)
            bench.check(done.returncode == FAILED and b"No space left" in done.stderr, f"a full stdout: {done.returncode} {done.stderr[:200]}")
    os.symlink("/dev/full", bench.directory / "full.gz")
    bench.fails(["run", log, "-o", "full.gz"], FAILED, "full.gz", "No space left")


def test_output_that_is_an_input(bench):
    content = alb_lines(3)
    log = bench.write("a.log", content)
    os.symlink("a.log", bench.directory / "link.log")
    os.link(log, bench.directory / "hard.log")
    bench.write("logs/b.log", content)
    for arguments in (["a.log", "-o", "a.log"], ["a.log", "-o", "link.log"], ["a.log", "-o", "./hard.log"], ["a.log", "--rejects", "a.log"],
                      ["a.log", "--summary", "a.log"], ["logs", "-o", "logs/b.log"], ["a.log", "-o", "a.log", "--append"]):
        bench.fails(["run", *arguments], USAGE, "input")
        bench.check(log.read_bytes() == content and bench.read("logs/b.log") == content, f"{arguments}: an input was written to")
        log.write_bytes(content)
    bench.write("out.ndjson", b"")
    os.symlink("out.ndjson", bench.directory / "other-name.ndjson")
    bench.fails(["run", "a.log", "-o", "out.ndjson", "--rejects", "other-name.ndjson"], USAGE, "other-name.ndjson")


def test_reader_that_goes_away(bench):
    bench.write("a.log", alb_lines(20000))
    script = '"$0" run a.log -j 4 2> errors | head -n 1 > first; echo "${PIPESTATUS[0]}"'
    done = subprocess.run(["bash", "-c", script, bench.program.path], cwd=bench.directory, stdout=subprocess.PIPE, timeout=60, check=False)
    bench.equal(done.stdout.strip(), b"0", "exit code")
    bench.equal(bench.read("errors"), b"", "stderr")
    bench.equal(len(parse_lines(bench.read("first"))), 1, "lines that head got")


def test_gzip_output(bench):
    bench.write("a.log", alb_lines(3000))
    plain = bench.run("run", "a.log", "--quiet").out
    packed = {}
    for workers, size in (("1", "256K"), ("4", "1K")):
        result = bench.run("run", "a.log", "-o", "out.ndjson.gz", "-j", workers, "--read-size", size, "--quiet")
        bench.equal((result.code, result.out), (0, b""), "code and stdout")
        packed[workers] = bench.read("out.ndjson.gz")
        bench.check(gzip.decompress(packed[workers]) == plain, "the unpacked output is not what stdout gets")
    bench.equal(packed["1"] == packed["4"], True, "packed bytes are the same however they were made")
    bench.check(len(packed["1"]) < len(plain) // 3, "it is not packed")
    bench.run("run", "a.log", "-o", "out.ndjson.gz", "--append", "--quiet")
    bench.check(gzip.decompress(bench.read("out.ndjson.gz")) == plain * 2, "--append does not add to a packed output")
    empty = bench.run("run", "-o", "none.gz", "--quiet", stdin=b"")
    bench.equal((empty.code, gzip.decompress(bench.read("none.gz"))), (0, b""), "an empty packed output")


def test_append_and_anew(bench):
    bench.write("a.log", alb_lines(2) + b"no record\n")
    arguments = ["run", "a.log", "-o", "out.ndjson", "--rejects", "rejects"]
    for options, count in (([], 1), ([], 1), (["--append"], 2), (["--append"], 3), ([], 1)):
        bench.equal(bench.run(*arguments, *options).code, REJECTS, f"{options}: exit code")
        bench.equal(bench.read("out.ndjson").count(b"\n"), 2 * count, f"{options}: records")
        bench.equal(bench.read("rejects").count(b"\n"), count, f"{options}: rejects")
    for name in ("out.ndjson", "rejects"):
        mode = stat.S_IMODE((bench.directory / name).stat().st_mode)
        bench.equal(mode, 0o600, f"mode of {name}: logs hold personal data")


def test_dry_run(bench):
    bench.write("a.log", alb_lines(2) + b"no record\n")
    kept = bench.write("kept.ndjson", "from before\n")
    result, summary = bench.counted("run", "a.log", "-o", "kept.ndjson", "--rejects", "rejects", "--dry-run")
    bench.equal((result.code, result.out), (REJECTS, b""), "code and stdout")
    bench.equal(kept.read_bytes(), b"from before\n", "the output of before")
    bench.check(not (bench.directory / "rejects").exists(), "a dry run made a rejects file")
    bench.equal((summary["records"]["read"], summary["records"]["rejected"]), (3, 1), "what was counted")


def test_quiet_and_messages(bench):
    bench.write("a.log", alb_lines(2))
    bench.write("bad.log", alb_lines(2) + b"no record\n")
    bench.equal(bench.run("run", "a.log", "--quiet").err, "", "stderr of a quiet run")
    loud = bench.run("run", "a.log")
    for word in ("2 records read", "2 written", "0 rejected", "countries", "database"):
        bench.check(word in loud.err, f"{word!r} is not in the summary: {loud.err}")
    bench.equal(bench.run("run", "bad.log", "--quiet").err, "", "stderr of a quiet run with rejects")
    bench.check("--rejects" in bench.run("run", "bad.log").err, "no word about how to keep the rejects")
    bench.check("No such file" in bench.run("run", "missing.log", "--quiet").err, "a quiet run hides its error")
    for arguments in (["a.log"], ["bad.log"], ["missing.log"]):
        lines = bench.run("run", *arguments, "--log-format", "json").err.splitlines()
        messages = [json.loads(line) for line in lines]
        good = all(message["level"] in ("info", "warning", "error") and message["message"] for message in messages)
        bench.check(messages and good, f"{arguments}: messages as JSON: {lines[:3]}")
    shown = bench.run("run", "a.log", "--progress", "always")
    bench.equal(len(parse_lines(shown.out)), 2, "a progress line does not get between records")


def test_rejects_file(bench):
    lines = [b"plain words", "grüße".encode(), b"\xff\xfe broken", b'quote " and \\ tab\t', alb_line(1).replace("81.2.69.2", "nobody").encode()]
    bench.write("a.log", b"".join(line + b"\r\n" for line in lines) + alb_lines(1))
    result, summary = bench.counted("run", "a.log", "--rejects", "rejects", "-f", "alb_access")
    rejects = parse_lines(bench.read("rejects"))
    bench.equal((result.code, len(rejects), result.out.count(b"\n")), (REJECTS, len(lines), 1), "code, rejects, records")
    bench.equal(summary["records"]["rejected"], len(lines), "rejected in the summary")
    offset = 0
    for number, (reject, line) in enumerate(zip(rejects, lines), 1):
        original = reject["original"].encode() if "original" in reject else base64.b64decode(reject["original_base64"])
        bench.equal(original, line, f"reject {number}: original without its line end")
        bench.equal(reject["origin"], {"path": "a.log", "offset": offset, "line": number}, f"reject {number}: origin")
        bench.equal(reject["stage"], "split", f"reject {number}: stage")
        bench.check(len(reject["event_id"]) == 32 and reject["detail"].startswith(("column", "expected")), f"reject {number}: {reject}")
        offset += len(line) + 2
    bench.equal(rejects[-1]["reason"], "bad-peer", "reason of the last")
    bench.equal(rejects[-1]["@timestamp"], "2026-03-01T00:00:01.250000Z", "time of a reject whose time is readable")
    bench.equal(bench.run("run", "a.log", "-f", "alb_access").code, REJECTS, "rejects without a rejects file")


def test_long_rejects_are_cut(bench):
    """64 KiB of a rejected line are kept, cut between characters."""
    for line in (b"x" * 70000, "한".encode() * 30000, b"\xff" * 70000, b"x" * 65536):
        bench.write("a.log", line + b"\n")
        bench.equal(bench.run("run", "a.log", "--rejects", "rejects").code, REJECTS, "exit code")
        reject = parse_lines(bench.read("rejects"))[0]
        kept = reject["original"].encode() if "original" in reject else base64.b64decode(reject["original_base64"])
        bench.check(line.startswith(kept) and 65536 - 3 <= len(kept) <= 65536, f"{line[:3]!r}: {len(kept)} bytes kept")
        bench.equal(reject.get("truncated"), True if len(line) > 65536 else None, f"{line[:3]!r}: truncated")
        bench.check(("original" in reject) == (line[:1] != b"\xff"), f"{line[:3]!r}: as text or as base64")


def test_summary(bench):
    bench.write("a.log", alb_lines(10) + b"\n\r\nno record\nEnable AccessLog for ELB: app/x/1 at 2026-03-01T11:00:00.781Z\n")
    result, summary = bench.counted("run", "a.log", "-o", "out.ndjson", "--since", "2026-03-01T00:00:04")
    bench.equal(result.code, REJECTS, "exit code")
    bench.equal(summary["records"], {"read": 14, "written": 6, "rejected": 1, "skipped": 7, "duplicates": 0}, "records")
    bench.equal(summary["rejected_by_reason"], {"unknown-format": 1}, "rejected by reason")
    bench.equal(summary["skipped_by_reason"], {"empty-line": 2, "elb-test-message": 1, "time-range": 4}, "skipped by reason")
    bench.equal(summary["verdicts"], {"ok": 6}, "verdicts")
    bench.equal(summary["bytes"], {"read": (bench.directory / "a.log").stat().st_size, "written": len(bench.read("out.ndjson"))}, "bytes")
    bench.check(summary["seconds"] >= 0 and summary["records_per_second"] > 0, "speed")
    bench.check(len(summary["databases"]) == 1 and summary["databases"][0]["build_epoch"] > 1700000000, f"databases: {summary['databases']}")
    bench.equal(summary["top"]["country"], [{"iso_code": "GB", "records": 6}], "top countries")
    bench.equal(sum(row["records"] for row in summary["top"]["as"]), 6, "top networks")
    shown = bench.run("run", "a.log", "-o", "out.ndjson", "--summary", "-", "--quiet")
    bench.equal(json.loads(shown.out)["records"]["read"], 14, "a summary on stdout")


def test_time_range(bench):
    bench.write("a.log", "".join(alb_line(number, time=f"2026-03-0{number}T12:00:00.000000Z") + "\n" for number in range(1, 6)))
    for options, days in ((["--since", "2026-03-03T12:00:00Z"], "345"), (["--until", "2026-03-03T12:00"], "12"), (["--since", "2026-03-02", "--until", "2026-03-04"], "23"),
                          (["--since", "2026-03-03T12:00:00.000000001Z"], "45"), (["--until", "2026-02-01"], ""), (["--since", "2027-01-01"], "")):
        result, summary = bench.counted("run", "a.log", *options)
        found = "".join(at(record, "@timestamp")[9] for record in parse_lines(result.out))
        bench.equal((result.code, found), (0, days), f"{options}: days")
        bench.equal(summary["records"]["skipped"], 5 - len(days), f"{options}: skipped")
