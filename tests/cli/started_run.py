"""`wherefrom run` as a process that goes on while a test does something to it or to its servers.

Threads: one at a time for each object.
"""
import os
import pathlib
import re
import signal
import subprocess
import time

from black_box import parse_lines, read_summary, wait_until_signals_wait

PATIENCE_S = 60  # until something is taken to never happen; nothing is measured by it


def wait_until(condition, what, patience_s=PATIENCE_S, every_s=0.05):
    """`what` may be a function, asked when it is too late."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what() if callable(what) else what)
        time.sleep(every_s)


class Run:
    """`wherefrom run` as a process with a folder. `output` and `rejects`: a URL, or None for a file there. `config`: a file that says where
    records go instead."""

    def __init__(self, program, folder, inputs, *options, output=None, config=None, rejects=None, librdkafka=(), preload=None, env=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.out, self.rejected = self.folder / "out.ndjson", self.folder / "rejects.ndjson"
        self.summary_path = self.folder / "summary.json"
        self.summary_path.unlink(missing_ok=True)
        self.begun = time.monotonic()
        self.counted = {}  # path, needle: (bytes looked at, how often it was there)
        more = [word for one in librdkafka for word in ("--librdkafka", one)]
        env = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", ""), **(env or {})}
        if preload:
            env["LD_PRELOAD"] = str(preload)
        where = ["-c", config] if config else ["--no-geo", "-o", output or self.out]
        with open(self.folder / "stderr", "ab") as errors:
            self.log_begin = errors.tell()
            self.process = program.start("run", *(inputs if isinstance(inputs, list) else [inputs]), *where,
                                         "--rejects", rejects or self.rejected,
                                         "--summary", self.summary_path, *more, *options,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=env)

    def log(self):
        """What this process said."""
        return (self.folder / "stderr").read_bytes()[self.log_begin:].decode(errors="replace")

    def records(self):
        return parse_lines(self.out.read_bytes()) if self.out.exists() else []

    def rejects(self):
        return parse_lines(self.rejected.read_bytes()) if self.rejected.exists() else []

    def count(self, needle):
        """How often it stands in whole lines of the output so far."""
        return self.count_in(self.out, needle)

    def count_in(self, path, needle=b"\n"):
        """Only what is new is looked at."""
        begin, count = self.counted.get((path, needle), (0, 0))
        if path.exists():
            with open(path, "rb") as file:
                file.seek(begin)
                new = file.read()
            new = new[:new.rfind(b"\n") + 1]
            self.counted[path, needle] = begin, count = begin + len(new), count + new.count(needle)
        return count

    def lines(self):
        return self.count(b"\n")

    def await_lines(self, count):
        wait_until(lambda: self.process.poll() is not None or self.lines() >= count,
                   lambda: f"{count} lines of output; {self.lines()} are there: {self.log()[-1500:]}")
        if self.lines() < count:
            raise RuntimeError(f"it ended with {self.process.poll()} at {self.lines()} lines: {self.log()[-1500:]}")

    def memory_max(self):
        """The most bytes that were resident so far; 0 when it has ended."""
        found = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
        return 1024 * int(found[1]) if found else 0

    def wait(self, patience_s=PATIENCE_S):
        """For its end; returns the exit code."""
        try:
            return self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"it does not end: {self.log()[-1500:]}") from None

    def stop(self, accept=(0, 3)):
        """SIGTERM, and what is left: `summary`, whose numbers have been found to add up."""
        if self.process.poll() is None:
            wait_until_signals_wait(self.process)
            self.process.send_signal(signal.SIGTERM)
        return self.finish(accept)

    def finish(self, accept=(0, 3)):
        code = self.wait()
        if code not in accept or not self.summary_path.exists():
            raise RuntimeError(f"exit code {code}: {self.log()[-2000:]}")
        self.summary = read_summary(self.summary_path)
        return self

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
