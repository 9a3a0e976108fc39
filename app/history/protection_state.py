"""How a history is kept, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.history.key_file import KeyFile, Reminder

KeptBy = Literal["", "keyring", "passphrase", "nothing"]


@dataclass(frozen=True, slots=True)
class ProtectionState:
    """How the history is kept. `kept_by` "": it is not encrypted; "nothing": its key is in memory only.

    `keyring_problem` "": the system has a keyring that works, `keyring_name` is its own. `plain_files`:
    damaged histories that were set aside before the encryption. `reminder`: what the user should be told
    once.
    """

    kept_by: KeptBy
    keyring_name: str = ""
    keyring_problem: str = ""
    recovery_key_saved: bool = False
    plain_files: tuple[Path, ...] = ()
    reminder: Reminder | None = None

    @property
    def is_encrypted(self) -> bool:
        """Whether it is."""
        return self.kept_by != ""


def state_in_words(state: ProtectionState) -> str:
    """The state in one sentence."""
    match state.kept_by:
        case "":
            return "Your history is not encrypted."
        case "keyring":
            return (
                f"Your history is encrypted. Its key is in the keyring of this system ({state.keyring_name})."
            )
        case "passphrase":
            return "Your history is encrypted. Your passphrase opens it."
        case "nothing":
            return (
                "Your history is encrypted. The keyring does not have its key, so Ponder asks for the "
                "recovery key at each start."
            )


def reminder_for(kept_by: KeptBy, keyring_problem: str, content: KeyFile) -> Reminder | None:
    """What the user should be told, and was not yet."""
    reminder: Reminder
    if kept_by:
        if content.recovery_key_saved:
            return None
        reminder = "save the recovery key"
    else:
        reminder = "not encrypted" if keyring_problem else "can be encrypted"
    return None if reminder in content.reminded else reminder
