#!/usr/bin/env python3
"""The same commit gives the same bytes of the package: built twice, in other folders, at other times, and by people with other settings.

    again.py BUILD_DIR SOURCE_DIR

One is packed from BUILD_DIR as it is. The other is made by `./dev package` from a copy of SOURCE_DIR that was committed at a certain time:
in a folder with another name, with another umask, time zone, language and number of jobs, without a compiler's cache.

Threads: one.
"""
import datetime
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

COMMITTED = 1700000001  # when the copy was, in seconds since 1970
ELSEWHERE = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "de_DE.UTF-8", "CCACHE_DISABLE": "1", "CMAKE_C_COMPILER_LAUNCHER": "",
             "CMAKE_CXX_COMPILER_LAUNCHER": "", "HOME": "/nonexistent"}


def run(*command, **settings):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **settings)
    assert done.returncode == 0, f"{command}: exit {done.returncode}: {(done.stdout + done.stderr)[-2000:]}"
    return done.stdout


def copy_and_commit(source, folder):
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns(".git", "build", "build-*", "__pycache__"))
    environment = {**os.environ, "GIT_COMMITTER_DATE": f"@{COMMITTED} +0000", "GIT_CONFIG_GLOBAL": "/dev/null"}
    author = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org", "-c", "commit.gpgsign=false")
    run("git", "init", "-q", cwd=folder, env=environment)
    run("git", "add", "-A", "-f", cwd=folder, env=environment)
    run("git", *author, "commit", "-q", "-m", "a copy", cwd=folder, env=environment)


def the_package(folder):
    package, = pathlib.Path(folder).glob("wherefrom_*.deb")
    return package


def differences(one, other, scratch):
    """Which files of the two packages are not the same."""
    for package, name in ((one, "one"), (other, "other")):
        run("dpkg-deb", "-R", str(package), str(scratch / name))
    return run("sh", "-c", 'diff -rq "$1" "$2"; dpkg-deb -c "$3" >"$1.list"; dpkg-deb -c "$4" >"$2.list"; diff "$1.list" "$2.list"; true', "sh",
               str(scratch / "one"), str(scratch / "other"), str(one), str(other))


def main(build, source):
    with tempfile.TemporaryDirectory(prefix="wherefrom-test-") as scratch:
        scratch = pathlib.Path(scratch)
        run("cpack", "--config", f"{build}/CPackConfig.cmake", "-B", str(scratch / "pack"), env={**os.environ, "SOURCE_DATE_EPOCH": str(COMMITTED)})
        one = the_package(scratch / "pack")

        folder = scratch / "quite-another-folder"
        copy_and_commit(source, folder)
        environment = {**{name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}, **ELSEWHERE}
        run("taskset", "-c", str(min(os.sched_getaffinity(0))), "./dev", "package", cwd=folder, env=environment, umask=0o077)
        other = the_package(folder / "build")

        told = run("dpkg-deb", "-c", str(other), env={**os.environ, "TZ": "UTC"})
        date = datetime.datetime.fromtimestamp(COMMITTED, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
        lines = told.splitlines()
        assert len(lines) > 20 and all(f" {date} " in line for line in lines), f"expected all files to be of {date}:\n{told}"
        assert one.name == other.name, (one, other)
        if one.read_bytes() != other.read_bytes():
            sys.exit(f"{one.name}: two builds of one commit differ:\n{differences(one, other, scratch)}")
        print(f"{one.name}: {one.stat().st_size} bytes, the same of two builds")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]))
