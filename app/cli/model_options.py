"""What was said after `ponder models ACTION`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """What the command line said; each action uses some of it."""

    json: bool
    model: str = ""
    file: str | None = None
    path: str = ""
    repo: str = ""
    context: int | None = None
    kv_type: str | None = None
    copy: bool = False
    yes: bool = False
    yes_licence: bool = False
    revision: str | None = None
    endpoint: str | None = None
    proxy: str | None = None
    token_from_stdin: bool = False
