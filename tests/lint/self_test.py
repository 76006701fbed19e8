"""Shows every check of lint.py a small tree without a fault and the same tree with one, which it has to name.

Threads: one.
"""
import argparse
import json
import os
import tempfile

HEAD = "/* A file.\n *\n * Threads: one. */\n"
GOOD = {
    ".clang-format": "BasedOnStyle: LLVM\nIndentWidth: 4\nAllowShortFunctionsOnASingleLine: None\n",
    ".clang-tidy": "Checks: '-*,clang-analyzer-*'\nWarningsAsErrors: '*'\n",
    "base/text.h": HEAD + "#include <stddef.h>\nsize_t text_count(const char *text);\n",
    "base/number.c": HEAD + '#include "base/text.h"\n\nint number_free(void);\n',
    "sinks/encode.c": HEAD + '#include "base/text.h"\n\n/* no malloc( here */\nint encode_one(const int *value) {\n'
                             "    return *value;\n}\n",
    "README.md": "# x\n<!-- options -->\n| `--limit N` |\n| `-q`, `--quiet` |\n<!-- /options -->\n"
                 "<!-- formats -->\n| `--limit N` |\n| `-q`, `--quiet` |\n<!-- /formats -->\n",
    "wherefrom": "#!/bin/sh\n[ \"$1\" = run ] && printf '  -q, --quiet\\n      --limit N\\n' && exit\n"
                 "printf '| `--limit N` |\\n| `-q`, `--quiet` |\\n'\n",
    "build/compile_commands.json": None,  # made for the tree that is tested
}
WORK = "/wo" + "rk/main"

