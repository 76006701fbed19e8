"""`wherefrom check`, and what `run` does with a config that check would refuse.

Threads: one.
"""
import json

from black_box import alb_lines

USAGE = 2

GOOD = """\
chains:
  web:
  - {type: alb, peers: [10.0.0.0/16, "fd00:ec2::/32"], carrier: append, xff_port: false}
  - {type: cloudfront, peers: [file: cloudfront.txt, {aws: EDGE, file: lists/ip-ranges.json}], carrier: append, optional: true}
  edge: {preset: alb+cloudfront, peers: {cloudfront: [192.0.2.0/24]}}
select:
- {elb: "app/web-*", chain: web}
- {format: nginx, chain: edge}
- {chain: direct}
inputs: [{path: a.log, chain: web}]
"""

BAD = """\
chains:
  web: [{type: alb, peers: [10.0.0.0/16, 10.0.1.0/24], carrier: append}]
  edge: [{type: alb, peers: ["::ffff:0.0.0.0/90"], carrier: appendd}]
  kept: [{type: alb, peers: 10.0.0.0/16, carrier: preserve}]
  none: [{type: nlb, peers: [0.0.0.0/0, "::/0"], carrier: none}]
  late: [{type: nlb, peers: 10.0.0.0/8, carrier: none}, {type: alb, peers: 10.0.0.0/8, carrier: append}]
  front: alb+cloudfront
select:
- {elb: "app/*", chain: web}
- {elb: "app/web-*", chain: edge}
- {format: ngnix, chain: webb}
inputs: [{path: missing.log}]
"""


def prepare(bench):
    networks = {"prefixes": [{"ip_prefix": "198.51.100.0/24", "region": "GLOBAL", "service": "EDGE", "network_border_group": "GLOBAL"}],
                "ipv6_prefixes": [{"ipv6_prefix": "2001:db8::/32", "region": "GLOBAL", "service": "EDGE", "network_border_group": "GLOBAL"}]}
    bench.write("a.log", alb_lines(3))
    bench.write("cloudfront.txt", "# edges\n192.0.2.0/24\n")
    bench.write("lists/ip-ranges.json", json.dumps(networks))


def checked(bench, code, *arguments):
    """Lines of a check that ends with that code."""
    result = bench.run("check", *arguments)
    bench.equal(result.code, code, f"check {arguments}: exit code ({result.err[:200]}{result.out[:400]})")
    return result.out.decode().splitlines()


def test_check_of_a_good_config(bench):
    prepare(bench)
    bench.write("conf/good.yaml", GOOD.replace("cloudfront.txt", "../cloudfront.txt").replace("lists/", "../lists/"))
    lines = checked(bench, 0, "-c", "conf/good.yaml")  # lists are found from where the config is
    bench.equal(lines[:4], ["chain web: 2 hops: alb (append), cloudfront (append, optional)", "chain edge: 2 hops: alb (append), cloudfront (append)",
                            "select: 2 rules", "select: direct for all other records"], "what was found")
    bench.check(lines[4].startswith("database ") and ", built 20" in lines[4], f"a database and its date: {lines[4:]}")
    bench.equal(lines[-1], "0 errors, 0 warnings", "the last line")
    records = bench.run("run", "-c", "conf/good.yaml", "--quiet")
    bench.equal((records.code, records.err, records.out.count(b"\n")), (0, "", 3), "a run with it")


def test_check_says_all_that_is_wrong(bench):
    prepare(bench)
    bench.write("bad.yaml", BAD)
    lines = checked(bench, 1, "-c", "bad.yaml", "--geo", "missing.mmdb", "--fields", "none", "--chain", "edgy")
    expected = [
        ("bad.yaml:2:42: error: chains.web hop 1 (alb): peers: 10.0.1.0/24 is already inside 10.0.0.0/16",),
        ("bad.yaml:3:61: error: chains.edge hop 1 (alb): ", 'did you mean "append"'),
        ("bad.yaml:4:10: error: chains.kept: can never resolve",),
        ("bad.yaml:5:10: error: chains.none: can never resolve", "hides every client"),
        ("bad.yaml:6:57: error: chains.late: hop 2 is never reached",),
        ("bad.yaml:7:10: error: chains.front: ", "{preset: alb+cloudfront, peers: {cloudfront: [{aws: CLOUDFRONT_ORIGIN_FACING, file: ip-ranges.json}]}}"),
        ("bad.yaml:10:3: error: select rule 2: never matches: rule 1",),
        ("bad.yaml:11:12: error: select rule 3: ", 'unknown format "ngnix", did you mean "nginx"?'),
        ("bad.yaml:11:26: error: select rule 3: ", 'unknown chain "webb", did you mean "web"?'),
        ("error: --chain: ", 'unknown chain "edgy", did you mean "edge"?'),
        ("error: geo: missing.mmdb",),
        ("error: --fields", "none"),
        ("error: ", "missing.log"),
    ]
    bench.equal(len(lines), len(expected) + 1, f"lines: {lines}")
    for line, words in zip(lines, expected):
        bench.check(line.startswith(words[0]) and words[-1] in line, f"expected {words}, found {line}")
    bench.equal(lines[-1], "13 errors, 0 warnings", "the last line")
    bench.fails(["run", "-c", "bad.yaml", "a.log", "-o", "out.ndjson"], USAGE, "config: bad.yaml:2:42: chains.web hop 1", "bad.yaml:11:26")
    bench.check(not (bench.directory / "out.ndjson").exists(), "a refused run made its output file")


