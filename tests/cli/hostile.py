#!/usr/bin/env python3
"""Accounting on hostile input: whatever comes in, every line comes out exactly once, and what comes out is what it says.

The lines of the golden cases, and some of each format that wherefrom-generate makes, are mutated, cut, mixed and swollen; each file
of them is read twice, by different settings (workers, read size, scanner), which must give the same bytes. Then every line is
accounted for by its offset:

    written    one line of valid JSON with a client that is the address in the line's own column (honest.py), or none
    rejected   one line of valid JSON with reason, origin and the line itself
    skipped    an empty line, names of columns, a flow of nothing, or AWS's test message

    hostile.py --wherefrom PATH --generate PATH [--mutations 300] [--seed 1]    mutations of each line; 10000 is the long form

Threads: two runs of the program at a time.
"""
import base64
import concurrent.futures
import datetime
import functools
import ipaddress
import json
import pathlib
import random
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from black_box import Program, Report, argument_parser, at, parse_lines, read_summary, scratch, write  # noqa: E402
from honest import MAPPED_PEER, has_repeated_keys, iso, may_be_skipped, what_the_line_says  # noqa: E402

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
LINES_PER_FILE = 12000
ORIGINAL_BYTES_MAX = 64 * 1024
GENERATED = ("nginx", "haproxy", "envoy", "cloudfront", "vpc_flow_custom", "tgw_flow", "ga_flow", "waf", "alb_lambda_event", "alb_json", "cloudfront_json",
             "envoy_json", "vpc_flow_json")
UNRESOLVED = {"peer-invalid", "xff-missing", "xff-unknown", "xff-obfuscated", "xff-garbled"}  # without a chain
GENERATED_LINES = 4  # of each
REASONS = {"too-few-fields", "too-many-fields", "unterminated-quote", "unknown-format", "bad-json", "bad-time", "bad-peer", "bad-status", "line-too-long", "cut-short"}

SPACES = ("aws.elb", "aws.vpcflow", "aws.globalaccelerator", "aws.cloudfront", "aws.waf", "nginx", "haproxy", "envoy", "ndjson")
# how the values that are checked are called in each output schema
NAMES = {
    "ecs": {"offset": "log.offset", "client": "client.ip", "port": "client.port", "time": "@timestamp", "verdict": "hop.verdict",
            "addresses": ("client.ip", "source.ip", "destination.ip", "observer.ip"), "times": ("@timestamp", "event.start", "event.end"),
            "numbers": ("http.request.bytes", "http.response.bytes", "http.response.status_code", "url.port", "event.duration", "source.bytes")},
    "ss4o": {"offset": "log.offset", "client": " ".join(f"{space}.client.ip" for space in SPACES), "port": " ".join(f"{space}.client.port" for space in SPACES), "time": "@timestamp", "verdict": "hop.verdict",
             "addresses": ("aws.elb.client.ip", "communication.source.ip", "aws.elb.backend.ip"), "times": ("@timestamp", "event.start", "event.end"),
             "numbers": ("aws.elb.received_bytes", "aws.elb.sent_bytes", "event.duration")},
    "flat": {"offset": "log_offset", "client": "client_ip", "port": "client_port", "time": "timestamp", "verdict": "hop_verdict",
             "addresses": ("client_ip", "source_ip", "target_ip"), "times": ("timestamp", "time"),
             "numbers": ("received_bytes", "sent_bytes", "elb_status_code")},
}
# output schema, options, file name: with an object name of AWS the format is expected, else it is found
PLAIN = "{}.log"
OBJECT = "123456789012_elasticloadbalancing_eu-west-1_{}_20260301T1205Z_192.0.2.77_{{}}.log"
ROUNDS = (("ecs", [], PLAIN), ("flat", ["--schema", "flat"], OBJECT.format("app.shop.50dc6c495c0c9188")), ("ecs", ["--keep-original", "--no-geo"], OBJECT.format("old-shop")),
          ("ss4o", ["--schema", "ss4o", "--keep-original"], PLAIN), ("ecs", [], OBJECT.format("net.edge.c6e77e28c25b2234")))
