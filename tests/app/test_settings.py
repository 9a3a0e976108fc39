from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.errors import SettingsError
from app.settings import Settings, load_settings, save_settings
from models.engine.kv_type import KvType
from models.engine.protocol import Sampling, Thinking

OTHER = Settings(
    theme="dark",
    temperature=0.7,
    top_p=1,
    skips_thinking=True,
    kv_type=KvType.Q8_0,
    model_path="/models/红 é.gguf",
    opened_models=("/models/红 é.gguf", "/other.gguf"),
    context_tokens=4096,
    thinking_budget_tokens=2048,
    show_thinking=True,
    reads_ahead=False,
    window_width=900,
    window_height=700,
    sidebar_open=False,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def write(path: Path, content: bytes) -> bytes:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return content


def names_in(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_no_file_means_the_defaults_and_makes_none(path: Path) -> None:
    assert load_settings(path) == (Settings(), None)
    assert not path.parent.exists()


def test_the_defaults_are_the_recipe() -> None:
    assert Settings().sampling() == Sampling()
    assert OTHER.sampling() == Sampling(temperature=0.7, top_p=1)
    assert Settings().thinking() == Thinking()
    assert OTHER.thinking() == Thinking(budget_tokens=2048, skip=True)


def test_what_is_saved_is_loaded(path: Path) -> None:
    save_settings(path, Settings())
    save_settings(path, OTHER)
    assert load_settings(path) == (OTHER, None)
    assert names_in(path.parent) == ["settings.json"]
    assert path.read_text(encoding="utf-8").startswith('{\n  "theme": "dark",\n')


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps files apart by the user's profile, not by mode")
def test_the_file_is_for_its_user_alone(path: Path) -> None:
    save_settings(path, Settings())
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_missing_keys_are_defaults_and_unknown_ones_are_passed_over(path: Path) -> None:
    write(path, b'{"theme": "light", "colour_of_the_moon": [1, {"a": null}]}')
    assert load_settings(path) == (Settings(theme="light"), None)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            b'{"temperature": "warm"}',
            'temperature: expected null, or a number from 0 to 2, got the text "warm"',
        ),
        (b'{"temperature": 2.01}', "temperature: expected null, or a number from 0 to 2, got 2.01"),
        (b'{"theme": null}', "got null"),
        (b'{"temperature": true}', "got true"),
        (b'{"top_p": 0}', "top_p: expected null, or a number above 0 and at most 1, got 0"),
        (b'{"theme": "pink"}', 'theme: expected "system", "light" or "dark", got the text "pink"'),
        (b'{"theme": 3}', "theme: expected"),
        (b'{"opened_models": "a.gguf"}', "opened_models: expected a list of at most 50 texts"),
        (b'{"opened_models": [1]}', "opened_models: expected a list of at most 50 texts, got a list"),
        (b'{"model_path": []}', "model_path: expected text"),
        (b'{"context_tokens": 255}', "context_tokens: expected 0, or a whole number from 256 to 1,048,576"),
        (b'{"context_tokens": 1048577}', "got 1048577"),
        (b'{"context_tokens": 4096.5}', "got 4096.5"),
        (b'{"context_tokens": -1}', "got -1"),
        (b'{"thinking_budget_tokens": 63}', "expected 0, or a whole number from 64 to 65,536, got 63"),
        (b'{"thinking_budget_tokens": 65537}', "thinking_budget_tokens: expected 0, or"),
        (b'{"reads_ahead": "yes"}', "reads_ahead: expected true or false"),
        (b'{"show_thinking": 1}', "show_thinking: expected true or false, got 1"),
        (b'{"sidebar_open": {}}', "got an object"),
        (b'{"window_width": 10}', "window_width: expected a whole number from 320"),
        (b"[]", "expected an object in braces, got a list"),
        (b"", "not valid JSON"),
        (b'{"theme": "dark",}', "not valid JSON"),
        (b'{"theme": "\xff"}', "not valid JSON"),
        (b"\xff\xfe{", "not valid JSON"),
        (b"[" * 900_000, "not valid JSON"),
        (b'{"temperature": NaN}', "not valid JSON"),
        (b'{"temperature": 1e999}', "temperature: expected null, or a number from 0 to 2, got inf"),
        (b'{"context_tokens": ' + b"9" * 5_000 + b"}", "not valid JSON"),
        (b'{"model_path": "half a pair: \\ud83e"}', "not valid JSON"),
        (b'{"kv_type": "q4_0"}', 'kv_type: expected "f16" or "q8_0", got the text "q4_0"'),
        (b'{"kv_type": []}', "kv_type: expected"),
        (b'{"zoom_percent": 100.0}', "zoom_percent: expected a whole number from 60 to 300, got 100.0"),
        (b'{"hub_proxy": "' + b"x" * 2_001 + b'"}', "hub_proxy: expected an address of at most 2000"),
        (b'{"unload_after_min": 1441}', "expected 0, or a whole number of minutes up to 1,440, got 1441"),
        (b" " * 1_100_000, "larger than 1 MiB"),
    ],
)
def test_an_invalid_file_says_what_is_wrong_and_stays(path: Path, content: bytes, words: str) -> None:
    write(path, content)
    loaded, error = load_settings(path)
    assert loaded == Settings()
    assert isinstance(error, SettingsError)
    assert words in error.message
    assert str(path) in error.message
    assert "left as it is" in error.kept
    assert path.read_bytes() == content
    assert names_in(path.parent) == ["settings.json"]


