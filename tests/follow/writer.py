"""What writers do to the logs that others follow.

Threads: one at a time for each object.
"""
import gzip
import os
import time

from black_box import alb_lines, write

OBJECT = "123456789012_elasticloadbalancing_us-east-2_app.web.50dc6c495c0c9188_20251201T0005Z_10.0.0.1_{}.log.gz"
KINDS = ("append", "append", "append", "object", "synced", "folder", "renamed", "half")


class Writer:
    """Does to the files of the directory `logs` what writers do; each line has a number of its own, `number` of them so far. `make(count, first)`
    makes lines."""

    def __init__(self, logs, dice, make=alb_lines):
        self.logs, self.dice, self.make, self.number = logs, dice, make, 0

    def lines(self, count):
        self.number += count
        return self.make(count, self.number - count)

    def append(self, name, content):
        with open(self.logs / name, "ab") as file:
            file.write(content)

    def step(self):
        """Returns the path of a file that is whole now, None where it was something else."""
        kind, count, name = self.dice.choice(KINDS), self.dice.randint(1, 40), f"{self.dice.randrange(4)}.log"
        if kind == "object":
            return write(self.logs / OBJECT.format(f"{self.number:08d}"), gzip.compress(self.lines(count)))
        if kind == "synced":
            temporary = write(self.logs / f"AWSLogs/{OBJECT.format(f'{self.number:08d}')}.aB12cD34", gzip.compress(self.lines(count)))
            os.utime(temporary, (1764547200, 1764547200))
            return temporary.rename(str(temporary)[:-9])
        if kind == "folder":
            return write(self.logs / f"d{self.number}" / "e" / f"{self.number}.log", self.lines(count))
        if kind == "renamed":
            if (self.logs / name).exists():  # and nobody has its name until there is another one
                os.rename(self.logs / name, self.logs / self.dice.choice((f"{self.number}.{name}", f"{name}.{self.number}")))
            return None
        lines = self.lines(count)
        cut = self.dice.randrange(len(lines)) if kind == "half" else 0
        self.append(name, lines[:cut])
        time.sleep(self.dice.uniform(0, 0.1) if cut else 0)
        self.append(name, lines[cut:])
        return None
