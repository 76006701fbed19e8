"""What the runner of the page's tests works with: packages of npm, the browser, pages with data in them.

Threads: one.
"""
import filecmp
import json
import os
import pathlib
import shutil
import subprocess

import report_model

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "page"
NPM_FILES = ("package.json", "package-lock.json", ".npmrc")
CHROMIUM = os.environ.get("WHEREFROM_CHROMIUM", "/usr/bin/chromium")
PATIENCE_S = 600


def missing():
    """What this machine lacks, or None."""
    for program in ("node", "npm", CHROMIUM):
        if shutil.which(program) is None:
            return program
    return None


def install(source, target):
    """Packages as the lock file of `source` says, in `target`; nothing is done where they are there already. No package runs a script of its own."""
    target.mkdir(parents=True, exist_ok=True)
    done = target / "installed-lock.json"
    if done.exists() and filecmp.cmp(source / "package-lock.json", done, shallow=False):
        return
    for name in NPM_FILES:
        shutil.copyfile(source / name, target / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    run = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False, timeout=PATIENCE_S)
    if run.returncode != 0:
        raise RuntimeError(f"npm ci of {source.name}: {run.stderr[-800:]}")
    shutil.copyfile(source / "package-lock.json", done)


class Bench:
    """What a group works with: a directory of its own, checks, the template, and a browser."""

    def __init__(self, options, report, directory):
        self.report, self.directory, self.check, self.equal = report, directory, report.check, report.equal
        self.modules, self.output, self.work = options.node_modules, options.output, options.work
        self.template = options.template.read_text(encoding="utf-8")

    def page(self, data, name="report.html"):
        """The path of a page with this data; `data` None: the template as it is."""
        path = self.directory / name
        path.write_text(self.template if data is None else report_model.fill(self.template, data), encoding="utf-8")
        return path

    def browse(self, *steps):
        """What the browser found at each step. None of them may ask anybody for anything, or complain."""
        plan = self.directory / "plan.json"
        plan.write_text(json.dumps({"modules": str(self.modules), "chromium": CHROMIUM, "steps": steps}), encoding="utf-8")
        run = subprocess.run(["node", str(HERE / "browser.mjs"), str(plan)], capture_output=True, text=True, check=False, timeout=PATIENCE_S)
        if run.returncode != 0:
            raise RuntimeError(run.stderr[-1500:])
        answers = json.loads(run.stdout)
        for step, answer in zip(steps, answers):
            noted, what = answer["noted"], f"{step['do']} {pathlib.Path(step['url']).name}"
            if not step.get("served"):
                self.equal(noted["requests"], [step["url"]], f"{what}: requests")
                self.equal(noted["console"], [], f"{what}: console")
            self.equal((noted["dialogs"], noted["popups"]), (0, 0), f"{what}: dialogs and windows")
        return [answer["found"] for answer in answers]
