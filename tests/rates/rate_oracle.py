"""Rates made the slow way, of the records that a run wrote: what its own documents must be equal to while memory suffices.

Everything is counted per slot and key in dictionaries and looked at slot by slot. Nothing is shared with the program but the words of its
headers (enrich/rate_count.h, sinks/rate_document.h).

Threads: pure functions.
"""
import bisect
import calendar
import functools
import ipaddress
import re
import time
from collections import Counter, defaultdict

from black_box import at
from rollup_oracle import bytes_of

METHODS = "none GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH other".split()
PARTS = "client peer claim first-xff asn country path_class method lb".split()
ADDRESSES = PARTS[:4]
LISTS = ("nginx.http_x_forwarded_for", "haproxy.x_forwarded_for", "envoy.x_forwarded_for", "ndjson.xff", "aws.cloudfront.raw.x_forwarded_for", "aws.elb.raw.headers_x_forwarded_for", "aws.waf.raw.http_request_headers_x_forwarded_for", "network.forwarded_ip")
SERVICES = ("aws.elb.name", "aws.cloudfront.domain", "aws.globalaccelerator.accelerator_id", "aws.waf.http_source_id")
BLOCKED_MAX, DELAYS = 10, (30, 10)  # least, most
DEFAULTS = {"key": "client", "v4_prefix": 32, "v6_prefix": 64, "windows": [60, 120, 300, 600], "slot": 10, "rows": 100, "path_class": {}, "limits": [],
            "dims": ["client", "asn", "country", "client+path_class", "asn+method", "lb"]}


@functools.lru_cache(1 << 16)
def seconds_of(text):
    """With a fraction, exactly: (seconds, rest)."""
    whole, _, fraction = text.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")), fraction


def time_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))


def first_of(record, paths):
    return next((at(record, path) for path in paths if at(record, path) is not None), None)


@functools.lru_cache(None)
def masked(text, v4, v6):
    address = ipaddress.ip_address(text)
    bits = v4 if address.version == 4 else v6
    network = ipaddress.ip_network((address, bits), strict=False)
    return str(network.network_address) if bits == address.max_prefixlen else str(network)


@functools.lru_cache(None)
def class_of(path, classes):
    return next((name for name, patterns in classes if any(matches(one, path) for one in patterns)), "other")


class Event:
    """What of a record counts."""

    __slots__ = "slot bytes s4xx s5xx client verdict trust vpce peer first claim asn country method path_class lb latency".split()

    def __init__(self, record, config):
        is_flow = at(record, "aws.vpcflow") is not None or at(record, "aws.globalaccelerator") is not None
        stamp = record["@timestamp"] if is_flow else at(record, "event.start") or record["@timestamp"]
        self.slot = seconds_of(stamp)[0] // config["slot"]
        self.bytes, status = bytes_of(record), at(record, "http.response.status_code") or 0
        self.s4xx, self.s5xx = status // 100 == 4, status // 100 == 5
        flags = at(record, "hop.flags") or []
        self.client, self.verdict, self.trust = at(record, "client.ip"), at(record, "hop.verdict"), at(record, "hop.trust") or 0
        self.vpce = next((flag[5:] for flag in flags if flag.startswith("vpce=")), "")
        self.peer = at(record, "source.ip")
        self.first = at(record, "hop.waf_view") or self.first_entry(first_of(record, LISTS))
        self.claim = self.first_entry(first_of(record, LISTS))
        self.asn = at(record, "client.as.number") or 0
        self.country = at(record, "client.geo.country_iso_code") or "unknown"
        method, path = at(record, "http.request.method"), at(record, "url.path") or ""
        self.method = "none" if method is None else method if method in METHODS else "other"
        self.path_class = class_of(path, tuple((name, tuple(patterns)) for name, patterns in config["path_class"].items()))
        self.lb = first_of(record, SERVICES) or "unknown"
        self.latency = at(record, "event.duration") if "web" in (at(record, "event.category") or []) else None

    @staticmethod
    def first_entry(text):
        text = text[0] if isinstance(text, list) else text
        try:
            address = ipaddress.ip_address((text or "").split(",")[0].strip(" \t"))
        except ValueError:
            return None
        mapped = getattr(address, "ipv4_mapped", None)
        address = mapped or address
        nobody = address.is_multicast or int(address) == 0 or str(address) == "255.255.255.255"
        return None if nobody else str(address)

    def address(self, part, dim):
        text = {"client": self.client, "peer": self.peer, "claim": self.claim, "first-xff": self.first}[part]
        return masked(text, dim["v4"], dim["v6"]) if text is not None else None

    def key(self, dim):
        """As a text; None: it counts nowhere."""
        texts = []
        for part in dim["parts"]:
            if part == "client" and self.client is None:
                texts.append("unresolved:" + self.verdict)
            elif part in ADDRESSES:
                address = self.address(part, dim)
                if address is None:
                    return None
                texts.append(f"{self.vpce}|{address}" if part == "client" and self.vpce else address)
            else:
                texts.append({"asn": str(self.asn or "unknown"), "country": self.country, "path_class": self.path_class, "method": self.method,
                              "lb": self.lb}[part])
        return "|".join(texts)


