#!/bin/sh
# Cuts the fonts of the golden pictures (tests/golden/fonts) out of those that Debian packages, so that the
# pictures need no font of the computer they are compared on. Run it when a scene has a new letter:
#
#     tools/golden_fonts.sh
#
# It needs the Debian packages fonttools, fonts-inter, fonts-dejavu-core, fonts-noto-cjk and fonts-noto-color-emoji.
set -eu
cd "$(dirname "$0")/.."

TO=tests/golden/fonts
SYSTEM=/usr/share/fonts
LATIN=U+0020-007E,U+00A0-017F,U+2010-2027,U+2030-203A,U+2070-209C,U+20AC,U+2190-2193,U+2212,U+2248,U+2260-2265,U+25AA-25CF,U+2713
SYMBOLS=U+2190-2199,U+21A9-21AA,U+2500-257F,U+25A0-25FF,U+2610-2612,U+2713-2717

subset() { # FROM TO OPTIONS...
    from=$1
    to=$2
    shift 2
    pyftsubset "$SYSTEM/$from" --output-file="$TO/$to" --no-hinting --desubroutinize --name-IDs='*' --notdef-outline "$@"
}

for style in Regular Italic Medium SemiBold Bold; do
    subset opentype/inter/Inter-$style.otf Inter-$style.otf --unicodes="$LATIN" --layout-features=kern,tnum,mark,liga
done
subset truetype/dejavu/DejaVuSansMono.ttf DejaVuSansMono.ttf --unicodes="$LATIN"
subset truetype/dejavu/DejaVuSansMono-Bold.ttf DejaVuSansMono-Bold.ttf --unicodes="$LATIN"
subset truetype/dejavu/DejaVuSans.ttf DejaVuSans.ttf --unicodes="$SYMBOLS" --text-file=tests/golden/texts.py
for style in Regular Bold; do
    subset opentype/noto/NotoSansCJK-$style.ttc NotoSansCJKsc-$style.otf --font-number=2 --text-file=tests/golden/texts.py
done
subset truetype/noto/NotoColorEmoji.ttf NotoColorEmoji.ttf --text-file=tests/golden/texts.py
ls -l "$TO"
