#!/usr/bin/env python3
"""`wherefrom report` and the page of `run --ui` from outside: every number in the page's data against sums that Python makes of the records
(tests/page/report_model.py), out of logs and out of finished records; what is refused; what hostile texts become.

How the page looks and what it does in a browser is tests/page.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Nothing here measures time.

Threads: one; some cases start the program beside it.
"""
import gzip
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "page")]
import black_box  # noqa: E402
import report_model  # noqa: E402
from black_box import alb_line, alb_lines, argument_parser, parse_lines, run_groups, wait_until_signals_wait, write  # noqa: E402
from started_run import PATIENCE_S, wait_until  # noqa: E402

DONE, FAILED, USAGE, REJECTS = 0, 1, 2, 3
FORMATS = ("alb", "nlb", "clb", "cloudfront", "nginx", "vpc_flow", "waf", "ga_flow", "alb_json", "envoy", "haproxy")
MARK = b'<script type="application/json" id="data">'
CHAIN = "chain: count:1\n"
POLICY = """residency:
  lists: [eu-eea-2026-02.list]
  zones: {eea: ["@eea", "@eu-territories"], uk: [GB], us: [US], other: ["*"]}
  places: {eu: [eu-central-1, eu-west-1], us: ["us-*"]}
  rules: [{zone: eea, allow: [eu], else: violation}, {zone: us, allow: [us], else: violation}]
  unsure: {min_trust: 1}
"""
PRIVACY = POLICY + """  privacy:
    eea: {ip: truncate, v4: 24, v6: 48}
    us: {ip: hmac, key_file: key}
    other: {ip: drop}
"""
ROWS_MAX = {"networks": 500, "clients": 300}  # of several with the same count any may be left out
KEY = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
HOSTILE = ("</script><script>alert(1)</script>", "<!--<script>", "a\u2028b\u2029c", "\"'&amp;<b>", "\x01\x1b\x7f", "]]>", "\\u003c")


def data_of(page):
    """The data of a page, which must be JSON without anything that means something to HTML."""
    if page.count(MARK) != 1:
        raise ValueError(f"{page.count(MARK)} places for data")
    text = page.split(MARK)[1].split(b"</script>")[0]
    odd = [one for one in (b"<", b">", b"&", "\u2028".encode(), "\u2029".encode()) if one in text]
    if odd:
        raise ValueError(f"the data have {odd}")
    return json.loads(text.decode("utf-8"))


class Bench(black_box.Bench):
    def page(self, *arguments, code=DONE, output="page.html", **settings):
        """The data of a page, and what was said."""
        (self.directory / output).unlink(missing_ok=True)
        done = self.program.run("report", *arguments, "-o", output, **{"cwd": self.directory, **settings})
        self.equal(done.code, code, f"{arguments}: exit ({done.err[-300:]})")
        self.said = done.err
        return data_of(self.read(output))

    def records(self, *arguments, code=DONE, output="records.ndjson"):
        done = self.program.run("run", *arguments, "-o", output, "--summary", "summary.json", "--quiet", cwd=self.directory)
        self.equal(done.code, code, f"run {arguments}: exit ({done.err[-300:]})")
        return self.read(output)

    def same(self, data, lines, what, distinct=True):
        """Data and records tell the same, as long as nothing had to be left out."""
        expected = report_model.model(lines, data["time"]["step"], rows_max=None)
        self.equal(data["time"], expected["time"], f"{what}: time")
        found, expected_tables = report_model.canonical(data), report_model.canonical(expected)
        for table, rows in expected_tables.items():
            told = {key: row for key, row in rows.items() if key in found[table]} if table in ROWS_MAX else rows
            self.check(told == found[table], f"{what}: {table}: {first_difference(found[table], told)}")
            requests, all_requests = ([sum(row["cells"][1::2]) for row in one[table]] for one in (data, expected))
            self.equal(requests, sorted(all_requests, reverse=True)[:ROWS_MAX.get(table)], f"{what}: {table}: the most, in order")
        self.equal(data["networks_all"], expected["networks_all"], f"{what}: networks")
        names = {name: number for number, name in expected["network_names"].items()}
        self.equal({number: name for number, name in data["network_names"].items() if name in names}, expected["network_names"], f"{what}: names")
        self.equal(data["records"]["written"], len(lines), f"{what}: records")
        self.equal({one["name"]: one["resolved"] for one in data["verdicts"] if one["name"]},
                   {one["name"]: one["resolved"] for one in expected["verdicts"] if one["name"]}, f"{what}: verdicts")
        if "distinct_clients" in expected and distinct:
            count = expected["distinct_clients"]["estimate"]
            self.check(abs(data["distinct_clients"]["estimate"] - count) <= (0 if count <= 700 else 0.07 * count), f"{what}: {data['distinct_clients']}")


