"""`ponder history backup`, `restore` and `verify`: copies of the history, and whether all of it is good."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from app import numbers_in_words
from app.cli.output import one_line
from app.cli.surroundings import Surroundings
from app.errors import HistoryError, InputError
from app.history.backups import Backup, list_backups
from app.history.damage import GoodBackup, conversations_in, is_intact, newest_good_backup, restore_backup
from app.history.inspection import inspect_history
from app.history.key import Key


def back_up(*, as_json: bool, surroundings: Surroundings) -> int:
    """Make a backup now. Raises `HistoryError`."""
    if not surroundings.paths.history_file.exists():
        raise HistoryError("There is no history to back up.", advice="Ask something first.")
    with closing(surroundings.open_history()) as history:
        backup = history.back_up()
        count = len(history.conversations())
    if as_json:
        surroundings.output.json(_backup_as_object(GoodBackup(backup, count)))
    else:
        surroundings.output.line(f"{_conversations(count)} backed up to {backup.path}")
    return 0


def restore(file: str, *, yes: bool, as_json: bool, surroundings: Surroundings) -> int:
    """Put a backup in the place of the history, the newest good one if none is named. Raises `AppError`."""
    history = surroundings.paths.history_file
    surroundings.paths.make_folders()
    key = _key_for_repair(surroundings)
    path, count, when = _chosen(history, file, key)
    damaged = history.exists() and history.stat().st_size > 0 and not is_intact(history, key)
    if damaged:
        surroundings.require_window_closed()
    if not yes and not _confirmed(f"{when} with {_conversations(count)}", damaged, surroundings):
        surroundings.output.aside("Nothing was changed.\n")
        return 1
    restored = restore_backup(history, path, key)
    output = surroundings.output
    if as_json:
        kept = str(restored.kept) if restored.kept is not None else None
        output.json({"restored": str(path), "conversations": restored.conversation_count, "kept": kept})
        return 0
    output.line(f"{_conversations(restored.conversation_count)} restored from {path}")
    if restored.kept is not None:
        output.note(f"What was there before is kept in {restored.kept}.")
    return 0


def verify(*, as_json: bool, surroundings: Surroundings) -> int:
    """Read every page of the history and of its backups; 1 where something is damaged."""
    history, output = surroundings.paths.history_file, surroundings.output
    if not history.exists() and not list_backups(history):
        raise HistoryError("There is no history to verify.", advice="Ask something first.")
    key = _key_for_repair(surroundings)
    problems, turns = _inspected(history, key)
    checked = [_checked(backup, key) for backup in list_backups(history)]
    good = not problems and all(problem == "" for _, _, problem in checked)
    if as_json:
        output.json(
            {
                "history": str(history),
                "problems": problems,
                "turns": turns,
                "backups": [
                    _backup_as_object(GoodBackup(backup, count)) | {"problem": problem}
                    for backup, count, problem in checked
                ],
            }
        )
        return 0 if good else 1
    output.line(f"{history}: " + (one_line("; ".join(problems)) or f"good, {numbers_in_words.turns(turns)}"))
    for backup, count, problem in checked:
        output.line(f"{backup.path}: " + (one_line(problem) or f"good, {_conversations(count)}"))
    if not good:
        output.note("See: ponder history restore --help")
    return 0 if good else 1


def _key_for_repair(surroundings: Surroundings) -> Key | None:
    """Ask for the passphrase where the key is locked; a damaged history has the key of its backups."""
    surroundings.unlocked_key()
    return surroundings.protection().key_for_repair()


def _inspected(history: Path, key: Key | None) -> tuple[list[str], int]:
    if not history.exists():
        return ["It is gone."], 0
    try:
        found = inspect_history(history, key)
    except HistoryError as error:
        return [error.message], 0
    return list(found.problems), found.turn_count


def _checked(backup: Backup, key: Key | None) -> tuple[Backup, int, str]:
    try:
        return backup, conversations_in(backup.path, key), ""
    except HistoryError as error:
        return backup, 0, error.message


def _chosen(history: Path, file: str, key: Key | None) -> tuple[Path, int, str]:
    """The backup to restore, how many conversations it has, and what it is called in the question."""
    if file:
        path = Path(file).absolute()
        return path, conversations_in(path, key), f"the backup {path}"
    newest = newest_good_backup(history, key)
    if newest is None:
        raise HistoryError("There is no good backup.", kept="Nothing was changed.")
    made_at = newest.backup.made_at.astimezone().strftime("%Y-%m-%d %H:%M")
    return newest.backup.path, newest.conversation_count, f"the backup of {made_at}"


def _confirmed(what: str, damaged: bool, surroundings: Surroundings) -> bool:
    if not surroundings.stdin.isatty():
        raise InputError(
            "Nothing was restored: nobody is there to be asked.", advice="Add --yes to restore it."
        )
    fate = "The damaged history is set aside." if damaged else "What is there now is backed up first."
    surroundings.output.aside(f"Go back to {what}? {fate} [y/N] ")
    return surroundings.stdin.readline().strip().lower() in (b"y", b"yes")


def _conversations(count: int) -> str:
    return f"{count:,} conversation" + ("" if count == 1 else "s")


def _backup_as_object(good: GoodBackup) -> dict[str, Any]:
    return {
        "path": str(good.backup.path),
        "made_at": good.backup.made_at.isoformat(),
        "size_bytes": good.backup.size_bytes,
        "conversations": good.conversation_count,
    }
