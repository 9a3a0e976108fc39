"""What all cards of the Models page are made of: words on the left, badge and buttons on the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.library import fit_words
from models.fit import Fit, Verdict
from ui.elided_label import ElidedLabel
from ui.kinds import of_kind
from ui.theme import small_font, tabular
from ui.transcript.untrusted_text import shown

_LEAST_WORDS_PX, _MOST_WORDS_PX = 180, 300
_PROGRESS_STEPS = 1_000
_MARGIN_PX = 16
_GAP_PX = 14
_CHIP_GAP_PX = 8
_BADGES = {Verdict.FITS: "badge-good", Verdict.PARTLY: "badge-part"}


class Card(QFrame):
    """Puts badge and buttons under its words where it is narrow. Labels without words are hidden."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self.title_label = of_kind(ElidedLabel(), "heading")
        self.chip_label = plain_label("", "badge-good")
        self.chip_label.setWordWrap(False)
        self.facts_label = plain_label("", "third")
        self.facts_label.setFont(tabular(small_font()))
        self.sum_label = plain_label("", "third")
        self.reason_label = plain_label("", "small")
        self.note_label = plain_label("", "small")
        self.warning_label = plain_label("", "warning")
        self.error_label = plain_label("", "error")
        self.progress = QProgressBar(textVisible=False, maximum=_PROGRESS_STEPS)
        self.badge_label = plain_label("", "badge-plain")
        self.badge_label.setWordWrap(False)
        self.speed_label = plain_label("", "fact")
        self.speed_label.setWordWrap(False)
        self._title_row = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._side = QWidget()
        self._side_row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self._side)
        self._head = QHBoxLayout()
        self._whole = QVBoxLayout(self)
        self._measures = QHBoxLayout()
        self._buttons = QHBoxLayout()
        self._is_narrow: bool | None = None
        self._lay_out()

    # Construction

    def _lay_out(self) -> None:
        self._title_row.setSpacing(_CHIP_GAP_PX)
        self._title_row.addWidget(self.title_label)
        self._title_row.addWidget(self.chip_label, 0, Qt.AlignmentFlag.AlignLeft)
        self._title_row.addStretch(1)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addLayout(self._title_row)
        words.addWidget(self.facts_label)
        self._head.setSpacing(_GAP_PX)
        self._head.addLayout(words, 1)
        self._head.addWidget(self._side)
        self._whole.setContentsMargins(_MARGIN_PX, 14, _MARGIN_PX, 14)
        self._whole.setSpacing(4)
        self._whole.addLayout(self._head)
        for widget in (
            self.sum_label,
            self.reason_label,
            self.note_label,
            self.warning_label,
            self.error_label,
            self.progress,
        ):
            widget.hide()
            self._whole.addWidget(widget)
        for label in (self.chip_label, self.facts_label, self.badge_label, self.speed_label):
            label.hide()
        self._lay_out_side()

    def _lay_out_side(self) -> None:
        self._measures.setSpacing(_GAP_PX)
        for label in (self.badge_label, self.speed_label):
            self._measures.addWidget(label, 0, Qt.AlignmentFlag.AlignVCenter)
        self._buttons.setSpacing(8)
        self._side_row.setContentsMargins(0, 0, 0, 0)
        self._side_row.setSpacing(_GAP_PX)
        self._side_row.addLayout(self._measures)
        self._side_row.addLayout(self._buttons)

    def add_button(self, text: str, kind: str = "") -> QPushButton:
        """A button at the right end."""
        button = QPushButton(text)
        button.setAutoDefault(False)
        if kind:
            of_kind(button, kind)
        self._buttons.addWidget(button)
        return button

    # Public methods

    def buttons(self) -> list[QPushButton]:
        """The buttons, from the left."""
        items = [self._buttons.itemAt(place) for place in range(self._buttons.count())]
        return [w for item in items if item is not None and isinstance(w := item.widget(), QPushButton)]

    def show_title(self, untrusted_title: str) -> None:
        """What it is called; characters that would do something are made visible."""
        title = " ".join(shown(untrusted_title).split())
        self.title_label.setText(title)
        self.setAccessibleName(title)

    def show_fit(self, fit: Fit | None) -> None:
        """Badge and speed; nothing where nothing is known."""
        show_words(self.badge_label, fit_words.badge(fit) if fit is not None else "")
        kind = _BADGES.get(fit.verdict, "badge-plain") if fit is not None else "badge-plain"
        if self.badge_label.property("kind") != kind:
            of_kind(self.badge_label, kind)
        show_words(self.speed_label, fit_words.speed(fit) if fit is not None else "")
        self._arrange()

    def show_chip(self, text: str, *, is_best: bool) -> None:
        """What stands beside the title, "" for nothing."""
        show_words(self.chip_label, text)
        kind = "badge-good" if is_best else "badge-plain"
        if self.chip_label.property("kind") != kind:
            of_kind(self.chip_label, kind)
        self._arrange()

    def show_progress(self, fraction: float | None) -> None:
        """A bar under the words; None takes it away."""
        self.progress.setVisible(fraction is not None)
        self.progress.setValue(round((fraction or 0.0) * _PROGRESS_STEPS))

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One above the other where it is narrow."""
        super().resizeEvent(event)
        self._arrange()

    # Inside

    @property
    def _least_words_px(self) -> int:
        """Where less is left for the words, badge and buttons go under them; the title decides."""
        return min(max(self.title_label.sizeHint().width(), _LEAST_WORDS_PX), _MOST_WORDS_PX)

    def _arrange(self) -> None:
        """Put side by side what has room for it."""
        side = self._measures.sizeHint().width() + _GAP_PX + self._buttons.sizeHint().width()
        is_narrow = self.width() - 2 * _MARGIN_PX - _GAP_PX - side < self._least_words_px
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        room = self.width() - 2 * _MARGIN_PX - (0 if is_narrow else side + _GAP_PX)
        needed = self.title_label.sizeHint().width() + _CHIP_GAP_PX + self.chip_label.sizeHint().width()
        chip_below = not self.chip_label.isHidden() and needed > room
        self._title_row.setDirection(down if chip_below else across)
        if is_narrow == self._is_narrow:
            return
        self._is_narrow = is_narrow
        self._side_row.setDirection(down if is_narrow else across)
        self._side_row.setSpacing(10 if is_narrow else _GAP_PX)
        alignment = Qt.AlignmentFlag.AlignLeft if is_narrow else Qt.AlignmentFlag(0)
        for layout in (self._measures, self._buttons):
            self._side_row.setAlignment(layout, alignment)
        (self._head if is_narrow else self._whole).removeWidget(self._side)
        if is_narrow:
            self._side_row.setContentsMargins(0, 6, 0, 0)
            self._whole.addWidget(self._side, 0, alignment)
        else:
            self._side_row.setContentsMargins(0, 0, 0, 0)
            self._head.addWidget(self._side)


def plain_label(text: str, kind: str) -> QLabel:
    """A label that shows `text` as it is, never as markup."""
    return of_kind(QLabel(text, textFormat=Qt.TextFormat.PlainText, wordWrap=True), kind)


def show_words(label: QLabel, text: str) -> None:
    """Set the text of a label and hide it where there is none."""
    if label.text() != text:
        label.setText(text)
    label.setVisible(bool(text))
