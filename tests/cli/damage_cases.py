"""What is broken: compressed files cut short or spoilt, databases that are none.

What could be read before the damage is written, the message names the file and the byte, other inputs go on, and
the exit code is 1.
"""
import gzip
import pathlib
import random
import shutil
import subprocess
import zlib

from black_box import alb_line, alb_lines, parse_lines

FAILED = 1
SOUND = "sound.log"


def whole_lines(packed):
    """Lines that another decoder gets out of a damaged gzip stream, and what is behind the last one."""
    decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
    text = bytearray()
    try:
        for byte in range(len(packed)):
            text += decoder.decompress(packed[byte:byte + 1])
    except zlib.error:
        pass
    lines = bytes(text).split(b"\n")
    return len(lines) - 1, lines[-1]


def run_damaged(bench, name, *options):
    """Reads the damaged file between two sound inputs; returns its records, the rejects and the result."""
    bench.write(SOUND, alb_lines(3, 100))
    bench.write("last.log", alb_lines(2, 200))
    result, summary = bench.counted("run", SOUND, name, "last.log", "--rejects", "rejects", "-j", "2", *options)
    records = parse_lines(result.out)
    of = {path: [record for record in records if record["log"]["file"]["path"] == path] for path in (SOUND, name, "last.log")}
    bench.check(len(of[SOUND]) == 3 and len(of["last.log"]) == 2, f"{name}: the sound inputs were not read whole")
    bench.equal(summary["records"]["written"], len(records), f"{name}: written in the summary")
    return of[name], parse_lines(bench.read("rejects")), result


def expect_damage(bench, name, result, what):
    bench.equal(result.code, FAILED, f"{what}: exit code ({result.err[:300]})")
    bench.check(name in result.err and "byte" in result.err, f"{what}: the message does not name file and byte: {result.err[:300]}")
    bench.check("1 of 3 inputs failed" in result.err, f"{what}: the end does not say that an input failed: {result.err[-300:]}")


