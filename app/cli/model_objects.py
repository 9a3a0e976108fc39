"""The JSON objects of `ponder models`: every size in bytes, every sum with its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from app.cli.model_words import name_to_type
from app.cli.models_at_hand import Subject
from app.library.events import AvailableModel, InstalledModel
from models.catalog import Catalog, CatalogModel
from models.download_status import DownloadStatus
from models.fit import DeviceShare, Fit
from models.machine import Machine
from models.recommendation import Role, Suggestion

if TYPE_CHECKING:
    from models.hub import HubFile

_PARTS = ("weights_bytes", "repacked_bytes", "kv_bytes", "compute_bytes")


def fit_sum(fit: Fit) -> dict[str, Any]:
    """The whole sum: first all of it, then by part, then by device and part."""
    return {
        "total_bytes": fit.total_bytes,
        "needed_bytes": sum(share.needed_bytes for share in fit.shares),
        "context_tokens": fit.context_tokens,
        "kv_type": fit.kv_type.value,
        "verdict": fit.verdict.value,
        "short_of_bytes": fit.short_of_bytes,
        "layers": fit.layers,
        "layers_on_gpu": fit.layers_on_gpu,
        "largest_context_tokens": fit.largest_context_tokens,
        "prompt_tokens_per_s": fit.prompt_tokens_per_s,
        "decode_tokens_per_s": fit.decode_tokens_per_s,
        "parts": {part: sum(getattr(share, part) for share in fit.shares) for part in _PARTS},
        "devices": [_share(share) for share in fit.shares],
    }


def _share(share: DeviceShare) -> dict[str, Any]:
    return {
        "device": share.device,
        "title": share.title,
        "available_bytes": share.available_bytes,
        "reserved_bytes": share.reserved_bytes,
        "total_bytes": share.total_bytes,
        "needed_bytes": share.needed_bytes,
        **{part: getattr(share, part) for part in _PARTS},
    }


def info(subject: Subject, fit: Fit) -> dict[str, Any]:
    """One model with the sum of one placing."""
    return {
        **fit_sum(fit),
        "id": subject.id,
        "title": subject.title,
        "path": str(subject.path) if subject.path else "",
        "installed": subject.path is not None,
        "size_bytes": subject.size_bytes,
        "sha256": subject.sha256,
        "quantisation": subject.quantisation,
        "parameters": subject.parameters,
        "architecture": subject.shape.architecture,
        "trained_context_tokens": subject.shape.trained_context_tokens,
        "licence": subject.license,
        "verification": subject.verification.value,
    }


def recommendation(catalog: Catalog, machine: Machine, suggestions: Sequence[Suggestion]) -> dict[str, Any]:
    """All suggestions, the first one's sum on top; where nothing fits, its `id` is empty."""
    first = suggestions[0] if suggestions and suggestions[0].role is Role.BEST else None
    models = [_suggested(catalog.by_id(each.model_id), each) for each in suggestions]
    return {
        "total_bytes": first.fit.total_bytes if first else 0,
        "id": first.model_id if first else "",
        "title": models[0]["title"] if first else "",
        "reason": first.reason if first else "",
        "machine": msgspec.to_builtins(machine),
        "models": models,
    }


def _suggested(model: CatalogModel | None, suggestion: Suggestion) -> dict[str, Any]:
    if model is None:
        raise LookupError(suggestion.model_id)
    return {
        **catalog_facts(model),
        "role": suggestion.role.value,
        "reason": suggestion.reason,
        **fit_sum(suggestion.fit),
    }


def catalog_facts(model: CatalogModel) -> dict[str, Any]:
    """What the catalogue says of a model."""
    return {
        "id": model.id,
        "title": model.title,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "repo": model.repo,
        "revision": model.revision,
        "file": model.file,
        "licence": model.license,
        "licence_to_accept": model.license_name_to_accept,
        "licence_url": model.license_url,
        "scores": msgspec.to_builtins(model.scores),
    }


def installed(model: InstalledModel) -> dict[str, Any]:
    """A model on this computer."""
    return {
        "id": name_to_type(model),
        "path": str(model.path),
        "title": model.title,
        "size_bytes": model.size_bytes,
        "quantisation": model.quantisation,
        "parameters": model.parameter_count,
        "licence": model.license,
        "verification": model.verification.value,
        "last_used": model.last_used.isoformat() if model.last_used else None,
        "note": model.note,
        "problem": model.problem,
        "fit": fit_sum(model.fit) if model.fit else None,
    }


def available(available_model: AvailableModel) -> dict[str, Any]:
    """A model that could be downloaded."""
    suggestion = available_model.suggestion
    return {
        **catalog_facts(available_model.model),
        "role": suggestion.role.value if suggestion else "",
        "reason": suggestion.reason if suggestion else "",
        "fit": fit_sum(suggestion.fit) if suggestion else None,
        "download": download(available_model.download) if available_model.download else None,
    }


def download(status: DownloadStatus) -> dict[str, Any]:
    """Where a download stands."""
    return {
        "id": status.id,
        "repo": status.repo,
        "files": list(status.files),
        "state": status.state.value,
        "done_bytes": status.done_bytes,
        "total_bytes": status.total_bytes,
    }


def hub_file(file: HubFile, fit: Fit | None) -> dict[str, Any]:
    """A model in a repository."""
    return {
        "file": file.path,
        "parts": list(file.parts),
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "quantisation": file.quantisation,
        "revision": file.revision,
        "fit": fit_sum(fit) if fit else None,
    }
