"""Writes pictures small, reads them, and says whether two look the same.

Pictures are arrays of shape (height, width, 3), uint8.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

Picture: TypeAlias = npt.NDArray[np.uint8]

PALETTE = 128
"""Colours of a stored picture. All that covers an area is kept exactly; edges of letters get the nearest."""
EXACT = 24
EXACT_SHARE = 0.0005
_BUCKET_BITS = 4

CHANNEL_TOLERANCE = 40
"""A channel may be so far off. What storing changes stays below (at most 20); so does another FreeType."""
TILE_PX = 16
TILE_PIXELS = 6
"""So many pixels of a tile may be off all the same. A letter that moved by one pixel has more."""
STEP = 3
"""Areas are looked for in every third pixel of every third line."""
AREA_SHARE = 0.0008
AREA_CHANGE = 0.2
"""An area of one colour, unless it is tiny, has that colour to the last bit, and its size by a fifth."""


@dataclass(frozen=True)
class Difference:
    """What is wrong, in words, and a picture that marks where; "" where nothing is."""

    words: str
    marked: Picture


def read(path: Path) -> Picture:
    """The picture in a file; raises ValueError for one that is none."""
    image = QImage(str(path)).convertToFormat(QImage.Format.Format_RGB888)
    if image.isNull():
        raise ValueError(f"{path} is not a picture")
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def write(path: Path, picture: Picture) -> None:
    """Write it with `PALETTE` colours, as small as a PNG gets without a search for filters."""
    palette, indexes = _reduced(picture)
    height, width = indexes.shape
    lines = np.zeros((height, width + 1), np.uint8)  # each begins with its filter: none
    lines[:, 1:] = indexes
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    data = zlib.compress(lines.tobytes(), 9)
    chunks = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", data), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def difference(expected: Picture, actual: Picture, scale: int = 1) -> Difference:
    """Whether they look the same, tile by tile and colour by colour."""
    if expected.shape != actual.shape:
        height, width, _ = expected.shape
        here = f"{actual.shape[1]} × {actual.shape[0]}"
        return Difference(f"the size is {here} where {width} × {height} was expected", actual)
    apart = np.maximum(expected, actual) - np.minimum(expected, actual) > CHANNEL_TOLERANCE
    off = apart[..., 0] | apart[..., 1] | apart[..., 2]
    words = _changed_tiles(off, scale) + _changed_colours(expected, actual)
    marked = actual // 3 + 150
    marked[off] = (200, 0, 0)
    return Difference("; ".join(words), marked)


def _changed_tiles(off: npt.NDArray[np.bool_], scale: int) -> list[str]:
    side = TILE_PX * scale
    bad = _tiles(off, side) > TILE_PIXELS * scale
    if not bad.any():
        return []
    row, column = np.argwhere(bad)[0]
    return [f"{int(bad.sum())} of {bad.size} tiles differ, the first at x {column * side}, y {row * side}"]


def _tiles(off: npt.NDArray[np.bool_], side: int) -> npt.NDArray[np.int_]:
    """How many are set in each tile of that side."""
    height, width = (-(-length // side) * side for length in off.shape)
    padded = np.zeros((height, width), np.int64)
    padded[: off.shape[0], : off.shape[1]] = off
    tiles: npt.NDArray[np.int_] = padded.reshape(height // side, side, width // side, side).sum(axis=(1, 3))
    return tiles


def _changed_colours(expected: Picture, actual: Picture) -> list[str]:
    before, after = _areas(expected), _areas(actual)
    return [
        f"#{colour:06X} fills {after.get(colour, 0):.2%} where it was {share:.2%}"
        for colour, share in before.items()
        if share >= AREA_SHARE and abs(after.get(colour, 0) - share) > AREA_CHANGE * share
    ]


def _areas(picture: Picture) -> dict[int, float]:
    """Which share of the picture each colour fills, where its neighbours have it too: no edges of letters."""
    numbers = _as_numbers(picture[::STEP, ::STEP])
    here, right, below = numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, :-1]
    inside = here[(here == right) & (here == below) & (here == numbers[1:, 1:])]
    colours, counts = np.unique(inside, return_counts=True)
    return dict(zip(colours.tolist(), (counts / numbers.size).tolist(), strict=True))


def _as_numbers(picture: Picture) -> npt.NDArray[np.int32]:
    red, green, blue = (picture[..., channel].astype(np.int32) for channel in range(3))
    numbers: npt.NDArray[np.int32] = red << 16 | green << 8 | blue
    return numbers


def _reduced(picture: Picture) -> tuple[Picture, Picture]:
    """A palette and the index of each pixel in it."""
    numbers = _as_numbers(picture)
    colours, places, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    rgb = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    order = np.argsort(-counts, kind="stable")
    exact = order[:EXACT]
    exact = exact[counts[exact] >= EXACT_SHARE * counts.sum()]
    chosen = _farthest(rgb, counts, exact)
    palette = rgb[chosen]
    nearest = ((rgb[:, None, :] - palette[None]) ** 2).sum(axis=2).argmin(axis=1)
    return palette.astype(np.uint8), nearest[places].reshape(numbers.shape).astype(np.uint8)


def _farthest(
    rgb: npt.NDArray[np.int32], counts: npt.NDArray[np.int64], exact: npt.NDArray[np.int64]
) -> list[int]:
    """The exact ones, and then always the colour that is farthest from those chosen."""
    chosen: list[int] = exact.tolist()
    apart = np.full(len(rgb), np.iinfo(np.int32).max)
    for number in chosen:
        apart = np.minimum(apart, ((rgb - rgb[number]) ** 2).sum(axis=1))
    while len(chosen) < PALETTE and apart.max() > 0:
        number = int(apart.argmax())
        chosen.append(number)
        apart = np.minimum(apart, ((rgb - rgb[number]) ** 2).sum(axis=1))
    return chosen
