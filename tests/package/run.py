#!/usr/bin/env python3
"""The Debian package, installed in a clean Debian root, used there, and removed without rest.

    run.py --wherefrom PATH --generate PATH [--keep FOLDER]

The build that PATH is in is packed. In the root (clean_root.py) the unit's own ExecStart is run as the unit says (confine.py): its user, its
filter of system calls, its view of the file system. --keep: where the tarball of the root is kept, else beside PATH.
Exit status 77 where no root can be made, with the reason.

Threads: one.
"""
import gzip
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "cli"))
from black_box import Program, Report, argument_parser, scratch, wait_until_signals_wait  # noqa: E402
from clean_root import NoRoot, clean_root, snapshot  # noqa: E402
from confine import IN_ROOT, Confinement, Unit, calls_allowed, inside  # noqa: E402

ROOT = HERE.parent.parent
EXPOSURE_MAX = 1.2  # what systemd-analyze security says of the unit, of 10
CONFIG = "etc/wherefrom/wherefrom.yaml"
STATE = "var/lib/wherefrom"
COMPLETE = r"""
source /usr/share/bash-completion/completions/wherefrom
compopt() { :; }
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wherefrom; printf '%s\n' "${COMPREPLY[@]}"; }
complete_words "$@"
"""


def pack(build, folder):
    subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", folder], check=True, capture_output=True,
                   env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"})
    package, = folder.glob("wherefrom_*.deb")
    return package


def field(package, name):
    return subprocess.run(["dpkg-deb", "-f", package, name], capture_output=True, text=True, check=True).stdout.strip()


class Installed:
    """What the groups below work with, one after the other: each goes on where the one before it has ended."""

    def __init__(self, options, report, package, root, build):
        self.report, self.check, self.equal = report, report.check, report.equal
        self.generate, self.package, self.root, self.build = Program(options.generate), package, root, build
        self.before = snapshot(root)

    def path(self, *parts):
        return self.root.joinpath(*parts)

    def unit(self):
        return Unit(self.path("usr/lib/systemd/system/wherefrom.service"))

    def records(self, name="records.ndjson"):
        return [json.loads(line) for line in self.path(STATE, name).read_text(encoding="utf-8").splitlines()]


# --- the package -----------------------------------------------------------------------------------------------------

def what_is_in_it(test):
    said = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", test.package], capture_output=True, text=True, check=False)
    test.equal((said.returncode, said.stdout.strip()), (0, ""), f"lintian {said.stderr}")
    test.equal(field(test.package, "Package"), "wherefrom", "its name")
    version = inside(test.root, "true") and re.search(r'WHEREFROM_VERSION "(.*)"', (ROOT / "library/wherefrom.h").read_text())[1]
    test.equal(field(test.package, "Version"), version, "its version")
    depends = field(test.package, "Depends")
    for library in ("libc6 (>= ", "libcurl4 (>= ", "librdkafka1 (>= ", "libmaxminddb0 (>= ", "systemd-sysusers"):
        test.check(library in depends, f"Depends: expected {library}, found {depends}")
    listed = subprocess.run(["dpkg-deb", "-c", test.package], capture_output=True, text=True, check=True).stdout.splitlines()
    test.check(len(listed) > 20, f"expected files, found {listed}")
    for line in listed:
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        expected = "drwxr-xr-x" if path.endswith("/") else "-rwxr-xr-x" if "/bin/" in path else "-rw-r--r--"
        test.equal((mode, owner), (expected, "root/root"), path)


def installing(test):
    shutil.copy(test.package, test.path("package.deb"))
    inside(test.root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "/package.deb")
    test.path("package.deb").unlink()
    test.equal(inside(test.root, "dpkg", "--verify", "wherefrom").stdout, "", "files that differ from the package's")
    test.equal(inside(test.root, "dpkg-query", "-W", "-f", "${Conffiles}", "wherefrom").stdout.split()[0], f"/{CONFIG}", "conffile")
    libraries = inside(test.root, "ldd", "/usr/bin/wherefrom").stdout
    test.check("libcurl" in libraries and "not found" not in libraries, libraries)
    name, _, uid, gid, _, home, shell = inside(test.root, "getent", "passwd", "wherefrom").stdout.strip().split(":")
    test.check(name == "wherefrom" and 0 < int(uid) < 1000 and 0 < int(gid) < 1000, f"a system user: {uid}:{gid}")
    test.equal((home, shell), ("/var/lib/wherefrom", "/usr/sbin/nologin"), "home and shell")
    enabled = inside(test.root, "systemctl", "is-enabled", "wherefrom.service", check=False).stdout.strip()
    test.equal(enabled, "disabled", "wherefrom.service")
    test.check(not test.path(STATE).exists(), f"{STATE} is made by systemd when it starts the service")


