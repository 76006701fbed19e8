#!/usr/bin/env python3
"""Privacy from outside: no byte that leaves has an address that must not, whatever column it stood in and however it was spelt there; and
none can be had back by trying.

Lines of every format are taken apart, and in each place of each line an address is planted in each spelling. What comes out (records,
rejects, roll-ups, the summary, stderr) is read as an attacker would: escapes are undone, however often they were made, and every address
in it is looked at.

    run.py --wherefrom PATH --generate PATH [--test GLOB]

Threads: one.
"""
import hashlib
import hmac
import ipaddress
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "listener")]
from black_box import Bench, alb_line, argument_parser, parse_lines, run_groups, write  # noqa: E402
from client import Listener  # noqa: E402

FORMATS = ("alb nlb clb alb_connection vpc_flow vpc_flow_custom tgw_flow ga_flow cloudfront nginx haproxy envoy cloudfront_json waf "
           "alb_lambda_event alb_json envoy_json vpc_flow_json").split()
DONE, USAGE, REJECTS = 0, 2, 3
KEY = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ZONES = """residency:
  lists: [eu-eea-2026-02.list]
  zones: {eea: ["@eea", "@eu-territories"], uk: [GB], us: [US], other: ["*"]}
  places: {eu: [eu-central-1, eu-west-1], us: ["us-*"]}
  rules: [{zone: eea, allow: [eu]}]
"""
RATES = """rate:
  windows: [60]
  dims: [client, peer, claim, first-xff, client+lb, asn]
  limits: [{name: any, key: client, window: 60, limit: 10}]
"""
# by the database that comes with wherefrom
EEA = ("89.160.20.112", "2001:4dd0::1:2:3")
OTHER_EEA = ("77.217.39.53", "2a02:2f0e::12:3456:789a:bcde")
US = ("198.82.5.6", "2600:1700:1:2::3")

# --- spellings ----------------------------------------------------------------------------------------


def percent(text, characters):
    return "".join(f"%{ord(c):02X}" if c in characters else c for c in text)


def spellings(address):
    """By name; all are found again by `addresses_in`."""
    ip = ipaddress.ip_address(address)
    common = {"plain": address, "port": f"{address}:443", "list": f"10.0.0.1, {address}, 10.0.0.2", "word": f"ip{address}x",
              "url": f"http://{address}/a?ip={address}&b", "for": f'for={address};by=10.0.0.1', "percent": percent(address, ".:"),
              "percent all": percent(address, address), "percent twice": percent(percent(address, ".:"), "%"),
              "unicode": "".join(f"%u00{ord(c):02x}" if c in ".:" else c for c in address), "backslash": "".join(f"\\x{ord(c):02x}" if c in ".:" else c for c in address)}
    if ip.version == 4:
        parts = address.split(".")
        mapped = ipaddress.ip_address(f"::ffff:{address}")
        return {**common, "padded": ".".join(f"{int(part):03}" for part in parts), "dashes": f"host-{'-'.join(parts)}.example.net",
                "underscores": f"x_{'_'.join(parts)}", "backwards": f"{'.'.join(reversed(parts))}.in-addr.arpa", "mapped": f"::ffff:{address}",
                "mapped in hex": f"[::ffff:{mapped.packed[12:14].hex()}:{mapped.packed[14:].hex()}]:443", "more parts": f"1.{address}.9",
                "more digits": f"7{address}8"}
    return {**common, "brackets": f"[{address}]:443", "capitals": address.upper(), "in full": ip.exploded, "zone": f"{address}%25eth0",
            "in full with a port": f"{ip.exploded}:443", "behind a name": f"src:{address}"}


def undone(text):
    """Escapes of URLs, JSON and logs, as often as there are any."""
    while True:
        before = text
        text = re.sub(r"%u00([0-9a-fA-F]{2})|%([0-9a-fA-F]{2})|\\\\*u00([0-9a-fA-F]{2})|\\\\*x([0-9a-fA-F]{2})",
                      lambda match: chr(int(next(group for group in match.groups() if group), 16)), text)
        if text == before:
            return text.lower()


