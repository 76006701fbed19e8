"""Verdicts, evidence and rates in a real node: every field of every document has the type that it was given and none is guessed, a document
written again replaces the one before, and what the node sums up is what Python makes of the records.
"""
import ipaddress
import json
import math
import pathlib
import sys
from collections import Counter, defaultdict

from black_box import alb_line, at, parse_lines, read_summary, write
from golden_records import find, leaves
from mapping_cases import check_mapping, milliseconds
from rollup_cases import buckets, output, put_rollup_templates
from setup_cases import setup

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "evidence"), str(HERE.parent / "rates")]
from evidence_oracle import check_documents, judged, service_of, time_of  # noqa: E402
from rate_oracle import DEFAULTS, Event, check_rates, dim_of, tops_of  # noqa: E402
from rollup_oracle import bytes_of, check_heat, order_of  # noqa: E402

MAX = 65535
RATE = {"windows": [60, 600], "dims": ["client", "country", "lb", "client+path_class"], "rows": 2000,
        "path_class": {"login": ["/login*"], "api": ["/api/*", "/v1/*"]},
        "limits": [{"name": "some", "key": "client", "window": 60, "limit": 20},
                   {"name": "login", "key": "client", "scope": "path_class=login", "window": 300, "limit": 50}]}
RESIDENCY = """residency:
  lists: [eu-eea-2026-02.list]
  zones: {eea: ["@eea", "@eu-territories"], uk: [GB], us: [US], cn: [CN], other: ["*"]}
  places: {eu: [eu-central-1, eu-west-1], uk: [eu-west-2], us: [us-*]}
  rules:
    - {zone: eea, allow: [eu], conditional: [uk, us], else: violation}
    - {zone: uk, allow: [uk, eu], else: violation}
    - {zone: us, allow: [us], else: violation}
    - {zone: cn, allow: [cn-*], else: violation}
  unsure: {min_trust: 2, hosting_asn: flag}
"""
CHAINS = "chains: {web: [{type: alb, peers: [10.0.0.0/8], carrier: append}]}\nselect: [{format: nginx, chain: web}, {chain: direct}]\n"
LOUD, SLY = "81.2.69.142", "89.160.20.113"  # in doubts.mmdb: a network of one country in another one, a hosting provider
TYPES = {  # by what the specification says they are
    "date": "@timestamp first last from to",
    "geo_point": "geo.location",
    "boolean": "guaranteed",
    "float": "rps share_of_all would_stop would_stop_p9999 latency.p50 latency.p95 latency.p99 clients.error",
    "long": "requests bytes status.4xx status.5xx clients.estimate interval_s reasons.stale-db reasons.no-rule reasons.unknown-place reasons.hosting "
            "reasons.registered-differs reasons.anycast reasons.private reasons.no-geo geo_build inputs.count win n err s4xx s5xx trust as.number "
            "peak limit excess keys total would_block evaded framed blocked.as.number blocked.as.n blocked.country.n p99 p999 p9999 suggest "
            "suggest_p9999",
    "keyword": "kind event.id zone place verdict lb policy lists inputs.digest geo.tile dim key rule view geo.country_iso_code blocked.country.iso_code",
}
VERDICT_TYPES = {"date": "@timestamp", "ip": "client.ip source.ip", "geo_point": "client.geo.location", "long": "residency.geo_build hop.trust",
                 "keyword": "residency.zone residency.verdict residency.reason residency.place residency.jurisdiction residency.rule residency.policy "
                            "residency.lists event.id"}
PRIVACY = "  privacy: {key_file: key, eea: {ip: hmac, rotate: 24h}, uk: {ip: truncate}, us: {ip: drop}}\n"


def nginx_line(number, client, forwarded=None):
    """By way of a balancer, which puts the client at the end of the list."""
    stamp = f"01/Nov/2026:00:{number // 60 % 20:02}:{number % 60:02} +0000"
    chain = f"{forwarded}, {client}" if forwarded else client
    return f'10.0.0.9 - - [{stamp}] "POST /login HTTP/1.1" 401 512 "-" "curl/8.5.0" "{chain}"\n'


