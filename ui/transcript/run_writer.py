"""Writes the runs of a paragraph into a text document: words, and formulas that are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from PySide6.QtGui import QTextCharFormat, QTextCursor

from ui.transcript.blocks import Block, Item, Mark, Run
from ui.transcript.formulas.drawn import DrawnFormulas
from ui.transcript.formulas.objects import OBJECT
from ui.transcript.styles import TextStyles
from ui.utf16 import utf16_length

Piece = tuple[str, QTextCharFormat]
"""Characters of a paragraph that look alike; a drawn formula is one."""


class RunWriter:
    """Knows how the runs of one document look."""

    def __init__(self, styles: TextStyles, formulas: DrawnFormulas) -> None:
        self.styles = styles
        self.formulas = formulas

    def insert(self, runs: Iterable[Run], item: Item, cursor: QTextCursor) -> None:
        """Write runs of this item at the cursor."""
        for text, looks in self.pieces(runs, item):
            cursor.insertText(text, looks)

    def insert_block(self, block: Block, cursor: QTextCursor) -> None:
        """Write a paragraph with its marker at the cursor."""
        for text, looks in self.pieces_of(block):
            cursor.insertText(text, looks)

    def pieces_of(self, block: Block) -> Iterator[Piece]:
        """What stands in a paragraph."""
        if block.marker:
            yield block.marker + "\t", self.styles.marker(block)
        yield from self.pieces(block.runs, block)

    def pieces(self, runs: Iterable[Run], item: Item) -> Iterator[Piece]:
        """What stands there for runs of this item."""
        block = item if isinstance(item, Block) else None
        for run in runs:
            formula = self.formulas.characters(run, item, self.styles) if run.maths is not None else None
            if formula is not None:
                yield OBJECT, formula
                continue
            yield run.text.removesuffix(run.behind), self.styles.characters(run, block)
            if run.behind:
                behind = replace(run, marks=run.marks & ~(Mark.MATH | Mark.BOXED))
                yield run.behind, self.styles.characters(behind, block)

    def drawn(self, item: Item) -> tuple[bool, ...]:
        """Of each formula of the item, whether it is to be drawn now."""
        return self.formulas.drawn(item, self.styles)


def restyle(cursor: QTextCursor, pieces: Iterable[Piece]) -> None:
    """Give the characters from the cursor on, which are those of `pieces`, their formats."""
    for text, looks in pieces:
        cursor.setPosition(cursor.position() + utf16_length(text), QTextCursor.MoveMode.KeepAnchor)
        cursor.setCharFormat(looks)
        cursor.setPosition(cursor.position())
