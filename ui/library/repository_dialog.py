"""Opens a repository of the hub by its id and offers its model files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app import numbers_in_words as words
from app.library.events import RepositoryFile, RepositoryOpened
from models.errors import AppError
from ui.library.card import Card, plain_label, show_words
from ui.library.dialog import Dialog
from ui.library.facts_list import fit_height
from ui.transcript.untrusted_text import shown

if TYPE_CHECKING:
    from models.hub import HubFile

_WIDTH_PX = 840
_LIST_PX = 380
_REPOSITORY = re.compile(r"^[\w.-]{1,96}/[\w.-]{1,96}$", re.ASCII)
_ADDRESS = re.compile(r"^(https?://)?[\w.-]+\.[a-z]+/([\w.-]+/[\w.-]+)([/?#].*)?$", re.ASCII)


class FileCard(Card):
    """One model file of a repository.

    Signals:
        download_requested(file): a `HubFile`.
    """

    download_requested = Signal(object)

    def __init__(self, entry: RepositoryFile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._file: HubFile = entry.file
        name = shown(entry.file.path.rpartition("/")[2])
        self.show_title(name)
        parts = [words.size(entry.file.size_bytes), shown(entry.file.quantisation)]
        if len(entry.file.parts) > 1:
            parts.append(f"in {len(entry.file.parts)} files")
        show_words(self.facts_label, " · ".join(part for part in parts if part))
        self.show_fit(entry.fit)
        self.download_button = self.add_button(f"Download {words.size(entry.file.size_bytes)}")
        self.download_button.setAccessibleName(f"Download {name}, {words.size(entry.file.size_bytes)}")
        self.download_button.clicked.connect(self._download)

    @Slot()
    def _download(self) -> None:
        self.download_button.setEnabled(False)
        self.download_button.setText("Downloading")
        self.download_requested.emit(self._file)


class RepositoryDialog(Dialog):
    """A field for the id, and the files of what was opened.

    Signals:
        browse_requested(repo): list this repository.
        download_requested(file): a `HubFile`.
    """

    browse_requested = Signal(str)
    download_requested = Signal(object)

    def __init__(self, where: str, parent: QWidget) -> None:
        super().__init__("Open a repository", parent, width_px=_WIDTH_PX)
        self._repo = ""
        self.field = QLineEdit(placeholderText="owner/name", maxLength=400)
        self.field.setAccessibleName("Repository, as owner/name")
        self.open_button = QPushButton("Open")
        self.open_button.setAutoDefault(False)
        self.words_label = self.add_words(
            f"Any repository with GGUF files. Ponder asks {where} for the list of its files only.",
            "third",
        )
        row = QHBoxLayout()
        row.addWidget(self.field, 1)
        row.addWidget(self.open_button)
        self.body.addLayout(row)
        self.state_label = plain_label("", "second")
        self.error_label = plain_label("", "error")
        for label in (self.state_label, self.error_label):
            label.hide()
            self.body.addWidget(label)
        self._column = QVBoxLayout()
        self.list_area = self._make_list()
        self.body.addWidget(self.list_area, 1)
        self.body.addStretch(0)
        self.close_button = self.add_close()
        self.field.returnPressed.connect(self._open)
        self.open_button.clicked.connect(self._open)
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_list(self) -> QScrollArea:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 8, 0)
        column.addLayout(self._column)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        area.setAccessibleName("Files of the repository")
        area.hide()
        self._column.setSpacing(8)
        return area

    # Public methods

    def cards(self) -> list[FileCard]:
        """The files that are shown."""
        return self.list_area.findChildren(FileCard)

    @Slot(RepositoryOpened)
    def show_files(self, opened: RepositoryOpened) -> None:
        """Show what a repository holds, unless another one is looked at by now."""
        if opened.repo.lower() != self._repo.lower():
            return
        self._clear()
        for entry in opened.files:
            card = FileCard(entry)
            card.download_requested.connect(self.download_requested)
            self._column.addWidget(card)
        count = len(opened.files)
        show_words(
            self.state_label,
            f"{count} model{'' if count == 1 else 's'} in {opened.repo}. The licence stands on its page."
            if count
            else f"There is no GGUF file in {opened.repo}.",
        )
        self.list_area.setVisible(bool(count))
        fit_height(self.list_area, self.content_width_px, _LIST_PX)
        self.fit_to_content()
        self.open_button.setEnabled(True)

    def show_error(self, error: AppError, about: str) -> bool:
        """Say why it could not be opened. Says whether the error was of this repository."""
        if not self._repo or about.lower() != self._repo.lower():
            return False
        show_words(self.state_label, "")
        show_words(self.error_label, str(error))
        self.open_button.setEnabled(True)
        return True

    # Slots

    @Slot()
    def _open(self) -> None:
        repo = repository_id(self.field.text())
        if not repo:
            show_words(self.error_label, "Write it as owner/name, as on its page at the hub.")
            return
        self._repo = repo
        self._clear()
        self.list_area.hide()
        show_words(self.state_label, f"Asking for the files of {repo}…")
        self.open_button.setEnabled(False)
        self.browse_requested.emit(repo)

    def _clear(self) -> None:
        show_words(self.error_label, "")
        for card in self.cards():
            self._column.removeWidget(card)
            card.hide()
            card.setParent(None)
            card.deleteLater()


def repository_id(untrusted_text: str) -> str:
    """`owner/name` of what was typed, an address of its page too; "" where it is neither."""
    text = untrusted_text.strip().strip("/")
    if "://" in text or text.count("/") > 1:
        match = _ADDRESS.match(text)
        text = match.group(2) if match else ""
    return text if _REPOSITORY.match(text) and ".." not in text else ""
