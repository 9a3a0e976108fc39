"""Adding models by copy or in place, and deleting them with a way back: nothing is lost on the way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from models.errors import LibraryError, ModelFileError, WorkStoppedError
from models.library import Verification
from tests.models.model_sets import published, sha256_of, write_parts
from tests.models.test_library_keeping import Place
from tests.models.tiny_gguf import write_tiny_gguf


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def names_below(folder: Path) -> list[str]:
    """All files, hidden ones too."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# Adding


def test_used_in_place(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    assert place.library.add(path, copy=False, title="From there") == path
    model = place.only()
    assert (model.path, model.title, model.is_in_folder) == (path, "From there", False)
    assert names_below(place.models) == []


def test_a_copy_is_the_same_and_its_hash_is_known(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    told: list[tuple[int, int]] = []
    added = place.library.add(path, copy=True, progress=lambda *t: told.append(t))
    assert added == place.models / "a.gguf"
    assert added.read_bytes() == path.read_bytes()
    assert place.only().verification is Verification.UNKNOWN
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert str(path) in place.records.read_text()
    added.write_bytes(added.read_bytes() + b"x")
    assert place.only().verification is Verification.CHANGED


def test_a_copy_of_a_catalogue_file_is_verified(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "whatever.gguf")
    place = Place(tmp_path, (published(path),))
    place.library.add(path, copy=True)
    model = place.only()
    assert (model.catalog_id, model.verification) == ("r1-tiny", Verification.VERIFIED)


def test_a_set_is_copied_whole_whatever_part_was_named(place: Place) -> None:
    paths = write_parts(place.elsewhere)
    added = place.library.add(paths[1], copy=True)
    assert names_below(place.models) == [path.name for path in paths]
    assert added == place.models / paths[0].name
    assert place.only().problem == ""
    assert place.only().verification is Verification.UNKNOWN


def test_a_name_that_is_taken_gets_a_number(place: Place) -> None:
    other = write_tiny_gguf(place.models / "a.gguf", changes={"general.name": "Other"})
    before = other.read_bytes()
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    assert place.library.add(path, copy=True) == place.models / "a (2).gguf"
    assert other.read_bytes() == before
    (place.elsewhere / "parts").mkdir()
    paths = write_parts(place.elsewhere / "parts")
    (place.models / paths[2].name).write_bytes(b"in the way")
    added = place.library.add(paths[0], copy=True)
    assert added.name == "big (2)-00001-of-00003.gguf"
    assert place.library.model(added).problem == ""


def test_the_same_bytes_are_not_kept_twice(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    first = place.library.add(path, copy=True)
    assert place.library.add(path, copy=True) == first
    assert names_below(place.models) == ["a.gguf"]
    first.write_bytes(first.read_bytes() + b"x")  # not the same any more
    assert place.library.add(path, copy=True) == place.models / "a (2).gguf"


def test_a_file_without_an_ending_gets_a_name(place: Place) -> None:
    blob = place.elsewhere / f"sha256-{'0' * 64}"
    write_tiny_gguf(blob)
    assert place.library.add(blob, copy=True, title="deepseek-r1:14b/x").name == "deepseek-r1-14b-x.gguf"
    assert place.only().title == "deepseek-r1:14b/x"


def test_what_cannot_be_used_is_not_added(place: Place) -> None:
    text = place.elsewhere / "diary.gguf"
    text.write_text("Dear diary,")
    base = write_tiny_gguf(place.elsewhere / "base.gguf", chat_template=None)
    parts = write_parts(place.elsewhere)
    parts[1].unlink()
    for path, words in ((text, "text file"), (base, "no chat template"), (parts[0], "part 2 is missing")):
        for copy in (True, False):
            with pytest.raises(ModelFileError, match=words):
                place.library.add(path, copy=copy)
    assert place.others() == []
    assert names_below(place.models) == []


def test_a_file_of_the_folder_is_there_already(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    assert place.library.add(path, copy=True) == path
    assert place.library.add(place.built_in, copy=True) == place.built_in
    assert names_below(place.models) == ["a.gguf"]


def test_a_stopped_copy_leaves_nothing(place: Place) -> None:
    paths = write_parts(place.elsewhere)
    asked = iter([False, False, False, True])  # within the second file
    with pytest.raises(WorkStoppedError):
        place.library.add(paths[0], copy=True, is_cancelled=lambda: next(asked))
    assert names_below(place.models) == []
    assert place.others() == []


def test_a_file_that_changes_while_it_is_copied_is_refused(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")

    with pytest.raises(LibraryError, match="was changed while it was read"):
        place.library.add(path, copy=True, is_cancelled=ChangeOnce(path))
    assert names_below(place.models) == []


class ChangeOnce:
    """Asked whether to stop, it changes the file the second time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked = 0

    def __call__(self) -> bool:
        self._asked += 1
        if self._asked == 2:
            os.utime(self._path, ns=(0, 0))
        return False


def test_room_is_asked_for_before(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    monkeypatch.setattr("models.file_work.KEEP_FREE_BYTES", 2**62)
    with pytest.raises(LibraryError, match="not enough room on the disk"):
        place.library.add(path, copy=True)
    assert names_below(place.models) == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs a small disk of its own")
def test_a_disk_that_fills_up_midway_keeps_no_half_copy(tmp_path: Path, repository: Path) -> None:
    source = write_tiny_gguf(tmp_path / "a.gguf", data_bytes=6 * 2**20)
    script = (
        "import os, subprocess, sys\n"
        "from pathlib import Path\n"
        "import models.file_work\n"
        "from models.errors import LibraryError\n"
        "from models.library import Library\n"
        "source, folder = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "folder.mkdir()\n"
        "subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=4m', 'none', str(folder)], check=True)\n"
        "models.file_work.KEEP_FREE_BYTES = -2**40  # the check before does not see it coming\n"
        "library = Library(folder, folder.parent / 'l.json', folder / 'm.gguf', published=())\n"
        "try:\n"
        "    library.add(source, copy=True)\n"
        "except LibraryError as error:\n"
        "    print(error, os.listdir(folder))\n"
    )
    command = ["unshare", "-rm", sys.executable, "-c", script, str(source), str(tmp_path / "disk")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=repository)
    assert done.stdout == (
        "a.gguf could not be copied: No space left on device. "
        "The file itself is as it was; the half copy was removed. []\n"
    )


def test_a_ponder_killed_midway_leaves_no_model(place: Place, tmp_path: Path, repository: Path) -> None:
    source = write_tiny_gguf(place.elsewhere / "a.gguf", data_bytes=3 * 2**20)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from models.library import Library\n"
        "asked = 0\n"
        "def stop_here():\n"
        "    global asked\n"
        "    asked += 1\n"
        "    if asked == 3:\n"
        "        print('midway', flush=True)\n"
        "        sys.stdin.read()\n"
        "    return False\n"
        "source, folder = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "library = Library(folder, folder.parent / 'library.json', folder / 'm.gguf', published=())\n"
        "library.add(source, copy=True, is_cancelled=stop_here)\n"
    )
    command = [sys.executable, "-c", script, str(source), str(place.models)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=repository) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "midway\n"
        child.kill()
    assert names_below(place.models) == ["a.gguf.part"]
    assert place.others() == []
    added = place.library.add(source, copy=True)
    assert names_below(place.models) == ["a.gguf"]
    assert added.read_bytes() == source.read_bytes()


# Deleting


def test_delete_and_bring_back(place: Place) -> None:
    paths = write_parts(place.models / "owner__repo")
    place.library.note_verified(paths[0], sha256_of(paths[0]), "big")
    place.library.rename(paths[0], "Mine")
    before = place.only()
    deletion = place.library.delete(paths[1])
    assert (deletion.path, deletion.title) == (paths[0], "Mine")
    assert place.others() == []
    assert not any(path.exists() for path in paths)
    assert place.library.undo_delete(deletion) == paths[0]
    assert place.only() == before
    assert not any(".trash/" in name for name in names_below(place.models))


def test_the_trash_is_emptied_at_the_close(place: Place) -> None:
    for name in ("a", "b"):
        place.library.delete(write_tiny_gguf(place.models / f"{name}.gguf"))
    assert len(names_below(place.models / ".trash")) == 2
    place.library.empty_trash()
    assert list(place.models.iterdir()) == []
    place.library.empty_trash()


def test_the_next_start_empties_what_a_crash_left_and_not_what_another_ponder_has(place: Place) -> None:
    gone = 2**22 + 1  # more than Linux gives out
    assert not psutil.pid_exists(gone)
    for process in (gone, os.getppid()):
        folder = place.models / ".trash" / f"{process}-1"
        folder.mkdir(parents=True)
        write_tiny_gguf(folder / "a.gguf")
    (place.models / ".trash" / "notes").mkdir()
    place.library.empty_trash()
    assert {path.name for path in (place.models / ".trash").iterdir()} == {f"{os.getppid()}-1", "notes"}


def test_what_has_its_name_now_is_not_overwritten(place: Place) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    deletion = place.library.delete(path)
    path.write_bytes(b"new")
    with pytest.raises(LibraryError, match="another file has its name now"):
        place.library.undo_delete(deletion)
    assert path.read_bytes() == b"new"
    path.unlink()
    place.library.undo_delete(deletion)
    assert place.only().problem == ""


def test_after_the_close_there_is_no_way_back(place: Place) -> None:
    deletion = place.library.delete(write_tiny_gguf(place.models / "a.gguf"))
    place.library.empty_trash()
    with pytest.raises(LibraryError, match="the trash was emptied"):
        place.library.undo_delete(deletion)


def test_a_file_elsewhere_only_leaves_the_list(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    place.library.add(path, copy=False, title="Mine")
    deletion = place.library.delete(path)
    assert place.others() == []
    assert path.is_file()
    place.library.undo_delete(deletion)
    assert place.only().title == "Mine"
    place.library.remove_from_list(path)
    assert place.others() == []
    assert path.is_file()


def test_a_link_is_deleted_and_not_what_it_leads_to(place: Place) -> None:
    path = write_tiny_gguf(place.elsewhere / "a.gguf")
    link = place.models / "link.gguf"
    link.symlink_to(path)
    deletion = place.library.delete(link)
    assert path.is_file()
    place.library.undo_delete(deletion)
    assert link.is_symlink()
    place.library.delete(link)
    place.library.empty_trash()
    assert path.is_file()


def test_what_cannot_be_deleted_says_why(place: Place) -> None:
    with pytest.raises(LibraryError, match="part of Ponder"):
        place.library.delete(place.built_in)
    with pytest.raises(LibraryError, match="not there any more"):
        place.library.delete(place.models / "gone.gguf")
    path = write_tiny_gguf(place.models / "a.gguf")
    with pytest.raises(LibraryError, match="always in the list"):
        place.library.remove_from_list(path)
    assert place.only().path == path


@pytest.mark.skipif(sys.platform != "linux", reason="needs another disk within the folder")
def test_all_files_of_a_set_are_deleted_or_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = write_parts(place.models)
    rename = Path.rename

    def fail_at_the_last(self: Path, target: Path) -> Path:
        if self == paths[2]:
            raise OSError(18, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail_at_the_last)
    with pytest.raises(LibraryError, match="could not be deleted: Invalid cross-device link"):
        place.library.delete(paths[0])
    assert place.only().problem == ""


def test_a_deletion_that_cannot_be_noted_is_taken_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tiny_gguf(place.models / "a.gguf")
    place.library.rename(path, "Mine")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("models.library_records.replace_file", fail)
        with pytest.raises(LibraryError, match="No space left"):
            place.library.delete(path)
    assert place.only().title == "Mine"


def test_a_read_only_folder_is_an_error(tmp_path: Path, repository: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a file system that is read-only even for root")
    models = tmp_path / "models"
    models.mkdir()
    write_tiny_gguf(models / "a.gguf")
    script = (
        "import subprocess, sys\n"
        "from pathlib import Path\n"
        "from models.errors import LibraryError\n"
        "from models.library import Library\n"
        "folder = Path(sys.argv[1])\n"
        "subprocess.run(['mount', '--bind', str(folder), str(folder)], check=True)\n"
        "subprocess.run(['mount', '-o', 'remount,bind,ro', str(folder)], check=True)\n"
        "library = Library(folder, folder.parent / 'l.json', folder / 'm.gguf', published=())\n"
        "library.empty_trash()\n"
        "try:\n"
        "    library.delete(folder / 'a.gguf')\n"
        "except LibraryError as error:\n"
        "    print(error)\n"
        "print([model.title for model in library.models()])\n"
    )
    command = ["unshare", "-rm", sys.executable, "-c", script, str(models)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=repository)
    assert "a.gguf could not be deleted: Read-only file system. The model is still there." in done.stdout
    assert done.stdout.endswith("['Ponder Mini', 'Tiny']\n")
