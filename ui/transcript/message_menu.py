"""The menu of a message: what can be copied of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from ui.transcript.clipboard import put_on_clipboard
from ui.transcript.message_actions import BRANCH, DELETE
from ui.transcript.selected_text import answer_as_markdown
from ui.transcript.thought import ThoughtText
from ui.transcript.turn import TurnWidget
from ui.widgets.safe_browser import SafeBrowser

if TYPE_CHECKING:
    from ui.transcript.view import TranscriptView

AnyWidget = TypeVar("AnyWidget", bound=QWidget)


def message_menu(view: TranscriptView, event: QContextMenuEvent) -> QMenu:
    """The menu for the message under the mouse, or the one that has the keys; gone once it is closed."""
    by_keys = event.reason() is QContextMenuEvent.Reason.Keyboard
    focused = QApplication.focusWidget() if by_keys else None
    part = focused or QApplication.widgetAt(event.globalPos())
    text, turn = _above(part, SafeBrowser), _above(part, TurnWidget)
    menu = QMenu(view)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.setToolTipsVisible(True)
    if view.selection.is_there:
        menu.addAction("Copy\tCtrl+C").triggered.connect(view.copy_selection)
        menu.addAction("Copy as Markdown").triggered.connect(view.copy_selection_as_markdown)
    if text is not None and not by_keys:
        _add_place(menu, text, event)
    if turn is not None:
        _add_copies(menu, turn, text)
    menu.addAction("Select all\tCtrl+A").triggered.connect(view.selection.select_all)
    if turn is not None:
        menu.addSeparator()
        _add_orders(menu, turn)
    return menu


def _above(part: QWidget | None, kind: type[AnyWidget]) -> AnyWidget | None:
    """The nearest of this kind, `part` itself or what holds it."""
    while part is not None and not isinstance(part, kind):
        part = part.parentWidget()
    return part


def _add_place(menu: QMenu, text: SafeBrowser, event: QContextMenuEvent) -> None:
    """What stands under the mouse: a link, a formula."""
    address = text.anchorAt(text.viewport().mapFromGlobal(event.globalPos()))
    formula = text.formula_at(event.globalPos())
    if address:
        menu.addAction("Copy the address of the link", partial(_copy, lambda: address))
    if formula:
        menu.addAction("Copy the formula", partial(_copy, lambda: formula))


def _add_copies(menu: QMenu, turn: TurnWidget, text: SafeBrowser | None) -> None:
    if isinstance(text, ThoughtText):
        menu.addAction("Copy this thought", partial(_copy, turn.thinking.copied_text, is_of_thought=True))
    elif text is None or text is turn.question:
        menu.addAction("Copy the question", partial(_copy, turn.question.copied_text))
    if turn.answer.isVisible() and (text is None or text in turn.answer_views):
        menu.addAction("Copy the answer as text", partial(_copy, turn.text_of_answer))
        menu.addAction(
            "Copy the answer as Markdown", partial(_copy, lambda: answer_as_markdown(turn.source()))
        )


def _add_orders(menu: QMenu, turn: TurnWidget) -> None:
    orders: tuple[tuple[str, Callable[[], None], bool], ...] = (
        ("Edit and ask again\tF2", turn.request_edit, True),
        ("Another answer\tF5", turn.request_another, True),
        ("Earlier version\tAlt+Left", turn.versions.go_back, turn.versions.can_go(-1)),
        ("Later version\tAlt+Right", turn.versions.go_on, turn.versions.can_go(1)),
        (BRANCH, turn.request_branch, True),
        (f"{DELETE}\tDel", turn.request_deletion, True),
    )
    for words, order, is_possible in orders:
        if is_possible or not words.endswith(("Left", "Right")):
            action = menu.addAction(words, order)
            action.setEnabled(not turn.busy_reason)
            action.setToolTip(turn.busy_reason)


def _copy(text: Callable[[], str], *, is_of_thought: bool = False) -> None:
    put_on_clipboard(text(), is_concealed=is_of_thought)
