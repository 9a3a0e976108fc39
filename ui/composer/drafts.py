"""What was typed and not sent, for each conversation, until the window closes."""

from __future__ import annotations

from typing import NamedTuple


class Unsent(NamedTuple):
    """A question that was begun; and in `edit` another version of the question of `edited_turn`, if any."""

    draft: str = ""
    edited_turn: int | None = None
    edit: str = ""


class Drafts:
    """Drafts live in memory only: what was never sent is never stored."""

    def __init__(self) -> None:
        self._kept: dict[int | None, Unsent] = {}

    def swap(self, left_id: int | None, unsent: Unsent, opened_id: int | None) -> Unsent:
        """Keep what was typed in the conversation that is left; give that of the one that is opened.

        None is the new conversation.
        """
        self._kept[left_id] = unsent
        return self._kept.pop(opened_id, Unsent())

    def forget_temporary(self) -> None:
        """Drafts of temporary conversations, whose ids are below zero, go with them."""
        self._kept = {key: unsent for key, unsent in self._kept.items() if key is None or key >= 0}

    def put_back(self, conversation_id: int, text: str) -> None:
        """Put a question that was not taken in front of the draft of a conversation that is elsewhere."""
        unsent = self._kept.get(conversation_id, Unsent())
        draft = f"{text}\n{unsent.draft}" if unsent.draft.strip() else text
        self._kept[conversation_id] = unsent._replace(draft=draft)
