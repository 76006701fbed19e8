"""Rates of partitions: whoever is killed, comes or goes, the windows of each partition are what the oracle of rates makes of its records.

Threads: one, and one for each Feeder.
"""
import gzip
import itertools
import json
import sys
import time
from collections import defaultdict

from black_box import at, write
from kafka_cluster import HERE
from kafka_rollups import Members, disturb, file_texts, kill_inside_messages
from rollup_parts import line

sys.path.append(str(HERE.parent / "rates"))
sys.path.append(str(HERE.parent / "rollups"))
from rate_oracle import DEFAULTS, Event, check_breaches, check_table, dims_of, seconds_of, time_text, tops_of, views_of  # noqa: E402

PARTITIONS, LATENESS_S, HOUR_S = 4, 1800, 3600
RATE = {"lateness": LATENESS_S, "windows": [60, 300], "dims": ["client", "method"], "limits": [{"name": "some", "key": "client", "window": 60, "limit": 2}]}
CONFIG = {**DEFAULTS, **RATE}


def some_line(number, seconds_each=2):
    """Requests come up to two minutes before they are over."""
    text = line(number, PARTITIONS, seconds_each)
    if text.startswith(b"line "):
        return text
    stamp = text.split(b" ")[1]
    head, tail = text.rsplit(stamp, 1)
    seconds = seconds_of(stamp.decode())[0] - number * 7919 % 120
    return head + time.strftime("%Y-%m-%dT%H:%M:%S.250000Z", time.gmtime(seconds)).encode() + tail


def packed_line(message, place, lines_each):
    """Of a message with so many: those of a partition go on from message to message as single ones do."""
    partition, nth = message % PARTITIONS, message // PARTITIONS
    return some_line((nth * lines_each + place) * PARTITIONS + partition, 2 if lines_each == 1 else 0.5)


def records_of(bench, partition, count, lines_each):
    """As a run of a file makes them of the partition's lines."""
    folder = bench.folder / f"oracle-{partition}"
    folder.mkdir(exist_ok=True)
    lines = (packed_line(message, at, lines_each) for message in range(partition, count, PARTITIONS) for at in range(lines_each))
    write(folder / "log", b"".join(line + b"\n" for line in lines))
    done = bench.program.run("run", folder / "log", "-f", "alb_access", "--no-geo", "--quiet", "-o", folder / "records", "--rejects",
                             folder / "rejects", timeout=120)
    bench.check(done.code in (0, 3), f"records of partition {partition}: {done.err[-500:]}")
    with open(folder / "records", encoding="utf-8") as records:
        return list(map(json.loads, records))


class Expected:
    """A partition's events that count, how many came late, and up to when windows are over."""

    def __init__(self, records, now_s, lateness_s=LATENESS_S):
        self.events, self.late, newest_s = [], 0, 0
        for record in records:
            start_s = seconds_of(at(record, "event.start"))[0]
            if max(start_s, seconds_of(record["@timestamp"])[0]) > now_s + 3600:
                continue
            event = Event(record, CONFIG)
            late = (event.slot + 1) * CONFIG["slot"] <= newest_s - lateness_s
            self.late += late
            self.events += [] if late else [event]
            newest_s = max(newest_s, start_s)
        self.over_s = (newest_s - lateness_s) // 60 * 60


def last_rates(texts, check):
    """{part: documents}: of each id the one with the highest revision. Two that say they are the same are."""
    by_id, same, parts = {}, {}, defaultdict(list)
    for document in filter(lambda one: one["kind"] in ("top", "breach", "impact", "advice"), map(json.loads, texts)):
        one, revision = document["event"]["id"], document["revision"]
        check(same.setdefault((one, revision), document) == document, f"two documents with one revision: {same[one, revision]} {document}")
        if one not in by_id or by_id[one]["revision"] < revision:
            by_id[one] = document
    for document in by_id.values():
        parts[document["part"]].append(document)
    return parts


def over_breaches(view, over_s):
    """Those that have ended, in pieces that end at full hours, as blocked as the whole."""
    for key, begin, end, _ in view.breaches:
        for slot in range(begin, end + 1):
            is_full = (slot + 1) * view.slot_s % HOUR_S == 0
            if slot < end and not is_full:
                continue
            if (slot + 1) * view.slot_s < over_s + is_full:
                yield key, begin, slot, max(view.window_at(key, one) for one in range(begin, slot + 1))
            begin = slot + 1


def check_part(bench, documents, expected, what):
    plain = [{name: value for name, value in one.items() if name not in ("part", "revision", "late")} for one in documents]
    bench.equal({one["kind"] for one in documents}, {"top", "breach"}, f"{what}: kinds")
    for dim in dims_of(CONFIG):
        for window in CONFIG["windows"]:
            sums = {(end, key): row for (end, key), row in tops_of(expected.events, dim, window, CONFIG).items() if end <= expected.over_s}
            found = [one for one in plain if one["kind"] == "top" and (one["dim"], one["win"]) == (dim["name"], window)]
            bench.check(len({end for end, _ in sums}) > 5, f"{what}: some windows are over")
            check_table(bench.report, found, sums, (dim, window), CONFIG, f"{what}: {dim['name']} {window} s")
    limit = CONFIG["limits"][0]
    _, views = views_of(expected.events, limit, CONFIG)
    for view in views.values():
        view.breaches = list(over_breaches(view, expected.over_s))
    breaches = check_breaches(bench.report, [one for one in plain if one["kind"] == "breach"], limit, views, what)
    bench.check(breaches > 20, f"{what}: {breaches} breaches")


