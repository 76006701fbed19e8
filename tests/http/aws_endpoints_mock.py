"""The endpoints that hand out keys, as AWS documents them: a container's, EC2 instance metadata (version 2), STS.

Threads: one for each connection; `state` is set by the test between requests.
"""
import datetime
import http.server
import json
import threading
import urllib.parse

ROLE = "web+a=b,c.d@e-f_g"


class State:
    """What the endpoints know, and what they were asked."""

    def __init__(self):
        self.key_id, self.secret, self.token = "", "", ""
        self.lifetime_s = 3600
        self.authorization = None  # that a container must show
        self.identity = None  # the web identity's token
        self.down = False
        self.raw = None  # instead of an answer
        self.asked = []


def expiry(state):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=state.lifetime_s)).strftime("%Y-%m-%dT%H:%M:%SZ")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def finish_with(self, status, text, kind="application/json"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self):
        state = self.server.state
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        state.asked.append((self.command, self.path))
        if state.down:
            return self.finish_with(500, "down")
        if self.path == "/sts/":
            return self.web_identity(state, urllib.parse.parse_qs(body))
        if self.path.startswith("/latest/"):
            return self.metadata(state)
        if self.headers.get("Authorization") != state.authorization:
            return self.finish_with(401, '{"message": "who are you?"}')
        return self.finish_with(200, self.json_keys(state) if state.raw is None else state.raw)

    @staticmethod
    def json_keys(state, **more):
        return json.dumps({**more, "AccessKeyId": state.key_id, "SecretAccessKey": state.secret, "Token": state.token, "Expiration": expiry(state)})

    def metadata(self, state):
        if self.command == "PUT":
            right = self.path == "/latest/api/token" and self.headers.get("X-aws-ec2-metadata-token-ttl-seconds") == "21600"
            return self.finish_with(200 if right else 400, "SECRETmetadata==" if right else "", "text/plain")
        if self.headers.get("X-aws-ec2-metadata-token") != "SECRETmetadata==":
            return self.finish_with(401, "")
        if self.path == "/latest/meta-data/iam/security-credentials/":
            return self.finish_with(200, ROLE, "text/plain")
        if self.path == "/latest/meta-data/iam/security-credentials/" + ROLE:
            return self.finish_with(200, self.json_keys(state, Code="Success", Type="AWS-HMAC") if state.raw is None else state.raw)
        return self.finish_with(404, "")

    def web_identity(self, state, form):
        expected = {"Action": ["AssumeRoleWithWebIdentity"], "Version": ["2011-06-15"], "RoleArn": ["arn:aws:iam::123456789012:role/r+1"],
                    "RoleSessionName": ["wherefrom"], "WebIdentityToken": [state.identity]}
        if self.command != "POST" or form != expected:
            return self.finish_with(400, "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>"
                                         "<Message>no</Message></Error></ErrorResponse>", "text/xml")
        return self.finish_with(200, f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleWithWebIdentityResult><AssumedRoleUser><AssumedRoleId>A:wherefrom</AssumedRoleId></AssumedRoleUser>
    <Credentials>
      <SessionToken>{state.token}</SessionToken>
      <SecretAccessKey>{state.secret}</SecretAccessKey>
      <Expiration>{expiry(state)}</Expiration>
      <AccessKeyId>{state.key_id}</AccessKeyId>
    </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>""", "text/xml")

    do_GET = do_PUT = do_POST = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client may reset its connection."""


class AwsEndpoints:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.state = self.server.state = State()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
