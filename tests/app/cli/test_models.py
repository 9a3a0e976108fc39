"""`ponder models` on files: list, recommend, info, add, verify, remove."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from app.paths import Paths
from models import hardware
from models.catalog import load_catalog
from models.engine.kv_type import KvType
from models.fit import fit
from models.machine import Cpu, Device, DeviceKind, Machine, UnusableGpu
from tests.app.cli.conftest import CommandLine
from tests.app.cli.terminal import Terminal
from tests.models.tiny_gguf import write_tiny_gguf

PROCESSOR = Cpu("A processor", physical_cores=8, logical_cores=16, usable_cores=8, features=("avx2",))
PARTS = ("weights_bytes", "repacked_bytes", "kv_bytes", "compute_bytes")


def machine(card_gib: float = 0.0, ram_gib: int = 32) -> Machine:
    card = Device(
        "CUDA0",
        "NVIDIA GeForce RTX 3060",
        "CUDA",
        DeviceKind.DISCRETE,
        total_bytes=round(card_gib * 2**30),
        free_bytes=round(card_gib * 0.94 * 2**30),
        bandwidth_bytes_per_s=360e9,
    )
    return Machine(
        cpu=PROCESSOR,
        ram_total_bytes=ram_gib * 2**30,
        ram_available_bytes=round(ram_gib * 0.9 * 2**30),
        devices=(card,) if card_gib else (),
        disk_free_bytes=500_000_000_000,
        bandwidth_bytes_per_s=40e9,
    )


@pytest.fixture
def on_a_card(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A computer that has a card with 12 GB, whatever this one has."""
    return _pretend(machine(12.0), monkeypatch)


