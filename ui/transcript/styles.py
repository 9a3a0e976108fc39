"""How a formatted answer looks: the character and paragraph formats of one theme."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QTextBlockFormat,
    QTextCharFormat,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextOption,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
)

from ui import theme as look
from ui.theme import COLUMN_WIDTH_PX, GUTTER_PX, Theme
from ui.transcript.blocks import Block, BlockKind, Container, Item, Mark, Run, Table

LIST_INDENT_PX = 24
QUOTE_INDENT_PX = 18
DEEP_INDENT_PX = 10
"""Of each level from the fifth on."""
MAX_LEVELS = 12
"""They take a quarter of the column, and half of a narrow one; what is deeper stands there too."""
CELL_GAP_PX = 20
CODE_PADDING_PX = 16
CODE_END_PX = 12
CODE_HEAD_PX = 32
"""The strip above the code. Its line, `CODE_HEAD_LINE_PX` high, begins a little below its top."""
CODE_HEAD_LINE_PX = 24
CODE_HEAD_ABOVE_PX = 1

DISPLAYS_GAP_PX = 20
"""Between two displayed formulas: more than between the lines of one."""

EM_SHARE = 1.12
"""The em of a formula in that of the text around: its font draws small letters smaller than most do."""

_HEADINGS = {1: (20, 30), 2: (18, 28), 3: (16, 26)}
_GAPS = {
    BlockKind.PARAGRAPH: 12,
    BlockKind.TIGHT: 4,
    BlockKind.CONTINUED: 0,
    BlockKind.HEADING: 24,
    BlockKind.CODE_HEAD: 14,
    BlockKind.CODE_LINE: 0,
    BlockKind.MATH: 12,
    BlockKind.RULE: 16,
}
_ALIGNMENTS = {
    "center": Qt.AlignmentFlag.AlignHCenter,
    "right": Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignAbsolute,
}


def indent_px(inside: tuple[Container, ...], theme: Theme) -> int:
    """How far to the right a block inside these containers begins."""
    outer, deep = inside[:4], inside[4:MAX_LEVELS]
    indents = (QUOTE_INDENT_PX if container is Container.QUOTE else LIST_INDENT_PX for container in outer)
    return theme.px(sum(indents) + len(deep) * DEEP_INDENT_PX)


def is_right_to_left(block: Block) -> bool:
    """Whether the first letter of a block is Arabic, Hebrew or the like; formulas have none."""
    for run in block.runs:
        for character in run.text if run.maths is None else "":
            direction = unicodedata.bidirectional(character)
            if direction in ("L", "R", "AL"):
                return direction != "L"
    return False


def _tab_type(block: Block) -> QTextOption.TabType:
    """Where text goes on behind the marker. From right to left Qt takes each kind for the other."""
    return QTextOption.TabType.RightTab if is_right_to_left(block) else QTextOption.TabType.LeftTab


class TextStyles:
    """The formats of one theme. Character formats are made once for each way to stand out."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self._reading_font = look.reading_font(theme)
        self._code_font = look.code_font(theme.px(look.CODE_PX))
        self._head_font = look.system_font(theme.px(look.SMALL_PX))
        self.code_head_px = theme.px(CODE_HEAD_PX)
        self._characters: dict[tuple[object, ...], QTextCharFormat] = {}

    def characters(self, run: Run, block: Block | None = None) -> QTextCharFormat:
        """How `run` looks in `block`; None in a table."""
        kind = block.kind if block else BlockKind.PARAGRAPH
        level = block.level if block else 0
        key = (kind, level, run.marks, run.role, run.address)
        if key not in self._characters:
            made = self._make_characters(run, kind, level)
            if run.address:
                return made
            self._characters[key] = made
        return self._characters[key]

    def paragraph(self, block: Block, before: Item | None, *, ends_code: bool) -> QTextBlockFormat:
        """How `block` stands on the page when `before` is above it."""
        paragraph = QTextBlockFormat()
        paragraph.setLineHeight(self.line_px(block), QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        paragraph.setTopMargin(_gap_px(block, before, self.theme))
        left = indent_px(block.inside, self.theme)
        if block.kind in (BlockKind.CODE_HEAD, BlockKind.CODE_LINE):
            paragraph.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # others: by their first letter
        if block.kind is BlockKind.CODE_HEAD:
            paragraph.setLeftMargin(left + CODE_PADDING_PX - 4)
        elif block.kind is BlockKind.CODE_LINE:
            self.wrap(paragraph, block, wraps=True)
            paragraph.setRightMargin(CODE_PADDING_PX)
            paragraph.setBottomMargin(CODE_END_PX if ends_code else 0)
        elif is_right_to_left(block):
            paragraph.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            paragraph.setRightMargin(left)
        else:
            paragraph.setLeftMargin(left)
        if block.marker:
            indent = self.theme.px(LIST_INDENT_PX)
            paragraph.setTextIndent(-indent)
            paragraph.setTabPositions([QTextOption.Tab(indent, _tab_type(block))])
        return paragraph

    @property
    def reading_font(self) -> QFont:
        """The font of words."""
        return self._reading_font

    @property
    def code_font(self) -> QFont:
        """The font of code."""
        return self._code_font

    def wrap(self, paragraph: QTextBlockFormat, block: Block, *, wraps: bool) -> None:
        """Whether a line of code goes on in the next line, where it stands further in."""
        padding = CODE_PADDING_PX if wraps else 0
        paragraph.setNonBreakableLines(not wraps)
        paragraph.setLeftMargin(indent_px(block.inside, self.theme) + CODE_PADDING_PX + padding)
        paragraph.setTextIndent(-padding)

    def make_room(self, paragraph: QTextBlockFormat, block: Block, *, high: bool, drawn: bool) -> None:
        """Make the lines of a paragraph as high as formulas need, and put drawn ones in the middle."""
        if high:
            minimum = QTextBlockFormat.LineHeightTypes.MinimumHeight.value
            paragraph.setLineHeight(self.line_px(block), minimum)
        if block.kind is BlockKind.MATH and (drawn or any(run.marks & Mark.BOXED for run in block.runs)):
            paragraph.setAlignment(Qt.AlignmentFlag.AlignHCenter)

    def em_px(self, item: Item) -> float:
        """How large formulas are in this paragraph or table."""
        if isinstance(item, Block) and item.kind is BlockKind.HEADING:
            return self.theme.px(_HEADINGS.get(item.level, (look.READING_PX, 0))[0]) * EM_SHARE
        return self._reading_font.pixelSize() * EM_SHARE

    def column_px(self, item: Item, document_px: float) -> float:
        """How wide a line of this paragraph or table may be, in a document that wide.

        One that was not laid out yet has no width; it will mostly be as wide as the reading column.
        """
        if document_px <= 0:
            document_px = COLUMN_WIDTH_PX
        return max(document_px - 2 * GUTTER_PX - indent_px(item.inside, self.theme), 1.0)

    def around_formula(self, run: Run, item: Item) -> QTextCharFormat:
        """How text looks in whose place a formula stands: what a link is, it stays."""
        plain = Run("", run.marks & Mark.STRIKE, run.address)
        return self.characters(plain, item if isinstance(item, Block) else None)

    def marker(self, block: Block) -> QTextCharFormat:
        """How bullets and numbers look; that of a footnote is raised, as where it is referred to."""
        marks = Mark.RAISED if block.inside and block.inside[-1] is Container.NOTE else Mark.NONE
        return self._make_characters(Run("", marks), BlockKind.PARAGRAPH, 0, colour=self.theme.second)

    def cell_paragraph(self, alignment: str, *, right_to_left: bool) -> QTextBlockFormat:
        """A paragraph in a table."""
        paragraph = QTextBlockFormat()
        if right_to_left:
            paragraph.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        line_px = self.theme.px(look.READING_LINE_PX)
        paragraph.setLineHeight(line_px, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        paragraph.setAlignment(_ALIGNMENTS.get(alignment, Qt.AlignmentFlag.AlignLeft))
        return paragraph

    def table(self, table: Table, before: Item | None, *, right_to_left: bool) -> QTextTableFormat:
        """A table with hairlines between its rows and nothing else."""
        made = QTextTableFormat()
        made.setBorder(0)
        made.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        made.setBorderCollapse(True)
        made.setCellSpacing(0)
        made.setCellPadding(0)
        made.setTopMargin(self.theme.px(8) if before else 0)
        made.setBottomMargin(4)
        if right_to_left:
            made.setAlignment(Qt.AlignmentFlag.AlignRight)
            # Qt counts from the edge of the page here, not from its margin.
            made.setRightMargin(GUTTER_PX + indent_px(table.inside, self.theme))
        else:
            made.setLeftMargin(indent_px(table.inside, self.theme))
        made.setHeaderRowCount(1)
        made.setWidth(QTextLength(QTextLength.Type.VariableLength, 0))
        return made

    def fit_columns(self, made: QTextTable, widths_px: Sequence[int], *, is_wide: bool) -> None:
        """Give a table these widths, or those of its words where there are none; touch only what changes."""
        kind = QTextLength.Type
        lengths = [QTextLength(kind.FixedLength, px) for px in widths_px]
        looks = made.format()
        if looks.columnWidthConstraints() == lengths:
            return
        looks.setColumnWidthConstraints(lengths)
        total_px = sum(widths_px)
        looks.setWidth(QTextLength(kind.FixedLength if is_wide else kind.VariableLength, total_px * is_wide))
        if is_wide:
            looks.clearProperty(QTextFormat.Property.BlockAlignment.value)
        looks.setBottomMargin(4 + CODE_END_PX * is_wide)  # for the scroll bar
        made.setFormat(looks)

    def cell(self, *, head: bool, right_to_left: bool) -> QTextTableCellFormat:
        """A cell with a hairline under it."""
        cell = QTextTableCellFormat()
        cell.setBottomBorder(1)
        cell.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        cell.setBottomBorderBrush(QBrush(QColor(self.theme.third if head else self.theme.line)))
        cell.setTopPadding(self.theme.px(4))
        cell.setBottomPadding(self.theme.px(4))
        if right_to_left:
            cell.setLeftPadding(self.theme.px(CELL_GAP_PX))
        else:
            cell.setRightPadding(self.theme.px(CELL_GAP_PX))
        return cell

    def line_px(self, item: Item) -> int:
        """How high a line of text is."""
        if isinstance(item, Table):
            return self.theme.px(look.READING_LINE_PX)
        match item.kind:
            case BlockKind.HEADING:
                return self.theme.px(_HEADINGS.get(item.level, (look.READING_PX, look.READING_LINE_PX))[1])
            case BlockKind.CODE_LINE:
                return self.theme.px(look.CODE_LINE_PX)
            case BlockKind.CODE_HEAD:
                return self.theme.px(CODE_HEAD_LINE_PX)
            case BlockKind.RULE:
                return 1
            case _:
                return self.theme.px(look.READING_LINE_PX)

    def _make_characters(
        self, run: Run, kind: BlockKind, level: int, colour: str | None = None
    ) -> QTextCharFormat:
        theme = self.theme
        code = bool(run.marks & (Mark.CODE | Mark.MATH))
        font = QFont(self._code_font if code else self._reading_font)
        colour = colour or (getattr(theme, run.role) if kind is BlockKind.CODE_LINE else theme.text)
        if kind is BlockKind.HEADING:
            font.setPixelSize(self.theme.px(_HEADINGS.get(level, (look.READING_PX, 0))[0]))
        if kind is BlockKind.CODE_HEAD:
            font, colour = QFont(self._head_font), theme.third
        if kind is BlockKind.RULE:
            font.setPixelSize(1)
        if kind is BlockKind.HEADING or run.marks & (Mark.BOLD | Mark.BOXED):
            font.setWeight(QFont.Weight.DemiBold)
        font.setItalic(bool(run.marks & (Mark.ITALIC | Mark.MATH)))
        font.setStrikeOut(bool(run.marks & Mark.STRIKE))
        made = QTextCharFormat()
        if run.marks & Mark.CODE and kind is not BlockKind.CODE_LINE:
            made.setBackground(QColor(theme.question))
        if run.marks & Mark.BOXED:
            colour = theme.accent
        if run.address:
            colour = theme.accent
            font.setUnderline(True)
            made.setAnchor(True)
            made.setAnchorHref(run.address)
        made.setFont(font)
        if run.marks & Mark.RAISED:
            made.setVerticalAlignment(QTextCharFormat.VerticalAlignment.AlignSuperScript)
        made.setForeground(QColor(colour))
        return made


def _gap_px(block: Block, before: Item | None, theme: Theme) -> int:
    """The room above `block`."""
    padding = CODE_HEAD_ABOVE_PX if block.kind is BlockKind.CODE_HEAD else 0
    if before is None:
        return padding
    if isinstance(before, Table):
        return theme.px(max(_GAPS[block.kind], 16)) + padding
    if block.kind is BlockKind.CODE_LINE:
        below_line = theme.px(CODE_HEAD_PX) - theme.px(CODE_HEAD_LINE_PX) - CODE_HEAD_ABOVE_PX
        below_head = below_line + CODE_END_PX - 3
        return below_head if before.kind is BlockKind.CODE_HEAD else 0
    gap = _GAPS[block.kind]
    if block.kind is BlockKind.MATH and before.kind is BlockKind.MATH:
        gap = DISPLAYS_GAP_PX
    if before.kind is BlockKind.HEADING:
        gap = min(gap, 8)
    if before.kind is BlockKind.RULE:
        gap = max(gap, 16)
    if block.kind is BlockKind.TIGHT and before.kind is not BlockKind.TIGHT:
        gap = 8
    if before.kind is BlockKind.CODE_LINE:
        return CODE_END_PX + theme.px(max(gap, 14)) + padding  # Qt takes the larger of two margins that meet
    return theme.px(gap) + padding
