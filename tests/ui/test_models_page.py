"""The Models page: what is here, what comes, what could be had, and what can be done with each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QWidget

from app.chat.events import EngineState, EngineStateChanged, TurnEnded
from app.errors import InputError
from app.history.records import TurnState
from app.library.events import (
    AvailableModel,
    DownloadChanged,
    FileAdded,
    LibraryProblem,
    MachineMeasured,
    ModelRemoved,
    ShelfChanged,
    Work,
    WorkEnded,
    WorkProgressed,
)
from app.settings import load_settings
from models.download_status import DownloadProblem, DownloadState, DownloadStatus
from models.library import Verification
from tests.ui.conftest import Opened
from tests.ui.scripted_chat import MODEL, ready, turn
from tests.ui.scripted_library import (
    BEST_ID,
    FOLDER,
    available,
    built_in,
    everything_available,
    installed,
    measured,
    status,
)
from ui.library.add_file_dialog import AddFileDialog, first_parts
from ui.library.available_card import AvailableCard
from ui.library.download_card import DownloadCard
from ui.library.installed_card import InstalledCard
from ui.library.questions import LineQuestion, Question

SEVEN = FOLDER / "seven.gguf"


def shelf(opened: Opened, *, download: DownloadStatus | None = None, **of_the_model: object) -> ShelfChanged:
    """Ponder Mini and the 7B are here, the others are not; the best may be on its way."""
    model = installed(**of_the_model)  # type: ignore[arg-type]
    others = tuple(
        AvailableModel(a.model, a.suggestion, download if a.model.id == BEST_ID else None)
        for a in everything_available()
        if a.model.id != "r1-distill-qwen-7b"
    )
    return ShelfChanged((model, built_in(opened.built_in_model)), others)


def show_page(opened: Opened, said: ShelfChanged | None = None) -> None:
    opened.window.show_models()
    opened.tell(measured(), said or shelf(opened))


def card_of(opened: Opened, path: Path = SEVEN) -> InstalledCard:
    card = opened.window.models_page.installed.card(str(path))
    assert card is not None
    return card


def offer_of(opened: Opened, model_id: str) -> AvailableCard:
    card = opened.window.models_page.available.card(model_id)
    assert card is not None
    return card


def coming(opened: Opened) -> DownloadCard:
    (card,) = opened.window.models_page.downloads.cards()
    return card


def choose(card: InstalledCard, words: str) -> None:
    card.menu.aboutToShow.emit()
    (action,) = [action for action in card.menu.actions() if action.text().startswith(words)]
    action.trigger()


def click(opened: Opened, button: QAbstractButton) -> None:
    assert button.isVisibleTo(opened.window)
    button.click()


def shown_texts(widget: QWidget) -> list[str]:
    return [label.text() for label in widget.findChildren(QLabel) if not label.isHidden()]


def test_what_is_here_and_what_could_be_had(opened: Opened) -> None:
    show_page(opened)
    page = opened.window.models_page
    card = card_of(opened)
    assert card.facts_label.text() == "4.7 GB · 7.6B parameters · Q4_K_M · verified · last used today"
    assert card.badge_label.text() == "Fits, 16,384 tokens"
    assert card.speed_label.text() == "about 46 tokens/s"
    best = offer_of(opened, BEST_ID)
    assert page.available.cards()[0] is best
    assert best.chip_label.text() == "Best for this computer"
    assert best.facts_label.text() == "9.0 GB · MIT · AIME 2024: 69.7"
    assert best.sum_label.text() == "Memory: weights 8.1 + cache 2.2 + work 0.4 = 10.7 of 11.2 GB"
    assert best.reason_label.text()
    assert best.download_button.text() == "Download 9.0 GB"
    assert not best.details_button.isVisible()
    assert offer_of(opened, "r1-distill-qwen-32b").badge_label.text() == "Fits in part: 31 of 64 layers"
    too_large = offer_of(opened, "r1-distill-llama-70b")
    assert too_large.badge_label.text() == "Too large by 7.9 GB"
    assert too_large.details_button.isVisible()
    assert not too_large.download_button.isVisible()


def test_servers_are_told_about_in_a_fold_and_offer_nothing(opened: Opened) -> None:
    show_page(opened)
    page = opened.window.models_page
    assert not page.servers.cards()[0].isVisible()
    click(opened, page.server_fold.button)
    assert len(page.servers.cards()) == 3
    assert all(card.isVisible() and card.reason_label.text() for card in page.servers.cards())
    for card in page.servers.cards():
        assert [button for button in card.findChildren(QPushButton) if button.isVisible()] == []


def test_the_computer_stands_in_the_header_or_on_the_page(opened: Opened) -> None:
    show_page(opened)
    words = "This computer: RTX 3060, 12 GB (11.2 free) · 32 GB memory · 214 GB disk free"
    opened.window.resize(1280, 800)
    assert opened.window.header.note_label.text() == words
    assert opened.window.header.note_label.isVisible()
    assert not opened.window.models_page.machine_label.isVisible()
    opened.window.resize(480, 800)
    assert not opened.window.header.note_label.isVisible()
    assert opened.window.models_page.machine_label.isVisible()


@pytest.mark.parametrize("width", [480, 800, 1280])
def test_nothing_is_cut_off_at_any_width(opened: Opened, width: int) -> None:
    opened.window.resize(width, 800)
    show_page(opened, shelf(opened, download=status()))
    page = opened.window.models_page
    inside = page.widget()
    assert inside is not None
    opened.qtbot.waitUntil(lambda: inside.width() == page.viewport().width())

    def cut_off() -> list[str]:
        shown = [button for button in page.findChildren(QPushButton) if button.isVisible()]
        right = page.viewport().width()
        return [
            button.text()
            for button in shown
            if button.mapTo(inside, button.rect().topRight()).x() > right
            or button.width() < button.sizeHint().width()
        ]

    opened.qtbot.waitUntil(lambda: cut_off() == [])


def test_using_another_model(opened: Opened, smollm2_model: Path) -> None:
    path = opened.paths.models_dir / "smol.gguf"
    path.symlink_to(smollm2_model)
    model = built_in(path)
    show_page(opened, ShelfChanged((model, built_in(opened.built_in_model)), ()))
    page = opened.window.models_page
    mini = card_of(opened, opened.built_in_model)
    assert (mini.use_button.text(), mini.use_button.isEnabled()) == ("In use", False)
    page.use_requested.emit(path)
    opened.qtbot.waitUntil(lambda: bool(opened.chat.named("use_model")))
    assert opened.chat.named("use_model") == [path]
    assert card_of(opened, path).use_button.text() == "In use"
    assert opened.library.named("add_file") == []
    opened.qtbot.waitUntil(
        lambda: load_settings(opened.paths.settings_file)[0].model_path.endswith("smol.gguf")
    )
    opened.say(EngineStateChanged(EngineState.READY, "Smol", built_in=False, model_path=path))
    assert opened.library.named("note_used") == [path]


def test_what_the_engine_holds_is_told_to_the_library(opened: Opened) -> None:
    loaded = dataclasses.replace(ready(), model_path=opened.built_in_model)
    opened.say(loaded, loaded)
    held = (opened.built_in_model, MODEL)
    assert opened.library.named("note_used") == [opened.built_in_model]
    assert opened.library.named("note_loaded") == [held, held]
    done = turn(answer="It is 1692.", state=TurnState.FINISHED)
    opened.say(TurnEnded(done), TurnEnded(done, InputError("It failed.")))
    assert opened.library.named("note_reply") == [(opened.built_in_model, done.usage)]
    opened.say(
        EngineStateChanged(EngineState.ASLEEP, "Ponder Mini", built_in=True),
        EngineStateChanged(EngineState.LOADING, "Ponder Mini", built_in=True),
    )
    assert opened.library.named("note_loaded") == [held, held, (None, None)]


def test_a_file_opened_from_elsewhere_joins_the_list(opened: Opened, smollm2_model: Path) -> None:
    show_page(opened)
    opened.window.header.pill.model_chosen.emit(smollm2_model)
    opened.qtbot.waitUntil(lambda: bool(opened.chat.named("use_model")))
    assert opened.library.named("add_file") == [(smollm2_model, False, "")]


@pytest.mark.parametrize("kind", ["missing", "folder", "text"])
def test_a_file_that_is_no_model_is_refused_where_the_user_is(
    opened: Opened, tmp_path: Path, kind: str
) -> None:
    bad = tmp_path / "bad.gguf"
    if kind == "folder":
        bad.mkdir()
    elif kind == "text":
        bad.write_text("hello")
    opened.say(ready())
    opened.window.header.pill.model_chosen.emit(bad)
    opened.qtbot.waitUntil(lambda: bool(opened.page.notice_bars.notices()))
    opened.window.show_models()
    opened.window.models_page.use_requested.emit(bad)
    opened.qtbot.waitUntil(opened.window.models_page.error_box.isVisible)
    assert opened.window.models_page.error_label.text()
    assert opened.chat.named("use_model") == []


def test_a_download_goes_on_pauses_fails_and_is_tried_again(opened: Opened) -> None:
    show_page(opened, shelf(opened, download=status()))
    card = coming(opened)
    assert BEST_ID not in [a.available.model.id for a in opened.window.models_page.available.cards()]
    assert card.chip_label.text() == "Best for this computer"
    assert card.facts_label.text() == "3.1 of 9.0 GB · 41 MB/s · 2 min 24 s left"
    click(opened, card.pause_button)
    assert opened.library.named("pause") == [BEST_ID]
    opened.tell(DownloadChanged(status(DownloadState.PAUSED)))
    assert card.facts_label.text() == "Paused · 3.1 of 9.0 GB"
    click(opened, card.resume_button)
    problem = DownloadProblem("The disk is full.", "What is here is kept.", "Make room.")
    opened.tell(DownloadChanged(status(DownloadState.FAILED, error=problem)))
    assert card.error_label.text() == "The disk is full. What is here is kept. Make room."
    assert card.resume_button.text() == "Try again"
    click(opened, card.resume_button)
    assert opened.library.named("resume") == [BEST_ID, BEST_ID]
    assert card is coming(opened)


def test_giving_up_asks_first_where_much_is_here(opened: Opened) -> None:
    show_page(opened, shelf(opened, download=status()))
    click(opened, coming(opened).cancel_button)
    assert opened.library.named("cancel") == []
    question = opened.window.findChild(Question)
    assert question is not None
    assert "3.1 GB" in question.informativeText()
    question.yes_button.click()
    assert opened.library.named("cancel") == [BEST_ID]
    opened.tell(DownloadChanged(status(done=0.001)))
    click(opened, coming(opened).cancel_button)
    assert opened.library.named("cancel") == [BEST_ID, BEST_ID]


def test_the_sidebar_says_how_far_it_is_and_leads_to_the_page(opened: Opened) -> None:
    line, composer = opened.window.sidebar.download_line, opened.page.composer
    opened.tell(measured(), shelf(opened))
    assert not line.isVisible()
    assert composer.promise_label.text().endswith("No connection is open.")
    opened.tell(DownloadChanged(status()))
    assert line.title_label.text() == "DeepSeek-R1 Distill Qwen 14B"
    assert line.state_label.text() == "34 % · 2 min 24 s left"
    assert "A connection is open" in composer.promise_label.text()
    opened.window.resize(800, 700)
    assert opened.window.header.download_button.text() == "Download 34 %"
    assert opened.window.header.download_button.isVisible()
    opened.window.resize(1280, 700)
    assert not opened.window.header.download_button.isVisible()
    click(opened, line)
    assert opened.window.pages.currentWidget() is opened.window.models_page
    opened.tell(DownloadChanged(status(DownloadState.PAUSED)))
    assert composer.promise_label.text().endswith("No connection is open.")
    opened.tell(DownloadChanged(status(DownloadState.CANCELLED)))
    assert not line.isVisible()


def test_a_model_that_came_is_offered_and_never_put_in_by_itself(opened: Opened, smollm2_model: Path) -> None:
    opened.tell(measured(), shelf(opened, download=status()))
    done = status(DownloadState.DONE, 1.0)
    opened.tell(DownloadChanged(done), DownloadChanged(done))
    (offer,) = opened.page.notice_bars.notices()
    assert offer.text == "DeepSeek-R1 Distill Qwen 14B is here."
    assert opened.chat.named("use_model") == []
    Path(opened.paths.models_dir / "x.gguf").symlink_to(smollm2_model)
    opened.page.notice_bars.offer(str(opened.paths.models_dir / "x.gguf"), "It is here.", "Use it now")
    opened.page.notice_bars.notices()[-1].action_button.click()
    opened.qtbot.waitUntil(lambda: bool(opened.chat.named("use_model")))
    assert opened.chat.named("use_model") == [opened.paths.models_dir / "x.gguf"]


def test_the_menu_of_a_model(opened: Opened) -> None:
    show_page(opened, shelf(opened, note="Slow on the train"))
    card = card_of(opened)
    assert "Slow on the train" in shown_texts(card)
    card.menu.aboutToShow.emit()
    assert [action.text() for action in card.menu.actions() if action.text()] == [
        "Use",
        "How it fits…",
        "Verify again",
        "Rename…",
        "Change the note…",
        "Show in the file manager",
        "Delete (4.7 GB)",
    ]
    choose(card, "Verify")
    choose(card, "Delete")
    choose(card, "Show")
    assert opened.library.named("verify") == [SEVEN]
    assert opened.library.named("delete") == [SEVEN]
    assert opened.opened_urls == [QUrl.fromLocalFile(str(FOLDER)).toString()]
    choose(card, "Rename")
    _answer(opened, "My seven")
    choose(card, "Change")
    _answer(opened, "  Fast enough ")
    assert opened.library.named("rename") == [(SEVEN, "My seven")]
    assert opened.library.named("set_note") == [(SEVEN, "Fast enough")]
    card.show_in_use(True)
    card.menu.aboutToShow.emit()
    (delete,) = [action for action in card.menu.actions() if action.text().startswith("Delete")]
    assert not delete.isEnabled()


def test_a_file_elsewhere_only_leaves_the_list(opened: Opened) -> None:
    show_page(opened, shelf(opened, is_in_folder=False))
    card = card_of(opened)
    assert "used where it is" in card.facts_label.text()
    choose(card, "Remove from the list")
    assert opened.library.named("delete") == [SEVEN]


def test_deleting_can_be_taken_back_more_than_once(opened: Opened) -> None:
    show_page(opened)
    bar = opened.window.models_page.undo_bar
    opened.tell(ModelRemoved(SEVEN, "Seven"), ModelRemoved(FOLDER / "other.gguf", "Other"))
    assert bar.label.text() == "Other left the list."
    click(opened, bar.undo_button)
    assert bar.label.text().startswith("Seven was deleted.")
    click(opened, bar.undo_button)
    assert opened.library.named("undo_delete") == [None, None]
    assert not bar.isVisible()


def test_a_changed_file_is_said_and_verifying_shows_how_far_it_is(opened: Opened) -> None:
    show_page(opened, shelf(opened, verification=Verification.CHANGED))
    card = card_of(opened)
    assert "has changed since it was checked" in card.warning_label.text()
    opened.tell(WorkProgressed(str(SEVEN), Work.VERIFYING, 0.43))
    assert card.facts_label.text() == "Verifying… 43 %"
    assert card.progress.isVisible()
    click(opened, card.stop_button)
    assert opened.library.named("stop_work") == [str(SEVEN)]
    opened.tell(WorkEnded(str(SEVEN), Work.VERIFYING, done=True), shelf(opened))
    assert card is card_of(opened)
    assert not card.progress.isVisible()
    assert not card.warning_label.isVisible()


def test_a_copy_shows_how_far_it_is_and_can_be_stopped(opened: Opened) -> None:
    show_page(opened)
    bar = opened.window.models_page.work_bar
    opened.tell(WorkProgressed("/x/large.gguf", Work.ADDING, 0.25))
    assert bar.label.text() == "Adding large.gguf… 25 %"
    click(opened, bar.stop_button)
    assert opened.library.named("stop_work") == ["/x/large.gguf"]
    opened.tell(WorkEnded("/x/large.gguf", Work.ADDING, done=False))
    assert not bar.isVisible()


def test_a_file_added_away_from_the_page_is_offered(opened: Opened) -> None:
    opened.tell(FileAdded(FOLDER / "own.gguf"), FileAdded(opened.built_in_model))
    assert [notice.text for notice in opened.page.notice_bars.notices()] == ["own is here."]
    opened.window.show_models()
    opened.tell(FileAdded(FOLDER / "other.gguf"))
    assert len(opened.page.notice_bars.notices()) == 1


def test_a_file_that_cannot_be_used_says_why(opened: Opened) -> None:
    show_page(opened, shelf(opened, problem="It ends in the middle of a tensor."))
    card = card_of(opened)
    assert card.error_label.text() == "It ends in the middle of a tensor."
    assert not card.use_button.isEnabled()
    assert not card.badge_label.isVisible()


def test_names_from_files_and_hub_are_never_markup(opened: Opened) -> None:
    show_page(opened, shelf(opened, title="<b>bold</b>\n<img src=x>\u202egpj", note="<i>note</i>"))
    opened.tell(LibraryProblem(InputError("<b>No.</b>"), ""))
    for label in opened.window.models_page.findChildren(QLabel):
        assert label.textFormat() is Qt.TextFormat.PlainText
    assert "<b>bold</b> <img src=x>\ufffdgpj" in shown_texts(card_of(opened))


def test_what_went_wrong_is_said_where_the_user_is(opened: Opened) -> None:
    opened.tell(LibraryProblem(InputError("No room."), str(SEVEN)))
    assert [notice.text for notice in opened.page.notice_bars.notices()] == ["No room."]
    opened.window.show_models()
    opened.tell(LibraryProblem(InputError("No such file."), str(SEVEN)))
    page = opened.window.models_page
    assert page.error_label.text() == "No such file."
    click(opened, page.close_error_button)
    assert not page.error_box.isVisible()


def test_dropped_files_are_added_in_place_or_copied(opened: Opened) -> None:
    data = QMimeData()
    names = ["/x/红 1 🙂.gguf", "/x/a-00001-of-00002.gguf", "/x/a-00002-of-00002.gguf", "/x/note.txt"]
    data.setUrls([QUrl.fromLocalFile(name) for name in names])
    action, button = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(9, 9), action, data, button, Qt.KeyboardModifier.NoModifier)
    opened.window.dropEvent(event)
    dialog = opened.window.findChild(AddFileDialog)
    assert dialog is not None
    dialog.copy_button.click()
    dialog.add_button.click()
    added = [(Path("/x/红 1 🙂.gguf"), True, ""), (Path("/x/a-00001-of-00002.gguf"), True, "")]
    assert opened.library.named("add_file") == added


def test_a_later_part_alone_is_not_dropped_silently() -> None:
    assert first_parts([Path("/x/a-00002-of-00002.gguf")]) == [Path("/x/a-00002-of-00002.gguf")]


def test_the_menu_of_the_pill(opened: Opened) -> None:
    opened.say(ready())
    opened.tell(measured(), shelf(opened, title="R&D\tseven"))
    menu = opened.window.header.pill.menu()
    assert menu is not None
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.text()] == [
        "Ponder Mini (built in)",
        "R&&D seven\tFits, 16,384 tokens · about 46 tokens/s",
        "Open a model file…",
        "All models",
    ]
    menu.actions()[-1].trigger()
    assert opened.window.pages.currentWidget() is opened.window.models_page


def test_focus_stays_where_only_something_changes(opened: Opened) -> None:
    show_page(opened, shelf(opened, download=status()))
    opened.window.activateWindow()
    coming(opened).pause_button.setFocus()
    opened.tell(
        DownloadChanged(status(DownloadState.PAUSED)), shelf(opened, download=status(DownloadState.PAUSED))
    )
    assert opened.window.focusWidget() is coming(opened).resume_button


def test_tab_goes_down_the_page(opened: Opened) -> None:
    opened.window.resize(1280, 2_000)
    show_page(opened, shelf(opened, download=status()))
    page = opened.window.models_page
    opened.qtbot.waitUntil(page.available.cards()[-1].isVisible)
    opened.window.activateWindow()
    page.measured_button.setFocus()
    heights: list[int] = []
    while opened.window.focusWidget() is not page.find_button and len(heights) < 40:
        widget = opened.window.focusWidget()
        assert widget is not None
        heights.append(widget.mapTo(opened.window, widget.rect().center()).y())
        opened.qtbot.keyClick(widget, Qt.Key.Key_Tab)
    assert len(heights) > 12
    assert heights == sorted(heights)


def test_before_anything_was_measured_a_model_can_be_downloaded_all_the_same(opened: Opened) -> None:
    opened.window.show_models()
    unmeasured = AvailableModel(available().model, None, None)
    opened.tell(ShelfChanged((built_in(opened.built_in_model),), (unmeasured,)))
    card = offer_of(opened, BEST_ID)
    assert not card.badge_label.isVisible()
    click(opened, card.download_button)
    assert opened.library.named("download") == [BEST_ID]
    opened.tell(MachineMeasured(measured().machine, None))


def _answer(opened: Opened, text: str) -> None:
    question = opened.window.findChildren(LineQuestion)[-1]
    question.field.setText(text)
    question.action_button.click()
