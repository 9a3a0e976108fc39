"""A process that must leave no dump of its memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is another one elsewhere")
def test_a_crash_leaves_nothing_behind_and_no_program_is_given_the_memory(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    code = (
        "import os, resource\n"
        "from models.core_dumps import forbid_core_dumps\n"
        "forbid_core_dumps()\n"
        "print(*resource.getrlimit(resource.RLIMIT_CORE), flush=True)\n"
        f"os.chdir({str(place)!r})\n"
        "os.abort()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    # 1 and not 0: with 0 the kernel still hands the dump to a program such as systemd-coredump.
    assert done.stdout.split() == ["1", "1"]
    assert done.returncode < 0
    assert list(place.iterdir()) == []
