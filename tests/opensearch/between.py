"""A proxy between a run and its node that remembers what was asked and answered, and spoils either where a case says so: what a real node
cannot be made to do.

Threads: one for each connection; `spoil_request` and `spoil_reply` are called by them, one at a time.
"""
import collections
import http.client
import http.server
import re
import threading

ACTION = re.compile(rb'^\{"create":\{(?:"_index":"[^"]*",)?"_id":"([0-9a-f]{32})"', re.MULTILINE)


class Request:
    """One to _bulk. A case may change its headers and body before it goes on."""

    def __init__(self, number, path, headers, body):
        self.number, self.path, self.headers, self.body = number, path, headers, body
        self.ids = [one.decode() for one in ACTION.findall(body)]


class Between(http.server.ThreadingHTTPServer):
    """`spoil_request(request)`: None, or (status, body) to answer without asking the node. `spoil_reply(request, reply)`: bytes to send instead
    of the whole reply; the connection ends behind them. None: nothing of it is changed."""

    daemon_threads = True

    def __init__(self, node, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.node, self.url = node, f"http://127.0.0.1:{self.server_address[1]}"
        self.spoil_request = self.spoil_reply = lambda *_: None
        self.requests, self.lock = [], threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def sent(self):
        """How often each id was."""
        return collections.Counter(one for request in self.requests for one in request.ids)

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length", "connection")}
        server, request, spoilt = self.server, None, None
        if "/_bulk" in self.path:
            with server.lock:
                request = Request(len(server.requests), self.path, headers, body)
                server.requests.append(request)
                spoilt = server.spoil_request(request)
                headers, body = request.headers, request.body
        status, reply, kind = (*spoilt, "text/html") if spoilt else self.ask(headers, body)
        text = f"HTTP/1.1 {status} Of the node\r\nContent-Type: {kind}\r\nContent-Length: {len(reply)}\r\n\r\n".encode() + reply
        with server.lock:
            spoilt = server.spoil_reply(request, text) if request else None
        self.close_connection = spoilt is not None
        self.wfile.write(text if spoilt is None else spoilt)

    def ask(self, headers, body):
        connection = http.client.HTTPConnection(self.server.node.address, timeout=60)
        try:
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.read(), reply.getheader("Content-Type", "text/plain")
        except (OSError, http.client.HTTPException) as problem:
            return 502, str(problem).encode(), "text/plain"
        finally:
            connection.close()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass
