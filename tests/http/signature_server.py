"""A server that computes each request's signature anew, with AWS's own code, over exactly what arrived. Runs in build/botocore.

    signature_server.py KEYS [BEHIND]   KEYS: {"region": .., "service": .., "keys": {id: [secret, session token or null]}}

Prints its port. When the signature is right, status 200, or what the server BEHIND (HOST:PORT) says to the same request; 403 and the reason
when not. GET /_tamper/PART makes it change the next request before it looks at it: PART is body, path, query, token or type.

Threads: one for each connection; requests that are tampered with come one after the other.
"""
import hashlib
import http.client
import http.server
import json
import re
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KNOWN = json.loads(sys.argv[1])
BEHIND = sys.argv[2] if len(sys.argv) > 2 else None
AUTHORIZATION = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
                           r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})")


def fault(method, target, headers, body):
    """What is wrong with a request, "" when nothing is. `headers` have names in small letters."""
    parts = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if parts is None:
        return "Authorization is not that of a signature"
    key_id, day, region, service, signed, signature = parts.groups()
    names = signed.split(";")
    if (region, service) != (KNOWN["region"], KNOWN["service"]) or key_id not in KNOWN["keys"]:
        return f"signed for {region} {service} by {key_id}"
    secret, token = KNOWN["keys"][key_id]
    if headers.get("x-amz-security-token") != token:
        return "another session token"
    must = {"host", "content-type"} & set(headers) | {name for name in headers if name.startswith("x-amz-")}
    if not must <= set(names) or not set(names) <= set(headers):
        return f"signed headers are {names}, expected at least {sorted(must)}, and only some that were sent"
    if not headers["x-amz-date"].startswith(day):
        return "another day"
    if headers.get("x-amz-content-sha256") != hashlib.sha256(body).hexdigest():
        return "x-amz-content-sha256 is another body's"
    request = AWSRequest(method=method, url=f"http://{headers['host']}{target}", data=body, headers={name: headers[name] for name in names})
    request.context["timestamp"] = headers["x-amz-date"]
    signer = SigV4Auth(Credentials(key_id, secret, token), service, region)
    canonical = signer.canonical_request(request)
    expected = signer.signature(signer.string_to_sign(request, canonical), request)
    return "" if expected == signature else f"another signature; of {canonical!r}".replace(token or "-" * 99, "TOKEN")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tamper = ""

    def answer(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        target = self.path
        if target.startswith("/_tamper/"):
            Handler.tamper = target.removeprefix("/_tamper/")
            return self.finish_with(200, b"")
        if Handler.tamper == "body":
            body = body[:-1] + b"X"
            headers["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()  # as one would who wants it to be believed
        elif Handler.tamper == "path":
            target = target.replace("/logs", "/sogl")
        elif Handler.tamper == "query":
            target += "&refresh=true"
        elif Handler.tamper == "token":
            headers["x-amz-security-token"] = KNOWN["keys"][next(iter(KNOWN["keys"]))][1] or "x"
        elif Handler.tamper == "type":
            headers["content-type"] = "text/plain"
        Handler.tamper = ""
        why = fault(self.command, target, headers, body)
        if why or BEHIND is None:
            return self.finish_with(403 if why else 200, why.encode())
        connection = http.client.HTTPConnection(BEHIND)
        connection.request(self.command, target, body or None, {name: headers[name] for name in headers if name.startswith("content-")})
        reply = connection.getresponse()
        content = reply.read()
        connection.close()
        return self.finish_with(reply.status, content)

    def finish_with(self, status, text):
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text if self.command != "HEAD" else b"")

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

    def log_message(self, *_):
        pass


with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()
