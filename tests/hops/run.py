#!/usr/bin/env python3
"""Who is the client: `wherefrom resolve` against tables of cases and against a second, independent model of the hop walk.

  * cases.json, verdicts worked out by hand from the rules; what is not named in an `expect` is null, 0, "none" or [];
  * lines that are no case, and chains that may not be: an error in their place, the cases beside them untouched;
  * chains by name, of a configuration;
  * with --shared: the cases of hops/cases.json there, whole;
  * the model's addresses against Python's own;
  * the model broken in many places, one by one: random cases have to tell (mutants.py);
  * random cases (random_cases.py), program against model. Every verdict, flag and provenance has to come about often, or this tests
    less than it says. The first difference is made small and printed.

    run.py --wherefrom PATH [--shared DIR] [--cases 200000] [--seed 1]      1000000 cases are the long form
    run.py --wherefrom PATH --self-test-model                               only the broken models; the program is not run

Threads: one; two processes for random cases, each with its own runs of the program.
"""
import ast
import collections
import concurrent.futures
import ipaddress
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
import model  # noqa: E402
import mutants  # noqa: E402
from black_box import Program, Report, argument_parser, scratch, write  # noqa: E402
from records import check_records  # noqa: E402
from random_cases import CLIENTS, Cases  # noqa: E402

CHUNK = 20000  # cases of one run of the program
MUTANT_CASES = 20000
OFTEN = 1000  # each outcome comes about in one of so many cases at least
SHRUNK_MAX = 3  # differences that are made small and printed
RECORDS = 2000  # lines of each format and chain
SMALLER_ROUNDS_MAX = 60
UNSAID = {"ip": None, "port": None, "prov": "none", "verdict": None, "depth": 0, "trust": 0, "claim": None, "via": None, "flags": []}
OUTCOMES = {
    "verdict": """ok ok-assumed ok-privatelink bypass all-trusted hop-unexpected spoofed-leftmost client-proxy claim-garbled peer-invalid origin-unverified
        xff-missing xff-unknown xff-obfuscated xff-garbled xff-untrusted xff-removed pp-missing pp-local pp-garbled header-missing
        header-garbled nlb-nat ga-nat cf-edge-only""",
    "prov": "none peer xff forwarded header pp1 pp2",
    "flag": """v4-mapped zone nat64 quoted non-global port-missing carrier-mismatch assumed-chain xff-truncated xff-ignored claim
        evidence-unused base=ok base=ok-assumed base=ok-privatelink skipped-* via-* vpce=*""",
    "trust": "0 1 2 3",
}
EXPECTED_OUTCOMES = {f"{kind} {name}" for kind, names in OUTCOMES.items() for name in names.split()}

LB = {"type": "alb", "peers": ["10.20.0.0/16"], "carrier": "append"}
GOOD = {"chain": [LB], "peer": "10.20.0.5", "xff": ["23.45.67.89"]}
NO_CASES = (
    ("not JSON", "{"),
    ("words", "peer 10.20.0.5"),
    ("a list", "[]"),
    ("two values", "{} {}"),
    ("a name that is no chain", {**GOOD, "chain": "nowhere"}),
    ("a hop without ranges", {**GOOD, "chain": [{"type": "alb", "carrier": "append"}]}),
    ("a carrier that is none", {**GOOD, "chain": [{**LB, "carrier": "pigeon"}]}),
    ("a range that is none", {**GOOD, "chain": [{**LB, "peers": ["10.20.0.0/33"]}]}),
    ("a mapped range shorter than /96", {**GOOD, "chain": [{**LB, "peers": ["::ffff:0.0.0.0/95"]}]}),
    ("repeat of a PROXY hop", {**GOOD, "chain": [{**LB, "carrier": "pp", "repeat": True}]}),
    ("preserve before a PROXY hop", {**GOOD, "chain": [{**LB, "carrier": "preserve"}, {**LB, "carrier": "pp"}]}),
    ("preserve before a hop that cannot be seen", {**GOOD, "chain": [{**LB, "carrier": "preserve"}, {"type": "ga", "carrier": "transparent"}, LB]}),
    ("preserve before preserve", {**GOOD, "chain": [{**LB, "carrier": "preserve"}, {**LB, "carrier": "preserve"}, LB]}),
)
CONFIGURATION = """chains:
  web:
    - {type: alb, peers: [10.20.0.0/16], carrier: append}
  direct: []
"""


# --- cases and verdicts ---------------------------------------------------------------------------


def constant(node):
    """What an expression of texts, numbers, + and * stands for."""
    match node:
        case ast.Expression(body=body):
            return constant(body)
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return constant(left) + constant(right)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return constant(left) * constant(right)
    raise ValueError(f"no text: {ast.dump(node)}")


