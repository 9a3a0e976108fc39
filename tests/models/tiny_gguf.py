"""Writes tiny GGUF files, whole and broken ones, for tests that need a file and no model."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from models.errors import ModelFileError
from models.gguf_info import read_gguf_info

TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant: "


@dataclass(frozen=True)
class Typed:
    """A value with its GGUF type spelled out: its number and the bytes that follow it."""

    kind: int
    encoded: bytes


@dataclass(frozen=True)
class Tensor:
    """A tensor as the header lists it. `offset` None: where the one before it ends."""

    name: str
    shape: tuple[int, ...]
    kind: int = 0
    offset: int | None = None


Value = int | float | bool | str | Typed | Sequence[str] | Sequence[int] | Sequence[float]

TENSORS = (Tensor("token_embd.weight", (32, 8)), Tensor("output_norm.weight", (32,)))
DATA_BYTES = 32 * 8 * 4 + 32 * 4


def facts() -> dict[str, Value]:
    """What a tiny qwen2 model says of itself, without a chat template."""
    return {
        "general.architecture": "qwen2",
        "general.name": "Tiny",
        "general.file_type": 0,
        "qwen2.block_count": 1,
        "qwen2.context_length": 64,
        "qwen2.embedding_length": 32,
        "qwen2.feed_forward_length": 64,
        "qwen2.attention.head_count": 4,
        "qwen2.attention.head_count_kv": 2,
        "qwen2.attention.layer_norm_rms_epsilon": 1e-6,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.tokens": ["a", "b", "c", "d", "e", "f", "<think>", "</think>"],
        "tokenizer.ggml.token_type": [1] * 8,
        "tokenizer.ggml.merges": ["a b"],
    }


def write_tiny_gguf(
    path: Path,
    *,
    chat_template: str | None = TEMPLATE,
    changes: Mapping[str, Value | None] | None = None,
    tensors: Sequence[Tensor] = TENSORS,
    data_bytes: int = DATA_BYTES,
    version: int = 3,
) -> Path:
    """Write a file that is whole and valid as GGUF, though llama.cpp finds no model in it.

    `changes` adds facts, replaces them, and with None takes them out.
    """
    values = facts()
    if chat_template is not None:
        values["tokenizer.chat_template"] = chat_template
    for key, value in (changes or {}).items():
        values.pop(key, None)
        if value is not None:
            values[key] = value
    header = header_bytes(values, tensors, version=version)
    path.write_bytes(header + bytes(-len(header) % 32) + bytes(data_bytes))
    return path


def truncate(path: Path, keep_bytes: int) -> Path:
    """Cut the file after its first `keep_bytes` bytes."""
    with path.open("r+b") as file:
        file.truncate(keep_bytes)
    return path


def header_bytes(values: Mapping[str, Value], tensors: Sequence[Tensor], *, version: int = 3) -> bytes:
    """The header: magic, version, counts, facts, tensors."""
    parts = [b"GGUF", struct.pack("<IQQ", version, len(tensors), len(values))]
    parts += [string(key) + _typed(value) for key, value in values.items()]
    offset = 0
    for tensor in tensors:
        place = offset if tensor.offset is None else tensor.offset
        dimensions = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        parts.append(string(tensor.name) + dimensions + struct.pack("<IQ", tensor.kind, place))
        size = 4
        for length in tensor.shape:
            size *= length
        offset += -(-size // 32) * 32
    return b"".join(parts)


def string(text: str) -> bytes:
    """A string as GGUF has it."""
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded


def _typed(value: Value) -> bytes:
    match value:
        case Typed():
            return struct.pack("<I", value.kind) + value.encoded
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<II", 4, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + string(value)
    if all(isinstance(item, str) for item in value):
        return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(string(str(item)) for item in value)
    if all(isinstance(item, int) for item in value):
        return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return struct.pack(f"<IIQ{len(value)}f", 9, 6, len(value), *value)


def u64(value: int) -> bytes:
    """A whole number of 64 bits as GGUF has it."""
    return struct.pack("<Q", value)


def array_of(kind: int, length: int, encoded: bytes = b"") -> Typed:
    """An array that claims to have `length` items of a kind, with these bytes behind it."""
    return Typed(9, struct.pack("<IQ", kind, length) + encoded)


def error_of(path: Path) -> ModelFileError:
    """What the reader says against a file."""
    with pytest.raises(ModelFileError) as caught:
        read_gguf_info(path)
    return caught.value