def matches(pattern, path):
    return path != "" and re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), path, re.DOTALL) is not None


def dim_of(name, config):
    prefixes = config["v6_prefix"] if isinstance(config["v6_prefix"], list) else [config["v6_prefix"]]
    dim = {"parts": [], "v4": config["v4_prefix"], "v6": prefixes[0]}
    names = []
    for text in name.split("+"):
        part, _, bits = text.partition("/")
        part = config["key"] if part == "client" else part
        if bits:
            dim["v6"] = int(bits)
        dim["parts"].append(part)
        names.append(part + (f"/{bits}" if bits and int(bits) != prefixes[0] else ""))
    dim["name"] = "+".join(names)
    return dim


def dims_of(config):
    names = [name for name in config["dims"] if config["path_class"] or "path_class" not in name or config["dims"] is not DEFAULTS["dims"]]
    more = config["v6_prefix"][1:] if isinstance(config["v6_prefix"], list) else []
    return [dim_of(name, config) for name in names + [f"client/{bits}" for bits in more]]


# --- top --------------------------------------------------------------------------------------------------------------


def tops_of(events, dim, window, config):
    """{(end, key): (n, bytes, 4xx, 5xx, events)} of each window that ends at a multiple of its length."""
    sums = defaultdict(lambda: [0, 0, 0, 0, []])
    for event in events:
        key = event.key(dim)
        if key is None:
            continue
        end = ((event.slot + 1) * config["slot"] + window - 1) // window * window
        row = sums[end, key]
        row[0] += 1
        row[1] += event.bytes
        row[2] += event.s4xx
        row[3] += event.s5xx
        row[4].append(event)
    return sums


def check_top(report, found, events, config, what):
    by_table = defaultdict(list)
    for one in found:
        by_table[one["dim"], one["win"]].append(one)
    dims = dims_of(config)
    report.equal(sorted(by_table), sorted({(dim["name"], window) for dim in dims for window in config["windows"] if any(one.key(dim) for one in events)}),
                 f"{what}: tables")
    for dim in dims:
        for window in config["windows"]:
            check_table(report, by_table[dim["name"], window], tops_of(events, dim, window, config), (dim, window), config, f"{what}: {dim['name']} {window} s")


def check_table(report, found, sums, table, config, what):
    dim, window = table
    ends = defaultdict(list)
    for (end, key), row in sums.items():
        ends[end].append((row[0], key))
    rows = defaultdict(list)
    for one in found:
        rows[one["@timestamp"]].append(one)
    report.equal(sorted(rows), sorted(map(time_text, ends)), f"{what}: windows")
    for end, counts in ends.items():
        counts.sort(reverse=True)
        some, last = rows[time_text(end)], counts[min(len(counts), config["rows"]) - 1][0]
        report.equal([one["n"] for one in some], [count for count, _ in counts[:config["rows"]]], f"{what} {end}: counts")
        certain = {key for count, key in counts if count > last}
        report.check(certain <= {one["key"] for one in some} and len({one["key"] for one in some}) == len(some), f"{what} {end}: keys")
        for one in some:
            row = sums.get((end, one["key"]))
            if report.check(row is not None, f"{what}: {one} counts nothing"):
                check_row(report, one, row, table, what)


