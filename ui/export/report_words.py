"""What came of an export or an import, in the words of the window."""

from __future__ import annotations

from app.history.transfer.exporting import ExportReport
from app.history.transfer.importing import ImportReport
from app.history.transfer.left_out import counted
from ui.transcript.untrusted_text import shown


def exported_in_words(report: ExportReport, place: str) -> str:
    """A sentence or a few, one a line."""
    lines = [f"{_count(report.chats, 'chat')} written to {shown(place)}"]
    if report.was_stopped:
        lines[0] = f"Stopped. {_count(len(report.files), 'file')} written to {shown(place)}"
    if report.other_versions:
        count = _count(report.other_versions, "other version")
        lines.append(f"{count} of questions and answers not written: only JSON has all of them.")
    if report.gone:
        lines.append(f"{_count(report.gone, 'chat')} deleted meanwhile and not written.")
    return "\n".join(lines)


def imported_in_words(report: ImportReport) -> str:
    """The same of an import."""
    lines = [f"{'Stopped. ' if report.was_stopped else ''}{_count(report.imported, 'chat')} imported."]
    if report.already_there:
        lines.append(f"There already: {_count(report.already_there, 'chat')}.")
    return "\n".join(lines)


def left_out_in_words(report: ImportReport) -> str:
    """What was dropped, and what could not be read, one a line; empty where that is nothing."""
    lines = [f"Left out: {counted(what, count)}" for what, count in sorted(report.left_out.items())]
    for problem in report.problems:
        name = f"“{shown(problem.title)}” in {shown(problem.file)}" if problem.title else shown(problem.file)
        lines.append(f"Not read: {name}. {problem.reason}")
    if report.more_problems:
        lines.append(f"And {report.more_problems:,} more that could not be read.")
    return "\n".join(lines)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
