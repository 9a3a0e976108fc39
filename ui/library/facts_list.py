"""Names and values, one pair a line, for dialogs that explain."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.kinds import of_kind
from ui.library.card import plain_label
from ui.transcript.clipboard import SelectableLabel

_NAME_WIDTH_PX = 140


class FactsList(QScrollArea):
    """A page of headings, names with values, and paragraphs; it scrolls where it is long."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setAccessibleName(name)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._page = QWidget()
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(4)
        self._column.addStretch(1)
        self.setWidget(self._page)

    def add_heading(self, text: str) -> None:
        """Begin a part."""
        if self._column.count() > 1:
            self._add(_gap())
        self._add(plain_label(text, "section"))

    def add_facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Names with values; what has no value is left out."""
        for name, value in facts:
            if value:
                name_label = plain_label(name, "third")
                name_label.setFixedWidth(_NAME_WIDTH_PX)
                label = of_kind(SelectableLabel(value), "fact")
                row = QHBoxLayout()
                row.setSpacing(12)
                row.addWidget(name_label, 0, Qt.AlignmentFlag.AlignTop)
                row.addWidget(label, 1)
                self._column.insertLayout(self._column.count() - 1, row)

    def add_words(self, text: str, kind: str = "second") -> None:
        """A paragraph."""
        if text:
            self._add(plain_label(text, kind))

    def add_warning(self, text: str) -> None:
        """A paragraph on amber."""
        box = of_kind(QFrame(), "amber")
        layout = QVBoxLayout(box)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.addWidget(plain_label(text, ""))
        self._add(box)

    def texts(self) -> list[str]:
        """All that stands there, from above."""
        return [label.text() for label in self._page.findChildren(QLabel)]

    def _add(self, widget: QWidget) -> None:
        self._column.insertWidget(self._column.count() - 1, widget)


def fit_height(area: QScrollArea, width_px: int, most_px: int) -> None:
    """Make a scroll area of this width as high as what is in it, up to `most_px`."""
    page = area.widget()
    layout = page.layout() if page is not None else None
    if layout is None:
        return
    layout.activate()
    area.setMinimumHeight(min(needed_height(layout, width_px), most_px))


def needed_height(layout: QLayout, width_px: int) -> int:
    """How high it has to be for a width: more than its least size where words wrap, and at times less."""
    if layout.hasHeightForWidth():
        return layout.totalHeightForWidth(width_px)
    return layout.totalMinimumSize().height()


def _gap() -> QWidget:
    gap = QWidget()
    gap.setFixedHeight(8)
    return gap
