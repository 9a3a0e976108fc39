"""One thread for each core that may be used."""

from __future__ import annotations

import os

import psutil
import pytest

from models.containers import ContainerLimits
from models.engine.cores import threads_for, usable_cores


@pytest.mark.parametrize(
    ("physical", "logical", "allowed", "processors", "cores"),
    [
        (8, 16, 16, None, 8),
        (8, 16, 16, 2.5, 2),
        (8, 16, 16, 0.5, 1),
        (8, 16, 4, None, 2),
        (8, 16, 1, None, 1),
        (None, 4, 4, None, 4),
        (2, 2, 2, 64.0, 2),
    ],
)
def test_affinity_and_containers_count(
    monkeypatch: pytest.MonkeyPatch,
    physical: int | None,
    logical: int,
    allowed: int,
    processors: float | None,
    cores: int,
) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True, _all=logical: _all if logical else physical)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(allowed)), raising=False)
    assert usable_cores(ContainerLimits(processors=processors)) == cores


def test_a_tiny_model_takes_one_thread() -> None:
    assert threads_for(1_100_000, 8) == 1
    assert threads_for(135_000_000, 8) == 8
