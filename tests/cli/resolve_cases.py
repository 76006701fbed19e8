"""`wherefrom resolve`: what a case may look like, what it must not, and the walk in words.

Which verdict a case has is tests/hops' to say; here it is the command around it.
"""
import json
import subprocess

USAGE = 2
LINE_BYTES_MAX = 1 << 20
KEYS = ["ip", "port", "prov", "verdict", "depth", "trust", "claim", "via", "flags"]
ALB = {"type": "alb", "peers": ["10.7.0.0/16"], "carrier": "append"}
EDGE = {"type": "cloudfront", "peers": ["64.252.64.0/18"], "carrier": "append"}
HEADER = {**EDGE, "carrier": "header", "header": "CloudFront-Viewer-Address", "fmt": "lastcolon", "xff": "append"}
CONFIG = """chains:
  web:
    - {type: alb, peers: [10.7.0.0/16], carrier: append, xff_port: true}
    - {type: cloudfront, peers: [64.252.64.0/18], carrier: append, secret: {header: X-Origin-Verify}}
  forwarded: [{type: nginx, peers: [10.7.0.0/16], carrier: append, header: Forwarded}]
geo: [no-such.mmdb]
schema: flat
"""

EXPLAINED = (
    ({"chain": [ALB, EDGE], "peer": "10.7.3.9", "xff": ["45.67.89.10, 23.45.67.89, 64.252.70.1:4433"]}, """\
case 1 (chain of its own): client 23.45.67.89, spoofed-leftmost, trust 2
  1. the log's peer is 10.7.3.9
  2. hop 1 alb: 10.7.3.9 is one of its peers; it appended 64.252.70.1:4433 (believed)
  3. hop 2 cloudfront: 64.252.70.1 is one of its peers; it appended 23.45.67.89 (believed)
  4. what is left of X-Forwarded-For, "45.67.89.10", is the client's own word: spoofed-leftmost
"""),
    ({"chain": "alb", "peer": "10.7.3.9"}, """\
case 1 (chain alb): no client, xff-missing
  1. the log's peer is 10.7.3.9
  2. hop 1 alb: 10.7.3.9 is one of its peers; there is no entry for it: xff-missing; is it set to append, and does the log hold the header?
"""),
    ({"chain": "alb", "peer": "23.45.67.89:99", "peer_mode": "lastcolon", "xff": "45.67.89.10"}, """\
case 1 (chain alb): client 23.45.67.89:99, bypass, trust 3
  1. the log's peer is 23.45.67.89:99
  2. hop 1 alb: 23.45.67.89 is none of its peers: whoever that is came past it
  3. what is left of X-Forwarded-For, "45.67.89.10", is the client's own word: ignored
"""),
    ({"chain": [{**ALB, "carrier": "preserve"}, EDGE], "peer": "10.7.3.9", "xff": "::ffff:23.45.67.89"}, """\
case 1 (chain of its own): client 23.45.67.89, ok-assumed, trust 1
  1. the log's peer is 10.7.3.9
  2. hop 1 alb: 10.7.3.9 is one of its peers; it lets the header through as it came, so that hop 2 cloudfront is assumed to be there: \
it appended 23.45.67.89, written "::ffff:23.45.67.89" (believed)
"""),
    ({"chain": "nlb-pp2", "peer": "10.7.3.9", "pp": [{"src": "10.5.6.7", "sport": 41000, "vpce": "vpce-1"}]}, """\
case 1 (chain nlb-pp2): client 10.5.6.7:41000, ok-privatelink, trust 3
  1. the log's peer is 10.7.3.9
  2. hop 1 nlb: 10.7.3.9 is one of its peers; its PROXY header says 10.5.6.7:41000 of the VPC of "vpce-1" (believed)
"""),
    ({"chain": [ALB, HEADER], "peer": "10.7.3.9", "xff": "9.9.9.9, 64.252.70.1",
      "single": {"cloudfront-VIEWER-address": "2001:4860::8:53"}}, """\
case 1 (chain of its own): client [2001:4860::8]:53, ok, trust 2
  1. the log's peer is 10.7.3.9
  2. hop 1 alb: 10.7.3.9 is one of its peers; it appended 64.252.70.1 (believed)
  3. hop 2 cloudfront: 64.252.70.1 is one of its peers; its cloudfront-viewer-address says [2001:4860::8]:53, written "2001:4860::8:53" (believed)
  4. its entry in X-Forwarded-For says "9.9.9.9" instead: that is not believed, flag carrier-mismatch
"""),
    ({"chain": "ranges", "peer": "10.7.3.9", "xff": "10.1.1.1\x1b[31m\x7f\x85é\r\n" + "x" * 99 + ", 10.2.2.2"}, """\
case 1 (chain ranges): no client, xff-garbled
  1. the log's peer is 10.7.3.9
  2. hop 1 proxy: 10.7.3.9 is one of its peers; it appended 10.2.2.2 (believed)
  3. hop 1 proxy: 10.2.2.2 is one of its peers; it wrote "10.1.1.1?[31m??é??""" + "x" * 44 + """" (cut): \
that is no address, and what is left of it may be forged: xff-garbled; what does it write there?
"""),
    ({"chain": [ALB, {**EDGE, "optional": True}, {"type": "ga", "carrier": "transparent"}, {**ALB, "type": "vpn", "carrier": "none", "as": "behind-vpn"}],
      "peer": "10.7.3.9", "xff": "9.9.9.9, 10.7.0.1"}, """\
case 1 (chain of its own): no client, behind-vpn
  1. the log's peer is 10.7.3.9
  2. hop 1 alb: 10.7.3.9 is one of its peers; it appended 10.7.0.1 (believed)
  3. hop 2 cloudfront: 10.7.0.1 is none of its peers; it is optional, and was not on the way
  4. hop 3 ga: leaves no trace, and the address is still the one of who connected to it
  5. hop 4 vpn: 10.7.0.1 is one of its peers; it hides who connected to it: behind-vpn
  6. what is left of X-Forwarded-For, "9.9.9.9", is the client's own word: not believed
"""),
    ({"chain": [{**ALB, "type": "nginx"}, {**ALB, "peers": ["10.8.0.0/16"]}], "peer": "10.7.3.9", "xff": "9.9.9.9," * 1100 + "10.7.9.9"}, """\
case 1 (chain of its own): no client, hop-unexpected
  1. the log's peer is 10.7.3.9
  2. hop 1 nginx: 10.7.3.9 is one of its peers; it appended 10.7.9.9 (believed)
  3. hop 2 alb: 10.7.9.9 is none of its peers: whoever that is came past it
  4. 10.7.9.9 is an address of your own hops: it came another way than declared, and who is behind it is not known
  5. what is left of X-Forwarded-For, "9.9.9.9", is the client's own word: not believed
  6. only the last 8192 bytes of X-Forwarded-For were looked at
"""),
    ({"chain": "ranges", "peer": "10.7.3.9", "xff": "10.1.1.1"}, """\
case 1 (chain ranges): client 10.1.1.1, all-trusted, trust 1
  1. the log's peer is 10.7.3.9
  2. hop 1 proxy: 10.7.3.9 is one of its peers; it appended 10.1.1.1 (believed)
  3. hop 1 proxy: 10.1.1.1 is one of its peers; there is no entry left: all-trusted, and this is the outermost one of them
"""),
    ({"peer": "9.9.9.9", "xff": "1.1.1.1"}, """\
case 1 (no chain): client 9.9.9.9, ok, trust 1
  1. the log's peer is 9.9.9.9
  2. no chain is declared, so that it is taken for the client; name a chain, or direct when nobody stands in between
  3. headers of proxies are there, and nobody has said what to make of them
"""),
    ({"chain": "direct", "peer": "-"}, """\
case 1 (chain direct): no client, peer-invalid
  1. the log's peer, "-", is no address: there is nothing to begin with
"""),
)