# the same with a format that is given, by the lines that it is tried on; NDJSON has the peer where WAF and CloudFront have it
FIXED = (("nginx", ["nginx"]), ("haproxy", ["haproxy"]), ("envoy", ["envoy", "envoy_json"]), ("cloudfront", ["cloudfront", "cloudfront_json"]), ("waf", ["waf"]),
         ("vpc_flow", ["vpc_flow_custom", "vpc_flow_json"]), ("ndjson", ["cloudfront_json", "envoy_json"]))

# --- making input -------------------------------------------------------------------------------

PIECES = [b"\x00", b"\x01", b"\x1f", b"\x7f", b"\x80", b"\xc3", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98\x80", b'"', b'""', b'" "', b' "',
          b" ", b"  ", b"\t", b"\r", b"\n", b"\r\n", b"-", b"\\", b"\\\\", b'\\"', b"\\x", b"\\x2", b"\\x22", b"\\xFF", b"\\xEC", b"\\x000000", b"\\x00000022", b":",
          b"::", b"/", b"@", b"#", b"?", b"http://", b"[", b"]", b",", b"{", b"}", b"0", b"9" * 25, b"tls ", b"https ", b"[01/Mar/2026:12:00:00 +0000]", b"[01/Mar/2026:12:00:00.123]", b" - ", b"-:-", b"unix:", b"unix:1", b"+", b'","', b'":"',
          b'{"message":"', b"\\u0000", b"\\ud800", b"\\n", b"\\/", b"%20", b"6.6.6.6", b"6.6.6.6:6", b" 6.6.6.6 - - ", b'"\\""', b"}{", b"\xef\xbb\xbf"]
COLUMNS = [b"-", b'""', b'"-"', b"", b"0", b"-1", b"-0", b"+1", b"1e9", b"0x10", b"00000000000000000000001", b"9223372036854775807", b"9223372036854775808",
           b"18446744073709551616", b"999999999", b"999999999.999999999", b"0.0000000001", b".", b"1.", b".1", b"NaN", b"2261-12-31T23:59:59.999999Z", b"2024-02-30T00:00:00Z",
           b"1970-01-01T00:00:00Z", b"2026-03-01T12:00:00.1234567890Z", b"2026-03-01T12:00:00", b"255.255.255.255:65535", b"0.0.0.0:0", b"256.1.1.1:1", b"1.2.3.4",
           b"1.2.3.4:", b"1.2.3.4:65536", b"01.2.3.4:1", b"::1:1", b":::1", b"::ffff:1.2.3.4:5", b"[::1]:1", b"[1.2.3.4]:1", b"1:2:3:4:5:6:7:8:9", b"fe80::1%eth0:1",
           b"2001:218::1:50718", b'"a b"', b"arn:aws:acm:::x", b"arn:a:b:c\x01\xff:d:e", b"waf", b"authenticate,waf", b"TLSv1.3", b"SSLv3", b"TLSv", b'"h2","http/1.1',
           b'"- http://h:80- -"', b'"GET  HTTP/1.1"', b'"- - - "', b'"\\x"', b'"\xff"', b"Enable AccessLog for ELB: ", b"+5", b"1/2/3", b"0/0/0/0/0", b"{a|b}", b"unix:1", b"[2026-03-01T12:00:00.123Z]",
           b"[01/Mar/2026:12:00:00", b"+0000]", b"2026-03-01", b"12:00:00", b"1772366400123", b"1772366400.123", b"#Fields: date time c-ip x-edge-location c-port"]
VALUES = [b"null", b"true", b"0", b"-1", b"1e400", b"[]", b"{}", b'""', b'"-"', b'"6.6.6.6"', b'"6.6.6.6:6"', b'"[::1]:6"', b'"::ffff:6.6.6.6"', b'["6.6.6.6","7.7.7.7"]',
          b'{"clientIp":"6.6.6.6"}', b'[{"name":"X-Forwarded-For","value":"6.6.6.6"}]', b'"\\ud800"', b'"\\u0000"', b'"6.6.6.6\\u0020"', b"1772366400", b"1772366400123",
          b'"2026-03-01T12:00:00Z"', b'"a\\nb"', b"[" * 70 + b"]" * 70, b"9" * 400, b"00", b"tru"]
