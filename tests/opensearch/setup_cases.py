"""`wherefrom setup`: what it puts, that it does it once, and what it says; and the first look of a run, which writes nothing where fields
would be of the wrong types."""
import datetime
import json
import re
import shlex
import zipfile

from black_box import alb_lines, parse_lines, read_summary, write
from gate import Dashboards, Gate
from golden_records import SCHEMAS, template
from servers import free_port
from started_run import wait_until

FAILED, USAGE = 1, 2
CLIENT = {"ecs": "client.ip", "ss4o": "aws.elb.client.ip", "flat": "client_ip"}
LOCATION = {"ecs": "client.geo.location", "ss4o": "communication.source.geo.location", "flat": "client_location"}
TIME = {"ecs": "@timestamp", "ss4o": "@timestamp", "flat": "timestamp"}
DATED = "-{yyyy.MM.dd}"
LINES = 50


# --- what cases share -------------------------------------------------------------------------------------------------

def url(bench, name, server=None):
    return f"opensearch+{server or bench.node.url}/{name}"


def setup(bench, name, *more, code=0, server=None):
    """Its lines up to the first about something else, as {object: outcome}; the whole of stdout and stderr as `bench.said`."""
    done = bench.program.run("setup", url(bench, name, server), *more)
    bench.said = done.out.decode() + done.err
    bench.equal(done.code, code, f"setup {name} {' '.join(more)}: exit code ({bench.said[-600:]})")
    return dict(line.split(": ", 1) for line in done.out.decode().splitlines() if re.match(r"(component|index|data|mapping|dashboards)\b.*: ", line))


def properties(path, mapping, around=None):
    """`mapping` as the field at that path, beside what is in `around`."""
    result = around if around is not None else {}
    *objects, last = path.split(".")
    inner = result
    for name in objects:
        inner = inner.setdefault(name, {}).setdefault("properties", {})
    inner[last] = mapping
    return result


def mapped(schema, ip="ip", location="geo_point", dynamic=True):
    """A mapping with these types; None: not mapped."""
    result = {}
    for path, kind in ((CLIENT[schema], ip), (LOCATION[schema], location)):
        if kind:
            properties(path, {"type": kind}, result)
    return {"dynamic": dynamic, "properties": properties(TIME[schema], {"type": "date"}, result)}


def run(bench, name, *more, server=None, folder="run", fields="+"):
    """(exit code, what was said, summary, rejects) of a run over some ALB lines."""
    place = bench.folder / folder
    place.mkdir(exist_ok=True)
    write(place / "a.log", alb_lines(LINES))
    done = bench.program.run("run", "a.log", "-f", "alb_access", "-o", url(bench, name, server), "--rejects", "rejects.ndjson", "--summary",
                             "summary.json", *more, cwd=place)
    return done.code, done.err, read_summary(place / "summary.json")["records"], parse_lines((place / "rejects.ndjson").read_bytes())


def taken(bench, name, *more, **settings):
    code, said, records, rejects = run(bench, name, *more, **settings)
    bench.equal((code, records["written"] + records["duplicates"], rejects), (0, LINES, []), f"{name} {' '.join(more)}: a run ({said[:400]})")
    bench.node.refresh()
    return said


def refused(bench, name, *words, options=(), server=None):
    """A run that writes nothing and says why; returns the way out that it names."""
    code, said, records, rejects = run(bench, name, *options, server=server)
    what = f"{name} {' '.join(options)}"
    bench.equal((code, records["written"], rejects), (FAILED, 0, []), f"{what}: a run that must not write ({said[:400]})")
    for word in ("nothing was written", *words):
        bench.check(word in said, f"{what}: {word!r} is not said: {said[:600]}")
    advice = re.search(r"`wherefrom (setup [^`]*)`", said)
    bench.check(advice, f"{what}: no way out is named: {said[:600]}")
    return shlex.split(advice[1]) if advice else []


def count(bench, name):
    return bench.node.count(name) if bench.node.request("HEAD", f"/{name}")[0] == 200 else None


# --- what is put ------------------------------------------------------------------------------------------------------

