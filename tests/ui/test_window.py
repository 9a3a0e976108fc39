"""The window over a scripted chat: asking, reading, stopping, going elsewhere and coming back."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
)

from app.chat.events import (
    ConversationOpened,
    ConversationsListed,
    EngineState,
    EngineStateChanged,
    Noticed,
    QuestionRejected,
    ReplyDelta,
    TurnEnded,
    TurnStarted,
)
from app.errors import HistoryError, InputError
from app.history.records import Conversation, TurnState
from app.library.events import DownloadChanged
from models.errors import engine_error
from models.reasoning import PieceKind
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import ready, summary, turn
from tests.ui.scripted_library import fresh_shelf, measured, status


def ask(opened: Opened, text: str = "What is 47 * 36?") -> None:
    opened.page.composer.set_text(text)
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Return)


def running(opened: Opened) -> None:
    """A question is asked and its reply is on the way."""
    opened.say(ready())
    ask(opened)
    opened.say(TurnStarted(turn()), ConversationsListed((summary(1, "What is 47 * 36?"),)))


def test_a_question_streams_and_ends(opened: Opened) -> None:
    running(opened)
    assert opened.chat.orders == [("start", None), ("ask", "What is 47 * 36?")]
    assert opened.page.composer.text() == ""
    assert opened.page.composer.button.text() == "Stop"
    assert opened.page.middle.currentWidget() is opened.page.aids
    opened.say(
        ReplyDelta(1, PieceKind.REASONING, "Seven times six…", 4),
        ReplyDelta(1, PieceKind.ANSWER, "It is 1692.", 5),
        TurnEnded(turn(answer="It is 1692.", state=TurnState.FINISHED)),
    )
    assert opened.page.composer.button.text() == "Send"
    assert opened.window.header.title_label.text() == "What is 47 * 36?"
    assert opened.window.header.meter.numbers.text() == "1,100 of 16,384 ▾"
    assert opened.page.composer.edit.placeholderText() == "Ask a follow-up…"


def test_nothing_is_sent_while_the_model_loads_but_typing_goes_on(opened: Opened) -> None:
    opened.say(EngineStateChanged(EngineState.LOADING, "Ponder Mini", built_in=True))
    composer = opened.page.composer
    opened.qtbot.keyClicks(composer.edit, "2 + 2")
    opened.qtbot.keyClick(composer.edit, Qt.Key.Key_Return)
    assert composer.reason_label.text() == "Loading Ponder Mini…"
    assert not composer.button.isEnabled()
    assert composer.text() == "2 + 2"
    opened.say(ready())
    assert composer.button.isEnabled()
    opened.qtbot.mouseClick(composer.button, Qt.MouseButton.LeftButton)
    assert opened.chat.named("ask") == ["2 + 2"]


def test_a_rejected_question_comes_back_before_what_was_typed_since(opened: Opened) -> None:
    opened.say(ready())
    ask(opened, "A long question")
    opened.qtbot.keyClicks(opened.page.composer.edit, "and more")
    error = InputError("The question is too long.", kept="Your text is kept.")
    opened.say(QuestionRejected("A long question", error))
    assert opened.page.composer.text() == "A long question\nand more"
    assert opened.page.composer.error_label.text() == "The question is too long. Your text is kept."
    assert opened.page.composer.error_box.isVisible()
    opened.qtbot.keyClicks(opened.page.composer.edit, "!")
    assert not opened.page.composer.error_box.isVisible()


def test_an_empty_question_is_answered_with_a_sentence(opened: Opened) -> None:
    opened.say(ready())
    ask(opened, "  \n ")
    assert opened.chat.named("ask") == []
    assert opened.page.composer.reason_label.text() == "Write a question first."


def test_escape_stops_and_a_double_click_on_send_does_not(opened: Opened) -> None:
    running(opened)
    opened.qtbot.mouseClick(opened.page.composer.button, Qt.MouseButton.LeftButton)
    assert opened.chat.named("stop") == []
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Escape)
    assert opened.chat.named("stop") == [None]


def test_text_of_another_turn_is_dropped(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    running(opened)
    shown: list[str] = []
    monkeypatch.setattr(
        opened.page.transcript, "append", lambda _id, _kind, text, _tokens: shown.append(text)
    )
    opened.say(
        ReplyDelta(7, PieceKind.ANSWER, "of an older turn", 1), ReplyDelta(1, PieceKind.ANSWER, "mine", 1)
    )
    assert shown == ["mine"]


def test_each_conversation_keeps_its_draft(opened: Opened) -> None:
    opened.say(ready(), ConversationsListed((summary(1, "First"), summary(2, "Second"))))
    first = Conversation(summary(1, "First"), (turn(1, state=TurnState.FINISHED),))
    second = Conversation(summary(2, "Second"), (turn(2, state=TurnState.FINISHED, conversation_id=2),))
    opened.page.composer.set_text("never sent")
    opened.say(ConversationOpened(first))
    assert opened.page.composer.text() == ""
    opened.page.composer.set_text("half a thought")
    opened.say(ConversationOpened(second))
    assert opened.page.composer.text() == ""
    opened.say(ConversationOpened(first))
    assert opened.page.composer.text() == "half a thought"
    opened.say(ConversationOpened(None))
    assert opened.page.composer.text() == "never sent"


def test_a_reply_elsewhere_can_be_stopped_and_does_not_land_here(opened: Opened) -> None:
    running(opened)
    opened.say(ConversationOpened(None))
    assert opened.page.composer.reason_label.text() == "A reply is being written in another chat."
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Escape)
    assert opened.chat.named("stop") == [None]
    opened.say(TurnEnded(turn(state=TurnState.STOPPED)))
    assert opened.page.middle.currentWidget() is opened.page.middle.empty_state
    assert opened.window.header.meter.numbers.text() == "0 of 16,384 ▾"
    assert opened.page.composer.reason_label.text() == ""


def test_deleting_the_conversation_that_is_answered_ends_the_wait(opened: Opened) -> None:
    running(opened)
    opened.say(ConversationsListed(()), ConversationOpened(None))
    assert opened.page.composer.button.text() == "Send"


def test_an_engine_that_dies_idle_is_restarted_from_a_bar(opened: Opened) -> None:
    gone = engine_error("engine_stopped", {"detail": "was killed (SIGKILL)"})
    opened.say(ready(), EngineStateChanged(EngineState.STOPPED, "Ponder Mini", built_in=True, error=gone))
    (notice,) = opened.page.notice_bars.notices()
    assert "SIGKILL" in notice.text
    assert "Your question" not in notice.text  # none was asked
    assert opened.page.composer.reason_label.text() == "The engine has stopped."
    opened.qtbot.mouseClick(notice.action_button, Qt.MouseButton.LeftButton)
    assert opened.chat.named("restart") == [None]
    opened.say(ready())
    assert opened.page.notice_bars.notices() == []


def test_an_engine_that_dies_in_a_turn_is_said_once_in_the_transcript(opened: Opened) -> None:
    running(opened)
    gone = engine_error("engine_stopped", {"detail": "was killed (SIGKILL)"})
    opened.say(
        TurnEnded(turn(state=TurnState.FAILED), gone),
        EngineStateChanged(EngineState.STOPPED, "Ponder Mini", built_in=True, error=gone),
    )
    assert opened.page.notice_bars.notices() == []
    opened.page.transcript.restart_requested.emit()
    assert opened.chat.named("restart") == [None]
    opened.say(ConversationOpened(None))
    assert len(opened.page.notice_bars.notices()) == 1


def test_notices_can_be_put_away_unless_they_last(opened: Opened) -> None:
    lasting = HistoryError("Nothing can be <b>stored</b>.")
    opened.say(Noticed(InputError("Once.")), Noticed(lasting, lasting=True), Noticed(lasting, lasting=True))
    once, lasts = opened.page.notice_bars.notices()
    assert lasts.text == "Nothing can be <b>stored</b>."
    assert not hasattr(lasts, "dismiss_button")
    opened.qtbot.mouseClick(once.dismiss_button, Qt.MouseButton.LeftButton)
    assert opened.page.notice_bars.notices() == [lasts]


def test_the_keys_of_a_notice_that_goes_are_those_of_the_question(opened: Opened) -> None:
    """Else they would be those of the next button, and a space while typing on would press it."""
    opened.say(ready())
    bars, edit = opened.page.notice_bars, opened.page.composer.edit
    for press in ("dismiss_button", "action_button"):
        bars.offer("key", "It is here.", "Use it now")
        button = getattr(bars.notices()[-1], press)
        button.setFocus()
        opened.qtbot.keyClick(button, Qt.Key.Key_Space)
        assert QApplication.focusWidget() is edit
    bars.offer("key", "It is here.", "Use it now")
    opened.page.transcript.setFocus()
    other = QApplication.focusWidget()
    bars.withdraw("key")
    assert QApplication.focusWidget() is other


def test_the_demonstration_model_says_so_and_has_examples(opened: Opened) -> None:
    opened.say(ready())
    assert "demonstration" in opened.window.header.pill.text()
    assert "demonstration" in opened.window.sidebar.model_label.text()
    example = next(
        button
        for button in opened.page.middle.empty_state.findChildren(QPushButton)
        if button.text() == "500 - 123" and button.isVisible()
    )
    opened.page.composer.set_text("a draft")
    opened.qtbot.mouseClick(example, Qt.MouseButton.LeftButton)
    assert opened.chat.named("ask") == ["500 - 123"]
    assert opened.page.composer.text() == "a draft"


def test_another_model_hides_the_words_about_the_demonstration(opened: Opened) -> None:
    opened.say(ready(), EngineStateChanged(EngineState.READY, "R1 Distill", built_in=False))
    assert opened.window.header.pill.text() == "R1 Distill ▾"
    assert not opened.page.middle.empty_state.built_in_part.isVisible()


def test_narrow_folds_the_sidebar_away_and_brings_it_over_the_page(opened: Opened) -> None:
    window = opened.window
    opened.say(ready(), ConversationsListed((summary(1, "First"),)))
    window.resize(1280, 800)
    assert window.sidebar.isVisible()
    assert not window.header.chats_button.isVisible()
    window.resize(480, 700)
    assert window.width() == 480
    assert not window.sidebar.isVisible()
    assert window.pages.width() == 480
    opened.qtbot.mouseClick(window.header.chats_button, Qt.MouseButton.LeftButton)
    assert window.sidebar.isVisible()
    opened.qtbot.keyClick(window.sidebar.conversation_view, Qt.Key.Key_Escape)
    assert not window.sidebar.isVisible()
    window.resize(1280, 800)
    assert window.sidebar.isVisible()


def test_keys(opened: Opened) -> None:
    window, qtbot = opened.window, opened.qtbot
    opened.say(ready())
    window.activateWindow()
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(window, Qt.Key.Key_N, control)
    assert opened.chat.named("new") == [None]
    qtbot.keyClick(window, Qt.Key.Key_K, control)
    assert window.focusWidget() is window.sidebar.search_field
    qtbot.keyClick(window, Qt.Key.Key_L, control)
    assert window.focusWidget() is opened.page.composer.edit
    qtbot.keyClick(window, Qt.Key.Key_F, control)
    assert window.focusWidget() is window.sidebar.search_field
    qtbot.keyClick(window, Qt.Key.Key_B, control)
    assert not window.sidebar.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_Q, control)
    assert not window.isVisible()
    assert opened.chat.orders[-1] == ("close", None)


def test_escape_in_the_sidebar_leaves_it_and_stops_no_reply(opened: Opened) -> None:
    running(opened)
    opened.window.activateWindow()
    for part in (opened.window.sidebar.search_field, opened.window.sidebar.conversation_view):
        part.setFocus()
        opened.qtbot.keyClick(part, Qt.Key.Key_Escape)
        assert opened.page.composer.edit.hasFocus()
    assert opened.chat.named("stop") == []
    opened.qtbot.keyClick(opened.page.composer.edit, Qt.Key.Key_Escape)
    assert opened.chat.named("stop") == [None]


def test_a_link_is_opened_only_after_a_yes_to_its_real_host(opened: Opened) -> None:
    opened.page.link_requested.emit("https://xn--pple-43d.com/a?b=c")
    question = opened.window.findChild(QMessageBox)
    assert question is not None
    assert question.text() == "Open xn--pple-43d.com in the browser?"
    labels = question.findChildren(QLabel)
    assert len(labels) >= 2
    assert {label.textFormat() for label in labels} == {Qt.TextFormat.PlainText}
    assert opened.opened_urls == []
    _button(question, "Open").click()
    assert opened.opened_urls == ["https://xn--pple-43d.com/a?b=c"]


@pytest.mark.parametrize("address", ["file:///etc/passwd", "javascript:alert(1)", "https://u:p@example.org/"])
def test_other_addresses_are_not_even_asked_about(opened: Opened, address: str) -> None:
    opened.page.link_requested.emit(address)
    assert opened.window.findChild(QMessageBox) is None


def test_pages_and_back(opened: Opened) -> None:
    window = opened.window
    opened.qtbot.mouseClick(window.sidebar.models_button, Qt.MouseButton.LeftButton)
    assert window.pages.currentWidget() is window.models_page
    assert window.header.title_label.text() == "Models"
    assert not window.header.pill.isVisible()
    opened.qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.pages.currentWidget() is opened.page
    assert window.header.pill.isVisible()


def test_every_control_has_a_name(opened: Opened) -> None:
    opened.say(ready())
    opened.tell(measured(), fresh_shelf(opened.built_in_model), DownloadChanged(status()))
    for page in (opened.window.show_models, opened.window.show_settings, opened.window.show_chat):
        page()
        nameless = [
            widget
            for kind in (QAbstractButton, QLineEdit, QPlainTextEdit)
            for widget in opened.window.findChildren(kind)
            if widget.isVisible()
            and not widget.accessibleName()
            and not getattr(widget, "text", str)()
            and widget.objectName() not in ("qt_spinbox_lineedit",)
            and not type(widget).__name__.startswith("QLineEditIcon")
        ]
        assert nameless == []


def test_window_and_sidebar_stand_as_they_were_left(open_a_window: object, opened: Opened) -> None:
    assert callable(open_a_window)
    opened.window.resize(1000, 700)
    opened.window.shell.toggle_sidebar()
    opened.window.close()
    again = open_a_window()
    assert (again.window.width(), again.window.height()) == (1000, 700)
    assert not again.window.sidebar.isVisible()


def test_a_settings_file_that_is_not_valid_is_said_and_left_alone(
    open_a_window: object, opened: Opened
) -> None:
    opened.window.close()
    opened.paths.settings_file.write_text("{not json")
    assert callable(open_a_window)
    again = open_a_window()
    (notice,) = again.page.notice_bars.notices()
    assert "settings" in notice.text
    again.window.resize(900, 600)
    again.window.close()
    assert opened.paths.settings_file.read_text() == "{not json"


def test_copied_text_stays_plain(opened: Opened) -> None:
    QGuiApplication.clipboard().setText("<b>bold</b>\n<think>")
    opened.page.composer.edit.paste()
    assert opened.page.composer.text() == "<b>bold</b>\n<think>"


def _button(box: QMessageBox, text: str) -> QAbstractButton:
    return next(button for button in box.buttons() if button.text() == text)
