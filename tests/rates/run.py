#!/usr/bin/env python3
"""Rates from outside: every document against what Python makes of the records (rate_oracle.py), for all formats, any number of workers and
any order of files; limits and the two views of them on events that are known; `wherefrom top` in a pipe and on a terminal.

    run.py --wherefrom PATH --generate PATH [--test GLOB] [--events N]

--events makes the large case larger than it is here: `./dev rates` runs it with a million. Nothing here measures time.

Threads: one; cases on a terminal start the program beside it.
"""
import fcntl
import gzip
import json
import os
import pathlib
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections import Counter

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "rollups"), str(HERE.parent.parent / "examples")]
from access_log import BRUTE, SLY, START_S, VICTIM, known_events, nginx_line  # noqa: E402
from black_box import Bench, alb_line, argument_parser, at, parse_lines, read_summary, run_groups, write  # noqa: E402
import readme_examples  # noqa: E402
from rate_oracle import DEFAULTS, Event, check_rates, dim_of, masked, seconds_of, tops_of  # noqa: E402

FORMATS = ("alb nlb clb alb_connection vpc_flow vpc_flow_custom tgw_flow ga_flow cloudfront nginx haproxy envoy "
           "cloudfront_json waf alb_lambda_event alb_json envoy_json vpc_flow_json").split()
USAGE = 2
PATIENCE_S = 60
NEEDED = ("@timestamp", "event.start", "event.category", "event.duration", "client", "source.ip", "hop", "http", "url.path", "nginx.http_x_forwarded_for")  # of records
POLICY = """residency:
  lists: [eu-eea-2026-02.list]
  zones: {eea: ["@eea"], us: [US], cn: [CN], other: ["*"]}
  places: {eu: [eu-central-1, eu-west-1], us: [us-*]}
  rules: [{zone: eea, allow: [eu]}, {zone: us, allow: [us]}, {zone: cn, allow: [cn-*]}]
  unsure: {min_trust: 1}
"""


class RateBench(Bench):
    def __init__(self, options, report, directory):
        super().__init__(options, report, directory)
        self.events_count = options.events

    def run(self, *arguments, **settings):
        return self.program.run(*arguments, **{"cwd": self.directory, **settings})

    def configure(self, settings, more="", name="c.yaml"):
        write(self.directory / name, more + "rate: " + json.dumps(settings) + "\n")  # JSON is YAML

    def rates(self, what, *arguments):
        """Documents of rates of a run with the config; its records are in a file."""
        done = self.run("run", "-c", "c.yaml", "--quiet", *arguments, "-o", "records", "--rollups", "rollups", timeout=600)
        self.check(done.code in (0, 3), f"{what}: exit {done.code} ({done.err[:300]})")
        return [one for one in parse_lines(self.read("rollups")) if one["kind"] != "heat"]

    def compare(self, what, settings, *arguments):
        """Documents, and the number of breaches."""
        documents = self.rates(what, *arguments)
        with open(self.directory / "records", encoding="utf-8") as records:
            breaches = check_rates(self, documents, map(json.loads, records), settings, what)
        return documents, breaches


# --- what is counted --------------------------------------------------------------------------------------------------


def test_every_format(bench):
    settings = {"windows": [60, 600], "dims": ["client", "first-xff", "claim", "peer+method", "asn", "country", "path_class+method", "lb"], "rows": 50,
                "path_class": {"login": ["/login*", "/auth/*"], "static": ["*.css", "*.js", "*.png"], "v1": ["/v1/*"]}}
    bench.configure(settings)
    met = Counter()
    for name in FORMATS:
        documents, _ = bench.compare(name, settings, bench.log(name + ".log", name, "--lines", "1500", "--clients", "300", "--seed", "5"))
        met.update({one["dim"]: 1 for one in documents if one["kind"] == "top"})
        met.update({"latency" for one in documents if "latency" in one} | {"clients" for one in documents if "clients" in one})
    bench.check(all(met[name] > 1 for name in ("first-xff", "claim", "path_class+method", "lb", "latency", "clients")), f"what was met: {met}")


