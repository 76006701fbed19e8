#!/usr/bin/env python3
"""Measures wherefrom against fixed references on the same machine in one run, and prints a table of ratios.

A time in seconds says more about the machine than about the program; a ratio to `gzip -dc` of the same file, taken in
turns, can be compared between machines and between months. Nothing here is a test: the exit status is 0 unless a
program that had to run did not, or a format's lines were not all read.

    bench.py --wherefrom PATH --generate PATH --floor PATH --work DIR
             [--lines 1000000] [--runs 5] [--peer-runs 3] [--only ROW[,ROW]] [--geo FILE] [--json FILE]
             [--formats NAME[,NAME]] [--format-megabytes 200]

Rows: gzip plain floor speed workers memory first-record walk-alb walk-nginx rate-one rate-six residency report goaccess syslog-ng duckdb formats. Programs to compare with that
are not installed are reported as not measured, with the reason. `formats` is a table of its own, a row per format.

Threads: one.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from dataclasses import asdict, dataclass

sys.dont_write_bytecode = True  # the modules beside this one are imported from the source tree: leave nothing there

import measure
from analytics import AnalyticsBench
from formats import FORMATS, FormatBench
from measure import Corpus, Failed, Unavailable, in_turns, median, ratio
from peers import PEERS
from walk import WalkBench

TARGETS = {"gzip": 0.50, "plain": 0.30, "floor": 1.6, "goaccess": 1 / 25, "syslog-ng": 1 / 25, "duckdb": 1 / 5,
           "workers": 0.65, "memory": 256, "first-record": 150, "walk-alb": 1.05, "walk-nginx": 1.30,
           "rate-one": 1.10, "rate-six": 1.40, "residency": 1.03, "report": 1.30}
MEMORY_LINES = [250_000, 1_000_000, 4_000_000]


@dataclass
class Row:
    name: str
    what: str
    measured: str
    target: str = ""
    met: bool | None = None  # None: no target, or not measured
    note: str = ""
    value: float | None = None


class Bench:
    def __init__(self, options):
        self.options = options
        self.corpus = Corpus(options.generate, options.work)
        self.lines, self.runs = options.lines, options.runs
        self.rows, self.failures = [], 0
        self.load = os.getloadavg()[0]

    def ours(self, log, output="/dev/null", *more, core=None):
        argv = [self.options.wherefrom, "run", log, "-o", output, "--quiet", *more]
        return measure.run(argv, accept=(0, 3), core=core)

    def add(self, name, what, value, measured, limit_text, note=""):
        """A row with a target: met when value is at most TARGETS[name]."""
        self.rows.append(Row(name, what, measured, limit_text, value <= TARGETS[name], note, value))

    def row_check(self):
        """Not a row: what is measured below has to be the whole job, so the records are counted first."""
        path = os.path.join(self.options.work, "summary.json")
        self.ours(self.corpus.packed(self.lines), "/dev/null", "--summary", path)
        with open(path, encoding="utf-8") as file:
            records = json.load(file)["records"]
        print(f"wherefrom handles {records['written']} of {self.lines} records"
              + (f", rejects {records['rejected']}" if records["rejected"] else ""), flush=True)
        if records["read"] != self.lines:
            raise Failed(f"wherefrom read {records['read']} records of {self.lines}")

    def row_gzip(self):
        """Twice: as a user runs it, and with everything on one core. The cores of rented machines are often two threads of
        one; a program that keeps both busy is then charged more CPU seconds for the same work, and gzip is not."""
        packed, plain = self.corpus.packed(self.lines), self.corpus.plain(self.lines)
        measure.warm(packed)
        measure.warm(plain)
        for core, where in ((None, ""), (min(os.sched_getaffinity(0)), ", all on one core")):
            samples = in_turns({"gzip": lambda: measure.run(["gzip", "-dc", packed], core=core),
                                "packed": lambda: self.ours(packed, core=core),
                                "plain": lambda: self.ours(plain, core=core)}, self.runs)
            reference, wanted = median(samples["gzip"]), self.options.only
            if "gzip" in wanted:
                self.rows.append(Row("gzip", f"gzip -dc FILE.gz > /dev/null{where}", f"1.00 = {reference:.2f} s CPU"))
            for name, what in (("gzip", "wherefrom run FILE.gz"), ("plain", "wherefrom run FILE")):
                if name in wanted:
                    key = "packed" if name == "gzip" else "plain"
                    times = ratio(samples[key], samples["gzip"])
                    self.add(name, f"{what} -o /dev/null, x gzip{where}", times.value, str(times),
                             f"{TARGETS[name]:.2f} or less",
                             f"{median(samples[key]):.2f} s CPU, {median(samples[key], 'wall'):.2f} s wall{where}")
        if "speed" in wanted:  # of the last round: one core
            for key, what in (("packed", "from .gz"), ("plain", "from plain")):
                per_second = self.lines / median(samples[key], "wall")
                self.rows.append(Row("speed", f"lines/s on one core, {what}", f"{per_second:,.0f}", value=per_second))

    def row_floor(self):
        packed = self.corpus.packed(self.lines)
        out, floor_out = (os.path.join(self.options.work, name) for name in ("ours.ndjson", "floor.bytes"))
        self.ours(packed, out)
        out_bytes = str(os.path.getsize(out))
        floor = [self.options.floor, packed, out_bytes, floor_out]
        measure.run(floor)

        def settled(command):
            os.sync()  # else the turn before is still being written to disk
            return command()

        try:
            samples = in_turns({"ours": lambda: settled(lambda: self.ours(packed, out)),
                                "floor": lambda: settled(lambda: measure.run(floor))}, self.runs)
        finally:
            measure.remove(out)
            measure.remove(floor_out)
        times = ratio(samples["ours"], samples["floor"])
        parts = ", ".join(f"{what} {median(samples['ours'], what):.2f} against {median(samples['floor'], what):.2f} s"
                          for what in ("user", "system"))
        self.add("floor", "wherefrom run FILE.gz -o FILE, x floor program", times.value, str(times),
                 f"{TARGETS['floor']:.1f} or less", f"{int(out_bytes) / 1e6:,.0f} MB written; {parts}")

    def row_workers(self):
        packed = self.corpus.packed(self.lines)
        core = min(os.sched_getaffinity(0))
        if len(os.sched_getaffinity(0)) < 2:
            self.rows.append(Row("workers", "-j2 against -j1", "not measured: one core only"))
            return
        measure.warm(packed)
        samples = in_turns({"one": lambda: self.ours(packed, "/dev/null", "-j", "1", core=core),
                            "two": lambda: self.ours(packed, "/dev/null", "-j", "2")}, self.runs)
        times = ratio(samples["two"], samples["one"], "wall")
        self.add("workers", "-j2, x -j1 on one core, wall, from .gz", times.value, str(times),
                 f"{TARGETS['workers']:.2f} or less",
                 f"{median(samples['two'], 'wall'):.2f} against {median(samples['one'], 'wall'):.2f} s")

    def row_memory(self):
        for lines in MEMORY_LINES:
            peak = max(self.ours(self.corpus.packed(lines)).rss_bytes for _ in range(2)) / (1 << 20)
            self.add("memory", f"peak RSS, {lines:,} lines", peak, f"{peak:.0f} MB", f"{TARGETS['memory']} MB or less")

    def row_first_record(self):
        packed = self.corpus.packed(self.lines)
        measure.warm(packed)
        argv = [self.options.wherefrom, "run", packed, "-o", "-", "--quiet"]
        turns = sorted(measure.first_byte_seconds(argv) * 1000 for _ in range(2 * self.runs + 1))
        middle = turns[len(turns) // 2]
        self.add("first-record", "start to first byte of output, from .gz", middle,
                 f"{middle:.0f} ms ({turns[0]:.0f}-{turns[-1]:.0f})", f"under {TARGETS['first-record']} ms")

    def row_walk(self, name):
        walks = WalkBench(self.options, self.corpus)
        samples, times = walks.alb() if name == "walk-alb" else walks.nginx()
        what = ("ALB lines through a chain of two hops, x no chain" if name == "walk-alb"
                else "NGINX lines, 3 X-Forwarded-For entries through two hops, x lines without any")
        unused = f"; the same lines without a chain {median(samples['unused']):.2f}" if "unused" in samples else ""
        self.add(name, what, times.value, str(times), f"{TARGETS[name]:.2f} or less",
                 f"{median(samples['with']):.2f} against {median(samples['without']):.2f} s CPU{unused}")

    def row_rates(self):
        analytics = AnalyticsBench(self.options, self.corpus)
        (samples, rows), (plain, _) = (analytics.rates(path) for path in analytics.paths())
        seconds = {name: median(turns) for name, turns in samples.items()}

        def extra(turns, key):
            """What a dimension adds to a run that writes roll-ups, in parts of the run without any."""
            return [1 + (turn.cpu - heat.cpu) / alone.cpu for turn, heat, alone in zip(*(turns[k] for k in (key, "heat", "without")))]

        for name, key, what in (("rate-one", "one", "one dimension"), ("rate-six", "six", "six dimensions")):
            times = extra(samples, key)
            value = statistics.median(times)
            self.add(name, f"ALB lines from .gz with rates of {what}, x without", value,
                     f"{value:.3f} ({min(times):.3f}-{max(times):.3f})", f"{TARGETS[name]:.2f} or less",
                     f"{seconds[key]:.2f} against {seconds['heat']:.2f} s CPU with heat roll-ups alone, {seconds['without']:.2f} s without any; "
                     f"{rows:,} rows of six dimensions; from text {statistics.median(extra(plain, key)):.3f}")

    def row_residency(self):
        analytics = AnalyticsBench(self.options, self.corpus)
        (samples, times), (_, plain) = (analytics.zones(path) for path in analytics.paths())
        self.add("residency", "ALB lines from .gz with a residency policy, x without", times.value, str(times),
                 f"{TARGETS['residency']:.2f} or less",
                 f"{median(samples['with']):.2f} against {median(samples['without']):.2f} s CPU; from text {plain.value:.3f}")

    def row_report(self):
        """One pass over the same lines, a page instead of records; as long on one core as with all."""
        packed, page = self.corpus.packed(self.lines), os.path.join(self.options.work, "report.html")
        core = min(os.sched_getaffinity(0))
        measure.warm(packed)
        argv = [self.options.wherefrom, "report", packed, "-o", page, "--quiet"]
        try:
            samples = in_turns({"run": lambda: self.ours(packed, core=core), "report": lambda: measure.run(argv, core=core)}, self.runs)
            size = os.path.getsize(page)
        finally:
            measure.remove(page)
        times = ratio(samples["report"], samples["run"])
        self.add("report", "a report of the lines, from .gz, x run", times.value, str(times), f"{TARGETS['report']:.2f} or less",
                 f"{median(samples['report']):.2f} against {median(samples['run']):.2f} s CPU; a page of {size / 1e6:.1f} MB")

    def row_peer(self, peer_class):
        what = f"wherefrom run FILE, x {peer_class.name}"
        try:
            peer = peer_class(self.options.work, find_geo(self.options))
            peer.prepare()
        except Unavailable as reason:
            self.rows.append(Row(peer_class.name, what, f"not measured: {reason}"))
            return
        plain = self.corpus.plain(self.lines)
        measure.warm(plain)
        samples = in_turns({"ours": lambda: self.ours(plain), "peer": lambda: peer.run(plain)}, self.options.peer_runs)
        times, records = ratio(samples["ours"], samples["peer"]), samples["peer"][-1].records
        fewer = "" if records == self.lines else f" HANDLES {records:,} OF {self.lines:,} RECORDS;"
        self.add(peer.name, what, times.value, f"{times} = 1/{1 / times.value:.0f}",
                 f"1/{round(1 / TARGETS[peer.name])} or less",
                 f"{median(samples['ours']):.2f} against {median(samples['peer']):.1f} s CPU;{fewer} {peer.note}")

    def run(self):
        steps = [(self.row_check, ())]
        if {"gzip", "plain", "speed"} & self.options.only:
            steps.append((self.row_gzip, ()))
        for name in ("floor", "workers", "memory", "first-record", "report"):
            if name in self.options.only:
                steps.append((getattr(self, "row_" + name.replace("-", "_")), ()))
        steps += [(self.row_walk, (name,)) for name in ("walk-alb", "walk-nginx") if name in self.options.only]
        if {"rate-one", "rate-six"} & self.options.only:
            steps.append((self.row_rates, ()))
        if "residency" in self.options.only:
            steps.append((self.row_residency, ()))
        steps += [(self.row_peer, (peer,)) for peer in PEERS if peer.name in self.options.only]
        for step, arguments in steps:
            name = getattr(arguments[0], "name", arguments[0]) if arguments else step.__name__.removeprefix("row_").replace("_", "-")
            print(f"measuring {name} ...", flush=True)
            try:
                step(*arguments)
            except Failed as error:
                self.failures += 1
                self.rows.append(Row(name, "", f"failed: {error}"))
                if step == self.row_check:
                    break


def find_geo(options):
    """The database for the peers: --geo, else the one that the build puts beside wherefrom, so that all look up the
    same."""
    path = options.geo or os.path.join(os.path.dirname(os.path.abspath(options.wherefrom)), "wherefrom-geo.mmdb")
    if not os.path.exists(path):
        raise Unavailable(f"no database at {path} (--geo FILE)")
    return path


def measure_formats(options):
    """The table of formats; its failures have been told when it is printed."""
    formats = FormatBench(options)
    formats.run()
    formats.print_table()
    return formats


def print_table(bench):
    line_bytes = os.path.getsize(bench.corpus.plain(bench.lines)) / bench.lines
    print(f"\n{platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
          f"{bench.lines:,} ALB lines of {line_bytes:.0f} bytes on average; "
          f"CPU seconds, median of {bench.runs} turns, peers {bench.options.peer_runs} (lowest-highest)")
    busy = " - the machine has other work: times on the wall say little" if bench.load > 0.5 else ""
    print(f"load before the first turn: {bench.load:.1f}{busy}\n")
    headings = ["row", "what", "measured", "target", ""]
    verdict = {True: "met", False: "MISSED", None: ""}
    table = [[row.name, row.what, row.measured, row.target, verdict[row.met]] for row in bench.rows]
    widths = [max(len(line[i]) for line in [headings, *table]) for i in range(len(headings))]
    for line in [headings, *table]:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    notes = [f"  {row.name}: {row.note}" for row in bench.rows if row.note]
    if notes:
        print("\nnotes\n" + "\n".join(notes))


def parse_arguments():
    names = ["gzip", "plain", "floor", "speed", "workers", "memory", "first-record", "walk-alb", "walk-nginx", "rate-one", "rate-six", "residency",
             "report",              *(peer.name for peer in PEERS),
             "formats"]
    format_names = [spec.name for spec in FORMATS]
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="rows: " + " ".join(names) + "\n\n"
        "The row `formats` is a table of its own: what each format costs per GB and per million records, and how much of ALB's\n"
        "cost per byte that is (no text format more than 1.5 x, no JSON format more than 2.5 x). A corpus that is not read to the\n"
        "last line, or as another format, is a failure. Formats: " + " ".join(format_names))
    for name in ("wherefrom", "generate", "floor", "work"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-runs", type=int, default=3, help="peers take long (default: 3)")
    parser.add_argument("--only", metavar="ROW[,ROW]", help="measure these rows only")
    parser.add_argument("--formats", metavar="NAME[,NAME]", help="of the row formats, these only")
    parser.add_argument("--format-megabytes", type=int, default=200, help="size of a format's corpus (default: 200)")
    parser.add_argument("--geo", metavar="FILE", help="database for the peers (default: the one that ships)")
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON too")
    options = parser.parse_args()
    options.only = set(options.only.split(",")) if options.only else set(names)
    options.formats = set(options.formats.split(",")) if options.formats else set()
    unknown = (options.only - set(names)) | (options.formats - set(format_names))
    if unknown or min(options.runs, options.peer_runs, options.lines, options.format_megabytes) < 1:
        parser.error(f"no such row: {', '.join(sorted(unknown))}" if unknown else "numbers are 1 at least")
    return options


def main():
    options = parse_arguments()
    os.makedirs(options.work, exist_ok=True)
    result, failures = {"runs": options.runs}, 0
    try:
        if options.only != {"formats"}:
            bench = Bench(options)
            bench.run()
            print_table(bench)
            failures += bench.failures
            result |= {"lines": bench.lines, "rows": [asdict(row) for row in bench.rows]}
        if "formats" in options.only:
            formats = measure_formats(options)
            failures += formats.failures
            result["formats"] = formats.as_json()
    except Failed as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
