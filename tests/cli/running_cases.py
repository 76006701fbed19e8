"""How it runs: pipes, signals, long lines, many files, several workers.

No check depends on how fast the machine is: limits of time are ten times what is promised.
"""
import concurrent.futures
import gzip
import os
import select
import signal
import subprocess
import time

from black_box import alb_line, alb_lines, at, parse_lines, read_summary, wait_until_signals_wait

REJECTS = 3
LINE_BYTES_MAX = 1024 * 1024
PATIENCE_S = 20


def line_of(length, number=7):
    """A record of exactly that many bytes."""
    base = len(alb_line(number, agent=""))
    line = alb_line(number, agent="u" * (length - base))
    assert len(line) == length
    return line.encode()


def read_lines(stream, count):
    """That many lines of a pipe, fewer when they do not come in time. Time is counted in waits, so that a machine that stood
    still for a while is no failure."""
    found = b""
    for _ in range(PATIENCE_S * 10):
        if found.count(b"\n") >= count:
            break
        if select.select([stream], [], [], 0.1)[0]:
            part = os.read(stream.fileno(), 1 << 16)
            if not part:
                break
            found += part
    return found


class Piped:
    """The program with a pipe on stdin and one on stdout."""

    def __init__(self, bench, *arguments):
        self.process = bench.program.start("run", *arguments, cwd=bench.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()

    def send(self, content):
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def end(self):
        """Waits; returns exit code, what was left on stdout, and stderr."""
        self.process.wait(PATIENCE_S)
        return self.process.returncode, self.process.stdout.read(), self.process.stderr.read().decode()


def test_pipe_is_flushed(bench):
    for arguments in ([], ["-j", "4"], ["-j", "1", "--read-size", "1"]):
        with Piped(bench, "--quiet", *arguments) as piped:
            for number in range(3):
                piped.send(alb_lines(2, number))
                bench.equal(len(parse_lines(read_lines(piped.process.stdout, 2))), 2, f"{arguments}: records while the pipe is open")
                bench.check(piped.process.poll() is None, f"{arguments}: the program ended before its input did")
            line = alb_line(9).encode()
            piped.send(line[:100])
            time.sleep(0.3)
            piped.send(line[100:] + b"\n")
            bench.equal(len(parse_lines(read_lines(piped.process.stdout, 1))), 1, f"{arguments}: a line that came in two parts")
            piped.process.stdin.close()
            bench.equal(piped.end()[:2], (0, b""), f"{arguments}: the end")


def test_packed_pipe_is_flushed(bench):
    """Each member of a packed stream comes out before the next is there."""
    with Piped(bench, "--quiet") as piped:
        for number in range(3):
            piped.send(gzip.compress(alb_lines(5, number)))
            bench.equal(len(parse_lines(read_lines(piped.process.stdout, 5))), 5, "records of a member")
        piped.process.stdin.close()
        bench.equal(piped.end()[0], 0, "exit code")


def test_signals_end_a_silent_pipe(bench):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Piped(bench, "-j", "2", "--summary", "summary.json") as piped:
            piped.send(alb_lines(4))
            got = read_lines(piped.process.stdout, 4)
            piped.process.send_signal(number)
            started = time.monotonic()
            code, rest, messages = piped.end()
            bench.check(time.monotonic() - started < PATIENCE_S, f"{number.name}: it took too long")
            bench.equal(code, 0, f"{number.name}: exit code ({messages[:200]})")
            bench.equal(len(parse_lines(got + rest)), 4, f"{number.name}: records")
            bench.equal(read_summary(bench.directory / "summary.json")["records"]["written"], 4, f"{number.name}: written in the summary")
    with Piped(bench, "--rejects", "rejects") as piped:
        piped.send(alb_lines(1) + alb_line(2).encode()[:200])
        read_lines(piped.process.stdout, 1)
        time.sleep(0.3)
        piped.process.send_signal(signal.SIGTERM)
        bench.equal(piped.end()[0], REJECTS, "a line that lacks its end is rejected, not guessed at")
        bench.equal([reject["reason"] for reject in parse_lines(bench.read("rejects"))], ["cut-short"], "its reason")
    with Piped(bench) as piped:
        wait_until_signals_wait(piped.process)
        piped.process.send_signal(signal.SIGTERM)
        bench.equal(piped.end()[:2], (0, b""), "a signal before the first byte")


def test_signal_while_reading_files(bench):
    """What was written when a signal came is whole lines, and the prefix of what a whole run writes."""
    bench.write("a.log", alb_lines(60000))
    whole = bench.run("run", "a.log", "--quiet").out
    with Piped(bench, "a.log", "--read-size", "256", "-j", "2", "-o", "out.ndjson") as piped:
        wait_until_signals_wait(piped.process)
        time.sleep(0.02)
        piped.process.send_signal(signal.SIGTERM)
        code, _, messages = piped.end()
    bench.equal(code, 0, f"exit code ({messages[:200]})")
    out = bench.read("out.ndjson")
    bench.check(whole.startswith(out) and (out == b"" or out.endswith(b"\n")), "the output is no prefix of the whole one")


def test_limit_ends_an_endless_input(bench):
    with Piped(bench, "--limit", "3", "--quiet") as piped:
        piped.send(alb_lines(5))
        bench.equal(len(parse_lines(read_lines(piped.process.stdout, 3))), 3, "records")
        code, rest, _ = piped.end()
        bench.equal((code, rest), (0, b""), "it ends although the pipe is open")
    bench.write("a.log", b"no record\n" + alb_lines(500) + b"no record\n" * 50 + alb_lines(500))
    outputs = set()
    for options in (["-j", "1"], ["-j", "4"], ["-j", "4", "--read-size", "1"], ["-j", "1", "--read-size", "4096"]):
        result, summary = bench.counted("run", "a.log", "--limit", "300", "--rejects", "rejects", *options)
        outputs.add((result.code, result.out, bench.read("rejects")))
        bench.equal(summary["records"]["written"], 300, f"{options}: written")
    bench.equal(len(outputs), 1, "different code, output or rejects by read size or workers")


def test_too_many_rejects_end_a_run(bench):
    """Beyond 10,000 records it counts how many of them are rejects; what was read by then is accounted for."""
    good, bad, plenty = alb_lines(1), b"no record\n", 2 * 10000
    for what, content, options, stops in (
            ("few records", bad * 9000, [], False),
            ("half of many", (good + bad) * 10000, [], False),
            ("more than half", (good + bad * 2) * 10000, [], True),
            ("a quarter", (good * 3 + bad) * 10000, ["--max-reject-ratio", "0.2"], True),
            ("none is allowed", good * plenty + bad + good * plenty, ["--max-reject-ratio", "0"], True),
            ("all are allowed", bad * plenty, ["--max-reject-ratio", "1"], False)):
        bench.write("a.log", content)
        for workers in ("1", "4"):
            result, summary = bench.counted("run", "a.log", "-f", "alb_access", "--rejects", "rejects", "-j", workers, *options)
            records, lines = summary["records"], content.count(b"\n")
            bench.equal(result.code, 1 if stops else 3, f"{what}: exit")
            bench.equal("more than --max-reject-ratio" in result.err, stops, f"{what}: {result.err[:200]}")
            bench.check(records["read"] < lines if stops and lines > plenty + 2 else records["read"] == lines or stops, f"{what}: {records} of {lines}")
            bench.equal(records["rejected"], bench.read("rejects").count(b"\n"), f"{what}: rejects are written")
            bench.equal(records["written"], result.out.count(b"\n"), f"{what}: records are written")
    done = bench.run("replay", "rejects", "-f", "alb_access", "--rejects", "again")
    bench.equal((done.code, bench.read("again").count(b"\n")), (3, plenty), "rejects are replayed to their end")


def test_long_lines(bench):
    longest, longer = line_of(LINE_BYTES_MAX), line_of(LINE_BYTES_MAX + 1)
    small = alb_lines(2)
    huge = b"y" * (3 * LINE_BYTES_MAX + 12345)
    for what, content, written, rejected in (
            ("exactly the limit", small + longest + b"\n" + small, 5, 0),
            ("exactly the limit, CR LF", small + longest + b"\r\n" + small, 5, 0),
            ("the limit at the end, no LF", small + longest, 3, 0),
            ("one byte more", small + longer + b"\n" + small, 4, 1),
            ("one byte more, CR LF", longer + b"\r\n" + small, 2, 1),
            ("one byte more at the end, no LF", small + longer, 2, 1),
            ("three times the limit", small + huge + b"\n" + small, 4, 1),
            ("three times the limit at the end", small + huge, 2, 1),
            ("two huge ones in a row", huge + b"\n" + huge + b"\n" + small, 2, 2),
            ("huge, then empty", huge + b"\n\n" + small, 2, 1)):
        outputs = set()
        for packed, options in ((False, ["-j", "1"]), (False, ["-j", "4", "--read-size", "4096"]), (True, ["-j", "2"]), (True, ["--read-size", "64K"])):
            bench.write("a.log", gzip.compress(content, 1) if packed else content)
            result, summary = bench.counted("run", "a.log", "--rejects", "rejects", "--fields", "-user_agent", *options)
            counts = summary["records"]
            bench.equal((counts["written"], counts["rejected"]), (written, rejected), f"{what} {options}: written, rejected")
            for record in parse_lines(result.out):
                offset = record["log"]["offset"]
                bench.check(content[offset:offset + 6] == b"https " and (offset == 0 or content[offset - 1:offset] == b"\n"), f"{what}: log.offset {offset}")
            for reject in parse_lines(bench.read("rejects")):
                bench.equal((reject["reason"], reject.get("truncated")), ("line-too-long", True), f"{what}: reason")
                offset = reject["origin"]["offset"]
                bench.equal(reject["origin"]["line"], content[:offset].count(b"\n") + 1, f"{what}: line number of the reject")
            outputs.add((result.out, bench.read("rejects")))
        bench.equal(len(outputs), 1, f"{what}: outputs differ")


def test_three_thousand_files(bench):
    for number in range(3000):
        content = alb_lines(number % 4, number)
        if number % 100 == 0:
            content += b"no record %d\n" % number
        packed = number % 3 == 0
        bench.write(f"logs/{number % 37:02}/{number}.log{'.gz' if packed else ''}", gzip.compress(content, 1) if packed else content)
    results = []
    for workers in ("1", "4"):
        result, summary = bench.counted("run", "logs", "-j", workers, "--rejects", "rejects")
        results.append((result.code, result.out, bench.read("rejects"), summary["records"]))
    bench.equal(results[0][0], REJECTS, "exit code")
    bench.equal(results[0][3]["written"], sum(number % 4 for number in range(3000)), "written")
    bench.check(results[0] == results[1], "-j 4 gives other bytes than -j 1")
    order = [at(record, "log.file.path") for record in parse_lines(results[0][1])]
    files = list(dict.fromkeys(order))
    bench.equal(files, sorted(files, key=lambda path: path.encode()), "files in byte order of their paths")


def test_big_files_with_few_batches(bench):
    """More readers than batches to go round: the oldest file has to be read on."""
    if bench.generate is not None:
        content = bench.generate.run("alb", "--lines", "8000").out
    else:
        content = b""
    if content.count(b"\n") < 8000:
        content = alb_lines(8000)
    for number in range(8):
        bench.write(f"logs/{number}.log{'.gz' if number % 2 else ''}", gzip.compress(content, 1) if number % 2 else content)
    counts = set()
    for options in (["-j", "4"], ["-j", "4", "--read-size", "4096"], ["-j", "2", "--read-size", "1000"], ["-j", "16"]):
        result, summary = bench.counted("run", "logs", "-o", "out.ndjson", *options, timeout=120)
        counts.add((result.code, summary["records"]["written"], hash(bench.read("out.ndjson"))))
    bench.equal(len(counts), 1, "the same bytes every time")
    bench.equal(next(iter(counts))[1], 8 * content.count(b"\n"), "written")


def test_several_programs_at_once(bench):
    """Nothing is shared between runs: no lock, no file of a fixed name."""
    bench.write("a.log", alb_lines(500))
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        outputs = set(pool.map(lambda _: bench.run("run", "a.log", "--quiet").out, range(12)))
    bench.equal([output.count(b"\n") for output in outputs], [500], "records of the one output that all have")
