"""A server that misbehaves, by the path that is asked for; what nginx does not do when told to. And one that says what arrived.

Threads: one for each connection; lists are appended to, nothing else is shared.
"""
import contextlib
import email.utils
import gzip
import hashlib
import json
import socket
import struct
import threading
import time

ROUND = 0.02  # seconds between bytes that drip


def reply(status="200 OK", body=b"", *headers, length=None):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class Gone(Exception):
    """The client closed the connection."""


class Connection:
    def __init__(self, server, connection, number):
        self.server, self.socket, self.number = server, connection, number
        self.buffer = b""

    def more(self):
        piece = self.socket.recv(262144)
        if not piece:
            raise Gone
        self.buffer += piece

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = first.split()[:2]
        self.headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        self.server.requests.append((self.number, self.method, self.path, self.headers))

    def read_body(self):
        length = int(self.headers.get("content-length", 0))
        while len(self.buffer) < length:
            self.more()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return body

    def send(self, data):
        self.socket.sendall(data)

    def reset(self):
        """Closes so that the other side gets a RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def await_end(self):
        while True:
            self.more()
            self.buffer = b""

    def serve(self):
        """One request after the other, until somebody has enough."""
        for count in range(1 << 30):
            self.read_head()
            getattr(self, "do_" + self.path.strip("/").split("?")[0].replace("-", "_"))(count)

    # --- what is wrong --------------------------------------------------------------------------

    def do_hang(self, _):
        self.read_body()
        self.await_end()

    def do_half(self, _):
        self.read_body()
        self.send(reply(body=b"half", length=8))
        self.await_end()

    def do_drip(self, _):
        self.read_body()
        self.send(reply(length=1 << 30))
        while True:
            self.send(b".")
            time.sleep(ROUND)

    def do_cut(self, _):
        self.read_body()
        self.send(reply(body=b"half", length=8))
        raise Gone

    def do_cut_503(self, _):
        self.read_body()
        self.send(reply("503 Service Unavailable", b"half", "Retry-After: 2", length=8))
        raise Gone

    def do_nothing(self, _):
        self.read_body()
        raise Gone

    def do_reset(self, _):
        self.read_body()
        self.reset()

    def do_reset_early(self, _):
        self.reset()

    def do_garbage(self, _):
        self.read_body()
        self.send(b"\x00\x01 this is no HTTP \xff\r\n\r\n")
        raise Gone

    def do_head_endless(self, _):
        self.read_body()
        self.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.send(b"X-More: " + b"x" * 1000 + b"\r\n")

    def do_413(self, _):
        """Before the body was read; the rest is taken and thrown away, as servers do that close gently."""
        self.send(reply("413 Request Entity Too Large", b"", "Connection: close"))
        self.socket.shutdown(socket.SHUT_WR)
        self.await_end()

    def do_400_early(self, _):
        self.send(reply("400 Bad Request", b"too early"))
        self.read_body()

    def do_huge(self, _):
        self.read_body()
        self.send(reply(length=1 << 30))
        while True:
            self.send(b"x" * 65536)

    def do_endless(self, _):
        self.read_body()
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def do_redirect(self, _):
        self.read_body()
        self.send(reply("307 Temporary Redirect", b"", "Location: /digest"))

    # --- Retry-After ----------------------------------------------------------------------------

    def retry_after(self, value):
        self.read_body()
        self.send(reply("429 Too Many Requests", b"slow down", f"Retry-After: {value}"))

    def do_retry_seconds(self, _):
        self.retry_after(7)

    def do_retry_date(self, _):
        self.retry_after(email.utils.formatdate(time.time() + 120, usegmt=True))

    def do_retry_past(self, _):
        self.retry_after(email.utils.formatdate(time.time() - 120, usegmt=True))

    def do_retry_long(self, _):
        self.retry_after(99999999999999)

    def do_retry_words(self, _):
        self.retry_after("when it suits you")

    def do_retry_not(self, _):
        self.read_body()
        self.send(reply("429 Too Many Requests"))

    # --- what is right --------------------------------------------------------------------------

    def do_digest(self, _):
        """Says what arrived."""
        body = self.read_body()
        plain = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        answer = {"bytes": len(body), "plain": len(plain), "sha256": hashlib.sha256(plain).hexdigest(), "method": self.method,
                  "path": self.path, "headers": self.headers}
        self.send(reply(body=json.dumps(answer).encode() if self.method != "HEAD" else b""))

    def do_race(self, count):
        """Keeps the connection, and closes it without an answer when the next request has come."""
        self.read_body()
        if count > 0:
            raise Gone
        self.send(reply(body=b"first"))

    def do_race_reset(self, count):
        """The same before the body was read."""
        if count > 0:
            self.reset()
        self.read_body()
        self.send(reply(body=b"first"))


class FaultServer:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.connections, self.requests = [], []  # requests: (number of the connection, method, path, headers)
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self.socket.accept()[0]
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(Connection(self, connection, len(self.connections)),), daemon=True).start()

    @staticmethod
    def serve(connection):
        with contextlib.suppress(Gone, OSError), connection.socket:
            connection.serve()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (self.socket, *self.connections):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
