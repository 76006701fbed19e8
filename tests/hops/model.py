"""The hop walk a second time: who is the client of a case, written to be obviously right.

Made from the rules alone, not from the program, so that a difference between the two is a fault of one of them. A case is what
`wherefrom resolve` reads, a verdict what it writes. Works on bytes: limits count bytes, and a header may hold any of them.

Not for guarding anything: no limit on work, and chains are taken to be legal.

Threads: none of its own; the caches are per process.
"""
import functools
import re
import typing

TOKEN_BYTES_MAX = 64
CLAIM_BYTES_MAX = 64
EMPTIES_MAX = 16
WINDOW_BYTES = 8192
BLANK = b" \t"
FOLD = re.compile(rb"[ \t]*\r\n[ \t]+")  # RFC 9112 section 5.2
HEX_GROUP = re.compile(rb"[0-9A-Fa-f]{1,4}")
BACKSLASH = ord("\\")


# --- addresses: (4 or 6, number) ------------------------------------------------------------------


def parse_ipv4(text):
    """Strict dotted quad, as a number; None if it is anything else."""
    parts = text.split(b".")
    if len(parts) != 4:
        return None
    number = 0
    for part in parts:
        if not part.isdigit() or len(part) > 3 or (len(part) > 1 and part.startswith(b"0")) or int(part) > 255:
            return None
        number = number << 8 | int(part)
    return number


def parse_groups(text, may_end_in_quad):
    """The 16-bit groups of a piece of IPv6 text; None if there is anything else in it."""
    numbers = []
    texts = text.split(b":") if text else []
    for index, group in enumerate(texts):
        if HEX_GROUP.fullmatch(group):
            numbers.append(int(group, 16))
            continue
        quad = parse_ipv4(group)
        if quad is None or index + 1 < len(texts) or not may_end_in_quad:
            return None
        numbers += [quad >> 16, quad & 0xFFFF]
    return numbers


def parse_ipv6(text):
    """RFC 4291 section 2.2 without a zone, as a number; None if it is anything else. `::` stands for one group or more."""
    left, gap, right = text.partition(b"::")
    head, tail = parse_groups(left, not gap), parse_groups(right, True)
    if head is None or tail is None:
        return None
    missing = 8 - len(head) - len(tail)
    if missing < 0 or (missing == 0) == bool(gap):
        return None
    number = 0
    for group in head + [0] * missing + tail:
        number = number << 16 | group
    return number


def normal(number):
    """IPv6 as it is kept: ::ffff:0:0/96 is IPv4."""
    return (4, number & 0xFFFFFFFF) if number >> 32 == 0xFFFF else (6, number)


def is_host(address):
    """Not unspecified, multicast or broadcast."""
    version, number = address
    if version == 4:
        return number not in (0, 0xFFFFFFFF) and number >> 28 != 0xE
    return number != 0 and number >> 120 != 0xFF


@functools.cache
def parse_cidr(text):
    """(version, bits that follow the prefix, prefix). A mapped range of /96 or more is one of IPv4."""
    address, _, bits = text.encode().partition(b"/")
    bits = int(bits)
    if b":" not in address:
        return 4, 32 - bits, parse_ipv4(address) >> (32 - bits)
    number = parse_ipv6(address)
    version = 4 if bits >= 96 and number >> 32 == 0xFFFF else 6
    number = number & 0xFFFFFFFF if version == 4 else number
    return version, 128 - bits, number >> (128 - bits)


def in_range(address, cidr):
    version, rest, prefix = parse_cidr(cidr)
    return address[0] == version and address[1] >> rest == prefix


# IANA special-purpose registries, "globally reachable"; the first row that holds the address decides; N/A counts as yes
SPECIAL = (
    ("192.0.0.9/32", True), ("192.0.0.10/32", True),
    ("0.0.0.0/8", False), ("10.0.0.0/8", False), ("100.64.0.0/10", False), ("127.0.0.0/8", False), ("169.254.0.0/16", False),
    ("172.16.0.0/12", False), ("192.0.0.0/24", False), ("192.0.2.0/24", False), ("192.88.99.2/32", False), ("192.168.0.0/16", False),
    ("198.18.0.0/15", False), ("198.51.100.0/24", False), ("203.0.113.0/24", False), ("224.0.0.0/3", False), ("0.0.0.0/0", True),
    ("64:ff9b::/96", True), ("2001::/32", True), ("2001:1::1/128", True), ("2001:1::2/128", True), ("2001:1::3/128", True), ("2001:3::/32", True),
    ("2001:4:112::/48", True), ("2001:20::/28", True), ("2001:30::/28", True),
    ("2001::/23", False), ("2001:db8::/32", False), ("3fff::/20", False), ("2000::/3", True), ("::/0", False),
)


