#!/usr/bin/env python3
"""OpenSearch from outside: a real node, and what becomes of our records there.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Each case has indices of its own in one node. Nothing here measures time. Exit status 77: there is no node to be had (node.py says how to
get one).

Threads: one.
"""
import fnmatch
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
import mapping_cases  # noqa: E402
from black_box import Program, Report, argument_parser, scratch  # noqa: E402
from node import Node, NotInstalled  # noqa: E402

SKIPPED = 77
CASES = [(name.removeprefix("test_"), getattr(module, name)) for module in (mapping_cases,)
         for name in vars(module) if name.startswith("test_")]


class Bench:
    """What a case works with."""

    def __init__(self, options, node, report, folder):
        self.program, self.node, self.report, self.folder = Program(options.wherefrom), node, report, folder
        self.generate = Program(options.generate) if options.generate else None
        self.check, self.equal = report.check, report.equal
        folder.mkdir()


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--test", action="append", metavar="GLOB", help="only the cases of this name, without test_; may be repeated")
    options, report = parser.parse_args(), Report()
    with scratch() as folder:
        try:
            node = Node(folder / "node")
        except NotInstalled as why:
            print(f"skipped: {why}")
            return SKIPPED
        with node:
            for name, function in CASES:
                if any(fnmatch.fnmatch(name, glob) for glob in options.test or ["*"]):
                    with report.group(name.replace("_", " ")):
                        function(Bench(options, node, report, folder / name))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
