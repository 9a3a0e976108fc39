"""Whatever takes keys or presses has a name, on every page and in every dialog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.chat.events import (
    ConversationOpened,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    Noticed,
    ReplyDelta,
    TurnEnded,
    TurnPaused,
    TurnStarted,
)
from app.errors import HistoryDamagedError, InputError
from app.history.records import Conversation, TurnState
from app.library.events import DownloadChanged, FilesFound, RepositoryFile, RepositoryOpened
from models.engine.protocol import PauseReason
from models.fit import Verdict
from models.hub import HubFile
from models.other_apps import FoundFile
from models.reasoning import PieceKind
from tests.accessibility.walk import controls, problems, spoken_name
from tests.golden import texts
from tests.ui.conftest import OpenAWindow, Opened
from tests.ui.scripted_chat import MODEL, summary, turn
from tests.ui.scripted_library import a_fit, fresh_shelf, measured, status
from ui.crash_dialog import CrashDialog
from ui.damaged_history_dialog import DamagedHistoryDialog
from ui.transcript.question import QuestionBlock

LLAMA = "r1-distill-llama-8b"
NAME = "Tom & Jerry 7B"


@pytest.fixture
def chat(opened: Opened) -> Opened:
    """A chat with a finished turn, code in it, and one that thinks."""
    done = turn(1, question=texts.QUESTION_RACE, answer=texts.ANSWER_CODE, state=TurnState.FINISHED)
    opened.say(
        EngineStateChanged(EngineState.READY, NAME, built_in=False, model=MODEL),
        ConversationsListed((summary(1, "Race & upload"), summary(2, "Cups"))),
        ConversationOpened(Conversation(summary(1, "Race & upload"), (done,))),
        TurnStarted(turn(2, question="And then?"), budget_tokens=8_192),
        ReplyDelta(2, PieceKind.REASONING, texts.THOUGHT, 200),
    )
    return opened


def dialogs_of(opened: Opened) -> list[QDialog]:
    return [dialog for dialog in opened.window.findChildren(QDialog) if dialog.isVisible()]


def test_a_control_without_a_name_is_found(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    QLineEdit(window)
    QPushButton("Good", window)
    QPushButton("Fish && chips", window)
    QPushButton("R&&D", window).setAccessibleName("R&&D")
    QPushButton("x" * 500, window)
    window.show()
    found = problems(window)
    assert len(found) == 3, found
    assert "QLineEdit in QWidget has no name" in found


def test_the_chat(chat: Opened) -> None:
    assert problems(chat.window) == []
    names = [spoken_name(widget) for widget in controls(chat.window)]
    for expected in (
        "Your question",
        "Answer from Ponder Mini",
        "Question",
        "Stop",
        "Chats",
        "Copy code 1",
        f"Model: {NAME}",
    ):
        assert expected in names, names
    assert len(list(controls(chat.window))) > 20


def test_the_answer_is_there_as_text(chat: Opened) -> None:
    answer = chat.page.transcript.turn_widget(1)
    assert answer is not None
    interface = QAccessible.queryAccessibleInterface(answer.answer)
    assert interface.role() == QAccessible.Role.StaticText
    text = interface.textInterface()
    words = text.text(0, text.characterCount())
    assert "The smallest fix takes the lock around both steps:" in words
    assert "def take(self)" in words
    questions = chat.page.transcript.findChildren(QuestionBlock)
    spoken = [QAccessible.queryAccessibleInterface(question).textInterface() for question in questions]
    assert "And then?" in [text.text(0, text.characterCount()) for text in spoken]


def test_a_thought_that_is_open_paused_and_over(chat: Opened) -> None:
    thinking = chat.page.transcript.built_turns()[-1].thinking
    thinking.unfold()
    thinking.outline_button.click()
    assert problems(chat.window) == []
    chat.say(TurnPaused(2, PauseReason.LOOP, texts.LOOP_FINDING))
    assert problems(chat.window) == []
    chat.say(TurnEnded(turn(2, question="And then?", state=TurnState.FAILED), InputError("It failed.")))
    assert problems(chat.window) == []
    assert chat.page.middle.find_in_chat()
    chat.page.aids.find_bar.field.setText("lock")
    chat.page.aids.find_bar.go_on()
    assert problems(chat.window) == []


def test_an_empty_chat_with_notices(opened: Opened) -> None:
    built_in = EngineStateChanged(EngineState.READY, "Ponder Mini", built_in=True, model=MODEL)
    opened.say(built_in, Noticed(InputError("Something is odd.")))
    assert problems(opened.window) == []
    opened.window.resize(480, 700)
    opened.window.toggle_sidebar()
    assert problems(opened.window) == []


def test_the_models_page(opened: Opened) -> None:
    opened.window.show_models()
    opened.tell(
        measured(),
        fresh_shelf(opened.built_in_model),
        DownloadChanged(status()),
    )
    assert problems(opened.window) == []


def test_the_settings(opened: Opened) -> None:
    opened.window.show_settings()
    assert problems(opened.window) == []


def test_the_first_start(open_a_window: OpenAWindow) -> None:
    first = open_a_window(first_start=True)
    assert problems(first.window) == []
    first.tell(measured(), fresh_shelf(first.built_in_model))
    assert problems(first.window) == []
    first.window.first_start_page.best_card.main_button.click()
    first.tell(DownloadChanged(status()))
    assert problems(first.window) == []


def test_the_dialogs_of_the_models(opened: Opened) -> None:
    opened.window.show_models()
    opened.tell(measured(), fresh_shelf(opened.built_in_model))
    card = opened.window.models_page.available.card(LLAMA)
    assert card is not None
    for button in (card.download_button, card.details_button):
        button.click()
        (dialog,) = dialogs_of(opened)
        assert problems(dialog) == []
        dialog.reject()


def test_the_dialog_of_a_repository(opened: Opened) -> None:
    opened.window.show_models()
    opened.tell(measured(), fresh_shelf(opened.built_in_model))
    opened.window.models_page.browse_button.click()
    (dialog,) = dialogs_of(opened)
    assert problems(dialog) == []
    file = HubFile("some/where", "0" * 40, "R&D.gguf", 5_000_000_000, "", "Q4_K_M", ("R&D.gguf",))
    dialog.findChildren(QLineEdit)[0].setText("some/where")
    opened.tell(RepositoryOpened("some/where", (RepositoryFile(file, a_fit(Verdict.FITS)),)))
    assert problems(dialog) == []
    dialog.reject()


def test_the_dialog_of_found_files(opened: Opened) -> None:
    opened.window.show_models()
    opened.tell(measured(), fresh_shelf(opened.built_in_model))
    opened.window.models_page.find_button.click()
    opened.tell(
        FilesFound(
            (FoundFile(Path("/models/a&b.gguf"), "Ollama", "Tom & Jerry 7B in Ollama", 5_000_000_000),)
        )
    )
    (dialog,) = dialogs_of(opened)
    assert problems(dialog) == []
    dialog.reject()


def test_the_question_before_a_link(chat: Opened) -> None:
    chat.page.link_requested.emit("https://example.org/trips")
    (dialog,) = dialogs_of(chat)
    assert problems(dialog) == []
    dialog.reject()


def test_the_dialogs_for_bad_days(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    for dialog in (
        CrashDialog("a report", window),
        DamagedHistoryDialog(HistoryDamagedError("Damaged."), window),
    ):
        dialog.show()
        assert problems(dialog) == []
        assert any(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())
        dialog.close()
