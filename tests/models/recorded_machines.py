"""The recorded machines of tests/models/machines, by name."""

from __future__ import annotations

from pathlib import Path

import msgspec

from models.machine_recording import RawMachine

FOLDER = Path(__file__).parent / "machines"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def recorded_machine(name: str) -> RawMachine:
    return msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=RawMachine)
