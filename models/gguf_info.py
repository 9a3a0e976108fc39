"""What a GGUF file says of itself, read and checked before anything else touches the file."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from models.errors import ModelFileError
from models.file_kind import kind_of_file
from models.gguf_header import (
    MAGIC,
    TEMPLATE_KEY,
    GgufHeader,
    Range,
    cut_short,
    damaged,
    printable,
    read_header,
)

MAX_BLOCKS = 512
"""llama.cpp ends the process at more. Source: LLAMA_MAX_LAYERS in src/llama-hparams.h."""
MAX_HEADS = 65_536
MAX_EMBEDDING_LENGTH = 1 << 20
MAX_CONTEXT_TOKENS = 1 << 30
MAX_VOCABULARY = 2_000_000
MAX_SPLIT_FILES = 65_535

_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_FILE_TYPES = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    19: "IQ2_XXS",
    20: "IQ2_XS",
    21: "Q2_K_S",
    22: "IQ3_XS",
    23: "IQ3_XXS",
    24: "IQ1_S",
    25: "IQ4_NL",
    26: "IQ3_S",
    27: "IQ3_M",
    28: "IQ2_S",
    29: "IQ2_M",
    30: "IQ4_XS",
    31: "IQ1_M",
    32: "BF16",
    36: "TQ1_0",
    37: "TQ2_0",
    38: "MXFP4",
    39: "NVFP4",
    40: "Q1_0",
    41: "Q2_0",
}
"""`general.file_type` -> what people call it. Source: enum llama_ftype of llama.h."""


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """A model file, in its own words; its numbers are checked, its template is not.

    `name` is one line fit to show, or empty. `parameter_count` and `tensor_count` are of this file
    alone. `head_count_kv` is the largest of all layers. `vocabulary_size` 0: it does not say.
    `split_number` of `split_count` files make up the model, counted from 1; only the first of several
    says what model it is: in the others `architecture` is empty and the model's numbers are 0.
    `bytes_per_token`: how much of the weights is read for each token that the model writes, 0 where parts of
    it stand in other files. It grows with the context, by the cache, which is not counted.
    """

    path: Path
    size_bytes: int
    version: int
    name: str
    architecture: str
    context_length_tokens: int
    block_count: int
    embedding_length: int
    head_count: int
    head_count_kv: int
    parameter_count: int
    vocabulary_size: int
    quantisation: str
    untrusted_chat_template: str
    tensor_count: int
    split_number: int
    split_count: int
    bytes_per_token: int

    @property
    def has_chat_template(self) -> bool:
        """Whether the file says how to talk with it."""
        return bool(self.untrusted_chat_template.strip())

    @property
    def is_split(self) -> bool:
        """Whether the model consists of several files, of which this is one."""
        return self.split_count > 1


def read_gguf_info(path: Path) -> GgufInfo:
    """Read what the file says of itself, without loading it.

    Raises `ModelFileError` where the file is missing, no file, not readable, not a GGUF model, cut
    short, or says things that cannot be.
    """
    return read_gguf(path)[0]


def read_gguf(path: Path) -> tuple[GgufInfo, GgufHeader]:
    """Read the same, and the header that it comes from, in one go. Raises `ModelFileError`."""
    _require_file(path)
    try:
        with path.open("rb") as file:
            return read_open_gguf(file, os.fstat(file.fileno()).st_size, path)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_open_gguf(file: BinaryIO, size_bytes: int, path: Path) -> tuple[GgufInfo, GgufHeader]:
    """Read an open file from its beginning, which may be all of it that is here (of one at the hub).

    `path` is for the info only. Raises `ModelFileError`, and lets the file's own errors through.
    """
    header = _read_gguf_header(file, size_bytes)
    return _Facts(header).info(path, size_bytes), header


def _require_file(path: Path) -> None:
    """Refuse what is no ordinary file before it is opened: opening a pipe waits for its other end."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise ModelFileError(
            "There is no such model file.",
            advice="It may have been moved or deleted: choose it again, or choose another one.",
            details=str(path),
        ) from error
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:  # a NUL in the name
        raise ModelFileError("This is not the name of a file.", details=str(error)) from error
    if stat.S_ISDIR(mode):
        raise ModelFileError("This is a folder, not a model file.", advice="Choose the .gguf file in it.")
    if not stat.S_ISREG(mode):
        raise ModelFileError("This is a device or a pipe, not a model file.", advice="Choose a .gguf file.")


def _unreadable(path: Path, error: OSError) -> ModelFileError:
    reason = error.strerror or str(error)
    return ModelFileError(f"This model file cannot be read: {reason}.", details=str(path))


def read_chat_model(path: Path) -> GgufInfo:
    """Read a file that one is about to chat with. Raises `ModelFileError` where that is not possible."""
    info = read_gguf_info(path)
    require_chat_model(info)
    return info


def require_chat_model(info: GgufInfo) -> None:
    """Raise `ModelFileError` where one cannot chat with the file, though it is a model file."""
    if info.split_number > 1:
        raise ModelFileError(
            f"This is part {info.split_number:,} of {info.split_count:,} of a model.",
            advice="Choose part 1; the others must be in the same folder.",
        )
    if not info.tensor_count:
        raise ModelFileError(
            "This file has a vocabulary but no model in it.", advice="Choose another file of this model."
        )
    if not info.has_chat_template:
        raise ModelFileError(
            "This file has no chat template, so Ponder cannot know how to talk with it.",
            advice='Choose a file of this model that was made for chat: its name often has "instruct" in it.',
        )


