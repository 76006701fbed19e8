#!/usr/bin/env python3
"""Kafka in, Kafka out, from outside: a real broker, real runs, and everything that may happen to them.

    run.py --wherefrom PATH [--test GLOB]

Each case has topics of its own. What comes out is compared with what went in: every line once, at its place, under its id. Nothing here
measures time; chaos.py is the long form. Exit status 77: there is no broker to be had (broker.py says how to get one).

Threads: one, and one for each Feeder.
"""
import fnmatch
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
import kafka_delivery  # noqa: E402
import kafka_life  # noqa: E402
import kafka_payloads  # noqa: E402
import kafka_pressure  # noqa: E402
from black_box import Program, Report, argument_parser, scratch  # noqa: E402
from broker import Broker, NotInstalled  # noqa: E402
from kafka_cluster import Cluster, Feeder, Run  # noqa: E402

SKIPPED = 77
QUICK = ("session.timeout.ms=3000", "heartbeat.interval.ms=500")  # a member that was killed is missed after 3 s
CASES = [(module, name) for module in (kafka_payloads, kafka_life, kafka_delivery, kafka_pressure)
         for name in vars(module) if name.startswith("test_")]


class Bench:
    """What a case works with. Whatever it starts ends with it."""

    def __init__(self, program, cluster, broker, report, folder):
        self.program, self.cluster, self.broker, self.report, self.folder = program, cluster, broker, report, folder
        self.check, self.equal = report.check, report.equal
        self.started = []

    def url(self, topics, group=None, address=None, **parameters):
        """As an input (with a group), or as an output."""
        topics = topics if isinstance(topics, str) else ",".join(topics)
        parameters = {**({"group": group} if group else {}), **parameters}
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"kafka://{address or self.cluster.address}/{topics}" + (f"?{query}" if query else "")

    def start(self, inputs, *options, name=None, quick=True, librdkafka=(), **settings):
        """A run; one of the same name goes on in the same folder."""
        folder = self.folder / (name or f"run-{len(self.started)}")
        run = Run(self.program, folder, inputs, *options, librdkafka=(*(QUICK if quick else ()), *librdkafka), **settings)
        self.started.append(run)
        return run

    def feed(self, topic, lines, **settings):
        feeder = Feeder(self.cluster, topic, lines, **settings)
        self.started.append(feeder)
        return feeder

    def end(self):
        for one in self.started:
            one.kill()


def main():
    parser = argument_parser(__doc__.split("\n", 1)[0])
    parser.add_argument("--test", default="*", metavar="GLOB", help="only the cases of this name")
    options = parser.parse_args()
    program, report = Program(options.wherefrom), Report()
    admin = pathlib.Path(program.path).parent / "tests" / "kafka_admin"
    with scratch() as folder:
        try:
            broker = Broker(folder / "broker")
        except NotInstalled as reason:
            print(f"no broker: {reason}")
            return SKIPPED
        with broker:
            cluster = Cluster(admin, broker.address)
            for module, name in CASES:
                if not fnmatch.fnmatch(name.removeprefix("test_"), options.test):
                    continue
                with report.group(name.removeprefix("test_").replace("_", " ")):
                    bench = Bench(program, cluster, broker, report, folder / name)
                    try:
                        getattr(module, name)(bench)
                    finally:
                        bench.end()
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
