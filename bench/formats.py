"""What each format costs, against ALB lines of the same size in the same minute.

Bytes are what is read and moved, so CPU seconds per GB are compared; short lines cost more of them, for much is done once
a record whatever its length, and a record of a short line is not much shorter than others. The costs per record and what is
written for one are shown beside. Every turn is on one core, ALB and the format
one after the other.

A corpus that is not read to the last line is no measurement: a reject, a line that is no record, or a line taken for
another format is a failure.

Threads: one.
"""

import json
import os
import subprocess
from dataclasses import asdict, dataclass

import measure
from measure import Failed, Ratio, in_turns, median, ratio

TARGETS = {"text": 1.5, "JSON": 2.5}  # x ALB per byte, at most
PROBE_LINES = 2000
ELB = "123456789012_elasticloadbalancing_us-east-1_"


@dataclass
class Format:
    name: str       # of wherefrom-generate
    schema: str     # of wherefrom
    shape: str      # a key of TARGETS
    file: str = ""  # as AWS names the object; empty: a name that says nothing, the format is told by the content


FORMATS = [
    Format("alb", "alb_access", "text", ELB + "app.bench.50dc6c495c0c9188_20261101T0005Z_10.0.0.1_{key}.log"),
    Format("nlb", "nlb_access", "text", ELB + "net.bench.50dc6c495c0c9188_20261101T0005Z_{key}.log"),
    Format("clb", "clb_access", "text", ELB + "bench_20261101T0005Z_10.0.0.1_{key}.log"),
    Format("alb_connection", "alb_connection", "text",
           "conn_log_" + ELB + "app.bench.50dc6c495c0c9188_20261101T0005Z_10.0.0.1_{key}.log"),
    Format("alb_health_check", "alb_health_check", "text",
           "health_check_log_" + ELB + "app.bench.50dc6c495c0c9188_20261101T0005Z_10.0.0.1_{key}.log"),
    Format("vpc_flow", "vpc_flow", "text", "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3d_20261101T0005Z_{key}.log"),
    Format("vpc_flow_custom", "vpc_flow", "text",
           "123456789012_vpcflowlogs_us-east-1_fl-0a1b2c3e_20261101T0005Z_{key}.log"),
    Format("tgw_flow", "tgw_flow", "text"),
    Format("ga_flow", "ga_flow", "text", "123456789012_globalaccelerator_"
           "89025cc1-ec67-455e-a90b-54d8d101b5b9_20261101T0005Z_{key}.log"),
    Format("cloudfront", "cloudfront", "text", "E2EXAMPLE12345.2026-11-01-00.{key}"),
    Format("nginx", "nginx", "text"),
    Format("haproxy", "haproxy", "text"),
    Format("envoy", "envoy", "text"),
    Format("cloudfront_json", "cloudfront", "JSON", "E2EXAMPLE12346.2026-11-01-00.{key}"),
    Format("waf", "waf", "JSON", "123456789012_waflogs_us-east-1_shop-acl_20261101T0005Z_{key}.log"),
    Format("alb_lambda_event", "alb_lambda_event", "JSON"),
    Format("alb_json", "alb_access", "JSON"),
    Format("envoy_json", "envoy", "JSON"),
    Format("vpc_flow_json", "vpc_flow", "JSON"),
]


@dataclass
class FormatRow:
    name: str
    shape: str
    told_by: str  # "name" or "content"
    bytes_per_record: float = 0.0
    bytes_written_per_record: float = 0.0
    seconds_per_gb: float = 0.0
    seconds_per_million: float = 0.0
    times_per_record: float = 0.0  # x ALB per record
    times: Ratio | None = None  # x ALB per byte
    target: float = 0.0
    failure: str = ""

    @property
    def met(self):
        return not self.failure and self.times.value <= self.target