def traces(address):
    """What must not stand in text that was undone."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6:
        return [re.escape(str(ip)), re.escape(ip.exploded), ip.packed.hex()]
    parts = address.split(".")
    quads = [r"[.\-_]".join(f"0*{part}" for part in order) for order in (parts, parts[::-1])]
    groups = rf"{ip.packed[:2].hex().lstrip('0')}:0*{ip.packed[2:].hex().lstrip('0')}"
    return [rf"(?<!\d){quads[0]}(?!\d)", rf"(?<!\d){quads[1]}(?!\d)", rf"::ffff:{groups}"]


def found(text, address):
    """The trace of an address in a text, "" when there is none."""
    for trace in traces(address):
        match = re.search(trace, text)
        if match:
            return text[max(0, match.start() - 60):match.end() + 20]
    wanted = ipaddress.ip_address(address)
    for token in set(re.findall(r"[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,8}", text)) if wanted.version == 6 else ():
        for candidate in (token, token.rpartition(":")[0]):
            try:
                if ipaddress.ip_address(candidate) == wanted:
                    return token
            except ValueError:
                pass
    return ""


# --- lines --------------------------------------------------------------------------------------------


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))
    else:
        yield path


def planted(line, text):
    """The line with `text` in each of its places: instead of what stands there, and behind it."""
    if line.startswith("{"):
        for path in leaves(json.loads(line)):
            for plant in (lambda old: text, lambda old: f"{old} {text}"):
                copy = json.loads(line)
                at = copy
                for step in path[:-1]:
                    at = at[step]
                at[path[-1]] = plant(at[path[-1]])
                yield json.dumps(copy, separators=(",", ":"))
        return
    separator = "\t" if "\t" in line else " "
    tokens = line.split(separator)
    for index, token in enumerate(tokens):
        for plant in (text, f"{token.rstrip(chr(34))}{text}{chr(34) if token.endswith(chr(34)) else ''}"):
            yield separator.join([*tokens[:index], plant, *tokens[index + 1:]])
    yield f"{line}{separator}{text}"


class PrivacyBench(Bench):
    def __init__(self, options, report, directory):
        super().__init__(options, report, directory)
        write(directory / "key", KEY + "\n")

    def run(self, *arguments, **settings):
        return self.program.run("run", *arguments, **{"cwd": self.directory, **settings})

    def config(self, name, privacy):
        write(self.directory / name, RATES + ZONES + ("" if privacy is None else "  privacy:\n" + "".join(f"    {row}\n" for row in privacy)))
        return name

    def sample(self, name):
        """Header lines, one line of the format, and the public addresses in it."""
        lines = self.generate.run(name, "--lines", "1", "--seed", "5").out.decode().splitlines()
        return lines[:-1], lines[-1]

    def outputs(self, config, log, *options):
        """All bytes that leave, by name."""
        done = self.run("-c", config, log, "-o", "records", "--rejects", "rejects", "--rollups", "rollups", "--summary", "summary", *options)
        self.check(done.code in (DONE, REJECTS), f"{log} {options}: {done.code} {done.err[:300]}")
        return {name: self.read(name).decode() for name in ("records", "rejects", "rollups", "summary")} | {"stderr": done.err}


# --- the cases ----------------------------------------------------------------------------------------

TRUNCATE = ["key_file: key", "eea: {ip: truncate, v4: 24, v6: 48}"]
HMAC = ["key_file: key", "eea: {ip: hmac, rotate: 24h}"]
DROP = ["key_file: key", "eea: {ip: drop, ua: drop}"]
KEPT = ["key_file: key", "eea: {ip: truncate, keep_raw: true}"]


def log_of(bench, name, client, plant):
    """Lines of a format whose client is `client`, with `plant` in every place and spelling; some are no lines of the format any more."""
    header, line = bench.sample(name)
    line = line.replace("77.217.39.53", client).replace("204.149.124.242", "10.9.9.9")
    lines = [line]
    for text in spellings(plant).values():
        lines += planted(line, text)
    return "\n".join([*header, *lines, ""])


def test_scan_every_place(bench):
    """Clients of the zone, and others whose lines name one of the zone."""
    configs = [bench.config("truncate", TRUNCATE), bench.config("hmac", HMAC), bench.config("drop", DROP), bench.config("kept", KEPT)]
    records = 0
    for index, name in enumerate(FORMATS):
        for family in (0, 1):
            for client, plant in ((EEA[family], EEA[family]), (US[family], EEA[1 - family]), (EEA[family], OTHER_EEA[family])):
                write(bench.directory / "log", log_of(bench, name, client, plant))
                config = configs[(index + family) % len(configs)]
                options = ["--keep-original"] if config == "kept" else []
                for kind, text in bench.outputs(config, "log", *options).items():
                    text = undone(text)
                    for address in {plant, *({client} - {*US})}:
                        trace = found(text, address)
                        bench.check(trace == "", f"{name}, {config}, {client}: {kind} have {address}: ...{trace}")
                        records += kind == "records" and text.count("\n")
    bench.check(records > 10000, f"only {records} records")


def test_scan_finds(bench):
    """The scan itself: without privacy it finds each spelling of each address, and what is kept stays."""
    config = bench.config("nothing", None)
    for address in (*EEA, *US):
        for name, text in spellings(address).items():
            write(bench.directory / "log", alb_line(client="10.1.1.1:1", agent=text.replace("\\", "\\x5c")) + "\n")
            records = undone(bench.outputs(config, "log")["records"])
            bench.check(found(records, address) or name in ("more parts", "more digits"), f"{address}, {name}: not found in {records[:3000]}")


def test_fields(bench):
    """What each transform leaves in the fields that are addresses."""
    lines = [alb_line(client=f"{client}:1234" if ":" not in client else f"{client}:1234", agent=f"curl {client}") for client in (*EEA, *US)]
    write(bench.directory / "log", "\n".join([*lines, ""]))

    def clients(privacy):
        records = parse_lines(bench.outputs(bench.config("config", privacy), "log")["records"].encode())
        for record in records:
            bench.equal(record["client"].get("ip"), record["source"].get("ip"), f"{privacy}: source.ip")
        return records

    plain = clients(None)
    bench.equal([one["client"]["ip"] for one in plain], [*EEA, *US], "without privacy")
    bench.equal([one["residency"]["zone"] for one in plain], ["eea", "eea", "us", "us"], "zones")
    bench.check(all("privacy" not in one["residency"] for one in plain), "residency.privacy without privacy")
    truncated = clients(TRUNCATE)
    bench.equal([one["client"]["ip"] for one in truncated], ["89.160.20.0", "2001:4dd0::", *US], "truncated")
    bench.equal([one["user_agent"]["original"] for one in truncated], ["curl 89.160.20.0", "curl 2001:4dd0::", *(f"curl {one}" for one in US)], "agents")
    bench.equal([one["residency"]["privacy"] for one in truncated], ["truncate", "truncate", "keep", "keep"], "residency.privacy")
    bench.equal([one["client"]["geo"] for one in truncated], [one["client"]["geo"] for one in plain], "places are those of the whole address")
    bench.equal([one["client"]["port"] for one in truncated], [1234] * 4, "ports")
    coarse = clients(["key_file: key", "eea: {ip: truncate, v4: 16, v6: 32}"])
    bench.equal([one["client"]["ip"] for one in coarse], ["89.160.0.0", "2001:4dd0::", *US], "coarse")
    dropped = clients(DROP)
    bench.equal([one["client"].get("ip") for one in dropped], [None, None, *US], "dropped")
    bench.equal(["user_agent" in one for one in dropped], [False, False, True, True], "agents are dropped")
    others = clients(["key_file: key", '"*": {ip: truncate}', "eea: {ip: keep}"])
    bench.equal([one["client"]["ip"] for one in others], [*EEA, "198.82.5.0", "2600:1700:1::"], "all zones but one")


def pseudonym(address, key=KEY, day=None):
    secret = hmac.digest(key.encode(), b"wherefrom address", hashlib.sha256)
    if day is not None:
        secret = hmac.digest(secret, day.to_bytes(8, "little"), hashlib.sha256)
    ip = ipaddress.ip_address(address)
    packed = ip.packed if ip.version == 6 else b"\0" * 10 + b"\xff\xff" + ip.packed
    return str(ipaddress.IPv6Address(b"\xfd" + hmac.digest(secret, packed, hashlib.sha256)[:15]))


def test_pseudonyms(bench):
    """Equal within a day, and what whoever has the key works out; of two days they have nothing in common."""
    times = ["2026-03-01T00:00:00.000000Z", "2026-03-01T23:59:59.999999Z", "2026-03-02T00:00:00.000000Z"]
    write(bench.directory / "log", "\n".join([alb_line(client=f"{client}:1", time=time) for time in times for client in EEA] + [""]))
    days = [20513, 20513, 20514]
    for privacy, expected in ((HMAC, [pseudonym(client, day=day) for day in days for client in EEA]),
                              (["key_file: key", "eea: {ip: hmac}"], [pseudonym(client) for _ in days for client in EEA]),
                              (["key_file: key", "eea: {ip: hmac, key_env: OTHER_KEY}"], [pseudonym(client, "another key of mine") for _ in days for client in EEA])):
        done = bench.run("-c", bench.config("config", privacy), "log", "--quiet", env={"OTHER_KEY": "another key of mine"})
        bench.equal([one["client"]["ip"] for one in parse_lines(done.out)], expected, f"{privacy}")


def ids(bench, lines, config, **settings):
    write(bench.directory / "log", "\n".join([*lines, ""]))
    done = bench.run(*(["-c", config] if config else []), "log", "--quiet", **settings)
    return [one["event"]["id"] for one in parse_lines(done.out)]


def test_guesses(bench):
    """Whoever knows all of a line but the last byte of its address tries them all: by the id that anybody can make, he finds it; by one
    that is keyed he does not, nor with a key of his own, and it is the same in every run."""
    config, other = bench.config("config", TRUNCATE), bench.config("other", ["key_env: OTHER_KEY", TRUNCATE[1]])
    secret = 112
    lines = [alb_line(client=f"89.160.20.{host}:4711") for host in range(256)]
    guessed = []  # each as the first line of a log of its own
    for line in lines:
        guessed += ids(bench, [line], None)
    bench.equal(len(set(guessed)), 256, "ids of candidates")
    plain = ids(bench, [lines[secret]], None)
    bench.equal(guessed.index(plain[0]), secret, "an id without a key is found")
    keyed = ids(bench, [lines[secret]], config)
    bench.check(keyed[0] not in guessed, "an id with a key is found")
    again = ids(bench, [lines[secret], lines[7]], config)
    bench.equal(again[0], keyed[0], "the same line has the same id")
    mine = [ids(bench, [line], other, env={"OTHER_KEY": "another key of mine"})[0] for line in lines[secret - 2:secret + 3]]
    bench.check(keyed[0] not in mine and len(set(mine)) == 5, "an id is found with another key")
    reject = "bad " + lines[secret].split(" ", 1)[1]
    for name, expected in ((None, True), ("config", False)):
        write(bench.directory / "log", reject + "\n")
        done = bench.run(*(["-c", name] if name else []), "log", "--rejects", "rejects", "--quiet", "-f", "nlb_access")
        bench.equal(done.code, REJECTS, "a line that is rejected")
        [rejected] = parse_lines(bench.read("rejects"))
        bench.equal(rejected["event_id"] in guessed or rejected["event_id"] == ids_of_reject(bench, reject), expected, f"{name}: the id of a reject")


def ids_of_reject(bench, line):
    write(bench.directory / "log", line + "\n")
    bench.run("log", "--rejects", "again", "--quiet", "-f", "nlb_access")
    return parse_lines(bench.read("again"))[0]["event_id"]


def test_rejects(bench):
    """A reject says what was wrong and where, and has no line; it cannot be replayed, and one of before loses its line on the way."""
    config = bench.config("config", TRUNCATE)
    line = f"{EEA[0]} " + alb_line(client=f"{EEA[0]}:1")
    write(bench.directory / "log", line.encode() + b"\n" + line.encode() + b"\xff\n")
    bench.run("log", "--rejects", "plain", "--quiet", "-f", "alb_access")
    bench.equal([sorted({"original", "original_base64"} & {*one}) for one in parse_lines(bench.read("plain"))], [["original"], ["original_base64"]], "without privacy")
    bench.run("-c", config, "log", "--rejects", "rejects", "--quiet", "-f", "alb_access")
    for one in parse_lines(bench.read("rejects")):
        bench.equal(one.get("privacy"), "dropped", "rejects")
        bench.check("original" not in one and "original_base64" not in one, "a reject has its line")
        bench.equal(one["origin"]["line"] in (1, 2) and one["reason"] != "", True, "what was wrong, and where")
    before = b"".join(row[:-1] + b',"truncated":true}\n' for row in bench.read("plain").splitlines())
    for name, content in (("rejects", bench.read("rejects")), ("truncated", before), ("spaced", before.replace(b'":', b'" : '))):
        write(bench.directory / "in.ndjson", content)
        done = bench.program.run("replay", "-c", config, "in.ndjson", "-o", "records", "--rejects", "kept", "--quiet", cwd=bench.directory)
        bench.equal(done.code, REJECTS, f"replay of {name}: {done.err[:300]}")
        kept = bench.read("kept").decode()
        bench.equal([one.get("privacy") for one in parse_lines(kept.encode())], ["dropped"] * 2, f"{name}: kept")
        bench.check(found(undone(kept), EEA[0]) == "" and "original" not in kept, f"{name}: {kept[:600]}")


def test_sums(bench):
    """Rows of rates have the client's key as records have its address, and ids that nobody makes without the key."""
    lines = [alb_line(client=f"{client}:1", time="2026-03-01T12:00:00.000000Z") for client in (*EEA, *US) for _ in range(12)]
    write(bench.directory / "log", "\n".join([*lines, ""]))

    def rows(privacy):
        done = bench.run("-c", bench.config("config", privacy), "log", "--chain", "direct", "--rollups", "rollups", "--quiet", "-o", "records")
        bench.equal(done.code, DONE, f"{privacy}: {done.err[:300]}")
        return parse_lines(bench.read("rollups"))

    def keys(documents, kind):
        return sorted(one["key"] for one in documents if one["kind"] == kind and one.get("dim") == "client")

    plain, truncated, hashed = rows(None), rows(TRUNCATE), rows(HMAC)
    for kind in ("top", "breach"):
        found_plain = keys(plain, kind)
        bench.equal(len(found_plain), 4, f"{kind}: keys {found_plain} of {[one['kind'] for one in plain]}")
        bench.check(EEA[0] in found_plain, f"{kind}: {found_plain}")
        kept = [one for one in found_plain if one.startswith(("198.", "2600:"))]
        both = keys(truncated, kind)
        bench.check("89.160.20.0" in both and any(one.startswith("2001:4dd0::") for one in both) and len(both) == 4, f"{kind}, truncated: {both}")
        if kind == "top":
            bench.check(all(one in both for one in kept), f"{kind}: {both} without {kept}")
            bench.check(pseudonym(EEA[0], day=20513) in keys(hashed, kind), f"{kind}, hashed: {keys(hashed, kind)}")
    ids_of = [{one["event"]["id"] for one in documents} for documents in (plain, truncated, hashed)]
    bench.check(not ids_of[0] & ids_of[1] and ids_of[1] == ids_of[2] and len(ids_of[0]) == len(ids_of[1]), "ids of documents")


