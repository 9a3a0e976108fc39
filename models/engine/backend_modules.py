"""Loads llama.cpp's processor and graphics modules from its own folder, and from nowhere else."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

GPU_VARIABLE: Final = "PONDER_GPU"
"""Set to "off", it leaves the graphics cards out: for a driver that crashes."""
_PROCESSOR_MODULES: Final = "ggml-cpu-*.dll" if sys.platform == "win32" else "libggml-cpu-*.so"
"""One for each generation of processors. What llama.cpp was linked to has no dash behind `cpu`."""


class BackendError(RuntimeError):
    """The modules are there, but none runs on this processor."""


def load_modules(llama_library: ctypes.CDLL) -> None:
    """Load what a packaged llama.cpp keeps beside it; nothing is to do where all is built in.

    llama_backend_init would look for modules beside the program and in the current folder, where others may
    have put some (`ggml_backend_load_all` of ggml-backend-reg.cpp). It does so only while there is none, so
    ours are loaded first, by the absolute path of the library's own folder. Raises `BackendError`.
    """
    folder = Path(llama_library._name).resolve().parent
    modules = sorted(folder.glob(_PROCESSOR_MODULES))
    if not modules:
        return
    ggml = ctypes.CDLL(str(folder / "ggml.dll")) if sys.platform == "win32" else llama_library
    os.environ.pop("GGML_BACKEND_PATH", None)  # names one more module, from anywhere
    if os.environ.get(GPU_VARIABLE) == "off":
        best = max(modules, key=_score)
        ggml.ggml_backend_load(ctypes.c_char_p(os.fsencode(best)))
    else:
        ggml.ggml_backend_load_all_from_path(ctypes.c_char_p(os.fsencode(folder)))
    count = ggml.ggml_backend_reg_count
    count.restype = ctypes.c_size_t
    if count() == 0:
        raise BackendError(f"None of llama.cpp's modules in {folder} runs on this processor.")


def _score(module: Path) -> int:
    """What the module says of itself on this processor: 0, it cannot run; else more is better."""
    return int(ctypes.CDLL(str(module)).ggml_backend_score())
