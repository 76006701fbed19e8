#!/usr/bin/env python3
"""--metrics: what a run shows while it goes on, and that nobody who asks for it disturbs the run.

Runs are held open by an input that goes on, so that everything else has settled when the pages are fetched. Pages are read by a parser of
their own, held to the rules of the format, and looked at by promtool.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Threads: one; hostile clients have some beside it.
"""
import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
import black_box  # noqa: E402
from black_box import alb_line, alb_lines, argument_parser, run_groups, wait_until_signals_wait, write  # noqa: E402
from metrics_page import Page  # noqa: E402
from route_cases import RESIDENCY, config, lines  # noqa: E402
from started_run import PATIENCE_S, wait_until  # noqa: E402

DATABASES = HERE.parent / "databases"
FORMATS = ("alb", "clb", "nginx", "cloudfront", "vpc_flow")
HOSTILE_S = 20  # how long slow clients go on; longer than a connection may live
CONNECTIONS = 64  # more than are taken at a time
LISTENS = r"listening on 127\.0\.0\.1:(\d+)"
BAD_ADDRESSES = ("x", "", ":9464", "localhost:9464", "127.0.0.1", "127.0.0.1:65536", "::1:9464", "999999", "127.0.0.1:9464/metrics")


def get(at, path="/metrics", method="GET"):
    """Status, headers and body of an answer."""
    host, port = at.rsplit(":", 1)
    connection = http.client.HTTPConnection(host.strip("[]"), int(port), timeout=PATIENCE_S)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


