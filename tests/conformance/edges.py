"""What the records of CloudFront, WAF, Lambda targets, NGINX, HAProxy and Envoy have to hold, read from their lines with nothing but
Python's own json, urllib and a few patterns.

Each function takes a line (and, of CloudFront, the columns of the header line in force) and returns values by path; None: absent.

Threads: pure functions.
"""
import datetime
import ipaddress
import json
import re
import urllib.parse


def text(value):
    return None if value in (None, "-", "") else value


def number(value):
    return None if value in (None, "-", "", "-1") else int(value)


def seconds(value):
    return None if text(value) is None else float(value)


def nanoseconds(value):
    return None if text(value) is None else round(float(value) * 1e9)


def moment(time):
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def outcome(status):
    return None if status is None else "success" if status < 400 else "failure"


def compact(value):
    """Without what is null or empty, all the way down."""
    if isinstance(value, dict):
        return {key: left for key, item in value.items() if (left := compact(item)) is not None} or None
    if isinstance(value, list):
        return [left for item in value if (left := compact(item)) is not None] or None
    return None if value == "" else value


def addresses(value):
    """Those of X-Forwarded-For."""
    return [str(ipaddress.ip_address(entry.strip())) for entry in value.split(",")] if text(value) else None


def request(line, separate=True):
    """Values of a request line; `separate`: it is all there is of the URL."""
    words = (line or "").split(" ")
    if text(line) is None:
        return {"http.request.method": None, "url": None, "http.version": None}
    target = words[1]
    url = urllib.parse.urlsplit(target) if "://" in target else None
    path, _, query = target.partition("?")
    values = {"http.request.method": words[0], "http.version": words[2].removeprefix("HTTP/") if len(words) > 2 else None, "url.original": target,
              "url.path": url.path if url else path, "url.query": text(url.query if url else query), "url.scheme": url.scheme if url else None}
    if separate:
        values |= {"url.domain": url.hostname if url else None, "url.port": url.port if url else None}
    return values


# --- CloudFront ---------------------------------------------------------------------------------

CLOUDFRONT = ("date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) "
              "x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher "
              "x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type "
              "sc-content-type sc-content-len sc-range-start sc-range-end").split()


def cloudfront(line, names=CLOUDFRONT):
    columns = {name: text(value) for name, value in zip(names, line.split("\t"))}
    get = columns.get
    agent = get("cs(User-Agent)")
    status, version = number(get("sc-status")), get("ssl-protocol")
    end = datetime.datetime.fromisoformat(f"{columns['date']}T{columns['time']}+00:00")
    taken = seconds(get("time-taken"))
    return {"@timestamp": moment(end), "event.end": moment(end), "event.start": None if taken is None else moment(end - datetime.timedelta(seconds=taken)),
            "event.duration": nanoseconds(get("time-taken")), "event.outcome": outcome(status), "event.category": ["web"], "client.ip": get("c-ip"),
            "client.port": number(get("c-port")), "source.ip": get("c-ip"), "source.port": number(get("c-port")), "hop.verdict": "ok",
            "http.request.method": get("cs-method"), "http.response.status_code": status or None, "url.path": get("cs-uri-stem"), "url.query": get("cs-uri-query"),
            "url.domain": get("x-host-header"), "url.scheme": get("cs-protocol"), "http.version": (get("cs-protocol-version") or "").removeprefix("HTTP/") or None,
            "http.request.referrer": get("cs(Referer)"), "http.request.id": get("x-edge-request-id"), "http.request.bytes": number(get("cs-bytes")),
            "http.response.bytes": number(get("sc-bytes")), "http.response.body.bytes": number(get("sc-content-len")),
            "http.response.mime_type": get("sc-content-type"), "user_agent.original": agent and urllib.parse.unquote(urllib.parse.unquote(agent)),
            "network.forwarded_ip": addresses(get("x-forwarded-for")), "tls.version": version and version.removeprefix("TLSv"), "tls.cipher": get("ssl-cipher"),
            "aws.cloudfront.domain": get("cs(Host)"), "aws.cloudfront.edge_location": get("x-edge-location"), "aws.cloudfront.edge_result_type": get("x-edge-result-type"),
            "aws.cloudfront.edge_detailed_result_type": get("x-edge-detailed-result-type"), "aws.cloudfront.time_to_first_byte": seconds(get("time-to-first-byte")),
            "aws.cloudfront.extra": None, "aws.cloudfront.raw": None, "log.flags": None, "cloud.provider": "aws"}


