"""How the engine stores the attention cache; apart from the protocol, which settings need nothing else of."""

from __future__ import annotations

import enum


class KvType(enum.StrEnum):
    """How the attention cache is stored: f16, or q8_0, which takes 17/32 of that."""

    F16 = "f16"
    Q8_0 = "q8_0"
