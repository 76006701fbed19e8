"""Signed requests, judged by AWS's own code (build/botocore), and where keys come from. All keys are made up.

Threads: one, and those of the endpoints.
"""
import contextlib
import functools
import json
import pathlib
import subprocess
import time

from aws_endpoints_mock import AwsEndpoints

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/botocore/bin/python"  # where ./dev test puts it
KEYS = {"AKIDSTATIC": ["SECRETstatic/+=", None], "ASIASESSION": ["SECRETsession/+=", "SECRETtoken//+==" * 60],
        "ASIASECOND": ["SECRETsecond/+=", "SECRETtokensecond"]}
BULK = "/_bulk?filter_path=errors%2Citems.%2A.error.reason%2Citems.%2A.error.type%2Citems.%2A.status&pipeline=a-b_c.d~e"
REGION = "eu-central-1"


def in_environment(key_id):
    secret, token = KEYS[key_id]
    return {"AWS_ACCESS_KEY_ID": key_id, "AWS_SECRET_ACCESS_KEY": secret, **({"AWS_SESSION_TOKEN": token} if token else {})}


@contextlib.contextmanager
def signature_server(service="es", behind=None):
    """Its URL. `behind`: HOST:PORT of the server that gets what is signed as it should be."""
    known = json.dumps({"region": REGION, "service": service, "keys": KEYS})
    more = [behind] if behind else []
    process = subprocess.Popen([PYTHON, "-B", ROOT / "tests/http/signature_server.py", known, *more], stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()


def needs_botocore(case):
    @functools.wraps(case)
    def run(bench, *others):
        if PYTHON.exists():
            case(bench, *others)
        else:
            print(f"     {case.__name__}: skipped, no build/botocore; ./dev test installs it")
            bench.check(True, "skipped")
    return run


# --- signatures ---------------------------------------------------------------------------------------------------------

@needs_botocore
def test_signatures(bench, *_):
    for service in ("es", "aoss"):
        for key_id in ("AKIDSTATIC", "ASIASESSION"):
            with signature_server(service) as url, bench.drive(url, in_environment(key_id), region=REGION, service=service) as driver:
                for method, path, size in (("POST", BULK, 100), ("POST", BULK, 3000000), ("GET", "/", 0), ("HEAD", "/logs-a.b_c~d", 0),
                                           ("PUT", "/_index_template/logs", 5000), ("DELETE", "/logs/_doc/1", 0), ("GET", "/_search?q=&size=0", 300),
                                           ("PUT", "/_data_stream/logs-x", 0), ("GET", "/logs/_count?a=1&a=2&b=%20", 0)):
                    answer = driver.ask(method, path, size)
                    if not bench.replied(answer, 200, f"{service} {key_id} {method} {path} {size}"):
                        bench.check(False, answer["reply"])
                for size in (100, 3000000):
                    bench.replied(driver.do("send", 1, "POST", BULK, size, "gzip"), 200, f"{service} {key_id} gzip {size}")


@needs_botocore
def test_tampered(bench, *_):
    """What the server of the test above would not notice, it could not vouch for either."""
    with signature_server() as url, bench.drive(url, in_environment("ASIASESSION"), region=REGION, service="es") as driver, \
            bench.drive(url) as other:
        for part in ("body", "path", "query", "token", "type"):
            bench.replied(other.ask("GET", f"/_tamper/{part}"), 200, "tampering")
            answer = driver.ask("POST", "/logs" + BULK, 100)
            bench.replied(answer, 403, f"tampered {part}")
            bench.check("another" in answer["reply"], answer["reply"])
            bench.replied(driver.ask("POST", "/logs" + BULK, 100), 200, "the next one")
        bench.replied(other.ask("POST", "/logs" + BULK, 100), 403, "not signed")
    with signature_server() as url:
        for what, wrong in (("another's", {"AWS_SECRET_ACCESS_KEY": KEYS["AKIDSTATIC"][0]}), ("a token that is old", {"AWS_SESSION_TOKEN": "SECRETold"})):
            with bench.drive(url, {**in_environment("ASIASESSION"), **wrong}, region=REGION, service="es") as driver:
                bench.replied(driver.ask("POST", BULK, 100), 403, what)
        with bench.drive(url, in_environment("AKIDSTATIC"), region="us-east-1", service="es") as driver:
            bench.replied(driver.ask("POST", BULK, 100), 403, "another region")


# --- where keys come from -----------------------------------------------------------------------------------------------

def check_keys(bench, driver, key_id, what, complaint=""):
    answer = driver.do("keys")
    if not bench.equal(answer.get("id"), key_id, f"{what} ({answer})"):
        return
    bench.equal(answer["token"], KEYS[key_id][1] is not None, f"{what}: token")
    bench.check(complaint in answer["complaint"] and bool(complaint) == bool(answer["complaint"]), f"{what}: complaint {answer['complaint']!r}")


def profile_text(key_id, *more):
    secret, token = KEYS[key_id]
    lines = [f"aws_access_key_id = {key_id}", f"aws_secret_access_key={secret}", *([f"aws_session_token = {token}"] if token else []), *more]
    return "\n".join(lines) + "\n"


def test_environment(bench, *_):
    with bench.drive("http://127.0.0.1:1", in_environment("ASIASESSION"), region=REGION, service="es") as driver:
        check_keys(bench, driver, "ASIASESSION", "environment")
    for what, environment, words in (
            ("nothing at all", {}, "there are none"), ("half", {"AWS_ACCESS_KEY_ID": "AKIDSTATIC"}, "belong together"),
            ("other half", {"AWS_SECRET_ACCESS_KEY": "SECRET"}, "belong together"),
            ("two lines", {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET\r\nX: y"}, "secret access key"),
            ("too long", {**in_environment("ASIASESSION"), "AWS_SESSION_TOKEN": "SECRET" * 4000}, "session token")):
        text = bench.refused("http://127.0.0.1:1", environment, region=REGION, service="es")
        bench.check(text.startswith("AWS credentials: ") and words in text, f"{what}: {text}")
    for region in ("", "eu.central", "x/../y"):
        bench.check("region" in bench.refused("http://127.0.0.1:1", in_environment("AKIDSTATIC"), region=region, service="es"), region)


def test_profiles(bench, *_):
    home = bench.folder / "home"
    (home / ".aws").mkdir(parents=True)
    credentials, config = home / ".aws" / "credentials", home / ".aws" / "config"
    credentials.write_text("# keys\n[default]\n" + profile_text("AKIDSTATIC") + "[work]\n" + profile_text("ASIASESSION", "s3 =", "  x = y"))
    config.write_text(f"[default]\nregion = x\n[profile there]\n{profile_text('ASIASECOND')}[profile sso]\nsso_session = s\n"
                      "[profile process]\ncredential_process = /bin/echo SECRET\n[profile role]\nrole_arn = r\nsource_profile = default\n"
                      "[profile empty]\nregion = x\n[profile half]\naws_access_key_id = A\n")
    elsewhere = bench.folder / "elsewhere"
    elsewhere.write_text("[default]\n" + profile_text("ASIASECOND"))
    for what, environment, key_id in (
            ("default", {}, "AKIDSTATIC"), ("by name", {"AWS_PROFILE": "work"}, "ASIASESSION"), ("in the config file", {"AWS_PROFILE": "there"}, "ASIASECOND"),
            ("another file", {"AWS_SHARED_CREDENTIALS_FILE": elsewhere}, "ASIASECOND"),
            ("the environment goes first", in_environment("ASIASESSION"), "ASIASESSION")):
        with bench.drive("http://127.0.0.1:1", {"HOME": home, **environment}, region=REGION, service="es") as driver:
            check_keys(bench, driver, key_id, what)
            credentials.touch()
            check_keys(bench, driver, key_id, what)
    for name, words in (("sso", "sso_session is not supported"), ("process", "credential_process is not supported"), ("role", "role_arn is not supported"),
                        ("nobody", "neither"), ("empty", "access key id"), ("half", "secret access key")):
        text = bench.refused("http://127.0.0.1:1", {"HOME": home, "AWS_PROFILE": name}, region=REGION, service="es")
        bench.check(words in text and name in text, f"{name}: {text}")
    text = bench.refused("http://127.0.0.1:1", {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere/at-all"}, region=REGION, service="es")
    bench.check("/nowhere/at-all" in text and "No such file" in text, text)


def give(endpoints, key_id, lifetime_s=3600):
    state = endpoints.state
    state.key_id, state.lifetime_s = key_id, lifetime_s
    state.secret, state.token = KEYS[key_id]


def sources(bench, endpoints):
    """(name, environment) of the three that are asked over HTTP."""
    token, identity = bench.folder / "authorization-token", bench.folder / "identity-token"
    token.write_text("SECRETauthorization\n")
    identity.write_text("SECRET.web.identity+/=\n")
    endpoints.state.identity = "SECRET.web.identity+/="
    container = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{endpoints.url}/v2/credentials?a=b"}
    return [("container", {**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRETauthorization"}),
            ("container", {**container, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token}),
            ("metadata", {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoints.url + "/"}),
            ("STS", {"AWS_WEB_IDENTITY_TOKEN_FILE": identity, "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/r+1",
                     "AWS_ENDPOINT_URL_STS": endpoints.url + "/sts"})]


@needs_botocore
def test_endpoints(bench, *_):
    """Keys from there sign what AWS's code takes; they are asked for once."""
    with AwsEndpoints() as endpoints, signature_server() as url:
        endpoints.state.authorization = "SECRETauthorization"
        for name, environment in sources(bench, endpoints):
            give(endpoints, "ASIASESSION")
            endpoints.state.asked.clear()
            proxy = {"http_proxy": "http://127.0.0.1:1", "no_proxy": "x"} if name != "STS" else {}  # not for what is on this machine
            with bench.drive(url, {**environment, **proxy}, region=REGION, service="es", direct=1) as driver:
                for _ in range(3):
                    bench.replied(driver.ask("POST", BULK, 100), 200, name)
                check_keys(bench, driver, "ASIASESSION", name)
            bench.equal(len(endpoints.state.asked), 3 if name == "metadata" else 1, f"{name}: requests")


def test_renewal(bench, *_):
    """Keys of a short life: new ones before they end, the old ones while the endpoint is down, none when they have expired."""
    with AwsEndpoints() as endpoints:
        endpoints.state.authorization = "SECRETauthorization"
        name, environment = sources(bench, endpoints)[0]
        give(endpoints, "ASIASESSION", 10)
        with bench.drive("http://127.0.0.1:1", environment, region=REGION, service="es") as driver:
            check_keys(bench, driver, "ASIASESSION", name)
            endpoints.state.down = True
            complaints, answers, answer = 0, 0, driver.do("keys")
            while "id" in answer and answers < 600:
                answers += 1
                complaints += answer["complaint"] != ""
                bench.check(not answer["complaint"] or "500" in answer["complaint"], answer["complaint"])
                time.sleep(0.1)
                answer = driver.do("keys")
            bench.check(answers > 10, f"the old ones held for {answers} answers")
            bench.check(1 <= complaints < answers / 2, f"{complaints} complaints")
            bench.check("500" in answer.get("reason", "") and answer["reason"].startswith("AWS credentials: "), f"when they have expired: {answer}")
            endpoints.state.down = False
            give(endpoints, "ASIASECOND", 10)
            check_keys(bench, driver, "ASIASECOND", "back")
            give(endpoints, "ASIASESSION")
            while (answer := driver.do("keys")).get("id") == "ASIASECOND":
                time.sleep(0.1)
            bench.equal(answer.get("id"), "ASIASESSION", "renewed before the end")
            asked = len(endpoints.state.asked)
            check_keys(bench, driver, "ASIASESSION", "with an hour left")
            bench.equal(len(endpoints.state.asked), asked, "nobody is asked again")


def test_bad_answers(bench, *_):
    with AwsEndpoints() as endpoints:
        state = endpoints.state
        state.authorization = "SECRETauthorization"
        (_, with_token), _, (_, metadata), (_, web_identity) = sources(bench, endpoints)
        give(endpoints, "ASIASESSION")

        def failure(environment, words, what):
            with bench.drive("http://127.0.0.1:1", environment, region=REGION, service="es") as driver:
                answer = driver.do("keys")
                bench.check(words in answer.get("reason", ""), f"{what}: {answer}")

        failure({**with_token, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRETother"}, "status 401", "another token")
        failure({**with_token, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "SECRET\nX: y"}, "AWS_CONTAINER_AUTHORIZATION_TOKEN", "two lines")
        failure({**with_token, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token"}, "/nowhere/token", "no file")
        for host in ("192.0.2.1", "example.com", "127.0.0.1@example.com", "[2001:db8::1]"):
            failure({**with_token, "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://{host}/x"}, "AWS_CONTAINER_CREDENTIALS_FULL_URI", host)
        failure({**web_identity, "AWS_ROLE_ARN": "arn:other"}, "status 400, InvalidIdentityToken", "another role")
        failure({"AWS_WEB_IDENTITY_TOKEN_FILE": web_identity["AWS_WEB_IDENTITY_TOKEN_FILE"]}, "AWS_ROLE_ARN", "no role")
        for raw, words in (("", "no JSON"), ("[]", "no JSON"), ("{}", "access key id"), ('{"AccessKeyId":"A","SecretAccessKey":"SECRET"}', "expire"),
                           ('{"Code":"AssumeRoleUnauthorizedAccess"}', "Code"), ("{" * 100000, "too large"),
                           ('{"AccessKeyId":"A","SecretAccessKey":"SECRET","Expiration":"2020-01-01T00:00:00Z"}', "have expired")):
            state.raw = raw
            for environment in (with_token, metadata):
                failure(environment, words, raw[:40])
        state.raw = None
        failure({**metadata, "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoints.url + "/latest/none"}, "status 400", "no metadata there")
