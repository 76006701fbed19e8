#!/bin/sh
# Unpacks libraries of another Debian architecture, with all that they depend on, where a cross-compiler and an emulator find them.
#
#   root.sh ARCHITECTURE DIRECTORY PACKAGE...
#
# A folder of its own instead of `dpkg --add-architecture`: it needs neither root nor a change of the machine, the packages need not get along with
# those that are installed, and what is found in it is of the other architecture. apt resolves and checks signatures as ever, from the
# machine's own sources; only its state is in DIRECTORY. `packages` is written last: without it, or with others in it, all is made anew.
set -eu

architecture=$1
mkdir -p "$2"
root=$(cd "$2" && pwd)
shift 2
[ "$*" != "$(cat "$root/packages" 2>/dev/null)" ] || exit 0

echo "unpacking libraries of $architecture: $root"
rm -rf "$root"
state=$root/apt
mkdir -p "$state/lists/partial" "$state/archives/partial"
: >"$state/status"

of_architecture() {
    apt-get -qq -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o APT::Install-Recommends=false -o APT::Sandbox::User= \
        -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state" -o "Dir::Log=$state" "$@" >"$state/log" 2>&1 || {
        cat "$state/log" >&2
        echo "root.sh: apt-get gives no packages of $architecture ($1); expected a Debian mirror that has them among the sources of this machine: apt-get" \
            "indextargets lists them, and [arch=..] there may leave the architecture out" >&2
        exit 1
    }
}
of_architecture update
of_architecture install -y --download-only "$@"
for package in "$state"/archives/*.deb; do
    dpkg-deb -x "$package" "$root"
done
# Some links of libraries begin at the top of the machine; here that is $root.
find "$root" -type l -lname '/*' | while read -r link; do
    ln -sfnr "$root$(readlink "$link")" "$link"
done
rm -rf "$state"
echo "$*" >"$root/packages"
