"""Whether the keyboard brought the focus: only then is it outlined where the outline is wide."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent

PASSING_REASONS = frozenset(
    {
        Qt.FocusReason.ActiveWindowFocusReason,
        Qt.FocusReason.PopupFocusReason,
        Qt.FocusReason.MenuBarFocusReason,
    }
)
"""Another window or a menu had the keys for a while."""
_KEYBOARD_REASONS = frozenset({Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason})


def by_keyboard(event: QFocusEvent, before: bool) -> bool:
    """Whether the focus that comes is the keyboard's; `before`: what it was when it was last here."""
    return before if event.reason() in PASSING_REASONS else event.reason() in _KEYBOARD_REASONS