def test_connections(bench):
    """Whom a PROXY header names stands in no record and no reject either. Nobody's zone is known here, so the strictest counts."""
    header, line = f"PROXY TCP4 {EEA[0]} 10.0.0.1 4242 80\r\n", alb_line(client=f"{EEA[0]}:1")
    for privacy, names in (("*: {ip: keep}", True), (TRUNCATE[1], False)):
        config = bench.config("config", [f"key_file: {bench.directory / 'key'}", privacy.replace("*", '"*"')])
        listener = Listener(bench.program, bench.directory, "-c", bench.directory / config, inputs=("tcp://127.0.0.1:0?proxy=v1",))
        try:
            listener.send(f"{header}{line}\n{EEA[0]} is no log line\n{line}\n".encode())
            listener.await_written(2)
        finally:
            listener.end_soon()
        listener.stop()
        bench.equal((len(listener.records), len(listener.rejects)), (2, 1), f"{privacy}: records and rejects")
        for kind, rows in (("records", listener.records), ("rejects", listener.rejects)):
            trace = found(undone(json.dumps(rows)), EEA[0])
            bench.equal(trace != "", names, f"{privacy}: {kind}: {trace}")


def test_screens(bench):
    """What is on a screen has left: `top` does not show what a policy hides, and goes as ever where nothing is hidden."""
    write(bench.directory / "log", alb_line(client=f"{EEA[0]}:1") + "\n")
    for privacy, code in ((TRUNCATE, USAGE), (["eea: {ip: keep}"], DONE), (None, DONE)):
        done = bench.program.run("top", "-c", bench.config("config", privacy), "log", cwd=bench.directory)
        bench.equal(done.code, code, f"top, {privacy}: exit ({done.err[:300]})")
        shown = found(undone(done.out.decode() + done.err), EEA[0])
        bench.equal(shown != "", code == DONE, f"top, {privacy}: {shown}")
    bench.check("`privacy` of `residency`" in bench.program.run("top", "-c", bench.config("config", TRUNCATE), "log", cwd=bench.directory).err, "why")
    done = bench.program.run("residency", "-c", bench.config("config", TRUNCATE), "log", "--fail-on", "never", cwd=bench.directory)
    bench.check(done.code == DONE and done.out and not found(undone(done.out.decode() + done.err), EEA[0]), f"residency: {done.out} {done.err}")