KEYS = [b'"c-ip"', b'"client_port"', b'"clientIp"', b'"message"', b'"log"', b'"x-peer"', b'"start_time"', b'"time"', b'"timestamp"', b'"elb"', b'"a.b"', b'"\\u0061"', b'""',
        b'"downstream_direct_remote_address"', b'"event"', b'"original"', b'"event.original"', b'"headers"', b'"httpRequest"', b'"webaclId"']
VALUE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|true|false|null|\[\]|\{\}')


def cut(dice, line):
    """Two places in the line, in order."""
    first, second = dice.randrange(len(line) + 1), dice.randrange(len(line) + 1)
    return min(first, second), max(first, second)


def flip_bit(dice, line, _):
    place = dice.randrange(len(line))
    return line[:place] + bytes([line[place] ^ 1 << dice.randrange(8)]) + line[place + 1:]


def delete_part(dice, line, _):
    start = dice.randrange(len(line))
    return line[:start] + line[start + dice.choice((1, 1, 2, 5, 40)):]


def repeat_part(dice, line, _):
    start, end = cut(dice, line)
    return line[:end] + line[start:end] * dice.choice((1, 1, 2, 3)) + line[end:]


def insert_piece(dice, line, _):
    place = dice.randrange(len(line) + 1)
    return line[:place] + dice.choice(PIECES) + line[place:]


def separator(line):
    return b"\t" if b"\t" in line else b"," if line.startswith(b"{") else b" "


def replace_value(dice, line):
    """Of JSON: a value or a key."""
    places = [match.span() for match in VALUE.finditer(line)] or [(0, len(line))]
    start, end = dice.choice(places)
    return line[:start] + dice.choice(KEYS if line[end:end + 1] == b":" else VALUES) + line[end:]


def replace_column(dice, line, _):
    if line.startswith(b"{") and dice.random() < 0.8:
        return replace_value(dice, line)
    columns = line.split(separator(line))
    columns[dice.randrange(min(len(columns), 40))] = dice.choice(COLUMNS)
    return separator(line).join(columns)


def swap_columns(dice, line, _):
    columns = line.split(separator(line))
    first, second = dice.randrange(len(columns)), dice.randrange(len(columns))
    columns[first], columns[second] = columns[second], columns[first]
    return separator(line).join(columns)


def wrap(dice, line, other):
    """As forwarders do."""
    members = {dice.choice(("message", "log", "msg", "MESSAGE", "line", "text", "event.original", "original")): line.decode("utf-8", "replace")}
    if dice.random() < 0.2:
        members = {"event": members}
    if dice.random() < 0.3:
        members[dice.choice(("host", "message", "time", "c-ip"))] = dice.choice(("a", "6.6.6.6", other.decode("utf-8", "replace")))
    return json.dumps(members, ensure_ascii=dice.random() < 0.5).encode("utf-8")


def splice(dice, line, other):
    return line[:dice.randrange(len(line) + 1)] + other[dice.randrange(len(other) + 1):]


def truncate(dice, line, _):
    return line[:dice.randrange(len(line) + 1)]


def swell(dice, line, _):
    """A very long column."""
    place = dice.randrange(len(line) + 1)
    return line[:place] + dice.choice(PIECES).replace(b"\n", b"n") * dice.choice((64, 300, 5000)) + line[place:]


USUAL = (flip_bit, flip_bit, delete_part, repeat_part, insert_piece, insert_piece, insert_piece, replace_column, replace_column, replace_column, swap_columns, splice, truncate, wrap)


def mutate(dice, line, other):
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        change = swell if dice.random() < 0.002 else dice.choice(USUAL)
        line = change(dice, line, other) or b"-"
    return line


