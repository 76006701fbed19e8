"""Random cases of the hop walk, made to go deep and then be wrong in one place.

A case is built backwards: the way from the client to the log writer is made up first, each token an address that the next hop expects,
and then any token of it may be replaced by one that is no address, almost one, or one in another spelling. Lies of the client stand on
the left. Chains are legal; no hop's ranges overlap (the program refuses both).

Threads: none; the same generator state makes the same cases.
"""
import json
import random

# ranges that may stand in one hop, and addresses in and at the edge of them
PEERS = [
    (["10.0.0.0/8"], ["10.0.0.0", "10.20.30.40", "10.255.255.255"]),
    (["10.20.0.0/16", "fd12:3456::/32"], ["10.20.0.1", "10.20.255.254", "fd12:3456::", "fd12:3456:ffff::9"]),
    (["::ffff:10.20.0.0/112", "172.16.0.0/12"], ["10.20.7.7", "172.16.0.0", "172.31.255.255"]),
    (["64.252.64.0/18", "2600:9000:1000::/36"], ["64.252.64.1", "64.252.127.255", "2600:9000:1000::1", "2600:9000:1fff::1"]),
    (["99.82.128.0/18"], ["99.82.128.5", "99.82.191.255"]),
    (["0.0.0.0/0"], ["23.45.67.89", "10.20.1.1", "0.0.0.1"]),
    (["::/0"], ["2a01:4f8:1::5", "::1", "64:ff9b::a14:101"]),
    (["0.0.0.0/0", "::/0"], ["23.45.67.89", "2a01:4f8:1::5", "10.20.1.1"]),
    (["::ffff:0:0/96"], ["45.67.89.10", "240.0.0.1"]),
    (["fe80::/10", "127.0.0.1/32"], ["fe80::", "febf:ffff::1", "127.0.0.1"]),
    (["64:ff9b::/96", "64:ff9b:1::/48"], ["64:ff9b::1", "64:ff9b::17.45.67.89", "64:ff9b:1::2"]),
    (["192.0.2.7/32", "2001:db8::7/128", "0.0.0.0/1"], ["192.0.2.7", "2001:db8::7", "127.255.255.255"]),
    (["::/1", "8000::/1"], ["7fff::1", "fd00::1", "::ffff:0:1"]),
]
CLIENTS = ["23.45.67.89", "45.67.89.10", "8.26.56.26", "2a01:4f8:1::5", "2A01:04F8:0001:0:0:0:0:0005", "2600:1f18::7", "10.9.9.9", "192.168.7.7",
           "100.64.3.3", "fd77::1", "64:ff9b::172d:4359", "fe80::5", "192.0.0.9", "192.0.0.11", "2001:1::1", "2001:1::3", "2001:db8::5", "3fff::1",
           "2002:a00:1::", "169.254.1.1", "::23.45.67.89", "1:0:0:2:0:0:0:3", "1:0:2:0:3:0:4:0", "172.32.0.0", "11.0.0.0", "9.255.255.255", "100.63.255.255",
           "100.128.0.0", "192.88.99.1", "192.88.99.2", "198.17.255.255", "198.19.255.255", "198.20.0.0", "203.0.114.0", "2001:0:1::1", "2001:1::", "2001:2::1",
           "2001:4:112:ffff::", "2001:4:113::", "2001:2f:ffff::", "2001:40::", "2001:1ff:ffff::", "2001:200::", "2001:db9::", "3fff:1000::", "3fff:fff::", "4000::",
           "100::1", "5f00::1", "fec0::1"]
QUOTED_ODD = ['""', '"', '"""', '" 23.45.67.89"', '"unknown"', '"_x"', '"-"', '"23.45.67.89', '23.45.67.89"', '"[2a01:4f8::1]:80"', '"23.45.67.8\\9"',
              '"45.67.89.10, 23.45.67.89"', '"::ffff:23.45.67.89"', '"fe80::1%en0"', '"[fe80::1%en0]:80"', '"64:ff9b::1"', '"a\\"b"', '\\"', '"\\"', '"\\\\"']