def test_node_in_path(bench):
    """The name of a balancer's object has the address of its node: that is no client's, and is needed to find the line again."""
    name = "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/01/123456789012_elasticloadbalancing_eu-west-1_app.web.50dc6c495c0c9188_20260301T0005Z_77.217.39.53_2abcdefg.log"
    write(bench.directory / name, alb_line(client=f"{EEA[0]}:1") + "\nbad\n")
    done = bench.run("-c", bench.config("config", TRUNCATE), name, "--rejects", "rejects", "--quiet")
    [record] = parse_lines(done.out)
    bench.equal(record["log"]["file"]["path"], name, "log.file.path")
    bench.equal(record["client"]["ip"], "89.160.20.0", "client.ip")
    bench.equal(parse_lines(bench.read("rejects"))[0]["origin"]["path"], name, "origin.path")


def test_many_workers(bench):
    """The same bytes for any number of workers, any vectors, and whatever came before a record."""
    log = bench.generate.run("alb", "--lines", "20000", "--seed", "9").out
    write(bench.directory / "log", log)
    for privacy in (TRUNCATE, ["key_file: key", '"*": {ip: hmac, rotate: 1h}']):
        config = bench.config("config", privacy)
        outs = [bench.run("-c", config, "log", "-j", workers, "--quiet", env={"WHEREFROM_CPU": level}).out
                for workers, level in (("1", "baseline"), ("4", "baseline"), ("2", "avx2"), ("3", "avx512"))]
        bench.check(outs[0].count(b"\n") == 20000 and all(one == outs[0] for one in outs), f"{privacy}: {[len(one) for one in outs]}")