def check_row(report, one, row, table, what):
    (dim, window), (count, sent, s4xx, s5xx, events) = table, row
    expected = {"kind": "top", "win": window, "dim": dim["name"], "n": count, "err": 0, "guaranteed": True, "bytes": sent, "s4xx": s4xx, "s5xx": s5xx}
    report.equal({name: one.get(name) for name in expected}, expected, f"{what}: {one['key']}")
    report.check(abs(one["rps"] - count / window) <= 0.005001, f"{what}: {one['rps']} a second of {count} in {window}")
    report.check("approx" not in one and "late" not in one and "part" not in one, f"{what}: {one}")
    if "client" in dim["parts"] and events[0].client is not None:
        report.check(one["trust"] == min(event.trust for event in events), f"{what}: trust of {one}")
        report.check(at(one, "geo.country_iso_code") in {event.country if event.country != "unknown" else None for event in events}, f"{what}: country of {one}")
        report.check(at(one, "as.number") in {event.asn or None for event in events}, f"{what}: AS of {one}")
    no_address = not set(dim["parts"]) & {"client", "peer", "claim", "first-xff"}
    wanted = {"clients": no_address and ("asn" not in dim["parts"] or dim["parts"] == ["asn"]),
              "latency": no_address and "asn" not in dim["parts"] and any(event.latency is not None for event in events)}
    report.equal([name for name in wanted if name in one], [name for name in wanted if wanted[name]], f"{what}: clients and latency of {one}")
    if "clients" in one:
        clients = len({(event.client, event.vpce) for event in events if event.client is not None})
        report.check(abs(one["clients"]["estimate"] - clients) <= max(0, 0.065 * clients), f"{what}: {one['clients']} of {clients} clients")
    if "latency" in one:
        check_latency(report, one["latency"], sorted(event.latency for event in events if event.latency is not None), what)


def check_latency(report, found, latencies, what):
    """Microseconds are cut off, and a quantile may be that of either neighbour; 1 % is DDSketch's."""
    for name, quantile in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        place = quantile * (len(latencies) - 1)
        low, high = latencies[int(place)] / 1e9, latencies[min(int(place) + 1, len(latencies) - 1)] / 1e9
        report.check(low * 0.989 - 3e-6 <= found[name] <= high * 1.011 + 3e-6, f"{what}: {name} {found[name]}, not {low} to {high}")


# --- limits -----------------------------------------------------------------------------------------------------------


