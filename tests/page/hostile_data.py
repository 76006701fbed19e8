"""Data objects for the page that no log would give so soon: hostile texts in every member, texts of a megabyte, and as many cells as there may be.

Threads: pure functions.
"""
import copy
import random
import re

STATUSES = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"]
HUGE = 1 << 20
NASTY = (
    "</script><script>window.hacked=1</script>", "<img src=x onerror=\"window.hacked=2\">", "--><svg onload=window.hacked=3>",
    "'\"`;window.hacked=4//", "\u2028window.hacked=5\u2029", "&lt;b&gt;&amp;", "javascript:window.hacked=6", "</style><style>*{display:none}</style>",
    "<!--<script>", "]]>", "\u202eGPJ.exe", "__proto__", "constructor", "${window.hacked=7}", "{{7*7}}", "\U0001f600 emoji", "a\tb\nc", "<base href=//x>",
    "<meta http-equiv=refresh content=0>", "\\u003cscript>", "toString",
)


def benign():
    """A small report with something in each member."""
    return {
        "version": "0.1.0", "live": False, "ended": True, "time": {"start": 1764547200, "step": 60, "count": 10}, "statuses": STATUSES,
        "verdicts": [{"name": "own one", "resolved": True}, {"name": "own two", "resolved": False}], "countries": ["D1", "F1"],
        "zones": ["zone"], "places": ["place"], "residency_verdicts": ["judged"],
        "groups": [{"country": 0, "verdict": 0, "cells": [2, 1200, 7, 30], "bytes": [2 ** 62, 5]}, {"country": 1, "verdict": 1, "cells": [4, 7], "bytes": [9]}],
        "tiles": [{"tile": 8517, "group": 0, "cells": [2, 1200]}, {"tile": 65535, "group": 0, "cells": [9, 30]}, {"tile": 9000, "group": 1, "cells": [4, 7]}],
        "networks": [{"as": 64500, "group": 0, "error": 3, "cells": [2, 1200, 7, 30]}, {"as": 64501, "group": 1, "error": 0, "cells": [4, 7]}],
        "network_names": {"64500": "one", "64501": "two"}, "networks_all": 2,
        "clients": [{"address": "192.0.2.1", "as": 64500, "group": 0, "error": 0, "guaranteed": True, "cells": [2, 1200]},
                    {"address": "192.0.2.2", "as": 64501, "group": 1, "error": 4, "guaranteed": False, "cells": [4, 7]}],
        "residency": [{"zone": 0, "place": 0, "verdict": 0, "group": 0, "cells": [2, 1200]}],
        "distinct_clients": {"estimate": 2, "error": 0.016}, "inputs": {"files": 2, "streams": 0, "names": ["a", "b"]},
        "records": {"read": 1239, "written": 1237, "rejected": 1, "skipped": 1}, "rejected_by_reason": {"r": 1}, "skipped_by_reason": {"s": 1},
        "bytes_read": 123456, "databases": [{"path": "p", "type": "t", "build_epoch": 0}], "approximate": False,
    }


def with_texts(text):
    """benign() with text(i) in place of its i-th free text."""
    data, used = copy.deepcopy(benign()), 0

    def new():
        nonlocal used
        used += 1
        return text(used - 1)

    data["version"] = new()
    for verdict in data["verdicts"]:
        verdict["name"] = new()
    for name in ("countries", "zones", "places", "residency_verdicts"):
        data[name] = [new() for _ in data[name]]
    data["network_names"] = {number: new() for number in data["network_names"]}
    for client in data["clients"]:
        client["address"] = new()
    data["inputs"]["names"] = [new() for _ in data["inputs"]["names"]]
    data["rejected_by_reason"], data["skipped_by_reason"] = {new(): 1}, {new(): 1}
    data["databases"][0].update(path=new(), type=new())
    return data


def hostile():
    return with_texts(lambda index: f"{NASTY[index % len(NASTY)]}{index}" if index % 5 else NASTY[index % len(NASTY)])


def huge():
    return with_texts(lambda index: f"{index:03}" + "<script>window.hacked=8</script>" * (HUGE // 32) if index in (1, 3, 8, 10) else f"text {index}") \
        | {"inputs": {"files": 2, "streams": 0, "names": ["<b>" + "x" * (HUGE - 3), "b"]}}


def strings_of(data):
    """Those that with_texts put in."""
    return [data["version"], *(verdict["name"] for verdict in data["verdicts"]), *data["countries"], *data["zones"], *data["places"],
            *data["residency_verdicts"], *data["network_names"].values(), *(client["address"] for client in data["clients"]), *data["inputs"]["names"],
            *data["rejected_by_reason"], *data["skipped_by_reason"], data["databases"][0]["path"], data["databases"][0]["type"]]


def shown(text):
    """Characters that nobody sees stand as their numbers."""
    hidden = "[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
    return re.sub(hidden, lambda match: f"\\u{ord(match[0]):04x}", text)


def large(records=10_000_000, buckets=288):
    """Ten million records in as many cells as a report may have: three hundred thousand."""
    numbers = random.Random(11)
    codes = [first + second for first in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" for second in "ABCDEGHIKLMN"][:180]
    verdicts = ["ok", "spoofed-leftmost", "xff-missing"]
    pairs = [(country, verdict) for country in range(len(codes)) for verdict in range(len(verdicts))]

    def cells(count, mean):
        positions = sorted(numbers.sample(range(buckets * 6), count))
        steps = [after - before for before, after in zip([0, *positions], positions)]
        return [value for step in steps for value in (step, 1 + int(numbers.expovariate(1 / mean)))]

    groups = [{"country": country, "verdict": verdict, "cells": cells(200, 93)} for country, verdict in pairs[:400]]
    total = sum(sum(group["cells"][1::2]) for group in groups)
    for group in groups:
        group["bytes"] = [n * numbers.randrange(9000, 30000) for n in group["cells"][1::2]]
    groups[0]["cells"][1] += max(0, records - total)
    tiles = numbers.sample(range(16384), 2999) + [65535]
    return {
        **benign(), "time": {"start": 1764547200, "step": 300, "count": buckets}, "countries": codes,
        "verdicts": [{"name": name, "resolved": name != "xff-missing"} for name in verdicts], "groups": groups,
        "tiles": [{"tile": tile, "group": numbers.randrange(400), "cells": cells(40, 80)} for tile in tiles],
        "networks": [{"as": 1000 + i, "group": i % 400, "error": 0, "cells": cells(140, 140)} for i in range(500)],
        "network_names": {str(1000 + i): f"Network number {i} of the world" for i in range(500)}, "networks_all": 4211,
        "clients": [{"address": f"203.0.{i // 250}.{i % 250}", "as": 1000 + i, "group": i % 400, "error": i % 7, "guaranteed": True,
                     "cells": cells(90, 60)} for i in range(300)],
        "residency": [], "records": {"read": records, "written": sum(sum(group["cells"][1::2]) for group in groups), "rejected": 0, "skipped": 0},
        "distinct_clients": {"estimate": 812_345, "error": 0.016},
    }