CASES = [  # (check, what is wrong, files that differ, a word of the complaint)
    ("layers", "base includes sinks", {"base/number.c": HEAD + '#include "sinks/encode.h"\n', "sinks/encode.h": HEAD},
     "base/ may include base"),
    ("layers", "enrich includes ingest", {"enrich/x.c": HEAD + '#include "ingest/y.h"\n', "ingest/y.h": HEAD},
     "enrich/ may include"),
    ("layers", "config includes enrich", {"config/x.c": HEAD + '#include "enrich/y.h"\n', "enrich/y.h": HEAD},
     "config/ may include"),
    ("layers", "the program includes the library", {"app/x.c": HEAD + '#include "library/y.h"\n', "library/y.h": HEAD},
     "app/ may include"),
    ("layers", "an example includes what is not installed", {"examples/x.c": HEAD + '#include "base/text.h"\n'},
     "examples/ may include"),
    ("layers", "bench includes app", {"bench/x.c": HEAD + '#include "app/y.h"\n', "app/y.h": HEAD}, "bench/ may include"),
    ("layers", "a neighbour without its folder", {"base/number.c": HEAD + '#include "text.h"\n'}, "no path from the root"),
    ("layers", "a folder that has no rule", {"misc/x.c": HEAD + '#include "base/text.h"\n'}, "misc/ may include"),
    ("layers", "C++ in ingest includes sinks", {"ingest/x.cpp": HEAD + '#include "sinks/y.h"\n', "sinks/y.h": HEAD},
     "ingest/x.cpp: includes"),
    ("cycles", "two headers include each other",
     {"base/a.h": HEAD + '#include "base/b.h"\n', "base/b.h": HEAD + '#include "base/a.h"\n'},
     "base/a.h -> base/b.h -> base/a.h"),
    ("sizes", "601 lines", {"app/long.c": HEAD + "int x;\n" * 598}, "601 lines"),
    ("sizes", "601 lines of C++", {"app/long.cpp": HEAD + "int x;\n" * 598}, "601 lines"),
    ("sizes", "a long script", {"dev": "echo\n" * 601}, "dev: 601 lines"),
    ("names", "two of one name", {"app/text.h": HEAD}, "has the name of app/text.h"),
    ("heads", "no comment", {"app/x.c": "int x;\n"}, "no comment"),
    ("heads", "no comment in C++", {"app/x.cpp": "int x;\n"}, "no comment"),
    ("heads", "no word on threads", {"app/x.c": "/* A file. */\nint x;\n"}, "no line `Threads:`"),
    ("heads", "Threads: in another comment", {"app/x.c": "/* A file. */\n/*\n * Threads: one. */\n"}, "Threads:"),
    ("words", "unfinished", {"app/x.c": HEAD + "/* TO" "DO: more */\n"}, "app/x.c:4: TO" "DO"),
    ("words", "unfinished prose", {"README.md": "FIX" "ME\n"}, "README.md:1"),
    ("machine", "a path in a script", {"dev": f"cd {WORK}\n"}, "dev:1: a path"),
    ("machine", "a path in C", {"app/x.c": f'const char *x = "{WORK}";\n'}, "app/x.c:1: a path"),
    ("machine", "a registry", {"dev": "curl https://registry.npm" "js.org/x\n"}, "a registry's host"),
    ("allocation", "malloc in the encoder", {"sinks/encode.c": HEAD + "void *x(void) { return malloc (1); }\n"},
     "sinks/encode.c:4: malloc"),
    ("allocation", "free in a header", {"base/number.h": HEAD + "#define GONE(x) free(x)\n"}, "base/number.h:4: free"),
    ("headers", "a type that is not there", {"base/size.h": HEAD + "size_t size(void);\n"}, "does not compile alone"),
    ("format", "two spaces", {"base/number.c": HEAD + "\nint  number;\n"}, "base/number.c: is not"),
    ("format", "two spaces in C++", {"base/number.cpp": HEAD + "\nint  number;\n"}, "base/number.cpp: is not"),
    ("readme", "another table", {"README.md": "<!-- options -->\n| `--limit N` |\n<!-- /options -->\n"}, "not what"),
    ("readme", "an option is missing", {"README.md": "<!-- options -->\n| `--limit N` |\n<!-- /options -->\n"},
     "--quiet of --help"),
    ("readme", "no table", {"README.md": "# x\n"}, "no table"),
    ("readme", "another table of formats", {"README.md": "<!-- formats -->\n| `alb` |\n<!-- /formats -->\n"},
     "the formats are not"),
    ("tidy", "a null pointer is read",
     {"sinks/encode.c": HEAD + "int encode_one(const int *value) {\n    return value == 0 ? *value : 0;\n}\n"},
     "ereference of null"),
    ("tidy", "a file that does not compile", {"sinks/encode.c": HEAD + "int encode_one(const nothing *value);\n"},
     "unknown type"),
]


def make_tree(root, files):
    for path, text in files.items():
        if text is None:
            command = {"directory": root, "command": f"cc -I{root} -c sinks/encode.c", "file": f"{root}/sinks/encode.c"}
            text = json.dumps([command])
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(os.path.join(root, "wherefrom"), 0o755)


def faults(lint, check, files):
    with tempfile.TemporaryDirectory() as root:
        make_tree(root, {**GOOD, **files})
        options = argparse.Namespace(build=os.path.join(root, "build"), wherefrom=os.path.join(root, "wherefrom"))
        once = list(lint.CHECKS[check](lint.Tree(root), options))
        again = list(lint.CHECKS[check](lint.Tree(root), options))  # what a check remembers must not hide a fault
        return once if once == again else [f"first {once}, then {again}"]


def run(lint):
    failed = 0
    for check in lint.CHECKS:
        found = faults(lint, check, {})
        if found:
            failed += 1
            print(f"FAILED {check}: a good tree is said to have {found}")
    for check, what, files, word in CASES:
        found = faults(lint, check, files)
        if not any(word in fault for fault in found):
            failed += 1
            print(f"FAILED {check}: {what}: not found; found {found}")
    without = set(lint.CHECKS) - {case[0] for case in CASES}
    if without:
        failed += 1
        print(f"FAILED checks that no case shows: {sorted(without)}")
    print(f"lint self-test: {len(lint.CHECKS) + len(CASES) + 1 - failed} passed, {failed} failed")
    return 1 if failed else 0
