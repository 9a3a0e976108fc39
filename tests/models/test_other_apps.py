"""Model files of other apps are found where these keep them, named, and told whether they can be used."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from models import bounded_walk, other_apps
from models.bounded_walk import BoundedWalk
from models.library import Library
from models.other_apps import MAX_FOUND, FoundFile, find_files_of_other_apps
from tests.models.model_sets import sha256_of, write_parts
from tests.models.tiny_gguf import write_tiny_gguf

MODEL_LAYER = "application/vnd.ollama.image.model"
REPO = "bartowski/DeepSeek-R1-Distill-Qwen-1.5B-GGUF"


def tiny(path: Path, name: str = "Tiny") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_tiny_gguf(path, changes={"general.name": name})


def found(home: Path, platform: str = "linux", **environ: str) -> list[FoundFile]:
    """What is found, without what this computer's own service has."""
    files = find_files_of_other_apps(environ, home, platform=platform)
    return [file for file in files if not file.path.is_relative_to("/usr/share/ollama")]


def in_ollama(models: Path, *names: str, digest: str = "", content: str = "Tiny") -> Path:
    """Put a model into a folder of Ollama's, as `ollama pull` does."""
    blob = tiny(models / "blobs" / "new", content)
    hexadecimal = sha256_of(blob)
    blob = blob.rename(models / "blobs" / f"sha256-{hexadecimal}")
    manifest = models.joinpath("manifests", *names)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    digest = digest.replace("HASH", hexadecimal)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:" + "1" * 64, "size": 5},
        {"mediaType": MODEL_LAYER, "digest": digest or f"sha256:{hexadecimal}", "size": blob.stat().st_size},
    ]
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": layers}))
    return blob


def in_hugging_face(hub: Path, repo: str, revision: str, file: str, content: str = "Tiny") -> Path:
    """Put a file into a cache of huggingface_hub: a blob named by its hash, and a link with its name."""
    folder = hub / ("models--" + repo.replace("/", "--"))
    blob = tiny(folder / "blobs" / "new", content)
    blob = blob.rename(folder / "blobs" / sha256_of(blob))
    link = folder / "snapshots" / revision / file
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(os.path.relpath(blob, link.parent))
    return link


def test_nothing_there_is_nothing_found(home: Path) -> None:
    assert found(home) == []
    assert found(home / "nowhere") == []
    assert list(home.iterdir()) == []


# Ollama


def test_ollama_by_its_manifests(home: Path) -> None:
    models = home / ".ollama" / "models"
    blob = in_ollama(models, "registry.ollama.ai", "library", "deepseek-r1", "14b")
    (file,) = found(home)
    assert file == FoundFile(blob, "Ollama", "deepseek-r1:14b in Ollama", blob.stat().st_size)
    assert file.is_usable


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (("registry.ollama.ai", "someone", "r1", "latest"), "someone/r1:latest in Ollama"),
        (("hf.co", "bartowski", "R1-GGUF", "Q4_K_M"), "hf.co/bartowski/R1-GGUF:Q4_K_M in Ollama"),
    ],
)
def test_ollama_with_other_owners_and_hosts(home: Path, names: tuple[str, ...], title: str) -> None:
    in_ollama(home / "elsewhere", *names)
    (file,) = found(home, OLLAMA_MODELS=str(home / "elsewhere"))
    assert file.title == title


def test_two_names_of_one_blob_are_one_file(home: Path) -> None:
    for tag in ("14b", "latest"):
        in_ollama(home / ".ollama" / "models", "registry.ollama.ai", "library", "r1", tag)
    assert [file.title for file in found(home)] == ["r1:14b in Ollama"]


@pytest.mark.parametrize(
    "digest", ["sha256:../../../secret", "sha256:" + "A" * 64, "md5:1", "", "sha256:HASH/x", "sha256:/HASH"]
)
def test_ollama_manifests_are_not_trusted(home: Path, digest: str) -> None:
    models = home / ".ollama" / "models"
    in_ollama(models, "registry.ollama.ai", "library", "r1", "1", digest=digest or "-")
    assert found(home) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"layers": 5}', b'{"layers": [5, {"mediaType": []}]}', b"[" * 100_000, b"\xff"],
)
def test_spoilt_manifests_are_passed_over(home: Path, content: bytes) -> None:
    models = home / ".ollama" / "models"
    blob = in_ollama(models, "registry.ollama.ai", "library", "good", "1")
    (models / "manifests" / "registry.ollama.ai" / "library" / "good" / "2").write_bytes(content)
    (models / "manifests" / "large").write_bytes(b" " * 2_000_000)
    assert [file.path for file in found(home)] == [blob]


def test_a_blob_that_is_no_chat_model_says_why(home: Path) -> None:
    models = home / ".ollama" / "models"
    blob = in_ollama(models, "registry.ollama.ai", "library", "r1", "1")
    blob.write_bytes(b"PK\x03\x04")
    (file,) = found(home)
    assert "ZIP archive" in file.problem
    assert not file.is_usable


