#!/bin/sh
# Makes dist/Ponder-VERSION-macos-ARCH.dmg, on a Mac. Metal is built into llama.cpp; nothing else is needed at run time.
#
# Signed where PONDER_SIGN_IDENTITY names a "Developer ID Application" in the keychain; notarised where, besides,
# PONDER_NOTARY_PROFILE names credentials that `xcrun notarytool store-credentials` kept. Without them the app is
# signed for this Mac only, and others must be told to trust it.
set -eu
cd "$(dirname "$0")/../.."

PYTHON=.venv/bin/python
VERSION=$($PYTHON packaging/version_information.py)
IMAGE=dist/Ponder-$VERSION-macos-$(uname -m).dmg
APP=build/package/Ponder.app

rm -rf build/package build/pyinstaller
$PYTHON packaging/icons.py build/icons >/dev/null
PYTHONHASHSEED=1 $PYTHON -m PyInstaller --noconfirm --log-level WARN --distpath build/package \
    --workpath build/pyinstaller build.spec
$PYTHON packaging/inventory.py "$APP/Contents/Resources" "$(tools/llama_source.sh)"

# From the inside out: a signature covers what is already signed. Adding the licences broke PyInstaller's own.
identity=${PONDER_SIGN_IDENTITY:--}
set -- --force --sign "$identity"
[ "$identity" = - ] || set -- "$@" --timestamp --options runtime --entitlements packaging/macos/entitlements.plist
find "$APP/Contents/Frameworks" -type f \( -name '*.dylib' -o -name '*.so' \) -exec codesign "$@" {} +
codesign "$@" "$APP/Contents/MacOS/ponder-engine"
codesign "$@" "$APP"
codesign --verify --deep --strict "$APP"

mkdir -p dist build/dmg
rm -rf build/dmg "$IMAGE"
mkdir -p build/dmg
cp -R "$APP" build/dmg/
ln -s /Applications build/dmg/Applications
hdiutil create -quiet -volname "Ponder $VERSION" -srcfolder build/dmg -format UDZO "$IMAGE"
if [ "$identity" != - ] && [ -n "${PONDER_NOTARY_PROFILE:-}" ]; then
    codesign --force --timestamp --sign "$identity" "$IMAGE"
    xcrun notarytool submit "$IMAGE" --keychain-profile "$PONDER_NOTARY_PROFILE" --wait
    xcrun stapler staple "$IMAGE"
fi
cp "$APP/Contents/Resources/sbom.cdx.json" "${IMAGE%.dmg}.sbom.cdx.json"
(cd dist && shasum -a 256 Ponder-* >SHA256SUMS-macos)
