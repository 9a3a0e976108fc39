"""Asks llama.cpp what it allocates for a model: run as a throw-away process, it prints one JSON line.

`python -m models.engine.memory_probe FILE --context N [--kv-type q8_0] [--gpu-layers N] [--simulate]`

A real load allocates everything that the engine would, and reads the figures from llama.cpp's log. With
`--simulate` llama.cpp does all but allocate (`no_alloc`, as its own tool fit-params works), so that models
that are larger than the memory can be measured too; it then maps no file either, so `weights_bytes` of the
processor leaves out what was repacked. This reads a C++ map (`llama_get_memory_breakdown`), whose layout is
known for libstdc++ only: on Linux.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from models.engine import bindings
from models.engine.buffer_log import KINDS, BufferLog, Sums, add
from models.engine.kv_type import KvType
from models.memory_sum import BATCH_TOKENS

llama: Any = bindings.llama  # type: ignore[attr-defined]  # which alone may import llama_cpp
_MEBIBYTE = 2**20


def measure(path: Path, *, context_tokens: int, kv_type: str, gpu_layers: int, simulate: bool) -> Sums:
    """Load the model and tell what was allocated. Raises `ValueError` where llama.cpp gives none."""
    bindings.start_backend()
    log = BufferLog()
    log.start()
    model = llama.llama_model_load_from_file(os.fsencode(path), _model_parameters(gpu_layers, simulate))
    if not model:
        raise ValueError("llama.cpp gave no model")
    context = llama.llama_init_from_model(model, _context_parameters(context_tokens, kv_type))
    if not context:
        raise ValueError("llama.cpp gave no context")
    sums = log.sums
    if simulate:
        sums = {device: {**dict.fromkeys(KINDS, 0), "output": of["output"]} for device, of in sums.items()}
        for buffer, kind, size_bytes in _breakdown(context):
            add(sums, buffer, kind, size_bytes / _MEBIBYTE)
    llama.llama_free(context)
    llama.llama_model_free(model)
    return {device: of for device, of in sums.items() if any(of.values())}


def _model_parameters(gpu_layers: int, simulate: bool) -> Any:
    parameters = llama.llama_model_default_params()
    parameters.n_gpu_layers = gpu_layers
    if simulate:
        parameters.no_alloc = True
        parameters.load_mode = 0  # LLAMA_LOAD_MODE_NONE: llama.cpp refuses to map a file and not allocate
    return parameters


def _context_parameters(context_tokens: int, kv_type: str) -> Any:
    parameters = llama.llama_context_default_params()
    parameters.n_ctx = context_tokens
    parameters.n_batch = min(BATCH_TOKENS, context_tokens)
    parameters.type_k = parameters.type_v = bindings.KV_TYPES[KvType(kv_type)]
    return parameters


def _breakdown(context: Any) -> Iterator[tuple[str, str, int]]:
    """Buffer, kind and bytes of llama.cpp's own sum: a std::map, so a red-black tree, from the left."""
    library = ctypes.CDLL(llama._lib._name)
    get_breakdown = library["_Z26llama_get_memory_breakdownPK13llama_context"]
    get_breakdown.argtypes, get_breakdown.restype = [ctypes.c_void_p, ctypes.c_void_p], ctypes.c_void_p
    name_of = library.ggml_backend_buft_name
    name_of.argtypes, name_of.restype = [ctypes.c_void_p], ctypes.c_char_p
    tree = (ctypes.c_uint64 * 6)()  # compare, then the head: colour, root, leftmost, rightmost; the count
    get_breakdown(ctypes.addressof(tree), context)
    nodes = [tree[2]] if tree[2] else []
    while nodes:
        # A node: colour, parent, left, right; then the value: buffer type, weights, KV, compute.
        words = (ctypes.c_uint64 * 8).from_address(nodes.pop())
        nodes += [child for child in (words[2], words[3]) if child]
        buffer = name_of(words[4]).decode()
        yield from ((buffer, kind, words[5 + n]) for n, kind in enumerate(("weights", "kv", "compute")))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--kv-type", choices=[kind.value for kind in KvType], default="f16")
    parser.add_argument("--gpu-layers", type=int, default=-1)
    parser.add_argument("--simulate", action="store_true")
    asked = parser.parse_args(arguments)
    sums = measure(
        asked.file,
        context_tokens=asked.context,
        kv_type=asked.kv_type,
        gpu_layers=asked.gpu_layers,
        simulate=asked.simulate,
    )
    sys.stdout.write(json.dumps({"devices": sums}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