# The others


@pytest.mark.parametrize(
    ("platform", "folder", "app"),
    [
        ("linux", ".lmstudio/models/publisher/model", "LM Studio"),
        ("linux", ".cache/lm-studio/models/publisher/model", "LM Studio"),
        ("linux", ".local/share/nomic.ai/GPT4All", "GPT4All"),
        ("win32", "AppData/Local/nomic.ai/GPT4All", "GPT4All"),
        ("darwin", "Library/Application Support/nomic.ai/GPT4All", "GPT4All"),
        ("linux", ".cache/llama.cpp", "llama.cpp's cache"),
        ("darwin", "Library/Caches/llama.cpp", "llama.cpp's cache"),
        ("win32", "AppData/Local/llama.cpp", "llama.cpp's cache"),
        ("linux", "jan/models/r1", "Jan"),
        ("linux", ".local/share/Jan/data/llamacpp/models/r1", "Jan"),
        ("win32", "AppData/Roaming/Jan/data/llamacpp/models/r1", "Jan"),
        ("darwin", "Library/Application Support/Jan/data/llamacpp/models/r1", "Jan"),
    ],
)
def test_default_folders(home: Path, platform: str, folder: str, app: str) -> None:
    path = tiny(home / folder / "R1 Größe 中文 Q4.gguf")
    assert found(home, platform) == [FoundFile(path, app, f"R1 Größe 中文 Q4 in {app}", path.stat().st_size)]


@pytest.mark.parametrize(
    ("settings", "content", "app"),
    [
        (".lmstudio/settings.json", '{{"downloadsFolder": "{}"}}', "LM Studio"),
        (".cache/lm-studio/settings.json", '{{"downloadsFolder": "{}"}}', "LM Studio"),
        (".local/share/Jan/settings.json", '{{"data_folder": "{}", "quick_ask": false}}', "Jan"),
        (".config/Jan/settings.json", '{{"data_folder": "{}"}}', "Jan"),
        (".config/nomic.ai/GPT4All.ini", "[General]\nuserDefaultModel=x\nmodelPath={}\n", "GPT4All"),
    ],
)
def test_folders_of_the_apps_settings(home: Path, settings: str, content: str, app: str) -> None:
    chosen = home / "my disk"
    path = tiny(chosen / "models" / "a.gguf")
    (home / settings).parent.mkdir(parents=True)
    (home / settings).write_text(content.format(chosen))
    assert [(file.path, file.app) for file in found(home)] == [(path, app)]
    for spoilt in ("{", "[]", '{"downloadsFolder": 5, "data_folder": null}', "modelPath=relative\n", "\0"):
        (home / settings).write_text(spoilt)
        assert found(home) == []


