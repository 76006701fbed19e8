"""Roll-ups in a real node: what a map made of them shows is what one of the records would, and they are replaced, not doubled."""
import json
import pathlib
import re
import sys

from black_box import alb_line, at, parse_lines
from mapping_cases import put_templates
from started_run import wait_until

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "rollups"), str(HERE.parent / "listener")]
from client import Listener  # noqa: E402
from rollup_oracle import check_heat, order_of, tile_of  # noqa: E402

TILES = {"geotile_grid": {"field": "client.geo.location", "precision": 7, "size": 65535}}


def put_rollup_templates(bench, name):
    templates = json.loads(bench.program.run("template", "--rollups", "--index", name).out)
    for kind in ("component_templates", "index_templates"):
        for own_name, body in templates[kind].items():
            bench.node.put(f"/_{kind.removesuffix('s')}/{own_name}", body)


def buckets(bench, target, key, aggregation, **more):
    found = bench.node.search(target, size=0, aggs={"by": {**aggregation, "aggs": more} if more else aggregation})
    return {bucket[key]: bucket for bucket in found["aggregations"]["by"]["buckets"]}


def output(bench, name):
    return f"opensearch+{bench.node.url}/{name}"


def test_rollups_draw_the_same_map(bench):
    log = bench.folder / "log"
    bench.equal(bench.generate.run("alb", "--lines", "30000", "--clients", "9000", "--seed", "7", "-o", log).code, 0, "log")
    put_templates(bench, "ecs", "--data-stream", "mapped")
    put_rollup_templates(bench, "mapped-heat")
    counts = []
    for again in (False, True):
        done = bench.program.run("run", log, "-o", output(bench, "mapped"), "--rollups", output(bench, "mapped-heat"), "--rejects",
                                 bench.folder / "rejects", "--summary", bench.folder / "summary", "--opensearch", "gzip=true")
        bench.equal(done.code, 0, f"exit ({done.err[:300]})")
        bench.equal("duplicates 30,000" in done.err, again, f"records that were there before: {done.err[-900:]}")
        bench.node.refresh("mapped")
        bench.node.refresh("mapped-heat")
        counts.append(bench.node.count("mapped-heat"))
    bench.equal(counts[0], counts[1], "written again, they replace the earlier ones")
    bench.equal(json.loads((bench.folder / "summary").read_text())["rollups"],
                {"documents": counts[0], "folded": 0, "late": 0, "ahead": 0, "recounted": 0}, "summary")
    heat = bench.node.documents("mapped-heat")
    bench.equal(bench.program.run("run", log, "-o", bench.folder / "records").code, 0, "to a file")
    records = parse_lines((bench.folder / "records").read_bytes())
    bench.equal([own for own, document in heat if own != document["event"]["id"]], [], "ids")
    check_heat(bench, sorted((document for _, document in heat), key=order_of), records, "documents")
    # what dashboards ask
    raw = buckets(bench, "mapped", "key", TILES, bytes={"sum": {"field": "http.response.bytes"}},
                  bad={"filter": {"range": {"http.response.status_code": {"gte": 500, "lt": 600}}}})
    sums = {name: {"sum": {"field": field}} for name, field in (("requests", "requests"), ("bytes", "bytes"), ("bad", "status.5xx"))}
    rolled = buckets(bench, "mapped-heat", "key", {"terms": {"field": "geo.tile", "size": 65535}}, **sums)
    bench.check(len(raw) > 80, f"{len(raw)} tiles")
    bench.equal({tile: (one["doc_count"], one["bytes"]["value"], one["bad"]["doc_count"]) for tile, one in raw.items()},
                {tile: (one["requests"]["value"], one["bytes"]["value"], one["bad"]["value"]) for tile, one in rolled.items()}, "sums of tiles")
    centres = buckets(bench, "mapped-heat", "key", {"geotile_grid": {"field": "geo.location", "precision": 7, "size": 65535}}, **sums)
    bench.equal({tile: one["requests"]["value"] for tile, one in centres.items()}, {tile: one["requests"]["value"] for tile, one in rolled.items()},
                "a map of the tiles' middles")
    minutes = {"date_histogram": {"field": "@timestamp", "fixed_interval": "5m"}}
    bench.equal({key: one["requests"]["value"] for key, one in buckets(bench, "mapped-heat", "key_as_string", minutes, **sums).items()},
                {key: one["doc_count"] for key, one in buckets(bench, "mapped", "key_as_string", minutes).items()}, "sums of five minutes")
    countries = {"terms": {"field": "client.geo.country_iso_code", "size": 1000}}
    zones = buckets(bench, "mapped-heat", "key", {"terms": {"field": "zone", "size": 1000}}, **sums)
    bench.equal({zone: one["requests"]["value"] for zone, one in zones.items() if zone != "unknown"},
                {zone: one["doc_count"] for zone, one in buckets(bench, "mapped", "key", countries).items()}, "sums of zones")
    (index,) = bench.node.get("/mapped-heat/_mapping").values()
    properties = index["mappings"]["properties"]
    bench.equal([at(properties, path + ".type") for path in ("@timestamp", "geo.properties.location", "geo.properties.tile", "bytes",
                                                           "clients.properties.error", "zone")],
                ["date", "geo_point", "keyword", "long", "float", "keyword"], "types")


