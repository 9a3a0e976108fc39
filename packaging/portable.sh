#!/bin/sh
# Makes dist/ponder-VERSION-linux-x86_64.tar.xz of build/package/ponder, to run from wherever it is unpacked, and
# build/Ponder.AppDir, of which packaging/appimage.sh makes an AppImage where its tool exists.
set -eu
cd "$(dirname "$0")/.."

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
VERSION=$(.venv/bin/python packaging/version_information.py)
NAME=ponder-$VERSION-linux-x86_64
APPDIR=build/Ponder.AppDir

rm -rf build/portable "$APPDIR"
mkdir -p build/portable dist
cp -a build/package/ponder "build/portable/$NAME"
cp packaging/linux/README.txt "build/portable/$NAME/README.txt"
cp packaging/linux/add-to-menu.sh "build/portable/$NAME/add-to-menu.sh"
cp resources/icons/ponder.svg "build/portable/$NAME/ponder.svg"
chmod 755 "build/portable/$NAME/add-to-menu.sh"
find build/portable -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
tar --create --directory build/portable --sort=name --owner=0 --group=0 --numeric-owner --format=posix \
    --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime "$NAME" |
    xz -6 --threads=2 >"dist/$NAME.tar.xz"

packaging/install_linux.sh "$APPDIR/usr" lib/ponder
cp packaging/linux/AppRun "$APPDIR/AppRun"
chmod 755 "$APPDIR/AppRun"
cp packaging/linux/ponder.desktop "$APPDIR/ponder.desktop"
cp build/icons/ponder-256.png "$APPDIR/ponder.png"
ln -s ponder.png "$APPDIR/.DirIcon"
find "$APPDIR" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
