"""The few things that Ponder remembers of how its user likes it, in one small JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn

from app.errors import AppError, SettingsError
from models.engine.kv_type import KvType
from models.whole_file import replace_file, set_aside

if TYPE_CHECKING:
    from models.engine.protocol import OnLoop, Sampling, Thinking

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


class _Rule(NamedTuple):
    """What a setting has to be, in words and as a question."""

    expected: str
    fits: Callable[[Any], bool]


def _whole_number(least: int, most: int) -> _Rule:
    return _Rule(f"a whole number from {least:,} to {most:,}", lambda value: _is_whole(value, least, most))


def _zero_or(least: int, most: int) -> _Rule:
    return _Rule(
        f"0, or a whole number from {least:,} to {most:,}",
        lambda value: _is_whole(value, 0, 0) or _is_whole(value, least, most),
    )


def _minutes(most: int) -> _Rule:
    return _Rule(f"0, or a whole number of minutes up to {most:,}", lambda value: _is_whole(value, 0, most))


def _texts(most: int) -> _Rule:
    def fits(value: Any) -> bool:
        return isinstance(value, tuple) and len(value) <= most and all(isinstance(one, str) for one in value)

    return _Rule(f"a list of at most {most} texts", fits)


def _is_whole(value: Any, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


_TRUE_OR_FALSE = _Rule("true or false", lambda value: isinstance(value, bool))
_ADDRESS = _Rule(
    f"an address of at most {MAX_ADDRESS_CHARACTERS} characters, or an empty text",
    lambda value: isinstance(value, str) and len(value) <= MAX_ADDRESS_CHARACTERS,
)
_RULES = {
    "theme": _Rule('"system", "light" or "dark"', lambda value: value in ("system", "light", "dark")),
    "zoom_percent": _whole_number(MIN_ZOOM_PERCENT, MAX_ZOOM_PERCENT),
    "temperature": _Rule(
        "null, or a number from 0 to 2",
        lambda value: value is None or (_is_number(value) and 0 <= value <= 2),
    ),
    "top_p": _Rule(
        "null, or a number above 0 and at most 1",
        lambda value: value is None or (_is_number(value) and 0 < value <= 1),
    ),
    "model_path": _Rule('text, "" for the built-in model', lambda value: isinstance(value, str)),
    "opened_models": _texts(MAX_OPENED_MODELS),
    "context_tokens": _zero_or(MIN_CONTEXT_TOKENS, MAX_CONTEXT_TOKENS),
    "thinking_budget_tokens": _zero_or(MIN_THINKING_BUDGET_TOKENS, MAX_THINKING_BUDGET_TOKENS),
    "thinking_at_least_tokens": _zero_or(MIN_THINKING_BUDGET_TOKENS, MAX_THINKING_BUDGET_TOKENS),
    "skips_thinking": _TRUE_OR_FALSE,
    "kv_type": _Rule('"f16" or "q8_0"', lambda value: isinstance(value, KvType)),
    "show_thinking": _TRUE_OR_FALSE,
    "reads_ahead": _TRUE_OR_FALSE,
    "unload_after_min": _minutes(MAX_UNLOAD_AFTER_MIN),
    "lock_after_min": _minutes(MAX_LOCK_AFTER_MIN),
    "window_width": _whole_number(320, 32_767),
    "window_height": _whole_number(240, 32_767),
    "sidebar_open": _TRUE_OR_FALSE,
    "hub_endpoint": _ADDRESS,
    "hub_proxy": _ADDRESS,
    "works_offline": _TRUE_OR_FALSE,
    "first_start_done": _TRUE_OR_FALSE,
    "accepted_licences": _texts(MAX_LICENCES),
}


@dataclass(frozen=True)
class Settings:
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
    zoom_percent: int = 100
    temperature: float | None = None
    top_p: float | None = None
    model_path: str = ""
    opened_models: tuple[str, ...] = ()
    context_tokens: int = 0
    thinking_budget_tokens: int = 0
    thinking_at_least_tokens: int = 0
    skips_thinking: bool = False
    kv_type: KvType = KvType.F16
    show_thinking: bool = False
    reads_ahead: bool = True
    unload_after_min: int = 60
    lock_after_min: int = 0
    window_width: int = 1180
    window_height: int = 780
    sidebar_open: bool = True
    hub_endpoint: str = ""
    hub_proxy: str = ""
    works_offline: bool = False
    first_start_done: bool = False
    accepted_licences: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, rule in _RULES.items():
            value = getattr(self, name)
            if not rule.fits(value):
                raise ValueError(f"{name}: expected {rule.expected}, got {_in_words(value)}")

    def sampling(self) -> Sampling:
        """How the engine is to draw the next token."""
        from models.engine.protocol import Sampling  # here: the first picture of the window needs none of it

        return Sampling(temperature=self.temperature, top_p=self.top_p)

    def thinking(self, on_loop: OnLoop | None = None) -> Thinking:
        """How long the model may think. A window can ask what to do on a loop; a terminal cannot (None)."""
        from models.engine.protocol import OnLoop, Thinking

        return Thinking(
            budget_tokens=self.thinking_budget_tokens,
            at_least_tokens=self.thinking_at_least_tokens,
            skip=self.skips_thinking,
            on_loop=on_loop or OnLoop.ANSWER,
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
        content = json.dumps(vars(settings), indent=2, ensure_ascii=False).encode() + b"\n"
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
        untrusted_values: Any = json.loads(untrusted_bytes.decode(), parse_constant=_refuse_constant)
        json.dumps(untrusted_values, ensure_ascii=False).encode()  # half of a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not valid JSON ({error})") from error
    if not isinstance(untrusted_values, dict):
        raise ValueError(f"expected an object in braces, got {_in_words(untrusted_values)}")
    known = {name: untrusted_values[name] for name in _RULES if name in untrusted_values}
    for name, value in known.items():
        if isinstance(value, list):
            known[name] = tuple(value)
    if known.get("kv_type") in tuple(KvType):
        known["kv_type"] = KvType(known["kv_type"])
    return Settings(**known)  # says in words what is wrong


def _refuse_constant(name: str) -> NoReturn:
    """`NaN` and `Infinity`, which Python reads and JSON does not have."""
    raise ValueError(f"{name} is not a number")


def _set_aside_if_invalid(path: Path) -> None:
    try:
        _read(path)
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        set_aside(path)


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
        case list() | tuple():
            return "a list"
        case _:
            return "an object"
