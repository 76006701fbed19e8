"""Records (schema ecs) that a run could have written, made up: two days of a web shop, with every verdict, errors, a residency policy, a noisy
network and requests from nowhere. The same seed gives the same records.

Threads: pure functions.
"""
import json
import math
import random
import time

START_S = 1764547200  # 1 December 2025, 00:00
SPAN_S = 2 * 86400
PLACES = [  # country, longitude, latitude, AS number, its name, weight
    ("DE", 13.4, 52.5, 3320, "Deutsche Telekom AG", 20), ("DE", 8.7, 50.1, 24940, "Hetzner Online GmbH", 9), ("DE", 11.6, 48.1, 3209, "Vodafone GmbH", 8),
    ("US", -74.0, 40.7, 701, "Verizon Business", 14), ("US", -122.3, 47.6, 16509, "Amazon.com, Inc.", 11), ("US", -87.6, 41.9, 7922, "Comcast", 9),
    ("US", -95.4, 29.8, 7018, "AT&T Enterprises, LLC", 6), ("GB", -0.1, 51.5, 20712, "Andrews & Arnold Ltd", 12), ("GB", -2.2, 53.5, 2856, "BT", 5),
    ("FR", 2.3, 48.9, 3215, "Orange S.A.", 11), ("FR", 5.4, 43.3, 16276, "OVH SAS", 4), ("NL", 4.9, 52.4, 1136, "KPN B.V.", 6),
    ("SE", 18.1, 59.3, 1257, "Tele2 Sverige AB", 4), ("PL", 21.0, 52.2, 5617, "Orange Polska S.A.", 5), ("ES", -3.7, 40.4, 3352, "Telefonica de Espana", 5),
    ("IT", 9.2, 45.5, 3269, "Telecom Italia", 5), ("CH", 8.5, 47.4, 3303, "Swisscom AG", 4), ("IN", 72.9, 19.1, 55836, "Reliance Jio", 6),
    ("IN", 77.2, 28.6, 24560, "Bharti Airtel", 4), ("JP", 139.7, 35.7, 2516, "KDDI CORPORATION", 6), ("BR", -46.6, -23.6, 28573, "Claro NXT", 6),
    ("CA", -79.4, 43.7, 812, "Rogers Communications", 4), ("AU", 151.2, -33.9, 1221, "Telstra Limited", 4), ("ZA", 28.0, -26.2, 5713, "Telkom SA", 2),
    ("KE", 36.8, -1.3, 33771, "Safaricom", 1), ("NG", 3.4, 6.5, 29465, "MTN Nigeria", 2), ("MX", -99.1, 19.4, 8151, "Uninet S.A. de C.V.", 3),
    ("AR", -58.4, -34.6, 7303, "Telecom Argentina S.A.", 2), ("SG", 103.8, 1.3, 4657, "StarHub", 2), ("KR", 127.0, 37.6, 4766, "Korea Telecom", 3),
    ("CN", 121.5, 31.2, 4134, "Chinanet", 7), ("UA", 30.5, 50.5, 15895, "Kyivstar", 2),
    ("NZ", 174.8, -36.8, 4771, "Spark New Zealand", 1), ("XK", 21.2, 42.7, 21246, "IPKO", 1), ("FJ", 178.4, -18.1, 9241, "Telecom Fiji", 1),
]
NO_CLIENT = ("xff-missing", "pp-local", "cf-edge-only", "origin-unverified", "behind the office proxy")  # the last one is the user's own
VERDICTS = {"ok": 70, "spoofed-leftmost": 11, "ok-assumed": 6, "client-proxy": 3, "bypass": 2, "claim-garbled": 1, "xff-missing": 3, "pp-local": 2,
            "cf-edge-only": 1, "origin-unverified": 0.5, "behind the office proxy": 0.5}
STATUSES = {200: 78, 304: 6, 301: 3, 404: 7, 403: 2, 429: 1, 500: 1, 502: 1.2, 101: 0.4, None: 0.4}
ZONES = {"eea": {"DE", "FR", "NL", "SE", "PL", "ES", "IT"}, "uk": {"GB"}, "us": {"US"}}
JUDGED = {("eea", "eu"): "ok", ("eea", "us"): "conditional", ("uk", "eu"): "ok", ("us", "us"): "ok", ("other", "us"): "violation"}


def chosen(numbers, weights):
    return numbers.choices(list(weights), list(weights.values()))[0]


def moment_of(numbers):
    """More by day than by night."""
    while True:
        seconds = numbers.uniform(0, SPAN_S)
        if numbers.random() < 0.35 + 0.65 * math.sin(math.pi * (seconds % 86400) / 86400) ** 2:
            return START_S + seconds


def record(numbers):
    country, longitude, latitude, network, name, _ = numbers.choices(PLACES, [place[-1] for place in PLACES])[0]
    verdict, status, moment = chosen(numbers, VERDICTS), chosen(numbers, STATUSES), moment_of(numbers)
    if country == "CN" and numbers.random() < 0.5:  # somebody tries passwords for three hours
        status, moment, verdict = 403, START_S + 30 * 3600 + numbers.uniform(0, 10800), "spoofed-leftmost"
    made = {"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + ".000000Z", "hop": {"verdict": verdict},
            "http": {"response": {"bytes": int(numbers.lognormvariate(9, 1.6))}}}
    if status is not None:
        made["http"]["response"]["status_code"] = status
    zone = "unknown"
    if verdict not in NO_CLIENT:
        made["client"] = {"ip": f"100.{network // 256}.{network % 256}.{int(numbers.paretovariate(0.7)) % 250}"}
        if numbers.random() < 0.04:
            made["client"]["ip"] = f"10.0.0.{numbers.randrange(9)}"  # has no place in the world
        else:
            made["client"]["geo"] = {"country_iso_code": country}
            if numbers.random() < 0.97:
                made["client"]["geo"]["location"] = {"lon": longitude + numbers.gauss(0, 1.2), "lat": latitude + numbers.gauss(0, 0.7)}
            made["client"]["as"] = {"number": network, "organization": {"name": name}}
            zone = next((zone for zone, members in ZONES.items() if country in members), "other")
        if verdict == "ok" and numbers.random() < 0.01:
            made["hop"] = {"verdict": "ok-privatelink", "flags": ["vpce=vpce-0a1b2c"]}
    place = numbers.choice(["eu", "eu", "us", "unknown"])
    if numbers.random() < 0.95:
        verdict = "exempt" if numbers.random() < 0.02 else JUDGED.get((zone, place), "indeterminate")
        made["residency"] = {"zone": zone, "verdict": verdict, **({"jurisdiction": place} if place != "unknown" else {})}
    return made


def lines(count, seed=7):
    numbers = random.Random(seed)
    return [json.dumps(record(numbers)) for _ in range(count)]


FACTS = {  # what records do not tell
    "records": {"read": 20137, "written": 20000, "rejected": 131, "skipped": 6}, "rejected_by_reason": {"too-few-fields": 128, "bad-time": 3},
    "skipped_by_reason": {"header": 6}, "bytes_read": 10654321,
    "inputs": {"files": 12, "streams": 1, "names": ["logs/app.shop-eu.log.gz", "logs/app.shop-us.log.gz"]},
    "databases": [{"path": "wherefrom-geo.mmdb", "type": "wherefrom-geo", "build_epoch": 1761000000},
                  {"path": "asn.mmdb", "type": "GeoLite2-ASN", "build_epoch": 1764000000}],
}