# --- WAF, Lambda targets ------------------------------------------------------------------------


def waf(line):
    event = json.loads(line)
    asked = event["httpRequest"]
    headers = {header["name"].lower(): header["value"] for header in asked["headers"]}
    time = datetime.datetime.fromtimestamp(event["timestamp"] / 1000, datetime.timezone.utc)
    region, account = event["webaclId"].split(":")[3:5]
    domain, _, port = headers.get("host", "").partition(":")
    return {"@timestamp": moment(time), "event.action": event["action"], "event.outcome": "success" if event["action"] in ("ALLOW", "COUNT") else "failure",
            "event.category": ["web"], "client.ip": asked["clientIp"], "source.ip": asked["clientIp"], "hop.verdict": "ok", "http.request.method": asked["httpMethod"],
            "http.request.id": asked["requestId"], "http.version": asked["httpVersion"].removeprefix("HTTP/"), "url.path": text(asked["uri"]),
            "url.query": text(asked["args"]), "url.domain": text(domain), "url.port": number(port), "user_agent.original": text(headers.get("user-agent")),
            "network.forwarded_ip": addresses(headers.get("x-forwarded-for")), "http.response.status_code": event["responseCodeSent"],
            "rule.name": event["terminatingRuleId"], "cloud.region": region, "cloud.account.id": account, "aws.waf.webacl_id": event["webaclId"],
            "aws.waf.http_source_name": text(event["httpSourceName"]), "aws.waf.http_source_id": text(event["httpSourceId"]),
            "aws.waf.http_request.country": text(asked["country"]), "aws.waf.http_request.headers": asked["headers"] or None,
            "aws.waf.rule_group_list": compact(event["ruleGroupList"]), "aws.waf.rate_based_rule_list": compact(event["rateBasedRuleList"]),
            "aws.waf.non_terminating_matching_rules": event["nonTerminatingMatchingRules"] or None, "aws.waf.labels": event.get("labels") or None, "aws.waf.raw": None}


def lambda_event(line):
    """Nobody says who connected to the balancer but its own entry in X-Forwarded-For, the last one: it is taken for the client."""
    event = json.loads(line)
    headers = {name: values[-1] for name, values in event["multiValueHeaders"].items()} if "multiValueHeaders" in event else event["headers"]
    group = event["requestContext"]["elb"]["targetGroupArn"]
    time = datetime.datetime.fromtimestamp(int(headers["x-amzn-trace-id"].split("-")[1], 16), datetime.timezone.utc)
    forwarded = addresses(headers["x-forwarded-for"])
    return {"@timestamp": moment(time), "event.category": ["web"], "event.outcome": None, "network.forwarded_ip": forwarded, "client.ip": forwarded[-1],
            "http.request.method": event["httpMethod"], "url.path": event["path"], "url.scheme": headers["x-forwarded-proto"], "url.domain": headers["host"],
            "user_agent.original": headers["user-agent"], "trace.id": headers["x-amzn-trace-id"], "aws.elb.target_group.arn": group,
            "cloud.region": group.split(":")[3], "cloud.account.id": group.split(":")[4], "http.response": None}


# --- NGINX --------------------------------------------------------------------------------------

NGINX = re.compile(r'(?:(?P<host>[a-z.]+) )?(?:"(?P<forwarded>[^"]*)"|(?P<client>[0-9a-f.:]+) - (?P<user>\S+)) \[(?P<time>[^]]*)\] "(?P<request>[^"]*)" '
                   r'(?P<status>\d+) (?P<bytes>\d+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"'
                   r"(?: (?P<length>\d+) (?P<taken>[0-9.]+) \[(?P<upstream>[^]]*)\] \[\] (?P<peers>.*) (?P<id>[0-9a-f]{32}))?")
