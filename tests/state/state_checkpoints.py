"""Checkpoints: damaged, in use, of another run; and what cannot have any."""
import fcntl
import os
import shutil
import signal
import time

from black_box import alb_lines
from state_files import FLOW, all_kinds, flow_lines

REJECTS = 3


def test_torn(bench):
    """Cut at any byte or with any byte changed, a checkpoint is refused, or the one before counts; no line is lost or comes twice."""
    all_kinds(bench)
    expected = bench.expected()
    for _ in range(5):
        bench.run("--limit", "20", "-j", "1")
    checkpoint = bench.directory / "state/checkpoint"
    content, outputs = checkpoint.read_bytes(), bench.outputs()
    last = content.rindex(b"\nfile", 0, content.rindex(b"\nend")) - 40
    places = {*range(0, len(content), max(1, len(content) // 25)), *bench.random.sample(range(last, len(content)), 25), len(content) - 1}
    refused = resumed = 0
    for place in sorted(places):
        for damaged, what in ((content[:place], "cut"), (content[:place] + bytes([content[place] ^ 1]) + content[place + 1:], "changed")):
            checkpoint.write_bytes(damaged)
            for name, before in zip(("records.ndjson", "rejects.ndjson"), outputs):
                (bench.directory / name).write_bytes(before)
            result = bench.run()
            if result.code == 1:
                refused += 1
                bench.check("state/checkpoint" in result.err and "remove it" in result.err, f"{what} at {place}: message: {result.err}")
                bench.equal(bench.outputs(), outputs, f"{what} at {place}: outputs of a run that was refused")
                bench.equal(checkpoint.read_bytes(), damaged, f"{what} at {place}: checkpoint of a run that was refused")
            else:
                resumed += 1
                bench.same(expected, f"{what} at {place} of {len(content)}")
    bench.check(refused > 10 and resumed > 10, f"both happen: {refused} refused, {resumed} resumed")


def test_no_checkpoint(bench):
    """Other things under its name."""
    bench.write("a.log", alb_lines(3))
    (bench.directory / "state").mkdir()
    checkpoint = bench.directory / "state/checkpoint"
    for content in (b"", b"\n", b"{}\n", b"end 0000000000000000\n", os.urandom(1000), b"wherefrom checkpoint 1\n" * 100):
        checkpoint.write_bytes(content)
        result = bench.run()
        bench.equal(result.code, 1, f"{content[:30]!r}: exit code")
        bench.check("state/checkpoint" in result.err, f"{content[:30]!r}: message: {result.err}")
        bench.equal(checkpoint.read_bytes(), content, "it stays as it is")
    checkpoint.unlink()
    os.symlink("elsewhere", checkpoint)
    bench.equal(bench.run().code, 1, "a symbolic link")
    checkpoint.unlink()
    checkpoint.mkdir()
    bench.equal(bench.run().code, 1, "a directory")
    checkpoint.rmdir()
    bench.write("../state/checkpoint.tmp", "left behind by a kill")
    bench.equal(bench.run().code, 0, "a temporary file that was left behind")


def test_left_behind(bench):
    """Blocks pile up and are written anew without what no longer counts."""
    bench.write("a.log", FLOW + "\n" + flow_lines(300))
    bench.run("--limit", "1")
    checkpoint = bench.directory / "state/checkpoint"
    lines = [line for line in checkpoint.read_text().splitlines(True) if line.startswith("file")]
    first = checkpoint.stat().st_size
    for _ in range(5):
        bench.run("--limit", "1")
    bench.check(first < checkpoint.stat().st_size < first + 5 * 1000, f"a block is small: {checkpoint.stat().st_size}")
    bench.equal(checkpoint.read_text().count("\nfile "), 6, "blocks")
    bench.equal(len(lines), 1, "lines of files in the first")


def test_lock(bench):
    """Two processes never share a directory."""
    bench.write("a.log", alb_lines(5))
    bench.equal(bench.run("--limit", "2").code, 0, "first run")
    before = bench.outputs()
    holder = os.open(bench.directory / "state", os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    result = bench.run()
    bench.equal(result.code, 1, "while another has it: exit code")
    bench.check("another wherefrom is using it" in result.err, f"message: {result.err}")
    bench.equal(bench.outputs(), before, "outputs")
    os.close(holder)
    bench.equal(bench.run().code, 0, "when it is free again")
    # and for real: one that stands still
    for lines in (30000, 120000, 480000):  # as many as it takes to meet it at work
        bench.forget()
        bench.write("a.log", alb_lines(lines))
        process = bench.start()
        while not (bench.directory / "state/checkpoint").exists() and process.poll() is None:
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        met = process.poll() is None
        if met:
            bench.equal(bench.run().code, 1, "beside a run that stands still")
        process.send_signal(signal.SIGCONT)
        bench.equal(process.wait(120), 0, "the run itself")
        process.stderr.close()
        bench.equal(bench.outputs()[0], bench.expected()[0], "its records")
        if met:
            break
    bench.check(met, "the run was over too soon")


def test_other_options(bench):
    """A checkpoint belongs to its outputs and to how they are written."""
    bench.write("a.log", alb_lines(5))
    bench.run("--limit", "2")
    before = bench.outputs()
    for more, words in ((["--schema", "flat"], ["--schema", '"ecs"', '"flat"']), (["-o", "other.ndjson"], ["--output", "records.ndjson", "other.ndjson"]),
                        (["--rejects", "other"], ["--rejects"]), (["--keep-original"], ["--keep-original", "not given"]),
                        (["--fields", "-url"], ["--fields"]), (["--origin", "x"], ["--origin"]), (["--format", "alb_access"], ["--format"]),
                        (["--since", "2025-01-01"], ["--since"])):
        result = bench.run(*more)
        bench.equal(result.code, 2, f"{more}: exit code")
        for word in words:
            bench.check(word in result.err, f"{more}: {word} is not in the message: {result.err}")
    bench.equal(bench.outputs(), before, "outputs")
    bench.check(not (bench.directory / "other.ndjson").exists(), "another output was made")
    result = bench.run("-o", bench.directory / "records.ndjson", "--chain", "direct", "-j", "1", "--read-size", "1")
    bench.equal((result.code, result.summary["records"]["read"]), (0, 3), f"the same file by another path, and what may change: {result.err}")


def test_changed_outputs(bench):
    """What was confirmed is gone: the run does not go on as if it were there."""
    bench.write("a.log", alb_lines(10) + b"no\n")
    bench.run("--limit", "5")
    for name in ("records.ndjson", "rejects.ndjson"):
        bench.run("--limit", "5")
        path = bench.directory / name
        content = path.read_bytes()
        if not bench.check(content != b"" or name == "rejects.ndjson", "something was written"):
            continue
        if content == b"":
            bench.run()
            content = path.read_bytes()
        path.write_bytes(content[:-1])
        result = bench.run()
        bench.equal(result.code, 1, f"{name} is a byte shorter: exit code")
        bench.check(name in result.err and "was changed" in result.err, f"message: {result.err}")
        path.unlink()
        bench.equal(bench.run().code, 1, f"{name} is gone")
        path.write_bytes(content)
    bench.check(bench.run().code in (0, REJECTS), "restored")


def test_refused(bench):
    """What cannot be resumed is refused before anything is touched."""
    bench.write("a.log", alb_lines(5))
    os.mkfifo(bench.directory / "fifo")
    cases = ((["-o", "-"], [], "stdout"), (["-o", "/dev/null"], [], "/dev/null"), (["-o", "fifo"], [], "fifo"), (["--rejects", "fifo"], [], "fifo"),
             ([], ["-"], "stdin"), ([], ["logs", "fifo"], "fifo"), ([], ["tcp://127.0.0.1:0"], "tcp://127.0.0.1:0"),
             ([], ["kafka://127.0.0.1:1/t"], "kafka://"), (["--dry-run"], ["logs"], "--dry-run"), (["--state", "logs/state"], [], "lies in the input"))
    for more, inputs, word in cases:
        result = bench.run(*more, inputs=inputs or ("logs",))
        bench.equal(result.code, 2, f"{more} {inputs}: exit code: {result.err}")
        bench.check("--state" in result.err and word in result.err, f"{more} {inputs}: message: {result.err}")
        bench.equal(bench.outputs(), [None, None], f"{more} {inputs}: outputs")
    shutil.rmtree(bench.logs / "state")
    (bench.directory / "file").write_bytes(b"")
    result = bench.run("--state", "file")
    bench.equal(result.code, 1, f"no directory: {result.err}")
