#!/usr/bin/env python3
"""Real lines of others, read whole: samples that AWS's documentation and public projects hold, which may not be copied here.

Every line of SHARED/samples/FORMAT/*.log of the formats below has to become a record, but for those in NOT_RECORDS and rows of flows
whose header names no time. What stands in the record is compared with a simple reading of the line by regular expressions, made
independently of the program (edges.py has those of edges and proxies). Events of Lambda targets (*.json) are printed over many
lines there; a log has them in one, so they are put into one line first, without a change to what they say.

    run.py --wherefrom PATH [--shared DIR]     DIR: default is a folder `shared` beside the checkout; `skipped` without it

Threads: one.
"""
import collections
import datetime
import functools
import ipaddress
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
import edges  # noqa: E402
from black_box import Program, Report, argument_parser, at, parse_lines, read_summary, scratch, write  # noqa: E402

# lines that are no records, and why
NOT_RECORDS = {
    ("alb_access/otel.log", 3): ("elb-test-message", "what AWS writes when logging is switched on"),
    ("vpc_flow/aws-docs-2023-examples.log", 26): ("too-few-fields", "three dots where the documentation leaves lines out"),
    ("alb_lambda_event/alb-lambda-target-response.json", 1): ("unknown-format", "what a function answers: no event, and it tells of no request or client"),
    ("haproxy/haproxy-doc-examples.log", 1): ("unknown-format", "`Connect from`, a session without a log format: no time but syslog's, which has no year"),
}

NUMBER = r"(-?[0-9.]+|-)"
PATTERNS = {
    "alb_access": re.compile(rf"(?P<type>\S+) (?P<time>\S+) (?P<name>\S+) (?P<client>\S+) (?P<target>\S+) {NUMBER} {NUMBER} {NUMBER} (?P<status>\S+) (?P<target_status>\S+) "
                             r'(?P<received>\S+) (?P<sent>\S+) "(?P<request>[^"]*)" "(?P<agent>[^"]*)" (?P<cipher>\S+) (?P<protocol>\S+) (?P<arn>\S+) '
                             r'"(?P<trace>[^"]*)" "(?P<sni>[^"]*)" .*'),
    "clb_access": re.compile(rf"(?P<time>\S+) (?P<name>\S+) (?P<client>\S+) (?P<target>\S+) {NUMBER} {NUMBER} {NUMBER} (?P<status>\S+) (?P<target_status>\S+) "
                             r'(?P<received>\S+) (?P<sent>\S+) "(?P<request>[^"]*)"(?: "(?P<agent>[^"]*)" (?P<cipher>\S+) (?P<protocol>\S+))?'),
    "nlb_access": re.compile(r"(?P<type>tls) (?P<version>\S+) (?P<time>\S+) (?P<name>\S+) \S+ (?P<client>\S+) (?P<target>\S+) \S+ \S+ (?P<received>\S+) (?P<sent>\S+) \S+ "
                             r"(?P<arn>\S+) \S+ (?P<cipher>\S+) (?P<protocol>\S+) \S+ (?P<sni>\S+) .*"),
}
CONNECTION = re.compile(r'(?P<time>\S+) (?P<ip>\S+) (?P<port>\d+) (?P<listener>\d+) (?P<protocol>\S+) (?P<cipher>\S+) (?P<latency>\S+) "(?P<subject>[^"]*)" '
                        r"(?P<validity>\S+) (?P<serial>\S+) (?P<status>\S+)(?: (?P<trace>\S+))?.*")
HEALTH = re.compile(r"(?P<type>\S+) (?P<time>\S+) (?P<latency>\S+) (?P<target>\S+) (?P<group>\S+) (?P<status>PASS|FAIL) (?P<code>\S+) (?P<reason>\S+).*")
URL = re.compile(r"\S+ ([a-z]+)://(\[[^]]*\]|[^/:?# ]*)(?::([0-9]+))?-?([^?# ]*)(?:\?([^#]*?))? ?(?:HTTP/([0-9.]+)|-)? ?")


