"""Keeps this process from leaving a dump of its memory behind when it crashes: the chat would be in it."""

from __future__ import annotations

import sys
from typing import Final

NO_CORE_BYTES: Final = 1 if sys.platform == "linux" else 0
"""The limit under which no core dump is made.

On Linux 0 is not enough: where dumps go to a program (systemd-coredump, apport), the kernel does not ask for
the limit, except that it makes none for a process whose limit is 1 (`do_coredump` of fs/coredump.c). For
a file, any limit below a page means none.
"""


def forbid_core_dumps() -> None:
    """Have the system make no core dump of this process and those it starts, for good."""
    if sys.platform == "win32":  # Windows keeps dumps only where its user has asked for them
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (NO_CORE_BYTES, NO_CORE_BYTES))
