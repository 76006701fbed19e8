"""What a config's `filter` leaves out: against Python's reading of what a run without it writes."""
import fnmatch
import json

import readme_examples
from black_box import alb_line, alb_lines, at, parse_lines

FORMATS = ("alb", "clb", "nginx", "cloudfront", "waf", "envoy", "vpc_flow")
HEAD = """residency:
  zones: {us: [US], eea: [DE, FR, NL, SE]}
  places: {here: [eu-west-1]}
  rules: [{zone: us, allow: [here]}, {zone: eea, allow: [here]}]
rate: {path_class: {login: ["/login*"], api: ["/api/*", "/v1/*"]}}
"""
RULES = (
    [{"drop": {"user_agent": "ELB-HealthChecker/*"}}],
    [{"drop": {"user_agent": ["curl/*", "*bot*", "Mozilla/5.0 (X11*"]}}],
    [{"drop": {"status": "404"}}, {"drop": {"status": ["5xx", "30x"]}}],
    [{"drop": {"verdict": ["ok"], "format": ["nginx", "cloudfront"]}}],
    [{"drop": {"zone": "us"}}, {"drop": {"zone": ["unknown"], "format": "alb*"}}],
    [{"drop": {"path_class": ["login", "api"]}}],
    [{"drop": {"path_class": "other", "status": "2xx", "user_agent": "*"}}],
    [{"sample": "1", "when": {"user_agent": "curl/*"}}, {"drop": {"status": "2xx"}}],  # the first rule decides
    [{"sample": "0"}],
)


def path_class(path):
    return "other" if path is None else "login" if path.startswith("/login") else "api" if path.startswith(("/api/", "/v1/")) else "other"


def holds(condition, wanted, record):
    for value in wanted if isinstance(wanted, list) else [wanted]:
        status, agent = at(record, "http.response.status_code"), at(record, "user_agent.original")
        if (condition == "format" and fnmatch.fnmatchcase(FORMAT_OF[at(record, "log.file.path")], value)
                or condition == "status" and status is not None and all(v in ("x", s) for v, s in zip(value, f"{status:03}"))
                or condition == "verdict" and at(record, "hop.verdict") == value
                or condition == "zone" and (at(record, "residency.zone") or "unknown") == value
                or condition == "path_class" and path_class(at(record, "url.path")) == value
                or condition == "user_agent" and agent is not None and fnmatch.fnmatchcase(agent, value.replace("[", "[[]"))):
            return True
    return False


def is_kept(rules, record):
    for rule in rules:
        conditions = rule.get("drop", rule.get("when", {}))
        if all(holds(name, wanted, record) for name, wanted in conditions.items()):
            return rule.get("sample") == "1"
    return True


FORMAT_OF = {"alb.log": "alb_access", "clb.log": "clb_access", "nginx.log": "nginx", "cloudfront.log": "cloudfront", "waf.log": "waf", "envoy.log": "envoy",
             "vpc_flow.log": "vpc_flow", "checks.log": "alb_access"}


def write_logs(bench):
    for name in FORMATS:
        bench.generate.run(name, "--lines", "700", "--seed", "3", "-o", bench.directory / f"{name}.log")
    bench.write("checks.log", "".join(alb_line(i, agent="ELB-HealthChecker/2.0" if i % 3 else "curl/8.5.0") + "\n" for i in range(300)).encode())
    return sorted(FORMAT_OF)


def configure(bench, rules, head=HEAD):
    bench.write("c.yaml", (head + "filter: " + json.dumps(rules) + "\n").encode())


def test_filters_leave_out_what_they_say(bench):
    logs = write_logs(bench)
    configure(bench, [])
    whole = bench.run("run", *logs, "-c", "c.yaml", "--quiet").out.splitlines(keepends=True)
    records = parse_lines(b"".join(whole))
    for rules in RULES:
        configure(bench, rules)
        expected = [line for line, record in zip(whole, records) if is_kept(rules, record)]
        if rules != RULES[-1]:
            bench.check(0 < len(expected) < len(whole), f"{rules}: leaves out {len(whole) - len(expected)}")
        for workers in ("1", "4"):
            done, summary = bench.counted("run", *logs, "-c", "c.yaml", "-j", workers)
            bench.check(done.out == b"".join(expected), f"{rules} -j {workers}: other records ({done.err[:300]})")
            bench.equal((summary["records"]["written"], summary["skipped_by_reason"].get("filtered", 0)), (len(expected), len(whole) - len(expected)), f"{rules}: sums")
        some = bench.run("run", *logs, "-c", "c.yaml", "--quiet", "-j", "4", "--limit", "150").out
        bench.check(some == b"".join(expected[:150]), f"{rules}: --limit counts what is written")


