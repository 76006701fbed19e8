#!/usr/bin/env python3
"""One file adds a log format: builds wherefrom with toy_format.c and runs it.

    toy_test.py BUILD_DIR SOURCE_DIR

BUILD_DIR is scratch of this test's own; it is kept, so that the next run builds what has changed.

Threads: one.
"""
import json
import os
import subprocess
import sys

TOY = 'toy 2025-12-01T00:00:01.500000Z 81.2.69.142:4711 404 "what\\x22s up" "3 1 4" new'
CLB = ('2025-12-01T00:00:02.000000Z web 81.2.69.142:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 '
       '"GET http://www.example.com:80/ HTTP/1.1" "curl/7.38.0" - -')


def build(build_dir, source_dir):
    subprocess.run(["cmake", "-S", source_dir, "-B", build_dir, "-G", "Ninja", "-DWHEREFROM_TESTS=OFF",
                    "-DCMAKE_BUILD_TYPE=Debug",
                    "-DWHEREFROM_EXTRA_FORMATS=" + os.path.join(source_dir, "tests", "toy", "toy_format.c")], check=True)
    subprocess.run(["cmake", "--build", build_dir, "--target", "wherefrom"], check=True)


def output(program, *arguments, text=""):
    run = subprocess.run([program, *arguments], input=text, capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"{arguments}: exit {run.returncode}: {run.stderr}"
    return run.stdout


def main(build_dir, source_dir):
    build(build_dir, source_dir)
    program = os.path.join(build_dir, "wherefrom")

    listed = [line.split()[0] for line in output(program, "formats").splitlines()]
    assert "toy" in listed and listed == sorted(listed) and len(listed) > 1, listed
    table = output(program, "formats", "toy")
    assert "toy.weights" in table and "words in quotes" in table, table

    lines = output(program, "run", "--no-geo", "--quiet", "--origin", "o", text=f"{TOY}\n{CLB}\n{TOY}\n")
    toy, clb, again = map(json.loads, lines.splitlines())
    assert toy["@timestamp"] == "2025-12-01T00:00:01.500000Z", toy
    assert toy["client"] == {"ip": "81.2.69.142", "port": 4711}, toy
    assert toy["http"] == {"response": {"status_code": 404}} and toy["event"]["outcome"] == "failure", toy
    assert toy["toy"] == {"mark": "toy", "said": 'what"s up', "weights": [3, 1, 4], "extra": ["new"]}, toy
    assert again["toy"] == toy["toy"], again
    assert clb["aws"]["elb"]["name"] == "web" and "toy" not in clb, clb

    flat = json.loads(output(program, "run", "--no-geo", "--quiet", "--schema", "flat", "-f", "toy", text=TOY))
    assert flat["said"] == 'what"s up' and flat["weights"] == [3, 1, 4] and flat["source_port"] == 4711, flat
    print(f"toy: listed among {len(listed)} formats, detected, written")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
