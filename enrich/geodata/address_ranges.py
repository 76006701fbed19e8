"""Several lists of address ranges become one step function: address -> what is known there.

The country list (geofeeds, then whois, then delegations) is good but has three faults that its publisher admits in
general and that measuring showed in particular. They are mended with the registries' own delegation statistics:
  - whois placeholders: where a registry's database only holds the registry's record for the whole block, the list
    shows the registry's seat: AU for Japan's and China's oldest IPv6 space (2001:200::/23 and on, 150 million /48),
    MU for 154.0.0.0/8 space of the USA and Canada (2.5 million addresses). There the delegation's country stands.
  - ranges that nobody was given have a country (172.16.0.0/12 is "AU"). Not delegated: no country.
  - holes (51 million /48 in Africa). Delegated and not listed: the delegation's country.
Ranges of a list overlap at times, one inside another: the narrower one knows better.
"""
import csv
import heapq
import io
import ipaddress
import itertools

FAMILY_BITS = {"ipv4": 32, "ipv6": 128}

# Nothing here is a client out on the internet: IANA's IPv4 and IPv6 special-purpose address registries (RFC 6890 and
# successors), multicast, and all of IPv6 outside global unicast. 2002::/16 and ::ffff:0:0/96 lead to IPv4 instead.
RESERVED = {
    "ipv4": """
        0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24
        192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3
        """,
    "ipv6": "::/3 2001::/23 2001:db8::/32 2002::/16 3fff::/20 4000::/2 8000::/1",
}

# {network: listed countries that are only a registry's placeholder or, like AN, no country any more}
DOUBTED = {
    "ipv4": {"0.0.0.0/0": "AN MU"},
    "ipv6": {"::/0": "AN MU", "2001::/16": "AN AU MU"},
}


def read_rows(text, parse):
    """[(first, last, value)] of a CSV file of inclusive numeric ranges; `parse` makes the value of further columns."""
    return [(int(row[0]), int(row[1]), parse(row[2:])) for row in csv.reader(io.StringIO(text)) if row]


def network_rows(values):
    """The same of {network in CIDR notation: value}."""
    rows = []
    for text, value in values.items():
        network = ipaddress.ip_network(text)
        rows.append((int(network[0]), int(network[-1]), value))
    return rows


def steps(rows):
    """[(start, value)]: from each start up to the next holds the value of the narrowest range there, or None.

    Of two ranges alike the later row wins. Each start is greater than the one before.
    """
    rows = sorted(((first, last, index, value) for index, (first, last, value) in enumerate(rows)), key=lambda r: r[:3])
    bounds = sorted({bound for first, last, _, _ in rows for bound in (first, last + 1)})
    active, taken, result = [], 0, []
    for bound in bounds:
        while taken < len(rows) and rows[taken][0] == bound:
            first, last, index, value = rows[taken]
            heapq.heappush(active, (last - first, -index, last, value))
            taken += 1
        while active and active[0][2] < bound:
            heapq.heappop(active)
        result.append((bound, active[0][3] if active else None))
    return result


def combine(functions, decide):
    """One step function from several: at each address, decide(value of each). Starts at 0; neighbours differ."""
    changes = heapq.merge(
        *([(start, index, value) for start, value in function] for index, function in enumerate(functions)),
        key=lambda change: change[:2],
    )
    current = [None] * len(functions)
    result = [(0, None)]
    for start, group in itertools.groupby(changes, key=lambda change: change[0]):
        for _, index, value in group:
            current[index] = value
        value = decide(*current)
        if start == 0:
            result[0] = (0, value)
        elif value != result[-1][1]:
            result.append((start, value))
    return result


def _decide(listed, delegated, doubted, system, reserved):
    if reserved:
        return None
    country = listed
    if not delegated or not listed or listed in doubted.split():
        country = delegated
    return (country, system) if country or system else None


def merge(family, listed, delegated, systems):
    """Step function address -> (country or None, (AS number, name) or None) or None, from rows of the three lists."""
    return combine(
        [
            steps(listed),
            steps(delegated),
            steps(network_rows(DOUBTED[family])),
            steps(systems),
            steps(network_rows(dict.fromkeys(RESERVED[family].split(), True))),
        ],
        _decide,
    )
