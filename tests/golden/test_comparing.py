"""The comparison finds what an eye would find, and passes over what storing and another FreeType change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.golden import gallery
from tests.golden.comparing import (
    AREA_SHARE,
    CHANNEL_TOLERANCE,
    Picture,
    _areas,
    _as_numbers,
    difference,
    read,
    write,
)
from ui.theme import Theme

PICTURES = pytest.mark.parametrize("name", ["short-chat-light-1x", "short-chat-dark-1x", "find-light-2x"])
# Where something stands in the scenes with the sidebar, in points: x, y, width, height.
BLOCKS = pytest.mark.parametrize(
    "block",
    [(280, 85, 710, 60), (8, 10, 250, 40), (8, 110, 120, 20), (290, 580, 300, 30), (490, 674, 280, 14)],
    ids=["question", "button", "heading", "placeholder", "small words"],
)


def picture(name: str) -> Picture:
    return read(gallery.FOLDER / f"{name}.png")


def scale_of(name: str) -> int:
    return int(name[-2])


def part(name: str, block: tuple[int, int, int, int]) -> tuple[slice, slice]:
    left, top, width, height = (length * scale_of(name) for length in block)
    return slice(top, top + height), slice(left, left + width)


@PICTURES
def test_a_picture_looks_like_itself(name: str) -> None:
    assert difference(picture(name), picture(name), scale_of(name)).words == ""


@PICTURES
@BLOCKS
@pytest.mark.parametrize("axis", [0, 1], ids=["down", "right"])
def test_a_block_that_moved_by_one_pixel_is_found(
    name: str, block: tuple[int, int, int, int], axis: int
) -> None:
    moved = picture(name)
    where = part(name, block)
    moved[where] = np.roll(moved[where], scale_of(name), axis=axis)
    assert "tiles differ" in difference(picture(name), moved, scale_of(name)).words


@PICTURES
@BLOCKS
def test_words_that_are_gone_are_found(name: str, block: tuple[int, int, int, int]) -> None:
    emptied = picture(name)
    where = part(name, block)
    emptied[where] = emptied[where][:1, :1]
    assert difference(picture(name), emptied, scale_of(name)).words


@pytest.mark.parametrize("colour", ["ground", "sidebar", "surface", "question"])
@pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()], ids=["light", "dark"])
def test_a_ground_of_another_colour_is_found_though_it_is_nearly_the_same(theme: Theme, colour: str) -> None:
    name = f"short-chat-{theme.name}-1x"
    changed = picture(name)
    ground = theme.colour(colour)
    pixels = (changed == (ground.red(), ground.green(), ground.blue())).all(axis=2)
    assert pixels.any()
    changed[pixels] += 1
    assert "fills" in difference(picture(name), changed).words


@pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()], ids=["light", "dark"])
def test_words_of_another_colour_are_found(theme: Theme) -> None:
    """The header's title in the third colour in place of the first."""
    name = f"short-chat-{theme.name}-1x"
    expected, changed = picture(name), picture(name)
    where = slice(10, 40), slice(280, 500)
    ground, text, third = (_channels(theme, colour) for colour in ("ground", "text", "third"))
    strength = (changed[where] - ground).mean(axis=2, keepdims=True) / (text - ground).mean()
    changed[where] = (ground + strength.clip(0, 1) * (third - ground)).astype(np.uint8)
    assert "tiles differ" in difference(expected, changed).words


def _channels(theme: Theme, name: str) -> npt.NDArray[np.float64]:
    colour = theme.colour(name)
    return np.array((colour.red(), colour.green(), colour.blue()), np.float64)


@PICTURES
def test_another_smoothing_of_edges_is_passed_over(name: str) -> None:
    """Whatever fills no area is off by up to 15 in either direction."""
    rng = np.random.default_rng(1)
    expected = picture(name)
    noise = rng.integers(-15, 16, expected.shape[:2])[..., None]
    filling = [colour for colour, share in _areas(expected).items() if share >= AREA_SHARE]
    is_edge = ~np.isin(_as_numbers(expected), filling)[..., None]
    other = np.where(is_edge, expected.astype(int) + noise, expected).clip(0, 255).astype(np.uint8)
    assert (other != expected).any()
    assert difference(expected, other, scale_of(name)).words == ""


def test_another_size_is_found() -> None:
    name = "narrow-light-1x"
    assert "size" in difference(picture(name), picture(name)[:-1]).words


def test_storing_changes_little_and_not_the_grounds(tmp_path: Path) -> None:
    """More colours than a stored picture has: a gradient beside a ground."""
    whole = np.full((120, 300, 3), (250, 249, 246), np.uint8)
    whole[:, 200:] = np.linspace(0, 255, 300).reshape(1, 100, 3).astype(np.uint8)
    whole[40:50, 200:] = whole[40:50, 200:][..., ::-1] // 2
    write(tmp_path / "stored.png", whole)
    stored = read(tmp_path / "stored.png")
    assert (stored[:, :200] == whole[:, :200]).all()
    assert np.abs(stored.astype(int) - whole).max() <= CHANNEL_TOLERANCE // 2
    assert difference(stored, whole).words == ""