def first_difference(found, expected):
    for key in {**expected, **found}:
        if found.get(key) != expected.get(key):
            return f"{key}: {str(found.get(key))[:200]} instead of {str(expected.get(key))[:200]}"
    return ""


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_of_every_format(bench):
    for name in FORMATS:
        log = bench.log(name + ".log", name, "--lines", "2500", "--clients", "250", "--seed", "3")
        bench.same(bench.page(log), bench.records(log).splitlines(), name)


def test_numbers_of_all(bench):
    """With a chain and a policy; rejects and skipped lines count as such."""
    logs = [bench.log(name + ".log", name, "--lines", "1500", "--clients", "60", "--seed", "5") for name in FORMATS]
    write(bench.directory / "bad.log", "no line of any format\n\n" + "x" * 100 + "\n")
    write(bench.directory / "config.yaml", CHAIN + POLICY)
    lines = bench.records(*logs, "bad.log", "-c", "config.yaml", code=REJECTS).splitlines()
    data = bench.page(*logs, "bad.log", "-c", "config.yaml", code=REJECTS)
    bench.same(data, lines, "all formats")
    bench.check(data["residency"] and len(data["verdicts"]) > 2, f"verdicts: {data['verdicts']}")
    summary = json.loads(bench.read("summary.json"))
    bench.equal(data["records"], {name: summary["records"][name] for name in ("read", "written", "rejected", "skipped")}, "records")
    for name in ("rejected_by_reason", "skipped_by_reason"):
        bench.equal(data[name], summary[name], name)
    bench.equal(data["bytes_read"], summary["bytes"]["read"], "bytes")
    bench.equal(data["databases"], summary["databases"], "databases")
    bench.equal(data["inputs"], {"files": len(logs) + 1, "streams": 0, "names": [*logs, "bad.log"]}, "inputs")
    bench.equal((data["live"], data["ended"], data["approximate"]), (False, True, False), "it is over")
    bench.check(data["trust_most"] > 1, "a hop of the chain stated some addresses")
    bench.equal(bench.page(logs[0])["trust_most"], 1, "without a chain nothing confirms any")
    bench.check("report: page.html, " in bench.said, f"said: {bench.said[-300:]}")


def test_finished_records(bench):
    """Of any schema, packed or not, beside logs: the same numbers as of the logs that they were made of."""
    logs = [bench.log(name + ".log", name, "--lines", "800", "--clients", "60", "--seed", "8") for name in FORMATS]
    write(bench.directory / "config.yaml", CHAIN + POLICY)
    lines = bench.records(*logs, "-c", "config.yaml").splitlines()
    of_logs = bench.page(*logs, "-c", "config.yaml")
    for schema in ("ecs", "ss4o", "flat"):
        records = bench.records(*logs, "-c", "config.yaml", "--schema", schema, output=schema)
        data = bench.page(schema)
        bench.same({**data, "trust_most": 0}, lines, schema)
        for name in ("time", "countries", "groups", "tiles", "networks", "clients", "trust_most", "distinct_clients"):
            bench.equal(data[name], of_logs[name], f"{schema}: {name}")
        write(bench.directory / "packed.gz", gzip.compress(records))
        bench.equal(bench.page("packed.gz")["groups"], data["groups"], f"{schema}: packed")
    both = bench.page("ecs", logs[0], "-c", "config.yaml")
    bench.same(both, lines + bench.records(logs[0], "-c", "config.yaml").splitlines(), "records and logs")