# --- documents -------------------------------------------------------------------------------------------------------

def manual_page(test):
    done = inside(test.root, "env", "MANWIDTH=400", "MAN_KEEP_FORMATTING=", "man", "--warnings", "wherefrom")
    text = re.sub(r".\x08", "", done.stdout)
    test.equal(done.stderr, "", "man --warnings")
    table = inside(test.root, "wherefrom", "--options-markdown").stdout
    options = re.findall(r"^\| (?:`(-\w)`, )?`--([a-z-]+)(?: [^`]*)?` \| (\S+)", table, re.MULTILINE)
    test.check(len(options) > 30, f"expected the table of options, found {table[:200]}")
    flat = " ".join(text.split())
    for letter, name, word in options:
        entry = (f"{letter}, " if letter else "") + f"--{name} "
        test.check(re.search(re.escape(entry) + r"(\S+ )?" + re.escape(word), flat), f"no entry for {entry}, which begins with {word}")
    for line in inside(test.root, "wherefrom", "--help").stdout.splitlines():
        if line.startswith("  wherefrom "):
            test.check(f"wherefrom {line.split()[1]}" in flat, f"no section for {line.split()[1]}")
    for name in ("--explain", "--fail-on VERDICT", "--data-stream NAME", "--dashboards URL", "--by WHAT"):
        test.check(name in flat, f"no entry for {name}, which another command than run has")


def completion(test):
    def offered(*words):
        return set(inside(test.root, "bash", "-c", COMPLETE, "bash", "wherefrom", *words).stdout.split("\n")) - {""}

    commands = {line.split()[1] for line in inside(test.root, "wherefrom", "--help").stdout.splitlines() if line.startswith("  wherefrom ")} - {"COMMAND"}
    test.equal(offered(""), commands | {"--help", "--version"}, "commands")
    for command in sorted(commands):
        said = inside(test.root, "wherefrom", command, "--help").stdout
        options = set(re.findall(r"^ +(?:-\w, )?(--[a-z][a-z-]*)", said, re.MULTILINE)) | {"--help"}
        test.check(options <= offered(command, "--"), f"{command}: not offered: {options - offered(command, '--')}")
        test.check(offered(command, "--") <= options | set(re.findall(r"--[a-z-]+", said)), f"{command}: offered {offered(command, '--')}")
    formats = {line.split()[0] for line in inside(test.root, "wherefrom", "formats").stdout.splitlines()}
    test.equal(offered("run", "--schema", ""), {"ecs", "ss4o", "flat"}, "--schema")
    test.equal(offered("run", "--schema", "=", "e"), {"ecs"}, "--schema=e")
    test.equal(offered("run", "-f", ""), formats | {"auto"}, "-f")
    test.equal(offered("formats", "vpc"), {"vpc_flow"}, "a format")
    test.equal(offered("run", "--limit", ""), set(), "a number")
    test.equal(offered("run", "-c", "/etc/wherefrom/w"), {"/etc/wherefrom/wherefrom.yaml"}, "a file")
    test.equal(offered("run", "/etc/wherefrom/w"), {"/etc/wherefrom/wherefrom.yaml"}, "an input")
    test.equal(offered("run", "--state", "/etc/wheref"), {"/etc/wherefrom"}, "a folder")


def documents(test):
    folder = test.path("usr/share/doc/wherefrom")
    test.check(gzip.decompress((folder / "changelog.gz").read_bytes()).startswith(b"wherefrom ("), "changelog")
    test.check("License: Apache-2.0" in (folder / "copyright").read_text(), "copyright")
    test.check("DB-IP" in (folder / "NOTICE").read_text(), "NOTICE")
    examples = sorted((folder / "examples").glob("*.yaml"))
    test.equal([path.name for path in examples], sorted(path.name for path in (ROOT / "examples").glob("*.yaml")), "examples")
    for path in examples:
        said = check_config(test, f"/usr/share/doc/wherefrom/examples/{path.name}")
        faults = [line for line in said.stdout.splitlines() if "error: " in line]
        if path.name == "residency-route.yaml":  # names clusters of nobody
            test.equal(len(faults), 2, f"{path.name}: {said.stdout}")
            faults = [line for line in faults if not line.endswith("a run would wait for it")]
        else:
            test.equal(said.returncode, 0, f"{path.name}: {said.stdout}")
        test.equal(faults, [], path.name)
        test.check("/share/wherefrom/wherefrom-geo.mmdb: " in said.stdout, f"{path.name}: the database that comes with it: {said.stdout}")


