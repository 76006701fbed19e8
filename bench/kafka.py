#!/usr/bin/env python3
"""What Kafka in and Kafka out cost, against a real broker that runs on the same machine for as long as this does.

    kafka.py --wherefrom PATH --generate PATH --work DIR [--lines 1000000] [--runs 3] [--per-second 20000] [--seconds 20]
             [--only cpu,direct,file,topic,quiet-file,quiet-topic]

cpu: CPU seconds of the whole job, a zstd topic of ALB lines to a file, as a ratio to `kcat -C -e` of the same topic to /dev/null, in turns.
The others: milliseconds from a line's producer to the line in the file, or to a read_committed reader of the output topic, at a steady
rate; direct: to a reader of the input topic, without wherefrom, which says what broker and machine take of it;
quiet: a hundred partitions, one has all the lines, the others one a second each. Broker, producer and reader share the machine with
what is measured. Not a test: the exit status is 0 unless something did not run.

Threads: one.
"""
import os
import pathlib
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "kafka")]
import measure  # noqa: E402
from broker import Broker, NotInstalled  # noqa: E402
from kafka_cluster import Cluster, Run, wait_until  # noqa: E402
from measure import Corpus, Failed, in_turns, median, ratio  # noqa: E402
from black_box import Program, scratch  # noqa: E402

PARTITIONS = 6
QUIET = 99
WARM_UP_S = 4  # joining the group, first connections, first pages
CPU_RATIO_MAX = 3.0
FILE_MS_MAX, TOPIC_MS_MAX = 100, 300
ROWS = ("cpu", "direct", "file", "topic", "quiet-file", "quiet-topic")


class KafkaBench:
    def __init__(self, options, cluster, folder):
        self.options, self.cluster, self.folder = options, cluster, folder
        self.program = Program(options.wherefrom)
        self.latency = pathlib.Path(self.program.path).parent / "wherefrom-kafka-latency"
        self.groups = 0

    def source(self, topic):
        """With a group that has read nothing yet."""
        self.groups += 1
        return f"kafka://{self.cluster.address}/{topic}?group=bench-{self.groups}"

    def row(self, name, what, measured, good, note=""):
        print(f"{name:12} {what:58} {measured:34} {'met' if good else 'MISSED'}  {note}", flush=True)

    def cpu(self):
        lines = self.options.lines
        log = Corpus(self.options.generate, self.options.work).plain(lines)
        topic = self.cluster.create("cpu", PARTITIONS)
        measure.run(["kcat", "-P", "-b", self.cluster.address, "-t", topic, "-z", "zstd", "-X", "linger.ms=100", "-l", log])
        out = self.folder / "cpu.ndjson"

        def ours():
            out.unlink(missing_ok=True)
            os.sync()
            return measure.run([self.program.path, "run", self.source(topic), "-o", out, "--limit", str(lines), "--quiet"])

        def kcat():
            return measure.run(["kcat", "-C", "-e", "-q", "-b", self.cluster.address, "-t", topic, "-o", "beginning"])

        samples = in_turns({"ours": ours, "kcat": kcat}, self.options.runs)
        written = measure.count_lines(out)
        if written != lines:
            raise Failed(f"{written} records of {lines} lines")
        times = ratio(samples["ours"], samples["kcat"])
        self.row("cpu", f"kafka:// -o FILE, {lines:,} lines, x kcat -C -e", str(times), times.value <= CPU_RATIO_MAX,
                 f"{median(samples['ours']):.2f} against {median(samples['kcat']):.2f} s CPU, {median(samples['ours'], 'wall'):.1f} s wall, "
                 f"{max(one.rss_bytes for one in samples['ours']) >> 20} MB")

    def latencies(self, name, quiet):
        """`quiet`: partitions besides the one that has all the lines."""
        per_second, seconds = self.options.per_second, self.options.seconds + WARM_UP_S
        topic, output = self.cluster.create(name, quiet + 1 if quiet else PARTITIONS), None
        if name.endswith("topic"):
            output = self.cluster.create(f"{name}-out", PARTITIONS)
        run = None
        if name != "direct":
            url = f"kafka://{self.cluster.address}/{output}"
            run = Run(self.program, self.folder / name, self.source(topic), "--instance", name, output=url if output else None)
        if run and not output:
            wait_until(run.out.exists, "the output")
        where = ["file", run.out] if run and not output else ["topic", self.cluster.address, output or topic]
        count, skip = str((per_second + quiet) * seconds), str((per_second + quiet) * WARM_UP_S)
        with subprocess.Popen([self.latency, *where, count, skip], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as reader:
            time.sleep(3)  # it has joined, most likely; what comes late is warm-up
            sent = subprocess.run([self.latency, "send", self.cluster.address, topic, str(per_second), str(seconds), str(quiet)],
                                  check=False, stderr=subprocess.PIPE)
            found, errors = reader.communicate()
        said = run.stop().log() if run else ""
        if sent.returncode != 0 or reader.returncode != 0:
            raise Failed(f"{name}: {(sent.stderr + errors).decode(errors='replace')[-300:]} {said[-300:]}")
        limit = TOPIC_MS_MAX if output else FILE_MS_MAX
        for line in found.decode().splitlines():
            kind, lines, middle, high, higher, highest = line.split()
            what = f"{per_second:,}/s, {'quiet partitions' if kind == 'quiet' else 'all' if not quiet else 'busy partition'}, 99 % within"
            self.row(name, what, f"{high} ms" + (f" (limit {limit})" if run else ""), not run or float(high) <= limit,
                     f"{int(lines):,} lines: half within {middle}, 99.9 % within {higher}, all within {highest} ms")

    def one(self, name):
        if name == "cpu":
            self.cpu()
        else:
            self.latencies(name, QUIET if name.startswith("quiet") else 0)

    def run(self):
        return measure.rows_that_failed(self.options.only, self.one, (Failed, RuntimeError, TimeoutError))


def main():
    options = measure.server_options(__doc__.split("\n", 1)[0], ROWS, {"lines": 1_000_000, "runs": 3, "per-second": 20_000, "seconds": 20})
    try:
        with scratch() as folder, Broker(folder / "broker") as broker:
            cluster = Cluster(pathlib.Path(options.wherefrom).resolve().parent / "tests" / "kafka_admin", broker.address)
            return 1 if KafkaBench(options, cluster, folder).run() else 0
    except (Failed, NotInstalled) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
