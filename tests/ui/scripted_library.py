"""A library for tests of the window: notes what it is asked, says what the test wants it to say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.library.events import AvailableModel, InstalledModel, LibraryEvent, MachineMeasured, ShelfChanged
from models.catalog import CatalogModel, load_catalog
from models.download_status import NO_PROBLEM, DownloadProblem, DownloadState, DownloadStatus
from models.engine.kv_type import KvType
from models.engine.protocol import ModelFacts, Usage
from models.fit import DeviceShare, Fit, Verdict
from models.hub import HubFile, NetworkSettings
from models.library import Verification
from models.machine import CPU_DEVICE, Cpu, Device, DeviceKind, Machine, UnusableGpu
from models.recommendation import Role, Suggestion
from ui.bridges.library_bridge import LibraryListener

GIB = 2**30
BEST_ID = "r1-distill-qwen-14b"
FOLDER = Path("/models")

GPU_MACHINE = Machine(
    cpu=Cpu("AMD Ryzen 7 5800X", 8, 16, 8, ("avx", "avx2", "f16c", "fma")),
    ram_total_bytes=32 * GIB,
    ram_available_bytes=26 * GIB,
    devices=(
        Device(
            "CUDA0",
            "NVIDIA GeForce RTX 3060",
            "CUDA",
            DeviceKind.DISCRETE,
            12 * GIB,
            round(11.2 * GIB),
            360e9,
        ),
    ),
    disk_free_bytes=214_000_000_000,
    bandwidth_bytes_per_s=41e9,
)
CPU_MACHINE = Machine(
    cpu=Cpu("Intel Core i5-8250U", 4, 8, 4, ("avx", "avx2")),
    ram_total_bytes=16 * GIB,
    ram_available_bytes=11 * GIB,
    unusable_gpus=(
        UnusableGpu(
            "NVIDIA GeForce MX150",
            "It is there, but this build of Ponder computes on the processor only.",
            "The Vulkan build of Ponder can use it.",
            2 * GIB,
        ),
    ),
    disk_free_bytes=61_000_000_000,
    bandwidth_bytes_per_s=22e9,
)


class ScriptedLibrary:
    """Stands in for the library controller. `orders` holds every call as (name, argument)."""

    def __init__(self, listener: LibraryListener) -> None:
        self.say = listener
        self.orders: list[tuple[str, object]] = []

    def say_all(self, events: Sequence[LibraryEvent]) -> None:
        """Say these in their order."""
        for event in events:
            self.say(event)

    def named(self, name: str) -> list[object]:
        """The arguments of all orders of that name."""
        return [argument for order, argument in self.orders if order == name]

    def start(self) -> None:
        self.orders.append(("start", None))

    def close(self, timeout_s: float = 5.0) -> None:
        self.orders.append(("close", None))

    def refresh(self) -> None:
        self.orders.append(("refresh", None))

    def measure(self) -> None:
        self.orders.append(("measure", None))

    def download(self, model_id: str) -> None:
        self.orders.append(("download", model_id))

    def download_file(self, file: HubFile) -> None:
        self.orders.append(("download_file", file))

    def pause(self, download_id: str) -> None:
        self.orders.append(("pause", download_id))

    def resume(self, download_id: str) -> None:
        self.orders.append(("resume", download_id))

    def cancel(self, download_id: str) -> None:
        self.orders.append(("cancel", download_id))

    def add_file(self, path: Path, *, copy: bool, title: str = "") -> None:
        self.orders.append(("add_file", (path, copy, title)))

    def verify(self, path: Path) -> None:
        self.orders.append(("verify", path))

    def stop_work(self, about: str) -> None:
        self.orders.append(("stop_work", about))

    def delete(self, path: Path) -> None:
        self.orders.append(("delete", path))

    def undo_delete(self) -> None:
        self.orders.append(("undo_delete", None))

    def rename(self, path: Path, title: str) -> None:
        self.orders.append(("rename", (path, title)))

    def set_note(self, path: Path, note: str) -> None:
        self.orders.append(("set_note", (path, note)))

    def note_used(self, path: Path) -> None:
        self.orders.append(("note_used", path))

    def note_reply(self, path: Path, usage: Usage) -> None:
        self.orders.append(("note_reply", (path, usage)))

    def note_loaded(self, path: Path | None, model: ModelFacts | None = None) -> None:
        self.orders.append(("note_loaded", (path, model)))

    def find_files(self) -> None:
        self.orders.append(("find_files", None))

    def browse(self, repo: str) -> None:
        self.orders.append(("browse", repo))

    def set_network(self, settings: NetworkSettings) -> None:
        self.orders.append(("set_network", settings))

    def set_kv_type(self, kv_type: KvType) -> None:
        self.orders.append(("set_kv_type", kv_type))


def a_fit(
    verdict: Verdict,
    *,
    weights: float = 4.7,
    cache: float = 1.2,
    work: float = 0.3,
    available: float = 11.2,
    context: int = 16_384,
    short_of: float = 0.0,
    speed: float = 24.0,
) -> Fit:
    """A fit with sizes in GiB."""
    on_gpu = verdict in (Verdict.FITS, Verdict.PARTLY)
    second_copy = 0 if on_gpu else round(weights * 0.6 * GIB)
    main = DeviceShare(
        device="CUDA0" if on_gpu else CPU_DEVICE,
        title="NVIDIA GeForce RTX 3060" if on_gpu else "Main memory",
        available_bytes=round(available * GIB),
        weights_bytes=round(weights * GIB),
        repacked_bytes=second_copy,
        kv_bytes=round(cache * GIB),
        compute_bytes=round(work * GIB),
    )
    rest = DeviceShare(CPU_DEVICE, "Main memory", 26 * GIB, weights_bytes=round(0.4 * GIB))
    return Fit(
        context_tokens=context,
        kv_type=KvType.F16,
        layers=64,
        layers_on_gpu=31 if verdict is Verdict.PARTLY else 64 if on_gpu else 0,
        shares=(rest, main) if on_gpu else (main,),
        verdict=verdict,
        short_of_bytes=round(short_of * GIB),
        largest_context_tokens=context,
        prompt_tokens_per_s=600 if on_gpu else 31,
        decode_tokens_per_s=speed,
    )


_GPU_FITS = {
    BEST_ID: (Role.BEST, a_fit(Verdict.FITS, weights=8.1, cache=2.2, work=0.4, context=12_288)),
    "r1-0528-qwen3-8b": (Role.SMALLER_AND_FASTER, a_fit(Verdict.FITS, context=36_864, speed=41)),
    "r1-distill-qwen-7b": (Role.OTHER, a_fit(Verdict.FITS, weights=4.1, speed=46)),
    "r1-distill-llama-8b": (Role.OTHER, a_fit(Verdict.FITS, speed=40)),
    "r1-distill-qwen-1.5b": (Role.OTHER, a_fit(Verdict.FITS, weights=0.9, cache=0.4, speed=120)),
    "r1-distill-qwen-32b": (
        Role.IN_PART,
        a_fit(Verdict.PARTLY, weights=9.0, cache=1.8, context=8_192, speed=4.1),
    ),
    "r1-distill-llama-70b": (
        Role.TOO_LARGE,
        a_fit(Verdict.TOO_LARGE, weights=38, context=2_048, short_of=7.9, speed=0, available=37),
    ),
}
_REASONS = {
    Role.BEST: "The largest that fits wholly on the graphics card with room to think.",
    Role.SMALLER_AND_FASTER: "Smaller than the best, and the best of its size at mathematics.",
    Role.IN_PART: "31 of its 64 layers fit on the graphics card, so it is slow.",
    Role.OTHER: "It fits; larger ones know more.",
    Role.TOO_LARGE: "It needs more memory than this computer has.",
    Role.SERVER: "It is for a server.",
}


def suggestion(model_id: str, *, gpu: bool = True) -> Suggestion:
    """What the recommendation would say."""
    role, fit = _GPU_FITS.get(model_id, (Role.SERVER, a_fit(Verdict.TOO_LARGE, weights=400, short_of=377)))
    if not gpu:
        best = model_id == "r1-distill-qwen-7b"
        role = Role.BEST if best else Role.OTHER
        fit = a_fit(Verdict.CPU_ONLY, available=11, context=8_192, speed=6.1 if best else 3.2)
    return Suggestion(model_id, role, _REASONS[role], fit)


def catalog_model(model_id: str) -> CatalogModel:
    """A model of the real catalogue."""
    model = load_catalog().by_id(model_id)
    assert model is not None
    return model


def available(
    model_id: str = BEST_ID, download: DownloadStatus | None = None, *, gpu: bool = True
) -> AvailableModel:
    """A model that is not here yet."""
    return AvailableModel(catalog_model(model_id), suggestion(model_id, gpu=gpu), download)


def everything_available(*, gpu: bool = True) -> tuple[AvailableModel, ...]:
    """All of the catalogue, the best first."""
    catalog = load_catalog()
    ids = [model.id for model in (*catalog.models, *catalog.server_models)]
    order = list(Role)
    models = [
        available(model_id, gpu=gpu or catalog.by_id(model_id) in catalog.server_models) for model_id in ids
    ]
    return tuple(sorted(models, key=lambda a: order.index(a.suggestion.role) if a.suggestion else 0))


def status(
    state: DownloadState = DownloadState.RUNNING,
    done: float = 0.344,
    *,
    model_id: str = BEST_ID,
    error: DownloadProblem = NO_PROBLEM,
) -> DownloadStatus:
    """A download of a model of the catalogue, `done` of it fetched."""
    model = catalog_model(model_id)
    running = state is DownloadState.RUNNING
    return DownloadStatus(
        id=model.id,
        title=model.title,
        repo=model.repo,
        revision=model.revision,
        files=(model.file,),
        destination=str(FOLDER / model.file),
        state=state,
        done_bytes=round(model.size_bytes * done),
        total_bytes=model.size_bytes,
        speed_bytes_per_s=41e6 if running else 0.0,
        left_s=144.0 if running else None,
        error=error,
    )


def installed(
    name: str = "seven",
    *,
    title: str = "DeepSeek-R1 Distill Qwen 7B",
    verification: Verification = Verification.VERIFIED,
    note: str = "",
    problem: str = "",
    catalog_id: str = "r1-distill-qwen-7b",
    is_in_folder: bool = True,
    days_ago: int = 0,
) -> InstalledModel:
    """A model that is here."""
    return InstalledModel(
        path=FOLDER / f"{name}.gguf",
        title=title,
        size_bytes=4_683_073_504,
        quantisation="Q4_K_M",
        parameter_count=7_615_616_512,
        trained_context_tokens=131_072,
        verification=verification,
        last_used=datetime.now(UTC) - timedelta(days=days_ago),
        note=note,
        fit=None if problem else a_fit(Verdict.FITS, weights=4.1, speed=46),
        problem=problem,
        is_built_in=False,
        catalog_id=catalog_id,
        is_in_folder=is_in_folder,
        license="MIT",
        suggestion=suggestion(catalog_id) if catalog_id and not problem else None,
    )


def built_in(path: Path) -> InstalledModel:
    """Ponder Mini, as the shelf has it."""
    return InstalledModel(
        path=path,
        title="Ponder Mini",
        size_bytes=3_400_000,
        quantisation="F16",
        parameter_count=1_600_000,
        trained_context_tokens=1_024,
        verification=Verification.UNKNOWN,
        last_used=None,
        note="",
        fit=a_fit(Verdict.FITS, weights=0.1, cache=0.1, work=0.1, context=1_024, speed=900),
        problem="",
        is_built_in=True,
        catalog_id="",
        is_in_folder=False,
        license="",
    )


def measured(*, gpu: bool = True) -> MachineMeasured:
    """What was measured: a computer with a card of 12 GB, or without one."""
    if gpu:
        return MachineMeasured(GPU_MACHINE, suggestion(BEST_ID))
    return MachineMeasured(CPU_MACHINE, suggestion("r1-distill-qwen-7b", gpu=False))


def fresh_shelf(built_in_model: Path, *, gpu: bool = True) -> ShelfChanged:
    """Only the model in the box is here."""
    return ShelfChanged((built_in(built_in_model),), everything_available(gpu=gpu))
