"""A node that takes less than there is, or says when to come again: nothing is lost, and memory stays as it is. chaos.py measures it."""
from black_box import write
from kill_cases import FIELDS, check_index, data_stream, lines
from slow_node import GROWTH_MAX, Gate, Relay
from started_run import wait_until

CONNECTIONS = 4  # what it has unless told


def expected(bench, log):
    run = bench.start(log, "--fields", FIELDS, "--quiet", name="expected").finish()
    return {record["event"]["id"] for record in run.records() if record["user_agent"]["original"] != "odd"}


def test_slow_connection(bench):
    """The body of a request comes through slowly, for as long as it likes: no time limit ends it, and nothing more is read meanwhile."""
    log = write(bench.folder / "a.log", lines(0, 20000))
    relay = Relay(bench.node.port)
    output = data_stream(bench, "slowly").replace(str(bench.node.port), str(relay.port))
    relay.bytes_per_s = 4_000_000
    run = bench.start(log, "--opensearch", "timeout=10", name="slowly", output=output)
    wait_until(lambda: relay.passed > 4_000_000, "the first bytes")
    before, passed, relay.bytes_per_s = run.memory_max(), relay.passed, 250_000
    wait_until(lambda: relay.passed > passed + 4_500_000, "some more bytes")
    grown = run.memory_max() - before
    bench.check(grown <= GROWTH_MAX, f"{grown} bytes more are resident")
    bench.check(run.process.poll() is None, "it has not read everything")
    relay.bytes_per_s = None
    run.finish()
    relay.close()
    bench.equal([run.summary["opensearch"][what] for what in ("documents", "requests_failed", "documents_again")], [19600, 0, 0], "documents, failed, again")
    check_index(bench, "slowly", expected(bench, log))


def test_retry_after(bench):
    """A server that says when to come again is left alone until then, by all connections."""
    log = write(bench.folder / "a.log", lines(0, 60000))
    with Gate(bench.folder, bench.node.port, retry_after_s=1) as gate:
        output = data_stream(bench, "later").replace(str(bench.node.port), str(gate.port))
        run = bench.start(log, "--fields", FIELDS, "--quiet", name="later", output=output)
        wait_until(lambda: len(gate.answers()) > 1, "a request that is taken, behind the one that looks who is there")
        gate.close()
        wait_until(lambda: len(gate.refused()) >= CONNECTIONS + 4, "requests that are refused")
        gate.open()
        run.finish()
        times = gate.refused()
    most = CONNECTIONS + times[-1] - times[0] + 1  # those that had begun; then one each time
    bench.check(len(times) <= most, f"{len(times)} requests in {times[-1] - times[0]:.1f} s")
    bench.equal(run.summary["opensearch"]["documents"], 58800, "documents")
    check_index(bench, "later", expected(bench, log))
