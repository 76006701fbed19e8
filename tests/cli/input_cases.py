"""What is read: files, directories, globs, stdin, names, and objects met twice."""
import gzip
import os
import shutil
import subprocess
import time

from black_box import alb_line, alb_lines, at, parse_lines, write

FAILED, USAGE = 1, 2
OBJECT = "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/01/" \
         "123456789012_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260301T1205Z_192.0.2.77_{}.log"


def ids(result):
    return [at(record, "event.id") for record in parse_lines(result.out)]


def paths(result):
    return [at(record, "log.file.path") for record in parse_lines(result.out)]


def test_missing_input(bench):
    bench.fails(["run", "nowhere.log"], FAILED, "nowhere.log", "No such file")
    bench.write("a.log", alb_lines(1))
    bench.fails(["run", "a.log", "nowhere.log"], FAILED, "nowhere.log")
    bench.fails(["run", "a.log/below"], FAILED, "a.log/below")
    bench.fails(["run", ""], USAGE)


def test_unreadable_input(bench):
    """Root reads everything, so the program runs as nobody then, from a copy that nobody reaches."""
    program = write(bench.directory / "wherefrom", open(bench.program.path, "rb").read())
    bench.directory.chmod(0o755)
    program.chmod(0o755)
    bench.write("logs/a.log", alb_lines(1))
    secret = bench.write("logs/secret.log", alb_lines(1))
    bench.write("logs/locked/b.log", alb_lines(1))
    secret.chmod(0)
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}

    def run(*arguments):
        return subprocess.run([program, "run", "--no-geo", *arguments], cwd=bench.directory, capture_output=True, timeout=60, check=False, **user)

    bench.equal(run("logs/a.log").returncode, 0, "a readable file")
    for inputs in (["logs/secret.log"], ["logs"], ["logs/*.log"], ["logs/a.log", "logs/secret.log"]):
        result = run(*inputs)
        bench.equal(result.returncode, FAILED, f"{inputs}: exit code")
        bench.check(b"secret.log" in result.stderr and b"Permission denied" in result.stderr, f"{inputs}: {result.stderr[:300]}")
    secret.unlink()
    (bench.directory / "logs/locked").chmod(0)
    result = run("logs")
    bench.check(result.returncode == FAILED and b"logs/locked" in result.stderr, f"a locked directory: {result.returncode} {result.stderr[:300]}")
    (bench.directory / "logs/locked").chmod(0o755)


def test_directory(bench):
    for name in ("b/2.log", "b/10.log", "a/deep/er/x.log", "c.log", "B.log"):
        bench.write(f"logs/{name}", alb_line() + "\n")
    left_out = ("logs/.hidden.log", "logs/.git/x.log", "logs/still.tmp", "logs/b/still.part")
    for name in left_out:
        bench.write(name, alb_line() + "\n")
    bench.write("outside.log", alb_line() + "\n")
    os.symlink("../outside.log", bench.directory / "logs/leads-out.log")
    os.symlink("c.log", bench.directory / "logs/d-inside.log")
    os.symlink("nowhere", bench.directory / "logs/leads-nowhere.log")
    os.mkfifo(bench.directory / "logs/fifo")
    expected = ["logs/B.log", "logs/a/deep/er/x.log", "logs/b/10.log", "logs/b/2.log", "logs/c.log", "logs/d-inside.log"]
    result = bench.run("run", "logs")
    everything = paths(bench.run("run", "logs", "--links", "all"))
    bench.equal(everything, sorted([*expected, "logs/leads-out.log"]), "--links all")
    bench.equal(paths(result), expected, "files of a directory in byte order, without what is not to be read")
    for word in ("symbolic links", ".tmp", "special files"):
        bench.check(word in result.err, f"no warning about {word}: {result.err[:400]}")
    from_inside = bench.run("run", ".", cwd=bench.directory / "logs")
    bench.equal(ids(from_inside), ids(result), "event.id is the same from wherever the directory is named")
    bench.equal(ids(bench.run("run", "logs/")), ids(result), "event.id with a slash behind the directory")
    bench.equal(len(set(ids(result))), len(expected), "different files have different ids for the same line")


def test_empty_directory_and_empty_files(bench):
    (bench.directory / "empty").mkdir()
    bench.write("files/a.log", b"")
    bench.write("files/b.log.gz", gzip.compress(b""))
    for name in ("empty", "files"):
        result, summary = bench.counted("run", name)
        bench.check(result.code == 0 and result.out == b"", f"{name}: code {result.code}, {result.out[:100]!r}, {result.err[:200]}")
        bench.equal(summary["records"]["read"], 0, f"{name}: records read")


