"""`ponder doctor --privacy` in the terminal; the trial itself is tested beside it."""

from __future__ import annotations

import pytest

from app import doctor
from app.privacy_search import PathTried
from app.privacy_trial import TrialResult
from tests.app.cli.conftest import CommandLine
from tests.app.cli.test_doctor import RIGHT

SECRET = "a secret line of a thought"


@pytest.mark.parametrize(
    ("problem", "result"), [("", "ok"), ("it stands in x", "failed"), (None, "cannot be checked here")]
)
def test_doctor_says_how_each_path_went(
    ponder: CommandLine, monkeypatch: pytest.MonkeyPatch, problem: str | None, result: str
) -> None:
    found = TrialResult((PathTried("that was stopped", [SECRET], problem, "no time"),), 3, 4096)
    monkeypatch.setattr(doctor, "try_privacy", lambda *_: found)
    run = ponder("doctor", "--privacy", "--json", fake=RIGHT)
    (promise,) = [each for each in run.object["promises"] if "that was stopped" in each["text"]]
    assert promise["result"] == result
    assert run.exit_code == (1 if result == "failed" else 0)
    assert SECRET not in run.stdout


def test_without_being_asked_it_is_not_tried(ponder: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> TrialResult:
        raise AssertionError

    monkeypatch.setattr(doctor, "try_privacy", fail)
    assert ponder("doctor", "--json", fake=RIGHT).exit_code == 0
