#!/usr/bin/env python3
"""Golden tests: the same input gives the same bytes, however it is stored, read and worked on.

    FORMAT/CASE.log                 lines as AWS writes them
    FORMAT/CASE[.VARIANT].ndjson    the records expected
    FORMAT/CASE[.VARIANT].args      options, when there are any; {here} is this folder
    FORMAT/CASE[.VARIANT].rejects   the rejected lines expected, when there are any
    FORMAT/CASE.key                 S3 object key below which the file is laid (account, region and node come from it)

A matrix of read sizes, workers, compressions and scanners runs over them. Cases without options are run together, as
one list of inputs, under every combination; each case with options alone, under combinations that hold every pair of
settings. Everything is read by relative paths, so that event.id is the same wherever the tree stands; the `.gz` of
log.file.path is the one difference allowed.

    run.py --wherefrom PATH [--case GLOB] [--pairs|--brief] [--update]     --update writes what is expected; look at every line of it

Threads: two runs of the program at a time.
"""
import concurrent.futures
import fnmatch
import gzip
import itertools
import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import Program, Report, argument_parser, golden_options, parse_lines, scratch, write  # noqa: E402

READ_SIZES = ("1", "7", "4096", None)
WORKERS = ("1", "4")
STORED = ("plain", "gz", "members", "zst")
ENDINGS = {"plain": "", "gz": ".gz", "members": ".gz", "zst": ".zst"}


class Case:
    def __init__(self, expected):
        self.expected = expected  # .../CASE[.VARIANT].ndjson
        self.name = str(expected.relative_to(HERE).with_suffix(""))
        stem = expected.name.split(".")[0]
        self.log = expected.with_name(stem + ".log")
        self.rejects = expected.with_suffix(".rejects")
        arguments, key = expected.with_suffix(".args"), self.log.with_suffix(".key")
        self.arguments = golden_options(arguments) if arguments.exists() else []
        self.has_key = key.exists()
        self.path = key.read_text().strip() if self.has_key else str(self.log.relative_to(HERE))

    def expectation(self):
        rejects = self.rejects.read_bytes() if self.rejects.exists() else b""
        return self.expected.read_bytes(), rejects


def find_cases(glob):
    """By path in byte order, which is also the order of a directory that holds them."""
    names = {path.with_suffix(".ndjson") for ending in ("log", "args") for path in HERE.glob(f"*/*.{ending}")}
    names |= set(HERE.glob("*/*.ndjson"))
    cases = [case for case in map(Case, names) if fnmatch.fnmatch(case.name, glob)]
    return sorted(cases, key=lambda case: (case.path.encode(), case.name))


# --- how an input is stored ---------------------------------------------------------------------


