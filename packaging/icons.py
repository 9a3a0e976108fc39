"""Draws the icon in every size and format that the systems ask for: `python packaging/icons.py FOLDER`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSize
from PySide6.QtGui import QGuiApplication, QIcon, QImage

DRAWING = Path(__file__).resolve().parent.parent / "resources" / "icons" / "ponder.svg"
SIZES_PX = (16, 24, 32, 48, 64, 128, 256, 512)


def draw(folder: Path) -> list[Path]:
    """Write `ponder-SIZE.png` for each size, `ponder.ico` and `ponder.icns`. Raises `OSError`."""
    folder.mkdir(parents=True, exist_ok=True)
    icon = QIcon(str(DRAWING))
    images = {size: icon.pixmap(QSize(size, size), 1.0).toImage() for size in SIZES_PX}
    wanted = {folder / f"ponder-{size}.png": image for size, image in images.items()}
    wanted[folder / "ponder.ico"] = images[256]
    wanted[folder / "ponder.icns"] = images[512]
    for path, image in wanted.items():
        _write(path, image)
    return list(wanted)


def _write(path: Path, image: QImage) -> None:
    if image.isNull() or not image.save(str(path)):
        raise OSError(f"{path.name} could not be written")


def main() -> int:
    """Draw into the folder that was named."""
    _application = QGuiApplication(["icons"])
    for path in draw(Path(sys.argv[1])):
        sys.stdout.write(f"{path.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