def read_table(path):
    """[(name, case with its chain in it, verdict expected, flags allowed)]"""
    table = json.loads(path.read_text(encoding="utf-8"))
    rows = []
    for case in table["cases"]:
        name, expected = case.pop("name"), {**UNSAID, **case.pop("expect")}
        if "xff_gen" in case:
            case["xff"] = [constant(ast.parse(case.pop("xff_gen"), mode="eval"))]
        if "chain" in case:
            case["chain"] = table["chains"][case["chain"]]
        rows.append((name, case, expected, expected.pop("flags_may", [])))
    return rows


def resolve(program, lines, *options):
    """(exit code, what the program says of each line, stderr); a line is a case or text."""
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=number % 2 == 0) for number, line in enumerate(lines)]
    text = "".join(text + "\n" for text in texts)
    result = program.run("resolve", *options, stdin=text.encode(), timeout=600)
    return result.code, [json.loads(line) for line in result.out.splitlines()], result.err


def check_table(program, report, path):
    rows = read_table(path)
    code, found, errors = resolve(program, [case for _, case, _, _ in rows])
    report.equal((code, errors, len(found)), (0, "", len(rows)), "exit code, stderr, lines")
    for (name, case, expected, allowed), verdict in zip(rows, found):
        for who, said in (("model", model.resolve(case, {})), ("program", verdict)):
            flags = [flag for flag in said.get("flags", []) if flag in expected["flags"] or flag not in allowed]
            report.equal({**said, "flags": flags}, expected, f"{who}: {name}")
    report.equal(list(found[0]), ["ip", "port", "prov", "verdict", "depth", "trust", "claim", "via", "flags"], "order of keys")


def check_no_cases(program, report):
    good = model.resolve(GOOD, {})
    for what, line in NO_CASES:
        code, found, _ = resolve(program, [GOOD, line, GOOD])
        if report.equal((code, len(found)), (1, 3), f"{what}: exit code and lines"):
            report.equal((found[0], found[2]), (good, good), f"{what}: the cases beside it")
            message = found[1].get("error")
            report.check(list(found[1]) == ["error"] and isinstance(message, str) and message, f"{what}: no error but {found[1]}")


def check_names(program, report):
    unnamed = {key: value for key, value in GOOD.items() if key != "chain"}
    web, direct, none = (model.resolve({**unnamed, **chain}, {}) for chain in ({"chain": [LB]}, {"chain": []}, {}))
    report.equal(len({json.dumps(verdict) for verdict in (web, direct, none)}), 3, "verdicts of three chains")
    with scratch() as directory:
        path = write(directory / "chains.yaml", CONFIGURATION)
        for options, case, expected in (
            ((), {**unnamed, "chain": "web"}, web),
            ((), {**unnamed, "chain": "direct"}, direct),
            ((), unnamed, none),
            (("--chain", "web"), unnamed, web),
            (("--chain", "web"), {**unnamed, "chain": "direct"}, direct),
            (("--chain", "direct"), GOOD, web),
        ):
            code, found, errors = resolve(program, [case], "-c", path, *options)
            report.equal((code, found), (0, [expected]), f"{options} {case.get('chain')} {errors}")


# --- random cases ---------------------------------------------------------------------------------


def outcomes_of(verdict):
    """Names of what came about, those of flags with a text of their own made one."""
    yield "verdict " + verdict["verdict"]
    yield "prov " + verdict["prov"]
    yield f"trust {verdict['trust']}"
    for flag in verdict["flags"]:
        stem = next((stem for stem in ("skipped-", "via-", "vpce=") if flag.startswith(stem)), None)
        yield f"flag {stem}*" if stem else "flag " + flag


def run_chunk(path, seed, count):
    """(how often each outcome came about, what is wrong, cases that differ)"""
    cases = list(Cases(seed).take(count))
    verdicts = [model.resolve(case, {}) for case in cases]
    seen = collections.Counter(outcome for verdict in verdicts for outcome in outcomes_of(verdict))
    code, found, errors = resolve(Program(path), cases)
    wrong = [] if (code, errors, len(found)) == (0, "", count) else [f"seed {seed}: exit code {code}, {len(found)} lines: {errors:.300}"]
    return seen, wrong, [case for case, verdict, said in zip(cases, verdicts, found) if verdict != said]


