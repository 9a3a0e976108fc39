"""A chat as a PDF, laid out by the transcript's own writer: light, and with text that can be copied."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPageLayout, QPageSize, QPainter, QPdfWriter, QTextDocument

from app import numbers_in_words
from app.history.titles import one_line
from app.history.transfer.as_markdown import ending, moment_in_words
from app.history.transfer.records import ChatRecord
from app.version import version
from ui import theme as look
from ui.export.drawn_formulas import DrawnFormulas
from ui.theme import GUTTER_PX, Theme
from ui.transcript.blocks import LINE_SEPARATOR, Block, BlockKind, Container, Item, Mark, Run
from ui.transcript.document import AnswerWriter
from ui.transcript.grounds import Grounds
from ui.transcript.markdown import MarkdownReader
from ui.transcript.styles import TextStyles
from ui.transcript.untrusted_text import shown, with_line_feeds

PX_PER_INCH = 96.0
MARGIN_PX = 56.0
FOOTER_PX = 28.0
DOTS_PER_INCH = 1200
MAX_PIECE_CHARS = 2_000


def pdf_page(chat: ChatRecord, formulas: DrawnFormulas) -> bytes:
    """The whole file."""
    items = list(_items(chat))
    formulas.draw(items)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = _writer(buffer, chat)
    page_px = writer.pageLayout().fullRect(QPageLayout.Unit.Inch).size() * PX_PER_INCH
    text_px = QSizeF(
        page_px.width() - 2 * (MARGIN_PX - GUTTER_PX), page_px.height() - 2 * MARGIN_PX - FOOTER_PX
    )
    theme = Theme.light()
    document = QTextDocument()
    document.setUndoRedoEnabled(False)
    document.setDocumentMargin(GUTTER_PX)
    document.setDefaultFont(look.reading_font(theme))
    document.setPageSize(text_px)
    answer = AnswerWriter(document, TextStyles(theme), formulas.maker)
    answer.write(items)
    grounds = Grounds(document, answer)
    grounds.update(0)
    _paint(writer, document, grounds, text_px, theme)
    buffer.close()
    return bytes(buffer.data().data())


def _writer(buffer: QBuffer, chat: ChatRecord) -> QPdfWriter:
    writer = QPdfWriter(buffer)
    is_letter = QLocale.system().measurementSystem() == QLocale.MeasurementSystem.ImperialUSSystem
    size = QPageSize(QPageSize.PageSizeId.Letter if is_letter else QPageSize.PageSizeId.A4)
    writer.setPageLayout(
        QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Point)
    )
    writer.setResolution(DOTS_PER_INCH)
    writer.setTitle(shown(one_line(chat.title)))
    writer.setCreator(f"Ponder {version()}")
    return writer


def _paint(
    writer: QPdfWriter, document: QTextDocument, grounds: Grounds, text_px: QSizeF, theme: Theme
) -> None:
    painter = QPainter(writer)
    scale = DOTS_PER_INCH / PX_PER_INCH
    page_count = document.pageCount()
    for page in range(page_count):
        if page:
            writer.newPage()
        painter.save()
        painter.scale(scale, scale)
        painter.translate(MARGIN_PX - GUTTER_PX, MARGIN_PX)
        _paint_footer(painter, f"{page + 1} / {page_count}", text_px, theme)
        clip = QRectF(0, page * text_px.height(), text_px.width(), text_px.height())
        painter.setClipRect(QRectF(0, 0, text_px.width(), text_px.height()))
        painter.translate(0, -clip.top())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        grounds.paint(painter, clip, theme)
        document.drawContents(painter, clip)
        painter.restore()
    painter.end()


def _paint_footer(painter: QPainter, words: str, text_px: QSizeF, theme: Theme) -> None:
    painter.setFont(look.small_font())
    painter.setPen(theme.colour("third"))
    place = QRectF(0, text_px.height() + MARGIN_PX / 4, text_px.width(), FOOTER_PX)
    painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, words)


def _items(chat: ChatRecord) -> Iterator[Item]:
    """The whole chat as the items of one text: questions stand as quotes."""
    reader = MarkdownReader()
    yield Block(BlockKind.HEADING, (Run(shown(one_line(chat.title)) or " "),), 1)
    for number, turn in enumerate(chat.path()):
        if number:
            yield Block(BlockKind.RULE)
        yield _who(f"You · {moment_in_words(turn)}")
        yield from _plain(turn.question)
        model = shown(one_line(turn.model_name)) or "Answer"
        thought = numbers_in_words.thought(turn.usage)
        yield _who(f"{model} · {thought}" if thought else model)
        if turn.answer.strip():
            yield from reader.read(with_line_feeds(turn.answer), finished=True)
        if words := ending(turn):
            yield Block(BlockKind.PARAGRAPH, (Run(shown(words), Mark.ITALIC),))


def _who(words: str) -> Block:
    return Block(BlockKind.HEADING, (Run(words),), 4)


def _plain(question: str) -> Iterator[Block]:
    """As it was typed, no markup is read in it; long ones in pieces, as the transcript has them."""
    for paragraph in shown(with_line_feeds(question)).strip("\n").split("\n\n"):
        text = paragraph.strip("\n").replace("\n", LINE_SEPARATOR)
        for start in range(0, len(text) or 1, MAX_PIECE_CHARS):
            kind = BlockKind.CONTINUED if start else BlockKind.PARAGRAPH
            run = Run(text[start : start + MAX_PIECE_CHARS])
            yield Block(kind, (run,) if run.text else (), inside=(Container.QUOTE,))
