"""Where other apps keep their model files, on each system, and what their own small files say of that.

Only these small files are read, settings and manifests, 1 MiB of each at most, and none of them is trusted.
Sources: huggingface_hub's constants.py; the documentation of LM Studio, GPT4All and Ollama; Jan's own source
(src-tauri/src/core/app); common/common.cpp of llama.cpp (fs_get_cache_directory).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

MAX_SMALL_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Whose files are looked for: environment, home folder, and `sys.platform`."""

    environ: Mapping[str, str]
    home: Path
    platform: str = sys.platform

    def from_environ(self, name: str) -> Path | None:
        """The folder that a variable names, if it is an absolute one."""
        text = self.environ.get(name, "")
        if text.startswith("~/"):
            return self.home / text[2:]
        return _path_in(text)

    @property
    def data_dir(self) -> Path:
        """Where programs of this user keep their data; on Windows what is not carried to other computers."""
        if self.platform == "win32":
            return self.from_environ("LOCALAPPDATA") or self.home / "AppData" / "Local"
        if self.platform == "darwin":
            return self.home / "Library" / "Application Support"
        return self.from_environ("XDG_DATA_HOME") or self.home / ".local" / "share"

    @property
    def roaming_dir(self) -> Path:
        """The same, on Windows for what is carried to other computers."""
        if self.platform == "win32":
            return self.from_environ("APPDATA") or self.home / "AppData" / "Roaming"
        return self.data_dir

    @property
    def cache_dir(self) -> Path:
        """Where programs of this user keep what they can fetch again."""
        if self.platform == "win32":
            return self.data_dir
        if self.platform == "darwin":
            return self.home / "Library" / "Caches"
        return self.from_environ("XDG_CACHE_HOME") or self.home / ".cache"

    @property
    def config_dir(self) -> Path:
        """Where programs of this user keep their settings."""
        if self.platform == "linux":
            return self.from_environ("XDG_CONFIG_HOME") or self.home / ".config"
        return self.roaming_dir


def hugging_face_folders(around: Surroundings) -> list[Path]:
    """The cache of huggingface_hub: `models--OWNER--NAME/snapshots/REVISION/FILE`."""
    set_home = around.from_environ("HF_HOME")
    cache = around.from_environ("XDG_CACHE_HOME") or around.home / ".cache"  # on all systems
    return _each(
        around.from_environ("HF_HUB_CACHE"),
        around.from_environ("HUGGINGFACE_HUB_CACHE"),
        set_home / "hub" if set_home else None,
        cache / "huggingface" / "hub",
    )


def lm_studio_folders(around: Surroundings) -> list[Path]:
    """`PUBLISHER/MODEL/FILE`, in the default places and where the settings say."""
    homes = [around.home / ".lmstudio", around.home / ".cache" / "lm-studio"]
    pointed = _path_in(read_small_file(around.home / ".lmstudio-home-pointer").strip())
    if pointed:
        homes.insert(0, pointed)
    chosen = [_setting(home / "settings.json", "downloadsFolder") for home in homes]
    return _each(*chosen, *(home / "models" for home in homes))


def gpt4all_folders(around: Surroundings) -> list[Path]:
    """`FILE`, in the default place and where the settings say."""
    chosen = None
    match = re.search(
        r"^modelPath=(.+)$", read_small_file(around.config_dir / "nomic.ai" / "GPT4All.ini"), re.M
    )
    if match:
        chosen = _path_in(match[1].strip().strip('"'))
    return _each(chosen, around.data_dir / "nomic.ai" / "GPT4All")


def jan_folders(around: Surroundings) -> list[Path]:
    """Jan's data folders, in which the models are: `llamacpp/models/NAME/model.gguf`, formerly `models/`."""
    settings = [
        around.roaming_dir / "Jan" / "settings.json",
        around.config_dir / "Jan" / "settings.json",
        around.roaming_dir / "jan.ai.app" / "settings.json",
    ]
    return _each(
        around.from_environ("JAN_DATA_FOLDER"),
        *(_setting(file, "data_folder") for file in settings),
        around.roaming_dir / "Jan" / "data",
        around.home / "jan",
    )


def ollama_folders(around: Surroundings) -> list[Path]:
    """Ollama's folders with `manifests` and `blobs`; the service on Linux has a home of its own."""
    of_service = Path("/usr/share/ollama/.ollama/models") if around.platform == "linux" else None
    return _each(around.from_environ("OLLAMA_MODELS"), around.home / ".ollama" / "models", of_service)


def llama_cpp_folders(around: Surroundings) -> list[Path]:
    """`FILE`, as `llama-server -hf` fetched it."""
    return _each(around.from_environ("LLAMA_CACHE"), around.cache_dir / "llama.cpp")


def read_small_file(path: Path) -> str:
    """The text of a small file of another app; "" where there is none, it is large, or no text."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            content = file.read(MAX_SMALL_FILE_BYTES + 1)
        return content.decode("utf-8-sig") if len(content) <= MAX_SMALL_FILE_BYTES else ""
    except (OSError, ValueError):  # not ours to read; not UTF-8; no name of a file
        return ""


def read_json(path: Path) -> object:
    """What a small JSON file of another app says; None where it says nothing."""
    try:
        decoded: object = msgspec.json.decode(read_small_file(path))
    except (msgspec.DecodeError, RecursionError):
        return None
    return decoded


def _setting(file: Path, key: str) -> Path | None:
    values = read_json(file)
    value = values.get(key) if isinstance(values, dict) else None
    return _path_in(value) if isinstance(value, str) else None


def _path_in(untrusted_text: str) -> Path | None:
    """An absolute path that a file of another app names."""
    if not untrusted_text or "\0" in untrusted_text:
        return None
    path = Path(untrusted_text)
    return path if path.is_absolute() else None


def _each(*folders: Path | None) -> list[Path]:
    return list(dict.fromkeys(folder for folder in folders if folder is not None))
