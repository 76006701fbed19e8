"""What the cases of failures share: lines that know their number, runs that they are fed to, and what has to be in an index then.

Threads: one at a time for each object.
"""
import re
import socket
import time

from black_box import alb_line, at
from servers import free_port
from started_run import wait_until

CLIENT = {"client": {"properties": {"ip": {"type": "ip"}, "geo": {"properties": {"location": {"type": "geo_point"}}}}}}  # what a run asks for
ITEM = re.compile(r"/item/(\d+)\?")


def lines(numbers, **more):
    return "".join(alb_line(number, **more) + "\n" for number in numbers).encode()


def number_of(record):
    return int(ITEM.search(at(record, "url.original"))[1])


def template(bench, name):
    """What a run wants to be there before it writes, and no more."""
    name = re.sub(r"-(\{yyyy\.MM\.dd\}|\d{4}\.\d\d\.\d\d)$", "", name)
    bench.node.put(f"/_index_template/failures-{name}", {"index_patterns": [name, f"{name}-*"], "priority": 300,
                                                        "template": {"mappings": {"properties": CLIENT}}})


def url(bench, name, server=None, templates=True, **parameters):
    """Of an output; the node's own URL, or that of something in front of it. `templates`: an index of that name will do."""
    if templates:
        template(bench, name)
    query = "&".join(f"{key}={value}" for key, value in parameters.items())
    return f"opensearch+{server or bench.node.url}/{name}" + (f"?{query}" if query else "")


def opensearch(**settings):
    """Options of a run."""
    return [word for name, value in settings.items() for word in ("--opensearch", f"{name}={value}")]


class Fed:
    """A run that gets lines over TCP, as many as a case wants it to have by then."""

    def __init__(self, bench, *options, **settings):
        port = free_port()
        self.run = bench.start(f"tcp://127.0.0.1:{port}", *options, **settings)
        self.connection = None
        wait_until(lambda: self.connect(port), lambda: f"it does not listen: {self.run.log()[-500:]}")

    def connect(self, port):
        try:
            self.connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        except OSError:
            return False
        return True

    def feed(self, numbers, **more):
        self.connection.sendall(lines(numbers, **more))

    def stop(self):
        self.connection.close()
        return self.run.stop()


def await_log(run, *words):
    """Until it has said so."""
    wait_until(lambda: all(word in run.log() for word in words) or run.process.poll() is not None,
               lambda: f"it does not say {words}: {run.log()[-1500:]}")
    if run.process.poll() is not None and not all(word in run.log() for word in words):
        raise RuntimeError(f"it ended with {run.process.poll()}: {run.log()[-1500:]}")


def await_count(bench, target, count, run=None):
    """Until so many documents are there; a `run` must go on meanwhile."""
    def found():
        status, reply = bench.node.request("POST", f"/{target}/_refresh")
        return bench.node.count(target) if status == 200 else reply

    def there():
        if run is not None and run.process.poll() is not None and found() != count:
            raise RuntimeError(f"it ended with {run.process.poll()}: {run.log()[-1500:]}")
        return found() == count

    wait_until(there, lambda: f"{count} documents in {target}; {found()} are there: {run.log()[-1500:] if run else ''}")


def check_there(bench, target, numbers, what):
    """Exactly these documents, each once and under its event.id. At most 10000."""
    documents = bench.node.documents(target)
    found, expected = sorted(number_of(document) for _, document in documents), sorted(numbers)
    bench.check(found == expected, f"{what}: {len(found)} documents in {target}, {len(expected)} expected, "
                                   f"lost {sorted(set(expected) - set(found))[:5]}, too many {sorted(set(found) - set(expected))[:5]}")
    bench.equal([identity for identity, document in documents if identity != at(document, "event.id")], [], f"{what}: _id is event.id")


def check_sums(bench, run, what, *, written, duplicates=0, rejected=None, **counts):
    """Of a run that has ended: of its summary the records, and of "opensearch" what is named. `rejected`: {reason: count}"""
    rejected, summary = rejected or {}, run.summary
    found = [summary["records"][name] for name in ("written", "duplicates", "rejected")]
    bench.equal(found, [written, duplicates, sum(rejected.values())], f"{what}: written, duplicates, rejected")
    bench.equal(summary["rejected_by_reason"], rejected, f"{what}: rejected by reason")
    expected = {"documents": written, "duplicates": duplicates, **counts}
    bench.equal({name: summary["opensearch"][name] for name in expected}, expected, f"{what}: opensearch")


def check_log(bench, run, what, *words):
    """These words, and that nobody is told again and again. Soon after the end."""
    log = run.log()
    for word in words:
        bench.check(word in log, f"{what}: says {word!r}: {log[-1500:]}")
    most = 2 + int(time.monotonic() - run.begun) // 60  # it is said again after a minute
    bench.check(log.count("opensearch: ") <= most, f"{what}: said {log.count('opensearch: ')} times: {log[-1500:]}")


def position(state):
    """How far a run with --state has got in its only file."""
    path = state / "checkpoint"
    found = re.findall(rb"^file (?:\S+ ){6}(\d+) ", path.read_bytes(), re.MULTILINE) if path.exists() else []
    return int(found[-1]) if found else 0


def day_line(number, day):
    """Of an index of its own, with NAME-{yyyy.MM.dd}."""
    return alb_line(number, time=f"2026-03-{day:02}T12:00:00.250000Z")


def index(bench, name, properties=None, dynamic=None, **settings):
    """Makes one, whose settings have __ for their dots. Its shards need not be anywhere yet."""
    template(bench, name)
    mappings = {**({"dynamic": dynamic} if dynamic else {}), "properties": properties or {}}
    bench.node.put(f"/{name}?wait_for_active_shards=0", {"mappings": mappings, "settings": {key.replace("__", "."): value for key, value in settings.items()}})


def settings(bench, name, **values):
    bench.node.put(f"/{name}/_settings", {key.replace("__", "."): value for key, value in values.items()})
