"""A real nginx between a run and its node: TLS, logins, certificates, and a node behind it that is gone. And requests with AWS's signature, which
AWS's own code computes anew before the node gets them.

Threads: one.
"""
import contextlib
import subprocess

from aws_cases import PYTHON, REGION, KEYS, in_environment, signature_server
from between import Between
from black_box import write
from failure_bench import Fed, await_count, await_log, check_log, check_sums, check_there, lines, opensearch, position, url
from nginx_cases import PASSWORD, make_certificates
from servers import free_port, installed, nginx, nginx_head

TLS = "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_client_certificate {folder}/ca.pem; ssl_verify_client on;"
LOGIN = "auth_basic all; auth_basic_user_file {folder}/users;"
SERVERS = {"login": ("", LOGIN), "tls": (" ssl http2", TLS + LOGIN), "tls_1": (" ssl", TLS + LOGIN), "nobody": ("", "")}


class Front:
    """nginx, in a folder of its own. `login(password)` says who gets in from now on."""

    def __init__(self, bench):
        self.folder, self.ports = bench.folder / "nginx", {name: free_port() for name in SERVERS}
        self.nobody = free_port()  # nobody listens there until a case does
        self.folder.mkdir()
        make_certificates(self.folder)
        self.login(PASSWORD)
        outside, temporary = nginx_head(self.folder)
        servers = "\n".join(f"""server {{ listen 127.0.0.1:{self.ports[name]}{options}; {directives.format(folder=self.folder)}
            location / {{ proxy_pass {f"http://127.0.0.1:{self.nobody}" if name == "nobody" else bench.node.url}; }} }}""" for name, (options, directives) in SERVERS.items())
        (self.folder / "nginx.conf").write_text(outside + f"""events {{ worker_connections 256; }}
            http {{ {temporary} access_log off; client_max_body_size 64m; proxy_http_version 1.1; proxy_connect_timeout 2s;\n{servers} }}\n""")

    def login(self, password):
        hashed = subprocess.run(["openssl", "passwd", "-apr1", "-stdin"], input=password, text=True, check=True, stdout=subprocess.PIPE).stdout
        (self.folder / "users").write_text(f"writer:{hashed}")

    def url(self, name):
        secure = "ssl" in SERVERS[name][0]
        user = "" if name == "nobody" else "writer@"
        return f"http{'s' if secure else ''}://{user}127.0.0.1:{self.ports[name]}"

    @contextlib.contextmanager
    def run(self):
        with nginx(self.folder, self.ports.values()):
            yield self


@contextlib.contextmanager
def front(bench):
    bench.folder.mkdir(exist_ok=True)
    with Front(bench).run() as one:
        yield one


def has_nginx(bench):
    """False: counts as passed, and says so."""
    return installed("nginx") is not None or not bench.check(True, print("     skipped: no nginx; ./dev test installs it"))


def own_certificate(folder):
    return opensearch(ca=folder / "ca.pem", certificate=folder / "client.pem", key=folder / "client.key")


def test_tls_and_logins(bench):
    """CA, client certificate and password, HTTP/2 and 1.1; whoever is not let in at the start ends with what to do, and nothing is written."""
    if not has_nginx(bench):
        return
    with front(bench) as nginx:
        log = write(bench.folder / "a.log", lines(range(3000)))
        environment = {"OPENSEARCH_PASSWORD": PASSWORD}
        for name in ("tls", "tls_1", "login"):
            more = own_certificate(nginx.folder) if name != "login" else []
            run = bench.start(log, *more, *opensearch(gzip="true"), output=url(bench, f"by-{name}", nginx.url(name)), env=environment).finish()
            check_there(bench, f"by-{name}", range(3000), name)
            check_sums(bench, run, name, written=3000, documents_again=0, requests_failed=0)
            bench.check(run.summary["opensearch"]["bytes_sent"] < 3000 * 500, f"{name}: compressed: {run.summary['opensearch']}")
        other_ca = opensearch(ca=nginx.folder / "other-ca.pem", certificate=nginx.folder / "client.pem", key=nginx.folder / "client.key")
        secret = "SECRET but wrong"
        for what, name, more, password, words in (
                ("wrong password", "login", [], secret, ("401", "check user and password")),
                ("another CA", "tls", other_ca, PASSWORD, ("certificate problem",)),
                ("no client certificate", "tls", opensearch(ca=nginx.folder / "ca.pem"), PASSWORD, ("400",))):
            state = bench.folder / f"state-{what}"
            run = bench.start(log, "--state", state, "--shutdown-timeout", "1", *more, output=url(bench, "not-let-in", nginx.url(name)),
                              env={"OPENSEARCH_PASSWORD": password})
            if what == "no client certificate":  # which nginx says with a page that could be anybody's
                await_log(run, *words)
                run.process.terminate()
            bench.equal(run.wait(), 1, f"{what}: exit code")
            check_log(bench, run, what, *words)
            bench.equal((run.rejects(), position(state)), ([], 0), f"{what}: rejects, position")
            bench.check(password not in run.log(), f"{what}: no password is shown")
        bench.equal(bench.node.request("GET", "/not-let-in")[0], 404, "nothing came through")


