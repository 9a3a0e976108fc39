"""How much of the model's context the chat takes, as numbers and as a thin bar, and how large it is to be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from ui.theme import Theme, small_font, tabular
from ui.widgets.text_button import TextButton

AUTOMATIC = 0
CONTEXT_SIZES = (2_048, 4_096, 8_192, 16_384, 32_768, 65_536, 131_072)
_BAR_WIDTH_PX = 110
_BAR_HEIGHT_PX = 6
_NEARLY_FULL = 0.85
_BAR_FROM_PX = 620
_NUMBERS_FROM_PX = 540


class ContextUse(NamedTuple):
    """What is in the context, in tokens. `thought` is free again with the next question."""

    history: int = 0
    thought: int = 0
    size: int = 0

    @property
    def room(self) -> int:
        """What is left of it now."""
        return max(self.size - self.history - self.thought, 0)


class ContextMeter(QWidget):
    """What is in the context of the chat in front; pressed, it offers other sizes for this chat.

    Hidden until the size of the context is known.

    Signals:
        size_chosen(tokens): the context of this chat is to be so large; 0 is what fits.
    """

    size_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers = TextButton("")
        self.numbers.setFont(tabular(small_font()))
        self.bar = _Bar(theme)
        self._menu = QMenu(self)
        self._sizes = QActionGroup(self)
        self._sizes.triggered.connect(self._on_triggered)
        self.numbers.setMenu(self._menu)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.numbers)
        layout.addWidget(self.bar)
        self._use = ContextUse()
        self._is_short = False
        self.show_sizes((), AUTOMATIC)
        self.hide()

    def show_use(self, use: ContextUse) -> None:
        """Show exact numbers; nothing where the size is not known."""
        self.setVisible(use.size > 0)
        if not use.size:
            return
        self._use = use
        self._say()
        tip = f"History {use.history:,} tokens, this thought {use.thought:,}, room left {use.room:,}"
        tip += f", of {use.size:,} that the model can hold.\nPress to change it for this chat."
        self.setToolTip(tip)
        self.numbers.setAccessibleName(f"Context: {tip}")
        self.bar.show_fractions(use.history / use.size, use.thought / use.size)

    def show_sizes(self, sizes: Sequence[int], chosen: int) -> None:
        """Offer these sizes for this chat; `chosen` 0 is what fits."""
        self._menu.clear()
        for action in self._sizes.actions():
            self._sizes.removeAction(action)
        heading = self._menu.addAction("Context of this chat")
        heading.setEnabled(False)
        for size in dict.fromkeys((AUTOMATIC, *sizes, chosen)):
            action = self._menu.addAction(f"{size:,} tokens" if size else "What fits in memory")
            action.setData(size)
            action.setCheckable(True)
            action.setChecked(size == chosen)
            self._sizes.addAction(action)

    def set_room(self, width_px: int) -> None:
        """Numbers alone where the header is narrow, and a percentage where it is narrower still."""
        self.bar.setVisible(width_px >= _BAR_FROM_PX)
        self._is_short = width_px < _NUMBERS_FROM_PX
        self._say()

    def set_theme(self, theme: Theme) -> None:
        """Paint with these colours."""
        self.bar.set_theme(theme)

    def _say(self) -> None:
        used, size = self._use.history + self._use.thought, self._use.size
        if size:
            self.numbers.setText(f"{used * 100 // size} % ▾" if self._is_short else f"{used:,} of {size:,} ▾")

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        self.size_chosen.emit(action.data())


def sizes_for(trained_tokens: int) -> list[int]:
    """The sizes to offer for a model that was trained for so many tokens."""
    return (
        [*(size for size in CONTEXT_SIZES if size < trained_tokens), trained_tokens] if trained_tokens else []
    )


class _Bar(QWidget):
    """What stays in the chat in the accent colour, the thinking after it in grey."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._kept = 0.0
        self._thinking = 0.0
        self.setFixedSize(QSize(_BAR_WIDTH_PX, _BAR_HEIGHT_PX))

    def show_fractions(self, kept: float, thinking: float) -> None:
        self._kept, self._thinking = min(kept, 1.0), min(thinking, 1.0)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = QRectF(self.rect())
        full = self._kept + self._thinking
        kept_colour = self._theme.amber if self._kept > _NEARLY_FULL else self._theme.accent
        for fraction, colour in (
            (1.0, self._theme.line),
            (full, self._theme.third),
            (self._kept, kept_colour),
        ):
            part = QRectF(whole)
            part.setWidth(min(max(whole.width() * fraction, 0.0), whole.width()))
            painter.setBrush(QColor(colour))
            radius = min(3.0, part.width() / 2)
            painter.drawRoundedRect(part, radius, radius)
