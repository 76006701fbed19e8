#!/usr/bin/env python3
"""Tests of --follow from outside: whatever happens to the files, each line is in the output once, as a run over what lies there in the end says.

    run.py --wherefrom PATH [--generate PATH] [--kills N] [--seed S] [--test GLOB]

Files change while the program runs. What it shall not do (read a file that is not whole) is looked for after it has done what it shall do
with another one that came later.

Threads: one; the program runs beside it.
"""
import argparse
import gzip
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "cli")]
from black_box import (Program, alb_line, alb_lines, argument_parser, read_summary, run_groups, wait_until_signals_wait,  # noqa: E402
                       write)
from writer import OBJECT, Writer  # noqa: E402

PATIENCE_S = 60
REST_S, LAST_LINE_S = 1, 3  # what runs are given
SHORTEST_WAIT_S = 0.4       # after which something would have been read, had it been read at once
MANY_FILES = 20000          # their events are more than inotify's queue usually has
EVENTS_PER_FILE = 3
BYTES_PER_FILE_MAX = 700    # with its place in tables; a piece that stayed would be twice that


class Bench:
    """A directory with `logs` in it, and a program that follows them."""

    def __init__(self, options, report, directory):
        self.program, self.directory, self.check, self.equal = Program(options.wherefrom), directory, report.check, report.equal
        self.generate, self.kills, self.random = options.generate, options.kills, random.Random(options.seed)
        self.logs, self.process, self.said = directory / "logs", None, ""
        self.logs.mkdir()

    def write(self, name, content):
        return write(self.logs / name, content)

    def append(self, name, content):
        with open(self.logs / name, "ab") as file:
            file.write(content)

    def start(self, *more, inputs=("logs",), follow=True, wait=True):
        arguments = ["run", *inputs, *(["--follow"] if follow else []), "--no-geo", "-o", "out.ndjson", "--rejects", "rejects.ndjson",
                     "--summary", "summary.json", "--follow-rest", REST_S, "--last-line-wait", LAST_LINE_S, "--follow-rescan", 3600, *more]
        with open(self.directory / "said", "wb") as said:
            self.process = self.program.start(*map(str, arguments), cwd=self.directory, stdout=subprocess.DEVNULL, stderr=said,
                                              env={**os.environ, "WHEREFROM_CHECKPOINT_MS": "20"})
        if wait:
            wait_until_signals_wait(self.process)
            self.until(lambda: "are watched" in self.messages(), "the first look")

    def messages(self):
        return (self.directory / "said").read_text(errors="replace")

    def stop(self, codes=(0, 3), signal_number=signal.SIGTERM):
        """Ends the program; its summary, None where it wrote none."""
        (self.directory / "summary.json").unlink(missing_ok=True)
        self.process.send_signal(signal_number)
        code = self.process.wait(PATIENCE_S)
        self.said = self.messages()
        if signal_number == signal.SIGTERM:
            self.check(code in codes, f"exit code {code}: {self.said[-400:]}")
        summary = self.directory / "summary.json"
        return read_summary(summary) if summary.exists() else None

    def until(self, condition, what):
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end or self.process.poll() is not None:
                raise TimeoutError(f"{what}; {len(self.records())} records; exit code {self.process.poll()}; said: {self.messages()[-600:]}")
            time.sleep(0.02)

    def records(self):
        path = self.directory / "out.ndjson"
        content = path.read_bytes() if path.exists() else b""
        return [json.loads(line) for line in content[:content.rfind(b"\n") + 1].splitlines()]

    def items(self):
        """Numbers of lines (alb_line), in the order of the output."""
        return [int(record["url"]["path"].rsplit("/", 1)[1]) for record in self.records()]

    def await_items(self, *numbers):
        self.until(lambda: sorted(self.items()) == sorted(numbers), f"items {min(numbers)} to {max(numbers)}, {len(numbers)} of them")
        self.equal(sorted(self.items()), sorted(numbers), "items")

    def same_as_finite(self, inputs=("logs",)):
        """The output has what a run over the files has, each file in its order. Paths may have changed by renaming."""
        result = self.program.run("run", *inputs, "--no-geo", "--max-reject-ratio", "1", "-o", "-", cwd=self.directory)
        self.check(result.code in (0, 3), f"the run to compare with: {result.code} {result.err[-300:]}")
        expected, found = [json.loads(line) for line in result.out.splitlines()], self.records()
        self.equal(sorted(record["event"]["id"] for record in found), sorted(record["event"]["id"] for record in expected), "event.id of all records")
        self.equal(sorted(map(without_file, found)), sorted(map(without_file, expected)), "all records")
        self.in_order(found)

    def in_order(self, records):
        last = {}
        for record in records:
            path, offset = record["log"]["file"]["path"], record["log"]["offset"]
            self.check(offset > last.get(path, -1), f"{path}: offset {offset} behind {last.get(path)}")
            last[path] = offset


