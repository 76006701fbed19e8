"""What a message holds: lines, compressed lines, envelopes, nothing; and what becomes of its place.

Threads: one.
"""
import collections
import gzip
import json
import subprocess

from black_box import alb_line, at
from kafka_cluster import Message, event_id

MEGABYTE = 1 << 20
FLOW_COLUMNS = "vpc_flow:srcaddr dstaddr start end bytes"  # lines of which say nothing about what they are
FLOW_LINE = b"81.2.69.200 10.0.0.7 1772359200 1772359260 4711"


def line(number):
    return alb_line(number).encode()


def client(number):
    """Of that line."""
    return f"81.2.69.{number % 250 + 1}"


def zstd(content):
    return subprocess.run(["zstd", "-q", "-c"], input=content, stdout=subprocess.PIPE, check=True).stdout


def log_events(*numbers, kind="DATA_MESSAGE"):
    """What CloudWatch Logs sends to a subscription."""
    events = [{"id": f"{number:056}", "timestamp": 1772359200000 + number, "message": alb_line(number)} for number in numbers]
    return json.dumps({"messageType": kind, "owner": "123456789012", "logGroup": "/aws/alb", "logStream": "shop",
                       "subscriptionFilters": ["all"], "logEvents": events}).encode()


def envelope(**members):
    return json.dumps(members).encode()


def place(reject):
    """Where the line of a reject stood; by what name, the tests of replay say."""
    return {key: value for key, value in reject["origin"].items() if key != "name"}


def compare(bench, topic, what, records, expected):
    """`expected`: (offset, number, line) of each record, in order; None as the line: not known as bytes."""
    cluster_id = bench.cluster.id()
    found = [(at(record, "kafka.offset"), at(record, "event.id")) for record in records]
    ids = [event_id(cluster_id, topic, 0, offset, text, number) if text is not None else None for offset, number, text in expected]
    bench.equal([offset for offset, _ in found], [offset for offset, _, _ in expected], f"{what}: offsets")
    for (offset, number, _), want, (_, have) in zip(expected, ids, found):
        bench.check(want in (None, have), f"{what}: event.id of line {number} at {offset} is {have}, expected {want}")
    bench.equal(len({have for _, have in found}), len(found), f"{what}: different event.ids")
    bench.check(all(at(record, "kafka.topic") == topic and at(record, "kafka.partition") == 0 and at(record, "log.file") is None and
                    at(record, "log.offset") is None for record in records), f"{what}: kafka.topic and kafka.partition, no log.file")


# what, messages, (offset, line number, line as it enters event.id) of the records, the records' clients by line
KINDS = [
    ("one line, with and without end", [line(1), line(2) + b"\n", line(3) + b"\r\n"],
     [(0, 1, line(1)), (1, 1, line(2)), (2, 1, line(3))], [1, 2, 3]),
    ("several lines", [line(1) + b"\n" + line(2) + b"\r\n\n" + line(3), line(4)],
     [(0, 1, line(1)), (0, 2, line(2)), (0, 4, line(3)), (1, 1, line(4))], [1, 2, 3, 4]),
    ("gzip", [gzip.compress(line(1) + b"\n" + line(2) + b"\n"), gzip.compress(line(3)) + gzip.compress(b"\n" + line(4))],
     [(0, 1, line(1)), (0, 2, line(2)), (1, 1, line(3)), (1, 2, line(4))], [1, 2, 3, 4]),
    ("zstd", [zstd(line(1) + b"\n" + line(2))], [(0, 1, line(1)), (0, 2, line(2))], [1, 2]),
    ("logEvents", [log_events(1, 2), gzip.compress(log_events(3, 4, 5)), log_events(kind="CONTROL_MESSAGE"), line(6)],
     [(0, 1, None), (0, 2, None), (1, 1, None), (1, 2, None), (1, 3, None), (3, 1, line(6))], [1, 2, 3, 4, 5, 6]),
    ("envelopes", [envelope(message=alb_line(1)), envelope(log=alb_line(2), date=1.5), envelope(event={"original": alb_line(3)}),
                   envelope(**{"event.original": alb_line(4)}),
                   envelope(**{"@timestamp": "2026-03-01T00:00:00Z", "host": {"name": "lb7"}, "message": alb_line(5),
                               "log": {"file": {"path": "/var/log/alb.log"}, "offset": 99}})],
     [(offset, 1, None) for offset in range(5)], [1, 2, 3, 4, 5]),
    ("NDJSON", [envelope(message=alb_line(1)) + b"\n" + envelope(message=alb_line(2)) + b"\n"],
     [(0, 1, envelope(message=alb_line(1))), (0, 2, envelope(message=alb_line(2)))], [1, 2]),
    ("one object in several lines", [json.dumps({"message": alb_line(1), "host": "a"}, indent=2).encode()], [(0, 1, None)], [1]),
    ("an array of objects", [b"[" + envelope(message=alb_line(1)) + b", " + envelope(message=alb_line(2)) + b"]"],
     [(0, 1, None), (0, 2, None)], [1, 2]),
    ("nothing between lines", [Message(None), line(1), Message(None, key=b"k"), b"", line(2)],
     [(1, 1, line(1)), (4, 1, line(2))], [1, 2]),
]


