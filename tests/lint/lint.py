#!/usr/bin/env python3
"""What no compiler checks: who includes whom, sizes, names, format, words, and that the README says what --help says.

    lint.py [--root DIR] [--build DIR] [--wherefrom PROGRAM] [--only NAME,...]
    lint.py --self-test

Without --build (a CMake build directory) clang-tidy is left out, without --wherefrom the README's table. Every check
is a function of the tree that yields one line per fault; --self-test shows each of them a tree with that fault
(self_test.py). Exit status 1 when there is a fault.

Threads: one; compilers run several at a time.
"""
import argparse
import concurrent.futures
import fnmatch
import hashlib
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True

LINES_MAX = 600
PRODUCT = ("base", "schemas", "ingest", "enrich", "sinks", "config", "library", "app")
LAYERS = {  # folder: what it may include
    "base": {"base"},
    "schemas": {"base", "schemas"},
    "ingest": {"base", "schemas", "ingest"},
    "enrich": {"base", "schemas", "enrich"},
    "sinks": {"base", "schemas", "sinks"},
    "config": {"base", "schemas", "config"},
    "library": {"base", "schemas", "ingest", "enrich", "config", "library"},
    "app": set(PRODUCT) - {"library"},
    "bench": {"base", "schemas", "bench"},
    "tests": {*PRODUCT, "bench", "tests"},
    "examples": set(),  # only what is installed
}
HOT = (  # run for every line: nothing there may allocate
    "base/scan*", "base/json*", "base/number*", "base/timestamp*", "base/hash*", "base/ip*", "base/percent*",
    "ingest/split.c", "ingest/split_columns.c", "ingest/split_json.c", "ingest/json_*", "ingest/log_format_cut.c",
    "ingest/haproxy_line.c", "ingest/envoy_line.c", "ingest/derive.c", "ingest/detect.c", "ingest/request_line.c",
    "library/wherefrom_resolve.c", "library/wherefrom_address.c", "library/wherefrom_proxy.c",
    "enrich/note_record.c", "sinks/encode.c", "sinks/emit*", "sinks/shape.c", "sinks/prepare*", "sinks/encode_place.c", "sinks/reject_line.c",
    "app/worker.c",
)
ALLOCATION = re.compile(r"\b(malloc|calloc|realloc|strdup|strndup|free|v?asprintf|getline)\s*\(")
NOT_ALONE = {"base/scan_kernel.h"}  # a body that three files include after their own definitions
SAME_NAME_ALLOWED = {"run.py"}  # the runner of its folder
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:work|home|root|Users)/[\w.]")
REGISTRY = re.compile(r"\b(registry\.npmjs\.org|pypi\.org|pythonhosted\.org|crates\.io|docker\.io|ghcr\.io|quay\.io|"
                      r"proxy\.golang\.org|rubygems\.org|deb\.debian\.org|repo1?\.maven)")
PROSE = (".c", ".h", ".cpp", ".py", ".sh", ".md", ".txt", ".json", ".yaml", ".yml", ".part", ".mjs", ".js", ".css")
DATA = ("tests/fuzz/corpus/", "tests/golden/")  # lines and documents as they are found, not written


class Tree:
    """The files of the project, by path below its root."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.paths = []
        for folder, folders, names in os.walk(self.root):
            hidden = {".git", "__pycache__", "node_modules"}
            folders[:] = sorted(f for f in folders if f not in hidden and not re.fullmatch(r"build(-.*)?", f))
            below = os.path.relpath(folder, self.root)
            self.paths += [os.path.normpath(os.path.join(below, name)) for name in sorted(names)]

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def named(self, *endings):
        return [path for path in self.paths if path.endswith(endings)]

    def code(self):
        return self.named(".c", ".h", ".cpp")

    def handwritten(self):
        """Programs and build files."""
        return [p for p in self.paths if p.endswith((".c", ".h", ".cpp", ".py", ".sh", ".mjs", ".js", ".css")) or p in ("dev", ".ci/run")
                or os.path.basename(p) == "CMakeLists.txt"]

    def prose(self):
        """What a person wrote as text, data left out."""
        own = [p for p in self.paths if p.endswith(PROSE) or "." not in os.path.basename(p) or p == ".ci/run"]
        return [p for p in own if (p.endswith(".py") or not p.startswith(DATA)) and p != "LICENSE"]

    def includes(self, path):
        return re.findall(r'^[ \t]*#[ \t]*include[ \t]+"([^"]+)"', self.read(path), re.MULTILINE)

    def with_includes(self, path):
        """The file and all that it includes of ours."""
        found, left = [], [path]
        while left:
            at = left.pop()
            if at not in found and at in self.paths:
                found.append(at)
                left += self.includes(at)
        return found


def without_comments(text):
    """Comments and literals blanked out, lines kept."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda match: "\n" * match[0].count("\n"), text, flags=re.DOTALL)


