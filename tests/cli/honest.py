"""What a line can honestly say: when, who connected, and whether there is a verdict on that. Read from the formats' definitions and
apart from the program, with regular expressions and Python's own parsers.

A hostile line may look like several formats, a file's name may have its say, and the order of columns may stand in another line; so
all readings that make sense are given, each as (nanoseconds since 1970, (address, port or 0) or None, has a verdict).
"""
import datetime
import functools
import ipaddress
import itertools
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "hops"))
from model import resolve  # noqa: E402

SECONDS_MAX = 9214646400
COLUMNS_MAX = 128
WRAPS_MAX = 4
MAPPED_PEER = "x-peer"  # the key of the peer in JSON of the user's own
WRAPPERS = ("event.original", "message", "log", "MESSAGE", "msg", "line")

# --- addresses -----------------------------------------------------------------------------------


@functools.lru_cache(100000)
def endpoint(text):
    """Address and port of a column, None for null; raises ValueError when it is no endpoint."""
    if text in (b"", b"-"):
        return None
    host, colon, port = text.decode("ascii").rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535 or "%" in host:
        raise ValueError(text)
    if host.startswith("[") and host.endswith("]"):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    address = ipaddress.ip_address(host)
    return str(getattr(address, "ipv4_mapped", None) or address), int(port)


def address_and_port(address, port=b""):
    """The same of two columns; a port that is none is 0."""
    if address in (b"", b"-"):
        return None
    number = int(port) if re.fullmatch(rb"[0-9]{1,5}", port) else 0
    host, _ = endpoint(b"[%s]:1" % address if b":" in address else address + b":1")
    return host, number if number <= 65535 else 0


def address_or_endpoint(text):
    """With a port or without."""
    try:
        return address_and_port(text)
    except ValueError:
        return endpoint(text)


def readable(function, *arguments):
    """What the function says, in a list; an empty one when the text is none of that."""
    try:
        return [function(*arguments)]
    except ValueError:
        return []


# --- times ---------------------------------------------------------------------------------------

ISO = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?")
LOCAL = re.compile(rb"(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d)(\.\d{1,9})?( ?[+-]\d{4})?")
UNIX = re.compile(rb"(\d{1,40})(\.\d{1,9})?")
DAY, CLOCK = re.compile(rb"\d{4}-\d\d-\d\d"), re.compile(rb"\d\d:\d\d:\d\d(?:\.\d{1,9})?")
TRACE = re.compile(rb"(?:Root|Self)=1-([0-9a-fA-F]{8})-")
EPOCH = datetime.datetime(1970, 1, 1)


def of_date(text, form, fraction, zone):
    moment = datetime.datetime.strptime(text.decode("ascii"), form)
    seconds = (moment - EPOCH) // datetime.timedelta(seconds=1)
    if zone and zone != b"Z":
        digits = zone.strip().replace(b":", b"")
        seconds -= (int(digits[1:3]) * 3600 + int(digits[3:]) * 60) * (-1 if digits[:1] == b"-" else 1)
    if not 0 <= seconds < SECONDS_MAX:
        raise ValueError(text)
    return seconds * 10**9 + int(((fraction or b".0")[1:] + b"000000000")[:9])


@functools.lru_cache(100000)
def iso(text):
    """Nanoseconds since 1970; raises ValueError when it is no time."""
    match = ISO.fullmatch(text)
    if not match:
        raise ValueError(text)
    return of_date(match[1], "%Y-%m-%dT%H:%M:%S", match[2], match[3])


@functools.lru_cache(100000)
def moments(text):
    """All that the text may mean."""
    found = set(readable(iso, text))
    match = LOCAL.fullmatch(text)
    if match:
        found.update(readable(of_date, match[1], "%d/%b/%Y:%H:%M:%S", match[2], match[3]))
    match = UNIX.fullmatch(text)
    if match and int(match[1]) < SECONDS_MAX:
        found.add(int(match[1]) * 10**9 + int(((match[2] or b".0")[1:] + b"000000000")[:9]))
    if match and not match[2] and int(match[1]) < SECONDS_MAX * 1000:
        found.add(int(match[1]) * 10**6)
    found.update(int(seconds, 16) * 10**9 for seconds in TRACE.findall(text))
    return found


