#!/bin/sh
# Lays out build/package/ponder as Linux expects it: packaging/install_linux.sh PREFIX PROGRAM_FOLDER
#
# PREFIX gets bin/, share/ and, below it, PROGRAM_FOLDER with the programs.
set -eu
cd "$(dirname "$0")/.."

PREFIX=$1
PROGRAMS=$2

mkdir -p "$PREFIX/bin" "$PREFIX/$(dirname "$PROGRAMS")" "$PREFIX/share/applications" "$PREFIX/share/metainfo" \
    "$PREFIX/share/icons/hicolor/scalable/apps"
cp -a build/package/ponder "$PREFIX/$PROGRAMS"
ln -s "../$PROGRAMS/ponder" "$PREFIX/bin/ponder"
cp packaging/linux/ponder.desktop "$PREFIX/share/applications/"
cp packaging/linux/*.metainfo.xml "$PREFIX/share/metainfo/"
cp resources/icons/ponder.svg "$PREFIX/share/icons/hicolor/scalable/apps/ponder.svg"
for size in 16 24 32 48 64 128 256 512; do
    folder=$PREFIX/share/icons/hicolor/${size}x$size/apps
    mkdir -p "$folder"
    cp "build/icons/ponder-$size.png" "$folder/ponder.png"
done