def text(value):
    """A column's text: \\xHH taken apart, null as None."""
    if value in (None, "-", ""):
        return None
    return re.sub(rb"\\x([0-9A-Fa-f]{2})", lambda match: bytes([int(match[1], 16)]), value.encode()).decode()


def number(value):
    return None if value in (None, "-", "-1") else int(value)


def endpoint(value):
    """(address, port) in canonical form."""
    if value == "-":
        return None, None
    host, _, port = value.rpartition(":")
    return str(ipaddress.ip_address(host.strip("[]"))), int(port)


def expected(name, line):
    """What the record of this line has to hold, by path; None: absent."""
    match = PATTERNS[name].fullmatch(line)
    if match is None:
        raise ValueError(f"the test's own pattern does not read it: {line}")
    found = collections.defaultdict(lambda: None, match.groupdict())
    values = {"@timestamp": found["time"].rstrip("Z") + "Z", "aws.elb.name": found["name"], "aws.elb.type": found["type"], "tls.cipher": text(found["cipher"]),
              "tls.client.server_name": text(found["sni"]), "user_agent.original": text(found["agent"]), "trace.id": text(found["trace"]),
              "http.response.status_code": number(found["status"]), "hop.verdict": "ok", "cloud.provider": "aws"}
    values["client.ip"], values["client.port"] = endpoint(found["client"])
    values["source.ip"], values["source.port"] = values["client.ip"], values["client.port"]
    values["destination.ip"], values["destination.port"] = endpoint(found["target"])
    sizes = ("source.bytes", "destination.bytes") if name == "nlb_access" else ("http.request.bytes", "http.response.bytes")
    values.update(zip(sizes, (number(found["received"]), number(found["sent"]))))
    digits = re.search(r"v(\d)\.?(\d)$", found["protocol"] or "")
    values["tls.version"] = f"{digits[1]}.{digits[2]}" if digits else None
    if found["arn"] not in (None, "-"):
        values["cloud.region"], values["cloud.account.id"] = found["arn"].split(":")[3:5]
    tcp = name == "nlb_access" or found["request"] == "- - - "
    values["event.category"] = ["network"] if tcp else ["web"]
    values["event.outcome"] = None if values["http.response.status_code"] is None else "success" if values["http.response.status_code"] < 400 else "failure"
    if name == "nlb_access":
        values["event.outcome"] = "success"
    if not tcp:
        url = URL.fullmatch(found["request"])
        if url is None:
            raise ValueError(f"the test's own pattern does not read the request: {found['request']}")
        method = found["request"].split(" ", 1)[0]
        values.update({"http.request.method": text(method), "url.scheme": url[1], "url.domain": url[2], "url.port": number(url[3]), "url.path": text(url[4]),
                       "url.query": text(url[5]), "http.version": url[6]})
    return values


def expected_connection(line):
    found = CONNECTION.fullmatch(line)
    dates = dict(part.split("=") for part in found["validity"].split(";")) if found["validity"] != "-" else {}
    result, _, reason = found["status"].partition(":")
    return {"@timestamp": found["time"], "client.ip": found["ip"], "client.port": int(found["port"]), "source.ip": found["ip"], "aws.elb.listener_port": int(found["listener"]),
            "tls.version": found["protocol"].removeprefix("TLSv"), "tls.cipher": text(found["cipher"]), "tls.client.subject": text(found["subject"]),
            "tls.client.not_before": dates.get("NotBefore"), "tls.client.not_after": dates.get("NotAfter"), "tls.client.x509.serial_number": text(found["serial"]),
            "event.outcome": "success" if result == "Success" else "failure", "event.reason": reason or None, "event.category": ["network"],
            "aws.elb.tls_handshake_latency": None if found["latency"] == "-" else float(found["latency"]), "aws.elb.conn_trace_id": found["trace"]}


