"""What a screen reader gets over AT-SPI, from the window on an X server: names, text, announcements."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.accessibility.said import ANSWER, FORMULAS_SAID, MODEL_NAME, SECOND_QUESTION, THOUGHT_TOKEN
from tests.accessibility.walk import MAX_NAME_CHARS

TIMEOUT_S = 300
PAGES = ("thinking", "answered", "formulas", "models", "settings", "link", "first")
Objects = list[dict[str, Any]]

_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
_PRESSABLE = (
    "push button",
    "button",
    "toggle button",
    "check box",
    "radio button",
    "combo box",
    "entry",
    "link",
)


def missing() -> str:
    """What is not installed here, "" where everything is."""
    needed = [name for name in ("dbus-run-session", "dbus-daemon", "Xvfb") if not shutil.which(name)]
    if not any(Path(launcher).exists() for launcher in _LAUNCHERS):
        needed.append("at-spi2-core")
    return ", ".join(needed)


pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="AT-SPI is what Linux has"),
    pytest.mark.skipif(
        bool(missing()), reason=f"for a screen reader it lacks {missing()} (Debian: dbus xvfb at-spi2-core)"
    ),
]


@pytest.fixture(scope="module")
def read(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the reader read, all pages in one session."""
    home = tmp_path_factory.mktemp("session")
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    folders = {name: str(home) for name in ("HOME", "TMPDIR", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME")}
    process = subprocess.run(
        ["dbus-run-session", "--", sys.executable, "-m", "tests.accessibility.reader"],
        cwd=repository,
        env=kept | folders | {"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if process.returncode:
        pytest.fail(f"the session failed:\n{process.stderr[-4_000:]}", pytrace=False)
    answer: dict[str, Any] = json.loads(process.stdout.splitlines()[-1])
    return answer


def texts_of(objects: Objects, name: str) -> list[str]:
    return [str(found["text"]) for found in objects if found["name"] == name and found["text"] is not None]


def test_a_reply_is_told_in_four_sentences(read: dict[str, Any]) -> None:
    chat, think, later, answer = read["announced"]
    assert (chat, think, later) == ([], ["Thinking"], ["Thinking, 40 seconds"])
    assert answer == ["Writing the answer", "Answer ready"]


def test_who_speaks_and_what_is_said(read: dict[str, Any]) -> None:
    answers = texts_of(read["answered"], "Answer from Ponder Mini")
    assert len(answers) == 2
    for answer in answers:
        assert "The lock costs 1.4 µs:" in answer
        assert "with lock:" in answer
        assert "**" not in answer
    questions = texts_of(read["answered"], "Your question")
    assert len(questions) == 2
    assert SECOND_QUESTION in questions


def test_a_turn_is_a_group_with_a_number(read: dict[str, Any]) -> None:
    """The oldest first, and all of it is inside: who asks, who thinks and who answers."""
    for page in ("thinking", "answered", "formulas"):
        groups = [found["name"] for found in read[page] if found["role"] == "panel" and found["name"]]
        assert groups == ["Question 1", "Question 2"]
    inside = [(found["name"], found["groups"]) for found in read["answered"] if found["groups"]]
    for number in (1, 2):
        names = [name for name, groups in inside if groups == [f"Question {number}"]]
        assert {"Your question", "Answer from Ponder Mini", "Copy the answer"} <= set(names)


def test_formulas_are_read_where_they_stand(read: dict[str, Any]) -> None:
    name = f"Answer from {MODEL_NAME}"
    assert texts_of(read["formulas"], name) == [FORMULAS_SAID] * 2
    for found in read["formulas"]:
        if found["name"] != name:
            continue
        assert found["description"] == ""
        assert "".join(word for word, _width, _height in found["words"]) in FORMULAS_SAID
        assert "x" in [word for word, _width, _height in found["words"]]
        assert all(width > 0 and height > 0 for _word, width, height in found["words"])


def test_a_thought_that_is_open_can_be_read_and_names_nothing(read: dict[str, Any]) -> None:
    thoughts = [found for found in read["thinking"] if THOUGHT_TOKEN.strip() in str(found["text"])]
    assert len(thoughts) == 1
    assert thoughts[0]["name"] == "Thought"
    for found in read["thinking"]:
        assert THOUGHT_TOKEN.strip() not in found["name"] + found["description"]
        assert ANSWER[:20] not in found["name"] + found["description"]


@pytest.mark.parametrize("page", PAGES)
def test_every_control_has_a_name_fit_to_hear(read: dict[str, Any], page: str) -> None:
    found: Objects = read[page]
    controls = [thing for thing in found if thing["focusable"] or thing["role"] in _PRESSABLE]
    assert len(controls) >= 5
    assert [thing for thing in controls if not thing["name"].strip()] == []
    assert [
        thing["name"] for thing in found if len(thing["name"]) > MAX_NAME_CHARS and not thing["text"]
    ] == []
    assert [thing["name"] for thing in found if "&&" in thing["name"]] == []


def test_a_name_with_an_ampersand_is_said_as_it_is(read: dict[str, Any]) -> None:
    assert f"Model: {MODEL_NAME}" in [found["name"] for found in read["thinking"]]


def test_the_dialog_is_there_with_its_buttons(read: dict[str, Any]) -> None:
    names = [found["name"] for found in read["link"]]
    assert {"Open", "Copy address", "Cancel"} <= set(names)
