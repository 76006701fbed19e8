"""SIGHUP and files that change: new chains, databases and outputs for a run that goes on.

Threads: one, beside the program; some groups have more that feed it.
"""
import gzip
import os
import pathlib
import re
import signal
import stat
import subprocess
import threading
import time
from collections import Counter

from black_box import alb_line, at, parse_lines, read_summary, wait_until_signals_wait

LINE = '10.0.3.7 - - [01/Dec/2025:00:00:01 +0000] "GET /%d HTTP/1.1" 200 1 "-" "x" "198.51.100.1, 23.45.67.89"\n'
DATABASES = pathlib.Path(__file__).resolve().parent.parent / "databases"
CHANGED, REFUSED = b"a database has changed, and the new one is in force", b"the databases of before stay in force until"
IN_FORCE, SWAPS = b"new chains and databases are in force", 30
APPENDS = "chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: append}]\n"


class Live:
    """A run that reads a pipe; one line in, one record out."""

    def __init__(self, bench, *options):
        self.bench, self.lines = bench, 0
        self.pipe, self.out, self.messages = (bench.directory / name for name in ("pipe", "out", "messages"))
        os.mkfifo(self.pipe)
        bench.write("config.yaml", APPENDS)
        self.errors = open(self.messages, "wb")
        self.process = subprocess.Popen([bench.program.path, "run", self.pipe, "-c", "config.yaml", "--chain", "web", *(("-o", self.out) if "-o" not in options else ()), *(options or ("--no-geo",))],
                                        cwd=bench.directory, stdout=subprocess.DEVNULL, stderr=self.errors)
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
    live.reload("chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: remove}]\n", b"new chains and databases are in force")
    record = live.record()
    bench.equal((at(record, "hop.verdict"), record.get("client")), ("xff-removed", None), "the second chain")
    for broken, message in (("chains:\n  web: [{type: alb, peers: [10.0.0.0/16], carrier: apend}]\n", b"unknown carrier"),
                            ("chains: {other: alb}\n", b"web"), ("chains: [\n", b"config"),
                            (APPENDS.replace("carrier: append", "carrier: append, secret: {header: X-Key}"), b"other headers")):
        live.reload(broken, b"of before stay in force")
        bench.check(message in live.messages.read_bytes(), f"{message} is not among the messages: {live.messages.read_bytes()[-400:]}")
        bench.equal(at(live.record(), "hop.verdict"), "xff-removed", f"after a broken config: {message}")
    for turn in range(20):
        live.reload(APPENDS, b"new chains and databases are in force")
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


class Located(Live):
    """The same of a client that databases put into different countries."""

    def country(self):
        self.input.write(LINE.replace("23.45.67.89", "81.2.69.142") % self.lines)
        self.input.flush()
        self.lines += 1
        self.wait("a record", lambda: self.out.exists() and self.out.read_bytes().count(b"\n") == self.lines)
        return at(parse_lines(self.out.read_bytes())[-1], "client.geo.country_iso_code")

    def replace(self, content):
        """As whoever downloads a new one does it."""
        (self.bench.directory / "new").write_bytes(content)
        (self.bench.directory / "new").rename(self.bench.directory / "geo.mmdb")

    def told(self, answer, times):
        self.wait(f"{answer}", lambda: self.messages.read_bytes().count(answer) == times)