def expected_health(line):
    found = HEALTH.fullmatch(line)
    address, port = endpoint(found["target"])
    return {"@timestamp": found["time"], "event.start": found["time"], "event.duration": round(float(found["latency"]) * 1e9), "client": None, "source": None, "hop": None,
            "destination.ip": address, "destination.port": port, "aws.elb.target_group.id": found["group"], "aws.elb.type": found["type"],
            "event.outcome": "success" if found["status"] == "PASS" else "failure", "event.reason": text(found["reason"]),
            "http.response.status_code": number(found["code"])}


EXPECTED = {**{name: functools.partial(expected, name) for name in PATTERNS}, "alb_connection": expected_connection, "alb_health_check": expected_health,
            "cloudfront": edges.cloudfront, "waf": edges.waf, "alb_lambda_event": edges.lambda_event, "nginx": edges.nginx, "haproxy": edges.haproxy,
            "envoy": edges.envoy}
SKIPS = {"elb-test-message"}


def expected_by_header(read, content):
    """For each line what to expect of it; None: a header line. Those of CloudFront say the order of columns."""
    header = None
    for line in content.decode().splitlines():
        if line.startswith("#"):
            header = line.split()[1:] if line.startswith("#Fields:") else header
            yield line, None
        else:
            yield line, functools.partial(read, line) if header is None else functools.partial(read, line, header)


def check_values(report, record, values, where):
    """A set holds all that a value may be."""
    for key, value in values.items():
        found = at(record, key)
        if isinstance(value, set):
            report.check(found in value, f"{where}: {key}: expected one of {value!r:.200}, found {found!r:.200}")
        else:
            report.equal(found, value, f"{where}: {key}")


