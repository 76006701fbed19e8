"""Runs that do not come to their end: killed at any moment, stopped, out of room."""
import gzip
import resource
import shutil
import signal
import subprocess
import time

from black_box import alb_lines, read_summary, wait_until_signals_wait
from state_files import all_kinds, flow_lines, FLOW, members, zstd

OUTPUTS, REJECTS = ("records.ndjson", "rejects.ndjson"), 3
KILLS = 30  # of an ordinary run
PACKED_FILES = 200
PATIENCE_S = 120
CUTOFF_S = 0.02  # before that a process has not begun


def many_logs(bench):
    """Files that take half a second, of the same kinds and larger ones."""
    all_kinds(bench, 20)
    lines = 4 * alb_lines(5000, 10000)
    bench.write("k1.log", lines)
    bench.write("k2.log.gz", members(lines, 300000))
    bench.write("k3.log.gz", gzip.compress(lines + b"not a record\n" * 300))
    bench.write("k4.log", FLOW + "\n" + flow_lines(8000).replace("1795000", "179500") + "odd line\n" * 50)
    packed = zstd(lines)
    if packed is not None:
        bench.write("k5.log.zst", packed)
    if bench.generate is not None:
        bench.generate.run("tree", bench.logs / "tree", "--seed", "5", "--files", "12", "--lines-per-file", "2000")


def packed_logs(bench):
    """Two hundred gzip files, each of several members, as a folder of downloaded objects is."""
    for number in range(PACKED_FILES):
        lines = alb_lines(300, 300 * number) + b"not a record\n" * (number % 3)
        bench.write(f"{number:03d}.log.gz", members(lines, 40000))


def unpacked(outputs, bench):
    return [gzip.decompress(content) if name.endswith(".gz") else content for name, content in zip(outputs, bench.outputs(outputs))]


def end_early(bench, duration, signal_number, outputs):
    """Starts the program and ends it at a random moment. The exit code; None: it came to its end before."""
    more = ["-j", bench.random.choice("124"), "--read-size", bench.random.choice(("1K", "20K", "256K"))]
    process = bench.start(*more, outputs=outputs)
    try:
        process.wait(bench.random.uniform(CUTOFF_S, duration))
        ended = False
    except subprocess.TimeoutExpired:
        process.send_signal(signal_number)
        ended = True
    said = process.communicate(timeout=PATIENCE_S)[1]
    # a signal that comes before the program waits for it, or when it has no more to do, just ends it
    bench.check(process.returncode in (0, REJECTS) or (ended and process.returncode == -signal_number),
                f"exit code {process.returncode}: {said[-300:]}")
    return process.returncode if ended else None


