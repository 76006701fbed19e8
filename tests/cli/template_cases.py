"""`wherefrom template`: what OpenSearch is told, looked at without one (tests/opensearch asks a real one)."""
import datetime
import ipaddress
import json
import re

from black_box import parse_lines
from golden_records import SCHEMAS, find, golden_records, in_waf_list, is_odd_waf, leaves, mapping_of, template

USAGE = 2
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def is_time(value):
    return isinstance(value, str) and TIME.fullmatch(value) and datetime.datetime.fromisoformat(value[:19])


def is_address(value):
    try:
        return bool(ipaddress.ip_address(value))
    except ValueError:
        return False


def is_number(value, kinds):
    return isinstance(value, kinds) and not isinstance(value, bool) and abs(value) < 2 ** 63


TAKES = {
    "keyword": lambda value: isinstance(value, (str, int, float)),
    "long": lambda value: is_number(value, int),
    "float": lambda value: is_number(value, (int, float)),
    "date": is_time,
    "ip": is_address,
    "geo_point": lambda value: is_number(value, float) and abs(value) <= 180,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda _: True,
}


def fields_count(mapping):
    """As a node counts them: with objects."""
    return sum(1 + fields_count(inner) for inner in mapping.get("properties", {}).values())


def test_template_has_every_field(bench):
    for schema in SCHEMAS:
        mapping = mapping_of(template(bench.program, schema))
        bench.equal(mapping["dynamic"], False, f"{schema}: dynamic")
        bench.check(400 < fields_count(mapping) < 800, f"{schema}: {fields_count(mapping)} fields; a node takes 1000, and users may add theirs")
        seen = set()
        for record in parse_lines(b"".join(line + b"\n" for line in golden_records(bench.program, schema))):
            if is_odd_waf(record):
                continue
            for path, value in leaves(record):
                field, name = find(mapping, path), ".".join(path)
                if field is None and in_waf_list(path):  # of these only what people look for is mapped
                    continue
                good = field is not None and "properties" not in field and (field.get("ignore_malformed") or TAKES[field["type"]](value))
                if not good or path not in seen:  # a check for each field, and for each value that does not fit
                    bench.check(good, f"{schema}: {name} {value!r:.80} does not fit {field}")
                seen.add(path)
        bench.check(len(seen) > 200, f"{schema}: the golden records have few fields: {len(seen)}")


def test_template_of_fields_that_golden_logs_do_not_have(bench):
    ecs, flat = (mapping_of(template(bench.program, schema)) for schema in ("ecs", "flat"))
    for path, kind in {"kafka.topic": "keyword", "kafka.partition": "long", "kafka.offset": "long", "log.source.address": "keyword",
                       "client.anonymous.tor_exit_node": "boolean", "client.geo.city_name": "keyword", "hop.via": "ip",
                       "client.geo.location": "geo_point", "client.ip": "ip",
                       "aws.waf.labels.name": "keyword", "aws.waf.rule_group_list.terminatingRule.ruleId": "keyword"}.items():
        bench.equal((find(ecs, path.split(".")) or {}).get("type"), kind, path)
    bench.equal(find(ecs, ["event", "original"]), {"type": "keyword", "index": False, "doc_values": False}, "event.original")
    bench.equal(find(ecs, ["user_agent", "original"]), {"type": "keyword", "ignore_above": 8191}, "user_agent.original")
    bench.equal(find(ecs, ["aws", "elb", "raw"]), {"type": "object", "enabled": False}, "aws.elb.raw")
    bench.equal(find(flat, ["status"]), {"type": "keyword", "ignore_above": 1024}, "status: numbers of most formats, a word in health checks")
    for mapping in (ecs, flat):
        text = json.dumps(mapping)
        bench.check("half_float" not in text and '"text"' not in text and "flat_object" not in text, "types that were not to be used")


