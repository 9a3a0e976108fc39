#!/bin/sh
# Puts this copy of Ponder into the desktop's menu, for this user only; --remove takes it out again.
set -eu
here=$(dirname "$(readlink -f "$0")")
entry=${XDG_DATA_HOME:-$HOME/.local/share}/applications/ponder.desktop

if [ "${1:-}" = --remove ]; then
    rm -f "$entry"
    exit
fi
mkdir -p "$(dirname "$entry")"
cat >"$entry" <<END
[Desktop Entry]
Type=Application
Name=Ponder
Comment=Think with a reasoning model that runs on your own computer
Exec="$here/ponder"
Icon=$here/ponder.svg
Terminal=false
Categories=Utility;
StartupWMClass=ponder
END
echo "Ponder is in the menu now. Run this again after you moved the folder."
