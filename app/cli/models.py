"""`ponder models`: what is on this computer, what suits it, and what it takes."""

from __future__ import annotations

from app import numbers_in_words as words
from app.cli import model_objects as objects
from app.cli import model_words
from app.cli.model_options import ModelOptions
from app.cli.models_at_hand import ModelsAtHand, Subject
from app.cli.output import Output, one_line
from app.cli.surroundings import Surroundings
from app.errors import InputError
from app.library.events import AvailableModel, InstalledModel, ShelfChanged
from models.download_status import DownloadStatus
from models.engine.kv_type import KvType
from models.fit import Fit
from models.recommendation import Role, Suggestion


def run_models(action: str, options: ModelOptions, surroundings: Surroundings) -> int:
    """Run one action; gives the exit code. Raises `AppError`."""
    at_hand = ModelsAtHand(surroundings, KvType(options.kv_type) if options.kv_type else None)
    match action:
        case "list":
            _list(at_hand, options, surroundings.output)
        case "recommend":
            _recommend(at_hand, options, surroundings.output)
        case "info":
            _info(at_hand, options, surroundings.output)
        case "download" | "browse":
            from app.cli import models_from_hub  # brings what speaks to the hub

            if action == "browse":
                return models_from_hub.browse(at_hand, options, surroundings)
            return models_from_hub.download(at_hand, options, surroundings)
        case _:
            from app.cli import models_on_disk

            return models_on_disk.run(action, at_hand, options, surroundings)
    return 0


def _list(at_hand: ModelsAtHand, options: ModelOptions, output: Output) -> None:
    shelf = at_hand.shelf()
    if options.json:
        output.json(
            {
                "installed": [objects.installed(model) for model in shelf.installed],
                "available": [objects.available(model) for model in shelf.available],
                "other_downloads": [objects.download(status) for status in shelf.other_downloads],
            }
        )
        return
    output.line(_shelf_as_text(shelf))


def _shelf_as_text(shelf: ShelfChanged) -> str:
    blocks = ["On this computer", *(_installed_block(model) for model in shelf.installed)]
    if shelf.other_downloads:
        blocks += ["Downloads that are not finished", *map(_download_block, shelf.other_downloads)]
    blocks += ["To download", *(_available_block(model) for model in shelf.available)]
    return "\n\n".join(blocks)


def _installed_block(model: InstalledModel) -> str:
    name = model_words.name_to_type(model)
    lines = [f"  {one_line(model.title)}" + (f"  ({name})" if name else "")]
    facts = [*model.facts, model_words.verification(model.verification), model_words.last_used(model)]
    lines.append(" · ".join(piece for piece in facts if piece))
    if model.problem:
        lines.append(one_line(model.problem))
    elif model.fit is not None:
        lines.append(model_words.fit_line(model.fit))
    if model.note:
        lines.append(one_line(model.note))
    if not model.is_built_in:
        lines.append(one_line(str(model.path)))
    return "\n      ".join(lines)


def _download_block(status: DownloadStatus) -> str:
    named = f"{one_line(status.repo)} {one_line(status.files[0])}"
    return f"  {named}\n      {model_words.progress(status)}\n      Go on: ponder models download {named}"


def _available_block(available: AvailableModel) -> str:
    model = available.model
    lines = [f"  {model.title}  ({model.id})", model_words.catalog_facts(model)]
    if available.suggestion is not None:
        lines.append(model_words.suggestion(available.suggestion))
    if available.download is not None:
        lines.append(model_words.download_line(available.download))
    return "\n      ".join(lines)


def _recommend(at_hand: ModelsAtHand, options: ModelOptions, output: Output) -> None:
    catalog, machine = at_hand.catalog, at_hand.machine
    suggestions = at_hand.reckoning.suggestions(catalog)
    if options.json:
        output.json(objects.recommendation(catalog, machine, suggestions))
        return
    lines = [f"{model_words.machine_line(machine)}"]
    if machine.engine_problem:
        lines.append(one_line(machine.engine_problem))
    lines += [f"{gpu.title}: {gpu.why} {gpu.advice}" for gpu in machine.unusable_gpus]
    blocks = ["\n".join(lines), *(_suggestion_block(at_hand, suggestion) for suggestion in suggestions)]
    if suggestions and suggestions[0].role is Role.BEST:
        blocks.append(f"Download it: ponder models download {suggestions[0].model_id}")
    output.line("\n\n".join(blocks))


def _suggestion_block(at_hand: ModelsAtHand, suggestion: Suggestion) -> str:
    model = at_hand.catalog_model(suggestion.model_id)
    lines = [f"{model.title}  ({model.id}): {model_words.ROLES[suggestion.role].lower()}", suggestion.reason]
    if suggestion.role is not Role.SERVER:
        lines += model_words.sum_lines(suggestion.fit)
    lines.append(model_words.catalog_facts(model))
    return "\n    ".join(lines)


def _info(at_hand: ModelsAtHand, options: ModelOptions, output: Output) -> None:
    subject = at_hand.subject(options.model)
    _require_context(subject, options.context)
    placed = _placed(at_hand, subject, options.context)
    if options.json:
        output.json(objects.info(subject, placed))
        return
    facts = [words.size(subject.size_bytes), subject.quantisation, subject.license]
    lines = [one_line(subject.title), " · ".join(fact for fact in facts if fact)]
    how = model_words.fit_line(placed).replace(f", {placed.context_tokens:,} tokens", "")
    lines.append(f"With a context of {placed.context_tokens:,} tokens: {how}")
    lines += model_words.sum_lines(placed)
    if placed.largest_context_tokens:
        lines.append(f"The largest context there: {placed.largest_context_tokens:,} tokens")
    if subject.path is not None:
        lines.append(one_line(str(subject.path)))
        lines.append(model_words.verification(subject.verification))
    elif not subject.needs_server:
        lines.append(f"Not on this computer: ponder models download {subject.id}")
    output.line("\n    ".join(line for line in lines if line))


def _placed(at_hand: ModelsAtHand, subject: Subject, context_tokens: int | None) -> Fit:
    return at_hand.reckoning.fit(subject.shape, context_tokens or 0)


def _require_context(subject: Subject, context_tokens: int | None) -> None:
    trained = subject.shape.trained_context_tokens
    if context_tokens is not None and context_tokens > trained:
        raise InputError(
            f"This model was trained for a context of {trained:,} tokens, "
            f"and {context_tokens:,} were asked for."
        )
