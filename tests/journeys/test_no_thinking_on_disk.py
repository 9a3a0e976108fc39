"""No word of a thought is ever on the disk, however the chat comes to its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.paths import Paths
from tests.journeys.window_program import HINT, QUESTION

CANARY = "QUOKKA"
ANSWER = "The ANSWER-MARKER."


def _places_with(marker: str, *folders: Path) -> list[Path]:
    """Every file that holds the marker, in any encoding that Qt or SQLite would use."""
    spellings = [marker.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")]
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and any(spelling in path.read_bytes() for spelling in spellings)
    ]


@pytest.mark.parametrize("fate", ["stop", "kill-engine", "close", "finish", "hint", "wait"])
def test_no_word_of_a_thought_is_on_the_disk(fate: str, home: Path, repository: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = dict(os.environ)
    environment |= {"TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)}
    program = [sys.executable, "-m", "tests.journeys.window_program", fate, f"hm {CANARY} hm", ANSWER]
    with subprocess.Popen(program, cwd=repository, env=environment, stdout=subprocess.PIPE) as window:
        assert window.stdout is not None
        assert window.stdout.readline() == b"thinking\n"
        if fate == "wait":
            window.kill()
        window.wait(60)
        assert (b"hinted" in window.stdout.read()) is (fate == "hint")
    history = Paths.from_environment(os.environ).history_file
    # The search itself works: what may be written is found.
    assert history.parent in [path.parent for path in _places_with(QUESTION, home)]
    assert bool(_places_with("ANSWER-MARKER", home)) is (fate in {"finish", "hint"})
    assert _places_with(CANARY, home, temporary) == []
    assert _places_with(HINT, home, temporary) == []
