"""The keyring of a real desktop: gnome-keyring behind a session bus of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHILD = """
import sys
from pathlib import Path
from app.history.file_kind import FileKind, kind_of
from app.history.protection import Protection
from tests.app.history.filled import add_turn

path = Path(sys.argv[1])
first = Protection(path)
with first.open_history() as history:
    add_turn(history, "What stays?")
again = Protection(path)
with again.open_history() as history:
    print(kind_of(path) is FileKind.ENCRYPTED, len(history.conversations()), again.state().kept_by)
"""
IN_A_BUS = ("dbus-run-session", "--")
IN_A_SESSION = """\
printf secret | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$@"
"""


@pytest.mark.proof
@pytest.mark.skipif(os.environ.get("PONDER_PROOF") != "1", reason="in `make proof`")
def test_the_keyring_of_a_real_desktop_keeps_the_key(tmp_path: Path, repository: Path) -> None:
    if shutil.which("gnome-keyring-daemon") is None or shutil.which("dbus-run-session") is None:
        pytest.skip("gnome-keyring is not installed here")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON_KEYRING")}
    done = subprocess.run(
        [
            *IN_A_BUS,
            "sh",
            "-c",
            IN_A_SESSION,
            "sh",
            sys.executable,
            "-c",
            CHILD,
            str(tmp_path / "history.db"),
        ],
        cwd=repository,
        env=environment | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "True 1 keyring\n", done.stderr