def test_setup_puts_everything_once(bench):
    for schema in SCHEMAS:
        component = f"wherefrom-{schema}"  # other cases may have put it, and templates that use it keep it
        known = bench.node.request("GET", f"/_component_template/{component}")[0] == 200
        for form, name in (("--data-stream", f"put-{schema}"), ("--index", f"day-{schema}")):
            stream = form == "--data-stream"
            words = (name if stream else name + DATED, "--schema", schema)
            first = setup(bench, *words)
            expected = {f"component template {component}": "made" if stream and not known else "there already", f"index template {name}": "made"}
            if stream:
                expected[f"data stream {name}"] = "made"
            bench.equal({key: value for key, value in first.items() if key != "dashboards"}, expected, f"{words}: first")
            for kind, key in (("component_templates", "component_template"), ("index_templates", "index_template")):
                for own_name, body in template(bench.program, schema, form, name)[kind].items():
                    bench.equal(bench.node.get(f"/_{key}/{own_name}")[kind], [{"name": own_name, key: body}], f"{words}: {kind}")
            again = setup(bench, *words)
            expected = dict.fromkeys(expected, "there already")
            if stream:
                expected[f"mapping of .ds-{name}-000001"] = "as it has to be"
            bench.equal({key: value for key, value in again.items() if key != "dashboards"}, expected, f"{words}: again")
            taken(bench, *words)
        bench.equal(bench.node.get(f"/_data_stream/put-{schema}")["data_streams"][0]["timestamp_field"], {"name": TIME[schema]}, f"{schema}: time")
        bench.equal((count(bench, f"put-{schema}"), count(bench, f"day-{schema}-2026.03.01")), (LINES, LINES), f"{schema}: documents")
        again = setup(bench, f"put-{schema}", "--schema", schema)
        bench.equal(again[f"mapping of .ds-put-{schema}-000001"], "as it has to be", f"{schema}: with documents")


def test_setup_says_what_it_changed(bench):
    """As after an update of the program: a template without a field, and an index that was made of it."""
    setup(bench, "changed")
    (name, body), = template(bench.program, "ecs")["component_templates"].items()
    del body["template"]["mappings"]["properties"]["url"]
    bench.node.put(f"/_component_template/{name}", body)
    bench.node.delete("/_data_stream/changed")
    bench.node.put("/_data_stream/changed")
    index = ".ds-changed-000001"
    bench.check("url" not in bench.node.get(f"/{index}/_mapping")[index]["mappings"]["properties"], "an old mapping")
    found = setup(bench, "changed")
    bench.equal([found[key] for key in (f"component template {name}", "index template changed", "data stream changed", f"mapping of {index}")],
                ["changed", "there already", "there already", "changed, fields were added"], "what was changed")
    bench.equal(bench.node.get(f"/{index}/_mapping")[index]["mappings"]["properties"]["url"]["properties"]["path"],
                {"type": "keyword", "ignore_above": 8191}, "a field that was added")
    again = setup(bench, "changed")
    bench.check(not any("changed" in outcome for outcome in again.values()), f"done again: {again}")
    # numbers and booleans that come back as texts are no change
    own = bench.node.get("/_index_template/changed")["index_templates"][0]["index_template"]
    bench.node.put("/_index_template/changed", {**own, "priority": 201})
    bench.equal(setup(bench, "changed")["index template changed"], "changed", "another priority")
    bench.equal(bench.node.get("/_index_template/changed")["index_templates"][0]["index_template"], own, "the template is back")


def test_setup_leaves_what_is_somebody_elses(bench):
    theirs = {"index_patterns": ["theirs*"], "priority": 300, "template": {"mappings": mapped("ecs", ip="keyword")}}
    bench.node.put("/_index_template/theirs", theirs)
    found = setup(bench, "theirs" + DATED, code=FAILED)
    bench.equal(found["index template theirs"], "somebody else's, left as it is", "a template with the same name")
    bench.check("client.ip as keyword, not as ip" in bench.said and "another template stands above" in bench.said, f"what follows of it: {bench.said[-600:]}")
    kept = bench.node.get("/_index_template/theirs")["index_templates"][0]["index_template"]
    bench.equal((kept["priority"], kept["template"]), (300, theirs["template"]), "their template")
    bench.node.delete("/_index_template/theirs")
    bench.node.put("/_index_template/all-of-them", {"index_patterns": ["above*"], "priority": 900, "template": {"mappings": {"dynamic": True}}})
    setup(bench, "above" + DATED, code=FAILED)
    bench.check("does not have client.ip" in bench.said and "another template stands above" in bench.said, f"a higher priority: {bench.said[-600:]}")
    bench.node.delete("/_index_template/above")
    bench.node.put("/_index_template/all-of-them", {"index_patterns": ["above*"], "priority": 200})
    setup(bench, "above" + DATED, code=FAILED)
    bench.check("same priority" in bench.said, f"the same priority: {bench.said[-600:]}")
    bench.node.delete("/_index_template/all-of-them")


