"""The programs that people use for this today, set up for the nearest equivalent of `wherefrom run FILE -o OUT`.

Each peer is a class with `name`, `note` (what it does and does not do of the job), `prepare()` - raises Unavailable
with the reason when it is not here - and `run(log)`, which returns a Sample with the number of records handled.

Threads: one.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

from duckdb_peer import COLUMNS
from measure import Failed, Unavailable, count_lines, finish, remove, run

DUCKDB_REQUIREMENTS = ["duckdb==2.0.0", "maxminddb==3.2.0"]


def need(program, package):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        raise Unavailable(f"no {program} (Debian: {package})")
    return path


class GoAccess:
    name = "goaccess"
    note = "statistics only, no records; its AWSALB format cannot read IPv6 clients"

    def __init__(self, work, geo):
        self.geo, self.out = geo, os.path.join(work, "goaccess.json")

    def prepare(self):
        self.program = need("goaccess", "goaccess")

    def run(self, log):
        sample = run([self.program, log, "--no-global-config", "--log-format=AWSALB", "--no-progress",
                      f"--geoip-database={self.geo}", "-o", self.out])
        with open(self.out, encoding="utf-8", errors="replace") as file:
            sample.records = json.load(file)["general"]["valid_requests"]
        return sample


class SyslogNg:
    name = "syslog-ng"
    note = "columns, client split, geoip2, format-json; no conversion of types, no time parsing, no URL parts"
    quiet_seconds = 2.0  # the output has not grown for so long: the end of the file is reached

    def __init__(self, work, geo):
        self.geo, self.folder = geo, os.path.join(work, "syslog-ng")
        self.out = os.path.join(self.folder, "out.json")

    def prepare(self):
        self.program = need("syslog-ng", "syslog-ng-core")
        modules = subprocess.run([self.program, "--version"], capture_output=True, text=True).stdout
        folder = next((line.split(":", 1)[1].strip() for line in modules.splitlines()
                       if line.startswith("Module-Directory:")), "")
        if not os.path.exists(os.path.join(folder, "libgeoip2-plugin.so")):
            raise Unavailable("syslog-ng has no geoip2 module (Debian: syslog-ng-mod-geoip2)")
        os.makedirs(self.folder, exist_ok=True)

    def _write_config(self, log):
        columns = ", ".join(f'"alb.{name}"' for name in COLUMNS)
        path = os.path.join(self.folder, "bench.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"""@version: 3.35
options {{ stats-freq(0); log-fifo-size(100000); }};
source lines {{
    file("{log}" flags(no-parse) log-fetch-limit(1000) log-iw-size(100000) follow-freq(0.1));
}};
parser columns {{ csv-parser(columns({columns}) delimiters(" ") quote-pairs('""') null("-")); }};
parser client {{
    regexp-parser(patterns("^(?<client_ip>.*):(?<client_port>[0-9]+)$") prefix("alb.") template("${{alb.client}}"));
}};
parser place {{ geoip2("${{alb.client_ip}}" prefix("geo.") database("{self.geo}")); }};
destination records {{
    file("{self.out}" template("$(format-json --key alb.* --key geo.*)\\n") flush-lines(1000));
}};
log {{
    source(lines); parser(columns); parser(client); parser(place); destination(records); flags(flow-control);
}};
""")
        return path

    def _wait_for_end(self, process):
        size, since = -1, time.monotonic()
        while size <= 0 or time.monotonic() - since < self.quiet_seconds:
            time.sleep(0.2)
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return
            now = os.path.getsize(self.out) if os.path.exists(self.out) else 0
            if now != size:
                size, since = now, time.monotonic()
            elif size <= 0 and time.monotonic() - since > 30:
                return

    def run(self, log):
        remove(self.out)
        files = {name: os.path.join(self.folder, name) for name in ("persist", "pid", "control")}
        remove(files["persist"])
        with open(os.path.join(self.folder, "errors"), "w+", encoding="utf-8") as errors:
            started = time.perf_counter()
            process = subprocess.Popen(
                [self.program, "--foreground", "--no-caps", f"--cfgfile={self._write_config(log)}",
                 f"--persist-file={files['persist']}", f"--pidfile={files['pid']}", f"--control={files['control']}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            self._wait_for_end(process)
            process.send_signal(signal.SIGTERM)
            sample = finish(process, started)
            errors.seek(0)
            if not os.path.exists(self.out):
                raise Failed("syslog-ng wrote nothing: " + (errors.read(200) or "no message"))
        sample.records = count_lines(self.out)
        remove(self.out)
        return sample


class DuckDB:
    name = "duckdb"
    note = "columns, client split, request split, ASOF join on IPv4 ranges only, NDJSON; no time parsing"

    def __init__(self, work, geo):
        cache = os.environ.get("WHEREFROM_CACHE") or os.path.expanduser("~/.cache/wherefrom")
        self.venv = os.path.join(cache, "bench-venv")
        self.python = os.path.join(self.venv, "bin", "python")
        self.script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "duckdb_peer.py")
        self.geo, self.out = geo, os.path.join(work, "duckdb.json")
        stamp = os.stat(geo)
        self.table = os.path.join(work, f"ranges-{stamp.st_size}-{int(stamp.st_mtime)}.duckdb")

    def prepare(self):
        try:
            if not os.path.exists(self.python):
                subprocess.run([sys.executable, "-m", "venv", self.venv], check=True, capture_output=True)
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", *DUCKDB_REQUIREMENTS],
                           check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip()
            raise Unavailable("no duckdb from pip: " + reason.splitlines()[-1][:160]) from error
        if not os.path.exists(self.table):
            partial = self.table + ".partial"
            remove(partial)
            run([self.python, self.script, "prepare", self.geo, partial])
            os.rename(partial, self.table)

    def run(self, log):
        remove(self.out)
        sample = run([self.python, self.script, "run", self.table, log, self.out])
        sample.records = count_lines(self.out)
        remove(self.out)
        return sample


PEERS = [GoAccess, SyslogNg, DuckDB]
