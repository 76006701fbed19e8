"""SIGHUP: new chains for a run that goes on.

Threads: one, beside the program.
"""
import os
import signal
import subprocess
import time

from black_box import at, parse_lines

LINE = '10.0.3.7 - - [01/Dec/2025:00:00:01 +0000] "GET /%d HTTP/1.1" 200 1 "-" "x" "198.51.100.1, 23.45.67.89"\n'
APPENDS = "chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: append}]\n"


class Live:
    """A run that reads a pipe; one line in, one record out."""

    def __init__(self, bench, *options):
        self.bench, self.lines = bench, 0
        self.pipe, self.out, self.messages = (bench.directory / name for name in ("pipe", "out", "messages"))
        os.mkfifo(self.pipe)
        bench.write("config.yaml", APPENDS)
        self.errors = open(self.messages, "wb")
        self.process = subprocess.Popen([bench.program.path, "run", self.pipe, "-c", "config.yaml", "--chain", "web", *(options or ("--no-geo",)), "-o", self.out],
                                        cwd=bench.directory, stderr=self.errors)
        self.input = open(self.pipe, "w", encoding="utf-8")

    def wait(self, what, ready):
        until = time.monotonic() + 30
        while not ready():
            self.bench.check(self.process.poll() is None, f"{what}: the run has ended: {self.messages.read_bytes()[-300:]}")
            if self.process.poll() is not None or time.monotonic() > until:
                return self.bench.check(False, f"{what}: nothing came")
            time.sleep(0.02)

    def record(self):
        self.input.write(LINE % self.lines)
        self.input.flush()
        self.lines += 1
        self.wait("a record", lambda: self.out.exists() and self.out.read_bytes().count(b"\n") == self.lines)
        return parse_lines(self.out.read_bytes())[-1]

    def reload(self, config, answer):
        self.bench.write("config.yaml", config)
        before = self.messages.read_bytes().count(answer)
        self.process.send_signal(signal.SIGHUP)
        self.wait(f"{answer}", lambda: self.messages.read_bytes().count(answer) == before + 1)

    def end(self):
        self.input.close()
        code = self.process.wait(30)
        self.errors.close()
        return code


def test_reload(bench):
    live = Live(bench)
    bench.equal(at(live.record(), "client.ip"), "23.45.67.89", "the first chain")
    live.reload("chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: remove}]\n", b"new chains are in force")
    record = live.record()
    bench.equal((at(record, "hop.verdict"), record.get("client")), ("xff-removed", None), "the second chain")
    for broken, message in (("chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: apend}]\n", b"unknown carrier"),
                            ("chains: {other: alb}\n", b"web"), ("chains: [\n", b"config"),
                            (APPENDS.replace("carrier: append", "carrier: append, secret: {header: X-Key}"), b"other headers")):
        live.reload(broken, b"the chains of before stay in force")
        bench.check(message in live.messages.read_bytes(), f"{message} is not among the messages: {live.messages.read_bytes()[-400:]}")
        bench.equal(at(live.record(), "hop.verdict"), "xff-removed", f"after a broken config: {message}")
    for turn in range(20):
        live.reload(APPENDS, b"new chains are in force")
        bench.equal(at(live.record(), "client.ip"), "23.45.67.89", f"the first chain again, turn {turn}")
    bench.equal(live.end(), 0, "exit code")
    bench.equal(len({record["event"]["id"] for record in parse_lines(live.out.read_bytes())}), live.lines, "records, each once")


def test_chain_of_an_input(bench):
    bench.write("a.log", LINE % 1)
    bench.write("b.log", LINE % 2)
    bench.write("config.yaml", APPENDS + "inputs: [{path: a.log, chain: web}, b.log]\nselect: [{chain: direct}]\n")
    said = [(at(record, "url.path"), at(record, "client.ip")) for record in parse_lines(bench.run("run", "-c", "config.yaml", "--no-geo").out)]
    bench.equal(said, [("/1", "23.45.67.89"), ("/2", "10.0.3.7")], "each input by its own")
    said = [at(record, "client.ip") for record in parse_lines(bench.run("run", "a.log", "-c", "config.yaml", "--no-geo").out)]
    bench.equal(said, ["10.0.3.7"], "inputs of the command line are not those of the file")
