"""The few calls of llama.cpp that the engine needs, with Python types at their border."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _skip_package_start() -> Path:
    """Let `llama_cpp.llama_cpp` be imported without the package's own `__init__`. Gives its folder.

    WORKAROUND: that one imports the high-level API, and with it numpy, a chat-format library and a disk
    cache, none of which is used here: 0.16 s of every start
    (https://github.com/abetlen/llama-cpp-python/blob/main/llama_cpp/__init__.py).
    """
    spec = importlib.util.find_spec("llama_cpp")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("llama_cpp")
    package = sys.modules.setdefault("llama_cpp", types.ModuleType("llama_cpp"))
    package.__path__ = list(spec.submodule_search_locations)
    return Path(package.__path__[0])


_PACKAGE_FOLDER = _skip_package_start()

import llama_cpp.llama_cpp as llama  # noqa: E402 - after the work-around it needs

from models.engine.backend_modules import load_modules  # noqa: E402
from models.engine.kv_type import KvType  # noqa: E402

_SPECIAL_ATTRIBUTES = (
    llama.LLAMA_TOKEN_ATTR_CONTROL | llama.LLAMA_TOKEN_ATTR_USER_DEFINED | llama.LLAMA_TOKEN_ATTR_UNKNOWN
)
_LOG_LEVEL_WARN = 3
KV_TYPES = {KvType.F16: llama.GGML_TYPE_F16, KvType.Q8_0: llama.GGML_TYPE_Q8_0}

Pointer = Any
"""An opaque pointer of llama.cpp."""


class DecodeError(RuntimeError):
    """llama_decode gave a code that is neither success nor an abort."""


def _log_warning(level: int, text: bytes, _data: ctypes.c_void_p) -> None:
    if level >= _LOG_LEVEL_WARN:
        os.write(2, text)


# llama.cpp keeps the pointer for the life of the process, so the callback must live as long.
_LOG_CALLBACK = llama.llama_log_callback(_log_warning)


def quiet_log() -> None:
    """Cut llama.cpp's log down to warnings, on standard error."""
    llama.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))


def start_backend() -> str:
    """Start llama.cpp, its log cut down to warnings on standard error. Gives its version.

    Raises `BackendError` where none of the modules beside the library can run here.
    """
    quiet_log()
    load_modules(shared_library())
    llama.llama_backend_init()
    return f"llama-cpp-python {_package_version()}"


def shared_library() -> ctypes.CDLL:
    """Give libllama itself, for the functions that llama-cpp-python leaves out."""
    library: ctypes.CDLL = llama._lib
    return library


def _package_version() -> str:
    """The version that the package states. Read as text: `importlib.metadata` takes ten times as long."""
    text = (_PACKAGE_FOLDER / "__init__.py").read_text(encoding="utf-8")
    return text.partition('__version__ = "')[2].partition('"')[0]


class AbortFlag:
    """A flag that llama.cpp reads between two nodes of its graph, without a word of Python.

    The abort callback is C's own `strlen` on a two-byte buffer: 0 while the buffer is empty, 1 once a
    byte is set. A callback written in Python would take the interpreter's lock at every node of every
    token (about a thousand for a 1.5B model).
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        library = ctypes.CDLL("msvcrt") if os.name == "nt" else ctypes.CDLL(None)
        address = ctypes.cast(library.strlen, ctypes.c_void_p).value
        self.callback = llama.ggml_abort_callback(address)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Make the running llama_decode return, and every later one until `clear`."""
        self._buffer[0] = b"x"

    def clear(self) -> None:
        """Let llama_decode run again."""
        self._buffer[0] = b"\0"

    def is_set(self) -> bool:
        """Whether an abort is asked for."""
        return self._buffer[0] != b"\0"


