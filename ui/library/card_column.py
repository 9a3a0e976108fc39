"""A column of cards with one for each key, kept in order; a card that stays is not made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

AnyCard = TypeVar("AnyCard", bound=QWidget)
Entry = TypeVar("Entry")


class CardColumn(Generic[AnyCard, Entry]):
    """Cards in `layout`. Focus and the place in the page stay where a card only changes."""

    def __init__(
        self, layout: QVBoxLayout, make: Callable[[Entry], AnyCard], show: Callable[[AnyCard, Entry], None]
    ) -> None:
        self._layout = layout
        self._make = make
        self._show = show
        self._cards: dict[str, AnyCard] = {}

    def cards(self) -> Sequence[AnyCard]:
        """The cards, from above."""
        return tuple(self._cards.values())

    def card(self, key: str) -> AnyCard | None:
        """The card of that key."""
        return self._cards.get(key)

    def show(self, entries: Iterable[tuple[str, Entry]]) -> None:
        """Show these under their keys, in this order."""
        wanted = dict(entries)
        for key in [key for key in self._cards if key not in wanted]:
            card = self._cards.pop(key)
            self._layout.removeWidget(card)
            card.hide()
            card.deleteLater()
        cards: dict[str, AnyCard] = {}
        for key, entry in wanted.items():
            known = self._cards.get(key)
            if known is None:
                known = self._make(entry)
            else:
                self._show(known, entry)
            cards[key] = known
        for place, card in enumerate(cards.values()):
            if self._layout.indexOf(card) != place:
                self._layout.removeWidget(card)
                self._layout.insertWidget(place, card)
        self._cards = cards