def _read_gguf_header(file: BinaryIO, size_bytes: int) -> GgufHeader:
    """Read the header of a file that may be no GGUF at all, and check that its tensors are all there."""
    if not size_bytes:
        raise ModelFileError("This file is empty.", advice="Download it again, or choose another file.")
    untrusted_beginning = file.read(4096)
    if not untrusted_beginning.startswith(MAGIC):
        if MAGIC.startswith(untrusted_beginning):
            raise cut_short(f"it ends after {size_bytes:,} bytes")
        raise ModelFileError(kind_of_file(untrusted_beginning), advice="Choose a .gguf file.")
    file.seek(0)
    header = read_header(file, size_bytes)
    missing_bytes = header.needed_bytes - size_bytes
    if missing_bytes > 0:
        raise cut_short(f"{missing_bytes:,} of its {header.needed_bytes:,} bytes are missing")
    return header


class _Facts:
    """The facts of a header, each checked when it is asked for."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self._architecture = ""

    def info(self, path: Path, size_bytes: int) -> GgufInfo:
        """Put all of them together. Raises `ModelFileError`."""
        header = self._header
        split_number, split_count = self._split()
        is_later_part = split_number > 1 and not any(key.endswith(".block_count") for key in header.values)
        if not is_later_part:
            self._architecture = self._checked_architecture()
        head_count = (
            0 if is_later_part else self._of_model("attention.head_count", MAX_HEADS, "attention heads")
        )
        return GgufInfo(
            path=path,
            size_bytes=size_bytes,
            version=header.version,
            name=printable(self._text("general.name") or self._text("general.basename")),
            architecture=self._architecture,
            context_length_tokens=self._of_model("context_length", MAX_CONTEXT_TOKENS, "tokens of context"),
            block_count=self._of_model("block_count", MAX_BLOCKS, "layers"),
            embedding_length=self._of_model(
                "embedding_length", MAX_EMBEDDING_LENGTH, "numbers for each token"
            ),
            head_count=head_count,
            head_count_kv=self._of_model("attention.head_count_kv", MAX_HEADS, "attention heads", head_count),
            parameter_count=header.parameter_count,
            vocabulary_size=self._vocabulary_size(),
            quantisation=self._quantisation(),
            untrusted_chat_template=self._text(TEMPLATE_KEY),
            tensor_count=header.tensor_count,
            split_number=split_number,
            split_count=split_count,
            bytes_per_token=self._bytes_per_token() if split_count == 1 else 0,
        )

    def _text(self, key: str) -> str:
        value = self._header.values.get(key, "")
        if not isinstance(value, str):
            raise damaged(f'its value for "{key}" is not a text')
        return value

    def _checked_architecture(self) -> str:
        architecture = self._text("general.architecture")
        if not architecture:
            raise damaged("it does not say what kind of model it is")
        if not _ARCHITECTURE.fullmatch(architecture):
            raise damaged("the name of its kind of model is not one")
        return architecture

    def _of_model(self, key: str, most: int, what: str, default: int | None = None) -> int:
        """A number that the model must state, from 1 to `most`; the largest where layers differ."""
        if not self._architecture:
            return 0
        value = self._header.values.get(f"{self._architecture}.{key}", default)
        if value is None:
            raise ModelFileError(
                f"This file does not say how many {what} it has, so it is not a language model for Ponder.",
                advice="Choose another file.",
            )
        number = value
        if isinstance(value, Range):
            number = value.largest if value.smallest >= 0 else value.smallest
        if type(number) is not int:
            raise damaged(f"its number of {what} is not a whole number")
        if not 1 <= number <= most:
            raise damaged(f"it claims to have {number:,} {what}, where 1 to {most:,} can be")
        return number

    def _whole_number(self, key: str, default: int, most: int) -> int:
        value = self._header.values.get(key, default)
        if type(value) is not int or not 0 <= value <= most:
            raise damaged(f'its value for "{key}" is not a whole number from 0 to {most:,}')
        return value

    def _split(self) -> tuple[int, int]:
        """Which of how many files this is, from 1. A count of 0 is what gguf-split leaves when it merges."""
        count = max(self._whole_number("split.count", 0, MAX_SPLIT_FILES), 1)
        number = self._whole_number("split.no", 0, MAX_SPLIT_FILES) + 1
        if number > count:
            raise damaged(f"it claims to be part {number:,} of {count:,}")
        return number, count

    def _vocabulary_size(self) -> int:
        listed = self._header.array_lengths.get("tokenizer.ggml.tokens", 0)
        key = f"{self._architecture}.vocab_size"
        return listed or self._whole_number(key, 0, MAX_VOCABULARY)

    def _bytes_per_token(self) -> int:
        """All weights, without what is only looked up: one row of the embeddings, the experts not chosen."""
        header = self._header
        read_bytes = sum(header.type_bytes.values())
        if header.has_output:
            read_bytes -= header.embedding_bytes
        experts = header.values.get(f"{self._architecture}.expert_count")
        used = header.values.get(f"{self._architecture}.expert_used_count")
        if type(experts) is int and type(used) is int and 0 < used <= experts:
            read_bytes -= header.expert_bytes * (experts - used) // experts
        return read_bytes

    def _quantisation(self) -> str:
        """What people call its precision: as it says, else the kind that most of its bytes are of."""
        stated = self._header.values.get("general.file_type")
        if type(stated) is int and stated in _FILE_TYPES:
            return _FILE_TYPES[stated]
        by_kind = self._header.type_bytes
        return max(by_kind, key=lambda kind: by_kind[kind], default="")
