"""The trial of privacy itself: it tries every path, and it finds what it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from app import privacy_trial
from app.history.store import HistoryStore
from app.privacy_search import secret_lines
from app.privacy_trial import TrialResult, try_privacy

CANARY = "QUOKKA counts on its fingers"


def tried(
    model: Path, own_folder: Path, engine: Sequence[str], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> TrialResult:
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    thought = "\n".join([CANARY] * 40)
    command = [*engine, "--thought", thought, "--answer", "It is {question}.", "--tokens-per-s", "400"]
    return try_privacy(model, [own_folder], command)


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def test_no_path_leaves_a_thought_and_every_path_is_tried(
    mini_model: Path,
    own_folder: Path,
    fake_engine_command: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = tried(mini_model, own_folder, fake_engine_command, tmp_path / "temporary", monkeypatch)
    assert {path.name: (path.problem, path.why_not) for path in result.paths} == {
        path.name: ("", "") for path in result.paths
    }
    assert len(result.paths) >= 13
    assert all(CANARY in path.secrets for path in result.paths)
    assert result.searched_files > 2


def test_a_thought_that_is_written_somewhere_is_found(
    mini_model: Path,
    own_folder: Path,
    fake_engine_command: Sequence[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Careless(HistoryStore):
        def close(self) -> None:
            (own_folder / "cache").write_text(f"…{CANARY}…", encoding="utf-16")
            super().close()

    monkeypatch.setattr(privacy_trial, "HistoryStore", Careless)
    result = tried(mini_model, own_folder, fake_engine_command, tmp_path / "temporary", monkeypatch)
    assert {path.problem for path in result.paths} == {f"a line of it stands in {own_folder / 'cache'}"}


def test_what_may_be_written_is_no_secret() -> None:
    assert secret_lines("short\n 47 * 36 is asked \nso 47 times 36", "It 47 * 36 is asked.") == [
        "so 47 times 36"
    ]