def test_tiles_at_borders(bench):
    """The places of the unit test, in the node's own tiles."""
    text = (HERE.parent / "unit" / "test_tile.c").read_text()
    cases = [(what, float(longitude), float(latitude), tile)
             for what, longitude, latitude, tile in re.findall(r'\{"([^"]+)", \{(-?[\d.]+), (-?[\d.]+)\}, "(7/\d+/\d+)"\}', text)]
    bench.check(len(cases) > 20, f"{len(cases)} cases")
    bench.node.put("/borders", {"mappings": {"properties": {"at": {"type": "geo_point"}, "what": {"type": "keyword"}}}})
    places = [{"what": what, "at": {"lon": round(longitude, 6), "lat": round(latitude, 6)}} for what, longitude, latitude, _ in cases]
    bench.node.bulk("borders", places)
    bench.node.refresh("borders")
    grid = buckets(bench, "borders", "key", {"geotile_grid": {"field": "at", "precision": 7}}, what={"terms": {"field": "what", "size": 100}})
    found = {one["key"]: tile for tile, bucket in grid.items() for one in bucket["what"]["buckets"]}
    bench.equal(found, {what: tile for what, _, _, tile in cases}, "tiles")
    bench.equal({place["what"]: tile_of(place["at"]) for place in places}, found, "tiles of the oracle")


def test_records_that_the_node_refuses_are_not_counted(bench):
    """They are known only when the node has answered."""
    log = bench.folder / "log"
    log.write_text("".join(alb_line(number, client=f"81.2.69.{number % 200 + 1}:{100 if number % 3 else 30000}") + "\n" for number in range(5000)))
    put_templates(bench, "ecs", "--data-stream", "refusing")
    own = {"mappings": {"properties": {"client": {"properties": {"port": {"type": "byte"}}}}}}
    bench.node.put("/_index_template/refusing-ports", {"index_patterns": ["refusing"], "priority": 300, "data_stream": {},
                                                       "composed_of": ["wherefrom-ecs"], "template": own})
    done = bench.program.run("run", log, "-o", output(bench, "refusing"), "--rejects", bench.folder / "rejects", "--rollups", bench.folder / "heat")
    bench.equal(done.code, 3, f"exit ({done.err[:300]})")
    bench.node.refresh("refusing")
    records = [document for _, document in bench.node.documents("refusing")]  # fewer than 10000
    bench.check(3000 < len(records) < 3500, f"{len(records)} records")
    check_heat(bench, parse_lines((bench.folder / "heat").read_bytes()), records, "of those that were taken")


def test_streams_replace_what_says_less(bench):
    """Documents of what is open come again and again under one id; the node keeps the one that counted most, whatever comes when."""
    put_rollup_templates(bench, "flowing-heat")
    listener = Listener(bench.program, bench.folder, "--rollups", output(bench, "flowing-heat"), "--rollups-every", "1")

    def heat():
        status, reply = bench.node.request("POST", "/flowing-heat/_search?version=true", {"size": 100})
        hits = reply["hits"]["hits"] if status == 200 else []  # 404 before there is an index, 503 before it has its shard
        return sorted((hit["_source"]["@timestamp"], hit["_source"]["requests"], hit["_source"]["revision"], hit["_version"]) for hit in hits)

    def heat_is(*expected):
        def same():
            bench.node.request("POST", "/flowing-heat/_refresh")
            return heat() == sorted(expected)

        wait_until(same, lambda: f"{expected}, found {heat()}")

    try:
        times = ["2026-03-01T10:0%d:00.000000Z" % minute for minute in (0, 1, 6)]
        listener.send("".join(alb_line(number, time=time) + "\n" for number, time in enumerate(times)).encode())
        begins = [f"2026-03-01T10:{minute:02}:00.000000Z" for minute in (0, 5)]
        heat_is((begins[0], 2, 3, 3), (begins[1], 1, 3, 3))
        listener.send((alb_line(4, time=times[2]) + "\n").encode())
        heat_is((begins[0], 2, 3, 3), (begins[1], 2, 4, 4))
        (own_id,) = (own for own, document in bench.node.documents("flowing-heat") if document["requests"] == 2 and document["revision"] == 4)
        action = {"index": {"_index": "flowing-heat", "_id": own_id, "version": 3, "version_type": "external_gte"}}
        reply = bench.node.post("/_bulk", "".join(json.dumps(one) + "\n" for one in (action, {"requests": 1})).encode())
        bench.equal(reply["items"][0]["index"]["status"], 409, f"what comes late from somebody who counted less: {reply}")
    finally:
        listener.end_soon()
    listener.stop()
    heat_is((begins[0], 2, 3, 3), (begins[1], 2, 4, 4))


