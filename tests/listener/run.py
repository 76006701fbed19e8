#!/usr/bin/env python3
"""Tests of tcp:// from outside: real connections over loopback, thousands of them, good and bad.

    run.py --wherefrom PATH [--test GLOB]

Whatever senders do, every whole line comes out exactly once, written or rejected, and what one does is no other's harm. Nothing here
measures time.

Threads: one, and one that sends while the main one reads.
"""
import collections
import fnmatch
import os
import select
import signal
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
from client import (PATIENCE_S, Listener, allow_many_files, connections, counted, is_closed, line, proxy_v1,  # noqa: E402
                    proxy_v2, reasons, reset, send_all, wait_until)
from black_box import Program, Report, argument_parser, at, parse_lines, scratch, write  # noqa: E402

MANY = 5000
MEBIBYTE = 1024 * 1024


class Bench:
    def __init__(self, program, report, directory):
        self.program, self.report, self.directory = program, report, directory
        self.check, self.equal = report.check, report.equal
        self.listeners = []
        with open(program.path, "rb") as binary:  # ThreadSanitizer needs several times as much memory
            self.mebibyte = MEBIBYTE * (5 if b"__tsan_init" in binary.read() else 1)

    def listen(self, *options, **settings):
        directory = self.directory / str(len(self.listeners))
        directory.mkdir()
        self.listeners.append(Listener(self.program, directory, *options, **settings))
        return self.listeners[-1]

    def same_lines(self, listener, expected, what):
        """Each of these exactly once, and nothing else."""
        found, expected = collections.Counter(listener.originals()), collections.Counter(expected)
        self.check(found == expected, f"{what}: {(expected - found).total()} lines of {expected.total()} are missing, "
                                      f"{(found - expected).total()} too many, such as {list(found - expected)[:1]!r:.200}; "
                                      f"{listener.log[-300:]}")


# --- one connection ---------------------------------------------------------------------------------------------------

def test_lines(bench):
    listener = bench.listen()
    made = listener.connect()
    made.sendall(line(1) + b"\n")
    listener.await_written(1)  # nothing else comes, and nobody closes
    made.sendall(line(2) + b"\r\n" + line(3)[:50])
    listener.await_written(2)
    made.sendall(line(3)[50:] + b"\n\n" + line(4))
    address = "%s:%d" % made.getsockname()
    made.close()
    listener.await_written(4)
    listener.stop()
    bench.same_lines(listener, [line(i) for i in range(1, 5)], "lines, the last without its end")
    bench.equal(listener.code, 0, "exit code")
    bench.equal(listener.summary["skipped_by_reason"], {"empty-line": 1}, "an empty line")
    bench.equal([at(record, "log.source.address") for record in listener.records], [address] * 4, "log.source.address")
    bench.equal(at(listener.records[0], "log.file"), None, "log.file.path")
    size = len(line(1))
    bench.equal([at(record, "log.offset") for record in listener.records], [0, size + 1, 2 * size + 3, 3 * size + 5],
                "log.offset")
    bench.equal(connections(listener), {"accepted": 1}, "connections")


def test_byte_at_a_time(bench):
    listener = bench.listen()
    content = line(1) + b"\n" + counted(line(2))
    made = listener.connect()
    for byte in content[:len(line(1)) + 20]:
        made.send(bytes([byte]))
    made.close()
    message = b"<134>" + line(3)
    made = listener.connect()
    for byte in counted(message) + counted(message):
        made.send(bytes([byte]))
    made.close()
    listener.await_written(3)
    listener.stop()
    bench.same_lines(listener, [line(1), message, message], "lines and messages of single bytes")
    bench.equal(reasons(listener), {"unknown-format": 1}, "the start of a message behind a line is a line")