def test_login_that_changes(bench):
    """401 in the middle, until the old password is right again."""
    if not has_nginx(bench):
        return
    with front(bench) as nginx:
        fed = Fed(bench, output=url(bench, "relogin", nginx.url("login")), env={"OPENSEARCH_PASSWORD": PASSWORD})
        fed.feed(range(100))
        await_count(bench, "relogin", 100, fed.run)
        nginx.login("another")
        fed.feed(range(100, 300))
        await_log(fed.run, "401", "check user and password")
        bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
        bench.equal(bench.node.count("relogin"), 100, "documents meanwhile")
        nginx.login(PASSWORD)
        await_count(bench, "relogin", 300, fed.run)
        run = fed.stop()
    check_sums(bench, run, "relogin", written=300)
    check_there(bench, "relogin", range(300), "relogin")
    check_log(bench, run, "relogin", "401")


def test_nobody_behind_the_front(bench):
    """nginx's own page with 502 while there is nobody behind it."""
    if not has_nginx(bench):
        return
    with front(bench) as nginx:
        with Between(bench.node, nginx.nobody):
            fed = Fed(bench, output=url(bench, "front", nginx.url("nobody")))
            fed.feed(range(100))
            await_count(bench, "front", 100, fed.run)
        fed.feed(range(100, 1000))
        await_log(fed.run, "502", "_cluster/health")
        bench.check(fed.run.process.poll() is None and not fed.run.rejects(), "it goes on, without rejects")
        with Between(bench.node, nginx.nobody):
            await_count(bench, "front", 1000, fed.run)
            run = fed.stop()
    check_there(bench, "front", range(1000), "front")
    check_sums(bench, run, "front", written=1000)
    check_log(bench, run, "front", "502")


def test_signatures(bench):
    """What the sink asks, with a pipeline and a name that need escapes, is what its signature says; a signature that is not believed is trouble
    until it is."""
    if not PYTHON.exists():
        bench.check(True, print("     skipped: no build/botocore; ./dev test installs it"))
        return
    bench.node.put("/_ingest/pipeline/a%20b%2Bc", {"processors": [{"set": {"field": "piped", "value": "yes"}}]})
    log = write(bench.folder / "a.log", lines(range(3000)))
    environment = {**in_environment("ASIASESSION"), "no_proxy": "127.0.0.1"}
    for name, gzip, service in (("signed-plain", "false", "es"), ("signed-gzip", "true", "es"), ("signed-aoss", "true", "aoss")):
        with signature_server(service, bench.node.address) as server:
            run = bench.start(log, *opensearch(aws_sigv4=f"{REGION}/{service}", gzip=gzip), env=environment,
                              output=url(bench, name.replace("@", "%40"), server, pipeline="a%20b%2Bc")).finish()
        index = name.replace("@", "%40").replace("+", "%2B")
        check_there(bench, index, range(3000), name)
        bench.equal({document["piped"] for _, document in bench.node.documents(index)}, {"yes"}, f"{name}: through the pipeline")
        check_sums(bench, run, name, written=3000, documents_again=0, requests_failed=0)
        bench.check(all(secret not in run.log() for secret in KEYS["ASIASESSION"]), f"{name}: no secret is shown")
    with signature_server("es", bench.node.address) as server:
        fed = Fed(bench, *opensearch(aws_sigv4=f"{REGION}/es"), output=url(bench, "unsigned", server), env=environment)
        fed.feed(range(100))
        await_count(bench, "unsigned", 100, fed.run)
        subprocess.run([PYTHON, "-c", f"import urllib.request as u; u.build_opener(u.ProxyHandler({{}})).open('{server}/_tamper/body').read()"], check=True)
        fed.feed(range(100, 200))
        await_log(fed.run, "403")
        await_count(bench, "unsigned", 200, fed.run)
        run = fed.stop()
    check_sums(bench, run, "unsigned", written=200, requests_failed=1)
    again = run.summary["opensearch"]["documents_again"]
    bench.check(0 < again <= 100, f"{again} documents were sent again, those of one request")
    check_log(bench, run, "unsigned", "403")
