"""Shows which keys there are; docs/accessibility.md has the same table."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ui.library.dialog import Dialog
from ui.library.facts_list import FactsList, fit_height

_MOST_PX = 560

KEYS = (
    (
        "Anywhere",
        (
            ("F1", "this list"),
            ("Tab, Shift+Tab", "to the next or previous part"),
            ("Ctrl+N", "a new chat"),
            ("Ctrl+Shift+N", "a new temporary chat"),
            ("Ctrl+K", "search all chats"),
            ("Ctrl+B", "open or fold the list of chats"),
            ("Ctrl+L", "to the question"),
            ("Ctrl+Z", "bring back what was deleted, the last first, while that is offered"),
            ("Esc", "close what is open, leave the list of chats, stop the reply"),
            ("Ctrl+,", "settings"),
            ("Ctrl+Shift+L", "lock Ponder"),
            ("Ctrl+Q", "close Ponder"),
        ),
    ),
    (
        "The question",
        (
            ("Enter", "send"),
            ("Shift+Enter", "a new line"),
            ("Ctrl+Enter", "answer now, while a thought runs"),
        ),
    ),
    (
        "The chat",
        (
            ("Ctrl+F", "find in this chat"),
            ("F3, Shift+F3", "the next or previous match"),
            ("Home, End, Space", "go through the chat"),
            ("Ctrl+A, Ctrl+C", "select all, copy"),
            ("Ctrl with +, − or 0", "larger, smaller, usual text"),
        ),
    ),
    (
        "A message, once Tab or a click has gone there",
        (
            ("F2", "edit the question and ask again"),
            ("F5", "another answer"),
            ("Alt+Left, Alt+Right", "the earlier or later version"),
            ("Delete", "delete question and answer"),
            ("Menu key, Shift+F10", "all that can be done"),
        ),
    ),
    (
        "The list of chats",
        (
            ("Enter", "open a chat, fold or unfold a folder"),
            ("Left, Right", "fold or unfold a folder"),
            ("F2", "rename"),
            ("Delete", "delete"),
            ("Menu key, Shift+F10", "all that can be done"),
        ),
    ),
)
"""For each place: the keys, and what they do."""


class KeysDialog(Dialog):
    """The keys, by the place where they work."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Keyboard shortcuts", parent)
        self.facts = FactsList("Keyboard shortcuts")
        self.body.addWidget(self.facts, 1)
        for place, keys in KEYS:
            self.facts.add_heading(place)
            self.facts.add_facts(keys)
        self.add_close()

    def fit_to_content(self) -> None:
        """All the keys, where the window is high enough."""
        fit_height(self.facts, self.content_width_px, _MOST_PX)
        super().fit_to_content()
