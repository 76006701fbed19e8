"""`wherefrom check`, and what `run` does with a config that check would refuse.

Threads: one; some groups start the program beside it.
"""
import fcntl
import gzip
import json
import os
import pathlib
import socket
import struct
import subprocess
import time

from black_box import alb_lines

DATABASES = pathlib.Path(__file__).resolve().parent.parent / "databases"

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


def built(bench, name, days, kind="country"):
    """A database that says that it was built so many days ago."""
    content = (DATABASES / f"{kind}.mmdb").read_bytes()
    key = content.rindex(b"build_epoch") + len(b"build_epoch")
    bytes_count, kind_of_number = content[key] & 0x1F, content[key + 1]
    assert content[key] >> 5 == 0 and kind_of_number == 2  # an extended type, 64 bits without a sign
    epoch = int(time.time()) - days * 86400
    bench.write(name, content[:key] + b"\x08\x02" + struct.pack(">Q", epoch) + content[key + 2 + bytes_count:])
    return name


def checked(bench, code, *arguments):
    """Lines of a check that ends with that code."""
    result = bench.run("check", *arguments)
    bench.equal(result.code, code, f"check {arguments}: exit code ({result.err[:200]}{result.out[:400]})")
    return [line for line in result.out.decode().splitlines() if not line.startswith("memory: ")]  # test_check_of_memory looks at that


def test_check_of_a_good_config(bench):
    prepare(bench)
    bench.write("conf/good.yaml", GOOD.replace("cloudfront.txt", "../cloudfront.txt").replace("lists/", "../lists/"))
    lines = checked(bench, 0, "-c", "conf/good.yaml", "--geo", built(bench, "fresh.mmdb", 1), "--format", "alb_access")  # lists are found from where the config is
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
        ("error: input missing.log: No such file", "; name a file"),
        ("error: geo: missing.mmdb", "; name a MaxMind"),
        ("error: --fields", "none"),
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
    bench.write("password", "geheim\n").chmod(0o600)
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


def findings(bench, code, *arguments, **settings):
    """What --json says, as {(level, subject, place): "message; next"}; its sums add up, and lines say the same."""
    result = bench.run("check", "--json", *arguments, **settings)
    bench.equal(result.code, code, f"check --json {arguments}: exit code ({result.err[:200]}{result.out[:400]})")
    said = json.loads(result.out)
    levels = [finding["level"] for finding in said["findings"]]
    bench.equal((said["errors"], said["warnings"]), (levels.count("error"), levels.count("warning")), "the sums")
    bench.check(all(finding["place"] and finding["message"] and finding["next"] for finding in said["findings"]), f"each has a place and a next step: {said}")
    lines = bench.run("check", *arguments, **settings).out.decode()
    bench.check(all(finding["message"] in lines for finding in said["findings"]) and all(fact in lines for fact in said["facts"]), f"lines: {lines}, JSON: {said}")
    return {(finding["level"], finding["subject"], finding["place"]): f"{finding['message']}; {finding['next']}" for finding in said["findings"]}


def expect(bench, found, *expected):
    """`expected`: level, subject, place, and words of the sentence."""
    bench.equal(sorted(key for key in found if key[0] != "info"), sorted(row[:3] for row in expected if row[0] != "info"), f"findings: {found}")
    for level, subject, place, *words in expected:
        text = found.get((level, subject, place), "")
        for word in words:
            bench.check(word in text, f"{subject} {place}: {word!r} is not in {text!r}")


def everything(directory):
    return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in directory.rglob("*"))


def test_check_json(bench):
    """One object, whatever is wrong; places are those of the config."""
    prepare(bench)
    bench.write("bad.yaml", BAD)
    found = findings(bench, 1, "-c", "bad.yaml", "--geo", "missing.mmdb")
    bench.equal(sorted(key[1:] for key in found if key[1] != "chains"), [("database", "missing.mmdb"), ("inputs", "missing.log")], "not of chains")
    bench.check("already inside" in found[("error", "chains", "bad.yaml:2:42")], "a chain's place")
    for content, place in (("limt: 3\n", "bad.yaml:1:1"), ("chains: {a: [}\n", "bad.yaml:1:14")):
        bench.write("bad.yaml", content)
        bench.equal(list(findings(bench, 1, "-c", "bad.yaml")), [("error", "config", place)], content)
    bench.equal(list(findings(bench, 1, "-c", "missing.yaml")), [("error", "config", "missing.yaml")], "no config")
    bench.fails(["check", "--json", "--chian", "x"], USAGE, "--chian")
    text = bench.run("check", "--help").out
    for word in (b"--json", b'"findings"', b'"next"', b"mapping", b"--state DIR"):
        bench.check(word in text, f"check --help says nothing of {word}")
    said = json.loads(bench.run("check", "--json", "a.log", "--no-geo", "--chain", "alb").out)
    bench.equal((said["errors"], said["warnings"], said["facts"][0]), (0, 0, "--chain: alb for all records"), "a good one")


