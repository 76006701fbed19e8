"""Real servers as children on the loopback, and requests to them: what the runners that start proxies share.

Threads: a Syslog has one of its own; all else belongs to whoever calls.
"""
import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import threading
import time

PATHS = os.pathsep.join(("/usr/sbin", "/usr/bin", "/sbin", "/bin"))
IPV6_FREEBIND = 78  # <linux/in6.h>: bind to an address that no interface has


def installed(name):
    """Where a Debian package put it; None when it is not installed."""
    return shutil.which(name, path=PATHS)


def nginx_head(folder):
    """Directives outside of any block, and those that every `http` block needs to keep out of the system's folders."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = " ".join(f"{kind}_temp_path {folder}/temporary-{kind};" for kind in kinds)
    return f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n", temporary


@contextlib.contextmanager
def nginx(folder, ports):
    """With the nginx.conf in that folder; waits until it listens on these ports."""
    with Server(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]) as server:
        for port in ports:
            wait_for(port)
        yield server


def request(path, *headers, method="GET", version="HTTP/1.1", host="example.com"):
    lines = [f"{method} {path} {version}", f"Host: {host}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


# Below those that the kernel gives to connections. Runners may be at work at the same time: each has its own place to start.
PORTS = itertools.cycle(range(20000, 32000))
PORTS_BEGIN = os.getpid() * 97 % 12000
next(itertools.islice(PORTS, PORTS_BEGIN, PORTS_BEGIN), None)


def free_port(address="127.0.0.1"):
    """One that nobody has, and that was not given before."""
    for port in PORTS:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((address, port))
            return port


def wait_for(port):
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.025)
    raise RuntimeError(f"nothing listens on port {port}")


def send(port, source, data, half_close=True, tls=None):
    """Sends from the address `source` to that port of the loopback, reads until the server closes; returns the source port.

    `half_close`: says that there is no more to come; not every server likes that before it has answered.
    `tls`: an SSLContext and the name of the server.
    """
    version_6 = ":" in source
    with socket.socket(socket.AF_INET6 if version_6 else socket.AF_INET) as connection:
        connection.settimeout(5)
        if version_6:
            connection.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        connection.bind((source, 0))
        connection.connect(("::1" if version_6 else "127.0.0.1", port))
        own_port = connection.getsockname()[1]
        try:
            with tls[0].wrap_socket(connection, server_hostname=tls[1]) if tls else connection as open_one:
                open_one.sendall(data)
                if half_close:
                    open_one.shutdown(socket.SHUT_WR)
                while open_one.recv(65536):
                    pass
        except OSError:
            pass  # a server may cut off what it does not like
        return own_port


class Server:
    """A child process; ended by its pid."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdout=options.get("stdout", subprocess.DEVNULL), stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=20)


class Syslog:
    """Takes datagrams as a syslog daemon would; one line each."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.2)
        self.port = self.socket.getsockname()[1]
        self.lines, self.running = [], True
        self.thread = threading.Thread(target=self.take)
        self.thread.start()

    def take(self):
        while self.running:
            try:
                self.lines.append(self.socket.recv(65536).rstrip(b"\n\0"))
            except socket.timeout:
                continue

    def stop(self, settle_seconds=0.5):
        """The lines; waits for those under way."""
        time.sleep(settle_seconds)
        self.running = False
        self.thread.join()
        self.socket.close()
        return self.lines
