"""Where the engine process stands, in a module of its own: the first picture of the window needs no more."""

from __future__ import annotations

import enum


class EngineState(enum.StrEnum):
    """Where the engine process stands.

    STOPPED: unexpectedly; `restart_engine` brings it back. ASLEEP: ended to give its memory back after a
    time of idleness; the next question wakes it.
    """

    STARTING = "starting"
    LOADING = "loading"
    READY = "ready"
    STOPPED = "stopped"
    ASLEEP = "asleep"