def test_check_of_inputs(bench):
    """What a run would stumble over or pass by, each for itself."""
    (bench.directory / "empty").mkdir()
    bench.write("logs/a.log", alb_lines(1))
    bench.write("logs/nothing.log", "")
    bench.write("logs/b.part", "x")
    os.symlink("/etc/passwd", bench.directory / "logs/out")
    os.mkfifo(bench.directory / "logs/fifo")
    found = findings(bench, 1, "empty", "logs", "missing", "s3://b/k", "no*match", "--no-geo")
    expect(bench, found, ("warning", "inputs", "empty", "no file in it"), ("error", "inputs", "missing", "No such file"), ("error", "inputs", "s3://b/k", "aws s3 sync"),
           ("error", "inputs", "no*match", "matches nothing"), ("warning", "inputs", "logs"))
    lines = bench.run("check", "logs", "--no-geo").out.decode()
    for words in ("1 of 2 files are empty", "no object names of AWS", "1 symbolic links", "1 files end in .tmp or .part", "1 FIFOs"):
        bench.check(words in lines, f"{words!r} is not in {lines}")
    bench.check("no object names" not in bench.run("check", "logs", "--no-geo", "-f", "alb_access").out.decode(), "with a format names do not matter")
    expect(bench, findings(bench, 0, "later", "--follow", "--no-geo"), ("warning", "inputs", "later", "as soon as it is"))
    expect(bench, findings(bench, 1, "no/later", "--follow", "--no-geo"), ("error", "inputs", "no/later", "No such file"))
    expect(bench, findings(bench, 1, "logs/a.log", "logs/a.log", "--no-geo"), ("error", "inputs", "INPUT", "same origin name"))
    expect(bench, findings(bench, 1, "logs/a.log", "-o", "logs/a.log", "--no-geo"), ("error", "output", "output", "is also an input"))


def test_check_of_what_is_written(bench):
    """Nothing that a run would need is missing, and the check changes nothing. Root may write anywhere, so the program runs as nobody."""
    program = bench.write("wherefrom", open(bench.program.path, "rb").read())
    program.chmod(0o755)
    for name, mode in (("mine", 0o777), ("locked", 0o555)):
        (bench.directory / name).mkdir()
        (bench.directory / name).chmod(mode)
    bench.directory.chmod(0o755)
    bench.write("a.log", alb_lines(1))
    bench.write("mine/fixed", "x").chmod(0o444)
    user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}

    def said(*arguments):
        done = subprocess.run([program, "check", "--json", "a.log", "-f", "alb_access", "--no-geo", *arguments], cwd=bench.directory, capture_output=True, timeout=60, check=False, **user)
        return {(finding["level"], finding["subject"], finding["place"]): finding["message"] for finding in json.loads(done.stdout)["findings"]}

    before = everything(bench.directory)
    bench.equal(said("-o", "mine/out", "--rejects", "mine/rejects", "--summary", "mine/summary", "--state", "mine/state"), {}, "where all can be made")
    found = said("-o", "locked/out", "--rejects", "no/rejects", "--summary", "mine/fixed", "--rollups", "mine", "--state", "locked/state")
    for key, word in ((("error", "output", "locked/out"), "Permission denied"), (("error", "rejects", "no/rejects"), "No such file"),
                      (("error", "summary", "mine/fixed"), "cannot be written"), (("error", "rollups", "mine"), "is a directory"), (("error", "state", "locked/state"), "Permission denied")):
        bench.check(word in found.pop(key, ""), f"{key}: {word}")
    bench.equal(found, {}, "nothing else")
    bench.check("Not a directory" in said("--state", "a.log", "-o", "mine/out").get(("error", "state", "a.log"), ""), "a state that is a file")
    bench.check("stdout" in said("--state", "mine/state").get(("error", "state", "mine/state"), ""), "a state and stdout")
    bench.equal(everything(bench.directory), before, "the check changed nothing")


