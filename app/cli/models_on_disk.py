"""`ponder models add`, `verify` and `remove`: what is done with files on this computer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.cli import model_objects as objects
from app.cli import model_words
from app.cli.interrupts import EXIT_INTERRUPTED, caught_interrupts
from app.cli.model_options import ModelOptions
from app.cli.models_at_hand import ModelsAtHand
from app.cli.output import one_line
from app.cli.progress import file_progress
from app.cli.surroundings import Surroundings
from app.errors import InputError
from models.errors import WorkStoppedError
from models.library import LibraryModel, Verification


def run(action: str, at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    """Run `add`, `verify` or `remove`; gives the exit code. Raises `AppError`."""
    try:
        match action:
            case "add":
                return _add(at_hand, options, surroundings)
            case "verify":
                return _verify(at_hand, options, surroundings)
            case _:
                return _remove(at_hand, options, surroundings)
    except WorkStoppedError as stopped:  # by Ctrl-C
        surroundings.output.error(str(stopped))
        return EXIT_INTERRUPTED


@contextmanager
def asked_to_stop() -> Iterator[Callable[[], bool]]:
    """Within it Ctrl-C makes the function true, so that a half copy is cleared away."""
    stopped = threading.Event()
    with caught_interrupts(lambda _: stopped.set()):
        yield stopped.is_set


def _add(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    surroundings.paths.make_folders()
    path = Path(options.path).expanduser()
    with (
        file_progress(surroundings.output, f"Copying {path.name}", quiet=options.json) as progress,
        asked_to_stop() as is_cancelled,
    ):
        added = at_hand.library.add(path, copy=options.copy, progress=progress, is_cancelled=is_cancelled)
    model = next(each for each in at_hand.shelf().installed if each.path == added)
    if options.json:
        surroundings.output.json(objects.installed(model))
        return 0
    surroundings.output.line(one_line(str(added)))
    if model.fit is not None:
        surroundings.output.note(f"{model.title}: {model_words.fit_line(model.fit)}")
    return 0


def _verify(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    model = at_hand.installed(options.model)
    with (
        file_progress(surroundings.output, f"Reading {model.title}", quiet=options.json) as progress,
        asked_to_stop() as is_cancelled,
    ):
        verification = at_hand.library.verify(model.path, progress, is_cancelled)
    if options.json:
        surroundings.output.json({"path": str(model.path), "verification": verification.value})
    else:
        surroundings.output.line(f"{one_line(model.title)}: {model_words.verification(verification)}")
    return 0 if verification is not Verification.CHANGED else 1


def _remove(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    model = at_hand.installed(options.model)
    if not options.yes and not _confirmed(model, surroundings):
        surroundings.output.aside("Nothing was removed.\n")
        return 1
    at_hand.library.delete(model.path)
    at_hand.library.empty_trash()
    if options.json:
        surroundings.output.json({"removed": str(model.path), "deleted": model.is_in_folder})
    return 0


def _confirmed(model: LibraryModel, surroundings: Surroundings) -> bool:
    if not surroundings.stdin.isatty():
        raise InputError(
            "Nothing was removed: nobody is there to be asked.", advice="Add --yes to remove it."
        )
    what = "Delete" if model.is_in_folder else "Take off the list (the file stays)"
    surroundings.output.aside(f"{what}: {one_line(model.title)}, {one_line(str(model.path))}? [y/N] ")
    return surroundings.stdin.readline().strip().lower() in (b"y", b"yes")
