"""The same clients from log lines: random peers and headers as NGINX and ALB lines through `wherefrom run`, against the model.

What `resolve` never comes by: evidence from columns and their escapes, one chain for all lines (what is remembered from one line to
the next must not show), texts that are copied instead of formatted.

Threads: one.
"""
import json
import random

import model

CHAINS = {
    "direct": [],
    "site": [{"type": "alb", "peers": ["10.20.0.0/16", "fd12::/32"], "carrier": "append"},
             {"type": "cloudfront", "peers": ["64.252.64.0/18", "2600:9000:1000::/36"], "carrier": "append", "optional": True}],
    "deep": [{"type": "proxy", "peers": ["10.0.0.0/8", "fc00::/7"], "carrier": "append", "repeat": True}],
    "hidden": [{"type": "ga", "carrier": "transparent"}, {"type": "nat", "peers": ["10.20.0.0/16"], "carrier": "none", "as": "nat-hides"}],
}
PEERS = ["10.20.0.5", "10.20.7.7", "64.252.70.1", "23.45.67.89", "2a00:1450::7", "192.168.3.3", "fd12::9", "64:ff9b::808:808", "100.64.0.9", "224.0.0.5", "0.0.0.0"]
ENTRIES = [*PEERS, "64.252.99.9", "23.45.67.89:443", "[2a00:1450::7]:80", "::ffff:23.45.67.89", '"23.45.67.89"', "unknown", "_x", "junk", "", " ", "fe80::1%eth0",
           "1.2.3", "23.45.67.089", "a" * 70, "ü", "23.45.67.89\t"]
ALB = ('https 2025-12-01T00:00:01.500000Z app/web/50dc6c495c0c9188 {peer}:4711 10.0.0.80:8080 0.001 0.048 0.000 200 200 814 57 '
       '"GET https://www.example.com:443/a HTTP/1.1" "curl/7.78.0" - - - "Root=1-5-6" "-" "-" 0 2025-12-01T00:00:01.451000Z "forward" "-" "-" "-" "-" "-" "-"')


def escaped(text):
    """As NGINX writes a header: escape=default."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7f and byte not in b'"\\' else f"\\x{byte:02X}" for byte in text.encode())


def nginx_line(case):
    header = escaped(case["xff"][0]) if case["xff"] else "-"
    return f'{case["peer"]} - - [01/Dec/2025:00:00:01 +0000] "GET / HTTP/1.1" 200 1 "-" "x" "{header}"'


def record_said(record):
    hop, client = record["hop"], record.get("client", {})
    return {"ip": client.get("ip"), "prov": hop["prov"], "verdict": hop["verdict"], "depth": hop["depth"], "trust": hop["trust"],
            "claim": hop.get("claim"), "via": hop.get("via"), "flags": hop.get("flags", [])}


def check_records(program, report, folder, count, seed):
    dice = random.Random(seed)
    for name, hops in CHAINS.items():
        config = folder / f"{name}.yaml"
        config.write_text(json.dumps({"chains": {"tested": hops}}))
        for kind in ("nginx", "alb_access"):
            headers = kind == "nginx"
            cases = [{"peer": dice.choice(PEERS), "chain": hops,
                      "xff": [", ".join(dice.choices(ENTRIES, k=dice.randint(1, 6)))] if headers and dice.random() < 0.9 else []}
                     for _ in range(count)]
            for case in cases:  # a null column, and what no header line holds at its ends
                case["xff"] = [text for text in (text.strip(" \t") for text in case["xff"]) if text]
            lines = [nginx_line(case) if headers else ALB.format(peer=case["peer"]) for case in cases]
            log = folder / f"{name}.log"
            log.write_text("".join(line + "\n" for line in lines))
            result = program.run("run", log, "-c", config, "--chain", "tested", "--no-geo", "-f", kind, "-j", "1")
            records = [json.loads(line) for line in result.out.splitlines()]
            report.equal(len(records), count, f"{name}, {kind}: records ({result.err[-300:]})")
            different = 0
            for case, record in zip(cases, records):
                expected = model.resolve(case, {})
                del expected["port"]
                if kind == "alb_access" and name == "site" and expected["verdict"] in ("bypass", "hop-unexpected", "xff-missing"):
                    continue  # the writer is a hop of this chain, which a case cannot say
                if expected != record_said(record) and different < 3:
                    different += 1
                    report.check(False, f"{name}, {kind}: {json.dumps(case)}\n  model {expected}\n  run   {record_said(record)}")
            report.equal(different, 0, f"{name}, {kind}: lines that differ")
