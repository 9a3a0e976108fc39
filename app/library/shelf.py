"""Puts machine, catalogue, library and downloads together into what is shown: a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from app.library.events import AvailableModel, InstalledModel, ShelfChanged
from models.catalog import Catalog
from models.download_status import DownloadStatus
from models.fit import Fit
from models.library import LibraryModel
from models.recommendation import Suggestion


def put_together(
    *,
    catalog: Catalog,
    suggestions: Sequence[Suggestion],
    models: Sequence[LibraryModel],
    fits: Mapping[Path, Fit],
    downloads: Sequence[DownloadStatus],
) -> ShelfChanged:
    """Sort everything as it is to be shown. `suggestions` and `fits` are empty before the measurement."""
    suggested = {suggestion.model_id: suggestion for suggestion in suggestions}
    installed = [_installed(model, catalog, suggested, fits.get(model.path)) for model in models]
    installed.sort(key=lambda model: (model.is_built_in, -_moment(model.last_used), model.title.casefold()))
    here = {model.catalog_id for model in installed if model.catalog_id}
    under_way = {status.id: status for status in downloads if not status.state.is_over}
    offered = {model.id: model for model in (*catalog.models, *catalog.server_models)}
    order = list(dict.fromkeys([*suggested, *offered]))
    available = [
        AvailableModel(offered[model_id], suggested.get(model_id), under_way.get(model_id))
        for model_id in order
        if model_id in offered and model_id not in here
    ]
    others = tuple(status for status in under_way.values() if status.id not in offered or status.id in here)
    return ShelfChanged(tuple(installed), tuple(available), others)


def _installed(
    model: LibraryModel, catalog: Catalog, suggested: Mapping[str, Suggestion], fit: Fit | None
) -> InstalledModel:
    info = model.info
    known = catalog.by_id(model.catalog_id) if model.catalog_id else None
    parameter_count = info.parameter_count if info and not info.is_split else 0
    if known is not None:
        parameter_count = round(known.parameters_b * 1e9)
    return InstalledModel(
        path=model.path,
        title=model.title,
        size_bytes=model.size_bytes,
        quantisation=info.quantisation if info else "",
        parameter_count=parameter_count,
        trained_context_tokens=info.context_length_tokens if info else 0,
        verification=model.verification,
        last_used=model.last_used,
        note=model.note,
        fit=fit,
        problem=model.problem,
        is_built_in=model.is_built_in,
        catalog_id=model.catalog_id,
        is_in_folder=model.is_in_folder,
        license=known.license if known else "",
        suggestion=suggested.get(model.catalog_id),
        warning=model.warning,
    )


def _moment(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
