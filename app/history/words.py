"""What the history says of its deletions and of what is not there, the same on disk and in memory."""

from __future__ import annotations

from app.errors import HistoryError, InputError
from app.history.records import ENDED_EARLY
from app.history.text import storable
from app.history.titles import MAX_GIVEN_TITLE_CHARACTERS, given_title, title_from_question

NOTHING_CHANGED = "Nothing was changed."
_BRANCH = " (branch)"


def deleted_conversation(title: str) -> str:
    """What stands beside Undo."""
    return f"“{title}” was deleted."


def deleted_turn(question: str) -> str:
    """What stands beside Undo."""
    return f"“{title_from_question(question)}” and its reply were deleted."


def deleted_folder(name: str) -> str:
    """What stands beside Undo."""
    return f"The folder “{name}” was deleted. Its chats are kept."


def not_there(what: str, row_id: int) -> HistoryError:
    """There is no such "conversation", "question" or "folder", deleted elsewhere perhaps."""
    return HistoryError(f"There is no {what} {row_id} in the history.", kept=NOTHING_CHANGED)


def gone_for_good() -> HistoryError:
    """An undo that comes too late."""
    return HistoryError("It cannot be brought back: it was wiped.", kept=NOTHING_CHANGED)


def still_written() -> HistoryError:
    """A branch of a reply that is being written."""
    return HistoryError(
        "The reply is still being written.",
        kept=NOTHING_CHANGED,
        advice="Stop it, or wait for its end.",
    )


def require_can_go_on(state: str, answer: str) -> None:
    """Raises `HistoryError` for a turn that came to its end, is running, or has nothing to go on from."""
    if state not in ENDED_EARLY or not answer.strip():
        raise HistoryError("There is no answer here that could go on.", kept=NOTHING_CHANGED)


def checked_question(question: str) -> str:
    """The question as it can be kept. Raises `InputError` for an empty one."""
    question = storable(question)
    if not question:
        raise InputError("The question is empty.", advice="Write something to ask.")
    return question


def checked_title(title: str) -> str:
    """The title on one line. Raises `InputError` for an empty one."""
    title = given_title(storable(title))
    if not title:
        raise InputError(
            "The title is empty.", kept="The old title stays.", advice="Write at least one letter."
        )
    return title


def checked_folder_name(name: str) -> str:
    """The name on one line. Raises `InputError` for an empty one."""
    name = given_title(storable(name))
    if not name:
        raise InputError("The folder has no name.", kept=NOTHING_CHANGED, advice="Write at least one letter.")
    return name


def branch_title(title: str) -> str:
    """What a branch of a conversation is called at first."""
    if title.endswith(_BRANCH):
        return title
    return title[: MAX_GIVEN_TITLE_CHARACTERS - len(_BRANCH)] + _BRANCH
