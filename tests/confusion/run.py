#!/usr/bin/env python3
"""Confusion: no line of a format is taken for another's when nobody says what it is.

What the program took a line for, no field of a record says. So each line is read once without a word and once by `-f NAME` for
every format, with the columns' own names in the output (`--schema flat`): a line was taken for the format that gives the same
bytes. The matrix printed has what a line is in rows, what it was taken for in columns; anything off its diagonal fails. Then
whole records (`ecs`) have to be the same bytes as by `-f` of their own format.

  * 2,000 lines of all formats shuffled into one stream, several times, with one worker and two, in large pieces and in small;
  * every made-up line of a corpus of each format, each alone in a run of its own, so that no neighbour helps;
  * every line of the golden tests and, with --shared, of the real samples, likewise. Some of these are damaged, or rows whose order
    only a header line tells: such a line may be none at all, which is the column `-`. It may not be another format's.

    run.py --wherefrom PATH --generate PATH [--shared DIR]

Threads: two runs of the program at a time.
"""
import collections
import concurrent.futures
import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import Program, Report, argument_parser, parse_lines, scratch, write  # noqa: E402

SEEDS = (1, 2, 3)
MIXED_LINES = 2000
CORPUS_LINES = 30
NONE = "-"
# lines of the golden tests that are another format's on purpose
STRANGERS = {"alb_access/object.log:8": "nlb_access"}
# folders of --shared that are called otherwise
FORMATS_OF_FOLDERS = {"global_accelerator": "ga_flow"}


def generate(path, *arguments):
    subprocess.run([path, *map(str, arguments)], check=True, timeout=60)


def formats_of(program):
    return [entry["name"] for entry in parse_lines(program.run("formats", "--json").out)]


def fates(program, inputs, *arguments, cwd, schema="flat"):
    """What became of each line: by (path, offset) the bytes of its record, or the reason for which it was rejected. Skipped ones
    are not there."""
    rejects = pathlib.Path(cwd) / f"rejects-{abs(hash((tuple(inputs), arguments, schema)))}"
    result = program.run("run", *inputs, *arguments, "--schema", schema, "--rejects", rejects, "--quiet", "--no-geo", cwd=cwd, timeout=120)
    if result.code not in (0, 3):
        raise RuntimeError(f"exit code {result.code}: {result.err}")
    found = {}
    for line, record in zip(result.out.splitlines(), parse_lines(result.out), strict=True):
        log = record["log"] if schema == "ecs" else {"file": {"path": record["log_path"]}, "offset": record["log_offset"]}
        found[log["file"]["path"], log["offset"]] = line
    for reject in parse_lines(rejects.read_bytes()):
        found[reject["origin"]["path"], reject["origin"]["offset"]] = reject["reason"]
    rejects.unlink()
    return found


class Matrix:
    """What lines are, and what they were taken for."""

    def __init__(self, report, formats):
        self.report, self.formats = report, formats
        self.counts = collections.Counter()

    def add(self, own, automatic, by_format, where):
        """`by_format`: what became of the line by -f of each format."""
        if isinstance(automatic, str):
            taken = NONE
        elif automatic == by_format[own]:
            taken = own
        elif automatic is None:
            taken = NONE
        else:
            taken = next((name for name in self.formats if by_format[name] == automatic), "?")
        self.counts[own, taken] += 1
        return self.report.check(taken in (own, NONE), f"{where}: {own} taken for {taken}: {automatic!r:.300}")

    def show(self):
        columns = [*self.formats, NONE, "?"]
        width = max(map(len, self.formats)) + 4
        print(" " * width + "".join(f"{number:6}" for number in range(1, len(self.formats) + 1)) + f"{NONE:>6}{'?':>6}")
        for number, own in enumerate(self.formats, 1):
            counts = [self.counts[own, taken] for taken in columns]
            if any(counts):
                print(f"{number:3} {own:{width - 4}}" + "".join(f"{count or '.':>6}" for count in counts))


# --- one stream ---------------------------------------------------------------------------------


