"""Take the shape of models from their GGUF files, or from twins of these, into the catalogue.

    python -m tools.catalog_shapes ID=FILE.gguf ...

A twin has the architecture, tensors and quantisation of the real file, and zeros for weights. Only the shape
of the entry changes. Its `size_bytes` stays that of the real file; the tensors are taken as they are, not
scaled. What the file has beside them is its own description, most of it the vocabulary.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from models.catalog import CATALOG_FILE, Run, load_catalog
from models.model_shape import ModelShape, TensorGroup, read_shape

MOST_HEADER_BYTES = 10_000_000
"""More than the real files have beside their tensors: 6 MB with Qwen's vocabulary, 8 MB with Llama's."""


def main() -> None:
    """Read the files that the command line names, and write the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", metavar="ID=FILE", help="a model of the catalogue and its file")
    parser.add_argument("--catalog", type=Path, default=CATALOG_FILE)
    arguments = parser.parse_args()
    for model in arguments.models:
        model_id, _, file = model.partition("=")
        take_shape(arguments.catalog, model_id, read_shape(Path(file)))
        print(f"{model_id}: shape taken from {file}")


def take_shape(catalog_file: Path, model_id: str, shape: ModelShape) -> None:
    """Put this shape into the entry of the catalogue.

    Raises `SystemExit` where there is no such entry, or where the shape is that of another model.
    """
    catalog: dict[str, list[dict[str, Any]]] = json.loads(catalog_file.read_text(encoding="utf-8"))
    entry = next((model for model in catalog["models"] if model["id"] == model_id), None)
    if entry is None:
        raise SystemExit(f"The catalogue has no {model_id} to download.")
    rest_bytes = entry["size_bytes"] - sum(group.size_bytes for group in shape.groups)
    if not 0 < rest_bytes < MOST_HEADER_BYTES:
        raise SystemExit(
            f"This is another file than that of {model_id}: {rest_bytes:,} bytes are not tensors."
        )
    size_bytes, groups = entry["size_bytes"], compacted(shape.groups)
    entry["shape"] = {**_stated(shape), "size_bytes": size_bytes, "groups": groups}
    catalog_file.write_text(as_text(catalog) + "\n", encoding="utf-8")
    load_catalog(catalog_file)


def compacted(groups: Iterable[TensorGroup]) -> list[dict[str, Any]]:
    """Join groups that differ by nothing but their layer: `layers` in the place of `layer`."""
    layers_of: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for group in groups:
        fields = _stated(group)
        layer = fields.pop("layer")
        layers_of.setdefault(tuple(fields.items()), []).append(layer)
    return [{"layers": _runs(sorted(layers)), **dict(fields)} for fields, layers in layers_of.items()]


def _stated(value: msgspec.Struct) -> dict[str, Any]:
    """The fields that are not what they are by default."""
    return {
        field.name: stated
        for field in msgspec.structs.fields(value)
        if (stated := getattr(value, field.name)) != field.default
    }


def _runs(layers: list[int]) -> list[Run]:
    """`[-1, 0, 1, 2, 3, 7]` -> `[(-1, 3), 7]`."""
    runs: list[Run] = []
    for layer in layers:
        previous = runs[-1] if runs else None
        if isinstance(previous, tuple) and previous[1] == layer - 1:
            runs[-1] = (previous[0], layer)
        elif isinstance(previous, int) and previous == layer - 1:
            runs[-1] = (previous, layer)
        else:
            runs.append(layer)
    return runs


def as_text(value: Any, indent: int = 0) -> str:
    """JSON, indented, with what holds no object in it on one line."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(map(_holds_object, items)):
        return json.dumps(value, ensure_ascii=False)
    inner = "\n" + " " * (indent + 2)
    if isinstance(value, dict):
        lines = [
            f"{json.dumps(name, ensure_ascii=False)}: {as_text(item, indent + 2)}"
            for name, item in value.items()
        ]
    else:
        lines = [as_text(item, indent + 2) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}{inner}{(',' + inner).join(lines)}\n{' ' * indent}{closing}"


def _holds_object(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_object, value)))


if __name__ == "__main__":
    main()
