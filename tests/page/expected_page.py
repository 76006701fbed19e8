"""What the page must show for records under filters, as text: worked out of the records themselves, not of the data object that the page reads.

Threads: pure functions.
"""
import json
import math
import time
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal

from report_model import CLIENTS_MAX, STATUSES, TILE_NONE, address_of, at, bytes_of, residency_of, seconds_of, status_of, tile_of

GAP = "\u00a0"
NAMES = {"": "Country not known", "DE": "Germany", "US": "United States", "GB": "United Kingdom", "FR": "France", "NL": "Netherlands", "SE": "Sweden",
         "PL": "Poland", "ES": "Spain", "IT": "Italy", "CH": "Switzerland", "IN": "India", "JP": "Japan", "BR": "Brazil", "CA": "Canada",
         "AU": "Australia", "ZA": "South Africa", "KE": "Kenya", "NG": "Nigeria", "MX": "Mexico", "AR": "Argentina", "SG": "Singapore",
         "KR": "South Korea", "CN": "China", "UA": "Ukraine", "NZ": "New Zealand", "XK": "Kosovo", "FJ": "Fiji"}
RESIDENCY = {"ok": "allowed by the policy", "conditional": "allowed on conditions", "violation": "not allowed", "indeterminate": "cannot be told",
             "exempt": "left out of the policy"}


def tenth(value):
    return f"{Decimal(repr(float(value))).quantize(Decimal('0.1'), ROUND_HALF_UP):,}"


def percent(part, whole):
    if whole == 0:
        return f"0.0{GAP}%"
    share = 100 * part / whole
    if part > 0 and share < 0.05:
        return f"under 0.1{GAP}%"
    if part < whole and share >= 99.95:
        return f"over 99.9{GAP}%"
    return f"{tenth(share)}{GAP}%"


def in_bytes(count):
    unit, value = 0, count
    while value >= 1000 and unit < 6:
        unit, value = unit + 1, value / 1000
    name = ("byte" if count == 1 else "bytes", "kB", "MB", "GB", "TB", "PB", "EB")[unit]
    return f"{count:,}{GAP}{name}" if unit == 0 else f"{tenth(value)}{GAP}{name}"


def requests(count):
    return f"{count:,}{GAP}request{'' if count == 1 else 's'}"


def moment(seconds):
    broken = time.gmtime(seconds)
    return f"{broken.tm_mday} {time.strftime('%b %Y, %H:%M', broken)}"


def span(begin, end):
    return f"{moment(begin)} to {moment(end).split(', ')[1] if begin // 86400 == end // 86400 else moment(end)}"


def place_of(tile):
    x, y = divmod(tile, 128)
    longitude = (x + 0.5) / 128 * 360 - 180
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * (y + 0.5) / 128))))
    parts = ((latitude, "NS"), (longitude, "EW"))
    return ", ".join(f"{abs(value):.1f}\u00b0{GAP}{letters[value < 0]}" for value, letters in parts)


def network_name(number, names):
    return f"{names[number]} (AS{number})" if number else "Network not known"


class Seen:
    """A record as the page counts it."""

    def __init__(self, line):
        record = json.loads(line)
        self.moment, self.status, self.bytes = seconds_of(record), status_of(record), bytes_of(record)
        self.country, self.verdict = at(record, "client.geo.country_iso_code") or "", at(record, "hop.verdict")
        self.tile, self.address, self.residency = tile_of(record), address_of(record), residency_of(record)
        self.network, self.network_name = at(record, "client.as.number") or 0, at(record, "client.as.organization.name")
        self.known = self.address is not None


