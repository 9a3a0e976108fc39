"""The one program: the window without a subcommand, the command line with one."""

from __future__ import annotations

import builtins
import gc
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from models.core_dumps import forbid_core_dumps

if TYPE_CHECKING:
    from app.history.transfer.exporting import PageRenderer

LOCK_HELD_S = 0.001
"""So long another thread keeps Python's lock when the window wants it; Python itself has 5 ms, and the window
wants it several times while it handles one event."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run Ponder and give its exit code. Qt is imported only where a window is to open."""
    forbid_core_dumps()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments:
        return _run_command_line(arguments)
    if not has_display(os.environ, sys.platform):
        sys.stderr.write("There is no display here, so the chat opens in the terminal.\n")
        return _run_command_line(["chat"])
    try:
        import_window()
        from ui.application import run_window
    except ImportError as error:
        if error.name is not None and not error.name.startswith(("PySide6", "shiboken6")):
            raise
        sys.stderr.write(
            f"The window cannot open, because a library that Qt needs is missing ({error.msg}). "
            "Install it, or use the terminal: ponder chat\n"
        )
        return 1
    return run_window()


def import_window() -> None:
    """Import what the first picture of the window needs. Raises ImportError where a library is missing."""
    gc.disable()  # until the window is whole: what is made on the way there stays
    sys.setswitchinterval(LOCK_HELD_S)
    import PySide6.QtGui  # noqa: F401  (by itself it says best which library is missing)

    # WORKAROUND: from here on PySide6 would read and keep the source of every module that is imported, to see
    # whether it may want PySide6's other names: https://github.com/pyzo/pyzo/pull/851
    builtins.__import__ = vars(builtins).get("__orig_import__", builtins.__import__)
    from ui import application  # noqa: F401


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a window can be shown. Windows and macOS always have a display."""
    if platform in ("win32", "darwin"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _run_command_line(arguments: list[str]) -> int:
    from app.cli.main import run_program

    return run_program(arguments, make_renderer=_make_renderer)


def _make_renderer() -> PageRenderer:
    """For an export: it needs no Qt in this process."""
    from ui.export.renderer import ProcessRenderer

    return ProcessRenderer()


if __name__ == "__main__":
    sys.exit(main())
