"""Evidence of residency made the slow way, of the records that a run wrote: what documents and matrix must be equal to.

Threads: pure functions.
"""
import ctypes
import re
from collections import Counter, defaultdict

from black_box import at
from rollup_oracle import EXACT_MAX, FAR, bytes_of, seconds_of, time_text

HOUR_S = 3600
VERDICTS = ("ok", "conditional", "violation", "indeterminate", "exempt")
SERVICES = ("aws.elb.name", "aws.cloudfront.domain", "aws.globalaccelerator.accelerator_id", "aws.waf.http_source_id")


class Words(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


def xxh128(content):
    """XXH3-128 as 32 hex digits, by the library itself; None where there is none."""
    try:
        function = ctypes.CDLL("libxxhash.so.0").XXH3_128bits
    except OSError:
        return None
    function.restype, function.argtypes = Words, [ctypes.c_char_p, ctypes.c_size_t]
    words = function(content, len(content))
    return f"{words.high:016x}{words.low:016x}"


def inputs_of(records):
    """What the README says: of each input the sum of the ids, of these in order the digest."""
    sums = Counter()
    for record in records:
        sums[at(record, "log.file.path")] += int(record["event"]["id"], 16)
    digest = xxh128(b"".join(sorted((total % 2 ** 128).to_bytes(16, "big") for total in sums.values())))
    return {"count": len(sums), "digest": f"xxh128:{digest}"} if digest else {"count": len(sums)}


def time_of(record):
    """With six digits behind the dot; some formats have fewer."""
    seconds, _, fraction = record["@timestamp"][:-1].partition(".")
    return f"{seconds}.{fraction:0<6}Z"


def service_of(record):
    return next((at(record, path) for path in SERVICES if at(record, path) is not None), None)


def judged(records):
    return [record for record in records if "residency" in record]


def check_clients(report, found, clients, requests, what):
    """`found` is the number, None when there is none."""
    if not clients:
        return report.equal(found, None, f"{what}: nobody is known")
    good = found is not None and (found == len(clients) if len(clients) <= EXACT_MAX else abs(found - len(clients)) <= FAR * len(clients))
    return report.check(good and found <= requests, f"{what}: {found} for {len(clients)} clients")


def key_of(record):
    residency = record["residency"]
    return (time_text(seconds_of(record) // HOUR_S * HOUR_S), residency["policy"], residency["zone"], residency["jurisdiction"],
            VERDICTS.index(residency["verdict"]), service_of(record) or "")


def key_of_document(document):
    return (document["@timestamp"], document["policy"], document["zone"], document["place"], VERDICTS.index(document["verdict"]), document.get("lb", ""))


def check_documents(report, documents, records, what):
    """That these documents are what becomes of these records, in order."""
    groups, hours = defaultdict(list), defaultdict(list)
    for record in judged(records):
        groups[key_of(record)].append(record)
        hours[key_of(record)[0]].append(record)
    report.equal([key_of_document(one) for one in documents], sorted(groups), f"{what}: what documents are about")
    report.equal(len({one["event"]["id"] for one in documents}), len(documents), f"{what}: different ids")
    inputs = {hour: inputs_of(some) for hour, some in hours.items()}
    for one in documents:
        some = groups.get(key_of_document(one), [])
        if not report.check(some and re.fullmatch("[0-9a-f]{32}", one["event"]["id"]), f"{what}: {one}"):
            continue
        first = some[0]["residency"]
        reasons = Counter(reason for record in some for reason in record["residency"].get("reason", []))
        times = sorted(map(time_of, some))
        expected = {"@timestamp": key_of_document(one)[0], "kind": "residency", "interval_s": HOUR_S, "zone": first["zone"], "place": first["jurisdiction"],
                    "verdict": first["verdict"], "requests": len(some), "bytes": sum(map(bytes_of, some)), "first": times[0], "last": times[-1],
                    "policy": first["policy"], "lists": sorted(first["lists"]), "geo_build": first["geo_build"], "inputs": inputs[key_of_document(one)[0]]}
        if service_of(some[0]):
            expected["lb"] = service_of(some[0])
        if reasons:
            expected["reasons"] = dict(reasons)
        found = {name: value for name, value in one.items() if name not in ("event", "clients")}
        if "digest" not in expected["inputs"]:
            found["inputs"].pop("digest")
        report.equal(found, expected, f"{what}: document")
        clients = {at(record, "client.ip") for record in some} - {None}
        check_clients(report, at(one, "clients.estimate"), clients, len(some), what)


def check_matrix(report, found, records, what):
    """The object of --json."""
    groups, lbs, counted = defaultdict(list), defaultdict(Counter), judged(records)
    order = lambda name: (name == "unknown", name)
    for record in counted:
        residency = record["residency"]
        groups[order(residency["zone"]), order(residency["jurisdiction"]), VERDICTS.index(residency["verdict"])].append(record)
        lbs[service_of(record)][residency["verdict"]] += 1
    verdicts = Counter(record["residency"]["verdict"] for record in counted)
    share_of = sum(verdicts.values()) - verdicts["exempt"]
    report.equal((found["requests"], found["verdicts"]), (len(counted), dict(verdicts)), f"{what}: verdicts")
    report.check(abs(found["indeterminate"] - verdicts["indeterminate"] / max(share_of, 1)) < 1e-6, f"{what}: share of what is not certain")
    cells = [(order(cell["zone"]), order(cell["place"]), VERDICTS.index(cell["verdict"])) for cell in found["matrix"]]
    report.equal(cells, sorted(groups), f"{what}: cells")
    for key, cell in zip(cells, found["matrix"]):
        some = groups.get(key, [])
        report.equal((cell["requests"], cell["bytes"]), (len(some), sum(map(bytes_of, some))), f"{what}: {key}")
        share = None if cell["verdict"] == "exempt" else round(len(some) / share_of, 6)
        report.check(cell.get("share") == share or abs(cell["share"] - share) < 2e-6, f"{what}: share of {cell}")
        check_clients(report, at(cell, "clients.estimate"), {at(record, "client.ip") for record in some} - {None}, len(some), f"{what}: {key}")
        times = sorted(map(time_of, some))
        report.equal((cell["first"], cell["last"]), (times[0], times[-1]), f"{what}: first and last of {key}")
    times = sorted(map(time_of, counted))
    report.equal((found["first"], found["last"]), (times[0], times[-1]), f"{what}: first and last")
    policies = {(one["policy"], *sorted(one["lists"])) for one in (record["residency"] for record in counted)}
    report.equal(sorted((one["policy"], *one["lists"]) for one in found["policies"]), sorted(policies), f"{what}: policies and lists")
    builds = {at(record, "residency.geo_build") for record in counted}
    report.equal({build for one in found["policies"] for build in one["geo_build"].values()}, {min(builds), max(builds)}, f"{what}: when databases were built")
    report.equal({one.get("lb"): one["verdicts"] for one in found["balancers"]}, {lb: dict(counts) for lb, counts in lbs.items()}, f"{what}: balancers")
    trouble = [(-one["verdicts"].get("violation", 0), -one["verdicts"].get("indeterminate", 0), -one["requests"]) for one in found["balancers"]]
    report.equal(trouble, sorted(trouble), f"{what}: the worst ones first")
    inputs = inputs_of(counted)
    report.equal({name: found["inputs"][name] for name in inputs}, inputs, f"{what}: inputs")