NO_ADDRESS = ["unknown", "UnKnown", "unknown:80", "unknown:00080", "unknown:", "unknown:x", "unknown:65536", "unknown:123456", "unknownn", "[unknown]",
              "_hidden", "_", "_:80", "_a b\"c", "-", "--", "junk", "<b>", "*", "127.1", "1.2.3", "1.2.3.4.5", "081.2.3.4", "1.2.3.04", "1.2.3.256", "1.2.3.",
              ".1.2.3", "1..2.3", "+1.2.3.4", "0x1.2.3.4", "1.2.3.4%en0", "16909060", "0.0.0.0", "0.0.0.0:80", "::", "[::]:80", "::0.0.0.0", "::ffff:0.0.0.0",
              "255.255.255.255", "::ffff:255.255.255.255", "224.0.0.1", "239.255.255.255", "::ffff:e000:1", "ff02::1", "ff02::1%en0", "[ff00::]:1",
              "1.2.3.4:65536", "1.2.3.4:", "1.2.3.4:123456", "1.2.3.4:000080", "1.2.3.4:http", "1.2.3.4:-1", "1.2.3.4: 80", "1.2.3.4 :80", "1.2.3.4:80:80",
              "[2a01::1", "2a01::1]", "[2a01::1]x", "[2a01::1]:", "[2a01::1]:65536", "[2a01::1]80", "[1.2.3.4]", "[1.2.3.4]:80", "[]", "[]:80", "[", "[[::1]]",
              "fe80::1%", "fe80::1%a%b", "[fe80::1%]:80", "[fe80::1%a]b]:80", "[fe80::1]%a", "fe80::1%a:b", "fe80:1%a", "2a01::1::2", "1:2:3:4:5:6:7:8:9",
              "1:2:3:4:5:6:7", "1::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", ":::", ":", "::1:", ":1::", "12345::1", "::g", "::1.2.3", "::1.2.3.04", "1.2.3.4::",
              "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4 5.6.7.8", "1.2.3.4;5.6.7.8", "1.2.3.4\t5.6.7.8", "1.2.3.4\r", "1.2.3.4\n", "1.2.3.4\r\n5",
              "\x00", "1.2.3.4\x00", "\x0b1.2.3.4", "\u00a01.2.3.4", "\u0661.2.3.4", "x" * 64, "x" * 65, "ж" * 32, "a" + "ж" * 32, "aa" + "字" * 21, "😀" * 17,
              "é", "[fe80::1%" + "z" * 55, "'1.2.3.4'"]
ALMOST = ["0.0.0.1", "1.2.3.4:0", "1.2.3.4:00000", "1.2.3.4:00443", "1.2.3.4:65535", "::1", "[::1]", "[::1]:0", "[2a01::1]:65535", "::2a01:1:443",
          "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "::ffff:1.2.3.4", "::FFFF:102:304", "0:0:0:0:0:ffff:1.2.3.4",
          "[::ffff:1.2.3.4]:80", "::ffff:1.2.3.4%en0", "::fffe:1.2.3.4", "::ffff:0:1.2.3.4", "64:ff9b::1.2.3.4", "64:ff9b::1:0:0", "64:FF9B::", "64:ff9b:1::1",
          "fe80::1%en0", "fe80::1% ", "fe80::1%a b", "fe80::1%é", "[fe80::1%en0]:80", "[2a01::1%_]", "fe80::1%" + "z" * 56, "fe80::1%" + "z" * 57,
          "fe80::1%\"", '"fe80::1%' + "z" * 54 + '"', "223.255.255.255", "240.0.0.0", "255.255.255.254", "feff::1", "::ffff:127.0.0.1"]