def test_same_bytes(bench):
    """Whatever the number of workers, plain or packed; to a file, to stdout, twice."""
    bench.log("log", "alb", "--lines", "60000", "--clients", "40000", "--seed", "4")
    pages = [bench.program.run("report", "log", *arguments, "--quiet", cwd=bench.directory).out for arguments in ((), ("-j1",), ("-j4",))]
    bench.check(len(pages[0]) > 100000 and pages[1:] == pages[:1] * 2, "workers")
    bench.page("log")
    bench.equal(bench.read("page.html"), pages[0], "a file")
    write(bench.directory / "log.gz", gzip.compress(bench.read("log")))
    bench.equal(bench.program.run("report", "log.gz", cwd=bench.directory).out.replace(b'["log.gz"]', b'["log"]'), pages[0], "packed")
    bench.equal(bench.program.run("report", "-", stdin=bench.read("log"), cwd=bench.directory).out.replace(b'["-"]', b'["log"]'), pages[0], "a pipe")


def test_addresses_that_must_not_leave(bench):
    log = bench.log("log", "alb", "--lines", "4000", "--clients", "250", "--seed", "6")
    write(bench.directory / "config.yaml", PRIVACY)
    write(bench.directory / "key", KEY)
    os.chmod(bench.directory / "key", 0o600)
    plain = {record["client"]["ip"] for record in parse_lines(bench.records(log))}
    lines = bench.records(log, "-c", "config.yaml").splitlines()
    data = bench.page(log, "-c", "config.yaml")
    bench.same(data, lines, "privacy", distinct=False)  # clients are as many as they were, whatever becomes of their addresses
    bench.equal(data["distinct_clients"]["estimate"], len(plain), "clients")
    plain -= {record["client"]["ip"] for record in parse_lines(b"".join(line + b"\n" for line in lines)) if "ip" in record["client"]}  # the UK's may leave
    shown = {row["address"] for row in data["clients"]}
    bench.check(len(shown) > 50 and len(plain) > 50, f"{len(shown)} addresses, {len(plain)} that must not leave")
    bench.equal(shown & plain, set(), "addresses as they came")
    text = bench.read("page.html").split(MARK)[1].decode()
    bench.equal([address for address in plain if f'"{address}"' in text], [], "anywhere in the data")


def test_more_clients_than_are_kept(bench):
    """What is certain is true, and what may be missing is in the bounds; whoever sends the most is there."""
    lines = [alb_line(number, client=f"{20 + number % 7}.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}:1000") for number in range(60000)]
    for heavy in range(40):
        lines[heavy::300] = [alb_line(number, client=f"9.9.9.{heavy}:1000") for number in range(len(lines[heavy::300]))]
    write(bench.directory / "log", "\n".join(lines) + "\n")
    truth = {}
    for line in lines:
        address = line.split(" ")[3].rsplit(":", 1)[0]
        truth[address] = truth.get(address, 0) + 1
    data = bench.page("log")
    heaviest = data["clients"][:40]
    bench.equal({row["address"] for row in heaviest}, {f"9.9.9.{heavy}" for heavy in range(40)}, "the heaviest")
    bench.check(all(row["guaranteed"] for row in heaviest), "they are the heaviest for certain")
    bench.check(any(row["error"] > 0 for row in data["clients"]), "something was left out")
    for row in data["clients"]:
        certain = sum(row["cells"][1::2])
        bench.check(certain <= truth[row["address"]] <= certain + row["error"], f"{row['address']}: {truth[row['address']]}, {certain} + {row['error']}")
    bench.equal(sum(sum(row["cells"][1::2]) for row in data["groups"]), 60000, "groups are exact")
    bench.equal(sum(sum(row["cells"][1::2]) for row in data["tiles"]), 60000, "tiles are exact")


