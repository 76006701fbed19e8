"""Several outputs: which record goes to which, and how they go with the rest of a run.

What is expected is made from a run with one output, by the country that its records have.

Threads: one; some groups start the program beside it.
"""
import gzip
import json
import os
import pathlib
import signal
import subprocess
from collections import Counter

from black_box import alb_line, at, parse_lines
from started_run import wait_until

EXAMPLE = pathlib.Path(__file__).resolve().parent.parent.parent / "examples" / "residency-route.yaml"
CLIENTS = {"eu": ["89.160.20.112", "193.0.6.139", "2a02:2f00::1"], "us": ["8.8.8.8", "216.160.83.56"],
           "main": ["81.2.69.142", "202.232.2.164", "175.16.199.1", "10.0.0.9", "2001:db8::1"]}
CODES = {"eu": "SE NL FR DE RO", "us": "US"}
OUTPUTS = "{eu: {path: eu.ndjson}, us: us.ndjson, main: {path: main.ndjson}}"
RESIDENCY = """
residency:
  zones: {eea: [SE, NL, FR, DE, RO], us: [US], uk: [GB], other: ["*"]}
  places: {eu: [eu-west-1], us: [us-*]}
  rules: [{zone: eea, allow: [eu], else: violation}, {zone: us, allow: [us], else: violation}]
  unsure: {min_trust: 0, registered_differs: ignore, anycast: ignore}
"""
ROUTE = '  route: {eea: eu, us: us, "*": main}\n'


def config(outputs=OUTPUTS, route=ROUTE, residency=RESIDENCY, more=""):
    return f"outputs: {outputs}\n{more}{residency}{route}"


def client(number):
    every = [one for group in CLIENTS.values() for one in group]
    address = every[number * 7 % len(every)]
    return f"[{address}]:4000" if ":" in address else f"{address}:4000"


def lines(count, first=0):
    return "".join(alb_line(number, client=client(number)) + "\n" for number in range(first, first + count)).encode()


def output_of(line):
    country = json.loads(line)["client"].get("geo", {}).get("country_iso_code", "none")
    return next((name for name, codes in CODES.items() if country in codes.split()), "main")


def expected(bench, *inputs, residency=RESIDENCY):
    """Of each output its bytes."""
    bench.write("one.yaml", residency)
    result = bench.run("run", *inputs, "-c", "one.yaml", "-o", "one.ndjson")
    bench.check(result.code in (0, 3), f"a run with one output: {result.err[-300:]}")
    every = {"eu": [], "us": [], "main": []}
    for line in bench.read("one.ndjson").splitlines(keepends=True):
        every[output_of(line)].append(line)
    found = {name: b"".join(parts) for name, parts in every.items()}
    bench.check(all(found.values()), f"each output has records: { {name: len(text) for name, text in found.items()} }")
    return found


def check_outputs(bench, wanted, what, ending=""):
    for name, text in wanted.items():
        found = bench.read(f"{name}.ndjson{ending}")
        found = gzip.decompress(found) if ending else found
        bench.check(found == text, f"{what}: {name} has {found.count(bytes([10]))} records instead of {text.count(bytes([10]))}, or others")


def test_route_by_zone(bench):
    """Each record in exactly one output, its bytes as with one, in the order of the input, whatever the number of workers."""
    inputs = [bench.write(f"{number}.log", lines(4000, first=4000 * number)) for number in range(3)]
    wanted = expected(bench, *inputs)
    for workers in (1, 2, 5):
        bench.write("c.yaml", config())
        result, summary = bench.counted("run", *inputs, "-c", "c.yaml", "-j", str(workers))
        bench.equal((result.code, result.out), (0, b""), f"-j {workers}: exit code, stdout")
        check_outputs(bench, wanted, f"-j {workers}")
        bench.equal(summary["outputs"], [{"name": name, "written": text.count(b"\n"), "duplicates": 0, "refused": 0, "bytes": len(text)}
                                         for name, text in wanted.items()], f"-j {workers}: outputs of the summary")
        bench.equal([summary["records"]["written"], summary["bytes"]["written"]], [12000, sum(map(len, wanted.values()))], f"-j {workers}: sums")
    bench.check("output     us: " in result.err, "the summary for people")


def test_route_whatever_the_verdict(bench):
    """An address that nobody vouches for has no verdict, and a zone all the same."""
    log = bench.write("a.log", lines(1000))
    doubtful = RESIDENCY.replace("unsure: {min_trust: 0, registered_differs: ignore, anycast: ignore}", "unsure: {min_trust: 2}")
    wanted = expected(bench, log, residency=doubtful)
    bench.write("c.yaml", config(residency=doubtful))
    bench.equal(bench.run("run", log, "-c", "c.yaml").code, 0, "exit code")
    check_outputs(bench, wanted, "without a verdict")
    bench.equal({at(one, "residency.verdict") for one in parse_lines(bench.read("eu.ndjson"))}, {"indeterminate"}, "verdicts")


