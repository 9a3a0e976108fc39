"""Which weights llama.cpp copies into another order for the processor, beside the mapped file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from models.machine import Device

_BACKENDS_WITHOUT_REPACKING: Final = ("cuda", "rocm", "hip", "musa", "vulkan", "sycl", "cann")
"""Their memory of the host comes before the repacked copy in the list of places for the processor's weights.

Source: make_cpu_buft_list of src/llama-model.cpp.
"""

_ARM_INT8 = ({"neon", "dotprod"}, {"neon", "matmul_int8"}, {"neon", "i8mm"})
_REPACKED_WITH: Final[dict[str, tuple[set[str], ...]]] = {
    "Q4_0": ({"avx2"}, *_ARM_INT8),
    "Q4_K": ({"avx2"}, *_ARM_INT8),
    "IQ4_NL": ({"avx2"}, {"neon", "dotprod"}),
    "MXFP4": ({"avx2"}, {"neon", "dotprod"}),
    "Q2_K": ({"avx512f"}, {"avx512"}),
    "Q5_K": _ARM_INT8,
    "Q6_K": _ARM_INT8,
    "Q8_0": _ARM_INT8,
    "Q1_0": _ARM_INT8,
}
"""Which instructions llama.cpp repacks a quantisation for: all of a set, and any set.

Source: ggml_repack_get_optimal_repack_type of ggml/src/ggml-cpu/repack.cpp.
"""

_AMX_KINDS: Final = ("Q4_0", "Q4_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_XS")
"""Source: qtype_has_amx_kernels of ggml/src/ggml-cpu/amx/common.h."""


def can_be_repacked(quantisation: str) -> bool:
    """Whether there is a processor for which llama.cpp repacks such weights."""
    return quantisation in _REPACKED_WITH or quantisation in _AMX_KINDS


def is_repacked(quantisation: str, features: Collection[str]) -> bool:
    """Whether llama.cpp keeps a second copy of such weights for a processor with these instructions."""
    if "amx_int8" in features and quantisation in _AMX_KINDS:
        return True
    have = set(features)
    return any(needed <= have for needed in _REPACKED_WITH.get(quantisation, ()))


def keeps_repacked_copy(devices: Sequence[Device]) -> bool:
    """Whether what the processor computes is repacked at all, where these devices take part."""
    return not any(device.backend.lower().startswith(_BACKENDS_WITHOUT_REPACKING) for device in devices)
