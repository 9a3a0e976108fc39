"""Model files that other apps have downloaded, found when the user asks for it and used where they are."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.bounded_walk import BoundedWalk
from models.gguf_header import printable
from models.model_file import read_model_file
from models.model_parts import first_part, part_name, parts_of, size_on_disk_bytes
from models.other_app_folders import (
    Surroundings,
    gpt4all_folders,
    hugging_face_folders,
    jan_folders,
    llama_cpp_folders,
    lm_studio_folders,
    ollama_folders,
    read_json,
    read_small_file,
)

TIME_LIMIT_S = 5.0
"""For looking through the folders, and as long again for reading the headers of what was found."""
MAX_FOUND = 1000

_MODEL_LAYER = "application/vnd.ollama.image.model"
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_HUB_FOLDER = re.compile(r"models--(.+)")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A model of another app. `title` is fit to show: "deepseek-r1:14b in Ollama".

    `path` is its first file where it has several, `size_bytes` that of all of them. `problem` says why Ponder
    cannot use it, and is empty where it can, or where there was no time to look: then `is_read` is False.
    """

    path: Path
    app: str
    title: str
    size_bytes: int
    problem: str = ""
    is_read: bool = True

    @property
    def is_usable(self) -> bool:
        """Whether one can chat with it, as far as its header says."""
        return self.is_read and not self.problem


Named = tuple[Path, str]
"""A file, and what its app calls it."""


def find_files_of_other_apps(
    environ: Mapping[str, str],
    home: Path,
    *,
    time_limit_s: float = TIME_LIMIT_S,
    read_limit_s: float = TIME_LIMIT_S,
    platform: str = "",
) -> list[FoundFile]:
    """Look where other apps keep their models. Each file is given once, by whatever names it has.

    Takes `time_limit_s` for looking and `read_limit_s` for reading at most, and the time of one file.
    Nothing is opened but small files of the apps and, by the bounded reader, the headers of what was found.
    `platform` as in `sys.platform`, "" for that of this computer.
    """
    around = Surroundings(environ, home, platform) if platform else Surroundings(environ, home)
    walk = BoundedWalk(time_limit_s)
    named: dict[tuple[int, int], tuple[str, Path, str]] = {}
    for app, find in _APPS:
        for path, title in find(around, walk):
            mark = _mark(path)
            if mark is not None and len(named) < MAX_FOUND:
                named.setdefault(mark, (app, path, title))
    read_until_s = time.monotonic() + read_limit_s
    return [_found(app, path, title, read_until_s) for app, path, title in named.values()]


def _found(app: str, path: Path, title: str, read_until_s: float) -> FoundFile:
    title = printable(f"{title} in {app}", 200)
    if time.monotonic() > read_until_s:
        return FoundFile(path, app, title, size_on_disk_bytes(parts_of(path)), is_read=False)
    file = read_model_file(path)
    return FoundFile(path, app, title, file.size_bytes, file.problem)


def _mark(path: Path) -> tuple[int, int] | None:
    """What tells a file from others, whatever name it is reached by; None where it is not there."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _ggufs(walk: BoundedWalk, folder: Path) -> Iterator[Path]:
    """The models below a folder, each by its first file."""
    given: set[Path] = set()
    for path in walk.files(folder):
        if path.suffix.lower() == ".gguf":
            first = first_part(path)
            shown = first if first.is_file() else path  # part 1 is missing: say so of the others
            if first not in given:
                given.add(first)
                yield shown


def _name(path: Path) -> str:
    name = part_name(path.name)
    return name.prefix if name else path.stem


def _in_ollama(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    """By the manifests `HOST/OWNER/NAME/TAG`; "library" on Ollama's own host goes without saying."""
    for folder in ollama_folders(around):
        manifests = folder / "manifests"
        for manifest in walk.files(manifests, max_depth=4):
            names = manifest.relative_to(manifests).parts
            blob = _ollama_blob(read_json(manifest))
            if blob and len(names) >= 3:
                shown = names[1:] if names[0] == "registry.ollama.ai" else names
                shown = shown[1:] if shown[0] == "library" else shown
                yield folder / "blobs" / blob, "/".join(shown[:-1]) + ":" + shown[-1]


def _ollama_blob(untrusted_manifest: object) -> str:
    """The file name of the model that a manifest names; "" where it names none."""
    layers = untrusted_manifest.get("layers") if isinstance(untrusted_manifest, dict) else None
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == _MODEL_LAYER:
            digest = layer.get("digest")
            match = _DIGEST.fullmatch(digest) if isinstance(digest, str) else None
            return f"sha256-{match[1]}" if match else ""
    return ""


def _in_lm_studio(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    for folder in lm_studio_folders(around):
        for path in _ggufs(walk, folder):
            yield path, _name(path)


def _in_gpt4all(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    for folder in gpt4all_folders(around):
        for path in _ggufs(walk, folder):
            yield path, _name(path)


def _in_jan(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    """By the `model.yml` of each model where there is one: it may name a file elsewhere."""
    for data in jan_folders(around):
        for models in (data / "llamacpp" / "models", data / "models"):
            found = list(walk.files(models))
            for path in found:
                if path.name == "model.yml":
                    text = read_small_file(path)
                    title = _yaml_value(text, "name") or path.parent.relative_to(models).as_posix()
                    file = _yaml_value(text, "model_path")
                    if file and "\0" not in file:
                        yield data / file, title
            for path in dict.fromkeys(first_part(path) for path in found if path.suffix.lower() == ".gguf"):
                name, folder = _name(path), path.parent.relative_to(models).as_posix()
                yield path, folder if name == "model" else name


def _yaml_value(text: str, key: str) -> str:
    """The value of a plain line "key: value": all that these files have."""
    match = re.search(rf"^{key}:[ \t]*(.+?)[ \t]*$", text, re.M)
    return match[1].strip("\"'") if match else ""


def _in_hugging_face(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    """The names are links in `snapshots`, of which the newest one is to have its way."""
    for hub in hugging_face_folders(around):
        for repo, snapshots in _hub_folders(hub):
            for path in _newest_first(_ggufs(walk, snapshots)):
                yield path, f"{repo}: {_name(path)}"


def _hub_folders(hub: Path) -> list[tuple[str, Path]]:
    try:
        folders = sorted(hub.iterdir())
    except (OSError, ValueError):
        return []
    named = [(_HUB_FOLDER.fullmatch(folder.name), folder / "snapshots") for folder in folders]
    return [(match[1].replace("--", "/"), folder) for match, folder in named if match]


def _newest_first(paths: Iterator[Path]) -> list[Path]:
    def age(path: Path) -> float:
        try:
            return -path.lstat().st_mtime
        except OSError:
            return 0.0

    return sorted(paths, key=age)


def _in_llama_cpp(around: Surroundings, walk: BoundedWalk) -> Iterator[Named]:
    for folder in llama_cpp_folders(around):
        for path in _ggufs(walk, folder):
            yield path, _name(path)


_APPS: tuple[tuple[str, Callable[[Surroundings, BoundedWalk], Iterator[Named]]], ...] = (
    ("Ollama", _in_ollama),
    ("LM Studio", _in_lm_studio),
    ("Jan", _in_jan),
    ("GPT4All", _in_gpt4all),
    ("Hugging Face's cache", _in_hugging_face),
    ("llama.cpp's cache", _in_llama_cpp),
)