def test_route_example(bench):
    """The file that is shipped is right but for its clusters, which are none."""
    shown = bench.run("check", "-c", EXAMPLE, env={"EU_PASSWORD": "a", "MAIN_PASSWORD": "b"}, timeout=60).out.decode()
    for line in ("output opensearch-eu: takes zone eea\n", "output main: takes zone other, records of no zone\n"):
        bench.check(line in shown, f"{line!r} is not in {shown}")
    bench.equal([line for line in shown.splitlines() if "error" in line and "search" not in line and "errors, " not in line], [], "errors")


def test_route_other_forms(bench):
    log = bench.write("a.log", lines(3000) + b"no log line\n" + lines(100, first=3000))
    wanted = expected(bench, log)
    bench.write("gz.yaml", config("{eu: eu.ndjson.gz, us: {path: us.ndjson.gz}, main: main.ndjson.gz}"))
    bench.equal(bench.run("run", log, "-c", "gz.yaml", "--rejects", "r").code, 3, "exit code: packed, with rejects")
    check_outputs(bench, wanted, "packed", ending=".gz")
    bench.equal([one["original"] for one in parse_lines(bench.read("r"))], ["no log line"], "rejects")
    bench.write("out.yaml", config('{eu: eu.ndjson, us: us.ndjson, main: "-"}'))
    result = bench.run("run", log, "-c", "out.yaml")
    bench.check(result.out == wanted["main"], "one of them is stdout")
    bench.write("beside.yaml", config("{eu: eu.ndjson, us: us.ndjson}", more="output: main.ndjson\n"))
    bench.equal(bench.run("run", log, "-c", "beside.yaml").code, 3, "exit code: an output beside outputs")
    check_outputs(bench, wanted, "an output beside outputs")
    bench.equal(bench.run("run", log, "-c", "beside.yaml", "--append").code, 3, "exit code: once more, with --append")
    check_outputs(bench, {name: text * 2 for name, text in wanted.items()}, "added to")
    bench.write("single.yaml", "outputs: {only: {path: only.ndjson}}\n")
    result, summary = bench.counted("run", log, "-c", "single.yaml")
    bench.equal((result.code, "outputs" in summary), (3, False), "outputs with one, without residency")
    plain = bench.run("run", log)
    bench.check(bench.read("only.ndjson") == plain.out, "outputs with one: the same records")
    bench.write("limit.yaml", config())
    bench.equal(bench.run("run", log, "-c", "limit.yaml", "--limit", "777").code, 0, "exit code with --limit")
    bench.equal(sum(bench.read(f"{name}.ndjson").count(b"\n") for name in wanted), 777, "--limit counts all outputs together")
    for name in wanted:
        bench.check(wanted[name].startswith(bench.read(f"{name}.ndjson")), f"--limit: {name} has the first ones")
    bench.write("dry.yaml", config("{eu: dry-eu, us: dry-us, main: dry-main}"))
    result, summary = bench.counted("run", log, "-c", "dry.yaml", "--dry-run")
    bench.equal((summary["records"]["written"], [one["written"] for one in summary["outputs"]]),
                (3100, [text.count(b"\n") for text in wanted.values()]), "--dry-run counts")
    bench.check(not any((bench.directory / f"dry-{name}").exists() for name in wanted), "--dry-run writes nothing")


def test_route_closed_stdout(bench):
    """A reader that goes away ends the run quietly, as with one output."""
    log = bench.write("a.log", lines(40000))
    bench.write("c.yaml", config('{eu: eu.ndjson, us: us.ndjson, main: "-"}'))
    process = bench.program.start("run", log, "-c", "c.yaml", "--quiet", cwd=bench.directory, stdout=subprocess.PIPE)
    process.stdout.read(1000)
    process.stdout.close()
    bench.equal(process.wait(60), 0, "exit code")


def test_route_disk_full(bench):
    """A failing output ends the run, and its name is in the message."""
    log = bench.write("a.log", lines(3000))
    bench.write("c.yaml", config("{eu: eu.ndjson, us: /dev/full, main: main.ndjson}"))
    result = bench.run("run", log, "-c", "c.yaml")
    bench.equal(result.code, 1, "exit code")
    bench.check("/dev/full" in result.err, f"message: {result.err[-300:]}")


