"""Makes the parts of the library for window and terminal alike, each with its files where they belong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import InputError
from app.paths import Paths
from app.settings import Settings
from models.catalog import Catalog, CatalogModel
from models.download_status import DownloadRequest, DownloadStatus, RequestedFile
from models.hub_settings import NetworkSettings
from models.library import Library
from models.machine import Machine

if TYPE_CHECKING:
    from models.downloads import DownloadQueue
    from models.hub import Hub, HubFile


def measure(paths: Paths) -> Machine:
    """Measure this computer, some second long."""
    from models.hardware import measure_machine  # here, as all that a window need not wait for when it opens

    bandwidth_file = paths.bandwidth_file if paths.data_dir.is_dir() else None  # to look makes no folder
    return measure_machine(disk_folder=paths.models_dir, bandwidth_file=bandwidth_file)


def library(paths: Paths, built_in_model: Path, catalog: Catalog) -> Library:
    """The model files on this disk, known by the hashes of the catalogue."""
    return Library(paths.models_dir, paths.library_file, built_in_model, published=catalog.models)


def download_queue(
    paths: Paths, make_hub: Callable[[], Hub], listener: Callable[[DownloadStatus], None]
) -> DownloadQueue:
    """The downloads, as they stood when Ponder was closed; nothing is fetched before somebody says so."""
    from models.downloads import DownloadQueue

    return DownloadQueue(paths.models_dir, make_hub, listener)


def hub(settings: NetworkSettings) -> Hub:
    """What asks the hub. Raises `NetworkSettingsError`."""
    from models.hub import Hub

    return Hub(settings)


def network_settings(settings: Settings, *, token: str = "") -> NetworkSettings:
    """How to reach the hub. The token is kept in memory only."""
    own = NetworkSettings()
    return NetworkSettings(
        endpoint=settings.hub_endpoint or own.endpoint,
        proxy=settings.hub_proxy,
        token=token,
        offline=settings.works_offline,
    )


def catalog_request(model: CatalogModel) -> DownloadRequest:
    """What to download for a model of the catalogue. Raises `InputError` for those that need a server."""
    if model.needs_server:
        raise InputError(
            f"{model.title} is for a server: it has {model.size_bytes / 1e9:,.0f} GB.",
            advice="Choose one of its distills.",
        )
    return DownloadRequest(
        id=model.id,
        title=model.title,
        repo=model.repo,
        revision=model.revision,
        files=(RequestedFile(model.file, model.size_bytes, model.sha256),),
    )


def hub_request(file: HubFile) -> DownloadRequest:
    """What to download for a model of a repository, all its parts."""
    is_whole = len(file.parts) == 1
    return DownloadRequest(
        id=f"{file.repo}/{file.path}",
        title=file.path.rpartition("/")[2].removesuffix(".gguf"),
        repo=file.repo,
        revision=file.revision,
        files=tuple(
            RequestedFile(part, file.size_bytes if is_whole else 0, file.sha256 if is_whole else "")
            for part in file.parts
        ),
    )


def note_downloaded(status: DownloadStatus, library: Library, catalog: Catalog) -> None:
    """Record a download that is done as verified: its hashes were compared while it streamed.

    Raises `LibraryError`.
    """
    folder = Path(status.destination).parent
    known = catalog.by_id(status.id)
    for untrusted_path, sha256 in zip(status.files, status.hashes, strict=True):
        name = untrusted_path.rpartition("/")[2]  # the queue has checked it before the file was written
        library.note_verified(folder / name, sha256, known.id if known else "")


def downloads_on_record(paths: Paths) -> list[DownloadStatus]:
    """The downloads that are not over, as they stood last. Nothing is begun."""
    network = NetworkSettings(offline=True)
    queue = download_queue(paths, lambda: hub(network), lambda _: None)
    try:
        return queue.statuses()
    finally:
        queue.close()