def check_config(test, path):
    return inside(test.root, "env", "EU_PASSWORD=a", "MAIN_PASSWORD=b", "wherefrom", "check", "-c", path, check=False)


# --- the service -----------------------------------------------------------------------------------------------------

def unit_file(test):
    name = "/usr/lib/systemd/system/wherefrom.service"
    said = inside(test.root, "systemd-analyze", "verify", name, check=False)
    test.equal((said.returncode, said.stdout + said.stderr), (0, ""), "systemd-analyze verify")
    said = inside(test.root, "systemd-analyze", "security", "--offline=true", "--no-pager", name).stdout
    found = re.search(r"Overall exposure level for wherefrom.service: ([0-9.]+)", said)
    test.check(found and float(found[1]) <= EXPOSURE_MAX, f"expected an exposure of {EXPOSURE_MAX} at most, found {found and found[0]}")
    unit = test.unit()
    test.equal(unit.command("ExecStart"), ["/usr/bin/wherefrom", "run", "-c", f"/{CONFIG}"], "ExecStart")
    test.equal(unit.command("ExecReload"), ["kill", "-HUP", "$MAINPID"], "ExecReload")


def service_over_files(test):
    unit = test.unit()
    confinement = Confinement(unit, test.root)
    confinement.make_state()
    logs = test.path(STATE, "logs")
    test.check(logs.is_dir(), "the unit makes the folder that the config reads")
    said = check_config(test, f"/{CONFIG}")
    warnings = [line for line in said.stdout.splitlines() if line.startswith("warning: ") and "days ago" not in line]  # the database grows old
    test.equal((said.returncode, "\n0 errors, " in said.stdout, warnings), (0, True, []), f"wherefrom check: {said.stdout}")
    generated = test.generate.run("alb", "--lines", "3000", "--seed", "5", "-o", logs / "a.log")
    test.equal(generated.code, 0, generated.err)

    def ended(process):
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        test.check(process.returncode in (0, *map(int, unit.one("SuccessExitStatus").split())), f"exit {process.returncode}: {errors}")
        return errors

    def started(expected, while_running=None):
        process = confinement.popen(unit.command("ExecStart"))
        wait_until_signals_wait(process)
        if while_running is not None:
            while_running()
        written = test.path(STATE, "records.ndjson")
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None and (not written.exists() or written.read_bytes().count(b"\n") < expected):
            time.sleep(0.05)
        errors = ended(process)
        records = test.records()
        test.equal(len(records), expected, f"records; {errors}")
        return records

    records = started(3000)
    countries = {record["client"]["geo"]["country_iso_code"] for record in records if "geo" in record.get("client", {})}
    test.check(len(countries) > 20, f"expected clients of many countries, found {sorted(countries)}")
    for path in test.path(STATE).rglob("*"):
        if logs not in (path, *path.parents):
            status = path.stat()
            test.equal((status.st_uid, status.st_gid), (confinement.uid, confinement.gid), f"owner of {path.name}")
            test.equal(status.st_mode & 0o077, 0, f"what others may do with {path.name}")
    first = test.path(STATE, "records.ndjson").read_bytes()
    started(3000)
    test.equal(test.path(STATE, "records.ndjson").read_bytes() == first, True, "the same bytes after a second start")
    started(3500, lambda: test.generate.run("nlb", "--lines", "500", "--seed", "6", "-o", logs / "b.log"))


def service_is_confined(test):
    """Without this the groups around it would say nothing of the unit."""
    confinement = Confinement(test.unit(), test.root)
    log = test.path(STATE, "logs/a.log").relative_to(test.root)
    anybodys = test.path("srv/anybodys")
    anybodys.mkdir()
    anybodys.chmod(0o777)
    for output in ("/srv/anybodys/records.ndjson", "/usr/share/wherefrom/records.ndjson", f"/{CONFIG}"):
        before = test.path(output[1:]).exists()
        done = confinement.run(["/usr/bin/wherefrom", "run", f"/{log}", "-o", output, "--quiet"])
        test.check(done.returncode == 1 and output in done.stderr, f"{output}: exit {done.returncode}: {done.stderr}")
        test.equal(test.path(output[1:]).exists(), before, f"{output} is there")
    anybodys.rmdir()
    for what, command in (("chown", "chown root:root /tmp"), ("mount", "mount -t tmpfs none /tmp"), ("a namespace", "unshare --net true"),
                          ("another's memory", "kill -0 1")):
        done = confinement.run(["sh", "-c", command])
        test.check(done.returncode != 0, f"{what}: `{command}` was let pass")
    test.equal(confinement.run(["true"]).returncode, 0, "a program that does nothing")


