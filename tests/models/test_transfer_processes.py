"""Other processes and small disks: killed in the middle, two at once, full, read-only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from models.download_status import DownloadState
from tests.hub_server import Fault, HubServer
from tests.models.download_rig import FETCHED_TWICE_BYTES, FILE, MB, REPO, DownloadRig

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(os.name == "nt", reason="kills and mounts the POSIX way"),
]

SMALL_DISK = 'mount -t tmpfs -o size=40m tmpfs "$1"; shift; exec "$@"'
READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'


@pytest.fixture
def rig(hub_server: HubServer, tmp_path: Path) -> Iterator[DownloadRig]:
    rig = DownloadRig(hub_server, tmp_path / "models")
    rig.folder.mkdir()
    yield rig
    rig.close()


def child_command(rig: DownloadRig, mode: str) -> list[str]:
    file = rig.request().files[0]
    revision = rig.server.commit(REPO)
    arguments = [
        mode,
        rig.server.url,
        str(rig.folder),
        REPO,
        revision,
        FILE,
        str(file.size_bytes),
        file.sha256,
    ]
    return [sys.executable, "-m", "tests.models.download_child", *arguments]


def on_a_disk(rig: DownloadRig, repository: Path, script: str, mode: str) -> list[dict[str, Any]]:
    """Let a child download onto another disk: what it said."""
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("user namespaces are not available here, so no disk can be made small or read-only")
    command = ["unshare", "-rm", "sh", "-ec", script, "sh", str(rig.folder), *child_command(rig, mode)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_killed_in_the_middle_it_goes_on_where_it_was(rig: DownloadRig, repository: Path) -> None:
    content = rig.serve(60 * MB)
    for kill_at_bytes in (15 * MB, 37 * MB):
        rig.server.heal()  # the stall is there for a kill that comes late
        rig.server.fail(Fault(bytes_per_s=60 * MB, stall_at=25 * MB), "cdn")
        child = subprocess.Popen(child_command(rig, "run"), cwd=repository, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            said = json.loads(line)
            if said["state"] == "running" and said["done"] >= kill_at_bytes:
                break
        child.kill()
        child.wait()
        child.stdout.close()
        assert not rig.final().exists()
        assert rig.part().stat().st_size >= kill_at_bytes - MB
    rig.server.heal()
    rig.new_queue()
    assert rig.status().state is DownloadState.PAUSED
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content
    assert rig.names() == [FILE]
    assert rig.server.file_bytes_sent - len(content) <= 2 * FETCHED_TWICE_BYTES  # it was killed twice


def test_the_second_ponder_says_that_there_is_a_first(rig: DownloadRig, repository: Path) -> None:
    content = rig.serve(4 * MB)
    rig.server.fail(Fault(stall_at=2 * MB), "cdn")
    rig.limits = rig.limits.__class__(reserve_bytes=0)
    rig.new_queue()
    rig.queue.add(rig.request())
    rig.wait_for(lambda news: news.done_bytes > 0)
    done = subprocess.run(
        child_command(rig, "run"), cwd=repository, capture_output=True, text=True, timeout=60, check=True
    )
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["state"], last["code"]) == ("failed", "busy_elsewhere")
    assert f"Another Ponder is downloading {FILE} already." in last["text"]
    rig.queue.pause("r1")
    rig.wait_until(DownloadState.PAUSED)
    rig.server.heal()
    assert rig.resume_to_the_end().state is DownloadState.DONE
    assert rig.final().read_bytes() == content


def test_a_disk_that_fills_up_in_the_middle(rig: DownloadRig, repository: Path) -> None:
    size = 30 * MB
    rig.serve(size)
    rig.server.fail(Fault(bytes_per_s=20 * MB, stall_at=25 * MB), "cdn", times=1)  # or it might fill up late
    said = on_a_disk(rig, repository, SMALL_DISK, "fill")
    failed = [line for line in said if line["state"] == "failed"]
    assert [line["code"] for line in failed] == ["disk_full"]
    assert "Make room" in failed[0]["text"]
    assert (said[-1]["state"], said[-1]["done"]) == ("done", size)
    # What the server handed to the kernel before the disk was full never arrived: a buffer or two.
    assert rig.server.file_bytes_sent - size <= FETCHED_TWICE_BYTES


def test_a_disk_that_is_too_small_is_told_before(rig: DownloadRig, repository: Path) -> None:
    rig.serve(50 * MB)
    said = on_a_disk(rig, repository, SMALL_DISK, "run")
    assert (said[-1]["state"], said[-1]["code"]) == ("failed", "disk_full")
    assert "There is not enough room on the disk" in said[-1]["text"]
    assert rig.server.requests_to("cdn") == []


def test_a_folder_that_cannot_be_written(rig: DownloadRig, repository: Path) -> None:
    rig.serve()
    said = on_a_disk(rig, repository, READ_ONLY, "run")
    assert (said[-1]["state"], said[-1]["code"]) == ("failed", "folder_not_writable")
    assert "cannot write into the folder" in said[-1]["text"]
    assert rig.server.requests_to("cdn") == []
