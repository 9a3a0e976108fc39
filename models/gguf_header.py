"""Reads the header of a GGUF file, trusting nothing in it: keys, values and the list of tensors.

No length from the file is used before it was checked against a limit and against the bytes that remain,
so memory and time stay small whatever the file says. Long arrays (the vocabulary) are counted and passed
over. Pure Python, so that nothing native touches a file before this has read it.

Source of the format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from models.errors import ModelFileError

MAGIC = b"GGUF"
VERSIONS = (2, 3)
"""What llama.cpp reads (ggml/src/gguf.cpp); version 1 was given up in 2023."""

MAX_KEYS = 4096
MAX_TENSORS = 65_536
MAX_STRING_BYTES = 1024 * 1024
MAX_KEY_BYTES = 1024
"""The format allows 65,535; the keys in use stay below 100."""
MAX_TEMPLATE_BYTES = 256 * 1024
MAX_ARRAY_ITEMS = 2_000_000
MAX_HEADER_BYTES = 64 * 1024 * 1024
"""The largest vocabularies in use (262,144 tokens with their merges) take some 20 MiB."""
MAX_TENSOR_NAME_BYTES = 63
"""GGML_MAX_NAME of ggml.h, less the end."""
MAX_DIMENSIONS = 4
"""GGML_MAX_DIMS of ggml.h."""
ALIGNMENT_BYTES = range(8, 65_537)
DEFAULT_ALIGNMENT_BYTES = 32
MAX_RANGE_LENGTH = 1024
"""Of lists of whole numbers up to this length the range is kept: some models have one for each layer."""

TEMPLATE_KEY = "tokenizer.chat_template"
ALIGNMENT_KEY = "general.alignment"

INPUT_PLACE = -1
OUTPUT_PLACE = -2
"""Where a tensor belongs that is in none of the layers 0 and up; see `TensorSum`."""

_LAYER_NAME = re.compile(rb"blk\.([0-9]{1,4})\.")
_INPUT_NAMES = (b"token_embd", b"token_types", b"position_embd", b"per_layer_token_embd")
"""Only looked up, never multiplied. Source: LLM_TENSOR_LAYER_INPUT in src/llama-arch.cpp."""

_REPACK_ROWS = 8
"""So many rows are woven into one another. Source: ggml/src/ggml-cpu/repack.cpp."""

_KEPT_STRINGS = frozenset({"general.architecture", "general.name", "general.basename", TEMPLATE_KEY})
_CHUNK_BYTES = 1024 * 1024
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")
_FLOAT_TYPES = (6, 12)
_BOOL_TYPE, _STRING_TYPE, _ARRAY_TYPE = 7, 8, 9
_NUMBER_FORMATS = {
    0: struct.Struct("<B"),
    1: struct.Struct("<b"),
    2: struct.Struct("<H"),
    3: struct.Struct("<h"),
    4: _U32,
    5: struct.Struct("<i"),
    6: struct.Struct("<f"),
    _BOOL_TYPE: struct.Struct("<?"),
    10: _U64,
    11: struct.Struct("<q"),
    12: struct.Struct("<d"),
}

TENSOR_TYPES: dict[int, tuple[str, int, int]] = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    9: ("Q8_1", 32, 40),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74),
    18: ("IQ3_XXS", 256, 98),
    19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18),
    21: ("IQ3_S", 256, 110),
    22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1),
    25: ("I16", 1, 2),
    26: ("I32", 1, 4),
    27: ("I64", 1, 8),
    28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56),
    30: ("BF16", 1, 2),
    34: ("TQ1_0", 256, 54),
    35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
    40: ("NVFP4", 64, 36),
    41: ("Q1_0", 128, 18),
    42: ("Q2_0", 64, 18),
}
"""Kind of number -> name, numbers in a block, bytes of a block. Source: ggml.h and ggml-common.h."""


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest number of a list."""

    smallest: int
    largest: int


Value = int | float | bool | str | Range


@dataclass(slots=True)
class TensorSum:
    """Bytes of the tensors of one kind in one place: a layer, `INPUT_PLACE` or `OUTPUT_PLACE`.

    `repackable_bytes`: of those whose shape allows llama.cpp to weave their rows for the processor.
    `expert_bytes`: of those of which each token uses a few experts only.
    """

    size_bytes: int = 0
    repackable_bytes: int = 0
    expert_bytes: int = 0


