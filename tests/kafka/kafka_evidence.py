"""Evidence of partitions: whoever is killed, comes or goes, the hours of each partition are what a slow count of the topic gives.

Threads: one, and one for each Feeder.
"""
import itertools
import json
import time
from collections import defaultdict

from black_box import at, write
from kafka_rollups import Members, disturb, file_texts
from rollup_parts import BYTES, LATENESS_S, TICK_S, line, seconds_of

PARTITIONS, HOUR_S, SECONDS_EACH = 4, 3600, 8
POLICY = """residency:
  zones: {all: ["*"]}
  places: {eu: [eu-west-1]}
  rules: [{zone: all, allow: [eu]}]
  unsure: {min_trust: 1}
"""


def some_line(number):
    return line(number, PARTITIONS, SECONDS_EACH)


def expected_hours(count, topic, now_s):
    """{(part, hour): (what its document says, whether it is over)}"""
    hours = {}
    for partition in range(PARTITIONS):
        over_s, next_offset, sums, final = 0, 0, defaultdict(list), {}
        for offset, text in enumerate(map(some_line, range(partition, count, PARTITIONS))):
            if text.startswith(b"line "):
                continue
            seconds = seconds_of(text.split(b" ")[1].decode())
            if seconds > now_s + 3600:
                continue
            if seconds + 0.25 - LATENESS_S >= over_s + TICK_S:
                over_s = (seconds - LATENESS_S) // TICK_S * TICK_S
                for hour in sums:
                    if hour + HOUR_S <= over_s:
                        final.setdefault(hour, next_offset)
            next_offset = offset + 1
            if seconds // HOUR_S * HOUR_S + HOUR_S > over_s:
                sums[seconds // HOUR_S * HOUR_S].append((offset, text.split(b" ")[3].split(b":")[0]))
        for hour, records in sums.items():
            offsets = [offset for offset, _ in records]
            document = {"zone": "unknown", "place": "eu", "verdict": "indeterminate", "lb": "app/shop/50dc6c495c0c9188", "requests": len(records),
                        "bytes": BYTES * len(records), "clients.estimate": len({client for _, client in records}), "reasons.no-geo": len(records),
                        "inputs.count": 1, "inputs.offset.first": min(offsets), "inputs.offset.last": max(offsets)}
            if hour in final:
                document["revision"] = final[hour]
            hours[f"{topic}/{partition}", hour] = document, hour in final
    return hours


def last_hours(texts, check):
    """{(part, hour): document}: of each id the one with the highest revision. Two that say they are the same are."""
    by_id, same = {}, {}
    for document in filter(lambda one: one["kind"] == "residency", map(json.loads, texts)):
        one, revision = document["event"]["id"], document["revision"]
        check(same.setdefault((one, revision), document) == document, f"two documents with one revision: {document}")
        if one not in by_id or by_id[one]["revision"] < revision:
            by_id[one] = document
    return {(document["part"], seconds_of(document["@timestamp"])): document for document in by_id.values()}


def compare(bench, members, topic, count, what):
    expected, found = expected_hours(count, topic, time.time()), last_hours(file_texts(members.runs), bench.check)
    bench.equal(sorted(found), sorted(expected), f"{what}: parts and hours")
    bench.check(sum(is_over for _, is_over in expected.values()) >= PARTITIONS, f"{what}: some hours are over")
    for slot in expected.keys() & found.keys():
        document, is_over = expected[slot]
        bench.equal({path: at(found[slot], path) for path in document}, document, f"{what}: {slot}, {'over' if is_over else 'open'}")
    return found


def test_evidence_of_parts(bench):
    """Also that digests of inputs are the same, which are made of the ids of records: those that were counted again were not written again."""
    topic, policy = bench.cluster.create("judged", PARTITIONS), write(bench.folder / "policy.yaml", POLICY)
    feeder = bench.feed(topic, map(some_line, itertools.count()), partitions=PARTITIONS, per_second=3000)
    members = Members(bench, topic, "judged", "-c", policy)
    disturb(bench, members, feeder, lambda: sum(run.lines() for run in {run.folder: run for run in members.runs}.values()))
    count = feeder.stop()
    recounted, _ = members.settle()
    bench.check(recounted > 0, "somebody counted again")
    found = compare(bench, members, topic, count, "killed and rebalanced")
    alone = Members(bench, topic, "judged-alone", "-c", policy)
    alone.start("alone")
    alone.settle()
    undisturbed = compare(bench, alone, topic, count, "undisturbed")
    for slot in found.keys() & undisturbed.keys():
        bench.equal({**found[slot], "revision": 0}, {**undisturbed[slot], "revision": 0}, f"as if nothing had happened: {slot}")
