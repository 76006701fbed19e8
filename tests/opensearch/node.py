#!/usr/bin/env python3
"""A real OpenSearch node for tests: a cluster of one, plain HTTP on the loopback, in a folder of its own.

    node.py install [FOLDER]      gets the jars (pom.xml) by Maven, and looks whether they are those of jars.sha256
    node.py run [--keep FOLDER]   a node until Ctrl-C, for trying things out by hand

Threads: one for each call at a time; requests may come from several. The node ends with the thread that started it, whatever
becomes of that.
"""
import json
import pathlib
import shutil
import sys
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "proxies"))
from java_server import Jars, JavaServer, NotInstalled, command_line  # noqa: E402, F401
from servers import free_port  # noqa: E402

JARS = Jars(HERE, "opensearch", "WHEREFROM_OPENSEARCH_LIB")
SETTINGS = {
    "cluster.name": "test", "node.name": "test", "discovery.type": "single-node", "network.host": "127.0.0.1",
    # a disk that is nearly full makes every index read-only, which is none of our tests
    "cluster.routing.allocation.disk.threshold_enabled": False,
}
OPTIONS = ("-XX:MaxDirectMemorySize=256m", "-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false", "-Dio.netty.noUnsafe=true")


class Refused(Exception):
    """A reply other than 2xx. `status` and `reply` (JSON, or text when it is none)."""

    def __init__(self, what, status, reply):
        super().__init__(f"{what}: {status} {json.dumps(reply)[:2000]}")
        self.status, self.reply = status, reply


# --- the node ---------------------------------------------------------------------------------------------------------

class Node(JavaServer):
    """`url` (without a slash at the end), `address` (HOST:PORT). They stay the same over restarts, and so does what was indexed."""

    def __init__(self, folder, heap="1g", settings=None):
        """Starts nothing yet. `settings` are lines of opensearch.yml; `start` writes them: they may be changed before a restart. With half of that heap
        its circuit breaker refuses requests where it gets too little of the cores to collect what is garbage."""
        super().__init__(folder, heap)
        self.jars = JARS.library("opensearch-2*.jar", "javac")
        self.settings = dict(settings or {})
        (self.folder / "config").mkdir(exist_ok=True)
        shutil.copy(HERE / "log4j2.properties", self.folder / "config")
        self.port, self.transport_port = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever proxies the environment names

    def command(self):
        every = {**SETTINGS, "http.port": self.port, "transport.port": self.transport_port,
                 "path.data": self.folder / "data", "path.logs": self.folder / "logs", **self.settings}
        lines = (f"{name}: {json.dumps(value, default=str)}\n" for name, value in every.items())
        (self.folder / "config" / "opensearch.yml").write_text("".join(lines))
        return self.java(f"{self.jars}/*", HERE / "OpenSearchNode.java", self.folder, options=OPTIONS)

    def is_ready(self):
        """It answers, and every index that was there has its primary shards again."""
        try:
            return self.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=5s")[0] == 200
        except OSError:
            return False

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

    def identities(self, target):
        """The _id of every document, as often as there is one of it."""
        return [hit["_id"] for hit in self.hits(target, _source=False)]

    def hits(self, target, **body):
        """Every document, one by one, in no order."""
        self.refresh(target)
        reply = self.post(f"/{target}/_search?scroll=5m", {"size": 10000, "sort": ["_doc"], **body})
        while hits := reply["hits"]["hits"]:
            yield from hits
            reply = self.post("/_search/scroll", {"scroll": "5m", "scroll_id": reply["_scroll_id"]})


if __name__ == "__main__":
    command_line("The OpenSearch node of the tests.", JARS, Node, lambda node: node.url)
