"""What is typed: commands, options, config files, and the messages for what is wrong with them.

A usage error is exit code 2, one message on stderr that names the thing and says what to do, and nothing on stdout.
"""
import json
import re

from black_box import alb_lines, at, parse_lines

USAGE = 2


def test_no_command_and_help(bench):
    bench.fails([], USAGE, "usage:", "wherefrom run")
    for arguments in (["--help"], ["-h"], ["help"]):
        result = bench.run(*arguments)
        bench.equal(result.code, 0, f"{arguments}: exit code")
        bench.check(b"wherefrom run" in result.out and result.err == "", f"{arguments}: help goes to stdout: {result.err}")
    for arguments in (["run", "--help"], ["run", "-h"], ["run", "--no-such", "--help"], ["formats", "--help"], ["resolve", "--help"], ["version", "--help"]):
        result = bench.run(*arguments)
        bench.check(result.code == 0 and b"usage: wherefrom " in result.out, f"{arguments}: code {result.code}, {result.out[:80]!r}")
    text = bench.run("run", "--help").out.decode()
    for option in ("--config", "--format", "--output", "--schema", "--geo", "--no-geo", "--workers", "--rejects", "--summary", "--quiet",
                   "--log-format", "--limit", "--since", "--until", "--fields", "--append", "--dry-run", "--keep-original", "--origin"):
        bench.check(option in text, f"run --help does not name {option}")
    bench.check(max(map(len, text.splitlines())) <= 120, "run --help has lines of more than 120 characters")


def test_version(bench):
    for name in ("version", "--version"):
        result = bench.run(name)
        bench.check(result.code == 0 and result.out.startswith(b"wherefrom ") and result.err == "", f"{name}: {result.code} {result.out!r}")
    bench.fails(["version", "more"], USAGE, "usage")


def test_unknown_command_and_option(bench):
    bench.fails(["rum"], USAGE, 'unknown command "rum"', 'did you mean "run"')
    bench.fails(["formast"], USAGE, 'did you mean "formats"')
    bench.fails(["xyzzy"], USAGE, 'unknown command "xyzzy"', "--help")
    bench.fails(["run", "--ouptut", "x"], USAGE, "unknown option", "--ouptut", 'did you mean "--output"')
    bench.fails(["run", "--keep-orignal"], USAGE, 'did you mean "--keep-original"')
    bench.fails(["run", "--zzzzzzzzzz"], USAGE, "unknown option", "--help")
    bench.fails(["run", "-Z"], USAGE, "unknown option", "-Z")
    bench.fails(["run", "--outp", "x"], USAGE, "unknown option", "--output")  # no abbreviations: they break scripts later
    bench.fails(["formats", "--jsno"], USAGE, "unexpected --jsno")


def test_values_that_are_none(bench):
    log = bench.write("a.log", alb_lines(1))
    for arguments, words in (
            (["--output"], ["--output", "nothing"]),
            (["--output", "--quiet"], ["--output", "--quiet"]),
            (["--quiet=yes"], ["--quiet", "no value"]),
            (["-j", "x"], ["--workers", '"x"']),
            (["-j", "-1"], ["--workers"]),
            (["-j", "65"], ["--workers", "64"]),
            (["-j", "010"], ["--workers"]),
            (["-j", "18446744073709551617"], ["--workers"]),
            (["--limit", "1.5"], ["--limit"]),
            (["--read-size", "0"], ["--read-size"]),
            (["--read-size", "1G"], ["--read-size"]),
            (["--read-size", "4Q"], ["--read-size"]),
            (["--since", "yesterday"], ["--since", "2025-12-01"]),
            (["--since", "2026-02-30"], ["--since"]),
            (["--until", "2026-03-01T25:00"], ["--until"]),
            (["--schema", "esc"], ["--schema", 'did you mean "ecs"']),
            (["--format", "alb_acess"], ["alb_acess", "did you mean alb_access", "wherefrom formats"]),
            (["--format", "vpc_flow:start srcadr"], ["srcadr", "names of two or more columns", "formats vpc_flow"]),
            (["--format", "vpc_flow:"], ["names of two or more columns"]),
            (["--format", "alb_access:type time"], ["order of this format's columns is fixed"]),
            (["--format", ""], ["--format"]),
            (["--fields", "user_agent"], ["user_agent", "+PATH", "-PATH"]),
            (["--fields", "-no.such.field"], ["-no.such.field", "no such field"]),
            (["--fields", "-http.requ"], ["-http.requ"]),
            (["--fields", "+"], ["--fields"]),
            (["--log-format", "yaml"], ["--log-format", "text", "json"]),
            (["--progress", "maybe"], ["--progress", "auto"]),
            (["--no-geo", "--geo", "x.mmdb"], ["--no-geo", "--geo"]),
            (["-o", "x.json", "--rejects", "x.json"], ["x.json", "same"]),
            (["-o", "https://localhost:9200/logs"], ["https://localhost:9200/logs", "opensearch+http[s]://HOST"])):
        bench.fails(["run", log, *arguments], USAGE, *words)
    bench.check(not (bench.directory / "x.json").exists(), "a refused run made its output file")