def noise(dice, size):
    """Random bytes, then bytes that mean something, in lines of all lengths."""
    meaningful = b' "\\-:.,/0123456789abcdefTZx\r\n\n\n'
    return dice.randbytes(size) + b"\n" + bytes(dice.choices(meaningful, k=size))


def swollen_lines(seeds):
    """Lines of up to 1 MiB that grow most when they are written: control bytes in every text column in turn."""
    for seed in seeds:
        columns = seed.split(b" ")
        for index in range(len(columns)):
            for piece in (b"\x01", b"\xff", b"\\x01", b'\\"', b"a,", b'",', b"1 ", b"/"):
                quoted = columns[index][:1] == b'"'
                text = piece * ((1 << 20) // len(piece) // (16 if index % 5 else 1) - 1000)
                yield b" ".join([*columns[:index], b'"' + text + b'"' if quoted else text.replace(b" ", b"_"), *columns[index + 1:]])


# --- what is written -----------------------------------------------------------------------------

DATE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z")


@functools.lru_cache(100000)
def is_date(text):
    match = DATE.fullmatch(text)
    try:
        return match is not None and datetime.datetime.fromisoformat(match[1]) is not None
    except ValueError:
        return False


@functools.lru_cache(100000)
def is_address(text):
    try:
        return str(ipaddress.ip_address(text)) == text and "%" not in text
    except ValueError:
        return False


REPEATED = "a key that is repeated"


def copied(pairs):
    """An object of a record: a value that is copied as it came may have a key twice, if the line had."""
    keys = {key for key, _ in pairs}
    return dict(pairs) if len(keys) == len(pairs) else {**dict(pairs), REPEATED: True}


def has_repeated(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return (isinstance(value, dict) and REPEATED in value) or any(map(has_repeated, inner))


def any_of(record, paths):
    return next((value for value in (at(record, path) for path in paths.split()) if value is not None), None)


def record_problem(record, line, names, given):
    """What is wrong with a record of this line; None when nothing is."""
    if has_repeated(record) and (REPEATED in record or not has_repeated_keys(line)):
        return "a key is repeated"
    for path in names["addresses"]:
        value = at(record, path)
        if value is not None and not is_address(value):
            return f"{path} is no address in canonical form: {value!r}"
    for path in names["times"]:
        value = at(record, path)
        if value is not None and not is_date(value):
            return f"{path} is no time: {value!r}"
    for path in names["numbers"]:
        value = at(record, path)
        if value is not None and not (isinstance(value, int) and 0 <= value < 1 << 63):
            return f"{path} is no number that fits: {value!r}"
    found = any_of(record, names["client"])
    found = None if found is None else (found, any_of(record, names["port"]) or 0)
    time = iso(at(record, names["time"]).encode())
    verdict = at(record, names["verdict"])
    if verdict is not None and (found is None) != (verdict in UNRESOLVED):
        return f"verdict {verdict!r} with client {found!r}"
    judged = verdict is not None
    if any((time, found, judged) == reading for reading in what_the_line_says(line, given)):
        return None
    said = sorted({str(client) for _, client, _ in what_the_line_says(line, given)})
    return f"time {at(record, names['time'])!r}, client {found!r}, verdict {verdict!r}, but the line says otherwise; clients {said}"


def reject_problem(reject, line):
    if reject.get("reason") not in REASONS or reject.get("stage") != "split" or not reject.get("detail"):
        return "reason, stage or detail is missing or new"
    original = reject["original"].encode() if "original" in reject else base64.b64decode(reject["original_base64"], validate=True)
    if reject["reason"] == "line-too-long":
        return None if line.startswith(original) and reject.get("truncated") else "the line is not the one that was too long"
    cut_line = line if len(line) <= ORIGINAL_BYTES_MAX else line[:len(original)]
    return None if original == cut_line and ("truncated" in reject) == (len(line) > ORIGINAL_BYTES_MAX) else "original is not the line"


# --- the accounting -----------------------------------------------------------------------------


def lines_by_offset(content):
    """Every line at its offset, without its LF and one CR before that. Bytes behind the last LF are a line, too."""
    lines, offset = {}, 0
    parts = content.split(b"\n")
    for part in parts if parts[-1] else parts[:-1]:
        lines[offset] = part.removesuffix(b"\r")
        offset += len(part) + 1
    return lines


class Accounts:
    def __init__(self, program, report, directory, seed):
        self.program, self.report, self.directory, self.seed = program, report, directory, seed
        self.scanners = program.scanners()
        self.lines = self.written = self.rejected = 0

    def run(self, path, options, settings, scanner):
        rejects, summary = path.with_suffix(f".rejects{settings[1]}"), path.with_suffix(f".summary{settings[1]}")
        result = self.program.run("run", path.name, "--quiet", "--max-reject-ratio", "1", "--rejects", rejects, "--summary", summary, *options, *settings, cwd=path.parent,
                                  env={"WHEREFROM_CPU": scanner}, timeout=300)
        return result, rejects.read_bytes() if rejects.exists() else b"", summary

    def problem(self, lines, names, given, records, rejects, summary):
        """The first thing that does not add up."""
        counts = summary["records"]
        if counts["read"] != len(lines) or counts["written"] != len(records) or counts["rejected"] != len(rejects):
            return f"{len(lines)} lines, {len(records)} records, {len(rejects)} rejects, but the summary says {counts}"
        left, before = dict(lines), -1
        for record in records:
            offset = at(record, names["offset"])
            line = left.pop(offset, None)
            if line is None or offset <= before:
                return f"a record of offset {offset}: no line begins there, or it is out of order or written twice"
            before = offset
            problem = record_problem(record, line, names, given)
            if problem:
                return f"{problem}: {line[:3000]!r}"
        for reject in rejects:
            line = left.pop(reject["origin"]["offset"], None)
            problem = "no line is left at its offset" if line is None else reject_problem(reject, line)
            if problem:
                return f"a reject at {reject['origin']}: {problem}: {(line or b'')[:300]!r}"
        for line in left.values():
            if not may_be_skipped(line):
                return f"a line was lost: {line[:300]!r}"
        return None

    def settle(self, what, content, schema, options, name):
        """Reads the content twice and accounts for every line of it."""
        path = write(self.directory / name.format(what.replace(" ", "")), content)
        result, rejects, summary = self.run(path, options, ["-j", "1"], self.scanners[-1])
        again, rejects_again, _ = self.run(path, options, ["-j", "4", "--read-size", "4096"], self.scanners[0])
        what = f"{what} {' '.join(options)} (seed {self.seed})"
        if not self.report.check(result.code == (3 if rejects else 0) and not result.err, f"{what}: exit code {result.code}, stderr {result.err[:300]!r}"):
            return
        same = (result.code, result.out, rejects) == (again.code, again.out, rejects_again)
        self.report.check(same, f"{what}: -j 4, small reads and the {self.scanners[0]} scanner give other bytes ({again.code}, {again.err[:200]!r})")
        lines = lines_by_offset(content)
        try:
            records, rejected = parse_lines(result.out, copied), parse_lines(rejects)
            problem = self.problem(lines, NAMES[schema], options[1] if "--format" in options else None, records, rejected, read_summary(summary))
        except ValueError as error:
            problem = str(error)
        self.report.check(problem is None, f"{what}: {problem}")
        if problem is None:
            self.lines, self.written, self.rejected = self.lines + len(lines), self.written + len(records), self.rejected + len(rejected)
        for left in path.parent.glob(f"{path.stem}.*"):
            left.unlink()


def mutated_files(seeds, mutations, seed):
    """Files of mutated lines; each has its own dice, so that one can be made again alone."""
    per_file = max(1, LINES_PER_FILE // len(seeds))
    for number, first in enumerate(range(0, mutations, per_file)):
        dice = random.Random(f"{seed}/{number}")
        lines = [mutate(dice, line, dice.choice(seeds)) for _ in range(first, min(mutations, first + per_file)) for line in seeds]
        dice.shuffle(lines)
        yield number, b"\n".join(lines) + dice.choice((b"", b"\n", b"\r\n"))


def fixed_files(made, mutations, seed):
    """The same for formats that are given; for NDJSON some addresses have the key that is mapped."""
    for format_name, names in FIXED:
        dice = random.Random(f"{seed}/{format_name}")
        seeds = [line for name in names for line in made[name]]
        if format_name == "ndjson":
            seeds = [re.sub(rb'"(c-ip|downstream_remote_address)"', b'"%s"' % MAPPED_PEER.encode(), line) for line in seeds]
        lines = [mutate(dice, line, dice.choice(seeds)) for line in seeds for _ in range(mutations)] + seeds
        dice.shuffle(lines)
        options = ["--format", format_name] + (["--ndjson", f"peer={MAPPED_PEER}"] if format_name == "ndjson" else [])
        yield f"{format_name} given", b"\n".join(lines), options


def run_all(accounts, seeds, made, logs, mutations, seed):
    report = accounts.report
    dice = random.Random(seed)
    with report.group("random bytes"):
        for number in range(6):
            accounts.settle(f"noise {number}", noise(dice, 1 << dice.choice((4, 10, 15, 17))), *ROUNDS[number % len(ROUNDS)])
    with report.group("files cut anywhere, and mixed"):
        for number in range(20):
            parts = [content[slice(*cut(dice, content))] for content in dice.choices(logs, k=dice.choice((1, 2, 5)))]
            accounts.settle(f"cut {number}", b"".join(parts), *ROUNDS[number % len(ROUNDS)])
    with report.group("swollen lines"):
        chosen = [line for line in seeds if len(line.split(b" ")) in (15, 22, 33)]
        one_of_each = [*{len(line.split(b" ")): line for line in chosen}.values(), *(made[name][-1] for name in ("nginx", "haproxy", "envoy"))]
        lines = list(swollen_lines(one_of_each))
        dice.shuffle(lines)
        for number, start in enumerate(range(0, min(len(lines), 72), 12)):
            accounts.settle(f"swollen {number}", b"\n".join(lines[start:start + 12]), *ROUNDS[number % len(ROUNDS)])
    with report.group(f"{mutations} mutations of each of {len(seeds)} lines"), concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(accounts.settle, f"mutations {number}", content, *ROUNDS[number % len(ROUNDS)])
                   for number, content in mutated_files(seeds, mutations, seed)]
        for future in waiting:
            future.result()
    with report.group("formats that are given"), concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(accounts.settle, what, content, "ecs", options, PLAIN) for what, content, options in fixed_files(made, max(1, mutations // 4), seed)]
        for future in waiting:
            future.result()
    with report.group("the mutations tried something"):
        report.check(accounts.written > accounts.lines // 10, f"only {accounts.written} of {accounts.lines} lines were accepted")
        report.check(accounts.rejected > accounts.lines // 10, f"only {accounts.rejected} of {accounts.lines} lines were rejected")
    print(f"{accounts.lines} lines, {accounts.written} written, {accounts.rejected} rejected")


def generated(generate):
    """Some lines of each format, with their header."""
    made = {}
    for name in GENERATED:
        result = subprocess.run([generate, name, "--lines", str(GENERATED_LINES)], stdout=subprocess.PIPE, check=True, timeout=60)
        made[name] = result.stdout.rstrip(b"\n").split(b"\n")
    return made


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--mutations", type=int, default=300, metavar="N", help="of each golden line (300)")
    parser.add_argument("--seed", type=int, default=1, help="another one gives other mutations (1)")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    logs = [path.read_bytes() for path in sorted(GOLDEN.glob("*/*.log"))]
    seeds = sorted({line.removesuffix(b"\r") for content in logs for line in content.split(b"\n")} - {b""})
    if not seeds or not options.generate:
        sys.exit(f"no golden lines in {GOLDEN}, or no --generate")
    made = generated(options.generate)
    seeds += [line for lines in made.values() for line in lines]
    logs += [b"\n".join(lines) + b"\n" for lines in made.values()]
    with scratch() as directory:
        run_all(Accounts(program, report, directory, options.seed), seeds, made, logs, options.mutations, options.seed)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
