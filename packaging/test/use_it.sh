#!/bin/sh
# Uses an installed Ponder as a person would, under Xvfb: packaging/test/package_test.sh runs it in a clean system.
#
# use_it FOLDER leaves pictures and records in FOLDER. What it says on standard error is what it saw.
set -eu

SEEN=$1
DISPLAY=:7
export DISPLAY
ANSWER_S=60

say() { printf '   %s\n' "$*" >&2; }
fail() {
    say "FAILED: $*"
    picture failed || true
    exit 1
}
press() { xdotool key --delay 80 "$@"; }
picture() { import -silent -window root "$SEEN/$1.png"; }
now_ms() { date +%s%3N; }

wait_until() { # SECONDS COMMAND...
    limit=$(($(now_ms) + $1 * 1000))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$limit" ] || return 1
        sleep 0.1
    done
}

is_offline() { ! grep -qv -e '^Inter' -e '^ face' -e '^ *lo:' /proc/net/dev; }
window() { xdotool search --onlyvisible --name '^Ponder' | tail -n 1; }
has_window() { [ -n "$(window)" ]; }
has_no_program() { ! pgrep -u "$(id -u)" -x 'ponder|ponder-engine'; }
engine_pid() { pgrep -u "$(id -u)" -f 'models.engine.worker' | head -n 1; }
has_engine() { [ -n "$(engine_pid)" ]; }
has_other_engine() { [ -n "$(engine_pid)" ] && [ "$(engine_pid)" != "$1" ]; }
history_has() { ponder history show 1 2>/dev/null | grep -q "$1"; }

open_window() { # COMMAND...
    began=$(now_ms)
    "$@" >>"$SEEN/output.txt" 2>&1 &
    wait_until 60 has_window || fail "no window after 60 s"
    say "the window stands after $(($(now_ms) - began)) ms"
    xdotool windowmove --sync "$(window)" 0 0 || true
    xdotool windowsize "$(window)" 1180 820
    xdotool windowfocus "$(window)" || true
    wait_until 30 has_engine || fail "no engine process"
    sleep 2
}

close_window() {
    press ctrl+q
    wait_until 15 has_no_program || fail "a process is left after the window was closed"
}

ask() { # WORDS
    press ctrl+l
    xdotool type --delay 12 "$1"
    sleep 0.3
    xdotool key Return
}

is_offline || fail "there is a network here"
Xvfb "$DISPLAY" -screen 0 1180x820x24 -nolisten tcp >"$SEEN/xvfb.txt" 2>&1 &
wait_until 20 xdpyinfo || fail "no display"

open_window ponder
picture 1-first-start
# The last four of the page: Start, and three links that are always there. What comes before depends on the computer.
press shift+Tab shift+Tab shift+Tab shift+Tab space
sleep 1
ask "What is 47 * 36?"
wait_until "$ANSWER_S" history_has 1692 || fail "no answer in the history"
say "Ponder Mini answered: 1692"
sleep 1
picture 2-answer

old=$(engine_pid)
kill -KILL "$old"
sleep 2
picture 3-the-engine-was-killed
# On from the search: the chat, Models, Settings, the model, copy the chat, what the context holds, the two buttons of
# the notice that there is no keyring, and "Restart engine".
press ctrl+k Tab Tab Tab Tab Tab Tab Tab Tab Tab space
wait_until 30 has_other_engine "$old" || fail "the engine did not start again"
sleep 2
ask "What is 12 + 30?"
wait_until "$ANSWER_S" history_has 42 || fail "no answer after the engine was killed"
say "the engine was killed and started again, and answered: 42"
sleep 1
picture 4-it-goes-on
close_window

open_window strace -f -qq -e trace=socket -o "$SEEN/sockets.txt" ponder
picture 5-after-a-restart
history_has 1692 || fail "the history did not survive"
ask "What is 3 * 4?"
wait_until "$ANSWER_S" sh -c 'ponder history list | grep -c . | grep -qx 2 || ponder history show 2 | grep -q 12' ||
    fail "no answer under strace"
sleep 1
close_window
# Each engine tries one at its start, to see that the system's filter refuses it: EPERM.
if grep -E 'AF_INET|AF_NETLINK|AF_PACKET' "$SEEN/sockets.txt" | grep -v 'EPERM'; then
    fail "a socket that leads to a network"
fi
say "sockets of a whole chat: $(grep -c AF_UNIX "$SEEN/sockets.txt") within this computer, none to a network"

mkdir "$SEEN/planted"
cd "$SEEN/planted"
for name in libggml-cpu-zzz.so libggml-vulkan.so libggml-base.so.0 libllama.so; do echo "no library" >"$name"; done
for program in "ponder ask 2+3" "/usr/lib/ponder/ponder-engine --own-process models.engine.device_probe"; do
    # shellcheck disable=SC2086  # words
    GGML_BACKEND_PATH=$PWD/libggml-cpu-zzz.so LD_LIBRARY_PATH=$PWD PATH=$PWD:$PATH \
        strace -f -qq -e trace=openat -o "$SEEN/files.txt" -A $program \
        >>"$SEEN/planted.txt" 2>&1 || fail "no answer beside planted libraries"
done
grep -q 'boxed{5}' "$SEEN/planted.txt" || fail "a wrong answer beside planted libraries"
if grep "$PWD/lib\(ggml\|llama\)" "$SEEN/files.txt" | grep -v ENOENT; then
    fail "a planted library was opened"
fi
say "planted libraries in the current folder and on LD_LIBRARY_PATH were not opened"