def test_messages_and_prefixes(bench):
    listener = bench.listen()
    prefixes = [b"<134>Feb  6 12:14:14 lb1 alb[7]: ", b"<134>1 2026-03-01T10:00:00Z lb1 alb 7 ID [a@1 b=\"c]\"] ",
                b"<134>1 - - - - - - \xef\xbb\xbf", b"<6>", b"<13>2026-03-01T10:00:00.5+01:00 lb1 alb: "]
    messages = [prefix + line(number) for number, prefix in enumerate(prefixes)]
    listener.send(b"".join(message + b"\n" for message in messages))
    listener.send(b"".join(counted(message) for message in messages))
    haproxy = (b"<134>Mar  1 10:00:00 lb1 haproxy[99]: 81.2.69.142:33317 [01/Mar/2026:10:00:00.123] web~ static/srv1 "
               b"10/0/30/69/109 200 2750 - - ---- 1/2/3/4/0 5/6 \"GET / HTTP/1.1\"")
    nginx = (b"<190>Mar  1 10:00:00 web1 nginx: 81.2.69.142 - - [01/Mar/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5 "
             b"\"-\" \"curl/8.5.0\"")
    listener.send(counted(haproxy) + b"\n" + counted(nginx))
    listener.await_written(12)
    listener.stop()
    bench.same_lines(listener, messages * 2 + [haproxy, nginx], "messages")
    of_haproxy = next(record for record in listener.records if b"haproxy[" in record["event"]["original"].encode())
    bench.equal([at(of_haproxy, name) for name in ("host.name", "process.name", "process.pid", "client.ip")],
                ["lb1", "haproxy", 99, "81.2.69.142"], "what HAProxy's prefix says is kept")
    of_nginx = next(record for record in listener.records if b"nginx:" in record["event"]["original"].encode())
    bench.equal(at(of_nginx, "client.ip"), "81.2.69.142", "nginx behind a prefix")
    bench.equal({at(record, "client.ip") for record in listener.records if b"alb" in record["event"]["original"].encode()},
                {f"81.2.69.{number + 1}" for number in (0, 1, 4)}, "ALB behind prefixes")
    ids = {record["event"]["id"] for record in listener.records}
    bench.equal(len(ids), len(listener.records), "the same line of two connections has two ids")


def test_more_lines_than_a_batch_takes(bench):
    """Sent at once, and then nothing more: what did not fit is not forgotten."""
    listener = bench.listen()
    made = listener.connect()
    made.sendall(b"".join(counted(b"<6>%d" % number) for number in range(2000)) + counted(line(1)))
    listener.await_written(1)
    other = listener.connect()
    other.sendall(b"\n" * 20000 + line(2) + b"\n")
    listener.await_written(2)
    listener.stop()
    bench.same_lines(listener, [line(1), line(2)], "behind many")
    bench.equal((reasons(listener), listener.summary["skipped_by_reason"]),
                ({"unknown-format": 2000}, {"empty-line": 20000}), "the many")
    bench.equal([reject["origin"]["line"] for reject in listener.rejects], list(range(1, 2001)), "their numbers")


def test_lost_count(bench):
    listener = bench.listen()
    made = listener.connect()
    made.sendall(counted(b"<6>" + line(1)) + b"and now a line\n" + counted(line(2)))
    bench.check(is_closed(made), "closed, since no count can be found")
    listener.await_written(1)
    listener.stop()
    bench.equal(listener.originals(), [b"<6>" + line(1)], "the message before is written")
    bench.equal(reasons(listener), {"cut-short": 1}, "the rest is one reject")
    bench.equal(connections(listener), {"accepted": 1, "closed_bad_framing": 1}, "counted")
    bench.equal(listener.code, 3, "exit code")


def test_ends(bench):
    """In order, by reset, and by our own end: what of the last line counts."""
    listener = bench.listen()
    listener.send(line(1) + b"\n" + line(2))
    made = listener.connect()
    made.sendall(line(3) + b"\n" + line(4)[:99])
    listener.await_written(3)
    reset(made)
    wait_until(lambda: (listener.directory / "rejects").read_bytes().count(b"\n") == 1 or listener.process.poll() is not None,
               "the reject of the reset line")
    listener.send(b"\0\xff\x80 garbage\n" * 10 + line(5) + b"\n")
    made = listener.connect()
    made.sendall(line(6) + b"\n" + line(7)[:99])
    listener.await_written(5)
    listener.stop()
    bench.same_lines(listener, [line(i) for i in (1, 2, 3, 5, 6)], "whole lines")
    bench.equal(reasons(listener), {"unknown-format": 10, "cut-short": 2}, "rejected")
    cut = [reject for reject in listener.rejects if reject["reason"] == "cut-short"]
    bench.equal([reject["original"].encode() for reject in cut], [line(4)[:99], line(7)[:99]], "cut short")
    bench.equal(cut[0]["origin"]["offset"], len(line(3)) + 1, "its place")
    bench.equal(cut[0]["origin"]["line"], 2, "its number")
    bench.check(cut[0]["origin"]["address"].startswith("127.0.0.1:"), "its sender")


