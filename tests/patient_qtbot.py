"""The `qtbot` of pytest-qt, for computers that are busy. It imports Qt: nothing without a window needs it."""

from __future__ import annotations

from typing import Any

from pytestqt.qtbot import QtBot

PATIENCE_MS = 60_000
"""How long a test waits for what must come. Only one that fails waits so long."""


class PatientQtBot(QtBot):
    """Its own five seconds are not enough where four tests share two processors."""

    def waitUntil(self, callback: Any, *, timeout: int = PATIENCE_MS) -> None:
        """Return once `callback` gives True."""
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = PATIENCE_MS, **options: Any) -> Any:
        """Wait for a signal at the end of a `with`."""
        return super().waitSignal(signal, timeout=timeout, **options)
