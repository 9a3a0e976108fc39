"""The words and options of `ponder history export` and `import`."""

from __future__ import annotations

import argparse

from app.cli.arguments import Parser, whole_number

_Commands = argparse._SubParsersAction  # argparse gives this type no public name

FORMATS = ("markdown", "json", "html", "pdf")

_EXPORT = """\
Write chats into files: as Markdown, HTML or PDF the answers in front, as JSON everything, to be imported
again. No file ever holds a word of thinking."""

_EXPORT_END = """\
examples:
  ponder history export --chat 12
  ponder history export --chat 12 --format pdf --output prime-numbers.pdf
  ponder history export --all --format json --output chats.json
  ponder history export --folder Work --format html --output work/

One chat as Markdown or JSON goes to standard output without --output. Several chats as Markdown, HTML or
PDF go into a folder, a file for each.
--json prints one object: chats, files (a list of paths), other_versions (that are in no file),
gone (chats that were deleted meanwhile)."""

_IMPORT = """\
Bring chats into the history: Ponder's own JSON, the export archives of ChatGPT, Claude and DeepSeek (the
.zip as it came, or its conversations.json), and LM Studio's .conversation.json. Thoughts are dropped and
counted. A chat that is there already is passed over, so the same file can be imported twice."""

_IMPORT_END = """\
The exit code is 1 where something could not be read; what could is imported.
--json prints one object: imported, already_there, left_out (an object of counts), problems (a list: file,
title, reason), more_problems. With --dry-run nothing is stored, and imported counts what would be."""


def add_transfer(actions: _Commands[Parser]) -> None:
    """Add both actions. `run` in the result is `history export` or `history import`."""
    exporting = actions.add_parser(
        "export", help="write chats into files", description=_EXPORT, epilog=_EXPORT_END
    )
    which = exporting.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "--chat",
        metavar="N",
        type=whole_number(1, 2**63 - 1),
        action="append",
        default=[],
        help="the chat with that number in the list; more than once for several",
    )
    which.add_argument("--folder", metavar="NAME", default="", help="all chats in that folder")
    which.add_argument("--all", action="store_true", help="all chats and folders")
    exporting.add_argument("--format", choices=FORMATS, default="markdown", help="default: markdown")
    exporting.add_argument("--output", metavar="PATH", default="", help="a file, or a folder for several")
    exporting.add_argument("--force", action="store_true", help="replace a file that is there")
    importing = actions.add_parser(
        "import", help="read chats from files", description=_IMPORT, epilog=_IMPORT_END
    )
    importing.add_argument("files", metavar="FILE", nargs="+", help="a file or archive")
    importing.add_argument("--dry-run", action="store_true", help="only say what is in it")
    for action in (exporting, importing):
        action.add_argument("--json", action="store_true", help="for machines")
    exporting.set_defaults(run="history export")
    importing.set_defaults(run="history import")
