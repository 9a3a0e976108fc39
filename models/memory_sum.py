"""What llama.cpp allocates for a model that is placed on given devices: weights, second copies, cache, work.

Every term follows llama.cpp's own source (llama-cpp-python 0.3.36), and all of them together were compared
with what it allocates: `python -m tests.bench --only fit`.
"""

from __future__ import annotations

import bisect
from collections.abc import Collection
from typing import Final

import msgspec

from models.engine.kv_type import KvType
from models.machine import Device
from models.model_shape import ModelShape, TensorGroup
from models.repacking import is_repacked, keeps_repacked_copy

BATCH_TOKENS: Final = 512
"""The most tokens that are computed at once: as `models.engine.loaded` asks for, and llama.cpp's n_ubatch."""

CONTEXT_STEP_TOKENS: Final = 256
"""llama.cpp rounds a context up to a multiple of it. Source: n_ctx of src/llama-context.cpp."""

CPU: Final = -1
"""Stands for the processor where devices are counted from 0."""

_F32_BYTES = 4
_F16_BYTES = 2
_KV_BYTES_PER_BLOCK: Final = {KvType.F16: (1, 2), KvType.Q8_0: (32, 34)}
"""Numbers in a block and its bytes. Source: ggml-common.h."""

_LIVE_STATES = 6
"""Hidden states of a whole batch beside the logits: two are needed, up to four find no gap to lie in."""

_LAYER_STATES = 10
"""The same inside of a layer: its input, the residual, queries, keys, values, the result, and gaps."""

_PIPELINE_COPIES = 4
"""Of the inputs, where several devices work at once. Source: GGML_SCHED_MAX_COPIES of ggml-backend.cpp."""


class Sum(msgspec.Struct):
    """What one device has to hold."""

    weights_bytes: int = 0
    repacked_bytes: int = 0
    kv_bytes: int = 0
    compute_bytes: int = 0


class Placement(msgspec.Struct, frozen=True):
    """Which layers are where. `gpu_layers`: llama.cpp's n_gpu_layers, the output counts as one of them."""

    gpu_layers: int
    devices: tuple[Device, ...]

    def device_of(self, layers: int) -> list[int]:
        """The device of each layer and of the output, `CPU` for those that are on none.

        The last `gpu_layers` go to the devices in order, by their free memory. Source: load_tensors of
        src/llama-model.cpp.
        """
        if not self.devices or self.gpu_layers <= 0:
            return [CPU] * (layers + 1)
        first = max(layers + 1 - self.gpu_layers, 0)
        count = layers + 1 - first
        total = sum(device.free_bytes for device in self.devices) or 1
        ends, so_far = [], 0
        for device in self.devices:
            so_far += device.free_bytes
            ends.append(so_far / total)
        last = len(self.devices) - 1
        return [CPU] * first + [min(bisect.bisect_right(ends, n / count), last) for n in range(count)]


def padded_context(context_tokens: int) -> int:
    """The context that llama.cpp makes of the one that is asked for."""
    return -(-context_tokens // CONTEXT_STEP_TOKENS) * CONTEXT_STEP_TOKENS


def kv_bytes_per_layer(shape: ModelShape, context_tokens: int, kv_type: KvType) -> int:
    """The attention cache of one layer. Windows that slide are kept whole, as llama.cpp does by default."""
    numbers, block_bytes = _KV_BYTES_PER_BLOCK[kv_type]
    return shape.kv_numbers_per_token * padded_context(context_tokens) * block_bytes // numbers


def memory_sums(
    shape: ModelShape,
    placement: Placement,
    features: Collection[str],
    *,
    context_tokens: int,
    kv_type: KvType,
) -> tuple[Sum, list[Sum]]:
    """What the processor's memory and that of each device has to hold."""
    on_cpu, on_devices = Sum(), [Sum() for _ in placement.devices]
    places = placement.device_of(shape.layers)
    repacks = keeps_repacked_copy(placement.devices)
    for group in shape.groups:
        _add_weights(group, shape.layers, places, on_cpu, on_devices)
        if repacks and _is_on_cpu(group, shape.layers, places) and is_repacked(group.quantisation, features):
            on_cpu.repacked_bytes += group.repacked_bytes
    if shape.output_is_tied:
        _add_tied_output(shape, places[-1], on_cpu, on_devices, features if repacks else ())
    kv_bytes = kv_bytes_per_layer(shape, context_tokens, kv_type)
    for place in places[:-1]:
        (on_cpu if place == CPU else on_devices[place]).kv_bytes += kv_bytes
    _add_work(shape, places, padded_context(context_tokens), on_cpu, on_devices)
    return on_cpu, on_devices


def _is_on_cpu(group: TensorGroup, layers: int, places: list[int]) -> bool:
    return group.layer < 0 or places[min(group.layer, layers)] == CPU


def _add_weights(
    group: TensorGroup, layers: int, places: list[int], on_cpu: Sum, on_devices: list[Sum]
) -> None:
    """The input embeddings always stay with the processor."""
    place = CPU if group.layer < 0 else places[min(group.layer, layers)]
    (on_cpu if place == CPU else on_devices[place]).weights_bytes += group.size_bytes


def _add_tied_output(
    shape: ModelShape, place: int, on_cpu: Sum, on_devices: list[Sum], features: Collection[str]
) -> None:
    embeddings = max((g for g in shape.groups if g.layer < 0), key=lambda g: g.size_bytes, default=None)
    if embeddings is None:
        return
    if place != CPU:
        on_devices[place].weights_bytes += embeddings.size_bytes
    elif is_repacked(embeddings.quantisation, features):
        on_cpu.repacked_bytes += shape.tied_repacked_bytes


def _add_work(
    shape: ModelShape, places: list[int], context_tokens: int, on_cpu: Sum, on_devices: list[Sum]
) -> None:
    """The buffers of the graph, as long as its largest moment: the logits, or a layer at full context."""
    batch = min(BATCH_TOKENS, context_tokens)
    state = batch * shape.embedding_length * _F32_BYTES
    masks = 2 if shape.sliding_window_tokens else 1
    inputs = masks * batch * context_tokens * _F16_BYTES + batch * 32  # and positions, indices, tokens
    layer = inputs + 2 * batch * shape.feed_forward_length * _F32_BYTES + _LAYER_STATES * state
    logits = batch * shape.vocabulary_size * _F32_BYTES + _LIVE_STATES * state
    used = set(places)
    copies = _PIPELINE_COPIES if len(used - {CPU}) > 1 and CPU not in used else 1
    for place, of_device in ((CPU, on_cpu), *enumerate(on_devices)):
        if place in used:
            of_device.compute_bytes = max(layer + (copies - 1) * inputs, logits if places[-1] == place else 0)
    if CPU not in used:
        on_cpu.compute_bytes = inputs + 2 * state
    on_cpu.compute_bytes += shape.vocabulary_size * _F32_BYTES  # one row of logits for the sampler
