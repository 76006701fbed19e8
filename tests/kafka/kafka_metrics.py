"""What --metrics says of a consumer and of a producer, and that it is what the summary says when nothing is left to be done."""
from black_box import alb_line
from metrics_page import await_settled

COUNT, PARTITIONS = 2000, 2


def test_metrics(bench):
    """With transactions, and from and to elsewhere."""
    for name, more in (("metrics", ["--instance", "a"]), ("metrics-apart", ["--transactions", "never"])):
        topic, output = bench.cluster.create(name, PARTITIONS), bench.cluster.create(f"{name}-out", 1)
        bench.cluster.produce_lines(topic, [alb_line(number).encode() for number in range(COUNT)] + [b"no line"], PARTITIONS)
        run = bench.start(bench.url(topic, name), "--metrics", "0", *more, output=bench.url(output))
        page = await_settled(run, COUNT + 1)
        bench.equal(page.by("records_total", "source"), {"kafka": COUNT + 1}, f"{name}: lines")
        bench.equal(page.by("kafka_lag_messages", "partition"), {str(number): 0 for number in range(PARTITIONS)}, f"{name}: lag")
        bench.equal(page.by("streams", "state"), {"expected": 1, "open": 1}, f"{name}: streams")
        bench.check(page.value("kafka_rebalances_total") >= 1, f"{name}: rebalances")
        latency = page.histogram("output_latency_seconds", output="main")
        bench.check(latency["count"] > 0 and latency["sum"] > 0, f"{name}: latency: {latency}")
        bench.check(page.value("output_written_bytes_total", output="main") > 0, f"{name}: bytes")
        run.stop()
        kafka = run.summary["kafka"]
        bench.equal([page.value(f"kafka_{metric}_total") for metric in ("messages", "delivered", "transactions_committed", "transactions_aborted", "rewinds")],
                    [kafka[member] for member in ("messages", "delivered", "transactions_committed", "transactions_aborted", "rewinds")], f"{name}: as in the summary")
        bench.equal((page.value("kafka_delivered_total"), page.sum("output_records_total"), kafka["transactions_committed"] > 0),
                    (COUNT, COUNT, "--instance" in more), f"{name}: what went out")
