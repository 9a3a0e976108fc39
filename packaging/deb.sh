#!/bin/sh
# Makes dist/ponder_VERSION_amd64.deb of build/package/ponder. The same folder and SOURCE_DATE_EPOCH give the same bytes.
set -eu
cd "$(dirname "$0")/.."

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
VERSION=$(.venv/bin/python packaging/version_information.py)
MAINTAINER=${PONDER_MAINTAINER:-The Ponder authors <ponder-app@users.noreply.github.com>}
ROOT=build/deb
LINUX=packaging/linux

rm -rf "$ROOT"
packaging/install_linux.sh "$ROOT/usr" lib/ponder
DOC=$ROOT/usr/share/doc/ponder
mkdir -p "$DOC" "$ROOT/usr/share/man/man1" "$ROOT/usr/share/lintian/overrides" "$ROOT/DEBIAN"
cp "$LINUX/copyright" "$DOC/copyright"
cp "$LINUX/lintian-overrides" "$ROOT/usr/share/lintian/overrides/ponder"
gzip -9n <"$LINUX/ponder.1" >"$ROOT/usr/share/man/man1/ponder.1.gz"
{
    printf 'ponder (%s) unstable; urgency=medium\n\n' "$VERSION"
    printf '  * What changed is told in CHANGELOG.md of the sources.\n\n'
    printf ' -- %s  %s\n' "$MAINTAINER" "$(date -Ru -d "@$SOURCE_DATE_EPOCH")"
} | gzip -9n >"$DOC/changelog.gz"

find "$ROOT" -type d -exec chmod 755 {} +
find "$ROOT/usr/share" -type f -exec chmod 644 {} +
(cd "$ROOT" && find usr -type f | LC_ALL=C sort | xargs -d '\n' md5sum) >"$ROOT/DEBIAN/md5sums"
SIZE_KIB=$(du -sk --apparent-size "$ROOT/usr" | cut -f 1)
sed -e "s/@VERSION@/$VERSION/" -e "s/@MAINTAINER@/$MAINTAINER/" -e "s/@SIZE_KIB@/$SIZE_KIB/" \
    "$LINUX/control" >"$ROOT/DEBIAN/control"
find "$ROOT" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p dist
dpkg-deb --root-owner-group --threads-max=1 -Zxz --build "$ROOT" "dist/ponder_${VERSION}_amd64.deb"
