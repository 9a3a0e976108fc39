"""Connects the dialogs of export and import to the window, the chat, and the thread that does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from app.chat.events import ConversationsListed
from ui.bridges.chat_bridge import ChatBridge
from ui.window import Window

if TYPE_CHECKING:
    from app.history.transfer.exporting import PageRenderer
    from app.history.transfer.store import TransferStore
    from ui.export.runner import TransferRunner
    from ui.settings.settings_page import SettingsPage


class TransferWiring(QObject):
    """Opens the dialogs; what they need is imported with the first of them."""

    def __init__(
        self,
        *,
        window: Window,
        bridge: ChatBridge,
        open_store: Callable[[], TransferStore],
        parent: QObject | None = None,
    ) -> None:
        """`open_store` is called on the thread that does the work."""
        super().__init__(parent)
        self._window = window
        self._chat = bridge.chat
        self._open_store = open_store
        self._listed = ConversationsListed(())
        self._runners: list[TransferRunner] = []
        bridge.conversations_listed.connect(self._follow_list)
        window.sidebar.orders.export_requested.connect(self.open_export)
        window.sidebar.orders.folder_export_requested.connect(self.open_export_of_folder)
        window.later_settings_page.when_built(self._connect_settings)

    @property
    def is_busy(self) -> bool:
        """Whether an export or import runs."""
        return any(runner.is_busy for runner in self._runners)

    def stop(self) -> None:
        """Stop what runs; what is whole stays."""
        for runner in self._runners:
            runner.stop()

    def close(self) -> None:
        """Stop it, and end the threads."""
        self.stop()
        for runner in self._runners:
            runner.close()

    def _connect_settings(self, page: SettingsPage) -> None:
        page.export_requested.connect(self._open_export_of_everything)
        page.import_requested.connect(self.open_import)

    def _new_runner(self) -> TransferRunner:
        """Each dialog has its own: what a closed one left running must not tell the next one."""
        from ui.export.runner import TransferRunner

        for runner in [each for each in self._runners if not each.is_busy]:
            self._runners.remove(runner)
            runner.close()
            runner.deleteLater()
        self._runners.append(TransferRunner(self._open_store, _make_renderer, self))
        return self._runners[-1]

    # Slots

    @Slot(ConversationsListed)
    def _follow_list(self, listed: ConversationsListed) -> None:
        self._listed = listed

    @Slot()
    def _open_export_of_everything(self) -> None:
        self._open_export(None)

    @Slot(int)
    def open_export(self, conversation_id: int) -> None:
        """Offer to export this chat; its folder and everything too."""
        self._open_export(conversation_id)

    @Slot(int)
    def open_export_of_folder(self, folder_id: int) -> None:
        """Offer to export this folder; everything too."""
        self._open_export(None, folder_id)

    def _open_export(self, conversation_id: int | None, folder_id: int | None = None) -> None:
        from ui.export.dialogs import ExportDialog
        from ui.export.orders import choices

        listed = self._listed
        found = choices(
            tuple(listed.conversations), listed.folders, conversation_id, has_more=listed.has_more
        )
        dialog, runner = ExportDialog(found, self._window), self._new_runner()
        if conversation_id is None:
            folder = [
                number
                for number, each in enumerate(found)
                if folder_id is not None and each.folder_id == folder_id
            ]
            dialog.what_button.choose(folder[0] if folder else len(found) - 1)
        dialog.export_requested.connect(runner.export)
        dialog.stop_requested.connect(runner.stop)
        runner.progressed.connect(dialog.show_progress)
        runner.exported.connect(dialog.show_exported)
        runner.failed.connect(dialog.show_error)
        dialog.open()

    @Slot()
    def open_import(self) -> None:
        """Offer to import chats."""
        from ui.export.dialogs import ImportDialog

        dialog, runner = ImportDialog(self._window), self._new_runner()
        dialog.import_requested.connect(runner.import_files)
        dialog.stop_requested.connect(runner.stop)
        runner.progressed.connect(dialog.show_progress)
        runner.imported.connect(dialog.show_imported)
        runner.imported.connect(self._list_again)
        runner.failed.connect(dialog.show_error)
        runner.failed.connect(self._list_again)
        dialog.open()

    @Slot()
    def _list_again(self) -> None:
        self._chat.list_again()


def _make_renderer() -> PageRenderer:
    from ui.export.renderer import ProcessRenderer

    return ProcessRenderer()
