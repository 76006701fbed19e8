"""The PROXY protocol of real proxies: NGINX behind it, whose log has its address, and wherefrom's own listener behind it.

Threads: one.
"""
import contextlib
import json
import signal
import subprocess
import time

from black_box import at, parse_lines
from expectations import Expected, Sent, check_record, settle
from forgeries import LIE, forgeries
from pp_fronts import HOST, LINES, NGINX_PP, NGINX_REALIP, line
from servers import free_port, request, send, wait_for

SECOND_HEADER = f"PROXY TCP4 {LIE} 10.0.0.1 1 2\r\n".encode()
WAIT_SECONDS = 10


def wait_until(what, function):
    for _ in range(WAIT_SECONDS * 20):
        found = function()
        if found:
            return found
        time.sleep(0.05)
    raise RuntimeError(f"waited in vain for {what}")


def tls_of(fronts, front):
    return (fronts.tls, HOST) if front.tls else None


# --- NGINX behind it -----------------------------------------------------------------------------------------------------------------

def send_http(fronts, front, target):
    """All forgeries through a front, and one with a PROXY header of the client's own. ({path: Sent}, who sent that one)"""
    sent, plan = {}, fronts.plan
    port, tls = front.ports[target], tls_of(fronts, front)
    for number in range(len(forgeries(plan, "192.0.2.1"))):
        address = plan.client(version_6=number % 4 == 3)
        forgery = forgeries(plan, address)[number]
        path = f"/{front.name}/{target}/{forgery.name}"
        sent[path] = Sent(address, send(port, address, request(path, *forgery.headers()), half_close=False, tls=tls), forgery)
    address = plan.client()
    return sent, Sent(address, send(port, address, SECOND_HEADER + request("/second"), half_close=False, tls=tls), None)


def send_past(fronts, target):
    """The client comes straight to NGINX, with a PROXY header that it made itself."""
    sent, plan = {}, fronts.plan
    for number in range(len(forgeries(plan, "192.0.2.1"))):
        address = plan.client()
        forgery = forgeries(plan, address)[number]
        path = f"/past/{target}/{forgery.name}"
        data = SECOND_HEADER + request(path, *forgery.headers())
        sent[path] = Sent(address, send(fronts.targets[target], address, data, half_close=False), forgery)
    return sent


def as_nginx_logs(forgery):
    """(verdict, claim): a header that says - looks as one that is not there."""
    return ("ok", None) if forgery.lines == ["-"] else (forgery.verdict, forgery.claim)


def check_http(read_log, report, fronts, target, log_format):
    plan, sent, past, second = fronts.plan, {}, send_past(fronts, target), []
    for front in fronts.fronts:
        through, again = send_http(fronts, front, target)
        sent.update(through)
        second.append((front, again))
    log = fronts.folder / f"{target}.log"
    awaited = [*sent, *past] + ["/health"] * (target == "plain")  # where HAProxy looks
    wait_until(f"{target}.log", lambda: all(f" {path} ".encode() in log.read_bytes() for path in awaited))
    records = read_log(log.read_bytes(), "--chain", "balancer", "-f", f"nginx:{log_format}")
    by_path = {at(record, "url.path"): record for record in records}
    with report.group(f"NGINX behind the PROXY protocol, {target}"):
        for path, one in sent.items():
            verdict, claim = as_nginx_logs(one.forgery)
            expected = Expected(one.address, verdict, claim, provenance="pp2", port=one.port, via=plan.balancer, flags=set(one.forgery.flags))
            check_record(report, path, plan, by_path[path], settle(plan, expected))
    with report.group(f"past the balancer with a PROXY header of one's own, {target}"):
        for path, one in past.items():
            claim = as_nginx_logs(one.forgery)[1]
            expected = Expected(one.address, "bypass", claim, "bypass", port=one.port, flags=set(one.forgery.flags))
            check_record(report, path, plan, by_path[path], settle(plan, expected))
    with report.group(f"a second PROXY header, sent by the client, {target}"):
        for front, one in second:
            mine = [record for record in records if at(record, "client.ip") == one.address]
            report.check(len(mine) == 1 and mine[0]["hop"]["verdict"] == "ok" and mine[0]["client"]["port"] == one.port,
                         f"{front.name}: {one.address} once, found {mine}")
            report.equal(at(mine[0], "http.response.status_code"), 400, f"{front.name}: NGINX takes it for a request")
    checks = [record for record in records if at(record, "url.path") == "/health"]
    if target == "plain":
        with report.group("health checks to NGINX, which come from nobody (LOCAL)"):
            expected = Expected(None, "pp-missing", None, "pp-missing", provenance="none", via=plan.balancer)
            for record in checks:
                check_record(report, "/health", plan, record, expected)
    return len(sent) + len(past) + len(second)


