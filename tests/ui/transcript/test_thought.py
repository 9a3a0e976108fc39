"""The words of a thought."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from ui.theme import Theme
from ui.transcript.thought import ThoughtText
from ui.widgets.concealed_copy import CONCEALING_FORMATS


def test_line_breaks_wait_for_what_they_lead_to(qtbot: QtBot) -> None:
    thought = ThoughtText(Theme.light())
    qtbot.addWidget(thought)
    for piece in ("\n\nOne.", "\n", "\n", "Two.\n", "\n"):
        thought.append_text(piece)
    assert thought.toPlainText() == "One.\n\nTwo."


def test_no_history_of_the_clipboard_keeps_what_is_copied_of_a_thought(qtbot: QtBot) -> None:
    thought = ThoughtText(Theme.light())
    qtbot.addWidget(thought)
    thought.append_text("a secret step")
    thought.selectAll()
    copied = thought.createMimeDataFromSelection()
    assert copied.text() == "a secret step"
    assert set(copied.formats()) == {"text/plain", *CONCEALING_FORMATS}
    assert bytes(copied.data("x-kde-passwordManagerHint").data()) == b"secret"