def test_filters_of_rollups(bench):
    """What is left out counts nowhere."""
    logs = write_logs(bench)
    for rules in (RULES[0], RULES[4]):
        configure(bench, rules)
        done = bench.run("run", *logs, "-c", "c.yaml", "--quiet", "-o", "records", "--rollups", "rollups")
        heat = sum(one["requests"] for one in parse_lines(bench.read("rollups")) if one["kind"] == "heat")
        bench.equal((done.code, heat), (0, bench.read("records").count(b"\n")), f"{rules}: requests of all tiles")


def test_samples_are_the_same_in_every_run(bench):
    bench.write("a.log", alb_lines(20000))
    kept = {}
    for share in ("0.01", "0.1", "0.5"):
        configure(bench, [{"sample": share}], "")
        outputs = {bench.run("run", "a.log", "-c", "c.yaml", "--quiet", "-j", workers, "--read-size", size).out for workers in ("1", "4") for size in ("4K", "256K")}
        bench.equal(len(outputs), 1, f"{share}: whatever workers and read size are")
        kept[share] = {record["event"]["id"] for record in parse_lines(outputs.pop())}
        expected = 20000 * float(share)
        bench.check(abs(len(kept[share]) - expected) < 5 * expected ** 0.5, f"{share}: {len(kept[share])} of 20000")
    bench.check(kept["0.01"] < kept["0.1"] < kept["0.5"], "a small sample is part of a large one")
    bench.check(all(int(text[:16], 16) < 0.1 * 2 ** 64 for text in kept["0.1"]), "by event.id")


def test_filters_that_are_wrong(bench):
    for rules, head, *words in (
            ({"drop": {}}, "", "expected a list"), ([{"drop": {}}], "", "filter rule 1: drop: expected conditions"), ([{"sample": "2"}], "", "from 0 to 1"),
            ([{"drop": {"status": "404"}, "sample": "0.5"}], "", "expected {drop"), ([{"when": {"status": "404"}}], "", "expected {drop"),
            ([{"drop": {"statu": "404"}}], "", "did you mean \"status\""), ([{"drop": {"status": "40"}}], "", "got \"40\""),
            ([{"drop": {"status": "xxx"}}], "", "got \"xxx\""), ([{"drop": {"format": "albs"}}], "", "format"),
            ([{"drop": {"zone": "us"}}], "", "there are none"), ([{"drop": {"zone": "uss"}}], HEAD, "did you mean \"us\""),
            ([{"drop": {"path_class": "login"}}], "", "there are none"), ([{"drop": {"path_class": "logim"}}], HEAD, "did you mean \"login\""),
            ([{"drop": {"verdict": "okay"}}], "", "verdict"), ([{"drop": {"user_agent": []}}], "", "empty list"),
            ([{"sample": "0.5", "whn": {"status": "404"}}], "", "did you mean \"when\"")):
        configure(bench, rules, head)
        bench.write("a.log", alb_lines(1))
        bench.fails(["run", "a.log", "-c", "c.yaml"], 2, "c.yaml:", *words)


def test_filter_of_the_manual(bench):
    """docs/operating.md's example, with the class of paths that it speaks of."""
    shown, = readme_examples.blocks("Records that are not wanted", "docs/operating.md")
    bench.write("c.yaml", shown + 'rate: {path_class: {static: ["/static/*"]}}\n')
    bench.write("a.log", "".join(alb_line(i, agent="ELB-HealthChecker/2.0") + "\n" for i in range(10)).encode())
    bench.equal(bench.counted("run", "a.log", "-c", "c.yaml", "-o", "out")[1]["records"]["skipped"], 10, "records of health checkers")