@functools.lru_cache(1 << 16)
def is_global(address):
    return next(reachable for cidr, reachable in SPECIAL if in_range(address, cidr))


@functools.lru_cache(1 << 16)
def text_of(address):
    """Dotted quad, or RFC 5952: the longest run of two zero groups or more, of equal ones the first, is `::`."""
    version, number = address
    if version == 4:
        return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    groups = [f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16)]
    for length in range(8, 1, -1):
        for start in range(0, 9 - length):
            if groups[start:start + length] == ["0"] * length:
                return ":".join(groups[:start]) + "::" + ":".join(groups[start + length:])
    return ":".join(groups)


# --- tokens ---------------------------------------------------------------------------------------


class Token(typing.NamedTuple):
    kind: str  # ADDRESS EMPTY UNKNOWN OBFUSCATED BAD, and NONE of a pop
    address: tuple = None
    port: int = None
    flags: frozenset = frozenset()


EMPTY, UNKNOWN, OBFUSCATED, BAD, NONE = map(Token, ("EMPTY", "UNKNOWN", "OBFUSCATED", "BAD", "NONE"))


def parse_port(text):
    """0..65535, or None if it is no port."""
    return int(text) if text.isdigit() and len(text) <= 5 and int(text) <= 65535 else None


def parse_with_zone(text):
    """(number, flags) of IPv6 text that may have a zone; number is None if it is anything else."""
    text, percent, zone = text.partition(b"%")
    if percent and (not zone or any(byte in zone for byte in (b":", b"]", b"%"))):
        return None, set()
    return parse_ipv6(text), {"zone"} if percent else set()


def address_token(version, number, port, flags):
    """What an address as written stands for: the last rules of a token."""
    if number is None or port is None:
        return BAD
    address = (4, number) if version == 4 else normal(number)
    if not is_host(address):
        return BAD
    if address[0] != version:
        flags = flags | {"v4-mapped"}
    if address[0] == 6 and address[1] >> 32 == 0x64FF9B << 64:
        flags = flags | {"nat64"}
    return Token("ADDRESS", address, port or None, frozenset(flags))


@functools.lru_cache(1 << 16)
def trimmed_token(text, mode):
    flags = set()
    if len(text) >= 2 and text.startswith(b'"') and text.endswith(b'"'):
        text, flags = text[1:-1], {"quoted"}
    before, colon, after = text.partition(b":")
    if before.lower() == b"unknown":
        return UNKNOWN if not colon or parse_port(after) is not None else BAD
    if text.startswith(b"_"):
        return OBFUSCATED
    if text.startswith(b"["):
        inside, bracket, rest = text[1:].partition(b"]")
        if not bracket or (rest and not rest.startswith(b":")):
            return BAD
        number, zone = parse_with_zone(inside)
        return address_token(6, number, parse_port(rest[1:]) if rest else 0, flags | zone)
    if not colon:
        return address_token(4, parse_ipv4(text), 0, flags) if mode == "xff" else BAD
    if b":" not in after:
        return address_token(4, parse_ipv4(before), parse_port(after), flags)
    port = 0
    if mode == "lastcolon":
        text, _, digits = text.rpartition(b":")
        port = parse_port(digits)
    number, zone = parse_with_zone(text)
    return address_token(6, number, port, flags | zone)


def token_of(text, mode):
    text = text.strip(BLANK)
    if not text:
        return EMPTY
    return BAD if len(text) > TOKEN_BYTES_MAX else trimmed_token(text, mode)


# --- header fields --------------------------------------------------------------------------------


def unfold(line):
    return FOLD.sub(b" ", line) if b"\r\n" in line else line  # the test is for speed: many blanks are slow to search


def is_escaped(text, at):
    before = at
    while before > 0 and text[before - 1] == BACKSLASH:
        before -= 1
    return (at - before) % 2 == 1


def split_outside_quotes(text, separator):
    """The pieces of `text`. From the right: a DQUOTE pairs with the nearest unescaped one on its left and hides what is between."""
    marks = [match.start() for match in re.finditer(b'["' + separator + b"]", text)]
    unescaped = [at for at in marks if text[at:at + 1] == b'"' and not is_escaped(text, at)]
    pieces, end, hidden_from = [], len(text), len(text)
    for at in reversed(marks):
        if at >= hidden_from:
            continue
        if text[at:at + 1] == separator:
            pieces.append(text[at + 1:end])
            end = at
            continue
        while unescaped and unescaped[-1] >= at:
            unescaped.pop()
        if unescaped:
            hidden_from = unescaped.pop()
    return [text[:end], *reversed(pieces)]


def xff_member(text):
    """(text that a claim shows, token)"""
    return text.strip(BLANK), token_of(text, "xff")


