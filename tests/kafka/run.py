#!/usr/bin/env python3
"""Kafka in, Kafka out, from outside: a real broker, real runs, and everything that may happen to them.

    run.py --wherefrom PATH [--test GLOB]

Each case has topics of its own. What comes out is compared with what went in: every line once, at its place, under its id. Nothing here
measures time; chaos.py is the long form. Exit status 77: there is no broker to be had (broker.py says how to get one).

Threads: one, and one for each Feeder.
"""
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli"), str(HERE.parent / "proxies")]
import kafka_delivery  # noqa: E402
import kafka_evidence  # noqa: E402
import kafka_life  # noqa: E402
import kafka_metrics  # noqa: E402
import kafka_payloads  # noqa: E402
import kafka_pressure  # noqa: E402
import kafka_privacy  # noqa: E402
import kafka_rates  # noqa: E402
import kafka_replay  # noqa: E402
import kafka_rollups  # noqa: E402
from black_box import Program  # noqa: E402
from broker import Broker  # noqa: E402
from kafka_cluster import Cluster, Feeder, Run  # noqa: E402
from server_cases import run_cases  # noqa: E402

QUICK = ("session.timeout.ms=3000", "heartbeat.interval.ms=500")  # a member that was killed is missed after 3 s
CASES = [(name, getattr(module, name)) for module in (kafka_payloads, kafka_life, kafka_delivery, kafka_pressure, kafka_replay, kafka_rollups, kafka_evidence, kafka_rates,
                                                      kafka_privacy, kafka_metrics)
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


def prepare(options, report, broker, folder):
    program = Program(options.wherefrom)
    cluster = Cluster(pathlib.Path(program.path).parent / "tests" / "kafka_admin", broker.address)

    def run(name, function):
        bench = Bench(program, cluster, broker, report, folder / name)
        try:
            function(bench)
        finally:
            bench.end()

    return run


if __name__ == "__main__":
    sys.exit(run_cases(__doc__.split("\n", 1)[0], CASES, Broker, prepare))