PEERS = re.compile(r"(?P<address>(?:-|\S+:\d+)(?:, \S+:\d+)*) (?P<length>(?:-|\d+)(?:, \d+)*) (?P<time>(?:-|[0-9.]+)(?:, [0-9.]+)*) (?P<status>(?:-|\d+)(?:, \d+)*)")


def nginx(line):
    found = NGINX.fullmatch(line)
    peers = PEERS.fullmatch(found["peers"]) if found["peers"] else re.fullmatch("(?P<address>)(?P<length>)(?P<time>)(?P<status>)", "")
    end = datetime.datetime.strptime(found["time"], "%d/%b/%Y:%H:%M:%S %z")
    only = text(peers["address"]) if "," not in peers["address"] else None
    status = int(found["status"])
    return {**request(found["request"], separate=False), "@timestamp": moment(end), "event.end": moment(end), "event.duration": nanoseconds(found["taken"]),
            "event.outcome": outcome(status), "event.category": ["web"], "client.ip": found["client"] if found["client"] else {None}, "source.ip": found["client"],
            "hop.verdict": "ok" if found["client"] else "peer-invalid", "network.forwarded_ip": addresses(found["forwarded"]), "url.domain": found["host"],
            "http.response.status_code": status, "http.response.body.bytes": int(found["bytes"]), "http.request.referrer": text(found["referer"]),
            "user_agent.original": text(found["agent"]), "http.request.bytes": number(found["length"]), "http.request.id": found["id"],
            "nginx.request_time": seconds(found["taken"]), "nginx.proxy_upstream_name": text(found["upstream"]), "nginx.upstream_status": text(peers["status"]),
            "nginx.upstream_response_time": text(peers["time"]), "nginx.upstream_response_length": text(peers["length"]),
            "destination.ip": only and only.split(":")[0], "destination.port": only and int(only.split(":")[1]), "nginx.raw": None, "log.flags": None}


# --- HAProxy ------------------------------------------------------------------------------------

PREFIX = r"(?:(?P<logged>[A-Z][a-z]{2} [ 0-9]\d [0-9:]{8}|\d{4}-\S+) (?P<host>\S+) )?haproxy\[(?P<pid>\d+)\]: (?P<client>[0-9.]+):(?P<port>\d+) \[(?P<time>[^]]*)\] "
HTTP = re.compile(PREFIX + r"(?P<frontend>[^ ~]+)(?P<tls>~?) (?P<backend>[^/ ]+)/(?P<server>\S+) (?P<timers>[-+0-9/]+) (?P<status>\S+) \+?(?P<bytes>\d+) "
                  r"\S+ \S+ (?P<state>\S{4}) (?P<counters>[0-9/+]+) (?P<queues>\d+/\d+)(?P<captures>(?: \{[^}]*\})*) "
                  r'"(?P<request>[^"]*)(?P<closed>"?)(?: \S+ (?P<sni>[^/ ]+)/(?P<version>[^/ ]+)/(?P<cipher>\S+))?')
TCP = re.compile(PREFIX + r"(?P<frontend>[^ ~]+)(?P<tls>~?) (?P<backend>[^/ ]+)/(?P<server>\S+) (?P<timers>[-+0-9/]+) \+?(?P<bytes>\d+) (?P<state>\S\S) "
                 r"(?P<counters>[0-9/+]+) (?P<queues>\d+/\d+)")
FAILED = re.compile(PREFIX + r"(?P<frontend>[^/ ]+)/(?P<bind>\S+): (?P<reason>.*)")


