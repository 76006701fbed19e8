#!/usr/bin/env python3
"""A real Kafka broker for tests: one process that is broker and controller, on the loopback, in a folder of its own.

    broker.py install [FOLDER]      gets the jars (pom.xml) by Maven, and looks whether they are those of jars.sha256
    broker.py run [--keep FOLDER]   a broker until Ctrl-C, for trying things out by hand

Three listeners: plain (its clients may do everything), TLS (likewise; the certificate is of a CA made for the run), and SASL/PLAIN
without TLS (its users may do what `Admin.allow` allowed, and nothing else).

Threads: one. The broker ends with the thread that started it, whatever becomes of that.
"""
import argparse
import base64
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "proxies"))
from servers import free_port, installed  # noqa: E402

PATIENCE_S = 90
LIBRARY = HERE.parent.parent / "build" / "kafka"
USERS = {"reader": "let-me-read", "stranger": "let-me-in"}  # of the SASL listener
SETTINGS = {
    "process.roles": "broker,controller", "node.id": 1, "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,SASL:SASL_PLAINTEXT",
    # a topic that is missing is missing
    "auto.create.topics.enable": "false",
    # one broker has one replica, also of what it keeps for itself
    "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1, "transaction.state.log.min.isr": 1,
    "offsets.topic.num.partitions": 1, "transaction.state.log.num.partitions": 1,
    "share.coordinator.state.topic.replication.factor": 1, "share.coordinator.state.topic.min.isr": 1,
    # nobody waits for what a test has no time for: more members, members that were killed, their transactions, our own former life
    "group.initial.rebalance.delay.ms": 0, "group.min.session.timeout.ms": 1000,
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500,
    "broker.session.timeout.ms": 2000, "broker.heartbeat.interval.ms": 300,
    # small: a test's machine has other things to do
    "num.network.threads": 2, "num.io.threads": 2, "log.cleaner.enable": "false", "log.segment.bytes": 64 << 20,
    "log.index.size.max.bytes": 1 << 20, "offsets.topic.segment.bytes": 1 << 20, "transaction.state.log.segment.bytes": 1 << 20,
    # who may do what
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users": "User:ANONYMOUS",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.sasl.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
    + " ".join(f'user_{name}="{password}"' for name, password in USERS.items()) + ";",
}
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Djava.awt.headless=true"]


class NotInstalled(Exception):
    """No broker can be run here; the text says what is missing."""


# --- the jars ---------------------------------------------------------------------------------------------------------

def library():
    """The folder of the jars. The environment may name one that several trees share."""
    folder = pathlib.Path(os.environ.get("WHEREFROM_KAFKA_LIB", LIBRARY))
    if not installed("java"):
        raise NotInstalled("there is no java; ./dev test installs it")
    if not any((folder / "lib").glob("kafka_*.jar")):
        raise NotInstalled(f"{folder}/lib has no broker; get it with {HERE.name}/broker.py install")
    return folder / "lib"


def verify(folder):
    """Raises when a jar is not the one that jars.sha256 knows, or is none of them."""
    known = dict(reversed(line.split()) for line in (HERE / "jars.sha256").read_text().splitlines())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.jar")}
    different = [name for name in sorted({*known, *found}) if known.get(name) != found.get(name)]
    if different:
        raise RuntimeError(f"not what jars.sha256 says: {', '.join(different)}")