class FormatBench:
    def __init__(self, options):
        self.options, self.rows, self.failures = options, [], 0
        self.core = min(os.sched_getaffinity(0))

    def _generate(self, name, lines):
        return [self.options.generate, name, "--lines", str(lines), "--seed", "42"]

    def _make(self, spec):
        """(path, lines) of a corpus of about --format-megabytes."""
        try:
            probe = subprocess.run(self._generate(spec.name, PROBE_LINES), capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failed(f"{self.options.generate}: {error}") from error
        lines = max(PROBE_LINES, self.options.format_megabytes * 1_000_000 * PROBE_LINES // len(probe))
        name = spec.file.format(key=f"{lines:08x}") if spec.file else f"bench-{spec.name}-{lines}.log"
        path = os.path.join(self.options.work, name)
        measure.run([*self._generate(spec.name, lines), "-o", path])
        return path, lines

    def _run(self, path, *more):
        return measure.run([self.options.wherefrom, "run", path, "-o", "/dev/null", "--quiet", *more], core=self.core)

    def _head(self, path, *more):
        """The first records as written."""
        argv = [self.options.wherefrom, "run", path, "--limit", str(PROBE_LINES), "-o", "-", "--quiet", *more]
        done = subprocess.run(argv, capture_output=True, check=False)
        if done.returncode != 0:
            last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["lines rejected"]
            raise Failed(f"{' '.join(more) or 'auto'}: ended with {done.returncode}: {last[0][:160]}")
        return done.stdout

    def _check(self, spec, path, lines):
        """Bytes written for a corpus that is read whole, and as what it is; else Failed."""
        summary = os.path.join(self.options.work, "format-summary.json")
        measure.remove(summary)
        status = measure.run([self.options.wherefrom, "run", path, "-o", "/dev/null", "--quiet", "--summary", summary],
                             accept=(0, 3)).status
        with open(summary, encoding="utf-8") as file:
            sums = json.load(file)
        measure.remove(summary)
        written, reasons = sums["records"]["written"], sums["rejected_by_reason"] or sums["skipped_by_reason"]
        if status != 0 or written != lines:
            why = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
            raise Failed(f"exit status {status}, {written:,} of {lines:,} lines written" + (f" ({why})" if why else ""))
        if self._head(path) != self._head(path, "--format", spec.schema):
            raise Failed(f"lines are taken for another format than {spec.schema}")
        return sums["bytes"]["written"]

    def _measure(self, row, spec, corpus, alb):
        path, lines = corpus
        row.bytes_written_per_record = self._check(spec, path, lines) / lines
        size = os.path.getsize(path)
        measure.warm(path)
        measure.warm(alb[0])
        commands = {"alb": lambda: self._run(alb[0])}
        if path != alb[0]:
            commands["format"] = lambda: self._run(path)
        samples = in_turns(commands, self.options.runs)
        ours = samples.get("format", samples["alb"])
        row.bytes_per_record = size / lines
        row.seconds_per_gb = median(ours) / size * 1e9
        row.seconds_per_million = median(ours) / lines * 1e6
        row.times_per_record = median(ours) / median(samples["alb"]) * alb[1] / lines
        times, scale = ratio(ours, samples["alb"]), os.path.getsize(alb[0]) / size
        row.times = Ratio(times.value * scale, times.low * scale, times.high * scale)

    def run(self):
        reference = self._make(FORMATS[0])
        try:
            for spec in FORMATS:
                if not self.options.formats or spec.name in self.options.formats:
                    self._row(spec, reference)
        finally:
            measure.remove(reference[0])

    def _row(self, spec, reference):
        print(f"measuring {spec.name} ...", flush=True)
        row = FormatRow(spec.name, spec.shape, "name" if spec.file else "content", target=TARGETS[spec.shape])
        self.rows.append(row)
        corpus = reference
        try:
            if spec is not FORMATS[0]:
                corpus = self._make(spec)
            self._measure(row, spec, corpus, reference)
        except Failed as error:
            self.failures += 1
            row.failure = str(error)
        finally:
            if corpus is not reference:
                measure.remove(corpus[0])

    def print_table(self):
        targets = ", ".join(f"{shape} {target} or less" for shape, target in TARGETS.items())
        print(f"\nformats: CPU seconds on one core, median of {self.options.runs} turns (lowest-highest); "
              f"target x ALB per byte: {targets}\n")
        table = [["format", "shape", "told by", "bytes/record", "written/record", "CPU s/GB", "CPU s/M records",
                  "x ALB per record", "x ALB per byte", "target", ""]]
        for row in self.rows:
            if row.failure:
                table.append([row.name, row.shape, row.told_by, "FAILED: " + row.failure])
                continue
            table.append([row.name, row.shape, row.told_by, f"{row.bytes_per_record:.0f}",
                          f"{row.bytes_written_per_record:.0f}", f"{row.seconds_per_gb:.2f}",
                          f"{row.seconds_per_million:.2f}", f"{row.times_per_record:.2f}", str(row.times), f"{row.target:.1f}",
                          "met" if row.met else "MISSED"])
        widths = [max(len(line[i]) for line in table if len(line) == len(table[0])) for i in range(len(table[0]))]
        for line in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())

    def as_json(self):
        return [asdict(row) | {"met": row.met} for row in self.rows]