class Watched:
    """A run that can be looked at: `inputs` and what goes on, a pipe on stdin unless told otherwise."""

    def __init__(self, bench, *arguments, inputs=("-",), metrics="0"):
        self.bench = bench
        self.errors = open(bench.directory / "stderr", "wb")
        self.process = bench.program.start("run", *inputs, "--metrics", metrics, "--summary", "summary.json", *arguments,
                                           cwd=bench.directory, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self.errors)
        self.at = self.said(r"metrics: http://(\S+)/metrics, /healthz, /readyz")

    def said(self, pattern):
        def found():
            if self.process.poll() is not None:
                raise RuntimeError(f"it ended: {self.bench.read('stderr')[-800:]}")
            return re.search(pattern, self.bench.read("stderr").decode())
        wait_until(found, lambda: f"{pattern}: {self.bench.read('stderr')[-800:]}")
        return found()[1]

    def give(self, content):
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def page(self):
        status, headers, text = get(self.at)
        self.bench.equal((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"), "the head of a page")
        return Page(text)

    def await_page(self, ready, what):
        pages = []

        def fetched():
            pages.append(self.page())
            return ready(pages[-1])
        wait_until(fetched, lambda: f"{what}: {pages[-1].text[:1500]}")
        return pages

    def await_lines(self, count):
        """Until so many lines have settled; all pages that were seen."""
        return self.await_page(lambda page: page.sum("records_total") >= count and page.value("oldest_unsettled_seconds") == 0, f"{count} lines")

    def answer(self, path):
        status, _, text = get(self.at, path)
        return status, text

    def end(self, codes=(0, 3), stop=False):
        """The summary of a run whose inputs end, or that gets SIGTERM."""
        if stop:
            wait_until_signals_wait(self.process)
            self.process.send_signal(signal.SIGTERM)
        self.process.stdin.close()
        code = self.process.wait(PATIENCE_S)
        self.bench.check(code in codes, f"exit code {code}: {self.bench.read('stderr')[-800:]}")
        return json.loads(self.bench.read("summary.json"))

    def kill(self):
        self.process.kill()
        self.process.wait()


class Bench(black_box.Bench):
    def promtool(self, page):
        done = subprocess.run(["promtool", "check", "metrics"], input=page.text.encode(), capture_output=True, check=False, timeout=PATIENCE_S)
        self.equal((done.returncode, done.stdout + done.stderr), (0, b""), "what promtool says")

    def write(self, name, content):
        return write(self.directory / name, content)

    def same_as_summary(self, page, summary):
        """Every number that both have."""
        by_outcome = page.by("records_total", "outcome")
        records = summary["records"]
        self.equal({name: by_outcome.get(name, 0) for name in ("written", "duplicate", "rejected", "skipped")},
                   {"written": records["written"], "duplicate": records["duplicates"], "rejected": records["rejected"],
                    "skipped": records["skipped"]}, "lines by outcome")
        self.equal(page.sum("records_total"), records["read"], "lines")
        self.equal(page.sum("read_bytes_total"), summary["bytes"]["read"], "bytes read")
        self.equal(page.sum("output_written_bytes_total"), summary["bytes"]["written"], "bytes written")
        for metric, label, member in (("rejects_total", "reason", summary["rejected_by_reason"]), ("skips_total", "reason", summary["skipped_by_reason"]),
                                      ("verdicts_total", "verdict", summary["verdicts"]),
                                      ("residency_verdicts_total", "verdict", summary.get("residency", {}).get("verdicts", {})),
                                      ("residency_reasons_total", "reason", summary.get("residency", {}).get("reasons", {}))):
            self.equal({name: count for name, count in page.by(metric, label).items() if count}, member, metric)
        self.equal(page.value("evidence_unused_records_total"), summary["evidence_unused"], "evidence that is unused")
        self.equal(page.by("database_build_timestamp_seconds", "path"), {one["path"]: one["build_epoch"] for one in summary["databases"]}, "databases")
        self.equal(page.by("reloads_total", "outcome"), summary["reloads"], "reloads")
        if "rollups" in summary:
            self.equal((page.value("rollup_late_records_total"), page.value("rollup_ahead_records_total")),
                       (summary["rollups"]["late"], summary["rollups"]["ahead"]), "roll-ups")


def add_logs(bench):
    """A folder with lines of several formats, some of which are none; how many lines they are."""
    folder = bench.directory / "logs"
    folder.mkdir()
    for seed, name in enumerate(FORMATS):
        bench.log(f"logs/{name}.log", name, "--lines", "900", "--seed", str(seed))
    bench.write("logs/odd.log", b"no record at all\n\n" + alb_line(1).encode() + b" and more\n" + alb_lines(5) + alb_line(9)[:80].encode())
    return sum(len(path.read_bytes().splitlines()) for path in folder.iterdir())


def test_files_stdin_and_connections(bench):
    bench.write("policy.yaml", RESIDENCY)
    count = add_logs(bench)
    watched = Watched(bench, "-c", "policy.yaml", "-o", "out.ndjson", "--rejects", "rejects.ndjson",
                      inputs=("logs", "-", "tcp://127.0.0.1:0"))
    try:
        port = int(watched.said(LISTENS))
        watched.give(alb_lines(700) + b"nothing\n")
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(alb_lines(300, first=5000) + b"nothing either\n")
            pages = watched.await_lines(count + 701 + 301)
        page = pages[-1]
        bench.promtool(page)
        bench.equal(page.by("records_total", "source"), {"file": count, "stdin": 701, "tcp": 301}, "lines by source")
        bench.equal(set(page.by("records_total", "format")), {"alb_access", "clb_access", "nginx", "cloudfront", "vpc_flow", "unknown"}, "formats")
        bench.equal(page.sum("records_total", source="tcp", format="alb_access", outcome="written"), 300, "records by a connection")
        bench.equal(page.sum("records_total", source="stdin", outcome="rejected"), 1, "rejected of stdin")
        bench.equal(page.by("streams", "state"), {"expected": 1, "open": 1}, "streams")
        bench.equal((page.value("oldest_unsettled_seconds"), page.sum("output_pending_batches")), (0, 0), "all is settled")
        bench.equal(page.value("queue_batches", queue="idle") + page.value("batches_in_flight"), page.value("batches"), "all batches")
        latency = page.histogram("output_latency_seconds", output="main")
        bench.check(latency["count"] > 0 and latency["buckets"][-1] == latency["count"], f"latency: {latency}")
        bench.check(0 < page.value("place_misses_total") < page.value("place_lookups_total"), "places")
        bench.check(page.value("process_resident_memory_bytes") > 1 << 20 and page.value("process_cpu_seconds_total") > 0 and
                    abs(page.value("process_start_time_seconds") - time.time()) < 300, "the process")
        version = bench.program.run("version").out.split()[1].decode()
        bench.equal(page.by("build_info", "version"), {version: 1}, "version")
        for before, after in zip(pages, pages[1:]):
            bench.check(all(after.samples.get(key, -1) >= value for key, value in before.samples.items() if before.is_counter(key)), "counters go up only")
        bench.equal(watched.answer("/readyz"), (200, "ok\n"), "ready")
        summary = watched.end(stop=True)
        bench.same_as_summary(page, summary)
    finally:
        watched.kill()


def test_several_outputs(bench):
    bench.write("run.yaml", config())
    watched = Watched(bench, "-c", "run.yaml")
    try:
        watched.give(lines(4000))
        page = watched.await_lines(4000)[-1]
        summary = watched.end()
        bench.promtool(page)
        bench.same_as_summary(page, summary)
        for metric, member in (("output_records_total", "written"), ("output_written_bytes_total", "bytes"), ("output_refused_total", "refused")):
            bench.equal(page.by(metric, "output"), {one["name"]: one[member] for one in summary["outputs"]}, metric)
        bench.check(min(page.by("output_records_total", "output").values()) > 0, "every output has some")
    finally:
        watched.kill()


def test_rollups_of_connections(bench):
    watched = Watched(bench, "--no-geo", "-o", "out.ndjson", "--rollups", "rollups.ndjson", "--rollups-lateness", "60", inputs=("tcp://127.0.0.1:0",))
    try:
        port = int(watched.said(LISTENS))
        with socket.create_connection(("127.0.0.1", port)) as sender:
            sender.sendall(alb_lines(10, first=80000) + alb_lines(7))  # seven come a day late
            page = watched.await_lines(17)[-1]
        bench.equal(page.value("rollup_late_records_total"), 7, "late records")
        bench.promtool(page)
        bench.same_as_summary(page, watched.end(stop=True))
    finally:
        watched.kill()


def test_nothing_but_a_run_is_shown(bench):
    """What is not in use has no metric, and names that need it are escaped."""
    name = 'a "quoted" \\ place\nof two lines.mmdb'
    shutil.copy(DATABASES / "country.mmdb", bench.directory / name)
    watched = Watched(bench, "--geo", name, "-o", "out.ndjson")
    try:
        watched.give(alb_lines(3))
        page = watched.await_lines(3)[-1]
        bench.promtool(page)
        bench.equal(list(page.by("database_build_timestamp_seconds", "path")), [name], "the path of a database")
        bench.check(r'path="a \"quoted\" \\ place\nof two lines.mmdb"' in page.text, "a label with what has to be escaped")
        bench.equal([one for one in page.types if re.match("wherefrom_(kafka|opensearch|rollup|rate|residency)_", one)], [], "metrics of what is not in use")
        status, headers, text = get(watched.at, method="HEAD")
        bench.equal((status, text, int(headers["Content-Length"]) > 1000), (200, "", True), "HEAD")
        for method in ("POST", "PUT", "DELETE", "TRACE", "PATCH", "QUERY"):
            status, headers, _ = get(watched.at, method=method)
            bench.equal((status, headers.get("Allow")), (405, "GET, HEAD"), method)
        bench.equal([watched.answer(path)[0] for path in ("/", "/metrics/", "/metric", "/healthz?x=1", "//metrics")], [404, 404, 404, 200, 404], "paths")
        watched.end()
    finally:
        watched.kill()


def test_reloads(bench):
    shutil.copy(DATABASES / "country.mmdb", bench.directory / "geo.mmdb")
    bench.write("run.yaml", "chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: append}]\n")
    watched = Watched(bench, "-c", "run.yaml", "--chain", "web", "--geo", "geo.mmdb", "-o", "out.ndjson")
    try:
        wait_until_signals_wait(watched.process)
        before = watched.page().by("database_build_timestamp_seconds", "path")["geo.mmdb"]
        shutil.copy(pathlib.Path(bench.program.path).parent / "wherefrom-geo.mmdb", bench.directory / "new.mmdb")
        os.rename(bench.directory / "new.mmdb", bench.directory / "geo.mmdb")
        watched.process.send_signal(signal.SIGHUP)
        page = watched.await_page(lambda page: page.value("reloads_total", outcome="done") >= 1, "a reload")[-1]
        bench.check(page.by("database_build_timestamp_seconds", "path")["geo.mmdb"] != before, "the new database is shown")
        bench.write("run.yaml", "chains:\n  web: [{type: nobody}]\n")
        watched.process.send_signal(signal.SIGHUP)
        watched.await_page(lambda page: page.value("reloads_total", outcome="refused") == 1, "a reload that is refused")
        watched.give(alb_lines(3))
        page = watched.await_lines(3)[-1]
        summary = watched.end()
        bench.equal(summary["reloads"], {"done": 1, "refused": 1}, "reloads in the summary")
        bench.same_as_summary(page, summary)
    finally:
        watched.kill()


def drain(fd, until):
    """Reads a pipe away until `until()`."""
    too_late = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > too_late:
            raise TimeoutError("what is read away does not end")
        if select.select([fd], [], [], 0.1)[0]:
            os.read(fd, 1 << 20)


def stalls(bench, pipe, watched, sentence, goes_on):
    """An output that takes nothing is said, and so is that it goes on."""
    reader = os.open(bench.directory / pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        run = watched()
        wait_until(lambda: run.answer("/readyz") == (200, "ok\n"), "ready before")
        feeding = threading.Thread(target=run.give, args=(goes_on,), daemon=True)
        feeding.start()
        ages = []
        wait_until(lambda: run.answer("/readyz")[0] == 503 or ages.append(run.page().value("oldest_unsettled_seconds")), "not ready")
        later = run.page().value("oldest_unsettled_seconds")
        bench.check(later >= 5 and ages == sorted(ages), f"the oldest line gets older: {ages[-5:]} {later}")
        bench.check(re.fullmatch(sentence, run.answer("/readyz")[1]), f"who takes nothing: {run.answer('/readyz')}")
        bench.equal(run.answer("/healthz"), (200, "ok\n"), "it lives")
        stalled = run.page()
        # between two batches all is well for a moment: what is given has to be gone, too
        drain(reader, lambda: not feeding.is_alive() and run.page().value("oldest_unsettled_seconds") == 0)
        bench.equal(run.answer("/readyz"), (200, "ok\n"), "it goes on")
        run.process.stdin.close()
        drain(reader, lambda: run.process.poll() is not None)
        bench.check(run.process.returncode in (0, 3), f"exit code {run.process.returncode}")
        return stalled
    finally:
        os.close(reader)
        run.kill()


def test_an_output_that_takes_nothing(bench):
    os.mkfifo(bench.directory / "pipe")
    page = stalls(bench, "pipe", lambda: Watched(bench, "--no-geo", "-o", "pipe"),
                  r"output main: has taken nothing for \d+ s; \d+ records wait\n", alb_lines(3000))
    bench.check(page.value("output_stalled_seconds", output="main") >= 5, "stalled for")
    bench.equal((page.value("output_pending_batches", output="main"), page.value("output_pending_records", output="main") > 0), (1, True), "what waits")
    bench.check(page.value("batches_in_flight") > 0, "batches in flight")


def test_rejects_that_nobody_takes(bench):
    os.mkfifo(bench.directory / "pipe")
    page = stalls(bench, "pipe", lambda: Watched(bench, "--no-geo", "-o", "out.ndjson", "--rejects", "pipe", "--max-reject-ratio", "1"),
                  r"the file of rejects has taken nothing for \d+ s\n", b"no record\n" * 5000)
    bench.check(page.value("rejects_stalled_seconds") >= 5, "stalled for")


def test_an_input_that_is_not_open(bench):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        at = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        watched = Watched(bench, "--no-geo", "-o", "out.ndjson", inputs=("-", at))
        try:
            wait_until(lambda: b"cannot be listened" in bench.read("stderr") or b"Address already in use" in bench.read("stderr"), "the port is taken")
            bench.equal(watched.answer("/readyz"), (503, "0 of 1 streams are open\n"), "ready")
            bench.equal(watched.answer("/healthz")[0], 200, "lives")
            watched.end(codes=(1,))
        finally:
            watched.kill()


def test_addresses(bench):
    bench.write("out.ndjson", "what was there before\n")
    for text in BAD_ADDRESSES:
        result = bench.program.run("run", "-", "-o", "out.ndjson", "--metrics", text, cwd=bench.directory)
        bench.check(result.code == 2 and re.search(r"metrics: expected (PORT or ADDRESS:PORT|\[ADDRESS:\]PORT)", result.err), f"{text!r}: {result.code} {result.err}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = bench.program.run("run", "-", "-o", "out.ndjson", "--metrics", port, cwd=bench.directory)
        bench.check(result.code == 1 and f"cannot listen on 127.0.0.1:{port}; give another address" in result.err, f"{result.code} {result.err}")
    bench.equal(bench.read("out.ndjson"), b"what was there before\n", "nothing was written")
    bench.write("bad.yaml", "metrics: nowhere\n")
    result = bench.program.run("check", "-c", "bad.yaml", cwd=bench.directory)
    bench.check(result.code == 1 and b"error: metrics: expected PORT" in result.out, f"check: {result.code} {result.out}")
    for metrics, at in (("0", "127.0.0.1:"), ("127.0.0.1:0", "127.0.0.1:"), ("0.0.0.0:0", "0.0.0.0:"), ("[::1]:0", "[::1]:")):
        watched = Watched(bench, "--no-geo", "-o", "out.ndjson", metrics=metrics)
        try:
            bench.check(watched.at.startswith(at), f"{metrics}: {watched.at}")
            bench.equal(watched.answer("/healthz")[0], 200, f"{metrics}: it answers")
            watched.end()
        finally:
            watched.kill()


def test_hostile_clients(bench):
    """Slow ones, silent ones, many, long and broken requests, and answers that nobody reads: the run is the same, and whoever asks gets an answer."""
    bench.log("in.log", "alb", "--lines", "20000", "--seed", "3")
    expected = bench.program.run("run", "in.log", "--no-geo", "-o", "plain.ndjson", cwd=bench.directory)
    bench.equal(expected.code, 0, "the run to compare with")
    watched = Watched(bench, "--no-geo", "-o", "out.ndjson", inputs=("in.log", "-"))
    host, port = watched.at.split(":")
    until, ended = time.monotonic() + HOSTILE_S, Counter()

    def connect():
        return socket.create_connection((host, int(port)), timeout=PATIENCE_S)

    def slow():
        """A byte now and then, for ever: cut off after a while, all the same."""
        while time.monotonic() < until:
            try:
                with connect() as client:
                    for byte in b"GET /metrics HTTP/1.1\r\nHost: " + b"x" * 4000:
                        client.sendall(bytes([byte]))
                        time.sleep(0.2)
                        if time.monotonic() > until + HOSTILE_S:
                            ended["never"] += 1
                            return
            except OSError:
                ended["cut"] += 1

    def send(what):
        with connect() as client:
            try:
                client.sendall(what)
                return client.recv(64)
            except OSError:
                return b""

    threads = [threading.Thread(target=slow) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    try:
        pages = Counter()  # who comes in the middle of a flood may be one of those that are too many
        while time.monotonic() < until:
            try:
                pages[get(watched.at)[0]] += 1
            except (OSError, http.client.HTTPException):
                pages["lost"] += 1
            time.sleep(0.05)
        for thread in threads:
            thread.join(2 * PATIENCE_S)
        bench.check(pages[200] > max(5, 10 * (sum(pages.values()) - pages[200])), f"pages beside slow clients: {pages}")
        bench.check(ended["cut"] >= CONNECTIONS and ended["never"] == 0, f"slow clients: {ended}")
        for what, status in ((b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n", b"414"), (b"GET / HTTP/1.1\r\nX: " + b"a" * 20000 + b"\r\n\r\n", b"431"),
                             (b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % i for i in range(3000)) + b"\r\n", b"431"),
                             (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 40 + b"\r\n\r\n", b""), (b"\0" * 10000, b""), (b"GET\r\n\r\n", b"400"),
                             (b"GET /metrics HTTP/9.9\r\n\r\n", b""), (b"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", b"405")):
            answer = send(what)
            bench.check(answer == b"" or status in answer.split(b"\r\n")[0], f"{what[:30]}: {answer}")
        silent = [connect() for _ in range(CONNECTIONS)]  # say nothing, and read nothing of what they asked for
        for client in silent[::2]:
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        bench.equal(get(watched.at, "/healthz")[0], 200, "an answer beside silent clients")
        for client in silent:
            client.close()
        page = watched.await_lines(20000)[-1]
        bench.check(page.value("process_resident_memory_bytes") < 300 << 20, "memory")
        bench.same_as_summary(page, watched.end())
        bench.equal(bench.read("out.ndjson"), bench.read("plain.ndjson"), "the records")
    finally:
        until = 0
        watched.kill()


if __name__ == "__main__":
    if shutil.which("promtool") is None:
        print("there is no promtool (Debian: prometheus)")
        sys.exit(77)
    sys.exit(run_groups(argument_parser(__doc__), globals(), Bench))