def test_an_index_that_does_not_take_them(bench):
    """Our mistake, or somebody else's index: the records are written, and the run fails with the node's words."""
    log = bench.folder / "log"
    log.write_text("".join(alb_line(number) + "\n" for number in range(500)))
    bench.node.put("/no-heat", {"mappings": {"properties": {"requests": {"type": "ip"}, "geo": {"properties": {"location": {"type": "geo_point"}}}}}})
    done = bench.program.run("run", log, "-o", bench.folder / "records", "--rollups", output(bench, "no-heat"))
    bench.equal(done.code, 1, f"exit ({done.err[:500]})")
    for said in ("mapper_parsing_exception", "template --rollups", "/no-heat refused"):
        bench.check(said in done.err, f"{said!r} is not in {done.err[:1500]}")
    bench.equal(len((bench.folder / "records").read_bytes().splitlines()), 500, "records")
    done = bench.program.run("run", log, "-o", bench.folder / "none", "--rollups", output(bench, "heat-without-a-template"))
    bench.equal(done.code, 1, f"no template: exit ({done.err[:500]})")
    for said in ("nothing was written: there is no index template", "not geo_point", "template --rollups"):
        bench.check(said in done.err, f"no template: {said!r} is not in {done.err[:1500]}")


def test_a_data_stream_does_not_take_them(bench):
    """As with records: what somebody can put right is said, and waited for."""
    log = bench.folder / "log"
    log.write_text("".join(alb_line(number) + "\n" for number in range(500)))
    bench.node.put("/_index_template/heat-stream", {"index_patterns": ["heat-stream"], "priority": 300, "data_stream": {}, "template": {"mappings": {
        "properties": {"geo": {"properties": {"location": {"type": "geo_point"}}}}}}})
    with open(bench.folder / "stderr", "wb") as errors:
        process = bench.program.start("run", log, "-o", bench.folder / "records", "--rollups", output(bench, "heat-stream"), stderr=errors)
    try:
        wait_until(lambda: b"op_type of create" in (bench.folder / "stderr").read_bytes(), "a word about it")
        bench.equal(process.poll(), None, "it waits")
        process.terminate()
        bench.check(process.wait(60) != 0, "a signal ends it")
    finally:
        process.kill()
    bench.equal(len((bench.folder / "records").read_bytes().splitlines()), 500, "records")


def test_indices_of_rollups_with_a_date(bench):
    put_rollup_templates(bench, "heat-by-day-{yyyy.MM.dd}")
    log = bench.folder / "log"
    log.write_text("".join(alb_line(number, time=f"2026-03-0{number % 3 + 1}T10:00:00.000000Z") + "\n" for number in range(600)))
    for _ in range(2):
        done = bench.program.run("run", log, "-o", bench.folder / "records", "--rollups", output(bench, "heat-by-day-{yyyy.MM.dd}"))
        bench.equal(done.code, 0, f"exit ({done.err[:500]})")
    for day in ("2026.03.01", "2026.03.02", "2026.03.03"):
        bench.node.refresh(f"heat-by-day-{day}")
        found = [document for _, document in bench.node.documents(f"heat-by-day-{day}")]
        bench.equal([sum(one["requests"] for one in found), {one["@timestamp"][:10].replace("-", ".") for one in found}], [200, {day}], day)


def test_a_node_that_comes_late(bench):
    put_rollup_templates(bench, "late")
    log = bench.folder / "log"
    log.write_text("".join(alb_line(number) + "\n" for number in range(500)))
    bench.node.stop()
    process = bench.program.start("run", log, "-o", bench.folder / "records", "--rollups", output(bench, "late"), "--quiet")
    try:
        bench.node.start()
        bench.equal(process.wait(60), 0, "exit")
    finally:
        process.kill()
    bench.node.refresh("late")
    check_heat(bench, sorted((document for _, document in bench.node.documents("late")), key=order_of),
               parse_lines((bench.folder / "records").read_bytes()), "documents")
