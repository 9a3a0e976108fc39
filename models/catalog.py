"""The models that Ponder offers: where each is, what it needs, its licence, and how well it does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from models.model_shape import ModelShape, TensorGroup

CATALOG_FILE: Final = Path(__file__).resolve().parent.parent / "resources" / "catalog.json"

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Revision = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{40}|main)?$")]
Sha256 = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
Url = Annotated[str, msgspec.Meta(pattern="^https://[^ ]+$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Count = Annotated[int, msgspec.Meta(gt=0)]

Run = int | tuple[int, int]
"""One layer, or the first and the last of several in a row."""


class Scores(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """pass@1 in percent, of the unquantised model, as its makers measured it. None: not published there."""

    aime2024: Percent
    math500: Percent | None
    gpqa: Percent | None
    source: Url


class CatalogModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model. `parameters_b` in billions (10^9), `active_parameters_b` those that work on one token.

    `sha256` is that of the file, and pins it where the `revision` is only "main". `size_bytes` is exact.
    The tensors of `shape` are those of a twin of the file (tools/catalog_shapes.py): its size without the
    6 to 8 MB in which it describes itself.

    `license` is that of the weights and of what they are made from. Where `license_name_to_accept` is not
    empty, `license_url` and `license_summary` are to be shown and accepted before a download.

    `needs_server`: it is only told about, and `about` says what it would need. Then `file` and what goes with
    it is empty, the sizes are rounded, and `shape` spreads all its parameters evenly over its layers.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.-]*$")]
    title: Text
    base: Text
    parameters_b: Annotated[float, msgspec.Meta(gt=0)]
    repo: Annotated[str, msgspec.Meta(pattern=r"^([\w.-]+/[\w.-]+)?$")]
    revision: Revision
    file: Annotated[str, msgspec.Meta(pattern=r"^([\w.-]+\.gguf)?$")]
    size_bytes: Count
    sha256: Sha256
    license: Text
    license_url: Url
    recipe_family: Text
    scores: Scores
    shape: ModelShape
    license_name_to_accept: str = ""
    license_summary: str = ""
    active_parameters_b: float = 0.0
    needs_server: bool = False
    about: str = ""

    def __post_init__(self) -> None:
        """Check what no single field can."""
        has_file = [bool(value) for value in (self.repo, self.revision, self.file, self.sha256)]
        if has_file != [not self.needs_server] * len(has_file):
            raise ValueError(f"{self.id}: a file is named in full, or not at all for a server")
        if bool(self.license_name_to_accept) != bool(self.license_summary):
            raise ValueError(f"{self.id}: a licence to accept comes with its summary")
        if self.needs_server != bool(self.about):
            raise ValueError(f"{self.id}: a model for a server, and no other, says what it needs")
        if self.shape.size_bytes != self.size_bytes:
            raise ValueError(f"{self.id}: its shape is of another file")

    @property
    def context_tokens(self) -> int:
        """The longest context that it was trained for."""
        return self.shape.trained_context_tokens


class Catalog(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is offered, best first: knowledge follows size; of about the same size the better scores count."""

    models: tuple[CatalogModel, ...]
    server_models: tuple[CatalogModel, ...]

    def __post_init__(self) -> None:
        """Check that ids are unique and that each model stands where it belongs."""
        ids = [model.id for model in (*self.models, *self.server_models)]
        if len(set(ids)) != len(ids):
            raise ValueError("two models have the same id")
        if any(model.needs_server for model in self.models):
            raise ValueError("a model for a server stands among the others")
        if not all(model.needs_server for model in self.server_models):
            raise ValueError("a model that is for no server stands among those that are")

    def by_id(self, model_id: str) -> CatalogModel | None:
        """Give the model of this id, those for a server too; None where there is none."""
        every = (*self.models, *self.server_models)
        return next((model for model in every if model.id == model_id), None)

    def by_sha256(self, sha256: str) -> CatalogModel | None:
        """Give the model whose file has this hash, in lower case; None where there is none."""
        return next((model for model in self.models if model.sha256 == sha256), None)


def load_catalog(file: Path = CATALOG_FILE) -> Catalog:
    """Read the catalogue that comes with Ponder.

    Raises `msgspec.ValidationError` where it is wrong: that is a bug of ours.
    """
    raw = msgspec.json.decode(file.read_bytes(), type=dict[str, list[dict[str, Any]]])
    for entry in (entry for entries in raw.values() for entry in entries):
        entry["shape"]["groups"] = expanded(entry["shape"]["groups"])
    return msgspec.convert(raw, Catalog)


def expanded(groups: object) -> list[TensorGroup]:
    """One group for each layer, in their order, of groups that have `layers` in the place of `layer`.

    Raises `msgspec.ValidationError`.
    """
    joined = msgspec.convert(groups, list[dict[str, Any]])
    single: list[TensorGroup] = []
    for entry in joined:
        for run in msgspec.convert(entry.pop("layers", None), list[Run]):
            first, last = (run, run) if isinstance(run, int) else run
            single += [
                msgspec.convert({**entry, "layer": layer}, TensorGroup) for layer in range(first, last + 1)
            ]
    return sorted(single, key=lambda group: group.layer)
