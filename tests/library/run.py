#!/usr/bin/env python3
"""libwherefrom as those get it who install it: header, pkg-config file, shared and static library.

    run.py --wherefrom PATH

The build that PATH is in is installed into a scratch directory. What can be seen of the libraries is wherefrom_* alone. Then
examples/backend.c is compiled as C99 and as C++11, by pkg-config's flags and nothing else, linked with either library, and asked by
real connections. A program whose own functions have the names of ours links and runs, too, and the README's example says what
the README says.

Threads: one.
"""
import contextlib
import pathlib
import re
import shutil
import socket
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import Report, argument_parser, scratch  # noqa: E402

ROOT = HERE.parent.parent
STRICT = ("-pedantic", "-Wall", "-Wextra", "-Werror", "-g")
LANGUAGES = {"C99": ("cc", "-std=c99", "-x", "c"), "C++11": ("c++", "-std=c++11", "-x", "c++")}
NGINX = "[{type: nginx, peers: [127.0.0.1], carrier: append}]"
VIEWER = """
- {type: nginx, peers: [127.0.0.1], carrier: append}
- {type: cloudfront, peers: [130.176.0.0/16], carrier: header, header: CloudFront-Viewer-Address, fmt: lastcolon, xff: append,
   secret: {header: X-Origin-Verify, sha256: 2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b}}
"""  # of "secret"
PP2 = bytes.fromhex("0d0a0d0a000d0a515549540a")
GLOBAL = bytes([81, 2, 69, 142])
VPCE = b"\xea\x00\x17\x01vpce-08d2bf15fac5001c9"


def pp2(tlvs=b"", source=GLOBAL, command=0x21):
    rest = source + bytes([10, 0, 0, 1]) + (51234).to_bytes(2, "big") + (443).to_bytes(2, "big") + tlvs
    return PP2 + bytes([command, 0x11]) + len(rest).to_bytes(2, "big") + rest


def lines(*headers):
    return "\r\n".join(("GET / HTTP/1.1", "Host: example.com", *headers, "", "")).encode("latin-1")


