"""What every command is handed: the folders, the model in the box, the engine, the streams."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import psutil

from app.cli.output import Output
from app.cli.secret_input import unlocked_key
from app.errors import HistoryError, InputError
from app.paths import Paths

if TYPE_CHECKING:
    from app.history.key import Key
    from app.history.protection import Protection
    from app.history.store import HistoryStore
    from app.history.transfer.exporting import PageRenderer
    from app.history.transfer.store import TransferStore


@dataclass(slots=True)
class Surroundings:
    """Made once in `main`. `engine_command` None is the real engine.

    `make_renderer` makes what writes HTML and PDF; None where the window's room is not there.
    """

    paths: Paths
    built_in_model: Path
    engine_command: Sequence[str] | None
    output: Output
    stdin: BinaryIO
    make_renderer: Callable[[], PageRenderer] | None = None
    _protection: Protection | None = field(default=None, repr=False)

    def protection(self) -> Protection:
        """How the history is encrypted; always the same object, which remembers what was typed."""
        from app.history.protection import Protection  # brings SQLAlchemy, which `ask` does without

        if self._protection is None:
            self._protection = Protection(self.paths.history_file)
        return self._protection

    def unlocked_key(self) -> Key | None:
        """The key of the history, None for a plain one; asks for the passphrase where it must.

        Call it while nobody here has the history open. Raises `HistoryLockedError`.
        """
        return unlocked_key(self.protection(), self)

    def require_window_closed(self) -> None:
        """Raise `HistoryError` where Ponder's window is open on this history."""
        if window_is_open(self.paths.lock_file):
            raise HistoryError(
                "Ponder's window is open.", kept="Nothing was changed.", advice="Close it first."
            )

    def open_history(self) -> HistoryStore:
        """Open the history, made where there is none. Raises `HistoryError` or `FolderError`."""
        self.paths.make_folders()
        self.unlocked_key()
        return self.protection().open_history()

    def open_transfer(self) -> TransferStore:
        """Open the history for an export or an import. Raises `HistoryError` or `FolderError`."""
        from app.history.transfer.store import TransferStore

        self.paths.make_folders()
        return TransferStore(self.paths.history_file, self.unlocked_key())

    def page_renderer(self) -> PageRenderer:
        """What writes HTML and PDF. Raises `InputError` where there is none."""
        if self.make_renderer is None:
            raise InputError(
                "HTML and PDF are made by the window's part of Ponder, which was not started.",
                advice="Start it as `ponder`, or export as Markdown or JSON.",
            )
        return self.make_renderer()


def window_is_open(lock_file: Path) -> bool:
    """Qt writes the number of the process into the first line of its lock."""
    try:
        number = lock_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return False
    return number.isdecimal() and psutil.pid_exists(int(number))
