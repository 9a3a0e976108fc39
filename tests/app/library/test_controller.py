"""The library controller on real files, a real queue, and the hub server of the tests."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest

from app.errors import FolderError
from app.library import works
from app.library.events import (
    DownloadChanged,
    FileAdded,
    FilesFound,
    LibraryProblem,
    MachineMeasured,
    ModelRemoved,
    RepositoryOpened,
    ShelfChanged,
    Work,
    WorkEnded,
    WorkProgressed,
)
from app.paths import Paths
from models.downloads import DownloadState
from models.engine.protocol import ModelFacts, Usage
from models.errors import LibraryError
from models.file_work import CHUNK_BYTES, FileWork
from models.fit import Fit
from models.hub import NetworkSettings
from models.library import Verification
from models.recommendation import Role
from tests.app.library.conftest import FILE, MACHINE, REPO, Start
from tests.hub_server.faults import Fault
from tests.hub_server.server import HubServer
from tests.models.tiny_gguf import DATA_BYTES, write_tiny_gguf

pytestmark = pytest.mark.loopback

SLOW = Fault(bytes_per_s=200_000)


def test_it_begins_with_the_files_and_the_machine_and_asks_no_network(
    start: Start, hub_server: HubServer
) -> None:
    _, listener = start()
    measured = listener.wait_for(MachineMeasured)
    assert measured.machine == MACHINE
    assert measured.best is not None
    assert (measured.best.model_id, measured.best.role) == ("tiny", Role.BEST)
    shelf = listener.wait_for_shelf(lambda shelf: bool(shelf.available[0].suggestion))
    (mini,) = shelf.installed
    assert mini.is_built_in
    assert mini.fit is not None
    assert mini.best_context_tokens > 0
    assert shelf.available[0].model.id == "tiny"
    assert shelf.available[-1].model.needs_server
    assert listener.wait_for(WorkEnded).work is Work.MEASURING
    assert hub_server.requests == []


def test_a_download_is_in_the_library_and_verified_when_it_is_done(start: Start, paths: Paths) -> None:
    controller, listener = start()
    controller.download("tiny")
    shelf = listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)
    tiny = shelf.installed[0]
    assert (tiny.catalog_id, tiny.title) == ("tiny", "Tiny of the hub")
    assert tiny.verification is Verification.VERIFIED
    assert tiny.is_in_folder
    assert tiny.path.is_relative_to(paths.models_dir)
    assert all(each.model.id != "tiny" for each in shelf.available)
    states = [event.status.state for event in listener.of(DownloadChanged)]
    assert states[-1] is DownloadState.DONE


def test_pause_close_and_resume_after_a_new_start(start: Start, hub_server: HubServer) -> None:
    hub_server.fail(SLOW, "cdn")
    controller, listener = start()
    controller.download("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.done_bytes > 0)
    controller.pause("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.state is DownloadState.PAUSED)
    controller.close(60.0)
    hub_server.release()
    hub_server.heal()
    asked_before = len(hub_server.requests)
    controller, listener = start()
    shelf = listener.wait_for_shelf(lambda shelf: bool(shelf.available[0].suggestion))
    download = shelf.available[0].download
    assert download is not None
    assert download.state is DownloadState.PAUSED
    assert download.done_bytes > 0
    assert len(hub_server.requests) == asked_before
    controller.resume("tiny")
    listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)
    assert any(request.range for request in hub_server.requests_to("cdn"))


def test_closing_while_it_downloads_ends_everything(start: Start, hub_server: HubServer) -> None:
    hub_server.fail(SLOW, "cdn")
    controller, listener = start()
    controller.download("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.done_bytes > 0)
    controller.close(60.0)  # the test fails where a thread is left


def test_cancel_gives_it_up(start: Start, hub_server: HubServer, paths: Paths) -> None:
    hub_server.fail(SLOW, "cdn")
    controller, listener = start()
    controller.download("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.done_bytes > 0)
    controller.cancel("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.state is DownloadState.CANCELLED)
    listener.forget()
    controller.refresh()
    shelf = listener.wait_for(ShelfChanged)
    assert shelf.available[0].download is None
    assert not list(paths.models_dir.rglob("*.part"))


def test_offline_nothing_is_asked_and_it_says_so(start: Start, hub_server: HubServer) -> None:
    controller, listener = start(offline=True)
    controller.browse(REPO)
    controller.download("tiny")
    assert listener.wait_for(LibraryProblem).about == REPO
    failed = listener.wait_for(DownloadChanged, lambda event: event.status.state is DownloadState.FAILED)
    assert failed.status.error
    assert hub_server.requests == []
    controller.set_network(NetworkSettings(endpoint=hub_server.url))
    controller.resume("tiny")
    listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)


def test_going_offline_lets_downloads_rest(start: Start, hub_server: HubServer) -> None:
    hub_server.fail(SLOW, "cdn")
    controller, listener = start()
    controller.download("tiny")
    listener.wait_for(DownloadChanged, lambda event: event.status.done_bytes > 0)
    controller.set_network(NetworkSettings(endpoint=hub_server.url, offline=True))
    listener.wait_for(DownloadChanged, lambda event: event.status.state is DownloadState.PAUSED)


def test_a_repository_is_opened_and_a_file_of_it_downloaded(start: Start) -> None:
    controller, listener = start()
    controller.browse(REPO)
    opened = listener.wait_for(RepositoryOpened)
    assert [each.file.path for each in opened.files] == [FILE]
    assert listener.wait_for(WorkEnded, lambda e: e.work is Work.BROWSING).done
    controller.download_file(opened.files[0].file)
    shelf = listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)
    assert shelf.installed[0].verification is Verification.VERIFIED


def test_a_repository_that_is_not_there_is_a_problem_and_nothing_else(start: Start) -> None:
    controller, listener = start()
    controller.browse("nobody/nothing")
    assert listener.wait_for(LibraryProblem).about == "nobody/nothing"
    assert not listener.wait_for(WorkEnded, lambda e: e.work is Work.BROWSING).done


def test_a_file_is_added_verified_renamed_noted_and_used(start: Start, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "Meine Denkmaschine 思考.gguf")
    controller, listener = start()
    controller.add_file(path, copy=False)
    assert listener.wait_for(FileAdded).path == path
    controller.verify(path)
    listener.wait_for(WorkProgressed, lambda e: e.work is Work.VERIFYING)
    assert listener.wait_for(WorkEnded, lambda e: e.work is Work.VERIFYING).done
    controller.rename(path, "Mine")
    controller.set_note(path, "For sums")
    controller.note_used(path)
    shelf = listener.wait_for_shelf(lambda shelf: shelf.installed[0].last_used is not None)
    mine = shelf.installed[0]
    assert (mine.title, mine.note, mine.is_in_folder) == ("Mine", "For sums", False)
    assert mine.verification is Verification.UNKNOWN


def test_orders_are_answered_while_a_file_is_copied_and_the_copy_can_be_stopped(
    start: Start, tmp_path: Path, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tiny_gguf(tmp_path / "large.gguf", data_bytes=DATA_BYTES + 3 * CHUNK_BYTES)
    next_chunk, goes_on = FileWork._next_chunk, threading.Event()

    def wait_after_the_first(work: FileWork, file: io.FileIO, path: Path) -> bytes:
        assert not work._done_bytes or goes_on.wait(60)
        return next_chunk(work, file, path)

    monkeypatch.setattr(FileWork, "_next_chunk", wait_after_the_first)
    monkeypatch.setattr(works, "_SAY_EVERY_S", 0.0)
    controller, listener = start()
    controller.add_file(path, copy=True)
    listener.wait_for(WorkProgressed, lambda e: e.work is Work.ADDING and e.fraction > 0)
    listener.forget()
    controller.refresh()
    listener.wait_for(ShelfChanged)
    assert not [e for e in listener.of(WorkEnded) if e.work is Work.ADDING]
    controller.stop_work(str(path))
    assert not listener.wait_for(WorkEnded, lambda e: e.work is Work.ADDING).done
    goes_on.set()
    controller.close(60.0)
    assert not listener.of(LibraryProblem)
    assert not [file for file in paths.models_dir.rglob("*") if file.is_file()]


def test_a_copy_is_deleted_and_brought_back(start: Start, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    controller, listener = start()
    controller.add_file(path, copy=True)
    copy = listener.wait_for(FileAdded).path
    assert copy != path
    controller.delete(copy)
    assert listener.wait_for(ModelRemoved).path == copy
    assert not copy.exists()
    listener.forget()
    controller.undo_delete()
    listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)
    assert copy.exists()
    controller.undo_delete()
    assert "nothing to bring back" in str(listener.wait_for(LibraryProblem).error)


def test_a_changed_file_is_a_problem_and_shows_as_changed(start: Start, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    controller, listener = start()
    controller.add_file(path, copy=True)
    copy = listener.wait_for(FileAdded).path
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    controller.verify(copy)
    problem = listener.wait_for(LibraryProblem)
    assert isinstance(problem.error, LibraryError)
    assert problem.about == str(copy)
    assert not listener.wait_for(WorkEnded, lambda e: e.work is Work.VERIFYING).done


def test_a_list_that_is_not_valid_is_told_once_and_begun_anew(start: Start, paths: Paths) -> None:
    paths.make_folders()
    paths.library_file.write_text("{", encoding="utf-8")
    controller, listener = start()
    problem = listener.wait_for(LibraryProblem)
    assert "A new one was begun" in str(problem.error)
    controller.refresh()
    listener.wait_for_shelf(lambda shelf: bool(shelf.available[0].suggestion))
    assert listener.of(LibraryProblem) == [problem]


def test_without_a_folder_of_its_own_it_still_shows_the_model_in_the_box(start: Start, paths: Paths) -> None:
    paths.data_dir.mkdir(parents=True, exist_ok=True)
    paths.models_dir.write_text("a file is in the way", encoding="utf-8")
    _, listener = start()
    assert isinstance(listener.wait_for(LibraryProblem).error, FolderError)
    assert listener.wait_for(ShelfChanged).installed[0].is_built_in


def test_the_loaded_model_counts_as_free(start: Start, mini_model: Path) -> None:
    controller, listener = start()
    listener.wait_for(WorkEnded, lambda e: e.work is Work.MEASURING)
    facts = ModelFacts("m", "qwen2", 1024, 1024, 0, 0, reasons=True)
    controller.note_loaded(mini_model, facts)
    for loaded in (True, False):
        if not loaded:
            controller.note_loaded(None)
        listener.forget()
        controller.measure()
        machine = listener.wait_for(MachineMeasured).machine
        assert (machine.ram_available_bytes > MACHINE.ram_available_bytes) is loaded
        listener.wait_for(WorkEnded, lambda e: e.work is Work.MEASURING)


def test_loads_and_replies_correct_the_sums(start: Start, mini_model: Path, paths: Paths) -> None:
    controller, listener = start()
    listener.wait_for(WorkEnded, lambda e: e.work is Work.MEASURING)

    def shown() -> Fit:
        shelf = listener.wait_for(
            ShelfChanged, lambda event: any(each.is_built_in and each.fit for each in event.installed)
        )
        found = next(each.fit for each in shelf.installed if each.is_built_in)
        assert found is not None
        return found

    before = shown()
    facts = ModelFacts(
        "m", "qwen2", before.context_tokens, 1024, 0, 0, True, allocated_bytes=int(before.total_bytes * 1.2)
    )
    listener.forget()
    controller.note_loaded(mini_model, facts)
    after_load = shown()
    assert after_load.total_bytes == pytest.approx(before.total_bytes * 1.2, rel=0.01)
    listener.forget()
    usage = Usage(reasoning_tokens=100, answer_tokens=10, tokens_per_s=before.decode_tokens_per_s / 2)
    controller.note_reply(mini_model, usage)
    assert shown().decode_tokens_per_s == pytest.approx(before.decode_tokens_per_s / 2)
    listener.forget()
    controller.note_reply(mini_model, Usage(answer_tokens=3, tokens_per_s=1.0))  # too short to say anything
    assert shown().decode_tokens_per_s == pytest.approx(before.decode_tokens_per_s / 2)
    assert paths.corrections_file.is_file()


def test_the_model_in_the_box_stays(start: Start, mini_model: Path) -> None:
    controller, listener = start()
    controller.delete(mini_model)
    assert listener.wait_for(LibraryProblem).about == str(mini_model)
    assert mini_model.exists()


def test_models_of_other_apps_are_found_without_those_on_the_list(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "home" / ".lmstudio" / "models" / "someone" / "tiny"
    folder.mkdir(parents=True)
    first = write_tiny_gguf(folder / "first.gguf")
    second = write_tiny_gguf(folder / "second.gguf")
    controller, listener = start()
    controller.add_file(first, copy=False)
    listener.wait_for_shelf(lambda shelf: len(shelf.installed) == 2)
    controller.find_files()
    assert [each.path for each in listener.wait_for(FilesFound).files] == [second]
    assert listener.wait_for(WorkEnded, lambda e: e.work is Work.FINDING).done