CASES = (  # (what, chain, bytes that are sent, what the backend says; None: it closes the connection)
    ("nobody in between", "[]", lines(), "127.0.0.1 ok port=N peer trust=3 [non-global]"),
    ("an entry", NGINX, lines("X-Forwarded-For: 81.2.69.142"), "81.2.69.142 ok port=0 xff trust=2 []"),
    ("a name in any case", NGINX, lines("x-FORWARDED-for:81.2.69.142:4711\t"), "81.2.69.142 ok port=4711 xff trust=2 []"),
    ("a forged one", NGINX, lines("X-Forwarded-For: 216.160.83.56, 81.2.69.142"),
     "81.2.69.142 spoofed-leftmost port=0 xff trust=2 [base=ok]"),
    ("two lines", NGINX, lines("X-Forwarded-For: 192.168.1.1", "X-Forwarded-For: 81.2.69.142"),
     "81.2.69.142 client-proxy port=0 xff trust=2 [base=ok]"),
    ("a folded line", NGINX, lines("X-Forwarded-For: 216.160.83.56,\r\n 2001:218::1"),
     "2001:218::1 spoofed-leftmost port=0 xff trust=2 [base=ok]"),
    ("the other list", NGINX, lines("Forwarded: for=81.2.69.142"), "nobody xff-missing port=0 none trust=0 []"),
    ("Forwarded", NGINX.replace("append", "append, header: Forwarded"),
     lines("X-Forwarded-For: 216.160.83.56", 'Forwarded: for="[2001:218::1]:4711"'),
     "2001:218::1 ok port=4711 forwarded trust=2 [quoted]"),
    ("a preset", "count:1", lines("X-Forwarded-For: 1.1.1.1, 81.2.69.142"),
     "81.2.69.142 spoofed-leftmost port=0 xff trust=2 [base=ok]"),
    ("past the hop", "[{type: alb, peers: [10.0.0.0/8], carrier: append}]", lines("X-Forwarded-For: 81.2.69.142"),
     "127.0.0.1 bypass port=N peer trust=3 [non-global,xff-ignored]"),
    ("a header with a right secret", VIEWER,
     lines("X-Forwarded-For: 81.2.69.142, 130.176.96.72", "CloudFront-Viewer-Address: 81.2.69.142:46532",
           "X-Origin-Verify: secret"),
     "81.2.69.142 ok port=46532 header trust=2 []"),
    ("and a wrong one", VIEWER,
     lines("X-Forwarded-For: 81.2.69.142, 130.176.96.72", "CloudFront-Viewer-Address: 81.2.69.142:46532",
           "X-Origin-Verify: Secret"),
     "nobody origin-unverified port=0 none trust=0 [claim]"),
    ("a PROXY header of nobody", "nlb-pp2", pp2() + lines("X-Forwarded-For: 1.1.1.1"),
     "127.0.0.1 bypass port=N peer trust=3 [non-global,xff-ignored]"),
    ("a PROXY header of a proxy", "[{type: nlb, peers: [127.0.0.1], carrier: pp}]", pp2() + lines(),
     "81.2.69.142 ok port=51234 pp2 trust=3 []"),
    ("of version 1", "[{type: clb, peers: [127.0.0.1], carrier: pp}]", b"PROXY TCP4 81.2.69.142 10.0.0.1 1234 80\r\n" + lines(),
     "81.2.69.142 ok port=1234 pp1 trust=3 []"),
    ("PrivateLink", "[{type: nlb, peers: [127.0.0.1], carrier: pp}]", pp2(VPCE, bytes([10, 5, 6, 7])) + lines(),
     "10.5.6.7 ok-privatelink port=51234 pp2 trust=3 [non-global,vpce=vpce-08d2bf15fac5001c9]"),
    ("a health check", "[{type: nlb, peers: [127.0.0.1], carrier: pp}]", pp2(command=0x20) + lines(),
     "nobody pp-local port=0 none trust=0 []"),
    ("no PROXY header", "[{type: nlb, peers: [127.0.0.1], carrier: pp}]", lines(), None),
    ("a list of 100,000 bytes is more than this backend takes", NGINX,
     lines("X-Forwarded-For: " + "9.9.9.9, " * 11111 + "81.2.69.142"), None),
    ("one of 90,000 is not", NGINX, lines("X-Forwarded-For: " + "9.9.9.9, " * 10000 + "81.2.69.142"),
     "81.2.69.142 spoofed-leftmost port=0 xff trust=2 [base=ok,xff-truncated]"),
)
MISTAKES = (  # (chain, part of what the backend says about it)
    ("", "hops: expected a list of hops"),
    ("albb", 'hops:1:1: chain: unknown preset "albb", did you mean "alb"?'),
    ("[{type: alb, peers: [10.0.0.0/33], carrier: append}]", 'hops:1:22: chain hop 1 (alb): peers: "10.0.0.0/33" is no network'),
    ("[{type: alb", "while parsing a flow mapping"),
    ("- {type: alb, peers: {file: /nowhere}, carrier: append}", "/nowhere: No such file"),
)
STRANGER = """#include <stdio.h>
#include <wherefrom.h>
int ip_parse(void);
int error_set(void);
int client_walk(void);
int ip_parse(void) { return 1; }
int error_set(void) { return 2; }
int client_walk(void) { return 4; }
int main(void) {
    struct wherefrom_request request = {0};
    struct wherefrom_client client;
    struct wherefrom_text peer = {"81.2.69.142", 11};
    struct wherefrom_chain *chain = wherefrom_chain_new("[]", NULL, 0);
    wherefrom_token_parse(peer, WHEREFROM_TOKEN_XFF, &request.peer);
    wherefrom_resolve(chain, &request, &client);
    printf("%s %s %s %d\\n", wherefrom_version(), client.verdict, client.ip_text, ip_parse() + error_set() + client_walk());
    wherefrom_chain_free(chain);
    return 0;
}
"""


def output(*command, **settings):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, timeout=300, **settings)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


