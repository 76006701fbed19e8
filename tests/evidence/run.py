#!/usr/bin/env python3
"""Evidence of residency from outside: documents of --rollups and the matrix of `wherefrom residency` against sums that Python makes of the
records (evidence_oracle.py), out of logs and out of finished records; and the exit codes of the gate.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Nothing here measures time.

Threads: one; some cases start the program beside it.
"""
import csv
import gzip
import io
import json
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
DATABASES = HERE.parent / "databases"
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "rollups")]
from black_box import Bench, alb_line, argument_parser, parse_lines, run_groups, wait_until_signals_wait, write  # noqa: E402
import readme_examples  # noqa: E402
from evidence_oracle import check_documents, check_matrix, inputs_of, judged  # noqa: E402

FAILED, USAGE, REJECTS = 1, 2, 3
FORMATS = ("alb", "nlb", "clb", "cloudfront", "nginx", "vpc_flow", "waf", "ga_flow", "alb_json", "alb_health_check")
POLICY = """residency:
  lists: [eu-eea-2026-02.list, adequacy-2026-02.list]
  zones:
    eea: ["@eu", "@eu-territories", IS, LI, "NO"]
    uk: [GB]
    us: [US]
    jp: [JP]
    other: ["*"]
  places:
    eu: [eu-central-1, eu-west-1]
    uk: [eu-west-2]
    us: [us-east-1, us-east-2]
  rules:
    - {zone: eea, allow: [eu], conditional: [us], else: violation}
    - {zone: uk, allow: [uk, eu], else: violation}
    - {zone: us, allow: [us], else: violation}
    - {zone: jp, allow: [us], else: conditional}
  unsure: {min_trust: 1}
"""


class EvidenceBench(Bench):
    def __init__(self, options, report, directory):
        super().__init__(options, report, directory)
        write(directory / "policy.yaml", POLICY)

    def run(self, *arguments, **settings):
        return self.program.run("run", "-c", "policy.yaml", *arguments, "--quiet", **{"cwd": self.directory, **settings})

    def residency(self, *arguments, **settings):
        return self.program.run("residency", *arguments, **{"cwd": self.directory, **settings})

    def matrix(self, what, *arguments, code=0, **settings):
        done = self.residency(*arguments, "--json", "--fail-on", "never", **settings)
        self.equal(done.code, code, f"{what}: exit ({done.err[:300]})")
        return json.loads(done.out)

    def logs(self, lines):
        return [self.log(name + ".log", name, "--lines", str(lines), "--clients", "300", "--seed", "5") for name in FORMATS]

    def records(self, *arguments):
        """A run's records, and its documents of residency."""
        done = self.run(*arguments, "-o", "records", "--rollups", "rollups")
        self.equal(done.code, 0, f"{arguments}: exit ({done.err[:300]})")
        return parse_lines(self.read("records")), [one for one in parse_lines(self.read("rollups")) if one["kind"] == "residency"]


# --- documents --------------------------------------------------------------------------------------------------------


def test_documents_of_every_format(bench):
    for name in FORMATS:
        records, documents = bench.records(bench.log(name + ".log", name, "--lines", "1500", "--clients", "400", "--seed", "5"))
        check_documents(bench, documents, records, name)
        bench.equal(bool(documents), name != "alb_health_check", f"{name}: lines that tell of clients are judged")


def test_any_order(bench):
    names = bench.logs(800)
    records, documents = bench.records(*names)
    check_documents(bench, documents, records, "all formats")
    for name in names:
        write(bench.directory / (name + ".gz"), gzip.compress(bench.read(name)))
    for what, arguments in (("other order", names[::-1]), ("one worker", ["-j1", *names]), ("four workers", ["-j4", *names]),
                            ("packed", [name + ".gz" for name in names])):
        bench.equal(bench.records(*arguments)[1], documents, what)


def test_unknown_place_is_never_right(bench):
    """Neither is an unknown zone, nor one without a rule."""
    records, documents = bench.records(*bench.logs(1000))
    bench.check(any(one["place"] == "unknown" for one in documents) and any(one["zone"] in ("unknown", "other") for one in documents), "there are some")
    for one in documents:
        if one["place"] == "unknown":
            bench.check(one["verdict"] in ("indeterminate", "exempt", "violation"), f"{one}")
        if one["zone"] in ("unknown", "other"):
            bench.check(one["verdict"] in ("indeterminate", "exempt"), f"{one}")
    bench.check(all(one["residency"]["verdict"] != "ok" for one in judged(records) if one["residency"]["jurisdiction"] == "unknown"), "records")


