"""What a record has to say of its client, and whether it does.

Threads: one.
"""
import collections
import dataclasses

from forgeries import ANY, LIE, LIE_6

SEEN_MIN = {"ok": 200, "spoofed-leftmost": 500, "client-proxy": 200, "claim-garbled": 500, "bypass": 500, "hop-unexpected": 50,
            "origin-unverified": 50, "xff-removed": 50, "ok-assumed": 5, "pp-missing": 1, "pp-local": 1}
seen = collections.Counter()  # verdicts of records that were checked


@dataclasses.dataclass
class Sent:
    """A request: who sent it, and with what."""
    address: str
    port: int
    forgery: object
    entered: int = 0  # the step of a site


@dataclasses.dataclass
class Expected:
    ip: str  # None: unresolved
    verdict: str
    claim: str  # None: no claim
    base: str = "ok"  # what it is when nobody lies
    provenance: str = "peer"
    port: int = None  # known by the log or by a header
    via: str = None
    flags: set = dataclasses.field(default_factory=set)


def settle(plan, expected):
    """Adds the flags that follow from the rest."""
    if expected.verdict == "bypass" and expected.claim is not None:
        expected.flags.add("xff-ignored")
    if expected.verdict != expected.base:
        expected.flags.add(f"base={expected.base}")
    if expected.ip is not None and not plan.is_world:
        expected.flags.add("non-global")
    return expected


def trust_in(expected):
    if expected.ip is None:
        return 0
    if expected.base == "ok-assumed":
        return 1
    return 3 if expected.provenance in ("peer", "pp1", "pp2") else 2


def check_record(report, name, plan, record, expected):
    """One request, as one log tells it."""
    hop, client = record["hop"], record.get("client", {})
    seen[hop["verdict"]] += 1
    ip, claim = client.get("ip"), hop.get("claim")
    report.check(ip == expected.ip, f"{name}: the client is {expected.ip}, found {ip}; {hop}")
    report.check(ip is None or ip not in (LIE, LIE_6, *plan.hops()), f"{name}: {ip} never is the client")
    report.equal(hop["verdict"], expected.verdict, f"{name}: verdict")
    report.equal(hop["prov"], expected.provenance, f"{name}: provenance")
    report.equal(hop["trust"], trust_in(expected), f"{name}: trust")
    report.equal(client.get("port"), expected.port, f"{name}: port")
    report.equal(hop.get("via"), expected.via, f"{name}: via")
    report.equal(set(hop.get("flags", [])), expected.flags, f"{name}: flags")
    good = claim is not None if expected.claim == ANY else claim == (expected.claim and expected.claim[:64])
    report.check(good, f"{name}: claim {expected.claim!r}, found {claim!r}")


def check_seen(report):
    """A test of lies that nobody told would say nothing."""
    with report.group("every kind of answer was seen: " + ", ".join(f"{count} {verdict}" for verdict, count in seen.most_common())):
        for verdict, least in SEEN_MIN.items():
            report.check(seen[verdict] >= least, f"{verdict}: {seen[verdict]} records, at least {least}")
