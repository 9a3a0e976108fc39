"""The reader refuses every spoilt GGUF file with a sentence: cut short, lying, or changed at random."""

from __future__ import annotations

import os
import struct
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import ModelFileError
from models.gguf_info import GgufInfo, read_gguf_info
from tests.models.tiny_gguf import (
    TEMPLATE,
    Tensor,
    Typed,
    Value,
    array_of,
    error_of,
    facts,
    header_bytes,
    string,
    truncate,
    u64,
    write_tiny_gguf,
)

# Files cut short


def test_every_cut_of_the_header_is_refused(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf")
    for keep_bytes in range(path.stat().st_size - 1, -1, -1):
        error = error_of(truncate(path, keep_bytes))
        assert ("not complete" in error.message) or (keep_bytes == 0 and "empty" in error.message)


def test_missing_bytes_are_counted(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf")
    size = path.stat().st_size
    truncate(path, size - 1000)
    assert error_of(path).message == (
        f"This model file is not complete: 1,000 of its {size:,} bytes are missing."
    )


def test_last_tensor_needs_no_padding(tmp_path: Path) -> None:
    tensors = (Tensor("a", (3,)), Tensor("b", (3,)))
    assert (
        read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", tensors=tensors, data_bytes=44)).tensor_count == 2
    )
    path = write_tiny_gguf(tmp_path / "a.gguf", tensors=tensors, data_bytes=43)
    assert "1 of its" in error_of(path).message


def test_later_version_and_other_byte_order(tmp_path: Path) -> None:
    assert "version 4 of the GGUF format" in error_of(write_tiny_gguf(tmp_path / "a.gguf", version=4)).message
    assert "version 1 of the GGUF format" in error_of(write_tiny_gguf(tmp_path / "a.gguf", version=1)).message
    assert "version 0" in error_of(write_tiny_gguf(tmp_path / "a.gguf", version=0)).message
    assert "big-endian" in error_of(write_tiny_gguf(tmp_path / "a.gguf", version=3 << 24)).message


# Files that say what cannot be

F32_NAN = Typed(6, struct.pack("<f", float("nan")))
LIES: list[tuple[str, Value | None, str]] = [
    ("general.architecture", None, "what kind of model"),
    ("general.architecture", "", "what kind of model"),
    ("general.architecture", 5, "is not a text"),
    ("general.architecture", "Qwen 2", "is not one"),
    ("general.architecture", "llama", "how many"),
    ("general.name", 5, "is not a text"),
    ("qwen2.block_count", None, "how many layers"),
    ("qwen2.block_count", 0, "0 layers"),
    ("qwen2.block_count", 1025, "1,025 layers"),
    ("qwen2.block_count", 65536, "65,536 layers"),
    ("qwen2.block_count", 2**31 - 1, "layers"),
    ("qwen2.block_count", Typed(5, struct.pack("<i", -1)), "-1 layers"),
    ("qwen2.block_count", "one", "not a whole number"),
    ("qwen2.block_count", 1.0, "not a whole number"),
    ("qwen2.block_count", True, "not a whole number"),
    ("qwen2.context_length", 0, "0 tokens of context"),
    ("qwen2.context_length", 2**31, "tokens of context"),
    ("qwen2.embedding_length", 0, "0 numbers for each token"),
    ("qwen2.attention.head_count", 0, "0 attention heads"),
    ("qwen2.attention.head_count", [4, -4], "-4 attention heads"),
    ("qwen2.attention.head_count", array_of(5, 0), "how many attention heads"),
    ("qwen2.attention.head_count_kv", [0, 0], "0 attention heads"),
    ("qwen2.attention.layer_norm_rms_epsilon", F32_NAN, "is not a number"),
    ("qwen2.attention.layer_norm_rms_epsilon", float("inf"), "is not a number"),
    ("qwen2.attention.layer_norm_rms_epsilon", -1.0, "not between 0 and 1"),
    ("qwen2.rope.freq_base", Typed(12, struct.pack("<d", float("-inf"))), "is not a number"),
    ("tokenizer.chat_template", "x" * (256 * 1024 + 1), "its chat template claims to be 262,145 bytes"),
    ("tokenizer.chat_template", 5, "is not a text"),
    ("tokenizer.chat_template", Typed(8, u64(2) + b"\xff\xfe"), "is not valid text"),
    ("tokenizer.ggml.tokens", array_of(8, 2_000_001), "a list of 2,000,001 items"),
    ("tokenizer.ggml.tokens", array_of(8, 2**63), "a list of"),
    ("tokenizer.ggml.tokens", array_of(8, 2_000_000, u64(0) * 9), "bytes long"),
    ("tokenizer.ggml.tokens", array_of(5, 2_000_000), "not complete"),
    ("tokenizer.ggml.tokens", array_of(9, 1, struct.pack("<IQ", 4, 0)), "unknown kind"),
    ("tokenizer.ggml.tokens", array_of(13, 1), "unknown kind"),
    ("some.text", Typed(8, u64(1024 * 1024 + 1)), "1,048,577 bytes"),
    ("some.text", Typed(8, u64(2**64 - 1)), "bytes long"),
    ("some.texts", array_of(8, 1, u64(2**64 - 1)), "bytes long"),
    ("some.texts", array_of(8, 3, u64(1_000_000)), "not complete"),
    ("some.texts", array_of(8, 2_000_000, u64(0) * 1_000_000), "bytes long"),
    ("some.kind", Typed(13, b""), "unknown kind"),
    ("some.kind", Typed(2**32 - 1, b""), "unknown kind"),
    ("k" * 1025, 1, "the name of a fact claims to be 1,025 bytes"),
    ("", 1, "the name of a fact is empty"),
    ("general.alignment", 0, "alignment"),
    ("general.alignment", 4, "alignment"),
    ("general.alignment", 48, "alignment"),
    ("general.alignment", 131_072, "alignment"),
    ("general.alignment", 2**31, "alignment"),
    ("general.alignment", "32", "alignment"),
    ("split.count", 65_536, "split.count"),
    ("split.count", "2", "split.count"),
    ("split.no", 1, "part 2 of 1"),
    ("split.no", Typed(5, struct.pack("<i", -1)), "split.no"),
    ("qwen2.vocab_size", Typed(10, u64(2**40)), ""),
]


@pytest.mark.parametrize(("key", "value", "words"), LIES)
def test_impossible_facts_are_refused(tmp_path: Path, key: str, value: Value | None, words: str) -> None:
    changes = {key: value}
    if key == "qwen2.vocab_size":
        changes["tokenizer.ggml.tokens"] = None
    assert words in error_of(write_tiny_gguf(tmp_path / "a.gguf", changes=changes)).message


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ([Tensor("a", (0,))], "impossible shape"),
        ([Tensor("a", (2**32, 2**32))], "impossible shape"),
        ([Tensor("a", (2**62,))], "are missing"),
        ([Tensor("a", (1, 1, 1, 1, 1))], "5 dimensions"),
        ([Tensor("a", (8,), kind=4)], "does not know (kind 4)"),
        ([Tensor("a", (8,), kind=43)], "does not know (kind 43)"),
        ([Tensor("a", (8,), kind=2)], "whole blocks"),
        ([Tensor("a", (8,), offset=32)], "does not begin where"),
        ([Tensor("a", (8,)), Tensor("b", (8,), offset=0)], "does not begin where"),
        ([Tensor("a", (8,), offset=2**63)], "does not begin where"),
        ([Tensor("a", (8,)), Tensor("a", (8,))], "the same name"),
        ([Tensor("a" * 64, (8,))], "the name of a tensor"),
    ],
)
def test_impossible_tensors_are_refused(tmp_path: Path, tensors: Sequence[Tensor], words: str) -> None:
    assert words in error_of(write_tiny_gguf(tmp_path / "a.gguf", tensors=tensors)).message


