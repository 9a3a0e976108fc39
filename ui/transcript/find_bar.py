"""The slim bar that finds words in the chat in front."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from ui import theme as look
from ui.kinds import of_kind
from ui.theme import COLUMN_WIDTH_PX
from ui.transcript.finder import PAUSE_MS, Finder
from ui.transcript.found_text import MAX_WORDS_CHARS
from ui.widgets.text_button import TextButton

FIELD_PX = 280
ONE_LINE_FROM_PX = 540
WIDEST_COUNTS = ("999 of 9,999", "9,999 so far…", "9,999 found", "Not found")


class FindBar(QFrame):
    """A field, how many there are, and the way to the next one. Enter and F3 go on, with Shift back.

    Signals:
        left: it was closed by the user.
    """

    left = Signal()

    def __init__(self, finder: Finder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "find")
        self._finder = finder
        self._said = ""
        self.field = of_kind(QLineEdit(placeholderText="Find in this chat"), "small")
        self.field.setAccessibleName("Find in this chat")
        self.field.setMaxLength(MAX_WORDS_CHARS)
        self.count = of_kind(QLabel(), "small")
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.count.setFont(look.tabular(look.small_font()))
        widths = (self.count.fontMetrics().horizontalAdvance(words) for words in WIDEST_COUNTS)
        self.count.setMinimumWidth(max(widths))
        self.thoughts = TextButton("", self)
        self.thoughts.setCheckable(True)
        self.thoughts.setToolTip("Go to matches in thoughts too. Thoughts of earlier days are not kept.")
        self.previous = self._button("Previous", "Previous match (Shift+Enter)")
        self.next = self._button("Next", "Next match (Enter)")
        self.close_button = self._button("Close", "Close (Esc)")
        self.close_button.setAccessibleName("Close the find bar")
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._lay_out()
        self._connect()
        self._say()
        self.hide()

    def _button(self, words: str, tool_tip: str) -> TextButton:
        button = TextButton(words, self)
        button.setToolTip(tool_tip)
        return button

    def _lay_out(self) -> None:
        self.field.setMaximumWidth(FIELD_PX)
        self.field.setMinimumWidth(90)
        self.field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        # As wide as the column of text, and what comes and goes at the end: nothing moves under the hand.
        bar = QWidget(self)
        bar.setMaximumWidth(COLUMN_WIDTH_PX)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(12, 6, 12, 6)
        outer.addStretch(1)
        outer.addWidget(bar, 1000)
        outer.addStretch(1)
        self._lines = lines = QVBoxLayout(bar)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(4)
        self._row = row = QHBoxLayout()
        row.setSpacing(4)
        lines.addLayout(row)
        row.addWidget(self.field, 1000)
        row.addSpacing(4)
        for widget in (self.count, self.previous, self.next):
            row.addWidget(widget)
        row.addWidget(self.thoughts)
        row.addStretch(1)
        row.addWidget(self.close_button)

    def _connect(self) -> None:
        self.field.textChanged.connect(self._on_text_changed)
        self._pause.timeout.connect(self._look)
        self.thoughts.toggled.connect(self._finder.include_thoughts)
        self.previous.clicked.connect(self.go_back)
        self.next.clicked.connect(self.go_on)
        self.close_button.clicked.connect(self.leave)
        self._finder.counted.connect(self._say)

    # Public methods

    def open(self) -> None:
        """Begin to type, or type other words."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        if self.field.text() and not self._finder.total:
            self._look()

    def show_found(self, words: str, turn_id: int) -> None:
        """Mark what a search in all chats found in that turn; the keys stay where they are."""
        self.field.setText(words)
        self._pause.stop()
        if words:
            self.show()
            self._finder.look_for(words, turn_id)

    def forget(self) -> None:
        """Another chat comes: find nothing any more."""
        self._pause.stop()
        self._finder.stop()
        self.hide()

    # Slots

    @Slot()
    def go_on(self) -> None:
        """To the next match."""
        self._go(1)

    @Slot()
    def go_back(self) -> None:
        """To the match before."""
        self._go(-1)

    @Slot()
    def leave(self) -> None:
        """The user has found enough."""
        self.forget()
        self.left.emit()

    @Slot()
    def _on_text_changed(self) -> None:
        self._pause.start()

    @Slot()
    def _look(self) -> None:
        self._pause.stop()
        self._finder.look_for(self.field.text())

    @Slot()
    def _say(self) -> None:
        finder = self._finder
        number, total, inside = finder.number, finder.total, finder.in_thoughts
        if not self.field.text():
            said = ""
        elif finder.is_looking:
            said = f"{total:,} so far…"
        elif number:
            said = f"{number:,} of {total:,}"
        else:
            said = f"{total:,} found" if total else "0 in messages" if inside else "Not found"
        self.count.setText(said)
        self.thoughts.setVisible(inside > 0 or self.thoughts.isChecked())
        self.thoughts.setText(
            "Thoughts too ✓"
            if self.thoughts.isChecked()
            else f"{'and ' if total else ''}{inside:,} in thoughts"
        )
        for button in (self.previous, self.next):
            button.setEnabled(total > 0)
        self._speak(f"{said}, {self.thoughts.text()}" if inside and not total else said)

    # Inside

    def _go(self, steps: int) -> None:
        if self._pause.isActive():
            self._look()
        self._finder.go(steps)

    def _speak(self, said: str) -> None:
        """A screen reader hears what changed, once all is counted."""
        if said != self._said and not self._finder.is_looking:
            self._said = said
            if said and QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))

    # Qt overrides

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where it is narrow, what is in thoughts stands in a line of its own."""
        super().resizeEvent(event)
        is_narrow = event.size().width() < ONE_LINE_FROM_PX
        if is_narrow and self._row.indexOf(self.thoughts) >= 0:
            self._row.removeWidget(self.thoughts)
            self._lines.addWidget(self.thoughts)
        elif not is_narrow and self._lines.indexOf(self.thoughts) >= 0:
            self._lines.removeWidget(self.thoughts)
            self._row.insertWidget(self._row.indexOf(self.next) + 1, self.thoughts)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter goes on, with Shift back; Escape closes."""
        back = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._go(-1 if back else 1)
            case Qt.Key.Key_Escape:
                self.leave()
            case _:
                super().keyPressEvent(event)
