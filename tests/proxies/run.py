#!/usr/bin/env python3
"""Real NGINX and HAProxy write logs of real requests, hostile ones among them; each record has to name who connected.

    run.py --wherefrom PATH

Every request comes from an address of its own (127.0.N.M, all of which are loopback) and asks for a path of its own, so that a log
line that reached the log by whatever way can be held against who sent it. NGINX writes its log in several log_formats at once;
HAProxy writes httplog, httpslog and tcplog, raw and behind syslog prefixes; then HAProxy stands in front of NGINX, with X-Forwarded-For
and with the PROXY protocol. Both run as children on ports of the loopback and are ended by pid.

Threads: one, and one that takes syslog messages.
"""
import base64
import json
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import Report, argument_parser, scratch  # noqa: E402
from servers import Server, Syslog, free_port, nginx_head, installed, request, send, wait_for  # noqa: E402

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
NGINX_FORMATS = {  # name: (log_format, what -f says; None: found without being told)
    "combined": (None, None),
    "known": (COMBINED, "pattern"),
    "forwarded": (COMBINED + ' "$http_x_forwarded_for"', None),
    "times": (COMBINED + " $request_time $upstream_response_time", None),
    "vhost": ("$host " + COMBINED, None),
    "own": ('$msec|$remote_addr|$remote_port|$status|"$request"|"$http_user_agent"|"$http_x_forwarded_for"', "pattern"),
    "iso": ('[$time_iso8601] $request_id $remote_addr:$remote_port "$request_uri" $request_method $status "$http_user_agent"', "pattern"),
}
LIE = "203.0.113.66"  # what hostile requests claim to come from


def basic(user):
    return "Authorization: Basic " + base64.b64encode(f"{user}:x".encode("latin-1")).decode()


def hostile_requests(number):
    """Each asks for /NUMBER where it can be asked for at all."""
    path = f"/{number}"
    forged = f'{LIE} - - [01/Dec/2025:00:00:01 +0000] "GET {path} HTTP/1.1" 200 1 "-" "x"'
    return [
        request(path),
        request(path, "User-Agent: curl/8.0", f"Referer: http://example.com/{LIE}"),
        request(path, f'User-Agent: x" "{LIE}" 200 "'),
        request(path, f"X-Forwarded-For: {LIE}, 10.0.0.1"),
        request(path, f'X-Forwarded-For: {LIE}" "y'),
        request(path, "X-Forwarded-For: unknown, [2001:218::1]:80", f"X-Real-IP: {LIE}"),
        request(path, basic("alice")),
        request(path, basic("a - b")),
        request(path, basic(forged)),
        request(path, basic(f"x {LIE} - - [01/Dec/2025:00:00:01 +0000]")),
        request(path, basic(f"x] {LIE}:80 [01/Dec/2025:00:00:01.000] fe be/s 0/0/0/0/0 200 1 - - ---- 1/1/1/1/0 0/0")),
        request(path, "User-Agent: \xff\xfe\x80 caf\xe9"),
        request(path + "?q=%22%20" + LIE, method="POST"),
        request(path + '"x\\', "User-Agent: back\\slash\\x22"),
        request(path, "Cookie: a={|} #22 # \"", f"User-Agent: {{{LIE}|x}} {{y}}"),
        request(path, version="HTTP/1.0"),
        request(path, host=LIE),
        request(path, host=f"{LIE}:80"),
        request(path, method="ZSDLKFJ2"),
        f"GET {path}\r\n\r\n".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)),
        b"\r\n\r\n",
        f"{LIE} - - [x]\r\n\r\n".encode(),
        request("/" + "a" * 2000 + path),
    ]


def send_all(port):
    """All requests, each from an address of its own; returns {address: (port, path)}."""
    sent = {}
    for number, data in enumerate(hostile_requests("NUMBER")):
        address = f"127.0.{port % 200 + 10}.{number + 1}"
        path = f"/{number}-{port}"
        data = data.replace(b"/NUMBER", path.encode())
        sent[address] = (send(port, address, data), path)
    return sent


