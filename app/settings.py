"""The few things that Ponder remembers of how its user likes it, in one small JSON file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from app.errors import AppError, SettingsError
from models.engine.protocol import KvType, OnLoop, Sampling, Thinking
from models.whole_file import replace_file, set_aside

Theme = Literal["system", "light", "dark"]

MIN_ZOOM_PERCENT = 60
MAX_ZOOM_PERCENT = 300
MIN_CONTEXT_TOKENS = 256
MAX_CONTEXT_TOKENS = 1_048_576
MIN_THINKING_BUDGET_TOKENS = 64
MAX_THINKING_BUDGET_TOKENS = 65_536
MAX_OPENED_MODELS = 50
MAX_UNLOAD_AFTER_MIN = 1_440
MAX_LOCK_AFTER_MIN = 1_440
MAX_ADDRESS_CHARACTERS = 2_000
MAX_LICENCES = 100
_MAX_FILE_BYTES = 1024 * 1024


class Settings(msgspec.Struct, frozen=True):
    """All settings with their defaults. A value out of its range raises `ValueError`.

    `model_path` "" is the built-in model; `opened_models` are the paths of the model files that were
    opened outside the models folder, the last one first. `context_tokens` 0 lets the engine choose.
    `thinking_budget_tokens` 0: as long as it needs. Sizes are in device-independent pixels.
    `temperature` and `top_p` None: what is advised for the model's family. `kv_type`: how the engine stores
    the attention cache. `thinking_at_least_tokens`: a thought that would end earlier goes on.
    `skips_thinking`: models that can do so answer at once.
    `zoom_percent`: how large the text of the transcript is. `show_thinking`: a thought is open from the
    start. `reads_ahead`: the next prompt is processed in the background. `unload_after_min`: the model
    leaves the memory after so long without a question; 0: never. `lock_after_min`: the window is locked after
    so long without a key or the mouse; 0: never.
    `hub_endpoint` and `hub_proxy` are addresses, "" is the hub's own and none. `works_offline`: nothing may
    be fetched. `first_start_done`: the first page was left. `accepted_licences`: the names of those.
    """

    theme: Theme = "system"
    zoom_percent: Annotated[int, msgspec.Meta(ge=MIN_ZOOM_PERCENT, le=MAX_ZOOM_PERCENT)] = 100
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    model_path: str = ""
    opened_models: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_OPENED_MODELS)] = ()
    context_tokens: Annotated[int, msgspec.Meta(ge=0, le=MAX_CONTEXT_TOKENS)] = 0
    thinking_budget_tokens: Annotated[int, msgspec.Meta(ge=0, le=MAX_THINKING_BUDGET_TOKENS)] = 0
    thinking_at_least_tokens: Annotated[int, msgspec.Meta(ge=0, le=MAX_THINKING_BUDGET_TOKENS)] = 0
    skips_thinking: bool = False
    kv_type: KvType = KvType.F16
    show_thinking: bool = False
    reads_ahead: bool = True
    unload_after_min: Annotated[int, msgspec.Meta(ge=0, le=MAX_UNLOAD_AFTER_MIN)] = 60
    lock_after_min: Annotated[int, msgspec.Meta(ge=0, le=MAX_LOCK_AFTER_MIN)] = 0
    window_width: Annotated[int, msgspec.Meta(ge=320, le=32_767)] = 1180
    window_height: Annotated[int, msgspec.Meta(ge=240, le=32_767)] = 780
    sidebar_open: bool = True
    hub_endpoint: Annotated[str, msgspec.Meta(max_length=MAX_ADDRESS_CHARACTERS)] = ""
    hub_proxy: Annotated[str, msgspec.Meta(max_length=MAX_ADDRESS_CHARACTERS)] = ""
    works_offline: bool = False
    first_start_done: bool = False
    accepted_licences: Annotated[tuple[str, ...], msgspec.Meta(max_length=MAX_LICENCES)] = ()

    _EXPECTED: ClassVar[dict[str, str]] = {
        "theme": '"system", "light" or "dark"',
        "zoom_percent": f"a whole number from {MIN_ZOOM_PERCENT} to {MAX_ZOOM_PERCENT}",
        "temperature": "null, or a number from 0 to 2",
        "top_p": "null, or a number above 0 and at most 1",
        "model_path": 'text, "" for the built-in model',
        "opened_models": f"a list of at most {MAX_OPENED_MODELS} texts",
        "context_tokens": f"0, or a whole number from {MIN_CONTEXT_TOKENS:,} to {MAX_CONTEXT_TOKENS:,}",
        "thinking_budget_tokens": (
            f"0, or a whole number from {MIN_THINKING_BUDGET_TOKENS} to {MAX_THINKING_BUDGET_TOKENS:,}"
        ),
        "thinking_at_least_tokens": (
            f"0, or a whole number from {MIN_THINKING_BUDGET_TOKENS} to {MAX_THINKING_BUDGET_TOKENS:,}"
        ),
        "skips_thinking": "true or false",
        "kv_type": '"f16" or "q8_0"',
        "show_thinking": "true or false",
        "reads_ahead": "true or false",
        "unload_after_min": f"0, or a whole number of minutes up to {MAX_UNLOAD_AFTER_MIN:,}",
        "lock_after_min": f"0, or a whole number of minutes up to {MAX_LOCK_AFTER_MIN:,}",
        "window_width": "a whole number from 320 to 32,767",
        "window_height": "a whole number from 240 to 32,767",
        "sidebar_open": "true or false",
        "hub_endpoint": f"an address of at most {MAX_ADDRESS_CHARACTERS} characters, or an empty text",
        "hub_proxy": f"an address of at most {MAX_ADDRESS_CHARACTERS} characters, or an empty text",
        "works_offline": "true or false",
        "first_start_done": "true or false",
        "accepted_licences": f"a list of at most {MAX_LICENCES} texts",
    }

    _LEAST_ABOVE_ZERO: ClassVar[dict[str, int]] = {
        "context_tokens": MIN_CONTEXT_TOKENS,
        "thinking_budget_tokens": MIN_THINKING_BUDGET_TOKENS,
        "thinking_at_least_tokens": MIN_THINKING_BUDGET_TOKENS,
    }

    def __post_init__(self) -> None:
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            least = self._LEAST_ABOVE_ZERO.get(field.name)
            if not _fits(value, field.type) or (least is not None and 0 < value < least):
                raise ValueError(
                    f"{field.name}: expected {self._EXPECTED[field.name]}, got {_in_words(value)}"
                )

    def sampling(self) -> Sampling:
        """How the engine is to draw the next token."""
        return Sampling(temperature=self.temperature, top_p=self.top_p)

    def thinking(self, on_loop: OnLoop = OnLoop.ANSWER) -> Thinking:
        """How long the model may think. A window can ask what to do on a loop; a terminal cannot."""
        return Thinking(
            budget_tokens=self.thinking_budget_tokens,
            at_least_tokens=self.thinking_at_least_tokens,
            skip=self.skips_thinking,
            on_loop=on_loop,
        )


def load_settings(path: Path) -> tuple[Settings, AppError | None]:
    """Read the settings; no file means the defaults.

    A file that is not understood gives the defaults too, and the error that says what is wrong and
    where; the file stays as it is. Keys that this version does not know are passed over.
    """
    try:
        return _read(path), None
    except FileNotFoundError:
        return Settings(), None
    except OSError as error:
        problem, details = error.strerror or str(error), repr(error)
    except ValueError as error:
        problem, details = str(error), ""
    return Settings(), SettingsError(
        f"The settings in {path} cannot be used: {problem}.",
        kept="The file was left as it is; the defaults are used.",
        advice="Correct the file and start Ponder again, or change a setting to begin a new one.",
        details=details,
    )


def save_settings(path: Path, settings: Settings) -> None:
    """Write the settings, whole or not at all. Raises `SettingsError`.

    A file that is not understood is not lost: it is set aside as `settings.invalid-1.json` first.
    """
    try:
        content = msgspec.json.format(msgspec.json.encode(settings), indent=2) + b"\n"
    except UnicodeEncodeError as error:
        raise SettingsError(
            "The path of a model has characters that cannot be written down as text.",
            kept="The settings file is as it was.",
            advice="Rename the model file, or the folder it is in.",
            details=repr(error),
        ) from error
    try:
        whole = Path(os.path.realpath(path))  # where it is a link, the link stays
        replace_file(whole, content, before=lambda: _set_aside_if_invalid(whole))
    except OSError as error:
        raise SettingsError(
            f"The settings could not be written to {path}: {error.strerror or error}.",
            kept="The change holds until Ponder is closed; the file is as it was.",
            advice="Make room or give yourself the right to write there.",
            details=repr(error),
        ) from error


def _read(path: Path) -> Settings:
    """Raises OSError where it cannot be read, and ValueError, worded for the user, where it is not valid."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")  # opening a pipe would wait for ever
    with path.open("rb") as file:
        untrusted_bytes = file.read(_MAX_FILE_BYTES + 1)
    if len(untrusted_bytes) > _MAX_FILE_BYTES:
        raise ValueError("it is larger than 1 MiB")
    try:
        untrusted_values: Any = msgspec.json.decode(untrusted_bytes)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({error})") from error
    if not isinstance(untrusted_values, dict):
        raise ValueError(f"expected an object in braces, got {_in_words(untrusted_values)}")
    known = {name: untrusted_values[name] for name in Settings.__struct_fields__ if name in untrusted_values}
    Settings(**known)  # says in words what is wrong
    return msgspec.convert(known, Settings)  # makes tuples of lists


def _set_aside_if_invalid(path: Path) -> None:
    try:
        _read(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        set_aside(path)


def _fits(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _in_words(value: object) -> str:
    """What stands there instead, for an error: `the text "warm"`, `7`, `a list`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            text = repr(value)
            return text if len(text) <= 40 else "a number far too large"
        case str():
            return f'the text "{value[:40]}…"' if len(value) > 40 else f'the text "{value}"'
        case list():
            return "a list"
        case _:
            return "an object"
