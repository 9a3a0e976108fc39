"""Small machines and shapes, made up for the tests of the fit."""

from __future__ import annotations

from models.machine import Cpu, Device, DeviceKind, Machine
from models.model_shape import ModelShape, TensorGroup

GIB = 2**30
MIB = 2**20
AVX2 = ("avx", "avx2", "f16c", "fma")
AVX512 = (*AVX2, "avx512f")


def machine(
    ram_bytes: int,
    *devices: Device,
    features: tuple[str, ...] = AVX2,
    cores: int = 8,
    bandwidth_bytes_per_s: float = 50e9,
) -> Machine:
    """A machine with so much memory available."""
    return Machine(
        cpu=Cpu("A processor", cores, 2 * cores, cores, features),
        ram_total_bytes=ram_bytes,
        ram_available_bytes=ram_bytes,
        devices=devices,
        bandwidth_bytes_per_s=bandwidth_bytes_per_s,
    )


def card(
    free_bytes: int, number: int = 0, bandwidth_bytes_per_s: float = 936e9, backend: str = "CUDA"
) -> Device:
    """A graphics card with so much memory free."""
    return Device(
        f"{backend}{number}",
        "A card",
        backend,
        DeviceKind.DISCRETE,
        free_bytes,
        free_bytes,
        bandwidth_bytes_per_s,
    )


def integrated(free_bytes: int) -> Device:
    """A device in the processor."""
    return Device("Metal", "A chip", "Metal", DeviceKind.INTEGRATED, free_bytes, free_bytes)


def shape(layers: int = 28, layer_bytes: int = 140 * MIB, *, trained: int = 131_072) -> ModelShape:
    """About a 7B model, when nothing is said."""
    groups = [TensorGroup(-1, "Q4_K", 300 * MIB)]
    groups += [
        TensorGroup(layer, "Q4_K", layer_bytes, repacked_bytes=layer_bytes * 3 // 4)
        for layer in range(layers)
    ]
    groups.append(TensorGroup(layers, "Q6_K", 440 * MIB, repacked_bytes=440 * MIB))
    return ModelShape(
        architecture="qwen2",
        layers=layers,
        embedding_length=3584,
        head_count=28,
        head_count_kv=4,
        key_length=128,
        value_length=128,
        feed_forward_length=18_944,
        vocabulary_size=152_064,
        trained_context_tokens=trained,
        size_bytes=sum(group.size_bytes for group in groups),
        groups=tuple(groups),
    )