class Vocabulary:
    """The tokenizer of a loaded model; see `models.prompt.Vocabulary`."""

    def __init__(self, model: Pointer) -> None:
        self._vocab = llama.llama_model_get_vocab(model)
        self.bos = int(llama.llama_vocab_bos(self._vocab))
        self.adds_bos = bool(llama.llama_vocab_get_add_bos(self._vocab))
        self.bos_text = self._text(self.bos)
        self.eos_text = self._text(int(llama.llama_vocab_eos(self._vocab)))
        self._piece_buffer = ctypes.create_string_buffer(256)

    def _text(self, token: int) -> str:
        if token < 0:
            return ""
        raw: bytes | None = llama.llama_vocab_get_text(self._vocab, token)
        return (raw or b"").decode("utf-8", "replace")

    def tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        """Give the tokens of `text`; control tokens are recognised only with `parse_special`."""
        data = text.encode("utf-8", "replace")
        size = len(data) + 16
        buffer = (llama.llama_token * size)()
        count = llama.llama_tokenize(self._vocab, data, len(data), buffer, size, False, parse_special)
        if count < 0:
            buffer = (llama.llama_token * -count)()
            count = llama.llama_tokenize(self._vocab, data, len(data), buffer, -count, False, parse_special)
        return list(buffer[:count])

    def special_text(self, token: int) -> str:
        """Give the text of a control or user-defined token that looks like a tag, else ""."""
        if not llama.llama_vocab_get_attr(self._vocab, token) & _SPECIAL_ATTRIBUTES:
            return ""
        text = self._text(token)
        return text if len(text) > 1 and not text.isspace() else ""

    def single_token(self, text: str) -> int | None:
        """Give the one token that `text` is in this vocabulary, if it is one of its special tokens."""
        tokens = self.tokenize(text, parse_special=True)
        return tokens[0] if len(tokens) == 1 and self.special_text(tokens[0]) == text else None

    def is_end(self, token: int) -> bool:
        """Whether the model says with this token that it is done."""
        return bool(llama.llama_vocab_is_eog(self._vocab, token))

    def piece(self, token: int) -> bytes:
        """Give the bytes that a token stands for (control tokens too); they may cut a character."""
        size = len(self._piece_buffer)
        count = llama.llama_token_to_piece(self._vocab, token, self._piece_buffer, size, 0, True)
        if count < 0:
            self._piece_buffer = ctypes.create_string_buffer(-count)
            count = llama.llama_token_to_piece(self._vocab, token, self._piece_buffer, -count, 0, True)
        return self._piece_buffer.raw[:count]


class LoadedModel:
    """A model in memory."""

    def __init__(self, path: Path, progress: Callable[[float], None], *, gpu_layers: int = 0) -> None:
        """Load it, so many layers on graphics cards. Raises `ValueError` where llama.cpp gives none."""

        def on_progress(fraction: float, _data: ctypes.c_void_p) -> bool:
            progress(fraction)
            return True

        parameters = llama.llama_model_default_params()
        callback = llama.llama_progress_callback(on_progress)
        parameters.progress_callback = callback
        parameters.n_gpu_layers = gpu_layers
        self.pointer = llama.llama_model_load_from_file(os.fsencode(path), parameters)
        if not self.pointer:
            raise ValueError("llama.cpp gave no model")
        self.vocabulary = Vocabulary(self.pointer)
        self.trained_context_tokens = int(llama.llama_model_n_ctx_train(self.pointer))
        self.parameters = int(llama.llama_model_n_params(self.pointer))
        self.size_bytes = int(llama.llama_model_size(self.pointer))

    def metadata(self, key: str) -> str:
        """Give a value of the GGUF's header as text, "" where there is none."""
        size = llama.llama_model_meta_val_str(self.pointer, key.encode(), None, 0)
        if size < 0:
            return ""
        buffer = ctypes.create_string_buffer(size + 1)
        llama.llama_model_meta_val_str(self.pointer, key.encode(), buffer, size + 1)
        return buffer.value.decode("utf-8", "replace")

    def chat_template(self) -> str:
        """Give the GGUF's own chat template, "" where there is none."""
        raw: bytes | None = llama.llama_model_chat_template(self.pointer, None)
        return (raw or b"").decode("utf-8", "replace")

    def close(self) -> None:
        """Free the memory."""
        if self.pointer:
            llama.llama_model_free(self.pointer)
            self.pointer = None


