"""How the terminal words what it says of models."""

from __future__ import annotations

from typing import Final

from app import numbers_in_words as words
from app.cli.model_choice import BUILT_IN_ID
from app.library import fit_words
from app.library.events import InstalledModel
from models.catalog import CatalogModel
from models.download_status import DownloadState, DownloadStatus
from models.fit import Fit
from models.library import Verification
from models.machine import Machine
from models.recommendation import Role, Suggestion

ROLES: Final = {
    Role.BEST: "Best for this computer",
    Role.SMALLER_AND_FASTER: "Smaller and faster",
    Role.IN_PART: "Fits in part",
    Role.OTHER: "Fits",
    Role.TOO_LARGE: "Too large",
    Role.SERVER: "For a server",
}
_VERIFICATIONS: Final = {
    Verification.UNKNOWN: "nothing to compare its hash with",
    Verification.VERIFIED: "verified",
    Verification.CHANGED: "CHANGED since it was verified",
    Verification.UNVERIFIED: "not verified",
}
_STATES: Final = {
    DownloadState.WAITING: "waiting",
    DownloadState.RUNNING: "downloading",
    DownloadState.PAUSED: "paused",
    DownloadState.VERIFYING: "verifying",
    DownloadState.DONE: "done",
    DownloadState.FAILED: "failed",
    DownloadState.CANCELLED: "cancelled",
}


def suggestion(said: Suggestion) -> str:
    """`Best for this computer. The largest of …`: the role where it is a recommendation, and the reason."""
    if said.role in (Role.BEST, Role.SMALLER_AND_FASTER):
        return f"{ROLES[said.role]}. {said.reason}"
    return said.reason


def verification(value: Verification) -> str:
    """`verified`."""
    return _VERIFICATIONS[value]


def last_used(model: InstalledModel) -> str:
    """`last used 2026-11-20`, empty where it never was."""
    if model.last_used is None:
        return ""
    return f"last used {model.last_used.astimezone():%Y-%m-%d}"


def name_to_type(model: InstalledModel) -> str:
    """What to call it on the command line, empty where only its path will do."""
    return BUILT_IN_ID if model.is_built_in else model.catalog_id


def fit_line(fit: Fit) -> str:
    """`Fits, 16,384 tokens · about 46 tokens/s`."""
    speed = fit_words.speed(fit)
    return f"{fit_words.badge(fit)} · {speed}" if speed else fit_words.badge(fit)


def sum_lines(fit: Fit) -> list[str]:
    """`Main memory: weights 4.7 + cache 1.2 + work 0.3 = 6.2 of 11.2 GB` for each device."""
    return [f"{name}: {line}" for name, line in fit_words.share_lines(fit)]


def machine_line(machine: Machine) -> str:
    """One line, as the Models page has it on top: `This computer: RTX 3060, 12 GB (11.2 free) · …`."""
    return fit_words.machine_line(machine)


def catalog_facts(model: CatalogModel) -> str:
    """`5.0 GB · MIT · AIME 2024: 86.0 %`."""
    return " · ".join(
        [words.size(model.size_bytes), model.license, f"AIME 2024: {model.scores.aime2024:.1f} %"]
    )


def download_line(status: DownloadStatus) -> str:
    """`downloading: 3.1 of 9.0 GB`."""
    return f"{_STATES[status.state]}: {progress(status)}"


def progress(status: DownloadStatus) -> str:
    """`3.1 GB of 9.0 GB`."""
    return f"{words.size(status.done_bytes)} of {words.size(status.total_bytes)}"
