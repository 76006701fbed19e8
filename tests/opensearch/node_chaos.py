#!/usr/bin/env python3
"""wherefrom and an OpenSearch node are killed at random moments; the node is slow, or says that it has too much to do.

    node_chaos.py --wherefrom PATH --generate PATH [--variant NAME,...] [--rounds 1] [--lines 600000] [--kills 20] [--node-kills 3] [--seed N]

What happens follows from the seed. Variants: files (with --state, plain and .gz, into a data stream, rejects to a file: each line is in one of
the two, once), kafka (of one topic, five kills: each line is in the index once, or at least once in the rejects), and three that measure: slow
(a tenth of the bytes come through, then all again), stalled (the node may run a tenth of the time), refusing (429 for all documents, 429 for
requests, 503 with Retry-After). These three say how much memory and CPU wherefrom takes meanwhile, what comes through, and how long it takes
until it is as fast as before.

Exit status 1 when a line is missing, twice or nobody's, or memory grows.

Threads: one, and those of what it starts.
"""
import argparse
import pathlib
import random
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "proxies"), str(HERE.parent / "kafka")]
from run import Bench  # noqa: E402  # first: other folders, which are put in front, have a run.py, too

from black_box import Report, scratch  # noqa: E402
from kafka_kills import kafka_under_kills  # noqa: E402
from kill_cases import files_under_kills  # noqa: E402
from node import Node, NotInstalled  # noqa: E402
from slow_node import refusing, slow, stalled  # noqa: E402

MEMORY_MAX = 96 << 20  # resident, of any process at any time: many times as much goes through


def files(bench, dice, options):
    happened = files_under_kills(bench, dice, options.lines, options.kills, options.node_kills)
    bench.check(0 < happened["memory_max"] < MEMORY_MAX, f"{happened['memory_max'] >> 20} MiB were resident")
    return happened


VARIANTS = {
    "files": files,
    "kafka": lambda bench, dice, options: kafka_under_kills(bench, dice, options.lines // 4, 5, 1),
    "slow": lambda bench, dice, options: slow(bench), "stalled": lambda bench, dice, options: stalled(bench),
    "refusing": lambda bench, dice, options: refusing(bench)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--wherefrom", required=True, metavar="PATH")
    parser.add_argument("--generate", required=True, metavar="PATH")
    parser.add_argument("--variant", default=",".join(VARIANTS), help="default: all")
    for what, default in (("rounds", 1), ("lines", 600_000), ("kills", 20), ("node-kills", 3)):
        parser.add_argument(f"--{what}", type=int, default=default, metavar="N")
    parser.add_argument("--seed", type=int, default=None, metavar="N")
    options = parser.parse_args()
    first, report = options.seed if options.seed is not None else random.randrange(1 << 32), Report()
    for seed in range(first, first + options.rounds):
        for name in options.variant.split(","):
            with scratch() as folder:
                try:
                    node = Node(folder / "server")
                except NotInstalled as reason:
                    sys.exit(f"no node: {reason}")
                bench, begun = Bench(options, node, report, folder / name), time.monotonic()
                with node, report.group(f"{name}, --seed {seed}"):
                    try:
                        for what, figure in VARIANTS[name](bench, random.Random(f"{seed} {name}"), options).items():
                            print(f"  {what.replace('_', ' ')}: {figure:,}" if isinstance(figure, int) else f"  {what}: {figure}", flush=True)
                    finally:
                        bench.end()
                    print(f"  {time.monotonic() - begun:.0f} s")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