def test_when_a_request_came(bench):
    """Not when it was over: the balancer's creation time, a connection's; of flows the end of their interval."""
    bench.configure({"windows": [10], "dims": ["client"]})
    alb = alb_line(1, time="2026-03-01T00:01:05.250000Z")
    head, tail = alb.rsplit("2026-03-01T00:01:05.250000Z", 1)
    nlb = bench.generate.run("nlb", "--lines", "1", "--seed", "1").out.decode().split(" ")
    nlb[2], nlb[-1] = "2026-03-01T02:01:05", "2026-03-01T02:00:04\n"
    cases = {"alb": (head + "2026-03-01T00:00:07.000000Z" + tail, "alb_access", "2026-03-01T00:00:10"),
             "clb": ('2026-03-01T01:00:01.000000Z lb 81.2.69.142:1 10.0.0.1:80 0.1 40.2 0.1 200 200 0 9 "GET http://x:80/ HTTP/1.1" "-" - -', "clb_access", "2026-03-01T01:00:10"),
             "nlb": (" ".join(nlb), "nlb_access", "2026-03-01T02:00:10"),
             "vpc": ("2 123456789012 eni-0a1b 81.2.69.142 10.0.0.5 443 50000 6 10 800 1772330400 1772330459 ACCEPT OK", "vpc_flow", "2026-03-01T02:01:00")}
    for name, (line, schema, end) in cases.items():
        write(bench.directory / "log", line.rstrip("\n") + "\n")
        documents = bench.rates(name, "log", "-f", schema)
        bench.equal([one["@timestamp"][:19] for one in documents if one["kind"] == "top"], [end], f"{name}: window")


def test_latency_is_none_of_connections(bench):
    bench.configure({"windows": [600], "dims": ["lb"]})
    for name, wanted in (("alb", True), ("nlb", False)):
        documents = bench.rates(name, bench.log("log", name, "--lines", "3000", "--seed", "3"))
        bench.equal({"latency" in one for one in documents if one["kind"] == "top"}, {wanted}, f"{name}: latency")


def test_runs_that_go_on(bench):
    """Killed, stopped, run again, with files that have grown: always the documents of all that was written, as one run has them. Evidence and heat, too."""
    settings = {"windows": [60, 300], "dims": ["client", "lb"], "limits": [{"name": "some", "key": "client", "window": 60, "limit": 20}]}
    bench.configure(settings, POLICY)
    (bench.directory / "logs").mkdir()
    for seed in range(1, 4):
        bench.log(f"logs/{seed}.log", "alb", "--lines", "15000", "--clients", "200", "--seed", str(seed))
    arguments = ("run", "logs", "-c", "c.yaml", "-o", "records", "--rejects", "rejects", "--rollups", "rollups", "--state", "state", "-j", "2")
    records = bench.directory / "records"
    for end in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with bench.program.start(*arguments, cwd=bench.directory, stderr=subprocess.PIPE) as process:
            before, until = records.stat().st_size if records.exists() else 0, time.monotonic() + PATIENCE_S
            while process.poll() is None and time.monotonic() < until and not (records.exists() and records.stat().st_size > before + 2_000_000):
                time.sleep(0.001)
            process.send_signal(end)
            process.stderr.read()
    for what in ("after kills", "nothing new", "a file that has grown"):
        if what == "a file that has grown":
            with open(bench.directory / "logs" / "2.log", "a", encoding="utf-8") as log:
                log.writelines(alb_line(i, time="2026-11-01T00:00:00.000000Z") + "\n" for i in range(50))
        done = bench.run(*arguments, "--summary", "summary", timeout=600)
        bench.check(done.code in (0, 3), f"{what}: exit {done.code} ({done.err[:300]})")
        recounted = read_summary(bench.directory / "summary")["rollups"]["recounted"]
        bench.check(recounted >= 45000 if what != "after kills" else recounted > 0, f"{what}: counted again: {recounted}")
        done = bench.run("run", "logs", "-c", "c.yaml", "-o", "at-once", "--rejects", "rejects-at-once", "--rollups", "whole", timeout=600)
        bench.check(bench.read("rollups") == bench.read("whole"), f"{what}: documents of one run")
        with open(records, encoding="utf-8") as written:
            kinds = Counter(one["kind"] for one in parse_lines(bench.read("rollups")))
            bench.check(kinds["residency"] > 20 and kinds["heat"] > 20, f"{what}: {kinds}")
            documents = [one for one in parse_lines(bench.read("rollups")) if one["kind"] not in ("heat", "residency")]
            breaches = check_rates(bench, documents, map(json.loads, written), settings, what)
        bench.check(breaches > 10, f"{what}: {breaches} breaches")