def test_odd_but_right_ways_to_give_options(bench):
    bench.write("-dash.log", alb_lines(2))
    bench.write("a.log", alb_lines(3))
    for arguments in (["run", "a.log", "-j2", "--schema=ecs"], ["run", "-j", "2", "--quiet", "a.log"], ["run", "--", "a.log"], ["run", "a.log", "-f", "auto"]):
        result = bench.run(*arguments)
        bench.check(result.code == 0 and result.out.count(b"\n") == 3, f"{arguments}: {result.code}, {result.err[:200]}")
    result = bench.run("run", "--", "-dash.log")
    bench.check(result.code == 0 and result.out.count(b"\n") == 2, f"a file called -dash.log behind --: {result.err[:200]}")


def test_formats(bench):
    columns = {"alb_access": 34, "nlb_access": 22, "clb_access": 15, "alb_connection": 15, "alb_health_check": 10,
               "vpc_flow": 54, "tgw_flow": 36, "ga_flow": 24}
    text = bench.run("formats")
    bench.equal(text.code, 0, "formats: exit code")
    for name in columns:
        bench.check(name in text.out.decode(), f"formats does not list {name}")
        one = bench.run("formats", name)
        bench.check(one.code == 0 and re.search(rb" (elb|srcaddr|client_ip) ", one.out), f"formats {name}: {one.out[:200]!r}")
    objects = [json.loads(line) for line in bench.run("formats", "--json").out.splitlines()]
    for name, count in columns.items():
        found = [item for item in objects if item["name"] == name]
        bench.check(len(found) == 1 and len(found[0]["columns"]) == count, f"formats --json: {name} has not {count} columns")
        alone = json.loads(bench.run("formats", name, "--json").out)
        bench.check(found and alone == found[0], f"formats {name} --json is not its part of formats --json")
        for column in alone["columns"]:
            bench.check({"name", "kind", "ecs", "ss4o", "help"} <= set(column) and column["help"], f"{name}: a column lacks something: {column}")
    bench.fails(["formats", "alb_acces"], USAGE, "alb_acces", "did you mean alb_access")
    bench.fails(["formats", "alb_access", "nlb_access"], USAGE, "unexpected nlb_access")


