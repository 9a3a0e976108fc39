"""The entry of the command line: reads the arguments, runs one command, says what went wrong."""

from __future__ import annotations

import argparse
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from app.cli.arguments import build_parser
from app.cli.interrupts import EXIT_INTERRUPTED
from app.cli.output import Output
from app.cli.surroundings import Surroundings
from app.errors import AppError, InputError
from app.paths import Paths, built_in_model_file

if TYPE_CHECKING:
    from app.history.transfer.exporting import PageRenderer

EXIT_FAILED = 1
EXIT_NOT_UNDERSTOOD = 2
EXIT_BROKEN_PIPE = 141
"""128 and the number of SIGPIPE: nobody reads the answer any more."""


def run_program(
    argv: Sequence[str],
    *,
    engine_command: Sequence[str] | None = None,
    built_in_model: Path | None = None,
    make_renderer: Callable[[], PageRenderer] | None = None,
) -> int:
    """Be the whole program: set the streams up, run `main`, and give the exit code.

    A bug ends it with a traceback that names places in the code and the kind of exception, never
    its message: that could hold words of the chat.
    """
    sys.excepthook = _print_traceback_without_message
    threading.excepthook = _end_after_bug_in_thread
    _set_up_streams()
    return main(
        argv, engine_command=engine_command, built_in_model=built_in_model, make_renderer=make_renderer
    )


def main(
    argv: Sequence[str],
    *,
    engine_command: Sequence[str] | None = None,
    built_in_model: Path | None = None,
    make_renderer: Callable[[], PageRenderer] | None = None,
) -> int:
    """Run one command and give its exit code; see `ponder --help` for the codes.

    `engine_command` and `built_in_model` put others in the place of the real ones, for tests.
    `make_renderer` makes what writes HTML and PDF, where the window's room is there.
    """
    output = Output(sys.stdout, sys.stderr)
    try:
        arguments = build_parser().parse_args(argv)
        surroundings = Surroundings(
            paths=Paths.from_environment(os.environ),
            built_in_model=built_in_model or built_in_model_file(),
            engine_command=engine_command,
            output=output,
            stdin=sys.stdin.buffer,
            make_renderer=make_renderer,
        )
        return _run(arguments, surroundings)
    except SystemExit as asked_for:  # argparse, after it printed a help text or the version
        return int(asked_for.code or 0)
    except InputError as error:
        output.error(str(error))
        return EXIT_NOT_UNDERSTOOD
    except AppError as error:
        output.error(str(error))
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _leave_broken_pipe()
        return EXIT_BROKEN_PIPE


def _run(arguments: argparse.Namespace, surroundings: Surroundings) -> int:
    """Hand the arguments to their command. Each imports what it needs: `ask` starts without a database."""
    chosen = vars(arguments)
    command = chosen.pop("run")
    match command:
        case "ask":
            from app.cli.ask import AskOptions, ask

            return ask(AskOptions(**chosen), surroundings)
        case "bench":
            from app.cli.bench import BenchOptions, bench

            return bench(BenchOptions(**chosen), surroundings)
        case "doctor":
            from app.cli.doctor import show_doctor

            return show_doctor(surroundings, as_json=chosen["json"], privacy=chosen["privacy"])
        case "delete-everything":
            from app.cli.deletion import delete_all

            return delete_all(with_models=chosen["models"], yes=chosen["yes"], surroundings=surroundings)
        case "chat" | "":
            from app.cli.chat import ChatOptions, chat

            return chat(ChatOptions(**chosen), surroundings)
        case _ if command.startswith("models "):
            from app.cli.model_options import ModelOptions
            from app.cli.models import run_models

            return run_models(command.removeprefix("models "), ModelOptions(**chosen), surroundings)
        case "history export":
            from app.cli.history_transfer import ExportOptions, export_chats

            return export_chats(ExportOptions(**chosen), surroundings)
        case "history import":
            from app.cli.history_transfer import ImportOptions, import_chats

            return import_chats(ImportOptions(**chosen), surroundings)
        case "history encrypt" | "history decrypt" | "history change-key" | "history recovery-key":
            from app.cli.history_keys import KeyOptions, change_protection

            action = command.removeprefix("history ")
            return change_protection(action, KeyOptions(**chosen), surroundings)
        case _:
            from app.cli.history import HistoryOptions, show_history

            return show_history(command.removeprefix("history "), HistoryOptions(**chosen), surroundings)


def _set_up_streams() -> None:
    """Text that the other end cannot take becomes "?"; pipes and files get UTF-8 on every system."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by whoever started this: its number must not go to a file
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - for the whole run
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")


def _leave_broken_pipe() -> None:
    """Let standard output lead nowhere, or Python complains once more when it flushes at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, sys.stdout.fileno())
    os.close(nothing)


def _print_traceback_without_message(
    kind: type[BaseException], _error: BaseException | None, trace: TracebackType | None
) -> None:
    sys.stderr.write("ponder: This is a bug in Ponder. Where it happened (no word of your chats):\n")
    sys.stderr.write("".join(traceback.format_tb(trace)) + kind.__qualname__ + "\n")


def _end_after_bug_in_thread(caught: threading.ExceptHookArgs) -> None:
    """Without that thread the main one would wait for ever. The engine ends with its pipe."""
    _print_traceback_without_message(caught.exc_type, None, caught.exc_traceback)
    sys.stderr.flush()
    os._exit(EXIT_FAILED)
