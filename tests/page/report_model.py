"""The data of a report made the slow way, of the records (schema ecs) that a run wrote, and put into a page: what the program's own must be
equal to, and what the tests of the page draw.

model() counts everything exactly: errors are 0, every client is known. canonical() says the same with names in place of indexes, so that two
reports can be compared whatever order their names have.

Threads: pure functions.
"""
import calendar
import json
import math
import time
from collections import Counter, defaultdict

STATUSES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"]
RESOLVED = {"ok", "ok-assumed", "ok-privatelink", "spoofed-leftmost", "client-proxy", "claim-garbled", "bypass", "all-trusted"}
TILE_NONE, ZOOM = 65535, 7
NETWORKS_MAX, CLIENTS_MAX = 500, 300
EMPTY_LINE = '<script type="application/json" id="data">null</script>'


def at(record, path):
    """What stands at a path of dots, or None."""
    for name in path.split("."):
        if not isinstance(record, dict) or name not in record:
            return None
        record = record[name]
    return record


def seconds_of(record):
    return calendar.timegm(time.strptime(record["@timestamp"][:19], "%Y-%m-%dT%H:%M:%S"))


def kept(degrees, span):
    """A coordinate has 32 bits, rounded down: as OpenSearch keeps it."""
    step = span / 2 ** 32
    return min(math.floor(degrees / step), 2 ** 31 - 1) * step


def tile_of(record):
    """x * 128 + y of the slippy map at zoom 7."""
    place = at(record, "client.geo.location")
    if place is None:
        return TILE_NONE
    tiles, longitude, latitude = 2 ** ZOOM, kept(place["lon"], 360), kept(place["lat"], 180)
    sine = math.sin(math.radians(latitude))
    down = 1 if sine <= -1 else 0 if sine >= 1 else 0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)
    x, y = (max(0, min(tiles - 1, math.floor(share * tiles))) for share in ((longitude + 180) / 360, down))
    return x * tiles + y


def bytes_of(record):
    """Those sent to the client; a network balancer's stand elsewhere."""
    for path in ("http.response.bytes", "http.response.body.bytes", "destination.bytes"):
        if at(record, path) is not None:
            return at(record, path)
    return 0


def status_of(record):
    status = (at(record, "http.response.status_code") or 0) // 100
    return status if 1 <= status <= 5 else 0


def address_of(record):
    """An address of PrivateLink is one only together with its endpoint."""
    address = at(record, "client.ip")
    endpoints = [flag.removeprefix("vpce=") for flag in at(record, "hop.flags") or [] if flag.startswith("vpce=")]
    return address if address is None or not endpoints else f"{endpoints[0]}|{address}"


def residency_of(record):
    """(zone, place, verdict), or None for a record that was not judged."""
    if at(record, "residency.verdict") is None:
        return None
    return (at(record, "residency.zone") or "unknown", at(record, "residency.jurisdiction") or "unknown", at(record, "residency.verdict"))


class Row:
    """What one key has: requests and bytes by position."""

    def __init__(self):
        self.requests, self.bytes = Counter(), Counter()

    def cells(self):
        found, before = [], 0
        for position in sorted(self.requests):
            found += [position - before, self.requests[position]]
            before = position
        return found


def by_requests(rows):
    """The most first; ties by key."""
    return sorted(rows.items(), key=lambda item: (-sum(item[1].requests.values()), item[0]))


def model(lines, step, facts=None, rows_max=(NETWORKS_MAX, CLIENTS_MAX)):
    """The data object of the records in `lines` (texts or bytes), in buckets of `step` seconds. `facts`: members that records do not tell; `rows_max`:
    of networks and clients, None for all."""
    records = [json.loads(line) for line in lines]
    moments = [seconds_of(record) for record in records]
    start = min(moments) // step * step if records else 0
    count = (max(moments) - start) // step + 1 if records else 0
    rows, names = defaultdict(lambda: defaultdict(Row)), {}
    for record, moment in zip(records, moments):
        position = (moment - start) // step * len(STATUSES) + status_of(record)
        group = (at(record, "client.geo.country_iso_code") or "", at(record, "hop.verdict") or "")
        number = at(record, "client.as.number") or 0
        if at(record, "client.as.organization.name"):
            names[str(number)] = at(record, "client.as.organization.name")
        keys = [("groups", group), ("tiles", (tile_of(record), group)), ("networks", (number, group))]
        if at(record, "client.ip") is not None:
            keys.append(("clients", (address_of(record), number, group)))
        if residency_of(record) is not None:
            keys.append(("residency", (*residency_of(record), group)))
        for table, key in keys:
            rows[table][key].requests[position] += 1
        rows["groups"][group].bytes[position] += bytes_of(record)
    return {**assembled(rows, names, *(rows_max or (None, None))), "time": {"start": start, "step": step, "count": count}, **told(records), **(facts or {})}


