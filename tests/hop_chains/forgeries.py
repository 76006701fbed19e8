"""What clients write into X-Forwarded-For to be taken for somebody else, and what each of it must be called.

Threads: one.
"""
import dataclasses

LIE = "216.160.83.56"  # a public address that no request comes from
LIE_6 = "2a02:cf40::1234"
SPOOFED, PROXY, GARBLED, NONE = "spoofed-leftmost", "client-proxy", "claim-garbled", "ok"
ANY = "(any text)"


@dataclasses.dataclass
class Forgery:
    name: str
    lines: list  # values of the header, a header line each
    verdict: str = NONE
    claim: str = None  # its beginning, None: there is none
    flags: frozenset = frozenset()
    other: list = dataclasses.field(default_factory=list)  # header lines of other names

    def headers(self, name="X-Forwarded-For"):
        return [f"{name}: {value}" for value in self.lines] + self.other


def one(name, value, verdict, claim=None):
    return Forgery(name, [value], verdict, claim or value)


def forgeries(plan, own):
    """All of them; `own` is the address that the request will come from."""
    names_itself = NONE if plan.is_world else PROXY  # an address of the loopback is no public one
    a_proxy = SPOOFED if plan.is_world else PROXY
    long_list = "9.9.9.9, " * 1000 + "20.0.0.1"
    return [
        Forgery("nothing", []),
        Forgery("empty", [""]),
        Forgery("empties", [" , ,, ,"]),
        one("public", LIE, SPOOFED),
        one("public-port", f"{LIE}:4711", SPOOFED),
        one("public-6", LIE_6, SPOOFED),
        one("public-6-port", f"[{LIE_6}]:443", SPOOFED),
        one("public-6-brackets", f"[{LIE_6}]", SPOOFED),
        one("mapped", f"::ffff:{LIE}", SPOOFED),
        one("mapped-hex", "::FFFF:D8A0:5338", SPOOFED),
        one("quoted", f'"{LIE}"', SPOOFED),
        one("tabs", f"\t{LIE}\t,\t20.0.0.1\t", SPOOFED, LIE),
        one("empty-then-public", f" , {LIE}", SPOOFED, LIE),
        one("forty", ", ".join(f"20.0.0.{number}" for number in range(1, 41)), SPOOFED, "20.0.0.1"),
        Forgery("long-list", [long_list], SPOOFED, "9.9.9.9", frozenset({"xff-truncated"})),
        Forgery("long-word", ["a" * 9000], NONE, None, frozenset({"xff-truncated"})),  # cut, so nobody knows what it said
        Forgery("two-lines", [LIE, LIE_6], SPOOFED, ANY),
        Forgery("other-case", [], SPOOFED, LIE, other=[f"x-FORWARDED-for: {LIE}"]),
        one("way-of-ours", f"{LIE}, {plan.cdn}, {plan.haproxy}, {plan.envoy}, {plan.nginx}", SPOOFED, LIE),
        one("a-proxy-of-ours", plan.haproxy, PROXY),
        one("an-edge-of-ours", plan.cdn, a_proxy),
        one("itself", own, names_itself),
        one("private", "192.168.1.20", PROXY),
        one("private-6", "fd00::1", PROXY),
        one("shared", "100.64.1.1", PROXY),
        one("loopback", "127.0.0.1", PROXY),
        one("link-local", "fe80::1%eth0", PROXY),
        one("unknown", "unknown", GARBLED),
        one("unknown-port", "Unknown:80", GARBLED),
        one("hidden", "_hidden", GARBLED),
        one("minus", "-", GARBLED),
        one("script", "<script>alert(1)</script>", GARBLED),
        one("half-quoted", f'"{LIE}', GARBLED),
        one("quoted-comma", f'"a, {LIE}"', GARBLED, '"a'),
        one("line-of-a-log", f'{LIE}" 200 "', GARBLED),
        one("escape", rf"\x2c {LIE}", GARBLED),
        one("line-of-envoy", f'{LIE}" "curl" "0" "a.example" "10.0.0.1:80', GARBLED),
        one("spaces", f"{LIE} {LIE}", GARBLED),
        one("semicolon", f"{LIE};{LIE}", GARBLED),
        one("port-name", f"{LIE}:http", GARBLED),
        one("port-big", f"{LIE}:65536", GARBLED),
        one("octal", "0330.0240.0123.070", GARBLED),
        one("short", "127.1", GARBLED),
        one("number", "3634385720", GARBLED),
        one("unspecified", "0.0.0.0", GARBLED),
        one("multicast", "224.0.0.1", GARBLED),
        one("network", f"{LIE}/32", GARBLED),
        one("utf-8", "é".encode().decode("latin-1") * 60, GARBLED, ANY),
        one("latin-1", "\xff\xfe caf\xe9", GARBLED, ANY),
        Forgery("other-headers", [], other=[f"X-Real-IP: {LIE}", f"True-Client-IP: {LIE}", f"Forwarded: for={LIE}", f"X_Forwarded_For: {LIE}",
                                            f"CloudFront-Viewer-Address: {LIE}:1", f"X-Original-Forwarded-For: {LIE}", f"Via: 1.1 {LIE}"]),
    ]


def forwarded_forgeries(plan, own):
    """The same for Forwarded (RFC 7239)."""
    names_itself = NONE if plan.is_world else PROXY
    long_list = "for=9.9.9.9, " * 1000 + "for=20.0.0.1"
    return [
        Forgery("nothing", []),
        Forgery("empty", [""]),
        Forgery("empties", [" , ,, ,"]),
        one("public", f"for={LIE}", SPOOFED, LIE),
        one("public-port", f'For="{LIE}:4711";proto=https', SPOOFED, f'"{LIE}:4711"'),
        one("public-6", f'proto=http;FOR="[{LIE_6}]:443"', SPOOFED, f'"[{LIE_6}]:443"'),
        one("quoted-comma", f'for={LIE};host="a,b"', SPOOFED, LIE),
        one("open-quote", f'for={LIE};host="x', SPOOFED, LIE),
        one("open-quote-for", f'for="{LIE}', GARBLED, f'"{LIE}'),
        one("escaped-quote", f'for="{LIE}\\"', GARBLED, f'"{LIE}\\"'),
        Forgery("long-list", [long_list], SPOOFED, "9.9.9.9", frozenset({"xff-truncated"})),
        one("way-of-ours", f"for={LIE}, for={plan.haproxy}, for={plan.nginx}", SPOOFED, LIE),
        one("a-proxy-of-ours", f"for={plan.haproxy};by={plan.nginx}", PROXY, plan.haproxy),
        one("itself", f'for="{own if ":" not in own else "[" + own + "]"}"', names_itself, ANY),
        one("private", "for=192.168.1.20", PROXY, "192.168.1.20"),
        one("unknown", "for=unknown", GARBLED, "unknown"),
        one("hidden", "for=_hidden", GARBLED, "_hidden"),
        one("no-for", "proto=https;by=10.1.1.1", GARBLED),
        one("two-fors", f"for={LIE};for={LIE}", GARBLED),
        one("bare", LIE, GARBLED),
        Forgery("other-headers", [], other=[f"X-Forwarded-For: {LIE}", f"X-Real-IP: {LIE}"]),
    ]
