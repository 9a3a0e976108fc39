"""What happens when Ponder itself has a bug: a dialog that says where, and never what was written."""

from __future__ import annotations

import faulthandler
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot, qVersion
from PySide6.QtGui import QGuiApplication

if TYPE_CHECKING:
    from ui.crash_dialog import CrashDialog

_PROJECT_FOLDER = Path(__file__).resolve().parent.parent


def crash_report(error: BaseException) -> str:
    """Version, system and the places the error passed through.

    The exception's message is left out, and so are source lines and variables: a message may quote
    what somebody asked or what the model wrote.
    """
    import platform  # here, both: the window need not wait for them

    from app.version import version

    lines = [
        f"Ponder {version()}",
        f"{platform.system()} {platform.release()} ({platform.machine()})",
        f"Python {platform.python_version()}, Qt {qVersion()}",
        "",
    ]
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines += _frames(current.__traceback__)
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if current is not None:
            lines += ["", "which came after:"]
    return "\n".join(lines) + "\n"


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"  {_short_path(frame.filename)}, line {frame.lineno}, in {frame.name}"
        for frame in traceback.extract_tb(trace, limit=60)
    ]


def _short_path(file_name: str) -> str:
    """The path without the folder of the user: inside the project, inside its packages, or the name."""
    path = Path(file_name)
    if path.is_relative_to(_PROJECT_FOLDER) and "site-packages" not in path.parts:
        return path.relative_to(_PROJECT_FOLDER).as_posix()
    if "site-packages" in path.parts:
        return "/".join(path.parts[path.parts.index("site-packages") + 1 :])
    return path.name


class CrashReporter(QObject):
    """Catches every exception that nobody handled, on any thread, and shows one dialog.

    While that dialog is open, further errors are added to standard error only: an error that comes
    back with every paint must not bury the screen in windows.
    """

    _crashed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._dialog: CrashDialog | None = None
        self._has_dialog = False
        self._fault_file: IO[str] | None = None
        self._crashed.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self, log_dir: Path) -> None:
        """Take over the exception hooks; deadly signals leave a traceback in `log_dir`/fault.log."""
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception
        try:
            log_dir.mkdir(parents=True, exist_ok=True)
            self._fault_file = (log_dir / "fault.log").open("w", encoding="utf-8")
        except OSError:
            faulthandler.enable()  # a folder that cannot be written: standard error must do
        else:
            faulthandler.enable(self._fault_file)

    def uninstall(self) -> None:
        """Give the hooks back to Python."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__
        faulthandler.disable()
        self._close_fault_file()

    @Slot()
    def leave_folder(self) -> None:
        """Hold no file open in the folder of the logs: it is about to be deleted."""
        faulthandler.disable()
        self._close_fault_file()

    def _close_fault_file(self) -> None:
        if self._fault_file is not None:
            self._fault_file.close()
            self._fault_file = None

    def report(self, error: BaseException) -> None:
        """Report a bug. Callable on any thread."""
        text = crash_report(error)
        if sys.stderr is not None:
            sys.stderr.write(text)
        self._crashed.emit(text)

    def _on_exception(
        self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            QGuiApplication.quit()
        elif error is not None:
            self.report(error.with_traceback(trace))

    def _on_thread_exception(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None and caught.exc_type is not SystemExit:
            self.report(caught.exc_value.with_traceback(caught.exc_traceback))

    @Slot(str)
    def _show(self, report: str) -> None:
        if self._has_dialog:
            return
        self._has_dialog = True  # first: what fails from here on must not come here again
        from ui.crash_dialog import CrashDialog  # imported long ago, but not before the first picture

        self._dialog = CrashDialog(report)
        self._dialog.destroyed.connect(self._on_dialog_gone)
        self._dialog.show()

    @Slot()
    def _on_dialog_gone(self) -> None:
        self._dialog = None
        self._has_dialog = False
