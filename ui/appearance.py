"""Puts the chosen theme on the application, and follows the desktop where that is the choice."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication

from app.settings import Settings
from ui.theme import Theme, apply_theme, theme_for


class Appearance(QObject):
    """Holds the theme in force.

    Signals:
        changed(theme): another theme is in force; palette and stylesheet are set already.
    """

    changed = Signal(Theme)

    def __init__(self, application: QApplication, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._application = application
        self._choice = settings.theme
        self.theme = theme_for(self._choice, application)
        apply_theme(application, self.theme)
        self._hints = application.styleHints()
        self._hints.colorSchemeChanged.connect(self._update)
        self._accessibility = self._hints.accessibility()
        self._accessibility.contrastPreferenceChanged.connect(self._update)

    @Slot(Settings)
    def follow_settings(self, settings: Settings) -> None:
        """Use the theme of these settings."""
        self._choice = settings.theme
        self._update()

    @Slot()
    def _update(self) -> None:
        theme = theme_for(self._choice, self._application)
        if theme != self.theme:
            self.theme = theme
            apply_theme(self._application, theme)
            self.changed.emit(theme)
