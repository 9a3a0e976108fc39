"""The library: the models on this disk, with what is remembered of each, and all that is done with them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from models.engine_paths import engine_path_problem
from models.errors import LibraryError, ModelFileError
from models.file_work import (
    FileWork,
    Hashed,
    IsCancelled,
    Progress,
    never_cancelled,
    no_progress,
    require_room,
    unreadable,
)
from models.gguf_header import printable
from models.gguf_info import GgufInfo
from models.library_copy import copy_files, file_stem, free_names, remove_files
from models.library_records import (
    MAX_NOTE_CHARACTERS,
    MAX_TITLE_CHARACTERS,
    FileRecord,
    LibraryRecords,
    ModelRecord,
)
from models.model_file import (
    BUILT_IN_TITLE,
    ModelFile,
    built_in,
    files_in_folder,
    list_model_files,
    read_model_file,
)
from models.model_parts import first_part, first_parts, parts_of
from models.trash import Discarded, Trash
from models.verification import Published, PublishedModel, Verification, verification_of, warning_of

__all__ = [
    "BUILT_IN_TITLE",
    "Deletion",
    "Library",
    "LibraryModel",
    "ModelFile",
    "PublishedModel",
    "Verification",
    "built_in",
    "list_model_files",
    "read_model_file",
]

_JOINERS = "\u200c\u200d"
"""What holds emoji together, and letters of some scripts apart."""

Fingerprint = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class LibraryModel:
    """One model of the library. `path` is its first file, `paths` are all that it should have.

    `problem` says why one cannot chat with it, `warning` what is odd about it though one can: both fit to
    show, and "" where there is none. `size_bytes` is what stands on the disk. `catalog_id` "": not of the
    catalogue. `last_used` has a time zone. `is_in_folder`: it is in Ponder's own folder.
    """

    path: Path
    paths: tuple[Path, ...]
    title: str
    note: str
    size_bytes: int
    info: GgufInfo | None
    problem: str
    is_built_in: bool
    verification: Verification
    catalog_id: str
    last_used: datetime | None
    is_in_folder: bool
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Deletion:
    """What `Library.undo_delete` needs. `discarded` None: the model only left the list."""

    path: Path
    title: str
    record: ModelRecord
    discarded: Discarded | None


class Library:
    """The models in `models_dir`, those elsewhere that were added, and the one in the box.

    Methods may be called from any thread. A model is named by the path of any of its files. All methods
    raise `LibraryError` where the records cannot be read or written.
    """

    def __init__(
        self,
        models_dir: Path,
        records_file: Path,
        built_in: Path,
        *,
        published: Iterable[PublishedModel] | None = None,
    ) -> None:
        """`published` None: the models of the catalogue."""
        self._models_dir = _absolute(models_dir)
        self._built_in = _absolute(built_in)
        self._records = LibraryRecords(records_file, self._models_dir)
        self._published = Published(_catalogue() if published is None else published)
        self._trash = Trash(self._models_dir)
        self._adding = threading.Lock()  # two copies at once would choose the same name
        self._read_before: dict[Path, tuple[Fingerprint, ModelFile]] = {}

    # Looking

    @property
    def records_problem(self) -> LibraryError | None:
        """Says that the list was not valid and was begun anew; None where all is well."""
        return self._records.problem

    def models(self, also: Iterable[Path] = ()) -> list[LibraryModel]:
        """The model in the box, those in the folder by path, then those elsewhere, `also` last.

        Reads the headers of files that it has not read yet, or that were changed since.
        """
        records = self._records.read()
        listed = [self._records.path(key) for key, record in records.items() if record.is_listed]
        paths = [*files_in_folder(self._models_dir), *listed, *(_absolute(path) for path in also)]
        return [
            self._model(path, records.get(self._records.key(path), ModelRecord()))
            for path in dict.fromkeys([self._built_in, *first_parts(paths)])
        ]

    def model(self, path: Path) -> LibraryModel:
        """What is known of one model, whether it is in the list or not."""
        path = first_part(_absolute(path))
        return self._model(path, self._records.of(path))

    def _model(self, path: Path, record: ModelRecord) -> LibraryModel:
        file = self._read(path)
        verification = verification_of(file.paths, record, self._published)
        size_bytes = file.size_bytes if len(file.paths) == 1 else 0
        known = self._published.of(path, size_bytes, record)
        is_built_in = path == self._built_in
        title = BUILT_IN_TITLE if is_built_in else (known.title if known else file.title)
        return LibraryModel(
            path=file.path,
            paths=file.paths,
            title=record.title or title,
            note=record.note,
            size_bytes=file.size_bytes,
            info=file.info,
            problem=file.problem,
            is_built_in=is_built_in,
            verification=verification,
            catalog_id=known.id if known else "",
            last_used=record.last_used,
            is_in_folder=self._is_in_folder(path),
            warning=warning_of(verification, record),
        )

    def _read(self, path: Path) -> ModelFile:
        """Read the headers, or remember what they said where the files are the same."""
        fingerprint = _fingerprint(parts_of(path))
        before = self._read_before.get(path)
        if before is None or before[0] != fingerprint:
            before = self._read_before[path] = (fingerprint, read_model_file(path))
        return before[1]

    def _is_in_folder(self, path: Path) -> bool:
        return path.is_relative_to(self._models_dir)

    # Remembering

    def note_used(self, path: Path) -> None:
        """The model was loaded just now."""
        self._change(path, last_used=datetime.now(UTC).replace(microsecond=0))

    def note_verified(self, path: Path, sha256: str, catalog_id: str = "") -> None:
        """The file, one part of a model too, was checked just now: its bytes are the published ones.

        `sha256` in hexadecimal. Raises `LibraryError` where the file is not there.
        """
        path = _absolute(path)
        try:
            status = path.stat()
        except OSError as error:
            raise unreadable(path, error) from error
        file = FileRecord(sha256.lower(), status.st_size, status.st_mtime_ns, sha256.lower())
        self._note_files(path, {path.name: file}, catalog_id)

    def rename(self, path: Path, title: str) -> None:
        """Call the model something else in the list; the file keeps its name. "": its own name again."""
        title = " ".join(title.split())
        if len(title) > MAX_TITLE_CHARACTERS:
            raise LibraryError(
                f"A title has at most {MAX_TITLE_CHARACTERS} characters; this one has {len(title):,}.",
                kept="The title is as it was.",
            )
        if not all(character.isprintable() or character in _JOINERS for character in title):
            raise LibraryError(
                "This title has characters that cannot be shown.", kept="The title is as it was."
            )
        self._change(path, title=title)

    def set_note(self, path: Path, note: str) -> None:
        """Keep a note with the model. "" takes it away."""
        note = note.strip()
        if len(note) > MAX_NOTE_CHARACTERS:
            raise LibraryError(
                f"A note has at most {MAX_NOTE_CHARACTERS:,} characters; this one has {len(note):,}.",
                kept="The note is as it was.",
                advice="Shorten it.",
            )
        self._change(path, note=note.encode("utf-8", "replace").decode("utf-8"))

    def _change(self, path: Path, **fields: object) -> None:
        self._records.change(
            first_part(_absolute(path)), lambda record: msgspec.structs.replace(record, **fields)
        )

    def _note_files(self, path: Path, files: dict[str, FileRecord], catalog_id: str = "") -> None:
        def change(record: ModelRecord) -> ModelRecord:
            return msgspec.structs.replace(
                record, files={**record.files, **files}, catalog_id=catalog_id or record.catalog_id
            )

        self._records.change(first_part(path), change)

    # Verifying

    def verify(
        self, path: Path, progress: Progress = no_progress, is_cancelled: IsCancelled = never_cancelled
    ) -> Verification:
        """Read the whole model and compare its hash with the published one, else with the one on record.

        Takes as long as the disk needs. Raises `LibraryError` where it differs, is not there or cannot be
        read, and `WorkStoppedError` where it was cancelled.
        """
        model = self.model(path)
        record = self._records.of(model.path)
        for part in model.paths:
            if not part.is_file():
                raise LibraryError(f"{part.name} is not there.", advice="It may have been moved or deleted.")
        work = FileWork(model.size_bytes, progress, is_cancelled)
        files = {part.name: self._checked(work.hash(part), part, record) for part in model.paths}
        work.finish()
        before = record.files
        self._note_files(model.path, files)
        for name, file in files.items():
            if file.published_sha256 not in ("", file.sha256):
                raise LibraryError(
                    f"{name} is not what was published: its bytes differ.",
                    kept="The file was left as it is.",
                    advice="Delete it and download it again.",
                    details=f"SHA-256 {file.sha256}, published {file.published_sha256}",
                )
            if not file.published_sha256 and name in before and before[name].sha256 != file.sha256:
                raise LibraryError(
                    f"{name} is not the file that was checked before: its bytes differ.",
                    kept="The file was left as it is; from now on it is compared with what it is now.",
                    advice="If you did not replace it yourself, get it again from where it came.",
                    details=f"SHA-256 {file.sha256}, before {before[name].sha256}",
                )
        return self.model(model.path).verification

    def _checked(self, hashed: Hashed, part: Path, record: ModelRecord) -> FileRecord:
        """What to remember of a file that was read to its end."""
        before = record.files.get(part.name)
        expected = before.published_sha256 if before else ""
        if not expected and len(parts_of(part)) == 1:
            known = self._published.by_sha256(hashed.sha256) or self._published.of(
                part, hashed.size_bytes, record
            )
            expected = known.sha256 if known else ""
        return FileRecord(hashed.sha256, hashed.size_bytes, hashed.mtime_ns, expected)

    # Adding and removing

    def add(
        self,
        path: Path,
        *,
        copy: bool,
        title: str = "",
        progress: Progress = no_progress,
        is_cancelled: IsCancelled = never_cancelled,
    ) -> Path:
        """Put a model into the list, used where it is or copied into the models folder with all its files.

        Gives the path of the model in the list. `title` "": as the file has it. Raises `ModelFileError`
        where one cannot chat with it, `LibraryError` where it cannot be copied, and `WorkStoppedError`.
        """
        file = read_model_file(_absolute(path))
        if file.problem:
            raise ModelFileError(file.problem, details=os.fspath(path))
        if file.path == self._built_in or self._is_in_folder(file.path):
            return file.path
        if copy:
            added = self._add_copy(file, title, FileWork(file.size_bytes, progress, is_cancelled))
        else:
            added = file.path
            self._change(added, is_listed=True)
        if title:
            self.rename(added, printable(title, MAX_TITLE_CHARACTERS))
        return added

    def _add_copy(self, file: ModelFile, title: str, work: FileWork) -> Path:
        with self._adding:
            require_room(self._models_dir, file.size_bytes)
            stem = file_stem(file.paths, title or file.title)
            copies = free_names(self._models_dir, stem, len(file.paths))
            for copy in copies:
                if problem := engine_path_problem(copy):
                    raise LibraryError(problem, kept="Nothing was copied.")
            hashes = copy_files(file.paths, copies, work)
            same = self._same_content(hashes)
            if same is not None:
                remove_files(copies)
            work.finish()
        if same is not None:
            return same
        records = {
            copy.name: self._checked(hashed, copy, ModelRecord())
            for copy, hashed in zip(copies, hashes, strict=True)
        }
        known = self._published.by_sha256(hashes[0].sha256)
        self._note_files(copies[0], records, known.id if known else "")
        self._change(copies[0], added_from=os.fsencode(file.path).decode("utf-8", "replace"))
        return copies[0]

    def _same_content(self, hashes: list[Hashed]) -> Path | None:
        """A model of the folder that has the very same bytes, and is still as it was."""
        wanted = [hashed.sha256 for hashed in hashes]
        for key, record in self._records.read().items():
            path = self._records.path(key)
            if self._is_in_folder(path) and path.is_file():
                files = [record.files.get(part.name) for part in parts_of(path)]
                is_same = [file.sha256 if file else "" for file in files] == wanted
                state = verification_of(parts_of(path), record, self._published)
                if is_same and state is not Verification.CHANGED:
                    return path
        return None

    def delete(self, path: Path) -> Deletion:
        """Move a model of the folder to the trash, with all its files; take one elsewhere off the list.

        Files elsewhere are never touched. Raises `LibraryError`, also for the model in the box.
        """
        model = self.model(path)
        if model.is_built_in:
            raise LibraryError(f"{BUILT_IN_TITLE} is part of Ponder and cannot be deleted.")
        discarded = None
        if model.is_in_folder:
            there = [part for part in model.paths if part.exists() or part.is_symlink()]
            if not there:
                raise LibraryError(f"{model.path.name} is not there any more.")
            discarded = self._trash.discard(there)
        try:
            record = self._records.forget(model.path)
        except LibraryError:
            if discarded is not None:
                self._trash.restore(discarded)
            raise
        return Deletion(model.path, model.title, record, discarded)

    def remove_from_list(self, path: Path) -> Deletion:
        """Take a model elsewhere off the list. Raises `LibraryError` for one in the models folder."""
        if self.model(path).is_in_folder:
            raise LibraryError(
                "A model in Ponder's own folder is always in the list.", advice="Delete it instead."
            )
        return self.delete(path)

    def undo_delete(self, deletion: Deletion) -> Path:
        """Bring a model back with all that was remembered of it. Raises `LibraryError`."""
        if deletion.discarded is not None:
            self._trash.restore(deletion.discarded)
        self._records.change(deletion.path, lambda _: deletion.record)
        return deletion.path

    def empty_trash(self) -> None:
        """Delete for good what was deleted: at the close, and at the start what a crash left behind."""
        self._trash.empty()


def _absolute(path: Path) -> Path:
    """Without ".." and with links kept: in the cache of Hugging Face only the links have names."""
    return Path(os.path.normpath(path.absolute()))


def _fingerprint(paths: Iterable[Path]) -> Fingerprint:
    """Sizes and times of files, (-1, -1) for those that are not there."""
    marks = []
    for path in paths:
        try:
            status = path.stat()
            marks.append((status.st_size, status.st_mtime_ns))
        except (OSError, ValueError):
            marks.append((-1, -1))
    return tuple(marks)


def _catalogue() -> Iterable[PublishedModel]:
    from models.catalog import load_catalog

    return load_catalog().models
