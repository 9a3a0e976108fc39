"""Things that may fail without harm: what went wrong is said, and the chat goes on."""

from __future__ import annotations

from collections.abc import Callable

from app.chat.events import ChatEvent, Noticed
from app.errors import AppError


def guarded(say: Callable[[ChatEvent], None], action: Callable[[], object]) -> None:
    """Do it; an `AppError` becomes `Noticed`."""
    try:
        action()
    except AppError as error:
        say(Noticed(error))
