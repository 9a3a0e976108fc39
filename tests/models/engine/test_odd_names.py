"""The real engine takes files whatever they are called: blobs of other apps, emoji, parts of a model."""

from __future__ import annotations

from pathlib import Path

import gguf
import pytest

from models.engine.protocol import Loaded, LoadFailed, Message, TurnFinished
from models.library import read_model_file
from tests.models.engine.recorder import running_engine
from tests.models.model_sets import NAMES

pytestmark = pytest.mark.real_engine


def answer_of(path: Path) -> object:
    """The end of a short turn, or of the loading where that fails."""
    with running_engine(None) as (client, recorder):
        client.load(path, threads=1)
        end: object = recorder.wait_for(object, lambda event: isinstance(event, Loaded | LoadFailed))
        if isinstance(end, Loaded):
            end = recorder.wait_for_end(client.generate([Message("user", "What is 1 + 1?")], max_tokens=3))
        return end


@pytest.mark.parametrize("name", [f"sha256-{'0' * 64}", f"{NAMES[1]}.gguf", "Größe 中文 Привет.gguf"])
def test_the_name_does_not_matter(mini_model: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / "a folder 🤔 中文" / name
    path.parent.mkdir()
    path.symlink_to(mini_model)
    assert read_model_file(path).problem == ""
    assert isinstance(answer_of(path), TurnFinished)


def split_in_two(model: Path, folder: Path) -> list[Path]:
    """Write the model as two files, as gguf-split does."""
    reader = gguf.GGUFReader(model)
    half = len(reader.tensors) // 2
    paths = [folder / f"größe 🤔-0000{number}-of-00002.gguf" for number in (1, 2)]
    for number, (path, tensors) in enumerate(
        zip(paths, (reader.tensors[:half], reader.tensors[half:]), strict=True)
    ):
        writer = gguf.GGUFWriter(path, "qwen2")
        for field in reader.fields.values() if number == 0 else ():
            if not field.name.startswith(("GGUF.", "general.architecture", "split.")):
                kind = field.types[0]
                sub_type = field.types[-1] if kind is gguf.GGUFValueType.ARRAY else None
                writer.add_key_value(field.name, field.contents(), kind, sub_type=sub_type)
        writer.add_uint16("split.no", number)
        writer.add_uint16("split.count", 2)
        writer.add_int32("split.tensors.count", len(reader.tensors))
        for tensor in tensors:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return paths


def test_a_model_in_two_files_is_loaded_by_its_first(mini_model: Path, tmp_path: Path) -> None:
    paths = split_in_two(mini_model, tmp_path)
    file = read_model_file(paths[1])
    assert (file.path, file.problem) == (paths[0], "")
    assert isinstance(answer_of(file.path), TurnFinished)
    paths[1].unlink()
    assert "part 2 is missing" in read_model_file(paths[0]).problem
    assert isinstance(answer_of(paths[0]), LoadFailed)
