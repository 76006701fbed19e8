#!/usr/bin/env python3
"""OpenSearch from outside: a real node, and what becomes of our records there.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Each case has indices of its own in one node. Nothing here measures time. Exit status 77: there is no node to be had (node.py says how to
get one).

Threads: one.
"""
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "proxies"), str(HERE.parent / "http"), str(HERE.parent / "kafka")]
import analytics_cases  # noqa: E402
import count_cases  # noqa: E402
import dashboard_cases  # noqa: E402
import front_cases  # noqa: E402
import kill_cases  # noqa: E402
import mapping_cases  # noqa: E402
import metrics_cases  # noqa: E402
import overload_cases  # noqa: E402
import pressure_cases  # noqa: E402
import refusal_cases  # noqa: E402
import reply_cases  # noqa: E402
import rollover_cases  # noqa: E402
import rollup_cases  # noqa: E402
import setup_cases  # noqa: E402
import several_cases  # noqa: E402
import trouble_cases  # noqa: E402
from black_box import Program  # noqa: E402
from node import Node  # noqa: E402
from server_cases import run_cases  # noqa: E402
from started_run import Run  # noqa: E402

MODULES = (mapping_cases, setup_cases, rollover_cases, dashboard_cases, rollup_cases, analytics_cases, count_cases, refusal_cases, reply_cases,
           front_cases, overload_cases, trouble_cases, pressure_cases, several_cases, metrics_cases, kill_cases)


class Bench:
    """What a case works with. Whatever it starts ends with it."""

    def __init__(self, options, node, report, folder):
        self.program, self.node, self.report, self.folder = Program(options.wherefrom), node, report, folder
        self.generate = Program(options.generate) if options.generate else None
        self.check, self.equal = report.check, report.equal
        self.started = []
        folder.mkdir()

    def start(self, inputs, *options, name=None, **settings):
        """A run; one of the same name goes on in the same folder. `output`, `rejects`: URLs, or files in that folder."""
        run = Run(self.program, self.folder / (name or f"run-{len(self.started)}"), inputs, *options, **settings)
        self.started.append(run)
        return run

    def end(self):
        for one in self.started:
            one.kill()


def prepare(options, report, node, folder):
    def run(name, function):
        bench = Bench(options, node, report, folder / name)
        try:
            function(bench)
        finally:
            bench.end()
            if node.process is None:
                node.start()

    return run


if __name__ == "__main__":
    cases = [(name, function) for module in MODULES for name, function in vars(module).items() if name.startswith("test_")]
    sys.exit(run_cases(__doc__.split("\n", 1)[0], cases, Node, prepare))
