#!/usr/bin/env python3
"""Writes the small databases that test_geo.c, test_geo_cache.c and fuzz_mmdb.c open.

One per layout that people have, with facts of our own: what the keys are called is the point, not what they
say. The files are committed; a rerun gives the same bytes.

    python3 -m venv VENV && VENV/bin/pip install 'mmdb_writer==0.2.7' && VENV/bin/python make.py
"""

import pathlib

from mmdb_writer import MMDBWriter, MmdbF32, MmdbU16, MmdbU32
from netaddr import IPSet

BUILD_EPOCH = 1764547200  # 2025-12-01T00:00:00Z

GB, US, SE, JP = "81.2.69.128/26", "216.160.83.56/29", "89.160.20.112/28", "2001:218::/32"

# Texts that the writer would refuse: it writes the left one, then the file gets the right one.
REPLACED = {b"bad utf-8 here": b"bad \xff\xfef-8 here"}


class Writer(MMDBWriter):
    def _build_meta(self):
        return {**super()._build_meta(), "build_epoch": BUILD_EPOCH}


def nested(iso, name, continent, continent_name, **rest):
    return {
        "country": {"iso_code": iso, "names": {"de": "?", "en": name}},
        "continent": {"code": continent, "names": {"en": continent_name}},
        **rest,
    }


BRITAIN = ("GB", "United Kingdom", "EU", "Europe")
AMERICA = ("US", "United States", "NA", "North America")
SWEDEN = ("SE", "Sweden", "EU", "Europe")
JAPAN = ("JP", "Japan", "AS", "Asia")

LONDON = {
    "city": {"names": {"en": "London", "fr": "Londres"}},
    "subdivisions": [{"iso_code": "ENG", "names": {"en": "England"}}, {"iso_code": "LND", "names": {"en": "London"}}],
    "postal": {"code": "SW1A"},
    "location": {"latitude": 51.5, "longitude": -0.125, "accuracy_radius": MmdbU16(10), "time_zone": "Europe/London"},
}
LINKOPING = {
    "city": {"names": {"en": "Linköping"}},
    "subdivisions": [{"iso_code": "E", "names": {"en": "Östergötland County"}}],
    "location": {"latitude": 58.4167, "longitude": 15.6167, "time_zone": "Europe/Stockholm"},
}

