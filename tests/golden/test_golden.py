"""The twelve scenes look as they did, light and dark, at one and two pixels for a point."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.golden import gallery
from tests.golden.comparing import Difference, difference, read, write
from tests.golden.painting import SCALES, paint_all
from tests.golden.scenes import SCENES

REMAKE = "If they are meant to look so: `make golden`, and look at them before you commit."


def test_twelve_scenes_are_kept_each_four_times_and_small() -> None:
    names = {
        f"{scene.name}-{theme}-{scale}x" for scene in SCENES for theme in gallery.THEMES for scale in SCALES
    }
    assert len(names) == 48
    assert {picture.stem for picture in gallery.kept()} == names
    assert sum(picture.stat().st_size for picture in gallery.kept()) < 3_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="other systems draw letters in another way than FreeType")
@pytest.mark.timeout(300)
def test_every_scene_looks_as_it_did(tmp_path: Path) -> None:
    """One test for all of them: they are painted together, in two processes."""
    said = look(paint_all(tmp_path / "painted"), tmp_path / "differences")
    if said:
        pytest.fail("\n".join(said), pytrace=False)


def test_a_picture_that_changed_is_named_and_put_down(tmp_path: Path) -> None:
    changed, same = tmp_path / "find-dark-2x.png", tmp_path / "loop-light-1x.png"
    picture = read(gallery.FOLDER / changed.name)
    picture[200:300, 700:900] = 255 - picture[200:300, 700:900]
    write(changed, picture)
    write(same, read(gallery.FOLDER / same.name))
    said = look([changed, same], tmp_path / "differences")
    assert "find-dark-2x" in said[0]
    assert str(tmp_path / "differences") in said[1]
    assert said[-1] == REMAKE
    put_down = {path.name for path in (tmp_path / "differences").iterdir()}
    assert put_down == {f"find-dark-2x-{what}.png" for what in ("expected", "actual", "difference")}
    assert look([same], tmp_path / "none") == []


def look(pictures: Sequence[Path], differing: Path) -> list[str]:
    """One line for each picture that looks different, and what to do; they are put down in `differing`."""
    said = []
    for painted in pictures:
        kept = gallery.FOLDER / painted.name
        found = difference(read(kept), read(painted), gallery.scale_of(kept))
        if found.words:
            _put_down(differing, painted, found)
            said.append(f"{painted.stem}: {found.words}")
    if said:
        said += [f"Expected, actual and difference are in {differing}", gallery.in_words(), REMAKE]
    return [line for line in said if line]


def _put_down(folder: Path, painted: Path, found: Difference) -> None:
    folder.mkdir(exist_ok=True)
    kept = gallery.FOLDER / painted.name
    (folder / f"{painted.stem}-expected.png").write_bytes(kept.read_bytes())
    (folder / f"{painted.stem}-actual.png").write_bytes(painted.read_bytes())
    write(folder / f"{painted.stem}-difference.png", found.marked)