# --- wherefrom's listener behind it --------------------------------------------------------------------------------------------------

class Listener:
    """wherefrom takes lines that do not say who their peer is."""

    def __init__(self, program, folder, name, port, accept, *options):
        self.name, self.port, self.folder = name, port, folder
        self.output, self.rejects, self.summary = (folder / f"{name}.{kind}" for kind in ("records", "rejects", "summary"))
        self.process = program.start("run", f"tcp://127.0.0.1:{port}?proxy={accept}", "-c", folder / "wherefrom.yaml", "--chain", "balancer",
                                     "-f", f"nginx:{LINES}", "-o", self.output, "--rejects", self.rejects, "--summary", self.summary,
                                     "--quiet", "--no-geo", *options, stderr=subprocess.PIPE)
        wait_for(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def stop(self):
        """({path: record}, rejects, counts of connections)"""
        self.process.send_signal(signal.SIGTERM)
        _, problems = self.process.communicate(timeout=30)
        if self.process.returncode not in (0, 3):
            raise RuntimeError(f"{self.name}: exit status {self.process.returncode}: {problems}")
        records = parse_lines(self.output.read_bytes())
        summary = json.loads(self.summary.read_bytes())
        return {at(record, "url.path"): record for record in records}, parse_lines(self.rejects.read_bytes()), summary["connections"]


def escape(text):
    """As NGINX writes a header."""
    raw = text.encode("latin-1")
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02X}" for byte in raw) or "-"


def send_lines(fronts, front):
    sent, plan = {}, fronts.plan
    for number in range(len(forgeries(plan, "192.0.2.1"))):
        address = plan.client(version_6=number % 4 == 3)
        forgery = forgeries(plan, address)[number]
        if len(forgery.lines) != 1:
            continue
        path = f"/{front.name}/lines/{forgery.name}"
        data = line(path, escape(forgery.lines[0]))
        sent[path] = Sent(address, send(front.ports["lines"], address, data, tls=tls_of(fronts, front)), forgery)
    address = plan.client()
    path = f"/{front.name}/lines/second"
    nothing = forgeries(plan, address)[0]
    sent[path] = Sent(address, send(front.ports["lines"], address, SECOND_HEADER + line(path), tls=tls_of(fronts, front)),
                      nothing)
    return sent


def check_lines(report, fronts, listener):
    plan, sent = fronts.plan, {front.name: send_lines(fronts, front) for front in fronts.fronts}
    count = sum(len(paths) for paths in sent.values())
    wait_until("all lines", lambda: listener.output.exists() and listener.output.read_bytes().count(b"\n") > count)  # and a health check
    records, rejects, connections = listener.stop()
    for front in fronts.fronts:
        with report.group(f"lines to wherefrom behind {front.name}"):
            for path, one in sent[front.name].items():
                verdict, claim = as_nginx_logs(one.forgery)
                expected = Expected(one.address, verdict, claim, provenance=f"pp{front.version}", port=one.port, via=plan.balancer,
                                    flags=set(one.forgery.flags))
                check_record(report, path, plan, records[path], settle(plan, expected))
    with report.group("lines to wherefrom: second headers are lines that are none, health checks come from nobody"):
        report.equal(len(rejects), len(fronts.fronts), "a reject for each second header")
        report.check(all(LIE in reject["original"] for reject in rejects), f"rejects: {rejects}")
        expected = Expected(None, "pp-local", None, "pp-local", provenance="none", via=plan.balancer)
        check_record(report, "/health", plan, records["/health"], expected)
        report.check(connections["accepted"] >= count, f"connections: {connections}")
    return count


# --- headers as they are -------------------------------------------------------------------------------------------------------------

def tlvs(data):
    """{type: value} of a header of version 2."""
    addresses = {0x11: 12, 0x21: 36}[data[13]]
    found, area = {}, data[16 + addresses:16 + int.from_bytes(data[14:16], "big")]
    while area:
        length = int.from_bytes(area[1:3], "big")
        found[area[0]] = area[3:3 + length]
        area = area[3 + length:]
    return found


