"""What the library controller tells whoever shows the models: plain values, in the order they happened."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app import numbers_in_words as words
from models.errors import AppError
from models.fit import Fit
from models.machine import Machine

if TYPE_CHECKING:
    from models.catalog import CatalogModel
    from models.download_status import DownloadStatus
    from models.hub import HubFile
    from models.library import Verification
    from models.other_apps import FoundFile
    from models.recommendation import Suggestion


@dataclass(frozen=True, slots=True)
class InstalledModel:
    """One model on this computer. `problem`: why one cannot chat with it; `warning`: what is odd if one can.

    `path` is its first file where it has several, `size_bytes` that of all of them. `parameter_count` 0 and
    `quantisation` "": not known. `fit` is with the best context, and None where the file cannot be read or
    the computer was not measured yet. `suggestion`: what the recommendation says of it, None where it is not
    of the catalogue. `is_in_folder`: it lies in Ponder's own models folder, so removing it deletes it;
    elsewhere it only leaves the list. `license` "" where it is not known.
    """

    path: Path
    title: str
    size_bytes: int
    quantisation: str
    parameter_count: int
    trained_context_tokens: int
    verification: Verification
    last_used: datetime | None
    note: str
    fit: Fit | None
    problem: str
    is_built_in: bool
    catalog_id: str
    is_in_folder: bool
    license: str
    suggestion: Suggestion | None = None
    warning: str = ""

    @property
    def best_context_tokens(self) -> int:
        """The context that `fit` was made with, 0 where there is none."""
        return self.fit.context_tokens if self.fit else 0

    @property
    def facts(self) -> tuple[str, ...]:
        """What the file is, in pieces to be joined: `4.7 GB`, `7.6B parameters`, `Q4_K_M`."""
        parameters = f"{words.parameters(self.parameter_count)} parameters" if self.parameter_count else ""
        return tuple(piece for piece in (words.size(self.size_bytes), parameters, self.quantisation) if piece)


@dataclass(frozen=True, slots=True)
class AvailableModel:
    """A model of the catalogue that is not on this computer (yet).

    `suggestion` (with its role, its reason in one sentence, and its fit) is None until the computer was
    measured. `download` is None where it was never begun; a cancelled one is None too.
    """

    model: CatalogModel
    suggestion: Suggestion | None
    download: DownloadStatus | None

    @property
    def fit(self) -> Fit | None:
        """How it would fit, with the best context."""
        return self.suggestion.fit if self.suggestion else None


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """A model in a repository of the hub. `fit` is None where nothing can be told before it is here."""

    file: HubFile
    fit: Fit | None
    download: DownloadStatus | None = None


class Work(enum.StrEnum):
    """Something that takes its time."""

    MEASURING = "measuring"
    BROWSING = "browsing"
    FINDING = "finding"
    ADDING = "adding"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class MachineMeasured:
    """What this computer has. `best` is the first recommendation, None where no model fits."""

    machine: Machine
    best: Suggestion | None


@dataclass(frozen=True, slots=True)
class ShelfChanged:
    """All models, in the order in which they are to be shown; said again after every change.

    `installed`: the last used first, the model in the box at the end. `available`: best first, then as the
    recommendation has them; those on this computer are not among them. `other_downloads`: of files that are
    not in the catalogue, and not here yet.
    """

    installed: tuple[InstalledModel, ...]
    available: tuple[AvailableModel, ...]
    other_downloads: tuple[DownloadStatus, ...] = ()


@dataclass(frozen=True, slots=True)
class DownloadChanged:
    """A download moved on, some five times a second; `ShelfChanged` follows where its state changed."""

    status: DownloadStatus


@dataclass(frozen=True, slots=True)
class RepositoryOpened:
    """The answer to `browse(repo)`: its model files, the smallest first.

    Said twice where all goes well: at once, and again with the fits when a header was read.
    """

    repo: str
    files: tuple[RepositoryFile, ...]


@dataclass(frozen=True, slots=True)
class FilesFound:
    """The answer to `find_files`: models of other apps, without those that are in the list already."""

    files: tuple[FoundFile, ...]


@dataclass(frozen=True, slots=True)
class WorkProgressed:
    """So much of a work is done, `fraction` from 0 to 1, 0 first. `about`: a path, a repository, or ""."""

    about: str
    work: Work
    fraction: float


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """A work is over, well or not: said once for each, after what came of it. `done`: nothing went wrong."""

    about: str
    work: Work
    done: bool


@dataclass(frozen=True, slots=True)
class FileAdded:
    """The answer to `add_file`: the model is in the list, at this path."""

    path: Path


@dataclass(frozen=True, slots=True)
class ModelRemoved:
    """The answer to `delete`: it left the list; `undo_delete` brings it back until Ponder is closed."""

    path: Path
    title: str


@dataclass(frozen=True, slots=True)
class LibraryProblem:
    """Something that was asked for could not be done. `about`: a path, a model, a repository, or ""."""

    error: AppError
    about: str


LibraryEvent = (
    MachineMeasured
    | ShelfChanged
    | DownloadChanged
    | RepositoryOpened
    | FilesFound
    | WorkProgressed
    | WorkEnded
    | FileAdded
    | ModelRemoved
    | LibraryProblem
)
