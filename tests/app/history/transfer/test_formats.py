"""What comes of the chats of other programs: the turns, the versions, and no word of thinking."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.history.records import TurnState
from app.history.transfer.importing import import_files, read_chat
from app.history.transfer.message_tree import NO_QUESTION, NO_TEXT
from app.history.transfer.records import ChatRecord, FolderRecord, ReadChat, UnreadableChatError

EXAMPLES = Path(__file__).parent / "examples"


class Kept:
    """Where imported chats go."""

    def __init__(self) -> None:
        self.chats: list[ChatRecord] = []

    def import_conversation(self, record: ChatRecord) -> int | None:
        self.chats.append(record)
        return len(self.chats)

    def import_folder(self, folder: FolderRecord) -> None:
        raise AssertionError(folder)


def chats_in(name: str) -> list[ChatRecord]:
    kept = Kept()
    import_files([EXAMPLES / name], kept)
    return kept.chats


def read(name: str, number: int = 0) -> ReadChat:
    value = json.loads((EXAMPLES / name).read_text(encoding="utf-8"))
    return read_chat(value[number] if isinstance(value, list) else value)


def words(chat: ChatRecord) -> list[tuple[int | None, str, str]]:
    return [(turn.parent, turn.question, turn.answer) for turn in chat.turns]


@pytest.mark.parametrize("example", sorted(file.name for file in EXAMPLES.glob("*.json")))
def test_no_word_of_thinking_comes_in(example: str) -> None:
    chats = chats_in(example)

    assert chats
    assert "CANARY" in (EXAMPLES / example).read_text(encoding="utf-8")
    assert "CANARY" not in repr(chats)


def test_chatgpt_with_its_versions() -> None:
    chat = read("chatgpt_conversations.json")

    assert words(chat.record) == [
        (None, "Is 91 prime?", "No: 91 = 7 × 13."),
        (0, "And 97?", "97 is prime."),
        (None, "Is 91 prime?", "It is not."),
        (None, "Is 91 prime? Look at the picture.", "I see a bicycle."),
    ]
    assert [turn.model_name for turn in chat.record.turns] == ["o3", "o3", "gpt-4o", "gpt-4o"]
    assert chat.record.front == 1
    assert chat.record.is_archived
    assert chat.record.title == "Primes"
    assert chat.record.created_at.isoformat() == "2024-05-01T10:40:00.123456+00:00"
    assert chat.left_out == {"thoughts": 2, "messages of tools": 1, "pictures and files": 1}


def test_kinds_of_chatgpt_that_are_not_known_are_left_out() -> None:
    def message(name: str, parent: str, role: str, kind: str) -> dict[str, Any]:
        content = {"content_type": kind, "text": "CANARY", "parts": ["CANARY"]}
        return {name: {"parent": parent, "message": {"author": {"role": role}, "content": content}}}

    question = {"content_type": "text", "parts": ["?"]}
    first = {"q": {"message": {"author": {"role": "user"}, "content": question}}}
    mapping = first | message("a", "q", "assistant", "pondering") | message("b", "a", "assistant", "thoughts")
    chat = read_chat({"mapping": mapping})

    assert words(chat.record) == [(None, "?", "")]
    assert chat.left_out == {"messages of an unknown kind": 1, "thoughts": 1}


def test_claude() -> None:
    chat = read("claude_conversations.json")

    assert words(chat.record) == [
        (None, "How long do I bake it?", "Forty minutes.\n\nAt 230 °C."),
        (0, "Thank you", "You are welcome."),
    ]
    assert chat.record.created_at.isoformat() == "2025-03-01T08:00:00.123456+00:00"
    assert chat.left_out == {"thoughts": 2, "messages of tools": 1, "pictures and files": 1}


def test_claude_with_branches() -> None:
    def message(uuid: str, parent: str, sender: str, text: str) -> dict[str, Any]:
        content = [{"type": "text", "text": text}]
        return {"uuid": uuid, "parent_message_uuid": parent, "sender": sender, "content": content}

    chat = read_chat(
        {
            "name": "",
            "chat_messages": [
                message("1", "00000000-0000-4000-8000-000000000000", "human", "One?"),
                message("2", "1", "assistant", "Yes."),
                message("3", "1", "assistant", "No."),
                message("4", "2", "human", "Sure?"),
            ],
        }
    )

    assert words(chat.record) == [(None, "One?", "Yes."), (0, "Sure?", ""), (None, "One?", "No.")]
    assert chat.record.turns[1].state is TurnState.INTERRUPTED
    assert chat.record.title == "One?"


def test_deepseek_with_its_versions() -> None:
    chat = read("deepseek_conversations.json")

    assert words(chat.record) == [
        (None, "What is 7 × 8?", "It is **56**."),
        (0, "And 7 × 9?", "63."),
        (None, "What is 7 × 8?", "Fifty-six."),
    ]
    assert [turn.model_name for turn in chat.record.turns][:2] == ["deepseek-reasoner", "deepseek-chat"]
    assert chat.record.front == 1  # the newest
    assert chat.left_out == {"thoughts": 1, "messages of tools": 1}


def test_deepseek_as_it_was_before_fragments() -> None:
    chat = read("deepseek_conversations.json", 1)

    assert words(chat.record) == [(None, "Hello", "Hello to you."), (0, "Bye", "Goodbye.")]
    assert chat.left_out == {"thoughts": 1}


def test_lm_studio_with_its_versions() -> None:
    chat = read("lm_studio.conversation.json")

    assert words(chat.record) == [
        (None, "What is 12²?", "144."),
        (None, "What is 12²?", "It is 144."),
        (1, "And 13²?", "169."),
        (None, "What is 12 squared?", ""),
    ]
    assert chat.record.front == 2
    assert chat.record.turns[0].model_name == "bartowski/r1-7b"
    assert chat.record.created_at.isoformat() == "2025-01-01T00:00:00.123000+00:00"
    assert chat.left_out == {"thoughts": 2, "pictures and files": 1}


def test_a_chat_that_begins_with_an_answer_or_has_a_question_without_text() -> None:
    chat = read_chat(
        {
            "chat_messages": [
                {"sender": "assistant", "text": "Welcome."},
                {"sender": "human", "text": ""},
                {"sender": "assistant", "text": "I see."},
            ]
        }
    )

    assert words(chat.record) == [(None, NO_QUESTION, "Welcome."), (0, NO_TEXT, "I see.")]


def test_a_thought_that_never_closes_is_no_answer() -> None:
    chat = read_chat(
        {
            "chat_messages": [
                {"sender": "human", "text": "?"},
                {"sender": "assistant", "text": "<think>CANARY"},
            ]
        }
    )

    assert words(chat.record) == [(None, "?", "")]
    assert chat.left_out["thoughts"] == 1


def test_a_deep_chat_is_read() -> None:
    messages = [
        {"sender": ("human", "assistant")[number % 2], "text": str(number)} for number in range(20_000)
    ]

    assert len(read_chat({"chat_messages": messages}).record.turns) == 10_000


@pytest.mark.parametrize(
    "chat",
    [
        {"mapping": {}},
        {"mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}},
        {"chat_messages": []},
        {"messages": []},
        {"messages": [{"role": "user", "content": "Hello"}]},
        {"turns": []},
        {},
        [],
        None,
        {
            "mapping": {
                "q": {
                    "message": {
                        "author": {"role": "user"},
                        "content": {"content_type": "text", "parts": ["?"]},
                    }
                },
                "a": {"parent": "b", "message": {}},
                "b": {"parent": "a", "message": {}},
            }
        },
        {"inserted_at": "", "mapping": {"a": {"parent": "b"}, "b": {"parent": "a"}}},
    ],
)
def test_what_is_no_chat_is_refused_in_words(chat: Any) -> None:
    with pytest.raises(UnreadableChatError) as refused:
        read_chat(chat)

    assert str(refused.value).endswith(".")