def test_databases_are_swapped(bench):
    """A file that is replaced is used from then on; what is none leaves the database of before in force."""
    british, swedish = (DATABASES.joinpath(name).read_bytes() for name in ("country.mmdb", "elsewhere.mmdb"))
    bench.write("geo.mmdb", british)
    live = Located(bench, "--geo", "geo.mmdb")
    bench.equal(live.country(), "GB", "the first database")
    live.replace(swedish)
    live.told(CHANGED, 1)
    bench.equal(live.country(), "SE", "the second one")
    for turn, broken in enumerate((swedish[:len(swedish) // 2], b"")):
        live.bench.write("geo.mmdb", broken)  # in place
        live.told(REFUSED, turn + 1)
        bench.equal(live.country(), "SE", "the one before stays")
    (bench.directory / "geo.mmdb").unlink()
    live.reload(APPENDS, b"of before stay in force")
    bench.equal(live.country(), "SE", "without a file, likewise")
    live.replace(british)
    live.reload(APPENDS, b"new chains and databases are in force")
    bench.equal(live.country(), "GB", "at SIGHUP at once")
    bench.write("geo.mmdb", b"nothing")
    live.reload(APPENDS, b"of before stay in force")
    bench.equal(live.country(), "GB", "all or nothing")
    bench.equal(live.end(), 0, "exit code")
    text = live.messages.read_bytes()
    bench.check(b"geo.mmdb" in text and text.count(b"error") < 20, f"messages name the file, each once: {text[-600:]}")


def test_databases_are_swapped_under_load(bench):
    """Records of many workers while databases and chains come and go: each has a place and a verdict, of one of both."""
    swap_under_load(bench, bench.swaps, 60000)


class UnderLoad:
    """A run of four workers that reads as much as four pipes give it, until `end`."""

    def __init__(self, bench, lines):
        self.bench, self.lines_each, self.fed, self.done = bench, lines // 4, [], threading.Event()
        bench.write("part", "".join(alb_line(i, client=f"81.2.69.142:{1000 + i}") + "\n" for i in range(1000)))
        names = [f"pipe{i}" for i in range(4)]
        for name in names:
            os.mkfifo(bench.directory / name)
        self.errors = open(bench.directory / "messages", "wb")
        self.process = subprocess.Popen(
            [bench.program.path, "run", *names, "-c", "config.yaml", "-f", "alb_access", "--geo", "geo.mmdb", "-j", "4", "-o", "out", "--fields",
             "+client.geo.country_iso_code,+hop.verdict", "--summary", "summary"], cwd=bench.directory, stderr=self.errors)
        self.feeders = [threading.Thread(target=self.feed, args=(name,), daemon=True) for name in names]
        for feeder in self.feeders:
            feeder.start()
        wait_until_signals_wait(self.process)

    def feed(self, name):
        part, sent = self.bench.read("part"), 0
        with open(self.bench.directory / name, "wb") as pipe:
            while not self.done.is_set() or sent < self.lines_each:
                pipe.write(part)
                sent += 1000
        self.fed.append(sent)

    def hang_up(self, answer):
        """SIGHUP, and what it says to that."""
        before = self.bench.read("messages").count(answer)
        self.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while self.bench.read("messages").count(answer) == before and self.process.poll() is None and time.monotonic() < until:
            time.sleep(0.002)

    def end(self):
        self.done.set()
        for feeder in self.feeders:
            feeder.join(120)
        code = self.process.wait(120)
        self.errors.close()
        return code


def swap_under_load(bench, times, lines):
    """So many databases and as many chains; of ten databases one more is damaged, in place."""
    contents = [DATABASES.joinpath(name).read_bytes() for name in ("country.mmdb", "elsewhere.mmdb")]
    chains = [f"chains: {{web: [{{type: alb, peers: [10.0.0.0/16], carrier: append}}{more}]}}\nselect: [{{chain: web}}]\n"
              for more in ("", ", {type: cloudfront, peers: [192.0.2.0/24], carrier: append}")]
    bench.write("geo.mmdb", contents[0])
    bench.write("config.yaml", chains[0])
    load, damaged, begun = UnderLoad(bench, lines), 0, time.monotonic()
    for turn in range(1, times + 1):
        (bench.directory / "new").write_bytes(contents[turn % 2])
        (bench.directory / "new").rename(bench.directory / "geo.mmdb")
        load.hang_up(IN_FORCE)
        bench.write("config.yaml", chains[turn // 2 % 2])  # so that each goes with each database
        load.hang_up(IN_FORCE)
        if turn % 10 == 0:
            bench.write("geo.mmdb", (contents[0][:len(contents[0]) * turn // times // 2], b"no database" * 1000, b"")[damaged % 3])
            load.hang_up(b"of before stay in force")
            damaged += 1
    took = time.monotonic() - begun
    bench.equal(load.end(), 0, f"exit code ({bench.read('messages')[-500:]})")
    summary = read_summary(bench.directory / "summary")
    bench.equal(bench.read("messages").count(IN_FORCE), 2 * times, "reloads")
    done, refused = (summary["reloads"][name] for name in ("done", "refused"))
    bench.check(done >= 2 * times and refused >= damaged > 0, f"the summary counts {done} done and {refused} refused, of {2 * times} and {damaged}")
    with open(bench.directory / "out", "rb") as out:
        records = Counter(out)
    every = {b'{"client":{"geo":{"country_iso_code":"%s"}},"hop":{"verdict":"%s"}}\n' % (country, verdict): (country.decode(), verdict.decode())
             for country in (b"GB", b"SE") for verdict in (b"ok", b"bypass")}
    bench.equal(set(records), set(every), "each record has a place and a verdict, and all four come")
    bench.equal(records.total(), sum(load.fed), "records")
    countries, verdicts = Counter(), Counter()
    for text, count in records.items():
        country, verdict = every.get(text, ("none", "none"))
        countries[country] += count
        verdicts[verdict] += count
    bench.equal({row["iso_code"]: row["records"] for row in summary["top"]["country"]}, dict(countries), "the summary counts all generations")
    bench.equal({name: count for name, count in summary["verdicts"].items() if count}, dict(verdicts), "likewise of chains")
    if times > SWAPS:
        print(f"     {times} databases and {times} chains in {took:.0f} s, {damaged} damaged databases; it counts {done} done, {refused} refused; "
              f"{records.total():,} records with a place")


class Rotated(Live):
    """A run that is written to by nobody but a thread that never waits: numbered lines, each third one no record."""

    def __init__(self, bench, out, *options):
        super().__init__(bench, "--no-geo", "-f", "nginx", "--fields", "+url.path", "--rejects", "rejects", *options)
        self.out = bench.directory / out

    def feed(self, stop):
        while not stop.is_set():
            self.input.write("".join(LINE % i if i % 3 else f"odd {i}\n" for i in range(self.lines, self.lines + 200)))
            self.lines += 200


def test_files_are_reopened(bench):
    """Renamed away under load and SIGHUP: each record is in one of the files, and in none twice."""
    for out, opened in (("out", open), ("out.gz", gzip.open)):
        live = Rotated(bench, out, "--max-reject-ratio", "1", "-o", out)
        stop = threading.Event()
        feeder = threading.Thread(target=live.feed, args=(stop,), daemon=True)
        feeder.start()
        wait_until_signals_wait(live.process)
        for turn in range(8):
            names = [out] if turn % 3 == 0 else [out, "rejects"]
            for name in names:
                live.wait("a file with something in it", lambda name=name: (bench.directory / name).exists() and (bench.directory / name).stat().st_size > 0)
                os.rename(bench.directory / name, bench.directory / f"{name}.{turn}")
            live.process.send_signal(signal.SIGHUP)
            live.wait("new files", lambda names=names: all((bench.directory / name).exists() for name in names))
        stop.set()
        feeder.join(60)
        bench.equal(live.end(), 3, f"exit code: {live.messages.read_bytes()[-300:]}")
        found = Counter()
        for path in sorted(bench.directory.glob(f"{out}*")):
            bench.equal(stat.S_IMODE(path.stat().st_mode), 0o600, f"{path.name}: mode")
            with opened(path, "rb") as file:
                found.update(int(number) for number in re.findall(rb'^\{"url":\{"path":"/(\d+)"\}\}$', file.read(), re.M))
        for path in sorted(bench.directory.glob("rejects*")):
            found.update(int(number) for number in re.findall(rb'"original":"odd (\d+)"', path.read_bytes()))
        bench.equal((len(found), sum(found.values())), (live.lines, live.lines), f"{out}: lines that are somewhere, and in all")
        bench.equal(len(list(bench.directory.glob(f"{out}.?"))), 8, "files that were moved away")
        for path in (*bench.directory.glob("out*"), *bench.directory.glob("rejects*"), live.pipe):
            path.unlink()


def test_what_is_not_reopened(bench):
    """A file in its place keeps its inode, and stdout, devices and pipes stay open; where no new file can be made the old one is gone on with."""
    live = Live(bench, "--no-geo")
    live.record()
    inode = live.out.stat().st_ino
    live.reload(APPENDS, b"new chains and databases are in force")
    live.record()
    bench.equal(live.out.stat().st_ino, inode, "the file in its place")
    moved = live.out.rename(bench.directory / "moved")
    live.out.mkdir()
    live.reload(APPENDS, b"is no file any more")
    live.lines, before = 0, moved.read_bytes().count(b"\n")
    live.input.write(LINE % 7)
    live.input.flush()
    live.wait("a record in the old file", lambda: moved.read_bytes().count(b"\n") == before + 1)
    live.out.rmdir()
    bench.write("out", "before\n").chmod(0o640)
    live.reload(APPENDS, b"what follows goes to a new file")
    live.input.write(LINE % 8)
    live.input.flush()
    live.wait("a record in the new file", lambda: live.out.read_bytes().count(b"\n") == 2)
    bench.check(live.out.read_bytes().startswith(b"before\n"), "what somebody has made by then is added to")
    bench.equal(live.end(), 0, "exit code")
    for target in ("-", "/dev/null"):
        live.pipe.unlink()
        live = Live(bench, "--no-geo", "-o", target)
        wait_until_signals_wait(live.process)
        live.reload(APPENDS, b"new chains and databases are in force")
        bench.equal((live.end(), b"moved away" in live.messages.read_bytes()), (0, False), f"-o {target}")
