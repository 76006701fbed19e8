"""`wherefrom template --dashboards` against a real node: whatever a panel asks for is answered, and with the right numbers.

Dashboards itself was not to be had for tests: that it takes the objects and draws them is not shown here. What a panel shows is computed
here from the records of schema ecs, in any schema: a panel knows fields by their names in its schema, this file by their labels.
"""
import collections
import ipaddress
import json

from black_box import alb_line, at, parse_lines
from golden_records import SCHEMAS
from mapping_cases import create, milliseconds, put_templates
from saved_objects import MISSING, Panel, Pattern

TERRITORIES = {"AX": "FI", "BQ": "NL", "BV": "NO", "CC": "AU", "CX": "AU", "GF": "FR", "GP": "FR", "MF": "FR", "MQ": "FR", "RE": "FR",
               "SJ": "NO", "TK": "NZ", "YT": "FR"}
FROM_TERRITORIES = ("194.112.0.9", "161.0.80.9", "161.22.80.9", "78.234.0.9", "95.138.0.9", "41.213.200.9")  # AX BQ GF GP MQ RE
GEOHASH = "0123456789bcdefghjkmnpqrstuvwxyz"


def saved_objects(bench, schema, *more):
    """[object], after a look at whether importing them in this order leaves nothing in the air."""
    done = bench.program.run("template", "--dashboards", "--schema", schema, *more)
    bench.equal((done.code, done.err), (0, ""), f"{schema}: exit")
    objects, known = parse_lines(done.out), set()
    for one in objects:
        what = f"{schema}: {one['id']}"
        bench.equal(sorted(one), ["attributes", "id", "migrationVersion", "references", "type"], what)
        bench.equal(list(one["migrationVersion"]), [one["type"]], f"{what}: migrationVersion")
        for reference in one["references"]:
            bench.check((reference["type"], reference["id"]) in known, f"{what}: refers to {reference} which is not there yet")
        bench.check((one["type"], one["id"]) not in known, f"{what}: twice")
        known.add((one["type"], one["id"]))
    return objects


def panels_of(objects):
    """The index pattern, and the visualizations that ask for something, by the last part of their ids."""
    pattern, panels = Pattern(objects[0]), {}
    for one in objects:
        if one["type"] == "visualization" and one["references"]:
            panel = Panel(one, pattern)
            panels[panel.id.removeprefix(objects[0]["id"] + "-")] = panel
    return pattern, panels


# --- what a panel should show, from records of schema ecs -------------------------------------------------------------


def geohash(location, length):
    low, high, bits = [-180.0, -90.0], [180.0, 90.0], 0
    for step in range(length * 5):
        axis, value = step % 2, location["lat"] if step % 2 else location["lon"]
        middle = (low[axis] + high[axis]) / 2
        bits = bits << 1 | (value >= middle)
        (low if value >= middle else high)[axis] = middle
    return "".join(GEOHASH[bits >> 5 * place & 31] for place in reversed(range(length)))


def status_class(record):
    status = at(record, "http.response.status_code") or 0
    return f"{status // 100}xx" if 100 <= status < 600 else "without"


def gaps(record):
    yield "all"
    if not at(record, "client.ip"):
        yield "client not resolved"
    if not at(record, "client.geo.location"):
        yield "client without a place"
    if at(record, "log.flags"):
        yield "with flags"


def of_path(path):
    return lambda record: [at(record, path)] if at(record, path) is not None else []


