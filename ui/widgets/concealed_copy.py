"""Asks programs that keep a history of the clipboard to leave out what was copied of a thought."""

from __future__ import annotations

import struct
from typing import Final

from PySide6.QtCore import QMimeData

_ANY = b"1"
_NO: Final = struct.pack("<I", 0)
CONCEALING_FORMATS: Final[dict[str, bytes]] = {
    # KDE's Klipper, CopyQ and others; the second is the same for toolkits that want a whole MIME type.
    "x-kde-passwordManagerHint": b"secret",
    "text/x-kde-passwordManagerHint": b"secret",
    # macOS: http://nspasteboard.org, by the name that Qt gives it.
    "application/x-nspasteboard-concealed-type": _ANY,
    # Windows: https://learn.microsoft.com/windows/win32/dataxchg/clipboard-formats#cloud-clipboard-and-clipboard-history-formats
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': _ANY,
    'application/x-qt-windows-mime;value="CanIncludeInClipboardHistory"': _NO,
    'application/x-qt-windows-mime;value="CanUploadToCloudClipboard"': _NO,
}


def conceal(data: QMimeData) -> QMimeData:
    """Mark it as nothing to keep or to send elsewhere. It can be pasted as any other. Gives it back."""
    for name, value in CONCEALING_FORMATS.items():
        data.setData(name, value)
    return data