def test_route_kill_and_resume(bench):
    """kill -9 in the middle, and again: each file is as if nothing had happened."""
    for number in range(4):
        bench.write(f"logs/{number}.log", lines(15000, first=15000 * number))
    wanted = expected(bench, "logs")
    bench.write("c.yaml", config())
    arguments = ("run", "logs", "-c", "c.yaml", "--state", "state", "--quiet", "-j", "2")
    files = [bench.directory / f"{name}.ndjson" for name in wanted]

    def size():
        return sum(file.stat().st_size for file in files if file.exists())

    kills = 0
    for megabytes in (10, 40, 70, 20, 50, 90):
        process = bench.program.start(*arguments, cwd=bench.directory, env={**os.environ, "WHEREFROM_CHECKPOINT_MS": "5"})
        wait_until(lambda: process.poll() is not None or size() > 1e6 * megabytes, "output", every_s=0.002)  # noqa: B023
        kills += process.poll() is None
        process.kill()
        process.wait()
    bench.check(kills >= 2, f"killed {kills} times")
    result, summary = bench.counted(*arguments)
    bench.equal(result.code, 0, "exit code at last")
    bench.check(summary["records"]["read"] < 60000, f"the last one has gone on: {summary['records']}")
    check_outputs(bench, wanted, f"after {kills} kills")
    bench.write("c.yaml", config("{us: us.ndjson, eu: eu.ndjson, main: {path: main.ndjson}}"))
    bench.fails([*arguments[:-2]], 2, "--state", "eu=")


def test_route_reload(bench):
    """SIGHUP brings other routes to the same outputs; a route to an output that is not there leaves the old ones."""
    bench.write("c.yaml", config())
    os.mkfifo(bench.directory / "pipe")
    messages = bench.directory / "messages"

    def reload(text, word):
        before = messages.stat().st_size
        bench.write("c.yaml", text)
        process.send_signal(signal.SIGHUP)
        wait_until(lambda: word in messages.read_bytes()[before:], lambda: f"it does not say {word}: {messages.read_bytes()}")
        return messages.read_bytes()[before:]

    def count():
        return [bench.read(f"{name}.ndjson").count(b"\n") if (bench.directory / f"{name}.ndjson").exists() else 0 for name in ("eu", "us", "main")]

    with open(messages, "wb") as errors:
        process = bench.program.start("run", "pipe", "-c", "c.yaml", cwd=bench.directory, stderr=errors)
    with open(bench.directory / "pipe", "wb", buffering=0) as pipe:
        swede = "89.160.20.112:4000"
        for numbers, text, word, sums in ((range(10), config(route='  route: {eea: main, us: us, "*": eu}\n'), b"new chains and databases are in force", [10, 0, 0]),
                                          (range(10, 15), config(route='  route: {eea: nowhere, "*": eu}\n'), b"stay in force", [10, 0, 5]),
                                          (range(15, 18), config(outputs="{eu: a, us: b, main: c}"), b"new chains and databases are in force", [10, 0, 8]),
                                          (range(18, 19), None, None, [11, 0, 8])):
            pipe.write("".join(alb_line(number, client=swede) + "\n" for number in numbers).encode())
            wait_until(lambda: count() == sums, lambda: f"{count()} instead of {sums}: {messages.read_bytes()}")  # noqa: B023
            bench.equal(count(), sums, f"records of {numbers}")
            said = reload(text, word) if text is not None else b""
            bench.check(text is None or b"stay" not in word or b'unknown output "nowhere"' in said, f"why: {said}")
    bench.equal(process.wait(60), 0, "exit code")
    bench.check(not (bench.directory / "a").exists(), "outputs are those of the start")


