"""The questions that were begun and not sent, one for each conversation, until the window closes."""

from __future__ import annotations


class Drafts:
    """Drafts live in memory only: what was never sent is never stored."""

    def __init__(self) -> None:
        self._texts: dict[int | None, str] = {}

    def swap(self, left_id: int | None, text: str, opened_id: int | None) -> str:
        """Keep the text of the conversation that is left; give that of the one that is opened.

        None is the new conversation.
        """
        self._texts[left_id] = text
        return self._texts.pop(opened_id, "")

    def forget_temporary(self) -> None:
        """Drafts of temporary conversations, whose ids are below zero, go with them."""
        self._texts = {key: text for key, text in self._texts.items() if key is None or key >= 0}

    def put_back(self, conversation_id: int, text: str) -> None:
        """Put a question that was not taken in front of the draft of a conversation that is elsewhere."""
        draft = self._texts.get(conversation_id, "")
        self._texts[conversation_id] = f"{text}\n{draft}" if draft.strip() else text
