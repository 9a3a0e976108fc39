"""`ponder delete-everything`: chats, backups, keys, settings and logs, and the models if that is wanted."""

from __future__ import annotations

from app.cli.surroundings import Surroundings
from app.errors import InputError

_WHAT = "All chats and their backups, the key that opens them, the settings and the logs"
_MODELS = "; the downloaded models too"


def delete_all(*, with_models: bool, yes: bool, surroundings: Surroundings) -> int:
    """Ask, and delete it; gives the exit code. Raises `AppError`."""
    from app.delete_everything import delete_everything  # brings SQLAlchemy

    surroundings.require_window_closed()
    if not yes and not _confirmed(surroundings, with_models=with_models):
        surroundings.output.aside("Nothing was deleted.\n")
        return 1
    delete_everything(surroundings.paths, surroundings.protection().keyring, with_models=with_models)
    return 0


def _confirmed(surroundings: Surroundings, *, with_models: bool) -> bool:
    if not surroundings.stdin.isatty():
        raise InputError(
            "Nothing was deleted: nobody is there to be asked.", advice="Add --yes to delete everything."
        )
    models = _MODELS if with_models else ""
    surroundings.output.aside(f"{_WHAT}{models} are deleted from this computer, for good. Do it? [y/N] ")
    return surroundings.stdin.readline().strip().lower() in (b"y", b"yes")