@pytest.mark.parametrize(
    "variable", ["HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "LLAMA_CACHE", "JAN_DATA_FOLDER"]
)
def test_folders_of_the_environment(home: Path, variable: str) -> None:
    folder = home / "set"
    made: dict[str, Callable[[], Path]] = {
        "HF_HUB_CACHE": lambda: in_hugging_face(folder, REPO, "main", "a.gguf"),
        "HF_HOME": lambda: in_hugging_face(folder / "hub", REPO, "main", "a.gguf"),
        "XDG_CACHE_HOME": lambda: in_hugging_face(folder / "huggingface" / "hub", REPO, "main", "a.gguf"),
        "LLAMA_CACHE": lambda: tiny(folder / "a.gguf"),
        "JAN_DATA_FOLDER": lambda: tiny(folder / "llamacpp" / "models" / "x" / "model.gguf"),
    }
    path = made[variable]()
    assert [file.path for file in found(home, **{variable: str(folder)})] == [path]
    assert found(home, **{variable: "relative"}) == []
    assert found(home, **{variable: ""}) == []


def test_hugging_face_keeps_the_names_of_its_links(home: Path) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    link = in_hugging_face(hub, REPO, "9cc28b17", "sub/R1-Q4_K_M.gguf")
    (hub / ".locks").mkdir()
    (file,) = found(home)
    assert file.path == link
    assert file.title == f"{REPO}: R1-Q4_K_M in Hugging Face's cache"
    assert file.size_bytes == link.stat().st_size


def test_one_blob_of_two_revisions_is_one_file(home: Path) -> None:
    hub = home / ".cache" / "huggingface" / "hub"
    old, new = (in_hugging_face(hub, REPO, revision, "a.gguf") for revision in ("b", "a"))
    os.utime(old, ns=(0, 0), follow_symlinks=False)
    assert [file.path for file in found(home)] == [new]


def test_a_set_of_files_is_one_and_used_in_place(home: Path, tmp_path: Path) -> None:
    snapshot = home / ".cache" / "huggingface" / "hub" / "models--a--b" / "snapshots" / "1"
    snapshot.mkdir(parents=True)
    blobs = snapshot.parent.parent / "blobs"
    for number, path in enumerate(write_parts(blobs)):
        (snapshot / path.name).symlink_to(path.rename(blobs / str(number)))
    (file,) = found(home)
    assert file.path == snapshot / "big-00001-of-00003.gguf"
    assert file.problem == ""
    assert file.title == "a/b: big in Hugging Face's cache"
    library = Library(tmp_path / "models", tmp_path / "l.json", tmp_path / "m.gguf", published=())
    library.add(file.path, copy=False, title=file.title)
    model = library.models()[1]
    assert (model.path, model.problem, model.title) == (file.path, "", file.title)
    (snapshot / "big-00002-of-00003.gguf").unlink()
    assert "part 2 is missing" in found(home)[0].problem
    (snapshot / "big-00001-of-00003.gguf").unlink()
    assert "parts 1, 2 are missing" in found(home)[0].problem


def test_jan_by_its_model_yml(home: Path) -> None:
    data = home / ".local" / "share" / "Jan" / "data"
    inside = tiny(data / "llamacpp" / "models" / "janhq" / "Jan-v1" / "model.gguf")
    (inside.parent / "model.yml").write_text(
        "embedding: false\nmodel_path: llamacpp/models/janhq/Jan-v1/model.gguf\nname: Jan v1\nsize_bytes: 5\n"
    )
    imported = tiny(home / "Downloads" / "mine.gguf")
    other = data / "llamacpp" / "models" / "imported"
    other.mkdir()
    (other / "model.yml").write_text(f"model_path: '{imported}'\n")
    (data / "llamacpp" / "models" / "spoilt").mkdir()
    (data / "llamacpp" / "models" / "spoilt" / "model.yml").write_bytes(b"model_path: \xff\0")
    bare = tiny(data / "llamacpp" / "models" / "bare" / "model.gguf")
    assert {(file.path, file.title) for file in found(home)} == {
        (inside, "Jan v1 in Jan"),
        (imported, "imported in Jan"),
        (bare, "bare in Jan"),
    }


# Bounds


@pytest.mark.skipif(sys.platform == "win32", reason="needs links and pipes")
def test_loops_pipes_and_lost_links(home: Path) -> None:
    models = home / ".lmstudio" / "models"
    path = tiny(models / "a" / "a.gguf")
    (models / "a" / "loop").symlink_to(models)
    (models / "b").symlink_to(models / "a")
    (models / "self.gguf").symlink_to(models / "self.gguf")
    (models / "lost.gguf").symlink_to(home / "nowhere")
    os.mkfifo(models / "pipe.gguf")
    os.mkfifo(home / ".lmstudio" / "settings.json")
    (models / "folder.gguf").mkdir()
    assert [file.path for file in found(home)] == [path]
    assert list(BoundedWalk(5.0).files(models)) == [path]


def test_folders_too_deep_are_not_entered(home: Path) -> None:
    models = home / ".lmstudio" / "models"
    inside = tiny(models.joinpath(*"12345678") / "a.gguf")
    tiny(models.joinpath(*"123456789") / "b.gguf")
    assert [file.path for file in found(home)] == [inside]


def test_names_are_counted(home: Path) -> None:
    for index in range(40):
        (home / f"{index:02d}.gguf").write_bytes(b"")
    assert len(list(BoundedWalk(5.0, max_names=10).files(home))) == 9
    walk = BoundedWalk(5.0, max_names=1000)
    assert len(list(walk.files(home))) == 40
    assert not walk.is_over


def test_time_is_bounded(home: Path) -> None:
    tiny(home / ".lmstudio" / "models" / "a.gguf")
    assert find_files_of_other_apps({}, home, time_limit_s=-1.0, platform="darwin") == []


def test_what_there_was_no_time_to_read_says_so(home: Path) -> None:
    path = tiny(home / ".lmstudio" / "models" / "a.gguf")
    (file,) = find_files_of_other_apps({}, home, read_limit_s=-1.0, platform="darwin")
    assert (file.path, file.is_read, file.is_usable, file.problem) == (path, False, False, "")
    assert file.size_bytes == path.stat().st_size


def test_a_thousand_models_take_no_more_than_their_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = home / ".lmstudio" / "models"
    first = tiny(models / "000" / "a.gguf")
    for index in range(1, 1100):
        path = models / f"{index:03d}" / "a.gguf"
        path.parent.mkdir()
        path.write_bytes(first.read_bytes())
    files = find_files_of_other_apps({}, home, time_limit_s=1e9, read_limit_s=-1.0, platform="darwin")
    assert len(files) == MAX_FOUND
    assert all(file.app == "LM Studio" for file in files)

    looks_at_the_clock = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: float(next(looks_at_the_clock)))
    monkeypatch.setattr(bounded_walk, "time", clock)
    monkeypatch.setattr(other_apps, "time", clock)
    files = find_files_of_other_apps({}, home, time_limit_s=2000.0, read_limit_s=100.0, platform="darwin")
    assert 100 < len(files) < MAX_FOUND
    assert sum(file.is_read for file in files) == 100
