"""`replay` of what was rejected on the way from or to Kafka.

Threads: one.
"""
import gzip
import random

from black_box import alb_line, parse_lines
from kafka_payloads import FLOW_LINE, line

FLOW_HEADER = b"srcaddr dstaddr start end bytes"


def unpacked(length):
    """Text that no codec makes much shorter."""
    return random.Random(length).randbytes(length // 2).hex().encode()


def replay(bench, rejects, *options):
    """Its records and rejects, as bytes."""
    left = bench.folder / "left.ndjson"
    result = bench.program.run("replay", rejects, "--no-geo", "--quiet", "--rejects", left, *options)
    bench.check(result.code in (0, 3) and not result.err, f"replay: {result.code} {result.err[:300]}")
    return result.out, left.read_bytes()


def test_replay_messages(bench):
    """Lines of messages keep their topic, offset, number and event.id; columns of a message's header are theirs alone."""
    topic = bench.cluster.create("again")
    flows = b"\n".join([FLOW_HEADER] + [FLOW_LINE] * 3)
    bench.cluster.produce(topic, [line(1), line(2) + b"\n" + line(3) + b"\n\n" + line(4), gzip.compress(flows), b"no log line", FLOW_LINE, line(5)])
    direct = bench.start(bench.url(topic, "right"))
    broken = bench.start(bench.url(topic, "wrong"), "-f", "envoy")
    bench.cluster.await_lag("right", topic, runs=[direct])
    bench.cluster.await_lag("wrong", topic, runs=[broken])
    direct.stop()
    broken.stop()
    bench.equal((len(direct.records()), len(direct.rejects()), broken.records(), len(broken.rejects())), (8, 2, [], 11), "both runs")
    out, left = replay(bench, broken.rejected)
    bench.check(out == direct.out.read_bytes(), f"the same records: {out[:300]} ... {direct.out.read_bytes()[:300]}")
    bench.check(left == direct.rejected.read_bytes(), f"the same rejects: {left[:300]}")
    bench.check(replay(bench, direct.rejected) == (b"", left), "which are the same once more")


def test_replay_of_refused_records(bench):
    """A record too large for its topic, of a line under the second of two header lines, is no other where there is room for it."""
    topic = bench.cluster.create("small", 1, max_message_bytes=8 << 10)
    texts = [FLOW_HEADER + b" my-own", FLOW_LINE + b" " + unpacked(20000), b"dstaddr srcaddr end start my-own"]
    texts += [b"10.0.0.7 81.2.69.%d 1772359260 1772359200 %s" % (number, unpacked(length)) for number, length in ((1, 10), (2, 20002), (3, 10))]
    texts += [alb_line(1).encode()]
    path = bench.folder / "flow.log"
    bench.folder.mkdir(exist_ok=True)
    path.write_bytes(b"\n".join(texts) + b"\n")
    run = bench.start([str(path)], output=bench.url(topic), name="refused")
    run.finish()
    bench.equal([(one["reason"], one["stage"], one["origin"]["line"]) for one in run.rejects()],
                [("too-large", "sink", 2), ("too-large", "sink", 5)], "rejects")
    bench.equal([one["origin"]["header"] for one in run.rejects()],
                ["vpc_flow:srcaddr dstaddr start end bytes my-own", "vpc_flow:dstaddr srcaddr end start my-own"], "their headers")
    direct = bench.program.run("run", path, "--no-geo", "--quiet").out.splitlines(True)
    out, left = replay(bench, run.rejected)
    bench.equal((out, left), (direct[0] + direct[2], b""), "records of the replay")
    rejects = run.rejected.read_bytes()
    twice = bench.folder / "twice.ndjson"
    twice.write_bytes(b"".join(rejects.replace(b"flow.log", b"flo%d.log" % number) for number in range(10)))
    left = replay(bench, twice, "-o", bench.url(topic), "-j", "1", "--read-size", "1")[1]
    bench.equal([(one["reason"], one["origin"]) for one in parse_lines(left)],
                [("too-large", one["origin"]) for one in parse_lines(twice.read_bytes())], "refused once more")
