"""The tool that takes the shape of a model into the catalogue changes that shape and nothing else."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.catalog import CATALOG_FILE, expanded, load_catalog
from models.model_shape import ModelShape, TensorGroup
from tests.gguf_twins import TWINS, write_twin
from tools import catalog_shapes

MODEL_ID = "r1-distill-qwen-7b"


@pytest.fixture
def catalog_file(tmp_path: Path) -> Path:
    return Path(shutil.copy(CATALOG_FILE, tmp_path / "catalog.json"))


@pytest.fixture
def shape() -> ModelShape:
    model = load_catalog().by_id(MODEL_ID)
    assert model is not None
    return model.shape


def test_the_shape_that_stands_there_changes_nothing(catalog_file: Path, shape: ModelShape) -> None:
    """So the file is as the tool writes it, and a difference is what is new."""
    twin = msgspec.structs.replace(shape, size_bytes=shape.size_bytes - 3_000_000)

    catalog_shapes.take_shape(catalog_file, MODEL_ID, twin)

    assert catalog_file.read_text(encoding="utf-8") == CATALOG_FILE.read_text(encoding="utf-8")


def test_another_shape_is_taken_and_the_size_of_the_real_file_stays(
    catalog_file: Path, shape: ModelShape
) -> None:
    changed = msgspec.structs.replace(shape, head_count=7, size_bytes=1)

    catalog_shapes.take_shape(catalog_file, MODEL_ID, changed)

    before, after = load_catalog(), load_catalog(catalog_file)
    taken = after.by_id(MODEL_ID)
    assert taken is not None
    assert taken.shape == msgspec.structs.replace(shape, head_count=7)
    assert [model for model in after.models if model.id != MODEL_ID] == [
        model for model in before.models if model.id != MODEL_ID
    ]
    assert after.server_models == before.server_models


def test_the_shape_of_another_model_is_refused(catalog_file: Path, shape: ModelShape) -> None:
    with pytest.raises(SystemExit, match="another file than that of r1-distill-qwen-14b"):
        catalog_shapes.take_shape(catalog_file, "r1-distill-qwen-14b", shape)
    with pytest.raises(SystemExit, match="has no r1 to download"):
        catalog_shapes.take_shape(catalog_file, "r1", shape)

    assert catalog_file.read_bytes() == CATALOG_FILE.read_bytes()


def test_the_shapes_that_stand_there_are_those_of_twins(
    catalog_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [f"{name}={write_twin(twin, tmp_path / f'{name}.gguf')}" for name, twin in TWINS.items()]
    monkeypatch.setattr(sys, "argv", ["catalog_shapes", *files, "--catalog", str(catalog_file)])

    catalog_shapes.main()

    assert catalog_file.read_text(encoding="utf-8") == CATALOG_FILE.read_text(encoding="utf-8")


def test_from_the_command_line_it_reads_a_file(
    catalog_file: Path, mini_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ponder Mini is a GGUF, but none of the catalogue's."""
    monkeypatch.setattr(
        sys, "argv", ["catalog_shapes", f"{MODEL_ID}={mini_model}", "--catalog", str(catalog_file)]
    )

    with pytest.raises(SystemExit, match="another file than that of r1-distill-qwen-7b"):
        catalog_shapes.main()


def test_runs_of_layers_are_written_short() -> None:
    groups = [TensorGroup(layer, "Q4_K", 10) for layer in (-1, 0, 1, 2, 5, 7, 8)]

    (joined,) = catalog_shapes.compacted([*groups])

    assert joined["layers"] == [(-1, 2), 5, (7, 8)]
    assert "layer" not in joined


@given(
    st.lists(
        st.builds(
            TensorGroup,
            layer=st.integers(-1, 12),
            quantisation=st.sampled_from(["F32", "Q4_K", "Q6_K"]),
            size_bytes=st.integers(1, 3),
        ),
        unique_by=lambda group: (group.layer, group.quantisation),
    )
)
def test_the_short_form_loses_nothing(groups: list[TensorGroup]) -> None:
    through_json = json.loads(json.dumps(catalog_shapes.compacted(groups)))

    def key(group: TensorGroup) -> tuple[int, str]:
        return group.layer, group.quantisation

    assert sorted(expanded(through_json), key=key) == sorted(groups, key=key)
