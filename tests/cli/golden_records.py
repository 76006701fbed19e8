"""Every kind of record that the golden logs can become, in any output schema: what a mapping must have a place for.

Threads: pure functions.
"""
import json
import pathlib
import re

from black_box import golden_options

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
SCHEMAS = ("ecs", "ss4o", "flat")


def golden_records(program, schema):
    """The lines (bytes) of all golden logs with the options of each of their cases, with event.original and all fields."""
    options = {}
    for path in sorted(GOLDEN.glob("*/*.args")):
        more = golden_options(path)
        if "--fields" not in more:
            options.setdefault(path.with_name(path.name.split(".")[0] + ".log"), []).append(more)
    lines = set()
    for log in sorted(GOLDEN.glob("*/*.log")):
        for more in ([], *options.get(log, [])):
            done = program.run("run", log.relative_to(GOLDEN), *more, "--schema", schema, "--keep-original", "--quiet", cwd=GOLDEN)
            if done.code not in (0, 3):
                raise RuntimeError(f"{log} {more}: {done.code} {done.err[:500]}")
            lines.update(done.out.splitlines())
    return sorted(lines)


def template(program, schema, *more):
    done = program.run("template", "--schema", schema, *more)
    if done.code != 0:
        raise RuntimeError(f"template: {done.code} {done.err[:500]}")
    return json.loads(done.out)


def mapping_of(templates):
    """{"dynamic": .., "properties": ..} of the one component."""
    (component,) = templates["component_templates"].values()
    return component["template"]["mappings"]


def leaves(value, path=()):
    """(path, value) of all that is no object; of lists each member."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def find(mapping, path):
    """The mapping of the field at `path`, or of the object around it whose inside is not mapped; None: there is none. A geo_point has the
    names lon and lat in it."""
    for name in path:
        if mapping.get("enabled") is False or mapping.get("type") == "geo_point":
            return mapping
        mapping = mapping.get("properties", {}).get(name)
        if mapping is None:
            return None
    return mapping


WAF_LISTS = re.compile(r"(terminating_?rule_?match_?details|rule_?group_?list|rate_?based_?rule_?list|non_?terminating_?matching_?rules|labels"
                       r"|request_?headers_?inserted|(http_?request_?)?headers|captcha_?response|challenge_?response)", re.IGNORECASE)


def in_waf_list(path):
    """Whether it is a list that WAF logs as JSON, or in one; written as it came."""
    waf = path[2:] if path[:2] == ("aws", "waf") else path
    return any(WAF_LISTS.fullmatch(name) for name in waf)


def is_odd_waf(record):
    """Whether a text or a number stands where WAF logs a list of objects: a mapping by which those can be found refuses it, and AWS never
    writes it."""
    return any(in_waf_list(path) and not in_waf_list(path[:-1]) and WAF_LISTS.fullmatch(path[-1]) for path, _ in leaves(record))
