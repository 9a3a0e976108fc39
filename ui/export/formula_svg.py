"""A made formula as inline SVG, in the colour and the size of the text around it."""

from __future__ import annotations

from html import escape

from PySide6.QtGui import QPainterPath

from ui.transcript.formulas.drawing import Formula, FormulaPainter
from ui.transcript.styles import EM_SHARE

UNITS = 1_000
"""In an em: whole numbers are exact enough for print, and short."""


def formula_svg(formula: Formula, painter: FormulaPainter, source: str) -> str:
    """The picture; `source` is what a screen reader says."""
    plain, accented, parts = painter.outlines(formula)
    height = formula.ascent + formula.depth
    box = " ".join(map(_units, (formula.left, -formula.ascent, formula.width, height)))
    style = f"width:{formula.width * EM_SHARE:.3f}em;vertical-align:{-formula.depth * EM_SHARE:.3f}em"
    shapes = [
        f'<rect class="box" x="{_units(left)}" y="{_units(top)}" width="{_units(right - left)}" '
        f'height="{_units(bottom - top)}" rx="250"/>'
        for left, top, right, bottom in parts.boxes
    ]
    for word, colour, x, y, size in parts.words:
        place = f'x="{_units(x)}" y="{_units(y)}" font-size="{_units(size)}"'
        shapes.append(f"<text {place}{_accent(colour)}>{escape(word)}</text>")
    shapes += [
        f'<path{_accent(colour)} d="{_path(path)}"/>'
        for colour, path in enumerate((plain, accented))
        if not path.isEmpty()
    ]
    label = escape(" ".join(source.split()), quote=True)
    return f'<svg role="img" aria-label="{label}" viewBox="{box}" style="{style}">{"".join(shapes)}</svg>'


def _accent(colour: int) -> str:
    return ' class="accent"' if colour else ""


def _units(em: float) -> str:
    return str(round(em * UNITS))


def _path(path: QPainterPath) -> str:
    words: list[str] = []
    kinds = QPainterPath.ElementType
    for number in range(path.elementCount()):
        element = path.elementAt(number)
        kind = element.type
        x, y = _units(element.x), _units(element.y)
        if kind == kinds.MoveToElement:
            words.append(f"M{x} {y}")
        elif kind == kinds.LineToElement:
            words.append(f"L{x} {y}")
        elif kind == kinds.CurveToElement:
            words.append(f"C{x} {y}")
        else:
            words.append(f"{x} {y}")
    return " ".join(words)
