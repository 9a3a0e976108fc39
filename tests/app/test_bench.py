"""The measuring itself, with the fake engine."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import psutil
import pytest

from app import bench
from app.bench import PROMPT_TOKENS, Measured, measure, measure_memory, peak_memory_bytes
from app.errors import AppError
from models.errors import EngineStoppedError, ModelLoadError, PromptTooLongError

MODEL = Path("a-model.gguf")


@pytest.fixture(autouse=True)
def _small_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "measure_memory", lambda: 1e9)


def measured_with(command: tuple[str, ...], *fake: str, context_tokens: int = 0) -> Measured:
    return measure(
        MODEL,
        context_tokens=context_tokens,
        bytes_per_token=2_000_000,
        engine_command=(*command, *fake),
    )


def test_the_numbers_are_those_of_the_engine(fake_engine_command: tuple[str, ...]) -> None:
    found = measured_with(
        fake_engine_command, "--tokens-per-s", "400", "--prompt-s", "0.2", "--load-s", "0.2"
    )
    assert found.model.name == "Fake model"
    assert found.load_s > 0.2
    assert found.time_to_first_token_s > 0.2
    assert PROMPT_TOKENS * 0.9 < found.prompt_tokens <= PROMPT_TOKENS
    assert 0 < found.prompt_tokens_per_s < found.prompt_tokens / 0.2
    assert found.decode_tokens >= bench.DECODE_TOKENS, "the thought was made long enough"
    assert 0 < found.decode_tokens_per_s < 401
    assert found.peak_memory_bytes > 1_000_000
    assert found.memory_share == pytest.approx(found.decode_tokens_per_s * 2_000_000 / 1e9)


def test_a_small_context_gets_a_small_prompt(fake_engine_command: tuple[str, ...]) -> None:
    found = measured_with(fake_engine_command, context_tokens=256)
    assert 100 < found.prompt_tokens <= 128


def test_a_slow_model_is_not_measured_for_long(
    fake_engine_command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "SLOW_DECODE_S", 0.0)
    monkeypatch.setattr(bench, "PROMPT_TIME_S", 0.0)
    slow = ("--fault", "hold", "--fault-after", str(bench.SLOW_DECODE_TOKENS))  # too slow for one more token
    found = measured_with(fake_engine_command, *slow)
    assert found.decode_tokens == bench.SLOW_DECODE_TOKENS < bench.DECODE_TOKENS


@pytest.mark.parametrize(
    ("fake", "error"),
    [
        (("--fault", "load"), ModelLoadError),
        (("--fault", "exit"), EngineStoppedError),
        (("--fault", "kill"), EngineStoppedError),
    ],
)
def test_what_goes_wrong_is_said_and_nothing_is_left(
    fake_engine_command: tuple[str, ...], fake: tuple[str, ...], error: type[AppError]
) -> None:
    with pytest.raises(error):
        measured_with(fake_engine_command, *fake)
    assert not psutil.Process().children(recursive=True)


def test_a_model_that_writes_next_to_nothing(
    fake_engine_command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "DECODE_TOKENS", 0)
    with pytest.raises(AppError, match="wrote too little"):
        measured_with(fake_engine_command, "--thought", "", "--answer", "No.")


def test_a_model_that_reads_no_words(
    fake_engine_command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "PASSAGE", "")
    with pytest.raises(AppError, match="no tokens for ordinary words"):
        measured_with(fake_engine_command)


def test_a_context_without_room_for_the_question(fake_engine_command: tuple[str, ...]) -> None:
    with pytest.raises(PromptTooLongError):
        measured_with(fake_engine_command, context_tokens=10)


def test_without_the_bytes_there_is_no_share(fake_engine_command: tuple[str, ...]) -> None:
    found = measured_with(fake_engine_command)
    assert dataclasses.replace(found, bytes_per_token=0).memory_share is None


def test_memory_is_measured_and_given_back() -> None:
    before = psutil.Process().memory_info().rss
    assert 1e8 < measure_memory(64 * 1024 * 1024) < 1e13
    assert psutil.Process().memory_info().rss - before < 32 * 1024 * 1024


def test_memory_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AppError, match="not enough free memory"):
        measure_memory(1 << 60)


def test_the_peak_stays_when_the_memory_has_gone() -> None:
    block = b"x" * 50_000_000
    peak = peak_memory_bytes(os.getpid())
    assert peak >= len(block)
    del block
    assert peak_memory_bytes(os.getpid()) >= peak * 0.99


def test_a_process_that_has_gone_has_no_peak() -> None:
    with pytest.raises(EngineStoppedError):
        peak_memory_bytes(2**22 + 1)
