"""kill -9 of wherefrom and of the node while documents go in: each line is in the index or in the rejects, once. node_chaos.py is the long form.

Of every hundred lines one is no log line, and one becomes a document that the node refuses: its agent is no number, which the index wants.
"""
import gzip
import random
import time
from collections import Counter

from black_box import alb_line, parse_lines, write
from mapping_cases import put_templates

FIELDS = "+@timestamp,+event.id,+client,+user_agent.original"
AGENTS = {"template": {"mappings": {"properties": {"user_agent": {"properties": {"original": {"type": "long"}}}}}}}
PATIENCE_S = 900


def line(number):
    if number % 100 == 99:
        return b"line %d is no log line" % number
    return alb_line(number, agent="odd" if number % 100 == 50 else str(number)).encode()


def lines(first, count):
    return b"".join(line(number) + b"\n" for number in range(first, first + count))


def data_stream(bench, name):
    templates = put_templates(bench, "ecs", "--data-stream", name)
    bench.node.put("/_component_template/agents", AGENTS)
    for own_name, body in templates["index_templates"].items():
        bench.node.put(f"/_index_template/{own_name}", {**body, "composed_of": [*body["composed_of"], "agents"]})
    return f"opensearch+{bench.node.url}/{name}"


def logs(bench, count):
    """Six files: plain, gzip, and gzip of several members."""
    each = count // 6
    for number in range(6):
        text = lines(number * each, each)
        kind = number % 3
        parts = [text] if kind < 2 else [text[at:at + 1_000_000] for at in range(0, len(text), 1_000_000)]
        write(bench.folder / "logs" / (f"{number}.log" if kind == 0 else f"{number}.log.gz"),
              text if kind == 0 else b"".join(gzip.compress(part, 1) for part in parts))
    return bench.folder / "logs", each * 6


class Killing:
    """Ends `kills` processes that `start()` makes, and the node `node_kills` times, in an order and at moments that follow from `dice`."""

    def __init__(self, bench, dice, start, moment_s_max):
        self.bench, self.dice, self.start, self.moment_s_max = bench, dice, start, moment_s_max
        self.happened, self.memory_max = Counter(), 0
        self.run = start()

    def rest(self):
        """Until the next moment. False: it came to its end before."""
        until = time.monotonic() + self.dice.uniform(0.02, self.moment_s_max)
        while self.run.process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        self.look()
        return self.run.process.poll() is None

    def look(self):
        if self.run.process.poll() is None:  # else there is nobody of that number any more
            self.memory_max = max(self.memory_max, self.run.memory_max())

    def kill(self):
        self.run.kill()
        self.run = self.start()

    def kill_node(self):
        self.bench.node.kill()
        time.sleep(self.dice.uniform(0, 2))
        self.bench.node.start(wait=self.dice.random() < 0.5)

    def go(self, kills, node_kills):
        """False: it came to its end before all of it had happened."""
        events = [self.kill] * kills + [self.kill_node] * node_kills
        self.dice.shuffle(events)
        for event in events:
            if not self.rest():
                return False
            event()
            self.happened[event.__name__] += 1
        return True

    def finish(self):
        """The last process comes to its end alone."""
        self.bench.node.await_ready()
        until = time.monotonic() + PATIENCE_S
        while self.run.process.poll() is None and time.monotonic() < until:
            self.look()
            time.sleep(0.02)
        self.run.finish()


def check_index(bench, name, expected):
    found = bench.node.identities(name)
    bench.equal(len(found), len(set(found)), f"{name}: documents, and their ids")
    missing, strange = expected - set(found), set(found) - expected
    bench.check(not missing and not strange, f"{name}: {len(missing)} of {len(expected)} are missing, {len(strange)} are nobody's: {[*missing, *strange][:3]}")


def check_rejects(bench, found, unreadable, refused):
    """`unreadable`: as a run without kills writes them. `refused`: event.ids. Each once."""
    ours = sorted(str(one) for one in found if one["stage"] != "sink")
    bench.check(ours == sorted(map(str, unreadable)), f"{len(ours)} lines that are no records instead of {len(unreadable)}")
    theirs = Counter(one["event_id"] for one in found if one["stage"] == "sink")
    bench.check(theirs == Counter(refused), f"{theirs.total()} refused, {len(theirs)} different ones, instead of {len(refused)}")
    bench.equal({(one["status"], one["error_type"]) for one in found if one["stage"] == "sink"}, {(400, "mapper_parsing_exception")}, "why")


def expected_of(bench, folder):
    """(event.ids that are taken, those that are refused, rejects for lines) of an undisturbed run into a file."""
    run = bench.start(folder, "--fields", FIELDS, "--quiet", name="expected").finish()
    by_kind = ({}, {})
    for record in run.records():
        by_kind[record["user_agent"]["original"] == "odd"][record["event"]["id"]] = True
    return set(by_kind[0]), set(by_kind[1]), run.rejects()


def files_under_kills(bench, dice, count, kills, node_kills):
    """Rounds of one load each, until all of it has happened. Returns what did."""
    folder, count = logs(bench, count)
    taken, refused, unreadable = expected_of(bench, folder)
    bench.equal([len(taken), len(refused), len(unreadable)], [count * 98 // 100, count // 100, count // 100], "lines, and what becomes of them")
    happened, rounds, memory_max = Counter(), 0, 0
    while happened["kill"] < kills or happened["kill_node"] < node_kills:
        rounds += 1
        if not bench.check(rounds <= 10, f"too fast to be killed: {dict(happened)} in {rounds - 1} rounds"):
            break
        name = f"killed-{rounds}"
        output = data_stream(bench, name)

        def start():
            return bench.start(folder, "--fields", FIELDS, "--quiet", "--state", bench.folder / name / "state", name=name, output=output)

        # about all of them in one round; where it is too fast for that, sooner from round to round
        killing = Killing(bench, dice, start, count / 10000 / (kills + node_kills) / rounds)
        killing.go(kills - happened["kill"], node_kills - happened["kill_node"])
        killing.finish()
        happened += killing.happened
        memory_max = max(memory_max, killing.memory_max)
        check_index(bench, name, taken)
        check_rejects(bench, killing.run.rejects(), unreadable, refused)
        bench.check(0 <= killing.run.summary["records"]["read"] <= count, "the last one has not read more than there is")
        again = start().finish()
        bench.equal(again.summary["records"]["read"], 0, "nothing is left")
    return {**happened, "rounds": rounds, "lines": count * rounds, "memory_max": memory_max}


def test_files_under_kills(bench):
    files_under_kills(bench, random.Random(7), 60_000, 3, 1)