def resolve(bench, cases, *options):
    """(exit code, objects, stderr)"""
    text = "".join((case if isinstance(case, str) else json.dumps(case)) + "\n" for case in cases)
    result = bench.run("resolve", *options, stdin=text.encode())
    return result.code, [json.loads(line) for line in result.out.splitlines()], result.err


def test_cases_and_verdicts(bench):
    cases = [{"chain": [ALB], "peer": "10.7.3.9", "xff": ["<a\u0000\u001b\">, 23.45.67.89:80"], "name": "n", "expect": {}},
             {"chain": [ALB, EDGE, {**ALB, "type": "alb"}], "peer": "10.7.3.9", "xff": "23.45.67.89, 10.7.1.1, 64.252.70.1"},
             {"chain": [{"type": "nlb", "carrier": "transparent"}, {**EDGE, "optional": True}, {**ALB, "optional": True},
                        {"type": "nlb", "carrier": "transparent"}, {"type": "ga", "carrier": "transparent"}], "peer": "23.45.67.89"},
             {"peer": None, "chain": None, "xff": None}, {"peer": "23.45.67.89", "single": None, "pp": None, "secret": None}]
    code, found, errors = resolve(bench, cases)
    bench.equal((code, errors, len(found)), (1, "", len(cases)), "exit code, stderr, lines: one is no case")
    for verdict in found[:3] + found[4:]:
        bench.equal(list(verdict), KEYS, "keys")
    bench.equal(found[0], {"ip": "23.45.67.89", "port": 80, "prov": "xff", "verdict": "claim-garbled", "depth": 1, "trust": 2,
                           "claim": "<a\u0000\u001b\">", "via": "10.7.3.9", "flags": ["base=ok"]}, "a claim with control characters")
    bench.equal((found[1]["verdict"], found[1]["depth"]), ("ok", 3), "three hops")
    bench.equal(found[2]["flags"], ["skipped-alb", "skipped-cloudfront", "via-ga", "via-nlb"], "each type once, in order")
    bench.check("peer" in found[3]["error"], f"a case without a peer: {found[3]}")
    bench.equal((found[4]["verdict"], found[4]["trust"], found[4]["flags"]), ("ok", 1, []), "no chain")
    bench.equal(bench.run("resolve").code, 0, "no cases: exit code")
    without_end = bench.run("resolve", stdin=json.dumps(cases[1]).encode())
    bench.equal((without_end.code, without_end.out.count(b"\n")), (0, 1), "a last line without its end")