def without_file(record):
    return json.dumps({**record, "log": {**record["log"], "file": None}}, sort_keys=True)


def test_appears_and_grows(bench):
    bench.write("a.log", alb_lines(5))
    bench.start()
    bench.await_items(*range(5))
    lines = alb_lines(5, 5)
    for at in range(0, len(lines), 700):  # lines are cut anywhere
        bench.append("a.log", lines[at:at + 700])
        time.sleep(0.07)
    bench.write("b.log", alb_lines(5, 10))
    bench.write("new/er/folder/c.log", alb_lines(5, 15))
    bench.await_items(*range(20))
    bench.write("new/er/d.log", alb_lines(1, 20))
    bench.append("new/er/folder/c.log", alb_lines(5, 21))
    bench.await_items(*range(26))
    summary = bench.stop()
    bench.equal(summary["records"]["written"], 26, "written")
    bench.same_as_finite()


def test_large_file_and_many_lines(bench):
    """More than a batch has, and lines so short that batches are full of them."""
    lines = alb_lines(6000)
    half = lines.index(b"\n", len(lines) // 2) + 1
    bench.write("a.log", b"x\n" * 20000 + lines[:half])
    bench.start("-j", "3", "--max-reject-ratio", "1")
    bench.until(lambda: len(bench.records()) >= 2900, "the first half")
    bench.append("a.log", lines[half:])
    bench.await_items(*range(6000))
    bench.equal(bench.stop()["records"]["rejected"], 20000, "rejected")
    bench.same_as_finite()


def test_inode_used_again(bench):
    """A file that was read is removed, and another one gets its inode, with the same size and time, as `aws s3 sync` sets it."""
    def made(number):
        path = bench.write(f"{number}.log", alb_lines(1, 1000 + number))
        os.utime(path, (1764547200, 1764547200))
        return path

    bench.start()
    first = made(0)
    inode, size = first.stat().st_ino, first.stat().st_size
    bench.await_items(1000)
    first.unlink()
    others = [made(number) for number in range(1, 10)]
    bench.equal(others[0].stat().st_size, size, "size of the first and the next")
    if inode not in [path.stat().st_ino for path in others]:
        print("     inode used again: no inode was; nothing to see on this file system")
    bench.await_items(*range(1000, 1010))
    bench.stop()


def test_first_inode_again(bench):
    """Of a file that was replaced by its copy, the copy's place counts when the first inode has the name again; it is known by both after a restart."""
    path, first = bench.write("a.log", alb_lines(3)), bench.directory / "first"
    bench.start("--state", "state")
    bench.await_items(*range(3))
    bench.stop()
    os.link(path, first)
    (bench.directory / "copy").write_bytes(alb_lines(5))
    os.replace(bench.directory / "copy", path)
    bench.start("--state", "state")
    bench.await_items(*range(5))
    bench.stop()
    with open(first, "ab") as file:
        file.write(alb_lines(2, 3))
    os.replace(first, path)
    bench.start("--state", "state")
    bench.write("b.log", alb_lines(1, 5))
    bench.until(lambda: 5 in bench.items(), "a file that is read behind it")
    bench.stop()
    bench.equal(bench.items(), list(range(6)), "each line once")


def test_renamed_while_it_is_read(bench):
    """For the first time, and it takes long, since nobody takes what is written: its lines come once, with the ids that they had."""
    bench.write("a.log", alb_lines(60000))
    items = []
    with bench.program.start("run", "logs", "--follow", "-j", "1", "--no-geo", "--memory-max", "128M", "-o", "-", cwd=bench.directory,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        items.append(process.stdout.readline())
        os.rename(bench.logs / "a.log", bench.logs / "a.log.1")
        time.sleep(2 * SHORTEST_WAIT_S)
        bench.write("last.log", alb_lines(1, 60000))
        for line in process.stdout:
            items.append(line)
            if b"/item/60000?" in line:
                time.sleep(2 * SHORTEST_WAIT_S)
                process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_S)
    numbers = [int(json.loads(line)["url"]["path"].rsplit("/", 1)[1]) for line in items]
    bench.equal((len(numbers), sorted(numbers) == list(range(60001))), (60001, True), "each line once")


def test_names_that_wait(bench):
    """What is renamed into its place: by hand, by tools, and as `aws s3 sync` does."""
    bench.start()
    objects = {OBJECT.format("aaaa1111"): range(0, 3), OBJECT.format("bbbb2222"): range(3, 6), OBJECT.format("cccc3333"): range(6, 9)}
    names = dict(zip(objects, (".tmp", ".part", ".6eB8aD0C")))
    for name, numbers in objects.items():
        bench.write(name + names[name], gzip.compress(alb_lines(len(numbers), numbers[0])))
    bench.write(".hidden.log", alb_lines(1, 90))
    bench.write("rotated.log.20251130", alb_lines(1, 9))  # a date is no temporary name
    bench.await_items(9)
    time.sleep(REST_S + SHORTEST_WAIT_S)
    bench.equal(bench.items(), [9], "what was read before files were renamed")
    for name in objects:
        os.utime(bench.logs / (name + names[name]), (1764547200, 1764547200))  # as sync does: the object's own time, so it rests already
        os.rename(bench.logs / (name + names[name]), bench.logs / name)
    bench.await_items(*range(10))
    bench.stop()
    bench.same_as_finite()


def test_compressed_files_rest(bench):
    packed = gzip.compress(alb_lines(50))
    bench.start()
    for part in range(4):
        bench.append("a.log.gz", packed[part * len(packed) // 4:(part + 1) * len(packed) // 4])
        time.sleep(REST_S / 2)
        bench.equal(bench.items(), [], f"read of part {part}")
    bench.await_items(*range(50))
    bench.append("a.log.gz", gzip.compress(alb_lines(10, 50)))  # a further member
    bench.await_items(*range(60))
    bench.stop(codes=(0,))
    bench.same_as_finite()


def test_damaged_file(bench):
    """Is reported, and is no reason to stop; what comes to it later is read."""
    packed = gzip.compress(alb_lines(2000))
    bench.write("a.log.gz", packed[:len(packed) // 2])
    bench.start()
    bench.until(lambda: "damaged" in bench.messages(), "the damage")
    bench.write("b.log", alb_lines(1, 5000))
    bench.until(lambda: 5000 in bench.items(), "another file")
    bench.append("a.log.gz", packed[len(packed) // 2:])
    bench.until(lambda: 1999 in bench.items(), "the rest")
    bench.stop(codes=(1,))
    whole = [item for item in bench.items() if item != 5000]
    bench.equal(whole, list(range(2000)), "lines of the file; that which was cut came as a reject")
    bench.equal(bench.messages().count("damaged"), 1, "how often it was said")


def test_last_line(bench):
    line = alb_line(1).encode()
    bench.write("a.log", alb_lines(1))
    bench.start()
    bench.append("a.log", line[:100])
    bench.write("b.log", alb_lines(1, 7) + alb_line(8).encode())
    bench.await_items(0, 7)
    bench.append("a.log", line[100:])
    bench.write("c.log", alb_lines(1, 10))
    bench.await_items(0, 7, 10)
    bench.append("a.log", b"\r\n" + alb_lines(1, 2))
    bench.await_items(0, 1, 2, 7, 10)
    bench.await_items(0, 1, 2, 7, 8, 10)  # its time is over
    bench.append("b.log", b"\n" + alb_lines(1, 9) + alb_line(11).encode()[:60])
    bench.await_items(0, 1, 2, 7, 8, 9, 10)
    bench.until(lambda: (bench.directory / "rejects.ndjson").read_bytes().count(b"\n") == 1, "the beginning of a line, after its time")
    bench.append("b.log", alb_line(11).encode()[60:] + b"\n")
    bench.await_items(0, 1, 2, 7, 8, 9, 10, 11)
    bench.stop(codes=(3,))
    bench.same_as_finite()


def test_rotation(bench):
    """Renamed files go on under their first name, whether a directory is followed or the file."""
    for inputs in (("logs",), ("logs/a.log",)):
        shutil.rmtree(bench.logs)
        bench.write("a.log", alb_lines(3))
        bench.start(inputs=inputs)
        bench.await_items(0, 1, 2)
        with open(bench.logs / "a.log", "ab") as writer:  # who writes goes on with the file it has
            os.rename(bench.logs / "a.log", bench.logs / "a.log.1")
            bench.write("a.log", alb_lines(3, 10))
            writer.write(alb_lines(2, 3))
        bench.await_items(*range(5), 10, 11, 12)
        bench.append("a.log.1", alb_lines(1, 5))
        bench.append("a.log", alb_lines(1, 13))
        bench.await_items(*range(6), 10, 11, 12, 13)
        bench.stop(codes=(0,))
        bench.in_order([record for record in bench.records() if record["url"]["path"].endswith(tuple("012345")) and "/1" not in record["url"]["path"]])
        os.rename(bench.logs / "a.log", bench.logs / "b.log")
        os.rename(bench.logs / "a.log.1", bench.logs / "a.log")
        expected = bench.program.run("run", inputs[0], "--no-geo", "-o", "-", cwd=bench.directory)
        ids = {json.loads(line)["event"]["id"] for line in expected.out.splitlines()}
        bench.check({json.loads(line)["event"]["id"] for line in expected.out.splitlines() if b"/item/1" not in line}
                    <= {record["event"]["id"] for record in bench.records()}, "event.id of what was read before and after")
        bench.check(len(ids) >= 6, "lines to compare with")


def test_begins_anew(bench):
    bench.write("a.log", alb_lines(5))
    bench.write("b.log", alb_lines(5, 10))
    bench.write("c.log", alb_lines(5, 20))
    bench.start()
    bench.await_items(*range(5), *range(10, 15), *range(20, 25))
    (bench.logs / "a.log").write_bytes(alb_lines(2, 5))
    bench.until(lambda: "a.log: is shorter than it was" in bench.messages(), "a file that was cut short")
    bench.until(lambda: {5, 6} <= set(bench.items()), "its lines")
    time.sleep(1.1)  # messages of a kind are limited
    with open(bench.logs / "b.log", "r+b") as file:
        file.write(alb_lines(7, 30))
    bench.until(lambda: set(range(30, 37)) <= set(bench.items()), "a file that was written over")
    write(bench.directory / "other", alb_lines(6, 40))
    os.rename(bench.directory / "other", bench.logs / "c.log")
    bench.until(lambda: set(range(40, 46)) <= set(bench.items()), "a file that was replaced")
    bench.stop()
    for said in ("b.log: was written over; read from its start", "c.log: is not the file that was read under this name"):
        bench.check(said in bench.said, f"{said}: {bench.said[-800:]}")
    bench.equal(len(bench.items()), 15 + 2 + 7 + 6, "records")


def test_removed_and_back(bench):
    """What was read stays read, in this run and in the next one."""
    name, content = OBJECT.format("aaaa1111"), gzip.compress(alb_lines(5))
    bench.write(name, content)
    bench.start("--state", "state")
    for number in range(2):
        bench.await_items(*range(5 + number))
        (bench.logs / name).unlink()
        bench.write(f"mark{number}.log", alb_lines(1, 5 + number))
        bench.await_items(*range(6 + number))
        bench.write(name, content)
    time.sleep(REST_S + SHORTEST_WAIT_S)
    bench.stop()
    (bench.logs / name).unlink()
    bench.start("--state", "state")
    bench.write(f"folder/{name}", content)
    bench.write("mark2.log", alb_lines(1, 7))
    time.sleep(REST_S + SHORTEST_WAIT_S)
    bench.await_items(*range(8))
    bench.equal(bench.stop()["records"]["read"], 1, "lines of the last run")


def test_same_object(bench):
    name, content = OBJECT.format("aaaa1111"), gzip.compress(alb_lines(5))
    bench.write(f"one/{name}", content)
    bench.start("--follow-rescan", "1")
    bench.await_items(*range(5))
    bench.write(f"two/{name}", content)
    bench.until(lambda: "met already" in bench.messages(), "what is said of it")
    time.sleep(2)  # it is met again by looking at everything
    bench.write("end.log", alb_lines(1, 5))
    bench.await_items(*range(6))
    summary = bench.stop()
    bench.equal(summary["skipped_by_reason"], {"same-object": 1}, "skipped")


def test_same_name(bench):
    """Files whose records would have the same event.id."""
    bench.write("one/a.log", alb_lines(5))
    bench.write("two/a.log", alb_lines(5, 5))
    bench.start(inputs=("logs/one", "logs/two"))
    bench.until(lambda: "another file has its origin name" in bench.messages(), "what is said of it")
    bench.await_items(*range(5))
    bench.stop(codes=(1,))


def test_links(bench):
    write(bench.directory / "outside" / "o.log", alb_lines(1, 50))
    bench.write("sub/a.log", alb_lines(2))
    os.symlink(bench.directory / "outside" / "o.log", bench.logs / "o.log")
    os.symlink(bench.directory / "outside", bench.logs / "outside")
    os.symlink("sub/a.log", bench.logs / "inside.log")
    bench.start("--follow-rescan", "1")
    bench.until(lambda: len(bench.records()) == 4, "the file and the link to it")
    write(bench.directory / "outside" / "p.log", alb_lines(1, 51))
    os.symlink(bench.directory / "outside" / "p.log", bench.logs / "p.log")
    bench.append("sub/a.log", alb_lines(2, 2))
    bench.until(lambda: len(bench.records()) == 8, "what was added, by events and by looking")
    bench.stop()
    bench.equal(sorted(bench.items()), [0, 0, 1, 1, 2, 2, 3, 3], "items")
    bench.same_as_finite()


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def anonymous_bytes(process):
    return next(int(line.split()[1]) for line in open(f"/proc/{process.pid}/status") if line.startswith("RssAnon")) * 1024


def test_many_files(bench):
    """At once: events are lost, and everything is looked at. What was read goes from memory, and an idle run does nothing."""
    bench.write("a.log", alb_lines(1))
    for number in range(MANY_FILES // 1000):
        (bench.logs / f"d{number}").mkdir()
    bench.start("--fields", "+@timestamp,+url.path,+log")
    bench.await_items(0)
    before = anonymous_bytes(bench.process)
    bench.process.send_signal(signal.SIGSTOP)  # so that nobody takes events
    for number in range(1, MANY_FILES):
        (bench.logs / f"d{number // 1000}" / f"{number:06d}.log").write_bytes(alb_lines(1, number))
    queue = int(pathlib.Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    bench.check(MANY_FILES * EVENTS_PER_FILE > queue, f"{queue} events have room in the queue: none is lost")
    bench.process.send_signal(signal.SIGCONT)
    bench.await_items(*range(MANY_FILES))
    program = pathlib.Path(bench.program.path).read_bytes()
    if b"__asan_init" not in program and b"__tsan_init" not in program:  # they keep memory of their own
        grown = anonymous_bytes(bench.process) - before
        bench.check(grown < MANY_FILES * BYTES_PER_FILE_MAX + (16 << 20), f"{MANY_FILES} files grew memory by {grown} bytes")
    time.sleep(0.5)
    begun = cpu_seconds(bench.process)
    time.sleep(2)
    bench.check(cpu_seconds(bench.process) - begun < 0.5, f"{cpu_seconds(bench.process) - begun} s of CPU in 2 idle ones")
    bench.append("d3/003500.log", alb_lines(1, MANY_FILES))
    bench.await_items(*range(MANY_FILES + 1))
    bench.stop()


def test_beside_other_inputs(bench):
    """In the config one is followed and others are read to their end, first."""
    bench.write("a.log", alb_lines(3))
    write(bench.directory / "old" / "o.log", alb_lines(3, 10))
    write(bench.directory / "config.yaml", "inputs:\n  - {path: logs, follow: true, chain: direct}\n  - {path: old}\n")
    bench.start("-c", "config.yaml", inputs=(), follow=False)
    bench.await_items(0, 1, 2, 10, 11, 12)
    bench.append("a.log", alb_lines(1, 3))
    bench.await_items(0, 1, 2, 3, 10, 11, 12)
    write(bench.directory / "old" / "p.log", alb_lines(3, 20))
    bench.append("a.log", alb_lines(1, 4))
    bench.await_items(0, 1, 2, 3, 4, 10, 11, 12)
    bench.stop()
    bench.equal(bench.items(), [10, 11, 12, 0, 1, 2, 3, 4], "order")
    result = bench.program.run("run", "logs", "--no-geo", "-o", "-", cwd=bench.directory)
    bench.equal(result.out.count(b"\n"), 5, "records of a run that is not told to follow")


def test_file_that_comes_later(bench):
    bench.start(inputs=("logs/a.log",))
    bench.check("is not there yet" in bench.messages(), "what is said of it")
    bench.write("b.log", alb_lines(1, 9))
    bench.write("a.log", alb_lines(3))
    bench.await_items(0, 1, 2)
    bench.stop()
    bench.equal(bench.records()[0]["log"]["file"]["path"], "logs/a.log", "log.file.path")
    bench.same_as_finite(inputs=("logs/a.log",))


def test_refusals(bench):
    bench.write("a.log", alb_lines(1))
    write(bench.directory / "tcp.yaml", "inputs: [{tcp: {listen: '127.0.0.1:0'}, follow: true}]\n")
    write(bench.directory / "word.yaml", "inputs: [{path: logs, follow: maybe}]\n")
    cases = ((("--follow", "-"), "stdin is read to its end"), (("--follow", "logs/*.log"), "a glob would be expanded once"),
             (("--follow",), "name files or directories to follow"), (("--follow", "nowhere/logs/x"), "can't be watched"),
             (("--follow", "logs", "-o", "logs/out.ndjson"), "would be read as it is written"),
             (("--follow", "logs", "--rejects", "logs/sub/../r.ndjson"), ""), (("-c", "tcp.yaml"), "only a path is followed"),
             (("-c", "word.yaml"), "expected true or false"),
             (("--follow", "logs", "--state", "s", "-o", "o", "--rollups", "r"), "not with --follow and --state"))
    (bench.logs / "sub").mkdir()
    for arguments, said in cases:
        result = bench.program.run("run", *arguments, "--no-geo", cwd=bench.directory)
        bench.check(result.code in (1, 2) and said in result.err, f"{arguments}: {result.code} {result.err[-300:]}")
    result = bench.program.run("replay", "--follow", "logs", cwd=bench.directory)
    bench.check(result.code == 2 and "replay: --follow has no meaning" in result.err, f"replay: {result.code} {result.err[-300:]}")


def test_kills(bench):
    """kill -9 and SIGTERM at any moment, while files come and grow: each line once, and each file in its order."""
    writer, inside = Writer(bench.logs, bench.random), 0
    for _ in range(8):
        writer.step()
    for turn in range(bench.kills):
        bench.start("--state", "state", "-j", bench.random.choice("124"), wait=False)
        end = time.monotonic() + bench.random.uniform(0.02, 0.6)
        while time.monotonic() < end:
            writer.step()
            time.sleep(bench.random.uniform(0, 0.05))
        inside += len(bench.records()) < writer.number
        if bench.random.random() < 0.3:
            wait_until_signals_wait(bench.process)
            bench.stop()
        else:
            bench.stop(signal_number=signal.SIGKILL)
        if turn % 5 == 4:
            writer.step()
    bench.start("--state", "state")
    writer.step()
    bench.await_items(*range(writer.number))
    bench.stop()
    bench.check(inside > bench.kills // 4, f"only {inside} of {bench.kills} ended before all was read")
    bench.equal(len({record["event"]["id"] for record in bench.records()}), writer.number, "different event.id")
    origins = {}
    for record in bench.records():  # of one file, whatever it was called when: its lines are numbered in their order
        item = int(record["url"]["path"].rsplit("/", 1)[1])
        path = record["log"]["file"]["path"]
        bench.check(item > origins.get(path, -1), f"{path}: item {item} behind {origins.get(path)}")
        origins[path] = item
    bench.start("--state", "state")
    bench.write("last.log", writer.lines(1))
    bench.await_items(*range(writer.number))
    bench.equal(bench.stop()["records"]["read"], 1, "lines that were left")


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=20, metavar="N", help="end it early at so many moments")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of all that is random")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    return run_groups(parser, globals(), Bench)


if __name__ == "__main__":
    sys.exit(main())
