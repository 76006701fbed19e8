"""`replay`: what was rejected for a reason that is gone is written as if it had never been rejected.

Every golden log is read once as it should be, and once with a -f that is wrong, so that good lines become rejects; the replay of those,
with the right options, gives byte for byte the records and rejects that the first run has of the same lines.
"""
import gzip
import json
import pathlib
import subprocess

from black_box import alb_line, alb_lines, golden_options, parse_lines, write

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
WRONG = ("envoy", "cloudfront")  # of the two, one is wrong for any line
DONE, FAILED, USAGE, REJECTS = 0, 1, 2, 3


def ids(rejects):
    return {one["event_id"] for one in parse_lines(rejects)}


def of_ids(content, wanted, id_of):
    return b"".join(line + b"\n" for line in content.splitlines() if id_of(json.loads(line)) in wanted)


def record_id(record):
    return record["event"]["id"]


def reject_id(reject):
    return reject["event_id"]


def cases():
    """Golden logs with their options, at the paths where the golden runner lays them."""
    for log in sorted(GOLDEN.glob("*/*.log")):
        key = log.with_suffix(".key")
        path = key.read_text().strip() if key.exists() else str(log.relative_to(GOLDEN))
        for arguments in [None, *sorted(log.parent.glob(log.stem + ".*args"))]:
            yield log, path, golden_options(arguments) if arguments else []


def run(bench, command, inputs, *options):
    """Returns records and rejects; exit codes are those of a run that worked."""
    result = bench.run(command, *inputs, *options, "--rejects", "rejects", "--quiet")
    bench.check(result.code in (DONE, REJECTS) and not result.err, f"{command} {inputs} {options}: {result.code} {result.err[:300]}")
    return result.out, bench.read("rejects")


def differ(got, want):
    pairs = enumerate(zip(got.splitlines(), want.splitlines()))
    first = next((i for i, (a, b) in pairs if a != b), min(got.count(b"\n"), want.count(b"\n")))
    line = [content.splitlines()[first:first + 1] for content in (got, want)]
    return f"line {first + 1}: found {line[0]!r:.600}, expected {line[1]!r:.600}"


def expect_same(bench, replayed, direct, wanted, what):
    """Records and rejects of the lines in `wanted`, as the direct run has them."""
    for kind, got, whole, id_of in zip(("records", "rejects"), replayed, direct, (record_id, reject_id)):
        want = of_ids(whole, wanted, id_of)
        bench.check(got == want, f"{what}: {kind} are others: {'' if got == want else differ(got, want)}")


def replay_case(bench, path, arguments, wrong):
    """How many lines came back; 0 where the output is without the ids that lines are known by."""
    what = f"{path} {' '.join(arguments)} by way of {wrong}"
    direct = run(bench, "run", [path], *arguments)
    if any("id" not in record.get("event", {}) for record in parse_lines(direct[0])):
        return 0
    broken = run(bench, "run", [path], *arguments, "-f", wrong)[1]
    whole = [one for one in parse_lines(broken) if not one.get("truncated")]
    if len(whole) < broken.count(b"\n"):
        broken = b"".join(line + b"\n" for line in broken.splitlines() if b'"truncated":true' not in line)
    bench.write("broken.ndjson", broken)
    if "--origin" in arguments:
        arguments = [one for at, one in enumerate(arguments) if "--origin" not in arguments[max(0, at - 1):at + 1]]
    replayed = run(bench, "replay", ["broken.ndjson"], *arguments)
    wanted = ids(broken)
    expect_same(bench, replayed, direct, wanted, what)
    again = run(bench, "replay", [bench.write("again.ndjson", replayed[1])], *arguments)
    bench.check(again == (b"", replayed[1]), f"{what}: rejects of the replay, replayed: {differ(again[1], replayed[1])}")
    return len(wanted)


def test_replay_golden_logs(bench):
    total = 0
    for log, path, arguments in cases():
        write(bench.directory / path, log.read_bytes())
        for wrong in WRONG if not arguments else WRONG[:1]:
            total += replay_case(bench, path, arguments, wrong)
    bench.check(total > 2500, f"only {total} lines were replayed")


# --- where lines stood --------------------------------------------------------------------------------------------------

KEY = ("AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/01/"
       "123456789012_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260301T0005Z_10.0.0.1_2a1b3c4d.log.gz")