def test_glob(bench):
    for name in ("logs/a.log", "logs/b.log", "logs/sub/c.log", "logs/[x].log"):
        bench.write(name, alb_line() + "\n")
    bench.equal(paths(bench.run("run", "logs/*.log")), ["logs/[x].log", "logs/a.log", "logs/b.log"], "a quoted glob")
    bench.equal(paths(bench.run("run", "logs/[ab].log")), ["logs/a.log", "logs/b.log"], "a glob with brackets")
    bench.equal(paths(bench.run("run", "logs/[x].log")), ["logs/[x].log"], "a file whose name looks like a glob")
    bench.equal(paths(bench.run("run", "lo*")), ["logs/[x].log", "logs/a.log", "logs/b.log", "logs/sub/c.log"], "a glob that meets a directory")
    bench.fails(["run", "logs/*.gz"], FAILED, "logs/*.gz", "matches nothing")


def test_urls(bench):
    bench.fails(["run", "s3://bucket/AWSLogs/"], USAGE, "aws s3 sync s3://bucket/AWSLogs/")
    bench.fails(["run", "kafka://localhost:9092"], USAGE, "kafka://localhost:9092", "/TOPIC")
    for address in ("localhost:9000", "127.0.0.1", "127.0.0.1:99999", "::1:9000", ""):
        bench.fails(["run", "tcp://" + address], USAGE, "tcp://" + address, "tcp://ADDRESS:PORT")
    bench.fails(["run", "tcp://127.0.0.1:9000?proxy=yes"], USAGE, "tcp://127.0.0.1:9000?proxy=yes", "off, v1, v2 or auto")
    bench.fails(["run", "tcp://127.0.0.1:9000?x=1"], USAGE, "tcp://127.0.0.1:9000?x=1")
    bench.fails(["run", "tcp://127.0.0.1:9", "tcp://127.0.0.1:9"], USAGE, "same origin name")
    bench.fails(["run", "tcp://192.0.2.1:9"], FAILED, "tcp://192.0.2.1:9", "can't listen there")
    bench.fails(["run", "tcp://127.0.0.1:9", "--proxy-from", "10.0.0.1/8"], USAGE, "--proxy-from 10.0.0.1/8")
    bench.fails(["run", "http://example.com/a.log"], USAGE, "http://example.com/a.log")


def test_same_name_twice(bench):
    content = alb_lines(2)
    bench.write("a.log", content)
    bench.write("a.log.gz", gzip.compress(content))
    bench.write("x/a.log", content)
    bench.write("y/a.log", content)
    bench.fails(["run", "a.log", "a.log"], USAGE, "a.log", "same origin name", "--origin")
    bench.fails(["run", "a.log", "a.log.gz"], USAGE, "a.log.gz", "same origin name")
    bench.fails(["run", "x", "y"], USAGE, "x/a.log", "y/a.log")
    bench.fails(["run", "-", "-"], USAGE, "twice")
    bench.equal(bench.run("run", "x/a.log", "y/a.log", "--quiet").code, 0, "files of the same name in other folders, given by name")


def test_same_object_twice(bench):
    one, two = OBJECT.format("one"), OBJECT.format("two")
    bench.write("logs/" + one, alb_lines(3))
    bench.write("logs/" + one + ".gz", gzip.compress(alb_lines(3)))
    bench.write("logs/copy/" + os.path.basename(one) + ".gz", gzip.compress(alb_lines(3)))
    bench.write("logs/" + two, alb_lines(2, 10))
    result, summary = bench.counted("run", "logs", "-o", "out.ndjson")
    bench.equal(result.code, 0, f"exit code ({result.err[:300]})")
    bench.equal(bench.read("out.ndjson").count(b"\n"), 5, "records: every object once")
    bench.equal(summary["skipped_by_reason"], {"same-object": 2}, "skipped")
    bench.check("met twice" in result.err, f"no warning: {result.err[:300]}")
    bench.fails(["run", "logs/" + one, "logs/" + one + ".gz"], USAGE, "same origin name")


def test_object_name_is_the_origin(bench):
    """An AWS object has the same event.id wherever it lies and however it is compressed."""
    name = OBJECT.format("abc")
    bench.write("here/" + name, alb_lines(3))
    bench.write("there/" + os.path.basename(name) + ".gz", gzip.compress(alb_lines(3)))
    plain, packed = bench.run("run", "here"), bench.run("run", "there/" + os.path.basename(name) + ".gz")
    bench.equal(ids(plain), ids(packed), "event.id of an object")
    record = parse_lines(plain.out)[0]
    bench.equal(at(record, "cloud.region"), "eu-west-1", "region of the key")
    bench.equal(at(record, "observer.ip"), "192.0.2.77", "node of the key")
    bench.write("there/ELBAccessLogTestFile", "Enable AccessLog for ELB: app/shop/50dc6c495c0c9188 at 2026-03-01T11:00:00.781Z")
    result, summary = bench.counted("run", "there", "--quiet")
    bench.check(result.code == 0 and summary["records"]["skipped"] == 1, f"a test object: {summary['records']}")


