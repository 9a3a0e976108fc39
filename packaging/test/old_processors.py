"""Runs a package's engine on old processors that qemu imitates: Ponder Mini must answer on each of them.

`python packaging/test/old_processors.py FOLDER`. Prints one line for each. Needs Debian's qemu-user.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from app.doctor_engine import check_engine  # noqa: E402 - which lies there
from models.own_programs import OWN_PROCESS_OPTION  # noqa: E402

PROCESSORS = {
    "qemu64": (),  # plain x86-64 and SSE3, as of 2003
    "Westmere": (),
    "SandyBridge": ("avx",),
    "Haswell": ("avx", "avx2"),
}
"""Each with the instructions beyond SSE that llama.cpp's module for it must use, and no others."""
INSTRUCTIONS = ("avx", "avx2", "avx512")


def command_on(processor: str, engine: Path, module: str) -> list[str]:
    """The command that runs a module of the engine's program on an imitated processor.

    The program starts itself anew with these variables set, and that would be on the real processor; with
    them set it does not.
    """
    inside = engine.parent / "_internal"
    environment = {
        "LD_LIBRARY_PATH": str(inside),
        "_PYI_APPLICATION_HOME_DIR": str(inside),
        "_PYI_ARCHIVE_FILE": str(engine),
        "_PYI_PARENT_PROCESS_LEVEL": "0",
        "PONDER_GPU": "off",
    }
    settings = [word for name, value in environment.items() for word in ("-E", f"{name}={value}")]
    return ["qemu-x86_64", "-cpu", processor, *settings, str(engine), OWN_PROCESS_OPTION, module]


def used_instructions(processor: str, engine: Path) -> tuple[str, ...]:
    """What the module that llama.cpp chose was built with."""
    command = command_on(processor, engine, "models.engine.device_probe")
    done = subprocess.run(command, capture_output=True, check=True, timeout=300)
    features = json.loads(done.stdout.splitlines()[0])["cpu_features"]
    return tuple(name for name in INSTRUCTIONS if name in features)


def main() -> int:
    """Ask on each processor. Gives 1 where one could not answer."""
    engine = Path(sys.argv[1]).resolve() / "ponder-engine"
    model = engine.parent / "_internal" / "resources" / "models" / "ponder-mini.gguf"
    failed = False
    for processor, wanted in PROCESSORS.items():
        used = used_instructions(processor, engine)
        check = check_engine(model, command_on(processor, engine, "models.engine.worker"))
        is_right = check.answer_problem == "" and used == wanted
        failed = failed or not is_right
        outcome = "answered" if check.answer_problem == "" else f"did not answer: {check.answer_problem}"
        instructions = " ".join(used) or "SSE only"
        sys.stdout.write(f"{processor}: {outcome} in {check.seconds:.1f} s, with {instructions}\n")
        sys.stdout.flush()
    return int(failed)


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    sys.exit(main())
