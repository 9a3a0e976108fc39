"""`ponder models download` and `browse`, against the hub server of the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from models import hardware
from tests.app.cli.conftest import CommandLine, Run
from tests.app.library.conftest import FILE, MACHINE, REPO, SERVED_BYTES, served
from tests.hub_server.faults import Fault, gated, too_many_requests
from tests.hub_server.fixtures import hub_server
from tests.hub_server.server import HubServer
from tests.models.tiny_gguf import Tensor, header_bytes, write_tiny_gguf

pytestmark = pytest.mark.loopback

__all__ = ["hub_server", "served"]

TIMEOUT_S = 60.0
SLOW = Fault(bytes_per_s=400_000)


@pytest.fixture(autouse=True)
def _a_known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "measure_machine", lambda **_: MACHINE)


@pytest.fixture
def ponder_at_hub(ponder: CommandLine, hub_server: HubServer, served: Path) -> CommandLine:
    """The command line with the settings of the hub on this computer."""
    ponder.paths.make_folders()
    settings = json.dumps({"hub_endpoint": hub_server.url})
    ponder.paths.settings_file.write_text(settings, encoding="utf-8")
    return ponder


def test_browse(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    told = ponder_at_hub("models", "browse", REPO, "--json").object
    assert told["repo"] == REPO
    assert told["revision"] == hub_server.commit(REPO)
    (file,) = told["files"]
    assert (file["file"], file["quantisation"], file["parts"]) == (FILE, "Q4_K_M", [FILE])
    assert file["size_bytes"] > SERVED_BYTES
    assert file["fit"]["total_bytes"] > 0
    run = ponder_at_hub("models", "browse", REPO)
    assert run.exit_code == 0
    assert run.stdout.startswith(f"{FILE}  ")
    assert run.stdout.endswith(" tokens/s\n")


def test_download_add_to_the_list_and_go_by_its_path(ponder_at_hub: CommandLine, served: Path) -> None:
    run = ponder_at_hub("models", "download", REPO, FILE)
    assert run.exit_code == 0, run
    path = Path(run.stdout.rstrip("\n"))
    assert path.read_bytes() == served.read_bytes()
    assert "is ready" in run.stderr
    assert "\x1b" not in run.stderr
    listed = ponder_at_hub("models", "list", "--json").object
    assert (listed["installed"][0]["path"], listed["installed"][0]["verification"]) == (str(path), "verified")
    assert not listed["other_downloads"]


def test_download_for_machines(ponder_at_hub: CommandLine, served: Path) -> None:
    told = ponder_at_hub("models", "download", REPO, FILE, "--json").object
    assert told["verification"] == "verified"
    assert (told["id"], told["size_bytes"]) == (f"{REPO}/{FILE}", served.stat().st_size)


def test_a_model_that_is_here_is_not_fetched_again(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    first = ponder_at_hub("models", "download", REPO, FILE)
    fetched = len(hub_server.requests_to("cdn", "get"))
    again = ponder_at_hub("models", "download", REPO, FILE)
    assert (again.exit_code, again.stdout) == (0, first.stdout), again
    assert len(hub_server.requests_to("cdn", "get")) == fetched


def test_a_model_in_two_files_is_one_model(
    ponder_at_hub: CommandLine, hub_server: HubServer, tmp_path: Path
) -> None:
    first = write_tiny_gguf(tmp_path / "first.gguf", changes={"split.no": 0, "split.count": 2})
    header = header_bytes({"split.no": 1, "split.count": 2}, (Tensor("blk.0.x.weight", (8,)),))
    names = [f"Q4_K_M/Two-Q4_K_M-0000{number}-of-00002.gguf" for number in (1, 2)]
    hub_server.add_file("someone/Two", names[0], first)
    hub_server.add_file("someone/Two", names[1], header + bytes(-len(header) % 32 + 32))
    (listed,) = ponder_at_hub("models", "browse", "someone/Two", "--json").object["files"]
    assert listed["parts"] == names
    assert listed["fit"]["total_bytes"] > 0
    second_name = names[1].rpartition("/")[2]
    told = ponder_at_hub("models", "download", "someone/Two", second_name, "--json").object
    assert told["verification"] == "verified"
    assert told["size_bytes"] == listed["size_bytes"]
    assert ponder_at_hub("models", "verify", told["path"], "--json").object["verification"] == "verified"
    assert ponder_at_hub("models", "info", told["path"], "--json").object["installed"]
    assert ponder_at_hub("models", "remove", told["path"], "--yes").exit_code == 0
    assert not list(ponder_at_hub.paths.models_dir.rglob("*.gguf"))


def test_ctrl_c_lets_it_rest_and_the_same_command_goes_on(
    ponder_at_hub: CommandLine, hub_server: HubServer
) -> None:
    hub_server.fail(SLOW, "cdn")
    command = ("models", "download", REPO, FILE)
    process = ponder_at_hub.start(*command)
    assert process.stderr is not None
    for _ in range(2):  # the second line says that bytes have come
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=TIMEOUT_S)
    assert (process.returncode, stdout) == (130, "")
    assert f"Go on with the same command: ponder models download {REPO} {FILE}" in stderr
    hub_server.release()
    hub_server.heal()
    (resting,) = ponder_at_hub("models", "list", "--json").object["other_downloads"]
    assert resting["state"] == "paused"
    assert 0 < resting["done_bytes"] < resting["total_bytes"]
    assert f"Go on: ponder models download {REPO} {FILE}" in ponder_at_hub("models", "list").stdout
    run = ponder_at_hub(*command)
    assert run.exit_code == 0, run
    assert hub_server.requests_to("cdn")[-1].range.startswith("bytes=")


def test_a_bar_in_a_terminal(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    hub_server.fail(Fault(bytes_per_s=6_000_000), "cdn")
    shown, exit_code = _in_terminal(ponder_at_hub, "models", "download", REPO, FILE)
    assert exit_code == 0, shown
    assert "━" in shown
    assert "MB" in shown
    assert "is ready" in shown


def _in_terminal(ponder: CommandLine, *arguments: str) -> tuple[str, int]:
    """Run it with standard error on a terminal of its own."""
    import pty

    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ponder.command(*arguments),
        cwd=ponder.repository,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = bytearray()
    while True:
        try:
            block = os.read(ours, 65_536)
        except OSError:  # its end has gone
            break
        shown += block
        if not block:
            break
    os.close(ours)
    return shown.decode("utf-8", "replace"), process.wait(TIMEOUT_S)


def test_offline_asks_nobody(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    ponder_at_hub.paths.settings_file.write_text(
        json.dumps({"hub_endpoint": hub_server.url, "works_offline": True}), encoding="utf-8"
    )
    for arguments in (("browse", REPO), ("download", REPO, FILE)):
        assert "offline" in ponder_at_hub("models", *arguments).error().lower()
    assert hub_server.requests == []
    assert not ponder_at_hub("models", "list", "--json").object["other_downloads"]


def test_waiting_for_the_hub_is_said_once(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    hub_server.fail(too_many_requests("2"), "head", times=1)
    run = ponder_at_hub("models", "download", REPO, FILE)
    assert run.exit_code == 0, run
    assert len([line for line in run.stderr.splitlines() if "again in" in line]) == 1, run.stderr


def test_a_flipped_byte_is_not_a_model(ponder_at_hub: CommandLine, hub_server: HubServer) -> None:
    hub_server.fail(Fault(flip_at=1_000_000), "cdn")
    run = ponder_at_hub("models", "download", REPO, FILE, "--json")
    assert (run.exit_code, run.stdout) == (1, "")
    assert not list(ponder_at_hub.paths.models_dir.rglob("*.gguf"))


def test_a_gated_repository_says_what_to_do_and_never_the_token(
    ponder_at_hub: CommandLine, hub_server: HubServer
) -> None:
    hub_server.fail(gated(401), "head", "get", "cdn")
    run = ponder_at_hub(
        "models", "download", REPO, FILE, "--json", "--token-from-stdin", stdin=b"hf_secretsecret\n"
    )
    assert run.exit_code == 1
    assert "hf_secretsecret" not in run.stdout + run.stderr
    for file in ponder_at_hub.paths.data_dir.rglob("*"):
        assert not file.is_file() or b"hf_secretsecret" not in file.read_bytes()
    assert all("hf_secretsecret" not in request.authorization for request in hub_server.requests)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("download", "nothing"), 2, "no model called nothing in the catalogue"),
        (("download", REPO), 2, f"ponder models browse {REPO}"),
        (("download", REPO, "other.gguf"), 2, "has no model file called other.gguf"),
        (("download", "nobody/nothing", "a.gguf"), 1, "nobody/nothing"),
        (("browse", "../etc"), 1, "is no model repository"),
        (("browse", REPO, "--token-from-stdin"), 2, "There is no access token on standard input"),
        (("browse", REPO, "--endpoint", "http://example.org"), 1, "without encryption"),
    ],
)
def test_mistakes(ponder_at_hub: CommandLine, arguments: tuple[str, ...], exit_code: int, said: str) -> None:
    assert said in ponder_at_hub("models", *arguments).error(exit_code=exit_code)


def test_a_mirror_for_this_time(ponder: CommandLine, hub_server: HubServer, served: Path) -> None:
    run: Run = ponder("models", "browse", REPO, "--endpoint", hub_server.url, "--json")
    assert run.object["files"]