def test_what_came_before_the_end(bench):
    """Sent before SIGTERM, seen after it."""
    listener = bench.listen("-j", "1")
    known = listener.connect()
    known.sendall(line(0) + b"\n")
    listener.await_written(1)
    listener.process.send_signal(signal.SIGSTOP)
    known.sendall(b"".join(line(number) + b"\n" for number in range(1, 500)))
    new = listener.connect()
    new.sendall(line(500) + b"\n" + line(501)[:-1])
    listener.end_soon()
    listener.process.send_signal(signal.SIGCONT)
    listener.stop()
    bench.same_lines(listener, [line(number) for number in range(501)], "of connections that were open")
    bench.equal(reasons(listener), {"cut-short": 1}, "rejected")


def test_long_lines(bench):
    listener = bench.listen()
    long_line = line(1) + b"x" * (MEBIBYTE + 3)
    fits = line(2).replace(b"curl", b"c" * (MEBIBYTE - len(line(2)) + 4))
    listener.send(long_line + b"\n" + line(3) + b"\n" + fits + b"\r\n" + line(4) + b"\n" + long_line)
    message = b"<6>" + line(5)
    listener.send(counted(message) + counted(long_line) + counted(message))
    listener.await_written(5)
    listener.stop()
    bench.equal(len(fits), MEBIBYTE, "the longest line")
    bench.same_lines(listener, [line(3), fits, line(4), message, message], "lines behind those that are too long")
    bench.equal(reasons(listener), {"line-too-long": 3}, "rejected")


# --- PROXY headers ----------------------------------------------------------------------------------------------------

def test_proxy_headers(bench):
    headers = {"v1": proxy_v1(), "v2": proxy_v2(), "local": proxy_v2(command=0), "none": b""}
    for mode, good in (("off", ()), ("v1", ("v1",)), ("v2", ("v2", "local")), ("auto", ("v1", "v2", "local"))):
        listener = bench.listen(inputs=(f"tcp://127.0.0.1:0?proxy={mode}",))
        for number, (name, header) in enumerate(headers.items()):
            listener.send(header + line(number) + b"\n")
        taken = [line(number) for number, name in enumerate(headers) if name in good]
        listener.await_written(len(taken))
        wait_until(lambda mode=mode, listener=listener, good=good: mode == "off" or listener.directory.joinpath("stderr").read_text().count("no good PROXY") ==
                   4 - len(good), "refusals")
        listener.stop()
        if mode == "off":  # a header is nothing but a line, and of version 2 parts of some
            bench.check({line(0), line(3)} <= set(listener.originals()), "proxy=off: lines")
        else:
            bench.same_lines(listener, taken, f"proxy={mode}")
        expected = {"accepted": 4}
        if mode != "off":
            expected["closed_bad_proxy_header"] = 4 - len(good)
        bench.equal(connections(listener), expected, f"proxy={mode}: connections")


