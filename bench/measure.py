"""Runs programs and says what they cost.

CPU seconds are user + system of the whole process tree, as the kernel hands them over at wait4. What is to be compared
is run in turns (A B A B), so that a machine which slows down or is shared slows both; of the turns the median counts,
and the spread is the ratio's lowest and highest turn.

Threads: one.
"""

import argparse
import hashlib
import os
import signal
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass


class Failed(Exception):
    """A program that had to run did not; the text says which and how."""


class Unavailable(Exception):
    """A program to compare with is not here; the text says why."""


@dataclass
class Sample:
    user: float
    system: float
    wall: float
    rss_bytes: int  # peak; never less than what this script itself has (some 20 MB), which a child starts with
    status: int
    errors: str = ""
    records: int = 0  # handled, where the caller can tell

    @property
    def cpu(self):
        return self.user + self.system


def finish(process, started):
    """Waits for a subprocess.Popen and returns its Sample."""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(usage.ru_utime, usage.ru_stime, wall, usage.ru_maxrss * 1024, process.returncode)


def run(argv, accept=(0,), core=None, stdout=subprocess.DEVNULL):
    """Runs argv to its end and returns its Sample. core: the only core that it may use. Raises Failed when the exit
    status is not in `accept`."""
    allowed = os.sched_getaffinity(0)
    with tempfile.TemporaryFile() as errors:
        if core is not None:
            os.sched_setaffinity(0, {core})
        try:
            started = time.perf_counter()
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=errors)
        except OSError as error:
            raise Failed(f"{argv[0]}: {error.strerror}") from error
        finally:
            os.sched_setaffinity(0, allowed)
        sample = finish(process, started)
        errors.seek(0)
        sample.errors = errors.read(65536).decode(errors="replace")
    if sample.status not in accept:
        last = sample.errors.strip().splitlines()[-1:] or ["no message"]
        raise Failed(f"{os.path.basename(argv[0])} ended with {sample.status}: {last[0][:200]}")
    return sample


def in_turns(commands, runs):
    """commands: name -> function that runs once and returns a Sample. Returns name -> samples, one per turn."""
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            samples[name].append(command())
    return samples


def median(samples, what="cpu"):
    return statistics.median(getattr(sample, what) for sample in samples)


@dataclass
class Ratio:
    value: float
    low: float
    high: float

    def __str__(self):
        places = 2 if self.value >= 0.1 else 4
        return f"{self.value:.{places}f} ({self.low:.{places}f}-{self.high:.{places}f})"


def ratio(ours, theirs, what="cpu"):
    """Median against median; low and high are of single turns."""
    turns = [getattr(a, what) / max(getattr(b, what), 1e-9) for a, b in zip(ours, theirs)]
    return Ratio(median(ours, what) / max(median(theirs, what), 1e-9), min(turns), max(turns))


def first_byte_seconds(argv):
    """From start of the program to the first byte on its standard output; the program is ended then."""
    started = time.perf_counter()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               bufsize=0)
    byte = process.stdout.read(1)
    seconds = time.perf_counter() - started
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    if not byte:
        raise Failed(f"{os.path.basename(argv[0])} wrote nothing")
    return seconds


def server_options(about, rows, numbers):
    """The command line of a bench that runs beside a server: the programs, the numbers with their defaults, and which rows."""
    parser = argparse.ArgumentParser(description=about)
    for name in ("wherefrom", "generate", "work"):
        parser.add_argument("--" + name, required=True)
    for name, default in numbers.items():
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--only", metavar="ROW[,ROW]", default=",".join(rows))
    options = parser.parse_args()
    options.only = options.only.split(",")
    if set(options.only) - set(rows):
        parser.error(f"rows: {' '.join(rows)}")
    os.makedirs(options.work, exist_ok=True)
    print(f"load before the first turn: {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores", flush=True)
    return options


def rows_that_failed(names, one, problems):
    """Calls `one` for each row; a row that raises one of `problems` is said, and the others go on. Returns how many did."""
    failures = 0
    for name in names:
        try:
            one(name)
        except problems as error:
            print(f"{name:12} failed: {error}", flush=True)
            failures += 1
    return failures


class Corpus:
    """ALB lines as files in `work`, plain and packed as the gzip command does. Made once for each number of lines. They are
    named as AWS names its objects; the name holds a hash of what the generator makes now, so that a changed generator
    makes its own."""

    def __init__(self, generate, work, seed=42):
        self.generate, self.work, self.seed = generate, work, seed
        try:
            head = subprocess.run(self._argv(200), capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failed(f"{generate}: {error}") from error
        self.key = hashlib.sha256(head).hexdigest()[:8]

    def _argv(self, lines):
        return [self.generate, "alb", "--lines", str(lines), "--seed", str(self.seed)]

    def _path(self, lines, ending):
        name = (f"123456789012_elasticloadbalancing_us-east-1_app.bench-{lines}-{self.seed}.50dc6c495c0c9188"
                f"_20251201T0005Z_10.0.0.1_{self.key}.log{ending}")
        return os.path.join(self.work, name)

    def _make(self, path, command):
        if not os.path.exists(path):
            print(f"making {os.path.basename(path)} ...", flush=True)
            partial = path + ".partial"
            with open(partial, "wb") as file:
                command(file)
            os.rename(partial, path)
        return path

    def plain(self, lines):
        return self._make(self._path(lines, ""),
                          lambda file: subprocess.run(self._argv(lines), stdout=file, check=True))

    def packed(self, lines):
        def pack(file):
            with subprocess.Popen(self._argv(lines), stdout=subprocess.PIPE) as maker:
                subprocess.run(["gzip", "-6", "-n", "-c"], stdin=maker.stdout, stdout=file, check=True)
            if maker.returncode != 0:
                raise Failed(f"{self.generate} ended with {maker.returncode}")

        return self._make(self._path(lines, ".gz"), pack)


def warm(path):
    """Reads a file once, so that no turn pays for the disk."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 20):
            pass


def remove(path):
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def count_lines(path):
    lines = 0
    with open(path, "rb", buffering=0) as file:
        while block := file.read(1 << 20):
            lines += block.count(b"\n")
    return lines