def service_over_tcp(test):
    """With another config: a listener, reloaded and stopped as the unit does it."""
    unit, config = test.unit(), test.path(CONFIG)
    kept = config.read_text(encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    output = f"/{STATE}/tcp.ndjson"
    config.write_text(f'inputs: [{{tcp: {{listen: "127.0.0.1:{port}"}}}}]\noutput: {output}\n')
    line = test.generate.run("alb", "--lines", "1", "--seed", "7").out
    process = Confinement(unit, test.root).popen(unit.command("ExecStart"))
    wait_until_signals_wait(process)

    def connect():
        until = time.monotonic() + 20
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), timeout=20)
            except ConnectionRefusedError:  # not yet
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.05)

    def send(expected):
        with connect() as connection:
            connection.sendall(line)
        until, lines = time.monotonic() + 20, -1
        while time.monotonic() < until and lines < expected:
            time.sleep(0.05)
            written = test.path(output[1:])
            lines = written.read_bytes().count(b"\n") if written.exists() else -1
        test.equal(lines, expected, "records of connections")

    try:
        send(1)
        reload = [str(process.pid) if word == "$MAINPID" else word for word in unit.command("ExecReload")]
        subprocess.run(reload, check=True)
        send(2)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
        test.equal(process.returncode, 0, f"exit status after SIGTERM: {errors}")
        test.check("2 records read" in errors, errors)
    finally:
        process.kill()
        config.write_text(kept, encoding="utf-8")


# --- system calls ----------------------------------------------------------------------------------------------------

def listed_calls():
    """package/system_calls.txt: {kind of run: names}."""
    kinds, kind = {}, None
    for line in (ROOT / "package/system_calls.txt").read_text(encoding="utf-8").splitlines():
        if line.endswith(":") and not line.startswith((" ", "#")):
            kind = kinds.setdefault(line[:-1], set())
        elif line.startswith("    "):
            kind.update(line.split())
    return kinds