def test_refusals(bench):
    """What a config says that is wrong; secrets are not shown."""
    write(bench.directory / "short", "0123456789abcde\n")
    for privacy, *words in (
            (["eea: {ip: truncate}"], "key_file", "openssl rand"),
            (["key_file: missing", "eea: {ip: truncate}"], "No such file"),
            (["key_file: short", "eea: {ip: truncate}"], "15 characters"),
            (["key_file: key", "key_env: KEY", "eea: {ip: truncate}"], "both"),
            (["key_file: key", "eea: {}"], "no \"ip\""),
            (["key_file: key", "eea: {ip: truncat}"], "truncate"),
            (["key_file: key", "eea: {ip: truncate, v4: 25}"], "8 to 24"),
            (["key_file: key", "eea: {ip: truncate, v6: 128}"], "16 to 56"),
            (["key_file: key", "eea: {ip: truncate, rotate: 24h}"], "rotate", "hmac"),
            (["key_file: key", "eea: {ip: hmac, v4: 24}"], "v4", "truncate"),
            (["key_file: key", "eea: {ip: hmac, rotate: 24}"], "24h"),
            (["key_file: key", "eea: {ip: hmac, rotate: 1s}"], "60s"),
            (["key_file: key", "eea: {ip: drop, ua: hide}"], "ua"),
            (["key_file: key", "eea: {ip: drop, ua: drop, keep_raw: true}"], "keep_raw"),
            (["key_file: key", "eae: {ip: drop}"], "eae", "eea"),
            (["key_file: key", "eea: truncate"], "ip: truncate"),
            (["[eea]"], "expected zones")):
        write(bench.directory / "log", "")
        done = bench.run("-c", bench.config("config", privacy), "log")
        bench.equal(done.code, USAGE, f"{privacy}: exit ({done.err[:300]})")
        for word in words:
            bench.check(word in done.err, f"{privacy}: {word!r} is not in {done.err[:400]!r}")
        bench.check("0123456789abcde" not in done.err, f"{privacy}: shows the key")
    done = bench.run("-c", bench.config("config", ["eea: {ip: keep}", "us: {ip: keep, ua: keep}"]), "log")
    bench.equal(done.code, DONE, f"keeping all needs no key: {done.err[:300]}")


if __name__ == "__main__":
    sys.exit(run_groups(argument_parser("tests of privacy"), globals(), PrivacyBench))
