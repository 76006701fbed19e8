"""`replay`: what was rejected for a reason that is gone is written as if it had never been rejected.

Every golden log is read once as it should be, and once with a -f that is wrong, so that good lines become rejects; the replay of those,
with the right options, gives byte for byte the records and rejects that the first run has of the same lines.
"""
import gzip
import json
import pathlib
import shlex
import socket
import subprocess
import time

from black_box import alb_line, alb_lines, parse_lines, write

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
            yield log, path, shlex.split(arguments.read_text()) if arguments else []


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
