"""`ponder history export` and `import`: chats out into files, and in from those of other programs."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.output import one_line
from app.cli.surroundings import Surroundings
from app.errors import HistoryError, InputError
from app.history.backups import list_backups
from app.history.transfer.as_markdown import as_markdown
from app.history.transfer.exporting import ExportReport, Form, PageRenderer, export_to_file, export_to_folder
from app.history.transfer.importing import ImportReport, import_files
from app.history.transfer.left_out import counted
from app.history.transfer.store import TransferStore


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What the command line said; exactly one of `chat`, `folder` and `all` says something."""

    chat: list[int]
    folder: str
    all: bool
    format: str
    output: str
    force: bool
    json: bool


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the command line said."""

    files: list[str]
    dry_run: bool
    json: bool


def export_chats(options: ExportOptions, surroundings: Surroundings) -> int:
    """Write the files and give the exit code. Raises `AppError`."""
    path = surroundings.paths.history_file
    if not path.exists() and not list_backups(path):  # to look must not make one
        raise HistoryError("There is no history to export.", advice="Ask something first.")
    renderer = surroundings.page_renderer() if options.format in ("html", "pdf") else None
    try:
        with closing(surroundings.open_transfer()) as store:
            return _export(store, options, renderer, surroundings)
    finally:
        if renderer is not None:
            renderer.close()


def _export(
    store: TransferStore, options: ExportOptions, renderer: PageRenderer | None, surroundings: Surroundings
) -> int:
    form, output = Form(options.format), surroundings.output
    chosen = _chosen(store, options)
    if not options.output and not options.json and len(chosen) == 1 and form is Form.MARKDOWN:
        chat = store.export_conversation(chosen[0])
        assert chat is not None  # it was listed just now
        output.answer(as_markdown(chat))
        return 0
    if not options.output:
        raise InputError("There is no place to write to.", advice="Say it with --output PATH.")
    target = Path(options.output).absolute()
    if form is Form.JSON or (len(chosen) == 1 and not target.is_dir()):
        report = export_to_file(
            store,
            chosen,
            target,
            form,
            with_folders=options.all,
            may_replace=options.force,
            renderer=renderer,
        )
    else:
        report = export_to_folder(store, chosen, target, form, renderer=renderer)
    _say_exported(report, options, surroundings)
    return 0


def _chosen(store: TransferStore, options: ExportOptions) -> list[int]:
    """The ids of the chats, the last used first. Raises `HistoryError` for what is not there."""
    summaries = store.conversations()
    if options.all:
        return [summary.id for summary in summaries]
    if options.folder:
        ids = {folder.id for folder in store.folders() if folder.name == options.folder}
        if not ids:
            raise HistoryError(f"There is no folder “{one_line(options.folder)}”.")
        return [summary.id for summary in summaries if summary.folder_id in ids]
    there = {summary.id for summary in summaries}
    for chat in options.chat:
        if chat not in there:
            raise HistoryError(f"There is no conversation {chat}.", advice="See: ponder history list")
    return list(dict.fromkeys(options.chat))


def _say_exported(report: ExportReport, options: ExportOptions, surroundings: Surroundings) -> None:
    output = surroundings.output
    if options.json:
        output.json(
            {
                "chats": report.chats,
                "files": [str(file) for file in report.files],
                "other_versions": report.other_versions,
                "gone": report.gone,
            }
        )
        return
    for file in report.files:
        output.line(one_line(str(file)))
    if report.other_versions:
        output.note(f"{_count(report.other_versions, 'other version')} not written; JSON has all of them.")


def import_chats(options: ImportOptions, surroundings: Surroundings) -> int:
    """Import the files and give the exit code: 1 where something could not be read. Raises `AppError`."""
    paths = [Path(file) for file in options.files]
    if options.dry_run:
        report = import_files(paths, None)
    else:
        with closing(surroundings.open_transfer()) as store:
            report = import_files(paths, store)
    if options.json:
        surroundings.output.json(_report_as_object(report))
    else:
        _say_imported(report, options, surroundings)
    return 1 if report.problems else 0


def _report_as_object(report: ImportReport) -> dict[str, Any]:
    return {
        "imported": report.imported,
        "already_there": report.already_there,
        "left_out": dict(report.left_out),
        "problems": [
            {"file": problem.file, "title": problem.title, "reason": problem.reason}
            for problem in report.problems
        ],
        "more_problems": report.more_problems,
    }


def _say_imported(report: ImportReport, options: ImportOptions, surroundings: Surroundings) -> None:
    output = surroundings.output
    done = "can be imported" if options.dry_run else "imported"
    output.line(f"{_count(report.imported, 'chat')} {done}")
    if report.already_there:
        output.line(f"{_count(report.already_there, 'chat')} there already")
    for what, count in sorted(report.left_out.items()):
        output.line(f"left out: {counted(what, count)}")
    for problem in report.problems:
        name = f"“{problem.title}” in {problem.file}" if problem.title else problem.file
        output.note(f"Not read: {name}: {problem.reason}")
    if report.more_problems:
        output.note(f"And {report.more_problems:,} more.")


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