def told(records):
    """What a program says besides, as far as it can be told here."""
    clients = {address_of(record) for record in records} - {None}
    found = {"version": "0.1.0", "live": False, "ended": True, "statuses": STATUSES, "approximate": False, "bytes_read": 0, "databases": [],
             "inputs": {"files": 1, "streams": 0, "names": ["records.ndjson"]}, "rejected_by_reason": {}, "skipped_by_reason": {},
             "records": {"read": len(records), "written": len(records), "rejected": 0, "skipped": 0}}
    return {**found, "distinct_clients": {"estimate": len(clients), "error": 0}} if clients else found


def assembled(rows, names, networks_max, clients_max):
    groups = by_requests(rows["groups"])
    index = {group: i for i, (group, _) in enumerate(groups)}
    listed = {name: sorted({key[i] for key in rows["groups"]}) for i, name in enumerate(("countries", "verdicts"))}
    policy = [sorted({key[i] for key in rows["residency"]}) for i in range(3)]
    networks = by_requests(rows["networks"])
    shown = networks[:networks_max]
    clients = by_requests(rows["clients"])[:clients_max]
    used = {str(number) for (number, _), _ in shown} | {str(number) for (_, number, _), _ in clients}
    return {
        "countries": listed["countries"],
        "verdicts": [{"name": name, "resolved": name in RESOLVED} for name in listed["verdicts"]],
        "zones": policy[0], "places": policy[1], "residency_verdicts": policy[2],
        "groups": [{"country": listed["countries"].index(country), "verdict": listed["verdicts"].index(verdict), "cells": row.cells(),
                    "bytes": [row.bytes[position] for position in sorted(row.requests)]} for (country, verdict), row in groups],
        "tiles": [{"tile": tile, "group": index[group], "cells": row.cells()} for (tile, group), row in by_requests(rows["tiles"])],
        "networks": [{"as": number, "group": index[group], "error": 0, "cells": row.cells()} for (number, group), row in shown],
        "network_names": {number: name for number, name in names.items() if number in used},
        "networks_all": len(networks),
        "clients": [{"address": address, "as": number, "group": index[group], "error": 0, "guaranteed": True, "cells": row.cells()}
                    for (address, number, group), row in clients],
        "residency": [{"zone": policy[0].index(zone), "place": policy[1].index(place), "verdict": policy[2].index(verdict), "group": index[group],
                       "cells": row.cells()} for (zone, place, verdict, group), row in by_requests(rows["residency"])],
    }


def canonical(data):
    """Tables of a data object by names: {table: {key: {position: requests or (requests, bytes)}}}, for comparing two of them."""
    def cells(row):
        position, found = 0, {}
        for i in range(0, len(row["cells"]), 2):
            position += row["cells"][i]
            found[position] = (row["cells"][i + 1], row["bytes"][i // 2]) if "bytes" in row else row["cells"][i + 1]
        return found

    groups = [(data["countries"][group["country"]], data["verdicts"][group["verdict"]]["name"]) for group in data["groups"]]
    return {
        "groups": {group: cells(row) for group, row in zip(groups, data["groups"])},
        "tiles": {(row["tile"], *groups[row["group"]]): cells(row) for row in data["tiles"]},
        "networks": {(row["as"], *groups[row["group"]]): cells(row) for row in data["networks"]},
        "clients": {(row["address"], row["as"], *groups[row["group"]]): cells(row) for row in data["clients"]},
        "residency": {(data["zones"][row["zone"]], data["places"][row["place"]], data["residency_verdicts"][row["verdict"]], *groups[row["group"]]):
                      cells(row) for row in data["residency"]},
    }


def escaped(data):
    """JSON that cannot end its element: only ASCII, and nothing that means something to HTML."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    for character in "<>&\x7f":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def fill(template, data):
    """The page with the data in it."""
    if template.count(EMPTY_LINE) != 1:
        raise ValueError("the template has no place for the data, or more than one")
    return template.replace(EMPTY_LINE, EMPTY_LINE.replace("null", escaped(data)))