def forwarded_element(text):
    """The same of an element of Forwarded (RFC 7239)."""
    text = text.strip(BLANK)
    if not text:
        return text, EMPTY
    pairs = [pair.strip(BLANK) for pair in split_outside_quotes(text, b";")]
    values = [pair[4:].strip(BLANK) for pair in pairs if pair[:4].lower() == b"for="]
    if not values:
        return text, UNKNOWN
    if len(values) > 1:
        return text, BAD
    return (values[0], token_of(values[0], "xff")) if values[0] else (text, OBFUSCATED)


class Field:
    """The field lines of one header, looked at through the window."""

    def __init__(self, lines, header):
        self.forwarded = header == "forwarded"
        self.read = forwarded_element if self.forwarded else xff_member
        text = b",".join([unfold(line.encode()) for line in lines])
        window = text[-WINDOW_BYTES:]
        self.truncated = len(text) > len(window)
        self.members = []
        if lines:
            self.members = split_outside_quotes(window, b",") if self.forwarded else window.split(b",")
        if self.truncated and text[-WINDOW_BYTES - 1:-WINDOW_BYTES] != b",":
            self.members.pop(0)

    def pop(self):
        """The next token from the right that is not empty."""
        empties = 0
        while self.members:
            _, token = self.read(self.members.pop())
            if token is not EMPTY:
                return token
            empties += 1
            if empties > EMPTIES_MAX:
                return BAD
        return BAD if self.truncated else NONE

    def claim(self):
        """(text, token) of the leftmost member that is left and not empty; (None, None) if there is none."""
        for member in self.members:
            text, token = self.read(member)
            if token is not EMPTY:
                end = min(len(text), CLAIM_BYTES_MAX)
                while end < len(text) and text[end] & 0xC0 == 0x80:
                    end -= 1
                return text[:end].decode(), token
        return None, None


# --- the walk -------------------------------------------------------------------------------------

LOST = {"NONE": "xff-missing", "UNKNOWN": "xff-unknown", "OBFUSCATED": "xff-obfuscated", "BAD": "xff-garbled"}
RESOLVED = ("ok", "ok-assumed", "ok-privatelink", "bypass", "all-trusted")


class Walk:
    """A case on its way. A hop's method returns the verdict that ends the walk there, or None."""

    def __init__(self, case):
        self.field = Field(case.get("xff") or [], case.get("hdr", "xff"))
        self.headers = {name.lower(): value for name, value in case.get("single", {}).items()}
        self.pps = list(case.get("pp", []))
        self.secret = case.get("secret") is True
        self.address = self.port = self.via = None
        self.prov, self.base, self.depth, self.flags = "none", "ok", 0, set()

    def take(self, token, prov, depth):
        self.address, self.port, self.prov = token.address, token.port, prov
        self.flags |= token.flags
        self.depth += depth

    def pop_for(self, hop, depth):
        token = self.field.pop()
        if token.kind != "ADDRESS":
            return LOST[token.kind]
        self.take(token, "forwarded" if self.field.forwarded else "xff", depth)
        if hop.get("xff_port") and token.port is None:
            self.flags.add("port-missing")
        return None

    def on_pp(self, hop):
        if not self.pps:
            return "pp-missing"
        header = self.pps.pop(0)
        source = header.get("src", "").encode()
        v4, v6 = parse_ipv4(source), parse_ipv6(source)
        family = header.get("fam") or ("TCP4" if v6 is None else "TCP6")
        if header.get("cmd") == "LOCAL" or family not in ("TCP4", "TCP6"):
            return "pp-local"
        version = int(family[3:])
        token = address_token(version, v4 if version == 4 else v6, header.get("sport", 0), set())
        if token.kind != "ADDRESS":
            return "pp-garbled"
        protocol = header.get("v", 2)
        self.take(token, f"pp{protocol}", 1)
        if protocol == 2 and header.get("vpce"):
            self.base = "ok-privatelink"
            self.flags = {flag for flag in self.flags if not flag.startswith("vpce=")} | {"vpce=" + header["vpce"]}  # the address is there
        return None

    def on_header(self, hop):
        token = token_of(self.headers.get(hop["header"].lower(), "").encode(), hop.get("fmt", "xff"))
        if token.kind != "ADDRESS":
            return "header-missing" if token is EMPTY else "header-garbled"
        self.take(token, "header", 1)
        if hop.get("xff") == "append" and self.field.pop().address != token.address:
            self.flags.add("carrier-mismatch")
        return None

    def on_preserve(self, hop, outer):
        self.flags.add("assumed-chain")
        if outer is None:
            return "xff-untrusted"
        if outer.get("secret") and not self.secret:
            return "origin-unverified"
        self.base = "ok-assumed"
        return self.pop_for(outer, 2)

    def on_match(self, hop, outer, used):
        self.via = self.address
        if hop.get("secret") and not self.secret:
            return "origin-unverified"
        match hop["carrier"]:
            case "append":
                verdict = self.pop_for(hop, 1)
                return "all-trusted" if verdict == "xff-missing" and used else verdict
            case "preserve":
                return self.on_preserve(hop, outer)
            case "pp":
                return self.on_pp(hop)
            case "header":
                return self.on_header(hop)
            case "remove":
                return "xff-removed"
            case "none":
                return hop["as"]

    def run(self, chain):
        """The verdict, before the claim is looked at."""
        at, used = 0, False  # used: the repeat hop `at` has popped
        while at < len(chain):
            hop = chain[at]
            if hop["carrier"] == "transparent":
                self.flags.add("via-" + hop["type"])
                at += 1
            elif any(in_range(self.address, cidr) for cidr in hop["peers"]):
                outer = chain[at + 1] if at + 1 < len(chain) else None
                verdict = self.on_match(hop, outer, used)
                if verdict is not None:
                    return verdict
                at += hop["carrier"] == "preserve"  # its outer hop has popped
                used = bool(chain[at].get("repeat"))
                at += not used
            else:
                if not used and not hop.get("optional"):
                    return "bypass"
                if not used:
                    self.flags.add("skipped-" + hop["type"])
                at, used = at + 1, False
        return self.base

    def verdict(self, verdict, trust, claim):
        resolved = verdict in RESOLVED or trust > 0
        if resolved and not is_global(self.address):
            self.flags.add("non-global")
        return {"ip": text_of(self.address) if resolved else None, "port": self.port if resolved else None,
                "prov": self.prov if resolved else "none", "verdict": verdict, "depth": self.depth, "trust": trust, "claim": claim,
                "via": text_of(self.via) if self.via else None, "flags": sorted(self.flags)}