def test_route_usage(bench):
    log = bench.write("a.log", lines(10))
    cases = (
        (config(), ["-o", "x"], ["--output", "`outputs`"]),
        (config(residency="", route=""), [], ["c.yaml:1:10", "outputs: there are 3", "`residency`"]),
        (config(route=""), [], ["c.yaml:1:10", "residency.route", 'route: {ZONE: us, "*": eu}']),
        (config(route='  route: {eea: eu, us: us}\n'), [], ["c.yaml:8:10", '"*": OUTPUT']),
        (config(route='  route: [eu]\n'), [], ["c.yaml:8:10", '"*": OUTPUT']),
        (config(route='  route: {eea: eu, us: mian, "*": main}\n'), [], ["c.yaml:8:24", 'unknown output "mian", did you mean "main"?']),
        (config(route='  route: {eaa: eu, us: us, "*": main}\n'), [], ["c.yaml:8:11", 'unknown key "eaa", did you mean "eea"?']),
        (config(route='  route: {eea: {eu: 1}, us: us, "*": main}\n'), [], ["c.yaml:8:16", "eea: expected the name of an output, got a mapping"]),
        (config("{}"), [], ["c.yaml:1:10", "expected {NAME: OUT, ..}"]),
        (config("[eu.ndjson]"), [], ["c.yaml:1:10", "expected {NAME: OUT, ..}"]),
        (config('{".eu": a, us: b, main: c}'), [], ["c.yaml:1:18", "expected a name of letters, digits"]),
        (config("{eu: a, us: {pth: b}, main: c}"), [], ["c.yaml:1:23", 'us: unknown key "pth", did you mean "path"?']),
        (config("{eu: a, us: {path: b, kafka: {}}, main: c}"), [], ["c.yaml:1:22", "us: expected {path: FILE}"]),
        (config("{eu: a, us: [b], main: c}"), [], ["c.yaml:1:22", "us: expected a file, a URL or a mapping, got a list"]),
        (config("{eu: a, us: {path: 'ftp://x/y'}, main: c}"), [], ["c.yaml:1:29", "us: path: expected a file"]),
        (config("{eu: a, us: 'ftp://x/y', main: c}"), [], ["ftp://x/y", "expected a file"]),
        (config('{eu: "-", us: b, main: "-"}'), [], ["c.yaml:1:33", "main: another output is stdout already"]),
        (config("{eu: a, us: ./a, main: c}"), [], []),
        (config("{eu: a, us: a, main: c}"), [], ["a and a are the same file"]),
        (config("{eu: a, us: a.log, main: c}"), [], ["a.log is also an input"]),
        (config("{eu: a, us: b, main: c}", more="output: d\n"), [], ["c.yaml:1:31", "main: `output` is the output called main, too"]),
        (config("{eu: 'kafka://h:1/t', us: b, main: {kafka: {brokers: [h], topic: u}}}"), [], ["main: is a second Kafka output"]),
        (config(), ["--rejects", "kafka://h:1/t"], ["rejects: with several outputs they go to a file"]),
        (config(), ["--opensearch", "gzip=true"], ["--opensearch", "outputs: {NAME: {opensearch: {..}}}"]),
        (config("{eu: {opensearch: {url: 'http://h', data_strem: x}}, us: b, main: c}"), [], ["outputs.eu: opensearch", "data_stream"]),
        (config("{%s}" % ", ".join(f"o{number}: f{number}" for number in range(9))), [], ["outputs: expected at most 8 outputs"]),
    )
    for text, options, words in cases:
        bench.write("c.yaml", text)
        if words:
            bench.fails(["run", log, "-c", "c.yaml", *options], 2, *words)
            bench.check(not any((bench.directory / name).exists() for name in ("x", "b", "c", "d")), f"{text[:60]}: nothing is opened")
    bench.write("c.yaml", config(route='  route: {us: us, "*": main}\n'))
    result = bench.run("run", log, "-c", "c.yaml")
    bench.equal(result.code, 0, "an output that no zone goes to: exit code")
    bench.check("no zone goes to output eu" in result.err, f"and a warning: {result.err[:300]}")
    shown = bench.run("check", "-c", "c.yaml")
    bench.check(all(f"output {name}: {name}.ndjson" in shown.out.decode() for name in ("eu", "us", "main")), f"check shows them: {shown.out}")


def test_route_no_copy_elsewhere(bench):
    """A word that only one zone's lines have stands in that zone's output and nowhere else."""
    texts = []
    for number in range(2000):
        name = ("eu", "us", "main")[number % 3]
        address = CLIENTS[name][number // 3 % len(CLIENTS[name])]
        texts.append(alb_line(number, client=f"[{address}]:1" if ":" in address else f"{address}:1", agent=f"secret-of-{name}") + "\n")
    log = bench.write("a.log", "".join(texts))
    bench.write("c.yaml", config())
    bench.equal(bench.run("run", log, "-c", "c.yaml", "--keep-original", "--rollups", "rollups", "--summary", "summary", "--rejects", "rejects").code, 0, "exit code")
    for name in ("eu", "us", "main"):
        counts = Counter({one: bench.read(f"{name}.ndjson").count(b"secret-of-" + one.encode()) for one in CLIENTS})
        bench.check(counts[name] > 600 and counts.total() == counts[name], f"{name}: {counts}")
    for name in ("rollups", "summary", "rejects"):
        bench.check(b"secret-of-" not in bench.read(name), f"{name} has none")


def test_route_unresolved(bench):
    """A record whose client is not known, or of no country, goes where all others do."""
    texts = [alb_line(number, client=one) for number, one in enumerate(("-", "10.0.0.9:1", "[2001:db8::1]:1", "127.0.0.1:1", "89.160.20.112:1"))]
    log = bench.write("a.log", "\n".join(texts) + "\n")
    bench.write("c.yaml", config(residency=RESIDENCY.replace(', other: ["*"]', "")))
    result, summary = bench.counted("run", log, "-c", "c.yaml")
    bench.equal([[at(one, "client.ip") if "client" in one else None for one in parse_lines(bench.read(f"{name}.ndjson"))] for name in ("eu", "us")],
                [["89.160.20.112"], []], "of zones")
    bench.equal(summary["records"]["written"], sum(one["written"] for one in summary["outputs"]), "sums")