def compare(bench, members, topic, expected, what):
    found = last_rates(file_texts(members.runs), bench.check)
    bench.equal(sorted(found), [f"{topic}/{partition}" for partition in range(PARTITIONS)], f"{what}: parts")
    for partition, one in expected.items():
        check_part(bench, found[f"{topic}/{partition}"], one, f"{what}: partition {partition}")
    over_s, sums = min(one.over_s for one in expected.values()), defaultdict(int)
    for document in itertools.chain(*found.values()):
        if document["kind"] == "top":
            sums[document["@timestamp"], document["dim"], document["win"], document["key"]] += document["n"]
    everything = [event for one in expected.values() for event in one.events]
    for dim in dims_of(CONFIG):
        for (end, key), row in tops_of(everything, dim, 300, CONFIG).items():
            if end <= over_s:
                bench.equal(sums[time_text(end), dim["name"], 300, key], row[0], f"{what}: all parts together, {key} at {end}")
    return found


def members_with_rates(bench, topic, group):
    config = write(bench.folder / "rates.yaml", f"rate: {json.dumps(RATE)}\n")
    return Members(bench, topic, group, "-c", config)


def check_undisturbed(bench, topic, found, expected):
    """Who counts alone has the same documents, be it by the letter."""
    alone = members_with_rates(bench, topic, "alone")
    run = alone.start("alone")
    alone.settle()
    undisturbed = compare(bench, alone, topic, expected, "undisturbed")
    bench.equal(run.summary["rate"]["late"], sum(one.late for one in expected.values()), "late")
    for part, documents in undisturbed.items():
        by_id = {one["event"]["id"]: one for one in found[part]}
        different = [(by_id.get(one["event"]["id"]), one) for one in documents if by_id.get(one["event"]["id"]) != one]
        bench.check(not different and len(by_id) == len(documents), f"{part}: as if nothing had happened: {len(different)}, such as {different[:2]}")


def test_rates_of_parts(bench):
    topic = bench.cluster.create("rated", PARTITIONS)
    feeder = bench.feed(topic, map(some_line, itertools.count()), partitions=PARTITIONS, per_second=2500)
    members = members_with_rates(bench, topic, "rated")
    disturb(bench, members, feeder, lambda: sum(run.lines() for run in {run.folder: run for run in members.runs}.values()))
    count = feeder.stop()
    recounted, _ = members.settle()
    bench.check(recounted > 0, "somebody counted again")
    expected = {partition: Expected(records_of(bench, partition, count, 1), time.time()) for partition in range(PARTITIONS)}
    bench.check(all(one.late > 10 for one in expected.values()), f"late ones: {[one.late for one in expected.values()]}")
    found = compare(bench, members, topic, expected, "killed and rebalanced")
    check_undisturbed(bench, topic, found, expected)


def test_rates_late_as_all_rollups(bench):
    """Where rates have no lateness of their own."""
    topic, rate = bench.cluster.create("unlate", PARTITIONS), {name: value for name, value in RATE.items() if name != "lateness"}
    bench.cluster.produce_lines(topic, map(some_line, range(12000)), PARTITIONS)
    config = write(bench.folder / "rates.yaml", f"rate: {json.dumps(rate)}\n")
    expected = {partition: Expected(records_of(bench, partition, 12000, 1), time.time(), 300) for partition in range(PARTITIONS)}
    members = Members(bench, topic, "unlate", "-c", config, "--rollups-lateness", "300")
    run = members.start("one")
    members.settle()
    compare(bench, members, topic, expected, "late by 300 s")
    bench.equal(run.summary["rate"]["late"], sum(one.late for one in expected.values()), "late")


def test_rates_of_large_messages(bench):
    """Messages of several batches each: who is killed inside one begins it anew, and counts none of its lines twice."""
    topic, count, lines_each = bench.cluster.create("rated-packed", PARTITIONS), 77, 1500

    def message(number):
        """Lines of its partition, which go on with time as single ones do."""
        return gzip.compress(b"\n".join(packed_line(number, at, lines_each) for at in range(lines_each)), 1)

    members = members_with_rates(bench, topic, "rated-packed")
    kill_inside_messages(members, message, count, PARTITIONS)
    recounted, _ = members.settle()
    bench.check(recounted > 0, "lines counted again")
    expected = {partition: Expected(records_of(bench, partition, count, lines_each), time.time()) for partition in range(PARTITIONS)}
    found = compare(bench, members, topic, expected, "large messages")
    check_undisturbed(bench, topic, found, expected)