def test_check_of_a_state(bench):
    """What is in it is read, whoever holds it is seen, and neither lock nor file is touched."""
    bench.write("a.log", alb_lines(5))
    arguments = ("a.log", "-f", "alb_access", "--no-geo", "-o", "out", "--state", "state")
    bench.equal(bench.run("run", *arguments).code, 0, "a run")
    before = everything(bench.directory)
    bench.check("state state: a checkpoint of 1 files; a run goes on from there" in checked(bench, 0, *arguments), "the checkpoint")
    expect(bench, findings(bench, 1, *arguments, "--schema", "flat"), ("error", "state", "state", "--schema"))
    held = os.open(bench.directory / "state", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    expect(bench, findings(bench, 0, *arguments), ("warning", "state", "state", "a run is using it"))
    os.close(held)
    expect(bench, findings(bench, 0, *arguments))
    bench.equal(everything(bench.directory), before, "nothing is changed")
    checkpoint = bench.directory / "state/checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes() + b"length output 1")
    torn = everything(bench.directory)
    expect(bench, findings(bench, 0, *arguments), ("warning", "state", "state", "15 bytes", "not whole"))
    bench.equal(everything(bench.directory), torn, "what is torn stays")
    checkpoint.write_bytes(b"nonsense\n")
    expect(bench, findings(bench, 1, *arguments), ("error", "state", "state", "checkpoint"))


def test_check_of_databases(bench):
    """Each for itself: its age, whether it is one, and whether anybody knows countries."""
    expect(bench, findings(bench, 0, "--geo", built(bench, "24.mmdb", 24)))
    expect(bench, findings(bench, 0, "--geo", built(bench, "25.mmdb", 25), "--geo", built(bench, "1.mmdb", 1)), ("warning", "database", "25.mmdb", "25 days ago", "newer"))
    said = bench.run("run", bench.write("one.log", alb_lines(1)), "--geo", "24.mmdb", "--geo", "25.mmdb", "-o", "out").err
    bench.equal([("take a newer one" in line) for line in said.splitlines() if " database " in line], [False, True], f"the summary says which one is old: {said}")
    expect(bench, findings(bench, 0, "--geo", built(bench, "asn.mmdb", 1, "asn")), ("warning", "database", "asn.mmdb", "none of the databases knows countries"))
    expect(bench, findings(bench, 0, "--geo", built(bench, "asn.mmdb", 1, "asn"), "--geo", "1.mmdb"))
    expect(bench, findings(bench, 0, "--geo", built(bench, "later.mmdb", -9)), ("warning", "database", "later.mmdb", "clock"))
    bench.write("none.mmdb", b"nothing")
    expect(bench, findings(bench, 1, "--geo", "none.mmdb", "--geo", "missing.mmdb", "--geo", "25.mmdb", "-o", "opensearch+http://127.0.0.1:1/x", "--rejects", "r"),
           ("error", "database", "none.mmdb", "not a MaxMind DB"), ("error", "database", "missing.mmdb", "No such file"), ("warning", "database", "25.mmdb"),
           ("error", "opensearch", "http://127.0.0.1:1"))  # it ended with a signal once


def test_check_of_addresses(bench):
    """Whoever listens there already is no reason to wait for the start of the run."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        at = f"127.0.0.1:{taken.getsockname()[1]}"
        expect(bench, findings(bench, 1, "--no-geo", "--metrics", at, f"tcp://{at}?proxy=off"),
               ("error", "metrics", at, "Address already in use", "another address"), ("error", "inputs", at, "Address already in use"))
    expect(bench, findings(bench, 0, "--no-geo", "--metrics", at, f"tcp://{at}?proxy=off"))
    expect(bench, findings(bench, 1, "--no-geo", "--metrics", "203.0.113.1:9464"), ("error", "metrics", "203.0.113.1:9464", "of this machine"))
    expect(bench, findings(bench, 1, "--no-geo", "--metrics", "x"), ("error", "metrics", "--metrics", "expected PORT"))


def test_check_of_memory(bench):
    """The parts are all of --memory-max, whoever shares it; and a run stays below that."""
    bench.write("rate.yaml", "rate: {}\n")
    for size, mebibytes in (("128M", 128), ("1G", 1024), ("5G", 5120)):
        for arguments, parts in ((["a.log"], []), (["a.log", "--rollups", "r"], ["rollups"]), (["a.log", "--rollups", "r", "-c", "rate.yaml"], ["rates", "rollups"]),
                                 (["tcp://127.0.0.1:0"], ["fetched", "unpacked"]), (["tcp://127.0.0.1:0", "--rollups", "r", "-c", "rate.yaml"], ["fetched", "rates", "rollups", "unpacked"])):
            said = json.loads(bench.run("check", "--json", *arguments, "--no-geo", "--memory-max", size).out)["memory"]
            bench.equal((said.pop("max"), said.pop("databases")), (mebibytes << 20, 0), "what is allowed, and no databases")
            bench.equal((sorted(set(said) - {"batches", "rest"}), sum(said.values()), min(said.values()) > 0), (parts, mebibytes << 20, True), f"{arguments}, {size}: {said}")
    said = json.loads(bench.run("check", "--json", "--geo", built(bench, "geo.mmdb", 1)).out)
    bench.equal(said["memory"]["databases"], (bench.directory / "geo.mmdb").stat().st_size, "a copy of a database")
    bench.check(any(fact.startswith("memory: 1024.0 MiB: batches 768.0, rest 256.0; beside it databases ") for fact in said["facts"]), f"as a line: {said['facts']}")
    lines = alb_lines(20000)
    for i in range(8):
        bench.write(f"logs/{i}.log", lines)
        (bench.directory / f"logs/{i}.packed").write_bytes(gzip.compress(lines, 1))
    with open(bench.directory / "messages", "wb") as messages:
        process = subprocess.Popen([bench.program.path, "run", "logs", "--no-geo", "-j", "16", "--memory-max", "128M", "-o", "out", "--keep-original"], cwd=bench.directory, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    bench.equal(process.returncode, 0, "a run with little memory")
    bench.check(usage.ru_maxrss << 10 <= 128 << 20, f"{usage.ru_maxrss >> 10} MiB were resident of --memory-max 128M")


KEYS = """\
no_geo: true
output: {opensearch: {url: 'https://127.0.0.1:1', data_stream: x, user: u, password_file: password, certificate: pem, key: pem}}
rejects: r
librdkafka: {ssl.key.password_file: password}
inputs: [{kafka: {brokers: ['127.0.0.1:1'], topics: [t], librdkafka: {sasl.password_file: password}}}]
residency:
  zones: {eea: ["@eea"], other: ["*"]}
  lists: [eu-eea-2026-02.list]
  places: {eu: [eu-central-1, eu-west-1]}
  rules: [{zone: eea, allow: [eu]}]
  privacy: {key_file: key, eea: {ip: hmac}}
"""


def test_check_of_secrets(bench):
    """Files of secrets that all can read are told of, by their place; what is in them never shows."""
    for name, content in (("password", "open-sesame\n"), ("key", "0123456789abcdef-key\n"), ("pem", "open-sesame\n")):
        bench.write(name, content).chmod(0o644)
    bench.write("keys.yaml", KEYS)
    result = bench.run("check", "--json", "-c", "keys.yaml", timeout=60)
    said = [(finding["place"], finding["message"]) for finding in json.loads(result.out)["findings"] if "everybody" in finding["message"]]
    bench.equal(sorted({":".join(place.split(":")[:2]) for place, _ in said}), ["command line", "keys.yaml:11", "keys.yaml:2", "keys.yaml:5"], f"the places: {said}")
    bench.equal(sum(message.startswith("output: opensearch: key: everybody") for _, message in said), 1, "a private key, too")
    bench.check(all("0644" in message for _, message in said), f"their mode: {said}")
    for shown in (result.out, result.err.encode(), bench.run("check", "-c", "keys.yaml", timeout=60).out):
        bench.check(b"open-sesame" not in shown and b"0123456789abcdef-key" not in shown, f"a secret is shown: {shown[:300]}")
    for name in ("password", "key", "pem"):
        (bench.directory / name).chmod(0o640)
    bench.check(b"everybody" not in bench.run("check", "-c", "keys.yaml", timeout=60).out, "a group's are its own matter")
    (bench.directory / "password").unlink()
    bench.check(b"keys.yaml:2:" in bench.run("check", "-c", "keys.yaml", timeout=60).out, "one that is not there")
