"""The pill in the header: which model answers, and a menu to take another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from ui.kinds import of_kind

_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class PillChoice:
    """A model of the menu; `detail` says in a few words how it fits, "" where that is not known."""

    title: str
    detail: str
    path: Path


class ModelPill(QPushButton):
    """Names the model and offers the others.

    Signals:
        model_chosen(path): a model file of the menu.
        file_dialog_requested: "Open a model file…".
        models_page_requested: "All models".
    """

    model_chosen = Signal(Path)
    file_dialog_requested = Signal()
    models_page_requested = Signal()

    def __init__(self, built_in_model: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "pill")
        self._built_in_model = built_in_model
        self._choices: tuple[PillChoice, ...] = ()
        self._current: Path | None = None
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_triggered)
        self.setMenu(self._menu)
        self.show_model("Loading…", is_built_in=False)

    def show_model(self, title: str, is_built_in: bool) -> None:
        """Name the model; the built-in one says that it is a demonstration."""
        short = title if len(title) <= _LONGEST_NAME else title[: _LONGEST_NAME - 1] + "…"
        words = f"{short} · demonstration" if is_built_in else short
        self.setText(words.replace("&", "&&") + " ▾")
        self.setAccessibleName(f"Model: {words}")

    def set_choices(self, current: Path, choices: Sequence[PillChoice]) -> None:
        """The file in use, and the models to choose from beside the built-in one."""
        self._current = current
        self._choices = tuple(choices)

    @Slot()
    def _fill_menu(self) -> None:
        from models.library import BUILT_IN_TITLE  # here: the window need not wait for it

        self._menu.clear()
        self._add_model(f"{BUILT_IN_TITLE} (built in)", self._built_in_model)
        for choice in self._choices:
            self._add_model(choice.title, choice.path, choice.detail)
        self._menu.addSeparator()
        self._menu.addAction("Open a model file…", self.file_dialog_requested.emit)
        self._menu.addAction("All models", self.models_page_requested.emit)

    def _add_model(self, name: str, path: Path, detail: str = "") -> None:
        short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
        words = short.replace("&", "&&").replace("\t", " ")
        action = self._menu.addAction(f"{words}\t{detail}" if detail else words)
        action.setData(str(path))
        action.setCheckable(True)
        action.setChecked(path == self._current)

    @Slot(QAction)
    def _on_triggered(self, action: QAction) -> None:
        if action.data():
            self.model_chosen.emit(Path(action.data()))
