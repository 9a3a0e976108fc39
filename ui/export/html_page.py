"""A chat as one HTML file: no script, nothing from elsewhere, and all text escaped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from app import numbers_in_words
from app.history.titles import one_line
from app.history.transfer.as_markdown import ending, moment_in_words
from app.history.transfer.records import ChatRecord, TurnRecord
from ui.export.drawn_formulas import DrawnFormulas
from ui.export.formula_svg import formula_svg
from ui.export.html_style import STYLE
from ui.transcript.blocks import (
    LINE_SEPARATOR,
    WORD_JOINER,
    Block,
    BlockKind,
    CodeRole,
    Container,
    Item,
    Mark,
    Run,
    Runs,
    Table,
)
from ui.transcript.boxed import BOX_ROOM
from ui.transcript.markdown import MarkdownReader
from ui.transcript.untrusted_text import shown, with_line_feeds

# Nothing of the page may be fetched or run, even if a browser found something to.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_TAGS = ((Mark.BOLD, "strong"), (Mark.ITALIC, "em"), (Mark.STRIKE, "s"), (Mark.RAISED, "sup"))
_ITEM = '<div class="item">'
_OPENING = {Container.QUOTE: "<blockquote>", Container.LIST: _ITEM, Container.NOTE: _ITEM}
_CLOSING = {Container.QUOTE: "</blockquote>", Container.LIST: "</div>", Container.NOTE: "</div>"}


def html_page(chat: ChatRecord, formulas: DrawnFormulas) -> str:
    """The whole page: the path in front."""
    title = escape(shown(one_line(chat.title)))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="mul"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style></head>",
            f'<body><main><h1 dir="auto">{title}</h1>',
            *_turns(chat, formulas),
            "</main></body></html>\n",
        ]
    )


def _turns(chat: ChatRecord, formulas: DrawnFormulas) -> Iterator[str]:
    reader = MarkdownReader()
    for turn in chat.path():
        question = escape(shown(with_line_feeds(turn.question)))
        yield f'<section><p class="who">You · {moment_in_words(turn)}</p>'
        yield f'<div class="question" dir="auto">{question}</div>'
        yield f'<p class="who">{_said_by(turn)}</p>'
        yield "<article>"
        items = reader.read(with_line_feeds(turn.answer), finished=True) if turn.answer.strip() else []
        formulas.draw(items)
        yield from _Items(items, formulas).lines()
        if words := ending(turn):
            yield f'<p class="ending">{escape(shown(words))}</p>'
        yield "</article></section>"


def _said_by(turn: TurnRecord) -> str:
    parts = [shown(one_line(turn.model_name)) or "Answer", numbers_in_words.thought(turn.usage)]
    return " · ".join(escape(part) for part in parts if part)


class _Items:
    """The items of one answer, in order; what stands in the same quote or list stands in one element."""

    def __init__(self, items: Sequence[Item], formulas: DrawnFormulas) -> None:
        self._items = items
        self._formulas = formulas
        self._open: tuple[Container, ...] = ()

    def lines(self) -> Iterator[str]:
        """The HTML, line by line."""
        number = 0
        while number < len(self._items):
            item = self._items[number]
            yield from self._go_into(item)
            if isinstance(item, Block) and item.kind in (BlockKind.CODE_HEAD, BlockKind.CODE_LINE):
                code = self._code_from(number)
                yield self._code(code)
                number += len(code)
                continue
            yield self._table(item) if isinstance(item, Table) else self._block(item)
            number += 1
        yield "".join(_CLOSING[container] for container in reversed(self._open))

    def _go_into(self, item: Item) -> Iterator[str]:
        """Close and open elements until those of the item are open. A marker begins a list item anew."""
        inside = item.inside
        common = 0
        while common < min(len(inside), len(self._open)) and inside[common] is self._open[common]:
            common += 1
        if isinstance(item, Block) and item.marker and common == len(inside):
            common -= 1
        yield "".join(_CLOSING[container] for container in reversed(self._open[common:]))
        yield "".join(_OPENING[container] for container in inside[common:])
        self._open = inside

    def _code_from(self, start: int) -> list[Block]:
        code: list[Block] = []
        for item in self._items[start:]:
            is_head = isinstance(item, Block) and item.kind is BlockKind.CODE_HEAD
            is_line = isinstance(item, Block) and item.kind is BlockKind.CODE_LINE
            if not isinstance(item, Block) or not (is_line or (is_head and not code)):
                break
            code.append(item)
        return code

    def _code(self, code: Sequence[Block]) -> str:
        head = ""
        if code[0].kind is BlockKind.CODE_HEAD:
            head = f'<div class="language">{escape(code[0].runs[0].text)}</div>'
            code = code[1:]
        lines = "\n".join("".join(_code_run(run) for run in line.runs) for line in code)
        return f'<div class="code" dir="ltr">{head}<pre>{lines}</pre></div>'

    def _block(self, block: Block) -> str:
        words = self._runs(block.runs)
        if block.marker:
            words = f'<span class="marker">{escape(block.marker)}</span>{words}'
        match block.kind:
            case BlockKind.HEADING:
                level = min(block.level + 1, 6)
                return f'<h{level} dir="auto">{words}</h{level}>'
            case BlockKind.RULE:
                return "<hr>"
            case BlockKind.MATH:
                return f'<div class="math">{words}</div>'
            case BlockKind.TIGHT:
                return f'<p class="tight" dir="auto">{words}</p>'
            case _:
                return f'<p dir="auto">{words}</p>'

    def _table(self, table: Table) -> str:
        rows = []
        for number, row in enumerate(table.rows):
            tag = "td" if number else "th"
            cells = zip(row, table.alignments, strict=False)
            rows.append(
                "<tr>"
                + "".join(
                    f'<{tag} dir="auto" class="{_alignment(alignment)}">{self._runs(cell)}</{tag}>'
                    for cell, alignment in cells
                )
                + "</tr>"
            )
        return f'<div class="wide"><table>{"".join(rows)}</table></div>'

    def _runs(self, runs: Runs) -> str:
        return "".join(self._run(run) for run in runs)

    def _run(self, run: Run) -> str:
        formula = self._formulas.get(run.maths) if run.maths is not None else None
        if formula is not None:
            source = (run.source or run.text).removesuffix(run.behind)
            words = formula_svg(formula, self._formulas.maker.painter, source)
        else:
            words = escape(_as_written(run)).replace(LINE_SEPARATOR, "<br>")
            if run.marks & (Mark.CODE | Mark.MATH):
                words = f"<code>{words}</code>"
            if run.marks & Mark.BOXED:
                words = f'<span class="boxed">{words}</span>'
        words += escape(run.behind)
        for mark, tag in _TAGS:
            if run.marks & mark:
                words = f"<{tag}>{words}</{tag}>"
        if run.address:  # checked: ui.transcript.links
            words = f'<a href="{escape(run.address, quote=True)}" rel="noopener noreferrer">{words}</a>'
        return words


def _as_written(run: Run) -> str:
    """Its words without what only the window's layout needs."""
    return run.text.removesuffix(run.behind).replace(BOX_ROOM, "").replace(WORD_JOINER, "")


def _alignment(untrusted: str) -> str:
    return untrusted if untrusted in ("center", "right") else "left"


def _code_run(run: Run) -> str:
    words = escape(run.text)
    return words if run.role is CodeRole.PLAIN else f'<span class="{run.role.value}">{words}</span>'
