"""What is shown, from what is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from app.library.events import ShelfChanged
from app.library.own_memory import as_if_unloaded
from app.library.shelf import put_together
from models.catalog import load_catalog
from models.downloads import DownloadState, DownloadStatus
from models.engine.kv_type import KvType
from models.fit import DeviceShare, Fit, Verdict
from models.gguf_info import read_gguf_info
from models.library import LibraryModel, Verification
from models.machine import Cpu, Device, DeviceKind, Machine
from models.recommendation import Role, Suggestion
from tests.models.tiny_gguf import write_tiny_gguf

CATALOG = load_catalog()
A_FIT = Fit(
    context_tokens=8192,
    kv_type=KvType.F16,
    layers=28,
    layers_on_gpu=0,
    shares=(DeviceShare("CPU", "A processor", 16_000_000_000, weights_bytes=5_000_000_000),),
    verdict=Verdict.CPU_ONLY,
    short_of_bytes=0,
    largest_context_tokens=32_768,
    prompt_tokens_per_s=20.0,
    decode_tokens_per_s=4.0,
)


def model(name: str, *, catalog_id: str = "", used_day: int = 0, built_in: bool = False) -> LibraryModel:
    return LibraryModel(
        path=Path(f"/models/{name}.gguf"),
        paths=(Path(f"/models/{name}.gguf"),),
        title=name,
        note="",
        size_bytes=4_700_000_000,
        info=None,
        problem="",
        is_built_in=built_in,
        verification=Verification.VERIFIED,
        catalog_id=catalog_id,
        last_used=datetime(2026, 1, used_day, tzinfo=UTC) if used_day else None,
        is_in_folder=True,
    )


def status(download_id: str, state: DownloadState = DownloadState.RUNNING) -> DownloadStatus:
    return DownloadStatus(download_id, "T", "o/r", "main", ("f.gguf",), "/models/f.gguf", state, 1, 2)


def shelf(
    models: Sequence[LibraryModel] = (),
    suggestions: Sequence[Suggestion] = (),
    downloads: Sequence[DownloadStatus] = (),
    fits: Mapping[Path, Fit] | None = None,
) -> ShelfChanged:
    return put_together(
        catalog=CATALOG, suggestions=suggestions, models=models, fits=fits or {}, downloads=downloads
    )


def test_the_last_used_stands_first_and_the_one_in_the_box_last() -> None:
    installed = shelf(
        [
            model("Box", built_in=True, used_day=9),
            model("b"),
            model("A"),
            model("old", used_day=1),
            model("new", used_day=2),
        ]
    ).installed
    assert [each.title for each in installed] == ["new", "old", "A", "b", "Box"]


def test_before_the_measurement_the_catalogue_stands_in_its_own_order() -> None:
    available = shelf().available
    assert [each.model.id for each in available] == [
        each.id for each in (*CATALOG.models, *CATALOG.server_models)
    ]
    assert {(each.fit, each.suggestion, each.download) for each in available} == {(None, None, None)}


def test_suggestions_give_the_order_and_what_is_here_is_not_available() -> None:
    ids = [each.id for each in reversed(CATALOG.models)]
    suggestions = [Suggestion(each, Role.OTHER, "It fits.", A_FIT) for each in ids]
    shown = shelf([model("here", catalog_id=ids[1])], suggestions)
    assert [each.model.id for each in shown.available][: len(ids) - 1] == [ids[0], *ids[2:]]
    assert shown.available[0].fit is A_FIT
    (installed,) = shown.installed
    assert installed.suggestion == suggestions[1]
    known = CATALOG.by_id(ids[1])
    assert known is not None
    assert installed.license == known.license
    assert installed.facts[:2] == ("4.7 GB", f"{known.parameters_b:.1f}B parameters")


def test_downloads_stand_with_their_model_or_apart_until_they_are_over() -> None:
    first, second = CATALOG.models[0].id, CATALOG.models[1].id
    shown = shelf(
        downloads=[
            status(first),
            status(second, DownloadState.CANCELLED),
            status("o/r/f.gguf", DownloadState.FAILED),
            status("o/r/done.gguf", DownloadState.DONE),
        ]
    )
    by_id = {each.model.id: each for each in shown.available}
    assert by_id[first].download == status(first)
    assert by_id[second].download is None
    assert [each.id for each in shown.other_downloads] == ["o/r/f.gguf"]


def test_a_file_says_what_it_is_and_its_fit_says_the_context(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    write_tiny_gguf(path)
    info = read_gguf_info(path)
    tiny = LibraryModel(
        path, (path,), "Tiny", "", info.size_bytes, info, "", False, Verification.UNVERIFIED, "", None, False
    )
    (installed,) = shelf([tiny], fits={path: A_FIT}).installed
    assert (installed.quantisation, installed.trained_context_tokens) == ("F32", 64)
    assert installed.best_context_tokens == 8192
    (without_fit,) = shelf([tiny]).installed
    assert without_fit.best_context_tokens == 0


def test_a_loaded_model_of_ours_is_taken_out_of_what_was_measured() -> None:
    gib = 2**30
    card = Device("CUDA0", "A card", "CUDA", DeviceKind.DISCRETE, 12 * gib, 3 * gib)
    other = msgspec.structs.replace(card, name="CUDA1", free_bytes=11 * gib)
    measured = Machine(Cpu("A processor", 8, 16, 8), 32 * gib, 20 * gib, devices=(card, other))
    shares = (
        DeviceShare("CPU", "A processor", 24 * gib, 4 * gib, 2 * gib, gib, gib),
        DeviceShare("CUDA0", "A card", 11 * gib, 6 * gib, 0, gib, gib),
        DeviceShare("CUDA1", "A card", 11 * gib),
    )
    idle = as_if_unloaded(measured, msgspec.structs.replace(A_FIT, shares=shares))
    assert [device.free_bytes for device in idle.devices] == [11 * gib, 11 * gib]
    assert idle.ram_available_bytes == 24 * gib  # the mapped file counted as available all the time
    again = as_if_unloaded(idle, msgspec.structs.replace(A_FIT, shares=shares))
    assert again.devices[0].free_bytes == 12 * gib  # never more than there is