class Installed:
    """An installed tree, and how programs are compiled against it."""

    def __init__(self, prefix, sanitizer, static):
        self.prefix, self.sanitizer, self.static = prefix, sanitizer, static
        self.folder = next(prefix.rglob("wherefrom.pc")).parent
        self.library = self.folder.parent

    def flags(self):
        options = ("--static",) if self.static else ()
        return output("pkg-config", *options, "--cflags", "--libs", "wherefrom",
                      env={"PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(self.folder)}).split()

    def compile(self, source, program, language):
        command = LANGUAGES[language] + STRICT + ((f"-fsanitize={self.sanitizer}",) if self.sanitizer else ())
        output(*command, source, "-x", "none", "-o", program, *self.flags())

    def environment(self):
        return {} if self.static else {"LD_LIBRARY_PATH": str(self.library)}


class Backend:
    """The example, running on a port of its own."""

    def __init__(self, program, environment, chain, *options):
        self.process = subprocess.Popen([program, "0", chain, *options], env=environment, stderr=subprocess.PIPE, text=True)
        self.said = self.process.stderr.readline()
        self.port = int(re.fullmatch(r"listening on port (\d+)\n", self.said)[1]) if self.said.startswith("listening") else None

    def ask(self, request, piece):
        """Its answer with our own port as N; `piece` bytes are sent at a time."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            own = connection.getsockname()[1]
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            said = b""
            with contextlib.suppress(OSError):  # it may not want the rest, but has answered
                for at in range(0, len(request), piece):
                    connection.sendall(request[at:at + piece])
                connection.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionResetError):
                while part := connection.recv(4096):
                    said += part
        body = said.partition(b"\r\n\r\n")[2].decode().strip()
        return body.replace(f"port={own} ", "port=N ") if said else None

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def check_symbols(report, installed):
    def names(*command):
        found = {line.split()[-1] for line in output(*command).splitlines() if re.search(r" [A-Z] ", line)}
        return {name for name in found if not name.startswith("__")}  # a sanitizer's

    header = (installed.prefix / "include" / "wherefrom.h").read_text()
    declared = set(re.findall(r"^WHEREFROM_API [^(]*\b(wherefrom_\w+)\(", header, re.M))
    report.check(len(declared) >= 10, f"functions of the header: {sorted(declared)}")
    report.equal(names("nm", "-D", "--defined-only", installed.library / "libwherefrom.so"), declared, "what the shared library shows")
    report.equal(names("nm", "-g", "--defined-only", installed.library / "libwherefrom.a"), declared, "what the static library shows")
    dynamic = output("readelf", "-d", installed.library / "libwherefrom.so")
    report.check("soname: [libwherefrom.so.0]" in dynamic, f"soname: {dynamic}")


def check_backend(report, program, environment):
    for what, chain, request, expected in CASES:
        proxied = "carrier: pp" in chain or chain == "nlb-pp2"
        backend = Backend(program, environment, chain, *["proxy"] * proxied)
        try:
            for piece in (len(request), 7) if len(request) < 1000 else (len(request),):
                report.equal(backend.ask(request, piece), expected, what)
            report.check(backend.process.poll() is None, f"{what}: the backend has ended: {backend.said}")
        finally:
            backend.close()
    for chain, said in MISTAKES:
        backend = Backend(program, environment, chain)
        report.check(said in backend.said, f"{chain}: expected {said}, said {backend.said}")
        report.equal(backend.process.wait(timeout=30), 2, f"{chain}: exit status")
        backend.close()


def check_readme(report, tree, directory):
    text = (ROOT / "README.md").read_text().partition("\n## In your own backend\n")[2].partition("\n## ")[0]
    code, shell = re.search(r"```c\n(.*?)```\n.*?```\n\$ cc [^\n]*\n(.*?)```", text, re.S).groups()
    (directory / "example.c").write_text(code)
    tree.compile(directory / "example.c", directory / "example", "C99")
    report.equal(output(directory / "example", env=tree.environment()), shell, "what the README's example says")


def main():
    arguments = argument_parser(__doc__.split("\n", maxsplit=1)[0]).parse_args()
    build = pathlib.Path(arguments.wherefrom).resolve().parent
    if not all(map(shutil.which, ("cmake", "pkg-config", "cc", "c++", "nm", "readelf"))):
        print("skipped: needs cmake, pkg-config, a compiler for C and C++, nm, readelf")
        return 77
    cache = (build / "CMakeCache.txt").read_text()
    sanitizer = re.search(r"^WHEREFROM_SANITIZE:\w+=(.*)$", cache, re.M)[1]
    version = re.search(r"^CMAKE_PROJECT_VERSION:\w+=(.*)$", cache, re.M)[1]
    report = Report()
    with scratch() as directory:
        shared, static = directory / "shared", directory / "static"
        output("cmake", "--install", build, "--prefix", shared)
        shutil.copytree(shared, static, symlinks=True)  # an installed tree may be moved
        for library in static.rglob("libwherefrom.so*"):
            library.unlink()
        trees = {"shared": Installed(shared, sanitizer, False), "static": Installed(static, sanitizer, True)}
        with report.group("what the libraries show"):
            check_symbols(report, trees["shared"])
        with report.group("the README's example"):
            check_readme(report, trees["shared"], directory)
        (directory / "stranger.c").write_text(STRANGER)
        for name, tree in trees.items():
            with report.group(f"a program with names like ours, {name}"):
                tree.compile(directory / "stranger.c", directory / "stranger", "C99")
                report.equal(output(directory / "stranger", env=tree.environment()), f"{version} ok 81.2.69.142 7\n", "its output")
            for language in LANGUAGES:
                with report.group(f"examples/backend.c, {language}, {name}"):
                    program = directory / f"backend-{name}"
                    tree.compile(ROOT / "examples" / "backend.c", program, language)
                    check_backend(report, program, tree.environment())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
