#!/bin/sh
# Checks the packages in dist/ with the tools of Debian and of the desktops: `make package-lint`.
set -eu
cd "$(dirname "$0")/.."

VERSION=$(.venv/bin/python packaging/version_information.py)
desktop-file-validate packaging/linux/ponder.desktop
appstreamcli validate --no-net packaging/linux/*.metainfo.xml
lintian --allow-root --profile debian --fail-on error,warning "dist/ponder_${VERSION}_amd64.deb"
(cd dist && sha256sum --check --quiet SHA256SUMS)
echo "lintian, desktop-file-validate, appstreamcli and the checksums find nothing" >&2
