"""Ten thousand spoilt headers: each is read or refused with a clear sentence, soon and in little memory."""

from __future__ import annotations

import collections
import os
import random
import re
import struct
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import ModelFileError
from models.gguf_info import GgufInfo, read_gguf_info, require_chat_model
from models.model_shape import read_shape
from tests.models.gguf_mutations import MUTATIONS, Header, header_of, mutate, write_spoilt
from tests.models.tiny_gguf import Typed, write_tiny_gguf
from tests.slowness import is_within

EVERYDAY_CASES = 500
PROOF_CASES = 10_000
MAX_SECONDS = 2.0
MAX_BYTES = 200 * 1024 * 1024


@pytest.fixture
def headers(mini_model: Path, tmp_path: Path) -> list[Header]:
    """The headers of the model in the box and of a tiny file, which is nearly all header."""
    parts: dict[str, int] = {"split.no": 0, "split.count": 1}
    tiny = write_tiny_gguf(tmp_path / "tiny.gguf", changes={**parts, "general.alignment": 32})
    return [header_of(mini_model), header_of(tiny)]


@pytest.fixture
def _memory_is_counted() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def read_or_refuse(path: Path) -> GgufInfo | ModelFileError:
    """Nothing but these two may come of it, soon and in little memory; of its shape neither."""
    result: GgufInfo | ModelFileError
    try:
        with bounded(MAX_SECONDS):
            result = read_gguf_info(path)
            require_chat_model(result)
        with bounded(2 * MAX_SECONDS):  # it reads the header twice
            read_shape(path)
    except ModelFileError as error:
        result = error
    if isinstance(result, ModelFileError):
        assert_clear(result)
    else:
        assert_sane(result)
    return result


@contextmanager
def bounded(limit_s: float) -> Iterator[None]:
    """Take no longer than this, and little memory where it is counted."""
    tracemalloc.reset_peak()
    before_bytes = tracemalloc.get_traced_memory()[0]
    started_s = time.thread_time()
    try:
        yield
    finally:
        took_s = time.thread_time() - started_s
        assert tracemalloc.get_traced_memory()[1] - before_bytes < MAX_BYTES
        assert is_within(took_s, limit_s)


def assert_clear(error: ModelFileError) -> None:
    """One or two sentences for people, without a word of Python's."""
    assert error.message.startswith(("This ", "The "))
    assert error.message.endswith(".")
    assert error.message.isprintable()
    assert 15 < len(error.message) < 400
    assert "Error" not in error.message


def _without_numbers(error: ModelFileError) -> str:
    """The sentence, the same for all numbers and names in it."""
    return re.sub(r'"[^"]*"|[0-9][0-9,]*', "#", error.message)


def assert_sane(info: GgufInfo) -> None:
    """What passes can be shown and reckoned with."""
    assert info.name.isprintable()
    assert 1 <= info.block_count <= 512
    assert info.head_count >= 1
    assert 0 < info.tensor_count <= 65_536
    assert 0 <= info.bytes_per_token <= info.size_bytes
    assert 1 <= info.context_length_tokens <= 2**30
    assert len(info.untrusted_chat_template) <= 256 * 1024


@pytest.mark.usefixtures("_memory_is_counted")
@pytest.mark.timeout(1800)
@pytest.mark.proof
def test_ten_thousand_spoilt_headers(headers: list[Header], tmp_path: Path) -> None:
    cases = PROOF_CASES if os.environ.get("PONDER_PROOF") == "1" else EVERYDAY_CASES
    path = tmp_path / "spoilt.gguf"
    outcomes: collections.Counter[str] = collections.Counter()
    slowest_s = 0.0
    for seed in range(cases):
        luck = random.Random(seed)
        header = headers[seed % 2]
        write_spoilt(path, header, mutate(header, luck), luck)
        started_s = time.process_time()
        try:
            result = read_or_refuse(path)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {error!r}") from error
        slowest_s = max(slowest_s, time.process_time() - started_s)
        outcomes["read" if isinstance(result, GgufInfo) else _without_numbers(result)] += 1
    print(f"{cases} headers, slowest {slowest_s * 1000:.0f} ms: {outcomes.most_common()}")  # noqa: T201 - figures
    assert outcomes["read"] < cases / 2  # the mutations do spoil
    assert len(outcomes) > 5


@pytest.mark.usefixtures("_memory_is_counted")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(luck=st.randoms(use_true_random=False), which=st.integers(0, 1))
def test_spoilt_headers_of_hypothesis(
    headers: list[Header], tmp_path: Path, luck: random.Random, which: int
) -> None:
    write_spoilt(tmp_path / "spoilt.gguf", headers[which], mutate(headers[which], luck), luck)
    read_or_refuse(tmp_path / "spoilt.gguf")


@pytest.mark.parametrize("kind", ["lists of numbers", "lists of texts", "one list of texts", "texts"])
def test_the_largest_headers_take_no_longer(tmp_path: Path, kind: str) -> None:
    """Up to the limits of the reader. Without counting memory, which takes most of the time."""
    per_fact = {
        "lists of numbers": (4080, Typed(9, struct.pack("<IQ", 0, 1024) + bytes(1024))),
        "lists of texts": (4080, Typed(9, struct.pack("<IQ", 8, 2000) + bytes(16_000))),
        "one list of texts": (4, Typed(9, struct.pack("<IQ", 8, 2_000_000) + bytes(16_000_000))),
        "texts": (4000, Typed(8, struct.pack("<Q", 16_000) + bytes(16_000))),
    }
    count, value = per_fact[kind]
    path = write_tiny_gguf(
        tmp_path / "large.gguf", changes={f"fact {index}": value for index in range(count)}
    )
    assert isinstance(read_or_refuse(path), GgufInfo)


def test_each_mutation_changes_the_header(headers: list[Header]) -> None:
    for mutation in MUTATIONS:
        spoilt = []
        for seed in range(20):
            content = bytearray(headers[1].content)
            mutation(content, headers[1], random.Random(seed))
            spoilt.append(bytes(content))
        assert len({*spoilt} - {headers[1].content}) > 5


def test_the_good_headers_are_read(headers: list[Header], tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        for header in headers:
            path = tmp_path / "good.gguf"
            path.write_bytes(header.content)
            os.truncate(path, header.file_bytes)
            assert isinstance(read_or_refuse(path), GgufInfo)
    finally:
        tracemalloc.stop()
