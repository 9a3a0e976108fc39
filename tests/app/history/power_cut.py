"""A power cut, simulated: what a disk holds if only synced bytes are sure to survive.

`recorded` runs a command under strace and reads which files below a folder it wrote, synced, renamed.
`Disk` replays that. `Disk.cut` gives a folder as it may be found after a cut: all that was synced, and of
the rest nothing, all, or any of it, torn at any sector. What a folder holds counts as written once the
folder itself was synced, until then any first part of its changes may be there. This is more cruel than
most file systems are.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SECTOR_BYTES = 512
_CALLS = (
    "openat,close,pwrite64,write,fsync,fdatasync,ftruncate,unlink,rename,link,mkdir,sendfile,"
    "pwritev,writev,fallocate,copy_file_range"
)
_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_NOT_REPLAYED = {"pwritev", "writev", "fallocate", "copy_file_range"}


@dataclass(frozen=True, slots=True)
class Event:
    """One call that worked. `data` is bytes written; `said` what went to standard output."""

    call: str
    number: int = -1
    path: str = ""
    other: str = ""
    data: bytes = b""
    offset: int = 0
    flags: str = ""
    source: int = -1
    result: int = 0
    said: str = ""


def recorded(command: Sequence[str], folder: Path, trace: Path, repository: Path) -> list[Event]:
    """Run a command and give what it did to the files of a folder, and what it said, in order."""
    subprocess.run(
        [
            "strace",
            "-f",
            "--seccomp-bpf",
            "-o",
            str(trace),
            "-xx",
            "-s",
            "10000000",
            "-e",
            f"trace={_CALLS}",
            *command,
        ],
        cwd=repository,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    return list(_events(trace.read_text(encoding="ascii").splitlines(), str(folder)))


def _events(lines: Sequence[str], folder: str) -> list[Event]:
    events: list[Event] = []
    ours: set[int] = set()
    for line in lines:
        assert "unfinished" not in line, "one thread at a time, or the order is not known"
        found = _LINE.match(line)
        if found is None or int(found[3]) < 0:
            continue
        call, arguments, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _STRING.findall(arguments)]
        rest = _STRING.sub("", arguments).split(",")
        if call == "openat":
            ours.discard(result)
            path = texts[0].decode()
            if path.startswith(folder):
                ours.add(result)
                events.append(Event("open", result, path, flags=rest[2]))
            continue
        if call in ("unlink", "rename", "link", "mkdir"):
            path = texts[0].decode()
            if path.startswith(folder):
                events.append(Event(call, path=path, other=texts[-1].decode()))
            continue
        number = int(rest[0])
        if call == "write" and number == 1:
            events.append(Event("say", said=texts[0].decode().strip()))
        elif number in ours:
            assert call not in _NOT_REPLAYED, f"{call} is not replayed yet"
            if call == "close":
                ours.discard(number)
                continue
            if call == "sendfile":
                offset = int(rest[2].strip(" [").partition("]")[0])
                events.append(Event(call, number, source=int(rest[1]), offset=offset, result=result))
                continue
            offset = int(rest[-1]) if call in ("pwrite64", "ftruncate") else -1
            data = texts[0][:result] if texts else b""
            events.append(Event(call, number, data=data, offset=offset))
    return events


@dataclass
class _File:
    sure: bytearray = field(default_factory=bytearray)
    pending: list[tuple[str, int, bytes]] = field(default_factory=list)
    position: int = 0

    def sync(self) -> None:
        self.sure = self.now()
        self.pending.clear()

    def now(self) -> bytearray:
        """What a program reads."""
        return self.after([True] * len(self.pending))

    def after(self, kept: Sequence[bool], chance: random.Random | None = None) -> bytearray:
        """The bytes if these of the pending writes came through; with `chance` torn ones."""
        content = bytearray(self.sure)
        for is_kept, (kind, offset, data) in zip(kept, self.pending, strict=True):
            if not is_kept:
                continue
            if kind == "truncate":
                del content[offset:]
                content.extend(bytes(offset - len(content)))
                continue
            for start in range(0, len(data), SECTOR_BYTES):
                if chance is not None and chance.random() < 0.3:
                    continue
                part = data[start : start + SECTOR_BYTES]
                end = offset + start + len(part)
                content.extend(bytes(max(0, end - len(content))))
                content[offset + start : end] = part
        return content


_Names = dict[str, "_File | None"]
"""What has which path; None is a folder."""


class Disk:
    """Replays events, and can be asked at any of them what a cut would leave."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._names: _Names = {}
        self._sure_names: _Names = {}
        self._changes: list[tuple[str, str, _File | None]] = []
        self._open: dict[int, tuple[str, _File | None]] = {}

    def load(self) -> None:
        """Begin with what is in the folder now, all of it sure."""
        for path in sorted(Path(self._folder).rglob("*")):
            file = None if path.is_dir() else _File(bytearray(path.read_bytes()))
            self._names[str(path)] = self._sure_names[str(path)] = file

    def replay(self, event: Event) -> None:
        """Do what the call did."""
        match event.call:
            case "open":
                self._replay_open(event)
            case "pwrite64":
                self._file(event).pending.append(("write", event.offset, event.data))
            case "write":
                file = self._file(event)
                file.pending.append(("write", file.position, event.data))
                file.position += len(event.data)
            case "sendfile":
                file, source = self._file(event), self._open[event.source][1]
                assert source is not None
                data = source.now()[event.offset : event.offset + event.result]
                file.pending.append(("write", file.position, bytes(data)))
                file.position += len(data)
            case "ftruncate":
                self._file(event).pending.append(("truncate", event.offset, b""))
            case "fsync" | "fdatasync":
                path, file_or_none = self._open[event.number]
                if file_or_none is None:
                    self._sync_folder(path)
                else:
                    file_or_none.sync()
            case "unlink":
                self._change(event.path, "-", self._names.pop(event.path))
            case "mkdir":
                self._names[event.path] = None
                self._change(event.path, "+", None)
            case "link":
                self._names[event.other] = self._names[event.path]
                self._change(event.other, "+", self._names[event.path])
            case "rename":
                moved = self._names.pop(event.path)
                self._names[event.other] = moved
                self._changes.append((event.other, f"rename {event.path}", moved))

    def cut(self, into: Path, chance: random.Random) -> None:
        """Write what may be found after a cut now."""
        mood = chance.choice(["only what is sure", "everything", "anything", "torn"])
        names = dict(self._sure_names)
        changes = len(self._changes)
        if mood == "only what is sure":
            changes = 0
        elif mood != "everything":
            changes = chance.randint(0, changes)
        for change in self._changes[:changes]:
            _apply(names, change)
        for path in sorted(names):
            file, target = names[path], into / PurePosixPath(path).relative_to(self._folder)
            if file is None:
                target.mkdir(parents=True, exist_ok=True)
            elif not path.endswith("-shm") and target.parent.is_dir():
                target.write_bytes(_content(file, mood, chance))
            elif target.parent.is_dir() and chance.random() < 0.5:
                target.write_bytes(chance.randbytes(32768))  # mapped memory: it may be anything

    def _replay_open(self, event: Event) -> None:
        file = self._names.get(event.path)
        is_folder = (
            "O_DIRECTORY" in event.flags
            or event.path == self._folder
            or (event.path in self._names and file is None)
        )
        if file is None and not is_folder:
            file = _File()
            self._names[event.path] = file
            self._change(event.path, "+", file)
        if file is not None:
            file.position = 0
            if "O_TRUNC" in event.flags:
                file.pending.append(("truncate", 0, b""))
        self._open[event.number] = (event.path, file)

    def _file(self, event: Event) -> _File:
        file = self._open[event.number][1]
        assert file is not None
        return file

    def _change(self, path: str, how: str, file: _File | None) -> None:
        self._changes.append((path, how, file))

    def _sync_folder(self, folder: str) -> None:
        """What changed in that folder is sure now; the order of the others stays."""
        left = []
        for change in self._changes:
            if str(PurePosixPath(change[0]).parent) == folder:
                _apply(self._sure_names, change)
            else:
                left.append(change)
        self._changes = left


def _apply(names: _Names, change: tuple[str, str, _File | None]) -> None:
    path, how, file = change
    if how == "-":
        names.pop(path, None)
        return
    if how.startswith("rename "):
        names.pop(how.removeprefix("rename "), None)
    names[path] = file


def _content(file: _File, mood: str, chance: random.Random) -> bytes:
    count = len(file.pending)
    if mood == "only what is sure":
        return bytes(file.sure)
    if mood == "everything":
        return bytes(file.now())
    kept = [chance.random() < 0.5 for _ in range(count)]
    return bytes(file.after(kept, chance if mood == "torn" else None))
