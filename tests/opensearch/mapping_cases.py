"""The templates at a real node: they are taken as they are, every record fits, and the fields are good for what people do with them."""
import datetime
import ipaddress
import json
import math
from collections import Counter

from black_box import alb_line, at, parse_lines
from golden_records import SCHEMAS, find, golden_records, is_odd_waf, mapping_of, template

BULK_DOCUMENTS = 2000
DAY = "2026-03-01T"


def put_templates(bench, schema, *more):
    """As `wherefrom template` prints them."""
    templates = template(bench.program, schema, *more)
    for kind in ("component_templates", "index_templates"):
        for name, body in templates[kind].items():
            bench.node.put(f"/_{kind.removesuffix('s')}/{name}", body)
    return templates


def create(bench, target, documents):
    """[(status, error type)] of all of them."""
    results = []
    for first in range(0, len(documents), BULK_DOCUMENTS):
        for item in bench.node.bulk(target, documents[first:first + BULK_DOCUMENTS])["items"]:
            item = item["create"]
            results.append((item["status"], item.get("error", {}).get("type"), item.get("error", {}).get("reason")))
    bench.node.refresh(target)
    return results


def check_mapping(bench, target, expected, what):
    """That the only index there has the mapping of the template, and nothing was added to it. The node does not say what is its default."""
    (index,) = bench.node.get(f"/{target}/_mapping").values()
    said = json.loads(json.dumps(expected), object_hook=lambda one: {key: value for key, value in one.items() if key != "format"})
    bench.equal(index["mappings"]["properties"], said["properties"], f"{what}: mapping")
    bench.equal(index["mappings"]["dynamic"], "false", f"{what}: dynamic")


def test_templates_are_taken_as_they_are(bench):
    """What GET returns is what was put, which is what `setup` compares, and nobody is warned."""
    for schema in SCHEMAS:
        for form in ("--data-stream", "--index"):
            name = f"taken-{schema}-{form.strip('-')}"
            for _ in range(2):
                templates = put_templates(bench, schema, form, name)
            for kind, key in (("component_templates", "component_template"), ("index_templates", "index_template")):
                for own_name, body in templates[kind].items():
                    found = bench.node.get(f"/_{key}/{own_name}")[kind]
                    bench.equal(found, [{"name": own_name, key: body}], f"{schema} {form}: {kind}")


def test_golden_records_are_taken(bench):
    """All of them but those where something else stands in place of a list of objects, which only the golden logs have."""
    for schema in SCHEMAS:
        name = f"golden-{schema}"
        mapping = mapping_of(put_templates(bench, schema, "--data-stream", name))
        documents = golden_records(bench.program, schema)
        odd = sum(map(is_odd_waf, parse_lines(b"".join(line + b"\n" for line in documents))))
        results = create(bench, name, documents)
        refused = [(kind, reason) for status, kind, reason in results if status != 201]
        bench.check(0 < odd < 10, f"{schema}: {odd} odd records")
        bench.check(len(refused) == odd and all(kind == "mapper_parsing_exception" and "object mapping" in reason for kind, reason in refused),
                    f"{schema}: refused: {refused[:3]}")
        bench.equal(bench.node.count(name), len(documents) - odd, f"{schema}: documents")
        check_mapping(bench, name, mapping, schema)
        for hit in bench.node.search(name, size=1000, query={"exists": {"field": "_ignored"}})["hits"]["hits"]:
            for path in hit["_ignored"]:
                field = find(mapping, path.split("."))
                bench.check(field.get("ignore_malformed") or field["type"] == "keyword", f"{schema}: {path} was ignored, of type {field}")


# --- what fields are good for -----------------------------------------------------------------------------------------


