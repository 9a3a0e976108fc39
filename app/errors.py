"""The errors of the program itself, beside those of the models, each with a text fit to show.

AppError                        (models.errors: what happened, what was kept, what to do)
├── FolderError                 a folder of Ponder's own cannot be made or used
├── HistoryError                the history could not be opened, read or written
│   ├── HistoryDamagedError         its file is damaged, or gone
│   ├── HistoryLockedError          it is encrypted, and its key is not there
│   └── HistoryTooNewError          it was written by a newer Ponder
├── ExportError                 chats could not be written to a file
├── ImportRefusedError          a file of chats cannot be imported; nothing of it was
├── SettingsError               the settings could not be read or written
└── InputError                  what the user gave cannot be used (an empty question, a bad option)
"""

from __future__ import annotations

from typing import ClassVar, Literal

from models.errors import (
    AppError,
    EngineError,
    EngineProtocolError,
    EngineStartError,
    EngineStoppedError,
    ModelFileError,
    ModelLoadError,
    PromptTooLongError,
    RequestError,
    TemplateError,
)

__all__ = [
    "AppError",
    "EngineError",
    "EngineProtocolError",
    "EngineStartError",
    "EngineStoppedError",
    "ExportError",
    "FolderError",
    "HistoryDamagedError",
    "HistoryError",
    "HistoryLockedError",
    "HistoryTooNewError",
    "ImportRefusedError",
    "InputError",
    "ModelFileError",
    "ModelLoadError",
    "PromptTooLongError",
    "RequestError",
    "SettingsError",
    "TemplateError",
]


class FolderError(AppError):
    """A folder that Ponder keeps its files in cannot be made or used."""

    code: ClassVar[str] = "folder"


class HistoryError(AppError):
    """The history could not be opened, read or written."""

    code: ClassVar[str] = "history"


class HistoryDamagedError(HistoryError):
    """The history is damaged, or gone while there are backups of it.

    Nothing was changed: `app.history.damage` says what is left of it, and brings that back.
    """

    code: ClassVar[str] = "history_damaged"


class HistoryLockedError(HistoryError):
    """The history is encrypted, and its key is not there, or what was given is not it. Nothing was changed.

    `needs`: what opens it.
    """

    code: ClassVar[str] = "history_locked"

    def __init__(
        self,
        message: str,
        *,
        kept: str = "",
        advice: str = "",
        details: str = "",
        needs: Literal["passphrase", "recovery key"] = "recovery key",
    ) -> None:
        super().__init__(message, kept=kept, advice=advice, details=details)
        self.needs = needs


class HistoryTooNewError(HistoryError):
    """The history was written by a newer Ponder; it was not touched."""

    code: ClassVar[str] = "history_too_new"


class ExportError(AppError):
    """Chats could not be written to a file. What stood there before is as it was."""

    code: ClassVar[str] = "export"


class ImportRefusedError(AppError):
    """A file of chats cannot be imported, and nothing of it was."""

    code: ClassVar[str] = "import_refused"


class SettingsError(AppError):
    """The settings could not be read or written."""

    code: ClassVar[str] = "settings"


class InputError(AppError):
    """What the user gave cannot be used as it is."""

    code: ClassVar[str] = "input"