def ended_often(bench, signal_number, count, logs=many_logs):
    """Runs over the same logs, each ended early a few times and then left alone, until there were `count` ends in all."""
    logs(bench)
    bench.options = ["--fields", "+@timestamp,+event.id,+log"]  # less to compare
    begun = time.monotonic()
    expected = bench.expected()
    duration = time.monotonic() - begun
    total = bench.run(state=False, outputs=("x", "y")).summary["records"]["read"]
    ended = orderly = inside = rounds = 0
    while ended < count:
        outputs = bench.random.choice((("records.ndjson", "rejects.ndjson"), ("records.ndjson.gz", "rejects.ndjson"), ("records.ndjson", "rejects.ndjson.gz")))
        shutil.rmtree(bench.directory / "state", ignore_errors=True)
        before, rounds = ended, rounds + 1
        for _ in range(bench.random.randint(2, 9)):
            code = end_early(bench, duration / 2, signal_number, outputs)
            if code is None:
                break
            ended += 1
            orderly += code != -signal_number
        result = bench.run(outputs=outputs)
        what = f"ended {ended - before} times, {outputs}"
        bench.check(result.code in (0, REJECTS), f"{what}: exit code {result.code}: {result.err[-300:]}")
        bench.same(expected, what, unpacked(outputs, bench))
        inside += 0 < result.summary["records"]["read"] < total
        bench.equal(bench.run(outputs=outputs).summary["records"]["read"], 0, f"{what}: lines that were left")
    bench.check(inside > 0, "no run went on from a checkpoint")
    bench.check(signal_number == signal.SIGKILL or orderly > ended // 3, f"{orderly} of {ended} came to an orderly end")
    if count > KILLS:
        print(f"     ended {ended} times at random moments in {rounds} rounds of {duration:.1f} s, {orderly} times in order; {inside} went on from a checkpoint "
              f"inside; {len(expected[0]):,} and {len(expected[1]):,} bytes are the same each time")


def test_killed(bench):
    ended_often(bench, signal.SIGKILL, bench.kills)


def test_killed_among_many_files(bench):
    ended_often(bench, signal.SIGKILL, bench.kills, packed_logs)


def test_terminated(bench):
    """SIGTERM: what has been read is written, and the next run goes on behind it."""
    ended_often(bench, signal.SIGTERM, max(6, bench.kills // 4))


def test_file_too_large(bench):
    """The output cannot grow any further, whoever says so: exit 1, and once it can, nothing is missing and nothing twice."""
    all_kinds(bench, 10)
    expected = bench.expected()
    room = len(expected[0])
    for outputs in (("records.ndjson", "rejects.ndjson"), ("records.ndjson.gz", "rejects.ndjson")):
        bench.forget()
        for limit in (room // 50, room // 30, room // 3):
            def bound(limit=limit):
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            arguments = bench.arguments("--read-size", "10K", "-j", "2", outputs=outputs)
            done = subprocess.run([bench.program.path, *arguments], cwd=bench.directory, preexec_fn=bound, stderr=subprocess.PIPE,
                                  env={"WHEREFROM_CHECKPOINT_MS": "1"}, restore_signals=False, check=False)
            if not (outputs[0].endswith(".gz") and done.returncode == REJECTS):  # a third may be enough for that
                bench.equal(done.returncode, 1, f"room for {limit} bytes: exit code: {done.stderr[-200:]}")
                # records, rejects or checkpoint: whichever was the first that had no room
                named = any(f"{name}: cannot be written".encode() in done.stderr for name in (*outputs, "checkpoint"))
                bench.check(named and b"File too large" in done.stderr, f"room for {limit} bytes: message: {done.stderr[:300]}")
        bench.check(bench.run(outputs=outputs).code in (0, REJECTS), "with room enough")
        bench.same(expected, f"{outputs} with too little room at first", unpacked(outputs, bench))


TOO_FULL = """
mount -t tmpfs -o size=$1 none small || exit 77
"$2" run logs --no-geo -j 2 -o $3 --rejects $4 --state $5 2>first.txt
echo $? >first
mount -o remount,size=100m none small
"$2" run logs --no-geo -o $3 --rejects $4 --state $5 --summary summary.json 2>second.txt
echo $? >second
for file in $3 $4; do [ $file = ${file#small/} ] || cp $file .; done
"""
# What lies on the file system that is too small, its size, and which file it is that has no room.
ON_SMALL = ((("records.ndjson",), "1m", "records.ndjson"), (("records.ndjson", "state"), "700k", ""), (("records.ndjson", "state"), "16k", ""),
            (("rejects.ndjson",), "16k", "rejects.ndjson"), (("state",), "4k", "state/checkpoint"))


def test_disk_full(bench):
    """A file system that is too small for records, for rejects, for the checkpoint, or for several of them."""
    all_kinds(bench, 10)
    for number in range(60):  # so that a checkpoint grows beyond a page
        bench.write(f"z/{number}.log", alb_lines(20, 20 * number))
    expected = bench.expected()
    (bench.directory / "small").mkdir()
    for on_small, size, full in ON_SMALL:
        for name in ("state", "first", "second", *OUTPUTS):
            path = bench.directory / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        places = [f"small/{name}" if name in on_small else name for name in (*OUTPUTS, "state")]
        done = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", TOO_FULL, "sh", size, bench.program.path, *places], check=False,
                              cwd=bench.directory, env={"WHEREFROM_CHECKPOINT_MS": "1", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})
        if done.returncode in (1, 77) and not (bench.directory / "first").exists():
            print("     disk full: skipped: no file systems can be mounted here; test_file_too_large has to do")
            bench.check(True, "skipped")
            return
        codes = [(bench.directory / name).read_text().strip() for name in ("first", "second")]
        said = [(bench.directory / name).read_text() for name in ("first.txt", "second.txt")]
        bench.check(codes[0] == "1" and codes[1] in ("0", str(REJECTS)), f"{size}, {on_small}: exit codes {codes}: {said[0][-300:]} {said[1][-300:]}")
        bench.check("No space left" in said[0] and full in said[0], f"{size}, {on_small}: message: {said[0]}")
        bench.same(expected, f"{size}, {on_small}")
        read = read_summary(bench.directory / "summary.json")["records"]["read"]
        bench.check(read > 0, f"{size}, {on_small}: {read} lines were left for the second run")


def rotate(bench, process, turn, names):
    """As logrotate does it, while the run writes; then it is killed or not. The names that were moved."""
    moved = []
    for name in names:
        path = bench.directory / name
        if path.exists() and path.stat().st_size > 0:
            path.rename(bench.directory / f"{turn}.{name}")
            moved.append(name)
    process.send_signal(signal.SIGHUP)
    return moved


def parts(bench, name):
    """What was moved away, in order, and what has the name now."""
    moved = sorted(bench.directory.glob(f"*.{name}"), key=lambda path: int(path.name.split(".")[0]))
    content = [path.read_bytes() for path in (*moved, bench.directory / name) if path.exists()]
    return b"".join(gzip.decompress(part) if name.endswith(".gz") and part else part for part in content)


def test_rotated_and_killed(bench):
    """Outputs are renamed away and SIGHUP is sent, and some runs are killed just then: all files together are what one run would have
    written. Who is killed before the checkpoint speaks of the new file is told so, and goes on when the file has its name back."""
    many_logs(bench)
    bench.options = ["--fields", "+@timestamp,+event.id,+log", "-j", "2", "--read-size", "1K"]  # slowly, so that there is a middle
    expected = bench.expected()
    refused = switched = 0
    for outputs in (("records.ndjson", "rejects.ndjson"), ("records.ndjson.gz", "rejects.ndjson")):
        turn, moved = 0, []
        for _ in range(40):
            process = bench.start(outputs=outputs)
            wait_until_signals_wait(process)  # by then it has refused or opened its outputs
            try:
                process.wait(bench.random.uniform(0, 0.1))
            except subprocess.TimeoutExpired:
                turn += 1
                moved = rotate(bench, process, turn, outputs)
                try:
                    process.wait(bench.random.choice((0, 0.002, 0.01, 0.03, 0.1)))
                except subprocess.TimeoutExpired:
                    process.kill()
            said = process.communicate(timeout=PATIENCE_S)[1].decode()
            switched += said.count("what follows goes to a new file")
            if process.returncode == 1 and "give it its name back" in said:
                refused += 1
                for name in moved:
                    (bench.directory / f"{turn}.{name}").rename(bench.directory / name)
                moved = []
                continue
            bench.check(process.returncode in (0, REJECTS, -signal.SIGKILL, -signal.SIGHUP), f"exit code {process.returncode}: {said[-300:]}")
            if process.returncode in (0, REJECTS):
                break
        result = bench.run(outputs=outputs)
        if result.code == 1 and "give it its name back" in result.err:
            for name in moved:
                (bench.directory / f"{turn}.{name}").rename(bench.directory / name)
            result = bench.run(outputs=outputs)
        bench.check(result.code in (0, REJECTS), f"{outputs}: exit code {result.code}: {result.err[-300:]}")
        for name, one in zip(outputs, expected):
            bench.check(parts(bench, name) == one, f"{name}: {len(parts(bench, name))} bytes in all files instead of {len(one)}")
        shutil.rmtree(bench.directory / "state")
        for path in (*bench.directory.glob("*records*"), *bench.directory.glob("*rejects*")):
            path.unlink()
        expected = bench.expected()
    bench.check(switched > 0, f"{switched} files were switched, {refused} runs refused to go on")