def members(content):
    """Several gzip members, cut at odd places, one of them empty, and zeros behind the last (RFC 1952 readers meet both)."""
    cuts = sorted({0, 1, 8, len(content) // 3, len(content) // 2 + 1, len(content)})
    parts = [content[start:end] for start, end in zip(cuts, cuts[1:])]
    parts.insert(2, b"")
    return b"".join(gzip.compress(part, 6, mtime=0) for part in parts) + bytes(100)


def zstd(content):
    """Two frames."""
    half = len(content) // 2
    parts = [subprocess.run(["zstd", "-q", "-c"], input=part, stdout=subprocess.PIPE, check=True).stdout
             for part in (content[:half], content[half:])]
    return b"".join(parts)


STORE = {"plain": bytes, "gz": lambda content: gzip.compress(content, mtime=0), "members": members, "zst": zstd}


def lay_out(cases, directory):
    """directory/STORED/PATH for every case; the kinds that could be made."""
    kinds = [kind for kind in STORED if kind != "zst" or shutil.which("zstd")]
    for kind in kinds:
        for case in {case.path: case for case in cases}.values():
            write(directory / kind / (case.path + ENDINGS[kind]), STORE[kind](case.log.read_bytes()))
    return kinds


# --- running and comparing ----------------------------------------------------------------------

PATH_TEXT = re.compile(rb'("log":\{"file":\{"path":"|"origin":\{"path":"|"log_path":")([^"]*?)(?:\.gz|\.zst)?"')


GIVEN_NAME = re.compile(rb'("origin":\{"path":"[^"]*","offset":\d+,"line":\d+),"name":"[^"]*"')


def normal(content, prefix=b"", stdin_path=None):
    """Output with paths as the plain file's own: without `.gz`, without `prefix`, and for stdin with the file's."""

    def path(match):
        text = match[2].removeprefix(prefix)
        return match[1] + (stdin_path if stdin_path is not None and text == b"-" else text) + b'"'

    if stdin_path is not None:  # has its name by --origin, and rejects say that
        content = GIVEN_NAME.sub(rb"\1", content)
    return PATH_TEXT.sub(path, content)


class Runner:
    def __init__(self, program, report, directory):
        self.program, self.report, self.directory = program, report, directory
        self.numbers = itertools.count()

    def run(self, inputs, arguments, read_size=None, workers="1", scanner=None, cwd=None, stdin=b""):
        """Returns exit code, records, rejects."""
        rejects = self.directory / f"rejects-{next(self.numbers)}"
        options = ["--quiet", "-j", workers, "--rejects", rejects, *(["--read-size", read_size] if read_size else [])]
        env = {"WHEREFROM_CPU": scanner} if scanner else {}
        result = self.program.run("run", *inputs, *arguments, *options, cwd=cwd, env=env, stdin=stdin)
        rejected = rejects.read_bytes() if rejects.exists() else b""
        rejects.unlink(missing_ok=True)
        if result.err:
            self.report.check(False, f"{' '.join(inputs)} {options}: unexpected on stderr: {result.err[:200]}")
        return result.code, result.out, rejected

    def compare(self, found, cases, what):
        """Compares code, records and rejects; says the first line that differs."""
        code, *contents = found
        expected = [b"".join(parts) for parts in zip(*(case.expectation() for case in cases))]
        wanted = 3 if expected[1] else 0
        problem = f"exit code {code}, not {wanted}" if code != wanted else None
        for kind, got, want in zip(("record", "reject"), contents, expected):
            problem = problem or first_difference(kind, got, want, cases)
        self.report.check(problem is None, f"{what}: {problem}")


def first_difference(kind, got, want, cases):
    if got == want:
        return None
    got_lines, want_lines = got.split(b"\n"), want.split(b"\n")
    index = next((i for i, pair in enumerate(zip(got_lines, want_lines)) if pair[0] != pair[1]), min(len(got_lines), len(want_lines)) - 1)
    found, expected = got_lines[index], want_lines[index]
    byte = next((i for i, pair in enumerate(zip(found, expected)) if pair[0] != pair[1]), min(len(found), len(expected)))
    line = index
    for case in cases:
        count = case.expectation()[kind == "reject"].count(b"\n")
        if line < count:
            break
        line -= count
    show = slice(max(0, byte - 60), byte + 60)
    return (f"{case.name}: {kind} {line + 1} differs at byte {byte}:\n         expected {expected[show].decode('utf-8', 'replace')}"
            f"\n         found    {found[show].decode('utf-8', 'replace')}")


def combinations(kinds, scanners):
    return list(itertools.product(READ_SIZES, WORKERS, kinds, scanners))


def pairs_of(combination):
    return set(itertools.combinations(enumerate(combination), 2))


def covering(all_combinations):
    """Few combinations that hold every pair of settings: taken greedily."""
    missing = set().union(*map(pairs_of, all_combinations))
    chosen = []
    while missing:
        best = max(all_combinations, key=lambda combination: len(pairs_of(combination) & missing))
        chosen.append(best)
        missing -= pairs_of(best)
    return chosen


def run_matrix(runner, cases, matrix, pool):
    def one(combination):
        read_size, workers, kind, scanner = combination
        inputs = [case.path + ENDINGS[kind] for case in cases]
        code, records, rejects = runner.run(inputs, cases[0].arguments, read_size, workers, scanner, runner.directory / kind)
        runner.compare((code, normal(records), normal(rejects)), cases,
                       f"read size {read_size or 'default'}, -j {workers}, {kind}, {scanner}")

    list(pool.map(one, matrix))


STDIN_SETTINGS = ((None, "1", "plain"), ("1", "4", "members"), ("7", "4", "plain"))


def run_stdin(runner, case, settings):
    for read_size, workers, kind in settings:
        content = (runner.directory / kind / (case.path + ENDINGS[kind])).read_bytes()
        code, records, rejects = runner.run(["-"], ["--origin", case.path, *case.arguments], read_size, workers, stdin=content)
        path = case.path.encode()
        runner.compare((code, normal(records, stdin_path=path), normal(rejects, stdin_path=path)), [case],
                       f"{case.name} from stdin, {kind}")


def run_tree(runner, cases, kind, workers):
    code, records, rejects = runner.run([kind + "/"], [], None, workers, cwd=runner.directory)
    prefix = kind.encode() + b"/"
    runner.compare((code, normal(records, prefix), normal(rejects, prefix)), cases, f"the directory {kind}, -j {workers}")


def update(runner, cases):
    for case in cases:
        code, records, rejects = runner.run([case.path], case.arguments, cwd=runner.directory / "plain")
        runner.report.check(code in (0, 3), f"{case.name}: exit code {code}")
        case.expected.write_bytes(records)
        case.rejects.unlink(missing_ok=True)
        if rejects:
            case.rejects.write_bytes(rejects)


# --- what is true of every record --------------------------------------------------------------


def hollow(value):
    """Whether there is a null, an empty text, object or list in it: such a field is to be absent."""
    if isinstance(value, dict):
        return not value or any(map(hollow, value.values()))
    if isinstance(value, list):
        return not value or any(map(hollow, value))
    return value is None or value == ""


def check_form(report, case):
    records, rejects = map(parse_lines, case.expectation())
    lines = case.log.read_bytes().count(b"\n") + 1
    report.check(len(records) + len(rejects) <= lines, f"{case.name}: more lines out than in")
    for number, record in enumerate(records, 1):
        report.check(not hollow(record), f"{case.name}: record {number} has an empty value: {json.dumps(record)}")
    for number, reject in enumerate(rejects, 1):
        good = {"reason", "stage", "detail", "origin", "event_id"} <= set(reject) and ("original" in reject) != ("original_base64" in reject)
        report.check(good, f"{case.name}: reject {number} lacks something: {json.dumps(reject)}")


def main():
    parser = argument_parser("golden tests")
    parser.add_argument("--case", default="*", help="FORMAT/CASE, a glob")
    parser.add_argument("--pairs", action="store_true", help="every pair of settings at least once instead of all combinations")
    parser.add_argument("--brief", action="store_true", help="as --pairs, but what runs by itself in one of them each: for an emulator")
    parser.add_argument("--update", action="store_true", help="write what is expected from one run, then look at it")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    cases = find_cases(options.case)
    if not cases:
        sys.exit(f"no case matches {options.case}")
    with scratch() as directory, concurrent.futures.ThreadPoolExecutor(2) as pool:
        runner = Runner(program, report, directory)
        kinds = lay_out(cases, directory)
        if options.update:
            with report.group("update"):
                update(runner, cases)
        missing = [case.name for case in cases if not case.expected.exists()]
        if missing:
            sys.exit(f"nothing is expected of {', '.join(missing)}; --update writes it")
        if "zst" not in kinds:
            print("note: without the zstd tool, zst is not tried")
        scanners = program.scanners()
        matrix = combinations(kinds, scanners)
        few = covering(matrix)
        if options.pairs or options.brief:
            matrix = few
        turns = itertools.count()

        def turn_of(settings):
            """All of them, or one, each time the next."""
            return [settings[next(turns) % len(settings)]] if options.brief else settings

        together = [case for case in cases if not case.arguments]
        if together:
            with report.group(f"{len(together)} cases in {len(matrix)} combinations"):
                run_matrix(runner, together, matrix, pool)
            alike = [case for case in together if not case.has_key]
            with report.group("from stdin"):
                list(pool.map(lambda case: run_stdin(runner, case, turn_of(STDIN_SETTINGS)), alike))
        if together and len(together) == len({case.path for case in cases}):
            with report.group("as a directory"):
                for kind, workers in itertools.product(kinds, WORKERS):
                    run_tree(runner, together, kind, workers)
        for case in cases:
            if case.arguments:
                settings = turn_of(few)
                with report.group(f"{case.name}: {shlex.join(case.arguments)}, in {len(settings)} combinations"):
                    run_matrix(runner, [case], settings, pool)
        with report.group("form of what is expected"):
            for case in cases:
                check_form(report, case)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