def test_headers_in_pieces(bench):
    listener = bench.listen("--header-timeout", "1", inputs=("tcp://127.0.0.1:0?proxy=auto",))
    half = [listener.connect() for _ in range(3)]
    for made, header in zip(half, (proxy_v1()[:20], proxy_v2()[:20], b"")):
        made.sendall(header)
    slow = listener.connect()
    for byte in proxy_v2() + line(1) + b"\n":
        slow.send(bytes([byte]))
    slow.sendall(line(2) + b"\n")
    bad = listener.connect()
    bad.sendall(b"GET / HTTP/1.0\r\n\r\n" + line(3) + b"\n")
    bench.check(is_closed(bad), "no header: closed at once")
    for made in half:
        bench.check(is_closed(made), "half a header: closed in the end")
    cut = listener.connect()
    cut.sendall(proxy_v1()[:9])
    cut.close()
    listener.connect().close()  # who only looks whether somebody listens
    slow.sendall(line(4) + b"\n")
    listener.await_written(3)
    wait_until(lambda: "cut off" in listener.directory.joinpath("stderr").read_text(), "the header that was cut off")
    listener.stop()
    bench.same_lines(listener, [line(1), line(2), line(4)], "a header in single bytes")
    bench.equal(connections(listener), {"accepted": 7, "closed_bad_proxy_header": 2, "closed_timeout": 3}, "connections")


def test_header_byte_by_byte(bench):
    """One that never ends is no way to stay."""
    listener = bench.listen("--header-timeout", "1", inputs=("tcp://127.0.0.1:0?proxy=v2",))
    made = listener.connect()
    header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + bytes(60000)
    sent = 0
    try:
        for sent in range(len(header)):
            made.send(header[sent:sent + 1])
            time.sleep(0.002)
    except OSError:
        pass
    bench.check(sent < len(header) - 1, "closed before it was whole")
    listener.stop()
    bench.equal(connections(listener), {"accepted": 1, "closed_timeout": 1}, "connections")


def test_proxy_from(bench):
    listener = bench.listen("--proxy-from", "127.0.0.2/31", "--proxy-from", "10.0.0.0/8",
                            inputs=("tcp://127.0.0.1:0?proxy=auto",))
    outside = listener.connect("127.0.0.1")
    bench.check(is_closed(outside), "closed at once")
    listener.send(proxy_v1() + line(1) + b"\n", "127.0.0.2")
    listener.send(proxy_v2() + line(2) + b"\n", "127.0.0.3")
    listener.await_written(2)
    listener.stop()
    bench.same_lines(listener, [line(1), line(2)], "from inside")
    bench.equal(connections(listener), {"accepted": 3, "closed_not_allowed": 1}, "connections")


def test_replay(bench):
    """Rejected lines of a connection come back with its name, its address, and what its PROXY header said."""
    nginx = 'nginx:[$time_local] "$request" $status $body_bytes_sent'
    texts = [b'[01/Mar/2026:12:00:%02d +0000] "GET /%d HTTP/1.1" 200 5\n' % (number, number) for number in range(6)]
    mapped = struct.pack(">BBH", 0x21, 0x21, 36) + bytes(10) + b"\xff\xff" + socket.inet_aton("192.0.2.9") + bytes(16) + struct.pack(">HH", 7, 6)
    headers = [proxy_v1(), proxy_v2("81.2.69.142", 99), proxy_v2(command=0), b"\r\n\r\n\0\r\nQUIT\n" + mapped]

    chain = ["-c", write(bench.directory / "chain.yaml", "chains:\n  gate:\n    - {type: nlb, peers: [127.0.0.0/8], carrier: pp}\nchain: gate\n")]

    def listen(*options):
        listener = bench.listen(*chain, "-j", "1", *options, inputs=("tcp://127.0.0.1:0?proxy=auto",))
        for number, header in enumerate(headers):
            listener.send(header + texts[number] + texts[number + 1] + b"\n", "127.0.0.%d" % (number + 1))
        wait_until(lambda: (listener.directory / "rejects").read_bytes().count(b"\n") == 8 or listener.written() == 8, "all lines")
        listener.stop()
        return listener

    def without_names(records):
        for record in records:
            del record["event"]["id"]
            del record["log"]["source"]["address"]  # with a port of its own
        return sorted(map(str, records))

    for options in ([], ["--origin", "gate"]):
        direct, broken = listen("-f", nginx, *options), listen("-f", "waf", *options)
        result = bench.program.run("replay", broken.directory / "rejects", "-f", nginx, *chain, "--no-geo", "--keep-original",
                                   "--quiet")
        records = parse_lines(result.out)
        bench.equal([(at(record, "event.id"), at(record, "log.source.address"), at(record, "log.offset")) for record in records],
                    [(one["event_id"], one["origin"]["address"], one["origin"]["offset"]) for one in broken.rejects], f"{options}: names and places")
        bench.equal(without_names(records), without_names(direct.records), f"{options}: records")
        found = {(at(record, "client.ip"), at(record, "hop.verdict")) for record in records}
        bench.equal(found, {("192.0.2.1", "ok"), ("81.2.69.142", "ok"), ("192.0.2.9", "ok"), (None, "pp-local")}, f"{options}: clients")