class Context:
    """The cache and the compute buffers of one conversation with a model."""

    def __init__(
        self,
        model: LoadedModel,
        *,
        context_tokens: int,
        batch_tokens: int,
        threads: int,
        abort: AbortFlag,
        kv_type: KvType = KvType.F16,
    ) -> None:
        """Allocate them. Raises `ValueError` where llama.cpp gives none (memory, mostly)."""
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = context_tokens
        parameters.n_batch = batch_tokens
        parameters.n_threads = threads
        parameters.n_threads_batch = threads
        parameters.type_k = parameters.type_v = KV_TYPES[kv_type]
        parameters.abort_callback = abort.callback
        parameters.abort_callback_data = abort.data
        parameters.no_perf = True
        self._abort = abort
        self.pointer = llama.llama_init_from_model(model.pointer, parameters)
        if not self.pointer:
            raise ValueError("llama.cpp gave no context")
        self._memory = llama.llama_get_memory(self.pointer)
        self.context_tokens = int(llama.llama_n_ctx(self.pointer))
        self.batch_tokens = int(llama.llama_n_batch(self.pointer))
        self._buffer = (llama.llama_token * max(self.batch_tokens, 1))()

    def decode(self, tokens: Sequence[int]) -> bool:
        """Process up to `batch_tokens` tokens. False: the abort flag ended it.

        Raises `DecodeError` for every other failure.
        """
        count = len(tokens)
        self._buffer[:count] = tokens
        code = llama.llama_decode(self.pointer, llama.llama_batch_get_one(self._buffer, count))
        if code == 0:
            return True
        if code == 2 or self._abort.is_set():  # "2 - aborted" in llama.h
            return False
        raise DecodeError(f"llama_decode gave {code}")

    def add_to_logit(self, token: int, bias: float) -> None:
        """Make a token more likely to be drawn next (a positive bias), or less."""
        llama.llama_get_logits_ith(self.pointer, -1)[token] += bias

    def keep_only(self, count: int) -> bool:
        """Forget everything behind the first `count` tokens. False: only an empty cache was possible."""
        if llama.llama_memory_seq_rm(self._memory, 0, count, -1):
            return True
        llama.llama_memory_clear(self._memory, False)
        return False

    def close(self) -> None:
        """Free the memory."""
        if self.pointer:
            llama.llama_free(self.pointer)
            self.pointer = None


class SamplerChain:
    """llama.cpp's own samplers: temperature first, as DeepSeek ran R1, then the cuts, then the draw.

    `top_k` 0, `min_p` 0 and `top_p` 1 are off; a temperature of 0 always takes the likeliest token.
    """

    def __init__(self, *, temperature: float, top_p: float, top_k: int, min_p: float, seed: int) -> None:
        self._chain = llama.llama_sampler_chain_init(llama.llama_sampler_chain_default_params())
        if temperature <= 0:
            self._add(llama.llama_sampler_init_greedy())
            return
        self._add(llama.llama_sampler_init_temp(temperature))
        if top_k > 0:
            self._add(llama.llama_sampler_init_top_k(top_k))
        if top_p < 1:
            self._add(llama.llama_sampler_init_top_p(top_p, 1))
        if min_p > 0:
            self._add(llama.llama_sampler_init_min_p(min_p, 1))
        self._add(llama.llama_sampler_init_dist(seed))

    def _add(self, sampler: Pointer) -> None:
        llama.llama_sampler_chain_add(self._chain, sampler)

    def sample(self, context: Context) -> int:
        """Draw the next token from the last position and accept it."""
        return int(llama.llama_sampler_sample(self._chain, context.pointer, -1))

    def close(self) -> None:
        """Free the chain."""
        if self._chain:
            llama.llama_sampler_free(self._chain)
            self._chain = None