def test_kinds_of_messages(bench):
    topics = [bench.cluster.create("kind") for _ in KINDS]
    for topic, (_, messages, _, _) in zip(topics, KINDS):
        bench.cluster.produce(topic, messages)
    run = bench.start(bench.url(topics, "kinds"))
    run.await_lines(sum(len(kind[2]) for kind in KINDS))
    for topic in topics:
        bench.cluster.await_lag("kinds", topic, runs=[run])
    run.stop()
    records = run.records()
    for topic, (what, _, expected, numbers) in zip(topics, KINDS):
        own = [record for record in records if at(record, "kafka.topic") == topic]
        compare(bench, topic, what, own, expected)
        bench.equal([at(record, "client.ip") for record in own], [client(number) for number in numbers], f"{what}: client.ip")
    bench.equal(run.rejects(), [], "rejects")
    summary = run.summary
    # a CONTROL_MESSAGE of CloudWatch Logs holds no line, too
    bench.equal(summary["skipped_by_reason"], {"empty-line": 1, "tombstone": 2, "empty-message": 2}, "skipped")
    counts = summary["kafka"]
    bench.equal((counts["messages"], counts["tombstones"], counts["empty_messages"]),
                (sum(len(kind[1]) for kind in KINDS), 2, 2), "messages, tombstones, empty messages")
    bench.equal(sorted((one["topic"], one["position"], one["lag"]) for one in counts["partitions"]),
                sorted((topic, len(kind[1]), 0) for topic, kind in zip(topics, KINDS)), "positions and lag in the summary")
    envelopes = [record for record in records if at(record, "kafka.topic") == topics[5]]
    bench.check("lb7" in str(envelopes[4]) and "/var/log/alb.log" in str(envelopes[4]), f"an envelope's host and file: {envelopes[4]}")


def test_formats(bench):
    """By header, by a rule for topics, by what a line looks like."""
    by_header, by_rule = bench.cluster.create("headers"), bench.cluster.create("flows")
    own = envelope(time="2026-03-01T10:00:00Z", peer="81.2.69.200")  # which only who is told takes for a record
    header = (("trace", b"7"), ("format", b"ndjson"))
    unknown = (("format", b"no-such-format"),)
    bench.cluster.produce(by_header, [Message(own, headers=header), line(1), Message(own, headers=header), own,
                                      Message(line(2), headers=unknown)])
    bench.cluster.produce(by_rule, [FLOW_LINE])
    config = bench.folder / "config.yaml"
    bench.folder.mkdir()
    config.write_text(f"inputs: [{{kafka: {{brokers: ['{bench.cluster.address}'], topics: [{by_header}, {by_rule}], group: formats, "
                      f"formats: {{'flows-*': '{FLOW_COLUMNS}'}}}}}}]\n")
    run = bench.start([], "-c", config)
    for topic in (by_header, by_rule):
        bench.cluster.await_lag("formats", topic, runs=[run])
    run.stop()
    found = {(at(record, "kafka.topic"), at(record, "kafka.offset")): at(record, "source.ip") for record in run.records()}
    bench.equal(found, {(by_header, 0): "81.2.69.200", (by_header, 1): client(1), (by_header, 2): "81.2.69.200",
                        (by_header, 4): client(2), (by_rule, 0): "81.2.69.200"}, "source.ip")
    bench.equal([(one["reason"], place(one)) for one in run.rejects()],
                [("unknown-format", {"topic": by_header, "partition": 0, "offset": 3, "line": 1})], "the same line without a header")


