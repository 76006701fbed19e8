"""What the black-box runners share: the program under test, scratch directories, checks that are counted.

A runner is a program: it prints a line for each group of cases, details of what failed, and last
`N passed, N failed`; its exit status is 1 when anything failed. Nothing but the standard library, so that a
fresh Debian can run it.

Threads: a Report may be used from several.
"""
import argparse
import contextlib
import fnmatch
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

DETAILS_MAX = 8  # failures of a group that are printed
SIGNALS_PATIENCE_S = 30


def argument_parser(about):
    """All runners are called alike; each takes what it needs of this."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--wherefrom", required=True, metavar="PATH", help="the program under test")
    parser.add_argument("--generate", metavar="PATH", help="the program that makes logs; not every runner needs it")
    parser.add_argument("--shared", metavar="DIR", help="folder with more sample lines; not every runner needs it")
    return parser


class Report:
    """Counts checks; `group` collects those of one line of output."""

    def __init__(self):
        self.passed = self.failed = 0
        self.details = []
        self.lock = threading.Lock()

    def check(self, good, what):
        """Counts one check; `what` says what should have been, with what was. Returns `good`."""
        with self.lock:
            if good:
                self.passed += 1
            else:
                self.failed += 1
                self.details.append(what)
        return bool(good)

    def equal(self, found, expected, what):
        # what is said costs more than to compare, and some runners compare a million times
        good = found == expected
        return self.check(good, what if good else f"{what}: expected {expected!r:.200}, found {found!r:.200}")

    @contextlib.contextmanager
    def group(self, name):
        passed, failed, self.details = self.passed, self.failed, []
        try:
            yield self
        except (Exception, subprocess.TimeoutExpired) as problem:
            self.check(False, f"{type(problem).__name__}: {problem}")
        count = self.passed - passed + self.failed - failed
        if count == 0:
            self.check(False, "a group that checks nothing")
        good = self.failed == failed
        print(f"{'ok  ' if good else 'FAIL'} {name} ({count} checks)", flush=True)
        for detail in self.details[:DETAILS_MAX]:
            print(f"       {detail}")
        if len(self.details) > DETAILS_MAX:
            print(f"       and {len(self.details) - DETAILS_MAX} more")

    def finish(self):
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed > 0 or self.passed == 0 else 0


class Result:
    """What a run left behind: exit code, bytes on stdout, text on stderr."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err.decode("utf-8", "replace")


