"""Several outputs, two of them indices of a node and one a file, records going to one of them by their zone: what one of them goes through is none
of the others' business, and nothing is lost or there twice.

Of every hundred lines one is no log line, and one becomes a document that the node refuses (kill_cases.py).

Threads: one.
"""
import pathlib
import random
from collections import Counter

from between import Between
from black_box import alb_line, parse_lines, write
from broker import Broker
from failure_bench import await_log
from java_server import NotInstalled
from kafka_cluster import Cluster, event_id
from kill_cases import FIELDS, Killing, check_index, check_rejects, data_stream
from route_cases import CLIENTS, client, config, output_of
from started_run import wait_until

SMALL = ("--memory-max", "128M", "-j", "2")  # so that few batches go round


def line(number):
    if number % 100 == 99:
        return b"line %d is no log line\n" % number
    agent = "odd" if number % 100 in (50, 53, 57) else str(number)
    return alb_line(number, client=client(number), agent=agent).encode() + b"\n"


class Load:
    """Lines in a file, outputs for them, and what of them belongs where: by the country that records of a run with one output have."""

    def __init__(self, bench, name, count):
        self.bench, self.name, self.count = bench, name, count
        self.log = write(bench.folder / f"{name}.log", b"".join(map(line, range(count))))
        plain = write(bench.folder / "plain.yaml", "fields: [" + FIELDS.replace("+@", "'+@").replace("timestamp", "timestamp'", 1) + "]\n")
        run = bench.start(self.log, "-o", bench.folder / "plain.ndjson", "--quiet", config=plain, name="plain").finish()
        self.unreadable, self.taken, self.refused, self.file = run.rejects(), {"eu": set(), "main": set()}, {"eu": [], "main": []}, []
        for text in (bench.folder / "plain.ndjson").read_bytes().splitlines(keepends=True):
            (record,) = parse_lines(text)
            where, identity = output_of(text), record["event"]["id"]
            if where == "us":
                self.file.append(text)
            elif record["user_agent"]["original"] == "odd":
                self.refused[where].append(identity)
            else:
                self.taken[where].add(identity)
        bench.check(min(map(len, (*self.taken.values(), *self.refused.values(), self.file))) > 50, "each has its part")

    def config(self, number, eu=None, main=None):
        """`eu` and `main`: servers in front of the node."""
        self.names = {where: f"{self.name}-{number}-{where}" for where in ("eu", "main")}
        for name in self.names.values():
            data_stream(self.bench, name)
        self.out = self.bench.folder / f"{self.name}-{number}.ndjson"
        servers = {"eu": eu or self.bench.node.url, "main": main or self.bench.node.url}
        targets = {where: f"{{opensearch: {{url: '{servers[where]}', data_stream: {name}, connections: 2}}}}" for where, name in self.names.items()}
        return write(self.bench.folder / f"{self.name}-{number}.yaml",
                     config(f"{{eu: {targets['eu']}, us: '{self.out}', main: {targets['main']}}}"))

    def check(self, run, rejects=True):
        for where, name in self.names.items():
            check_index(self.bench, name, self.taken[where])
        self.bench.check(self.out.read_bytes() == b"".join(self.file), f"the file has {self.out.read_bytes().count(bytes([10]))} records "
                                                                       f"instead of {len(self.file)}, or others")
        if rejects:
            check_rejects(self.bench, run.rejects(), self.unreadable, self.refused["eu"] + self.refused["main"])

    def check_sums(self, run):
        """Of a run that has done all of it alone."""
        found = {one["name"]: (one["written"], one["duplicates"], one["refused"]) for one in run.summary["outputs"]}
        self.bench.equal(found, {"us": (len(self.file), 0, 0), **{where: (len(self.taken[where]), 0, len(self.refused[where])) for where in self.taken}},
                         "written, duplicates, refused of each output")
        self.bench.equal(run.summary["records"]["written"], sum(one[0] for one in found.values()), "written by all of them")


class Down:
    """A server in front of the node that answers to nothing but the first requests while it is down."""

    def __init__(self, bench, first):
        self.server, self.is_down, self.first = Between(bench.node), True, first
        self.server.spoil_request = lambda request: (503, b"down") if self.is_down and request.number >= self.first else None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.__exit__()


