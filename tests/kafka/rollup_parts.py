"""Roll-ups of partitions made the slow way, of all that a topic holds, and what is left of the documents that processes wrote.

Threads: pure functions.
"""
import calendar
import functools
import json
import random
import time
from collections import defaultdict

from black_box import alb_line

INTERVAL_S, TICK_S, LATENESS_S = 300, 10, 900
BEGIN_S = 1772359200  # 2026-03-01T10:00Z
BYTES = 57  # sent, of each line


def line(number, partitions, seconds_each=2):
    """Of each partition time goes on by some seconds with each line, to and fro by some minutes; some are late, some are no lines, and some
    are of the next day but one of the reader's clock."""
    dice = random.Random(number)
    if number % 97 == 96:
        return b"line %d is no log line" % number
    seconds = BEGIN_S + int(number // partitions * seconds_each) - dice.randrange(600)
    if number % 31 == 30:
        seconds -= 4000
    if number % 499 == 498:
        seconds = int(time.time()) // 86400 * 86400 + 2 * 86400
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + ".250000Z"
    return alb_line(number, client=f"81.2.69.{dice.randrange(1, 40)}:1024", time=stamp).encode()


@functools.lru_cache(1 << 16)
def seconds_of(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def expected_parts(messages_of, topic, now_s):
    """{(part, begin): (document, whether it is over)} and how many were late. `messages_of`: {partition: lists of lines}"""
    documents, late_count = {}, 0
    for partition, messages in messages_of.items():
        over_s, next_offset, sums = 0, 0, defaultdict(list)
        final = {}  # begin: revision
        for offset, text in ((offset, text) for offset, lines in enumerate(messages) for text in lines):
            if text.startswith(b"line "):
                continue
            seconds = seconds_of(text.split(b" ")[1].decode())
            if seconds > now_s + 3600:
                continue
            if (seconds + 0.25 - LATENESS_S) >= over_s + TICK_S:
                over_s = (seconds - LATENESS_S) // TICK_S * TICK_S
                for begin in sums:
                    if begin + INTERVAL_S <= over_s:
                        final.setdefault(begin, next_offset)
            next_offset = offset + 1
            begin = seconds // INTERVAL_S * INTERVAL_S
            if begin + INTERVAL_S <= over_s:
                late_count += 1
            else:
                sums[begin].append(text.split(b" ")[3].split(b":")[0])
        for begin, clients in sums.items():
            document = {"@timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime(begin)), "kind": "heat", "interval_s": INTERVAL_S,
                        "zone": "unknown", "requests": len(clients), "bytes": BYTES * len(clients), "status": {"4xx": 0, "5xx": 0},
                        "clients": {"estimate": len(set(clients)), "error": 0.016}, "part": f"{topic}/{partition}"}
            if begin in final:
                document["revision"] = final[begin]
            documents[f"{topic}/{partition}", begin] = document, begin in final
    return documents, late_count


def last_documents(texts, check):
    """{(part, begin): document} of lines of documents by whomever: of each id the one with the highest revision. Two that say they are the
    same are."""
    by_id, same = {}, {}
    for text in texts:
        document = json.loads(text)
        one, revision = document["event"]["id"], document["revision"]
        if same.setdefault((one, revision), text) != text:
            check(False, f"two documents with one revision: {same[one, revision]} {text}")
        if one not in by_id or by_id[one]["revision"] < revision:
            by_id[one] = document
    return {(document["part"], seconds_of(document["@timestamp"])): document for document in by_id.values()}


def same_documents(bench, found, expected, what):
    missing, strange = expected.keys() - found.keys(), found.keys() - expected.keys()
    bench.check(not missing, f"{what}: {len(missing)} of {len(expected)} are missing, such as {sorted(missing)[:3]}")
    bench.check(not strange, f"{what}: {len(strange)} are strange, such as {sorted(strange)[:3]}")
    for slot in sorted(expected.keys() & found.keys()):
        document, is_over = expected[slot]
        rest = {name: value for name, value in found[slot].items() if name != "event" and (is_over or name != "revision")}
        bench.equal(rest, document, f"{what}: {slot}")