def tile_of(location, zoom):
    """x and y of a slippy map (https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames)."""
    tiles = 1 << zoom
    sine = math.sin(math.radians(location["lat"]))
    x = math.floor((location["lon"] + 180) / 360 * tiles)
    y = math.floor((0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * tiles)
    return f"{zoom}/{min(max(x, 0), tiles - 1)}/{min(max(y, 0), tiles - 1)}"


def inside(record, box):
    location = at(record, "client.geo.location")
    return location is not None and box["left"] <= location["lon"] <= box["right"] and box["bottom"] <= location["lat"] <= box["top"]


def milliseconds(text):
    """As the node keeps a time."""
    whole = datetime.datetime.fromisoformat(text[:19] + "+00:00")
    return int(whole.timestamp()) * 1000 + int((text[20:-1] + "000")[:3])


def test_searches_find_what_the_records_say(bench):
    name = "searched"
    put_templates(bench, "ecs", "--data-stream", name)
    logs = bench.folder / "mixed.log"
    bench.generate.run("mixed", "--lines", "6000", "--clients", "400", "--seed", "5", "-o", logs)
    done = bench.program.run("run", logs, "--quiet")
    records = parse_lines(done.out)
    results = create(bench, name, [(record["event"]["id"], record) for record in records])
    bench.equal(Counter(status for status, _, _ in results), {201: len(records)}, "created")
    bench.check(len(records) > 5000, f"{len(records)} records")
    search = bench.node.search

    def matches(query, expected, what):
        """As many as the records themselves say, which are some and not all."""
        expected = sum(map(expected, records))
        bench.equal(bench.node.count(name, query), expected, what)
        bench.check(0 < expected < len(records), f"{what}: says nothing, {expected} of {len(records)}")

    addresses = [ipaddress.ip_address(at(record, "client.ip")) if at(record, "client.ip") else None for record in records]
    of_record = dict(zip(map(id, records), addresses))
    for version, bits in ((4, 8), (6, 32)):
        most, _ = Counter(ipaddress.ip_network((one, bits), strict=False) for one in addresses
                          if one is not None and one.version == version).most_common(1)[0]
        matches({"term": {"client.ip": str(most)}}, lambda record: of_record[id(record)] is not None and of_record[id(record)].version == most.version
                and of_record[id(record)] in most, f"client.ip in {most}")
    box = {"left": -25.0, "right": 40.0, "bottom": 36.0, "top": 71.0}
    corners = {"top_left": {"lat": box["top"], "lon": box["left"]}, "bottom_right": {"lat": box["bottom"], "lon": box["right"]}}
    matches({"geo_bounding_box": {"client.geo.location": corners}}, lambda record: inside(record, box), "a box")
    times = sorted(record["@timestamp"] for record in records)
    since, until = times[len(times) // 4], times[len(times) // 2]
    matches({"range": {"@timestamp": {"gte": since, "lt": until}}},
            lambda record: milliseconds(since) <= milliseconds(record["@timestamp"]) < milliseconds(until), f"{since} to {until}")
    matches({"range": {"http.response.status_code": {"gte": 500}}}, lambda record: (at(record, "http.response.status_code") or 0) >= 500, "5xx")
    matches({"term": {"hop.verdict": "ok"}}, lambda record: at(record, "hop.verdict") == "ok", "verdict")
    matches({"exists": {"field": "aws.waf.labels.name"}}, lambda record: bool(at(record, "aws.waf.labels")), "labels of WAF")

    tiles = Counter(tile_of(at(record, "client.geo.location"), 7) for record in records if at(record, "client.geo.location"))
    found = search(name, size=0, aggs={"tiles": {"geotile_grid": {"field": "client.geo.location", "precision": 7, "size": 10000}},
                                       "countries": {"terms": {"field": "client.geo.country_iso_code", "size": 1000}},
                                       "bytes": {"sum": {"field": "http.response.bytes"}},
                                       "hours": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h", "min_doc_count": 1}}})
    found = found["aggregations"]
    bench.equal({bucket["key"]: bucket["doc_count"] for bucket in found["tiles"]["buckets"]}, dict(tiles), "tiles")
    bench.check(len(tiles) > 20, f"{len(tiles)} tiles")
    countries = Counter(filter(None, (at(record, "client.geo.country_iso_code") for record in records)))
    bench.equal({bucket["key"]: bucket["doc_count"] for bucket in found["countries"]["buckets"]}, dict(countries), "countries")
    bench.equal(found["bytes"]["value"], sum(at(record, "http.response.bytes") or 0 for record in records), "bytes")
    hours = Counter(milliseconds(text) // 3600000 * 3600000 for text in times)
    bench.equal({bucket["key"]: bucket["doc_count"] for bucket in found["hours"]["buckets"]}, dict(hours), "hours")


def test_times(bench):
    """Every length of a fraction is taken, sorted by the millisecond, found by ranges and shown again."""
    name = "times"
    put_templates(bench, "ecs", "--data-stream", name)
    fractions = [""] + [f".{'123456789'[:digits]}" for digits in range(1, 10)] + [".000000001", ".999999999", ".5", ".0005"]
    texts = [f"{DAY}12:00:0{second}{fraction}Z" for second in range(3) for fraction in fractions] + ["1970-01-01T00:00:00Z",
                                                                                                    "2261-12-31T23:59:59.999999999Z"]
    log = bench.folder / "a.log"
    log.write_text("".join(alb_line(number, time=text) + "\n" for number, text in enumerate(texts)))
    records = parse_lines(bench.program.run("run", log, "--quiet").out)
    bench.equal(len(records), len(texts), "records")
    bench.check(any(len(record["@timestamp"]) == 30 for record in records), "nine digits are written")
    bench.equal({status for status, _, _ in create(bench, name, records)}, {201}, "taken")
    hits = bench.node.search(name, size=1000, sort=[{"@timestamp": "asc"}], docvalue_fields=["@timestamp"])["hits"]["hits"]
    found = [hit["sort"][0] for hit in hits]
    bench.equal(found, sorted(milliseconds(record["@timestamp"]) for record in records), "order")
    bench.equal([milliseconds(hit["_source"]["@timestamp"]) for hit in hits], found, "each by its own time")
    bench.equal([milliseconds(hit["fields"]["@timestamp"][0]) for hit in hits], found, "shown")
    query = {"range": {"@timestamp": {"gte": milliseconds(f"{DAY}12:00:01.123Z"), "lte": milliseconds(f"{DAY}12:00:01.123Z"), "format": "epoch_millis"}}}
    bench.equal(bench.node.count(name, query), sum(found.count(one) for one in {milliseconds(f"{DAY}12:00:01.123Z")}), "a range as dashboards ask")


# --- what a client may send -------------------------------------------------------------------------------------------


def test_whatever_clients_send_is_taken(bench):
    """Texts of any length in any column are no reason to refuse a document, and neither are values that do not parse."""
    long_text = "\u20ac" * 60000
    line = alb_line(1)
    lines = [
        alb_line(2, agent="A" * 40000), alb_line(3, agent=long_text), line.replace("/item/1?x=1", "/" + "p" * 40000 + "?" + "q" * 40000),
        line.replace("GET https", "G" * 40000 + " https"), line.replace("shop.example.com:443", "h" * 40000), line.replace(" 200 200 ", f" 200 {'9' * 40000} "),
        line.replace(" 814 57 ", " 9223372036854775807 9223372036854775808 "), line.replace(" 0.001 ", f" {'1' * 24} "), line + f' "{long_text}" new',
        line.replace("10.0.0.80:8080", "nowhere:80"), line.replace("Root=1-69a42d01", "R" * 40000), line.replace("TLSv1.2", "T" * 40000),
        line.replace("app/shop/50dc6c495c0c9188", "a" * 40000)]
    log = bench.folder / "alb.log"
    log.write_text("".join(one + "\n" for one in lines))
    waf = json.dumps({"timestamp": 1764547201500, "webaclId": "x", "action": "ALLOW", "httpRequest": {
        "clientIp": "81.2.69.142", "uri": "/" + "u" * 40000, "args": long_text,
        "headers": [{"name": "n" * 40000, "value": "v" * 40000}, {"name": "x", "value": long_text}]}, "labels": [{"name": "l" * 40000}],
        "captchaResponse": {"responseCode": 0, "solveTimestamp": {"unexpected": ["object"]}}, "oversizeFields": ["REQUEST_BODY", 7],
        "newThing": {"deep": [[{"a": "b" * 40000}]]}})
    (bench.folder / "waf.log").write_text(waf + "\n")
    flow = ("version srcaddr dstaddr pkt-srcaddr pkt-dstaddr protocol start end action log-status\n"
            "5 81.2.69.142 10.0.0.300 - 10.0.0.1 6 1764547201 1764547202 ACCEPT OK\n")
    (bench.folder / "flow.log").write_text(flow)
    for schema in SCHEMAS:
        name = f"hostile-{schema}"
        put_templates(bench, schema, "--data-stream", name)
        records = []
        for path, form in ((log, "alb_access"), (bench.folder / "waf.log", "waf"), (bench.folder / "flow.log", "vpc_flow")):
            done = bench.program.run("run", path, "--format", form, "--schema", schema, "--keep-original", "--quiet")
            bench.equal(done.code, 0, f"{schema} {form}: exit ({done.err[:200]})")
            records += done.out.splitlines()
        bench.equal(len(records), len(lines) + 2, f"{schema}: records")
        results = create(bench, name, records)
        bench.equal([result for result in results if result[0] != 201], [], f"{schema}: refused")
        kept = [document for _, document in bench.node.documents(name)]
        bench.equal(sorted(map(json.dumps, kept)), sorted(json.dumps(json.loads(record)) for record in records), f"{schema}: kept as written")


def test_indices_with_a_date(bench):
    mapping = mapping_of(put_templates(bench, "ecs", "--index", "dated"))
    record = parse_lines(bench.program.run("run", "--quiet", stdin=(alb_line(1) + "\n").encode()).out)[0]
    statuses = [create(bench, "dated-2026.03.01", [(record["event"]["id"], record)])[0][0] for _ in range(2)]
    bench.equal(statuses, [201, 409], "the same id again")
    check_mapping(bench, "dated-2026.03.01", mapping, "dated")
    bench.node.bulk("dated-other", [{"a": "b"}])
    (other,) = bench.node.get("/dated-other/_mapping").values()
    bench.equal(other["mappings"]["properties"]["a"]["type"], "text", "an index without a date is none of ours")