def test_setup_of_an_index_that_cannot_be_changed(bench):
    bench.node.put("/_index_template/old", {"index_patterns": ["old"], "priority": 200, "data_stream": {}, "_meta": {"description": "where wherefrom writes records"},
                                            "template": {"mappings": mapped("ecs", ip="keyword")}})
    bench.node.put("/_data_stream/old")
    found = setup(bench, "old", code=FAILED)
    bench.equal(found.get("index template old"), "changed", "its template")
    for word in (".ds-old-000001", "client.ip", "[keyword]", "[ip]", "POST old/_rollover", "second time"):
        bench.check(word in bench.said, f"{word!r} is not said: {bench.said[-600:]}")
    refused(bench, "old", "client.ip as keyword, not as ip", ".ds-old-000001")
    bench.node.post("/old/_rollover")
    bench.equal(setup(bench, "old")["mapping of .ds-old-000002"], "as it has to be", "behind a rollover")
    taken(bench, "old")
    bench.node.put("/plain-old", {"mappings": mapped("ecs", location="keyword")})
    found = setup(bench, "plain-old", code=FAILED)
    for word in ("plain-old", "client.geo.location", "geo_point", "another", "_reindex"):
        bench.check(word in bench.said, f"{word!r} is not said: {bench.said[-600:]}")
    bench.check("_rollover" not in bench.said, "an index that is none of a data stream cannot be rolled over")


def test_setup_of_indices_and_aliases_that_are_there(bench):
    bench.node.put("/mine", {"mappings": {"dynamic": False}})
    bench.node.put("/mine-000001", {"aliases": {"rolling": {"is_write_index": False}}, "mappings": mapped("ecs", ip="keyword")})
    bench.node.put("/mine-000002", {"aliases": {"rolling": {"is_write_index": True}}, "mappings": {"dynamic": False}})
    for name, index, other in (("mine", "mine", None), ("rolling", "mine-000002", "mine-000001")):
        refused(bench, name, f"index {index} does not have client.ip")
        before = bench.node.get(f"/{other}/_mapping") if other else None
        found = setup(bench, name)
        bench.check("not needed" in found[f"index template and data stream {name}"], f"{name}: {found}")
        bench.equal(bench.node.request("GET", f"/_index_template/{name}")[0], 404, f"{name}: a template")
        bench.equal(found[f"mapping of {name}"], "changed, fields were added", name)
        bench.equal(setup(bench, name)[f"mapping of {name}"], "as it has to be", f"{name}: again")
        taken(bench, name)
        bench.equal(count(bench, index), LINES, f"{name}: documents in {index}")
        bench.equal(bench.node.get(f"/{other}/_mapping") if other else None, before, f"{name}: the index that is not written to")


# --- what is said -----------------------------------------------------------------------------------------------------

def test_setup_prints_privileges_and_what_is_the_users_own(bench):
    setup(bench, "said")
    after = bench.said
    help_text = bench.program.run("setup", "--help").out.decode()
    for word in ("cluster:admin/component_template/put", "indices:admin/index_template/put", "indices:admin/index_template/simulate_index",
                 "indices:admin/data_stream/create", "indices:admin/mapping/put", "indices:admin/mappings/fields/get", "indices:data/write/bulk",
                 "cluster:monitor/health", "Index State Management", "rolls over"):
        bench.check(word in after and word in help_text, f"{word} is not printed")
    bench.check(max(map(len, help_text.splitlines())) <= 120, "--help has lines of more than 120 characters")
    (jar,) = bench.node.jars.glob("opensearch-2*.jar")
    with zipfile.ZipFile(jar) as classes:
        code = b"".join(classes.read(name) for name in classes.namelist() if name.endswith("Action.class"))
    names = set(re.findall(r"(?:cluster|indices):[a-z_/]+", help_text))
    bench.equal([name for name in names if name.encode() not in code], [], "actions that the node does not have")
    bench.check(len(names) > 10, f"actions: {names}")
    bench.check("wherefrom template --dashboards --schema ecs --data-stream said >" in after and "Saved objects, Import" in after, "how to import by hand")
    advice = re.search(r"^  wherefrom (template .*) > ", after, re.MULTILINE)[1]
    bench.check(parse_lines(bench.program.run(*advice.split()).out), "what is to be imported by hand")


