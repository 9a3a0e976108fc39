"""Which process answers a running turn, so that a turn is given up only once its process is gone.

A window and a `ponder ask --save` in a terminal may use one history at the same time. Neither may
take the other's running turn for one that a crash left behind, so a running turn carries its
process: the id, and when it started, because ids are used again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import psutil

_CLOCK_TOLERANCE_S = 5.0
"""Start times are counted from the boot, whose time moves when the clock is set."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: its id and when it started, in seconds since 1970."""

    pid: int
    started_at_s: float

    @classmethod
    def this_process(cls) -> Owner:
        """The process that asks."""
        return cls(pid=os.getpid(), started_at_s=psutil.Process().create_time())

    def is_alive(self) -> bool:
        """Whether that very process still runs. One that may not be looked at counts as alive."""
        try:
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started_at_s) > _CLOCK_TOLERANCE_S:
                return False
            return bool(process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


def is_answer_written(connection: Any) -> bool:
    """Whether a process that still runs has a running turn in the history that the connection has open."""
    running = connection.execute(
        "SELECT owner_pid, owner_started_at_s FROM turns WHERE owner_pid IS NOT NULL"
    ).fetchall()
    return any(Owner(pid, started_at_s).is_alive() for pid, started_at_s in running)