def test_replay_of_many_files(bench):
    """Names by a directory, by an object's key and by themselves, in many batches, however stored and read."""
    files = {"tree/a/one.log": alb_lines(900), "tree/b/two.log.gz": gzip.compress(alb_lines(700, 2000), mtime=0),
             "tree/" + KEY: gzip.compress(alb_lines(500, 4000), mtime=0), "three.log": alb_lines(6000, 10000)}
    for path, content in files.items():
        bench.write(path, content)
    inputs = ["tree", "three.log"]
    direct = run(bench, "run", inputs)
    nothing, broken = run(bench, "run", inputs, "-f", "envoy", "-j", "3")
    bench.equal((nothing, broken.count(b"\n")), (b"", 8100), "a wrong format takes none of the lines")
    stored = {"plain.ndjson": broken, "packed.ndjson.gz": gzip.compress(broken, mtime=0),
              "packed.ndjson.zst": subprocess.run(["zstd", "-q", "-c"], input=broken, stdout=subprocess.PIPE, check=True).stdout}
    for name, content in stored.items():
        for options in ([], ["-j", "4", "--read-size", "4096"]):
            bench.write(name, content)
            bench.check(run(bench, "replay", [name], *options) == direct, f"{name} {options}: the same as the direct run")
    result = bench.run("replay", "-", "--quiet", "--read-size", "7", stdin=broken)
    bench.check(result.out == direct[0], "stdin: the same as the direct run")
    half = broken.index(b"\n", len(broken) // 2) + 1
    bench.write("day/1/rejects.ndjson", broken[:half])
    bench.write("day/2/rejects.ndjson", broken[half:])
    bench.check(run(bench, "replay", ["day"]) == direct, "a directory: the same")
    bench.check(run(bench, "replay", ["day/1/rejects.ndjson", "day/2/rejects.ndjson"], "-j", "2") == direct, "two files: the same")
    bench.write("1/rejects.ndjson", broken[:half])
    bench.write("2/rejects.ndjson", broken[half:])
    bench.check(run(bench, "replay", ["1", "2"]) == direct, "two files of one name below their directories: the same")
    _, summary = bench.counted("replay", "plain.ndjson")
    bench.equal((summary["replayed"], summary["records"]["written"]), (8100, 8100), "the summary")


def test_replay_of_random_and_given_names(bench):
    """stdin's random name, --origin's, one with a quote in it; and a name that is no UTF-8, which no reject can say."""
    content = alb_lines(3)
    broken = bench.run("run", "-", "-f", "envoy", "--rejects", "rejects", "--quiet", stdin=content)
    bench.equal(broken.code, REJECTS, "exit code")
    first = bench.read("rejects")
    bench.run("run", "-", "-f", "envoy", "--rejects", "rejects", "--quiet", stdin=content)
    bench.write("one.ndjson", first + bench.read("rejects"))
    wanted = [one["event_id"] for one in parse_lines(bench.read("one.ndjson"))]
    bench.equal(len(set(wanted)), 6, "ids of two runs over stdin")
    records = parse_lines(run(bench, "replay", ["one.ndjson"])[0])
    bench.equal([record["event"]["id"] for record in records], wanted, "stdin: event.id")
    bench.equal({record["log"]["file"]["path"] for record in records}, {"-"}, "stdin: log.file.path")
    for path in ('day "1".log', "day\t2\x01.log", "tag-ü.log"):
        bench.write(path, content)
        for options in ([], ["--origin", 'fleet/"a"']):
            direct = run(bench, "run", [path], *options)
            bench.write("one.ndjson", run(bench, "run", [path], *options, "-f", "envoy")[1])
            bench.check(run(bench, "replay", ["one.ndjson"]) == direct, f"{path!r} {options}: the same as the direct run")
    odd = bench.directory / "tree" / b"\xff.log".decode("utf-8", "surrogateescape")
    write(odd, content)
    broken = run(bench, "run", ["tree"], "-f", "envoy")[1]
    bench.write("one.ndjson", broken)
    result, summary = bench.counted("replay", "one.ndjson", "--rejects", "kept")
    bench.equal((result.code, result.out, bench.read("kept")), (REJECTS, b"", broken), "a name that is no UTF-8: handed on")
    bench.equal(summary["rejected_by_reason"], {"not-replayable": 3}, "and counted")


def test_replay_of_large_origins(bench):
    """Origins that fill a batch before its lines do: headers of a thousand files; and a path of which each byte is six in the output."""
    for number in range(1000):
        bench.write(f"flows/{number}.log", f"{FLOW_HEADER}\n{FLOW_LINE.format(number, 'x')}\n")
    broken = run(bench, "run", ["flows"])[1]
    bench.equal(broken.count(b'"header":"vpc_flow:'), 1000, "rejects with a header")
    bench.write("rejects.ndjson", broken)
    for workers in ("1", "4"):
        bench.check(run(bench, "replay", ["rejects.ndjson"], "-j", workers) == (b"", broken), f"-j {workers}: the same rejects")
    folder = "/".join(["\1" * 240] * 14)
    bench.write(folder + "/a.log", "".join(f"81.2.69.{number % 250} [01/Mar/2026:12:00:00 +0000]\n" for number in range(5000)))
    lines = ["-f", "nginx:$remote_addr [$time_local]", "-o", "/dev/null"]
    direct = bench.counted("run", folder + "/a.log", *lines)[1]
    bench.run("run", folder + "/a.log", "-f", "envoy", "--rejects", "rejects.ndjson", "--quiet")
    replayed = bench.counted("replay", "rejects.ndjson", *lines)[1]
    bench.equal((replayed["records"]["written"], replayed["bytes"]["written"]), (5000, direct["bytes"]["written"]), "records and their bytes")


# --- what was in force ----------------------------------------------------------------------------------------------------

FLOW_HEADER = "dstaddr srcaddr start end my-own-column"
FLOW_LINE = "10.0.0.7 81.2.69.{} 1772359200 {} 4711"


def test_replay_of_a_line_put_right(bench):
    """Columns of a header line that was good are known to the reject of a line behind it."""
    lines = [FLOW_HEADER] + [FLOW_LINE.format(number, 1772359260 + number) for number in range(5)]
    good = "\n".join(lines) + "\n"
    bad = good.replace("1772359262", "17723x9262")
    bench.write("flow.log", bad)
    broken = run(bench, "run", ["flow.log"])[1]
    (reject,) = parse_lines(broken)
    bench.equal(reject["origin"], {"path": "flow.log", "offset": 132, "line": 4, "header": "vpc_flow:" + FLOW_HEADER}, "origin")
    bench.write("rejects.ndjson", broken.replace(b"17723x9262", b"1772359262"))
    bench.write("flow.log", good)
    direct = run(bench, "run", ["flow.log"])[0]
    bench.equal(run(bench, "replay", ["rejects.ndjson"])[0], direct.splitlines(True)[2], "the record")
    bench.write("rejects.ndjson", broken)
    bench.equal(run(bench, "replay", ["rejects.ndjson"])[1], broken, "left as it was: the same reject")
    bench.write("flow.log", bad)
    columns = ["-f", "vpc_flow:" + FLOW_HEADER.replace(" my-own-column", "")]
    bench.write("flow.log", "\n".join([lines[1].replace(" 4711", ""), "x y z w"]))
    (reject,) = parse_lines(run(bench, "run", ["flow.log"], *columns)[1])
    bench.equal("header" in reject["origin"], False, "columns of -f are for -f again")


def test_replay_of_header_lines(bench):
    """One that a wrong -f rejected is in force up to the next one, which that -f took."""
    bench.write("two.log", "\n".join([FLOW_HEADER, FLOW_LINE.format(1, 1772359260), "no flow", "#Fields: date time c-ip sc-status x-edge-location",
                                      "no request", FLOW_LINE.format(2, 1772359260)]))
    direct = run(bench, "run", ["two.log"])
    broken = run(bench, "run", ["two.log"], "-f", "cloudfront")[1]
    bench.equal([one["origin"]["line"] for one in parse_lines(broken)], [1, 2, 3, 5, 6], "what the wrong -f rejects")
    bench.write("rejects.ndjson", broken)
    for size in ("1", "256K"):
        bench.equal(run(bench, "replay", ["rejects.ndjson"], "--read-size", size), direct, f"--read-size {size}")


def test_replay_chains(bench):
    """The chain that an input of the config has; --chain wins; one that is gone is said."""
    config = 'chains:\n  front:\n    - {type: proxy, peers: [10.0.0.0/8], carrier: append}\n'
    line = ('10.0.0.9 - - [01/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" "81.2.69.142"\n')
    bench.write("web.log", line)
    bench.write("run.yaml", config + "inputs: [{path: web.log, chain: front}]\n")
    bench.write("replay.yaml", config)
    bench.write("empty.yaml", "{}\n")
    direct = run(bench, "run", [], "-c", "run.yaml")
    bench.check(b'"front"' in direct[0] or b"81.2.69.142" in direct[0], f"the chain is in force: {direct[0][:300]}")
    broken = run(bench, "run", [], "-c", "run.yaml", "-f", "envoy")[1]
    bench.write("one.ndjson", broken)
    bench.equal(run(bench, "replay", ["one.ndjson"], "-c", "replay.yaml"), direct, "the same chain")
    bench.equal(run(bench, "replay", ["one.ndjson"], "--chain", "direct"), run(bench, "run", ["web.log"], "--chain", "direct"), "--chain")
    bench.write("wab.log", line)  # as long as the other name, so that what is remembered of one could be taken for the other
    chains = config + "  other:\n    - {type: proxy, peers: [192.168.0.0/16], carrier: append}\n"
    bench.write("run.yaml", chains + "inputs: [{path: web.log, chain: front}, {path: wab.log, chain: other}]\n")
    bench.write("replay.yaml", chains)
    direct_two = run(bench, "run", [], "-c", "run.yaml", "-j", "1")
    bench.write("two.ndjson", run(bench, "run", [], "-c", "run.yaml", "-f", "envoy")[1])
    bench.equal(run(bench, "replay", ["two.ndjson"], "-c", "replay.yaml", "-j", "1", "--read-size", "1"), direct_two, "two chains")
    bench.write("two.ndjson", broken + broken.replace(b'"chain":"front"', b'"chain":"other"'))
    bench.equal(run(bench, "replay", ["two.ndjson"], "-c", "replay.yaml")[0],
                direct[0] + run(bench, "run", ["web.log"], "-c", "replay.yaml", "--chain", "other")[0], "two chains of one file")
    result = bench.run("replay", "one.ndjson", "-c", "empty.yaml", "--rejects", "kept", "--quiet")
    bench.equal((result.code, result.out, bench.read("kept")), (REJECTS, b"", broken), "a chain that is gone: handed on")
    bench.check("one.ndjson: line 1" in result.err and "front" in result.err, f"and said: {result.err}")


# --- what cannot be replayed --------------------------------------------------------------------------------------------

def test_replay_keeps_what_it_cannot_read_again(bench):
    content = alb_lines(4)
    bench.write("long.log", b"x" * (70 << 10) + b"\n" + b"y" * (2 << 20) + b"\nno line\n" + content)
    bench.write("cut.log.gz", gzip.compress(content, mtime=0)[:-300])
    result = bench.run("run", "long.log", "cut.log.gz", "--rejects", "first", "--quiet")
    bench.equal(result.code, FAILED, "a damaged input")
    first = bench.read("first")
    bench.equal([one["reason"] for one in parse_lines(first)], ["unknown-format", "line-too-long", "unknown-format", "cut-short"],
                "reasons of the first run")
    result, summary = bench.counted("replay", "first", "--rejects", "second")
    bench.equal((result.code, result.out, bench.read("second")), (REJECTS, b"", first), "the same rejects")
    bench.equal(summary["rejected_by_reason"], {"unknown-format": 1, "not-replayable": 3}, "reasons in the summary")
    bench.equal(summary["replayed"], 1, "replayed")


GOOD = ('{"reason":"unknown-format","stage":"split","origin":{"path":"a.log","offset":7,"line":2},"original":"%s"}'
        % alb_line(1).replace('"', '\\"'))
# no rejects, and a word of what is said
BAD = [("nothing", "JSON"), ("{}", "reason and origin"), ("[]", "object"), (GOOD[:-1], "brackets"), (GOOD.replace("unknown", "\xff"), None),
       (GOOD.replace('"reason"', '"cause"'), "reason"), (GOOD.replace('"offset":7', '"offset":-7'), "offset"),
       (GOOD.replace('"offset":7', '"offset":18446744073709551616'), "offset"), (GOOD.replace('"line":2', '"line":0'), "line"),
       (GOOD.replace('"path"', '"address"'), "origin"), (GOOD.replace('"path":"a.log"', '"path":"a.log","topic":"t","partition":0'), "origin"),
       (GOOD.replace('"path":"a.log"', '"topic":"t","name":"c/t/0"'), "origin"), (GOOD.replace('"line":2', '"line":2,"header":"waf:a"'), "origin"),
       (GOOD.replace('"line":2', '"line":2,"header":"vpc_flow:srcaddr srcaddr"'), "origin"),
       (GOOD.replace('"line":2', '"line":2,"line":3'), "reason"), (GOOD.replace("https ", "https\\n"), "one line"),
       (GOOD.replace('"original":', '"original_base64":'), "one line"), (GOOD.replace('"original"', '"original_base64":"eA==","original"'), "one line"),
       (GOOD.replace('"path":"a.log"', '"path":"' + "a" * 4097 + '"'), "origin"), ("x" * (1 << 20) + "yz", "1048576")]


def test_replay_of_what_are_no_rejects(bench):
    """Each becomes a reject of its own that says where it stands; good ones among them are replayed."""
    lines = [GOOD.encode()]
    for text, _ in BAD:
        lines += [text.encode("latin-1"), b"", GOOD.encode()]
    bench.write("a.log", "short x\n" + alb_line(1) + "\n")
    bench.write("mixed.ndjson", b"\r\n".join(lines))
    result, summary = bench.counted("replay", "mixed.ndjson", "--rejects", "second", "--read-size", "1000")
    records = parse_lines(result.out)
    bench.equal(len(records), len(BAD) + 1, "records of the good ones")
    bench.equal(len({record["event"]["id"] for record in records}), 1, "which are all the same")
    bench.equal((result.code, summary["rejected_by_reason"], summary["skipped_by_reason"]),
                (REJECTS, {"bad-reject": len(BAD)}, {"empty-line": len(BAD)}), "counted")
    bench.check("mixed.ndjson: line 2: no reject" in result.err, f"the first is named: {result.err[:300]}")
    second = parse_lines(bench.read("second"))
    bench.equal([one["origin"]["line"] for one in second], list(range(2, 3 * len(BAD), 3)), "their lines")
    for one, (text, word) in zip(second, BAD):
        bench.check(word is None or word in one["detail"], f"{text[:150]!r}: {word!r} is not in {one['detail']!r}")
        bench.equal(len(text) > 65536 or one.get("original") == text or "original_base64" in one, True, f"{text[:99]!r}: original")
    bench.write("second.ndjson", bench.read("second"))
    result, summary = bench.counted("replay", "second.ndjson", "--rejects", "third")
    bench.equal((bench.read("third"), summary["rejected_by_reason"]), (bench.read("second"), {"not-replayable": len(BAD)}), "once more")


def test_replay_keeps_bytes(bench):
    """Lines with bytes that are no UTF-8, control characters, CR at the end: the same bytes again."""
    lines = [alb_line(1, agent="a\udcff\udc80b").encode("utf-8", "surrogateescape"), alb_line(2).encode() + b"\r", b"\x01\x02 \xc3", b"a\r\r", b"\xff\r"]
    bench.write("odd.log", b"\n".join(lines) + b"\n" + alb_line(3).encode() + b"\r\n")
    direct = run(bench, "run", ["odd.log"], "--keep-original")
    broken = run(bench, "run", ["odd.log"], "-f", "envoy")[1]
    bench.equal(broken.count(b"\n"), 6, "rejects")
    bench.write("one.ndjson", broken)
    bench.check(run(bench, "replay", ["one.ndjson"], "--keep-original") == direct, "the same as the direct run")


def test_replay_usage(bench):
    bench.write("one.ndjson", GOOD + "\n")
    bench.write("run.yaml", "inputs: [one.ndjson]\n")
    bench.fails(["replay", "one.ndjson", "--origin", "x"], USAGE, "--origin")
    bench.fails(["replay", "-c", "run.yaml"], USAGE, "config", "rejects files")
    bench.fails(["replay", "tcp://127.0.0.1:0"], USAGE, "tcp://127.0.0.1:0", "rejects file")
    bench.fails(["replay", "kafka://127.0.0.1:9/t"], USAGE, "kafka://", "rejects file")
    bench.fails(["replay", "one.ndjson", "--rejects", "one.ndjson"], USAGE, "also an input")
    bench.fails(["replay", "missing.ndjson"], FAILED, "missing.ndjson")
    help_text = bench.run("replay", "--help")
    bench.check(help_text.code == DONE and b"wherefrom replay REJECTS" in help_text.out and b"--rejects" in help_text.out, "--help")