def traced_calls(test, *arguments, after=None):
    trace = test.path("tmp/trace")
    process = subprocess.Popen(["strace", "-f", "-qq", "-o", trace, *IN_ROOT, test.root, "/usr/bin/wherefrom", "run", *arguments, "--quiet"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if after is not None:
        after(process)
    _, errors = process.communicate(timeout=120)
    text = trace.read_text(encoding="utf-8", errors="replace")
    test.check('execve("/usr/bin/wherefrom"' in text, f"{arguments}: {errors}")
    own = text[text.index('execve("/usr/bin/wherefrom"'):]
    test.equal(re.findall(r"^.*PROT_WRITE\|PROT_EXEC.*$", own, re.MULTILINE), [], "memory that is written and run")
    return set(re.findall(r"^\d+ +([a-z0-9_]+)\(", own, re.MULTILINE))


def system_calls(test):
    listed, allowed = listed_calls(), calls_allowed(test.unit(), test.root)
    test.equal(sorted(listed), ["every run", "files", "follow", "kafka", "opensearch", "tcp"], "kinds of runs")
    for kind, names in listed.items():
        test.check(len(names) > 0 and names <= allowed, f"{kind}: the unit's filter does not let pass {sorted(names - allowed)}")
    for name in ("mount", "ptrace", "chown", "setuid", "reboot", "bpf", "init_module", "setpriority"):
        test.check(name not in allowed, f"the unit's filter lets {name} pass")

    def end(process):
        time.sleep(2)  # while it tries to reach a broker that is not there
        child, = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(child), signal.SIGTERM)

    folder = test.path("tmp/calls")
    folder.mkdir()
    shutil.copy(ROOT / "examples/residency.yaml", folder / "policy.yaml")
    logs = ("/" + str(test.path(STATE, "logs").relative_to(test.root)), "-c", "/tmp/calls/policy.yaml", "--fields", "-user_agent")
    files = ("-o", "/tmp/calls/records", "--rejects", "/tmp/calls/rejects", "--state", "/tmp/calls/state", "--rollups", "/tmp/calls/rollups")
    runs = {
        "files": [(logs + files, None), (logs + files, None), ((*logs, "-o", "/tmp/calls/records.gz"), None)],
        "follow": [((*logs, *files[:-2], "--follow", "--metrics", "0"), end)],
        "kafka": [(("kafka://localhost:1/a", "-o", "kafka://localhost:1/b", "--shutdown-timeout", "1"), end)],
        "opensearch": [((*logs, "-o", "opensearch+http://localhost:1/web", "--shutdown-timeout", "1"), end)],
    }
    for kind, starts in runs.items():
        found = set().union(*(traced_calls(test, *arguments, after=after) for arguments, after in starts))
        test.check(len(found) > 20, f"{kind}: expected system calls, found {sorted(found)}")
        test.check(found <= allowed, f"{kind}: the unit's filter does not let pass {sorted(found - allowed)}")
        if os.uname().machine == "x86_64":
            extra = found - listed["every run"] - listed[kind]
            test.check(not extra, f"{kind}: package/system_calls.txt lacks {sorted(extra)}")


# --- away with it ----------------------------------------------------------------------------------------------------

def installing_again(test):
    config = test.path(CONFIG)
    edited = config.read_text(encoding="utf-8") + "# mine\n"
    config.write_text(edited, encoding="utf-8")
    shutil.copy(test.package, test.path("package.deb"))
    inside(test.root, "apt-get", "install", "-y", "-qq", "--reinstall", "/package.deb")
    test.path("package.deb").unlink()
    test.equal(config.read_text(encoding="utf-8"), edited, "a config that was edited")
    test.check(test.path(STATE, "records.ndjson").exists(), "what the service wrote")


def removal(test):
    inside(test.root, "systemctl", "enable", "wherefrom.service")
    link = test.path("etc/systemd/system/multi-user.target.wants/wherefrom.service")
    test.check(link.is_symlink(), "enabled")
    test.path("etc/wherefrom/environment").write_text("SEARCH_PASSWORD=x\n")
    inside(test.root, "apt-get", "remove", "-y", "-qq", "wherefrom")
    for path in (CONFIG, f"{STATE}/records.ndjson"):
        test.check(test.path(path).exists(), f"{path} is there until a purge")
    test.check(not test.path("usr/bin/wherefrom").exists(), "the program")
    inside(test.root, "apt-get", "purge", "-y", "-qq", "wherefrom")
    after = snapshot(test.root)
    test.check(len(after) > 1000, "expected the files of a root")
    # the user stays: Debian's packages leave theirs, lest what it left elsewhere becomes another user's
    users = {f"etc/{name}{old}" for name in ("passwd", "group", "shadow", "gshadow") for old in ("", "-")}
    test.equal(sorted(after.keys() - test.before.keys()), [], "left behind")
    test.equal(sorted(test.before.keys() - after.keys()), [], "taken along")
    changed = {path for path in after if path in test.before and after[path] != test.before[path]}
    test.equal(sorted(changed - users), [], "changed")


def elsewhere(test):
    """cmake --install below another folder: unit and config are of there, and what stands in the config stays."""
    prefix = test.path("tmp/prefix")
    install = ["cmake", "--install", test.build, "--prefix", prefix, "--component", "program"]
    subprocess.run(install, check=True, capture_output=True)
    unit = Unit(prefix / "lib/systemd/system/wherefrom.service")
    program, config = prefix / "bin/wherefrom", prefix / CONFIG
    test.equal(unit.command("ExecStart"), [str(program), "run", "-c", str(config)], "ExecStart")
    test.equal(unit.one("EnvironmentFile"), f"-{prefix}/etc/wherefrom/environment", "EnvironmentFile")
    formats = subprocess.run([program, "formats"], capture_output=True, text=True, check=True).stdout
    test.check("alb_access" in formats, formats)
    test.check("inputs:" in config.read_text(encoding="utf-8"), "a config")
    config.write_text("# mine\n", encoding="utf-8")
    subprocess.run(install, check=True, capture_output=True)
    test.equal(config.read_text(encoding="utf-8"), "# mine\n", "a config that was edited")


GROUPS = (what_is_in_it, installing, manual_page, completion, documents, unit_file, service_over_files, service_is_confined, service_over_tcp,
          system_calls, installing_again, removal, elsewhere)


def main():
    parser = argument_parser(__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--keep", metavar="FOLDER")
    options, report = parser.parse_args(), Report()
    build = pathlib.Path(options.wherefrom).resolve().parent
    with scratch() as directory:
        package = pack(build, directory / "pack")
        try:
            root = clean_root(pathlib.Path(options.keep or build), field(package, "Depends"), directory)
        except NoRoot as reason:
            print(f"skipped: no clean root of Debian can be made here: {reason}")
            return 77
        test = Installed(options, report, package, root, build)
        for function in GROUPS:
            with report.group(function.__name__.replace("_", " ")):
                function(test)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
