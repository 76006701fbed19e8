"""A node that takes less than there is, or says when to come again: nothing is lost, and memory stays as it is. node_chaos.py measures it."""
from black_box import write
from kill_cases import FIELDS, check_index, data_stream, lines
from slow_node import GROWTH_MAX, Gate, Relay
from started_run import wait_until

CONNECTIONS = 4  # what it has unless told


def expected(bench, log):
    run = bench.start(log, "--fields", FIELDS, "--quiet", name="expected").finish()
    return {record["event"]["id"] for record in run.records() if record["user_agent"]["original"] != "odd"}


def slowly(bench, name, count, bytes_per_s, bytes_slow, *options):
    """Lines go in through a connection that is slow for so many bytes, behind the first ones. Returns how much the memory grew meanwhile."""
    log = write(bench.folder / "a.log", lines(0, count))
    relay = Relay(bench.node.port)
    output = data_stream(bench, name).replace(str(bench.node.port), str(relay.port))
    relay.bytes_per_s = bytes_per_s
    run = bench.start(log, "--quiet", *options, name=name, output=output)
    wait_until(lambda: relay.passed > bytes_per_s, "the first bytes")
    before = run.memory_max()
    wait_until(lambda: relay.passed > bytes_per_s + bytes_slow, "some more bytes")
    grown = run.memory_max() - before
    bench.check(run.process.poll() is None, "it has not come to its end")
    relay.bytes_per_s = None
    run.finish()
    relay.close()
    taken = count * 98 // 100
    bench.equal([run.summary["opensearch"][what] for what in ("documents", "requests_failed", "documents_again")], [taken, 0, 0], "documents, failed, again")
    check_index(bench, name, expected(bench, log))
    return grown


def test_memory_stays(bench):
    """Requests come through one by one, and nothing more is read meanwhile."""
    grown = slowly(bench, "memory", 30000, 2_000_000, 16_000_000)
    bench.check(grown <= GROWTH_MAX, f"{grown} bytes more are resident")


def test_slow_is_not_silent(bench):
    """The body of one request takes longer than a server may be silent."""
    slowly(bench, "slow", 3000, 100_000, 1_500_000, "--opensearch", "timeout=5")


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
