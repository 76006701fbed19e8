#!/usr/bin/env python3
"""The database that comes with wherefrom: right answers, whole records, and the copy is what the script makes.

    geodata_test.py BUILD_DIR SOURCE_DIR [--rebuild]

BUILD_DIR holds the unpacked wherefrom-geo.mmdb, SOURCE_DIR is the root of the sources. Known addresses are asked with
mmdblookup (package mmdb-bin), that is with the library wherefrom uses. The records are then walked with a reader
of this file's own, after the MaxMind DB format 2.0, so that no library's leniency hides a fault of the writer.
--rebuild makes the database anew (a minute; network, or a full cache) and compares the bytes.
"""
import argparse
import filecmp
import hashlib
import lzma
import os
import re
import struct
import subprocess
import tempfile

NAME = "wherefrom-geo.mmdb"
GOOGLE = ("US", 15169, "Google LLC")

KNOWN = [  # (address, (country, AS number, AS name) or None for no record)
    ("81.2.69.142", ("GB", 20712, "Andrews & Arnold Ltd")),
    ("8.8.8.8", GOOGLE),
    ("1.1.1.1", ("AU", 13335, "Cloudflare, Inc.")),
    ("89.160.20.112", ("SE", 29518, "Bredband2 AB")),
    ("129.132.19.216", ("CH", 559, "SWITCH")),
    ("133.11.0.1", ("JP", 2501, "The University of Tokyo")),
    ("200.160.2.3", ("BR", 22548, "Nucleo de Inf. e Coord. do Ponto BR - NIC.BR")),
    ("216.160.83.56", ("US", 209, "CenturyLink Communications, LLC")),
    ("2001:4860:4860::8888", GOOGLE),
    ("2001:8b0::1", ("GB", 20712, "Andrews & Arnold Ltd")),
    ("2606:4700:4700::1111", ("US", 13335, "Cloudflare, Inc.")),
    ("2a01:4f8::1", ("DE", 24940, "Hetzner Online GmbH")),
    ("2a02:2e0:3fe:1001:302::", ("DE", 206564, "Plus.line AG")),
    ("2a02:c7c::1", ("GB", 5607, "Sky UK Limited")),
    # IPv4 inside IPv6: mapped (RFC 4291), 6to4 (RFC 3056)
    ("::ffff:8.8.8.8", GOOGLE),
    ("::ffff:81.2.69.142", ("GB", 20712, "Andrews & Arnold Ltd")),
    ("2002:808:808::1", GOOGLE),
    # the country list has a registry's seat (MU, AU), the delegation has the country
    ("154.5.1.1", ("CA", 852, "TELUS Communications Inc.")),
    ("2001:200:0:8002:203:47ff:fea5:3085", ("JP", 2500, "WIDE Project")),
    ("2001:da8::1", ("CN", 23910, "China Next Generation Internet CERNET2")),
    # the country list has a hole
    ("2c0f:f248::1", ("SC", 13335, "Cloudflare, Inc.")),
] + [
    (address, None)
    for address in """
        0.0.0.1 10.0.0.1 100.64.0.1 127.0.0.1 169.254.1.1 172.16.0.1 172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1
        192.168.1.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 240.0.0.1 255.255.255.255
        :: ::1 64:ff9b::808:808 100::1 2001::1 2001:db8::1 3fff::1 fc00::1 fe80::1 ff02::1
        ::ffff:10.0.0.1 2002:a00:1::1
        """.split()
]

BOXES = {  # country: south, north, west, east of its mainland, by and large
    "AU": (-39, -11, 113, 154), "BR": (-34, 5, -74, -35), "CA": (48, 75, -140, -53), "CH": (45.8, 47.8, 5.9, 10.5),
    "DE": (47, 55.1, 5.8, 15.1), "FJ": (-18.4, -16, 177, 180), "FR": (42, 51.2, -5, 8.3), "GB": (50, 58.7, -6.3, 1.8),
    "GF": (2, 6, -55, -51), "GM": (13, 13.9, -17, -13.7), "HR": (42.3, 46.6, 13.4, 19.5), "IN": (8, 35, 68, 97.5),
    "JP": (33, 41.6, 130.8, 142.1), "NO": (58, 71.2, 4.9, 31.2), "NZ": (-46.7, -34, 166, 179), "RU": (43, 78, 30, 180),
    "SG": (1.2, 1.5, 103.6, 104.1), "US": (25, 49.4, -125, -66.9), "VA": (41.9, 41.91, 12.44, 12.46),
    "XK": (41.8, 43.3, 20, 21.8), "ZA": (-34.9, -22, 16.4, 33),
}