# --- limits, on events that are known ---------------------------------------------------------------------------------


CHAIN = "chains: {web: [{type: alb, peers: [10.0.0.0/8], carrier: append}]}\nselect: [{chain: web}]\n"
LIMITS = {"windows": [60, 300], "dims": ["client", "asn", "first-xff"], "path_class": {"login": ["/login*"]},
          "limits": [{"name": "login-ip", "key": "client", "scope": "path_class=login", "window": 300, "limit": 100},
                     {"name": "post-asn", "key": "asn", "scope": "method=POST", "window": 60, "limit": 30},
                     {"name": "lb", "key": "lb", "window": 120, "limit": 500}]}


def test_limits(bench):
    bench.configure(LIMITS, CHAIN)
    write(bench.directory / "log", known_events())
    documents, breaches = bench.compare("known", LIMITS, "log", "-f", "nginx")
    bench.check(breaches >= 4, f"{breaches} breaches")
    one = next(one for one in documents if one["kind"] == "breach" and one["key"] == BRUTE and one["rule"] == "login-ip")
    bench.equal([one["rule"], one["view"], one["peak"]], ["login-ip", "client", 300], "who tries passwords")
    # 101 requests are there after 400..410 seconds; the window is empty enough when no more than 100 are in it
    bench.equal([one["from"], one["to"]], ["2025-12-01T00:06:50.000000Z", "2025-12-01T00:13:10.000000Z"], "from and to")
    bench.equal(one["excess"], [160, 180], "requests from 30 and from 10 seconds after that")
    bench.check(not any(one.get("view") == "first-xff" and one["kind"] == "breach" and one["key"] == SLY for one in documents), "WAF does not see him")
    bench.check(any(one.get("view") == "first-xff" and one["kind"] == "breach" and one["key"] == VICTIM for one in documents), "but it sees a victim")
    impact = next(one for one in documents if one["kind"] == "impact" and one["rule"] == "login-ip" and one["view"] == "client")
    bench.check(impact["evaded"] > 200 and impact["framed"] >= 5, f"evaded and framed: {impact}")


def test_no_breach_at_the_limit(bench):
    """More than the limit is too much, as much is not."""
    bench.configure({"windows": [60], "dims": [], "limits": [{"name": "a", "key": "client", "window": 60, "limit": 50}]}, CHAIN)
    for count, wanted in ((50, 0), (51, 1)):
        write(bench.directory / "log", "".join(nginx_line(i, BRUTE) for i in range(count)))
        documents = bench.rates(str(count), "log", "-f", "nginx")
        bench.equal(sum(one["kind"] == "breach" and one["view"] == "client" for one in documents), wanted, f"{count} requests: breaches")


def test_what_client_means(bench):
    write(bench.directory / "log", known_events())
    for key in ("peer", "first-xff", "claim"):
        settings = {**LIMITS, "key": key, "dims": ["client", "client+method"], "limits": [{"name": "a", "key": "client", "window": 60, "limit": 60}]}
        bench.configure(settings, CHAIN)
        documents, breaches = bench.compare(key, settings, "log", "-f", "nginx")
        bench.equal({one["dim"] for one in documents if one["kind"] == "top"}, {key, key + "+method"}, f"{key}: dimensions")
        bench.check(breaches > 0, f"{key}: breaches")


def test_prefixes(bench):
    addresses = [f"2001:db8:{i % 3:x}:{i % 7:x}::{i:x}" for i in range(1, 400)] + [f"81.2.{i % 5}.{i % 9}" for i in range(400)]
    write(bench.directory / "log", "".join(nginx_line(i, address) for i, address in enumerate(addresses)))
    for settings in ({"v4_prefix": 24, "v6_prefix": [64, 48, 32]}, {"v6_prefix": 48, "dims": ["client", "client/64+method"]}):
        settings = {"dims": ["client"], "windows": [300], **settings}
        bench.configure(settings, CHAIN)
        documents, _ = bench.compare(str(settings), settings, "log", "-f", "nginx")
        bench.check(any("/" in one["key"] for one in documents), "prefixes")


