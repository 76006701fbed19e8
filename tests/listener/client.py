"""What the cases of the listener share: a program that listens, senders, and what came out of it.

Threads: one.
"""
import os
import pathlib
import re
import resource
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from black_box import alb_line, parse_lines, read_summary  # noqa: E402

PATIENCE_S = 60  # until something is taken to never happen; nothing is measured by it


def allow_many_files():
    """As many descriptors as the system lets us have; returns how many."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def line(number):
    """A log line that no other number gives."""
    return alb_line(number).encode()


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


def connect(address, source=None):
    """A connection to ("127.0.0.1", port), from an address of ours."""
    made = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
    if source is not None:
        made.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: a port for each address we connect to
        made.bind((source, 0))
    made.settimeout(PATIENCE_S)
    made.connect(address)
    return made


def reset(made):
    """Closes it with RST instead of FIN."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.close()


def is_closed(made, patience_s=PATIENCE_S):
    """Waits for the other side to close it."""
    made.settimeout(patience_s)
    try:
        return made.recv(1) == b""
    except ConnectionResetError:
        return True
    except BlockingIOError:
        return False


def counted(message):
    """RFC 6587 section 3.4.1."""
    return b"%d %s" % (len(message), message)


def proxy_v1(ip="192.0.2.1", port=5):
    return b"PROXY TCP4 %s 192.0.2.2 %d 6\r\n" % (ip.encode(), port)


def proxy_v2(ip="192.0.2.1", port=5, command=1):
    body = socket.inet_aton(ip) + socket.inet_aton("192.0.2.2") + struct.pack(">HH", port, 6)
    return b"\r\n\r\n\0\r\nQUIT\n" + struct.pack(">BBH", 0x20 | command, 0x11, len(body)) + body


class Listener:
    """`wherefrom run tcp://...` at a free port; its records go to a file, or to `stdout`."""

    def __init__(self, program, directory, *options, inputs=("tcp://127.0.0.1:0",), stdout=None):
        self.directory = directory
        self.seen_bytes = self.seen_lines = 0
        self.asked_to_end = False
        self.files = [] if stdout is not None else ["-o", directory / "out"]
        self.errors = open(directory / "stderr", "wb+")
        env = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", "")}
        self.process = program.start("run", *inputs, "--no-geo", "--keep-original", "--rejects", directory / "rejects",
                                     "--summary", directory / "summary", *self.files, *options, stdin=subprocess.DEVNULL,
                                     stdout=stdout or subprocess.DEVNULL, stderr=self.errors, env=env)
        listeners = sum(1 for name in inputs if str(name).startswith("tcp://"))
        wait_until(lambda: len(self.said()) >= listeners or self.process.poll() is not None, "it does not listen")
        self.addresses = self.said()

    def said(self):
        text = (self.directory / "stderr").read_text()
        return [(ip.strip("[]"), int(port)) for ip, port in re.findall(r"listening on (\S+):(\d+)\n", text)]

    def connect(self, source=None, index=0):
        return connect(self.addresses[index], source)

    def send(self, content, source=None, index=0):
        """A connection that sends this and ends in order."""
        with self.connect(source, index) as made:
            made.sendall(content)

    def written(self):
        """Lines of the output so far."""
        path = self.directory / "out"
        if path.exists():
            with open(path, "rb") as out:
                out.seek(self.seen_bytes)
                while more := out.read(1 << 20):
                    self.seen_bytes += len(more)
                    self.seen_lines += more.count(b"\n")
        return self.seen_lines

    def await_written(self, count):
        wait_until(lambda: self.written() >= count, f"{count} lines of output; {self.written()} are there")

    def memory_peak(self):
        """Bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def end_soon(self):
        """Sends SIGTERM, once: at a second signal it leaves at once."""
        if not self.asked_to_end and self.process.poll() is None:
            self.asked_to_end = True
            self.process.send_signal(signal.SIGTERM)

    def stop(self):
        """Ends it; fills `records`, `rejects` and `summary`, whose numbers have been found to add up."""
        self.end_soon()
        self.code = self.process.wait(PATIENCE_S)
        self.errors.close()
        self.log = (self.directory / "stderr").read_text()
        if self.code not in (0, 3) or not (self.directory / "summary").exists():  # a sanitizer has codes of its own
            raise RuntimeError(f"exit code {self.code}: {self.log[-2000:]}")
        self.records = parse_lines((self.directory / "out").read_bytes()) if self.files else []
        self.rejects = parse_lines((self.directory / "rejects").read_bytes())
        self.summary = read_summary(self.directory / "summary")
        return self

    def originals(self):
        return [record["event"]["original"].encode() for record in self.records]

    def kill(self):
        self.process.kill()
        self.process.wait()


def send_all(made, contents):
    """Sends to many connections at a time what each is to be sent: (socket, bytes) pairs; returns when the system took all."""
    with selectors.DefaultSelector() as selector:
        for one, content in zip(made, contents):
            one.setblocking(False)
            selector.register(one, selectors.EVENT_WRITE, memoryview(content))
        while selector.get_map():
            for key, _ in selector.select(PATIENCE_S):
                sent = key.fileobj.send(key.data)
                if sent == len(key.data):
                    selector.unregister(key.fileobj)
                else:
                    selector.modify(key.fileobj, selectors.EVENT_WRITE, key.data[sent:])


def reasons(listener):
    return listener.summary["rejected_by_reason"]


def connections(listener):
    """Of the summary, those that are not zero."""
    return {name: count for name, count in listener.summary["connections"].items() if count}
