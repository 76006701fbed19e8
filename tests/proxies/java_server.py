"""Servers for tests that are Java: their jars by Maven, and one of them as a process in a folder of its own.

Threads: one.
"""
import argparse
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from servers import installed

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]


class NotInstalled(Exception):
    """The server cannot be run here; the text says what is missing."""


class Jars:
    """Those of the pom.xml in `source`, beside which jars.sha256 says what they have to be. They are kept in build/NAME, or where the environment's
    `variable` says: several trees may share them."""

    def __init__(self, source, name, variable):
        self.source, self.variable, self.folder = source, variable, ROOT / "build" / name

    def library(self, sign, program="java"):
        """The folder, once `sign` is in it."""
        folder = pathlib.Path(os.environ.get(self.variable, self.folder)) / "lib"
        if not installed(program):
            raise NotInstalled(f"there is no {program}; ./dev test installs it")
        if not any(folder.glob(sign)):
            raise NotInstalled(f"{folder} has no {sign}; ./dev test gets it")
        return folder

    def verify(self, folder):
        """Raises when a jar is not the one that jars.sha256 knows, or is none of them."""
        known = dict(reversed(line.split()) for line in (self.source / "jars.sha256").read_text().splitlines())
        found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.jar")}
        different = [name for name in sorted({*known, *found}) if known.get(name) != found.get(name)]
        if different:
            raise RuntimeError(f"not what jars.sha256 says: {', '.join(different)}")

    def install(self, folder):
        """Once for each pom.xml; the folder is for one at a time. Its stamp is written last."""
        folder.mkdir(parents=True, exist_ok=True)
        want = hashlib.sha256((self.source / "pom.xml").read_bytes() + (self.source / "jars.sha256").read_bytes()).hexdigest()
        stamp = folder / "stamp"
        with open(folder / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if stamp.exists() and stamp.read_text() == want:
                return
            shutil.rmtree(folder / "lib", ignore_errors=True)
            subprocess.run(["mvn", "--batch-mode", "--quiet", "-f", self.source / "pom.xml", "dependency:copy-dependencies",
                            "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'lib'}"], check=True)
            self.verify(folder / "lib")
            stamp.write_text(want)


class JavaServer:
    """What is started says `command` (a list) and `is_ready`. Its folder holds all that it has; the server ends with the thread that started it, whatever
    becomes of that."""

    patience_s = 120

    def __init__(self, folder, heap):
        self.folder, self.heap, self.process = pathlib.Path(folder), heap, None
        (self.folder / "tmp").mkdir(parents=True, exist_ok=True)

    def java(self, classpath, *arguments, heap=None, options=()):
        heap = heap or self.heap
        return [*JAVA, *options, f"-Xms{heap}", f"-Xmx{heap}", f"-Djava.io.tmpdir={self.folder / 'tmp'}", "-cp", classpath,
                *map(str, arguments)]

    def start(self, wait=True):
        with open(self.folder / "log", "ab") as out:
            self.log_begin = out.tell()
            # in a session of its own: Ctrl-C is for the test, which then stops the server
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command()], stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=subprocess.STDOUT, start_new_session=True)
        if wait:
            self.await_ready()
        return self

    def log(self):
        """Of the present life."""
        with open(self.folder / "log", "rb") as file:
            file.seek(self.log_begin)
            return file.read().decode(errors="replace")

    def await_ready(self):
        deadline = time.monotonic() + self.patience_s
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the server does not start ({self.process.returncode}): {self.log()[-3000:]}")
            time.sleep(0.1)

    def pause(self):
        """It hangs: connections are still taken, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """As a machine dies: nothing is written to disk any more, nobody is told. Also when it is paused."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.resume()
        try:
            self.process.wait(30)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def restart(self, wait=True):
        self.stop()
        return self.start(wait)

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()  # what it holds is thrown away


def command_line(about, jars, server, addresses):
    """install, and run; `addresses(server)` is what is printed."""
    parser = argparse.ArgumentParser(description=about)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install").add_argument("folder", nargs="?", type=pathlib.Path, default=jars.folder)
    commands.add_parser("run").add_argument("--keep", metavar="FOLDER", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "install":
        jars.install(options.folder)
        return
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="wherefrom-server-"))
    with contextlib.suppress(KeyboardInterrupt), server(folder) as one:
        print(addresses(one), flush=True)
        signal.pause()
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
