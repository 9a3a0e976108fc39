"""What a header says of the sizes of a model."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from app.paths import built_in_model_file
from models.errors import ModelFileError
from models.model_shape import TensorGroup, read_shape
from tests.gguf_twins import TWINS, Twin, write_twin
from tests.models.tiny_gguf import Tensor, Typed, Value, write_tiny_gguf


def test_ponder_mini() -> None:
    path = built_in_model_file()
    shape = read_shape(path)
    assert (shape.architecture, shape.layers, shape.embedding_length) == ("qwen2", 4, 128)
    assert shape.size_bytes == path.stat().st_size
    assert 0 < shape.size_bytes - sum(group.size_bytes for group in shape.groups) < 100_000
    assert not any(group.repacked_bytes for group in shape.groups)  # F16 never is


def test_a_twin_tensor_by_tensor(tmp_path: Path) -> None:
    twin = TWINS["r1-distill-qwen-1.5b"]
    shape = read_shape(write_twin(twin, tmp_path / "twin.gguf"))
    assert shape.groups[0] == TensorGroup(-1, "Q4_K", 151_936 * 1536 * 144 // 256)
    norms = 2 * 1536 * 4 + (12 + 2 + 2) * 128 * 4
    assert shape.groups[1] == TensorGroup(0, "F32", norms)
    rest = {group.quantisation: group for group in shape.groups if group.layer == 0}
    q4_numbers = 1536 * (1536 + 256 + 1536 + 2 * 8960)
    q6_numbers = 1536 * (256 + 8960)
    assert rest["Q4_K"] == TensorGroup(0, "Q4_K", q4_numbers * 144 // 256, q4_numbers * 144 // 256)
    assert rest["Q6_K"].size_bytes == rest["Q6_K"].repacked_bytes == q6_numbers * 210 // 256
    assert shape.groups[-1].layer == 28
    assert shape.kv_numbers_per_token == 2 * 2 * 128
    assert not shape.output_is_tied


def test_a_model_without_an_output_of_its_own(tmp_path: Path) -> None:
    twin = Twin("qwen3", 2, 256, 4, 2, 512, 1000, 64, tied=True, quantisation="Q4_0")
    shape = read_shape(write_twin(twin, tmp_path / "twin.gguf"))
    assert shape.output_is_tied
    assert shape.tied_repacked_bytes == shape.groups[0].size_bytes == 1000 * 256 * 18 // 32


def test_rows_that_cannot_be_woven_are_not_repacked(tmp_path: Path) -> None:
    tensors = (
        Tensor("blk.0.odd.weight", (32, 7), 2, 0),
        Tensor("blk.0.even.weight", (32, 8), 2, 128),
        Tensor("blk.0.flat.weight", (32,), 2, 288),
    )
    path = write_tiny_gguf(tmp_path / "a.gguf", tensors=tensors, data_bytes=320)
    assert read_shape(path).groups == (TensorGroup(0, "Q4_0", 18 * 16, 18 * 8),)


def test_experts(tmp_path: Path) -> None:
    twin = Twin("qwen3moe", 2, 256, 4, 2, 512, 1000, 64, experts=(8, 3))
    shape = read_shape(write_twin(twin, tmp_path / "twin.gguf"))
    assert (shape.expert_count, shape.experts_used, shape.feed_forward_length) == (8, 3, 3 * 512)
    expert_bytes = sum(group.expert_bytes for group in shape.groups if group.layer == 0)
    assert expert_bytes == 8 * 256 * 512 * (2 * 144 + 144) // 256


def test_layers_that_differ_count_as_the_largest_and_a_window_is_seen(tmp_path: Path) -> None:
    changes: dict[str, Value | None] = {
        "qwen2.attention.head_count_kv": [1, 4],
        "qwen2.attention.sliding_window": 512,
    }
    shape = read_shape(write_tiny_gguf(tmp_path / "a.gguf", changes=changes))
    assert (shape.head_count_kv, shape.key_length, shape.value_length) == (4, 8, 8)
    assert shape.sliding_window_tokens == 512


def test_latent_attention_keeps_keys_alone(tmp_path: Path) -> None:
    changes = {"qwen2.attention.key_length": 576, "qwen2.attention.key_length_mla": 192}
    shape = read_shape(write_tiny_gguf(tmp_path / "a.gguf", changes=changes))
    assert (shape.key_length, shape.value_length) == (576, 0)


def _part(folder: Path, number: int, count: int) -> Path:
    def short(value: int) -> Typed:
        return Typed(2, struct.pack("<H", value))

    changes: dict[str, Value | None] = {"split.no": short(number - 1), "split.count": short(count)}
    if number > 1:
        changes |= dict.fromkeys(("general.architecture", "general.name", "qwen2.block_count"))
    name = folder / f"model-{number:05d}-of-{count:05d}.gguf"
    tensors = (Tensor(f"blk.{number - 1}.ffn_up.weight", (32, 8)),)
    return write_tiny_gguf(name, changes=changes, tensors=tensors, data_bytes=1024)


def test_all_parts_count(tmp_path: Path) -> None:
    parts = [_part(tmp_path, number, 3) for number in (1, 2, 3)]
    shape = read_shape(parts[0])
    assert shape.size_bytes == sum(part.stat().st_size for part in parts)
    assert [group.layer for group in shape.groups] == [0, 1, 2]
    with pytest.raises(ModelFileError, match="part 2 of 3"):
        read_shape(parts[1])
    parts[2].unlink()
    with pytest.raises(ModelFileError, match="part 3 is missing"):
        read_shape(parts[0])
    alone = parts[0].rename(tmp_path / "renamed.gguf")
    with pytest.raises(ModelFileError, match="other 2 files"):
        read_shape(alone)


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(ModelFileError):
        read_shape(tmp_path / "a.gguf")
    with pytest.raises(ModelFileError):
        read_shape(tmp_path / "missing.gguf")