class Filter:
    """Empty sets and None: everything."""

    def __init__(self, countries=(), verdicts=(), statuses=(), begin=None, end=None):
        self.countries, self.verdicts, self.statuses, self.begin, self.end = countries, verdicts, statuses, begin, end

    def admits(self, seen, apart_from=None):
        return ((apart_from == "country" or not self.countries or seen.country in self.countries)
                and (apart_from == "verdict" or not self.verdicts or seen.verdict in self.verdicts)
                and (apart_from == "status" or not self.statuses or seen.status in self.statuses)
                and (apart_from == "time" or ((self.begin is None or seen.moment >= self.begin) and (self.end is None or seen.moment < self.end))))

    def steps(self):
        """What the browser does to get it; a moment is the text of its option."""
        return {"countries": [NAMES[code] for code in self.countries], "verdicts": list(self.verdicts), "statuses": list(self.statuses),
                "from": None if self.begin is None else moment(self.begin), "to": None if self.end is None else moment(self.end)}


class Sum:
    def __init__(self):
        self.requests = self.bytes = self.fours = self.fives = 0
        self.countries = Counter()

    def add(self, seen):
        self.requests += 1
        self.bytes += seen.bytes
        self.fours += seen.status == 4
        self.fives += seen.status == 5
        self.countries[seen.country] += 1


def sums(records, key_of):
    found = defaultdict(Sum)
    for seen in records:
        found[key_of(seen)].add(seen)
    return found


def shares(one):
    return [percent(one.fours, one.requests), percent(one.fives, one.requests)]


def reading(records, chosen, step, facts):
    """What the browser must read: {name: text or rows of texts}. Rows have the order of their numbers; equal numbers may stand either way."""
    shown = [seen for seen in records if chosen.admits(seen)]
    whole, total = len(shown), sums(shown, lambda seen: None)[None]
    names = {seen.network: seen.network_name for seen in records if seen.network}
    countries = sums((seen for seen in records if chosen.admits(seen, "country")), lambda seen: seen.country)
    verdicts = sums((seen for seen in records if chosen.admits(seen, "verdict")), lambda seen: seen.verdict)
    for name in chosen.countries:  # what is chosen is shown, though it has nothing left
        countries[name].requests += 0
    for name in chosen.verdicts:
        verdicts[name].requests += 0
    by_status = Counter(seen.status for seen in records if chosen.admits(seen, "status"))
    in_countries, in_verdicts = (sum(one.requests for one in found.values()) for found in (countries, verdicts))
    tiles, networks = sums(shown, lambda seen: seen.tile), sums(shown, lambda seen: seen.network)
    listed = rows_of_clients(records)
    clients = sums((seen for seen in shown if client_row(seen) in listed), lambda seen: seen.address)
    networks_of = {seen.address: seen.network for seen in records if seen.known}
    judged = Counter(seen.residency for seen in shown if seen.residency)
    nowhere = tiles.pop(TILE_NONE, Sum()).requests
    most = sorted(clients.values(), key=lambda one: -one.requests)
    return {
        "figures": figures(records, shown, total, facts),
        "summary": f"{percent(sum(seen.verdict == 'spoofed-leftmost' for seen in records), facts['records']['written'])} claim an address that no "
                   "trusted hop saw.",
        "map": (f"{len(tiles):,} place{'' if len(tiles) == 1 else 's'}; the largest has {requests(max(one.requests for one in tiles.values()))}. "
                f"{requests(nowhere)} ({percent(nowhere, whole)}) {'has' if nowhere == 1 else 'have'} no place on the map.")
               if tiles else "No request that is shown has a place on the map.",
        "points": sorted(one.requests for one in tiles.values()),
        "country list": [[NAMES[code], f"{requests(one.requests)} \u00b7 {percent(one.requests, in_countries)}"] for code, one in countries.items()],
        "country table": [[NAMES[code], code or "none", f"{one.requests:,}", percent(one.requests, in_countries), in_bytes(one.bytes), *shares(one)]
                          for code, one in countries.items()],
        "network list": [[network_name(number, names), f"{requests(one.requests)} \u00b7 {percent(one.requests, whole)}"]
                         for number, one in networks.items()],
        "network table": [[network_name(number, names), str(number), f"{one.requests:,}", f"{one.requests:,}", percent(one.requests, whole), *shares(one)]
                          for number, one in networks.items()],
        "verdict list": [[name, percent(one.requests, in_verdicts), f"{one.requests:,}"] for name, one in verdicts.items()],
        "verdict table": [[name, f"{one.requests:,}", percent(one.requests, in_verdicts)] for name, one in verdicts.items()],
        "statuses": [[STATUSES[status], f"{by_status[status]:,} \u00b7 {percent(by_status[status], sum(by_status.values()))}"]
                     for status in range(6) if by_status[status]],
        "time table": time_table(records, chosen, step),
        "place table": [[place_of(tile), {NAMES[code] for code in one.countries}, f"{one.requests:,}", percent(one.requests, whole)]
                        for tile, one in tiles.items()]
                       + ([["no place on the map", {""}, f"{nowhere:,}", percent(nowhere, whole)]] if nowhere else []),
        "matrix": [f"{count:,} {verdict}" for (_, _, verdict), count in judged.items()],
        "residency": residency_says(judged),
        "residency table": [[*key, f"{count:,}"] for key, count in judged.items()],
        "talker numbers": [f"{one.requests:,}" for one in most[:15]],
        "client table": {address: [{NAMES[code] for code in one.countries}, network_name(networks_of[address], names), f"{one.requests:,}",
                                   f"{one.requests:,}", percent(one.requests, whole), *shares(one), "yes"] for address, one in clients.items()},
    }


