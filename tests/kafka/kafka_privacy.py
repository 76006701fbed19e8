"""Topics that must not have addresses: keys, values and headers of messages; and `wherefrom top`, which looks on and changes nothing.

Threads: one.
"""
import json
from collections import Counter

from black_box import alb_line, at, write

POLICY = """residency:
  lists: [eu-eea-2026-02.list]
  zones: {eea: ["@eea"], us: [US], other: ["*"]}
  places: {eu: [eu-west-1]}
  rules: [{zone: eea, allow: [eu]}]
  unsure: {min_trust: 1}
"""
PRIVACY = "  privacy: {key_env: ADDRESS_KEY, eea: {ip: hmac}, us: {ip: drop}, other: {ip: truncate}}\n"
RATE = "rate: {windows: [60], lateness: 60, dims: [client, peer], limits: [{name: any, key: client, window: 60, limit: 3}]}\n"
CLIENTS = ["89.160.20.112", "77.217.39.53", "198.82.5.6", "175.16.199.5"]  # by the database that comes with wherefrom: SE, SE, US, CN
GROUP_OF_RUNS = "wherefrom"  # when none is named


def some_line(number):
    """Each fifth is none."""
    client = CLIENTS[number % len(CLIENTS)]
    return (f"of {client} no log line" if number % 5 == 4 else alb_line(number, client=f"{client}:{1024 + number}", agent=f"curl {client}")).encode()


def messages_of(bench, source, name, policy, records_count):
    """All that leaves for topics, with a policy, by kind; records are of whatever the topic `source` has."""
    topics = {kind: bench.cluster.create(f"{name}-{kind}") for kind in ("records", "rejects", "rollups")}
    config = write(bench.folder / f"{name}.yaml", f"{policy}{RATE}output: {bench.url(topics['records'])}\n")
    run = bench.start(bench.url(source, name), "--rollups", bench.url(topics["rollups"]), "--rollups-every", "1", "--limit", str(records_count), config=config,
                      rejects=bench.url(topics["rejects"]), env={"ADDRESS_KEY": "0123456789abcdef" * 4}, name=name)
    run.finish()
    return {kind: bench.cluster.read(topic) for kind, topic in topics.items()}


def traces(messages):
    """Addresses that stand in any of their bytes."""
    content = b"\n".join(part for message in messages for part in (message.key or b"", message.value or b"", *(value or b"" for _, value in message.headers)))
    return {client for client in CLIENTS if client.encode() in content}


def test_disguised_messages(bench):
    source, count = bench.cluster.create("named"), 201  # the last one is a record
    bench.cluster.produce_lines(source, map(some_line, range(count)))
    clients = Counter(CLIENTS[number % len(CLIENTS)] for number in range(count) if number % 5 != 4)
    written = clients.total()
    plain = messages_of(bench, source, "plain", POLICY, written)
    hidden = messages_of(bench, source, "hidden", POLICY + PRIVACY, written)
    bench.equal({kind: traces(messages) for kind, messages in plain.items()}, {kind: set(CLIENTS) for kind in plain}, "without privacy they are found")
    bench.equal({kind: traces(messages) for kind, messages in hidden.items()}, {kind: set() for kind in hidden}, "addresses in topics")
    for what, messages in (("plain", plain), ("hidden", hidden)):
        bench.equal((len(messages["records"]), len(messages["rejects"])), (written, count - written), f"{what}: messages")
        for message in messages["records"]:
            record = json.loads(message.value)
            expected = at(record, "client.ip") or at(record, "event.id")
            bench.equal(message.key.decode(), expected, f"{what}: key")
        for message in messages["rollups"]:
            bench.equal(message.key.decode(), json.loads(message.value)["event"]["id"], f"{what}: key of a sum")
    keys = Counter(message.key.decode() for message in hidden["records"])
    pseudonyms = sorted(count for key, count in keys.items() if key.startswith("fd") and ":" in key)
    bench.equal((pseudonyms, keys["175.16.199.0"]), (sorted(clients[one] for one in CLIENTS[:2]), clients[CLIENTS[3]]), "one key for each pseudonym, one for the network")
    ids = [{json.loads(message.value)["event"]["id"] for message in some["records"]} for some in (plain, hidden)]
    bench.check(len(ids[0]) == len(ids[1]) == written and not ids[0] & ids[1], "ids that nobody makes without the key")


def test_top_of_a_topic(bench):
    """It counts what is there, for groups of others it has never been there, and its own is none that anybody would use."""
    topic, count = bench.cluster.create("looked-at", 3), 3000
    texts = [alb_line(number, client=f"81.2.69.{number % 7 * (number % 11)}:1024") for number in range(count)]
    bench.cluster.produce_lines(topic, (text.encode() for text in texts), 3)
    theirs = bench.start(bench.url(topic, "theirs"), "--limit", "100", "-j", "1")
    theirs.finish()
    before = bench.cluster.offsets("theirs", topic)
    expected = Counter(text.split(" ")[3].split(":")[0] for text in texts)
    done = bench.program.run("top", bench.url(topic), "--no-geo", "--limit", str(count), "--rows", "100", "--json", timeout=120)
    bench.equal(done.code, 0, f"exit ({done.err[-500:]})")
    bench.equal({one["key"]: one["n"] for one in map(json.loads, done.out.splitlines())}, dict(expected), "rows")
    bench.equal(bench.cluster.offsets("theirs", topic), before, "the group of others")
    bench.equal({committed for committed, _ in bench.cluster.offsets(GROUP_OF_RUNS, topic).values()}, {-1}, "the usual group")
    again = bench.program.run("top", bench.url(topic), "--no-geo", "--limit", str(count), "--rows", "100", "--json", timeout=120)
    bench.equal(again.out, done.out, "once more, from the beginning")