def test_tensor_without_dimensions_is_one_number(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf", tensors=[Tensor("a", ())], data_bytes=4)
    assert read_gguf_info(path).parameter_count == 1


def test_fact_stated_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    pair = string("a") + struct.pack("<II", 4, 1)
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + pair + pair)
    assert "states a fact twice" in error_of(path).message


@pytest.mark.parametrize(
    ("tensor_count", "key_count", "words"),
    [(65_537, 0, "65,537 tensors"), (2**64 - 1, 0, "tensors"), (0, 4097, "4,097 facts"), (0, 2**63, "facts")],
)
def test_absurd_counts(tmp_path: Path, tensor_count: int, key_count: int, words: str) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensor_count, key_count))
    assert words in error_of(tmp_path / "a.gguf").message


def test_endless_header_ends_and_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty texts without end: the worst that a file of zeros, which costs no disk, can ask for."""
    monkeypatch.setattr("models.gguf_header.MAX_HEADER_BYTES", 4 * 1024 * 1024)
    path = tmp_path / "a.gguf"
    with path.open("wb") as file:
        file.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 4096))
        for index in range(12):
            file.write(string(f"list {index}") + struct.pack("<IIQ", 9, 8, 200_000))
            file.seek(200_000 * 8, os.SEEK_CUR)
        file.truncate(2**31)
    tracemalloc.start()
    try:
        error = error_of(path)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "longer than 4 MiB" in error.message
    assert peak_bytes < 4 * 1024 * 1024


# Files changed at random

HEADER = header_bytes(
    {**facts(), "tokenizer.chat_template": TEMPLATE, "split.no": 0, "split.count": 1},
    (Tensor("a", (32, 4)), Tensor("b", (32,))),
)
WHOLE = HEADER + bytes(-len(HEADER) % 32 + 32 * 5 * 4)
INTERESTING = (0, 1, 4, 8, 9, 0x7F, 0x80, 0xFF)
edits = st.lists(
    st.tuples(st.integers(0, len(HEADER) - 1), st.sampled_from(INTERESTING) | st.integers(0, 255)),
    min_size=1,
    max_size=6,
)


def read_or_refuse(path: Path, content: bytes) -> None:
    """Nothing but a `GgufInfo` or a `ModelFileError` may come of it."""
    path.write_bytes(content)
    try:
        info = read_gguf_info(path)
    except ModelFileError as caught:
        error = caught
    else:
        assert_sane(info)
        return
    assert error.message.endswith(".")
    assert error.message.isprintable()


def assert_sane(info: GgufInfo) -> None:
    assert info.name.isprintable()
    assert 1 <= info.block_count <= 512
    assert info.head_count > 0


@settings(max_examples=1200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits)
def test_changed_bytes(tmp_path: Path, edits: list[tuple[int, int]]) -> None:
    content = bytearray(WHOLE)
    for place, value in edits:
        content[place] = value
    read_or_refuse(tmp_path / "a.gguf", bytes(content))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(HEADER)), st.integers(0, len(HEADER)), st.binary(max_size=24))
def test_changed_lengths(tmp_path: Path, start: int, end: int, instead: bytes) -> None:
    start, end = sorted((start, end))
    read_or_refuse(tmp_path / "a.gguf", WHOLE[:start] + instead + WHOLE[end:])


def test_every_byte_set_to_its_extremes(tmp_path: Path) -> None:
    for place in range(len(HEADER)):
        for value in (0x00, 0xFF):
            read_or_refuse(tmp_path / "a.gguf", WHOLE[:place] + bytes([value]) + WHOLE[place + 1 :])
