#!/usr/bin/env python3
"""What the OpenSearch output costs, and how fast it is beside a client that does nothing but send.

    opensearch.py --wherefrom PATH --generate PATH --work DIR [--lines 500000] [--runs 5] [--only cpu,gzip,rate]

cpu: CPU seconds of ALB lines to an nginx on the loopback that takes every _bulk request and answers that all is well, as a ratio to the same
lines to a file, in turns; bodies are not compressed. gzip: the same with compressed bodies, which is for networks.
rate: documents a second into a real OpenSearch node, beside the same documents as ready bodies of the same size, sent by as many curl
processes at a time as wherefrom has connections. The node has the cores that it leaves to its clients. Not a test: the exit status is 0
unless something did not run.

Threads: one; curl's processes are waited for by some.
"""
import concurrent.futures
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / "tests" / name) for name in ("opensearch", "proxies", "cli"))]
import measure  # noqa: E402
from black_box import scratch  # noqa: E402
from measure import Corpus, Failed, in_turns, median, ratio  # noqa: E402
from node import Node, NotInstalled  # noqa: E402
from servers import free_port, nginx, nginx_head  # noqa: E402

CONNECTIONS = 4
BODY_BYTES = 6 * 1000 * 1000  # what wherefrom sends on average
DOCUMENTS_OF_A_BODY = 5600    # more than 10 MiB have of these lines
RATIO_MAX = 1.3
ROWS = ("cpu", "gzip", "rate")


@contextlib.contextmanager
def taker(folder):
    """The port of an nginx that takes every body and answers as a node that has indexed all of it; anything but _bulk it forbids."""
    port = free_port()
    folder.mkdir()
    (folder / "reply").write_text('{"errors":false,"items":[' + ",".join(['{"create":{"status":201}}'] * DOCUMENTS_OF_A_BODY) + "]}")
    outside, temporary = nginx_head(folder)
    (folder / "nginx.conf").write_text(outside + f"""events {{ worker_connections 64; }}
http {{ {temporary} access_log off; client_max_body_size 64m; keepalive_requests 100000; types {{ }} default_type application/json;
server {{ listen 127.0.0.1:{port}; root {folder};
location / {{ return 403; }}
location ~ /_bulk$ {{ error_page 405 =200 /reply; return 405; }}
location = /reply {{ internal; }} }} }}
""")
    with nginx(folder, [port]):
        yield port


class OpenSearchBench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.log = Corpus(options.generate, options.work).plain(options.lines)

    def row(self, name, what, measured, verdict, note):
        print(f"{name:6} {what:66} {measured:22} {verdict:7} {note}", flush=True)

    def ours(self, output, *more):
        summary = self.folder / "summary.json"
        sample = measure.run([self.options.wherefrom, "run", self.log, "-o", output, "--summary", summary, "--quiet", *more])
        sample.records = json.loads(summary.read_text())["records"]["written"]
        if sample.records != self.options.lines:
            raise Failed(f"{sample.records} records of {self.options.lines} lines")
        return sample

    def cpu(self, name, gzip):
        out = self.folder / "out.ndjson"

        def to_file():
            out.unlink(missing_ok=True)
            os.sync()
            return self.ours(out)

        with taker(self.folder / name) as port:
            url = f"opensearch+http://127.0.0.1:{port}/logs"
            samples = in_turns({"file": to_file, "http": lambda: self.ours(url, "--opensearch", f"gzip={gzip}")}, self.options.runs)
        times = ratio(samples["http"], samples["file"])
        self.row(name, f"{self.options.lines:,} documents to nginx, {'gzip' if gzip == 'true' else 'plain'} bodies, CPU x of the same to a file",
                 str(times), "" if gzip == "true" else "met" if times.value <= RATIO_MAX else "MISSED",
                 f"{median(samples['http']):.2f} against {median(samples['file']):.2f} s CPU, {median(samples['http'], 'wall'):.2f} against "
                 f"{median(samples['file'], 'wall'):.2f} s wall, {max(one.rss_bytes for one in samples['http']) >> 20} MB")

    def bodies(self):
        """The documents as files to send, in order."""
        out = self.folder / "out.ndjson"
        self.ours(out)
        folder = self.folder / "bodies"
        folder.mkdir()
        paths, body, size = [], [], 0
        with open(out, "rb") as lines:
            for line in lines:
                begin = line.index(b'"id":"') + 6
                action = b'{"create":{"_id":"' + line[begin:begin + 32] + b'"}}\n'
                body += [action, line]
                size += len(action) + len(line)
                if size >= BODY_BYTES:
                    paths.append(folder / f"{len(paths)}")
                    paths[-1].write_bytes(b"".join(body))
                    body, size = [], 0
        paths.append(folder / f"{len(paths)}")
        paths[-1].write_bytes(b"".join(body))
        return paths

    def curl(self, node, paths):
        def post(path):
            found = subprocess.run(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Content-Type: application/x-ndjson", "-H", "Expect:",
                                    "--data-binary", f"@{path}", f"{node.url}/logs/_bulk?filter_path=errors,items.*.error,items.*.status"],
                                   capture_output=True, check=False)
            if found.stdout != b"200":
                raise Failed(f"curl: {found.stdout.decode()} {found.stderr.decode()}")

        begin = time.perf_counter()
        with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as threads:
            list(threads.map(post, paths))
        return time.perf_counter() - begin

    def rate(self):
        templates = json.loads(subprocess.run([self.options.wherefrom, "template", "--data-stream", "logs"], capture_output=True, check=True).stdout)
        paths = self.bodies()
        seconds = {"ours": [], "curl": []}
        with Node(self.folder / "node", heap="2g") as node:
            for kind in ("component_template", "index_template"):
                for name, body in templates[f"{kind}s"].items():
                    node.put(f"/_{kind}/{name}", body)
            for _ in range(self.options.runs):
                for name in ("curl", "ours"):
                    if node.request("GET", "/_data_stream/logs")[0] == 200:
                        node.delete("/_data_stream/logs")
                    node.put("/_data_stream/logs")
                    seconds[name].append(self.curl(node, paths) if name == "curl" else self.ours(
                        f"opensearch+http://{node.address}/logs", "--opensearch", "gzip=false", "--opensearch", f"connections={CONNECTIONS}").wall)
                    if node.count("logs") != self.options.lines:
                        raise Failed(f"{name}: {node.count('logs')} documents")
        per_second = {name: self.options.lines / statistics.median(turns) for name, turns in seconds.items()}
        self.row("rate", f"documents a second into a real node, {CONNECTIONS} connections", f"{per_second['ours']:,.0f}", "",
                 f"curl with {len(paths)} ready bodies: {per_second['curl']:,.0f}; turns of ours {min(seconds['ours']):.1f} to {max(seconds['ours']):.1f} s, "
                 f"of curl {min(seconds['curl']):.1f} to {max(seconds['curl']):.1f} s")

    def one(self, name):
        if name == "rate":
            self.rate()
        else:
            self.cpu(name, "true" if name == "gzip" else "false")

    def run(self):
        return measure.rows_that_failed(self.options.only, self.one, (Failed, RuntimeError, NotInstalled))


def main():
    options = measure.server_options(__doc__.split("\n", 1)[0], ROWS, {"lines": 500_000, "runs": 5})
    with scratch() as folder:
        return 1 if OpenSearchBench(options, folder).run() else 0


if __name__ == "__main__":
    sys.exit(main())