def smaller(case):
    """Cases like `case` with something left out; chains stay legal."""
    chain = case.get("chain") or []
    for index, hop in enumerate(chain):
        rest = chain[:index] + chain[index + 1:]
        if all(after["carrier"] == "append" for before, after in zip(rest, rest[1:]) if before["carrier"] == "preserve"):
            yield {**case, "chain": rest}
        for key in {"optional", "secret", "repeat", "xff_port", "fmt", "xff"} & set(hop):
            yield {**case, "chain": chain[:index] + [{name: value for name, value in hop.items() if name != key}] + chain[index + 1:]}
    for key in {"xff", "single", "pp", "hdr", "peer_mode", "secret"} & set(case):
        yield {name: value for name, value in case.items() if name != key}
    for index, line in enumerate(case.get("xff", [])):
        members = line.split(",")
        for size in {1, len(members) // 8, len(members) // 2} - {0, len(members)}:
            for start in range(0, len(members), size):
                rest = ",".join(members[:start] + members[start + size:])
                yield {**case, "xff": case["xff"][:index] + [rest] + case["xff"][index + 1:]}
    for index in range(len(case.get("pp", []))):
        yield {**case, "pp": case["pp"][:index] + case["pp"][index + 1:]}


def shrunk(program, case):
    """A case no larger than `case` that differs, too."""
    for _ in range(SMALLER_ROUNDS_MAX):
        tries = list(smaller(case))
        _, found, _ = resolve(program, tries)
        differing = [again for again, said in zip(tries, found) if said != model.resolve(again, {})]
        if not differing:
            break
        case = min(differing, key=lambda again: len(json.dumps(again)))
    return case


def check_random(program, report, pool, cases, seed):
    counts = [min(CHUNK, cases - first) for first in range(0, cases, CHUNK)]
    jobs = [pool.submit(run_chunk, program.path, f"{seed}/{number}", count) for number, count in enumerate(counts)]
    seen, printed = collections.Counter(), 0
    for number, job in enumerate(jobs):
        outcomes, wrong, differing = job.result()
        seen += outcomes
        report.check(not wrong, "; ".join(wrong))
        report.check(not differing, f"seed {seed}/{number}: program and model differ in {len(differing)} cases")
        if differing and printed < SHRUNK_MAX:
            printed += 1
            case = shrunk(program, differing[0])
            said = resolve(program, [case])[1]
            print(f"  case    {json.dumps(case)}\n  program {json.dumps(said)}\n  model   {json.dumps(model.resolve(case, {}))}")
    report.equal(set(seen) - EXPECTED_OUTCOMES, set(), "outcomes that this list does not know")
    if cases < CHUNK:
        print(f"note: fewer than {CHUNK} cases; what came about is not counted")
        return
    for outcome in sorted(EXPECTED_OUTCOMES):
        report.check(seen[outcome] >= cases // OFTEN, f"{outcome} came about only {seen[outcome]} times")


def check_addresses(report, seed):
    """The parts of random spellings: each is an address to the model if and only if it is one to Python, and of the same text."""
    source, found = Cases(seed), 0
    for _ in range(MUTANT_CASES):
        text = source.respelled(source.one(CLIENTS)).strip('[]"')
        for parse, kind, version in ((model.parse_ipv4, ipaddress.IPv4Address, 4), (model.parse_ipv6, ipaddress.IPv6Address, 6)):
            try:
                expected = None if "%" in text else kind(text)
            except ValueError:
                expected = None
            number = parse(text.encode())
            found += number is not None
            said = number is not None and (number, model.text_of((version, number)))
            report.check(said == (expected is not None and (int(expected), str(expected))), f"{text!r}: {said}, {expected}")
    report.check(MUTANT_CASES / 4 < found < MUTANT_CASES, f"{found} addresses in {MUTANT_CASES} texts")


def check_mutants(report, seed):
    cases = list(Cases(seed).take(MUTANT_CASES))
    verdicts = [model.resolve(case, {}) for case in cases]
    report.equal(mutants.first_seen(("nothing", "WINDOW_BYTES = 8192", "WINDOW_BYTES = 8192"), cases, verdicts), None, "the model against itself")
    for mutant in mutants.MUTANTS:
        report.check(mutants.first_seen(mutant, cases, verdicts) is not None, f"not seen in {MUTANT_CASES} cases: {mutant[0]}")


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--cases", type=int, default=200000, help="random cases")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--self-test-model", action="store_true", help="only break the model, in many places")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    with report.group("addresses of the model"):
        check_addresses(report, options.seed)
    with report.group(f"a model broken in {len(mutants.MUTANTS)} ways, seed {options.seed}"):
        check_mutants(report, options.seed)
    if options.self_test_model:
        return report.finish()
    with report.group("own cases"):
        check_table(program, report, HERE / "cases.json")
    with report.group("lines that are no case"):
        check_no_cases(program, report)
    with report.group("chains by name"):
        check_names(program, report)
    shared = pathlib.Path(options.shared or "") / "hops" / "cases.json"
    if options.shared and shared.is_file():
        with report.group("cases of the rules"):
            check_table(program, report, shared)
    else:
        print("note: no folder with the cases of the rules (--shared DIR)")
    with scratch() as folder, report.group("records of log lines"):
        check_records(program, report, folder, RECORDS, options.seed)
    with concurrent.futures.ProcessPoolExecutor(2) as pool, report.group(f"{options.cases} random cases, seed {options.seed}"):
        check_random(program, report, pool, options.cases, options.seed)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