def all_moments(texts):
    """And of a day in one text and the time of day in another."""
    found = set().union(*map(moments, texts)) if texts else set()
    days = [text for text in texts if DAY.fullmatch(text)]
    clocks = [text for text in texts if CLOCK.fullmatch(text)] if days else []
    for day, clock in itertools.product(days, clocks):
        found.update(readable(iso, day + b"T" + clock))
    return found


# --- columns in an order of their own ------------------------------------------------------------


def leading_columns(line, count, quoted):
    """The first columns: one space between them; within quotes, which a backslash takes away, spaces are text."""
    if not quoted or b'"' not in line:
        return line.split(b" ", count)[:count]
    columns, start, inside, escaped = [], 0, False, False
    for place, byte in enumerate(line):
        if escaped:
            escaped = False
        elif byte == 0x5C:
            escaped = True
        elif byte == 0x22:
            inside = not inside
        if byte == 0x20 and not inside:
            columns.append(line[start:place])
            start = place + 1
            if len(columns) == count:
                return columns
    return [*columns, line[start:]]


def unquoted(column):
    return column[1:-1] if len(column) > 1 and column[:1] == column[-1:] == b'"' else column


def what_a_row_says(line):
    """The order of its columns stands in another line, so any column may be the time, the address or the port."""
    for columns in {frozenset(line.split(b" ")), frozenset(line.split(b"\t"))}:
        if 1 < len(columns) <= COLUMNS_MAX:  # no record has more
            yield from what_words_say(columns)


def what_words_say(columns):
    times = all_moments(columns)
    if not times:
        return
    clients = {None}  # the order may have no address at all
    for peer in columns:
        for port in [*columns, b""]:
            found = readable(address_and_port, peer, port)
            clients.update(found)
            if not found:
                break
    yield from ((time, client, True) for time in times for client in clients)


def what_columns_say(line):
    """Balancers' logs: the time and the client have their places."""
    spaced, quoted = leading_columns(line, 6, False), [unquoted(column) for column in leading_columns(line, 4, True)]
    for columns, time, peer in ((quoted, 1, 3), (quoted, 0, 2), (spaced, 2, 5)):
        if peer < len(columns):
            yield from ((when, who, True) for when in readable(iso, columns[time]) for who in readable(endpoint, columns[peer]))
    if len(quoted) > 2:  # a connection log
        yield from ((when, who, True) for when in readable(iso, quoted[0]) for who in readable(address_and_port, quoted[1], quoted[2]))
        yield from ((when, None, False) for when in readable(iso, quoted[1]))  # health checks have no client


# --- lines with brackets and quotes --------------------------------------------------------------

BRACKETS = re.compile(rb"\[([^\]\[]{19,40})\]")
NGINX_PEER = re.compile(rb"(?:(?<= )|^)(\S+)(?= - )")  # behind $host, or not
NGINX_TIME = re.compile(rb'\[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "')
NGINX_NO_PEER = re.compile(rb'"[^"]*" \[')
ISTIO = re.compile(rb'.*" ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)', re.DOTALL)


def nginx_peer(word):
    return None if word == b"-" or word.startswith(b"unix:") else address_and_port(word)


def what_nginx_says(line):
    match = NGINX_TIME.search(line)
    times = moments(match[1]) if match else ()
    before = line[:match.start()] if times else b""
    words = [found[1] for found in NGINX_PEER.finditer(before) if len(before) - found.end() >= 4]  # ` - `, a user or none, and a blank
    peers = [who for word in words if word != b"-" for who in readable(nginx_peer, word)]  # `-` may be the user, too
    if len(peers) > 1:  # $host and $remote_user are the client's own words, but no $host is in front of the first one
        first = NGINX_PEER.match(before)
        if not first or not list(readable(nginx_peer, first[1])):
            return
        peers = peers[:1]
    if NGINX_NO_PEER.match(line) or (words and not peers):
        peers = [None]
    yield from ((time, peer, True) for time in times for peer in peers)


