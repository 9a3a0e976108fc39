"""The line above the page: its title, the model, and how full the context is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from ui.context_meter import ContextMeter
from ui.copy_chat_button import CopyChatButton
from ui.elided_label import ElidedLabel
from ui.kinds import of_kind
from ui.model_pill import ModelPill
from ui.theme import HEADER_HEIGHT_PX, Theme

NOTE_FROM_PX = 780
"""From this width on there is room for a note beside a page's title."""
_DOWNLOAD_FROM_PX, _ALL_WORDS_FROM_PX = 560, 900
"""From these widths on a download is said in short, and with the time that is left."""

_MARGIN_PX, _SPACING_PX = 20, 12
_TIGHT_MARGIN_PX, _TIGHT_SPACING_PX = 12, 6


class Header(QFrame):
    """The line above the pages.

    Signals:
        chats_requested: the folded sidebar is to open.
        back_requested: from another page back to the chat.
        copy_requested: str, "markdown" or "text". The whole chat is to be copied.
        downloads_requested: the few words about a download were pressed.
    """

    chats_requested = Signal()
    back_requested = Signal()
    downloads_requested = Signal()
    copy_requested = Signal(str)

    def __init__(self, theme: Theme, built_in_model: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "header")
        self.setFixedHeight(HEADER_HEIGHT_PX)
        self.chats_button = QPushButton("Chats")
        self.chats_button.setToolTip("Show the chats (Ctrl+B)")
        self.title_label = of_kind(ElidedLabel(), "heading")
        self.title_label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.temporary_label = of_kind(QLabel("Temporary", textFormat=Qt.TextFormat.PlainText), "badge-good")
        self.temporary_label.setToolTip("Nothing of this chat is written")
        self.pill = ModelPill(built_in_model)
        self.meter = ContextMeter(theme)
        self.note_label = of_kind(ElidedLabel(), "third")
        self.download_button = of_kind(QPushButton(), "text")
        self.download_button.hide()
        self.copy_button = CopyChatButton()
        self.copy_button.chosen.connect(self.copy_requested)
        self._has_chat = False
        self._is_temporary = False
        self._is_page = False
        self._download, self._short_download = "", ""
        self.back_button = of_kind(QPushButton("Back to the chat"), "text")
        self.back_button.setToolTip("Back to the chat (Esc)")
        self._layout = layout = QHBoxLayout(self)
        layout.addWidget(self.chats_button)
        layout.addWidget(self.title_label)
        layout.addWidget(self.temporary_label)
        layout.addWidget(self.pill)
        layout.addStretch(1)
        layout.addWidget(self.download_button)
        layout.addWidget(self.copy_button)
        layout.addWidget(self.meter, 0, Qt.AlignmentFlag.AlignRight)
        layout.addWidget(self.note_label)
        layout.addWidget(self.back_button)
        self.chats_button.clicked.connect(self.chats_requested)
        self.back_button.clicked.connect(self.back_requested)
        self.download_button.clicked.connect(self.downloads_requested)
        self.chats_button.hide()
        self.show_chat_title("")

    def show_chat_title(self, title: str) -> None:
        """The chat is in front; "" is a new one."""
        self.title_label.setText(title or "New chat")
        self.pill.show()
        self.back_button.hide()
        self._is_page = False
        self._show_what_fits()

    def show_has_chat(self, has_chat: bool) -> None:
        """Whether there is something in front to copy."""
        self._has_chat = has_chat
        self._show_what_fits()

    def show_temporary(self, is_temporary: bool) -> None:
        """Whether nothing of the chat in front is written."""
        self._is_temporary = is_temporary
        self._show_what_fits()

    def show_page_title(self, title: str, note: str = "") -> None:
        """Another page is in front, with a note where there is room."""
        self._is_page = True
        self.title_label.setText(title)
        self.note_label.setText(note)
        self.pill.hide()
        self.meter.hide()
        self.back_button.show()
        self._show_what_fits()

    def show_download(self, words: str, short: str = "") -> None:
        """Say how far a download is, "" for nothing, while the sidebar that says it too is folded."""
        self._download, self._short_download = words, short or words
        self.download_button.setAccessibleName(f"Downloads: {words}")
        self._show_what_fits()

    @Slot(bool)
    def follow_folding(self, is_folded: bool) -> None:
        """Whether the sidebar is folded away."""
        self.chats_button.setVisible(is_folded)
        self._show_what_fits()

    def _show_what_fits(self) -> None:
        has_room = self.width() >= NOTE_FROM_PX
        is_temporary = self._is_temporary and not self._is_page
        self.temporary_label.setVisible(is_temporary)
        self.title_label.setVisible(not is_temporary or has_room)
        is_tight = is_temporary and self.width() < _DOWNLOAD_FROM_PX
        margin, spacing = (_TIGHT_MARGIN_PX, _TIGHT_SPACING_PX) if is_tight else (_MARGIN_PX, _SPACING_PX)
        self._layout.setContentsMargins(margin, 0, margin, 0)
        self._layout.setSpacing(spacing)
        self.copy_button.setVisible(self._has_chat and not self._is_page and has_room)
        has_note = self._is_page and bool(self.note_label.text())
        self.note_label.setVisible(has_note and self.width() >= NOTE_FROM_PX)
        folded = not self.chats_button.isHidden()
        wide = self.width() >= _DOWNLOAD_FROM_PX
        all_words = self.width() >= _ALL_WORDS_FROM_PX
        self.download_button.setText(self._download if all_words else self._short_download)
        self.download_button.setVisible(bool(self._download) and folded and wide and not self._is_page)
        self.pill.set_room(self._room_for_pill())

    def _room_for_pill(self) -> int:
        """What the others leave when they are as narrow as they can be: the title gives way first."""
        margins = self._layout.contentsMargins()
        room_px = self.width() - margins.left() - margins.right()
        for part in self.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
            if part is not self.pill and not part.isHidden():
                room_px -= max(part.minimumSizeHint().width(), part.minimumWidth()) + self._layout.spacing()
        return room_px

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Less where it is narrow."""
        super().resizeEvent(event)
        self.meter.set_room(self.width())
        self._show_what_fits()