def test_one_of_several_outputs_is_down(bench):
    """The others take what there is until memory is full of what waits for it; then all stands still, with its name, and goes on by itself."""
    load = Load(bench, "down", 20_000)
    with Down(bench, 2) as eu:
        run = bench.start(load.log, "--fields", FIELDS, *SMALL, "--progress", "always", config=load.config(1, eu=eu.server.url))
        await_log(run, "output eu: has taken nothing for ", "output eu: opensearch: ", "waiting for output eu")
        there = {where: set(bench.node.identities(name)) for where, name in load.names.items()}
        for where in ("eu", "main"):
            bench.check(there[where] < load.taken[where], f"{where} has a part: {len(there[where])} of {len(load.taken[where])}")
        bench.check(run.process.poll() is None and len(there["main"]) > len(there["eu"]), f"main is ahead: { {k: len(v) for k, v in there.items()} }")
        eu.is_down = False
        run.finish()
        bench.check("output main: " not in run.log().split("records read")[0], f"nobody waits for main: {run.log()[-1000:]}")
        sent = set(eu.server.sent())
        bench.check(sent == load.taken["eu"] | set(load.refused["eu"]), f"{len(sent)} documents went there, and no others")
        for other in load.taken["main"]:
            if any(other.encode() in request.body for request in eu.server.requests[:3]):
                bench.check(False, f"{other} of main is in a request to eu")
                break
    load.check(run)
    load.check_sums(run)


def test_a_stop_while_one_of_several_outputs_is_down(bench):
    """SIGTERM ends it with exit code 1 and the name of what is waited for; the next run does the rest, and each record is there once."""
    load = Load(bench, "stopped", 6000)
    options = ("--fields", FIELDS, *SMALL, "--shutdown-timeout", "2", "--state", bench.folder / "state")
    with Down(bench, 1) as eu:
        settings = load.config(1, eu=eu.server.url)
        run = bench.start(load.log, *options, config=settings, name="stopped")
        await_log(run, "output eu: opensearch: ")
        run.process.terminate()
        bench.equal(run.wait(), 1, f"exit code: {run.log()[-1000:]}")
        bench.check("stopped: output eu did not take all within --shutdown-timeout" in run.log(), f"its name: {run.log()[-1000:]}")
        eu.is_down = False
        run = bench.start(load.log, *options, config=settings, name="stopped").finish()
    load.check(run)


def test_one_of_several_outputs_fails_for_good(bench):
    """The run ends at once, whatever the others are waiting for."""
    load = Load(bench, "failed", 6000)
    with Down(bench, 0) as main:
        settings = load.config(1, main=main.server.url)
        bench.node.put("/_index_template/spoilt", {"index_patterns": [load.names["eu"]], "priority": 900, "data_stream": {},
                                                   "template": {"mappings": {"properties": {"client": {"properties": {"ip": {"type": "text"}}}}}}})
        run = bench.start(load.log, "--fields", FIELDS, *SMALL, config=settings)
        bench.equal(run.wait(), 1, f"exit code: {run.log()[-1000:]}")
        bench.check("client.ip" in run.log() and load.names["eu"] in run.log(), f"why: {run.log()[-1000:]}")
    bench.node.delete("/_index_template/spoilt")


def test_several_outputs_under_kills(bench):
    """kill -9 of the run, and once of the node: in each index each record once, and the file as if nothing had happened."""
    load, dice, happened = Load(bench, "killed", 24_000), random.Random(11), Counter()
    for number in range(1, 11):
        if happened["kill"] >= 3 and happened["kill_node"] >= 1:
            break
        settings = load.config(number)

        def start(number=number, settings=settings):
            return bench.start(load.log, "--fields", FIELDS, "--quiet", "-j", "2", "--state", bench.folder / f"state-{number}", config=settings,
                               name=f"killed-{number}", env={"WHEREFROM_CHECKPOINT_MS": "20"})

        killing = Killing(bench, dice, start, 0.8 / number)  # it was too fast for the moments of the rounds before
        killing.go(3 - happened["kill"], 1 - happened["kill_node"])
        killing.finish()
        happened += killing.happened
        load.check(killing.run)
    bench.check(happened["kill"] >= 3 and happened["kill_node"] >= 1, f"too fast to be killed: {dict(happened)}")


def where_of(number):
    address = client(number).rsplit(":", 1)[0].strip("[]")
    return next(name for name, addresses in CLIENTS.items() if address in addresses)