def capture(fronts, sink):
    """What each front sends before the client's own bytes: [(front, address, port, header)]"""
    taken = []
    for front in fronts.fronts:
        for version_6 in (False, True):
            address = fronts.plan.client(version_6)
            before = len(sink.taken)
            port = send(front.ports["capture"], address, b"END\n", tls=tls_of(fronts, front))
            wait_until("the header", lambda: len(sink.taken) > before)
            taken.append((front, address, port, sink.taken[before]))
    return taken


def check_headers(report, taken):
    """So that the rest of the test is about what it says it is about."""
    with report.group("headers of real proxies have what they were told to have"):
        for front, address, port, header in taken:
            text = f"{front.name}, {address}: {header!r}"
            report.check(header.startswith(b"PROXY TCP" if front.version == 1 else b"\r\n\r\n\0\r\nQUIT\n\x21"), f"version: {text}")
            found = tlvs(header) if front.version == 2 else {}
            if "unique-id" in front.name or front.tls:
                report.equal(found.get(5), f"id-{address}-{port}".encode(), f"unique-id: {text}")
                report.equal(len(found.get(3, b"")), 4, f"crc32c: {text}")
            if front.tls:
                report.equal(found.get(2), HOST.encode(), f"authority: {text}")
                report.check(b"client.example" in found.get(0x20, b""), f"cert-cn: {text}")


def check_replay(report, fronts, taken, listeners):
    """The same bytes to listeners that take version 1, 2, either, and from nobody but the balancer."""
    plan, sent = fronts.plan, {name: {} for name in listeners}
    refused = {name: 0 for name in listeners}
    for number, (front, address, port, header) in enumerate(taken):
        for name, listener in listeners.items():
            path = f"/replay/{number}/{name}"
            send(listener.port, plan.balancer, header + line(path))
            if name in (f"v{3 - front.version}",):
                refused[name] += 1
            else:
                sent[name][path] = (front, address, port)
            damaged = bytearray(header)
            damaged[20] ^= 1  # an address of version 2
            if b"id-" in header and front.version == 2:
                send(listener.port, plan.balancer, bytes(damaged) + line(path + "/damaged"))
                refused[name] += 1
    address, header = plan.client(), taken[0][3]
    for listener in listeners.values():
        send(listener.port, address, header + line("/replay/stranger"))
    for name, listener in listeners.items():
        with report.group(f"headers of real proxies, sent again: --proxy {name}"):
            records, _, connections = listener.stop()
            for path, (front, client, port) in sent[name].items():
                expected = Expected(client, "ok", None, provenance=f"pp{front.version}", port=port, via=plan.balancer)
                check_record(report, path, plan, records[path], settle(plan, expected))
            stranger = records.get("/replay/stranger")
            allowed = name == "auto" or name == f"v{taken[0][0].version}"
            report.equal(stranger is not None, allowed, "a stranger's header")
            if stranger is not None:
                report.equal([at(stranger, "client.ip"), stranger["hop"]["verdict"]], [address, "bypass"], "a stranger with a PROXY header")
            report.equal(len(records), len(sent[name]) + allowed, "records")
            report.equal(connections["closed_bad_proxy_header"], refused[name] + (name == "v2"), "connections closed: their header")
            # the stranger, and whoever waited for the port before
            report.equal(connections["closed_not_allowed"], 2 * (name == "restricted"), "connections closed: who sent it")
    return sum(len(paths) for paths in sent.values())


def check_all(program, read_log, report, fronts, sink):
    """Returns how many requests and connections there were."""
    count = check_http(read_log, report, fronts, "plain", NGINX_PP)
    count += check_http(read_log, report, fronts, "realip", NGINX_REALIP)
    taken = capture(fronts, sink)
    check_headers(report, taken)
    with contextlib.ExitStack() as stack:
        def listen(name, port, *options):
            accept = name if name in ("v1", "v2") else "auto"
            return stack.enter_context(Listener(program, fronts.folder, name, port, accept, *options))

        count += check_lines(report, fronts, listen("lines", fronts.targets["lines"]))
        listeners = {name: listen(name, free_port()) for name in ("v1", "v2", "auto")}
        listeners["restricted"] = listen("restricted", free_port(), "--proxy-from", fronts.plan.networks["balancer"])
        return count + check_replay(report, fronts, taken, listeners)
