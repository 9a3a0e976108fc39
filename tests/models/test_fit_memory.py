"""The sum of `models.fit` against what llama.cpp allocates. All twins: `python -m tests.bench --only fit`."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.paths import built_in_model_file
from models.engine.kv_type import KvType
from models.fit import fit
from models.machine import CPU_DEVICE, Machine
from models.model_shape import read_shape
from tests.bench.fit import allocated, this_computer
from tests.gguf_twins import TWINS, Twin, write_twin

pytestmark = pytest.mark.real_engine

OTHERS = {
    "tied": Twin("llama", 8, 2048, 32, 8, 8192, 128_256, 64, tied=True, quantisation="Q8_0"),
    "mistral": Twin("llama", 8, 4096, 32, 8, 14_336, 32_768, quantisation="Q4_0"),
    "mixtral": Twin("llama", 4, 2048, 32, 8, 7168, 32_000, 64, experts=(8, 2)),
    "qwen2": Twin("qwen2", 8, 1024, 16, 2, 4864, 151_936, 64, tied=True),
    "qwen3": Twin("qwen3", 8, 2048, 16, 8, 6144, 151_936, tied=True),
    "qwen3moe": Twin("qwen3moe", 6, 2048, 32, 4, 768, 151_936, experts=(32, 8)),
    "gemma": Twin("gemma", 8, 2048, 8, 1, 16_384, 256_000, 256, tied=True),
    "gemma2": Twin(
        *("gemma2", 8, 2304, 8, 4, 9216, 256_000, 256),
        tied=True,
        facts={
            "attention.sliding_window": 4096,
            "attn_logit_softcapping": 50.0,
            "final_logit_softcapping": 30.0,
        },
    ),
    "gemma3": Twin(
        *("gemma3", 8, 2560, 8, 4, 10_240, 262_144, 256),
        tied=True,
        facts={"attention.sliding_window": 1024},
    ),
    "iq4_nl": Twin("llama", 8, 4096, 32, 8, 14_336, 32_000, quantisation="IQ4_NL"),
    "q2_k": Twin("llama", 8, 4096, 32, 8, 14_336, 32_000, quantisation="Q2_K"),
}


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Where the tests run, without its graphics cards and without a look at its speed."""
    return this_computer(tmp_path_factory.mktemp("disk"), probes_bandwidth=False)


@pytest.mark.parametrize("kv_type", KvType)
@pytest.mark.parametrize("context_tokens", [256, 1024])
def test_ponder_mini_loaded(computer: Machine, context_tokens: int, kv_type: KvType) -> None:
    """So small that kilobytes of alignment count."""
    path = built_in_model_file()
    real = sum(allocated(path, context_tokens, kv_type, simulate=False).values())
    estimate = fit(read_shape(path), computer, context_tokens=context_tokens, kv_type=kv_type).total_bytes
    assert real * 0.99 <= estimate <= real + 4 * 2**20


@pytest.mark.parametrize("kv_type", KvType)
def test_a_small_chat_model_loaded(computer: Machine, kv_type: KvType, smollm2_model: Path) -> None:
    real = allocated(smollm2_model, 2048, kv_type, simulate=False)
    found = fit(read_shape(smollm2_model), computer, context_tokens=2048, kv_type=kv_type)
    assert 0.99 <= found.total_bytes / sum(real.values()) <= 1.03
    assert found.shares[0].kv_bytes == pytest.approx(real["kv"], abs=10_000)
    assert found.shares[0].repacked_bytes == pytest.approx(real["repacked"], abs=10_000)


def test_a_simulated_load_takes_what_a_real_one_takes(smollm2_model: Path) -> None:
    loaded = allocated(smollm2_model, 2048, KvType.F16, simulate=False)
    simulated = allocated(smollm2_model, 2048, KvType.F16, simulate=True)
    for kind in ("weights", "kv", "compute", "output"):  # the log has hundredths of a MiB
        assert simulated[kind] == pytest.approx(loaded[kind], abs=10_000)


@pytest.mark.parametrize("kv_type", KvType)
def test_a_twin(computer: Machine, kv_type: KvType, tmp_path: Path) -> None:
    path = write_twin(TWINS["r1-distill-qwen-1.5b"], tmp_path / "twin.gguf")
    real = allocated(path, 2048, kv_type, simulate=True)
    found = fit(read_shape(path), computer, context_tokens=2048, kv_type=kv_type)
    share = found.shares[0]
    assert share.device == CPU_DEVICE
    assert share.repacked_bytes == real["repacked"]
    assert share.weights_bytes == real["weights"] + real["repacked"]
    assert share.kv_bytes == real["kv"]
    assert 0.99 <= found.total_bytes / (sum(real.values()) + real["repacked"]) <= 1.03


@pytest.mark.parametrize("name", OTHERS)
def test_other_architectures_and_quantisations(computer: Machine, name: str, tmp_path: Path) -> None:
    path = write_twin(OTHERS[name], tmp_path / "twin.gguf")
    shape = read_shape(path)
    real = allocated(path, 16_384, KvType.F16, simulate=True)
    found = fit(shape, computer, context_tokens=16_384)
    mapped = sum(group.size_bytes for group in shape.groups)
    real_bytes = sum(real.values()) - real["weights"] + mapped
    assert found.shares[0].repacked_bytes == real["repacked"]
    assert 0.99 <= found.total_bytes / real_bytes <= 1.03
