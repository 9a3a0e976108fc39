"""How many threads to compute with: one for each core that this process may really use."""

from __future__ import annotations

import math
import os

import psutil

from models.containers import ContainerLimits

SMALL_MODEL_PARAMETERS = 20_000_000


def usable_cores(limits: ContainerLimits) -> int:
    """Physical cores, less what affinity and containers keep from this process.

    llama.cpp gains nothing from the second thread of a core, and loses where it has more threads than
    processors: all of them wait for the slowest at every step.
    """
    logical = psutil.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    cores = math.ceil(min(allowed, logical) * physical / logical)
    if limits.processors is not None:
        cores = min(cores, math.floor(limits.processors))
    return max(cores, 1)


def threads_for(parameters: int, cores: int) -> int:
    """One for each core, but one alone for a model so small that they only wait for each other."""
    return 1 if parameters < SMALL_MODEL_PARAMETERS else cores
