"""The words of a thought."""

from __future__ import annotations

from pytestqt.qtbot import QtBot

from ui.theme import Theme
from ui.transcript.thought_parts import ThoughtParts
from ui.widgets.concealed_copy import CONCEALING_FORMATS


def test_line_breaks_wait_for_what_they_lead_to(qtbot: QtBot) -> None:
    thought = ThoughtParts(Theme.light())
    qtbot.addWidget(thought)
    for piece in ("\n\nOne.", "\n", "\n", "Two.\n", "\n"):
        thought.append_text(piece)
    assert thought.views[0].toPlainText() == "One.\n\nTwo."


def test_no_history_of_the_clipboard_keeps_what_is_copied_of_a_thought(qtbot: QtBot) -> None:
    parts = ThoughtParts(Theme.light())
    qtbot.addWidget(parts)
    parts.append_text("a secret step")
    (thought,) = parts.views
    thought.selectAll()
    copied = thought.createMimeDataFromSelection()
    assert copied.text() == "a secret step"
    assert set(copied.formats()) == {"text/plain", *CONCEALING_FORMATS}
    assert bytes(copied.data("x-kde-passwordManagerHint").data()) == b"secret"
