"""Serves a report as a run that goes on does: the page, and data.json, which is another one each time it is asked for.

Threads: the server has one of its own; read what it noted when it is closed.
"""
import http.server
import json
import threading


class LiveServer:
    """`answers`: the data of each time that it is asked for; None: it has none for now. The last one stays."""

    def __init__(self, page, answers):
        self.page, self.answers, self.asked, self.paths = page.encode(), answers, 0, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.paths.append(self.path)
                body, kind = outer.page, "text/html; charset=utf-8"
                if self.path == "/data.json":
                    data = outer.answers[min(outer.asked, len(outer.answers) - 1)]
                    outer.asked += 1
                    if data is None:
                        return self.send_error(503)
                    body, kind = json.dumps(data).encode(), "application/json"
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
