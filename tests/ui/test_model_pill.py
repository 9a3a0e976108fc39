"""The arrow of the pill in the header is there for whoever sees little."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.test_theme import contrast
from ui.model_pill import ModelPill
from ui.theme import Theme, apply_theme

THEMES = {"light": Theme.light(), "dark": Theme.dark()}
HIGH = {f"{name}, high contrast": theme.with_high_contrast() for name, theme in THEMES.items()}


@pytest.fixture(autouse=True)
def light_again(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(qapp, Theme.light())


@pytest.mark.parametrize("name", [*THEMES, *HIGH])
def test_the_arrow_is_seen(qtbot: QtBot, qapp: QApplication, name: str) -> None:
    theme = (THEMES | HIGH)[name]
    apply_theme(qapp, theme)
    around = QWidget()
    qtbot.addWidget(around)
    pill = ModelPill(Path("/models/mini.gguf"), around)
    pill.show_model("R1 Distill", is_built_in=False)
    around.show()
    pill.adjustSize()
    image = pill.grab().toImage()
    right, middle = pill.width() - 4, pill.height() // 2
    words_end = right - pill.fontMetrics().horizontalAdvance("▾") - 14
    ground = QColor(theme.surface).name()
    seen = {
        image.pixelColor(x, y).name() for x in range(words_end, right) for y in range(middle - 5, middle + 5)
    }
    assert ground in seen
    assert max(contrast(colour, ground) for colour in seen) >= 3


def test_the_arrow_is_not_read_aloud(qtbot: QtBot) -> None:
    pill = ModelPill(Path("/models/mini.gguf"))
    qtbot.addWidget(pill)
    pill.show_model("Tom & Jerry", is_built_in=False)
    assert pill.text() == "Tom && Jerry ▾"
    assert pill.accessibleName() == "Model: Tom & Jerry"