def test_kafka_to_several_outputs(bench):
    """A topic into an index, a file and another topic: at least once, and that is said. While the index takes nothing no position is committed beyond
    what it has; after two kills all of them have what is theirs, the index once, and nobody has what is another one's."""
    try:
        broker = Broker(bench.folder / "broker")
    except NotInstalled as why:
        bench.check(True, print(f"     skipped: {why}"))
        return
    count, partitions = 9000, 3
    with broker, Down(bench, 3) as eu:
        cluster = Cluster(pathlib.Path(bench.program.path).parent / "tests" / "kafka_admin", broker.address)
        topic, elsewhere = cluster.create("logs", partitions), cluster.create("elsewhere")
        cluster.produce_lines(topic, (line(number)[:-1] for number in range(count)), partitions)
        name, out = data_stream(bench, "several-eu").rsplit("/", 1)[1], bench.folder / "us.ndjson"
        settings = write(bench.folder / "kafka.yaml", config(
            f"{{eu: {{opensearch: {{url: '{eu.server.url}', data_stream: {name}, connections: 1}}}}, us: '{out}', main: 'kafka://{cluster.address}/{elsewhere}'}}"))
        cluster_id = cluster.id()
        ids = [event_id(cluster_id, topic, number % partitions, number // partitions, line(number)[:-1]) for number in range(count)]
        wanted = {where: {ids[number] for number in range(count) if number % 100 != 99 and where_of(number) == where} for where in CLIENTS}
        odd = {ids[number] for number in range(count) if number % 100 in (50, 53, 57)}

        def start():
            return bench.start(f"kafka://{cluster.address}/{topic}?group=several&start=earliest", "--fields", FIELDS, *SMALL, config=settings, name="kafka",
                               librdkafka=("session.timeout.ms=3000", "heartbeat.interval.ms=500"))

        run = start()
        await_log(run, "at least once, with equal ids: there are several outputs", "output eu: has taken nothing for ")
        run.kill()
        there = set(bench.node.identities(name))
        behind = {ids[offset * partitions + partition] for partition, (committed, _) in cluster.offsets("several", topic).items()
                  for offset in range(max(committed, 0))}
        bench.check(behind & wanted["eu"] - odd <= there, f"{len(behind & wanted['eu'] - odd - there)} of {len(behind)} committed are not in the index")
        bench.check(len(behind) < count and len(there) > 0, f"{len(behind)} of {count} are committed, {len(there)} in the index")
        eu.is_down = False
        run = start()
        cluster.await_lag("several", topic, lag=count // 2, runs=[run])
        run.kill()
        run = start()
        cluster.await_lag("several", topic, runs=[run])
        run.stop()
        found = Counter(message.value.split(b'"id":"', 1)[1][:32].decode() for message in cluster.read(elsewhere))
    check_index(bench, name, wanted["eu"] - odd)
    bench.equal(set(found), wanted["main"], "the topic has its own, and no others")
    bench.equal({record["event"]["id"] for record in parse_lines(out.read_bytes())}, wanted["us"], "the file has its own, and no others")
    bench.equal({one["event_id"] for one in run.rejects() if one["stage"] == "sink"}, odd & wanted["eu"], "refused")
    # somebody else's run may be after a port that was free
    sent = {one for request in eu.server.requests if request.path.startswith(f"/{name}/") for one in request.ids}
    missing, strange = wanted["eu"] - sent, sent - wanted["eu"]
    bench.check(not missing and not strange, f"sent to the index: {len(missing)} of {len(wanted['eu'])} are missing, {len(strange)} are another one's: "
                                             f"{[ids.index(one) if one in ids else one for one in [*missing, *strange][:5]]}")
    # the one that was killed may have done all that is to be rejected
    bench.equal(run.process.returncode, 3 if run.summary["records"]["rejected"] > 0 else 0, f"exit code: {run.summary['records']}")


def test_privacy_of_what_one_of_several_outputs_refuses(bench):
    """A document that an index refuses becomes a reject without its line and its address, under an id that nobody can guess, as with one output."""
    count, key = 1000, write(bench.folder / "key", "0123456789abcdef0123456789abcdef\n")
    log = write(bench.folder / "a.log", b"".join(map(line, range(count))))
    names = {where: data_stream(bench, f"private-{where}").rsplit("/", 1)[1] for where in ("eu", "main")}
    targets = {where: f"{{opensearch: {{url: '{bench.node.url}', data_stream: {name}}}}}" for where, name in names.items()}
    route = f'  privacy: {{key_file: \'{key}\', "*": {{ip: truncate}}}}\n  route: {{eea: eu, us: us, "*": main}}\n'
    settings = write(bench.folder / "private.yaml",
                     config(f"{{eu: {targets['eu']}, us: '{bench.folder / 'us.ndjson'}', main: {targets['main']}}}", route=route))
    run = bench.start(log, "--fields", FIELDS, config=settings).finish()
    refused = [one for one in run.rejects() if one["stage"] == "sink"]
    bench.check(len(refused) >= 10, f"{len(refused)} refused")
    bench.equal(({one.get("privacy") for one in refused}, [one for one in refused if "original" in one]), ({"dropped"}, []), "rejects")
    text = run.rejected.read_bytes()
    shown = [one for addresses in CLIENTS.values() for one in addresses if one.encode() in text]
    bench.equal(shown, [], "addresses in rejects")
    plain = write(bench.folder / "plain.yaml", "")
    ids = {one["event"]["id"] for one in bench.start(log, "-o", bench.folder / "plain.ndjson", config=plain, name="plain").finish() and
           parse_lines((bench.folder / "plain.ndjson").read_bytes())}
    bench.equal([one["event_id"] for one in refused if one["event_id"] in ids], [], "ids without a key")