def nginx_config(folder, ports):
    formats = "\n".join(f"log_format {name} '{text}';" for name, (text, _) in NGINX_FORMATS.items() if text)
    logs = "\n".join(f"access_log {folder}/{name}.log {name};" for name in NGINX_FORMATS)
    outside, temporary = nginx_head(folder)
    return f"""
{outside}
events {{ }}
http {{
  {temporary} large_client_header_buffers 4 16k;
  {formats}
  log_format proxied '$proxy_protocol_addr $proxy_protocol_port - [$time_local] "$request" $status $remote_addr';
  server {{ listen 127.0.0.1:{ports['plain']}; {logs} location / {{ return 200 "ok"; }} }}
  server {{ listen 127.0.0.1:{ports['behind']}; access_log {folder}/behind.log forwarded; location / {{ return 200 "ok"; }} }}
  server {{ listen 127.0.0.1:{ports['pp2']} proxy_protocol; access_log {folder}/pp2.log proxied; location / {{ return 200 "ok"; }} }}
}}
"""


def haproxy_config(ports, syslog):
    tags = {"rfc3164": "format rfc3164", "rfc5424": "format rfc5424", "iso": "format iso", "raw": "format raw"}
    logs = {name: f"log 127.0.0.1:{sink.port} len 4096 {tags.get(name.split('-')[-1], 'format rfc3164')} local0" for name, sink in syslog.items()}
    return f"""
global
  {logs['http-rfc3164']}
  {logs['http-rfc5424']}
  {logs['http-iso']}
  {logs['http-raw']}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend plain
  bind 127.0.0.1:{ports['http']}
  log global
  option httplog
  capture request header User-Agent len 64
  capture response header Server len 32
  default_backend nginx
frontend https
  bind 127.0.0.1:{ports['https']}
  {logs['https']}
  option httpslog
  default_backend nginx
frontend stream
  mode tcp
  bind 127.0.0.1:{ports['tcp']}
  {logs['tcp']}
  option tcplog
  default_backend stream_nginx
frontend forwarding
  bind 127.0.0.1:{ports['forwarding']}
  option forwardfor
  default_backend behind
frontend proxying
  bind 127.0.0.1:{ports['proxying']}
  default_backend pp2
backend nginx
  server n 127.0.0.1:{ports['plain']}
backend behind
  server n 127.0.0.1:{ports['behind']}
backend pp2
  server n 127.0.0.1:{ports['pp2']} send-proxy-v2
backend stream_nginx
  mode tcp
  server n 127.0.0.1:{ports['plain']}
"""


def read_log(program, report, name, text, *arguments):
    """The records of a log; every line must be accounted for. Returns them with the lines they came from."""
    run = subprocess.run([program, "run", "--quiet", "--no-geo", "--keep-original", "--summary", "/dev/stderr", "--rejects", "/dev/fd/1",
                          *arguments], input=text, capture_output=True, timeout=60, check=False)
    output = [json.loads(line) for line in run.stdout.splitlines()]
    records = [line for line in output if "reason" not in line]
    rejects = [line for line in output if "reason" in line]
    lines = [line for line in text.split(b"\n") if line]
    report.equal(len(records) + len(rejects), len(lines), f"{name}: lines accounted for")
    for reject in rejects:
        if "one way to tell who the peer is" in reject["detail"] and "-f" not in arguments:
            # a user name that makes the line fit two formats, each with another peer: it is not guessed, but with -f it is read
            report.check(LIE in reject.get("original", ""), f"{name}: rejected without a lie in it: {reject}")
            continue
        report.check(False, f"{name}: rejected, {reject['reason']}: {reject['detail']}: {reject.get('original', '?')[:300]}")
    return records


def check_clients(report, name, records, sent, namespace):
    """Each record has its sender as the client, and nobody else's word for it."""
    report.check(len(records) >= len(sent) - 4, f"{name}: {len(records)} records of {len(sent)} requests")
    for record in records:
        address = record.get("client", {}).get("ip")
        line = record["event"]["original"]
        report.check(address in sent, f"{name}: the client is {address}: {line[:300]}")
        if address not in sent:
            continue
        port, path = sent[address]
        report.check(f" {address} " in f" {line}".replace(":", " ").replace("|", " "), f"{name}: {address} is not in {line[:300]}")
        if "port" in record["client"]:
            report.equal(record["client"]["port"], port, f"{name}: port of {address}")
        other = [there for there, (_, asked) in sent.items() if there != address and f"{asked} " in line]
        report.check(not other, f"{name}: {address} did not ask for that: {line[:300]}")
        report.check(namespace in record or namespace == "", f"{name}: no {namespace}.* in {line[:200]}")
        report.check(record["event"].get("end", "") > "2026" or record["event"].get("start", "") > "2026", f"{name}: its time: {record['event']}")


