"""A clean Debian root of the suite that this machine has, with what the package depends on, and nothing of ours.

It is made by debootstrap (minbase, and man-db and bash-completion, which the tests use) and kept as a tarball under the build folder: made
once, and again when the dependencies change.

Threads: one.
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from confine import inside

EXTRA = "man-db,bash-completion"


class NoRoot(Exception):
    """Why there can be no root here."""


def suite():
    for line in pathlib.Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.split("=")[1].strip('"')
    raise NoRoot("/etc/os-release names no suite of Debian")


def mirror():
    """Where this machine has its packages from."""
    found = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(CODENAME)|$(SITE)", "Created-By: Packages"],
                           capture_output=True, text=True, check=False).stdout
    for line in found.splitlines():
        origin, label, codename, site = line.split("|")
        if (origin, label, codename) == ("Debian", "Debian", suite()):
            return site
    raise NoRoot(f"apt knows no mirror of Debian {suite()}")


def debootstrap(root):
    done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={EXTRA}", suite(), root, mirror()], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoRoot(f"debootstrap: exit {done.returncode}: {(done.stdout + done.stderr).strip().splitlines()[-1:]}")


def make(tarball, dependencies, scratch):
    """A dependency that cannot be installed is a fault of the package, and no reason to go without."""
    root = scratch / "root"
    debootstrap(root)
    policy = root / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    inside(root, "apt-get", "update", "-qq")
    inside(root, "apt-get", "satisfy", "-y", "-qq", "--no-install-recommends", dependencies)
    inside(root, "apt-get", "clean")
    partial = tarball.with_suffix(f".{os.getpid()}")
    subprocess.run(["tar", "-C", root, "--zstd", "-cf", partial, "."], check=True)
    for old in tarball.parent.glob("package-root-*.tar.zst"):
        old.unlink()
    partial.rename(tarball)


def clean_root(kept, dependencies, scratch):
    """Unpacks the root into `scratch`/root. `kept` is the folder with tarballs, one for each set of dependencies."""
    if os.geteuid() != 0:
        raise NoRoot("debootstrap needs root")
    if shutil.which("debootstrap") is None:
        raise NoRoot("debootstrap is not installed (./dev test installs it)")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        raise NoRoot("nobody may mount here, which debootstrap does")
    made_by = pathlib.Path(__file__).read_bytes()
    key = hashlib.sha256(f"{suite()} {dependencies} ".encode() + made_by).hexdigest()[:16]
    tarball = kept / f"package-root-{key}.tar.zst"
    if not tarball.exists():
        kept.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept) as folder:
            make(tarball, dependencies, pathlib.Path(folder))
    root = scratch / "root"
    root.mkdir()
    subprocess.run(["tar", "-C", root, "--zstd", "-xf", tarball], check=True)
    return root


def snapshot(root):
    """All files of the root with what is in them; but for the records of dpkg and apt, logs and caches, which others keep."""
    left_out = ("var/lib/dpkg", "var/lib/apt", "var/log", "var/cache", "proc", "sys", "dev", "tmp", "run")
    files = {}
    for folder, folders, names in os.walk(root):
        below = os.path.relpath(folder, root)
        folders[:] = [name for name in folders if os.path.normpath(os.path.join(below, name)) not in left_out]
        for name in folders + names:
            path = os.path.join(folder, name)
            at = os.path.normpath(os.path.join(below, name))
            if os.path.islink(path):
                files[at] = os.readlink(path)
            elif os.path.isfile(path):
                files[at] = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
            else:
                files[at] = "folder"
    return files
