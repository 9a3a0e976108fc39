"""Writes twins of real GGUF files: the same architecture, tensors and quantisation, zeros for weights.

They are sparse files that take almost no room on the disk. llama.cpp loads them, allocates and computes as
for the real ones; what they write means nothing. Sizes are within 0.3 % of the real files'.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from models.gguf_header import TENSOR_TYPES
from tests.models.tiny_gguf import TEMPLATE, Tensor, Typed, Value, header_bytes

ALIGNMENT_BYTES = 32
_KINDS = {name: (number, length, size) for number, (name, length, size) in TENSOR_TYPES.items()}
_CONTROL, _USER_DEFINED, _NORMAL = 3, 4, 1
_SPECIAL_TOKENS = (
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"),
    *("<think>", "</think>"),
)


@dataclass(frozen=True)
class Twin:
    """The numbers of a model. `experts`: of how many, and how many a token uses."""

    architecture: str
    layers: int
    embedding: int
    heads: int
    heads_kv: int
    feed_forward: int
    vocabulary: int
    head_length: int = 128
    trained_context: int = 131_072
    tied: bool = False
    experts: tuple[int, int] = (0, 0)
    quantisation: str = "Q4_K_M"
    facts: dict[str, Value] = field(default_factory=dict)
    template: str = TEMPLATE


TWINS = {
    "r1-distill-qwen-1.5b": Twin("qwen2", 28, 1536, 12, 2, 8960, 151_936),
    "r1-distill-qwen-7b": Twin("qwen2", 28, 3584, 28, 4, 18_944, 152_064),
    "r1-distill-llama-8b": Twin("llama", 32, 4096, 32, 8, 14_336, 128_256),
    "r1-0528-qwen3-8b": Twin("qwen3", 36, 4096, 32, 8, 12_288, 151_936),
    "r1-distill-qwen-14b": Twin("qwen2", 48, 5120, 40, 8, 13_824, 152_064),
    "r1-distill-qwen-32b": Twin("qwen2", 64, 5120, 40, 8, 27_648, 152_064),
    "r1-distill-llama-70b": Twin("llama", 80, 8192, 64, 8, 28_672, 128_256),
}
"""By the ids of the catalogue."""


LONG_PROMPT_TEMPLATE = """\
{%- set marks = ["<｜User｜>", "<｜Assistant｜>", "<think>", "</think>", "<｜begin▁of▁sentence｜>"] -%}
{%- for number in range(PROMPT_TOKENS) -%}
{{- marks[(number * messages | length + (number / 7) | int + messages | length) % 5] -}}
{%- endfor -%}
{%- for message in messages -%}{{ message.content }}{%- endfor -%}
<｜User｜><｜Assistant｜><think>
"""
"""A twin has no words. With this template every chat is a prompt of so many tokens, and two chats
with different numbers of messages have no beginning in common, so that no cache helps."""


def with_long_prompts(twin: Twin, prompt_tokens: int) -> Twin:
    """A twin with that template, for prompts of about so many tokens."""
    template = LONG_PROMPT_TEMPLATE.replace("PROMPT_TOKENS", str(prompt_tokens - 3))
    return dataclasses.replace(twin, template=template)


def write_twin(twin: Twin, path: Path) -> Path:
    """Write the file."""
    tensors, offset = [], 0
    for name, shape, kind in _tensors(twin):
        number, length, size_bytes = _KINDS[kind]
        tensors.append(Tensor(name, shape, number, offset))
        offset += -(-(math.prod(shape) // length * size_bytes) // ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    header = header_bytes(_facts(twin), tensors)
    path.write_bytes(header)
    with path.open("r+b") as file:
        file.truncate(len(header) + -len(header) % ALIGNMENT_BYTES + offset)
    return path


def _facts(twin: Twin) -> dict[str, Value]:
    architecture = twin.architecture
    own: dict[str, Value] = {
        "block_count": twin.layers,
        "context_length": twin.trained_context,
        "embedding_length": twin.embedding,
        "feed_forward_length": twin.feed_forward,
        "attention.head_count": twin.heads,
        "attention.head_count_kv": twin.heads_kv,
        "attention.key_length": twin.head_length,
        "attention.value_length": twin.head_length,
        "attention.layer_norm_rms_epsilon": 1e-6,
        "rope.freq_base": 1e6,
    }
    if twin.experts[0]:
        own |= {"expert_count": twin.experts[0], "expert_used_count": twin.experts[1]}
        own["expert_feed_forward_length"] = twin.feed_forward
    own |= twin.facts
    more = twin.vocabulary - len(_SPECIAL_TOKENS)
    kinds = [_CONTROL] * 4 + [_USER_DEFINED] * 2 + [_NORMAL] * more
    return {
        "general.architecture": architecture,
        "general.name": "Twin",
        "general.file_type": 15,
        **{f"{architecture}.{key}": value for key, value in own.items()},
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe" if architecture == "llama" else "qwen2",
        "tokenizer.ggml.tokens": [*_SPECIAL_TOKENS, *(f"<{number}>" for number in range(more))],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.merges": ["< 0"],
        "tokenizer.ggml.bos_token_id": Typed(4, (0).to_bytes(4, "little")),
        "tokenizer.ggml.eos_token_id": Typed(4, (1).to_bytes(4, "little")),
        "tokenizer.chat_template": twin.template,
    }


def _tensors(twin: Twin) -> Iterator[tuple[str, tuple[int, ...], str]]:
    """Name, shape (numbers in a row first) and kind of each tensor."""
    width = twin.embedding
    plain = "Q4_K" if twin.quantisation == "Q4_K_M" else twin.quantisation
    yield "token_embd.weight", (width, twin.vocabulary), plain
    for layer in range(twin.layers):
        for name, shape, kind in _layer(twin, plain, _has_more_bits(layer, twin.layers)):
            yield f"blk.{layer}.{name}", shape, kind
    yield "output_norm.weight", (width,), "F32"
    if not twin.tied:
        yield "output.weight", (width, twin.vocabulary), "Q6_K" if plain == "Q4_K" else plain


def _layer(twin: Twin, plain: str, has_more_bits: bool) -> Iterator[tuple[str, tuple[int, ...], str]]:
    width, more_bits = twin.embedding, "Q6_K" if has_more_bits and plain == "Q4_K" else plain
    query, cache = twin.heads * twin.head_length, twin.heads_kv * twin.head_length
    is_large = twin.layers == 80 and plain == "Q4_K"  # then Q4_K_M gives every value matrix a bit more
    yield "attn_norm.weight", (width,), "F32"
    yield "attn_q.weight", (width, query), plain
    yield "attn_k.weight", (width, cache), plain
    yield "attn_v.weight", (width, cache), "Q5_K" if is_large and not has_more_bits else more_bits
    yield "attn_output.weight", (query, width), plain
    if twin.architecture == "qwen2":
        for name, length in (("q", query), ("k", cache), ("v", cache)):
            yield f"attn_{name}.bias", (length,), "F32"
    if twin.architecture in ("qwen3", "qwen3moe", "gemma3"):
        yield "attn_q_norm.weight", (twin.head_length,), "F32"
        yield "attn_k_norm.weight", (twin.head_length,), "F32"
    if twin.architecture in ("gemma2", "gemma3"):
        yield "post_attention_norm.weight", (width,), "F32"
        yield "post_ffw_norm.weight", (width,), "F32"
    yield "ffn_norm.weight", (width,), "F32"
    experts = twin.experts[:1] if twin.experts[0] else ()
    ending = "_exps" if experts else ""
    if experts:
        yield "ffn_gate_inp.weight", (width, *experts), "F32"
    yield f"ffn_gate{ending}.weight", (width, twin.feed_forward, *experts), plain
    yield f"ffn_up{ending}.weight", (width, twin.feed_forward, *experts), plain
    yield f"ffn_down{ending}.weight", (twin.feed_forward, width, *experts), more_bits


def _has_more_bits(layer: int, layers: int) -> bool:
    """The layers that Q4_K_M keeps at 6 bits. Source: use_more_bits of src/llama-quant.cpp."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2