def logs(bench):
    """Made-up balancers; clients that the databases are in doubt about; somebody who tries passwords behind names of others."""
    bench.equal(bench.generate.run("alb", "--lines", "8000", "--clients", "200", "--seed", "5", "-o", bench.folder / "alb.log").code, 0, "log")
    doubts = ("216.160.83.57", LOUD, SLY, "10.1.2.3", "203.0.113.7", "2001:218::7")
    write(bench.folder / "doubts.log", "".join(alb_line(i, client=f"{doubts[i % 6]}:{1024 + i}", time=f"2026-11-01T00:{i % 20:02}:{i % 60:02}.250000Z") + "\n"
                                               for i in range(600)))
    write(bench.folder / "nginx.log", "".join([nginx_line(i, LOUD) for i in range(300)] +
                                              [nginx_line(i // 2, SLY, f"198.51.{i % 90}.{i // 90}") for i in range(900)]))
    write(bench.folder / "key", "0123456789abcdef" * 4)
    return "alb.log", "doubts.log", "nginx.log"


def run(bench, names, *more):
    """With a database whose addresses are in doubt before the one that comes with wherefrom."""
    known = pathlib.Path(bench.program.path).parent / "wherefrom-geo.mmdb"
    done = bench.program.run("run", "-c", "c.yaml", *names, "--geo", HERE.parent / "databases" / "doubts.mmdb", "--geo", known, *more, cwd=bench.folder)
    bench.equal(done.code, 0, f"exit ({done.err[:500]})")
    return done


def mapping(bench, target):
    (index,) = bench.node.get(f"/{target}/_mapping").values()
    return index["mappings"]


def check_types(bench, target, documents, types, what):
    """That every value of every document has a field, and the named ones, which all occur, have these types."""
    found, seen = mapping(bench, target), set()
    for document in documents:
        seen |= {path for path, _ in leaves(document)}
    for path in seen:
        field = find(found, path)
        bench.check(field is not None, f"{what}: {'.'.join(path)} is not mapped")
    names = {".".join(path) for path in seen} | {".".join(path[:-1]) for path in seen if path[-1] in ("lon", "lat")}
    for kind, paths in types.items():
        for path in paths.split():
            bench.check(path in names, f"{what}: no document has {path}")
            bench.equal((find(found, path.split(".")) or {}).get("type"), kind, f"{what}: type of {path}")


def near(found, expected):
    return math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-9)


# --- records ----------------------------------------------------------------------------------------------------------


def test_verdicts_are_found(bench):
    names = logs(bench)
    write(bench.folder / "c.yaml", CHAINS + RESIDENCY)
    setup(bench, "verdicts")
    before = mapping(bench, "verdicts")
    for again in (False, True):
        run(bench, names, "-o", output(bench, "verdicts"), "--rejects", "rejects", "--summary", bench.folder / "summary")
        sums = read_summary(bench.folder / "summary")["records"]
        bench.equal((sums["written"] == 0, sums["duplicates"] > 0), (again, again), f"records that were there before: {sums}")
    run(bench, names, "-o", "records")
    records = parse_lines((bench.folder / "records").read_bytes())
    bench.check(9000 < len(records) < 10000, f"{len(records)} records")
    kept = bench.node.documents("verdicts")
    bench.equal(sorted(own for own, _ in kept), sorted(one["event"]["id"] for one in records), "ids")
    bench.check(all(own == document["event"]["id"] for own, document in kept), "ids are those of the events")
    bench.equal({own: at(document, "residency") for own, document in kept}, {one["event"]["id"]: at(one, "residency") for one in records}, "what is said of them")
    bench.equal(mapping(bench, "verdicts"), before, "the mapping is that of the template")
    check_types(bench, "verdicts", records, VERDICT_TYPES, "records")
    # what a compliance officer asks
    by = {name: {"terms": {"field": f"residency.{name}", "size": 1000}} for name in ("zone", "jurisdiction", "verdict", "reason", "policy", "lists", "rule")}
    for name, aggregation in by.items():
        expected = Counter(value for record in records for value in [at(record, f"residency.{name}")] if value is not None
                           for value in (value if isinstance(value, list) else [value]))
        bench.check(expected, f"some {name}")
        bench.equal({key: one["doc_count"] for key, one in buckets(bench, "verdicts", "key", aggregation).items()}, dict(expected), f"records by {name}")
    nested = {**by["zone"], "aggs": {"places": {**by["jurisdiction"], "aggs": {"verdicts": by["verdict"]}}}}
    zones = bench.node.search("verdicts", size=0, aggs={"zones": nested})["aggregations"]["zones"]["buckets"]
    matrix = {(zone["key"], place["key"], verdict["key"]): verdict["doc_count"] for zone in zones for place in zone["places"]["buckets"]
              for verdict in place["verdicts"]["buckets"]}
    bench.equal(matrix, dict(Counter(tuple(record["residency"][name] for name in ("zone", "jurisdiction", "verdict")) for record in records)), "the matrix")
    for network in ("81.2.69.0/24", "2001:218::/32", "10.0.0.0/8"):
        inside = sum(ipaddress.ip_address(at(record, "client.ip")) in ipaddress.ip_network(network) for record in records if at(record, "client.ip"))
        bench.check(inside > 0, f"{network}: nobody")
        bench.equal(bench.node.count("verdicts", {"term": {"client.ip": network}}), inside, network)
    old = bench.node.search("verdicts", size=0, aggs={"built": {"min": {"field": "residency.geo_build"}}})["aggregations"]["built"]["value"]
    bench.equal(int(old), min(at(record, "residency.geo_build") for record in records), "when databases were built")


def test_disguised_addresses_are_addresses(bench):
    """A pseudonym is one, too, and who is dropped is nobody."""
    names = logs(bench)
    write(bench.folder / "c.yaml", CHAINS + RESIDENCY + PRIVACY)
    setup(bench, "disguised")
    run(bench, names, "-o", output(bench, "disguised"), "--rejects", "rejects")
    run(bench, names, "-o", "records")
    records = parse_lines((bench.folder / "records").read_bytes())
    bench.equal(bench.node.count("disguised"), len(records), "documents")
    addresses = [at(record, "client.ip") for record in records]
    for what, query, expected in (("pseudonyms", {"term": {"client.ip": "fd00::/8"}}, sum((one or "").startswith("fd") for one in addresses)),
                                  ("networks", {"term": {"client.ip": "81.2.69.0"}}, addresses.count("81.2.69.0")),
                                  ("whole ones", {"term": {"client.ip": LOUD}}, 0),
                                  ("nobody", {"bool": {"must_not": {"exists": {"field": "client.ip"}}}}, addresses.count(None))):
        bench.check(expected > 100 or what == "whole ones", f"{what}: {expected} of the records")
        bench.equal(bench.node.count("disguised", query), expected, what)
    found = {key: one["doc_count"] for key, one in buckets(bench, "disguised", "key", {"terms": {"field": "residency.privacy", "size": 10}}).items()}
    bench.equal(found, dict(Counter(at(record, "residency.privacy") for record in records)), "residency.privacy")


# --- roll-ups ---------------------------------------------------------------------------------------------------------


def sums_of(found, *names):
    return {key: tuple(one[name]["value"] for name in names) for key, one in found.items()}


def check_evidence(bench, target, records):
    """What the hours say together."""
    only = {"term": {"kind": "residency"}}
    sums = {name: {"sum": {"field": field}} for name, field in (("requests", "requests"), ("bytes", "bytes"), ("stale", "reasons.stale-db"))}
    sums |= {"first": {"min": {"field": "first"}}, "last": {"max": {"field": "last"}}}
    for field, of_record in (("zone", lambda one: one["residency"]["zone"]), ("place", lambda one: one["residency"]["jurisdiction"]),
                             ("verdict", lambda one: one["residency"]["verdict"]), ("lb", service_of)):
        groups = defaultdict(list)
        for record in judged(records):
            groups[of_record(record)].append(record)
        groups.pop(None, None)
        expected = {key: (len(some), sum(map(bytes_of, some)), sum("stale-db" in one["residency"].get("reason", []) for one in some),
                          milliseconds(min(map(time_of, some))), milliseconds(max(map(time_of, some)))) for key, some in groups.items()}
        aggregation = {"filter": only, "aggs": {"by": {"terms": {"field": field, "size": MAX}, "aggs": sums}}}
        found = bench.node.search(target, size=0, aggs={"some": aggregation})["aggregations"]["some"]["by"]["buckets"]
        bench.equal(sums_of({one["key"]: one for one in found}, "requests", "bytes", "stale", "first", "last"), expected, f"evidence by {field}")
    requests = {"requests": {"sum": {"field": "requests"}}}
    asked = {**requests, **{verdict: {"filter": {"term": {"verdict": verdict}}, "aggs": requests} for verdict in ("indeterminate", "exempt")}}
    found = bench.node.search(target, size=0, query=only, aggs=asked)["aggregations"]
    verdicts = Counter(record["residency"]["verdict"] for record in judged(records))
    share = found["indeterminate"]["requests"]["value"] / (found["requests"]["value"] - found["exempt"]["requests"]["value"])
    bench.check(near(share, verdicts["indeterminate"] / (verdicts.total() - verdicts["exempt"])) and 0 < share < 1, f"the share of what is not certain: {share}")


def check_tops(bench, target, records, documents):
    """Every client of every minute has a row, so sums of rows are those of records."""
    config = {**DEFAULTS, **RATE}
    rows = {"bool": {"filter": [{"term": {"kind": "top"}}, {"term": {"dim": "client"}}, {"term": {"win": 60}}]}}
    asked = {"n": {"sum": {"field": "n"}}, "bytes": {"sum": {"field": "bytes"}}, "rps": {"max": {"field": "rps"}}}

    def found_by(aggregation):
        found = bench.node.search(target, size=0, query=rows, aggs={"by": {**aggregation, "aggs": asked}})
        return {one["key"]: one for one in found["aggregations"]["by"]["buckets"]}

    sums = tops_of([Event(record, config) for record in records if at(record, "hop.verdict") is not None], dim_of("client", config), 60, config)
    clients, minutes = defaultdict(list), Counter()
    for (end, key), (count, sent, *_) in sums.items():
        clients[key].append((count, sent))
        minutes[end * 1000] += count
    found = found_by({"terms": {"field": "key", "size": MAX}})
    bench.equal(sums_of(found, "n", "bytes"), {key: tuple(map(sum, zip(*some))) for key, some in clients.items()}, "requests and bytes of each client")
    bench.check(all(abs(one["rps"]["value"] - max(clients[key])[0] / 60) < 0.0051 for key, one in found.items()), "the busiest minute of each")
    found = found_by({"date_histogram": {"field": "@timestamp", "fixed_interval": "1m", "min_doc_count": 1}})
    bench.equal(sums_of(found, "n"), {end: (count,) for end, count in minutes.items()}, "requests of each minute")
    located = [one["n"] for one in documents if (one["kind"], one.get("dim"), one.get("win")) == ("top", "client", 60) and at(one, "geo.location")]
    tiles = found_by({"geotile_grid": {"field": "geo.location", "precision": 7, "size": MAX}})
    bench.equal((sum(one["n"]["value"] for one in tiles.values()), len(tiles) > 10), (sum(located), True), "requests on a map")


def check_limits(bench, target, documents):
    """Who was over a limit at some time, and either bound of what it would have stopped."""
    breaches = [one for one in documents if one["kind"] == "breach"]
    for one in breaches[:3] + breaches[-3:]:
        names = ("rule", "view", "key", "peak")
        filters = [{"term": {"kind": "breach"}}, {"range": {"from": {"lte": one["to"]}}}, {"range": {"to": {"gte": one["from"]}}},
                   *({"term": {name: one[name]}} for name in names), *({"term": {"excess": bound}} for bound in one["excess"])]
        same = [other for other in breaches if all(other[name] == one[name] for name in names) and other["from"] <= one["to"] and other["to"] >= one["from"]]
        bench.equal(bench.node.count(target, {"bool": {"filter": filters}}), len(same), f"a breach of {one['key']}")
    asked = {"total": {"sum": {"field": "total"}}, "framed": {"sum": {"field": "framed"}}, "share": {"max": {"field": "share_of_all"}}}
    found = bench.node.search(target, size=0, query={"term": {"kind": "impact"}}, aggs={"by": {"terms": {"field": "view"}, "aggs": asked}})
    found = {one["key"]: one for one in found["aggregations"]["by"]["buckets"]}
    for view in ("client", "first-xff"):
        some = [one for one in documents if one["kind"] == "impact" and one["view"] == view]
        bench.check(view in found and near(found[view]["share"]["value"], max(share for one in some for share in one["share_of_all"])), f"shares: {found}")
        expected = (sum(one["total"] for one in some), sum(one.get("framed", 0) for one in some))
        bench.equal(sums_of(found, "total", "framed").get(view), expected, f"impacts of {view}")


def test_rollups_of_all_kinds(bench):
    names = logs(bench)
    write(bench.folder / "c.yaml", CHAINS + RESIDENCY + "rate: " + json.dumps(RATE) + "\n")
    put_rollup_templates(bench, "analytics")
    counts = []
    for _ in range(2):
        run(bench, names, "-o", "records", "--rollups", output(bench, "analytics"), "--quiet")
        counts.append(bench.node.count("analytics"))
    bench.equal(counts[0], counts[1], "written again, they replace the earlier ones")
    run(bench, names, "-o", "records", "--rollups", "rollups", "--quiet")
    documents, records = parse_lines((bench.folder / "rollups").read_bytes()), parse_lines((bench.folder / "records").read_bytes())
    bench.check(len(documents) < 10000, f"{len(documents)} documents")
    kept = bench.node.documents("analytics")
    bench.equal([own for own, document in kept if own != document["event"]["id"]], [], "ids")
    bench.equal(dict(kept), {one["event"]["id"]: one for one in documents}, "the node has what a file has")
    bench.equal((len(kept), len({one["event"]["id"] for one in documents})), (len(documents), len(documents)), "each once")
    by_kind = defaultdict(list)
    for one in documents:
        by_kind[one["kind"]].append(one)
    bench.equal(sorted(by_kind), ["advice", "breach", "heat", "impact", "residency", "top"], "kinds")
    bench.equal({key: one["doc_count"] for key, one in buckets(bench, "analytics", "key", {"terms": {"field": "kind"}}).items()},
                {kind: len(some) for kind, some in by_kind.items()}, "documents of each kind")
    check_heat(bench, sorted(by_kind["heat"], key=order_of), records, "heat")
    check_documents(bench, by_kind["residency"], records, "evidence")
    breaches = check_rates(bench, [one for one in documents if one["kind"] in ("top", "breach", "impact", "advice")], records, RATE, "rates")
    bench.check(breaches > 5, f"{breaches} breaches")
    template = json.loads(bench.program.run("template", "--rollups", "--index", "analytics").out)
    check_mapping(bench, "analytics", template["component_templates"]["wherefrom-rollups"]["template"]["mappings"], "roll-ups")
    check_types(bench, "analytics", documents, TYPES, "roll-ups")
    check_evidence(bench, "analytics", records)
    check_tops(bench, "analytics", records, documents)
    check_limits(bench, "analytics", documents)
