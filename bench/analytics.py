"""What analytics cost: ALB lines with rates and with a residency policy, against the same run without.

Documents go to a file, so what is measured is counting, sorting and writing them, heat among them, as --rollups always has it. The run is the
one of the main job, from .gz as S3 has the logs; the same from text that is unpacked already is told beside it.

Threads: one.
"""

import json
import os

import measure
from measure import Failed, in_turns, ratio

SIX_DIMS = ["client", "asn", "country", "client+path_class", "asn+method", "lb"]

RATE = """rate:
  dims: [%s]
  path_class: {login: ["/login*"], api: ["/api/*", "/v1/*"], static: ["*.css", "*.js", "*.png"]}
"""

RESIDENCY = """residency:
  lists: [eu-eea-2026-02.list]
  zones:
    eea: ["@eu", "@eu-territories", IS, LI, "NO"]
    us: [US]
    other: ["*"]
  places:
    eu: [eu-central-1, eu-west-1, eu-west-3, eu-north-1, eu-south-1, eu-south-2]
    us: [us-*]
  rules:
    - {zone: eea, allow: [eu], conditional: [us], else: violation}
    - {zone: us, allow: [us, eu], else: violation}
  unsure: {min_trust: 1}
"""


class AnalyticsBench:
    def __init__(self, options, corpus):
        self.options, self.corpus = options, corpus
        self.core = min(os.sched_getaffinity(0))
        self.one = self._config("rate-one.yaml", RATE % "client")
        self.six = self._config("rate-six.yaml", RATE % ", ".join(SIX_DIMS))
        self.residency = self._config("residency.yaml", RESIDENCY)
        self.documents = os.path.join(options.work, "rollups.ndjson")

    def _config(self, name, text):
        path = os.path.join(self.options.work, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def _run(self, path, *more):
        return measure.run([self.options.wherefrom, "run", path, "-o", "/dev/null", "--quiet", *more], core=self.core)

    def _with(self, config):
        return ["-c", config, "--rollups", self.documents]

    def _check(self, path, more, kind):
        """What was measured has to be the whole job."""
        self._run(path, *more)
        with open(self.documents, encoding="utf-8") as file:
            count = sum(json.loads(line)["kind"] == kind for line in file)
        if count == 0:
            raise Failed(f"no documents of kind {kind}")
        return count

    def paths(self):
        """Both forms of the log, the main one first."""
        both = self.corpus.packed(self.options.lines), self.corpus.plain(self.options.lines)
        for path in both:
            measure.warm(path)
        return both

    def rates(self, path):
        """Samples of the run alone, with heat alone, with one dimension and with six."""
        try:
            rows = self._check(path, self._with(self.six), "top")
            samples = in_turns({"without": lambda: self._run(path),
                                "heat": lambda: self._run(path, "--rollups", self.documents),
                                "one": lambda: self._run(path, *self._with(self.one)),
                                "six": lambda: self._run(path, *self._with(self.six))}, self.options.runs)
        finally:
            measure.remove(self.documents)
        return samples, rows

    def zones(self, path):
        """Records with a residency verdict; evidence is for --rollups, so there is none here."""
        samples = in_turns({"without": lambda: self._run(path),
                            "with": lambda: self._run(path, "-c", self.residency)}, self.options.runs)
        return samples, ratio(samples["with"], samples["without"])