CONTINENTS = {"AF", "AN", "AS", "EU", "NA", "OC", "SA"}


class Reader:
    """Just enough of a MaxMind DB reader, strict: 24-bit records, the types this database has, all else an error."""

    MARK = b"\xab\xcd\xefMaxMind.com"

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.data = self.bytes.rindex(self.MARK) + len(self.MARK)
        self.metadata = self.value(0)[0]
        assert self.metadata["record_size"] == 24, f"record_size {self.metadata['record_size']}, this reader knows 24"
        self.nodes = self.metadata["node_count"]
        self.data = self.nodes * 6 + 16

    def value(self, offset):
        """(value, offset behind it), both from the start of the data section."""
        at = self.data + offset
        kind, size, at = self.bytes[at] >> 5, self.bytes[at] & 31, at + 1
        if kind == 1:
            width = (size >> 3) + 1
            base = 0 if width == 4 else (size & 7) << 8 * width
            target = base + int.from_bytes(self.bytes[at : at + width], "big") + (0, 0, 2048, 526336, 0)[width]
            return self.value(target)[0], at + width - self.data
        if kind == 0:
            kind, at = self.bytes[at] + 7, at + 1
        if size >= 29:
            width = size - 28
            size = int.from_bytes(self.bytes[at : at + width], "big") + (29, 285, 65821)[width - 1]
            at += width
        if kind in (7, 11):
            return self.collection(kind, size, at - self.data)
        raw = self.bytes[at : at + size]
        assert len(raw) == size, f"value at {offset} reaches beyond the file"
        if kind == 2:
            decoded = raw.decode("utf-8")
        elif kind == 3:
            (decoded,) = struct.unpack(">d", raw)
        else:
            assert kind in (5, 6, 9), f"type {kind} at {offset}"
            decoded = int.from_bytes(raw, "big")
        return decoded, at + size - self.data

    def collection(self, kind, count, offset):
        items = []
        for _ in range(count * 2 if kind == 7 else count):
            item, offset = self.value(offset)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if kind == 7 else items), offset

    def records(self):
        """Every record that the tree leads to, once. Every node is reached, or the tree has dead weight."""
        words = [int.from_bytes(self.bytes[at : at + 3], "big") for at in range(0, self.nodes * 6, 3)]
        reached, waiting, offsets = bytearray(self.nodes), [0], set()
        reached[0] = 1
        while waiting:
            node = waiting.pop()
            for word in words[2 * node : 2 * node + 2]:
                if word > self.nodes:
                    offsets.add(word - self.nodes - 16)
                elif word < self.nodes and not reached[word]:
                    reached[word] = 1
                    waiting.append(word)
        assert all(reached), f"{reached.count(0)} nodes that no address reaches"
        return [self.value(offset)[0] for offset in sorted(offsets)]


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: found {found!r}, expected {expected!r}")


def look_up(path, address):
    """(country, AS number, AS name), or None when the library finds no record."""
    run = subprocess.run(
        ["mmdblookup", "--file", path, "--ip", address], capture_output=True, text=True, encoding="utf-8", check=False
    )
    if "Could not find an entry" in run.stdout + run.stderr:
        return None
    found = re.search(
        r'"iso_code":\s+"(\w\w)" .*"autonomous_system_number":\s+(\d+) <uint32>\s+'
        r'"autonomous_system_organization":\s+"(.*)" <utf8_string>',
        run.stdout,
        re.DOTALL,
    )
    return (found[1], int(found[2]), found[3]) if found else " ".join((run.stdout + run.stderr).split())


