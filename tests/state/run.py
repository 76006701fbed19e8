#!/usr/bin/env python3
"""Tests of --state from outside: whatever happens to a run, its outputs end as if nothing had.

    run.py --wherefrom PATH [--generate PATH] [--kills N] [--seed S] [--test GLOB]

state_kills: runs that are killed, stopped or out of room. state_files: files that grow, move and are replaced. state_checkpoints:
checkpoints that are damaged, in use, or not this run's. Where a run shall stop at a known place, --limit does it.

Threads: one; some groups start the program beside it.
"""
import fnmatch
import inspect
import os
import pathlib
import random
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "cli")]
import state_checkpoints  # noqa: E402
import state_files  # noqa: E402
import state_kills  # noqa: E402
from black_box import Program, Report, argument_parser, read_summary, scratch, write  # noqa: E402

MODULES = (state_files, state_checkpoints, state_kills)
OUTPUTS = ("records.ndjson", "rejects.ndjson")


class Bench:
    """A directory with `logs` in it, runs over them with --state, and what a run without it writes."""

    def __init__(self, program, report, directory, options):
        self.program, self.report, self.directory = program, report, directory
        self.generate, self.kills = options.generate, options.kills
        self.random = random.Random(options.seed)
        self.check, self.equal = report.check, report.equal
        self.options = []  # of all runs
        self.logs = directory / "logs"
        self.logs.mkdir()

    def arguments(self, *more, inputs=("logs",), outputs=OUTPUTS, state=True):
        return ["run", *inputs, "--no-geo", "-o", outputs[0], "--rejects", outputs[1], "--summary", "summary.json",
                *(["--state", "state"] if state else []), *self.options, *more]

    def run(self, *more, **settings):
        """One run; its summary is in `summary`, None when it wrote none."""
        path = self.directory / "summary.json"
        path.unlink(missing_ok=True)
        result = self.program.run(*self.arguments(*more, **settings), cwd=self.directory, env={"WHEREFROM_CHECKPOINT_MS": "5"})
        result.summary = read_summary(path) if path.exists() else None
        return result

    def start(self, *more, **settings):
        return self.program.start(*self.arguments(*more, **settings), cwd=self.directory,
                                  env={**os.environ, "WHEREFROM_CHECKPOINT_MS": "5"}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def write(self, name, content):
        return write(self.logs / name, content)

    def append(self, name, content):
        with open(self.logs / name, "ab") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def outputs(self, names=OUTPUTS):
        return [(self.directory / name).read_bytes() if (self.directory / name).exists() else None for name in names]

    def expected(self, *more, **settings):
        """What a run without --state writes about the logs as they are."""
        names = ("expected.ndjson", "expected_rejects.ndjson")
        result = self.run(*more, outputs=names, state=False, **settings)
        self.check(result.code in (0, 3), f"the run to compare with: {result.code} {result.err[-200:]}")
        return self.outputs(names)

    def same(self, expected, what, found=None):
        found = found or self.outputs()
        for name, left, right in zip(OUTPUTS, found, expected):
            self.check(left == right, f"{what}: {name}: {difference(left, right)}")

    def forget(self):
        for name in (*OUTPUTS, "state/checkpoint", "state/checkpoint.tmp"):
            (self.directory / name).unlink(missing_ok=True)


def difference(found, expected):
    if found is None or expected is None:
        return f"is {'missing' if found is None else 'there'}"
    place = next((i for i, (a, b) in enumerate(zip(found, expected)) if a != b), min(len(found), len(expected)))
    return f"{len(found)} bytes instead of {len(expected)}, other ones from {place} on: {found[max(0, place - 80):place + 120]!r}"


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=state_kills.KILLS, metavar="N", help="kill -9 at so many moments")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of all that is random")
    parser.add_argument("--test", default="*", metavar="GLOB", help="only the groups of this name")
    options = parser.parse_args()
    options.generate = Program(options.generate) if options.generate else None
    program, report = Program(options.wherefrom), Report()
    for module in MODULES:
        groups = [(function.__code__.co_firstlineno, name, function) for name, function in inspect.getmembers(module, inspect.isfunction)
                  if name.startswith("test_") and fnmatch.fnmatch(name, options.test)]
        for _, name, function in sorted(groups, key=lambda group: group[0]):
            with scratch() as directory, report.group(name.removeprefix("test_").replace("_", " ")):
                function(Bench(program, report, directory, options))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
