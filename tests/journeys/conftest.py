"""What the journeys begin with: the program on an empty folder, and a keyring that works."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring.core
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.paths import Paths
from tests.app.history.file_keyring import MemoryKeyring
from tests.journeys.journey import Journey


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> MemoryKeyring:
    """The keyring of the system, in memory."""
    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


@pytest.fixture
def journey(
    qapp: QApplication,
    qtbot: QtBot,
    home: Path,
    mini_model: Path,
    fake_engine_command: tuple[str, ...],
) -> Iterator[Journey]:
    paths = Paths.from_environment({"PONDER_HOME": str(home / "ponder")})
    journey = Journey(qapp, qtbot, paths, mini_model, fake_engine_command)
    yield journey
    journey.close()