# --- limits -----------------------------------------------------------------------------------------------------------

def test_idle(bench):
    listener = bench.listen("--idle-timeout", "1")
    idle = listener.connect()
    idle.sendall(line(1) + b"\n" + line(2)[:30])
    bench.check(is_closed(idle), "closed in the end")
    listener.await_written(1)
    listener.stop()
    bench.same_lines(listener, [line(1)], "before it fell silent")
    bench.equal(reasons(listener), {"cut-short": 1}, "its last line")
    bench.equal(connections(listener), {"accepted": 1, "closed_timeout": 1}, "connections")


def test_connections_max(bench):
    listener = bench.listen("--connections-max", "3")
    made = [listener.connect() for _ in range(3)]
    for number, one in enumerate(made):
        one.sendall(line(number) + b"\n")
    listener.await_written(3)
    bench.check(is_closed(listener.connect()), "one more is closed at once")
    made[0].close()
    while listener.written() < 4:  # that one is gone is seen sooner or later
        one = listener.connect()
        try:
            one.sendall(line(3) + b"\n")
        except OSError:
            continue
        wait_until(lambda one=one: listener.written() == 4 or is_closed(one, 0), "neither taken nor closed")
    listener.stop()
    bench.same_lines(listener, [line(number) for number in range(4)], "of those that were taken")
    bench.check(connections(listener)["closed_limit"] >= 1, f"counted: {connections(listener)}")


def test_unfinished_lines(bench):
    """More than may be held: who holds most goes, who holds little stays."""
    listener = bench.listen()
    small = [listener.connect() for _ in range(50)]
    send_all(small, [line(number)[:100] for number in range(50)])
    before = listener.memory_peak()
    big = [listener.connect() for _ in range(300)]
    content = b"x" * (MEBIBYTE - 1000)
    for made in big:
        try:
            made.sendall(content)
        except OSError:
            pass  # closed already
    wait_until(lambda: "held most" in listener.directory.joinpath("stderr").read_text(), "too much is held")
    send_all(small, [line(number)[100:] + b"\n" for number in range(50)])
    listener.await_written(50)
    peak = listener.memory_peak()
    listener.stop()
    bench.same_lines(listener, [line(number) for number in range(50)], "of those that hold little")
    closed = connections(listener)["closed_memory"]
    bench.check(closed > 0, f"closed {closed}")
    bench.equal(reasons(listener), {"cut-short": 300}, "rejected")
    bench.check(peak - before < 200 * bench.mebibyte, f"memory grew by {(peak - before) / MEBIBYTE:.0f} MiB")


def test_back_pressure(bench):
    """Nobody reads the output: nothing more is read, nothing is lost, and memory does not grow."""
    reader, writer = os.pipe()
    listener = bench.listen("-j", "2", stdout=writer)
    os.close(writer)
    count = 60000
    left = memoryview(b"".join(line(number) + b"\n" for number in range(count)))
    made = listener.connect()
    before = listener.memory_peak()
    made.setblocking(False)
    while left and select.select([], [made], [], 1)[1]:  # until it takes no more
        left = left[made.send(left):]
    bench.check(left, "some of it cannot be sent")
    peak = listener.memory_peak()
    made.settimeout(PATIENCE_S)
    sender = threading.Thread(target=lambda: (made.sendall(left), made.close()))
    sender.start()
    lines = collections.Counter()
    with open(reader, "rb") as output:
        for _ in range(count):
            record = output.readline()
            lines[record[record.index(b"/item/"):record.index(b"?x=1")]] += 1
        sender.join()
        listener.stop()
    bench.equal((len(lines), max(lines.values())), (count, 1), "lines, each once")
    bench.equal(listener.summary["records"]["written"], count, "written")
    bench.check(peak - before < 24 * bench.mebibyte, f"memory grew by {(peak - before) / MEBIBYTE:.0f} MiB of the {left.nbytes}")