def what_haproxy_says(line):
    """The client stands in front of the first date in brackets."""
    for match in BRACKETS.finditer(line):
        times, before = moments(match[1]), line[:match.start()]
        apart = before.endswith(b" ") and line[match.end():match.end() + 1] == b" "  # not inside the syslog prefix's words
        if not times or not apart or not LOCAL.fullmatch(match[1]):
            continue
        word = before[:-1].rpartition(b" ")[2]
        nobody = word == b"-:-" or word.startswith(b"unix:")
        address, _, port = word.rpartition(b":")
        address = address[1:-1] if address[:1] + address[-1:] == b"[]" else address
        yield from ((time, who, True) for time in times for who in ([None] if nobody else readable(address_and_port, address, port)))
        return


def what_envoy_says(line):
    """Only Istio's text has the client: the fourth of the last six words. What is in doubt is no column."""
    match, tail = BRACKETS.match(line), ISTIO.fullmatch(line)
    for time in moments(match[1]) if match else ():
        yield time, None, True
        yield from ((time, who, True) for who in (readable(address_or_endpoint, tail[4]) if tail else ()))


# --- JSON ----------------------------------------------------------------------------------------


class Members(list):
    """Of an object, in order: a key may come twice."""

    def all(self, *names):
        return [value for key, value in self if key in names]

    def has(self, *names):
        return all(self.all(name) for name in names)


