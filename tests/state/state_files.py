"""Files from one run to the next: they grow, get other names, are replaced, or are left in the middle."""
import gzip
import os
import re
import shutil
import subprocess

from black_box import alb_line, alb_lines, parse_lines

REJECTS = 3
FLOW = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
FLOW_OTHER = "srcaddr dstaddr start end srcport dstport protocol packets bytes action log-status version future-column"


def flow_lines(count, first=0):
    return "".join(f"2 123456789010 eni-1235b8ca 81.2.69.{i % 200} 10.0.0.1 {1024 + i} 443 6 {i} 40 1795000{i:03} 1795000{i:03} ACCEPT OK\n"
                   for i in range(first, first + count))


def other_flow_lines(count, first=0):
    return "".join(f"81.2.69.{i % 200} 10.0.0.1 1795000{i:03} 1795000{i:03} {1024 + i} 443 6 {i} 40 ACCEPT OK 2 new{i}\n"
                   for i in range(first, first + count))


def zstd(content):
    """NULL where the program is not installed."""
    if shutil.which("zstd") is None:
        return None
    return subprocess.run(["zstd", "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


def members(lines, size):
    """gzip, several members, cut anywhere."""
    return b"".join(gzip.compress(lines[at:at + size]) for at in range(0, len(lines), size))


def all_kinds(bench, scale=1):
    """Logs in which a run can be left at any kind of place."""
    plain = alb_lines(40 * scale)
    bench.write("a.log", plain[:3000] + b"no record\n" + plain[3000:] + b"\n\r\nthe last line has no end")
    bench.write("b.log.gz", members(alb_lines(60 * scale, 1000), 5000) + b"\0" * 100)
    bench.write("c/flows.log", FLOW + "\n" + flow_lines(20 * scale) + FLOW_OTHER + "\n" + other_flow_lines(20 * scale))
    bench.write("c/flows2.log.gz", gzip.compress((FLOW_OTHER + "\r\n" + other_flow_lines(30 * scale, 7)).encode()))
    bench.write("d.log", b"long " * 700000 + b"\n" + alb_lines(5, 5000) + b"u" * (3 << 19))
    bench.write("e.log", b"")
    bench.write("f.log", b"\n\n\n")
    packed = zstd(alb_lines(50 * scale, 2000) + b"# no\n")
    if packed is not None:
        bench.write("g.log.zst", packed)
    bench.write("h.log", alb_line(3000))


def test_nothing_to_do(bench):
    all_kinds(bench)
    for name in ("records.ndjson", "records.ndjson.gz"):
        outputs = (name, "rejects.ndjson")
        bench.forget()
        bench.equal(bench.run(outputs=outputs).code, REJECTS, "first run")
        before = [os.stat(bench.directory / file) for file in (*outputs, "state/checkpoint")]
        again = bench.run(outputs=outputs)
        after = [os.stat(bench.directory / file) for file in (*outputs, "state/checkpoint")]
        bench.equal(again.code, 0, f"nothing to do: exit code ({again.err})")
        bench.equal(again.summary["records"]["read"], 0, "lines read")
        bench.equal([(s.st_mtime_ns, s.st_size, s.st_ino) for s in after], [(s.st_mtime_ns, s.st_size, s.st_ino) for s in before], "files untouched")


def test_left_anywhere(bench):
    """A run stops behind each Nth record, and the next one goes on there; whatever was in between."""
    all_kinds(bench)
    expected = bench.expected()
    for step, more in ((1, ["-j", "1"]), (7, ["-j", "3"]), (29, ["--read-size", "100", "-j", "2"]), (64, [])):
        bench.forget()
        runs = lines = 0
        for runs in range(1, 400):
            result = bench.run("--limit", str(step), *more)
            lines += result.summary["records"]["read"] if result.summary else 0
            if result.code not in (0, REJECTS) or result.summary["records"]["written"] < step:
                break
        bench.check(result.code in (0, REJECTS), f"{step} at a time: exit code {result.code} after {runs} runs: {result.err[-300:]}")
        bench.equal(runs, len(expected[0].splitlines()) // step + 1, f"{step} at a time: runs")
        bench.same(expected, f"{step} at a time, {more}")
        read = bench.run(state=False, outputs=("x", "y")).summary["records"]["read"]
        bench.equal(lines, read, f"{step} at a time: lines read by all runs together")


def test_grown(bench):
    """Only what was added is read; together it is as if all had been there at once."""
    bench.write("a.log", alb_lines(30))
    bench.write("b.log.gz", gzip.compress(alb_lines(30, 100)))
    bench.write("c.log", FLOW_OTHER + "\n" + other_flow_lines(5))
    bench.write("d.log", b"")
    outputs = bench.run(), bench.outputs()
    bench.equal(outputs[0].code, 0, "first run")
    for name, added in (("a.log", alb_lines(10, 500)), ("b.log.gz", gzip.compress(alb_lines(10, 600))),
                        ("c.log", other_flow_lines(5, 50)), ("d.log", alb_lines(3, 700))):
        records = bench.outputs()[0]
        bench.append(name, added)
        result = bench.run()
        bench.equal(result.code, 0, f"{name} has grown: exit code: {result.err}")
        bench.equal(result.summary["records"]["read"], {"a.log": 10, "b.log.gz": 10, "c.log": 5, "d.log": 3}[name], f"{name}: lines read")
        bench.check(bench.outputs()[0].startswith(records), f"{name}: what was there stays")
        bench.equal(sorted(bench.outputs()[0].splitlines()), sorted(bench.expected()[0].splitlines()), f"{name}: all records")


def test_last_line_without_end(bench):
    """It counts as a line when a run ends there; once its end has come, it is not another one, and when it goes on, it comes whole."""
    first, longer = alb_line(1), alb_line(1) + ' "more"'
    for packed in (False, True):
        def pack(text):
            return gzip.compress(text.encode()) if packed else text.encode()
        for added, read, what in (("\n", 0, "its LF"), ("\r\n", 0, "its CR LF"), ("\n" + alb_line(2) + "\n", 1, "and a line"),
                                  ("\n\n", 1, "and an empty line"), (' "more"\n', 1, "the rest of it"), (' "more"', 1, "more of it"), ("", 0, "nothing")):
            bench.forget()
            bench.write("a.log", pack(alb_line(0) + "\n" + first))
            bench.equal(bench.run().summary["records"]["written"], 2, "first run")
            if added:
                bench.append("a.log", pack(added))
            os.utime(bench.logs / "a.log", (1, 1))
            result = bench.run()
            bench.equal(result.summary["records"]["read"], read, f"{what} comes (packed: {packed}): lines read")
            records = parse_lines(bench.outputs()[0])
            bench.equal(records[0]["log"]["offset"], 0, "the first line's place")
            if read == 1 and "more" not in added and added != "\n\n":
                bench.equal(records[2]["log"]["offset"], len(alb_line(0)) + len(first) + 2, f"{what}: place of the next line")
            if "more" in added:
                bench.equal([r["log"]["offset"] for r in records[1:]], [len(alb_line(0)) + 1] * 2, "the line, twice")
                bench.append("a.log", pack("\n" + alb_line(5) + "\n") if not added.endswith("\n") else pack(alb_line(5) + "\n"))
                bench.equal(bench.run().summary["records"]["read"], 1, f"{what}, and then a line: lines read")
                bench.equal(parse_lines(bench.outputs()[0])[-1]["log"]["offset"], len(alb_line(0)) + len(longer) + 2, "its place")


def test_long_line_without_end(bench):
    """A file ends inside a line that is too long: what follows of the line is no line, and no second reject."""
    bench.write("a.log", alb_lines(3) + b"u" * 1500000)
    bench.run()
    for added, read in ((b"u" * 2000000, 0), (b"uu\n" + alb_lines(2, 10), 2), (b"no record\n", 1)):
        bench.append("a.log", added)
        result = bench.run()
        bench.equal(result.summary["records"]["read"], read, f"lines read; {result.err}")
    bench.same(bench.expected(), "all of it at once")


def test_line_numbers(bench):
    """Rejects say which line they are, also behind a last line that had no end."""
    bench.write("a.log", alb_lines(3) + b"no end")
    bench.run()
    bench.append("a.log", b"\n" + alb_lines(1) + b"no record\nnor this")
    bench.run()
    bench.append("a.log", b" one\nor this\n")
    bench.run()
    lines = [record["origin"]["line"] for record in parse_lines(bench.outputs()[1])]
    bench.equal(lines, [4, 6, 7, 7, 8], "lines of rejects")


def test_renamed(bench):
    """A renamed file is known, and goes on under its first name: ids are those of a file that kept it."""
    first, added = alb_lines(20), alb_lines(20, 20)
    bench.write("x/app.log", first + added)
    expected = bench.expected()
    for left_at in ("0", "17"):  # 0: not before its end
        bench.forget()
        bench.write("x/app.log", first)
        bench.run("--limit", left_at)
        os.rename(bench.logs / "x/app.log", bench.logs / "x/app.log.1")
        bench.append("x/app.log.1", added)
        result = bench.run()
        bench.equal(result.code, 0, f"after a rename: {result.err}")
        found = [re.sub(rb'app\.log\.1"', b'app.log"', records) for records in bench.outputs()]
        bench.same(expected, f"renamed, left at {left_at}", found)
        os.rename(bench.logs / "x/app.log.1", bench.logs / "x/app.log.2")
        bench.equal(bench.run().summary["records"]["read"], 0, "renamed again, nothing added")
        os.remove(bench.logs / "x/app.log.2")


def test_inode_used_again(bench):
    """Another file gets inode, size and time of one that was read and removed: it is another one."""
    def made(number):
        path = bench.write(f"{number}.log", alb_lines(1, 1000 + number))
        os.utime(path, (1764547200, 1764547200))
        return path

    first = made(0)
    inode = first.stat().st_ino
    bench.run()
    first.unlink()
    if inode not in [made(number).stat().st_ino for number in range(1, 10)]:
        print("     inode used again: no inode was; nothing to see on this file system")
    bench.equal(bench.run().summary["records"]["written"], 9, "records of the others")


def test_hard_links(bench):
    """One file under two names is two files, as it is without --state; under a third one instead it is a renamed one."""
    bench.write("a.log", alb_lines(20))
    os.link(bench.logs / "a.log", bench.logs / "b.log")
    expected = bench.expected()
    for step in ("7", "13", "20"):
        bench.forget()
        for _ in range(40 // int(step) + 1):
            bench.equal(bench.run("--limit", step).code, 0, f"{step} at a time: exit code")
        bench.same(expected, f"{step} at a time")
    os.rename(bench.logs / "b.log", bench.logs / "c.log")
    bench.append("c.log", alb_lines(1, 30))
    bench.equal(bench.run().summary["records"]["read"], 2, "added to both")


def test_left_and_gone(bench):
    """A file that is not there any more cannot be read to its end, and somebody has to know."""
    bench.write("a.log", alb_lines(20))
    bench.run("--limit", "5")
    bench.write("b.log", alb_lines(2))
    os.rename(bench.logs / "a.log", bench.directory / "a.log")
    result = bench.run()
    bench.equal((result.code, result.summary["records"]["read"]), (0, 2), "what is there")
    bench.check("a.log was left before its end" in result.err, f"message: {result.err}")
    os.rename(bench.directory / "a.log", bench.logs / "c.log")
    result = bench.run()
    bench.equal((result.code, result.summary["records"]["read"]), (0, 15), "when it is back")
    bench.check("left before" not in result.err, f"message: {result.err}")


def test_rotated(bench):
    """The name goes on with another file."""
    bench.write("app.log", alb_lines(20))
    bench.run()
    os.rename(bench.logs / "app.log", bench.logs / "app.log.1")
    bench.write("app.log", alb_lines(20, 100))
    bench.append("app.log.1", alb_lines(2, 50))
    result = bench.run()
    bench.equal((result.code, result.summary["records"]["read"]), (0, 22), "the new file, and what was added to the old one")
    bench.check("app.log: is not the file" in result.err, f"no word of it: {result.err}")
    ids = [record["event"]["id"] for record in parse_lines(bench.outputs()[0])]
    bench.equal((len(ids), len(set(ids))), (42, 42), "records, and different ids")


def test_replaced_and_cut(bench):
    """What is not the file any more is read from its start, and said."""
    changes = (("other lines in the same file", lambda path: path.write_bytes(alb_lines(30, 500)), 30, "is not the file"),
               ("a shorter one", lambda path: os.truncate(path, len(alb_lines(10))), 10, "shorter"),
               ("another file under the name", lambda path: (path.unlink(), path.write_bytes(alb_lines(40, 900))), 40, "is not the file"),
               ("emptied", lambda path: os.truncate(path, 0), 0, "shorter"))
    for what, change, read, words in changes:
        for limit in ("0", "15"):
            bench.forget()
            path = bench.write("a.log", alb_lines(25))
            bench.run("--limit", limit)
            change(path)
            result = bench.run()
            bench.equal((result.code, result.summary["records"]["read"]), (0, read), f"{what}: exit code and lines read")
            bench.check(words in result.err and "a.log" in result.err, f"{what}: no word of it: {result.err}")
            tail = bench.outputs()[0].splitlines()[-read:] if read else []
            bench.equal(tail, bench.expected()[0].splitlines(), f"{what}: all records of the new file")
            bench.equal(bench.run().summary["records"]["read"], 0, f"{what}: then it is known")


def test_same_file_again(bench):
    """Downloaded again: another inode with the same bytes under the same name is no other file."""
    path = bench.write("a.log", alb_lines(25))
    bench.run("--limit", "15")
    expected = bench.expected()
    content = path.read_bytes()
    (bench.directory / "new").write_bytes(content)
    os.replace(bench.directory / "new", path)
    bench.equal(bench.run().summary["records"]["read"], 10, "the rest of it")
    bench.same(expected, "the same bytes in another inode")
    (bench.directory / "new").write_bytes(content)
    os.replace(bench.directory / "new", path)
    bench.equal(bench.run().summary["records"]["read"], 0, "nothing of it")


def test_first_inode_again(bench):
    """Of a file that was replaced by its copy, the copy's place counts, also when the first inode has the name again (or its number is given to
    the next copy, as it often is)."""
    path = bench.write("a.log", alb_lines(25))
    bench.run("--limit", "15")
    expected = bench.expected()
    first = bench.directory / "first"
    os.link(path, first)
    (bench.directory / "copy").write_bytes(path.read_bytes())
    os.replace(bench.directory / "copy", path)
    bench.equal(bench.run().summary["records"]["read"], 10, "the rest, of the copy")
    os.replace(first, path)
    bench.equal(bench.run().summary["records"]["read"], 0, "nothing of the first inode")
    bench.same(expected, "each line once")


def test_shorter_inside(bench):
    """A packed file that holds less text than was read of it is another one, though its start and size do not show it."""
    def member(lines):
        return gzip.compress(lines, compresslevel=0)
    first, lines = member(alb_lines(20)), alb_lines(100, 20)
    bench.write("a.log.gz", first + member(lines))
    bench.run()
    bench.write("a.log.gz", first + member(b"") * 4000)
    records = bench.outputs()[0]
    result = bench.run()
    bench.equal(result.code, 1, f"less text: {result.err}")
    bench.check("another file now" in result.err, f"message: {result.err}")
    bench.equal(bench.outputs()[0], records, "records of a file that was found out too late")
    bench.equal(bench.run().code, 0, f"then it is read from its start: {result.err}")
    bench.equal(bench.outputs()[0], records + bench.expected()[0], "its records")
    bench.write("b.log.gz", first + member(lines))
    bench.run()
    bench.write("b.log.gz", (first + member(lines))[:-2000] + b"#" * 2000 + member(lines))
    records = bench.outputs()[0]
    for number in range(2):
        result = bench.run()
        bench.check(result.code == 1 and "b.log.gz: damaged" in result.err, f"damaged before the place, {number}: {result.err}")
    bench.equal(bench.outputs()[0], records, "records of a file that cannot be read up to its place")
    bench.write("b.log.gz", first + member(lines) + member(alb_lines(5, 500)))
    bench.equal(bench.run().summary["records"]["read"], 5, "repaired, and grown")


def test_damaged_input(bench):
    """What can be read of a damaged file is written once, and the damage is said in each run; once it is whole, the rest comes."""
    packed = gzip.compress(alb_lines(200))
    bench.write("a.log.gz", packed[:len(packed) // 2])
    bench.equal(bench.run().code, 1, "first run")
    before = bench.outputs()
    bench.equal(len(before[1].splitlines()), 1, "the line that was cut short is a reject")
    result = bench.run()
    bench.equal((result.code, result.summary["records"]["read"]), (1, 0), f"the same again: {result.err}")
    bench.equal(bench.outputs(), before, "nothing twice")
    bench.append("a.log.gz", packed[len(packed) // 2:])
    bench.equal(bench.run().code, 0, "whole")
    bench.equal(bench.outputs()[0], bench.expected()[0], "all records")


def test_late_files(bench):
    """A file that sorts before those that are done, or is older, is not skipped."""
    bench.write("b.log", alb_lines(10, 10))
    bench.run()
    bench.write("a.log", alb_lines(10))
    os.utime(bench.logs / "a.log", (1, 1))
    bench.equal(bench.run().summary["records"]["read"], 10, "lines read")
    bench.equal(sorted(bench.outputs()[0].splitlines()), sorted(bench.expected()[0].splitlines()), "all records")


def test_append(bench):
    """--append says what a first run does with an output that is there; from then on it is the checkpoint that says where it ends."""
    bench.write("a.log", alb_lines(30))
    expected = bench.expected()[0]
    (bench.directory / "records.ndjson").write_bytes(b'{"kept":true}\n')
    for number in range(4):
        bench.equal(bench.run("--append", "--limit", "10").code, 0, f"run {number}")
    bench.equal(bench.outputs()[0], b'{"kept":true}\n' + expected, "all records, once")
    bench.forget()
    (bench.directory / "records.ndjson").write_bytes(b'{"kept":false}\n')
    bench.run()
    bench.equal(bench.outputs()[0], expected, "without --append and checkpoint it is written anew")
