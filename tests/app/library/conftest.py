"""A library controller with real parts: files, queue, a hub on 127.0.0.1, and a machine from a book."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from app.library.controller import LibraryController
from app.library.events import LibraryEvent, ShelfChanged
from app.paths import Paths
from models.catalog import Catalog, load_catalog
from models.hub import NetworkSettings
from models.machine import Cpu, Machine
from tests.event_recorder import EventRecorder
from tests.hub_server.fixtures import hub_server
from tests.hub_server.server import HubServer
from tests.models.tiny_gguf import DATA_BYTES, write_tiny_gguf

__all__ = ["hub_server"]

MACHINE = Machine(
    cpu=Cpu("A processor", physical_cores=8, logical_cores=16, usable_cores=8, features=("avx2",)),
    ram_total_bytes=32 * 2**30,
    ram_available_bytes=28 * 2**30,
    disk_free_bytes=500_000_000_000,
    bandwidth_bytes_per_s=40e9,
)
REPO = "someone/Tiny-GGUF"
FILE = "Tiny-Q4_K_M.gguf"
SERVED_BYTES = 3_000_000
Start = Callable[..., tuple[LibraryController, "Listener"]]


class Listener(EventRecorder[LibraryEvent]):
    """A `listener` that remembers everything since the last `forget`."""

    def wait_for_shelf(self, accept: Callable[[ShelfChanged], bool]) -> ShelfChanged:
        """All models, once they are so."""
        return self.wait_for(ShelfChanged, accept)


@pytest.fixture
def paths() -> Paths:
    """The folders of this test."""
    return Paths.from_environment(os.environ)


@pytest.fixture
def served(hub_server: HubServer, tmp_path: Path) -> Path:
    """A tiny model, and the same in the hub's repository."""
    path = tmp_path / "served.gguf"
    write_tiny_gguf(path, data_bytes=DATA_BYTES + SERVED_BYTES)
    hub_server.add_file(REPO, FILE, path)
    return path


@pytest.fixture
def catalog(hub_server: HubServer, served: Path) -> Catalog:
    """A catalogue with one model, the tiny one of the hub."""
    real = load_catalog()
    file = hub_server.add_file(REPO, FILE, served)
    shape = msgspec.structs.replace(real.models[-1].shape, size_bytes=file.size_bytes)
    model = msgspec.structs.replace(
        real.models[-1],
        id="tiny",
        title="Tiny of the hub",
        repo=REPO,
        revision=hub_server.commit(REPO),
        file=FILE,
        size_bytes=file.size_bytes,
        sha256=file.sha256,
        shape=shape,
    )
    return Catalog(models=(model,), server_models=real.server_models)


@pytest.fixture
def start(
    paths: Paths, mini_model: Path, hub_server: HubServer, catalog: Catalog, tmp_path: Path
) -> Iterator[Start]:
    """Start controllers; they are closed at the end."""
    started: list[LibraryController] = []

    def make(*, offline: bool = False) -> tuple[LibraryController, Listener]:
        listener = Listener()
        controller = LibraryController(
            listener=listener,
            paths=paths,
            built_in_model=mini_model,
            environ={},
            home=tmp_path / "home",
            network=NetworkSettings(endpoint=hub_server.url, offline=offline),
            measure=lambda _paths: MACHINE,
            catalog=catalog,
        )
        started.append(controller)
        controller.start()
        return controller, listener

    yield make
    for controller in started:
        controller.close(60.0)