def test_headers_inside_messages(bench):
    """The order of columns that a message begins with is in force to its end, also where it fills many batches, and no further."""
    count = 12000
    topic = bench.cluster.create("flows")
    header = FLOW_COLUMNS.split(":", 1)[1].replace("${", "").replace("}", "").encode()
    bench.cluster.produce(topic, [gzip.compress(b"\n".join([header] + [FLOW_LINE] * count)), FLOW_LINE])
    run = bench.start(bench.url(topic, "inside"))
    bench.cluster.await_lag("inside", topic, runs=[run])
    run.stop()
    bench.equal(collections.Counter(at(record, "source.ip") for record in run.records()), {"81.2.69.200": count}, "source.ip")
    bench.equal([(one["reason"], place(one)) for one in run.rejects()],
                [("unknown-format", {"topic": topic, "partition": 0, "offset": 1, "line": 1})], "a line of the next message")


def test_rejects(bench):
    """Each has its place, those of one message have their lines."""
    topic = bench.cluster.create("rejects", 1, max_message_bytes=16 * MEGABYTE)
    broken = gzip.compress(line(5))[:12] + b"\xff" * 40
    too_long = b"x" * (2 * MEGABYTE)
    bench.cluster.produce(topic, [b"no log line", line(1) + b"\nwhat is this\n" + line(2) + b"\nand this?", broken, line(3),
                                  too_long, line(4)])
    run = bench.start(bench.url(topic, "rejects"))
    bench.cluster.await_lag("rejects", topic, runs=[run])
    run.stop()
    compare(bench, topic, "records among rejects", run.records(),
            [(1, 1, line(1)), (1, 3, line(2)), (3, 1, line(3)), (5, 1, line(4))])
    rejects = run.rejects()
    bench.equal([(one["reason"], place(one)) for one in rejects if one["reason"] != "bad-message"],
                [(reason, {"topic": topic, "partition": 0, "offset": offset, "line": number}) for reason, offset, number in
                 [("unknown-format", 0, 1), ("unknown-format", 1, 2), ("unknown-format", 1, 4), ("line-too-long", 4, 1)]],
                "reasons and origins")
    bench.equal([one["origin"]["offset"] for one in rejects if one["reason"] == "bad-message"], [2], "a message that cannot be unpacked")
    bench.equal((run.summary["records"]["read"], run.process.returncode), (9, 3), "lines read, exit code")
    bench.equal(rejects[0].get("original"), "no log line", "original")


def test_large_messages(bench):
    """Of many batches each: lines packed and plain, and one more message behind each."""
    lines = [alb_line(number, agent="x" * (number % 300)).encode() for number in range(20000)]
    topic = bench.cluster.create("large", 1, max_message_bytes=16 * MEGABYTE)
    bench.cluster.produce(topic, [b"\n".join(lines), line(1), gzip.compress(b"\n".join(lines) + b"\n", 1), line(2)])
    run = bench.start(bench.url(topic, "large"))
    run.await_lines(2 * len(lines) + 2)
    bench.cluster.await_lag("large", topic, runs=[run])
    run.stop()
    expected = [(0, number, text) for number, text in enumerate(lines, 1)] + [(1, 1, line(1))]
    expected += [(2, number, text) for number, text in enumerate(lines, 1)] + [(3, 1, line(2))]
    cluster_id = bench.cluster.id()
    ids = [event_id(cluster_id, topic, 0, offset, text, number) for offset, number, text in expected]
    bench.check([at(record, "event.id") for record in run.records()] == ids, "all lines of large messages, in order, with their ids")
    bench.equal(run.summary["records"]["written"], len(ids), "records written")
