"""Saved objects of OpenSearch Dashboards as a stranger reads them: what a visualization asks the cluster for, when Dashboards shows it.

Written from what Dashboards 2 sends (its aggregations' `write` functions), not from what wherefrom writes.

Threads: pure functions.
"""
import json

WORLD = {"top_left": {"lat": 90, "lon": -180}, "bottom_right": {"lat": -90, "lon": 180}}
METRICS = ("count", "cardinality", "max")
INTERVAL = "1s"  # what `auto` becomes depends on the time range of whoever looks
MISSING = "__missing__"


class Pattern:
    """An index pattern."""

    def __init__(self, saved):
        attributes = saved["attributes"]
        self.title, self.time = attributes["title"], attributes["timeFieldName"]
        self.fields = {field["name"]: field for field in json.loads(attributes["fields"])}
        self.formats = json.loads(attributes["fieldFormatMap"])

    def source(self, name):
        """What stands in an aggregation for a field."""
        field = self.fields[name]
        if not field["aggregatable"]:
            raise ValueError(f"{name} cannot be aggregated")
        return {"script": {"source": field["script"], "lang": field["lang"]}} if field["scripted"] else {"field": name}


class Panel:
    """A visualization with aggregations: `values` and `buckets`, from the outermost, as visState has them."""

    def __init__(self, saved, pattern):
        self.id, self.pattern = saved["id"], pattern
        state = json.loads(saved["attributes"]["visState"])
        self.type, self.title = state["type"], state["title"]
        self.parameters, enabled = state["params"], [one for one in state["aggs"] if one["enabled"]]
        self.values = [one for one in enabled if one["type"] in METRICS]
        self.buckets = [one for one in enabled if one["type"] not in METRICS]
        self.query = query_of(json.loads(saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])["query"])

    def fields(self):
        return {one["params"]["field"] for one in self.values + self.buckets if "field" in one["params"]}

    def request(self):
        """The body of a search."""
        aggregations = {}
        for one in self.values:
            aggregations.update(self.value(one))
        for one in reversed(self.buckets):
            aggregations = self.bucket(one, aggregations)
        return {"size": 0, "track_total_hits": True, "query": self.query, "aggs": aggregations}

    def value(self, one):
        if one["type"] == "count":
            return {}  # every bucket has it
        return {one["id"]: {one["type"]: self.pattern.source(one["params"]["field"])}}

    def bucket(self, one, inner):
        given, kind = one["params"], one["type"]
        if kind == "filters":
            made = {"filters": {each["label"]: query_of(each["input"]) for each in given["filters"]}}
        else:
            made = self.pattern.source(given["field"])
        field = self.pattern.fields.get(given.get("field"))
        if kind == "terms":
            by = next((value for value in self.values if value["id"] == given["orderBy"]), None)
            made.update(size=given["size"], order={"_count" if by is None or by["type"] == "count" else given["orderBy"]: given["order"]})
            if field["scripted"]:
                made["value_type"] = "float" if field["type"] == "number" else field["type"]
            if given["missingBucket"] and field["type"] == "string":
                made["missing"] = MISSING
        elif kind == "date_histogram":
            made.update(fixed_interval=INTERVAL if given["interval"] == "auto" else given["interval"], time_zone="UTC",
                        min_doc_count=given["min_doc_count"])
        elif kind == "geohash_grid":
            made["precision"] = given["precision"]
            inner = {**inner, "centroid": {"geo_centroid": self.pattern.source(given["field"])}} if given["useGeocentroid"] else inner
        elif kind != "filters":
            raise ValueError(f"{self.id}: {kind}")
        body = {one["id"]: {kind: made, **({"aggs": inner} if inner else {})}}
        if kind == "geohash_grid" and given["isFilteredByCollar"]:  # only what the map shows
            around = {"geo_bounding_box": {given["field"]: WORLD, "ignore_unmapped": True}}
            return {"filter_agg": {"filter": around, "aggs": body}}
        return body

    def counts(self, reply):
        """{keys of nested buckets: records}, of those where any are."""
        found, open_ones = {}, [((), reply["aggregations"], reply["hits"]["total"]["value"])]
        while open_ones:
            keys, inside, count = open_ones.pop()
            if len(keys) == len(self.buckets):
                found[keys] = count
                continue
            inside = inside.get("filter_agg", inside)
            each = inside[self.buckets[len(keys)]["id"]]["buckets"]
            named = each.items() if isinstance(each, dict) else ((one["key"], one) for one in each)
            open_ones += [((*keys, key), one, one["doc_count"]) for key, one in named if one["doc_count"] > 0]
        return found


def query_of(query):
    if query["language"] != "lucene":
        raise ValueError(f"a query of the language {query['language']}")
    return {"query_string": {"query": query["query"], "analyze_wildcard": True}} if query["query"].strip() else {"match_all": {}}