def haproxy(line):
    found = HTTP.fullmatch(line) or TCP.fullmatch(line) or FAILED.fullmatch(line)
    got = {**dict.fromkeys(("timers", "status", "bytes", "state", "captures", "request", "closed", "sni", "version", "cipher", "backend", "server", "reason", "bind")),
           **found.groupdict()}
    form = "%d/%b/%Y:%H:%M:%S.%f" if "." in got["time"] else "%d/%b/%Y:%H:%M:%S"
    start = datetime.datetime.strptime(got["time"], form).replace(tzinfo=datetime.timezone.utc)
    taken = int(got["timers"].split("/")[-1]) if got["timers"] else None
    status = number(got["status"])
    captures = re.findall(r"\{([^}]*)\}", got["captures"] or "")
    both = len(captures) == 2
    values = {"@timestamp": moment(start), "event.start": moment(start), "event.duration": None if taken is None else taken * 1000000, "event.outcome": "failure" if got["status"] == "-1" or got["reason"] else outcome(status),
              "client.ip": got["client"], "client.port": int(got["port"]), "source.ip": got["client"], "hop.verdict": "ok", "host.name": got["host"],
              "process.pid": int(got["pid"]), "http.response.status_code": status, "http.response.bytes": number(got["bytes"]),
              "haproxy.frontend_name": got["frontend"], "haproxy.backend_name": got["backend"], "haproxy.server_name": got["server"], "haproxy.bind_name": got["bind"],
              "haproxy.termination_state": got["state"], "event.reason": got["reason"], "tls.cipher": got["cipher"], "tls.client.server_name": got["sni"],
              "tls.version": got["version"] and got["version"].removeprefix("TLSv"), "tls.established": True if got.get("tls") else None,
              "haproxy.captured_headers": text(captures[0]) if len(captures) == 1 else None, "haproxy.captured_request_headers": text(captures[0]) if both else None,
              "haproxy.captured_response_headers": text(captures[1]) if both else None, "log.flags": ["truncated"] if got["closed"] == "" else None,
              "haproxy.bad_request": True if got["request"] == "<BADREQ>" else None, "haproxy.raw": None, "network.forwarded_ip": None}
    if got["request"] and got["request"].startswith("CONNECT "):  # of which the target is no URL
        return values | {"http.request.method": "CONNECT", "url.original": got["request"].split(" ")[1]}
    return values | request(None if got["request"] == "<BADREQ>" else got["request"])


# --- Envoy --------------------------------------------------------------------------------------

ENVOY = re.compile(r'\[(?P<time>\S+)\] "(?P<request>\S+ \S+ \S+)" (?P<status>\d+) (?P<flags>\S+) (?P<received>\d+) (?P<sent>\d+) (?P<taken>\d+) (?P<service>\S+) "(?P<rest>.*)"')


def envoy(line):
    """Five quoted columns at the end; where there seem to be more, nobody knows which are which, and only those before them stand."""
    found = ENVOY.fullmatch(line)
    rest = found["rest"].split('" "')
    certain = len(rest) == 5
    forwarded, agent, identity, authority, upstream = map(text, rest if certain else [None] * 5)
    domain, _, port = (authority or "").partition(":")
    status, start = int(found["status"]), datetime.datetime.fromisoformat(found["time"].replace("Z", "+00:00"))
    peer = upstream and upstream.removeprefix("tcp://").split(":")
    return {**request(found["request"], separate=False), "@timestamp": moment(start), "event.start": moment(start), "event.duration": int(found["taken"]) * 1000000,
            "event.outcome": outcome(status), "http.response.status_code": status, "http.request.body.bytes": int(found["received"]),
            "http.response.body.bytes": int(found["sent"]), "user_agent.original": agent, "http.request.id": identity, "url.domain": text(domain),
            "url.port": number(port), "network.forwarded_ip": addresses(forwarded), "client.ip": {None} | set((addresses(forwarded) or [None])[-1:]),
            "source.ip": None, "destination.ip": peer and peer[0], "destination.port": peer and int(peer[1]), "envoy.duration": int(found["taken"]),
            "envoy.upstream_service_time": number(found["service"]), "envoy.response_flags": text(found["flags"]), "log.flags": None if certain else ["ambiguous"]}
