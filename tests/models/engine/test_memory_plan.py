"""What does not fit in the memory is refused with its numbers, before anything is allocated."""

from __future__ import annotations

import resource
from pathlib import Path

import msgspec
import pytest

from models.engine.kv_type import KvType
from models.engine.memory_plan import MemoryPlan, machine_as_seen_here
from models.engine.protocol import EngineFault, Loaded, LoadFailed, Message, TurnFailed, TurnFinished
from models.errors import OutOfMemoryError, engine_error
from models.machine import Cpu, Machine
from models.model_shape import read_shape
from tests.models.engine.recorder import running_engine

GIB = 2**30


def small_machine(ram_bytes: int) -> Machine:
    return Machine(Cpu("a processor", 2, 2, 2, ("avx2",)), ram_bytes, ram_bytes)


def test_the_context_is_what_fits(smollm2_model: Path) -> None:
    shape = msgspec.structs.replace(read_shape(smollm2_model), trained_context_tokens=131_072)
    sizes = [
        MemoryPlan(shape, small_machine(ram_bytes), KvType.F16).place(0).context_tokens
        for ram_bytes in (GIB // 2, GIB, 8 * GIB)
    ]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] == 32_768
    in_8_bits = MemoryPlan(shape, small_machine(GIB // 2), KvType.Q8_0).place(0).context_tokens
    assert in_8_bits > sizes[0]


def test_what_does_not_fit_is_said_with_numbers(smollm2_model: Path) -> None:
    shape = msgspec.structs.replace(read_shape(smollm2_model), trained_context_tokens=131_072)
    plan = MemoryPlan(shape, small_machine(GIB), KvType.F16)
    with pytest.raises(EngineFault) as caught:
        plan.place(131_072)
    assert caught.value.code == "memory"
    facts = caught.value.facts
    assert int(facts["needed_bytes"]) > int(facts["available_bytes"]) > 0
    fitting = int(facts["fitting_tokens"])
    assert plan.place(fitting).context_tokens == fitting
    error = engine_error("memory", facts)
    assert isinstance(error, OutOfMemoryError)
    needed_gb = int(facts["needed_bytes"]) / GIB  # as the sums of the Models page have it
    assert f"With a context of 131,072 tokens this model needs {needed_gb:.1f} GB" in error.message
    assert f"A context of {fitting:,} tokens would fit" in error.advice
    with pytest.raises(EngineFault) as caught:
        MemoryPlan(shape, small_machine(GIB // 16), KvType.F16).place(0)
    assert "smaller model" in engine_error("memory", caught.value.facts).advice


def test_the_engine_sees_the_memory_of_this_computer() -> None:
    machine = machine_as_seen_here()
    assert 0 < machine.ram_available_bytes <= machine.ram_total_bytes
    assert machine.devices == ()  # this build computes on the processor alone


@pytest.mark.real_engine
def test_a_context_of_a_chat_that_does_not_fit_fails_the_turn_alone(
    smollm2_model: Path, tmp_path: Path
) -> None:
    """The copy says that it was trained for 2^30 tokens: no computer holds so many."""
    path = tmp_path / "huge context.gguf"
    data = smollm2_model.read_bytes()
    key = b"llama.context_length"
    place = data.index(key) + len(key) + 4  # the kind of the value comes first
    path.write_bytes(data[:place] + (2**30).to_bytes(4, "little") + data[place + 4 :])
    with running_engine(None) as (client, recorder):
        client.load(path, 512, threads=1)
        recorder.wait_for(Loaded)
        question = [Message("user", "Hi")]
        end = recorder.wait_for_end(client.generate(question, context_tokens=2**30))
        assert isinstance(end, TurnFailed)
        assert isinstance(engine_error(end.code, end.facts), OutOfMemoryError)
        end = recorder.wait_for_end(client.generate(question, max_tokens=3))
        assert isinstance(end, TurnFinished)
        assert end.usage.context_tokens == 512
        client.load(path, 2**30, threads=1)
        assert recorder.wait_for(LoadFailed).code == "memory"
        assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 < 4 * GIB