BLANKS = ["", " ", "\t", " \t ", "  "]
FOLDS = ["\r\n ", "\r\n\t", " \r\n ", "\t \r\n \t", "\r\n \r\n "]
PARAMETERS = ["proto=https", "by=10.20.0.1", 'host="a,b"', 'host="a;for=9.9.9.9"', 'host="a\\"b"', 'by="[fd12:3456::1]:443"', 'x="\\\\"', "secret", "=", "",
              "forwarded=9.9.9.9", "xfor=9.9.9.9", 'x="', 'x="a\\"', 'host="a\\",b"', "é=ж"]
ELEMENTS = ["proto=https", "for=", "for=;proto=http", 'for=""', "for", "for=1.2.3.4;for=1.2.3.5", "for=1.2.3.4;FOR=unknown", ";", ";;", 'x="a,b', "for==1.2.3.4",
            "for= 1.2.3.4 ", 'for="1.2.3.4"x', 'for="a,b"', "by=1.2.3.4", '"for=1.2.3.4"', "1.2.3.4", "for=1.2.3.4;" + "x" * 80, "y=" + "ж" * 40]
TYPES = ["alb", "cloudfront", "nlb", "ga", "clb", "proxy", "nginx", "haproxy"]
LOST_NAMES = ["nlb-nat", "ga-nat", "cf-edge-only"]
HEADERS = ["CloudFront-Viewer-Address", "X-Real-IP", "True-Client-IP"]
VPCE = ["vpce-0a1b2c3d4e5f60718", "vpce-1", "vpce-0123456789abcdef0"]
WINDOW_BYTES = 8192


