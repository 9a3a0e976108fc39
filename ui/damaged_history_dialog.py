"""Says that the history is damaged, and offers the ways on: a backup, what can be read, an empty history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from app.chat.events import Noticed
from app.errors import AppError, HistoryDamagedError, HistoryLockedError
from ui.bridges.background import Background
from ui.kinds import of_kind
from ui.library.dialog import Dialog

if TYPE_CHECKING:  # it brings SQLAlchemy, which the start of the window does without
    from app.history.damage import WhatIsLeft
    from app.history.key import Key

_KEPT = "Whatever you choose, the damaged file is kept beside the new one."
_KEPT_LOCKED = "Whatever you choose, the locked file is kept beside the new one, should its key be found."
_LOOKING = "Looking at what is left of it…"


class DamagedHistoryDialog(Dialog):
    """Opens at once; `show_left` follows when it is known what can be offered, or `show_problem`.

    `is_working`: something was chosen, and is being done.

    Signals:
        restore_chosen(path): put this backup in the place of the history.
        recover_chosen(): go on with what can be read.
        empty_chosen(): go on with an empty history.
    """

    restore_chosen = Signal(Path)
    recover_chosen = Signal()
    empty_chosen = Signal()

    def __init__(self, error: AppError, parent: QWidget) -> None:
        is_locked = isinstance(error, HistoryLockedError)
        super().__init__("Your history is locked" if is_locked else "Your history is damaged", parent)
        self._backup: Path | None = None
        self.is_working = False
        self.add_words(error.message, "")
        self.add_words(_KEPT_LOCKED if is_locked else _KEPT)
        self.state_label = self.add_words(_LOOKING)
        self.restore_button = self._add_way(self._restore)
        self.recover_button = self._add_way(self._recover)
        self.empty_button = self._add_way(self._begin_empty)
        self.add_close("Not now")

    def show_left(self, left: WhatIsLeft) -> None:
        """Offer what there is."""
        newest, readable = left.newest, left.readable
        self.state_label.hide()
        if newest is not None:
            self._backup = newest.backup.path
            made_at = newest.backup.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
            _offer(
                self.restore_button,
                f"Restore {_count(newest.conversation_count, 'conversation')} from {made_at}",
            )
        if readable.turns:
            known = f"{readable.turns:,} of {_count(readable.turns_known, 'question')}"
            _offer(self.recover_button, f"Recover what can be read, {known}")
        _offer(self.empty_button, "Begin an empty history")
        best = self.restore_button if newest is not None else self.recover_button
        if best.isEnabled():
            of_kind(best, "primary")
            best.setDefault(True)
            best.setFocus(Qt.FocusReason.OtherFocusReason)
        self.fit_to_content()

    def show_problem(self, text: str) -> None:
        """Say what went wrong; the ways that were offered can be tried again."""
        self.is_working = False
        self.state_label.setText(text)
        self.state_label.show()
        for button in (self.restore_button, self.recover_button, self.empty_button):
            button.setEnabled(not button.isHidden())
        self.fit_to_content()

    def _add_way(self, choose: Callable[[], None]) -> QPushButton:
        button = QPushButton()
        button.setAutoDefault(False)
        button.setEnabled(False)
        button.hide()
        button.clicked.connect(choose)
        self.body.addWidget(button)
        return button

    def _choose(self, doing: str) -> None:
        self.is_working = True
        self.state_label.setText(doing)
        self.state_label.show()
        for button in (self.restore_button, self.recover_button, self.empty_button):
            button.setEnabled(False)

    @Slot()
    def _restore(self) -> None:
        if self._backup is not None:
            self._choose("Restoring the backup…")
            self.restore_chosen.emit(self._backup)

    @Slot()
    def _recover(self) -> None:
        self._choose("Recovering what can be read…")
        self.recover_chosen.emit()

    @Slot()
    def _begin_empty(self) -> None:
        self._choose("Beginning an empty history…")
        self.empty_chosen.emit()


def _offer(button: QPushButton, text: str) -> None:
    button.setText(text)
    button.setAccessibleName(text)
    button.setEnabled(True)
    button.show()


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


class DamagedHistoryGuide(QObject):
    """Opens the dialog when the chat says that the history is damaged, and has done what is chosen.

    `repair_history` is that of the chat controller: it calls what it gets while the history is closed.
    `find_key` gives the key that goes on with this history, None for a plain one; it is called elsewhere.

    Signals:
        repaired(): what was chosen has been done; the history is opened again next.
    """

    repaired = Signal()

    def __init__(
        self,
        window: QWidget,
        history_file: Path,
        background: Background,
        repair_history: Callable[[Callable[[], None]], None],
        find_key: Callable[[], Key | None] = lambda: None,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._history_file = history_file
        self._background = background
        self._repair_history = repair_history
        self._find_key = find_key
        self._dialog: DamagedHistoryDialog | None = None
        self.repaired.connect(self._on_repaired, Qt.ConnectionType.QueuedConnection)

    @Slot(Noticed)
    def take(self, noticed: Noticed) -> None:
        """Something went wrong: the history perhaps, or what was chosen for it."""
        if self._dialog is not None:
            if self._dialog.is_working:
                self._dialog.show_problem(str(noticed.error))
        elif isinstance(noticed.error, HistoryDamagedError):
            self.offer_ways(noticed.error)

    @Slot(AppError)
    def offer_ways(self, error: AppError) -> None:
        """Open the dialog; also for a history whose key is lost for good."""
        dialog = DamagedHistoryDialog(error, self._window)
        dialog.restore_chosen.connect(self._restore)
        dialog.recover_chosen.connect(self._recover)
        dialog.empty_chosen.connect(self._begin_empty)
        dialog.finished.connect(self._on_finished)
        self._dialog = dialog
        dialog.open()
        self._background.run(self._look, done=self._on_looked, failed=self._on_look_failed)

    def _look(self) -> WhatIsLeft:
        from app.history.damage import what_is_left

        return what_is_left(self._history_file, self._find_key())

    def _on_looked(self, left: WhatIsLeft) -> None:
        if self._dialog is not None:
            self._dialog.show_left(left)

    def _on_look_failed(self, error: AppError) -> None:
        if self._dialog is not None:
            self._dialog.show_problem(str(error))

    @Slot(Path)
    def _restore(self, backup: Path) -> None:
        def restore() -> None:
            from app.history.damage import restore_backup

            restore_backup(self._history_file, backup, self._find_key())
            self.repaired.emit()

        self._repair_history(restore)

    @Slot()
    def _recover(self) -> None:
        def recover_it() -> None:
            from app.history.damage import recover

            recover(self._history_file, self._find_key())
            self.repaired.emit()

        self._repair_history(recover_it)

    @Slot()
    def _begin_empty(self) -> None:
        def begin_empty() -> None:
            from app.history.damage import start_empty

            start_empty(self._history_file, self._find_key())
            self.repaired.emit()

        self._repair_history(begin_empty)

    @Slot()
    def _on_repaired(self) -> None:
        if self._dialog is not None:
            self._dialog.accept()

    @Slot()
    def _on_finished(self) -> None:
        self._dialog = None