def test_bounded(bench):
    """Countries, verdicts, networks and clients that no honest input has: memory stays bounded, sums stay right, and the page says so."""
    def record(number):
        country = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number // 26 % 26] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 26]
        return json.dumps({"@timestamp": "2026-03-01T00:00:00.000000Z", "event": {"kind": "event", "id": f"{number:032x}"},
                           "client": {"ip": f"2a02:{number % 65536:x}::{number:x}",
                                      "geo": {"country_iso_code": country, "location": {"lon": number % 360 - 180.0, "lat": number % 170 - 85.0}},
                                      "as": {"number": number + 1, "organization": {"name": f"N{number}"}}},
                           "hop": {"verdict": "ok", "trust": 1}, "http": {"response": {"status_code": 200, "bytes": 1}}}, separators=(",", ":"))
    count = 120000
    write(bench.directory / "records", "".join(record(number * 7919 % 1000003) + "\n" for number in range(count)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    data = bench.page("records", "--memory-max", "128M", "-j2")
    bench.equal(sum(sum(row["cells"][1::2]) for row in data["groups"]), count, "groups")
    bench.check(data["approximate"], "something had no room")
    bench.check(len(bench.read("page.html")) < 4000000, "size of the page")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    bench.check(peak == before or peak < 128 * 1024 or "sanitize" in os.environ.get("ASAN_OPTIONS", ""), f"memory: {peak} KiB")


def test_times_far_apart(bench):
    lines = [alb_line(0, time="1999-12-31T23:59:59.000000Z"), alb_line(1, time="2026-03-01T00:00:00.000000Z"), *map(alb_line, range(2, 50))]
    write(bench.directory / "log", "\n".join(lines) + "\n")
    data = bench.page("log")
    bench.same(data, bench.records("log").splitlines(), "a quarter of a century")
    bench.check(data["time"]["count"] <= 64, f"{data['time']}")


# --- texts ------------------------------------------------------------------------------------------------------------


def test_hostile_texts(bench):
    """In names of files, networks, verdicts, zones and places, whoever wrote them."""
    names = [name.replace("/", "_") + ".log" for name in HOSTILE]
    for number, name in enumerate(names):
        write(bench.directory / "logs" / name, alb_lines(3, 10 * number))
    data = bench.page("logs")
    bench.equal(sorted(data["inputs"]["names"]), sorted("logs/" + name for name in names), "names of files")
    records = []
    for number, text in enumerate(HOSTILE):
        records.append({"@timestamp": "2026-03-01T00:00:00.000000Z", "event": {"kind": "event", "id": f"{number:032x}"},
                        "client": {"ip": "81.2.69.160", "geo": {"country_iso_code": "GB"}, "as": {"number": number + 1, "organization": {"name": text}}},
                        "hop": {"verdict": text, "trust": 1, "flags": ["vpce=" + text]}, "user_agent": {"original": text * 1000},
                        "residency": {"zone": text, "jurisdiction": text, "verdict": "ok", "policy": "sha256:" + text}})
    write(bench.directory / "records", "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    data = bench.page("records")
    bench.equal(set(data["network_names"].values()), set(HOSTILE), "names of networks")
    bench.equal({one["name"] for one in data["verdicts"]}, set(HOSTILE), "verdicts")
    bench.equal((set(data["zones"]), set(data["places"])), (set(HOSTILE), set(HOSTILE)), "zones and places")
    bench.equal({row["address"] for row in data["clients"]}, {text + "|81.2.69.160" for text in HOSTILE}, "endpoints")


def test_hostile_records(bench):
    """Finished records that are wrong in one way: none ends the program, and each is counted as what it is."""
    good = {"@timestamp": "2026-03-01T00:00:00.000000Z", "event": {"kind": "event", "id": "0" * 32}, "hop": {"verdict": "ok", "trust": 1},
            "client": {"ip": "81.2.69.160", "geo": {"country_iso_code": "GB", "location": {"lon": 1.5, "lat": 52.0}}, "as": {"number": 7}}}
    cases = [("no time", {"@timestamp": "yesterday"}), ("an address that is none", {"client": {"ip": "999.1.1.1"}}),
             ("numbers that are none", {"client": {"ip": "1.1.1.1", "as": {"number": -5}, "geo": {"location": {"lon": 1e300, "lat": "x"}}}}),
             ("a country that is none", {"client": {"ip": "1.1.1.1", "geo": {"country_iso_code": "<<"}}}),
             ("lists instead of texts", {"hop": {"verdict": ["ok"], "flags": "x"}, "client": []}),
             ("a long verdict", {"hop": {"verdict": "v" * 5000}}), ("a status that is none", {"http": {"response": {"status_code": 99999, "bytes": -1}}}),
             ("a number above all", {"http": {"response": {"status_code": 200, "bytes": 2 ** 64}}})]
    for what, wrong in cases:
        write(bench.directory / "records", json.dumps({**good, **wrong}, separators=(",", ":")) + "\n" + json.dumps(good, separators=(",", ":")) + "\n")
        done = bench.program.run("report", "records", "-o", "page.html", cwd=bench.directory)
        bench.check(done.code in (DONE, REJECTS), f"{what}: exit {done.code} {done.err[-200:]}")
        records = data_of(bench.read("page.html"))["records"]
        bench.equal(records["read"], 2, what)
        bench.equal(records["written"] + records["rejected"] + records["skipped"], 2, f"{what}: sum")
        bench.check(records["written"] >= 1, f"{what}: the good one")
    write(bench.directory / "records", "".join(json.dumps({**good, "hop": {"verdict": f"v{number}"}}, separators=(",", ":")) + "\n" for number in range(100)))
    data = bench.page("records", code=REJECTS)
    bench.check(0 < data["records"]["rejected"] < 100 and data["records"]["written"] == 100 - data["records"]["rejected"], "verdicts beyond all that there can be")


# --- the command ------------------------------------------------------------------------------------------------------


def test_refused(bench):
    write(bench.directory / "log", alb_lines(3))
    write(bench.directory / "folder/x", "")
    for what, arguments, message in (
            ("a stream", ("tcp://127.0.0.1:0", "-o", "page.html"), "not from streams"),
            ("records elsewhere", ("log", "-o", "page.html", "--rollups", "x"), "--rollups has no meaning here"),
            ("a state", ("log", "-o", "page.html", "--state", "x"), "--state has no meaning here"),
            ("a live page", ("log", "-o", "page.html", "--ui", "0"), "--ui has no meaning here"),
            ("the input", ("log", "-o", "log"), "log is also an input"),
            ("no file", ("log", "-o", "kafka://x/y"), "expected a file"),
            ("an option that is none", ("log", "--outptu", "x"), "--output")):
        done = bench.program.run("report", *arguments, cwd=bench.directory)
        bench.equal(done.code, USAGE, f"{what}: exit ({done.err[-200:]})")
        bench.check(message in done.err, f"{what}: {done.err[-300:]}")
    for what, output in (("a folder", "folder"), ("nowhere", "nowhere/page.html")):
        done = bench.program.run("report", "log", "-o", output, cwd=bench.directory)
        bench.equal(done.code, FAILED, f"{what}: exit ({done.err[-200:]})")
        bench.check("cannot be written" in done.err, f"{what}: {done.err[-300:]}")
    bench.equal(bench.read("log"), alb_lines(3), "the input is as it was")
    bench.equal(bench.program.run("report", "log", "-o", "/dev/full", cwd=bench.directory).code, FAILED, "a full disk")
    help_text = bench.program.run("report", "--help").out.decode()
    bench.check("-o, --output" in help_text and "--chain" in help_text and "--rollups" not in help_text, "help")


def test_config(bench):
    """A config of `run` is taken as it is: its outputs are left alone."""
    write(bench.directory / "log", alb_lines(20))
    write(bench.directory / "config.yaml", f"inputs: [{{path: {bench.directory}/log, follow: true}}]\noutput: records.ndjson\nrejects: rejects.ndjson\n"
                                           "rollups: rollups.ndjson\nstate: state\nmetrics: 0\nui: 0\nlimit: 5\n")
    data = bench.page("-c", "config.yaml")
    bench.equal(data["records"]["written"], 20, "records")
    bench.equal(sorted(path.name for path in bench.directory.iterdir()), ["config.yaml", "log", "page.html"], "files")


def test_missing_input(bench):
    """What could be read is shown, and the exit status says that it is not all."""
    write(bench.directory / "a.log.gz", gzip.compress(alb_lines(2000))[:-4000])
    write(bench.directory / "b.log", alb_lines(5))
    done = bench.program.run("report", "a.log.gz", "b.log", "-o", "page.html", cwd=bench.directory)
    bench.equal(done.code, FAILED, "exit")
    data = data_of(bench.read("page.html"))
    bench.check(5 < data["records"]["written"] < 2005, f"{data['records']}")


def test_ended_early(bench):
    """Nothing is written, and what was there stays."""
    write(bench.directory / "page.html", "old")
    with bench.program.start("report", "-", "-o", "page.html", cwd=bench.directory, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.write(alb_lines(10))
        process.stdin.flush()
        wait_until_signals_wait(process)
        process.send_signal(signal.SIGTERM)
        bench.equal(process.wait(PATIENCE_S), FAILED, "exit")
        bench.check(b"ended before its inputs did" in process.stderr.read(), "message")
    bench.equal([bench.read("page.html"), len(list(bench.directory.iterdir()))], [b"old", 1], "files")


# --- the live page ------------------------------------------------------------------------------------------------------


class Live:
    """A run with --ui that goes on as long as its stdin."""

    def __init__(self, bench, *arguments):
        self.bench, self.errors = bench, open(bench.directory / "stderr", "wb")
        self.process = bench.program.start("run", "-", "-o", "records.ndjson", "--ui", "0", *arguments, cwd=bench.directory, stdin=subprocess.PIPE,
                                           stderr=self.errors)
        wait_until(lambda: re.search(r"ui: http://(\S+)/\n", self.said()) or self.process.poll() is not None, lambda: self.said())
        self.at = re.search(r"ui: http://(\S+)/\n", self.said())[1]

    def said(self):
        return (self.bench.directory / "stderr").read_text()

    def ask(self, path="/", method="GET", **headers):
        host, port = self.at.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def data(self):
        return json.loads(self.ask("/data.json")[2])

    def give(self, content):
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def await_written(self, count):
        wait_until(lambda: self.data()["records"]["written"] == count, lambda: f"{count} records: {self.data()['records']}")
        return self.data()

    def end(self):
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.errors.close()
        return code


def test_live(bench):
    live = Live(bench)
    data = live.data()
    bench.equal((data["records"]["written"], data["live"], data["ended"], data["time"]["count"]), (0, True, False, 0), "before anything came")
    lines = bench.read(bench.log("log", "alb", "--lines", "3000", "--clients", "200")).splitlines(keepends=True)
    for first in range(0, 3000, 1000):
        live.give(b"".join(lines[first:first + 1000]))
        data = live.await_written(first + 1000)
        bench.same(data, bench.read("records.ndjson").splitlines(), f"{first + 1000} lines")
    status, headers, page = live.ask()
    bench.equal((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
    bench.equal(data_of(page)["groups"], data["groups"], "data in the page")
    bench.equal(live.end(), DONE, "exit")


def test_live_is_closed_to_others(bench):
    live = Live(bench)
    live.give(alb_lines(10))
    live.await_written(10)
    for path in ("/", "/data.json"):
        status, headers, _ = live.ask(path)
        policy = headers["Content-Security-Policy"]
        bench.equal(status, 200, path)
        bench.check(policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy and "frame-ancestors 'none'" in policy, policy)
        bench.equal((headers["X-Content-Type-Options"], headers["Cross-Origin-Resource-Policy"], headers["Cache-Control"]),
                    ("nosniff", "same-origin", "no-store"), f"{path}: headers")
        bench.check("Access-Control-Allow-Origin" not in headers, f"{path}: for nobody else")
        for host in ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::1].evil", "x"):
            status, _, body = live.ask(path, Host=host)
            bench.check(status in (400, 421) and b"81.2.69" not in body, f"{path} for {host!r}: {status}")
        for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:80", "10.1.2.3"):
            bench.equal(live.ask(path, Host=host)[0], 200, f"{path} for {host}")
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            bench.equal(live.ask(path, method)[0], 405, f"{method} {path}")
    for path in ("/../etc/passwd", "/metrics", "/data.json/", "//", "/%2e%2e/"):
        bench.equal(live.ask(path)[0], 404, path)
    bench.equal(live.end(), DONE, "exit")
    bench.check("everybody who reaches" not in live.said(), "loopback needs no warning")


def test_live_elsewhere(bench):
    """On another address it says what that means; on one that is none, or taken, the run does not begin."""
    with bench.program.start("run", "-", "-o", "out", "--ui", "0.0.0.0:0", cwd=bench.directory, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdin.close()
        text = process.stderr.read().decode()
        bench.equal(process.wait(PATIENCE_S), DONE, "exit")
        bench.check("everybody who reaches 0.0.0.0:" in text, text)
    for address, code in (("x", USAGE), ("localhost:80", USAGE), ("203.0.113.1:80", FAILED)):
        done = bench.program.run("run", "-", "-o", "-", "--ui", address, stdin=alb_lines(1), cwd=bench.directory)
        bench.equal((done.code, done.out), (code, b""), f"{address}: {done.err}")
        bench.check("ui: " in done.err, f"{address}: {done.err}")
        check = bench.program.run("check", "--ui", address, cwd=bench.directory)
        bench.equal(check.code, FAILED, f"check: {address}: {check.err}")
        bench.check("ui: " in check.out.decode(), f"check: {address}: {check.out} {check.err}")


def main():
    return run_groups(argument_parser(__doc__.splitlines()[0]), globals(), Bench)


if __name__ == "__main__":
    sys.exit(main())