def test_hours_and_balancers(bench):
    lines = [alb_line(number, time=f"2026-03-0{1 + number % 3}T{number % 24:02}:{number % 60:02}:59.999999Z").replace("app/shop/50dc6c495c0c9188", name)
             for number in range(3000) for name in (("app/a/1", "app/b/2", "-", "app/\"x\"\x1b/3")[number % 4],)]
    write(bench.directory / "log", "".join(line + "\n" for line in lines))
    records, documents = bench.records("log", "-f", "alb_access", "--rejects", "rejects")
    check_documents(bench, documents, records, "hours")
    bench.check(len({one["@timestamp"] for one in documents}) == 72 or len({one["@timestamp"] for one in documents}) > 20, "many hours")


def test_without_policy(bench):
    bench.log("log", "alb", "--lines", "500")
    bench.program.run("run", "log", "-o", "records", "--rollups", "rollups", "--quiet", cwd=bench.directory)
    bench.equal({one["kind"] for one in parse_lines(bench.read("rollups"))}, {"heat"}, "no policy, no evidence")


def test_new_policy_in_the_middle(bench):
    """What was judged by one policy and what by another stands in documents of their own, under ids of their own."""
    arguments = ("run", "-c", "policy.yaml", "-f", "alb_access", "-o", "-", "--rollups", "rollups", "--origin", "x")
    with bench.program.start(*arguments, cwd=bench.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        records = b""
        for part in range(2):
            process.stdin.write("".join(alb_line(number) + "\n" for number in range(20)).encode())
            process.stdin.flush()
            while records.count(b"\n") < 20 * (part + 1):
                records += process.stdout.read1()
            if part == 0:
                write(bench.directory / "policy.yaml", POLICY.replace("allow: [uk, eu]", "allow: [uk]"))
                process.send_signal(signal.SIGHUP)
                while b"in force" not in process.stderr.readline():
                    pass
        process.stdin.close()
        process.stdout.read()
        bench.equal(process.wait(60), 0, "exit")
    documents = [one for one in parse_lines(bench.read("rollups")) if one["kind"] == "residency"]
    check_documents(bench, documents, parse_lines(records), "two policies")
    bench.equal(len({one["policy"] for one in documents}), 2, "two policies")
    check_matrix(bench, bench.matrix("two policies", stdin=records), parse_lines(records), "two policies")
    rows = list(csv.reader(io.StringIO(bench.residency("--csv", "--fail-on", "never", stdin=records).out.decode(), newline=""), strict=True))
    bench.equal([(sorted(row[9].split(" ")), row[10].split(" ")) for row in rows[1:]], [(sorted({one["policy"] for one in documents}), documents[0]["lists"])] * len(rows[1:]),
                "CSV: two policies, with the same lists")


# --- the matrix -------------------------------------------------------------------------------------------------------


def test_matrix_of_logs_and_of_records(bench):
    names = bench.logs(800)
    records, _ = bench.records(*names)
    matrix = bench.matrix("logs", "-c", "policy.yaml", *names)
    check_matrix(bench, matrix, records, "logs")
    bench.equal(matrix["passed"], True, "nothing was to be passed")
    for schema in ("ecs", "ss4o", "flat"):
        bench.run(*names, "--schema", schema, "-o", f"{schema}.ndjson.gz")
        again = bench.matrix(schema, f"{schema}.ndjson.gz")
        unjudged = again.pop("unjudged")
        bench.equal({**again, "unjudged": 0}, matrix, f"{schema}: finished records say the same as their logs")
        bench.check(unjudged >= 800, f"{schema}: health checks tell of no client: {unjudged}")
    bench.equal(bench.matrix("stdin", stdin=bench.read("records"))["matrix"], matrix["matrix"], "records on stdin")
    bench.equal(bench.matrix("a worker", "records", "-j1"), bench.matrix("four workers", "records", "-j4"), "any number of workers")
    both = bench.matrix("both", "-c", "policy.yaml", "alb.log", "records")
    twice = [one for one in records if one["log"]["file"]["path"] == "alb.log"]
    bench.equal(both["requests"], matrix["requests"] + len(twice), "logs and records side by side")


def test_records_whose_addresses_are_hidden(bench):
    """Digests are made of ids as they are written, so they are the same, and nothing can be had back from them; clients are those that can be
    told apart in the records."""
    write(bench.directory / "key", "0123456789abcdef" * 4)
    write(bench.directory / "policy.yaml", POLICY + "  privacy: {key_file: key, eea: {ip: drop}, us: {ip: hmac}, uk: {ip: truncate}}\n")
    bench.log("log", "alb", "--lines", "3000", "--clients", "300", "--seed", "5")
    bench.run("log", "-o", "records")
    logs, records = bench.matrix("logs", "-c", "policy.yaml", "log"), bench.matrix("records", "records")
    bench.equal(records["inputs"], logs["inputs"], "inputs")
    for matrix in (logs, records):
        for cell in matrix["matrix"]:
            cell.pop("clients", None)
    bench.equal(records["matrix"], logs["matrix"], "all but the clients")
    write(bench.directory / "policy.yaml", POLICY)
    bench.check(bench.matrix("plain", "-c", "policy.yaml", "log")["inputs"] != logs["inputs"], "without a key other ids, and so another digest")


def test_state(bench):
    """A run that goes on counts again what was read before: the documents are those of one run."""
    for name in "ab":
        bench.log(f"{name}.log", "alb", "--lines", "2000", "--seed", str(ord(name)))
    arguments = ("-o", "records", "--rollups", "rollups")
    expected = bench.records("a.log", "b.log")[1]
    bench.run("a.log", *arguments, "--state", "state")
    done = bench.run("a.log", "b.log", *arguments, "--state", "state")
    bench.equal(done.code, 0, f"exit: {done.err[:300]}")
    bench.equal([one for one in parse_lines(bench.read("rollups")) if one["kind"] == "residency"], expected, "documents")


GOLDEN_LINES = (("81.2.69.142", "eu-west-1", 3), ("81.2.69.143", "us-east-2", 2), ("89.160.20.112", "eu-central-1", 4), ("89.160.20.113", "us-east-1", 1),
                ("216.160.83.57", "us-east-1", 5), ("216.160.83.58", "eu-west-1", 1), ("89.160.20.114", "ap-south-1", 1), ("203.0.113.7", "eu-west-1", 1),
                ("10.1.2.3", "eu-west-1", 2))
GOLDEN = """\
residency of 20 requests, 2026-03-01T00:00:00.250000Z to 2026-03-01T00:00:08.250000Z

  indeterminate             2    11.1 %   no-geo 1, unknown-place 1
  violation                 3    16.7 %
  conditional               1     5.6 %
  ok                       12    66.7 %
  exempt                    2         -   private 2

  zone     place    verdict           requests     share    clients           bytes
  eea      eu       ok                       4    22.2 %          1             228
  eea      us       conditional              1     5.6 %          1              57
  eea      unknown  indeterminate            1     5.6 %          1              57
  uk       eu       ok                       3    16.7 %          1             171
  uk       us       violation                2    11.1 %          1             114
  us       eu       violation                1     5.6 %          1              57
  us       us       ok                       5    27.8 %          1             285
  unknown  eu       indeterminate            1     5.6 %          1              57
  unknown  eu       exempt                   2         -          1             114

    violations  indeterminate     requests  balancer
             3              2           20  app/shop/50dc6c495c0c9188

"""


def golden_log(bench):
    lines = [alb_line(number, client=f"{client}:1234").replace(":eu-west-1:", f":{region}:")
             for number, (client, region, count) in enumerate(GOLDEN_LINES) for _ in range(count)]
    write(bench.directory / "golden.log", "".join(line + "\n" for line in lines))
    return ("-c", "policy.yaml", "--geo", DATABASES / "city.mmdb", "--geo", DATABASES / "country.mmdb", "golden.log")


def test_golden(bench):
    arguments = golden_log(bench)
    write(bench.directory / "policy.yaml", POLICY.replace("min_trust: 1", "min_trust: 1, geo_age_days: 36500"))
    done = bench.residency(*arguments)
    text = done.out.decode()
    bench.equal(done.code, FAILED, "exit")
    bench.check(text.startswith(GOLDEN), f"text: {text}")
    bench.check("3 requests (16.67 %) are violation" in done.err, done.err)
    bench.records(*arguments)
    records = parse_lines(bench.read("records"))
    first, inputs = records[0]["residency"], inputs_of(records)
    lists, digest = sorted(first["lists"]), inputs.get("digest", "xxh128:")
    check_matrix(bench, bench.matrix("golden", *arguments), records, "JSON")
    built = time.strftime("%Y-%m-%d", time.gmtime(first["geo_build"]))
    basis = ["policy    " + first["policy"], "lists     " + lists[0], f"          {lists[1]}", f"database  built {built}", f"inputs    1, {digest}"]
    for line in basis:
        bench.check(f"\n  {line}" in text, f"{line!r} is not in {text}")
    rows = list(csv.reader(io.StringIO(bench.residency(*arguments, "--csv").out.decode(), newline=""), strict=True))
    bench.equal(rows[0], "zone,place,verdict,requests,share,bytes,clients,first,last,policy,lists,geo_build,inputs,digest".split(","), "CSV: header")
    bench.equal(rows[2][:9], ["eea", "us", "conditional", "1", "0.055556", "57", "1", "2026-03-01T00:00:03.250000Z", "2026-03-01T00:00:03.250000Z"], "CSV: a row")
    bench.equal([row[:4] for row in rows[1:]], [line.split()[:4] for line in GOLDEN.split("\n")[9:18]], "CSV: rows")
    basis = [first["policy"], " ".join(lists), str(first["geo_build"]), "1"]
    bench.check(all(row[9:13] == basis and row[13].startswith(digest) for row in rows[1:]), f"CSV: what each row is made of: {rows[1]}, not {basis} {digest}")
    later = bench.matrix("a part of the time", *arguments, "--since", "2026-03-01T00:00:02", "--until", "2026-03-01T00:00:04")
    bench.equal(later["verdicts"], {"ok": 4, "conditional": 1}, "--since and --until")
    bench.run("golden.log", "-o", "records")
    for name in ("golden.log", "records"):
        some = bench.matrix(name, "-c", "policy.yaml", name, "--since", "2026-03-01T00:00:02", "--until", "2026-03-01T00:00:04")
        bench.equal((some["requests"], some["first"]), (5, "2026-03-01T00:00:02.250000Z"), f"{name}: a part of the time")


def test_readme(bench):
    """The compliance officer's example: over the logs of `./dev demo`."""
    bench.equal(bench.generate.run("tree", bench.directory / "build" / "demo" / "logs", "--seed", "7").code, 0, "logs")
    (bench.directory / "examples").symlink_to(HERE.parent.parent / "examples")
    shown = [block for block in readme_examples.blocks("Which clients were served where?") if block.startswith("$ ")]
    bench.equal(len(shown), 1, "examples")
    for block in shown:
        readme_examples.done_as_shown(bench.report, block, bench.directory, pathlib.Path(bench.program.path).parent, "README")


# --- the gate ---------------------------------------------------------------------------------------------------------


def test_exit_codes(bench):
    arguments = golden_log(bench)
    write(bench.directory / "policy.yaml", POLICY.replace("min_trust: 1", "min_trust: 1, geo_age_days: 36500"))
    for limits, code in (([], FAILED), (["violation:2"], FAILED), (["violation:3"], 0), (["violation:16.6%"], FAILED), (["violation:16.7%"], 0),
                         (["violation:3,indeterminate:0"], FAILED), (["violation:3", "indeterminate:1"], FAILED), (["violation:3", "indeterminate:2"], 0),
                         (["conditional:0"], FAILED), (["conditional:1"], 0), (["ok:11"], FAILED), (["never"], 0), (["indeterminate:11.1111%"], FAILED),
                         (["indeterminate:11.1112%"], 0), (["violation:100%"], 0)):
        given = [word for limit in limits for word in ("--fail-on", limit)]
        for form in ([], ["--json"], ["--csv"]):
            done = bench.residency(*arguments, *given, *form)
            bench.equal(done.code, code, f"{limits} {form}: exit ({done.err[:200]})")
        found = json.loads(bench.residency(*arguments, *given, "--json").out)
        bench.equal(found["passed"], code == 0, f"{limits}: passed")
        bench.equal(any(one["exceeded"] for one in found["limits"]), code != 0, f"{limits}: limits")


def test_usage(bench):
    write(bench.directory / "log", alb_line() + "\n")
    for limit in ("violation", "violation:", "violation:-1", "violation:1.5", "violation:x%", "violation:101%", "violation:%", "exempt:1", "none:1", "bad:1",
                  "", "violation:1,", "violation:1e3", "violation:1 ", "never,violation:1", "violation:99999999999999999999", "violation:" + "1" * 70):
        done = bench.residency("log", "-c", "policy.yaml", f"--fail-on={limit}")
        bench.check(done.code == USAGE and "fail-on" in done.err and not done.out, f"--fail-on={limit}: {done.code} {done.err[:200]}")
    for given, word in ((["-o", "x"], "--output"), (["--rollups", "x"], "--rollups"), (["--state", "x"], "--state"), (["--limit", "3"], "--limit"),
                        (["--schema", "flat"], "--schema"), (["--instance", "x"], "--instance"), (["--csv", "--json"], "--csv and --json"),
                        (["tcp://127.0.0.1:0"], "not from streams"), (["kafka://localhost:1/t"], "not from streams"), (["--jsn"], "--json")):
        done = bench.residency("log", "-c", "policy.yaml", *given)
        bench.check(done.code == USAGE and word in done.err and not done.out, f"{given}: {done.code} {done.err[:200]}")
    done = bench.residency("--help")
    bench.check(done.code == 0 and b"--fail-on" in done.out and b"--chain" in done.out and b"--rejects" not in done.out, "--help")


def test_outputs_of_the_config_are_left_alone(bench):
    """Neither are they asked for, nor what they need, nor where records would go."""
    index = "{opensearch: {url: 'http://127.0.0.1:1', data_stream: %s, user: x, password_file: nowhere}}"
    rest = "inputs: [log]\nrejects: rejects\nrollups: rollups\nstate: state\nsummary: summary\nlimit: 3\nkeep_original: true\nappend: true\n"
    kafka = "librdkafka: {ssl.key.password_file: nowhere}\n"
    several = f"outputs: {{a: {index % 'x'}, b: {{kafka: {{brokers: 'localhost:1', topic: t}}}}, c: c.ndjson}}\n"
    write(bench.directory / "log", "".join(alb_line(number) + "\n" for number in range(50)))
    for what, outputs in (("one", f"output: {index % 'x'}\n"), ("several", several), ("several with a route", several + kafka)):
        route = '  route: {eea: a, uk: b, "*": c}\n' if "route" in what else ""
        write(bench.directory / "policy.yaml", POLICY + route + rest + outputs + "rate: {}\n")
        matrix = bench.matrix(what, "-c", "policy.yaml")
        bench.equal(matrix["requests"], 50, f"{what}: inputs are those of the config")
        done = bench.program.run("top", "-c", "policy.yaml", "--by", "lb", "--json", cwd=bench.directory)
        bench.equal((done.code, sum(one["n"] for one in parse_lines(done.out)), done.err), (0, 50, ""), f"{what}: top")
        bench.equal(bench.residency("-c", "policy.yaml", "--fail-on", "never").err, "", f"{what}: nothing is amiss")
        bench.equal(sorted(path.name for path in bench.directory.iterdir()), ["log", "policy.yaml"], f"{what}: nothing was written")


def test_nothing_to_judge(bench):
    write(bench.directory / "log", alb_line() + "\n")
    write(bench.directory / "empty", "")
    bench.log("health", "alb_health_check", "--lines", "20")
    for what, arguments, word in (("no policy", ["log"], "there is no policy"), ("an empty file", ["-c", "policy.yaml", "empty"], "no record"),
                                  ("no clients", ["-c", "policy.yaml", "health"], "no record")):
        for more in ([], ["--json"], ["--fail-on", "never"]):
            done = bench.residency(*arguments, *more)
            bench.check(done.code == FAILED and word in done.err and not done.out, f"{what}: {done.code} {done.out} {done.err[:200]}")
    done = bench.residency("-c", "policy.yaml", "there-is-none")
    bench.check(done.code == FAILED and "there-is-none" in done.err and not done.out, f"no such file: {done.err}")


def test_what_cannot_be_read(bench):
    """A gate does not pass what it has not seen."""
    good = "".join(alb_line(number, client="10.0.0.1:1") + "\n" for number in range(20000))
    write(bench.directory / "log", good + "rubbish\n")
    done = bench.residency("-c", "policy.yaml", "log", "--fail-on", "never")
    bench.check(done.code == REJECTS and b"left out  1 lines" in done.out, f"a line that is none: {done.code} {done.err}")
    write(bench.directory / "cut.gz", gzip.compress(good.encode())[:-2000])
    done = bench.residency("-c", "policy.yaml", "cut.gz", "--fail-on", "never")
    bench.check(done.code == FAILED and done.out, f"a damaged input: {done.code} {done.err}")


def test_a_signal(bench):
    """A gate that was ended early does not pass."""
    with bench.program.start("residency", "-c", "policy.yaml", "--fail-on", "never", cwd=bench.directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) as process:
        process.stdin.write("".join(alb_line(number) + "\n" for number in range(100)).encode())
        process.stdin.flush()
        wait_until_signals_wait(process)
        process.send_signal(signal.SIGTERM)
        err = process.stderr.read().decode()
        bench.equal((process.stdout.read(), process.wait(60)), (b"", FAILED), f"nothing is printed, exit ({err})")
        bench.check("ended before its inputs" in err, err)
        process.stdin.close()


def test_hostile_records(bench):
    """Finished records come from anywhere: what is wrong with one is counted, and nothing of it gets to a terminal or out of its field."""
    write(bench.directory / "log", "".join(alb_line(number) + "\n" for number in range(10)))
    bench.run("log", "-o", "records")
    good = parse_lines(bench.read("records"))[0]

    def changed(**changes):
        return json.dumps({**good, **changes}, separators=(",", ":"))

    residency = good["residency"]
    names = [{**residency, "zone": "z" * 65}, {**residency, "jurisdiction": "p" * 65}]
    unjudged = [changed(residency={**residency, "verdict": "perfect"}), changed(residency={**residency, "verdict": 7}), changed(residency={**residency, "verdict": "none"}),
                changed(event={"id": "x" * 32}), changed(event={}), changed(**{"@timestamp": "yesterday"}), changed(residency=[residency])]
    bad = [changed()[:-1], changed()[:-20]] + [changed(residency=one) for one in names]
    odd = [changed(residency={**residency, "zone": "\x1b[2Jzone", "jurisdiction": "p\n\"q"}), changed(residency={**residency, "reason": ["perhaps", 7, "no-geo"]}),
           changed(residency={**residency, "policy": "p" * 100, "lists": "x", "geo_build": -1}), changed(client={"ip": "nobody"}, http=7, log={"file": []}),
           changed(aws={"elb": {"name": "\x1b[31m\u0000\u2028" + "n" * 5000}}), changed(residency={**residency, "lists": ["l" * 100, 7] * 2000})]
    write(bench.directory / "odd", "".join(line + "\n" for line in [*odd, *bad, *unjudged]))
    done = bench.residency("odd", "--fail-on", "never")
    bench.equal(done.code, REJECTS, f"exit ({done.err[:300]})")
    bench.check(b"\x1b" not in done.out and b"\x00" not in done.out and b'p\n"q' not in done.out, f"text: {done.out}")
    found = json.loads(bench.residency("odd", "--json").out)
    bench.equal((found["requests"], found["rejected"], found["unjudged"]), (len(odd), len(bad), len(unjudged)), "what counts")
    bench.check(any(cell["zone"] == "\x1b[2Jzone" and cell["place"] == 'p\n"q' for cell in found["matrix"]), "JSON has names as they are")
    rows = list(csv.reader(io.StringIO(bench.residency("odd", "--csv").out.decode(), newline=""), strict=True))
    bench.check({len(row) for row in rows} == {14} and any(row[1] == 'p\n"q' for row in rows), f"CSV: {rows}")
    many = "".join(changed(residency={**residency, "zone": f"zone-{number}"}) + "\n" for number in range(5000))
    write(bench.directory / "many", many)
    found = json.loads(bench.residency("many", "--json").out)
    bench.check(found["requests"] == 4096 and found["rejected"] == 904, f"more zones than there are: {found['requests']} {found['rejected']}")


if __name__ == "__main__":
    sys.exit(run_groups(argument_parser("tests of evidence of residency"), globals(), EvidenceBench))