def places(tree, path, pattern, text=None):
    for number, line in enumerate((text or tree.read(path)).splitlines(), 1):
        for match in pattern.finditer(line):
            yield f"{path}:{number}", match[0]


def in_parallel(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(function, items)


# --- checks: each yields faults --------------------------------------------------------------------------------------

def check_layers(tree, _options):
    for path in tree.code():
        folder = path.split(os.sep)[0]
        for include in tree.includes(path):
            if include not in tree.paths:
                yield f'{path}: includes "{include}", which is no path from the root'
            elif include.split("/")[0] not in LAYERS.get(folder, set()):
                yield f'{path}: includes "{include}"; {folder}/ may include {", ".join(sorted(LAYERS.get(folder, ())))}'


def check_cycles(tree, _options):
    done = set()
    for start in tree.code():
        stack = [(start, iter(tree.includes(start)))]
        while stack:
            path, rest = stack[-1]
            include = next(rest, None)
            way = [at for at, _ in stack]
            if include is None:
                done.add(path)
                stack.pop()
            elif include in way:
                yield " -> ".join(way[way.index(include):] + [include])
            elif include not in done and include in tree.paths:
                stack.append((include, iter(tree.includes(include))))


def check_sizes(tree, _options):
    for path in tree.handwritten():
        lines = tree.read(path).count("\n")
        if lines > LINES_MAX:
            yield f"{path}: {lines} lines, at most {LINES_MAX}"


def check_names(tree, _options):
    seen = {}
    for path in tree.named(".c", ".h", ".cpp", ".py", ".sh"):
        name = os.path.basename(path)
        if name in seen and name not in SAME_NAME_ALLOWED:
            yield f"{path}: has the name of {seen[name]}"
        seen.setdefault(name, path)


def check_format(tree, _options):
    def differs(path):
        command = ["clang-format", "--style=file", path]
        return subprocess.run(command, cwd=tree.root, capture_output=True, check=True).stdout != raw(path)

    def raw(path):
        with open(os.path.join(tree.root, path), "rb") as file:
            return file.read()

    code = tree.code()
    for path, different in zip(code, in_parallel(differs, code)):
        if different:
            yield f"{path}: is not as clang-format writes it (./dev format)"


def check_headers(tree, _options):
    def complaint(path):
        command = ["cc", "-std=c17", "-D_GNU_SOURCE", "-fsyntax-only", "-I", ".", "-include", path, "-x", "c", os.devnull]
        return subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False).stderr

    headers = [path for path in tree.named(".h") if path not in NOT_ALONE]
    for path, text in zip(headers, in_parallel(complaint, headers)):
        if text:
            yield f"{path}: does not compile alone: {text.splitlines()[0]}"


def check_allocation(tree, _options):
    for pattern in HOT:
        paths = [path for path in tree.code() if fnmatch.fnmatch(path, pattern)]
        if not paths and len(tree.code()) > 20:
            yield f"lint.py: HOT names {pattern}, which is not there"
        for path in paths:
            for place, call in places(tree, path, ALLOCATION, without_comments(tree.read(path))):
                yield f"{place}: {call.rstrip('( ')} in a file that runs for every line"


def check_words(tree, _options):
    for path in tree.prose():
        for place, word in places(tree, path, UNFINISHED):
            yield f"{place}: {word}"