def check_known(checks, path):
    for address, expected in KNOWN:
        checks.equal(address, look_up(path, address), expected)
    print(f"known addresses: {len(KNOWN)}, {sum(expected is None for _, expected in KNOWN)} of them without a record")


def record_faults(record):
    faults = []
    if set(record) & {"country", "continent", "location"}:
        if not re.fullmatch("[A-Z]{2}", record.get("country", {}).get("iso_code", "")):
            faults.append("country.iso_code")
        if record.get("continent", {}).get("code") not in CONTINENTS:
            faults.append("continent.code")
        for name, limit in (("latitude", 90), ("longitude", 180)):
            value = record.get("location", {}).get(name)
            if not isinstance(value, float) or not -limit <= value <= limit:
                faults.append("location." + name)
    if any(name.startswith("autonomous") for name in record):
        number, name = record.get("autonomous_system_number"), record.get("autonomous_system_organization")
        if not isinstance(number, int) or not 0 < number < 1 << 32:
            faults.append("autonomous_system_number")
        if not isinstance(name, str) or not name.strip():
            faults.append("autonomous_system_organization")
    return faults if record else ["empty record"]


def check_records(checks, path):
    reader = Reader(path)
    checks.equal("database_type", reader.metadata["database_type"], "wherefrom-Country-ASN")
    checks.equal("ip_version", reader.metadata["ip_version"], 6)
    for name in ("routeviews.org", "nro.net", "db-ip.com", "CC BY 4.0", "Natural Earth"):
        checks.equal(f"description names {name}", name in reader.metadata["description"]["en"], True)

    records = reader.records()
    checks.equal("records", [(record, record_faults(record)) for record in records if record_faults(record)][:5], [])
    places, systems = {}, {}
    for record in records:
        if "country" in record:
            place = (record["continent"]["code"], record["location"]["latitude"], record["location"]["longitude"])
            places.setdefault(record["country"]["iso_code"], set()).add(place)
        if "autonomous_system_number" in record:
            systems.setdefault(record["autonomous_system_number"], set()).add(record["autonomous_system_organization"])
    checks.equal("countries with several places", [code for code in places if len(places[code]) > 1], [])
    checks.equal("AS with several names", [number for number in systems if len(systems[number]) > 1], [])
    checks.equal("at least 245 countries", len(places) >= 245, True)
    for code, (south, north, west, east) in BOXES.items():
        points = [(y, x) for _, y, x in places.get(code, ()) if south <= y <= north and west <= x <= east]
        checks.equal(f"point of {code} inside its box", len(points), 1)
    print(f"records: {len(records)}, countries {len(places)}, AS {len(systems)}, tree nodes {reader.nodes}")


def check_copies(checks, path, sources, rebuild):
    with open(path, "rb") as file, lzma.open(os.path.join(sources, NAME + ".xz")) as packed:
        digests = [hashlib.sha256(copy.read()).hexdigest() for copy in (file, packed)]
    checks.equal("unpacked copy", digests[0], digests[1])
    size = os.path.getsize(os.path.join(sources, NAME + ".xz"))
    checks.equal("committed copy has 8 MB at most", size <= 8 << 20, True)
    print(f"committed copy: {size} bytes packed, sha256 {digests[1][:16]} unpacked")
    if rebuild:
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([os.path.join(sources, "build.sh"), scratch], check=True)
            made = filecmp.cmp(path, os.path.join(scratch, NAME), shallow=False)
        checks.equal("the script makes the same bytes", made, True)
        print("rebuilt and compared")


def main():
    parser = argparse.ArgumentParser(description="test the database that comes with wherefrom")
    parser.add_argument("build_dir")
    parser.add_argument("source_dir")
    parser.add_argument("--rebuild", action="store_true")
    arguments = parser.parse_args()
    path = os.path.join(arguments.build_dir, NAME)
    checks = Checks()
    check_known(checks, path)
    check_records(checks, path)
    check_copies(checks, path, os.path.join(arguments.source_dir, "enrich", "geodata"), arguments.rebuild)
    print(f"geodata: {checks.passed} passed, {checks.failed} failed")
    raise SystemExit(checks.failed != 0)


if __name__ == "__main__":
    main()