def test_setup_with_a_config_file_and_through_a_gate(bench):
    """The settings are those of a run; a server that is away or refuses is said."""
    config = write(bench.folder / "run.yaml", "inputs: [a.log]\nschema: flat\nno_geo: true\n"
                   f"output: {{opensearch: {{url: '{bench.node.url}', data_stream: configured}}}}\nrejects: r.ndjson\n")
    done = bench.program.run("setup", "-c", config)
    bench.check(done.code == 0 and b"component template wherefrom-flat" in done.out and b"data stream configured: made" in done.out, f"-c: {done.code} {done.out[:300]} {done.err}")
    body = {"error": {"type": "security_exception", "reason": "no permissions for [indices:admin/index_template/put]"}, "status": 403}
    with Gate(bench.node, lambda method, path: (403, body) if method == "PUT" and "/_index_template/" in path else None) as gate:
        setup(bench, "gated", code=FAILED, server=gate.url)
        for word in ("index template gated: 403 security_exception: no permissions for [indices:admin/index_template/put]", "--help", "privileges"):
            bench.check(word in bench.said, f"{word!r} is not said: {bench.said[-600:]}")
    setup(bench, "gated", code=FAILED, server=gate.url)
    bench.check(gate.url in bench.said, f"a server that is away: {bench.said}")
    with Gate(bench.node, lambda *_: (200, ["other"])) as gate:
        setup(bench, "gated", code=FAILED, server=gate.url)


def test_setup_imports_into_dashboards(bench):
    """A real Dashboards cannot be had; this one takes a form strictly."""
    with Dashboards() as dashboards:
        base = dashboards.url + "/dash"
        for schema, name, form in (("ecs", "drawn", "--data-stream"), ("flat", "drawn-days", "--index")):
            for _ in range(2):
                found = setup(bench, name + (DATED if form == "--index" else ""), "--schema", schema, "--dashboards", base + "/")
                expected = parse_lines(bench.program.run("template", "--dashboards", "--schema", schema, form, name).out)
                bench.equal(found["dashboards"], f"{len(expected)} objects imported", f"{schema}: what is said")
                query, headers, objects = dashboards.imports.pop()
                bench.equal((query, objects), ("overwrite=true", expected), f"{schema}: what was imported")
                bench.equal({name.lower(): value for name, value in headers.items()}.get("osd-xsrf"), "true", "osd-xsrf")
        bench.equal((dashboards.refused, dashboards.imports), ([], []), "requests that were refused")
        dashboards.reply = 200, {"success": False, "successCount": 1, "errors": [{"type": "visualization", "id": "one", "error": {"type": "missing_references"}}]}
        setup(bench, "drawn", "--dashboards", base, code=FAILED)
        bench.check("1 objects were not taken; the first is visualization one: missing_references" in bench.said, f"errors: {bench.said[-300:]}")
        dashboards.reply = 401, {"statusCode": 401, "error": "Unauthorized", "message": "Authentication required"}
        setup(bench, "drawn", "--dashboards", base, code=FAILED)
        bench.check("401: Authentication required" in bench.said, f"401: {bench.said[-300:]}")
        setup(bench, "drawn", "--dashboards", dashboards.url, code=FAILED)
        bench.check("404: Not Found" in bench.said, f"a wrong base path: {bench.said[-300:]}")
    setup(bench, "drawn", "--dashboards", bench.node.url, code=FAILED)
    setup(bench, "drawn", "--dashboards", dashboards.url, code=FAILED)
    bench.check("data stream drawn: there already" in bench.said, "the cluster's part is done before")


# --- the first look of a run ------------------------------------------------------------------------------------------