def install(folder):
    """Once for each pom.xml; the folder is for one at a time. Its stamp is written last."""
    folder.mkdir(parents=True, exist_ok=True)
    want = hashlib.sha256((HERE / "pom.xml").read_bytes() + (HERE / "jars.sha256").read_bytes()).hexdigest()
    stamp = folder / "stamp"
    with open(folder / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == want:
            return
        shutil.rmtree(folder / "lib", ignore_errors=True)
        subprocess.run(["mvn", "--batch-mode", "--quiet", "-f", HERE / "pom.xml", "dependency:copy-dependencies",
                        "-DincludeScope=runtime", f"-DoutputDirectory={folder / 'lib'}"], check=True)
        verify(folder / "lib")
        stamp.write_text(want)


# --- certificates -----------------------------------------------------------------------------------------------------

def make_certificates(folder):
    """ca.pem, other-ca.pem (of somebody else), and broker.pem: key and certificate of 127.0.0.1."""
    folder.mkdir()

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30")
    for name in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN=test {name}")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("req", "-new", *key[:-2], "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=localhost")
    openssl("x509", "-req", "-in", "broker.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "30",
            "-extfile", "names", "-out", "broker.crt")
    (folder / "broker.pem").write_bytes((folder / "broker.key").read_bytes() + (folder / "broker.crt").read_bytes())
    return folder


# --- the broker -------------------------------------------------------------------------------------------------------

class Broker:
    """`address` (plain), `tls_address`, `sasl_address`; `certificates`: a folder with ca.pem and other-ca.pem. They stay the same
    over restarts, and so does all that was written."""

    def __init__(self, folder, heap="384m", **settings):
        """Starts nothing yet. `settings` of the broker have _ for their dots."""
        self.folder, self.heap, self.process = pathlib.Path(folder), heap, None
        self.jars = library()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tmp").mkdir(exist_ok=True)
        self.certificates = make_certificates(self.folder / "certificates")
        ports = {name: free_port() for name in ("PLAINTEXT", "CONTROLLER", "TLS", "SASL")}
        self.address, self.tls_address, self.sasl_address = (f"127.0.0.1:{ports[name]}" for name in ("PLAINTEXT", "TLS", "SASL"))
        listeners = [f"{name}://127.0.0.1:{port}" for name, port in ports.items()]
        every = {
            **SETTINGS, "log.dirs": self.folder / "data", "listeners": ",".join(listeners),
            "advertised.listeners": ",".join(one for one in listeners if not one.startswith("CONTROLLER")),
            "controller.quorum.voters": f"1@127.0.0.1:{ports['CONTROLLER']}",
            "listener.name.tls.ssl.keystore.type": "PEM",
            "listener.name.tls.ssl.keystore.location": self.certificates / "broker.pem",
            **{name.replace("_", "."): value for name, value in settings.items()},
        }
        (self.folder / "server.properties").write_text("".join(f"{name}={value}\n" for name, value in every.items()))

    def _java(self, *arguments, heap):
        return [*JAVA, f"-Xms{heap}", f"-Xmx{heap}", "-XX:MaxDirectMemorySize=128m", f"-Djava.io.tmpdir={self.folder / 'tmp'}",
                f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}", "-cp", f"{self.jars}/*", *map(str, arguments)]

    def _format(self):
        identity = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A", 1)
        done = subprocess.run(self._java("kafka.tools.StorageTool", "format", "-t", identity, "-c",
                                         self.folder / "server.properties", heap="128m"),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the broker's storage could not be made: {done.stdout.decode(errors='replace')[-2000:]}")

    def start(self, wait=True):
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        log = self.folder / "broker.log"
        with open(log, "ab") as out:
            self.log_begin = out.tell()
            # in a session of its own: Ctrl-C is for the test, which then stops the broker
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *self._java("kafka.Kafka", self.folder / "server.properties", heap=self.heap)],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        if wait:
            self.await_ready()
        return self

    def log(self):
        """Of the present life."""
        with open(self.folder / "broker.log", "rb") as file:
            file.seek(self.log_begin)
            return file.read().decode(errors="replace")

    def await_ready(self):
        """Until it says so itself."""
        deadline = time.monotonic() + PATIENCE_S
        while "Kafka Server started" not in self.log():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the broker does not start ({self.process.returncode}): {self.log()[-3000:]}")
            time.sleep(0.1)

    def kill(self):
        """As a machine dies: nothing is written to disk any more, nobody is told."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
            self.process = None
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self):
        return self.start() if self.process is None else self

    def __exit__(self, *_):
        if self.process is not None:
            self.kill()  # what it wrote is thrown away


def main():
    parser = argparse.ArgumentParser(description="The broker of the tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install").add_argument("folder", nargs="?", type=pathlib.Path, default=LIBRARY)
    commands.add_parser("run").add_argument("--keep", metavar="FOLDER", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "install":
        install(options.folder)
        return
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="wherefrom-broker-"))
    with contextlib.suppress(KeyboardInterrupt), Broker(folder) as broker:
        print(f"plain {broker.address}\ntls {broker.tls_address} {broker.certificates}/ca.pem\nsasl {broker.sasl_address}", flush=True)
        signal.pause()
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
