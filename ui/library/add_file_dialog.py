"""Asks how model files join the list: used where they are, or copied into Ponder's folder."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QRadioButton, QWidget

from ui.library.card import plain_label
from ui.library.dialog import Dialog
from ui.transcript.untrusted_text import shown

_LATER_PART = re.compile(r"-(?!00001)\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)
_SHOWN_NAMES = 4


class AddFileDialog(Dialog):
    """In place or copied.

    Signals:
        add_requested(path, copy): once for each file.
    """

    add_requested = Signal(Path, bool)

    def __init__(self, paths: Sequence[Path], parent: QWidget) -> None:
        super().__init__("Add a file" if len(paths) == 1 else f"Add {len(paths)} files", parent)
        self._paths = tuple(paths)
        for path in self._paths[:_SHOWN_NAMES]:
            self.body.addWidget(plain_label(shown(path.name), "heading"))
            self.body.addWidget(plain_label(shown(str(path.parent)), "third"))
        if len(paths) > _SHOWN_NAMES:
            self.add_words(f"and {len(paths) - _SHOWN_NAMES} more", "third")
        self.in_place_button = QRadioButton("Use it where it is")
        self.copy_button = QRadioButton("Copy it into Ponder's folder")
        for button, words in (
            (self.in_place_button, "Takes no room. If the file is moved, it leaves the list."),
            (self.copy_button, "Takes its size once more; the first file may then go."),
        ):
            self.body.addWidget(button)
            self.body.addWidget(plain_label(words, "third"))
        self.in_place_button.setChecked(True)
        self.add_button = self.add_action("Add", is_main=True)
        self.add_close("Cancel")
        self.add_button.clicked.connect(self._add)

    @Slot()
    def _add(self) -> None:
        for path in self._paths:
            self.add_requested.emit(path, self.copy_button.isChecked())
        self.accept()


class ChooseFilesDialog(QFileDialog):
    """Asks for GGUF files.

    Signals:
        chosen(paths): a list of `Path`, at least one.
    """

    chosen = Signal(list)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, "Add a model file")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self.setNameFilters(["GGUF models (*.gguf)", "All files (*)"])
        self.filesSelected.connect(self._on_selected)

    @Slot(list)
    def _on_selected(self, names: list[str]) -> None:
        paths = first_parts(Path(name) for name in names)
        if paths:
            self.chosen.emit(paths)


def dropped_files(data: QMimeData) -> list[Path]:
    """The GGUF files among what is dragged over the window, each model once."""
    names = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
    return first_parts(Path(name) for name in names if name.lower().endswith(".gguf"))


def first_parts(paths: Iterable[Path]) -> list[Path]:
    """A model in several files is added by its first: the others go where that one is given too."""
    given = list(dict.fromkeys(paths))
    names = {path.name.lower() for path in given}

    def first_of(path: Path) -> str:
        return re.sub(r"-\d{5}(?=-of-\d{5}\.gguf$)", "-00001", path.name.lower())

    return [path for path in given if not _LATER_PART.search(path.name) or first_of(path) not in names]