@dataclass(slots=True)
class GgufHeader:
    """What stands in the header. Of lists only the length is kept, of short ones the range too.

    Texts that nobody asks for stand in `values` as empty ones.
    """

    version: int
    values: dict[str, Value] = field(default_factory=dict)
    array_lengths: dict[str, int] = field(default_factory=dict)
    tensor_count: int = 0
    parameter_count: int = 0
    type_bytes: dict[str, int] = field(default_factory=dict)
    tensor_sums: dict[tuple[int, str], TensorSum] = field(default_factory=dict)  # by place and kind
    repackable_embedding_bytes: int = 0  # where it turns numbers into tokens too
    embedding_bytes: int = 0  # of the table that turns tokens into numbers
    has_output: bool = False  # a second table turns numbers into tokens; else the first one does
    expert_bytes: int = 0  # of the tensors of which each token uses a few experts only
    needed_bytes: int = 0  # the size the file must have to hold its tensors


def damaged(what: str) -> ModelFileError:
    """Make the error for a header that contradicts itself or the limits."""
    return ModelFileError(
        f"This model file is damaged: {what}.", advice="Download it again, or choose another file."
    )


def cut_short(missing: str) -> ModelFileError:
    """Make the error for a file that ends too early."""
    return ModelFileError(
        f"This model file is not complete: {missing}.", advice="Download it again, or choose another file."
    )


def read_header(file: BinaryIO, size_bytes: int) -> GgufHeader:
    """Read the header of an open file of `size_bytes`, from its beginning.

    Raises `ModelFileError` where it is cut short, breaks a limit or contradicts itself, and lets an
    `OSError` of the disk through. Does not check that the tensors lie inside the file: see `needed_bytes`.
    """
    reader = _HeaderReader(file, size_bytes)
    if reader.take(len(MAGIC)) != MAGIC:
        raise ModelFileError("This file is not a GGUF model.")
    header = GgufHeader(version=_read_version(reader))
    tensor_count, key_count = reader.u64(), reader.u64()
    if tensor_count > MAX_TENSORS:
        raise damaged(f"it claims to have {tensor_count:,} tensors, where {MAX_TENSORS:,} is the most")
    if key_count > MAX_KEYS:
        raise damaged(f"it claims to have {key_count:,} facts about itself, where {MAX_KEYS:,} is the most")
    for _ in range(key_count):
        _read_pair(reader, header)
    _read_tensors(reader, header, tensor_count)
    return header


def _read_version(reader: _HeaderReader) -> int:
    version = reader.u32()
    if version not in VERSIONS:
        if version and not version & 0xFFFF:
            raise ModelFileError(
                "This model file was made for computers of the other byte order (big-endian).",
                advice="Choose the little-endian file of this model.",
            )
        raise ModelFileError(
            f"This model file has version {version:,} of the GGUF format; Ponder reads versions 2 and 3.",
            advice="Choose a file of this model that was made for today's llama.cpp.",
        )
    return version


def _read_pair(reader: _HeaderReader, header: GgufHeader) -> None:
    key = reader.text(MAX_KEY_BYTES, "the name of a fact")
    if not key or key in header.values or key in header.array_lengths:
        raise damaged("the name of a fact is empty" if not key else "it states a fact twice")
    kind = reader.u32()
    if kind == _ARRAY_TYPE:
        _read_array(reader, header, key)
    elif kind != _STRING_TYPE:
        header.values[key] = _checked_number(reader.number(kind), key)
    elif key == TEMPLATE_KEY:
        header.values[key] = reader.text(MAX_TEMPLATE_BYTES, "its chat template")
    elif key in _KEPT_STRINGS:
        header.values[key] = reader.text(MAX_STRING_BYTES, "a text")
    else:
        reader.skip_strings(1)
        header.values[key] = ""