def check_nginx(program, report, folder, port):
    sent = send_all(port)
    time.sleep(0.5)
    for name, (pattern, how) in NGINX_FORMATS.items():
        with report.group(f"NGINX, log_format {name}"):
            text = (folder / f"{name}.log").read_bytes()
            arguments = ["-f", f"nginx:{pattern}"] if how else []
            records = read_log(program, report, name, text, *arguments)
            if name == "vhost":  # what a client sends as host or user may look like the rest of the line: then there is no record
                records = [record for record in records if record.get("client")]
            check_clients(report, name, records, sent, "")


def check_haproxy(program, report, ports, syslog):
    sent = {name: send_all(ports[name]) for name in ("http", "https", "tcp")}
    for name, sink in syslog.items():
        lines = sink.stop()
        with report.group(f"HAProxy, {name}"):
            records = read_log(program, report, name, b"".join(line + b"\n" for line in lines))
            check_clients(report, name, records, sent[name.split("-")[0]], "haproxy")


def check_chain(program, report, folder, ports):
    with report.group("HAProxy in front of NGINX: X-Forwarded-For"):
        sent = send_all(ports["forwarding"])
        time.sleep(0.5)
        records = read_log(program, report, "behind", (folder / "behind.log").read_bytes())
        report.check(len(records) > 10, f"{len(records)} records")
        for record in records:
            report.equal(record["source"]["ip"], "127.0.0.1", "the peer is HAProxy")
            if record["http"]["response"]["status_code"] == 400:
                continue  # NGINX has not read the headers of what it refuses
            forwarded = record.get("network", {}).get("forwarded_ip", [None])
            report.check(forwarded[-1] in sent, f"the last address is {forwarded}: {record['event']['original'][:300]}")
    with report.group("HAProxy in front of NGINX: PROXY protocol"):
        sent = send_all(ports["proxying"])
        time.sleep(0.5)
        pattern = '$proxy_protocol_addr $proxy_protocol_port - [$time_local] "$request" $status $remote_addr'
        records = read_log(program, report, "pp2", (folder / "pp2.log").read_bytes(), "-f", f"nginx:{pattern}")
        report.check(len(records) > 10, f"{len(records)} records")
        for record in records:
            address = record["nginx"]["proxy_protocol_addr"]
            report.check(address in sent and record["source"]["ip"] == "127.0.0.1", f"{address}: {record['event']['original'][:200]}")


def main():
    options = argument_parser(__doc__.split("\n", maxsplit=1)[0]).parse_args()
    program = str(pathlib.Path(options.wherefrom).resolve())
    report = Report()
    missing = [name for name in ("nginx", "haproxy") if installed(name) is None]
    if missing:
        print(f"not run: {' and '.join(missing)} not installed (./dev test installs them)")
        return 77  # skipped, for ctest
    with scratch() as folder:
        folder = pathlib.Path(folder)
        names = ("plain", "behind", "pp2", "http", "https", "tcp", "forwarding", "proxying")
        ports = {name: free_port() for name in names}
        syslog = {name: Syslog() for name in ("http-rfc3164", "http-rfc5424", "http-iso", "http-raw", "https", "tcp")}
        (folder / "nginx.conf").write_text(nginx_config(folder, ports))
        (folder / "haproxy.cfg").write_text(haproxy_config(ports, syslog))
        with Server(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]), \
                Server(["/usr/sbin/haproxy", "-db", "-f", str(folder / "haproxy.cfg")]):
            try:
                for name in ("plain", "behind", "http", "https", "tcp", "forwarding", "proxying"):
                    wait_for(ports[name])
                time.sleep(0.5)
                for log in folder.glob("*.log"):
                    log.write_bytes(b"")  # what the waiting left there
                for sink in syslog.values():
                    sink.lines.clear()
                check_haproxy(program, report, ports, syslog)
                for log in folder.glob("*.log"):
                    log.write_bytes(b"")
                check_nginx(program, report, folder, ports["plain"])
                check_chain(program, report, folder, ports)
            finally:
                for sink in syslog.values():
                    sink.running = False
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
