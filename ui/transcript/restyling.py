"""Texts take another theme or size: what is in sight at once, all else a little at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from shiboken6 import isValid

from ui.theme import Theme
from ui.widgets.safe_browser import SafeBrowser


def restyling(texts: Sequence[SafeBrowser], theme: Theme) -> Iterator[int]:
    """Restyle what is in sight; gives steps that do the rest, each the characters it took."""
    works = [(text, text.restyling(theme)) for text in texts]
    for text, work in works:
        if not text.viewport().visibleRegion().isEmpty():
            next(work, None)
    return _rest(works)


def _rest(works: Sequence[tuple[SafeBrowser, Iterator[int]]]) -> Iterator[int]:
    for text, work in works:
        # One far away may be taken off the page meanwhile.
        while isValid(text) and (characters := next(work, None)) is not None:
            yield characters
