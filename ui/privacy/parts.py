"""What the dialogs about keys are made of."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

_MAX_CHARACTERS = 1_000


def secret_field(name: str) -> QLineEdit:
    """A field whose content is not seen, not learnt by keyboards and not copied."""
    field = QLineEdit(echoMode=QLineEdit.EchoMode.Password, placeholderText=name, maxLength=_MAX_CHARACTERS)
    field.setAccessibleName(name)
    field.setInputMethodHints(Qt.InputMethodHint.ImhHiddenText | Qt.InputMethodHint.ImhSensitiveData)
    return field
