"""Makes the database that comes with wherefrom: country, continent, a point, and AS of an address, in one file.

    build.py --out DIR [--cache DIR]        (build.sh runs it with what it needs)

One file and not two, because a look-up costs about as much as all the rest of a record's enrichment: one walk gives
country and AS. Inputs are pinned (npm_packages.py, requirements.txt), the date in the file is that of the data, and
nothing depends on time or order of hashing: two builds give the same bytes, which tests/geodata_test.py checks.
"""
import argparse
import datetime
import json
import os
import time

from address_ranges import FAMILY_BITS, merge, read_rows
from country_points import country_points
from country_table import COUNTRIES
from npm_packages import PACKAGES, fetch, read_member
from search_tree import make_record, write_database

FILE_NAME = "wherefrom-geo.mmdb"
DATABASE_TYPE = "wherefrom-Country-ASN"
ATTRIBUTION = (
    "Country and AS of IP addresses, merged and modified by wherefrom from ip-location-db. "
    "AS numbers: Route Views (routeviews.org), NRO (nro.net) and IP Geolocation by DB-IP (db-ip.com), CC BY 4.0. "
    "Countries: geofeeds, regional registries' whois and NRO statistics (nro.net, CC BY 4.0), CC0. "
    "Points: Natural Earth, public domain."
)


def data_epoch():
    """Seconds since 1970 of the newest address list: its version ends in year, month, day and hour (UTC)."""
    versions = [version for name, (version, _) in PACKAGES.items() if name.startswith("@ip-location-db/")]
    newest = max(version.rsplit(".", 1)[1] for version in versions)
    return int(datetime.datetime.strptime(newest + "+0000", "%Y%m%d%H%z").timestamp())


def country_row(columns):
    return columns[0]


def system_row(columns):
    return int(columns[0]), " ".join(columns[1].split())


def family_steps(family, archives):
    def rows(package, parse):
        name = f"@ip-location-db/{package}"
        return read_rows(read_member(archives[name], f"{package}-{family}-num.csv"), parse)

    return merge(
        family, rows("geo-whois-asn-country", country_row), rows("asn-country", country_row), rows("asn", system_row)
    )


def build(out, cache):
    archives = {name: fetch(name, cache) for name in PACKAGES}
    began = time.monotonic()

    def say(text):
        print(f"geodata: {time.monotonic() - began:5.1f} s: {text}", flush=True)

    steps = {family: family_steps(family, archives) for family in FAMILY_BITS}
    say(f"ranges merged: {len(steps['ipv4'])} IPv4, {len(steps['ipv6'])} IPv6")

    codes = {value[0] for function in steps.values() for _, value in function if value and value[0]}
    unknown = sorted(codes - COUNTRIES.keys())
    if unknown:
        raise SystemExit(f"countries: the data has {unknown}: add to country_table.py, or to DOUBTED if retired")
    points = country_points(json.loads(read_member(archives["world-atlas"], "countries-10m.json")), codes)
    say(f"points found: {len(points)} countries")

    def record(value):
        country, system = value
        return make_record(country, system, lambda code: (COUNTRIES[code][1], *points[code]))

    path = os.path.join(out, FILE_NAME)
    metadata = {
        "database_type": DATABASE_TYPE,
        "description": {"en": ATTRIBUTION},
        "build_epoch": data_epoch(),
    }
    write_database(path + ".part", steps["ipv4"], steps["ipv6"], record, metadata)
    os.replace(path + ".part", path)
    say(f"{path}: {os.path.getsize(path)} bytes")


def main():
    parser = argparse.ArgumentParser(description="make the database that comes with wherefrom")
    parser.add_argument("--out", required=True, help="directory for " + FILE_NAME)
    parser.add_argument("--cache", help="directory for downloaded packages (default: OUT)")
    arguments = parser.parse_args()
    build(arguments.out, arguments.cache or arguments.out)


if __name__ == "__main__":
    main()
