"""“Delete everything”: asks, closes all there is, deletes, and has Ponder quit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from app.errors import AppError
from app.paths import Paths
from ui.bridges.background import Background
from ui.delete_everything_dialog import DeleteEverythingDialog
from ui.library.dialog import Dialog
from ui.settings.settings_keeper import SettingsKeeper
from ui.window import Window

if TYPE_CHECKING:  # it brings SQLAlchemy
    from app.history.system_keyring import SystemKeyring

_DELETING = "Chats and backups are overwritten first, which takes a moment."


class EverythingDeleter(QObject):
    """Nothing is written any more once the user has said yes.

    Signals:
        begun: whoever has a file open in Ponder's folders lets go of it now.
        ended: Ponder can quit; what could not be deleted was said.
    """

    begun = Signal()
    ended = Signal()

    def __init__(
        self,
        *,
        window: Window,
        paths: Paths,
        keeper: SettingsKeeper,
        let_go: Callable[[], None],
        close_behind: Callable[[], None],
        find_keyring: Callable[[], SystemKeyring],
        parent: QObject | None = None,
    ) -> None:
        """`let_go` is called on the GUI thread; then, on another one, `close_behind` and `find_keyring`."""
        super().__init__(parent)
        self._window = window
        self._paths = paths
        self._keeper = keeper
        self._let_go = let_go
        self._close_behind = close_behind
        self._find_keyring = find_keyring
        self._background = Background(self)
        self.progress: DeletionDialog | None = None
        window.later_settings_page.when_built(lambda page: page.deletion_requested.connect(self.ask))

    @Slot()
    def ask(self) -> None:
        """Open the question."""
        dialog = DeleteEverythingDialog(self._window)
        dialog.confirmed.connect(self.delete)
        dialog.open()

    @Slot(bool)
    def delete(self, with_models: bool) -> None:
        """Do it; `ended` follows."""
        self.progress = DeletionDialog(self._window)
        self.progress.finished.connect(self._end)
        self.progress.show()
        self._window.hide()
        self._keeper.end()
        self._let_go()
        self.begun.emit()
        self._background.run(lambda: self._work(with_models), done=self._on_done, failed=self._on_failed)

    def _work(self, with_models: bool) -> None:
        from app.delete_everything import delete_everything

        try:
            self._close_behind()
            delete_everything(self._paths, self._find_keyring(), with_models=with_models)
        finally:
            if self.progress is not None:
                self.progress.is_over = True

    def _on_done(self, _nothing: None) -> None:
        if self.progress is not None:
            self.progress.accept()

    def _on_failed(self, error: AppError) -> None:
        if self.progress is not None:
            self.progress.show_problem(error)

    @Slot()
    def _end(self) -> None:
        self._background.close()
        self.ended.emit()


class DeletionDialog(Dialog):
    """Stays until it is over; then it says what is left, if anything is.

    `is_over` is set on another thread.
    """

    def __init__(self, window: Window) -> None:
        super().__init__("Deleting everything…", window)
        self.is_over = False
        self.words_label = self.add_words(_DELETING)
        self.close_button = self.add_close("Close Ponder")
        self.close_button.hide()

    def show_problem(self, error: AppError) -> None:
        """Not everything went."""
        self.heading.setText(error.message)
        self.setWindowTitle(error.message)
        self.words_label.setText(f"{error.kept} {error.advice}")
        self.close_button.show()
        self.fit_to_content()

    # Qt overrides

    def reject(self) -> None:
        """It cannot be broken off."""
        if self.is_over:
            super().reject()
