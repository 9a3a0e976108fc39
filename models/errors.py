"""Every exception raised on purpose below the window, each with a text fit to show.

AppError                        what happened, what was kept, what to do
├── ModelFileError              the file is not a model that can be used
├── LibraryError                what was asked of the model files on this disk could not be done
│   └── WorkStoppedError            the user stopped it
├── EngineError                 the engine process could not do what it was asked
│   ├── EngineStartError            it could not be started
│   ├── EngineStoppedError          it has gone, in the middle of something or not
│   ├── EngineProtocolError         it said something that is no message
│   ├── ModelLoadError              llama.cpp did not accept the model
│   ├── OutOfMemoryError            the model, or its context, needs more memory than is free
│   ├── PromptTooLongError          the question does not fit in the context
│   ├── TemplateError               the model's chat template cannot be used
│   └── RequestError                a value of the request is out of its range
└── (app.errors adds history, settings and input errors)

Anything that is not an `AppError` is a bug, and goes to the crash dialog. Only codes and
numbers cross the border of the engine process; `engine_error` rebuilds the class here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

Facts = Mapping[str, str | int | float]
"""What an error that crossed the process border says beside its code: numbers and short names."""


class AppError(Exception):
    """An error whose text is fit to show: what happened, what was kept, what to do.

    `details` holds what helps a developer (an exit code, a path) and never chat text.
    """

    code: ClassVar[str] = "app_error"

    def __init__(self, message: str, *, kept: str = "", advice: str = "", details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.kept = kept
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        """The whole text on one line, without the details."""
        return " ".join(part for part in (self.message, self.kept, self.advice) if part)


class ModelFileError(AppError):
    """The file is missing, unreadable, or not a GGUF model that Ponder can use."""

    code = "model_file"


class LibraryError(AppError):
    """What was asked of the model files on this disk could not be done."""

    code = "library"


class WorkStoppedError(LibraryError):
    """The user stopped it; nothing was changed."""

    code = "work_stopped"


class EngineError(AppError):
    """The engine process could not do what it was asked."""

    code = "engine"


class EngineStartError(EngineError):
    """The engine process could not be started."""

    code = "engine_start"


class EngineStoppedError(EngineError):
    """The engine process has gone."""

    code = "engine_stopped"


class EngineProtocolError(EngineError):
    """The engine process said something that is no message of the protocol."""

    code = "engine_protocol"


ENGINE_GONE = (EngineStartError, EngineStoppedError, EngineProtocolError)
"""After these nothing can be asked until the engine was restarted."""


class ModelLoadError(EngineError):
    """llama.cpp did not accept the model file, or there was not enough memory for it."""

    code = "model_load"


class OutOfMemoryError(EngineError):
    """The model, or the context that was asked for, needs more memory than is free."""

    code = "memory"


class PromptTooLongError(EngineError):
    """The question does not fit in the model's context."""

    code = "prompt_too_long"


class TemplateError(EngineError):
    """The model's chat template is missing, wrong, or does not come to an end."""

    code = "template"


class RequestError(EngineError):
    """A value of the request is out of its range."""

    code = "request"


_KEPT = "What you wrote is kept, and so is every finished answer."
_SHORT_OF = "Shorten it, or give the model a larger context."
_TOO_LONG = "The question is too long for this model"


def says_too_long(failure: str) -> bool:
    """Whether a failure from the history is that of a `PromptTooLongError`."""
    return failure.startswith(_TOO_LONG)


def engine_error(code: str, facts: Facts) -> EngineError | ModelFileError:
    """Rebuild the error that the engine process reported as `code` and `facts`."""
    detail = str(facts.get("detail", ""))
    match code:
        case "prompt_too_long":
            over = int(facts.get("prompt_tokens", 0)) - int(facts.get("room_tokens", 0))
            return PromptTooLongError(
                f"{_TOO_LONG} by {over:,} tokens "
                f"({int(facts.get('prompt_tokens', 0)):,} where {int(facts.get('room_tokens', 0)):,} fit).",
                kept="Nothing was sent; your text is kept.",
                advice=_SHORT_OF,
            )
        case "model_load":
            return ModelLoadError(
                "llama.cpp could not load this model.",
                advice="The file may be damaged, of a newer kind, or too large for the free memory.",
                details=detail,
            )
        case "memory":
            return _out_of_memory(facts)
        case "template":
            return TemplateError(
                "This model's chat template cannot be used: " + (detail or "it is missing") + ".",
                kept=_KEPT,
                advice="Choose another file of this model, one made for chat.",
            )
        case "model_file":
            return ModelFileError(detail or "This file is not a model that Ponder can use.")
        case "cannot_skip_thinking":
            return RequestError(
                f"This model ({facts.get('family', 'its family')}) always thinks before it answers.",
                advice="Give it a small thinking budget instead.",
            )
        case "request":
            return RequestError(detail or "A value of the request is out of its range.")
        case "engine_protocol":
            return EngineProtocolError(
                "The engine said something that Ponder does not understand, and was ended.",
                kept=_KEPT,
                advice="Restart the engine to go on.",
                details=detail,
            )
        case "engine_start":
            return EngineStartError(
                "The engine could not be started.",
                advice="Reinstall Ponder if this stays so.",
                details=detail,
            )
        case "engine_stopped":
            return EngineStoppedError(
                "The engine stopped" + (f": {detail}" if detail else "") + ".",
                kept=_KEPT,
                advice="Restart the engine to go on.",
                details=str(facts.get("exit", "")),
            )
        case _:
            return EngineError(
                "The engine could not do this.", advice="Try again.", details=f"{code} {detail}".strip()
            )


def _out_of_memory(facts: Facts) -> OutOfMemoryError:
    """From `needed_bytes`, `available_bytes`, `context_tokens`, and `fitting_tokens` (0: none does)."""
    needed, available = (int(facts.get(name, 0)) / 2**30 for name in ("needed_bytes", "available_bytes"))
    context, fitting = (int(facts.get(name, 0)) for name in ("context_tokens", "fitting_tokens"))
    advice = "Close other programs, or choose a smaller model."
    if fitting:
        advice = f"A context of {fitting:,} tokens would fit: choose that, or close other programs."
    return OutOfMemoryError(
        f"With a context of {context:,} tokens this model needs {needed:.1f} GB of memory, "
        f"and {available:.1f} GB can be used.",
        kept="Nothing was loaded; your chats are all there.",
        advice=advice,
    )
