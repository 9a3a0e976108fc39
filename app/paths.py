"""Where Ponder's files are: everything under `PONDER_HOME`, or where this system keeps such files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from app.errors import FolderError

HOME_VARIABLE = "PONDER_HOME"
_APP_NAME = "ponder"
_PRIVATE_FOLDER = 0o700


class Paths(NamedTuple):
    """The folders, all absolute. Nothing is created before `make_folders`.

    `models_dir` is a field of its own, not a name below `data_dir`: llama.cpp on Windows cannot
    open a path outside the code page (https://github.com/ggml-org/llama.cpp/issues/18571), so the
    models may have to live away from a user's folder with such a name.
    """

    data_dir: Path
    config_dir: Path
    models_dir: Path
    log_dir: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Paths:
        """The folders for this user: below `PONDER_HOME` where it is set and not empty.

        Without it platformdirs decides, which on Linux looks at the XDG variables of the process.
        """
        home = environ.get(HOME_VARIABLE, "")
        if home:
            folder = Path(home).absolute()
            return cls(
                data_dir=folder, config_dir=folder, models_dir=folder / "models", log_dir=folder / "logs"
            )
        import platformdirs  # here: 4 ms that a start with PONDER_HOME need not wait for

        data_dir = platformdirs.user_data_path(_APP_NAME, appauthor=False)
        return cls(
            data_dir=data_dir,
            config_dir=platformdirs.user_config_path(_APP_NAME, appauthor=False),
            models_dir=data_dir / "models",
            log_dir=platformdirs.user_log_path(_APP_NAME, appauthor=False),
        )

    @property
    def history_file(self) -> Path:
        """The conversations (SQLite)."""
        return self.data_dir / "history.db"

    @property
    def settings_file(self) -> Path:
        """The settings (JSON)."""
        return self.config_dir / "settings.json"

    @property
    def crash_record_file(self) -> Path:
        """Which models ended the engine (JSON, no word of any chat)."""
        return self.config_dir / "crashes.json"

    @property
    def library_file(self) -> Path:
        """What is remembered of each model file: titles, notes, hashes, last use (JSON)."""
        return self.data_dir / "library.json"

    @property
    def bandwidth_file(self) -> Path:
        """How fast the memory of this computer was measured to be (JSON)."""
        return self.data_dir / "bandwidth.json"

    @property
    def corrections_file(self) -> Path:
        """How far off the sums for models were on this computer (JSON)."""
        return self.data_dir / "corrections.json"

    @property
    def lock_file(self) -> Path:
        """Held by the one window that may be open on this data folder."""
        return self.data_dir / "ponder.lock"

    def make_folders(self) -> None:
        """Create what is missing, for this user's eyes only. Raises `FolderError`."""
        for folder in (self.data_dir, self.config_dir, self.models_dir, self.log_dir):
            try:
                folder.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            except OSError as error:
                raise FolderError(
                    f"The folder {folder} cannot be made: {error.strerror or error}.",
                    kept="Nothing was changed.",
                    advice=f"Make room or give yourself the right to write there, or set {HOME_VARIABLE} "
                    "to a folder that you can write to.",
                    details=repr(error),
                ) from error


def built_in_model_file() -> Path:
    """Ponder Mini, the demonstration model in the box.

    Found beside the code, in a checkout, an installation and a packaged app alike. Not through
    `importlib.resources`: `resources` holds no code, so it would be a namespace package, and those
    are put together from every folder of that name on the path, the current one included.
    """
    return Path(__file__).resolve().parent.parent / "resources" / "models" / "ponder-mini.gguf"
