#!/bin/sh
# Runs the tests where there is no network: in a network namespace of their own, with nothing in it but
# its own loopback device, on which the tests of downloads have a server.
# Arguments go to pytest: `tools/test.sh tests/app -k settings`. Without any, all tests are run, on several
# processors at a time, file by file.
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- -q -n auto --maxprocesses 4 --dist loadfile --max-worker-restart 0

# Root may do it even where user namespaces are not allowed.
for options in "--map-root-user --net" "--net"; do
    # shellcheck disable=SC2086
    if unshare $options true 2>/dev/null; then
        # shellcheck disable=SC2016
        PONDER_TEST_OFFLINE=1 exec unshare $options sh -ec \
            '.venv/bin/python tools/loopback_up.py; exec .venv/bin/python -m pytest "$@"' sh "$@"
    fi
done

cat >&2 <<'END'
************************************************************************************
  This system cannot take the network away from the tests (that needs Linux with user
  namespaces). They run WITH a network: whether Ponder stays offline is NOT shown here.
************************************************************************************
END
PONDER_TEST_OFFLINE=0 exec .venv/bin/python -m pytest "$@"
