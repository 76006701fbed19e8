#!/usr/bin/env python3
"""A real Kafka broker for tests: one process that is broker and controller, on the loopback, in a folder of its own.

    broker.py install [FOLDER]      gets the jars (pom.xml) by Maven, and looks whether they are those of jars.sha256
    broker.py run [--keep FOLDER]   a broker until Ctrl-C, for trying things out by hand

Three listeners: plain (its clients may do everything), TLS (likewise; the certificate is of a CA made for the run), and SASL/PLAIN
without TLS (its users may do what `Admin.allow` allowed, and nothing else).

Threads: one. The broker ends with the thread that started it, whatever becomes of that.
"""
import base64
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "proxies"))
from java_server import Jars, JavaServer, NotInstalled, command_line  # noqa: E402, F401
from servers import free_port  # noqa: E402

JARS = Jars(HERE, "kafka", "WHEREFROM_KAFKA_LIB")
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

class Broker(JavaServer):
    """`address` (plain), `tls_address`, `sasl_address`; `certificates`: a folder with ca.pem and other-ca.pem. They stay the same
    over restarts, and so does all that was written."""

    def __init__(self, folder, heap="384m", **settings):
        """Starts nothing yet. `settings` of the broker have _ for their dots."""
        super().__init__(folder, heap)
        self.jars = JARS.library("kafka_*.jar")
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

    def _kafka(self, *arguments, heap=None):
        options = ("-XX:MaxDirectMemorySize=128m", f"-Dlog4j2.configurationFile={HERE / 'log4j2.properties'}")
        return self.java(f"{self.jars}/*", *arguments, heap=heap, options=options)

    def _format(self):
        identity = base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "A", 1)
        done = subprocess.run(self._kafka("kafka.tools.StorageTool", "format", "-t", identity, "-c",
                                         self.folder / "server.properties", heap="128m"),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"the broker's storage could not be made: {done.stdout.decode(errors='replace')[-2000:]}")

    def command(self):
        if not (self.folder / "data" / "meta.properties").exists():
            self._format()
        return self._kafka("kafka.Kafka", self.folder / "server.properties")

    def is_ready(self):
        """It says so itself."""
        return "Kafka Server started" in self.log()


if __name__ == "__main__":
    command_line("The broker of the tests.", JARS, Broker, lambda broker: (
        f"plain {broker.address}\ntls {broker.tls_address} {broker.certificates}/ca.pem\nsasl {broker.sasl_address}"))
