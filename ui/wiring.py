"""Connects the window to the chat, the settings and the models: who hears whom, in one place.

A page that is not built yet is connected by its `Later.when_built`, before anybody can press anything in it;
the one place where what it missed is shown to it is there too. News for it go through `Later.tell`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Slot

from app.settings import Settings
from models.engine.protocol import OnLoop, Sampling, Thinking
from models.errors import AppError
from ui.appearance import Appearance
from ui.bridges.background import Background
from ui.bridges.chat_bridge import ChatBridge
from ui.context_follower import ContextFollower
from ui.library.model_chooser import ModelChooser
from ui.link_question import ask_to_open
from ui.save_thought import SaveThoughtDialog, write_thought
from ui.settings.settings_keeper import SettingsKeeper
from ui.sidebar.orders import SidebarOrders
from ui.transcript.copied_chat import chat_as_markdown, chat_as_text
from ui.window import Window


class Wiring(QObject):
    """Owns the connections; the parts do not know each other."""

    def __init__(
        self,
        *,
        window: Window,
        bridge: ChatBridge,
        keeper: SettingsKeeper,
        appearance: Appearance,
        chooser: ModelChooser,
        background: Background,
        open_url: Callable[[QUrl], bool],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._chat = bridge.chat
        self._keeper = keeper
        self._chooser = chooser
        self._background = background
        self._open_url = open_url
        self._sampling: Sampling = keeper.settings.sampling()
        self._thinking: Thinking = keeper.settings.thinking(OnLoop.PAUSE)
        self._reads_ahead = keeper.settings.reads_ahead
        self._unload_after_min = keeper.settings.unload_after_min
        self._kv_type = keeper.settings.kv_type
        self._context = ContextFollower(self)
        self._connect_events(bridge)
        self._connect_orders()
        self._connect_settings(appearance)
        self._connect_models()

    # Construction

    def _connect_events(self, bridge: ChatBridge) -> None:
        """What the chat says. The page follows first, so that the window finds it up to date."""
        page, window = self._window.chat_page, self._window
        bridge.engine_changed.connect(page.show_engine)
        bridge.engine_changed.connect(window.show_engine)
        bridge.conversations_listed.connect(page.follow_list)
        bridge.conversations_listed.connect(window.show_conversations)
        bridge.conversation_opened.connect(page.show_conversation)
        bridge.conversation_opened.connect(window.show_conversation)
        bridge.conversations_found.connect(window.sidebar.show_hits)
        bridge.question_rejected.connect(page.show_rejection)
        bridge.turn_started.connect(page.begin_turn)
        bridge.prompt_progressed.connect(page.show_prompt_progress)
        bridge.reply_grew.connect(page.append)
        bridge.turn_paused.connect(page.pause_turn)
        bridge.turn_ended.connect(page.end_turn)
        bridge.noticed.connect(page.show_notice)
        bridge.deleted.connect(page.deleted_bar.show_deleted)
        bridge.deletion_forgotten.connect(page.deleted_bar.show_forgotten)
        self._connect_context(bridge)

    def _connect_context(self, bridge: ChatBridge) -> None:
        follower, meter = self._context, self._window.header.meter
        bridge.engine_changed.connect(follower.follow_engine)
        bridge.conversation_opened.connect(follower.follow_conversation)
        bridge.turn_started.connect(follower.begin_turn)
        bridge.context_filled.connect(follower.fill)
        bridge.reply_grew.connect(follower.count)
        bridge.turn_ended.connect(follower.end_turn)
        follower.changed.connect(self._window.show_context)
        follower.sizes_changed.connect(meter.show_sizes)
        meter.size_chosen.connect(follower.note_choice)
        meter.size_chosen.connect(self._chat.set_context)

    def _connect_orders(self) -> None:
        """What the user wants of the chat."""
        page, sidebar, chat = self._window.chat_page, self._window.sidebar, self._chat
        page.ask_requested.connect(chat.ask)
        page.version_requested.connect(chat.ask_version)
        page.show_version_requested.connect(chat.show_version)
        page.continue_requested.connect(chat.go_on)
        page.branch_requested.connect(chat.branch)
        page.delete_turn_requested.connect(chat.delete_turn)
        page.undo_requested.connect(chat.undo_delete)
        page.forget_requested.connect(chat.forget_deleted)
        page.stop_requested.connect(chat.stop)
        page.answer_now_requested.connect(chat.answer_now)
        page.pause_requested.connect(chat.pause)
        page.go_on_requested.connect(chat.resume)
        page.try_again_requested.connect(chat.try_again)
        page.draft_rested.connect(chat.prepare_draft)
        page.restart_requested.connect(chat.restart_engine)
        page.link_requested.connect(self._ask_to_open)
        self._window.header.copy_requested.connect(self._copy_chat)
        page.save_thought_requested.connect(self._ask_to_save_thought)
        page.long_copy_requested.connect(self._copy_made)
        sidebar.new_chat_requested.connect(chat.new_conversation)
        sidebar.temporary_chat_requested.connect(chat.new_temporary_conversation)
        sidebar.search_requested.connect(chat.search)
        sidebar.folder_named.connect(chat.create_folder)
        sidebar.orders.words_requested.connect(page.expect_words)
        sidebar.orders.turn_requested.connect(page.expect_turn)
        self._connect_list(sidebar.orders)

    def _connect_list(self, orders: SidebarOrders) -> None:
        """What the user wants of the chats and folders in the sidebar."""
        chat = self._chat
        orders.more_requested.connect(chat.list_more)
        orders.open_requested.connect(chat.open_conversation)
        orders.rename_requested.connect(chat.rename_conversation)
        orders.delete_requested.connect(chat.delete_conversation)
        orders.pin_requested.connect(chat.pin_conversation)
        orders.archive_requested.connect(chat.archive_conversation)
        orders.move_requested.connect(chat.move_conversation)
        orders.folder_rename_requested.connect(chat.rename_folder)
        orders.folder_delete_requested.connect(chat.delete_folder)

    def _connect_settings(self, appearance: Appearance) -> None:
        self._window.later_settings_page.when_built(lambda page: page.changed.connect(self._change_settings))
        self._window.chat_page.thinking_chosen.connect(self._change_settings)
        self._window.chat_page.middle.zoom_chosen.connect(self._change_zoom)
        self._keeper.changed.connect(appearance.follow_settings)
        self._keeper.changed.connect(self._follow_settings)
        self._keeper.save_failed.connect(self._show_error)
        appearance.changed.connect(self._window.set_theme)

    def _connect_models(self) -> None:
        pill = self._window.header.pill
        self._window.later_models_page.when_built(lambda page: page.use_requested.connect(self._chooser.use))
        pill.model_chosen.connect(self._chooser.use)
        pill.file_dialog_requested.connect(self._ask_for_file_to_use)
        self._chooser.chosen.connect(self._chat.use_model)
        self._chooser.refused.connect(self._show_refused)

    # Slots

    @Slot(object)
    def _change_settings(self, values: dict[str, object]) -> None:
        self._keeper.change(**values)

    @Slot(int)
    def _change_zoom(self, zoom_percent: int) -> None:
        self._keeper.change(zoom_percent=zoom_percent)

    @Slot(Settings)
    def _follow_settings(self, settings: Settings) -> None:
        self._window.later_settings_page.tell(lambda page: page.zoom_row.show_zoom(settings.zoom_percent))
        self._window.chat_page.middle.set_thoughts_open(settings.show_thinking)
        self._window.show_thinking(settings)
        self._window.chat_page.middle.set_zoom(settings.zoom_percent)
        if settings.sampling() != self._sampling:
            self._sampling = settings.sampling()
            self._chat.set_sampling(self._sampling)
        thinking = settings.thinking(OnLoop.PAUSE)
        if thinking != self._thinking:
            self._thinking = thinking
            self._chat.set_thinking(thinking)
        if settings.reads_ahead != self._reads_ahead:
            self._reads_ahead = settings.reads_ahead
            self._chat.set_reads_ahead(self._reads_ahead)
        if settings.kv_type != self._kv_type:
            self._kv_type = settings.kv_type
            self._chat.set_kv_type(self._kv_type)
        if settings.unload_after_min != self._unload_after_min:
            self._unload_after_min = settings.unload_after_min
            self._chat.set_unload_after(self._unload_after_min * 60)

    @Slot(AppError)
    def _show_error(self, error: AppError) -> None:
        self._window.chat_page.notice_bars.add(error)

    @Slot(AppError)
    def _show_refused(self, error: AppError) -> None:
        """A file that cannot be used: say it where the user is."""
        if self._window.is_models_page_in_front:
            self._window.models_page.show_error(error)
        else:
            self._show_error(error)

    @Slot()
    def _ask_for_file_to_use(self) -> None:
        self._chooser.ask_for_file(self._window)

    @Slot(str)
    def _ask_to_open(self, untrusted_address: str) -> None:
        ask_to_open(untrusted_address, self._open_url, self._window)

    @Slot(int, str)
    def _ask_to_save_thought(self, _turn_id: int, thought: str) -> None:
        dialog = SaveThoughtDialog(thought, self._window)
        dialog.save_requested.connect(self._save_thought)
        dialog.open()

    @Slot(str)
    def _copy_chat(self, form: str) -> None:
        """Made elsewhere: a long chat takes seconds as text."""
        turns = self._window.chat_page.transcript.turns()
        made = chat_as_markdown if form == "markdown" else chat_as_text
        self._background.run(functools.partial(made, turns), done=self._put_on_clipboard)

    @Slot(object, bool)
    def _copy_made(self, make: Callable[[], str], is_of_thought: bool) -> None:
        """A long selection."""
        from ui.transcript.clipboard import put_on_clipboard

        put = functools.partial(put_on_clipboard, is_concealed=is_of_thought)
        self._background.run(make, done=put)

    def _put_on_clipboard(self, text: str) -> None:
        from ui.transcript.clipboard import put_on_clipboard

        put_on_clipboard(text)
        self._window.header.copy_button.say_copied()

    @Slot(str, str)
    def _save_thought(self, path: str, thought: str) -> None:
        work = functools.partial(write_thought, Path(path), thought)
        self._background.run(work, failed=self._show_error)
