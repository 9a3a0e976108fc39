"""The process that renders chats: `python -P -m ui.export.worker`, see `ui.export.protocol`.

It ends when its input ends. On Linux the kernel keeps it from the internet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import IO

import msgspec
from PySide6.QtGui import QGuiApplication

from app.history.transfer.exporting import Form
from models.core_dumps import forbid_core_dumps
from models.engine.sandbox import forbid_internet
from ui.export.drawn_formulas import DrawnFormulas
from ui.export.html_page import html_page
from ui.export.pdf_page import pdf_page
from ui.export.protocol import Page, Rendered


def serve(lines: Iterator[bytes], out: IO[bytes], formulas: DrawnFormulas) -> None:
    """Answer each line until there are no more."""
    for line in lines:
        page = msgspec.json.decode(line, type=Page)
        if page.form is Form.PDF:
            made = pdf_page(page.chat, formulas)
        else:
            made = html_page(page.chat, formulas).encode("utf-8", "replace")
        out.write(msgspec.json.encode(Rendered(len(made))) + b"\n")
        out.write(made)
        out.flush()


def main() -> int:
    """Read from standard input, write to standard output."""
    forbid_core_dumps()
    forbid_internet()
    application = QGuiApplication(["ponder"])
    formulas = DrawnFormulas()
    serve(iter(sys.stdin.buffer.readline, b""), sys.stdout.buffer, formulas)
    formulas.close()
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