def test_template_forms(bench):
    whole = template(bench.program, "ss4o", "--data-stream", "edge-logs")
    bench.equal(list(whole), ["component_templates", "index_templates"], "parts, in the order in which they are put")
    bench.equal(list(whole["component_templates"]), ["wherefrom-ss4o"], "component")
    (name, body), = whole["index_templates"].items()
    bench.equal((name, body["index_patterns"], body["composed_of"]), ("edge-logs", ["edge-logs"], ["wherefrom-ss4o"]), "data stream")
    bench.equal(body["data_stream"], {"timestamp_field": {"name": "@timestamp"}}, "data stream's time")
    for part, parts in (("component", "component_templates"), ("index", "index_templates")):
        (only,) = whole[parts].values()
        bench.equal(template(bench.program, "ss4o", "--data-stream", "edge-logs", "--only", part), only, f"--only {part}")
    flat = template(bench.program, "flat", "--only", "index")
    bench.equal((flat["index_patterns"], flat["data_stream"]), (["wherefrom"], {"timestamp_field": {"name": "timestamp"}}), "flat, no name")
    for text in ("edge", "edge-{yyyy.MM.dd}"):
        (name, body), = template(bench.program, "ecs", "--index", text)["index_templates"].items()
        bench.equal((name, body["index_patterns"], "data_stream" in body), ("edge", ["edge-*.*.*"], False), f"--index {text}")


DASHBOARDS = """index-pattern wherefrom-web
visualization wherefrom-web-heat-map tile_map count geohash_grid
visualization wherefrom-web-countries region_map count terms
visualization wherefrom-web-requests histogram count date_histogram filters
visualization wherefrom-web-errors line count date_histogram filters
visualization wherefrom-web-networks table count cardinality terms terms
visualization wherefrom-web-talkers table count max terms terms terms
visualization wherefrom-web-verdicts area count date_histogram terms
visualization wherefrom-web-residency heatmap count terms terms
visualization wherefrom-web-unresolved table count max terms
visualization wherefrom-web-newest metric max
visualization wherefrom-web-clients metric cardinality
visualization wherefrom-web-gaps table count max filters
visualization wherefrom-web-flags histogram count date_histogram terms
visualization wherefrom-web-notes markdown
dashboard wherefrom-web
"""


def test_template_dashboards(bench):
    """The objects, in the order in which they are imported. Their ids must stay, or importing again leaves old ones behind."""
    for schema in SCHEMAS:
        done = bench.run("template", "--dashboards", "--schema", schema, "--data-stream", "web")
        found, objects = "", parse_lines(done.out)
        for one in objects:
            state = json.loads(one["attributes"].get("visState", "{}"))
            words = (one["type"], one["id"], *([state["type"], *(each["type"] for each in state["aggs"])] if state else ()))
            found += " ".join(words) + "\n"
        bench.equal(found, DASHBOARDS, f"{schema}: objects")
        panels = json.loads(objects[-1]["attributes"]["panelsJSON"])
        shown = {one["name"]: one["id"] for one in objects[-1]["references"]}
        bench.equal([shown[panel["panelRefName"]] for panel in panels], [one["id"] for one in objects[1:-1]], f"{schema}: panels of the dashboard")
    bench.fails(["template", "--dashboards", "--only", "index"], USAGE, "--dashboards", "--only")


def test_template_usage(bench):
    for name in ("Edge", "a b", "-edge", "a/b", "a*", ".", "", "x" * 245, "é", "edge-{yyyy}"):
        bench.fails(["template", "--data-stream", name], USAGE, "--data-stream")
    bench.fails(["template", "--index", "-{yyyy.MM.dd}"], USAGE, "--index")
    bench.fails(["template", "--index", "a", "--data-stream", "b"], USAGE, "one or the other")
    bench.fails(["template", "--schema", "esc"], USAGE, "--schema", "ecs")
    bench.fails(["template", "ecs"], USAGE, "ecs")
    help_text = bench.run("template", "--help")
    bench.check(help_text.code == 0 and b"curl -X PUT" in help_text.out, "--help says how to use it")
    with open("/dev/full", "wb") as full:
        process = bench.program.start("template", stdout=full, stderr=full)
        bench.equal(process.wait(60), 1, "a full disk")
