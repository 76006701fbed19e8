"""The HTTP client against a real nginx: TLS, logins, versions of HTTP, connections that are kept.

Threads: one.
"""
import collections
import contextlib
import hashlib
import json
import subprocess
import time

from servers import free_port, nginx, nginx_head

PASSWORD = "SECRET pass:word/%"


def make_certificates(folder):
    """Two CAs; certificates for 127.0.0.1, for another name, and for a client."""
    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    for ca in ("ca", "other-ca"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", f"/CN={ca}",
                "-keyout", f"{ca}.key", "-out", f"{ca}.pem")
    for name, alternative in (("server", "IP:127.0.0.1"), ("elsewhere", "DNS:elsewhere.example"), ("client", "DNS:client.example")):
        (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", f"{name}.key",
                "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "30", "-extfile", f"{name}.ext", "-out",
                f"{name}.pem")
    openssl("ec", "-in", "client.key", "-aes256", "-passout", "pass:SECRETphrase", "-out", "locked.key")


SERVERS = {  # name: (listen's options, directives)
    "plain": ("", ""),
    "login": ("", "auth_basic all; auth_basic_user_file {folder}/users;"),
    "tls": (" ssl http2", "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;"),
    "old": (" ssl", "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;"),
    "elsewhere": (" ssl", "ssl_certificate {folder}/elsewhere.pem; ssl_certificate_key {folder}/elsewhere.key;"),
    "mutual": (" ssl http2", "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; "
                             "ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;"),
}


def configuration(folder, ports, upstream):
    outside, temporary = nginx_head(folder)
    servers = "\n".join(f"""server {{ listen 127.0.0.1:{ports[name]}{options}; {directives.format(folder=folder)}
    location / {{ proxy_pass http://127.0.0.1:{upstream}; }} }}""" for name, (options, directives) in SERVERS.items())
    return outside + f"""events {{ worker_connections 256; }}
http {{ {temporary} client_max_body_size 64m; proxy_http_version 1.1; keepalive_requests 10000;
log_format of_tests '$server_port $connection $server_protocol $request_uri $status "$http_expect" "$http_user_agent"';
access_log {folder}/access.log of_tests;
{servers} }}
"""


class Front:
    def __init__(self, folder, faults):
        self.folder, self.ports = folder, {name: free_port() for name in SERVERS}
        make_certificates(folder)
        hashed = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=PASSWORD, text=True, check=True, stdout=subprocess.PIPE).stdout
        (folder / "users").write_text(f"writer:{hashed}")
        (folder / "nginx.conf").write_text(configuration(folder, self.ports, faults.port))

    @contextlib.contextmanager
    def run(self):
        with nginx(self.folder, self.ports.values()):
            yield self

    def url(self, name):
        return f"http{'s' if 'ssl' in SERVERS[name][0] else ''}://127.0.0.1:{self.ports[name]}"

    def lines(self, name, path, count):
        """Of the access log: (connection, version, path, status, Expect, agent) of requests for `path`. nginx writes a line after it has
        answered: waits until there are so many."""
        for _ in range(400):
            rows = [line.split(" ") for line in (self.folder / "access.log").read_text().splitlines()]
            found = [tuple(row[1:]) for row in rows if row[0] == str(self.ports[name]) and row[3] == path]
            if len(found) >= count:
                break
            time.sleep(0.025)
        return found


def same_body(bench, answer, size, what):
    """What arrived is what was sent."""
    found = json.loads(answer["reply"])
    bench.equal((found["plain"], found["sha256"]), (size, hashlib.sha256(bench.pattern[:size]).hexdigest()), what)
    return found


def test_plain(bench, front, _):
    with bench.drive(front.url("plain")) as driver:
        for method, size in (("GET", 0), ("HEAD", 0), ("PUT", 100), ("POST", 1), ("POST", 65536), ("POST", 5000000), ("DELETE", 0), ("GET", 20),
                             ("PUT", 0), ("GET", 0)):
            answer = driver.ask(method, "/digest?a=b%2C%2A&c", size)
            if not bench.replied(answer, 200, f"{method} {size}") or method == "HEAD":
                continue
            found = same_body(bench, answer, size, f"{method} {size}")
            bench.equal((found["method"], found["path"]), (method, "/digest?a=b%2C%2A&c"), "what was asked for")
            bench.equal(found["headers"].get("content-type"), "application/x-ndjson" if size > 0 else None, f"{method} Content-Type")
            bench.equal(answer["sent_bytes"], size, "bytes sent")
    lines = front.lines("plain", "/digest?a=b%2C%2A&c", 10)
    bench.equal((len(lines), len({line[0] for line in lines})), (10, 1), "requests, connections")
    bench.equal({line[4:] for line in lines}, {('"-"', '"wherefrom"')}, "no Expect, and who asks")
    bench.equal({line[1] for line in lines}, {"HTTP/1.1"}, "version")


def test_gzip(bench, front, _):
    for name in ("plain", "tls"):
        with bench.drive(front.url(name), ca=front.folder / "ca.pem") as driver:
            for size in (1, 70000, 30000000, 100):  # the room grows, and is used again
                answer = driver.do("send", 1, "POST", "/digest", size, "gzip")
                bench.replied(answer, 200, f"{size} bytes")
                bench.check(answer["sent_bytes"] < size / 2 or size <= 100, f"{answer['sent_bytes']} of {size} bytes are sent")
    with bench.drive(front.url("plain")) as driver:
        answer = driver.do("ask", "POST", "/digest", 3000000, 65536)
        same_body(bench, answer, 3000000, "plain after that")


