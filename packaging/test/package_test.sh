#!/bin/sh
# Proves the Debian package in dist/: `make package-test`. On a clean Debian of its own making it is installed with
# nothing but what it declares, used by an ordinary user without any network, and removed again.
#
# Needs root (or sudo), and Debian's debootstrap, qemu-user and strace. What it saw is left in build/package-test.
set -eu
cd "$(dirname "$0")/../.."

[ "$(id -u)" -eq 0 ] || exec sudo --preserve-env=HOME,XDG_CACHE_HOME,PONDER_BENCH_CACHE,PONDER_TEST_SUITE "$0" "$@"

VERSION=$(.venv/bin/python packaging/version_information.py)
PACKAGE=dist/ponder_${VERSION}_amd64.deb
SUITE=${PONDER_TEST_SUITE:-bookworm}
CACHE=${PONDER_BENCH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ponder-bench}
CLEAN=$CACHE/clean-root-$SUITE.tar
SEEN=$PWD/build/package-test
TOOLS="xvfb xdotool imagemagick strace procps x11-utils"

say() { printf '%s\n' "$*" >&2; }

make_clean_root() {
    [ ! -e "$CLEAN" ] || return 0
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -n 1)
    say "Making a clean $SUITE (once)"
    debootstrap --variant=minbase "$SUITE" "$CACHE/clean-root" "$mirror" >"$CACHE/clean-root.log" 2>&1
    rm -f "$CACHE"/clean-root/var/cache/apt/archives/*.deb
    tar -cf "$CLEAN.part" -C "$CACHE/clean-root" .
    mv "$CLEAN.part" "$CLEAN"
    rm -rf "$CACHE/clean-root"
}

install_in_root() { # PACKAGES; with the network of this computer
    cp -L /etc/resolv.conf "$ROOT/etc/resolv.conf"
    mkdir -p "$CACHE/archives/partial"
    unshare --mount sh -ec '
        mount --bind "$1/archives" "$2/var/cache/apt/archives"
        mount -t proc proc "$2/proc"
        shift
        exec chroot "$@"' sh "$CACHE" "$ROOT" sh -ec '
        export DEBIAN_FRONTEND=noninteractive
        apt-get -o Acquire::Retries=3 update >/dev/null
        apt-get -o APT::Keep-Downloaded-Packages=true install --yes --no-install-recommends "$@" >/tmp/apt.log 2>&1 ||
            { tail -n 20 /tmp/apt.log; exit 1; }' sh "$@"
}

as_user() { # COMMAND; without any network, in processes and mounts of its own, as `tester`
    unshare --net --mount --pid --fork --kill-child sh -ec '
        root=$1
        shift
        mount -t proc proc "$root/proc"
        mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
        exec chroot --userspec=tester:tester "$root" env -i HOME=/home/tester PATH=/usr/bin:/bin LANG=C.UTF-8 "$@"' \
        sh "$ROOT" "$@"
}

list_files() {
    (cd "$ROOT" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./tmp -o -path ./run \
        -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/cache -o -path ./var/log \
        -o -path ./home \) -prune -o -print) | LC_ALL=C sort
}

[ -e "$PACKAGE" ] || { say "$PACKAGE is not there: run \`make package\` first."; exit 1; }
make_clean_root
ROOT=$(mktemp -d)
trap 'rm -rf --one-file-system "$ROOT"' EXIT
chmod 755 "$ROOT"
tar -xf "$CLEAN" -C "$ROOT"
rm -rf "$SEEN"
mkdir -p "$SEEN"

say "1. Install, with nothing but what it declares"
cp "$PACKAGE" "$ROOT/tmp/ponder.deb"
install_in_root /tmp/ponder.deb
chroot "$ROOT" sh -c 'find /usr/lib/ponder -type f | while read -r file; do
    [ "$(head -c 4 "$file" | tail -c 3)" != ELF ] || LD_LIBRARY_PATH=/usr/lib/ponder/_internal ldd "$file" 2>/dev/null | sed -n "s|.*=> not found|$file: &|p"
done' | grep -v 'libvulkan\.so\.1' >"$SEEN/missing.txt" || true # recommended: without it, the processor computes
if [ -s "$SEEN/missing.txt" ]; then
    cat "$SEEN/missing.txt" >&2
    exit 1
fi

say "2. Use it: an ordinary user, no network, a window"
# shellcheck disable=SC2086  # a list of packages
install_in_root $TOOLS
chroot "$ROOT" useradd --create-home tester
cp packaging/test/use_it.sh "$ROOT/usr/local/bin/use_it"
chmod 755 "$ROOT/usr/local/bin/use_it"
mkdir "$ROOT/tmp/seen"
chroot "$ROOT" chown tester:tester /tmp/seen
outcome=0
as_user /usr/local/bin/use_it /tmp/seen || outcome=$?
cp -r "$ROOT/tmp/seen/." "$SEEN/"
[ "$outcome" -eq 0 ] || exit "$outcome"

say "3. Remove it"
chroot "$ROOT" dpkg --purge ponder >/dev/null
chroot "$ROOT" dpkg --listfiles ponder >/dev/null 2>&1 && { say "It is still installed."; exit 1; }
list_files | grep -i ponder && { say "These files are left."; exit 1; }
chroot "$ROOT" sh -c 'cd /home/tester && find . -type f | sort' >"$SEEN/left-to-the-user.txt"
grep -q '\./\.local/share/ponder/history\.db' "$SEEN/left-to-the-user.txt" || { say "The history is gone."; exit 1; }

say "4. Old processors"
dpkg-deb --extract "$PACKAGE" "$ROOT/tmp/extracted"
.venv/bin/python packaging/test/old_processors.py "$ROOT/tmp/extracted/usr/lib/ponder" | tee "$SEEN/processors.txt" >&2

say "All of it holds. Pictures and records: ${SEEN#"$PWD"/}"
