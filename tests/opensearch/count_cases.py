"""Big numbers: what went in is there once, however often it comes, and what a map draws is what the records say."""
import gzip
import json
from collections import Counter

from black_box import read_summary, write
from kill_cases import data_stream, lines
from mapping_cases import put_templates, tile_of

LINES = 200_000
FIELDS = "+@timestamp,+event.id,+client,+http,+hop.verdict"  # a quarter of the bytes
TYPES = {  # SCHEMAS.md's rules for what an ALB logs, said again by hand
    "@timestamp": "date", "event.start": "date", "event.end": "date", "event.duration": "long", "event.id": "keyword",
    "event.original": "keyword", "client.ip": "ip", "client.port": "long", "client.geo.location": "geo_point",
    "client.geo.country_iso_code": "keyword", "client.as.number": "long", "client.as.organization.name": "keyword", "source.ip": "ip",
    "destination.ip": "ip", "destination.port": "long", "observer.ip": "ip", "network.forwarded_ip": "ip", "hop.verdict": "keyword",
    "hop.depth": "long", "http.response.status_code": "long", "http.request.bytes": "long", "http.response.bytes": "long",
    "aws.elb.request_processing_time": "float", "aws.elb.target_processing_time": "float", "aws.elb.response_processing_time": "float",
    "log.offset": "long"}


def load(bench, logs, name):
    summary = bench.folder / "summary.json"
    done = bench.program.run("run", *logs, "--fields", FIELDS, "--quiet", "-o", f"opensearch+{bench.node.url}/{name}",
                             "--rejects", bench.folder / "rejects.ndjson", "--summary", summary, timeout=600)
    bench.equal(done.code, 0, f"exit code: {done.err[-500:]}")
    return read_summary(summary)


def check_types(bench, name):
    (index,) = bench.node.get(f"/{name}/_mapping").values()
    for path, expected in TYPES.items():
        found = index["mappings"]
        for part in path.split("."):
            found = found.get("properties", {}).get(part, {})
        bench.equal(found.get("type"), expected, path)


def check_values(bench, name, records):
    """Through the fields' types: what the index counts and sums up is what the records of a file say."""
    places = [record["client"]["geo"]["location"] for record in records if "location" in record["client"].get("geo", {})]
    grids = {f"tiles{zoom}": {"geotile_grid": {"field": "client.geo.location", "precision": zoom, "size": 65536}} for zoom in (4, 7)}
    sums = {"bytes": {"sum": {"field": "http.response.bytes"}}, "errors": {"range": {"field": "http.response.status_code", "ranges": [{"from": 500}]}},
            "verdicts": {"terms": {"field": "hop.verdict"}},
            "hours": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h", "min_doc_count": 1}}}
    found = bench.node.search(name, size=0, aggs={**grids, **sums})["aggregations"]
    for zoom in (4, 7):
        expected = Counter(tile_of(place, zoom) for place in places)
        bench.equal({bucket["key"]: bucket["doc_count"] for bucket in found[f"tiles{zoom}"]["buckets"]}, dict(expected), f"tiles of zoom {zoom}")
        bench.check(len(expected) > 30, f"{len(expected)} tiles of zoom {zoom}")
    bench.equal(found["bytes"]["value"], sum(record["http"]["response"]["bytes"] for record in records), "bytes")
    bench.equal(found["errors"]["buckets"][0]["doc_count"], sum(record["http"]["response"].get("status_code", 0) >= 500 for record in records), "5xx")
    bench.equal({bucket["key"]: bucket["doc_count"] for bucket in found["verdicts"]["buckets"]},
                dict(Counter(record["hop"]["verdict"] for record in records)), "verdicts")
    hours = Counter(record["@timestamp"][:13] for record in records)
    bench.equal({bucket["key_as_string"][:13]: bucket["doc_count"] for bucket in found["hours"]["buckets"]}, dict(hours), "hours")
    network = Counter(".".join(record["client"]["ip"].split(".")[:2]) for record in records if ":" not in record["client"]["ip"]).most_common(1)[0]
    bench.equal(bench.node.count(name, {"term": {"client.ip": f"{network[0]}.0.0/16"}}), network[1], f"clients in {network[0]}.0.0/16")


def test_many_documents_twice(bench):
    """Into a data stream and once more: nothing is there twice, and all of it is said to have been there."""
    plain, packed = bench.folder / "a.log", bench.folder / "b.log.gz"
    bench.generate.run("alb", "--lines", str(LINES // 2), "--seed", "3", "-o", plain)
    packed.write_bytes(gzip.compress(bench.generate.run("alb", "--lines", str(LINES // 2), "--seed", "4").out, 1))
    name = "many"
    put_templates(bench, "ecs", "--data-stream", name)
    for documents, duplicates in ((LINES, 0), (0, LINES)):
        summary = load(bench, [plain, packed], name)
        counts = [summary["records"][what] for what in ("read", "written", "rejected", "duplicates")]
        bench.equal(counts, [LINES, documents, 0, duplicates], "read, written, rejected, duplicates")
        bench.equal([summary["opensearch"][what] for what in ("documents", "duplicates", "refused")], [documents, duplicates, 0], "the sink's own counts")
        bench.equal(bench.node.count(name), LINES, "documents in the index")
    done = bench.program.run("run", plain, packed, "--fields", FIELDS, "--quiet", "-o", bench.folder / "file.ndjson", timeout=600)
    bench.equal(done.code, 0, "the run into a file")
    with open(bench.folder / "file.ndjson", "rb") as lines:
        records = list(map(json.loads, lines))
    bench.equal(len(records), LINES, "records in the file")
    check_types(bench, name)
    check_values(bench, name, records)


def test_places_of_what_is_refused(bench):
    """Countries are counted before the node refuses a document: their shares are of all that were made."""
    log = write(bench.folder / "a.log", lines(0, 1000))
    done = bench.program.run("run", log, "-o", data_stream(bench, "places"), "--rejects", bench.folder / "rejects.ndjson")
    bench.equal(done.code, 3, f"exit code: {done.err[-500:]}")
    bench.check("1,000 records read: 980 written, 20 rejected" in done.err, done.err)
    bench.check("GB 100.0 %" in done.err, done.err)
