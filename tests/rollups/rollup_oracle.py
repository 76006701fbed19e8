"""Heat roll-ups made the slow way, of the records that a run wrote: what the program's own must be equal to.

Threads: pure functions.
"""
import calendar
import functools
import math
import re
import time
from collections import Counter, defaultdict

from black_box import at

INTERVAL_S, DAY_S = 300, 86400
EXACT_MAX = 768  # clients of a slot that are counted one by one; of more the number is good to 1.6 % (standard error)
FAR = 0.065  # four of them
LONG_MAX = 2 ** 63 - 1


@functools.lru_cache(1 << 16)
def seconds_of_text(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def seconds_of(record):
    return seconds_of_text(record["@timestamp"][:19])


def time_text(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(seconds))


def as_kept(degrees, span):
    """What a document's number is in an index: 32 bits, rounded down."""
    step = span / 2 ** 32
    return min(math.floor(degrees / step), 2 ** 31 - 1) * step


def tile_of(location, zoom=7):
    """z/x/y as geotile_grid has it."""
    tiles, longitude, latitude = 2 ** zoom, as_kept(location["lon"], 360), as_kept(location["lat"], 180)
    sine = math.sin(math.radians(latitude))
    share = 1 if sine == -1 else 0 if sine == 1 else 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    x, y = (max(0, min(tiles - 1, math.floor(one * tiles))) for one in ((longitude + 180) / 360, share))
    return f"{zoom}/{x}/{y}"


def centre_of(tile):
    zoom, x, y = map(int, tile.split("/"))
    tiles = 2 ** zoom
    return ((x + 0.5) / tiles * 360 - 180, math.degrees(2 * math.atan(math.exp(math.pi * (1 - 2 * (y + 0.5) / tiles))) - math.pi / 2))


def slot_of(record):
    """(interval's begin, tile or None, zone)"""
    begin = seconds_of(record) // INTERVAL_S * INTERVAL_S
    if at(record, "client.ip") is None and at(record, "hop.verdict") is not None:
        return begin, None, "unresolved:" + at(record, "hop.verdict")
    location = at(record, "client.geo.location")
    return begin, tile_of(location) if location else None, at(record, "client.geo.country_iso_code") or "unknown"


def bytes_of(record):
    """Those sent to the client; a network balancer's stand elsewhere."""
    for path in ("http.response.bytes", "http.response.body.bytes", "destination.bytes"):
        if at(record, path) is not None:
            return at(record, path)
    return 0


def client_of(record):
    """An address of PrivateLink is one only together with its endpoint."""
    if at(record, "client.ip") is None:
        return None
    return at(record, "client.ip"), *(flag for flag in at(record, "hop.flags") or [] if flag.startswith("vpce="))


def order_of(document):
    """By time, tile and zone; without a tile last, and zones that are no country first."""
    tile, zone = at(document, "geo.tile"), document["zone"]
    return (document["@timestamp"], tuple(map(int, tile.split("/"))) if tile else (math.inf,), bool(re.fullmatch("[A-Za-z0-9]{2}", zone)),
            ["unknown", "folded"].index(zone) if zone in ("unknown", "folded") else 2, "" if zone.startswith("unresolved:") else zone)


def heat_of(records):
    """{slot: (document without its id and clients, clients)}"""
    sums, clients = defaultdict(Counter), defaultdict(set)
    for record in records:
        slot, status = slot_of(record), at(record, "http.response.status_code") or 0
        sums[slot].update({"requests": 1, "bytes": bytes_of(record), "4xx": status // 100 == 4, "5xx": status // 100 == 5})
        clients[slot] |= {client_of(record)} - {None}
    documents = {}
    for (begin, tile, zone), sum_of in sums.items():
        document = {"@timestamp": time_text(begin), "kind": "heat", "interval_s": INTERVAL_S, "zone": zone, "requests": sum_of["requests"],
                    "bytes": min(sum_of["bytes"], LONG_MAX), "status": {"4xx": sum_of["4xx"], "5xx": sum_of["5xx"]}}
        if tile:
            document["geo"] = {"tile": tile}
        documents[begin, tile, zone] = document, clients[begin, tile, zone]
    return documents


def slot_of_document(document):
    return seconds_of(document), at(document, "geo.tile"), document["zone"]


def check_heat(report, found, records, what):
    """That these documents are what becomes of these records."""
    expected = heat_of(records)
    report.equal(len(found), len(expected), f"{what}: documents")
    report.equal(sorted(map(slot_of_document, found), key=str), sorted(expected, key=str), f"{what}: slots")
    report.equal([order_of(one) for one in found], sorted(map(order_of, found)), f"{what}: order")
    report.equal(len({one["event"]["id"] for one in found}), len(found), f"{what}: different ids")
    for one in found:
        document, clients = expected.get(slot_of_document(one), ({}, set()))
        rest = {name: value for name, value in one.items() if name not in ("event", "clients", "geo")}
        if "geo" in one:
            rest["geo"] = {"tile": one["geo"]["tile"]}
            centre = centre_of(one["geo"]["tile"])
            near = all(abs(one["geo"]["location"][name] - value) < 1e-6 for name, value in zip(("lon", "lat"), centre))
            report.check(near, f"{what}: {one['geo']} is not in the middle, {centre}")
        report.equal(rest, document, f"{what}: document")
        report.check(re.fullmatch("[0-9a-f]{32}", one["event"]["id"]), f"{what}: id {one['event']}")
        if not clients:
            report.check("clients" not in one, f"{what}: nobody is known: {one}")
            continue
        estimate, count = one.get("clients", {}).get("estimate", -1), len(clients)
        good = estimate == count if count <= EXACT_MAX else abs(estimate - count) <= FAR * count
        report.check(good and one["clients"]["error"] == 0.016, f"{what}: {one.get('clients')} for {count} clients")
