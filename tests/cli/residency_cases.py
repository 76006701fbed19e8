"""Residency: what `check` says of the section, what a run and its summary say, and what SIGHUP does to a policy.

Threads: one, beside the program.
"""
import hashlib
import json
import pathlib
import re

from black_box import at, parse_lines, read_summary
from reload_cases import Live

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "residency.yaml"
DATABASE = HERE.parent / "databases" / "wherefrom.mmdb"  # knows GB, US, JP
ALB = ('https 2025-12-01T00:00:0{second}.500000Z app/web/50dc6c495c0c9188 {client}:4217{second} 10.0.0.80:8080 0.001 0.048 0.000 200 200 814 57 '
       '"GET https://www.example.com:443/ HTTP/1.1" "curl/7.78.0" - - arn:aws:elasticloadbalancing:{region}:123456789012:targetgroup/t/73e2 '
       '"-" "-" "-" 0 2025-12-01T00:00:01.451000Z "forward" "-" "-" "10.0.0.80:8080" "200" "-" "-" TID_ab\n')

BAD = """\
residency:
  lists: [eu-eea-2026-02.list, mine.list, missing.list]
  zones:
    eea: ["@eu", "@eux", UK]
    late: [AT]
  places:
    eu: [eu-central-1]
    uk: [eu-central-1]
  rules:
  - {zone: eaa, allow: [eu], else: vilation}
  unsure: {min_trust: 9}
  privcy: {}
"""

POLICY = """\
residency:
  lists: [mine.list]
  zones: {home: ["@home"], other: ["*"]}
  places: {here: [eu-west-2]}
  rules: [{zone: home, allow: [here]}, {zone: other, allow: [here], name: abroad}]
  unsure: {min_trust: 1}
"""
LIST = "# name: mine\n# source: the office\n# date: 2026-02-01\n@home: %s\n"


def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_check_of_a_policy(bench):
    result = bench.run("check", "-c", EXAMPLE)
    bench.equal(result.code, 0, f"the example is right: {result.out[-300:]}")
    lines = result.out.decode().splitlines()
    for start in ("list ", "zone eea: 37 countries, may be served in eu, uk (conditional), ch (conditional), us (conditional)",
                  "zone us: 1 country, no rule: indeterminate", "policy sha256:"):
        bench.check(any(line.startswith(start) for line in lines), f"{start!r} is said: {lines}")
    bench.write("mine.list", "# name: mine\n@a: FR XX\n")
    bench.write("bad.yaml", BAD.replace("  privcy: {}\n", ""))
    result = bench.run("check", "-c", "bad.yaml")
    bench.equal(result.code, 1, "exit code")
    found = result.out.decode()
    for line in ("bad.yaml:11:23: error: residency.unsure: min_trust: expected a whole number from 0 to 3, got \"9\"",
                 "mine.list:2:1: error: residency.lists: \"XX\" is no ISO 3166-1 code of two letters", "mine.list: error: residency.lists: says no source",
                 "bad.yaml:2:43: error: residency.lists: \"missing.list\": no such file", "bad.yaml:4:18: error: residency.zones.eea: unknown set of the lists \"eux\"",
                 "bad.yaml:4:26: error: residency.zones.eea: \"UK\" is no ISO 3166-1 code of a country, such as IS: the United Kingdom is GB",
                 "bad.yaml:5:11: error: residency.zones.late: no country can be in it", "bad.yaml:8:10: error: residency.places.uk: eu-central-1 is already in place eu"):
        bench.check(line in found, f"{line!r} is said: {found}")
    bench.write("bad.yaml", BAD)
    bench.check('bad.yaml:12:3: error: residency: unknown key "privcy", did you mean "privacy"?' in bench.run("check", "-c", "bad.yaml").out.decode(),
                "a key that is none")
    bench.write("both.yaml", "chains: {web: [{type: alb, peers: [10.0.0.0/16], carrier: apend}]}\nresidency: 3\n")
    both = bench.run("check", "-c", "both.yaml").out.decode()
    bench.check("carrier" in both and "both.yaml:2:12: error: residency: expected zones, places and rules" in both, f"chains and policy, both wrong: {both}")
    bench.write("none.yaml", "residency: {}\n")
    bench.fails(["run", "-c", "none.yaml", "-"], 2, "none.yaml:1:12", "residency: no \"zones\"; the least that there must be is")


