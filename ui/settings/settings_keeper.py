"""The settings while the window is open: one value, changed in place, saved off the GUI thread."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.settings import Settings, save_settings
from models.errors import AppError
from ui.bridges.background import Background


class SettingsKeeper(QObject):
    """Holds the settings in force.

    Signals:
        changed(settings): they are in force now; saving may still fail.
        saved: they stand in the file.
        save_failed(error): they hold until Ponder closes; an `AppError`.
    """

    changed = Signal(Settings)
    saved = Signal()
    save_failed = Signal(AppError)

    def __init__(
        self,
        settings: Settings,
        path: Path,
        background: Background,
        *,
        file_is_valid: bool = True,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._path = path
        self._background = background
        self._may_save_unasked = file_is_valid
        self._is_ended = False

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._settings

    def change(self, **values: Any) -> None:
        """The user changed something: it holds at once and is saved."""
        changed = replace(self._settings, **values)
        if changed == self._settings:
            return
        self._settings = changed
        self._may_save_unasked = True
        self.changed.emit(changed)
        self._save()

    def remember(self, **values: Any) -> None:
        """Note where the window stood. A file that is not understood stays as it is for that."""
        noted = replace(self._settings, **values)
        if noted != self._settings and self._may_save_unasked:
            self._settings = noted
            self._save()

    def end(self) -> None:
        """Write nothing any more: the file is about to be deleted."""
        self._is_ended = True

    def _save(self) -> None:
        if self._is_ended:
            return
        path, settings = self._path, self._settings
        self._background.run(
            lambda: save_settings(path, settings), done=self._on_saved, failed=self.save_failed.emit
        )

    def _on_saved(self, _nothing: None) -> None:
        self.saved.emit()