def client_row(seen):
    """A report counts clients by these; None: no client."""
    return (seen.address, seen.network, (seen.country, seen.verdict)) if seen.known else None


def rows_of_clients(records):
    """Those that are in a report: so many, with the most requests of all, whatever the filters; ties by key."""
    counts = Counter(client_row(seen) for seen in records if seen.known)
    return {row for row, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:CLIENTS_MAX]}


def figures(records, shown, total, facts):
    whole, everything = len(shown), facts["records"]["written"]
    unknown = sum(seen.country == "" for seen in shown)
    clients = len({seen.address for seen in records if seen.known})
    return [
        ["Requests", f"{whole:,}", "all of them" if whole == everything else f"{percent(whole, everything)} of all"],
        ["Clients, about", f"{clients:,}", "in the whole report"],
        ["Countries", str(len({seen.country for seen in shown} - {""})), f"{percent(unknown, whole)} of requests without one" if unknown else ""],
        ["Sent to clients", in_bytes(total.bytes), f"{in_bytes(math.floor(total.bytes / whole + 0.5))} a request" if whole else ""],
        ["Client errors, 4xx", percent(total.fours, whole), requests(total.fours)],
        ["Server errors, 5xx", percent(total.fives, whole), requests(total.fives)],
        ["Lines rejected", f"{facts['records']['rejected']:,}", f"of {facts['records']['read']:,} in the whole report"],
    ]


def residency_says(judged):
    whole, verdicts = sum(judged.values()), Counter()
    for (_, _, verdict), count in judged.items():
        verdicts[verdict] += count
    if whole == 0:
        return "No judged request is left by the filters."
    parts = [f"{percent(count, whole)} {name} ({RESIDENCY[name]})" for name, count in sorted(verdicts.items())]
    return f"Of {whole:,} judged requests: {', '.join(parts)}."


def time_table(records, chosen, step):
    first, last = (extreme(seen.moment // step for seen in records) for extreme in (min, max))
    buckets = {number: [0] * 8 for number in range(first, last + 1)}
    for seen in records:
        if chosen.admits(seen, "time"):
            bucket = buckets[seen.moment // step]
            bucket[seen.status] += 1
            bucket[6] += 1
            bucket[7] += seen.bytes
    return [[moment(number * step).replace(",", ""), moment((number + 1) * step).replace(",", ""), *(f"{n:,}" for n in bucket[:7]), in_bytes(bucket[7])]
            for number, bucket in sorted(buckets.items())]
