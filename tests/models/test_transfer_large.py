"""A file of the size of the 7B model goes through, with pauses: a minute or so, in `make proof` only."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.download_status import DownloadState
from models.transfer import TransferLimits
from tests.hub_server import HubServer
from tests.models.download_rig import FETCHED_TWICE_BYTES, FILE, MB, REPO, DownloadRig

pytestmark = pytest.mark.loopback

SIZE_BYTES = 4_683_073_504
"""DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"""
PAUSES = 4


@pytest.fixture
def rig(hub_server: HubServer, tmp_path: Path) -> Iterator[DownloadRig]:
    rig = DownloadRig(hub_server, tmp_path / "models", TransferLimits(reserve_bytes=0))
    yield rig
    rig.close()


@pytest.mark.proof
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.environ.get("PONDER_PROOF") != "1", reason="4.7 GB: in `make proof` only")
def test_a_model_of_real_size(rig: DownloadRig, tmp_path: Path) -> None:
    twin = tmp_path / "twin.gguf"
    with twin.open("wb") as file:
        file.truncate(SIZE_BYTES)
        noise = random.Random(7)
        for _ in range(50):  # or a wrong order of pieces would not show
            file.seek(noise.randrange(SIZE_BYTES - MB))
            file.write(noise.randbytes(MB // 10))
    with twin.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    rig.server.add_file(REPO, FILE, twin, sha256=sha256)
    rig.queue.add(rig.request())
    for part in range(1, PAUSES + 1):
        rig.wait_for_bytes(SIZE_BYTES * part // (PAUSES + 1))
        rig.queue.pause("r1")
        rig.wait_until(DownloadState.PAUSED)
        rig.restart()
        rig.queue.resume("r1")
    assert rig.wait_until(DownloadState.DONE, DownloadState.FAILED, timeout_s=300).state is DownloadState.DONE
    with rig.final().open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == sha256
    # What the server's kernel held at each pause was never taken.
    assert rig.server.file_bytes_sent - SIZE_BYTES <= (PAUSES + 1) * FETCHED_TWICE_BYTES
