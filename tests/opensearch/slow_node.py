"""What wherefrom does while the node is slow or takes nothing: its memory, its CPU, and how soon it is as fast as before.

The numbers are for people to read; that memory stays as it is, is checked.

Threads: a Relay has two for each connection and one for itself; a Stutter has one.
"""
import contextlib
import os
import pathlib
import shutil
import socket
import threading
import time

from mapping_cases import put_templates
from servers import Server, free_port, nginx_head, wait_for

FULL_S, SLOW_S, AFTER_S, WINDOW_S, FULL_SHARE = 15, 30, 12, 1.5, 0.8
GROWTH_MAX = 8 << 20  # of what is resident, from full speed on
NAMES = 16


class Relay:
    """TCP between `port` and another one. `bytes_per_s`: of what is sent there, by all connections together; None: as much as comes."""

    PIECE = 32 << 10

    def __init__(self, target):
        self.target, self.bytes_per_s, self.passed = target, None, 0
        self.lock, self.ready_s = threading.Lock(), 0.0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.PIECE)  # of its connections: what is sent does not pile up here
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                one, _ = self.listener.accept()
                other = socket.create_connection(("127.0.0.1", self.target))
                for arguments in ((one, other, self.turn), (other, one, lambda size: None)):
                    threading.Thread(target=self.pump, args=arguments, daemon=True).start()

    def pump(self, source, target, wait):
        with contextlib.suppress(OSError):
            while piece := source.recv(self.PIECE if self.bytes_per_s else 8 * self.PIECE):
                wait(len(piece))
                target.sendall(piece)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def turn(self, size):
        """Waits until so many bytes may go on."""
        with self.lock:
            self.passed += size
            rate = self.bytes_per_s
            if rate:
                now = time.monotonic()
                begin, self.ready_s = max(now, self.ready_s), max(now, self.ready_s) + size / rate
        if rate:
            time.sleep(max(0.0, begin - now))

    def close(self):
        self.listener.close()


class Stutter:
    """The node runs for `share` of each second."""

    def __init__(self, node, share):
        self.node, self.share, self.stopped = node, share, threading.Event()
        self.thread = threading.Thread(target=self.go, daemon=True)
        self.thread.start()

    def go(self):
        while not self.stopped.is_set():
            self.node.pause()
            self.stopped.wait(1 - self.share)
            self.node.resume()
            time.sleep(self.share)

    def stop(self):
        self.stopped.set()
        self.thread.join()