def is_everywhere(cidrs, version):
    """Whether they hold every address of the family, written as ranges of up to 4 bits."""
    width, sixteenths = (32 if version == 4 else 128), set()
    for family, rest, prefix in map(parse_cidr, cidrs):
        unsaid = rest - width + 4  # of the first 4 bits
        if family == version and unsaid >= 0:
            sixteenths |= set(range(prefix << unsaid, prefix + 1 << unsaid))
    return len(sixteenths) == 16


def is_own(address, chain):
    """Whether a hop connects from there; one that connects from everywhere says nothing."""
    peers = [hop["peers"] for hop in chain if "peers" in hop]
    return any(in_range(address, cidr) for cidrs in peers for cidr in cidrs if not is_everywhere(cidrs, address[0]))


def judge_claim(base, token, address):
    """The verdict that a claim makes of a base verdict."""
    if token.kind != "ADDRESS":
        return "claim-garbled"
    if not is_global(token.address):
        return "client-proxy"
    return base if token.address == address else "spoofed-leftmost"


def trust_of(base, prov):
    if base not in RESOLVED:
        return 0
    if base in ("ok-assumed", "all-trusted"):
        return 1
    return 3 if prov in ("peer", "pp1", "pp2") else 2


def resolve(case, chains, default=None):
    """The verdict of `case`; `chains`: name -> hops; `default`: name of the chain of a case that names none, or None."""
    walk = Walk(case)
    peer = token_of(case["peer"].encode(), case.get("peer_mode", "xff"))
    if peer.kind != "ADDRESS":
        return walk.verdict("peer-invalid", 0, None)
    walk.take(peer, "peer", 0)
    chain = case.get("chain", default)
    claim, claim_token = walk.field.claim()
    if chain is None:
        if claim is not None or walk.pps:
            walk.flags.add("evidence-unused")
        return walk.verdict("ok", 1, None)
    if walk.field.truncated:
        walk.flags.add("xff-truncated")
    hops = chains[chain] if isinstance(chain, str) else chain
    base = walk.run(hops)
    if base in ("ok", "ok-assumed", "bypass") and is_own(walk.address, hops):  # the address of a hop is no client's
        base = "hop-unexpected" if base == "bypass" else "all-trusted"
        walk.via = walk.address
    verdict = base
    claim, claim_token = (None, None) if base == "xff-removed" else walk.field.claim()
    if claim is not None:
        if base in ("bypass", "all-trusted"):
            walk.flags.add("xff-ignored")
        elif base not in RESOLVED:
            walk.flags.add("claim")
        else:
            verdict = judge_claim(base, claim_token, walk.address)
            if verdict != base:
                walk.flags.add("base=" + base)
    return walk.verdict(verdict, trust_of(base, walk.prov), claim)