# --- many -------------------------------------------------------------------------------------------------------------

def wave(listener, first, mode):
    """MANY connections at a time, each with a header and three lines in pieces; one in ten ends badly. Returns what must come out,
    and how many lines are cut."""
    made = [listener.connect(f"127.0.0.{number % 5 + 2}") for number in range(MANY)]
    headers = [proxy_v1() if number % 2 else proxy_v2() for number in range(MANY)]
    texts = [(number, b"".join(line(first + 3 * number + i) + b"\n" for i in range(3))) for number in range(MANY)]
    contents = [counted_lines(text) if number % 4 == 0 else text for number, text in texts]
    send_all(made, [header[:10] for header in headers])
    send_all(made, [header[10:] + content[:len(content) // 2] for header, content in zip(headers, contents)])
    send_all(made, [content[len(content) // 2:-9] for content in contents])
    good, cut = [], 0
    for number, one in enumerate(made):
        lines = [(b"<6>" if number % 4 == 0 else b"") + line(first + 3 * number + i) for i in range(3)]
        ends_badly = number % 10 == 9
        good += lines[:2] if ends_badly else lines
        cut += ends_badly
    listener.await_written(mode["written"] + 2 * MANY)
    send_all([one for number, one in enumerate(made) if number % 10 != 9],
             [content[-9:] for number, content in enumerate(contents) if number % 10 != 9])
    mode["written"] += len(good)
    listener.await_written(mode["written"])
    for number, one in enumerate(made):
        if number % 10 == 9 and number % 20 == 9:
            reset(one)
        else:
            one.setblocking(True)
            one.close()
    return good, cut


def counted_lines(text):
    return b"".join(counted(b"<6>" + one) for one in text.splitlines())


def test_many(bench):
    if allow_many_files() < MANY + 200:
        bench.check(True, "the system allows too few open files")
        return
    listener = bench.listen("--connections-max", str(MANY + 10), inputs=("tcp://127.0.0.1:0?proxy=auto",))
    expected, mode, peaks = [], {"written": 0}, []
    for number in range(3):
        good, cut = wave(listener, 3 * MANY * number, mode)
        expected += good
        peaks.append(listener.memory_peak())
    listener.stop()
    # those that end badly and in order: a line that lacks its LF only is whole
    rest = listener.summary["records"]["written"] - len(expected)
    found = set(listener.originals())
    bench.equal(set(expected) - found, set(), "lines that are missing")
    bench.equal(len(found), len(listener.records), "all different")
    bench.equal(listener.summary["records"]["read"], 3 * 3 * MANY, "lines read")
    bench.equal(listener.summary["records"]["rejected"] + rest, 3 * cut, "lines that lack their end")
    bench.equal(connections(listener), {"accepted": 3 * MANY}, "connections")
    bench.check(peaks[2] - peaks[0] < 12 * bench.mebibyte, f"memory peaks {[peak // 1024 for peak in peaks]} KiB")


# --- inputs together --------------------------------------------------------------------------------------------------

def test_files_beside(bench):
    """A listener in front of files holds nobody up, with any number of workers."""
    files = [write(bench.directory / f"{name}.log", b"".join(line(number) + b"\n" for number in range(first, first + 3000)))
             for name, first in (("a", 0), ("b", 3000))]
    for workers in ("1", "2", "4"):
        listener = bench.listen("-j", workers, inputs=("tcp://127.0.0.1:0", files[0], "tcp://[::1]:0?proxy=v1", files[1]))
        listener.await_written(6000)
        listener.send(line(6000) + b"\n", index=[ip for ip, _ in listener.addresses].index("127.0.0.1"))
        listener.send(proxy_v1() + line(6001) + b"\n", index=[ip for ip, _ in listener.addresses].index("::1"))
        listener.await_written(6002)
        listener.stop()
        bench.same_lines(listener, [line(number) for number in range(6002)], f"-j {workers}")
        of_files = [record for record in listener.records if at(record, "log.file.path")]
        bench.equal([record["event"]["original"].encode() for record in of_files], [line(number) for number in range(6000)],
                    f"-j {workers}: order of files")
        v6 = [at(record, "log.source.address") for record in listener.records[-2:]]
        bench.check(any(address.startswith("[::1]:") for address in v6), f"-j {workers}: {v6}")


def test_silent_files_beside(bench):
    """More inputs that never end than there are workers: the listener has a thread all the same."""
    pipes = []
    for name in ("a", "b", "c"):
        os.mkfifo(bench.directory / name)
        pipes.append(os.open(bench.directory / name, os.O_RDWR))
    listener = bench.listen("-j", "1", inputs=(*(bench.directory / name for name in "abc"), "tcp://127.0.0.1:0"))
    listener.send(line(1) + b"\n")
    listener.await_written(1)
    listener.stop()
    for pipe in pipes:
        os.close(pipe)
    bench.same_lines(listener, [line(1)], "sent")


def test_one_worker(bench):
    listener = bench.listen("-j", "1")
    made = [listener.connect() for _ in range(20)]
    for round_number in range(10):
        for number, one in enumerate(made):
            one.sendall(line(20 * round_number + number) + b"\n")
        listener.await_written(20 * (round_number + 1))
    listener.stop()
    bench.same_lines(listener, [line(number) for number in range(200)], "one thread listens and works")


def test_order_of_a_connection(bench):
    listener = bench.listen("-j", "4")
    contents = [b"".join(line(number) + b"\n" for number in range(first, 20000, 4)) for first in range(4)]
    made = [listener.connect() for _ in range(4)]
    send_all(made, contents)
    for one in made:
        one.close()
    listener.await_written(20000)
    listener.stop()
    by_address = {}
    for record in listener.records:
        by_address.setdefault(at(record, "log.source.address"), []).append(record)
    for records in by_address.values():
        offsets = [record["log"]["offset"] for record in records]
        bench.check(offsets == sorted(offsets) and len(offsets) == 5000, "lines of a connection in their order")
    bench.same_lines(listener, [line(number) for number in range(20000)], "four busy connections")


def test_origin(bench):
    listeners = [bench.listen("--origin", "edge"), bench.listen("--schema", "flat"), bench.listen("--schema", "ss4o")]
    for listener in listeners:
        listener.send(line(1) + b"\n")
        listener.send(line(1) + b"\n")
        listener.await_written(2)
        listener.stop()
    ids = [record["event"]["id"] for record in listeners[0].records]
    bench.equal(len(set(ids)), 2, "--origin: connections still have ids of their own")
    for listener, name in zip(listeners[1:], ("log_source_address", "log.source.address")):
        bench.check(all(at(record, name) or record.get(name) for record in listener.records), f"{name} is written")


def test_limit(bench):
    listener = bench.listen("--limit", "5")
    made = listener.connect()
    made.sendall(b"".join(line(number) + b"\n" for number in range(20)))
    listener.process.wait(60)
    listener.stop()
    bench.equal((len(listener.records), listener.code), (5, 0), "records, exit code")


def test_config(bench):
    config = write(bench.directory / "c.yaml", "inputs: [{tcp: {listen: \"127.0.0.1:0\", proxy: v2}}]\nproxy_from: [127.0.0.0/8]\n")
    listener = bench.listen("-c", config, inputs=())
    wait_until(lambda: listener.said(), "it does not listen")
    listener.addresses = listener.said()
    listener.send(proxy_v2() + line(1) + b"\n")
    listener.await_written(1)
    listener.stop()
    bench.same_lines(listener, [line(1)], "inputs of a config file")


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--test", default="*", metavar="GLOB", help="only the groups of this name")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    bench_tests = [(name, function) for name, function in globals().items() if name.startswith("test_")]
    for name, function in bench_tests:
        if not fnmatch.fnmatch(name, options.test):
            continue
        with scratch() as directory, report.group(name.removeprefix("test_").replace("_", " ")):
            bench = Bench(program, report, directory)
            try:
                function(bench)
            finally:
                for listener in bench.listeners:
                    if listener.process.poll() is None:
                        listener.kill()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