def test_config_file(bench):
    bench.write("a.log", alb_lines(4) + b"no record\n")
    bench.write("settings.yaml", "inputs:\n  - a.log\nlimit: 3\nschema: flat\nkeep_original: true\nfields: [-client_location]\nno_geo: true\n")
    from_file = bench.run("run", "-c", "settings.yaml", "--quiet")
    typed = bench.run("run", "a.log", "--limit", "3", "--schema", "flat", "--keep-original", "--fields", "-client_location", "--no-geo", "--quiet")
    bench.equal(from_file.out, typed.out, "a config file and the same options")
    bench.equal(typed.out.count(b"\n"), 3, "records")
    over = bench.run("run", "-c", "settings.yaml", "--limit", "1", "--schema=ecs", "--fields=-url", "--quiet")
    bench.check(over.out.count(b"\n") == 1 and b'"@timestamp"' in over.out, "the command line does not beat the file")
    bench.write("list.yaml", "inputs: [{path: a.log}]\nrejects: out.rejects\noutput: out.ndjson\nworkers: 1\nread_size: 4K\n")
    bench.equal(bench.run("run", "--config", "list.yaml").code, 3, "a run whose output and rejects stand in the file")
    bench.equal(bench.read("out.ndjson").count(b"\n"), 4, "records in the file's output")
    bench.equal(bench.read("out.rejects").count(b"\n"), 1, "lines in the file's rejects")
    bench.write("own.log", b'{"at":"2025-12-01T00:00:01Z","who":{"ip":"81.2.69.142:80"},"code":503}\n')
    bench.write("own.yaml", "inputs: [own.log]\nformat: ndjson\nndjson: {time: at, peer: who.ip, status: code}\nno_geo: true\n")
    own = bench.run("run", "-c", "own.yaml", "--quiet")
    typed = bench.run("run", "own.log", "-f", "ndjson", "--ndjson", "time=at", "--ndjson", "peer=who.ip", "--ndjson", "status=code", "--no-geo", "--quiet")
    bench.equal(own.out, typed.out, "names of one's own JSON in a config file and on the command line")
    bench.check(b'"client":{"ip":"81.2.69.142","port":80}' in own.out and b'"status_code":503' in own.out, "the file's names find the columns")
    for content, words in (
            ("limt: 3\n", ["limt", 'did you mean "limit"', "bad.yaml", "1"]),
            ("inputs: [a.log]\n\nkeep-orignal: true\n", ["3", 'did you mean "keep_original"']),
            ("limit: many\n", ["limit", '"many"']),
            ("limit: 1\nlimit: 2\n", ["limit", "twice"]),
            ("limit: [1]\n", ["limit", "list"]),
            ("quiet: perhaps\n", ["quiet", "true or false"]),
            ("config: other.yaml\n", ["command line only"]),
            ("inputs: [{pth: a.log}]\n", ["pth", 'did you mean "path"']),
            ("- a\n- b\n", ["name: value"]),
            ("limit: *x\n", ["bad.yaml"]),
            ("limit: \"3\n", ["bad.yaml"]),
            ("a: b: c\n", ["bad.yaml"])):
        bench.write("bad.yaml", content)
        bench.fails(["run", "-c", "bad.yaml", "a.log"], USAGE, "config", *words)
    bench.fails(["run", "-c", "missing.yaml", "a.log"], USAGE, "missing.yaml", "No such file")
    bench.fails(["run", "-c", ".", "a.log"], USAGE, "config")


def test_a_format_of_an_inputs_own(bench):
    """Two logs that no detection knows, each with its log_format, beside one that is found out."""
    bench.write("a.log", alb_lines(2))
    bench.write("b.log", '200 "GET /b HTTP/1.1" 81.2.69.142 [01/Dec/2025:00:00:01 +0000]\n')
    bench.write("c.log", '[01/Dec/2025:00:00:02 +0000] 81.2.69.160 "GET /c HTTP/1.1" 404\n')
    formats = {"b": "'nginx:$status \"$request\" $remote_addr [$time_local]'", "c": "'nginx:[$time_local] $remote_addr \"$request\" $status'"}
    inputs = f"inputs: [{{path: a.log}}, {{path: b.log, format: {formats['b']}}}, {{format: {formats['c']}, path: c.log}}]\nno_geo: true\n"
    bench.write("own.yaml", inputs)
    bench.write("common.yaml", inputs + "format: alb_access\n")
    for config in ("own.yaml", "common.yaml"):
        result = bench.run("run", "-c", config, "--quiet")
        found = [(at(record, "client.ip"), at(record, "http.response.status_code")) for record in parse_lines(result.out)]
        bench.equal((result.code, found[2:]), (0, [("81.2.69.142", 200), ("81.2.69.160", 404)]), f"{config}: formats of their own")
        bench.equal(len(found), 4, f"{config}: records")
    result = bench.run("run", "-c", "own.yaml", "-f", "alb_access", "--quiet")
    bench.equal((result.code, result.out.count(b"\n")), (3, 2), "a format of the command line is for every line")
    result = bench.run("run", "-c", "own.yaml", "b.log", "--quiet")
    bench.equal(result.code, 3, "inputs of the command line have none of the config's formats")
    bench.write("bad.yaml", "inputs:\n- {path: a.log, format: ngin}\n- {path: b.log, format: 'alb_access:x'}\n")
    for words in (["bad.yaml:2:25", "format ngin: no such format, did you mean nginx"], ["bad.yaml:3:25", "order of this format's columns is fixed"]):
        bench.fails(["run", "-c", "bad.yaml"], USAGE, *words)
        lines = bench.run("check", "-c", "bad.yaml").out.decode()
        bench.check(all(word.replace("bad.yaml:2:25", "bad.yaml:2:25: error") in lines for word in words[1:]), f"check: {lines}")
    bench.write("topics.yaml", "inputs: {kafka: {brokers: h, topics: t, formats: {a: alb_access, b: ngin}}}\n")
    bench.fails(["run", "-c", "topics.yaml"], USAGE, "topics.yaml:1:69", "format ngin: no such format")


