"""What the tests do with a broker: topics, messages, groups, and wherefrom at work on them.

Threads: one at a time for each object.
"""
import ctypes
import dataclasses
import os
import pathlib
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "proxies")]
from started_run import PATIENCE_S, Run, wait_until  # noqa: E402, F401

# --- messages ---------------------------------------------------------------------------------------------------------

@dataclasses.dataclass
class Message:
    value: bytes | None  # None: a tombstone
    partition: int = -1
    key: bytes | None = None
    headers: tuple = ()  # (name, value) pairs
    timestamp_ms: int = 0
    offset: int = -1

    def frame(self):
        def size(content):
            return -1 if content is None else len(content)

        head = b"%d %d %d %d %d\n" % (self.partition, self.timestamp_ms, size(self.key), size(self.value), len(self.headers))
        more = b"".join(b"%d %d\n%s%s" % (len(name), size(value), name.encode(), value or b"") for name, value in self.headers)
        return head + (self.key or b"") + (self.value or b"") + more


def parse_frames(content):
    at = 0

    def take(size):
        nonlocal at
        at += max(size, 0)
        return content[at - size:at] if size >= 0 else None

    def numbers():
        nonlocal at
        end = content.index(b"\n", at)
        line, at = content[at:end], end + 1
        return map(int, line.split())

    messages = []
    while at < len(content):
        partition, offset, timestamp_ms, key_size, value_size, headers_count = numbers()
        message = Message(None, partition, offset=offset, timestamp_ms=timestamp_ms)
        message.key, message.value = take(key_size), take(value_size)
        for _ in range(headers_count):
            name_size, value_size = numbers()
            message.headers += ((take(name_size).decode(), take(value_size)),)
        messages.append(message)
    return messages


class Cluster:
    """A broker as its clients see it."""

    def __init__(self, admin, address):
        self.admin, self.address = os.fspath(admin), address
        self.topics = 0

    def call(self, *arguments, stdin=b"", properties=()):
        given = {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
        more = [word for one in properties for word in ("-X", one)]
        done = subprocess.run([self.admin, "-X", f"bootstrap.servers={self.address}", *more, *map(str, arguments)],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=600, **given)
        if done.returncode != 0:
            raise RuntimeError(f"kafka_admin {' '.join(map(str, arguments))}: {done.stderr.decode(errors='replace')[-1000:]}")
        return done.stdout

    def id(self):
        return self.call("cluster-id").decode().strip()

    def create(self, name, partitions=1, **settings):
        """A topic of that name and a number, which is returned; settings have _ for their dots."""
        self.topics += 1
        name = f"{name}-{self.topics}"
        self.call("create", ",".join([f"{name}:{partitions}", *(f"{key.replace('_', '.')}={value}" for key, value in settings.items())]))
        return name

    def produce(self, topic, messages, *properties):
        """Those of one partition keep their order. Bytes are a message that is nothing but a value."""
        frames = (one.frame() if isinstance(one, Message) else Message(one).frame() for one in messages)
        self.call("produce", topic, stdin=b"".join(frames), properties=properties)

    def produce_lines(self, topic, lines, partitions=1, *properties, first=0):
        """A message a line, to all partitions in turn, from number `first` on; offsets follow from that."""
        self.produce(topic, (Message(line, number % partitions) for number, line in enumerate(lines, first)), *properties)

    def read(self, topic, *properties):
        """What is committed, in the order of each partition."""
        messages = parse_frames(self.call("read", topic, properties=properties))
        return sorted(messages, key=lambda message: (message.partition, message.offset))

    def read_parts(self, topic, begin, end, *properties):
        """(partition, offset, text): of each value what is between two texts."""
        lines = self.call("read", topic, begin, end, properties=properties).decode().splitlines()
        return [(int(partition), int(offset), text) for partition, offset, text in (line.split(" ", 2) for line in lines)]

    def offsets(self, group, topic):
        """{partition: (committed or -1, end)}"""
        rows = (map(int, line.split()) for line in self.call("offsets", group, topic).splitlines())
        return {partition: (committed, end) for partition, committed, end in rows}

    def lag(self, group, topic):
        """Messages that the group has not committed."""
        return sum(end - max(committed, 0) for committed, end in self.offsets(group, topic).values())

    def await_lag(self, group, topic, lag=0, patience_s=PATIENCE_S, runs=()):
        """Until it is no more than that. `runs` must go on meanwhile, and it must become less from time to time, however slowly."""
        least, deadline = None, 0
        while True:
            for run in runs:
                if run.process.poll() is not None:
                    raise RuntimeError(f"it ended with {run.process.returncode}: {run.log()[-1500:]}")
            left = self.lag(group, topic)
            if left <= lag:
                return
            if least is None or left < least:
                least, deadline = left, time.monotonic() + patience_s
            if time.monotonic() > deadline:
                raise TimeoutError(f"lag {self.offsets(group, topic)} of {group}: " + " | ".join(run.log()[-600:] for run in runs))
            time.sleep(0.2)


# --- event.id, as INTERFACE says, by another program than ours ----------------------------------------------------------

class _Hash(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


_xxhash = ctypes.CDLL("libxxhash.so.0")
_xxhash.XXH3_128bits.restype = _Hash
_xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def event_id(cluster_id, topic, partition, offset, line, number=1):
    content = b"%s/%s/%d\0%s%s%s" % (cluster_id.encode(), topic.encode(), partition, offset.to_bytes(8, "little"),
                                     number.to_bytes(4, "little"), line)
    found = _xxhash.XXH3_128bits(content, len(content))
    return f"{found.high:016x}{found.low:016x}"


class Feeder:
    """Lines into all partitions of a topic in turn, `per_second` of them, until there are no more or `stop`. `fed`: how many so far."""

    def __init__(self, cluster, topic, lines, partitions=1, per_second=5000):
        self.fed, self.stopped, self.problem = 0, threading.Event(), None
        self.process = subprocess.Popen([cluster.admin, "-X", f"bootstrap.servers={cluster.address}", "produce", topic],
                                        stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        self.thread = threading.Thread(target=self._feed, args=(iter(lines), partitions, per_second), daemon=True)
        self.thread.start()

    def _feed(self, lines, partitions, per_second):
        begin = time.monotonic()
        try:
            for line in lines:
                if self.stopped.is_set():
                    break
                self.process.stdin.write(Message(line, self.fed % partitions).frame())
                self.fed += 1
                if self.fed % max(1, round(per_second / 100)) == 0:
                    self.process.stdin.flush()
                    time.sleep(max(0.0, begin + self.fed / per_second - time.monotonic()))
            self.process.stdin.close()
        except OSError as problem:
            self.problem = problem

    def await_fed(self, count):
        wait_until(lambda: self.fed >= count or not self.thread.is_alive(), f"{count} lines fed; {self.fed} were")

    def stop(self):
        """Returns how many lines the topic has got."""
        self.stopped.set()
        return self.finish()

    def finish(self):
        """Waits for the last line."""
        self.thread.join(PATIENCE_S)
        if self.process.wait(PATIENCE_S) != 0 or self.problem:
            raise RuntimeError(f"lines could not be fed: {self.process.stderr.read().decode(errors='replace')} {self.problem}")
        return self.fed

    def kill(self):
        self.stopped.set()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
