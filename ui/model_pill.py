"""The pill in the header: which model answers, and a menu to take another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QMenu, QPushButton, QSizePolicy, QWidget

from ui.kinds import of_kind

_LONGEST_NAME = 40
_LEAST_PX = 72


class PillChoice(NamedTuple):
    """A model of the menu; `detail` says in a few words how it fits, "" where that is not known."""

    title: str
    detail: str
    path: Path


class ModelPill(QPushButton):
    """Names the model and offers the others. Where there is no room for the name, it ends in "…".

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
        self._words = ""
        self._room_px = 0
        self._built_in_model = built_in_model
        self._choices: tuple[PillChoice, ...] = ()
        self._current: Path | None = None
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self._menu.triggered.connect(self._on_triggered)
        self.setMenu(self._menu)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.show_model("Loading…", is_built_in=False)

    def show_model(self, title: str, is_built_in: bool) -> None:
        """Name the model; the built-in one says that it is a demonstration."""
        short = title if len(title) <= _LONGEST_NAME else title[: _LONGEST_NAME - 1] + "…"
        self._words = words = f"{short} · demonstration" if is_built_in else short
        self.setText(_on_button(words))
        self._elide()
        self.setAccessibleName(f"Model: {words}")

    def set_choices(self, current: Path, choices: Sequence[PillChoice]) -> None:
        """The file in use, and the models to choose from beside the built-in one."""
        self._current = current
        self._choices = tuple(choices)

    def set_room(self, room_px: int) -> None:
        """It may be so wide at most; it takes no more than its name needs."""
        if room_px != self._room_px:
            self._room_px = room_px
            self.updateGeometry()

    def _elide(self) -> None:
        metrics = self.fontMetrics()
        room_px = self.width() - super().sizeHint().width() + metrics.horizontalAdvance(self.text())
        room_px -= metrics.horizontalAdvance(_on_button(""))
        is_whole = self.width() >= self.sizeHint().width()  # by whole pixels; letters have parts of them
        right = Qt.TextElideMode.ElideRight
        shown = self._words if is_whole else metrics.elidedText(self._words, right, room_px)
        if _on_button(shown) != self.text():
            self.setText(_on_button(shown))

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

    # Qt overrides

    def sizeHint(self) -> QSize:
        """As wide as the whole name needs, whatever is shown of it."""
        width_px = self.fontMetrics().horizontalAdvance
        return super().sizeHint() + QSize(width_px(_on_button(self._words)) - width_px(self.text()), 0)

    def minimumSizeHint(self) -> QSize:
        """The whole name where there is room for it, else what there is, at least a few letters."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), max(self._room_px, _LEAST_PX)), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as much of the name as there is room for."""
        super().resizeEvent(event)
        self._elide()


def _on_button(words: str) -> str:
    """How words are written on the button: it opens a menu."""
    return words.replace("&", "&&") + " ▾"