def test_gzip_cut_short(bench):
    content = alb_lines(40)
    packed = gzip.compress(content, mtime=0)
    places = sorted({3, 9, 10, 11, 12, 20, len(packed) - 9, len(packed) - 8, len(packed) - 7, len(packed) - 1,
                     *range(100, len(packed), len(packed) // 17)})
    whole = bench.run("run", bench.write("cut.log.gz", packed), "--quiet").out.count(b"\n")
    bench.equal(whole, 40, "records of the whole file")
    for place in places:
        bench.write("cut.log.gz", packed[:place])
        lines, rest = whole_lines(packed[:place])
        records, rejects, result = run_damaged(bench, "cut.log.gz")
        expect_damage(bench, "cut.log.gz", result, f"cut at {place}")
        bench.equal(len(records), lines, f"cut at {place}: whole lines before")
        reasons = [reject["reason"] for reject in rejects]
        bench.equal(reasons, ["cut-short"] if rest else [], f"cut at {place}: the line that was cut")


def test_gzip_cut_short_is_read_alike(bench):
    """The bytes before the damage do not depend on how they were read."""
    packed = gzip.compress(alb_lines(200), mtime=0)
    bench.write("cut.log.gz", packed[:len(packed) * 2 // 3])
    outputs = set()
    for options in ([], ["--read-size", "1"], ["--read-size", "7"], ["--read-size", "4096"], ["-j", "1"]):
        _, _, result = run_damaged(bench, "cut.log.gz", *options)
        outputs.add(result.out + bench.read("rejects"))
    bench.equal(len(outputs), 1, "different outputs by read size")


def test_gzip_spoilt(bench):
    content = alb_lines(40)
    packed = gzip.compress(content, mtime=0)
    end = len(packed)

    def flipped(place):
        return packed[:place] + bytes([packed[place] ^ 0x40]) + packed[place + 1:]

    for what, bytes_of_file, word in (
            ("a wrong checksum", flipped(end - 8), "checksum"),
            ("a wrong length", flipped(end - 2), "length"),
            ("garbage behind it", packed + b"garbage", "behind"),
            ("a line of text behind it", packed + alb_lines(1), "behind"),
            ("garbage behind zeros", packed + bytes(512) + b"x", "zero"),
            ("a second member cut short", packed + packed[:10], "short")):
        bench.write("spoilt.log.gz", bytes_of_file)
        records, rejects, result = run_damaged(bench, "spoilt.log.gz")
        expect_damage(bench, "spoilt.log.gz", result, what)
        bench.check(word in result.err, f"{what}: {word!r} is not in the message: {result.err[:300]}")
        bench.equal((len(records), len(rejects)), (40, 0), f"{what}: records and rejects of the sound part")
    bench.write("padded.log.gz", packed + bytes(512))
    records, _, result = run_damaged(bench, "padded.log.gz")
    bench.equal((result.code, len(records)), (0, 40), "zeros behind the last member are padding")
    dice = random.Random(1)
    for _ in range(20):
        place = dice.randrange(20, end - 8)
        bench.write("spoilt.log.gz", flipped(place))
        records, _, result = run_damaged(bench, "spoilt.log.gz")
        expect_damage(bench, "spoilt.log.gz", result, f"a bit flipped at {place}")
        bench.check(len(records) <= 40, f"a bit flipped at {place}: {len(records)} records")


def test_zstd_damaged(bench):
    if shutil.which("zstd") is None:
        bench.check(True, "")
        print("       without the zstd tool only the format's magic number is tried")
        packed = b"\x28\xb5\x2f\xfd" + bytes(20)
    else:
        packed = subprocess.run(["zstd", "-q", "-c"], input=alb_lines(40), stdout=subprocess.PIPE, check=True).stdout
        bench.write("good.log.zst", packed)
        records, _, result = run_damaged(bench, "good.log.zst")
        bench.equal((result.code, len(records)), (0, 40), "a sound zstd file")
        bench.write("trailing.log.zst", packed + b"garbage")
        records, _, result = run_damaged(bench, "trailing.log.zst")
        expect_damage(bench, "trailing.log.zst", result, "garbage behind a zstd frame")
        bench.equal(len(records), 40, "records before the garbage")
    for place in (4, 8, len(packed) // 2, len(packed) - 1):
        bench.write("cut.log.zst", packed[:place])
        _, _, result = run_damaged(bench, "cut.log.zst")
        expect_damage(bench, "cut.log.zst", result, f"zstd cut at {place}")


def test_compressed_twice(bench):
    inner = gzip.compress(alb_lines(40), mtime=0)
    for name, content in (("twice.log.gz", gzip.compress(inner, mtime=0)), ("stored.log.gz", gzip.compress(inner, 0, mtime=0))):
        bench.write(name, content)
        outputs = set()
        for options in ([], ["--read-size", "1"], ["--read-size", "7"]):
            records, _, result = run_damaged(bench, name, *options)
            expect_damage(bench, name, result, "gzip in gzip")
            bench.check("another compressed file" in result.err, f"the message does not say what it is: {result.err[:300]}")
            bench.equal(records, [], "records of gzip in gzip")
            outputs.add(bench.read("rejects"))
        bench.equal(len(outputs), 1, "gzip in gzip: rejects differ by read size")
    # text that only looks packed behind its first line is text
    bench.write("odd.log.gz", gzip.compress(b"\n" + inner[:3] + b" behind a line end\n" + alb_lines(1), mtime=0))
    for options in ([], ["--read-size", "1"]):
        records, rejects, _ = run_damaged(bench, "odd.log.gz", *options)
        bench.equal((len(records), len(rejects)), (1, 1), f"a magic number behind the first line, {options}")


def test_misnamed_files(bench):
    """The content decides, not the name."""
    content = alb_lines(5)
    bench.write("plain.log.gz", content)
    bench.write("packed.log", gzip.compress(content))
    for name in ("plain.log.gz", "packed.log"):
        result = bench.run("run", name, "--quiet")
        bench.equal((result.code, result.out.count(b"\n")), (0, 5), name)
    bench.write("short.log.gz", b"\x1f\x8b")
    result = bench.run("run", "short.log.gz")
    bench.check(result.code in (1, 3) and result.out == b"", f"two bytes of a gzip header: {result.code}")


def test_databases_that_are_none(bench):
    log = bench.write("a.log", alb_lines(2))
    kept = bench.write("kept.ndjson", "from before\n")
    good = pathlib.Path(bench.program.path).with_name("wherefrom-geo.mmdb").read_bytes()
    bench.write("empty.mmdb", b"")
    bench.write("text.mmdb", "no database at all\n" * 100)
    bench.write("cut.mmdb", good[:len(good) // 2])
    bench.write("tail.mmdb", good[-5000:])
    for name in ("missing.mmdb", "empty.mmdb", "text.mmdb", "cut.mmdb", "tail.mmdb", "."):
        bench.fails(["run", log, "--geo", name, "-o", kept], FAILED, "geo", name)
        bench.equal(kept.read_bytes(), b"from before\n", f"{name}: the output of before")


def test_database_with_flipped_bits(bench):
    """A spoilt database may know less or be refused; it never crashes the run or spoils its output."""
    lines = "".join(alb_line(number, client=f"{number}.{number * 7 % 256}.20.112:4000{number % 10}") + "\n" for number in range(1, 224))
    log = bench.write("a.log", lines)
    good = bytearray((pathlib.Path(__file__).resolve().parent.parent / "databases" / "city.mmdb").read_bytes())
    dice = random.Random(2)
    codes = set()
    for round_number in range(60):
        spoilt = bytearray(good)
        for _ in range(dice.choice((1, 4, 30))):
            spoilt[dice.randrange(len(spoilt))] ^= 1 << dice.randrange(8)
        bench.write("spoilt.mmdb", bytes(spoilt))
        result = bench.run("run", log, "--geo", "spoilt.mmdb", "--quiet", "-j", "1")
        codes.add(result.code)
        bench.check(result.code in (0, FAILED), f"round {round_number}: exit code {result.code}, {result.err[:200]}")
        if result.code == 0:
            bench.equal(len(parse_lines(result.out)), 223, f"round {round_number}: records")
    bench.check(0 in codes, "no spoilt database was good enough to be opened: the test tries nothing")
