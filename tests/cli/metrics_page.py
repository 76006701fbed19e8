"""A page of Prometheus' text format 0.0.4, read strictly: each metric once, HELP and TYPE before its samples, no sample twice.

Threads: none; pages are not changed.
"""
import re
import urllib.request
from collections import defaultdict

from started_run import wait_until

PREFIX = "wherefrom_"
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)')
SUFFIXES = ("_bucket", "_sum", "_count")


def labels_of(text):
    labels, at = {}, 0
    while at < len(text):
        found = LABEL.match(text, at)
        if not found or found[1] in labels:
            raise ValueError(f"labels: {text[at:at + 80]!r}")
        labels[found[1]] = re.sub(r'\\(.)', lambda escape: "\n" if escape[1] == "n" else escape[1], found[2])
        at = found.end()
    return tuple(sorted(labels.items()))


class Page:
    """`samples`: by (name, labels) the value; `types`: by name."""

    def __init__(self, text):
        self.text, self.samples, self.types = text, {}, {}
        if not text.endswith("\n"):
            raise ValueError(f"a page without its end: {text[-80:]!r}")
        helped, family = set(), None
        for line in text[:-1].split("\n"):
            words = line.split(" ", 3)
            if line.startswith("# HELP "):
                family = words[2]
                if family in helped or not words[3].endswith(".") and not words[3]:
                    raise ValueError(f"twice, or empty: {line!r}")
                helped.add(family)
            elif line.startswith("# TYPE "):
                if words[2] != family or family in self.types or words[3] not in ("counter", "gauge", "histogram"):
                    raise ValueError(f"out of place: {line!r}")
                self.types[family] = words[3]
            else:
                self.add(family, line)

    def add(self, family, line):
        found = SAMPLE.fullmatch(line)
        if not found:
            raise ValueError(f"no sample: {line!r}")
        name = found[1]
        histogram = self.types.get(family) == "histogram"
        if name not in ([family + suffix for suffix in SUFFIXES] if histogram else [family]):
            raise ValueError(f"a sample of another metric than {family}: {line!r}")
        key = name, labels_of(found[2] or "")
        if key in self.samples:
            raise ValueError(f"twice: {line!r}")
        if not name.startswith(PREFIX) or (self.types[family] == "counter") != name.endswith("_total") and not histogram:
            raise ValueError(f"a name that says something else: {name}")
        self.samples[key] = float(found[3])

    def is_counter(self, key):
        return self.types.get(key[0]) == "counter"

    def matching(self, name, **labels):
        return {key[1]: value for key, value in self.samples.items()
                if key[0] == PREFIX + name and labels.items() <= dict(key[1]).items()}

    def value(self, name, **labels):
        """Of the one sample."""
        found = self.matching(name, **labels)
        if len(found) != 1:
            raise KeyError(f"{name} {labels}: {len(found)} samples")
        return next(iter(found.values()))

    def sum(self, name, **labels):
        return sum(self.matching(name, **labels).values())

    def by(self, name, label, **labels):
        sums = defaultdict(float)
        for key, value in self.matching(name, **labels).items():
            sums[dict(key)[label]] += value
        return dict(sums)

    def histogram(self, name, **labels):
        """`buckets` in the order of their bounds, and the rest."""
        buckets = sorted((float(dict(key)["le"]), value) for key, value in self.matching(name + "_bucket", **labels).items())
        values = [value for _, value in buckets]
        if values != sorted(values) or buckets[-1][0] != float("inf"):
            raise ValueError(f"{name}: buckets that are none: {buckets}")
        return {"buckets": values, "count": self.value(name + "_count", **labels), "sum": self.value(name + "_sum", **labels)}


def address_of(run):
    """Of the page of a run (started_run.py) with --metrics 0; None: it has not said it yet."""
    said = re.search(r"metrics: (http://\S+/metrics)", run.log())
    return said and said[1]


def fetch(address, patience_s=60):
    with urllib.request.urlopen(address, timeout=patience_s) as answer:
        return Page(answer.read().decode())


def page_of(run):
    """Of a run with --metrics 0, now."""
    wait_until(lambda: address_of(run), lambda: f"no address of metrics: {run.log()[-800:]}")
    return fetch(address_of(run))


def await_settled(run, count):
    """The page on which so many lines have settled, and all that were read."""
    pages = []

    def settled():
        pages.append(page_of(run))
        return pages[-1].sum("records_total") >= count and pages[-1].value("oldest_unsettled_seconds") == 0
    wait_until(settled, lambda: f"{count} lines: {pages[-1].text[:1500]} {run.log()[-800:]}")
    return pages[-1]