def check_machine(tree, _options):
    for path in tree.prose():
        for pattern, what in ((MACHINE_PATH, "a path of one machine"), (REGISTRY, "a registry's host")):
            for place, text in places(tree, path, pattern):
                yield f"{place}: {what}: {text}"


def check_heads(tree, _options):
    for path in tree.code():
        head = re.match(r"\s*/\*.*?\*/", tree.read(path), re.DOTALL)
        if head is None:
            yield f"{path}: no comment at its top that says what it is"
        elif not re.search(r"^ \* Threads: \S", head[0], re.MULTILINE):
            yield f"{path}: the comment at its top has no line `Threads:`"


def check_readme(tree, options):
    if options.wherefrom is None:
        return

    def printed(*arguments):
        return subprocess.run([options.wherefrom, *arguments], capture_output=True, text=True, check=True).stdout

    for name in ("options", "formats"):
        marked = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", tree.read("README.md"), re.DOTALL)
        if marked is None:
            yield f"README.md: no table between <!-- {name} --> and <!-- /{name} -->"
            continue
        if marked[1].strip() != printed(f"--{name}-markdown").strip():
            yield f"README.md: the {name} are not what `wherefrom --{name}-markdown` prints"
        if name != "options":
            continue
        for option in re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", printed("run", "--help"), re.MULTILINE):
            if not re.search(rf"`{option}[` ]", marked[1]):
                yield f"README.md: {option} of --help is missing"


def check_tidy(tree, options):
    """clang-tidy over the program's own files. One is looked at again only when it or an include of it changed."""
    if options.build is None:
        return
    with open(os.path.join(options.build, "compile_commands.json"), encoding="utf-8") as file:
        compiled = {os.path.relpath(entry["file"], tree.root) for entry in json.load(file)}
    memory = os.path.join(options.build, "lint-tidy.json")
    known = {}
    if os.path.exists(memory):
        with open(memory, encoding="utf-8") as file:
            known = json.load(file)

    def digest(path):
        texts = [tree.read(at) for at in [".clang-tidy", *sorted(tree.with_includes(path))]]
        return hashlib.sha256("\0".join(texts).encode()).hexdigest()

    def complaints(path):
        if known.get(path) == digest(path):
            return []
        command = ["clang-tidy", "--quiet", "-p", options.build, path]
        run = subprocess.run(command, cwd=tree.root, capture_output=True, text=True, check=False)
        found = re.findall(r"^(?:\S+/)?(\S+?:\d+):\d+: (?:warning|error): (.*)", run.stdout, re.MULTILINE)
        if run.returncode != 0 and not found:
            found = [(path, (run.stderr or run.stdout).strip())]
        return [f"{place}: {text}" for place, text in found]

    sources = sorted(path for path in compiled & set(tree.code()) if path.startswith(PRODUCT))
    for path, faults in zip(sources, in_parallel(complaints, sources)):
        known[path] = None if faults else digest(path)
        yield from faults
    with open(memory, "w", encoding="utf-8") as file:
        json.dump(known, file, indent=0)


CHECKS = {
    "layers": check_layers, "cycles": check_cycles, "sizes": check_sizes, "names": check_names, "heads": check_heads,
    "words": check_words, "machine": check_machine, "allocation": check_allocation, "headers": check_headers,
    "format": check_format, "readme": check_readme, "tidy": check_tidy,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser.add_argument("--build")
    parser.add_argument("--wherefrom")
    parser.add_argument("--only", default=",".join(CHECKS))
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        import self_test

        return self_test.run(sys.modules[__name__])
    for name in ("build", "wherefrom"):
        if getattr(options, name):
            setattr(options, name, os.path.abspath(getattr(options, name)))
    tree = Tree(options.root)
    faults = 0
    for name in options.only.split(","):
        found = sorted(set(CHECKS[name](tree, options)))
        print(f"{name}: {'good' if not found else f'{len(found)} faults'}", flush=True)
        for fault in found:
            print(f"  {fault}")
        faults += len(found)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
