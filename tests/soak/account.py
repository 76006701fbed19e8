"""What came out of a soak: each line by its number, and what processes took of memory, descriptors and threads meanwhile.

Threads: none; whoever holds an object calls it.
"""
import re
from collections import Counter
from statistics import median

NUMBER, IDENTITY, COUNTRY = re.compile(rb'"path":"/item/(\d+)"'), re.compile(rb'"id":"([0-9a-f]{32})"'), re.compile(rb'"country_iso_code":"(GB|SE)"')
REJECT = re.compile(rb'"event_id":"([0-9a-f]{32})".*"original":"(?:<6>)?line (\d+) is no log line')
REJECTED_OF = 100  # of so many lines the last is none
WARM_UP_S, LONG_S = 90, 240  # a life is judged from there on, and only when it lasted so long
# Of what is measured, in a life that is judged: the median of its last quarter against that of the first quarter behind the warm-up.
MEMORY_GROWTH_MAX, DESCRIPTORS_GROWTH_MAX, THREADS_GROWTH_MAX = 8 << 20, 3, 0

ONCE, AT_LEAST_ONCE, AT_MOST_ONCE = "exactly once", "at least once, equal ids", "best effort on kill"


class Found:
    """Numbers of lines with the event.id that each had, and how often it came."""

    def __init__(self):
        self.counts, self.identities, self.faults = Counter(), {}, Counter()

    def add(self, number, identity):
        self.counts[number] += 1
        if self.identities.setdefault(number, identity) != identity:
            self.faults["came with another event.id"] += 1

    def add_record(self, text):
        number, identity = NUMBER.search(text), IDENTITY.search(text)
        if not number or not identity:
            self.faults["records that are none"] += 1
            return
        if not COUNTRY.search(text):
            self.faults["without a place"] += 1
        self.add(int(number[1]), identity[1])

    def add_reject(self, text):
        if found := REJECT.search(text):
            self.add(int(found[2]), found[1])
        else:
            self.faults["rejects that are none"] += 1

    def judge(self, what, expected, promise, confirmed=None):
        """`expected`: numbers of all lines that went in; `confirmed`: those that have to be there, where that is not all. Returns a row of the table
        and a list of faults."""
        doubles = self.counts.total() - len(self.counts)
        missing = sorted((expected if confirmed is None else confirmed) - self.counts.keys())
        strange = sorted(self.counts.keys() - expected)
        bad = dict(self.faults)
        if missing:
            bad[f"missing ({missing[0]} .. {missing[-1]})"] = len(missing)
        if strange:
            bad[f"of nobody ({strange[0]} .. {strange[-1]})"] = len(strange)
        if doubles and promise != AT_LEAST_ONCE:
            bad[f"doubles ({[number for number, count in self.counts.items() if count > 1][:5]})"] = doubles
        row = (what, promise, len(expected if confirmed is None else confirmed), len(self.counts), len(missing), doubles)
        return row, [f"{what}, {promise}: {count} {kind}" for kind, count in bad.items()]


def is_reject(number):
    return number % REJECTED_OF == REJECTED_OF - 1


def whole_lines(path):
    """Of a file that may have been broken off."""
    with open(path, "rb") as file:
        yield from (line for line in file if line.endswith(b"\n"))


# --- lives of processes -----------------------------------------------------------------------------------------------

def growth(samples, index):
    """(first, last): medians of what stands at `index` of samples (seconds, ..), or None where the life was too short."""
    begin, end = samples[0][0] + WARM_UP_S if samples else 0, samples[-1][0] if samples else 0
    if end - begin < LONG_S - WARM_UP_S:
        return None
    quarter = (end - begin) / 4
    first = [sample[index] for sample in samples if begin <= sample[0] <= begin + quarter]
    last = [sample[index] for sample in samples if sample[0] >= end - quarter]
    return (median(first), median(last)) if first and last else None


def judge_life(what, samples):
    """Of samples (seconds, bytes, descriptors, threads): a text for the table, and faults."""
    limits = ((1, "resident bytes", MEMORY_GROWTH_MAX), (2, "descriptors", DESCRIPTORS_GROWTH_MAX), (3, "threads", THREADS_GROWTH_MAX))
    found = {index: growth(samples, index) for index, _, _ in limits}
    if found[1] is None:
        return "too short", []
    faults = [f"{what}: {kind} grew from {found[index][0]:,.0f} to {found[index][1]:,.0f}"
              for index, kind, most in limits if found[index][1] - found[index][0] > most]
    (first, last), hours = found[1], (samples[-1][0] - samples[0][0] - WARM_UP_S) * 3 / 4 / 3600
    text = (f"{first / (1 << 20):.1f} -> {last / (1 << 20):.1f} MiB ({(last - first) / (1 << 20) / hours:+.1f} an hour), "
            f"descriptors {found[2][0]:.0f} -> {found[2][1]:.0f}, threads {found[3][0]:.0f} -> {found[3][1]:.0f}")
    return text, faults