def run_mixed(program, generator, report, matrix, directory, seed, pool):
    name = f"mixed-{seed}.log"
    labels_path = directory / f"labels-{seed}"
    generate(generator, "mixed", "--lines", MIXED_LINES, "--seed", seed, "-o", directory / name, "--labels", labels_path)
    owns = [line.split()[1] for line in labels_path.read_text().splitlines()]
    lines = (directory / name).read_bytes().splitlines(keepends=True)
    report.equal((len(lines), len(owns)), (MIXED_LINES, MIXED_LINES), "lines and labels")
    report.check(set(owns) == set(matrix.formats) - {"ndjson"}, f"all formats are among them: {sorted(set(owns))}")

    def read(schema, *arguments):
        return fates(program, [name], *arguments, cwd=directory, schema=schema)

    jobs = {(schema, option): pool.submit(read, schema, *(["-f", option] if option else [])) for schema in ("flat", "ecs") for option in (*matrix.formats, None)}
    done = {key: job.result() for key, job in jobs.items()}
    offset = 0
    for number, (line, own) in enumerate(zip(lines, owns, strict=True), 1):
        key, where = (name, offset), f"{name}:{number}"
        offset += len(line)
        by_format = {option: done["flat", option].get(key) for option in matrix.formats}
        automatic = done["flat", None].get(key)
        if matrix.add(own, automatic, by_format, where):
            report.check(automatic is None or isinstance(automatic, bytes), f"{where}: {own} is rejected: {automatic}")
        report.check(done["ecs", None].get(key) == done["ecs", own].get(key), f"{where}: not the same record as by -f {own}")
    variants = [("-j", workers, *size) for workers in ("1", "2") for size in ((), ("--read-size", "4096"), ("--read-size", "65536"))]
    outputs = {variant: pool.submit(program.run, "run", name, "--quiet", *variant, cwd=directory) for variant in variants}
    first = outputs[variants[0]].result().out
    for variant, output in outputs.items():
        report.check(output.result().out == first, f"{name}: other bytes with {' '.join(variant)}")


# --- lines alone --------------------------------------------------------------------------------


def corpus_lines(generator, directory, shapes):
    """(format, where, line) of made-up lines, those of headers left out."""
    for shape, own in shapes:
        path = directory / f"corpus-{shape}"
        generate(generator, shape, "--lines", CORPUS_LINES, "--seed", 7, "-o", path)
        for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
            if not line.startswith(b"#") and b" srcaddr " not in line and b" client_ip " not in line:
                yield own, f"{shape}:{number}", line


def lines_of(root, formats):
    for path in sorted(root.glob("*/*")):
        own = FORMATS_OF_FOLDERS.get(path.parent.name, path.parent.name)
        if own not in formats or path.suffix not in (".log", ".json"):
            continue
        content = path.read_bytes()
        lines = [json.dumps(json.loads(content)).encode()] if path.suffix == ".json" else content.splitlines()
        for number, line in enumerate(lines, 1):
            if line.strip():
                where = f"{path.parent.name}/{path.name}:{number}"
                yield STRANGERS.get(where, own), where, line + b"\n"


def run_alone(program, report, matrix, directory, lines, pool):
    """Each line in a file of its own. By -f all files may be read in one run, since a format that is fixed depends on no neighbour."""
    names = [f"{number}.txt" for number in range(len(lines))]
    for name, (_, _, line) in zip(names, lines, strict=True):
        write(directory / name, line)
    fixed = {option: pool.submit(fates, program, names, "-f", option, cwd=directory) for option in matrix.formats}
    whole = pool.submit(fates, program, names, cwd=directory, schema="ecs")
    whole_fixed = {own: pool.submit(fates, program, names, "-f", own, cwd=directory, schema="ecs") for own in {own for own, _, _ in lines}}
    alone = [pool.submit(fates, program, [name], "-j", "1", cwd=directory) for name in names]
    done = {option: job.result() for option, job in fixed.items()}
    for name, (own, where, _), job in zip(names, lines, alone, strict=True):
        key = name, 0
        automatic = job.result().get(key)
        matrix.add(own, automatic, {option: done[option].get(key) for option in matrix.formats}, where)
        record, expected = whole.result().get(key), whole_fixed[own].result().get(key)
        if isinstance(automatic, bytes) or isinstance(record, bytes):
            report.check(record == expected, f"{where}: not the same record as by -f {own}: {record!r:.200}")


def main():
    options = argument_parser(__doc__.split("\n", 1)[0]).parse_args()
    if not options.generate:
        sys.exit("--generate PATH is needed")
    program, report = Program(options.wherefrom), Report()
    generator = pathlib.Path(options.generate).resolve()
    formats = formats_of(program)
    shared = pathlib.Path(options.shared) if options.shared else HERE.parents[2] / "shared"
    shapes = []
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for seed in SEEDS:
            matrix = Matrix(report, formats)
            with scratch() as directory, report.group(f"{MIXED_LINES} lines of all formats in one stream, seed {seed}"):
                run_mixed(program, generator, report, matrix, directory, seed, pool)
                shapes = sorted({tuple(line.split()) for line in (directory / f"labels-{seed}").read_text().splitlines()})
            matrix.show()
        with scratch() as directory:
            sources = {f"made-up lines, {CORPUS_LINES} of each, alone": list(corpus_lines(generator, directory, shapes)),
                       "lines of the golden tests, alone": list(lines_of(HERE.parent / "golden", formats))}
        if (shared / "samples").is_dir():
            sources["real lines, alone"] = list(lines_of(shared / "samples", formats))
        else:
            print("note: no folder with real lines (--shared DIR)")
        for what, lines in sources.items():
            matrix = Matrix(report, formats)
            with scratch() as directory, report.group(f"{len(lines)} {what}"):
                run_alone(program, report, matrix, directory, lines, pool)
            matrix.show()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
