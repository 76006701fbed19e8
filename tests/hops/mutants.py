"""Is the differential able to see anything? The model is broken in one place after another, and random cases have to tell each from
the model as it is: what no case tells apart would go unseen in the program, too.

Threads: one.
"""
import pathlib
import types

SOURCE = (pathlib.Path(__file__).resolve().parent / "model.py").read_text(encoding="utf-8")

FROM_THE_LEFT = """def split_outside_quotes(text, separator):
    pieces = re.split(separator + rb'(?=(?:[^"]*"[^"]*")*[^"]*$)', text[::-1])
    return [piece[::-1] for piece in reversed(pieces)]
"""

# (what, text of the model, what it becomes); the text has to be there once
MUTANTS = (
    ("the window is a byte smaller", "WINDOW_BYTES = 8192", "WINDOW_BYTES = 8191"),
    ("the window is a byte larger", "WINDOW_BYTES = 8192", "WINDOW_BYTES = 8193"),
    ("a token that the window cuts is kept", "            self.members.pop(0)\n", "            pass\n"),
    ("the leftmost token goes though nothing cut it", ' and text[-WINDOW_BYTES - 1:-WINDOW_BYTES] != b","', ""),
    ("a cut text that has no more tokens ends like a whole one", "return BAD if self.truncated else NONE", "return NONE"),
    ("a 17th empty member is skipped", "EMPTIES_MAX = 16", "EMPTIES_MAX = 17"),
    ("only 15 empty members are skipped", "EMPTIES_MAX = 16", "EMPTIES_MAX = 15"),
    ("garbage is skipped and the walk goes on to the left", "if token is not EMPTY:\n                return token\n",
     "if token is not EMPTY and token is not BAD:\n                return token\n"),
    ("a token has 63 bytes at most", "TOKEN_BYTES_MAX = 64", "TOKEN_BYTES_MAX = 63"),
    ("a token may have 65 bytes", "TOKEN_BYTES_MAX = 64", "TOKEN_BYTES_MAX = 65"),
    ("a claim is cut before the last characters that are not ASCII", "text[end] & 0xC0 == 0x80", "text[end] >= 0x80"),
    ("the claim is the rightmost token left", "for member in self.members:", "for member in reversed(self.members):"),
    ("a lost claim's flags are dropped", 'walk.flags.add("claim")', "pass"),
    ("quotes pair with the farthest partner", "hidden_from = unescaped.pop()", "hidden_from = unescaped[0]"),
    ("quotes pair from the left", "def split_outside_quotes(text, separator):\n", FROM_THE_LEFT),
    ("quotes hide nothing", "hidden_from = unescaped.pop()", "unescaped.pop()"),
    ("escaped quotes pair, too", "and not is_escaped(text, at)", ""),
    ("of two for= the last one is taken", "if len(values) > 1:", "if len(values) > 1 and not values.reverse() and False:"),
    ("an element without for= is skipped", "return text, UNKNOWN", "return text, EMPTY"),
    ("leading zeros in a quad", '(len(part) > 1 and part.startswith(b"0"))', "False"),
    ("three parts are a quad", "if len(parts) != 4:", "if len(parts) not in (3, 4):"),
    ("port 65536", "int(text) <= 65535", "int(text) <= 65536"),
    ("ports of six digits", "len(text) <= 5", "len(text) <= 6"),
    ("port 0 is a port", "port or None, frozenset", "port, frozenset"),
    ("a zone is no flag", '{"zone"} if percent', "set() if percent"),
    ("a zone may be empty", "if percent and (not zone or ", "if percent and ("),
    ("mapped addresses stay IPv6", "if number >> 32 == 0xFFFF else (6, number)", "if number < 0 else (6, number)"),
    ("a gap may stand for nothing", "(missing == 0) == bool(gap)", "(missing == 0 and not gap) == bool(gap)"),
    ("NAT64 is no flag", 'flags | {"nat64"}', "flags"),
    ("multicast is an address", "number >> 28 != 0xE", "True"),
    ("quotes stay on", 'text, flags = text[1:-1], {"quoted"}', "pass"),
    ("a hidden name is garbage", "return OBFUSCATED\n    if text.startswith(b\"[\")", "return BAD\n    if text.startswith(b\"[\")"),
    ("ranges of IPv6 hold IPv4", "address[0] == version and ", ""),
    ("shared addresses are global", '("100.64.0.0/10", False)', '("100.64.0.0/10", True)'),
    ("lines join without a comma", 'b",".join([unfold', 'b" ".join([unfold'),
    ("folds stay", 'return FOLD.sub(b" ", line) if', "return line if"),
    ("the last PROXY header counts", "self.pps.pop(0)", "self.pps.pop()"),
    ("LOCAL is taken for PROXY", 'header.get("cmd") == "LOCAL" or ', ""),
    ("version 1 may name an endpoint", "if protocol == 2 and", "if"),
    ("the compared token stays", "self.field.pop().address != token.address", "xff_member((self.field.members or [b\"\"])[-1])[1].address != token.address"),
    ("names of fields are compared with case", "name.lower(): value", "name: value"),
    ("secrets are not asked for", 'if hop.get("secret") and not self.secret:', "if False:"),
    ("preserve asks for no secret", 'if outer.get("secret") and not self.secret:', "if False:"),
    ("preserve counts one", "return self.pop_for(outer, 2)", "return self.pop_for(outer, 1)"),
    ("preserve is as good as append", 'self.base = "ok-assumed"', "pass"),
    ("behind preserve a repeated hop is left", 'used = bool(chain[at].get("repeat"))',
     'used = bool(chain[at].get("repeat")) and hop["carrier"] != "preserve"'),
    ("a repeated hop pops once", "at += not used", "at, used = at + 1, False"),
    ("a repeated hop that was used counts as skipped", "                if not used:\n", "                if hop.get('optional'):\n"),
    ("a non-global claim equal to the client is no proxy", "    if not is_global(token.address):",
     "    if not is_global(token.address) and token.address != address:"),
    ("what a PROXY header says has trust 2", '("peer", "pp1", "pp2") else 2', '("peer",) else 2'),
    ("the address of a hop is a client", 'if base in ("ok", "ok-assumed", "bypass") and is_own', 'if base == "never" and is_own'),
    ("all of one's own has trust 2", 'if base in ("ok-assumed", "all-trusted"):', 'if base == "ok-assumed":'),
    ("removed XFF is a claim", 'if base == "xff-removed" else', "if False else"),
    ("no last address", "        self.via = self.address\n", ""),
)


def load(what, old, new):
    """The model with `old` made `new`."""
    if SOURCE.count(old) != 1:
        raise ValueError(f"{what}: {old!r} is {SOURCE.count(old)} times in the model")
    module = types.ModuleType("mutant")
    exec(compile(SOURCE.replace(old, new), f"model.py ({what})", "exec"), module.__dict__)
    return module


def first_seen(mutant, cases, verdicts):
    """How many cases it takes to see that `mutant` is not the model, which says `verdicts`; None if none of them does."""
    broken = load(*mutant)
    for number, (case, verdict) in enumerate(zip(cases, verdicts, strict=True), 1):
        try:
            if broken.resolve(case, {}) != verdict:
                return number
        except (UnicodeDecodeError, IndexError):  # it cut a text inside a character, or took from nothing
            return number
    return None