def test_lines_that_are_no_case(bench):
    good = {"chain": [ALB], "peer": "10.7.3.9", "xff": "23.45.67.89"}
    for line, words in (
            ('{"peer":', ["column", "not JSON"]),
            ("", ["not JSON"]),
            ("[]", ["a list"]),
            ({**good, "chian": 1}, ['unknown key "chian"', 'did you mean "chain"']),
            ({**good, "xff_gen": "'a'*3"}, ['unknown key "xff_gen"']),
            ({**good, "chain": "nlb-pp"}, ['unknown chain "nlb-pp"', 'did you mean "nlb-pp2"']),
            ({**good, "chain": 7}, ["7"]),
            ({**good, "chain": [{**ALB, "carier": "append"}]}, ["hop 1 (alb)", 'did you mean "carrier"']),
            ({**good, "chain": [{**ALB, "peers": {"file": "/etc/hosts"}}]}, ["hop 1 (alb)", "file"]),
            ({**good, "peer": ["10.7.3.9"]}, ["peer", "a list"]),
            ({**good, "peer_mode": "last"}, ["peer_mode", "xff or lastcolon", '"last"']),
            ({**good, "hdr": "via"}, ["hdr", "forwarded"]),
            ({**good, "xff": {"a": "b"}}, ["xff", "a mapping"]),
            ({**good, "xff": ["a", None]}, ["xff", "nothing"]),
            ({**good, "single": ["a"]}, ["single", "a list"]),
            ({**good, "single": {"a": ["b"]}}, ["single", "a list"]),
            ({**good, "secret": "yes"}, ["secret", "false or true"]),
            ({**good, "pp": {}}, ["pp", "a mapping"]),
            ({**good, "pp": [1]}, ["pp", '"1"']),
            ({**good, "pp": [{"srcc": "1.1.1.1"}]}, ['unknown key "srcc"', 'did you mean "src"']),
            ({**good, "pp": [{"v": 3}]}, ["v: expected 1 or 2"]),
            ({**good, "pp": [{"cmd": "local"}]}, ["cmd: expected LOCAL or PROXY"]),
            ({**good, "pp": [{"sport": 65536}]}, ["sport: expected 0 to 65535"]),
            ({**good, "pp": [{"sport": -1}]}, ["sport"]),
            ({**good, "pp": [{"vpce": 'a"b'}]}, ["vpce"]),
            ("[" * 100, ["JSON"]),
            ('{"peer":"1.1.1.1","name":' + "[" * 40 + "]" * 40 + "}", ["inside one another"]),
            (json.dumps({**good, "name": "x" * LINE_BYTES_MAX}), ["1048576"])):
        code, found, _ = resolve(bench, [good, line, good])
        what = str(line)[:80]
        if bench.equal((code, len(found)), (1, 3), f"{what}: exit code and lines"):
            bench.equal((found[0]["ip"], found[2]["ip"]), ("23.45.67.89", "23.45.67.89"), f"{what}: the cases beside it")
            message = found[1].get("error", "")
            bench.check(list(found[1]) == ["error"] and message.startswith("line 2: "), f"{what}: {found[1]}")
            for word in words:
                bench.check(word in message, f"{what}: {word!r} is not in {message!r}")
    longest = json.dumps({**good, "name": ""})
    longest = longest[:-2] + "x" * (LINE_BYTES_MAX - len(longest)) + longest[-2:]
    bench.equal(resolve(bench, [longest, good])[0], 0, "a line of just as many bytes as it may have")
    names = [{**good, "chain": [{**ALB, "carrier": "none", "as": f"hidden-{number}"}]} for number in range(99)]
    code, found, _ = resolve(bench, names + [good])
    bench.check(code == 1 and "error" in found[98] and "ip" in found[99], "more names of verdicts than there may be")