def _checked_number(value: int | float | bool, key: str) -> int | float | bool:
    """Refuse the numbers that make llama.cpp end its process instead of reporting them."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise damaged(f'its value for "{printable(key)}" is not a number')
        if key.endswith("epsilon") and not 0 <= value <= 1:
            raise damaged(f'its value for "{printable(key)}" is {value:g}, which is not between 0 and 1')
    return value


def _read_array(reader: _HeaderReader, header: GgufHeader, key: str) -> None:
    kind, length = reader.u32(), reader.u64()
    if length > MAX_ARRAY_ITEMS:
        raise damaged(f"it claims to have a list of {length:,} items, where {MAX_ARRAY_ITEMS:,} is the most")
    header.array_lengths[key] = length
    if kind == _STRING_TYPE:
        reader.skip_strings(length)
    elif kind in _FLOAT_TYPES or kind == _BOOL_TYPE or not 0 < length <= MAX_RANGE_LENGTH:
        reader.skip_numbers(kind, length)
    else:
        numbers = reader.whole_numbers(kind, length)
        header.values[key] = Range(min(numbers), max(numbers))


def _read_tensors(reader: _HeaderReader, header: GgufHeader, count: int) -> None:
    alignment = header.values.get(ALIGNMENT_KEY, DEFAULT_ALIGNMENT_BYTES)
    if type(alignment) is not int or alignment not in ALIGNMENT_BYTES or alignment & (alignment - 1):
        raise damaged("its alignment is not a power of two from 8 to 65,536")
    names: set[bytes] = set()
    data_bytes = end_bytes = 0
    for _ in range(count):
        name = reader.string(MAX_TENSOR_NAME_BYTES, "the name of a tensor")
        if name in names:
            raise damaged("two of its tensors have the same name")
        names.add(name)
        tensor_bytes = _read_tensor(reader, header, name)
        if name == b"token_embd.weight":
            header.embedding_bytes = tensor_bytes
        elif name == b"output.weight":
            header.has_output = True
        elif b"_exps." in name:
            header.expert_bytes += tensor_bytes
        if reader.u64() != data_bytes:
            raise damaged("a tensor does not begin where the one before it ends")
        end_bytes = data_bytes + tensor_bytes
        data_bytes += _padded(tensor_bytes, alignment)
    header.tensor_count = count
    header.needed_bytes = _padded(reader.position, alignment) + end_bytes if count else reader.position


def _read_tensor(reader: _HeaderReader, header: GgufHeader, name: bytes) -> int:
    """Read shape and kind of one tensor; give its size in bytes."""
    dimensions = reader.u32()
    if dimensions > MAX_DIMENSIONS:
        raise damaged(f"a tensor has {dimensions:,} dimensions, where {MAX_DIMENSIONS} is the most")
    shape = [reader.u64() for _ in range(dimensions)]
    parameters = math.prod(shape)
    if not 0 < parameters < 2**63:
        raise damaged("a tensor has an impossible shape")
    kind = reader.u32()
    if kind not in TENSOR_TYPES:
        raise ModelFileError(
            f"This model file has numbers of a kind that Ponder does not know (kind {kind:,}).",
            advice="It may be damaged or too new. Choose another file of this model.",
        )
    kind_name, block_length, block_bytes = TENSOR_TYPES[kind]
    if (shape[0] if shape else 1) % block_length:
        raise damaged("the rows of a tensor do not consist of whole blocks")
    size_bytes = parameters // block_length * block_bytes
    header.parameter_count += parameters
    header.type_bytes[kind_name] = header.type_bytes.get(kind_name, 0) + size_bytes
    _add_to_sum(header, name, kind_name, shape, size_bytes)
    return size_bytes


def _add_to_sum(header: GgufHeader, name: bytes, kind: str, shape: list[int], size_bytes: int) -> None:
    layer = _LAYER_NAME.match(name)
    is_repackable = len(shape) in (2, 3) and shape[1] % _REPACK_ROWS == 0
    if layer is not None:
        place = int(layer[1])
    elif name.startswith(_INPUT_NAMES):
        place = INPUT_PLACE
        if name == b"token_embd.weight" and is_repackable:
            header.repackable_embedding_bytes = size_bytes
    else:
        place = OUTPUT_PLACE
    of_place = header.tensor_sums.setdefault((place, kind), TensorSum())
    of_place.size_bytes += size_bytes
    if is_repackable and place != INPUT_PLACE:
        of_place.repackable_bytes += size_bytes
    if b"_exps." in name:
        of_place.expert_bytes += size_bytes


def _padded(size_bytes: int, alignment: int) -> int:
    return -(-size_bytes // alignment) * alignment


def printable(untrusted_text: str, limit: int = 100) -> str:
    """Make text from a file fit to show: one line, no control or direction characters, not long."""
    kept = "".join(c if c.isprintable() else " " for c in untrusted_text[: limit * 4])
    return " ".join(kept.split())[:limit]


class _HeaderReader:
    """Takes bytes from the front of the file, never more than there are and than a header may have."""

    def __init__(self, file: BinaryIO, size_bytes: int) -> None:
        self._file = file
        self._size_bytes = size_bytes
        self._buffer = b""
        self._offset = 0  # of the next byte, within the buffer
        self._buffer_position = 0  # of the buffer, within the file

    @property
    def position(self) -> int:
        """The place of the next byte in the file."""
        return self._buffer_position + self._offset

    def take(self, count: int) -> bytes:
        """Give the next bytes. `count` has a limit of its own, of a few MiB at most."""
        if self._offset + count > len(self._buffer):
            self._refill(count)
        taken = self._buffer[self._offset : self._offset + count]
        self._offset += count
        return taken

    def skip(self, count: int) -> None:
        """Pass over the next bytes without reading them."""
        self._require(count)
        self._offset += count
        if self._offset > len(self._buffer):
            self._buffer_position += self._offset
            self._buffer, self._offset = b"", 0
            self._file.seek(self._buffer_position)

    def u32(self) -> int:
        """Give the next whole number of 32 bits."""
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        """Give the next whole number of 64 bits."""
        return int.from_bytes(self.take(8), "little")

    def number(self, kind: int) -> int | float | bool:
        """Give the next number of one of GGUF's kinds."""
        number_format = self._number_format(kind)
        value: int | float | bool = number_format.unpack(self.take(number_format.size))[0]
        return value

    def whole_numbers(self, kind: int, count: int) -> tuple[int, ...]:
        """Give the next whole numbers of one kind, a few at most."""
        one = self._number_format(kind)
        return struct.unpack(f"<{count}{one.format[-1]}", self.take(one.size * count))

    def skip_numbers(self, kind: int, count: int) -> None:
        """Pass over numbers of one kind."""
        self.skip(self._number_format(kind).size * count)

    def string(self, limit_bytes: int, what: str) -> bytes:
        """Give the next string."""
        length = self.u64()
        if length > limit_bytes:
            raise damaged(f"{what} claims to be {length:,} bytes long, where {limit_bytes:,} is the most")
        return self.take(length)

    def text(self, limit_bytes: int, what: str) -> str:
        """Give the next string as text."""
        try:
            return self.string(limit_bytes, what).decode("utf-8")
        except UnicodeDecodeError as error:
            raise damaged(f"{what} is not valid text") from error

    def skip_strings(self, count: int) -> None:
        """Pass over strings. Once for each token of a vocabulary, so without a call for each."""
        read_length = _U64.unpack_from
        buffer, offset = self._buffer, self._offset
        last_start = len(buffer) - 8
        for _ in range(count):
            if offset > last_start:
                self._offset = offset
                if offset > len(buffer):
                    self._offset = len(buffer)
                    self.skip(offset - len(buffer))
                self._refill(8)
                buffer, offset = self._buffer, self._offset
                last_start = len(buffer) - 8
            (length,) = read_length(buffer, offset)
            if length > MAX_STRING_BYTES:
                raise damaged(
                    f"a text claims to be {length:,} bytes long, where {MAX_STRING_BYTES:,} is the most"
                )
            offset += 8 + length
        self._offset = min(offset, len(buffer))
        self.skip(offset - self._offset)

    def _number_format(self, kind: int) -> struct.Struct:
        if kind not in _NUMBER_FORMATS:
            raise damaged(f"it has a value of an unknown kind (number {kind:,})")
        return _NUMBER_FORMATS[kind]

    def _require(self, count: int) -> None:
        end = self.position + count
        if end > self._size_bytes:
            raise cut_short(f"it ends after {self._size_bytes:,} bytes, in the middle of its own description")
        if end > MAX_HEADER_BYTES:
            raise damaged(f"its own description is longer than {MAX_HEADER_BYTES // 2**20} MiB")

    def _refill(self, count: int) -> None:
        """Read on, so that at least `count` bytes stand in the buffer."""
        self._require(count)
        rest = self._buffer[self._offset :]
        self._buffer_position += self._offset
        wanted = max(
            count - len(rest), min(_CHUNK_BYTES, self._size_bytes - self._buffer_position - len(rest))
        )
        self._buffer, self._offset = rest + self._file.read(wanted), 0
        if len(self._buffer) < count:
            raise cut_short("it became shorter while it was read")