VALUES = {  # by a panel's bucket: its label, or what it is where it has none
    "Time": lambda record: [milliseconds(record["@timestamp"]) // 1000 * 1000],
    "Client": of_path("client.ip"),
    "Country": of_path("client.geo.country_iso_code"),
    "Map": lambda record: [TERRITORIES.get(code, code) for code in of_path("client.geo.country_iso_code")(record)],
    "AS": of_path("client.as.number"),
    "Organization": of_path("client.as.organization.name"),
    "Verdict": of_path("hop.verdict"),
    "Region": of_path("cloud.region"),
    "Flag": lambda record: at(record, "log.flags") or [],
    "geohash_grid": lambda record: [geohash(at(record, "client.geo.location"), 3)] if at(record, "client.geo.location") else [],
    "requests": lambda record: [status_class(record)],
    "errors": lambda record: [status_class(record)] if status_class(record) in ("4xx", "5xx") else [],
    "gaps": gaps,
}
ONLY = {"unresolved": lambda record: not at(record, "client.ip"), "flags": lambda record: at(record, "log.flags")}


def in_order_of_node(key):
    """Buckets with as many records each stand in this order."""
    try:
        address = ipaddress.ip_address(key if isinstance(key, str) else "a number")
        return address.packed if address.version == 6 else bytes(10) + b"\xff\xff" + address.packed
    except ValueError:
        return key.encode() if isinstance(key, str) else key


def expected_counts(name, panel, records):
    """As Panel.counts: bucket in bucket."""
    groups = {(): [record for record in records if name not in ONLY or ONLY[name](record)]}
    for one in panel.buckets:
        label = name if one["type"] == "filters" else one["params"].get("customLabel", one["type"])
        values = VALUES["Map" if name == "countries" else label]
        found = {}
        for keys, inside in groups.items():
            split = collections.defaultdict(list)
            for record in inside:
                for value in list(values(record)) or ([MISSING] if one["params"].get("missingBucket") else []):
                    split[value].append(record)
            order = str.encode if name == "talkers" and panel.pattern.fields[one["params"]["field"]]["scripted"] else in_order_of_node
            most = sorted(split, key=lambda key: (-len(split[key]), order(key)))[:one["params"].get("size", len(split))]
            found.update({(*keys, key): split[key] for key in most})
        groups = found
    return {keys: len(inside) for keys, inside in groups.items()}


# --- cases ------------------------------------------------------------------------------------------------------------


def logs_of_all_kinds(bench):
    """All formats, clients that are not resolved, flags, and clients from territories that no map has a shape for."""
    log = bench.folder / "mixed.log"
    bench.generate.run("mixed", "--lines", "6000", "--clients", "400", "--seed", "5", "-o", log)
    lines = [alb_line(number, client=f"{address}:4000", time=f"2026-11-01T00:00:0{number}Z")
             for number, address in enumerate(FROM_TERRITORIES)]
    with open(log, "a", encoding="utf-8") as file:
        file.write("".join(line + "\n" for line in lines))
    return log


def check_fields(bench, target, pattern, panels, schema):
    """The index pattern has exactly what the node says of the index, and panels use what can be aggregated."""
    said = {}
    for name, kinds in bench.node.get(f"/{target}/_field_caps?fields=*")["fields"].items():
        (kind, one), = kinds.items()
        if not name.startswith("_") and kind != "object":
            said[name] = ([kind], one["searchable"], one["aggregatable"])
    has = {name: (field["esTypes"], field["searchable"], field["aggregatable"]) for name, field in pattern.fields.items()
           if not field["scripted"] and not name.startswith("_")}
    bench.check(len(said) > 300 and pattern.time in has, f"{schema}: {len(said)} fields")
    bench.equal({name: (has.get(name), said.get(name)) for name in {*has, *said} if has.get(name) != said.get(name)}, {},
                f"{schema}: pattern and node, where they differ")
    for field in pattern.fields.values():
        readable = field["readFromDocValues"]
        bench.check(readable == (field["aggregatable"] and not field["scripted"] and not field["name"].startswith("_")), f"{schema}: {field}")
        bench.check(not field["scripted"] or field["name"] not in said, f"{schema}: {field['name']} is mapped, too")
    bench.check(set(pattern.formats) <= set(pattern.fields), f"{schema}: formats of fields that there are not: {pattern.formats}")
    for panel in panels.values():
        for name in panel.fields():
            bench.check(pattern.fields.get(name, {}).get("aggregatable"), f"{schema}: {panel.id}: {name}")


def check_panel(bench, schema, name, panel, records):
    reply = bench.node.search(panel.pattern.title, **panel.request())
    what = f"{schema}: {name}"
    bench.check(reply["_shards"]["failed"] == 0 and not reply["timed_out"], f"{what}: {reply['_shards']}")
    expected = expected_counts(name, panel, records)
    bench.check(len(expected) > 0, f"{what}: no bucket is expected")
    bench.equal(panel.counts(reply), expected, f"{what}: records by bucket")
    if panel.buckets:
        return
    for one in panel.values:
        value = reply["aggregations"][one["id"]]["value"]
        if one["type"] == "max":
            bench.equal(value, max(milliseconds(record["@timestamp"]) for record in records), f"{what}: newest")
        else:
            clients = len({at(record, "client.ip") for record in records if at(record, "client.ip")})
            bench.check(clients > 100 and abs(value - clients) <= clients // 50, f"{what}: about {clients} clients, not {value}")


def test_panels_show_what_records_say(bench):
    log = logs_of_all_kinds(bench)
    truth = parse_lines(bench.program.run("run", log, "--quiet").out)
    bench.check(len({at(record, "client.geo.country_iso_code") for record in truth} & {"AX", "BQ", "GF", "GP", "MQ", "RE"}) >= 5,
                "clients from territories")
    for schema in SCHEMAS:
        name = f"panels-{schema}"
        put_templates(bench, schema, "--data-stream", name)
        bench.node.put(f"/_data_stream/{name}")
        pattern, panels = panels_of(saved_objects(bench, schema, "--data-stream", name))
        bench.equal(len(panels), 13, f"{schema}: panels that ask for something")
        bench.equal(pattern.title, name, f"{schema}: title")
        for panel in panels.values():  # a dashboard may be opened before anything arrives
            reply = bench.node.search(name, **panel.request())
            bench.check(reply["_shards"]["failed"] == 0 and not any(panel.counts(reply).values()), f"{schema}: {panel.id}, empty: {reply}")
        records = bench.program.run("run", log, "--quiet", "--schema", schema).out.splitlines()
        bench.equal({status for status, _, _ in create(bench, name, records)}, {201}, f"{schema}: taken")
        check_fields(bench, name, pattern, panels, schema)
        for own_name, panel in panels.items():
            check_panel(bench, schema, own_name, panel, truth)


def test_codes_for_the_map(bench):
    """Every territory counts for its country, every other code for itself; what has no country counts nowhere."""
    for schema in SCHEMAS:
        name = f"codes-{schema}"
        put_templates(bench, schema, "--data-stream", name)
        _, panels = panels_of(saved_objects(bench, schema, "--data-stream", name))
        place = {"ecs": ("client", "geo"), "ss4o": ("communication", "source", "geo"), "flat": ()}[schema]
        documents = []
        for code in [*TERRITORIES, *TERRITORIES.values(), "JE", "HK", "SX", None]:
            document = inner = {"timestamp" if schema == "flat" else "@timestamp": "2026-11-01T00:00:00Z"}
            for part in place:
                inner[part] = {}
                inner = inner[part]
            if code is not None:
                inner["client_country_iso_code" if schema == "flat" else "country_iso_code"] = code
            documents.append(document)
        bench.equal({status for status, _, _ in create(bench, name, documents)}, {201}, f"{schema}: taken")
        expected = collections.Counter([*TERRITORIES.values(), *TERRITORIES.values(), "JE", "HK", "SX"])
        found = panels["countries"].counts(bench.node.search(name, **panels["countries"].request()))
        bench.equal({code: count for (code,), count in found.items()}, dict(expected), f"{schema}: by code")


def test_pattern_of_dated_indices(bench):
    """It finds all days, and what only begins alike is left out; scripts run where an index has none of the fields, too."""
    put_templates(bench, "ss4o", "--index", "daily")
    pattern, panels = panels_of(saved_objects(bench, "ss4o", "--index", "daily-{yyyy.MM.dd}"))
    records = [record for record in parse_lines(bench.program.run(
        "run", "--quiet", "--schema", "ss4o", stdin="".join(alb_line(number) + "\n" for number in range(40)).encode()).out)]
    for day, part in (("2026.03.01", records[:30]), ("2026.03.02", records[30:])):
        create(bench, f"daily-{day}", part)
    bench.node.bulk("daily-other", [{"a": "b"}])
    bench.equal(bench.node.count(pattern.title), len(records), f"records in {pattern.title}")
    bench.node.bulk("daily-2026.03.03.stranger", [{"@timestamp": "2026-03-03T00:00:00Z", "nothing": "ours"}], action="index")
    bench.node.refresh()
    reply = bench.node.search("daily-*", **panels["talkers"].request())
    found = panels["talkers"].counts(reply)
    bench.equal((reply["_shards"]["total"], reply["_shards"]["failed"]), (4, 0), f"shards: {reply['_shards']}")
    bench.equal(sum(found.values()), len(records), "records by client, beside an index that has none")
    bench.check(all("81.2.69." in client for client, _, _ in found), f"{found}")


def test_importing_again_replaces(bench):
    """The same ids and bytes; nothing in them but the name differs between two names."""
    def said(*more):
        return bench.program.run("template", "--dashboards", *more).out
    one, other = said("--data-stream", "name-1"), said("--data-stream", "name-2")
    bench.equal(said("--data-stream", "name-1"), one, "made again")
    bench.check(one.replace(b"name-1", b"name-2") == other != one, "of another name")
    ids = [{json.loads(line)["id"] for line in objects.splitlines()} for objects in (one, other)]
    bench.check(len(ids[0]) == len(ids[1]) > 10 and not ids[0] & ids[1], "ids of two names")
