"""What resolving the client costs: ALB lines and NGINX lines with a chain against the same work without one.

Threads: one.
"""

import json
import os
import random

import measure
from measure import Failed, in_turns, ratio

EDGES = 200  # networks of the outer hop, as many as CloudFront has


def edge_networks():
    """Networks that no client of the made-up logs comes from, 130.176.0.0/16 and some of those for benchmarks (RFC 2544)."""
    return ["130.176.0.0/16"] + [f"198.18.{i}.0/24" for i in range(EDGES - 1)]


def config(directory, name, hops):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write("chains:\n  site:\n" + "".join(f"    - {hop}\n" for hop in hops))
    return path


class WalkBench:
    def __init__(self, options, corpus):
        self.options, self.corpus = options, corpus
        self.core = min(os.sched_getaffinity(0))
        with open(os.path.join(options.work, "edges.txt"), "w", encoding="utf-8") as file:
            file.write("\n".join(edge_networks()) + "\n")
        alb = "{type: alb, peers: [10.0.0.0/16], carrier: append}"
        edge = "{type: cloudfront, peers: [file: edges.txt], carrier: append%s}"
        self.site = config(options.work, "walk.yaml", [alb, edge % ""])
        self.optional = config(options.work, "walk-optional.yaml", [alb, edge % ", optional: true"])

    def _run(self, path, *more):
        return measure.run([self.options.wherefrom, "run", path, "-o", "/dev/null", "--quiet", *more], core=self.core)

    def alb(self):
        """ALB lines through an ALB hop (the writer) and one that is not there, and without a chain."""
        plain = self.corpus.plain(self.options.lines)
        measure.warm(plain)
        samples = in_turns({"without": lambda: self._run(plain),
                            "with": lambda: self._run(plain, "-c", self.optional, "--chain", "site")}, self.options.runs)
        return samples, ratio(samples["with"], samples["without"])

    def _nginx_lines(self):
        """Two files of the same requests: as clients reach NGINX itself, and behind CloudFront and an ALB, with a forged entry in
        front."""
        made, *paths = (os.path.join(self.options.work, f"walk-{name}.log") for name in ("made", "direct", "behind"))
        measure.run([self.options.generate, "nginx", "--lines", str(self.options.lines), "--seed", "42", "-o", made])
        dice = random.Random(42)
        with open(made, "rb") as lines, open(paths[0], "wb") as direct, open(paths[1], "wb") as behind:
            for line in lines:
                client, _, rest = line.partition(b" ")
                at = rest.rindex(b' "')
                rest, forwarded = rest[:at], rest[at:].strip(b' "\n')
                if forwarded != b"-":  # behind a proxy, and some of those say no more than that
                    client = forwarded.rpartition(b", ")[2].replace(b"unknown", b"81.2.69.142")
                direct.write(b'%b %b "-"\n' % (client, rest))
                behind.write(b'10.0.%d.%d %b "198.51.100.7, %b, 130.176.%d.%d"\n' % (*dice.randbytes(2), rest, client, *dice.randbytes(2)))
        measure.remove(made)
        return paths

    def nginx(self):
        """NGINX lines with three entries of X-Forwarded-For through two hops, against lines without any."""
        direct, behind = self._nginx_lines()
        try:
            measure.warm(direct)
            measure.warm(behind)
            samples = in_turns({"without": lambda: self._run(direct), "unused": lambda: self._run(behind),
                                "with": lambda: self._run(behind, "-c", self.site, "--chain", "site")}, self.options.runs)
            self._check(behind)
        finally:
            measure.remove(direct)
            measure.remove(behind)
        return samples, ratio(samples["with"], samples["without"])

    def _check(self, path):
        """What was measured has to be the walk, to its end."""
        summary = os.path.join(self.options.work, "walk-summary.json")
        measure.run([self.options.wherefrom, "run", path, "-o", "/dev/null", "--quiet", "-c", self.site, "--chain", "site", "--summary", summary])
        with open(summary, encoding="utf-8") as file:
            verdicts = json.load(file)["verdicts"]
        measure.remove(summary)
        if verdicts != {"client-proxy": self.options.lines}:  # the forged entry is a documentation address
            raise Failed(f"verdicts {verdicts} of {self.options.lines:,} lines")