def test_kafka_usage(bench):
    """What a run refuses before it connects anywhere; the texts are tested in test_kafka_settings.c."""
    bench.write("a.log", alb_lines(1))
    for arguments, words in (
            (["kafka://h/t", "kafka://h/u"], ["second kafka:// input", "commas"]),
            (["kafka://h/t", "-o", "out.gz"], ["out.gz", "holds some back"]),
            (["kafka://h/t", "-o", "kafka://h/t"], ["read again"]),
            (["a.log", "-o", "kafka://h/t", "--rejects", "kafka://i/u"], ["kafka://i/u", "same brokers"]),
            (["a.log", "--librdkafka", "sasl.password=geheim"], ["sasl.password_env"]),
            (["a.log", "--librdkafka", "retries=7"], ["retries", "refused"]),
            (["a.log", "--instance", "a/b"], ["--instance"]),
            (["a.log", "--memory-max", "127M"], ["--memory-max", "at least 128M"]),
            (["a.log", "--shutdown-timeout", "0"], ["--shutdown-timeout", "from 1 to 86400"]),
            (["a.log", "--transactions", "always"], ["--transactions", "auto or never"])):
        bench.fails(["run", *arguments], USAGE, *words)
    result = bench.run("run", "a.log", "--librdkafka", "sasl.password=geheim", "--librdkafka", "socket.timeout.ms=geheim")
    bench.check("geheim" not in result.err and result.err.count("error") == 2, f"a value is shown, or an error is not: {result.err}")
    result = bench.run("check", "kafka://127.0.0.1:1/t", "--no-geo")
    bench.check(result.code == 1 and b"no answer from the brokers: 127.0.0.1:1" in result.out, f"check: {result.code} {result.out[:300]}")


