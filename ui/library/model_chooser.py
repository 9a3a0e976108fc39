"""Takes another model: checks the file off the GUI thread, remembers it, and has it loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from app.settings import MAX_OPENED_MODELS, Settings
from models.errors import AppError
from models.gguf_info import read_chat_model
from ui.bridges.background import Background
from ui.settings.settings_keeper import SettingsKeeper


class ModelChooser(QObject):
    """Knows which model is chosen.

    Signals:
        chosen(path): this model is to be loaded; its file was checked and the choice is saved.
        refused(error): the file cannot be used; an `AppError`.
    """

    chosen = Signal(Path)
    refused = Signal(AppError)

    def __init__(
        self,
        *,
        keeper: SettingsKeeper,
        background: Background,
        built_in_model: Path,
        models_dir: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self._background = background
        self._built_in_model = built_in_model
        self._models_dir = models_dir

    @property
    def built_in_model(self) -> Path:
        """The model in the box."""
        return self._built_in_model

    @property
    def current(self) -> Path:
        """The model that is chosen."""
        return chosen_model(self._keeper.settings, self._built_in_model)

    @Slot(Path)
    def use(self, path: Path) -> None:
        """Check the file, then have it loaded."""
        self._check(path, self._use_checked)

    def ask_for_file(self, parent: QWidget) -> QFileDialog:
        """Ask for a GGUF file, to be used at once."""
        dialog = QFileDialog(parent, "Open a model file")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters(["GGUF models (*.gguf)", "All files (*)"])
        dialog.fileSelected.connect(self._use_name)
        dialog.open()
        return dialog

    @Slot(str)
    def _use_name(self, name: str) -> None:
        self._check(Path(name), self._use_checked)

    def _check(self, path: Path, then: Callable[[Path], None]) -> None:
        def check() -> Path:
            read_chat_model(path)
            return path.absolute()

        self._background.run(check, done=then, failed=self.refused.emit)

    def _use_checked(self, path: Path) -> None:
        built_in = path == self._built_in_model.absolute()
        if not built_in:
            self._remember(path)
        self._keeper.change(model_path="" if built_in else str(path))
        self.chosen.emit(self.current)

    def _remember(self, path: Path) -> None:
        """The models folder is listed anyway; other files are kept by their path."""
        if path.is_relative_to(self._models_dir) or path == self._built_in_model:
            return
        names = dict.fromkeys([str(path), *self._keeper.settings.opened_models])
        self._keeper.change(opened_models=tuple(names)[:MAX_OPENED_MODELS])


def chosen_model(settings: Settings, built_in_model: Path) -> Path:
    """The model file that the settings name."""
    return Path(settings.model_path) if settings.model_path else built_in_model
