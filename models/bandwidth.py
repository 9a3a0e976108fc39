"""How fast this computer reads its main memory, in under half a second; kept so that it is measured once.

Writing a token reads every weight once, so decoding cannot be faster than this
(https://arxiv.org/abs/2211.05102, section 2). C's own `memchr` on a byte that is not there reads as fast as
the memory gives; called through ctypes it does not hold the interpreter's lock, so that several threads read
at once, as llama.cpp's do.
"""

from __future__ import annotations

import ctypes
import logging
import mmap
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from models.whole_file import replace_file

_log = logging.getLogger(__name__)

_BYTES_A_THREAD: Final = 64 * 2**20
_MAX_BYTES: Final = 256 * 2**20
"""Together far more than a processor's cache holds, and yet written in a fraction of a second."""

_MIN_BYTES: Final = 32 * 2**20
"""Less would be read from the cache."""

_MAX_SHARE_OF_AVAILABLE: Final = 8
_WRITE_S: Final = 0.12
_LONGEST_WRITE_S: Final = 0.28
"""What was not written by the first is left out, where enough is there, and by the second in any case.

A busy computer takes its time to give the memory out.
"""

_TIMES: Final = 3
"""A computer that was busy the first time seems slower than it is, never faster."""

_LEAST_SHARE: Final = 0.5 if time.get_clock_info("thread_time").resolution < 1e-3 else 1.0
"""Of a processor. A thread that others left less than this is not counted as if it had had all of it: the
threads would not have read at the same time, and each alone reads faster than its share. The clock of
Windows is too coarse to tell.
"""

_READ_S: Final = 0.2
_WINDOW_S: Final = 0.04
_BYTES_A_CALL: Final = 4 * 2**20
_LEAST_CALLS: Final = 3
_NOT_THERE, _THERE = 0, 1


class Fingerprint(msgspec.Struct, frozen=True):
    """What a measurement belongs to: with another processor or other memory it is made again."""

    cpu_title: str
    usable_cores: int
    ram_total_bytes: int


class _Kept(msgspec.Struct, frozen=True):
    fingerprint: Fingerprint
    bandwidth_bytes_per_s: float
    measured_times: int


def known_bandwidth(fingerprint: Fingerprint, kept_file: Path | None, probe: Callable[[], float]) -> float:
    """Bytes/s of the main memory: the best of the first `_TIMES` measurements, which `kept_file` keeps.

    `probe` measures it once, 0 where it cannot (see `probe_bandwidth`).
    """
    kept = _read(kept_file) if kept_file is not None else None
    if kept is None or kept.fingerprint != fingerprint:
        kept = _Kept(fingerprint, 0.0, 0)
    if kept.measured_times >= _TIMES:
        return kept.bandwidth_bytes_per_s
    found = probe()
    best = max(found, kept.bandwidth_bytes_per_s)
    if kept_file is not None and found > 0:
        _write(kept_file, _Kept(fingerprint, best, kept.measured_times + 1))
    return best


def kept_bandwidth(fingerprint: Fingerprint, kept_file: Path | None) -> float:
    """Bytes/s as kept in `kept_file`; 0 where nothing is kept of this computer."""
    kept = _read(kept_file) if kept_file is not None else None
    return kept.bandwidth_bytes_per_s if kept is not None and kept.fingerprint == fingerprint else 0.0


def probe_bandwidth(threads: int, ram_available_bytes: int) -> float:
    """Bytes/s that `threads` threads read together. 0 where there is too little memory to measure it."""
    threads = max(1, min(threads, _MAX_BYTES // (16 * 2**20)))
    size = min(_MAX_BYTES, threads * _BYTES_A_THREAD, ram_available_bytes // _MAX_SHARE_OF_AVAILABLE)
    if size < _MIN_BYTES:
        return 0.0
    part = size // threads // mmap.PAGESIZE * mmap.PAGESIZE
    library = ctypes.CDLL("msvcrt") if sys.platform == "win32" else ctypes.CDLL(None)
    library.memchr.argtypes = library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
    library.memchr.restype = library.memset.restype = ctypes.c_void_p
    with mmap.mmap(-1, part * threads) as memory:
        view = ctypes.c_char.from_buffer(memory)
        readers = [_Reader(library, ctypes.addressof(view) + part * index, part) for index in range(threads)]
        barrier = threading.Barrier(threads)
        workers = [threading.Thread(target=reader.run, args=(barrier,)) for reader in readers]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        del view  # the mapping cannot be closed while something points into it
    is_larger_than_a_cache = sum(reader.size_bytes for reader in readers) >= _MIN_BYTES
    return _fastest_window(readers) if is_larger_than_a_cache else 0.0


class _Reader:
    """One thread's part of the memory.

    `ended`: when each call ended that read `call_bytes`, and how long the thread had had a processor by then.
    """

    def __init__(self, library: ctypes.CDLL, address: int, size_bytes: int) -> None:
        self._library, self._address, self.size_bytes = library, address, size_bytes
        self.call_bytes = min(_BYTES_A_CALL, size_bytes)
        self.began = 0.0
        self.ended: list[tuple[float, float]] = []

    def run(self, barrier: threading.Barrier) -> None:
        """Write the part, wait for the other threads, read it over and over."""
        self._write()
        barrier.wait()
        offset, self.began = 0, time.perf_counter()
        while time.perf_counter() - self.began < _READ_S:
            self._library.memchr(self._address + offset, _NOT_THERE, self.call_bytes)
            self.ended.append((time.perf_counter(), time.thread_time()))
            offset += self.call_bytes
            if offset + self.call_bytes > self.size_bytes:
                offset = 0

    def _write(self) -> None:
        """Memory that was never written is one shared page of zeros, and would be read from the cache."""
        began, written = time.perf_counter(), 0
        while written + self.call_bytes <= self.size_bytes:
            limit_s = _LONGEST_WRITE_S if written < _MIN_BYTES else _WRITE_S
            if time.perf_counter() - began >= limit_s:
                break
            self._library.memset(self._address + written, _THERE, self.call_bytes)
            written += self.call_bytes
        self.size_bytes = written


def _fastest_window(readers: Sequence[_Reader]) -> float:
    """Bytes/s of all threads together, in the window in which the least else took their processors.

    What else took them is counted out: a program that starts measures while it is busy itself.
    """
    began = max(reader.began for reader in readers)
    whole = range(1, int(_READ_S / _WINDOW_S) - 1)  # after that the first threads are done
    return max(sum(_rate_in(reader, began + window * _WINDOW_S) for reader in readers) for window in whole)


def _rate_in(reader: _Reader, began: float) -> float:
    """Bytes/s of one thread in the window that begins then, as if it had had its processor to itself."""
    inside = [ended for ended in reader.ended if began <= ended[0] < began + _WINDOW_S]
    if len(inside) < _LEAST_CALLS:
        return 0.0
    (first, first_cpu), (last, last_cpu) = inside[0], inside[-1]
    taken_s = max(last_cpu - first_cpu, _LEAST_SHARE * (last - first))
    return (len(inside) - 1) * reader.call_bytes / taken_s


def _read(path: Path) -> _Kept | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError):  # not there yet, or spoilt: it is measured again
        return None


def _write(path: Path, kept: _Kept) -> None:
    """Keep it. Where that cannot be, it is measured again the next time: nothing is lost."""
    try:
        replace_file(path, msgspec.json.format(msgspec.json.encode(kept)))
    except OSError as error:
        _log.warning("The measured memory bandwidth could not be kept: %s", error.strerror)