class View:
    """A rule, judged with one kind of key."""

    def __init__(self, events, limit, config, dim):
        self.window, self.most, self.slot_s, self.parts = limit.get("window", 300), limit["limit"], config["slot"], dim["parts"]
        self.counts, self.events = defaultdict(Counter), defaultdict(list)
        for event in events:
            key = event.key(dim)
            if key is not None:
                self.counts[key][event.slot] += 1
                self.events[key, event.slot].append(event)
        self.total = sum(map(len, self.events.values()))
        self.over = {key: set(self.slots_over(counts)) for key, counts in self.counts.items()}
        self.breaches = [breach for key in self.counts for breach in self.breaches_of(key)]
        self.blocked = [{(key, slot) for key, begin, end, *_ in self.breaches for slot in range(begin, end + 1)
                         if (begin + 1) * self.slot_s + delay < (slot + 1) * self.slot_s} for delay in DELAYS]

    def slots_over(self, counts):
        """Number of the slots at whose end the window has more than the limit."""
        length = self.window // self.slot_s
        slots = sorted(counts)
        sums = [0]
        for slot in slots:
            sums.append(sums[-1] + counts[slot])
        for slot in sorted({one + i for one in slots for i in range(length)}):
            if sums[bisect.bisect_right(slots, slot)] - sums[bisect.bisect_right(slots, slot - length)] > self.most:
                yield slot

    def window_at(self, key, slot):
        return sum(self.counts[key][slot - i] for i in range(self.window // self.slot_s))

    def breaches_of(self, key):
        """(key, first slot, last slot, peak)"""
        begin = None
        for slot in sorted(self.over[key]):
            begin = slot if begin is None else begin
            if slot + 1 not in self.over[key]:
                yield key, begin, slot, max(self.window_at(key, one) for one in range(begin, slot + 1))
                begin = None

    def blocked_events(self, which):
        return [event for key, slot in self.blocked[which] for event in self.events.get((key, slot), [])]

    def excess(self, key, begin, end, which):
        return sum(self.counts[key][slot] for slot in range(begin, end + 1) if (key, slot) in self.blocked[which])


def scope_of(limit):
    scope = dict(one.split("=") for one in limit["scope"].split(",")) if "scope" in limit else {}
    return lambda event: all(getattr(event, name) == value for name, value in scope.items())


def views_of(events, limit, config):
    """{name of the view: View}; a limit by the true client has two."""
    some = [event for event in events if scope_of(limit)(event)]
    dim = dim_of(limit["key"], config)
    name = next((part for part in dim["parts"] if part in ADDRESSES), None)
    views = {name: View(some, limit, config, dim)}
    if name == "client":
        waf = {**dim, "parts": ["first-xff" if part == "client" else part for part in dim["parts"]]}
        views["first-xff"] = View(some, limit, config, waf)
    return dim, views


def check_breaches(report, found, limit, views, what):
    expected = {}
    for name, view in views.items():
        for key, begin, end, peak in view.breaches:
            document = {"kind": "breach", "rule": limit["name"], "win": view.window, "key": key, "from": time_text((begin + 1) * view.slot_s),
                        "to": time_text((end + 1) * view.slot_s), "peak": peak, "limit": view.most,
                        "excess": [view.excess(key, begin, end, 0), view.excess(key, begin, end, 1)]}
            document["@timestamp"] = document["to"]
            expected[name, key, document["from"]] = document
    report.equal(sorted((one.get("view"), one["key"], one["from"]) for one in found) if None not in views else len(found),
                 sorted(expected) if None not in views else len(expected), f"{what}: breaches")
    for one in found:
        document = expected.get((one.get("view"), one["key"], one["from"]), {})
        report.equal({name: one.get(name) for name in document or one}, document, f"{what}: breach of {one['key']}")
    return len(expected)


def ranking(events, value):
    counts = Counter(map(value, events))
    return sorted(counts.items(), key=lambda pair: -pair[1])[:BLOCKED_MAX]


def check_impact(report, found, limit, views, what):
    report.equal({one.get("view") for one in found} if None not in views else {None}, set(views), f"{what}: impact of each view")
    report.equal(len(found), len(views), f"{what}: impacts")
    true = next(iter(views.values()))
    for one in found:
        view = views.get(one.get("view"), true)
        least, most = view.blocked_events(0), view.blocked_events(1)
        expected = {"rule": limit["name"], "win": view.window, "limit": view.most, "total": view.total, "keys": sum(map(bool, view.over.values())),
                    "would_block": [len(least), len(most)]}
        report.equal({name: one.get(name) for name in expected}, expected, f"{what}: impact")
        report.check(all(abs(share - part / max(1, view.total)) < 1e-6 for share, part in zip(one["share_of_all"], one["would_block"])), f"{what}: {one}")
        for name, value, field in (("as", lambda event: event.asn, "number"), ("country", lambda event: event.country, "iso_code")):
            told = one.get("view") == "client" or {"as": "asn"}.get(name, name) in view.parts
            ranked, listed = ranking(most, value) if told else [], at(one, f"blocked.{name}") or []
            report.equal([row["n"] for row in listed], [count for _, count in ranked], f"{what}: blocked by {name}")
            counts = Counter(map(value, most))
            report.check(all(counts[row[field]] == row["n"] for row in listed), f"{what}: {listed}")
        if one.get("view") == "client":
            check_two_views(report, one, views, what)


def check_two_views(report, one, views, what):
    true, waf = views["client"], views["first-xff"]
    key_in = {id(event): (key, slot) for view in (true, waf) for (key, slot), some in view.events.items() for event in some if view is waf}
    true_in = {id(event): (key, slot) for (key, slot), some in true.events.items() for event in some}
    evaded = framed = 0
    for (key, slot), some in true.events.items():
        for event in some:
            other = key_in.get(id(event))
            if (key, slot) in true.blocked[1] and (other is None or slot not in waf.over[other[0]]):
                evaded += 1
    for (key, slot), some in waf.events.items():
        for event in some:
            if (key, slot) in waf.blocked[1] and slot not in true.over[true_in[id(event)][0]]:
                framed += 1
    report.equal([one["evaded"], one["framed"]], [evaded, framed], f"{what}: evaded and framed")


# --- advice -----------------------------------------------------------------------------------------------------------


def check_advice(report, one, view, what):
    """Of all keys that are known the highest window; what a limit of `suggest` would have done is judged by that very limit."""
    counts = {key: some for key, some in view.counts.items() if not key.startswith("unresolved:")}
    peaks = sorted(max(view.window_at(key, slot) for slot in some) for key, some in counts.items())
    report.equal([one["keys"], one["total"]], [len(peaks), sum(some.total() for some in counts.values())], f"{what}: keys")
    for name, share in (("p99", 0.99), ("p999", 0.999), ("p9999", 0.9999)):
        place = share * (len(peaks) - 1)
        low, high = peaks[int(place)], peaks[min(int(place) + 1, len(peaks) - 1)]
        report.check(low * 0.99 - 1 <= one[name] <= high * 1.01 + 1, f"{what}: {name} {one[name]}, not {low} to {high}")
    for name, stop, share in (("suggest", "would_stop", 0.001), ("suggest_p9999", "would_stop_p9999", 0.0001)):
        over = sum(peak > one[name] * 1.01 for peak in peaks)
        report.check(over <= share * len(peaks), f"{what}: {over} of {len(peaks)} keys are over {name} {one[name]}")
        lower = sum(peak > one[name] * 0.97 - 2 for peak in peaks)
        report.check(lower > share * len(peaks), f"{what}: {name} {one[name]} could be lower")
        report.check(0 <= one[stop] <= 1, f"{what}: {stop} {one[stop]}")


# --- all of it --------------------------------------------------------------------------------------------------------


def check_rates(report, documents, records, settings, what):
    """That these documents are what becomes of these records; how many breaches there are."""
    config = {**DEFAULTS, **settings}
    events = [Event(record, config) for record in records if at(record, "hop.verdict") is not None]
    kinds = defaultdict(list)
    for one in documents:
        kinds[one["kind"]].append(one)
    report.equal(len({one["event"]["id"] for one in documents}), len(documents), f"{what}: different ids")
    check_top(report, kinds["top"], events, config, what)
    breaches = 0
    for limit in config["limits"]:
        _, views = views_of(events, limit, config)
        name = f"{what}: {limit['name']}"
        breaches += check_breaches(report, [one for one in kinds["breach"] if one["rule"] == limit["name"]], limit, views, name)
        check_impact(report, [one for one in kinds["impact"] if one["rule"] == limit["name"]], limit, views, name)
        advice = [one for one in kinds["advice"] if one.get("rule") == limit["name"] and "group" not in one]
        report.equal(len(advice), 1, f"{name}: advice")
        for one in advice:
            check_advice(report, one, next(iter(views.values())), name)
    check_advice_of_dims(report, [one for one in kinds["advice"] if "rule" not in one and "group" not in one], events, config, what)
    return breaches


def check_advice_of_dims(report, found, events, config, what):
    dims = {dim["name"]: dim for dim in dims_of(config) if len(dim["parts"]) == 1 and dim["parts"][0] in (*ADDRESSES, "asn")}
    wanted = sorted((name, window) for name, dim in dims.items() for window in config["windows"] if any(not (event.key(dim) or "unresolved:").startswith("unresolved:") for event in events))
    report.equal(sorted((one["dim"], one["win"]) for one in found), wanted, f"{what}: advice by dimension")
    for one in found:
        view = View(events, {"window": one["win"], "limit": 2 ** 62}, config, dims[one["dim"]])
        check_advice(report, one, view, f"{what}: advice for {one['dim']} {one['win']} s")
