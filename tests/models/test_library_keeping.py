"""The library: what it lists, what it remembers, and what it notices."""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from models.errors import LibraryError, ModelFileError, WorkStoppedError
from models.library import BUILT_IN_TITLE, Library, LibraryModel, Verification
from tests.models.model_sets import NAMES, PublishedFile, published, sha256_of, write_parts
from tests.models.tiny_gguf import truncate, write_tiny_gguf


class Place:
    """A models folder with a library."""

    def __init__(self, folder: Path, known: tuple[PublishedFile, ...] = ()) -> None:
        self.models = folder / "models"
        self.elsewhere = folder / "else where"
        self.built_in = folder / "box" / "ponder-mini.gguf"
        for made in (self.models, self.elsewhere, self.built_in.parent):
            made.mkdir(exist_ok=True)
        if not self.built_in.exists():
            write_tiny_gguf(self.built_in)
        self.records = folder / "library.json"
        self.library = Library(self.models, self.records, self.built_in, published=known)

    def others(self) -> list[LibraryModel]:
        """The list without the model in the box."""
        return self.library.models()[1:]

    def only(self) -> LibraryModel:
        """The one model beside that in the box."""
        (model,) = self.others()
        return model


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def touch(path: Path) -> None:
    """Give a file another modification time, as a change does."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


# What is listed


def test_the_box_the_folder_and_what_was_added(place: Place) -> None:
    (place.models / "sub").mkdir()
    inside = [write_tiny_gguf(place.models / "b.gguf"), write_tiny_gguf(place.models / "sub" / "a.gguf")]
    outside = write_tiny_gguf(place.elsewhere / "c.gguf")
    place.library.add(outside, copy=False)
    opened = write_tiny_gguf(place.elsewhere / "opened once.gguf")
    models = place.library.models(also=[opened, inside[0]])
    assert [model.path for model in models] == [place.built_in, *inside, outside, opened]
    assert [model.is_built_in for model in models] == [True, False, False, False, False]
    assert [model.is_in_folder for model in models] == [False, True, True, False, False]
    assert models[0].title == BUILT_IN_TITLE
    assert models[1].info is not None


def test_parts_hidden_files_and_other_things_are_no_models(place: Place) -> None:
    for name in ("a.gguf.part", "a.txt", ".hidden.gguf"):
        (place.models / name).write_bytes(b"GGUF")
    for name in (".trash/9-1", ".cache/huggingface"):
        (place.models / name).mkdir(parents=True)
        write_tiny_gguf(place.models / name / "a.gguf")
    assert place.others() == []


def test_a_set_of_files_is_one_model(place: Place) -> None:
    paths = write_parts(place.models)
    model = place.only()
    assert (model.path, model.paths, model.problem) == (paths[0], tuple(paths), "")
    assert model.size_bytes == sum(path.stat().st_size for path in paths)
    paths[1].unlink()
    assert "part 2 is missing, of 3" in place.only().problem


def test_a_file_elsewhere_that_is_gone_stays_with_its_problem(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    place.library.add(path, copy=False)
    path.unlink()
    assert "There is no such model file. It may have been moved" in place.only().problem
    write_tiny_gguf(path)
    assert place.only().problem == ""


def test_a_file_of_the_folder_that_is_gone_leaves_the_list(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.rename(path, "Mine")
    path.unlink()
    assert place.others() == []
    write_tiny_gguf(path)
    assert place.only().title == "Mine"


def test_headers_are_read_again_only_where_files_changed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.others()
    read: list[Path] = []

    def unreadable(path: Path) -> None:
        read.append(path)
        raise ModelFileError("unread")

    monkeypatch.setattr("models.library.read_model_file", unreadable)
    place.others()
    assert read == []
    touch(path)
    with pytest.raises(ModelFileError, match="unread"):
        place.others()
    assert read == [path]


def test_the_catalogue_is_asked_by_itself(tmp_path: Path) -> None:
    library = Library(tmp_path / "models", tmp_path / "library.json", tmp_path / "mini.gguf")
    assert [model.is_built_in for model in library.models()] == [True]


@pytest.mark.parametrize("name", NAMES)
def test_paths_of_all_kinds(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    place = Place(tmp_path / name)
    source = write_tiny_gguf(place.elsewhere / f"{name}.gguf")
    copied = place.library.add(source, copy=True)
    listed = place.library.add(source, copy=False)
    place.library.rename(copied, name)
    place.library.note_used(listed)
    assert copied == place.models / f"{name}.gguf"
    assert [(model.path, model.title, model.problem) for model in place.others()] == [
        (copied, name, ""),
        (source, "Tiny", ""),
    ]
    assert place.library.verify(copied) is Verification.UNKNOWN
    deletion = place.library.delete(copied)
    assert place.library.undo_delete(deletion) == copied
    assert len(Place(tmp_path / name).others()) == 2


# What is remembered


def test_title_note_and_last_use_survive(place: Place, tmp_path: Path) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.rename(path, "  My   model 🤔 ")
    place.library.set_note(path, " for sums\nand more ")
    before = datetime.now(UTC)
    place.library.note_used(path)
    model = Place(tmp_path).only()
    assert (model.title, model.note) == ("My model 🤔", "for sums\nand more")
    assert model.last_used is not None
    assert abs(model.last_used - before) < timedelta(seconds=30)
    assert model.path == path
    place.library.rename(path, "")
    place.library.set_note(path, "")
    assert (place.only().title, place.only().note) == ("Tiny", "")


def test_what_is_said_of_a_part_is_said_of_the_model(place: Place) -> None:
    paths = write_parts(place.models)
    place.library.rename(paths[2], "Big one")
    assert place.only().title == "Big one"


def test_titles_and_notes_have_limits(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.set_note(path, "x" * 1000)
    with pytest.raises(LibraryError, match="at most 1,000 characters; this one has 1,001"):
        place.library.set_note(path, "y" * 1001)
    with pytest.raises(LibraryError, match="at most 200 characters"):
        place.library.rename(path, "y" * 201)
    with pytest.raises(LibraryError, match="cannot be shown"):
        place.library.rename(path, "a\u202eb")
    assert (place.only().title, place.only().note) == ("Tiny", "x" * 1000)


def test_a_spoilt_list_is_said_and_the_models_are_there(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.rename(path, "Mine")
    place.records.write_text("{")
    assert place.only().title == "Tiny"
    assert "A new one was begun" in str(place.library.records_problem)


def test_many_threads_lose_nothing(place: Place) -> None:
    paths = [write_tiny_gguf(place.models / f"{index}.gguf") for index in range(8)]
    threads = [threading.Thread(target=place.library.rename, args=(path, path.stem * 3)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [model.title for model in place.others()] == [path.stem * 3 for path in paths]


# Verifying


def test_nobody_has_looked_at_a_new_file(place: Place) -> None:
    write_tiny_gguf(place.models / "a.gguf")
    assert place.only().verification is Verification.UNVERIFIED


def test_a_download_is_verified_and_a_change_is_noticed(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.note_verified(path, sha256_of(path).upper(), "")
    assert place.only().verification is Verification.VERIFIED
    assert place.only().warning == ""
    touch(path)
    assert place.only().verification is Verification.CHANGED
    assert "changed on the disk since it was checked" in place.only().warning
    assert place.library.verify(path) is Verification.VERIFIED


def test_a_flipped_byte_is_found(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.note_verified(path, sha256_of(path))
    status = path.stat()
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a failing disk does it
    assert place.only().verification is Verification.VERIFIED  # nothing is to be seen without reading it
    with pytest.raises(LibraryError, match="is not what was published: its bytes differ"):
        place.library.verify(path)
    assert place.only().verification is Verification.CHANGED
    assert "not those that were published" in place.only().warning
    content[-1] ^= 1
    path.write_bytes(content)
    assert place.library.verify(path) is Verification.VERIFIED


def test_a_file_of_the_catalogue_is_known_by_name_and_size_and_then_by_its_hash(tmp_path: Path) -> None:
    source = write_tiny_gguf(tmp_path / "R1-Tiny.gguf")
    place = Place(tmp_path, (published(source),))
    path = source.rename(place.models / "R1-Tiny.gguf")
    model = place.only()
    assert (model.title, model.catalog_id, model.verification) == (
        "R1 Tiny",
        "r1-tiny",
        Verification.UNVERIFIED,
    )
    assert place.library.verify(path) is Verification.VERIFIED
    renamed = path.rename(place.models / "other.gguf")
    assert place.library.verify(renamed) is Verification.VERIFIED
    assert place.only().catalog_id == "r1-tiny"


def test_a_file_of_the_catalogues_name_and_size_with_other_bytes_is_not_it(tmp_path: Path) -> None:
    source = write_tiny_gguf(tmp_path / "R1-Tiny.gguf")
    place = Place(tmp_path, (published(source),))
    path = source.rename(place.models / "R1-Tiny.gguf")
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"x")
    with pytest.raises(LibraryError, match="is not what was published"):
        place.library.verify(path)
    assert place.only().verification is Verification.CHANGED


def test_without_a_published_hash_a_file_is_compared_with_itself(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    assert place.library.verify(path) is Verification.UNKNOWN
    path.write_bytes(path.read_bytes() + b"x")
    assert place.only().verification is Verification.CHANGED
    with pytest.raises(LibraryError, match="not the file that was checked before"):
        place.library.verify(path)
    assert place.only().verification is Verification.UNKNOWN
    assert place.library.verify(path) is Verification.UNKNOWN


def test_all_parts_are_verified(place: Place) -> None:
    paths = write_parts(place.models)
    for path in paths[:2]:
        place.library.note_verified(path, sha256_of(path), "big")
    assert place.only().verification is Verification.UNVERIFIED
    place.library.note_verified(paths[2], sha256_of(paths[2]), "big")
    assert place.only().verification is Verification.VERIFIED
    told: list[tuple[int, int]] = []
    assert place.library.verify(paths[1], lambda *t: told.append(t)) is Verification.VERIFIED
    total = sum(path.stat().st_size for path in paths)
    assert told[-1] == (total, total)
    touch(paths[2])
    assert place.only().verification is Verification.CHANGED


def test_verifying_can_be_stopped_and_changes_nothing(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    with pytest.raises(WorkStoppedError):
        place.library.verify(path, is_cancelled=lambda: True)
    assert place.only().verification is Verification.UNVERIFIED


def test_what_is_not_there_cannot_be_verified(place: Place) -> None:
    paths = write_parts(place.models)
    paths[2].unlink()
    with pytest.raises(LibraryError, match=r"big-00003-of-00003\.gguf is not there"):
        place.library.verify(paths[0])
    with pytest.raises(LibraryError, match="cannot be read"):
        place.library.note_verified(paths[2], "0" * 64)


def test_a_damaged_file_can_be_verified(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    truncate(path, 50)
    assert place.library.verify(path) is Verification.UNKNOWN
    assert place.only().problem != ""
