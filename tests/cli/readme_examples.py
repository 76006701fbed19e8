"""The README's worked examples, done as they stand there: what a program says has to be what the README shows.

`..` in what it shows stands for any text of a line, a line of dots for any lines.

Threads: one.
"""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def blocks(heading, document="README.md"):
    """Texts between ``` of the section."""
    section = re.search(rf"^## {re.escape(heading)}$(.*?)(?=^## |\Z)", (ROOT / document).read_text(), re.DOTALL | re.MULTILINE)
    return re.findall(r"^```\w*\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE) if section else []


def pattern_of(shown):
    lines = []
    for line in shown.splitlines(keepends=True):
        lines.append(r"(?:[^\n]*\n)*?" if set(line.strip()) == {"."} else r"[^\n]*".join(re.escape(part) for part in re.split(r"\.\.+", line)))
    return "".join(lines)


def done_as_shown(report, block, folder, programs, what):
    """That the commands (`$ ..`) of a block, in one shell, say what stands behind them."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    commands, shown = parts[::2], parts[1::2]
    script = "".join(f"{command}\nstatus=$?; printf '\\0'; (exit $status)\n" for command in commands)
    path = ":".join([str(programs), "/usr/local/bin:/usr/bin:/bin"])
    done = subprocess.run(["sh", "-c", script], cwd=folder, env={"PATH": path, "LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, check=False)
    found = done.stdout.decode().split("\0")[:-1]
    report.equal(len(found), len(commands), f"{what}: commands ({done.stdout[-300:]})")
    for command, expected, said in zip(commands, shown, found):
        report.check(re.fullmatch(pattern_of(expected), said), f"{what}: {command}: README shows\n{expected}\nit says\n{said}")
