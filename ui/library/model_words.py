"""What stands on a card of the Models page, in words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from app import numbers_in_words as words
from app.library.events import InstalledModel
from models.download_status import DownloadState, DownloadStatus
from models.library import Verification
from models.recommendation import Role, Suggestion

if TYPE_CHECKING:
    from models.catalog import CatalogModel

_CHIPS = {Role.BEST: "Best for this computer", Role.SMALLER_AND_FASTER: "Smaller and faster"}
_VERIFIED = {Verification.VERIFIED: "verified", Verification.UNVERIFIED: "not verified"}


def chip(suggestion: Suggestion | None) -> str:
    """What stands beside the title of a model that is recommended, "" beside the others."""
    return _CHIPS.get(suggestion.role, "") if suggestion is not None else ""


def installed_facts(model: InstalledModel, now: datetime) -> str:
    """`4.7 GB · 7.6B parameters · Q4_K_M · verified · last used today`."""
    parts = [*model.facts]
    if model.is_built_in:
        parts = ["Built in", words.size(model.size_bytes), "a demonstration model that only does arithmetic"]
    elif model.verification in _VERIFIED:
        parts.append(_VERIFIED[model.verification])
    if not model.is_built_in and not model.is_in_folder:
        parts.append("used where it is")
    if model.last_used is not None:
        parts.append(f"last used {day(model.last_used, now)}")
    return " · ".join(parts)


def available_facts(model: CatalogModel) -> str:
    """`5.0 GB · MIT · AIME 2024: 86.0`."""
    parts = [words.size(model.size_bytes)] if model.size_bytes else []
    parts.append(model.license_name_to_accept or model.license.partition(" (")[0])
    scores = model.scores
    for name, score in (("AIME 2024", scores.aime2024), ("MATH-500", scores.math500), ("GPQA", scores.gpqa)):
        if score is not None:
            parts.append(f"{name}: {score:.1f}")
            break
    return " · ".join(part for part in parts if part)


def download_facts(status: DownloadStatus) -> str:
    """`3.1 of 9.0 GB · 41 MB/s · 2 min 24 s left`."""
    done = part_of(status.done_bytes, status.total_bytes)
    match status.state:
        case DownloadState.WAITING:
            return f"Waiting · {done}" if status.done_bytes else f"Waiting · {words.size(status.total_bytes)}"
        case DownloadState.RUNNING:
            parts = [done]
            if status.speed_bytes_per_s > 0:
                parts.append(f"{words.size(round(status.speed_bytes_per_s))}/s")
            if status.left_s is not None:
                parts.append(f"{words.running_duration(status.left_s)} left")
            return " · ".join(parts)
        case DownloadState.PAUSED:
            return f"Paused · {done}"
        case DownloadState.VERIFYING:
            return f"Verifying {words.size(status.total_bytes)}…"
        case DownloadState.FAILED:
            return f"Stopped · {done}"
        case _:
            return words.size(status.total_bytes)


def download_problem(status: DownloadStatus) -> str:
    """Why it failed, "" where it did not."""
    return str(status.error) if status.state is DownloadState.FAILED else ""


def short_download(status: DownloadStatus) -> str:
    """`34 % · 2 min 24 s left`: for the foot of the sidebar and the header."""
    percent = f"{percent_of(status)} %"
    match status.state:
        case DownloadState.RUNNING if status.left_s is not None:
            return f"{percent} · {words.running_duration(status.left_s)} left"
        case DownloadState.WAITING:
            return f"{percent} · waiting"
        case DownloadState.PAUSED:
            return f"{percent} · paused"
        case DownloadState.VERIFYING:
            return "verifying…"
        case DownloadState.FAILED:
            return f"{percent} · stopped"
        case _:
            return percent


def percent_of(status: DownloadStatus) -> int:
    """Full percents, 100 only where all is there."""
    return status.done_bytes * 100 // status.total_bytes if status.total_bytes else 0


def part_of(done_bytes: int, total_bytes: int) -> str:
    """`3.1 of 9.0 GB`, `812 kB of 9.0 GB`, `0 of 9.0 GB`."""
    if not done_bytes:
        return f"0 of {words.size(total_bytes)}"
    done, total = words.size(done_bytes), words.size(total_bytes)
    number, _space, unit = done.rpartition(" ")
    return f"{number} of {total}" if unit == total.rpartition(" ")[2] else f"{done} of {total}"


def day(when: datetime, now: datetime) -> str:
    """`today`, `yesterday`, `on 3 November`, `on 3 November 2025`."""
    local, today = when.astimezone(), now.astimezone()
    days = (today.date() - local.date()).days
    if days <= 0:
        return "today"
    if days == 1:
        return "yesterday"
    year = f" {local.year}" if local.year != today.year else ""
    return f"on {local.day} {local:%B}{year}"