def test_opensearch_usage(bench):
    """What a run refuses before it connects anywhere; the texts are tested in test_opensearch_url.c and test_opensearch_settings.c."""
    bench.write("a.log", alb_lines(1))
    to = ["a.log", "--rejects", "r", "-o"]
    for arguments, words in (
            ([*to, "opensearch+https://h"], ["opensearch+https://h", "/NAME"]),
            ([*to, "opensearch+https://h/Logs"], ["lower-case", '"Logs"']),
            ([*to, "opensearch+https://h/logs-{yyyy.MM}"], ["NAME-{yyyy.MM.dd}"]),
            (["a.log", "-o", "opensearch+https://h/logs", "--append"], ["append", "no file"]),
            ([*to, "opensearch+https://h/logs", "--opensearch", "gzp=true"], ["--opensearch", 'did you mean "gzip"']),
            ([*to, "opensearch+https://admin@h/logs"], ["no password", "OPENSEARCH_PASSWORD"]),
            ([*to, "opensearch+https://h/logs", "--opensearch", "aws_sigv4=true"], ["no region", "REGION/es"]),
            ([*to, "out.ndjson", "--opensearch", "gzip=true"], ["--opensearch", "the output is no"]),
            (["a.log", "--rejects", "opensearch+https://h/rejected"], ["rejects", "a file or kafka://"]),
            ([*to, "opensearch+https://h/logs", "--fields", "-@timestamp"], ["@timestamp", "a data stream takes no record without it"]),
            ([*to, "opensearch+https://h/logs", "--fields", "+client"], ["@timestamp", "add +@timestamp"]),
            ([*to, "opensearch+https://h/logs-{yyyy.MM.dd}", "--fields", "-@timestamp"], ["@timestamp", "index per day"]),
            ([*to, "opensearch+https://h/logs", "--schema", "flat", "--fields", "-timestamp"], ["timestamp is dropped"])):
        bench.fails(["run", *arguments], USAGE, *words)
    for arguments in (["opensearch+https://u:geheim@h/logs"], ["opensearch+https://u:geheim/@h"], ["opensearch+https://h/logs", "--opensearch", "password=geheim"],
                      ["opensearch+https://h/logs?password=geheim"], ["https://u:geheim@h/logs"]):
        result = bench.run("run", *to, *arguments)
        bench.check(result.code == USAGE and "geheim" not in result.err and "error" in result.err, f"a password is shown or taken: {result.code} {result.err}")
    bench.equal(bench.run("run", "--dry-run", "a.log", "-o", "opensearch+https://h/logs", "--no-geo", "--quiet").code, 0, "a dry run connects nowhere")
    for fields in ("+client,+@timestamp", "-@timestamp,+@timestamp", "-client"):
        done = bench.run("run", "--dry-run", "a.log", "-o", "opensearch+https://h/logs", "--no-geo", "--quiet", "--fields", fields)
        bench.equal((done.code, done.err), (0, ""), f"--fields {fields}: @timestamp is there")
    bench.equal(bench.run("run", "a.log", "--no-geo", "--quiet", "--fields", "-@timestamp").code, 0, "a file may lack it")


def test_setup_usage(bench):
    """What setup refuses before it connects anywhere."""
    url = "opensearch+http://127.0.0.1:1/logs"
    for arguments, words in (
            ([], ["expected opensearch+http[s]://HOST[:PORT]/NAME", "config's output"]),
            (["http://h/logs"], ["expected opensearch+http[s]://", "http://h/logs"]),
            ([url, url], ["unexpected", "one URL at a time"]),
            (["opensearch+http://h/Logs"], ["error: setup \"opensearch+http://h/Logs\": ", "lower-case", '"Logs"']),
            (["opensearch+http://h/" + 245 * "x"], ["at most 244 bytes"]),
            ([url, "--opensearch", "gzp=true"], ['did you mean "gzip"']),
            ([url, "--schema", "esc"], ['did you mean "ecs"']),
            ([url, "-o", "x"], ["--output means nothing here"]),
            ([url, "--limit=3"], ["--limit means nothing here"]),
            ([url, "--dashbords", "x"], ['did you mean "--dashboards"']),
            ([url, "--dashboards", "h:5601"], ["--dashboards: expected http[s]://HOST"]),
            ([url, "--dashboards", "http://u:geheim@h"], ["--dashboards: expected http[s]://HOST", "without a user"])):
        bench.check("geheim" not in bench.fails(["setup", *arguments], USAGE, *words).err, f"a password is shown: {arguments}")
    bench.write("file.yaml", "output: out.ndjson\n")
    bench.fails(["setup", "-c", "file.yaml"], USAGE, "config's output")
    bench.fails(["setup", "-c", "missing.yaml"], USAGE, "missing.yaml")
    bench.fails(["setup", url], 1, "http://127.0.0.1:1", "onnect")
    bench.write("right.yaml", "inputs: [a.log]\nchains: {web: [{type: alb}]}\noutput: {opensearch: {url: 'http://127.0.0.1:1', data_stream: logs}}\n")
    bench.fails(["setup", "-c", "right.yaml"], 1, "http://127.0.0.1:1", "onnect")
    help_text = bench.run("setup", "--help")
    bench.check(help_text.code == 0 and b"--dashboards URL" in help_text.out and b"--limit" not in help_text.out, "--help lists what setup takes")
    with open("/dev/full", "wb") as full:
        bench.equal(bench.program.start("setup", "--help", stdout=full, stderr=full).wait(60), 1, "a full disk")
