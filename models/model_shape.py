"""The shape of a model: all that its memory and its speed follow from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import msgspec

from models.errors import ModelFileError
from models.gguf_header import INPUT_PLACE, OUTPUT_PLACE, GgufHeader, Value
from models.gguf_header import Range as NumberRange
from models.gguf_info import GgufInfo, read_gguf, read_open_gguf
from models.model_parts import missing_parts, parts_of
from models.repacking import can_be_repacked


class TensorGroup(msgspec.Struct, frozen=True):
    """Bytes of one quantisation in one place: layer 0 and up; -1 input embeddings; the layer count: output.

    `repacked_bytes`: of those that llama.cpp copies into another order where the processor has the
    instructions for this quantisation; see `models.repacking`. `expert_bytes`: of those of which a token uses
    a few experts.
    """

    layer: int
    quantisation: str
    size_bytes: int
    repacked_bytes: int = 0
    expert_bytes: int = 0


class ModelShape(msgspec.Struct, frozen=True):
    """What a GGUF header says of the sizes of a model. Read from the file(s), or from the catalogue.

    `feed_forward_length`: of all that one token passes in a layer, so of all its experts together.
    `sliding_window_tokens`: how far back some layers look, 0 where all look at everything.
    `value_length` 0: the cache keeps no values (multi-head latent attention). `output_is_tied`: the input
    embeddings give the output too; a graphics card then holds a copy of them.
    """

    architecture: str
    layers: int
    embedding_length: int
    head_count: int
    head_count_kv: int
    key_length: int
    value_length: int
    feed_forward_length: int
    vocabulary_size: int
    trained_context_tokens: int
    size_bytes: int
    groups: tuple[TensorGroup, ...]
    output_is_tied: bool = False
    tied_repacked_bytes: int = 0
    expert_count: int = 0
    experts_used: int = 0
    sliding_window_tokens: int = 0

    @property
    def kv_numbers_per_token(self) -> int:
        """Numbers that the cache keeps of each token in each layer; the largest, where layers differ."""
        return self.head_count_kv * (self.key_length + self.value_length)


def read_shape(path: Path) -> ModelShape:
    """Read the shape of a model file; of a model in several files given its first part.

    Raises `ModelFileError`.
    """
    info, header = read_gguf(path)
    if info.split_number > 1:
        raise ModelFileError(
            f"This is part {info.split_number:,} of {info.split_count:,} of a model.", advice="Choose part 1."
        )
    parts = parts_of(path) if info.is_split else (path,)
    if len(parts) != info.split_count:
        raise ModelFileError(
            f"The other {info.split_count - 1:,} files of this model cannot be found by its name."
        )
    missing = [number for number, part in enumerate(parts, start=1) if not part.is_file()]
    if missing:
        raise missing_parts(missing, parts)
    read = [(info, header), *(read_gguf(part) for part in parts[1:])]
    return _ShapeReader(info, [(of_part, part.size_bytes) for part, of_part in read]).shape()


def shape_from_headers(files: Sequence[tuple[BinaryIO, int]]) -> ModelShape:
    """Read the shape of a model from its open files, in order, each with its size in bytes.

    They need not be here whole: only headers are read. Raises `ModelFileError`, and the files' own errors.
    """
    read = [read_open_gguf(file, size_bytes, Path()) for file, size_bytes in files]
    info = read[0][0]
    if info.split_number != 1 or info.split_count != len(files):
        raise ModelFileError("The files of this model do not belong together.", advice="Choose another.")
    return _ShapeReader(info, [(header, part.size_bytes) for part, header in read]).shape()


class _ShapeReader:
    """Adds up the tensors of all parts; takes the numbers of the model from the first."""

    def __init__(self, info: GgufInfo, headers: Sequence[tuple[GgufHeader, int]]) -> None:
        self._info = info
        self._sums: dict[tuple[int, str], list[int]] = {}
        self._values: dict[str, Value] = {}
        self._has_output = False
        self._tied_repacked_bytes = 0
        self._size_bytes = 0
        for header, size_bytes in headers:
            self._add_part(header, size_bytes)

    def _add_part(self, header: GgufHeader, size_bytes: int) -> None:
        self._size_bytes += size_bytes
        self._values = self._values or header.values
        self._has_output |= header.has_output
        self._tied_repacked_bytes += header.repackable_embedding_bytes
        places = {INPUT_PLACE: -1, OUTPUT_PLACE: self._info.block_count}
        for (place, kind), found in header.tensor_sums.items():
            sums = self._sums.setdefault((places.get(place, place), kind), [0, 0, 0])
            sums[0] += found.size_bytes
            sums[1] += found.repackable_bytes if can_be_repacked(kind) else 0
            sums[2] += found.expert_bytes

    def shape(self) -> ModelShape:
        """Put all of it together."""
        info = self._info
        head_length = max(info.embedding_length // info.head_count, 1)
        key_length = self._number("attention.key_length", head_length)
        # Latent attention keeps one row for keys and values. Source: is_mla() in src/llama-hparams.cpp.
        is_latent = bool(self._number("attention.key_length_mla", 0))
        return ModelShape(
            architecture=info.architecture,
            layers=info.block_count,
            embedding_length=info.embedding_length,
            head_count=info.head_count,
            head_count_kv=info.head_count_kv,
            key_length=key_length,
            value_length=0 if is_latent else self._number("attention.value_length", key_length),
            feed_forward_length=self._feed_forward_length(),
            vocabulary_size=info.vocabulary_size,
            trained_context_tokens=info.context_length_tokens,
            size_bytes=self._size_bytes,
            groups=tuple(
                TensorGroup(layer, kind, *self._sums[layer, kind]) for layer, kind in sorted(self._sums)
            ),
            output_is_tied=not self._has_output,
            tied_repacked_bytes=0 if self._has_output else self._tied_repacked_bytes,
            expert_count=self._number("expert_count", 0),
            experts_used=self._number("expert_used_count", 0),
            sliding_window_tokens=self._number("attention.sliding_window", 0),
        )

    def _feed_forward_length(self) -> int:
        experts = self._number("expert_used_count", 0) * self._number("expert_feed_forward_length", 0)
        shared = self._number("expert_shared_feed_forward_length", 0)
        return max(self._number("feed_forward_length", 4 * self._info.embedding_length), experts + shared)

    def _number(self, key: str, default: int) -> int:
        """A whole number of the header; the largest, where layers differ; `default` where there is none."""
        value = self._values.get(f"{self._info.architecture}.{key}", default)
        number = value.largest if isinstance(value, NumberRange) else value
        return number if type(number) is int and 0 <= number < 2**31 else default
