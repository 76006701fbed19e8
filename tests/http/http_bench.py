"""What the cases of the HTTP client share: the driver on its string, and that no secret shows.

Threads: one.
"""
import functools
import json
import os
import select
import subprocess

PATIENCE_S = 120
SECRET = "SECRET"  # every password, key and token of these tests has this in it
USUAL = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")


class Driver:
    """`drive_http` at work. Its environment is what is given and nothing else: no proxy, no keys of whoever runs the tests."""

    def __init__(self, bench, url, environment=None, **settings):
        self.bench = bench
        words = [bench.driver, url, *(f"{name}={value}" for name, value in settings.items())]
        usual = {name: os.environ[name] for name in USUAL if name in os.environ}
        home = {"HOME": str(bench.folder / "nobody"), "AWS_EC2_METADATA_DISABLED": "true"}
        self.process = subprocess.Popen(words, env={**usual, **home, **(environment or {})}, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self.text = b""

    def answer(self):
        while b"\n" not in self.text:
            if not select.select([self.process.stdout], [], [], PATIENCE_S)[0]:
                raise TimeoutError("drive_http does not answer")
            piece = os.read(self.process.stdout.fileno(), 65536)
            if not piece:
                raise RuntimeError(f"drive_http ended with {self.process.wait()}: {self.errors()}")
            self.text += piece
        line, self.text = self.text.split(b"\n", 1)
        self.bench.shown.append(line.decode())
        return json.loads(line)

    def do(self, *words):
        """One answer."""
        self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
        return self.answer()

    def ask(self, method="GET", path="/", size=0, room=65536):
        return self.do("ask", method, path, size, room)

    def send(self, count, method, path, size, *more, how="send"):
        """As many answers."""
        return [self.do(how, count, method, path, size, *more), *(self.answer() for _ in range(count - 1))]

    def errors(self):
        text = self.process.stderr.read().decode()
        self.bench.shown.append(text)
        return text

    def end(self):
        """Exit code, stderr."""
        self.process.stdin.close()
        text = self.errors()
        return self.process.wait(PATIENCE_S), text

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.process.kill()
            self.process.wait()
            return
        code, text = self.end()
        self.bench.equal((code, text), (0, ""), "exit code and stderr of drive_http")


class Bench:
    def __init__(self, driver, report, folder):
        self.driver, self.folder = str(driver), folder
        self.check, self.equal = report.check, report.equal
        self.shown = []  # all that drivers wrote

    @functools.cached_property
    def pattern(self):
        """The bytes that every body begins with, made as drive_http makes them."""
        state, mask, lines, used = 88172645463325252, (1 << 64) - 1, [], 0
        while used < 13000000:
            state ^= state << 13 & mask
            state ^= state >> 7
            state ^= state << 17 & mask
            lines.append(b'{"number":%d,"client":"%08x"}\n' % (used, state & 0xffffffff))
            used += len(lines[-1])
        return b"".join(lines)

    def drive(self, url, environment=None, **settings):
        return Driver(self, url, environment, **settings)

    def refused(self, url, environment=None, **settings):
        """What a driver says that does not start."""
        driver = self.drive(url, environment, **settings)
        code, text = driver.end()
        self.equal(code, 2, f"exit code ({text.strip()})")
        return text.strip()

    def replied(self, answer, status, what):
        return self.equal((answer["trouble"], answer["status"], answer["reason"]), ("replied", status, ""), what)

    def trouble(self, answer, trouble, words, what):
        """`words`: one of these is in the reason."""
        self.equal((answer["trouble"], answer["status"]), (trouble, 0), what)
        return self.check(any(word in answer["reason"] for word in words), f"{what}: reason {answer['reason']!r}")