def test_an_invalid_file_is_set_aside_when_a_setting_changes(path: Path) -> None:
    first = write(path, b'{"temperature": "warm"}')
    save_settings(path, OTHER)
    second = write(path, b"broken again")
    save_settings(path, OTHER)
    save_settings(path, Settings())
    assert names_in(path.parent) == ["settings.invalid-1.json", "settings.invalid-2.json", "settings.json"]
    assert path.with_name("settings.invalid-1.json").read_bytes() == first
    assert path.with_name("settings.invalid-2.json").read_bytes() == second
    assert load_settings(path) == (Settings(), None)


def test_a_folder_or_a_pipe_in_the_place_of_the_file(path: Path) -> None:
    path.mkdir(parents=True)
    loaded, error = load_settings(path)
    assert loaded == Settings()
    assert error is not None
    assert "not a file" in error.message
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        _, error = load_settings(path)
        assert error is not None
    save_settings(path, OTHER)
    assert load_settings(path) == (OTHER, None)


def test_a_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles" / "ponder.json"
    write(target, b"{}")
    path.parent.mkdir()
    path.symlink_to(target)
    save_settings(path, OTHER)
    assert path.is_symlink()
    assert load_settings(target) == (OTHER, None)


def test_a_path_that_is_no_text_is_an_error_and_changes_nothing(path: Path) -> None:
    save_settings(path, OTHER)
    with pytest.raises(SettingsError, match="cannot be written down"):
        save_settings(path, Settings(model_path=os.fsdecode(b"/models/\xff.gguf")))
    assert load_settings(path) == (OTHER, None)


def test_a_file_where_the_folder_should_be(path: Path) -> None:
    path.parent.write_bytes(b"")
    loaded, error = load_settings(path)
    assert (loaded, type(error)) == (Settings(), SettingsError)
    with pytest.raises(SettingsError, match="could not be written"):
        save_settings(path, Settings())


def test_every_setting_has_a_rule_and_is_of_its_own_kind_again(path: Path) -> None:
    for name, value in {"kv_type": "q4_0", **dict.fromkeys(vars(Settings()), object())}.items():
        with pytest.raises(ValueError, match=f"{name}: expected"):
            Settings(**{name: value})  # type: ignore[arg-type]
    save_settings(path, OTHER)
    loaded, _ = load_settings(path)
    assert loaded.kv_type is KvType.Q8_0
    assert isinstance(loaded.opened_models, tuple)


@pytest.mark.parametrize(
    "values",
    [{"temperature": -0.1}, {"top_p": 1.1}, {"context_tokens": 100}, {"theme": "pink"}, {"window_height": 0}],
)
def test_no_invalid_settings_can_be_made(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(values))}: expected"):
        Settings(**values)
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(Settings(), **values)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary() | st.text().map(lambda text: msgspec.json.encode({"theme": text, "model_path": text}))
)
def test_any_bytes_give_settings(path: Path, content: bytes) -> None:
    write(path, content)
    load_settings(path)
    assert path.read_bytes() == content


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changed=st.builds(
        Settings,
        theme=st.sampled_from(["system", "light", "dark"]),
        temperature=st.none() | st.floats(0, 2),
        top_p=st.floats(0, 1, exclude_min=True),
        model_path=st.text(),
        context_tokens=st.just(0) | st.integers(256, 1_048_576),
        thinking_budget_tokens=st.just(0) | st.integers(64, 65_536),
        kv_type=st.sampled_from(KvType),
        reads_ahead=st.booleans(),
        show_thinking=st.booleans(),
    )
)
def test_all_valid_settings_come_back(path: Path, changed: Settings) -> None:
    save_settings(path, changed)
    assert load_settings(path) == (changed, None)


SAVE = """
import sys
from pathlib import Path
from app.errors import SettingsError
from app.settings import Settings, load_settings, save_settings
path = Path(sys.argv[1])
try:
    save_settings(path, Settings(model_path="x" * 50_000))
except SettingsError as error:
    print(error)
names = sorted(file.name for file in path.parent.iterdir())
print(load_settings(path) == (Settings(theme="dark"), None), names)
"""
READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
FULL = (
    'mount -t tmpfs -o size=16k tmpfs "$1"; printf \'{"theme": "dark"}\' > "$1/settings.json"; '
    'dd if=/dev/zero of="$1/filler" bs=4k count=2 2>/dev/null; shift; exec "$@"'
)


@pytest.mark.parametrize(("script", "words"), [(READ_ONLY, "Read-only file system"), (FULL, "No space left")])
def test_a_disk_that_takes_nothing_leaves_the_old_file(
    path: Path, repository: Path, script: str, words: str
) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("user namespaces are not available here, so no disk can be made small or read-only")
    write(path, b'{"theme": "dark"}')
    command = ["unshare", "-rm", "sh", "-ec", script, "sh", str(path.parent)]
    command += [sys.executable, "-c", SAVE, str(path)]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stderr
    said, as_before = result.stdout.splitlines()
    assert words in said
    assert as_before.startswith("True")
    assert ".tmp" not in as_before