class Program:
    """The program under test. Its directory is found by its own path, so the database beside it is."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        if not os.access(self.path, os.X_OK):
            sys.exit(f"{path}: no such program; build it first")

    def run(self, *arguments, stdin=b"", cwd=None, env=None, timeout=60):
        """`stdin`: bytes, or an open file."""
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        done = subprocess.run([self.path, *map(os.fspath, arguments)], cwd=cwd, env={**os.environ, **(env or {})},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False, **given)
        return Result(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments, **settings):
        return subprocess.Popen([self.path, *map(os.fspath, arguments)], **settings)

    def scanners(self):
        """Names of the scanners that this machine can run."""
        names = []
        for name in ("baseline", "avx2", "avx512"):
            version = self.run("version", env={"WHEREFROM_CPU": name}).out.decode()
            if f"scanner {name}\n" in version:
                names.append(name)
        return names


class Bench:
    """What a group of a runner works with; runners add what they do often."""

    def __init__(self, options, report, directory):
        self.program, self.generate = Program(options.wherefrom), Program(options.generate)
        self.report, self.directory, self.check, self.equal = report, directory, report.check, report.equal

    def read(self, name):
        return (self.directory / name).read_bytes()

    def log(self, name, *arguments):
        """A file of lines that are made up; returns its name."""
        done = self.generate.run(*arguments, "-o", self.directory / name)
        self.equal(done.code, 0, f"{arguments}: {done.err}")
        return name


def run_groups(parser, functions, bench):
    """What main() of a runner returns. Of `functions`, {name: function}, those called test_ are groups, in this order; each gets a `bench`, made as
    Bench is, with a directory of its own. `parser` gets the option --test."""
    parser.add_argument("--test", action="append", metavar="GLOB", help="only the groups of this name, without test_; may be repeated")
    options, report = parser.parse_args(), Report()
    for name, function in [(name.removeprefix("test_"), function) for name, function in functions.items() if name.startswith("test_")]:
        if any(fnmatch.fnmatch(name, glob) for glob in options.test or ["*"]):
            with scratch() as directory, report.group(name.replace("_", " ")):
                function(bench(options, report, directory))
    return report.finish()


def wait_until_signals_wait(process):
    """Until the program has taken SIGTERM over: before that, on a busy machine or with a slow build, it just ends. It blocks that one for good; for
    a moment libraries block all of them, when they start a thread."""
    until = time.monotonic() + SIGNALS_PATIENCE_S
    while time.monotonic() < until and process.poll() is None:
        status = dict(line.split(":", 1) for line in open(f"/proc/{process.pid}/status", encoding="ascii") if ":" in line)
        blocked = {number for number in (signal.SIGTERM, signal.SIGWINCH) if int(status["SigBlk"], 16) >> (number - 1) & 1}
        if blocked == {signal.SIGTERM}:
            return
        time.sleep(0.01)


@contextlib.contextmanager
def scratch():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="wherefrom-test-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def write(path, content):
    """Writes bytes or text below directories that are made as needed; returns the path."""
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def alb_line(number=0, client=None, agent="curl/8.5.0", time=None, target="10.0.0.80:8080"):
    """A line of today's application balancer; other numbers give other lines."""
    client = client or f"81.2.69.{number % 250 + 1}:{1024 + number % 60000}"
    time = time or f"2026-03-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}.250000Z"
    return (f'https {time} app/shop/50dc6c495c0c9188 {client} {target} 0.001 0.048 0.000 200 200 814 57 '
            f'"GET https://shop.example.com:443/item/{number}?x=1 HTTP/1.1" "{agent}" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 '
            'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 "Root=1-69a42d01-0123456789abcdef01234567" '
            f'"shop.example.com" "-" 3 {time} "forward" "-" "-" "{target}" "200" "-" "-" TID_{number:032x}')


def alb_lines(count, first=0):
    return "".join(alb_line(number) + "\n" for number in range(first, first + count)).encode()


def golden_options(path):
    """The options of a golden case's .args file; {here} in it is the folder of the golden tests."""
    return shlex.split(path.read_text().replace("{here}", str(path.resolve().parent.parent)))


def no_repeated_keys(pairs):
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError(f"a key is repeated: {sorted(key for key, _ in pairs)}")
    return record


def no_such_number(text):
    raise ValueError(f"{text} is no JSON")


def parse_lines(content, hook=no_repeated_keys):
    """NDJSON, strictly: UTF-8, one object a line, a newline at the end of each, no key twice, no NaN. `hook` makes the objects."""
    if content and not content.endswith(b"\n"):
        raise ValueError("the last line has no end")
    records, decoder = [], json.JSONDecoder(object_pairs_hook=hook, parse_constant=no_such_number)
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            record = decoder.decode(line.decode("utf-8"))
        except ValueError as problem:
            raise ValueError(f"line {number} of the output: {problem}: {line[:200]!r}") from None
        if not isinstance(record, dict):
            raise ValueError(f"line {number} of the output is no object: {line[:200]!r}")
        records.append(record)
    return records


def at(record, path):
    """The value at "http.request.method", None when it is absent."""
    for name in path.split("."):
        if not isinstance(record, dict) or name not in record:
            return None
        record = record[name]
    return record


def read_summary(path):
    """A --summary file whose numbers have been found to add up."""
    summary = json.loads(pathlib.Path(path).read_bytes())
    records = summary["records"]
    if records["read"] != records["written"] + records["duplicates"] + records["rejected"] + records["skipped"]:
        raise ValueError(f"read is not the sum of the rest: {records}")
    for kind in ("rejected", "skipped"):
        if records[kind] != sum(summary[kind + "_by_reason"].values()):
            raise ValueError(f"{kind} is not the sum of its reasons: {summary}")
    return summary
