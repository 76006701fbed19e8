#!/usr/bin/env python3
"""The HTTP client and the keys for AWS, alone: against a real nginx, a server that misbehaves, AWS's own code for signatures, and endpoints
that hand out keys.

    run.py --wherefrom PATH [--test GLOB]

drive_http does what the lines written to it say. Nothing here measures time. Exit status 77: there is no nginx or no openssl.

Threads: one, and those of the servers.
"""
import fnmatch
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "proxies")]
import aws_cases  # noqa: E402
import fault_cases  # noqa: E402
import nginx_cases  # noqa: E402
from black_box import Report, argument_parser, scratch  # noqa: E402
from fault_server import FaultServer  # noqa: E402
from http_bench import SECRET, Bench  # noqa: E402
from servers import installed  # noqa: E402


def main():
    parser = argument_parser("tests of the HTTP client")
    parser.add_argument("--test", action="append", metavar="GLOB", help="only the cases of this name, without test_; may be repeated")
    options, report = parser.parse_args(), Report()
    missing = [name for name in ("nginx", "openssl") if installed(name) is None]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        return 77
    driver = pathlib.Path(options.wherefrom).resolve().parent / "tests" / "drive_http"
    with scratch() as folder, FaultServer() as faults:
        bench = Bench(driver, report, folder)
        with nginx_cases.Front(folder, faults).run() as front:
            for module in (nginx_cases, fault_cases, aws_cases):
                for name in [name for name in vars(module) if name.startswith("test_")]:
                    short = name.removeprefix("test_")
                    if not any(fnmatch.fnmatch(short, glob) for glob in options.test or ["*"]):
                        continue
                    with report.group(short.replace("_", " ")):
                        vars(module)[name](bench, front, faults)
        if not options.test:
            with report.group("no secret shows"):
                report.equal([line for line in bench.shown if SECRET in line.replace("AWS_SECRET_ACCESS_KEY", "")], [], "lines with a secret")
                report.check(len(bench.shown) > 100, f"{len(bench.shown)} lines were looked at")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
