#!/bin/sh
# Makes dist/Ponder-VERSION-x86_64.AppImage of build/Ponder.AppDir, where `appimagetool` is on the path or
# PONDER_APPIMAGETOOL names it; PONDER_APPIMAGE_RUNTIME may name the runtime to put before it.
set -eu
cd "$(dirname "$0")/.."

VERSION=$(.venv/bin/python packaging/version_information.py)
TOOL=${PONDER_APPIMAGETOOL:-appimagetool}
if ! command -v "$TOOL" >/dev/null 2>&1; then
    echo "appimagetool is not here: build/Ponder.AppDir is ready for it, no AppImage was made." >&2
    exit 3
fi
[ -d build/Ponder.AppDir ] || { echo "build/Ponder.AppDir is not there: run \`make package\` first." >&2; exit 1; }
set -- --no-appstream
[ -z "${PONDER_APPIMAGE_RUNTIME:-}" ] || set -- "$@" --runtime-file "$PONDER_APPIMAGE_RUNTIME"
ARCH=x86_64 "$TOOL" "$@" build/Ponder.AppDir "dist/Ponder-$VERSION-x86_64.AppImage"
