"""What can be asked of the library, as the window's bridge sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from models.engine.kv_type import KvType
    from models.engine.protocol import ModelFacts, Usage
    from models.hub import HubFile, NetworkSettings


class LibraryOrders(Protocol):
    """Every method returns at once; what comes of it is said as a `LibraryEvent`, or as a `LibraryProblem`.

    Nothing goes to the network but `download`, `download_file`, `resume` and `browse`.
    """

    def start(self) -> None:
        """Start the thread: it lists the models and measures the computer."""

    def close(self, timeout_s: float = 5.0) -> None:
        """End all works and downloads (they can be resumed), and the thread; waits `timeout_s` at most."""

    def refresh(self) -> None:
        """Read the model files again; `ShelfChanged` follows."""

    def measure(self) -> None:
        """Measure the computer again; `MachineMeasured` and `ShelfChanged` follow."""

    def download(self, model_id: str) -> None:
        """Download a model of the catalogue, or go on with it. Whoever calls has its licence accepted."""

    def download_file(self, file: HubFile) -> None:
        """Download a model of a repository that was opened, all its parts."""

    def pause(self, download_id: str) -> None:
        """Let a download rest; what was fetched is kept."""

    def resume(self, download_id: str) -> None:
        """Go on with a download that rests or failed."""

    def cancel(self, download_id: str) -> None:
        """Give a download up, and delete what was fetched."""

    def add_file(self, path: Path, *, copy: bool, title: str = "") -> None:
        """Put a model file into the list, used where it is or copied; `FileAdded` follows.

        `title` "": as the file has it. The files of other apps are to keep the title they were found with.
        """

    def verify(self, path: Path) -> None:
        """Compute the hash of a model again and compare it; `ShelfChanged` follows."""

    def stop_work(self, about: str) -> None:
        """End a copy, a check, a listing: what `WorkProgressed.about` names. `WorkEnded` follows."""

    def delete(self, path: Path) -> None:
        """Delete a model of the models folder, or take one elsewhere off the list; `ModelRemoved` follows."""

    def undo_delete(self) -> None:
        """Bring the model back that was deleted last."""

    def rename(self, path: Path, title: str) -> None:
        """Call a model something else in the list; "": its own name again."""

    def set_note(self, path: Path, note: str) -> None:
        """Keep a note with a model; "" takes it away."""

    def note_used(self, path: Path) -> None:
        """A model was loaded just now."""

    def note_loaded(self, path: Path | None, model: ModelFacts | None = None) -> None:
        """The engine has this model in memory now, None: none. What it takes counts as free."""

    def note_reply(self, path: Path, usage: Usage) -> None:
        """A reply was written with this model: its speed corrects what is expected here."""

    def find_files(self) -> None:
        """Look for model files of other apps; `FilesFound` follows."""

    def browse(self, repo: str) -> None:
        """List the models of a repository of the hub, OWNER/NAME; `RepositoryOpened` follows."""

    def set_network(self, settings: NetworkSettings) -> None:
        """Use this mirror, proxy, token and offline switch from now on."""

    def set_kv_type(self, kv_type: KvType) -> None:
        """Reckon with this kind of cache from now on; `ShelfChanged` follows."""
