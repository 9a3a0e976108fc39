"""The shapes of the models in a repository of the hub, before any of them is here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from models.catalog import Catalog
from models.model_shape import ModelShape

if TYPE_CHECKING:
    from models.hub import HubFile

_LIKELY = "Q4_K_M"


def known_shapes(files: Sequence[HubFile], catalog: Catalog) -> dict[str, ModelShape]:
    """The shapes of those that the catalogue knows by their hash, by path. Asks nobody."""
    known = {file.path: catalog.by_sha256(file.sha256) for file in files if file.sha256}
    return {path: model.shape for path, model in known.items() if model is not None}


def all_shapes(
    files: Sequence[HubFile], known: dict[str, ModelShape], read: Callable[[HubFile], ModelShape]
) -> dict[str, ModelShape]:
    """The shapes of all that can be told, by path; `read` fetches one header, some megabytes, and may raise.

    A repository mostly holds one model in many quantisations. So the header of one is read, and stands for
    the others with their own sizes: what they take is right within a few percent.
    """
    shapes = dict(known)
    for name in dict.fromkeys(_name(file) for file in files):
        same = [file for file in files if _name(file) == name]
        reference = next((file for file in same if file.path in known), None)
        if reference is None:
            if len(shapes) > len(known):  # a collection of models: one header is all that is fetched
                continue
            reference = next((file for file in same if file.quantisation == _LIKELY), same[0])
            shapes[reference.path] = read(reference)
        for file in same:
            shapes.setdefault(file.path, _scaled(shapes[reference.path], file.size_bytes))
    return shapes


def _name(file: HubFile) -> str:
    """What a file is called without its quantisation, folder and part numbers."""
    name = file.path.rpartition("/")[2].lower().removesuffix(".gguf")
    if len(file.parts) > 1:
        name = name.rpartition("-00001-of-")[0]
    return name.replace(file.quantisation.lower(), "") if file.quantisation else name


def _scaled(shape: ModelShape, size_bytes: int) -> ModelShape:
    """The same model with all its tensors so much larger or smaller that the file has this size."""
    ratio = size_bytes / shape.size_bytes
    groups = tuple(
        msgspec.structs.replace(
            group,
            size_bytes=round(group.size_bytes * ratio),
            repacked_bytes=round(group.repacked_bytes * ratio),
            expert_bytes=round(group.expert_bytes * ratio),
        )
        for group in shape.groups
    )
    return msgspec.structs.replace(
        shape,
        size_bytes=size_bytes,
        groups=groups,
        tied_repacked_bytes=round(shape.tied_repacked_bytes * ratio),
    )
