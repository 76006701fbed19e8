"""Cases that share a server: what the runners of Kafka's and OpenSearch's tests have in common.

Threads: one.
"""
import fnmatch

from black_box import Report, argument_parser, scratch
from java_server import NotInstalled

SKIPPED = 77


def run_cases(what, functions, server, prepare):
    """Runs those of [(name, function)] that --test names, each in a group of the report, and returns the exit status; 77: there is no server to
    be had. `server(folder)` makes one; `prepare(options, report, server, folder)` returns a function that runs a case: it takes the name and
    the function."""
    parser = argument_parser(what)
    parser.add_argument("--test", action="append", metavar="GLOB", help="only the cases of this name, without test_; may be repeated")
    options, report = parser.parse_args(), Report()
    wanted = options.test or ["*"]
    with scratch() as folder:
        try:
            one = server(folder / "server")
        except NotInstalled as why:
            print(f"skipped: {why}")
            return SKIPPED
        with one:
            run = prepare(options, report, one, folder)
            for name, function in functions:
                title = name.removeprefix("test_")
                if any(fnmatch.fnmatch(title, glob) for glob in wanted):
                    with report.group(title.replace("_", " ")):
                        run(name, function)
    return report.finish()