def test_verdicts_of_a_run(bench):
    bench.write("mine.list", LIST % "GB")
    bench.write("policy.yaml", POLICY)
    clients = ("81.2.69.142", "216.160.83.56", "10.1.2.3", "8.8.8.8")
    bench.write("a.log", "".join(ALB.format(second=second, client=client, region=region)
                                 for second, (client, region) in enumerate((client, region) for region in ("eu-west-2", "us-east-1") for client in clients)))
    arguments = ("run", "a.log", "--geo", DATABASE)
    plain, said = bench.run(*arguments, "--quiet"), bench.run(*arguments, "-c", "policy.yaml", "--summary", "summary.json")
    bench.equal((plain.code, said.code), (0, 0), "exit codes")
    records = parse_lines(said.out)
    bench.equal([(at(record, "residency.zone"), at(record, "residency.verdict"), at(record, "residency.reason"), at(record, "residency.rule"))
                 for record in records],
                [("home", "ok", None, "home"), ("other", "ok", None, "abroad"), ("unknown", "exempt", ["private"], None),
                 ("unknown", "indeterminate", ["no-geo"], None), ("home", "indeterminate", ["unknown-place"], "home"),
                 ("other", "indeterminate", ["unknown-place"], "abroad"), ("unknown", "exempt", ["private"], None),
                 ("unknown", "indeterminate", ["no-geo", "unknown-place"], None)], "what is said of the records")
    bench.equal({at(record, "residency.lists")[0] for record in records}, {digest(LIST % "GB")}, "the list's digest is that of its bytes")
    bench.equal({at(record, "residency.geo_build") for record in records}, {1764547200}, "when the database was built")
    without = [{key: value for key, value in record.items() if key != "residency"} for record in records]
    bench.equal(without, parse_lines(plain.out), "all else is as without a policy")
    summary = read_summary(bench.directory / "summary.json")["residency"]
    bench.equal(summary, {"indeterminate_share": 0.5, "verdicts": {"ok": 2, "indeterminate": 4, "exempt": 2},
                          "reasons": {"no-geo": 2, "private": 2, "unknown-place": 3}, "records": 8}, "the summary")
    bench.check(re.search(r"residency +50\.0 % indeterminate\n.*ok 2, indeterminate 4, exempt 2", said.err), f"said first: {said.err}")
    bench.check("min_trust" not in said.err, f"no advice that does not help: {said.err}")
    bench.write("strict.yaml", POLICY.replace("min_trust: 1", "min_trust: 2"))
    strict = bench.run(*arguments, "-c", "strict.yaml")
    bench.check("6 records are indeterminate since their client is not sure enough" in strict.err, f"advice: {strict.err}")
    bench.equal([at(record, "residency.verdict") for record in parse_lines(bench.run(*arguments, "-c", "strict.yaml", "--chain", "direct", "--quiet").out)],
                [at(record, "residency.verdict") for record in records], "as it advises")
    blind = bench.run("run", "a.log", "--no-geo", "-c", "policy.yaml")
    bench.check("no database knows countries" in blind.err, f"without databases: {blind.err}")
    bench.equal({at(record, "residency.verdict") for record in parse_lines(blind.out)}, {"indeterminate", "exempt"}, "without databases")


def test_reload_of_a_policy(bench):
    """Chains and policy change together or not at all; records say by which policy they were judged."""
    bench.write("mine.list", LIST % "GB")
    live = Live(bench, "--geo", DATABASE)
    bench.equal(at(live.record(), "residency"), None, "without a policy")
    chains = "chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: %s}]\n"
    seen = []
    for turn, codes in enumerate(("GB", "GB CH", "GB CH LI")):
        bench.write("mine.list", LIST % codes)
        live.reload(chains % "append" + POLICY, b"new chains and databases are in force, and policy sha256:")
        record = live.record()
        bench.equal(at(record, "residency.lists"), [digest(LIST % codes)], f"turn {turn}: the list")
        bench.equal(at(record, "residency.geo_build"), 1764547200, f"turn {turn}: the database")
        seen.append(at(record, "residency.policy"))
        bench.check(seen[-1].encode() in live.messages.read_bytes(), f"turn {turn}: the policy is said")
    bench.equal(len(set(seen)), 3, "another list is another policy")
    for broken in (chains % "remove" + POLICY.replace("@home", "@hom"), chains % "apend" + POLICY, chains % "remove" + "residency: 3\n"):
        live.reload(broken, b"the chains and databases of before stay in force")
        record = live.record()
        bench.equal((at(record, "hop.verdict"), at(record, "residency.policy")), ("client-proxy", seen[-1]), f"after {broken[-40:]!r}")
    live.reload(chains % "remove", b"new chains and databases are in force\n")
    record = live.record()
    bench.equal((at(record, "hop.verdict"), at(record, "residency")), ("xff-removed", None), "without a policy again")
    bench.equal(live.end(), 0, "exit code")
    ids = [json.loads(line)["event"]["id"] for line in live.out.read_bytes().splitlines()]
    bench.equal(len(set(ids)), live.lines, "records, each once")
