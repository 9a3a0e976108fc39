"""The catalogue says what the public facts say, its shapes hold together, and a wrong one is not accepted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from models.catalog import CATALOG_FILE, Catalog, CatalogModel, expanded, load_catalog
from models.fit import fit
from models.machine import Cpu, Device, DeviceKind, Machine
from models.recipes import R1_0528, R1_DISTILL, RECIPES

FILES = {
    "r1-distill-llama-70b": (
        "bartowski/DeepSeek-R1-Distill-Llama-70B-GGUF",
        "1842c5f7280f933ead58adf8afd078672c9f6cd0",
        "DeepSeek-R1-Distill-Llama-70B-Q4_K_M.gguf",
        42_520_395_936,
        "181a82a1d6d2fa24fe4db83a68eee030384986bdbdd4773ba76424e3a6eb9fd8",
    ),
    "r1-distill-qwen-32b": (
        "bartowski/DeepSeek-R1-Distill-Qwen-32B-GGUF",
        "1dc8cf9ffa5dd333057ea1b09ccf4772d8726dec",
        "DeepSeek-R1-Distill-Qwen-32B-Q4_K_M.gguf",
        19_851_335_840,
        "bed9b0f551f5b95bf9da5888a48f0f87c37ad6b72519c4cbd775f54ac0b9fc62",
    ),
    "r1-distill-qwen-14b": (
        "bartowski/DeepSeek-R1-Distill-Qwen-14B-GGUF",
        "9f5d77d401799416e0702290a691038b44012e0c",
        "DeepSeek-R1-Distill-Qwen-14B-Q4_K_M.gguf",
        8_988_110_240,
        "0b319bd0572f2730bfe11cc751defe82045fad5085b4e60591ac2cd2d9633181",
    ),
    "r1-0528-qwen3-8b": (
        "bartowski/deepseek-ai_DeepSeek-R1-0528-Qwen3-8B-GGUF",
        "main",
        "deepseek-ai_DeepSeek-R1-0528-Qwen3-8B-Q4_K_M.gguf",
        5_027_783_040,
        "e0c2f118fd59f3a16f20d18b0e7f79e960c84bc8c66d94fd71a691e05151d54f",
    ),
    "r1-distill-qwen-7b": (
        "bartowski/DeepSeek-R1-Distill-Qwen-7B-GGUF",
        "361004151d4f4f6b446dc5e6d46fbf4422a80d5f",
        "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf",
        4_683_073_504,
        "731ece8d06dc7eda6f6572997feb9ee1258db0784827e642909d9b565641937b",
    ),
    "r1-distill-llama-8b": (
        "bartowski/DeepSeek-R1-Distill-Llama-8B-GGUF",
        "935d400c2ed1a29cc2a1045df25ec7998fb4dfe4",
        "DeepSeek-R1-Distill-Llama-8B-Q4_K_M.gguf",
        4_920_736_608,
        "87bcba20b4846d8dadf753d3ff48f9285d131fc95e3e0e7e934d4f20bc896f5d",
    ),
    "r1-distill-qwen-1.5b": (
        "bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF",
        "9cc28b17e86fa2415fcb070f8ee5ec27c965aa61",
        "DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf",
        1_117_320_800,
        "1741e5b2d062b07acf048bf0d2c514dadf2a48f94e2b4aa0cfe069af3838ee2f",
    ),
}
"""Repository, revision, file, size and hash: two public catalogues or more have each of them."""

SCORES = {
    "r1-distill-llama-70b": (70.0, 94.5, 65.2),
    "r1-distill-qwen-32b": (72.6, 94.3, 62.1),
    "r1-distill-qwen-14b": (69.7, 93.9, 59.1),
    "r1-0528-qwen3-8b": (86.0, None, None),
    "r1-distill-qwen-7b": (55.5, 92.8, 49.1),
    "r1-distill-llama-8b": (50.4, 89.1, 49.0),
    "r1-distill-qwen-1.5b": (28.9, 83.9, 33.8),
}
"""AIME 2024, MATH-500, GPQA Diamond: arXiv:2501.12948, table 5; the model card of R1-0528-Qwen3-8B."""

SHAPES = {
    "r1-distill-llama-70b": ("llama", 80, 327_680, 70.6),
    "r1-distill-qwen-32b": ("qwen2", 64, 262_144, 32.8),
    "r1-distill-qwen-14b": ("qwen2", 48, 196_608, 14.8),
    "r1-0528-qwen3-8b": ("qwen3", 36, 147_456, 8.2),
    "r1-distill-qwen-7b": ("qwen2", 28, 57_344, 7.6),
    "r1-distill-llama-8b": ("llama", 32, 131_072, 8.0),
    "r1-distill-qwen-1.5b": ("qwen2", 28, 28_672, 1.8),
}
"""Architecture, layers, bytes of the cache for a token at f16, parameters in billions."""


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def model_of(catalog: Catalog, model_id: str) -> CatalogModel:
    """The model of this id, which must be there."""
    model = catalog.by_id(model_id)
    assert model is not None
    return model


def test_it_has_the_seven_models_best_first_and_the_three_for_a_server(catalog: Catalog) -> None:
    assert [model.id for model in catalog.models] == list(FILES)
    assert [model.id for model in catalog.server_models] == ["r1-0528", "r1", "r1-zero"]


@pytest.mark.parametrize("model_id", FILES)
def test_a_model_is_what_the_facts_say(catalog: Catalog, model_id: str) -> None:
    model = model_of(catalog, model_id)
    scores, shape = model.scores, model.shape

    assert (model.repo, model.revision, model.file, model.size_bytes, model.sha256) == FILES[model_id]
    assert (scores.aime2024, scores.math500, scores.gpqa) == SCORES[model_id]
    cache_bytes = shape.layers * shape.head_count_kv * (shape.key_length + shape.value_length) * 2
    assert (shape.architecture, shape.layers, cache_bytes, model.parameters_b) == SHAPES[model_id]
    assert model.context_tokens == 131_072


@pytest.mark.parametrize("model_id", FILES)
def test_the_tensors_are_the_file_but_for_its_description(catalog: Catalog, model_id: str) -> None:
    """Which holds the vocabulary: 6 MB of Qwen's, 8 MB of Llama's."""
    model = model_of(catalog, model_id)
    groups = model.shape.groups

    description_bytes = model.size_bytes - sum(group.size_bytes for group in groups)

    expected = 7_850_000 if model.shape.architecture == "llama" else 5_965_000
    assert description_bytes == pytest.approx(expected, abs=20_000)
    assert sorted({group.layer for group in groups}) == list(range(-1, model.shape.layers + 1))
    assert {group.quantisation for group in groups} <= {"F32", "Q4_K", "Q5_K", "Q6_K"}


def test_the_two_made_from_llama_have_a_licence_to_accept(catalog: Catalog) -> None:
    to_accept = {
        model.id: (model.license_name_to_accept, model.license_url)
        for model in catalog.models
        if model.license_name_to_accept
    }

    assert to_accept == {
        "r1-distill-llama-70b": (
            "Llama 3.3 Community License",
            "https://www.llama.com/llama3_3/license/",
        ),
        "r1-distill-llama-8b": ("Llama 3.1 Community License", "https://www.llama.com/llama3_1/license/"),
    }
    for model_id in to_accept:
        summary = model_of(catalog, model_id).license_summary
        assert "Built with Llama" in summary
        assert "Acceptable Use Policy" in summary
        assert "700 million" in summary


def test_every_model_names_a_recipe_that_there_is(catalog: Catalog) -> None:
    families = {recipe.family for recipe in RECIPES}
    by_model = {model.id: model.recipe_family for model in (*catalog.models, *catalog.server_models)}

    assert set(by_model.values()) <= families
    assert by_model["r1-0528-qwen3-8b"] == by_model["r1-0528"] == R1_0528.family
    assert by_model["r1-distill-qwen-7b"] == by_model["r1"] == R1_DISTILL.family


def test_the_models_for_a_server_say_what_they_need(catalog: Catalog) -> None:
    for model in catalog.server_models:
        assert (model.repo, model.revision, model.file, model.sha256) == ("", "", "", "")
        assert (model.parameters_b, model.active_parameters_b) == (671.0, 37.0)
        assert model.size_bytes == pytest.approx(404e9, rel=0.002)
        assert sum(group.size_bytes for group in model.shape.groups) == pytest.approx(model.size_bytes)
        assert "404 GB" in model.about
        assert "server" in model.about


def test_a_model_is_found_by_its_id_and_by_the_hash_of_its_file(catalog: Catalog) -> None:
    smallest = catalog.models[-1]

    assert catalog.by_id(smallest.id) is catalog.by_sha256(smallest.sha256) is smallest
    assert catalog.by_id("r1") is catalog.server_models[1]
    assert catalog.by_id("r2") is None
    assert catalog.by_sha256("") is catalog.by_sha256("0" * 64) is None


def table_of_the_page_for_users(repository: Path) -> list[list[str]]:
    """The cells of docs/models.md: title, size, memory, three scores, licence; one row for each model."""
    lines = (repository / "docs" / "models.md").read_text(encoding="utf-8").splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [row for row in rows if len(row) == 7][2:]


def test_the_page_for_users_says_the_same(catalog: Catalog, repository: Path) -> None:
    listed = [(row[0], row[1], *row[3:6]) for row in table_of_the_page_for_users(repository)]

    assert listed == [
        (
            model.title,
            f"{model.size_bytes / 1e9:.1f} GB",
            *(
                "–" if score is None else f"{score:.1f}"
                for score in (model.scores.aime2024, model.scores.math500, model.scores.gpqa)
            ),
        )
        for model in catalog.models
    ]


def test_the_page_for_users_says_how_much_memory_is_taken(catalog: Catalog, repository: Path) -> None:
    large = Device("CUDA0", "A large card", "CUDA", DeviceKind.DISCRETE, 99 * 2**30, 99 * 2**30)
    computer = Machine(Cpu("A processor", 8, 16, 8), 64 * 2**30, 60 * 2**30, (large,))

    for model, row in zip(catalog.models, table_of_the_page_for_users(repository), strict=True):
        on_card = fit(model.shape, computer, context_tokens=8_192).shares[1]
        assert float(row[2].removesuffix(" GB")) == pytest.approx(on_card.total_bytes / 2**30, abs=0.1), row


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sha256": "0" * 63}, "sha256"),
        ({"sha256": "A" * 64}, "sha256"),
        ({"sha256": ""}, "a file is named in full"),
        ({"revision": "v1"}, "revision"),
        ({"repo": "https://example.org"}, "repo"),
        ({"file": "../model.gguf"}, "file"),
        ({"file": "model.bin"}, "file"),
        ({"size_bytes": 0}, "size_bytes"),
        ({"size_bytes": 1}, "of another file"),
        ({"license_url": "http://example.org"}, "license_url"),
        ({"license_summary": "Free."}, "comes with its summary"),
        ({"about": "It is large."}, "for a server"),
        ({"needs_server": True}, "a file is named in full"),
        ({"colour": "red"}, "colour"),
        ({"id": "R1 large"}, "id"),
        ({"scores": {"aime2024": 101, "math500": None, "gpqa": None, "source": "https://x.org"}}, "aime2024"),
        ({"scores": {"math500": None, "gpqa": None, "source": "https://example.org"}}, "aime2024"),
    ],
)
def test_a_wrong_entry_is_not_accepted(tmp_path: Path, changes: dict[str, Any], complaint: str) -> None:
    raw = json.loads(CATALOG_FILE.read_text(encoding="utf-8"))
    raw["models"][2] |= changes
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(raw), encoding="utf-8")

    with pytest.raises(msgspec.ValidationError, match=complaint):
        load_catalog(file)


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("models", "models", "the same id"),
        ("server_models", "models", "among the others"),
        ("models", "server_models", "is for no server"),
    ],
)
def test_a_model_stands_once_and_where_it_belongs(
    tmp_path: Path, source: str, target: str, complaint: str
) -> None:
    raw = json.loads(CATALOG_FILE.read_text(encoding="utf-8"))
    model = raw[source][0] if source == target else raw[source].pop(0)
    raw[target].append(model)
    file = tmp_path / "catalog.json"
    file.write_text(json.dumps(raw), encoding="utf-8")

    with pytest.raises(msgspec.ValidationError, match=complaint):
        load_catalog(file)


@pytest.mark.parametrize(
    "group",
    [
        {"quantisation": "Q4_K", "size_bytes": 1},
        {"layers": [[0, 1, 2]], "quantisation": "Q4_K", "size_bytes": 1},
        {"layers": [0], "size_bytes": 1},
        "Q4_K",
    ],
)
def test_a_wrong_group_is_not_accepted(group: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        expanded([group])