def test_check_of_other_mistakes(bench):
    prepare(bench)
    bench.write("mapped.yaml", 'chains: {web: [{type: alb, peers: ["::ffff:10.0.0.0/90"], carrier: append}]}\n')
    lines = checked(bench, 1, "-c", "mapped.yaml")
    bench.check("mapped.yaml:1:36: error: " in lines[0] and "mapped network shorter than /96" in lines[0], f"a mapped network: {lines}")
    for content, line in (("limt: 3\n", 'bad.yaml:1:1: error: unknown key "limt", did you mean "limit"?'),
                          ("chains: {a: [}\n", "bad.yaml:1:14: error: did not find expected node content while parsing a flow node"),
                          ("chains: &a {}\n", "bad.yaml:1:9: error: anchors are not supported; write the plain value")):
        bench.write("bad.yaml", content)
        bench.equal(checked(bench, 1, "-c", "bad.yaml"), [line, "1 error, 0 warnings"], content)
    bench.equal(checked(bench, 1, "-c", "missing.yaml")[0], "missing.yaml: error: No such file or directory", "no config")
    bench.write("unused.yaml", "chains: {web: alb}\nno_geo: true\n")
    bench.equal(checked(bench, 0, "-c", "unused.yaml"), [
        "unused.yaml:1:15: warning: chains.web: is not used: no rule of select, no input and no --chain names it",
        "chain web: 1 hop: alb (append)", "0 errors, 1 warning"], "a warning")
    run = bench.run("run", "-c", "unused.yaml", "a.log")
    bench.check(run.code == 0 and "warning: config: unused.yaml:1:15: chains.web: is not used" in run.err, f"a run says it, too: {run.err[:300]}")
    bench.equal(checked(bench, 0, "--chain", "count:2", "--no-geo"), ["--chain: count:2 for all records", "0 errors, 0 warnings"], "no config at all")
    bench.equal(checked(bench, 1, "--no-geo", "-o", "a.ndjson", "--rejects", "a.ndjson")[-1], "1 error, 0 warnings", "outputs that are one")
    bench.check(not (bench.directory / "a.ndjson").exists(), "a check made an output file")
    for arguments, words in ((["--chian", "x"], ["--chian", "--chain"]), (["--chain"], ["--chain"]), (["-j", "x"], ["--workers"])):
        bench.fails(["check", *arguments], USAGE, *words)
    text = bench.run("check", "--help")
    bench.check(text.code == 0 and b"alb+cloudfront" in text.out and b"count:N" in text.out and b"--chain NAME" in text.out, "check --help")
    bench.fails(["run", "--chain", "albb", "a.log"], USAGE, "--chain: unknown chain", 'did you mean "alb"')


def test_check_of_an_opensearch_output(bench):
    """All that is wrong at once, each with its place; and what is made of a good one."""
    bench.write("password", "geheim\n")
    bench.write("good.yaml", "no_geo: true\nrejects: r\noutput: {opensearch: {url: 'https://127.0.0.1:1', index: 'logs-{yyyy.MM.dd}', user: u, password_file: password, gzip: true}}\n")
    said = checked(bench, 1, "-c", "good.yaml")
    bench.equal((said[0], said[2:]), ("output https://127.0.0.1:1: index logs-{yyyy.MM.dd}, user u, gzip", ["1 error, 0 warnings"]), "nobody listens there")
    bench.check(said[1].startswith("error: opensearch: https://127.0.0.1:1: ") and "would wait" in said[1], said[1])
    bench.write("bad.yaml", "no_geo: true\noutput:\n  opensearch:\n    url: https://u:geheim@h\n    data_stream: logs\n    pasword: geheim\n    gzip: perhaps\n    ca: missing.pem\n")
    lines = checked(bench, 1, "-c", "bad.yaml")
    expected = [
        ("bad.yaml:6:5: error: output: opensearch: ", 'unknown key "pasword"'),
        ("bad.yaml:4:10: error: output: opensearch: url: ", "under user"),
        ("bad.yaml:8:9: error: output: opensearch: ca: ", '"missing.pem": No such file'),
        ("bad.yaml:7:11: error: output: opensearch: gzip: ", '"perhaps"'),
        ("warning: documents that OpenSearch refuses will only be counted", "--rejects FILE"),
        ("4 errors, 1 warning", ""),
    ]
    bench.equal(len(lines), len(expected), f"lines: {lines}")
    for line, words in zip(lines, expected):
        bench.check(line.startswith(words[0]) and words[-1] in line and "geheim" not in line, f"expected {words}, found {line}")
