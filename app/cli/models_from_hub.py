"""`ponder models download` and `browse`: the only actions that use the network."""

from __future__ import annotations

import queue
from pathlib import Path

from app import numbers_in_words as words
from app.cli import model_objects as objects
from app.cli import model_words
from app.cli.interrupts import EXIT_INTERRUPTED, Interrupted, caught_interrupts
from app.cli.model_options import ModelOptions
from app.cli.models_at_hand import ModelsAtHand
from app.cli.output import one_line
from app.cli.progress import Progress, shown_progress
from app.cli.surroundings import Surroundings
from app.errors import AppError, InputError
from app.library import assembly
from app.library.repository import all_shapes, known_shapes
from models.catalog import CatalogModel
from models.download_status import DownloadRequest, DownloadState, DownloadStatus
from models.downloads import DownloadQueue
from models.fit import Fit, best_fit
from models.hub import Hub, HubFile, NetworkSettings

_MAX_TOKEN_BYTES = 4096


def browse(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    """List the model files of a repository."""
    output, hub = surroundings.output, Hub(_network(at_hand, options, surroundings))
    files = hub.list_gguf_files(options.repo, options.revision or "main")
    fits = _fits(files, hub, at_hand, surroundings)
    if options.json:
        listed = [objects.hub_file(file, fits.get(file.path)) for file in files]
        revision = files[0].revision if files else options.revision or "main"
        output.json({"repo": options.repo, "revision": revision, "files": listed})
        return 0
    if not files:
        output.aside("There are no GGUF models in this repository.\n")
        return 0
    name_width = max(len(one_line(file.path)) for file in files)
    for file in files:
        fit = model_words.fit_line(fits[file.path]) if file.path in fits else ""
        parts = f"{len(file.parts)} parts" if len(file.parts) > 1 else ""
        facts = "  ".join(piece for piece in (parts, fit) if piece)
        columns = f"{words.size(file.size_bytes):>9}  {file.quantisation:<8}  {facts}".rstrip()
        output.line(f"{one_line(file.path):<{name_width}}  {columns}")
    output.aside(f"Download one: ponder models download {options.repo} FILE\n", dim=True)
    return 0


def _fits(
    files: list[HubFile], hub: Hub, at_hand: ModelsAtHand, surroundings: Surroundings
) -> dict[str, Fit]:
    """How each would fit; for this the header of one file is fetched. Without it nothing is said of fits."""
    shapes = known_shapes(files, at_hand.catalog)
    try:
        shapes = all_shapes(files, shapes, hub.remote_shape)
    except AppError as error:
        surroundings.output.note(f"Whether these fit cannot be told. {error}")
    return {path: best_fit(shape, at_hand.machine, kv_type=at_hand.kv_type) for path, shape in shapes.items()}


def download(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> int:
    """Fetch a model, or go on with it; 0 when it is on the disk, 130 when Ctrl-C let it rest."""
    network = _network(at_hand, options, surroundings)
    model = at_hand.catalog.by_id(options.model)
    if model is not None:
        request = assembly.catalog_request(model)
        _require_licence(model, options, surroundings)
    else:
        request = _request_of_repository(options, network)
    surroundings.paths.make_folders()
    status = _fetched(request, network, options, surroundings)
    if status.state is DownloadState.PAUSED:
        surroundings.output.note(
            f"It rests at {model_words.progress(status)}. Go on with the same command: "
            f"ponder models download {' '.join(filter(None, (options.model, options.file)))}"
        )
        return EXIT_INTERRUPTED
    if status.state is not DownloadState.DONE:
        raise _failed(status)
    return _say_done(status, at_hand, options, surroundings)


def _say_done(
    status: DownloadStatus, at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings
) -> int:
    assembly.note_downloaded(status, at_hand.library, at_hand.catalog)
    model = at_hand.library.model(Path(status.destination))
    if options.json:
        surroundings.output.json(
            {
                "id": status.id,
                "title": model.title,
                "path": str(model.path),
                "size_bytes": model.size_bytes,
                "verification": model.verification.value,
            }
        )
        return 0
    surroundings.output.line(one_line(str(model.path)))
    if model.problem:
        surroundings.output.note(model.problem)
    else:
        name = model.catalog_id or f'"{model.path}"'
        surroundings.output.note(f'{model.title} is ready: ponder ask --model {name} "QUESTION"')
    return 0


def _failed(status: DownloadStatus) -> AppError:
    if not status.error:
        return AppError("The download was given up by another Ponder.")
    return AppError(status.error.message, kept=status.error.kept, advice=status.error.advice)


def _fetched(
    request: DownloadRequest, network: NetworkSettings, options: ModelOptions, surroundings: Surroundings
) -> DownloadStatus:
    """Run this one download until it is over, failed, or rests."""
    news: queue.SimpleQueue[DownloadStatus | Interrupted] = queue.SimpleQueue()

    def told(status: DownloadStatus) -> None:
        if status.id == request.id:
            news.put(status)

    downloads = assembly.download_queue(surroundings.paths, lambda: Hub(network), told)
    try:
        with (
            shown_progress(surroundings.output, request.title, quiet=options.json) as progress,
            caught_interrupts(news.put),
        ):
            downloads.add(request)
            status = _until_over(downloads, request.id, news, progress)
            if status.state is DownloadState.FAILED and not status.done_bytes:
                downloads.cancel(request.id)  # nothing of it is worth going on with
            return status
    finally:
        downloads.close()


def _until_over(
    downloads: DownloadQueue,
    download_id: str,
    news: queue.SimpleQueue[DownloadStatus | Interrupted],
    progress: Progress,
) -> DownloadStatus:
    interrupted = False
    while True:
        said = news.get()
        if isinstance(said, Interrupted):
            interrupted = True
            downloads.pause(download_id)
            continue
        progress.show(said)
        is_resting = said.state is DownloadState.PAUSED and interrupted
        if is_resting or said.state.is_over or said.state is DownloadState.FAILED:
            return said


def _request_of_repository(options: ModelOptions, network: NetworkSettings) -> DownloadRequest:
    if "/" not in options.model:
        raise InputError(
            f"There is no model called {options.model} in the catalogue.",
            advice="See: ponder models list. A repository is named OWNER/REPO.",
        )
    if not options.file:
        raise InputError("Which file of the repository?", advice=f"See: ponder models browse {options.model}")
    files = Hub(network).list_gguf_files(options.model, options.revision or "main")
    return assembly.hub_request(_file_called(options.file, files, options.model))


def _file_called(wanted: str, files: list[HubFile], repo: str) -> HubFile:
    """The model with this file among its parts; the path before its name may be left out."""
    for file in files:
        if wanted in file.parts or wanted == file.path:
            return file
    named = [file for file in files if wanted in {part.rpartition("/")[2] for part in file.parts}]
    if len(named) == 1:
        return named[0]
    raise InputError(f"{repo} has no model file called {wanted}.", advice=f"See: ponder models browse {repo}")


def _require_licence(model: CatalogModel, options: ModelOptions, surroundings: Surroundings) -> None:
    """Show the licence that has to be accepted, and ask. Raises `InputError` where it is not."""
    if not model.license_name_to_accept or options.yes_licence:
        return
    if options.json or options.token_from_stdin or not surroundings.stdin.isatty():
        raise InputError(
            f"{model.title} comes under the {model.license_name_to_accept}, which has to be accepted.",
            advice=f"Read it at {model.license_url}, then add --yes-licence.",
        )
    surroundings.output.aside(
        f"{model.title} comes under the {model.license_name_to_accept}.\n{model.license_summary}\n"
        f"The whole text: {model.license_url}\nDo you accept it? [y/N] "
    )
    if surroundings.stdin.readline().strip().lower() not in (b"y", b"yes"):
        raise InputError("Nothing was downloaded: the licence was not accepted.")


def _network(at_hand: ModelsAtHand, options: ModelOptions, surroundings: Surroundings) -> NetworkSettings:
    saved = assembly.network_settings(at_hand.settings)
    return NetworkSettings(
        endpoint=options.endpoint or saved.endpoint,
        proxy=options.proxy or saved.proxy,
        token=_token(surroundings) if options.token_from_stdin else "",
        offline=saved.offline,
    )


def _token(surroundings: Surroundings) -> str:
    if surroundings.stdin.isatty():
        import getpass

        return getpass.getpass("Access token: ").strip()
    untrusted_line = surroundings.stdin.readline(_MAX_TOKEN_BYTES).strip()
    if not untrusted_line or not untrusted_line.isascii() or b" " in untrusted_line:
        raise InputError("There is no access token on standard input.")
    return untrusted_line.decode("ascii")
