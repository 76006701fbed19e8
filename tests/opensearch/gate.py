"""Servers of our own where a real one cannot be had or cannot be made to do it: a gate before the node that answers some requests itself, and
an endpoint that takes imports as OpenSearch Dashboards do.

Threads: one for each connection; `asked` and `imports` may be read when the requests are over.
"""
import contextlib
import email
import email.policy
import http.client
import http.server
import json
import threading


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self):
        status, kind, reply = self.answer(self.rfile.read(int(self.headers.get("content-length", 0))))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    do_GET = do_POST = do_PUT = take

    def log_message(self, *_):
        pass


class Gate(Server):
    """`refuse(method, path)`: None, or (status, JSON) instead of the node's answer."""

    def __init__(self, node, refuse):
        self.node, self.refuse, self.asked = node, refuse, []
        super().__init__(GateHandler)

    def count(self, word):
        return sum(word in path for _, path in self.asked)


class GateHandler(Handler):
    def answer(self, body):
        gate = self.server
        refused = gate.refuse(self.command, self.path)
        gate.asked.append((self.command, self.path))
        if refused:
            return refused[0], "application/json", json.dumps(refused[1]).encode()
        with contextlib.closing(http.client.HTTPConnection(gate.node.address, timeout=60)) as connection:
            headers = {name: value for name, value in self.headers.items() if name.lower() in ("content-type", "content-encoding")}
            connection.request(self.command, self.path, body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.getheader("Content-Type", "text/plain"), reply.read()


class Dashboards(Server):
    """Below the base path /dash. `imports` has (query, {header: value}, objects) of what was taken; `refused` says why others were not.
    `reply`: (status, JSON) instead of success."""

    def __init__(self):
        self.imports, self.refused, self.reply = [], [], None
        super().__init__(DashboardsHandler)


class DashboardsHandler(Handler):
    def answer(self, body):
        server = self.server
        try:
            path, _, query = self.path.partition("?")
            if (self.command, path) != ("POST", "/dash/api/saved_objects/_import"):
                return 404, "application/json", b'{"statusCode":404,"error":"Not Found","message":"Not Found"}'
            if "osd-xsrf" not in self.headers:
                raise ValueError("no osd-xsrf")
            objects = [json.loads(line) for line in self.the_file(body).decode().splitlines()]
        except (ValueError, KeyError) as problem:
            server.refused.append(str(problem))
            return 400, "application/json", json.dumps({"statusCode": 400, "error": "Bad Request", "message": str(problem)}).encode()
        server.imports.append((query, dict(self.headers.items()), objects))
        status, reply = server.reply or (200, {"success": True, "successCount": len(objects)})
        return status, "application/json", json.dumps(reply).encode()

    def the_file(self, body):
        """The one part of a form, by RFC 2046 and RFC 7578, strictly: every boundary has its CR LF, and nothing is around them."""
        kind = email.message_from_string(f"Content-Type: {self.headers['Content-Type']}\n\n", policy=email.policy.HTTP)["Content-Type"]
        boundary = b"--" + kind.params["boundary"].encode()
        if kind.content_type != "multipart/form-data" or len(boundary) > 72:
            raise ValueError(f"not a form: {kind}")
        if not body.startswith(boundary + b"\r\n") or not body.endswith(b"\r\n" + boundary + b"--\r\n") or body.count(boundary) != 2:
            raise ValueError(f"boundaries are not where they should be: {body[:200]} ... {body[-100:]}")
        head, _, content = body[len(boundary) + 2:-len(boundary) - 6].partition(b"\r\n\r\n")
        headers = email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.HTTP)
        disposition = headers["Content-Disposition"]
        if disposition.content_disposition != "form-data" or disposition.params["name"] != "file" or not disposition.params["filename"].endswith(".ndjson"):
            raise ValueError(f"not the field `file`: {disposition}")
        return content