def test_a_run_writes_nothing_into_fields_that_are_of_no_use(bench):
    for schema in SCHEMAS:
        options = ["--schema", schema]
        found = {f"keyword-ip-{schema}": (mapped(schema, ip="keyword"), f"has {CLIENT[schema]} as keyword, not as ip"),
                 f"float-place-{schema}": (mapped(schema, location="float"), f"has {LOCATION[schema]} as float, not as geo_point"),
                 f"object-place-{schema}": ({"dynamic": False, "properties": properties(LOCATION[schema], {"properties": {"lat": {"type": "float"}, "lon": {"type": "float"}}},
                                                                                        mapped(schema, location=None)["properties"])},
                                            f"has {LOCATION[schema]} as an object of float numbers, not as geo_point"),
                 f"unmapped-{schema}": (mapped(schema, location=None, dynamic=False), f"does not have {LOCATION[schema]}, which has to be mapped as geo_point"),
                 f"empty-{schema}": ({}, f"does not have {CLIENT[schema]}, which has to be mapped as ip")}
        for name, (mapping, words) in found.items():
            bench.node.put(f"/{name}", {"mappings": mapping})
            advice = refused(bench, name, f"the index {name} {words}", options=options)
            bench.equal(advice, ["setup", url(bench, name), *(options if schema != "ecs" else [])], f"{name}: the way out")
            bench.equal(count(bench, name), 0, f"{name}: documents")
        name = f"good-{schema}"
        bench.node.put(f"/{name}", {"mappings": mapped(schema)})
        bench.check("warning" not in taken(bench, name, *options), f"{name}: all is well")


def test_a_run_writes_nothing_into_what_opensearch_has_guessed(bench):
    """The disappointment itself: a first document that made its own mapping."""
    document = {"@timestamp": "2026-03-01T00:00:00Z", "client": {"ip": "81.2.69.142", "geo": {"location": {"lon": -1.5, "lat": 52.5}}}}
    bench.node.bulk("guessed", [("one", document)])
    refused(bench, "guessed", "the index guessed has client.ip as text, not as ip")
    refused(bench, "guessed", "client.geo.location as an object of float numbers", options=["--fields", "-client.ip"])
    bench.equal(count(bench, "guessed"), 1, "documents")


def test_a_run_makes_no_index_without_a_template_and_its_advice_helps(bench):
    for name, schema, index in (("fresh", "ecs", "fresh"), ("fresh-flat", "flat", "fresh-flat"), ("fresh-day" + DATED, "ss4o", "fresh-day-2026.03.01")):
        advice = refused(bench, name, "there is no index template for fresh", options=["--schema", schema])
        bench.equal(count(bench, index), None, f"{name}: the index was made")
        done = bench.program.run(*advice)
        bench.equal(done.code, 0, f"{advice}: {done.err[:300]}")
        taken(bench, name, "--schema", schema)
        bench.equal(count(bench, index), LINES, f"{name}: documents")


def test_a_run_looks_at_todays_index_and_at_templates(bench):
    setup(bench, "dated" + DATED)
    index = datetime.datetime.now(datetime.timezone.utc).strftime("dated-%Y.%m.%d")
    bench.node.put("/_index_template/one-day", {"index_patterns": [index], "priority": 500, "template": {"mappings": mapped("ecs", ip="text")}})
    bench.node.put(f"/{index}")
    bench.node.delete("/_index_template/one-day")
    refused(bench, "dated" + DATED, f"the index {index} has client.ip as text")
    bench.node.delete(f"/{index}")
    taken(bench, "dated" + DATED)
    bench.node.delete("/_index_template/dated")
    bench.node.put(f"/{index}", {"mappings": mapped("ecs")})
    refused(bench, "dated" + DATED, f"there is no index template for {index}")


def test_a_run_looks_at_the_index_that_is_written_to(bench):
    """Not at those before it."""
    def stream(name, first, second):
        for mapping in (first, second):
            bench.node.put(f"/_index_template/{name}", {"index_patterns": [name], "priority": 200, "data_stream": {}, "template": {"mappings": mapping}})
            if mapping is first:
                bench.node.put(f"/_data_stream/{name}")
            else:
                bench.node.post(f"/{name}/_rollover")

    stream("turned-good", mapped("ecs", ip="keyword"), mapped("ecs"))
    taken(bench, "turned-good")
    stream("turned-bad", mapped("ecs"), mapped("ecs", ip="keyword"))
    refused(bench, "turned-bad", "the index .ds-turned-bad-000002 has client.ip as keyword")
    bench.node.put("/behind-1", {"mappings": mapped("ecs"), "aliases": {"behind": {}}})
    bench.node.put("/behind-2", {"mappings": mapped("ecs", ip="keyword"), "aliases": {"behind": {"is_write_index": True}}})
    refused(bench, "behind", "the index behind-2 has client.ip as keyword")
    bench.node.post("/_aliases", {"actions": [{"add": {"index": "behind-2", "alias": "behind", "is_write_index": False}},
                                              {"add": {"index": "behind-1", "alias": "behind", "is_write_index": True}}]})
    taken(bench, "behind")
    bench.equal(count(bench, "behind-1"), LINES, "documents in the write index")


def test_a_run_looks_only_at_what_it_writes(bench):
    bench.node.put("/half", {"mappings": mapped("ecs", location=None, dynamic=False)})
    refused(bench, "half", "client.geo.location")
    taken(bench, "half", "--no-geo")
    bench.node.put("/half-2", {"mappings": mapped("ecs", location=None, dynamic=False)})
    taken(bench, "half-2", "--fields", "-client.geo")
    bench.node.put("/none", {"mappings": {"dynamic": False}})
    refused(bench, "none", "client.ip", options=["--no-geo"])
    taken(bench, "none", "--fields", "-client")
    # a pipeline may make of it what it likes: then it is not looked at when told so
    bench.node.put("/_ingest/pipeline/elsewhere", {"processors": [{"rename": {"field": "client.ip", "target_field": "address"}}, {"remove": {"field": "client"}}]})
    bench.node.put("/piped", {"mappings": {"dynamic": False, "properties": {"address": {"type": "ip"}}}})
    refused(bench, "piped", "client.ip", options=["--opensearch", "pipeline=elsewhere"])
    bench.check("warning" not in taken(bench, "piped", "--opensearch", "pipeline=elsewhere", "--opensearch", "check_mapping=false"), "check_mapping=false")
    bench.equal(bench.node.count("piped", {"term": {"address": "81.2.69.0/24"}}), LINES, "addresses")
    # ss4o has a client in each format's own space: with one format only that is looked at
    bench.node.put("/one-format", {"mappings": mapped("ss4o")})
    taken(bench, "one-format", "--schema", "ss4o")
    refused(bench, "one-format", ".client.ip", options=["--schema", "ss4o", "-f", "auto"])
    refused(bench, "one-format", "nginx.client.ip", options=["--schema", "ss4o", "-f", "nginx"])


def test_templates_that_say_it_in_other_ways(bench):
    body = {"index_patterns": ["dots"], "template": {"mappings": {"properties": {"client.ip": {"type": "ip"}, "client.geo": {"properties": {"location": {"type": "geo_point"}}}}}}}
    bench.node.put("/_index_template/dots", body)
    bench.check("warning" not in taken(bench, "dots"), "names with dots")
    rules = [{"words": {"match_mapping_type": "string", "mapping": {"type": "keyword"}}}]
    bench.node.put("/_index_template/words", {"index_patterns": ["words"], "template": {"mappings": {"dynamic_templates": rules}}})
    refused(bench, "words", "what the index templates make of words does not have client.ip")
    rules = [{"addresses": {"path_match": "*.ip", "mapping": {"type": "ip"}}}, {"places": {"path_match": "*.location", "mapping": {"type": "geo_point"}}}]
    bench.node.put("/_index_template/rules", {"index_patterns": ["rules*"], "template": {"mappings": {"dynamic_templates": rules}}})
    for name in ("rules", "rules-made"):
        if name == "rules-made":
            bench.node.put(f"/{name}")
        said = taken(bench, name)
        bench.equal(said.count("dynamic template"), 1, f"{name}: a warning: {said[:400]}")
        bench.equal(bench.node.get(f"/{name}/_mapping/field/client.geo.location")[name]["mappings"]["client.geo.location"]["mapping"]["location"]["type"],
                    "geo_point", f"{name}: what the rule made of it")
    bench.node.put("/_template/kind-of-old", {"index_patterns": ["ancient-*"], "mappings": mapped("ecs")})
    said = taken(bench, "ancient-1")
    bench.equal(said.count("old-style template"), 1, f"a warning: {said[:400]}")
    refused(bench, "ancient", "there is no index template for ancient")


