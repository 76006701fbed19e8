"""Kafka to OpenSearch while wherefrom is killed: the group's offsets say where the next process goes on, ids what is there already."""
import pathlib
import random
from collections import Counter

from broker import Broker
from kafka_cluster import Cluster, event_id
from kill_cases import Killing, PATIENCE_S, check_index, data_stream, line

PARTITIONS = 4
QUICK = ("session.timeout.ms=3000", "heartbeat.interval.ms=500")


class KafkaKilling(Killing):
    def finish(self):
        """The last process goes on until nothing is left, and ends in order."""
        self.bench.node.await_ready()
        self.bench.cluster.await_lag("chaos", self.bench.topic, patience_s=PATIENCE_S, runs=(self.run,))
        self.look()
        self.run.stop()


def kafka_under_kills(bench, dice: random.Random, count, kills, node_kills):
    """Returns what happened."""
    with Broker(bench.folder / "broker") as broker:
        bench.cluster = Cluster(pathlib.Path(bench.program.path).parent / "tests" / "kafka_admin", broker.address)
        bench.topic = bench.cluster.create("chaos", PARTITIONS)
        bench.cluster.produce_lines(bench.topic, map(line, range(count)), PARTITIONS)
        output, runs = data_stream(bench, "from-kafka"), []

        def start():
            run = bench.start(f"kafka://{broker.address}/{bench.topic}?group=chaos&start=earliest", "--instance", "a", "--quiet", output=output,
                              librdkafka=QUICK)
            runs.append(run)
            return run

        killing = KafkaKilling(bench, dice, start, 15)
        bench.check(killing.go(kills, node_kills), f"it ended by itself: {killing.run.log()[-500:]}")
        killing.finish()
        cluster = bench.cluster.id()
        ids = {number: event_id(cluster, bench.topic, number % PARTITIONS, number // PARTITIONS, line(number)) for number in range(count)}
    taken = {one for number, one in ids.items() if number % 100 not in (50, 99)}
    check_index(bench, "from-kafka", taken)
    rejected = Counter()
    for run in runs:
        text = run.rejected.read_bytes() if run.rejected.exists() else b""
        rejected.update(part.split(b'"event_id":"', 1)[1][:32].decode() for part in text.split(b"\n")[:-1])
    bench.check(rejected.keys() == set(ids.values()) - taken,
                f"{len(rejected)} rejects instead of {count - len(taken)}")
    return {**killing.happened, "lines": count, "rejects_that_came_again": rejected.total() - len(rejected), "memory_max": killing.memory_max,
            "duplicates_in_the_last_run": killing.run.summary["opensearch"]["duplicates"]}