class Cases:
    """An endless source of cases."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.chance = self.random.random
        self.inside = {json.dumps(peers): addresses for peers, addresses in PEERS}

    def one(self, choices):
        return choices[int(self.chance() * len(choices))]

    # --- chains

    def hop(self, carrier):
        if carrier == "transparent":
            return {"type": self.one(TYPES), "carrier": carrier}
        hop = {"type": self.one(TYPES), "peers": self.one(PEERS)[0], "carrier": carrier}
        if carrier == "none":
            hop["as"] = self.one(LOST_NAMES)
        elif carrier == "header":
            hop["header"] = self.one(HEADERS)
            if self.chance() < 0.6:
                hop["fmt"] = self.one(["xff", "lastcolon", "lastcolon"])
            if self.chance() < 0.6:
                hop["xff"] = "append"
        elif carrier == "append":
            if self.chance() < 0.25:
                hop["xff_port"] = True
            if self.chance() < 0.25:
                hop["repeat"] = True
        if self.chance() < 0.2:
            hop["optional"] = True
        if self.chance() < 0.12:
            hop["secret"] = True
        return hop

    def chain(self):
        carriers = ["append"] * 9 + ["header"] * 3 + ["pp"] * 3 + ["transparent", "preserve", "preserve", "none", "remove"]
        hops = [self.hop(self.one(carriers)) for _ in range(self.one([0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5]))]
        for index in range(len(hops) - 1):
            if hops[index]["carrier"] == "preserve" and hops[index + 1]["carrier"] != "append":
                hops[index + 1] = self.hop("append")
        for index in range(len(hops) - 1):
            if hops[index]["carrier"] == "preserve":
                hops[index + 1].pop("optional", None)  # what preserve leans on has to be there
        return hops

    # --- tokens

    def respelled(self, address):
        """The same address, or nearly, in another spelling."""
        version6 = ":" in address
        match int(self.chance() * 8):
            case 0:
                return f"[{address}]:{self.random.randrange(70000)}" if version6 else f"{address}:{self.random.randrange(70000)}"
            case 1:
                return f"[{address}]" if version6 else f"::ffff:{address}"
            case 2:
                return f'"{address}"'
            case 3:
                return address.upper() if version6 else "::ffff:{:x}{:02x}:{:x}{:02x}".format(*map(int, address.split(".")))
            case 4:
                return f"[{address}%eth{int(self.chance() * 3)}]:1" if version6 else f"[::FFFF:{address}]:443"
            case 5:
                return f"{address}%z" if version6 else f"{address}:80"
            case 6:
                at = int(self.chance() * (len(address) + 1))
                return address[:at] + self.one("0123456789abcdef.:%[]\" _-,;") + address[at:]
        at = int(self.chance() * len(address))
        return address[:at] + self.one(["", "0", "1", ":", "."]) + address[at + 1:]

    def token(self, address, odd=0.05):
        """`address` as a hop writes it, now and then something else."""
        chance = self.chance()
        if chance < odd:
            return self.one(self.one([NO_ADDRESS, ALMOST, QUOTED_ODD]))
        if chance < odd + 0.2:
            return self.respelled(address)
        return address

    def element(self, token):
        """A token in an element of Forwarded."""
        chance = self.chance()
        if chance < 0.05:
            return self.one(ELEMENTS)
        if (":" in token or "[" in token) and '"' not in token and chance < 0.9:
            token = f'"[{token}]"' if "[" not in token and token.count(":") > 1 else f'"{token}"'
        pairs = [self.one(["for=", "for=", "For=", "FOR="]) + token]
        while self.chance() < 0.3:
            pairs.insert(int(self.chance() * 3), self.one(PARAMETERS))
        return self.one([";", ";", "; ", " ;\t"]).join(pairs)

    # --- cases

    def way(self, chain):
        """What the hops of a chain see: the peer, tokens by the order of their popping, header fields, PROXY headers."""
        met = [hop for hop in chain if hop["carrier"] != "transparent" and not (hop.get("optional") and self.chance() < 0.4)]
        stations = []  # (hop that is matched here, hop whose address it has to be)
        at = 0
        while at < len(met):
            stations.append(met[at])
            popper = met[at]
            if popper["carrier"] == "preserve" and at + 1 < len(met):
                popper, at = met[at + 1], at + 1
            while popper.get("repeat") and self.chance() < 0.5:
                stations.append(popper)
            at += 1
        if self.chance() < 0.08:
            stations = stations[:int(self.chance() * len(stations)) + 1]
        addresses = [self.one(self.inside[json.dumps(hop["peers"])]) for hop in stations]
        addresses.append(addresses[-1] if stations and self.chance() < 0.1 else self.one(CLIENTS))
        tokens, fields, pps = [], {}, []
        for hop, address in zip(stations, addresses[1:], strict=True):
            match hop["carrier"]:
                case "append" | "preserve":
                    tokens.append(self.token(address))
                case "pp":
                    pps.append(self.proxy_header(address))
                case "header":
                    fields[self.one([hop["header"], hop["header"].lower(), hop["header"].upper()])] = self.header_value(address, hop)
                    if hop.get("xff") == "append":
                        tokens.append(self.token(address if self.chance() < 0.8 else self.one(CLIENTS)))
        return addresses[0], tokens, fields, pps, addresses[-1]

    def header_value(self, address, hop):
        if self.chance() < 0.06:
            return self.one(["", " ", "\t", self.one(NO_ADDRESS), self.one(ALMOST), self.one(QUOTED_ODD)])
        if hop.get("fmt") == "lastcolon" and self.chance() < 0.9:
            return f"{self.one(BLANKS)}{address}:{int(self.chance() * 65600)}"
        return self.token(address)

    def proxy_header(self, address):
        if self.chance() < 0.12:
            return self.one([{"v": 2, "cmd": "LOCAL"}, {"v": 2, "cmd": "LOCAL", "fam": "TCP4", "src": address}, {"v": 1, "fam": "UNKNOWN"},
                             {"v": 2, "cmd": "PROXY", "fam": "UNSPEC"}, {"v": 2, "fam": "UDP4", "src": address, "sport": 53}, {"v": 2, "fam": "UNIX"},
                             {"v": 2}, {"v": 1, "fam": "TCP4"}, {"fam": "TCP6", "src": "1.2.3.4"}, {"v": 1, "fam": "TCP4", "src": "::ffff:1.2.3.4"}])
        header = {"v": self.one([1, 2, 2]), "src": address, "sport": self.random.randrange(65536), "fam": "TCP6" if ":" in address else "TCP4"}
        if self.chance() < 0.06:
            header["src"] = self.one(self.one([NO_ADDRESS, ALMOST]))
        elif "." in address and ":" not in address and self.chance() < 0.1:
            header.update(src="::ffff:" + address, fam="TCP6")
        for key in ("v", "fam", "sport"):
            if self.chance() < 0.08:
                del header[key]
        if self.chance() < 0.1:
            header["sport"] = 0
        if self.chance() < 0.1:
            header["cmd"] = "PROXY"
        if self.chance() < 0.3:
            header["vpce"] = self.one(VPCE)
        return header

    def peer(self, address, mode):
        if self.chance() < 0.04:
            return self.one(self.one([["-", "", " "], NO_ADDRESS, QUOTED_ODD, ALMOST]))
        if mode == "lastcolon":
            return self.one([f"{address}:{self.random.randrange(65600)}"] * 12 + [f"[{address}]:80", f"[{address}]", address, address + ":"])
        return self.token(address, 0.02)

    def lines(self, members, forwarded, client):
        """Field lines of tokens that are in the order of their popping."""
        while self.chance() < 0.45:
            members.append(client if self.chance() < 0.15 else self.token(self.one(CLIENTS), 0.3))
        if forwarded:
            members = [self.element(token) for token in members]
        if self.chance() < 0.1:
            at = int(self.chance() * (len(members) + 1))
            members[at:at] = [self.one(BLANKS) for _ in range(self.one([1, 2, 3, 15, 16, 17, 18, 33]))]
        members.reverse()
        if self.chance() < 0.02:
            members = self.long(members)
        if not members:
            return [""] if self.chance() < 0.2 else []
        blank = " " if self.chance() < 0.8 else self.one(BLANKS)
        text = ("," + blank).join(members)
        if self.chance() < 0.12:
            at = self.one([index for index, byte in enumerate(text) if byte in ", "] or [0]) + 1
            text = text[:at] + self.one(FOLDS) + text[at:]
        if self.chance() < 0.12:
            return text.split(",", self.one([1, 1, 2, 3]))
        return [text]

    def long(self, members):
        """The same with so much blank or text between that the window's edge is somewhere in the left part."""
        if self.chance() < 0.2:
            return self.one([["9.9.9.9"], ["for=9.9.9.9"], ["x" * 70], [""], [" "], ['"', "a"], ["x\\\""]]) * self.random.randrange(1500, 3000) + members
        at = int(self.chance() * (len(members) + 1))
        right = members[at:]
        spare = WINDOW_BYTES - len(", ".join(right).encode()) - self.random.randrange(-3, 40)
        if right and self.chance() < 0.6:
            right[-1 if self.chance() < 0.5 else 0] += " " * spare
            return members[:at] + right
        return members[:at] + [self.one(["y", "z", " ", "é"]) * spare] + right

    def case(self, chain):
        """A case of `chain`, or of None for none at all."""
        peer, tokens, fields, pps, client = self.way(chain or [])
        case = {} if chain is None else {"chain": chain}
        mode = "lastcolon" if self.chance() < 0.2 else "xff"
        case["peer"] = self.peer(peer, mode)
        if mode == "lastcolon" or self.chance() < 0.1:
            case["peer_mode"] = mode
        forwarded = self.chance() < 0.3
        if self.chance() < 0.95:
            if lines := self.lines(tokens, forwarded, client):
                case["xff"] = lines
        if forwarded or self.chance() < 0.1:
            case["hdr"] = "forwarded" if forwarded else "xff"
        if fields and self.chance() < 0.95:
            case["single"] = fields
        if self.chance() < 0.05:
            pps.insert(int(self.chance() * 2), self.proxy_header(self.one(CLIENTS)))
        if pps and self.chance() < 0.95:
            case["pp"] = pps
        if self.chance() < 0.7:
            case["secret"] = self.chance() < 0.85
        return case

    def take(self, count):
        """`count` cases, twenty of each chain."""
        for number in range(count):
            if number % 20 == 0:
                chain = None if self.chance() < 0.02 else self.chain()
            yield self.case(chain)
