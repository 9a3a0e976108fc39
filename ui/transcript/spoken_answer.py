"""An answer with formulas, for a screen reader: their sources stand in the text.

Qt's own interface of a text gives the text of its document, in which a drawn formula is one character. Here
the places are those of the text that is said.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QAccessibleTextInterface, QTextCursor
from PySide6.QtWidgets import QAccessibleWidget, QTextEdit
from shiboken6 import VoidPtr, getCppPointer

from ui.transcript.formulas.objects import OBJECT, SOURCE, selected_text
from ui.transcript.formulas.written_out import Places, written_out
from ui.utf16 import utf16_part

_SAID_AS = str.maketrans({"\ufdd0": "\t", "\ufdd1": "\n", "\u2029": "\n", "\u2028": "\n"})
"""Each is one place before and after."""


def spoken_answer(answer: QObject) -> SpokenAnswer | None:
    """For an answer with formulas; None: Qt's own is better, which knows lines and fonts too."""
    if isinstance(answer, QTextEdit) and OBJECT in answer.document().toPlainText():
        return SpokenAnswer(answer)
    return None


class SpokenAnswer(QAccessibleWidget):
    """An answer with formulas."""

    def __init__(self, answer: QTextEdit) -> None:
        super().__init__(answer, QAccessible.Role.StaticText)
        self._text = SpokenText(self)

    # Qt overrides

    def interface_cast(self, kind: QAccessible.InterfaceType) -> object:  # type: ignore[override]
        """The text, besides what any widget has.

        WORKAROUND: PySide crashes over the int that its own hints name, and over None.
        """
        if kind == QAccessible.InterfaceType.TextInterface:
            return VoidPtr(getCppPointer(self._text)[0])
        address = super().interface_cast(kind)
        return VoidPtr(0) if address is None else address

    def state(self) -> QAccessible.State:
        """As Qt says it of a text that cannot be changed."""
        state = super().state()
        state.readOnly = True
        state.multiLine = True
        return state

    def text(self, kind: QAccessible.Text) -> str:
        """Its value is the whole text."""
        if kind == QAccessible.Text.Value:
            return self._text.text(0, self._text.characterCount())
        return super().text(kind)


class SpokenText(QAccessibleTextInterface):
    """The text with the source of each formula in its place. Offsets count as UTF-16 does, as all of Qt's.

    Words, sentences and paragraphs are found by Qt in what `text` gives. A line is a paragraph here.
    """

    def __init__(self, answer: QAccessibleWidget) -> None:
        super().__init__()
        self._answer = answer
        self._revision = -1
        self._places = Places({})

    @property
    def _edit(self) -> QTextEdit:
        edit = self._answer.widget()
        assert isinstance(edit, QTextEdit)
        return edit

    @property
    def places(self) -> Places:
        """Where what stands in the document is in this text."""
        document = self._edit.document()
        if document.revision() != self._revision:
            self._revision, self._places = document.revision(), written_out(document, SOURCE)[1]
        return self._places

    # Qt overrides

    def text(self, start: int, end: int) -> str:
        """What is said from one offset to another."""
        cursor = QTextCursor(self._edit.document())
        cursor.select(QTextCursor.SelectionType.Document)
        return utf16_part(selected_text(cursor).translate(_SAID_AS), start, end)

    def characterCount(self) -> int:
        """How many places the text has."""
        return self.places.offset(self._edit.document().characterCount() - 1)

    def characterRect(self, offset: int) -> QRect:
        """Where it stands on the screen; a formula as a whole."""
        edit, cursor = self._edit, QTextCursor(self._edit.document())
        cursor.setPosition(self._position(offset))
        here = edit.cursorRect(cursor)
        if cursor.movePosition(QTextCursor.MoveOperation.NextCharacter):
            behind = edit.cursorRect(cursor)
            if behind.top() == here.top():
                here.setRight(max(behind.left(), here.left()))
        return here.translated(edit.viewport().mapToGlobal(QPoint(0, 0)))

    def offsetAtPoint(self, point: QPoint) -> int:
        """The character at a place of the screen, -1 where there is none."""
        edit = self._edit
        at = edit.viewport().mapFromGlobal(point).toPointF()
        position = edit.document().documentLayout().hitTest(at, Qt.HitTestAccuracy.ExactHit)
        return -1 if position < 0 else self.places.offset(position)

    def cursorPosition(self) -> int:
        """Where the cursor stands, if it does."""
        return self.places.offset(self._edit.textCursor().position())

    def setCursorPosition(self, offset: int) -> None:
        """Put the cursor there."""
        self._select(offset, offset)

    def selectionCount(self) -> int:
        """PySide has no way to say where a selection begins and ends, so there is none."""
        return 0

    def addSelection(self, start: int, end: int) -> None:
        """Select from one offset to another."""
        self._select(start, end)

    def setSelection(self, _number: int, start: int, end: int) -> None:
        """The same in place of what is selected."""
        self._select(start, end)

    def removeSelection(self, _number: int) -> None:
        """Select nothing."""
        self._select(self.cursorPosition(), self.cursorPosition())

    def scrollToSubstring(self, _start: int, _end: int) -> None:
        """An answer does not scroll: its page does."""

    def _position(self, offset: int) -> int:
        return min(self.places.position(offset), self._edit.document().characterCount() - 1)

    def _select(self, start: int, end: int) -> None:
        cursor = self._edit.textCursor()
        cursor.setPosition(self._position(start))
        cursor.setPosition(self._position(end), QTextCursor.MoveMode.KeepAnchor)
        self._edit.setTextCursor(cursor)