def test_a_look_that_is_not_allowed_or_comes_too_early(bench):
    setup(bench, "looked")
    forbidden = {"error": {"type": "security_exception", "reason": "no permissions for [indices:admin/mappings/fields/get]"}, "status": 403}
    with Gate(bench.node, lambda method, path: (403, forbidden) if "/_mapping" in path else None) as gate:
        said = taken(bench, "looked", server=gate.url)
        bench.equal(said.count("could not be seen (403 security_exception: no permissions"), 1, f"a warning, once: {said[:500]}")
    bench.node.put("/_index_template/unseen", {"index_patterns": ["unseen"], "template": {"mappings": mapped("ecs")}})
    for status, body in ((403, forbidden), (404, {"message": "no such API"}), (400, {"error": "no handler found"})):
        with Gate(bench.node, lambda method, path, answer=(status, body): answer if "_simulate_index" in path else None) as gate:
            name = f"unseen-{status}"
            bench.node.put(f"/_index_template/{name}", {"index_patterns": [name], "priority": status, "template": {"mappings": mapped("ecs")}})
            said = taken(bench, name, server=gate.url)
            bench.equal(said.count("could not be seen"), 1, f"{status}: a warning, once: {said[:500]}")
    for word in ("/_mapping/field/", "_simulate_index", "_cluster/health"):
        refusals = iter([(503, {"error": "starting"}), (429, {"error": {"type": "circuit_breaking_exception", "reason": "full"}})])
        bench.node.put("/_index_template/later", {"index_patterns": ["later-*"], "priority": 7, "template": {"mappings": mapped("ecs")}})
        with Gate(bench.node, lambda method, path, word=word, refusals=refusals: next(refusals, None) if word in path else None) as gate:
            said = taken(bench, "later-" + re.sub(r"\W|_", "", word), server=gate.url)
            bench.check("could not be seen" not in said, f"{word}: what passes by itself is waited for: {said[:500]}")
            bench.equal(gate.count(word) >= (3 if "health" not in word else 1), True, f"{word}: asked {gate.count(word)} times")


def test_check_asks_what_a_run_asks(bench):
    setup(bench, "checked")
    bench.node.put("/_index_template/unchecked", {"index_patterns": ["unchecked"], "template": {"mappings": mapped("ecs", location="float")}})
    log = write(bench.folder / "a.log", alb_lines(LINES))
    with Gate(bench.node, lambda method, path: (401, {"error": "who?"})) as closed:
        nobody = f"http://127.0.0.1:{free_port()}"
        for name, server, code, words in (
                ("checked", None, 0, "0 errors"), ("unchecked", None, 1, "has client.geo.location as float"), ("neither", None, 1, "no index template"),
                ("checked", closed.url, 1, "401: it does not let us in"), ("checked", nobody, 1, "a run would wait for it")):
            done = bench.program.run("check", log, "-o", url(bench, name, server), "--rejects", bench.folder / "rejects")
            bench.equal(done.code, code, f"check {name}: exit code ({done.out.decode()[-500:]})")
            bench.check(words in done.out.decode(), f"check {name}: {words}: {done.out.decode()[-500:]}")
    bench.equal((count(bench, "checked"), count(bench, "neither")), (0, None), "it writes nothing")


def test_a_node_that_comes_later_is_waited_for(bench):
    bench.node.put("/_index_template/waited", {"index_patterns": ["waited*"], "template": {"mappings": mapped("ecs", ip="keyword")}})
    setup(bench, "awaited")
    bench.node.stop()
    logs = write(bench.folder / "a.log", alb_lines(LINES))
    runs = {name: bench.start(logs, output=url(bench, name), name=name) for name in ("awaited", "waited")}
    for name, one in runs.items():
        wait_until(lambda one=one: "trying again" in one.log(), lambda one=one: f"it does not wait: {one.log()[-500:]}")
        bench.check(one.process.poll() is None, f"{name}: it ended: {one.log()[-500:]}")
    bench.node.start()
    bench.equal(runs["awaited"].finish().summary["records"]["written"], LINES, "records")
    bench.equal((runs["waited"].wait(), count(bench, "waited")), (FAILED, None), "a wrong template that was seen late")
    bench.check("what the index templates make of waited has client.ip as keyword" in runs["waited"].log(), runs["waited"].log()[-500:])


def test_nothing_is_committed_by_a_run_that_was_refused(bench):
    place = bench.folder / "run"
    state = bench.folder / "state"
    refused(bench, "uncommitted", "no index template", options=["--state", str(state)])
    setup(bench, "uncommitted")
    taken(bench, "uncommitted", "--state", str(state))
    bench.equal(count(bench, "uncommitted"), LINES, "documents behind a refused run and one that goes on")
    bench.equal(json.loads((place / "summary.json").read_bytes())["records"]["read"], LINES, "lines that were read again")
