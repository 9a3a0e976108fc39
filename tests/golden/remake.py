"""Makes the golden pictures anew: `make golden`, or `python -m tests.golden.remake [SCENE…]`.

A picture that still looks the same keeps its file. Look at each that changed before it is committed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.golden import gallery
from tests.golden.comparing import difference, read, write
from tests.golden.painting import PaintingError, paint_all


def main() -> int:
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        try:
            painted = paint_all(Path(folder), wanted)
        except PaintingError as error:
            sys.stderr.write(f"{error}\n")
            return 1
        changed = [picture.name for picture in painted if _keep(picture)]
        names = {picture.name for picture in painted}
    gone = [] if wanted else [picture for picture in gallery.kept() if picture.name not in names]
    for picture in gone:
        picture.unlink()
    if changed:
        gallery.MADE_WITH.write_text(json.dumps(gallery.libraries(), indent=2) + "\n", "utf-8")
    lines = [f"new: {name}" for name in changed] + [f"deleted: {picture.name}" for picture in gone]
    size = sum(picture.stat().st_size for picture in gallery.kept())
    lines.append(f"{len(changed)} of {len(names)} pictures are new; all take {size / 1e6:.1f} MB.")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _keep(painted: Path) -> bool:
    """Put a picture into the gallery unless it looks as the one that is there."""
    there = gallery.FOLDER / painted.name
    picture = read(painted)
    if there.is_file() and not difference(read(there), picture, gallery.scale_of(there)).words:
        return False
    write(there, picture)
    return True


if __name__ == "__main__":
    sys.exit(main())
