"""Takes chats that were kept in memory, while the history could not be opened, into the history."""

from __future__ import annotations

from app.history.memory import History
from app.history.records import TurnState


def carry_over(memory: History, history: History) -> None:
    """Store the paths in front of all conversations; what is still being written is left out.

    Raises `HistoryError`.
    """
    for summary in reversed(memory.conversations()):
        turns = [
            turn for turn in memory.conversation(summary.id).turns if turn.state is not TurnState.RUNNING
        ]
        conversation_id = None
        for turn in turns:
            stored = history.begin_turn(conversation_id, turn.question, turn.model_name)
            conversation_id = stored.conversation_id
            history.end_turn(
                stored.id, state=turn.state, answer=turn.answer, usage=turn.usage, failure=turn.failure
            )
        if conversation_id is not None:
            history.rename(conversation_id, summary.title)