def check_file(program, report, path, directory):
    name = f"{path.parent.name}/{path.name}"
    content = path.read_bytes()
    if path.suffix == ".json":
        content = json.dumps(json.loads(content), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        path = write(directory / name, content)
    result = program.run("run", path, "--keep-original", "--rejects", directory / "rejects", "--summary", directory / "summary", "--quiet")
    summary = read_summary(directory / "summary")
    records = {at(record, "log.offset"): record for record in parse_lines(result.out)}
    rejects = {reject["origin"]["offset"]: reject["reason"] for reject in parse_lines((directory / "rejects").read_bytes())}
    skips, offset = collections.Counter(), 0
    lines = expected_by_header(EXPECTED[path.parent.name], content)
    for line_number, (line, (words, values)) in enumerate(zip(content.splitlines(keepends=True), lines, strict=True), 1):
        where, record, reject = f"{name}:{line_number}", records.pop(offset, None), rejects.pop(offset, None)
        offset += len(line)
        reason = "header-line" if values is None else NOT_RECORDS.get((name, line_number), (None,))[0]
        if values is None or reason in SKIPS:
            skips[reason] += 1
            reason = None
        if values is None or (name, line_number) in NOT_RECORDS:
            report.equal((record, reject), (None, reason), where)
        elif report.check(record is not None, f"{where} did not become a record but {reject}: {words[:200]}"):
            check_values(report, record, {**values(), "event.original": words}, where)
    report.equal((records, rejects), ({}, {}), f"{name}: records and rejects of no line")
    report.equal(summary["skipped_by_reason"], dict(skips), f"{name}: skipped")
    report.equal(summary["records"]["read"], len(content.splitlines()), f"{name}: lines read")
    report.equal(result.code, 3 if summary["records"]["rejected"] else 0, f"{name}: exit code ({result.err[:200]})")


FLOWS = {
    "vpc_flow": "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status",
    "tgw_flow": "", "global_accelerator": "",
}


def expected_flow(columns):
    """What the record of a flow has to hold; None when its row has no time at all."""
    peer, target = (columns.get(f"pkt-{name}", "-") if columns.get(f"pkt-{name}", "-") != "-" else columns.get(name, other)
                    for name, other in (("srcaddr", columns.get("client_ip")), ("dstaddr", columns.get("endpoint_ip"))))
    time = next((columns[name] for name in ("end", "end_time", "start", "start_time") if columns.get(name, "-") != "-"), None)
    if time is None:
        return None
    moment = datetime.datetime.fromtimestamp(int(time), datetime.timezone.utc)
    address, destination = (None if each in (None, "-") else str(ipaddress.ip_address(each)) for each in (peer, target))
    start = text(columns.get("start", columns.get("start_time")))
    protocol, action, direction = (text(columns.get(name)) for name in ("protocol", "action", "flow-direction"))
    account = columns.get("account-id", columns.get("aws_account_id"))
    return {"@timestamp": moment.strftime("%Y-%m-%dT%H:%M:%S.000000Z"), "source.ip": address, "client.ip": address,
            "source.port": number(columns.get("srcport", columns.get("client_port"))), "network.bytes": number(columns.get("bytes")),
            "network.packets": number(columns.get("packets")), "cloud.account.id": None if account in (None, "-", "unknown") else account,
            "destination.ip": destination, "destination.port": number(columns.get("dstport", columns.get("endpoint_port"))),
            "network.iana_number": {"TCP": "6", "UDP": "17"}.get(protocol, protocol), "network.direction": direction or (text(columns.get("direction")) or "").lower() or None,
            "event.outcome": action and ("success" if action == "ACCEPT" else "failure"),
            "event.start": start and edges.moment(datetime.datetime.fromtimestamp(int(start), datetime.timezone.utc)),
            "cloud.region": text(columns.get("region", columns.get("endpoint_region"))), "aws.vpcflow.instance_id": text(columns.get("instance-id"))}


def check_flows(program, report, path, directory):
    """Rows of a header without a time column are no records: an event needs a time (the documentation shows such headers to
    explain single columns)."""
    name = f"{path.parent.name}/{path.name}"
    result = program.run("run", path, "--rejects", directory / "rejects", "--summary", directory / "summary", "--quiet")
    summary = read_summary(directory / "summary")
    records = {at(record, "log.offset"): record for record in parse_lines(result.out)}
    rejects = {reject["origin"]["offset"]: reject["reason"] for reject in parse_lines((directory / "rejects").read_bytes())}
    skips, offset, header = collections.Counter(), 0, FLOWS[path.parent.name].split()
    for line_number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        record, reject, words = records.pop(offset, None), rejects.pop(offset, None), line.decode().split()
        where, offset = f"{name}:{line_number}", offset + len(line)
        if all(re.fullmatch("[a-z][a-z0-9_-]*", word) for word in words):
            header = words
            skips["header-line"] += 1
            continue
        columns = dict(zip(header, words))
        status = columns.get("log-status", columns.get("log_status"))
        if status in ("NODATA", "SKIPDATA"):
            skips["no-data" if status == "NODATA" else "skip-data"] += 1
            continue
        values = expected_flow(columns)
        if (name, line_number) in NOT_RECORDS:
            report.equal((record, reject), (None, NOT_RECORDS[name, line_number][0]), where)
        elif values is None:
            report.equal((record, reject), (None, "bad-time"), f"{where}: a row without a time")
            continue
        elif report.check(record is not None, f"{where} did not become a record but {reject}"):
            for key, value in values.items():
                report.equal(at(record, key), value, f"{where}: {key}")
    report.equal((records, rejects), ({}, {}), f"{name}: records and rejects of no line")
    report.equal(summary["skipped_by_reason"], dict(skips), f"{name}: skipped")


def main():
    options = argument_parser(__doc__.split("\n", 1)[0]).parse_args()
    shared = pathlib.Path(options.shared) if options.shared else HERE.parents[2] / "shared"
    if not shared.is_dir():
        print("skipped: no folder with sample lines (--shared DIR)")
        return 0
    program, report = Program(options.wherefrom), Report()
    for name in EXPECTED:
        files = sorted(path for path in (shared / "samples" / name).iterdir() if path.suffix in (".log", ".json"))
        with scratch() as directory, report.group(f"{name}: {len(files)} files"):
            for path in files:
                check_file(program, report, path, directory)
    for name in FLOWS:
        files = sorted((shared / "samples" / name).glob("*.log"))
        with scratch() as directory, report.group(f"{name}: {len(files)} files"):
            for path in files:
                check_flows(program, report, path, directory)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
