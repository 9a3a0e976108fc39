"""The menu that says how long the model may think."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from ui.composer.composer import Composer
from ui.composer.thinking_button import ThinkingButton


@pytest.fixture
def button(qtbot: QtBot) -> ThinkingButton:
    button = ThinkingButton()
    qtbot.addWidget(button)
    button.show()
    return button


def choose(button: ThinkingButton, name: str) -> None:
    """Choose a line of the menu."""
    next(action for action in button.menu().actions() if action.text().split("\t")[0] == name).trigger()


def checked(button: ThinkingButton) -> list[str]:
    return [action.text() for action in button.menu().actions() if action.isChecked()]


@pytest.mark.parametrize(
    ("name", "tokens", "said"),
    [
        ("Low", 2048, "Thinking: low ▾"),
        ("Medium", 8192, "Thinking: medium ▾"),
        ("High", 16384, "Thinking: high ▾"),
        ("As long as it needs", 0, "Thinking: as long as it needs ▾"),
    ],
)
def test_each_choice_is_said_and_marked(
    button: ThinkingButton, qtbot: QtBot, name: str, tokens: int, said: str
) -> None:
    button.show_budget(3000)
    with qtbot.waitSignal(button.thinking_chosen) as chosen:
        choose(button, name)
    assert chosen.args == [{"thinking_budget_tokens": tokens, "skips_thinking": False}]
    assert button.text() == said
    assert [text.split("\t")[0] for text in checked(button)] == [name]


def test_a_number_of_the_users_own(button: ThinkingButton, qtbot: QtBot) -> None:
    assert button.text() == "Thinking: as long as it needs ▾"
    choose(button, "Other…")
    dialog = button.findChild(QInputDialog)
    assert dialog is not None
    assert (dialog.intMinimum(), dialog.intMaximum()) == (64, 65_536)
    dialog.reject()
    assert checked(button) == ["As long as it needs"]  # nothing was chosen
    QApplication.processEvents()
    choose(button, "Other…")
    dialog = next(one for one in button.findChildren(QInputDialog) if one.isVisible())
    dialog.setIntValue(3000)
    with qtbot.waitSignal(button.thinking_chosen) as chosen:
        dialog.accept()
    assert chosen.args == [{"thinking_budget_tokens": 3000, "skips_thinking": False}]
    assert button.text() == "Thinking: 3,000 tokens ▾"
    assert checked(button) == ["Other…\t3,000 tokens"]


def test_it_may_be_asked_to_think_for_longer(button: ThinkingButton, qtbot: QtBot) -> None:
    least = next(menu for action in button.menu().actions() if isinstance(menu := action.menu(), QMenu))
    with qtbot.waitSignal(button.thinking_chosen) as chosen:
        next(action for action in least.actions() if action.text() == "4,096 tokens").trigger()
    assert chosen.args == [{"thinking_at_least_tokens": 4_096}]
    assert button.text() == "Thinking: at least 4,096 tokens ▾"
    button.show_budget(8_192, 4_096)
    assert button.text() == "Thinking: medium ▾"
    assert [action.text() for action in least.actions() if action.isChecked()] == ["4,096 tokens"]


def test_only_some_models_can_leave_thinking_out(button: ThinkingButton, qtbot: QtBot) -> None:
    button.show_budget(0, skips=True)
    without = next(action for action in button.menu().actions() if action.text().startswith("Without"))
    assert not without.isEnabled()
    assert without.text() == "Without thinking: this model always thinks"
    assert button.text() == "Thinking: as long as it needs ▾"
    button.show_model(thinks=True, can_skip=True)
    assert without.isEnabled()
    assert button.text() == "Thinking: off ▾"
    assert checked(button) == ["Without thinking"]
    with qtbot.waitSignal(button.thinking_chosen) as chosen:
        choose(button, "Low")
    assert chosen.args == [{"thinking_budget_tokens": 2048, "skips_thinking": False}]
    with qtbot.waitSignal(button.thinking_chosen) as chosen:
        choose(button, "Without thinking")
    assert chosen.args == [{"skips_thinking": True}]


def test_a_model_that_does_not_think_has_nothing_to_choose(button: ThinkingButton) -> None:
    button.show_budget(2048)
    button.show_model(thinks=False)
    assert not button.isEnabled()
    assert button.text() == "No thinking"
    assert "writes no thoughts" in button.toolTip()
    button.show_model(thinks=True)
    assert button.isEnabled()
    assert button.text() == "Thinking: low ▾"


def test_it_says_less_where_there_is_little_room(qtbot: QtBot) -> None:
    composer = Composer()
    qtbot.addWidget(composer)
    composer.resize(700, 200)
    composer.show()
    assert composer.thinking_button.text() == "Thinking: as long as it needs ▾"
    composer.set_running("A reply is being written in another chat.")
    composer.resize(440, 200)
    assert composer.width() == 440
    assert composer.thinking_button.text() == "Thinking ▾"
    assert "as long as it needs" in composer.thinking_button.accessibleName()
    assert composer.minimumSizeHint().width() <= 376