class Watch:
    """A load that goes on for long enough, and what it takes and gives."""

    def __init__(self, bench, name, address):
        self.bench, self.name, self.figures = bench, name, {}
        put_templates(bench, "ecs", "--data-stream", name)
        bench.node.put(f"/_data_stream/{name}")
        logs = bench.folder / "logs"
        if not logs.exists():
            logs.mkdir()
            bench.generate.run("alb", "--lines", "100000", "--seed", "9", "-o", logs / "0.log")
            for number in range(1, NAMES):  # an id has the file's name in it
                os.link(logs / "0.log", logs / f"{number}.log")
        self.run = bench.start(logs, "--quiet", name=name, output=f"opensearch+http://{address}/{name}")

    def documents(self):
        return self.bench.node.get(f"/{self.name}/_stats/indexing")["_all"]["primaries"]["indexing"]["index_total"]

    def cpu_s(self):
        fields = pathlib.Path(f"/proc/{self.run.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def phase(self, what, seconds, ask=True):
        """Documents a second. `ask`: the node can answer now."""
        begun, cpu, documents, memory = time.monotonic(), self.cpu_s(), self.documents() if ask else 0, self.run.memory_max()
        time.sleep(seconds)
        took = time.monotonic() - begun
        rate = (self.documents() - documents) / took if ask else 0
        grown = self.run.memory_max() - memory
        self.figures[what] = (f"{rate:,.0f} documents/s, CPU {100 * (self.cpu_s() - cpu) / took:.1f} %, resident at most "
                              f"{self.run.memory_max() / 2**20:.1f} MiB, {grown / 2**20:+.1f}")
        return rate, grown

    def started(self):
        while self.run.process.poll() is None and self.documents() < 20000:
            time.sleep(0.1)

    def recovery(self, full):
        """Until for WINDOW_S as many documents went in as FULL_SHARE of before."""
        begun, seen = time.monotonic(), []
        while time.monotonic() < begun + AFTER_S + 20:
            seen.append((time.monotonic(), self.documents()))
            if seen[-1][1] > seen[0][1]:
                self.figures.setdefault("first documents", f"after {seen[-1][0] - begun:.1f} s")
            since = [(at, count) for at, count in seen if at <= seen[-1][0] - WINDOW_S]
            if since and (seen[-1][1] - since[-1][1]) / (seen[-1][0] - since[-1][0]) >= FULL_SHARE * full:
                self.figures["as fast as before"] = f"after {since[-1][0] - begun:.1f} s ({FULL_SHARE:.0%} of it, for {WINDOW_S} s)"
                return
            time.sleep(0.1)
        self.figures["as fast as before"] = "NOT YET"
        self.bench.check(False, f"{self.name}: it is not as fast as before")

    def through(self, begin, what, seconds=SLOW_S):
        """Full speed, then `begin()` makes it slow, and what that returns ends it."""
        self.started()
        full, _ = self.phase("full speed", FULL_S)
        end = begin()
        time.sleep(1)
        slow_rate, grown = self.phase(what, seconds)
        self.bench.check(grown <= GROWTH_MAX, f"{what}: {grown >> 20} MiB more are resident")
        end()
        self.recovery(full)
        self.phase("after that", 5)
        self.run.kill()
        return full, slow_rate


def slow(bench):
    """A tenth of the bytes that came through at full speed."""
    relay = Relay(bench.node.port)
    watch = Watch(bench, "slow", f"127.0.0.1:{relay.port}")

    def begin():
        rate = relay.passed / (time.monotonic() - begun)
        relay.bytes_per_s = rate / 10
        watch.figures["let through"] = f"{rate / 1e6:.1f} MB/s, then {rate / 1e7:.1f}"

        def end():
            relay.bytes_per_s = None
        return end

    watch.started()
    begun, relay.passed = time.monotonic(), 0
    watch.through(begin, "a tenth of the bytes")
    relay.close()
    return watch.figures


def stalled(bench):
    watch = Watch(bench, "stalled", bench.node.address)
    watch.through(lambda: Stutter(bench.node, 0.1).stop, "the node stopped nine tenths of the time")
    return watch.figures


def refusing(bench):
    figures = {}

    def blocked():
        bench.node.put("/items/_settings", {"index.blocks.read_only_allow_delete": True})
        return lambda: bench.node.put("/items/_settings", {"index.blocks.read_only_allow_delete": None})

    def broken():
        bench.node.cluster_settings(network__breaker__inflight_requests__limit="2kb")
        return lambda: bench.node.cluster_settings(network__breaker__inflight_requests__limit=None)

    for name, begin, what in (("items", blocked, "429 for each document"), ("requests", broken, "429 for each request")):
        watch = Watch(bench, name, bench.node.address)
        watch.through(begin, what)
        figures.update({f"{name}: {key}": value for key, value in watch.figures.items()})
    with Gate(bench.folder, bench.node.port, 3) as gate:
        watch = Watch(bench, "gate", f"127.0.0.1:{gate.port}")

        def closed():
            gate.close()
            return gate.open

        watch.through(closed, f"503 with Retry-After: 3")
        refused = gate.refused()
        watch.figures["503s"] = f"{len(refused)} in {refused[-1] - refused[0]:.0f} s"
        figures.update({f"gate: {key}": value for key, value in watch.figures.items()})
    return figures


class Gate(Server):
    """nginx before the node; closed, it says 503 and when to come again."""

    def __init__(self, folder, target, retry_after_s):
        self.folder, self.port = folder / "gate", free_port()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        outside, temporary = nginx_head(self.folder)
        (self.folder / "nginx.conf").write_text(outside + f"""events {{ worker_connections 256; }}
http {{ {temporary} client_max_body_size 64m; proxy_http_version 1.1; proxy_request_buffering off; keepalive_requests 100000;
log_format of_tests '$msec $status'; access_log {self.folder}/access.log of_tests;
server {{ listen 127.0.0.1:{self.port};
    location / {{
        if (-f {self.folder}/closed) {{ return 503; }}
        proxy_pass http://127.0.0.1:{target};
    }}
    error_page 503 @later;
    location @later {{ internal; add_header Retry-After {retry_after_s} always; return 503; }}
}} }}
""")
        super().__init__(["/usr/sbin/nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)])
        wait_for(self.port)

    def close(self):
        (self.folder / "closed").touch()

    def open(self):
        (self.folder / "closed").unlink()

    def answers(self):
        """(when, status) of each."""
        rows = (line.split() for line in (self.folder / "access.log").read_text().splitlines())
        return [(float(at), int(status)) for at, status in rows]

    def refused(self):
        """When it said 503."""
        return [at for at, status in self.answers() if status == 503]
