#!/bin/sh
# Makes the packages for Linux: build/package/ponder, and of it in dist/ a .deb, a .tar.xz and an AppDir's archive.
# `make package` runs it; packaging/deb.sh and packaging/portable.sh say what each format needs.
set -eu
cd "$(dirname "$0")/.."

SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
PYTHON=.venv/bin/python
VERSION=$($PYTHON packaging/version_information.py)
FOLDER=build/package/ponder

PONDER_LLAMA_LIBRARIES=$(packaging/build_llama.sh)
export PONDER_LLAMA_LIBRARIES

echo "Freezing Ponder $VERSION" >&2
rm -rf build/package build/pyinstaller
$PYTHON packaging/icons.py build/icons >/dev/null
# The order of sets is part of a program's bytes.
PYTHONHASHSEED=1 $PYTHON -m PyInstaller --noconfirm --log-level WARN --distpath build/package \
    --workpath build/pyinstaller build.spec >build/pyinstaller.log 2>&1 || {
    tail -n 20 build/pyinstaller.log >&2
    exit 1
}
if grep -E "^missing module named '?(ui|app|models)[.']" build/pyinstaller/build/warn-build.txt; then
    echo "Ponder's own modules above were not found." >&2
    exit 1
fi
$PYTHON packaging/inventory.py "$FOLDER" "$(tools/llama_source.sh)"
$PYTHON packaging/finish_folder.py "$FOLDER" "$SOURCE_DATE_EPOCH"
$PYTHON packaging/check_folder.py "$FOLDER" "$PWD" "$HOME/"
PONDER_HOME=build/package-home "$FOLDER/ponder" doctor >build/doctor.txt || {
    cat build/doctor.txt >&2
    exit 1
}

mkdir -p dist
rm -f dist/ponder[_-]"$VERSION"* dist/SHA256SUMS
packaging/deb.sh
packaging/portable.sh
cp "$FOLDER/sbom.cdx.json" "dist/ponder-$VERSION-linux-x86_64.sbom.cdx.json"
(cd dist && sha256sum ponder[_-]"$VERSION"* >SHA256SUMS)
ls -l dist >&2