def test_stdin(bench):
    content = alb_lines(5)
    first, second = bench.run("run", "--quiet", stdin=content), bench.run("run", "-", "--quiet", stdin=content)
    bench.equal(first.out.count(b"\n"), 5, "records of a pipe without INPUT")
    bench.equal(paths(second), ["-"] * 5, "log.file.path of stdin")
    bench.check(ids(first) != ids(second), "stdin without --origin has a random name, so other ids")
    named = bench.run("run", "--origin", "edge", "-", stdin=content)
    bench.equal(ids(named), ids(bench.run("run", "--origin", "edge", stdin=content)), "ids with --origin")
    bench.equal(ids(named), ids(bench.run("run", "--origin", "edge", stdin=gzip.compress(content))), "ids of a packed stream")
    with open(bench.write("a.log", content), "rb") as file:
        bench.equal(ids(bench.run("run", "--origin", "edge", stdin=file)), ids(named), "ids of a redirected file")
    both = bench.run("run", "a.log", "-", "--origin", "edge", stdin=alb_lines(1))
    bench.equal(paths(both), ["a.log"] * 5 + ["-"], "a file and stdin, in the order given")
    bench.equal(bench.run("run", stdin=b"").code, 0, "an empty stdin")


def test_origin_of_files(bench):
    bench.write("a.log", alb_lines(2))
    bench.write("d/a.log", alb_lines(2))
    given = ids(bench.run("run", "a.log", "--origin", "mine"))
    bench.check(len(given) == 2 and given != ids(bench.run("run", "a.log")), "--origin has no part in event.id")
    bench.equal(given, ids(bench.run("run", "d/a.log", "--origin", "mine")), "--origin replaces a single file's name")
    bench.equal(ids(bench.run("run", "d", "--origin", "mine")), ids(bench.run("run", "a.log", "--origin", "mine/a.log")),
                "--origin stands in front of the names of a directory")


def test_fifo_by_name(bench):
    os.mkfifo(bench.directory / "pipe")
    writer = subprocess.Popen(["sh", "-c", "cat > pipe"], cwd=bench.directory, stdin=subprocess.PIPE)
    try:
        writer.stdin.write(alb_lines(3))
        writer.stdin.close()
        result = bench.run("run", "pipe", "--quiet")
        bench.equal(result.out.count(b"\n"), 3, f"records of a FIFO ({result.err})")
    finally:
        writer.kill()
        writer.wait()


def test_links_that_are_swapped(bench):
    """A file, or a folder above it, that becomes a link after the list was made leads nowhere: what is opened counts, not what was seen."""
    bench.write("outside/sub/x.log", alb_line(1) + "\n")
    for swapped, options, count in (("logs/sub/x.log", (), 1), ("logs/sub", (), 1), ("logs/sub/x.log", ("--links", "all"), 2), (None, (), 2)):
        bench.write("logs/sub/x.log", alb_line(2) + "\n")
        os.mkfifo(bench.directory / "first")
        process = subprocess.Popen([bench.program.path, "run", "first", "logs", "--no-geo", "-j", "1", "-o", "out", *options], cwd=bench.directory, stderr=subprocess.PIPE)
        with open(bench.directory / "first", "wb") as first:  # opened once the list is made
            if swapped:
                (bench.directory / swapped).rename(bench.directory / "kept")
                os.symlink(bench.directory / swapped.replace("logs", "outside"), bench.directory / swapped)
            first.write((alb_line(3) + "\n").encode())
        said = process.communicate(timeout=60)[1].decode()
        bench.equal((process.returncode, bench.read("out").count(b"\n")), (FAILED if count == 1 else 0, count), f"{swapped} {options}: {said[-300:]}")
        bench.check(("leads out of logs; name what it leads to" in said) == (count == 1), f"{swapped}: {said[-300:]}")
        shutil.rmtree(bench.directory / "logs")
        for name in ("first", "kept"):
            if (bench.directory / name).is_dir():
                shutil.rmtree(bench.directory / name)
            else:
                (bench.directory / name).unlink(missing_ok=True)


def test_links_that_are_followed(bench):
    """The same rules with --follow, and a root that is a link itself is what was asked for."""
    bench.write("outside.log", alb_line(1) + "\n")
    bench.write("logs/a.log", alb_line(2) + "\n")
    os.symlink(bench.directory / "outside.log", bench.directory / "logs/link.log")
    os.symlink(bench.directory / "logs", bench.directory / "root")
    for options, count in (((), 1), (("--links", "all"), 2)):
        (bench.directory / "out").unlink(missing_ok=True)
        process = subprocess.Popen([bench.program.path, "run", "root", "--follow", "--no-geo", "-o", "out", *options], cwd=bench.directory, stderr=subprocess.PIPE)
        until = time.monotonic() + 20
        while time.monotonic() < until and not ((bench.directory / "out").exists() and bench.read("out").count(b"\n") >= count):
            time.sleep(0.05)
        time.sleep(0.3)
        process.terminate()
        said = process.communicate(timeout=60)[1].decode()
        bench.equal((process.returncode, bench.read("out").count(b"\n")), (0, count), f"{options}: {said[-300:]}")