DATABASES = {
    # MaxMind's nested records
    "city": ("GeoLite2-City", 6, {
        GB: nested(*BRITAIN, **LONDON),
        SE: nested(*SWEDEN, **LINKOPING),
        JP: nested(*JAPAN, location={"latitude": 36.2, "longitude": 138.6, "time_zone": "Asia/Tokyo"}),
    }),
    "country": ("GeoLite2-Country", 6, {
        GB: nested(*BRITAIN),
        US: nested(*AMERICA),
        JP: nested(*JAPAN),
        SE: {"registered_country": {"iso_code": "SE", "names": {"en": "Sweden"}}},
    }),
    "asn": ("GeoLite2-ASN", 6, {
        GB: {"autonomous_system_number": MmdbU32(20712), "autonomous_system_organization": "Andrews & Arnold Ltd"},
        US: {"autonomous_system_number": MmdbU16(209), "autonomous_system_organization": "Example Backbone"},
        JP: {"autonomous_system_number": MmdbU32(2914), "autonomous_system_organization": "Example Transit"},
    }),
    "isp": ("GeoIP2-ISP", 6, {
        US: {"autonomous_system_number": MmdbU32(209), "autonomous_system_organization": "Example Backbone",
             "isp": "Example Broadband", "organization": "Example Library"},
    }),
    "anonymous": ("GeoIP2-Anonymous-IP", 6, {
        US: {"is_anonymous": True, "is_anonymous_vpn": True, "is_hosting_provider": False},
        GB: {"is_anonymous": True, "is_hosting_provider": True, "is_public_proxy": True,
             "is_residential_proxy": True, "is_tor_exit_node": True},
    }),
    "enterprise": ("GeoIP2-Enterprise", 6, {
        GB: nested(*BRITAIN, **LONDON, traits={
            "autonomous_system_number": MmdbU32(20712), "autonomous_system_organization": "Andrews & Arnold Ltd",
            "isp": "Andrews & Arnold", "organization": "Example School", "is_anonymous_vpn": True}),
    }),
    "dbip-city": ("DBIP-City-Lite", 6, {
        GB: nested(*BRITAIN, city={"names": {"en": "London"}}, subdivisions=[{"names": {"en": "England"}}],
                   location={"latitude": MmdbF32(51.5), "longitude": MmdbF32(-0.125)}),
    }),
    "dbip-asn": ("DBIP-ASN-Lite (compat=GeoLite2-ASN)", 6, {
        GB: {"autonomous_system_number": MmdbU32(20712), "autonomous_system_organization": "Andrews & Arnold Ltd"},
    }),
    "wherefrom": ("wherefrom-Country-ASN", 6, {
        GB: {"country": {"iso_code": "GB"}, "continent": {"code": "EU"},
             "location": {"latitude": 54.0, "longitude": -2.0},
             "autonomous_system_number": MmdbU32(20712), "autonomous_system_organization": "Andrews & Arnold Ltd"},
        US: {"country": {"iso_code": "US"}, "continent": {"code": "NA"},
             "location": {"latitude": 39.2, "longitude": -98.2},
             "autonomous_system_number": MmdbU32(209), "autonomous_system_organization": "Example Backbone"},
        JP: {"country": {"iso_code": "JP"}, "continent": {"code": "AS"},
             "location": {"latitude": 36.2, "longitude": 138.6}},
    }),
    # flat records
    "ipinfo-lite": ("ipinfo generic_ipinfo_lite.mmdb", 6, {
        GB: {"asn": "AS20712", "as_name": "Andrews & Arnold Ltd", "as_domain": "aa.example", "continent": "Europe",
             "continent_code": "EU", "country": "United Kingdom", "country_code": "GB"},
    }),
    "ipinfo-country-asn": ("ipinfo generic_country_asn_free.mmdb", 6, {
        GB: {"asn": "AS20712", "as_name": "Andrews & Arnold Ltd", "continent": "EU", "continent_name": "Europe",
             "country": "GB", "country_name": "United Kingdom"},
    }),
    "ipinfo-location": ("ipinfo standard_location_mmdb_v4.mmdb", 6, {
        GB: {"city": "London", "region": "England", "region_code": "ENG", "country": "GB", "postal_code": "SW1A",
             "lat": "51.5", "lng": "-0.125", "timezone": "Europe/London"},
        US: {"city": "Milton", "region": "Washington", "region_code": "US-WA", "country": "US", "postal": "98354",
             "loc": "47.25,-122.3125"},
    }),
    "ipinfo-privacy": ("ipinfo standard_privacy.mmdb", 6, {
        US: {"vpn": "true", "proxy": "", "tor": "true", "relay": "", "hosting": "false", "service": "Example VPN"},
    }),
    "ip-location-city": ("city ipvAll", 6, {
        GB: {"city": "London", "country_code": "GB", "latitude": MmdbF32(51.5), "longitude": MmdbF32(-0.125),
             "postcode": "SW1A", "state1": "England", "state2": "", "timezone": "Europe/London"},
    }),
    "ip-location-asn": ("asn ipvAll", 6, {
        GB: {"autonomous_system_number": MmdbU32(20712), "autonomous_system_organization": "Andrews & Arnold Ltd"},
    }),
    "ip-location-country-v4": ("country ipv4", 4, {GB: {"country_code": "GB"}, US: {"country_code": "US"}}),
    # by contents, and not at all
    "by-contents-flat": ("my-own", 6, {
        GB: {"country_code": "GB", "autonomous_system_number": MmdbU32(20712)}, US: {"country_code": "US"}}),
    "by-contents-nested": ("my-own", 6, {
        GB: {"represented_country": {"iso_code": "SE"}}, US: nested(*AMERICA)}),
    "domain": ("GeoIP2-Domain\n\x1b[31m", 6, {GB: {"domain": "aa.example"}}),
    "empty": ("wherefrom-Country-ASN", 6, {}),
    "bare": ("wherefrom-Country-ASN", 6, {GB: {}}),  # a record at offset 0
    # another opinion of Britain
    "elsewhere": ("my-own", 6, {
        GB: nested(*SWEDEN, **LINKOPING, autonomous_system_number=MmdbU32(64496),
                   autonomous_system_organization="Example Elsewhere", isp="Example ISP"),
    }),
    # more answers than a small cache can hold: 256 pairs of country and AS, each AS in two countries
    "many": ("wherefrom-Country-ASN", 6, {
        f"81.2.{index}.0/24": {"country": {"iso_code": ("GB", "SE", "US")[index % 3]},
                               "autonomous_system_number": MmdbU32(64512 + index % 128),
                               "autonomous_system_organization": f"Example {index % 128}"}
        for index in range(256)
    }),
    # an address may be anywhere, belong to somebody elsewhere, or to a machine that is for hire
    "doubts": ("GeoIP2-Country", 6, {
        GB: nested(*BRITAIN, registered_country={"iso_code": "SE"}),
        US: nested(*AMERICA, registered_country={"iso_code": "US"}, traits={"is_anycast": True}),
        SE: nested(*SWEDEN, registered_country={"iso_code": "SE"}, traits={"is_hosting_provider": True}),
        JP: nested(*JAPAN),
    }),
    "doubts-flat": ("ipinfo core", 6, {
        GB: {"country_code": "GB", "anycast": "true"}, US: {"country_code": "US", "is_anycast": True}}),
    # values that do not fit
    "odd": ("wherefrom-Country-ASN", 6, {
        GB: {"country": {"iso_code": "gb", "names": {"en": "bad utf-8 here"}}, "continent": {"code": "EUR"},
             "location": {"latitude": 90.5, "longitude": 0.0}, "autonomous_system_number": MmdbU32(0),
             "autonomous_system_organization": "ä" * 200},
        US: {"country": "US", "continent": {"code": "NA", "names": ["North America"]},
             "location": {"latitude": float("nan"), "longitude": 0.0, "time_zone": ""},
             "subdivisions": [{"iso_code": "WA"}], "autonomous_system_number": "AS4294967296",
             "autonomous_system_organization": "x" + "ä" * 200},
        SE: {"country": {"iso_code": "SE"}, "subdivisions": [{"iso_code": "toolong"}],
             "location": {"latitude": "58.4167", "longitude": "15.6167"}, "autonomous_system_number": "AS64496",
             "is_anonymous": "true", "isp": "x" * 256},
        JP: {"country": {"iso_code": "JP"}, "location": {"latitude": "36.2e0", "longitude": "138."},
             "autonomous_system_number": "ASx", "is_anonymous": "yes"},
    }),
}


def main():
    here = pathlib.Path(__file__).resolve().parent
    for name, (database_type, ip_version, records) in DATABASES.items():
        writer = Writer(ip_version, database_type, languages=["en"], description="Test data of our own",
                        ipv4_compatible=ip_version == 6)
        for network, record in records.items():
            writer.insert_network(IPSet([network]), record)
        path = here / f"{name}.mmdb"
        writer.to_db_file(str(path))
        content = path.read_bytes()
        for text, replacement in REPLACED.items():
            assert len(text) == len(replacement)
            content = content.replace(text, replacement)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
