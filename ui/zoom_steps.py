"""The sizes that the text of the transcript comes in."""

from __future__ import annotations

ZOOMS = (60, 70, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300)
"""In per cent."""


def zoom_by(zoom_percent: int, steps: int) -> int:
    """The size so many steps larger than this one, or than the nearest there is; at most the last."""
    nearest = min(range(len(ZOOMS)), key=lambda number: abs(ZOOMS[number] - zoom_percent))
    return ZOOMS[min(max(nearest + steps, 0), len(ZOOMS) - 1)]