def scalars(value):
    """All texts and numbers in it, as bytes."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Members):
            todo.extend(inner for _, inner in item)
        elif isinstance(item, list):
            todo.extend(item)
        elif isinstance(item, str):
            yield item.encode("utf-8", "replace")


def texts_of(values):
    """Values as columns have them: those that are no texts are no addresses."""
    return [value.encode("utf-8", "replace") if isinstance(value, str) else b"" if value in (None, []) else b"?" for value in values]


def peers_of(addresses, ports=(), read=address_and_port):
    """All that the columns may say; null, or no such column, says that there is none."""
    found = {None} if not addresses else set()
    for address in texts_of(addresses):
        for port in [*texts_of(ports), b""] if read is address_and_port else [None]:
            found.update(readable(read, address) if port is None else readable(read, address, port))
    return found


def envoy_peers(members):
    direct = peers_of(members.all("downstream_direct_remote_address"), read=address_or_endpoint)
    return direct if None not in direct else direct - {None} | peers_of(members.all("downstream_remote_address"), read=address_or_endpoint)


def waf_peers(members):
    return peers_of([client for request in members.all("httpRequest") if isinstance(request, Members) for client in request.all("clientIp")])


def header_texts(value):
    """What the values of one header come to."""
    listed = value if isinstance(value, list) and not isinstance(value, Members) else [value]
    if all(isinstance(item, str) for item in listed):
        return [item.encode("utf-8", "replace").decode() for item in listed if item]
    return [] if value is None else ["?"]


def lambda_peers(members):
    """Who connected to the balancer: the last entry of X-Forwarded-For."""
    objects = [headers for headers in members.all("headers", "multiValueHeaders") if isinstance(headers, Members)]
    lines = [text for headers in objects for name, value in headers if name.lower() == "x-forwarded-for" for text in header_texts(value)]
    if lines in ([], ["-"]):
        return {None}
    hop = {"type": "alb", "carrier": "append", "peers": ["203.0.113.77/32"]}
    found = resolve({"peer": "203.0.113.77", "xff": [", ".join(lines)], "chain": [hop]}, {})
    return {(found["ip"], found["port"] or 0) if found["ip"] else None}


def is_lambda(members):
    return any(isinstance(context, Members) and context.has("elb") for context in members.all("requestContext"))


def clients_of(members, given):
    """Of every format whose keys the object has, or that is given: peers, and whether there is a verdict on them."""
    if members.has("elb", "elb_status_code", "request_line") or members.has("elb", "listener", "connection_time"):
        yield peers_of(members.all("client:port", "client_port"), read=endpoint), True
    if members.has("client_ip", "listener_port", "tls_handshake_latency"):
        yield peers_of(members.all("client_ip"), members.all("client_port")), True
    if members.has("target_addr", "target_group_id", "status"):
        yield {None}, False
    if members.has("webaclId", "httpRequest") or given == "waf":
        yield waf_peers(members), True
    if members.has("c-ip") or given == "cloudfront":
        yield peers_of(members.all("c-ip"), members.all("c-port")), True
    if members.has("start_time", "response_flags") or given == "envoy":
        yield envoy_peers(members), True
    if is_lambda(members):
        yield lambda_peers(members), True
    if given == "ndjson":
        yield peers_of(members.all(MAPPED_PEER, "peer"), members.all("peer_port"), read=address_or_endpoint), True


def has_repeated_keys(line, wraps=0):
    """Whether an object in it, or in what is wrapped in it, has a key twice."""
    members = parse(line) if wraps < WRAPS_MAX else None
    if members is None:
        return False
    return is_repeated(members) or any(has_repeated_keys(inside, wraps + 1) for inside in lines_inside(members))


def is_repeated(value):
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, Members) and len({key for key, _ in item}) < len(item):
            return True
        todo.extend([inner for _, inner in item] if isinstance(item, Members) else item if isinstance(item, list) else [])
    return False


def parse(line):
    """The object in the line; None when it is none."""
    try:
        value = json.loads(line.decode("utf-8", "replace"), object_pairs_hook=Members, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, Members) else None


def lines_inside(members):
    """Lines that a forwarder has wrapped: no more than one in each, but an object may be spread over several."""
    originals = [text for event in members.all("event") if isinstance(event, Members) for text in event.all("original")]
    for text in [*originals, *members.all(*WRAPPERS)]:
        if isinstance(text, str) and text:
            inside = text.encode("utf-8", "replace").rstrip(b"\r\n")
            yield inside
            if b"\n" in inside:
                yield inside.split(b"\n", 1)[0]


def what_an_object_says(line, given, wraps):
    members = parse(line)
    if members is None:
        return
    times = all_moments(set(scalars(members)))
    for peers, judged in clients_of(members, given):
        yield from ((time, peer, judged) for time in times for peer in peers)
    if wraps < WRAPS_MAX:
        for inside in lines_inside(members):
            yield from all_readings(inside, given, wraps + 1)


@functools.lru_cache(100000)
def is_nobody(client):
    """No client has such an address: unspecified, multicast, broadcast."""
    address = client and ipaddress.ip_address(client[0])
    return client is not None and (address.is_unspecified or address.is_multicast or client[0] == "255.255.255.255")


def what_the_line_says(line, given=None):
    """All honest readings; `given` is the format that the user says it is."""
    for time, client, judged in all_readings(line, given):
        yield time, None if is_nobody(client) else client, judged


def all_readings(line, given=None, wraps=0):
    if line.startswith(b"{"):
        yield from what_an_object_says(line, given, wraps)
    yield from what_columns_say(line)
    yield from what_nginx_says(line)
    yield from what_haproxy_says(line)
    yield from what_envoy_says(line)
    yield from what_a_row_says(line)


# --- lines that are passed over ------------------------------------------------------------------

# names of columns alone, or a row that says that there is nothing to tell
SYSLOG = rb"(?:<[0-9]{1,3}>(?:.*[ \xbf])?)?"  # or a mark of byte order behind it
SKIPPED = re.compile(SYSLOG + rb"[a-z][a-z0-9_-]*(?: +[a-z][a-z0-9_-]*)* *\r?|(?:.* )?(?:NODATA|SKIPDATA)(?: .*)?|" +
                     SYSLOG + rb"#(?:Version|Fields):.*|" + SYSLOG + rb"Enable AccessLog for ELB: .*|", re.DOTALL)


def may_be_skipped(line, wraps=0):
    if SKIPPED.fullmatch(line):
        return True
    members = parse(line) if line.startswith(b"{") and wraps < WRAPS_MAX else None
    if members is None:
        return False
    return any(may_be_skipped(inside, wraps + 1) for inside in lines_inside(members)) or bool({"NODATA", "SKIPDATA"} & set(
        value for _, value in members if isinstance(value, str)))