def test_unresolved_clients(bench):
    settings = {"dims": ["client", "client+method"], "windows": [600]}
    bench.configure(settings, "chains: {far: [{type: a, peers: [10.0.0.0/8], carrier: append}, {type: b, peers: [203.0.113.0/24], carrier: append}]}\nselect: [{chain: far}]\n")
    lines = [nginx_line(i, "203.0.113.9", forwarded=text) for i, text in enumerate(["unknown", "81.2.69.1", "x y", None, "_hidden"] * 40)]
    write(bench.directory / "log", "".join(lines))
    documents, _ = bench.compare("unresolved", settings, "log", "-f", "nginx")
    keys = {one["key"] for one in documents if one["kind"] == "top"}
    bench.check(any(key.startswith("unresolved:") for key in keys) and not any(key.startswith("203.") and False for key in keys), f"keys {keys}")


def test_names_that_anybody_may_have_made(bench):
    bench.configure({"dims": ["lb", "lb+method"], "windows": [60]})
    names = ['app/"quoted"/1', "app/\\x22esc\\x22/1", "app/" + "n" * 300, "app/\udce4\udcff/1".encode("utf-8", "surrogateescape").decode("latin-1"), "app/\x01\x7f/1", "app/|x|/1"]
    lines = [alb_line(i).replace("app/shop/50dc6c495c0c9188", names[i % len(names)].replace('"', "'")) for i in range(60)]
    write(bench.directory / "log", "".join(line + "\n" for line in lines).encode("latin-1"))
    documents = bench.rates("names", "log", "-f", "alb_access")
    bench.equal(len({one["key"] for one in documents if one["kind"] == "top" and one["dim"] == "lb"}), len(names), "a key for each")
    bench.equal(sum(one["n"] for one in documents if one["kind"] == "top" and one["dim"] == "lb"), 60, "requests")


# --- the same documents -----------------------------------------------------------------------------------------------


def test_any_workers_any_order(bench):
    """And packed or not; documents come in an order of their own."""
    bench.configure({**LIMITS, "dims": ["client", "asn", "country", "client+path_class", "asn+method", "lb"]}, CHAIN)
    lines = known_events().splitlines(keepends=True)
    names = [f"part{i}" for i in range(5)]
    for i, name in enumerate(names):
        content = "".join(lines[i::5]).encode()
        write(bench.directory / name, content if i % 2 else gzip.compress(content))
    first = None
    for order in (names, names[::-1], names[2:] + names[:2]):
        for workers in ("1", "4"):
            bench.run("run", "-c", "c.yaml", "--quiet", *order, "-f", "nginx", "-j", workers, "-o", "records", "--rollups", "rollups")
            found = b"".join(line for line in sorted(bench.read("rollups").splitlines(keepends=True)) if b'"kind":"heat"' not in line)
            first = first or found
            bench.check(found == first and len(found) > 10000, f"{order} -j {workers}: other documents")


