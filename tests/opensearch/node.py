#!/usr/bin/env python3
"""A real OpenSearch node for tests: a cluster of one, plain HTTP on the loopback, in a folder of its own.

    node.py install [FOLDER]      gets the jars (pom.xml) by Maven, and looks whether they are those of jars.sha256
    node.py run [--keep FOLDER]   a node until Ctrl-C, for trying things out by hand

Threads: one for each call at a time; requests may come from several. The node ends with the thread that started it, whatever
becomes of that.
"""
import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "proxies"))
from servers import free_port, installed  # noqa: E402

PATIENCE_S = 120
LIBRARY = HERE.parent.parent / "build" / "opensearch"
SETTINGS = {
    "cluster.name": "test", "node.name": "test", "discovery.type": "single-node", "network.host": "127.0.0.1",
    # a disk that is nearly full makes every index read-only, which is none of our tests
    "cluster.routing.allocation.disk.threshold_enabled": False,
}
JAVA = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:MaxDirectMemorySize=256m",
        "-Djava.awt.headless=true", "-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false", "-Dio.netty.noUnsafe=true"]


class NotInstalled(Exception):
    """No node can be run here; the text says what is missing."""


class Refused(Exception):
    """A reply other than 2xx. `status` and `reply` (JSON, or text when it is none)."""

    def __init__(self, what, status, reply):
        super().__init__(f"{what}: {status} {json.dumps(reply)[:2000]}")
        self.status, self.reply = status, reply


# --- the jars ---------------------------------------------------------------------------------------------------------

def library():
    """The folder of the jars. The environment may name one that several trees share."""
    folder = pathlib.Path(os.environ.get("WHEREFROM_OPENSEARCH_LIB", LIBRARY))
    if not installed("javac"):
        raise NotInstalled("there is no JDK; ./dev test installs it")
    if not any((folder / "lib").glob("opensearch-2*.jar")):
        raise NotInstalled(f"{folder}/lib has no OpenSearch; get it with {HERE.name}/node.py install")
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


# --- the node ---------------------------------------------------------------------------------------------------------

class Node:
    """`url` (without a slash at the end), `address` (HOST:PORT). They stay the same over restarts, and so does what was indexed."""

    def __init__(self, folder, heap="512m", settings=None):
        """Starts nothing yet. `settings` are lines of opensearch.yml; `start` writes them: they may be changed before a restart."""
        self.folder, self.heap, self.process = pathlib.Path(folder), heap, None
        self.jars = library()
        self.settings = dict(settings or {})
        for name in ("config", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "log4j2.properties", self.folder / "config")
        self.port, self.transport_port = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxies the environment names

    def start(self, wait=True):
        every = {**SETTINGS, "http.port": self.port, "transport.port": self.transport_port,
                 "path.data": self.folder / "data", "path.logs": self.folder / "logs", **self.settings}
        lines = (f"{name}: {json.dumps(value, default=str)}\n" for name, value in every.items())
        (self.folder / "config" / "opensearch.yml").write_text("".join(lines))
        with open(self.folder / "node.log", "ab") as out:
            self.log_begin = out.tell()
            # in a session of its own: Ctrl-C is for the test, which then stops the node
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *JAVA, f"-Xms{self.heap}", f"-Xmx{self.heap}",
                 f"-Djava.io.tmpdir={self.folder / 'tmp'}", "-cp", f"{self.jars}/*", HERE / "OpenSearchNode.java", self.folder],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        if wait:
            self.await_ready()
        return self

    def log(self):
        """Of the present life."""
        with open(self.folder / "node.log", "rb") as file:
            file.seek(self.log_begin)
            return file.read().decode(errors="replace")

    def await_ready(self):
        """Until it answers, and every index that was there has its primary shards again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError):
                if self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s")[0] == 200:
                    return
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the node does not start ({self.process.returncode}): {self.log()[-3000:]}")
            time.sleep(0.1)

    def pause(self):
        """It hangs: connections are still taken, nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        """As a machine dies. Also when it is paused."""
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

    # --- requests -----------------------------------------------------------------------------------------------------

    def request(self, method, path, body=None, timeout_s=60, **headers):
        """(status, JSON or text). A body of bytes is NDJSON, any other is made JSON. No status is an error; no reply is an OSError."""
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, {"Content-Type": kind, **headers} if data is not None else headers,
                                       method=method)
        try:
            with self.opener.open(asked, timeout=timeout_s) as reply:
                status, content = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read()
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode(errors="replace")

    def call(self, method, path, body=None, **more):
        """What a request that must succeed returns."""
        status, reply = self.request(method, path, body, **more)
        if not 200 <= status < 300:
            raise Refused(f"{method} {path}", status, reply)
        return reply

    def get(self, path):
        return self.call("GET", path)

    def put(self, path, body=None):
        return self.call("PUT", path, body)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def delete(self, path):
        return self.call("DELETE", path)

    def cluster_settings(self, **settings):
        """Takes effect at once; None takes it back. Names have __ for their dots. Lasts until the node ends."""
        return self.put("/_cluster/settings", {"transient": {name.replace("__", "."): value for name, value in settings.items()}})

    def bulk(self, target, documents, action="create"):
        """(_id or None, document) pairs, or documents alone. A document is an object, or its JSON as bytes. Returns the reply."""
        lines = []
        for one in documents:
            identity, document = one if isinstance(one, tuple) else (None, one)
            lines.append(json.dumps({action: {} if identity is None else {"_id": identity}}).encode())
            lines.append(document.rstrip(b"\n") if isinstance(document, bytes) else json.dumps(document).encode())
        return self.post(f"/{target}/_bulk", b"".join(line + b"\n" for line in lines))

    def refresh(self, target="_all"):
        """What was indexed before is found after."""
        return self.post(f"/{target}/_refresh")

    def search(self, target, **body):
        return self.post(f"/{target}/_search", body)

    def count(self, target, query=None):
        """Of what is indexed by now."""
        self.refresh(target)
        return self.post(f"/{target}/_count", {"query": query or {"match_all": {}}})["count"]

    def documents(self, target, size=10000):
        """[(_id, document)], at most 10000, in no order."""
        self.refresh(target)
        return [(hit["_id"], hit["_source"]) for hit in self.search(target, size=size)["hits"]["hits"]]


def main():
    parser = argparse.ArgumentParser(description="The OpenSearch node of the tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install").add_argument("folder", nargs="?", type=pathlib.Path, default=LIBRARY)
    commands.add_parser("run").add_argument("--keep", metavar="FOLDER", type=pathlib.Path)
    options = parser.parse_args()
    if options.command == "install":
        install(options.folder)
        return
    folder = options.keep or pathlib.Path(tempfile.mkdtemp(prefix="wherefrom-opensearch-"))
    with contextlib.suppress(KeyboardInterrupt), Node(folder) as node:
        print(node.url, flush=True)
        signal.pause()
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