def _pretend(pretended: Machine, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(hardware, "measure_machine", lambda **_: pretended)
    return pretended


def test_recommend_prints_the_whole_sum_in_bytes(ponder: CommandLine, on_a_card: Machine) -> None:
    told = ponder("models", "recommend", "--json").object
    assert told["id"] == "r1-distill-qwen-14b"
    first = told["models"][0]
    assert (first["id"], first["role"], first["verdict"]) == (told["id"], "best", "fits")
    assert told["total_bytes"] == first["total_bytes"] == sum(d["total_bytes"] for d in first["devices"])
    for each in told["models"]:
        assert sum(each["parts"].values()) == each["total_bytes"]
        for device in each["devices"]:
            assert sum(device[part] for part in PARTS) == device["total_bytes"]
    assert len(told["models"]) == 10
    assert (first["size_bytes"], len(first["sha256"])) == (8_988_110_240, 64)
    assert first["licence"].startswith("MIT")
    assert told["machine"]["devices"][0]["title"] == on_a_card.devices[0].title


def test_recommend_in_words(ponder: CommandLine, on_a_card: Machine) -> None:
    run = ponder("models", "recommend")
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout.startswith(
        "This computer: RTX 3060, 12 GB (11.3 free) · 32 GB memory · 500 GB disk free\n"
    )
    assert "DeepSeek-R1 Distill Qwen 14B  (r1-distill-qwen-14b): best for this computer\n" in run.stdout
    assert "RTX 3060: weights " in run.stdout
    assert run.stdout.endswith("Download it: ponder models download r1-distill-qwen-14b\n")


def test_where_nothing_fits_nothing_is_recommended(
    ponder: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpu = UnusableGpu("NVIDIA GeForce MX150", "It is there, but cannot be used.", "Use another build.")
    small = msgspec.structs.replace(machine(ram_gib=1), unusable_gpus=(gpu,), engine_problem="No answer.")
    _pretend(small, monkeypatch)
    told = ponder("models", "recommend", "--json").object
    assert (told["id"], told["total_bytes"]) == ("", 0)
    assert {each["role"] for each in told["models"]} == {"too_large", "server"}
    run = ponder("models", "recommend")
    assert (
        "No answer.\nNVIDIA GeForce MX150: It is there, but cannot be used. Use another build.\n"
        in run.stdout
    )
    assert "Download it" not in run.stdout


def test_info_of_the_catalogue_needs_no_file(ponder: CommandLine, on_a_card: Machine) -> None:
    told = ponder("models", "info", "r1-distill-qwen-7b", "--context", "16384", "--json").object
    model = load_catalog().by_id("r1-distill-qwen-7b")
    assert model is not None
    expected = fit(model.shape, on_a_card, context_tokens=16_384)
    assert told["total_bytes"] == expected.total_bytes == sum(told["parts"].values())
    assert (told["context_tokens"], told["kv_type"], told["installed"]) == (16_384, "f16", False)
    assert (told["layers"], told["layers_on_gpu"]) == (expected.layers, expected.layers_on_gpu)
    assert told["largest_context_tokens"] == expected.largest_context_tokens
    assert (told["size_bytes"], told["sha256"]) == (model.size_bytes, model.sha256)
    assert (told["quantisation"], told["architecture"]) == ("Q4_K_M", "qwen2")


def test_info_with_a_smaller_cache(ponder: CommandLine, on_a_card: Machine) -> None:
    asked = ("models", "info", "r1-distill-qwen-7b", "--context", "16384", "--json")
    large, small = ponder(*asked).object, ponder(*asked, "--kv-type", "q8_0").object
    assert small["kv_type"] == KvType.Q8_0
    assert 0.5 < small["parts"]["kv_bytes"] / large["parts"]["kv_bytes"] < 0.6


def test_the_settings_say_the_kind_of_cache(ponder: CommandLine, on_a_card: Machine) -> None:
    ponder.paths.make_folders()
    ponder.paths.settings_file.write_text('{"kv_type": "q8_0"}', encoding="utf-8")
    assert ponder("models", "info", "r1-distill-qwen-7b", "--json").object["kv_type"] == "q8_0"


def test_info_of_a_file_is_told_from_its_header(
    ponder: CommandLine, on_a_card: Machine, mini_model: Path
) -> None:
    told = ponder("models", "info", str(mini_model), "--context", "512", "--json").object
    assert told["path"] == str(mini_model)
    assert told["installed"]
    assert told["total_bytes"] == sum(device["total_bytes"] for device in told["devices"]) > 0
    assert told["size_bytes"] == mini_model.stat().st_size
    assert told["context_tokens"] == 512


def test_info_in_words_is_a_sum(ponder: CommandLine, on_a_card: Machine) -> None:
    run = ponder("models", "info", "r1-distill-qwen-7b", "--context", "8192")
    assert (run.exit_code, run.stderr) == (0, "")
    (line,) = [line for line in run.stdout.splitlines() if "RTX 3060: " in line]
    parts, total = line.split(": ")[1].split(" = ")
    summed = sum(float(part.split()[-1]) for part in parts.split(" + "))
    assert summed == pytest.approx(float(total.split()[0]), abs=0.001)
    assert total.endswith(" of 11.3 GB")
    assert "Not on this computer: ponder models download r1-distill-qwen-7b" in run.stdout


def test_a_context_beyond_the_model_is_refused(ponder: CommandLine, on_a_card: Machine) -> None:
    error = ponder("models", "info", "r1-distill-qwen-7b", "--context", "200000").error(exit_code=2)
    assert "131,072" in error


def test_a_model_for_a_server_is_told_about(ponder: CommandLine, on_a_card: Machine) -> None:
    (server, *_) = load_catalog().server_models
    told = ponder("models", "info", server.id, "--json").object
    assert told["verdict"] == "too_large"
    assert told["short_of_bytes"] > 100e9
    assert "server" in ponder("models", "download", server.id).error(exit_code=2)


@pytest.mark.parametrize("action", ["info", "verify", "remove"])
def test_unknown_models_are_a_mistake(ponder: CommandLine, on_a_card: Machine, action: str) -> None:
    assert "There is no model called nothing" in ponder("models", action, "nothing").error(exit_code=2)


def test_a_broken_file_says_why(ponder: CommandLine, on_a_card: Machine, tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUFx")
    assert str(path) in ponder("models", "info", str(path)).error()


def test_add_list_verify_and_remove(ponder: CommandLine, on_a_card: Machine, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "Größe 7 思考.gguf")
    assert ponder("models", "add", str(path)).stdout == f"{path}\n"
    listed = ponder("models", "list", "--json").object
    assert listed["installed"][0]["path"] == str(path)
    assert listed["installed"][-1]["id"] == "ponder-mini"
    assert len(listed["available"]) == 10
    verified = ponder("models", "verify", str(path), "--json")
    assert verified.object == {"path": str(path), "verification": "unknown"}
    removed = ponder("models", "remove", str(path), "--yes", "--json").object
    assert removed == {"removed": str(path), "deleted": False}
    assert path.exists()
    assert len(ponder("models", "list", "--json").object["installed"]) == 1


def test_a_copy_is_deleted_for_good(ponder: CommandLine, on_a_card: Machine, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "other.gguf")
    copy = Path(ponder("models", "add", str(path), "--copy", "--json").object["path"])
    assert copy.is_relative_to(ponder.paths.models_dir)
    assert "Nothing was removed" in ponder("models", "remove", str(copy)).error(exit_code=2)
    assert copy.exists()
    assert ponder("models", "remove", str(copy), "--yes").exit_code == 0
    assert not list(ponder.paths.models_dir.rglob("*.gguf"))


def test_ctrl_c_clears_a_half_copy_away(ponder: CommandLine, tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "large.gguf")
    with path.open("r+b") as file:
        file.truncate(2 * 2**30)
    process = ponder.start("models", "add", str(path), "--copy")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("ponder: Copying large.gguf: ")
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert "Stopped." in stderr
    assert not [file for file in ponder.paths.models_dir.rglob("*") if file.is_file()]


def test_verify_fails_where_a_byte_is_another(
    ponder: CommandLine, on_a_card: Machine, tmp_path: Path
) -> None:
    path = write_tiny_gguf(tmp_path / "other.gguf")
    copy = Path(ponder("models", "add", str(path), "--copy", "--json").object["path"])
    content = bytearray(copy.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert "its bytes differ" in ponder("models", "verify", str(copy)).error()


def test_list_in_words(ponder: CommandLine, on_a_card: Machine, tmp_path: Path) -> None:
    ponder("models", "add", str(write_tiny_gguf(tmp_path / "other.gguf")))
    run = ponder("models", "list")
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout.startswith("On this computer\n\n  Tiny\n")
    assert "Ponder Mini  (ponder-mini)" in run.stdout
    assert "\n\nTo download\n\n  DeepSeek-R1 Distill Qwen 14B  (r1-distill-qwen-14b)\n" in run.stdout


def test_the_model_in_the_box_stays(ponder: CommandLine, on_a_card: Machine) -> None:
    assert "cannot be deleted" in ponder("models", "remove", "ponder-mini", "--yes").error()


def test_a_licence_has_to_be_accepted(ponder: CommandLine, on_a_card: Machine) -> None:
    error = ponder("models", "download", "r1-distill-llama-8b").error(exit_code=2)
    assert "Llama 3.1" in error
    assert "--yes-licence" in error


def test_a_licence_is_shown_and_asked_for_in_a_terminal(ponder: CommandLine) -> None:
    terminal = Terminal(ponder, "models", "download", "r1-distill-llama-8b", fake=())
    try:
        asked = terminal.wait_for(lambda text: text.endswith("[y/N]"))
        assert "Llama 3.1 Community License" in asked
        assert "https://www.llama.com/llama3_1/license" in asked
        terminal.type("n\n")
        assert terminal.end() == 2
    finally:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
    assert not ponder.paths.models_dir.exists()


def test_a_model_of_the_catalogue_that_is_not_here(ponder: CommandLine) -> None:
    error = ponder("ask", "--model", "r1-distill-qwen-7b", "Hello").error(exit_code=2)
    assert error.endswith("Download it: ponder models download r1-distill-qwen-7b")


def test_a_model_of_the_catalogue_is_used_by_its_id(ponder: CommandLine) -> None:
    model = load_catalog().by_id("r1-distill-qwen-1.5b")
    assert model is not None
    folder = ponder.paths.models_dir / "someone__repo"
    folder.mkdir(parents=True)
    path = write_tiny_gguf(folder / model.file, changes={"qwen2.context_length": 4096})
    with path.open("r+b") as file:
        file.truncate(model.size_bytes)  # sparse: its name and its exact size tell which it is
    run = ponder("ask", "--model", model.id, "--json", "Hello")
    assert run.exit_code == 0, run
    assert json.loads(run.stdout)["answer"]


@pytest.mark.real_engine
def test_this_computer_is_measured_in_a_process_of_its_own(repository: Path, mini_model: Path) -> None:
    """The real probe, the real memory: whatever they find, the sum has all its parts."""
    asked = ("models", "info", str(mini_model), "--context", "1024", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "app", *asked],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["total_bytes"] == sum(told["parts"].values()) > mini_model.stat().st_size / 2
    assert told["devices"][0]["device"] == "CPU"
    assert told["devices"][0]["available_bytes"] > 100_000_000
    assert told["verdict"] in ("fits", "partly", "cpu_only")
    assert not Paths.from_environment(os.environ).data_dir.exists(), "to look makes no folder"
