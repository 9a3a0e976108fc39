"""Offers the model files that other apps keep on this computer, to be used where they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from app import numbers_in_words as words
from ui.library.card import Card, show_words
from ui.library.dialog import Dialog
from ui.library.facts_list import fit_height
from ui.transcript.untrusted_text import shown

if TYPE_CHECKING:
    from models.other_apps import FoundFile

_WIDTH_PX = 680
_LIST_PX = 360


class FoundCard(Card):
    """One file of another app.

    Signals:
        add_requested(path, title): it is to join the list.
    """

    add_requested = Signal(Path, str)

    def __init__(self, found: FoundFile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._found = found
        title = shown(found.title)
        self.show_title(title)
        show_words(self.facts_label, f"{words.size(found.size_bytes)} · {found.app}")
        show_words(self.sum_label, shown(str(found.path)))
        self.add_button_ = self.add_button("Add")
        self.add_button_.setAccessibleName(f"Add {title}")
        show_words(self.error_label, found.problem)
        self.add_button_.setEnabled(not found.problem)
        self.add_button_.clicked.connect(self._add)

    @Slot()
    def _add(self) -> None:
        self.add_button_.setEnabled(False)
        self.add_button_.setText("Added")
        self.add_requested.emit(self._found.path, self._found.title)


class FoundFilesDialog(Dialog):
    """The list, once it is there.

    Signals:
        add_requested(path, title): a file is to join the list, used where it is.
    """

    add_requested = Signal(Path, str)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Files of other apps", parent, width_px=_WIDTH_PX)
        self.state_label = self.add_words("Looking…")
        page = QWidget()
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 8, 0)
        self._column.setSpacing(8)
        self._column.addStretch(1)
        self.list_area = QScrollArea()
        self.list_area.setWidgetResizable(True)
        self.list_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list_area.setWidget(page)
        self.list_area.setAccessibleName("Files of other apps")
        self.list_area.hide()
        self.body.addWidget(self.list_area, 1)
        self.close_button = self.add_close()

    def cards(self) -> list[FoundCard]:
        """The files that are shown."""
        return self.list_area.findChildren(FoundCard)

    def show_files(self, files: Sequence[FoundFile]) -> None:
        """Show what was found."""
        for found in files:
            card = FoundCard(found)
            card.add_requested.connect(self.add_requested)
            self._column.insertWidget(self._column.count() - 1, card)
        if files:
            text = "They stay where they are. What the other app deletes is gone here too."
        else:
            text = (
                "Nothing new was found. Ponder looked where the Hugging Face cache, LM Studio, GPT4All, Jan "
                "and Ollama keep their models."
            )
        self.state_label.setText(text)
        self.list_area.setVisible(bool(files))
        fit_height(self.list_area, self.content_width_px, _LIST_PX)
        self.fit_to_content()