def test_large(bench):
    """A day of requests, most of them of a few; every window of every dimension."""
    settings = {"rows": 200, "slot": 20, "path_class": {"login": ["/login*"], "api": ["/v1/*"], "static": ["*.css", "*.js", "*.png"]},
                "limits": [{"name": "login", "key": "client", "scope": "path_class=login", "window": 300, "limit": 20},
                           {"name": "asn", "key": "asn", "window": 60, "limit": 100}, {"name": "client", "key": "client", "window": 600, "limit": 100}]}
    bench.configure(settings, CHAIN)
    count, chance = bench.events_count, random.Random(3)
    clients = [f"{chance.randrange(1, 224)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}" if chance.random() < 0.8
               else f"2a01:{chance.randrange(65536):x}:{chance.randrange(16):x}:{chance.randrange(4):x}::1" for _ in range(max(300, count // 40))]
    files = []
    for part in range(4):
        with open(bench.directory / f"log{part}", "w", encoding="utf-8") as file:
            for _ in range(count // 4):
                rank = int(len(clients) ** chance.random()) - 1
                forwarded = clients[int(len(clients) ** chance.random()) - 1] if chance.random() < 0.1 else None
                file.write(nginx_line(int(chance.random() ** 2 * 7200), clients[rank], chance.choice(["/", "/login", "/v1/a", "/x.css", "/y"]), forwarded,
                                      chance.choice(["GET", "GET", "POST", "BREW"]), chance.choice([200, 200, 404, 503])))
        files.append(f"log{part}")
    documents, breaches = bench.compare("large", settings, *files, "-f", "nginx", "--summary", "summary",
                                        "--fields=" + ",".join("+" + path for path in NEEDED))
    bench.check(breaches > 10, f"{breaches} breaches")
    rates = read_summary(bench.directory / "summary")["rate"]
    bench.equal([rates[name] for name in ("requests", "approx", "late", "documents", "sketches_lost")], [count // 4 * 4, False, 0, len(documents), 0], f"summary {rates}")
    print(f"       {count} events: {len(documents)} documents, {breaches} breaches")


# --- config and options -----------------------------------------------------------------------------------------------


def test_example(bench):
    example = HERE.parent.parent / "examples" / "rate.yaml"
    done = bench.run("check", "-c", example)
    bench.check(done.code == 0 and b"0 errors" in done.out and b"limit login-ip: 100 requests in 300 s by client, of paths login" in done.out, f"check: {done.out}")
    write(bench.directory / "log", known_events())
    done = bench.run("run", "-c", example, "log", "-f", "nginx", "--chain", "count:1", "-o", "records", "--rollups", "rollups")
    bench.check(done.code == 0 and "rate       documents" in done.err, f"run: {done.err}")
    kinds = Counter(one["kind"] for one in parse_lines(bench.read("rollups")))
    bench.check(all(kinds[kind] > 0 for kind in ("top", "breach", "impact", "advice", "heat")), f"kinds {kinds}")


def test_readme(bench):
    """The engineer's example, from the README's config."""
    blocks = readme_examples.blocks("Who sends too much, and what would a limit do?")
    config = next(block for block in blocks if block.startswith("# web.yaml\n"))
    write(bench.directory / "web.yaml", config)
    (bench.directory / "examples").symlink_to(HERE.parent.parent / "examples")
    shown = [block for block in blocks if block.startswith("$ ")]
    bench.equal([len(re.findall(r"^\$ ", block, re.MULTILINE)) for block in shown], [2, 2], "commands")
    for block in shown:
        readme_examples.done_as_shown(bench.report, block, bench.directory, pathlib.Path(bench.program.path).parent, "README")


def test_fields_are_mapped(bench):
    """The index template knows all that documents have."""
    bench.configure(LIMITS, CHAIN)
    write(bench.directory / "log", known_events())
    documents = bench.rates("mapped", "log", "-f", "nginx")
    template = json.loads(bench.run("template", "--rollups").out)
    properties = template["component_templates"]["wherefrom-rollups"]["template"]["mappings"]["properties"]

    def paths(value, fields, path):
        for name, below in value.items() if isinstance(value, dict) else []:
            field = fields.get(name)
            if not bench.check(field is not None, f"{path}{name} is not mapped"):
                continue
            if field.get("type") != "geo_point":
                for one in below if isinstance(below, list) else [below]:
                    paths(one, field.get("properties", {}), f"{path}{name}.")
    seen = set()
    for one in documents:
        if one["kind"] not in seen or len(seen) < 5:
            seen.add(one["kind"])
            paths(one, properties, "")
    bench.equal(seen, {"top", "breach", "impact", "advice"}, "kinds")


def test_config_is_checked(bench):
    write(bench.directory / "log", known_events())
    bench.configure({"dim": ["client"]})
    for arguments in (("check", "-c", "c.yaml"), ("run", "-c", "c.yaml", "log", "-o", "records", "--rollups", "rollups")):
        done = bench.run(*arguments)
        bench.check('c.yaml:1:8: ' in done.out.decode() + done.err and 'unknown key "dim", did you mean "dims"?' in done.out.decode() + done.err,
                    f"{arguments}: {done.out} {done.err}")
    bench.equal(done.code, USAGE, "exit")
    bench.configure({})
    done = bench.run("run", "-c", "c.yaml", "log", "-f", "nginx", "-o", "records")
    bench.check(done.code == 0 and "counts nothing without --rollups" in done.err, f"without roll-ups: {done.err}")
    bench.configure({"mem": "512M"})
    done = bench.run("run", "-c", "c.yaml", "log", "-f", "nginx", "-o", "records", "--rollups", "rollups", "--memory-max", "512M")
    bench.check(done.code == USAGE and "rate: mem: at most 256 MiB of a --memory-max of 512 MiB" in done.err, f"memory: {done.err}")
    done = bench.run("run", "-c", "c.yaml", "log", "-f", "nginx", "-o", "records", "--rollups", "rollups")
    bench.equal(done.code, 0, f"the example of the specification: {done.err}")


def test_no_rates_without_the_section(bench):
    write(bench.directory / "log", known_events())
    done = bench.run("run", "log", "-f", "nginx", "-o", "records", "--rollups", "rollups", "--summary", "summary")
    bench.equal({one["kind"] for one in parse_lines(bench.read("rollups"))}, {"heat"}, f"kinds ({done.err})")
    bench.check("rate" not in read_summary(bench.directory / "summary"), "summary")


def test_more_keys_than_memory(bench):
    """A key is never counted too low, and too high by no more than its row says; who has more than all others may have is there."""
    settings = {"dims": ["client"], "windows": [60, 600], "mem": "16M", "rows": 50, "limits": [{"name": "a", "key": "client", "window": 60, "limit": 200}]}
    bench.configure(settings, CHAIN)
    chance, counts, lines = random.Random(2), Counter(), []
    loud = [f"81.2.69.{i}" for i in range(1, 41)]
    for i in range(bench.events_count * 15):
        address = chance.choice(loud) if i % 3 == 0 else f"2a01:{i >> 16:x}:{i & 0xffff:x}:1::1"
        second = i * 600 // (bench.events_count * 15)
        counts[second // 60, address if "." in address else str(masked(address, 32, 64))] += 1
        lines.append(nginx_line(second, address))
    write(bench.directory / "log", "".join(lines))
    done = bench.run("run", "-c", "c.yaml", "log", "-f", "nginx", "--no-geo", "-o", "records", "--fields=+@timestamp", "--rollups", "rollups", "--summary", "summary", timeout=600)
    bench.check(done.code == 0 and "memory did not suffice for all keys" in done.err, f"it is said: {done.err}")
    rates = read_summary(bench.directory / "summary")["rate"]
    bench.check(rates["approx"] and rates["folded"] > 0 and rates["bytes"] <= rates["bytes_max"] <= 16 << 20, f"summary {rates}")
    documents = parse_lines(bench.read("rollups"))
    tops = [one for one in documents if one["kind"] == "top" and one["win"] == 60]
    start = START_S // 60
    for one in tops:
        true = counts[seconds_of(one["@timestamp"])[0] // 60 - 1 - start, one["key"]]
        bench.check(one["n"] - one["err"] <= true <= one["n"] and one["approx"] is True, f"{true} requests: {one}")
    for minute in range(10):
        found = {one["key"] for one in tops if seconds_of(one["@timestamp"])[0] // 60 - 1 - start == minute}
        bench.check(set(loud) <= found, f"minute {minute}: {len(set(loud) & found)} of the {len(loud)} largest")
    breaches = [one for one in documents if one["kind"] == "breach"]
    bench.check(breaches and all(one["key"] in loud for one in breaches), f"{len(breaches)} breaches, by what is certain")


# --- wherefrom top ----------------------------------------------------------------------------------------------------


def top_of(bench, name, *arguments):
    done = bench.run("top", *arguments, "--by", name, "--json")
    bench.check(done.code == 0, f"top --by {name}: {done.err}")
    return parse_lines(done.out)


def test_top_in_a_pipe(bench):
    """The whole input is one window."""
    write(bench.directory / "log", known_events())
    bench.configure(LIMITS, CHAIN)
    bench.rates("records", "log", "-f", "nginx")
    config = {**DEFAULTS, **LIMITS}
    events = [Event(record, config) for record in parse_lines(bench.read("records"))]
    for name in ("client", "asn", "country", "path_class", "method", "lb", "client+path_class", "peer", "first-xff", "client/48"):
        expected = Counter(key for key in (event.key(dim_of(name, config)) for event in events) if key is not None)
        for arguments in (("log",), ("log", "-j", "1", "--rows", "3")):
            found = top_of(bench, name, "-c", "c.yaml", "-f", "nginx", *arguments)
            rows = 3 if "--rows" in arguments else 20
            order = sorted(expected.items(), key=lambda pair: (-pair[1], pair[0].encode()))[:rows]
            bench.equal([(one["key"], one["n"]) for one in found], order if len(expected) <= rows else [(one["key"], one["n"]) for one in found], f"{name}: rows")
            bench.equal([one["n"] for one in found], [count for _, count in order], f"{name}: counts")
            bench.check(all(expected[one["key"]] == one["n"] and one["rank"] == i + 1 for i, one in enumerate(found)), f"{name}: {found}")
            bench.check(all(abs(one["share"] - one["n"] / len(events)) < 1e-5 for one in found), f"{name}: shares")
    done = bench.run("top", "-c", "c.yaml", "-f", "nginx", stdin=known_events().encode())
    lines = done.out.decode().splitlines()
    bench.check(done.code == 0 and re.match(r" *#  CLIENT +REQUESTS +SHARE +REQ/S +BYTES +4XX +5XX +COUNTRY +NETWORK$", lines[0]), f"table: {lines[:2]}")
    first = lines[1].split()
    expected = Counter(event.client for event in events).most_common(1)[0]
    bench.equal([first[1], first[2]], [expected[0], f"{expected[1]:,}"], "first row")
    bench.check("\x1b" not in done.out.decode() and len(lines) == 21 and done.err == "", f"no more than that: {done.err}")


def test_top_busiest_windows(bench):
    write(bench.directory / "log", known_events())
    bench.configure(LIMITS, CHAIN)
    bench.rates("records", "log", "-f", "nginx")
    config = {**DEFAULTS, **LIMITS, "slot": 60}
    sums = tops_of([Event(record, config) for record in parse_lines(bench.read("records"))], dim_of("client", config), 60, config)
    best = {}
    for (end, key), row in sorted(sums.items()):
        if row[0] > best.get(key, (0, 0))[0]:
            best[key] = row[0], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))
    found = top_of(bench, "client", "-c", "c.yaml", "-f", "nginx", "log", "--window", "1m", "--rows", "10")
    bench.equal([one["n"] for one in found], sorted((count for count, _ in best.values()), reverse=True)[:10], "counts")
    bench.check(all(best[one["key"]] == (one["n"], one["end"]) and one["win"] == 60 for one in found), f"rows {found}")


def test_top_writes_nothing(bench):
    """Whatever the config of the run says."""
    write(bench.directory / "log", known_events())
    bench.configure({}, "inputs: [log]\nformat: nginx\noutput: out\nrejects: rejects\nrollups: rollups\nstate: state\n" + CHAIN)
    before = sorted(path.name for path in bench.directory.iterdir())
    done = bench.run("top", "-c", "c.yaml", "--rows", "1")
    bench.check(done.code == 0 and len(done.out.splitlines()) == 2, f"{done.out} {done.err}")
    bench.equal(sorted(path.name for path in bench.directory.iterdir()), before, "files")


def test_top_refuses(bench):
    write(bench.directory / "log", known_events())
    for arguments, words in ((("log", "--by", "cuntry"), 'did you mean "country"?'), (("log", "--by", "path_class"), "there are no classes of paths"),
                             (("log", "--window", "5x"), "--window: expected"), (("log", "--rows", "0"), "--rows"), (("nowhere",), "nowhere")):
        done = bench.run("top", *arguments)
        bench.check(done.code in (1, USAGE) and words in done.err and not done.out, f"{arguments}: {done.code} {done.err} {done.out}")


def test_top_shows_no_control_characters(bench):
    lines = [alb_line(i).replace("app/shop/50dc6c495c0c9188", "app/\x1b[31mred\x9b2J/\x07") for i in range(5)]
    write(bench.directory / "log", "".join(line + "\n" for line in lines).encode())
    done = bench.run("top", "log", "-f", "alb_access", "--by", "lb")
    bench.check(done.code == 0 and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.out.decode()), f"{done.out}")
    bench.check("app/?[31mred?2J/?" in done.out.decode(), f"{done.out}")


class Terminal:
    """The program with its output on a terminal of some size."""

    def __init__(self, bench, *arguments, stdin, rows=15, columns=80):
        self.screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = bench.program.start("top", *arguments, stdin=stdin, stdout=inside, stderr=inside, cwd=bench.directory)
        os.close(inside)
        self.text = ""

    def read_until(self, words):
        """False: they did not come."""
        until = time.monotonic() + PATIENCE_S
        while words not in self.text and time.monotonic() < until:
            if not select.select([self.screen], [], [], 0.2)[0]:
                continue
            try:
                self.text += os.read(self.screen, 65536).decode("utf-8", "replace")
            except OSError:  # the other end is closed
                break
        return words in self.text

    def close(self):
        self.read_until("\0")
        code = self.process.wait(PATIENCE_S)
        os.close(self.screen)
        return code


def test_top_on_a_terminal(bench):
    """A stream: what came in the last minute, until a signal; the terminal is given back, and the table stays."""
    bench.configure({}, CHAIN)
    read_end, write_end = os.pipe()
    terminal = Terminal(bench, "-c", "c.yaml", "-", "-f", "nginx", "--window", "60", "--by", "client", stdin=read_end)
    os.close(read_end)
    os.write(write_end, "".join(nginx_line(i, BRUTE) for i in range(40)).encode())
    bench.check(terminal.read_until(BRUTE), f"the first client: {terminal.text[-400:]!r}")
    os.write(write_end, "".join(nginx_line(i, SLY) for i in range(70)).encode())
    bench.check(terminal.read_until("110 requests in the last"), f"both: {terminal.text[-400:]!r}")
    frame = terminal.text.split("\x1b[H")[-1]
    bench.check(terminal.read_until("\x1b[J"), "a frame's end")
    terminal.process.send_signal(signal.SIGINT)
    code = terminal.close()
    os.close(write_end)
    bench.equal(code, 0, f"exit ({terminal.text[-300:]!r})")
    live, _, rest = terminal.text.partition("\x1b[?25h\x1b[?1049l")
    bench.check(live.startswith("\x1b[?1049h\x1b[?25l") and live.count("\x1b[?1049h") == 1 and "\x1b[?" not in rest, "the terminal is given back once")
    lines = rest.replace("\r", "").strip("\n").split("\n")
    bench.equal([line.split()[1:3] for line in lines[1:3]], [[SLY, "70"], [BRUTE, "40"]], f"the table that stays: {lines}")
    widths = [len(re.sub(r"\x1b\[[0-9?]*[A-Za-z]", "", line).rstrip("\r")) for line in live.split("\n")]
    bench.check(max(widths) <= 80, f"lines of {max(widths)} characters: {frame!r}")


def test_top_of_files_on_a_terminal(bench):
    write(bench.directory / "log", known_events())
    bench.configure({}, CHAIN)
    piped = bench.run("top", "-c", "c.yaml", "log", "-f", "nginx").out.decode()
    terminal = Terminal(bench, "-c", "c.yaml", "log", "-f", "nginx", stdin=0)
    bench.equal(terminal.close(), 0, f"exit ({terminal.text[-300:]!r})")
    rest = terminal.text.rpartition("\x1b[?1049l")[2].replace("\r", "")
    bench.equal(rest, piped, "the same table")


def main():
    parser = argument_parser("tests of rates")
    parser.add_argument("--events", type=int, default=20000, metavar="N", help="of the large case")
    return run_groups(parser, globals(), RateBench)


if __name__ == "__main__":
    sys.exit(main())