def test_many(bench, front, _):
    """As many connections as requests at a time, and no more of them however many requests."""
    for name, version in (("plain", "HTTP/1.1"), ("tls", "HTTP/2.0"), ("old", "HTTP/1.1")):
        with bench.drive(front.url(name), ca=front.folder / "ca.pem", requests=3) as driver:
            bench.replied(driver.ask("POST", "/digest?many", 2000), 200, name)  # now there is a connection that HTTP/2 could share
            for _ in range(10):
                for answer in driver.send(3, "POST", "/digest?many", 200000):
                    bench.replied(answer, 200, name)
            for answer in driver.send(20, "POST", "/digest?many", 2000, how="chain"):
                bench.replied(answer, 200, f"{name}, one after the other")
        lines = front.lines(name, "/digest?many", 51)
        bench.equal(collections.Counter(line[1] for line in lines), {version: 51}, f"{name}: version")
        bench.equal(len({line[0] for line in lines}), 3, f"{name}: connections")


def test_tls(bench, front, _):
    with bench.drive(front.url("tls"), ca=front.folder / "ca.pem") as driver:
        answer = driver.ask("POST", "/digest", 12000000)
        bench.replied(answer, 200, "HTTP/2")
        same_body(bench, answer, 12000000, "HTTP/2")
        bench.replied(driver.ask("HEAD", "/digest"), 200, "HEAD")
    for what, name, settings, words in (
            ("another CA", "tls", {"ca": front.folder / "other-ca.pem"}, ["SSL certificate problem"]),
            ("the system's CAs", "tls", {}, ["SSL certificate problem", "certificate"]),
            ("another name", "elsewhere", {"ca": front.folder / "ca.pem"}, ["no alternative certificate subject name"]),
            ("a CA file that is none", "tls", {"ca": front.folder / "users"}, ["error setting certificate", "certificate"]),
            ("a key with a passphrase", "mutual", {"ca": front.folder / "ca.pem", "certificate": front.folder / "client.pem",
                                                   "key": front.folder / "locked.key"}, ["private key"])):
        with bench.drive(front.url(name), **settings) as driver:
            bench.trouble(driver.ask("POST", "/digest", 10), "tls_failed", words, what)
    with bench.drive(f"https://127.0.0.1:{front.ports['plain']}", ca=front.folder / "ca.pem") as driver:
        bench.trouble(driver.ask("GET", "/digest"), "tls_failed", ["SSL", "TLS"], "TLS to a port without")
    missing = bench.refused(front.url("tls"), ca=front.folder / "missing.pem")
    bench.check("missing.pem" in missing and "No such file" in missing, missing)


def test_client_certificate(bench, front, _):
    own = {"certificate": front.folder / "client.pem", "key": front.folder / "client.key"}
    with bench.drive(front.url("mutual"), ca=front.folder / "ca.pem", **own) as driver:
        bench.replied(driver.ask("GET", "/digest"), 200, "with a certificate")
    with bench.drive(front.url("mutual"), ca=front.folder / "ca.pem") as driver:
        bench.replied(driver.ask("GET", "/digest"), 400, "without")
    with bench.drive(front.url("mutual"), ca=front.folder / "ca.pem", certificate=front.folder / "client.pem",
                     key=front.folder / "server.key") as driver:
        bench.trouble(driver.ask("GET", "/digest"), "tls_failed", ["private key"], "with another's key")


def test_login(bench, front, _):
    for what, login, status in (("right", {"HTTP_USER": "writer", "HTTP_PASSWORD": PASSWORD}, 200),
                                ("wrong password", {"HTTP_USER": "writer", "HTTP_PASSWORD": "SECRET but wrong"}, 401),
                                ("no password", {"HTTP_USER": "writer"}, 401), ("nobody", {}, 401)):
        with bench.drive(front.url("login"), login) as driver:
            bench.replied(driver.ask("POST", "/digest", 100000), status, what)
            bench.replied(driver.ask("GET", "/digest"), status, f"{what}, again")


def test_proxy_of_environment(bench, front, _):
    nowhere = free_port()
    for name in ("http_proxy", "all_proxy"):
        proxy = {name: f"http://who:SECRETproxy@127.0.0.1:{nowhere}"}
        with bench.drive(front.url("plain"), proxy) as driver:
            bench.trouble(driver.ask("GET", "/digest"), "not_connected", [str(nowhere)], name)
        with bench.drive(front.url("plain"), {**proxy, "no_proxy": "127.0.0.1"}) as driver:
            bench.replied(driver.ask("GET", "/digest"), 200, "no_proxy")
        with bench.drive(front.url("plain"), proxy, direct=1) as driver:
            bench.replied(driver.ask("GET", "/digest"), 200, "direct")


def test_bad_urls(bench, front, _):
    for url in ("127.0.0.1:9200", "ftp://127.0.0.1", "http://", "http://writer:SECRETinurl@127.0.0.1", "http://writer@127.0.0.1", "http://a b"):
        bench.check("URL" in bench.refused(url), f"{url} is refused")
