"""How fast a download is, hash included, against curl from the same server; and one of real size.

The server is a process of its own that uses sendfile; the two take turns in one run, and the median counts.
Without curl on this computer only our own figure is reported.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from models.download_status import RequestedFile
from models.hub import FileLocation
from models.stop_signal import StopSignal
from models.transfer import Transfer, TransferLimits

SIZE_BYTES = 500_000_000
ROUNDS = 5
_BLOCK_BYTES = 1_000_000


def measure(report: Callable[[str, float, str], None]) -> None:
    """Report MB/s of ours and of curl's, and ours as a share of curl's (medians of `ROUNDS`)."""
    with tempfile.TemporaryDirectory(dir=_memory_folder()) as name:
        folder = Path(name)
        source = folder / "source.gguf"
        sha256 = _write_source(source)
        with served(source) as url:
            ours, curls = [], []
            for _ in range(ROUNDS):
                ours.append(ours_bytes_per_s(url, folder, sha256))
                if shutil.which("curl"):
                    curls.append(curl_bytes_per_s(url, folder))
    report("download", statistics.median(ours) / 1e6, "MB/s")
    if curls:
        report("download_by_curl", statistics.median(curls) / 1e6, "MB/s")
        report("download_against_curl", statistics.median(ours) / statistics.median(curls), "of curl's")


def ours_bytes_per_s(url: str, folder: Path, sha256: str) -> float:
    """Fetch and verify the file once, to its final name."""
    final = folder / "o__n" / "ours.gguf"
    location = FileLocation(url, SIZE_BYTES, sha256, sha256, "c" * 40, {})
    began_s = time.perf_counter()
    transfer = Transfer(
        final,
        "o/n",
        RequestedFile("ours.gguf", SIZE_BYTES, sha256),
        lambda: location,
        lambda news: None,
        StopSignal(),
        tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        limits=TransferLimits(reserve_bytes=0),
    )
    transfer.fetch()
    transfer.publish()
    transfer.close()
    took_s = time.perf_counter() - began_s
    final.unlink()
    return SIZE_BYTES / took_s


def curl_bytes_per_s(url: str, folder: Path) -> float:
    """Fetch the file once with curl, which checks nothing."""
    target = folder / "curl.gguf"
    began_s = time.perf_counter()
    subprocess.run(["curl", "-sS", "--fail", "-o", str(target), url], check=True)
    took_s = time.perf_counter() - began_s
    target.unlink()
    return SIZE_BYTES / took_s


@contextmanager
def served(source: Path) -> Iterator[str]:
    """A server process for one file."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.downloads", str(source)], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    try:
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}/file"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _serve(source: Path) -> None:
    """Answer every request with the whole file, one connection after the other, until killed."""
    with source.open("rb") as file, socket.create_server(("127.0.0.1", 0)) as listener:
        size_bytes = os.fstat(file.fileno()).st_size
        sys.stdout.write(f"{listener.getsockname()[1]}\n")
        sys.stdout.flush()
        while True:
            connection, _ = listener.accept()
            with connection:
                request = b""
                while b"\r\n\r\n" not in request:
                    request += connection.recv(65536)
                head = f'HTTP/1.1 200 OK\r\nContent-Length: {size_bytes}\r\nETag: "x"\r\n\r\n'
                connection.sendall(head.encode())
                connection.sendfile(file, 0)


def _write_source(path: Path) -> str:
    digest = hashlib.sha256()
    noise = random.Random(1)
    with path.open("wb") as file:
        for _ in range(SIZE_BYTES // _BLOCK_BYTES):
            block = noise.randbytes(_BLOCK_BYTES)
            digest.update(block)
            file.write(block)
    return digest.hexdigest()


def _memory_folder() -> Path | None:
    """A folder in memory, so that the disk is not what is measured; None where there is none."""
    folder = Path("/dev/shm")
    return folder if folder.is_dir() and shutil.disk_usage(folder).free > 3 * SIZE_BYTES else None


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
