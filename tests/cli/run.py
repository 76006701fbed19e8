#!/usr/bin/env python3
"""Tests of the program from outside: every function `test_*` of the modules below is a group of checks.

    run.py --wherefrom PATH [--generate PATH] [--test GLOB] [--swaps N]

Each group has a directory of its own to work in. The modules are by subject: what is typed (usage_cases), what is
read (input_cases), what is broken (damage_cases), what is written (output_cases), as OpenSearch is told of it
(template_cases), how it runs (running_cases), `resolve` (resolve_cases), `replay` (replay_cases), where
clients may be served (residency_cases), what is left out (filter_cases).

Threads: one; some groups start the program beside it.
"""
import fnmatch
import inspect
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import check_cases  # noqa: E402
import damage_cases  # noqa: E402
import filter_cases  # noqa: E402
import input_cases  # noqa: E402
import output_cases  # noqa: E402
import reload_cases  # noqa: E402
import replay_cases  # noqa: E402
import residency_cases  # noqa: E402
import resolve_cases  # noqa: E402
import route_cases  # noqa: E402
import running_cases  # noqa: E402
import template_cases  # noqa: E402
import usage_cases  # noqa: E402
from black_box import Program, Report, argument_parser, read_summary, scratch, write  # noqa: E402

MODULES = (usage_cases, check_cases, resolve_cases, input_cases, damage_cases, output_cases, template_cases, reload_cases, running_cases,
           route_cases, replay_cases, residency_cases, filter_cases)


class Bench:
    """What a group works with."""

    def __init__(self, program, report, directory, generate, swaps):
        self.program, self.report, self.directory, self.generate, self.swaps = program, report, directory, generate, swaps
        self.check, self.equal = report.check, report.equal

    def run(self, *arguments, **settings):
        """`wherefrom ARGUMENTS` in the group's directory."""
        return self.program.run(*arguments, **{"cwd": self.directory, **settings})

    def write(self, name, content):
        return write(self.directory / name, content)

    def read(self, name):
        return (self.directory / name).read_bytes()

    def fails(self, arguments, code, *words, stdin=b""):
        """The run fails with that code, writes no record, and one message that has these words."""
        result = self.run(*arguments, stdin=stdin)
        what = " ".join(map(str, arguments))
        self.equal(result.code, code, f"{what}: exit code ({result.err.strip()[:200]})")
        self.equal(result.out, b"", f"{what}: stdout")
        for word in words:
            self.check(word in result.err, f"{what}: {word!r} is not in the message: {result.err[:300]!r}")
        return result

    def counted(self, *arguments, **settings):
        """Runs with --summary; returns the result and the summary, whose numbers add up."""
        path = self.directory / "summary.json"
        path.unlink(missing_ok=True)
        result = self.run(*arguments, "--summary", path, **settings)
        return result, read_summary(path)


def groups(glob):
    for module in MODULES:
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and fnmatch.fnmatch(name, glob):
                yield function.__code__.co_firstlineno, module, name, function


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--test", default="*", metavar="GLOB", help="only the groups of this name")
    parser.add_argument("--swaps", type=int, default=reload_cases.SWAPS, metavar="N", help="databases and chains that come under load")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    generate = Program(options.generate) if options.generate else None
    found = sorted(groups(options.test), key=lambda group: (MODULES.index(group[1]), group[0]))
    for _, _, name, function in found:
        with scratch() as directory, report.group(name.removeprefix("test_").replace("_", " ")):
            function(Bench(program, report, directory, generate, options.swaps))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
