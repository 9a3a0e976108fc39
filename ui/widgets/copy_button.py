"""A button that copies a text and says so for a moment."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtWidgets import QWidget

from ui.transcript.clipboard import put_on_clipboard
from ui.widgets.text_button import TextButton

SAID_MS = 1_600
COPIED = "Copied"


class CopyButton(TextButton):
    """Copies what `text` gives at the moment it is pressed, as plain text.

    It is as wide as the wider of the two words it says, so that nothing beside it moves. The narrower one
    stands at its left, or with `at_right` at its right.
    """

    def __init__(
        self,
        text: Callable[[], str],
        name: str,
        parent: QWidget | None = None,
        *,
        words: str = "Copy",
        at_right: bool = False,
    ) -> None:
        """`name` is what a screen reader calls it: "Copy the answer". `words` stand on the button."""
        super().__init__(words, parent)
        self._text = text
        self._words = words
        self.setProperty("side", "right" if at_right else "left")
        self.setAccessibleName(name)
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(SAID_MS)
        self._said.timeout.connect(self._say_copy)
        self.clicked.connect(self._copy)

    @Slot()
    def _copy(self) -> None:
        put_on_clipboard(self._text())
        self.setText(COPIED)
        self._said.start()

    @Slot()
    def _say_copy(self) -> None:
        self.setText(self._words)

    # Qt overrides

    def sizeHint(self) -> QSize:
        """Room for the wider of its words."""
        said_px, *others_px = (
            self.fontMetrics().size(Qt.TextFlag.TextShowMnemonic.value, words).width()
            for words in (self.text(), self._words, COPIED)
        )
        return super().sizeHint() + QSize(max(others_px) - said_px, 0)