def test_chains_of_a_config(bench):
    path = bench.write("chains.yaml", CONFIG)
    case = {"peer": "10.7.3.9", "xff": "23.45.67.89, 64.252.70.1:443", "secret": True}
    for case, options, expected in (
            ({**case, "chain": "web"}, [], ("23.45.67.89", "xff", [])),
            (case, ["--chain", "web"], ("23.45.67.89", "xff", [])),
            ({**case, "chain": "alb"}, ["--chain=web"], ("64.252.70.1", "xff", ["base=ok"])),
            ({**case, "secret": False}, ["--chain", "web"], (None, "none", ["claim"])),
            ({"peer": "10.7.3.9", "xff": "for=\"23.45.67.89:80\"", "chain": "forwarded"}, [], ("23.45.67.89", "forwarded", ["quoted"])),
            ({"peer": "10.7.3.9", "xff": "23.45.67.89", "hdr": "xff", "chain": "forwarded"}, [], ("23.45.67.89", "xff", [])),
            ({"peer": "23.45.67.89"}, [], ("23.45.67.89", "peer", []))):
        code, found, errors = resolve(bench, [case], "-c", path, *options)
        bench.equal((code, errors), (0, ""), f"{options} {case}: exit code, stderr")
        bench.equal(tuple(found[0][key] for key in ("ip", "prov", "flags")), expected, f"{options} {case}")
    bench.fails(["resolve", "--chain", "rnages"], USAGE, 'unknown chain "rnages"', 'did you mean "ranges"')
    bench.fails(["resolve", "-c", path, "--chain", "wbe"], USAGE, 'did you mean "web"')
    bench.fails(["resolve", "-c", "missing.yaml"], USAGE, "missing.yaml")
    bench.write("bad.yaml", "chains: {web: [{type: alb, carrier: append}]}\n")
    bench.fails(["resolve", "-c", "bad.yaml"], USAGE, "bad.yaml:1:", "peers")
    bench.fails(["resolve", "cases.ndjson"], USAGE, "cases.ndjson", "stdin")
    bench.fails(["resolve", "--schema", "flat"], USAGE, "--schema")
    bench.fails(["resolve", "--explian"], USAGE, 'did you mean "--explain"')
    bench.fails(["resolve", "--chain"], USAGE, "--chain")
    text = bench.run("resolve", "--help")
    bench.check(text.code == 0 and b"usage: wherefrom resolve" in text.out and b"--explain" in text.out, f"--help: {text.out[:200]}")


def test_explain(bench):
    for case, expected in EXPLAINED:
        result = bench.run("resolve", "--explain", stdin=json.dumps(case).encode())
        bench.equal((result.code, result.err), (0, ""), f"{case}: exit code, stderr")
        found = result.out.decode()
        if not bench.check(found == expected, f"{str(case)[:100]}: in words"):
            lines = [line for line in found.splitlines() if line not in expected.splitlines()]
            bench.report.details.append(f"found {lines}")
    result = bench.run("resolve", "--explain", stdin=b"{}\n" + json.dumps(EXPLAINED[1][0]).encode())
    bench.check(result.code == 1 and result.out.startswith(b"line 1: ") and b"\ncase 2 (" in result.out, f"a line that is no case: {result.out!r}")


def test_answers_before_the_input_ends(bench):
    with bench.program.start("resolve", stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        for number in range(3):
            process.stdin.write(json.dumps({"peer": f"23.45.67.{number}"}).encode() + b"\n")
            process.stdin.flush()
            bench.equal(json.loads(process.stdout.readline())["ip"], f"23.45.67.{number}", "the answer to what was asked so far")
        process.stdin.close()
        bench.equal(process.wait(60), 0, "exit code")
    cases = (json.dumps({"peer": "23.45.67.89"}) + "\n").encode() * 100000
    path = bench.write("cases.ndjson", cases)
    with open(path, "rb") as stdin, bench.program.start("resolve", stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.stdout.close()
        bench.equal((process.stderr.read(), process.wait(60)), (b"", 0), "a reader that has seen enough")
    with open(path, "rb") as stdin, open("/dev/full", "wb") as full:
        with bench.program.start("resolve", stdin=stdin, stdout=full, stderr=subprocess.PIPE) as process:
            message = process.stderr.read()
            bench.check(process.wait(60) == 1 and b"stdout" in message, f"a full disk: {message!r}")
