"""The context of a chat: its size, how its cache is stored, what a turn says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.engine import bindings, runtime
from models.engine.kv_type import KvType
from models.engine.protocol import (
    Generate,
    Loaded,
    Message,
    Prepared,
    Sampling,
    Thinking,
    TurnBegan,
    TurnFailed,
    TurnFinished,
)
from models.errors import engine_error
from models.recipes import GPT_OSS, QWEN3, R1_DISTILL, Recipe
from tests.gguf_twins import Twin, write_twin
from tests.models.engine.recorder import running_engine

pytestmark = pytest.mark.real_engine

GREEDY = Sampling(temperature=0.0)
QUESTION = (Message("user", "What is 12 + 7?"),)


def test_each_turn_may_have_a_context_of_its_own(mini_model: Path) -> None:
    with running_engine(None) as (client, recorder):
        client.load(mini_model, threads=1)
        usual = recorder.wait_for(Loaded).model.context_tokens
        sizes = []
        for size in (0, 512, 512, 0):
            turn_id = client.generate(QUESTION, sampling=GREEDY, context_tokens=size)
            end = recorder.wait_for_end(turn_id)
            assert isinstance(end, TurnFinished)
            began = next(event for event in recorder.of(TurnBegan) if event.turn_id == turn_id)
            assert (began.context_tokens, began.prompt_tokens) == (
                end.usage.context_tokens,
                end.usage.prompt_tokens,
            )
            sizes.append((end.usage.context_tokens, began.cached_tokens > 0))
    assert sizes == [
        (usual, False),
        (512, False),
        (512, True),
        (usual, False),
    ]  # another size: an empty cache


def test_the_next_prompt_is_read_ahead_in_the_size_of_its_chat(mini_model: Path) -> None:
    with running_engine(None) as (client, recorder):
        client.load(mini_model, threads=1)
        recorder.wait_for(Loaded)
        client.prepare(QUESTION, context_tokens=512)
        assert recorder.wait_for(Prepared).tokens > 0
        turn_id = client.generate(QUESTION, sampling=GREEDY, context_tokens=512)
        recorder.wait_for_end(turn_id)
        assert recorder.wait_for(TurnBegan).cached_tokens > 0


def test_a_context_beyond_what_the_model_was_trained_for_is_refused(mini_model: Path) -> None:
    with running_engine(None) as (client, recorder):
        client.load(mini_model, threads=1)
        trained = recorder.wait_for(Loaded).model.trained_context_tokens
        end = recorder.wait_for_end(client.generate(QUESTION, context_tokens=trained + 1))
        assert isinstance(end, TurnFailed)
        assert (end.code, f"{trained:,}" in str(end.facts)) == ("request", True)
        end = recorder.wait_for_end(client.generate(QUESTION, sampling=GREEDY))
        assert isinstance(end, TurnFinished)  # the old size is still there


def test_a_cache_in_8_bits_answers(mini_model: Path, smollm2_model: Path) -> None:
    for path in (mini_model, smollm2_model):
        with running_engine(None) as (client, recorder):
            client.load(path, 512, threads=1, kv_type=KvType.Q8_0)
            recorder.wait_for(Loaded)
            end = recorder.wait_for_end(client.generate(QUESTION, sampling=GREEDY, max_tokens=100))
            assert isinstance(end, TurnFinished)
            assert end.usage.answer_tokens + end.usage.reasoning_tokens > 0


@pytest.mark.parametrize(
    ("recipe", "sampling", "skip", "expected"),
    [
        (R1_DISTILL, Sampling(), False, (0.6, 0.95, 0, 0.0)),
        (GPT_OSS, Sampling(), False, (1.0, 1.0, 0, 0.0)),
        (QWEN3, Sampling(), False, (0.6, 0.95, 20, 0.0)),
        (QWEN3, Sampling(), True, (0.7, 0.8, 20, 0.0)),
        (QWEN3, Sampling(temperature=0.9), True, (0.9, 0.8, 20, 0.0)),
        (R1_DISTILL, Sampling(top_p=0.5), False, (0.6, 0.5, 0, 0.0)),
    ],
)
def test_what_the_user_did_not_choose_is_as_advised_for_the_family(
    monkeypatch: pytest.MonkeyPatch,
    recipe: Recipe,
    sampling: Sampling,
    skip: bool,
    expected: tuple[float, float, int, float],
) -> None:
    made: list[tuple[float, float, int, float]] = []

    def note(*, temperature: float, top_p: float, top_k: int, min_p: float, seed: int) -> None:
        made.append((temperature, top_p, top_k, min_p))

    monkeypatch.setattr(bindings, "SamplerChain", note)
    runtime._sampler_chain(Generate(1, (), sampling, thinking=Thinking(skip=skip)), recipe)
    assert made == [expected]


def test_a_template_that_leaves_nothing_to_read_fails_the_turn_alone(tmp_path: Path) -> None:
    """A twin has no words, so nothing of this template becomes a token; llama.cpp would end the process."""
    path = write_twin(Twin("qwen2", 1, 256, 2, 2, 512, 512), tmp_path / "no words.gguf")
    with running_engine(None) as (client, recorder):
        client.load(path, 256, threads=1)
        recorder.wait_for(Loaded)
        end = recorder.wait_for_end(client.generate(QUESTION))
        assert isinstance(end, TurnFailed)
        assert end.code == "template"
        assert "nothing to read" in str(engine_error(end.code, end.facts))
        assert client.is_running
