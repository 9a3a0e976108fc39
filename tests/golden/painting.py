"""Has the scenes painted, in one process for each scale, with our fonts and nothing else of this computer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
FONTS = HERE / "fonts"
REPOSITORY = HERE.parent.parent
SCALES = (1, 2)
TIMEOUT_S = 240

# Nothing of the system's own configuration: no other fonts, no hinting, grey edges. Families are named in
# the order in which a letter is looked for.
_FONT_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
  <match target="pattern">
    <test name="family" compare="eq"><string>monospace</string></test>
    <edit name="family" mode="assign" binding="strong"><string>DejaVu Sans Mono</string></edit>
  </match>
  <match target="pattern">
    <edit name="family" mode="append_last"><string>Inter</string></edit>
    <edit name="family" mode="append_last"><string>DejaVu Sans</string></edit>
    <edit name="family" mode="append_last"><string>Noto Sans CJK SC</string></edit>
    <edit name="family" mode="append_last"><string>Noto Color Emoji</string></edit>
  </match>
  <match target="font">
    <edit name="antialias" mode="assign"><bool>true</bool></edit>
    <edit name="hinting" mode="assign"><bool>false</bool></edit>
    <edit name="autohint" mode="assign"><bool>false</bool></edit>
    <edit name="hintstyle" mode="assign"><const>hintnone</const></edit>
    <edit name="rgba" mode="assign"><const>none</const></edit>
    <edit name="lcdfilter" mode="assign"><const>lcdnone</const></edit>
  </match>
</fontconfig>
"""


class PaintingError(Exception):
    """The process that paints failed; the text is what it said."""


def paint_all(folder: Path, scenes: Sequence[str] = ()) -> list[Path]:
    """Paint the scenes (all without `scenes`) in both themes at both scales; gives the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    fonts_file = folder / "fonts.conf"
    fonts_file.write_text(_FONT_CONFIGURATION.format(fonts=FONTS, cache=folder / "fonts-cache"), "utf-8")
    running = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.golden.paint", str(folder), *scenes],
            cwd=REPOSITORY,
            env=_environment(folder, fonts_file, scale),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for scale in SCALES
    ]
    try:
        said = [process.communicate(timeout=TIMEOUT_S)[0] for process in running]
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    for process, words in zip(running, said, strict=True):
        if process.returncode:
            raise PaintingError(f"the scenes could not be painted:\n{words}")
    return sorted(folder.glob("*.png"))


def _environment(folder: Path, fonts_file: Path, scale: int) -> dict[str, str]:
    """What Qt, fontconfig and Python look at, and nothing more."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT") if name in os.environ
    }
    return kept | {
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "TZ": "UTC",
        "LC_ALL": "C.UTF-8",
        "FONTCONFIG_FILE": str(fonts_file),
        "QT_QPA_PLATFORM": "offscreen",
        "QT_SCALE_FACTOR": str(scale),
    }
