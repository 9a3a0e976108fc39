"""A Ponder of its own that downloads one file, to be killed, shut out, or run on a small disk.

    python -m tests.models.download_child MODE HUB FOLDER REPO REVISION FILE SIZE SHA256

MODE: "run" prints a JSON line for each news, to the end. "fill": after 5 MB it fills the disk, and when the
download has failed it makes room and resumes.
"""

from __future__ import annotations

import json
import queue
import sys
from pathlib import Path

from models.download_status import DownloadRequest, DownloadState, DownloadStatus, RequestedFile
from models.downloads import DownloadQueue
from models.hub import Hub, NetworkSettings
from models.transfer import TransferLimits

FILL_AFTER_BYTES = 5_000_000


def main(
    mode: str, hub: str, folder: str, repo: str, revision: str, name: str, size: str, sha256: str
) -> None:
    news: queue.SimpleQueue[DownloadStatus] = queue.SimpleQueue()
    downloads = DownloadQueue(
        Path(folder),
        lambda: Hub(NetworkSettings(endpoint=hub)),
        news.put,
        limits=TransferLimits(reserve_bytes=0),
    )
    downloads.add(DownloadRequest("r1", "R1", repo, revision, (RequestedFile(name, int(size), sha256),)))
    filler = Path(folder) / "filler"
    while True:
        status = news.get(timeout=60)
        say(status)
        if mode == "fill" and status.done_bytes >= FILL_AFTER_BYTES and not filler.exists():
            fill(filler)
        if status.state is DownloadState.FAILED and filler.exists() and mode == "fill":
            filler.unlink()
            mode = "run"
            downloads.resume("r1")
        elif status.state in (DownloadState.DONE, DownloadState.FAILED):
            break
    downloads.close()


def say(status: DownloadStatus) -> None:
    said = {
        "state": status.state,
        "done": status.done_bytes,
        "code": status.error.code,
        "text": str(status.error),
    }
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def fill(filler: Path) -> None:
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:  # the disk is full, as it should be
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
