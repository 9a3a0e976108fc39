"""Lays a formula out: where each glyph and each bar stands. The only module that knows ziamath."""

from __future__ import annotations

import math
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import msgspec

from ui.transcript.formulas.protocol import Drawn, Parts
from ui.transcript.formulas.source import rewritten

with warnings.catch_warnings():
    # WORKAROUND: ziamath reads its font by a deprecated call of importlib.resources (zmath.py, last lines).
    warnings.simplefilter("ignore", DeprecationWarning)
    from ziafont.fonttypes import BBox
    from ziafont.glyph import SimpleGlyph
    from ziamath import drawable, operators
    from ziamath.config import config
    from ziamath.mathfont import MathFont
    from ziamath.mathtable import AssembledGlyph
    from ziamath.nodes.mnode import _node_classes
    from ziamath.nodes.mtable import Mtable
    from ziamath.tex import tex2mml
    from ziamath.zmath import Math, loadedfonts

MAX_PARTS = 800
MAX_EM = 400.0
SIZE = 100.0
"""Formulas are laid out at this size and divided by it: ziamath rounds some lengths to a thousandth."""
SMALLEST_SHARE = 0.45
"""Of the size: exponents of exponents are not smaller."""
BOX_SIDES_EM = 0.25
BOX_ENDS_EM = 0.15

ROW_SPACING = "0.5em"

_FONT = "ponder"
_ACCENT = "accent"
_FULL_WIDTH_FROM = 0x2E80
_RELATION = {"lspace": "thickmathspace", "rspace": "thickmathspace"}
_BINARY = {"lspace": "mediummathspace", "rspace": "mediummathspace"}
_MISSING_OPERATORS = {
    **dict.fromkeys("⊂⊊⊋⇝⟶⟹⟸⟺⟷", _RELATION),
    **dict.fromkeys("∪∩∧∨∗⋅×÷", _BINARY),
    "\\": _BINARY,
}
_LETTERS_THAT_RELATE = frozenset("⟂~∼⧵")  # latex2mathml takes them for letters
_KNOWN_ELEMENTS = frozenset((*_node_classes, "math", "mtr", "mtd", "mstyle", "ms", "none"))
_SIGNS = frozenset("+-−±∓")
_RECT = ("x", "y", "width", "height")
_AFTER_OPERAND = frozenset(")]}!|‖⟩⌋⌉′")


_Shapes = dict[str, list[list[float]]]
_Corners = tuple[float, float, float, float, float, float, float, float]


class UndrawableError(Exception):
    """The formula is to be shown as its source. The text says why, and holds none of it."""


class _Word(SimpleGlyph):
    """A character that the font lacks: the window draws it with a font of the system."""

    def __init__(self, char: str, font: MathFont) -> None:
        em = font.info.layout.unitsperem
        self.word = char
        self._width: int = em if ord(char) >= _FULL_WIDTH_FROM else round(em * 0.6)
        super().__init__(0, [], BBox(0, self._width, round(-0.12 * em), round(0.88 * em)), font)

    def advance(self, nextchr: SimpleGlyph | None = None) -> int:
        return self._width


class _Font(MathFont):
    """The font of the formulas, which gives a `_Word` for what it lacks."""

    def findglyph(self, char: str, variant: Any) -> SimpleGlyph:
        glyph = super().findglyph(char, variant)
        return _Word(char, self) if glyph.index == 0 else glyph


class _Placed(ET.Element):
    """A glyph in ziamath's drawing as itself, not as an outline."""

    def __init__(self, glyph: SimpleGlyph, x: float, y: float, size: float, colour: str) -> None:
        super().__init__("glyph", {"fill": colour})
        self.glyph = glyph
        self.place = (x, y, size)


class FormulaLayout:
    """Lays formulas out. Each glyph's outline is told once, with the first formula that has it.

    It changes ziamath as a whole: there is one in a process, and nothing else uses ziamath there.
    """

    def __init__(self) -> None:
        config.svg2 = False
        config.precision = 3
        config.minsizefraction = SMALLEST_SHARE
        loadedfonts[_FONT] = _Font(loadedfonts["default"].info.filename, SIZE)
        drawable.Glyph.draw = _draw_glyph  # type: ignore[method-assign]
        Mtable.draw = _draw_table  # type: ignore[method-assign]
        operators.operators.update({(char, "infix"): spaces for char, spaces in _MISSING_OPERATORS.items()})
        self._told: set[str] = set()

    def lay_out(self, tex: str, *, display: bool) -> Drawn:
        """The formula. Raises `UndrawableError`, and whatever ziamath raises."""
        root = ET.fromstring(tex2mml(rewritten(tex), inline=not display))
        _mend(root)
        maths = Math(root, size=SIZE, font=_FONT)
        drawing = ET.Element("svg")
        maths.node.draw(0, 0, drawing)
        if len(drawing) > MAX_PARTS:
            raise UndrawableError("too many parts")
        return self._drawn(drawing, maths.node.bbox)

    def _drawn(self, drawing: ET.Element, bbox: BBox) -> Drawn:
        parts = Parts([], [], [], [])
        shapes: dict[str, list[list[float]]] = {}
        extent = _Extent(bbox.xmin / SIZE, bbox.xmax / SIZE)
        for element in drawing:
            match element.tag:
                case "glyph":
                    self._take_glyph(element, parts, shapes, extent)
                case "rect" if element.get("stroke") is not None:
                    x, y, width, height = _rect(element)
                    parts.boxes.append((x, y - BOX_ENDS_EM, x + width, y + height + BOX_ENDS_EM))
                    extent.take(*parts.boxes[-1])
                case "rect" | "path":
                    corners = _bar(element) if element.tag == "rect" else _stroke(element)
                    parts.bars.append((_colour(element), *corners))
                    extent.take(min(corners[::2]), min(corners[1::2]), max(corners[::2]), max(corners[1::2]))
                case _:
                    raise UndrawableError("a part that is not drawn")
        if not parts.glyphs and not parts.words:
            raise UndrawableError("nothing to draw")
        if parts.boxes:
            extent.end_at_ink()  # ziamath gives a box too much room on its right
        left, width, ascent, depth = extent.measures()
        self._told.update(shapes)
        return Drawn("", left, width, ascent, depth, msgspec.Raw(msgspec.json.encode(parts)), shapes)

    def _take_glyph(self, element: ET.Element, parts: Parts, shapes: _Shapes, extent: _Extent) -> None:
        glyph: SimpleGlyph = element.glyph  # type: ignore[attr-defined]
        x, y, size = (number / SIZE for number in element.place)  # type: ignore[attr-defined]
        colour = _colour(element)
        if isinstance(glyph, _Word):
            parts.words.append((glyph.word, colour, x, y, size))
        for part, dx, dy in _simple_glyphs(glyph):
            if part.id not in self._told and part.id not in shapes:
                shapes[part.id] = _outline(part)
            parts.glyphs.append((part.id, colour, x + dx * size, y + dy * size, size))
        em = glyph.font.info.layout.unitsperem / size
        box = glyph.bbox
        extent.take(x + box.xmin / em, y - box.ymax / em, x + box.xmax / em, y - box.ymin / em)


class _Extent:
    """The rectangle that holds everything, in em."""

    def __init__(self, left: float, right: float) -> None:
        self._left, self._right = left, right
        self._ink_right = left
        self._top = self._bottom = 0.0

    def take(self, left: float, top: float, right: float, bottom: float) -> None:
        self._left, self._right = min(self._left, left), max(self._right, right)
        self._ink_right = max(self._ink_right, right)
        self._top, self._bottom = min(self._top, top), max(self._bottom, bottom)

    def end_at_ink(self) -> None:
        """Leave out what is empty on the right."""
        self._right = self._ink_right

    def measures(self) -> tuple[float, float, float, float]:
        """Left, width, ascent, depth."""
        measures = (self._left, self._right - self._left, -self._top, self._bottom)
        if not all(math.isfinite(measure) and abs(measure) < MAX_EM for measure in measures):
            raise UndrawableError("too large")
        return measures


def _draw_glyph(self: Any, x: float, y: float, svg: ET.Element) -> tuple[float, float]:
    """In place of `ziamath.drawable.Glyph.draw`, which writes the outline anew for each glyph."""
    if not self.phantom:
        svg.append(_Placed(self.glyph, x, y, self.size, str(self.style.mathcolor)))
    return x + self.funit_to_points(self.glyph.advance()), y


def _draw_table(self: Any, x: float, y: float, svg: ET.Element) -> tuple[float, float]:
    """In place of `Mtable.draw`, which knows no rules between rows and columns."""
    end = super(Mtable, self).draw(x, y, svg)
    rows = [len(row) for row in self.element]
    cells = list(zip(self.nodes, self.nodexy, strict=True))
    grid = [[cells.pop(0) for _ in range(length)] for length in rows]
    thickness = self.units_to_points(self.font.math.consts.fractionRuleThickness)
    left, right, top, bottom = self.bbox.xmin, self.bbox.xmax, -self.bbox.ymax, -self.bbox.ymin
    for above, below, kind in zip(grid, grid[1:], _lines(self.element, "rowlines"), strict=False):
        if kind != "none":
            middle = max(at[1] - node.bbox.ymin for node, at in above)
            middle = (middle + min(at[1] - node.bbox.ymax for node, at in below)) / 2
            _add_rule(svg, x + left, y + middle - thickness / 2, right - left, thickness)
    columns = [[row[n] for row in grid if len(row) > n] for n in range(max(rows))]
    for one, other, kind in zip(columns, columns[1:], _lines(self.element, "columnlines"), strict=False):
        if kind != "none":
            middle = max(at[0] + node.bbox.xmax for node, at in one)
            middle = (middle + min(at[0] for _, at in other)) / 2
            _add_rule(svg, x + middle - thickness / 2, y + top, thickness, bottom - top)
    return end  # type: ignore[no-any-return]


def _lines(table: ET.Element, name: str) -> Iterator[str]:
    """The kinds of the lines of a table; the last stands for all that follow."""
    kinds = (table.get(name) or "none").split()
    yield from kinds
    while True:
        yield kinds[-1]


def _add_rule(svg: ET.Element, x: float, y: float, width: float, height: float) -> None:
    numbers = (x, y, width, height)
    ET.SubElement(svg, "rect", {name: str(n) for name, n in zip(_RECT, numbers, strict=True)})


def _mend(root: ET.Element) -> None:
    """Add to the MathML what ziamath needs to be told."""
    for element in root.iter():
        if element.tag.endswith("menclose") and element.get("notation") == "box":
            _mark_box(element)
        elif element.tag.endswith("mi") and element.text in _LETTERS_THAT_RELATE:
            element.tag = element.tag.removesuffix("mi") + "mo"
            element.attrib.update(_RELATION)
        elif element.tag.endswith("mtable"):
            element.set("rowspacing", ROW_SPACING)
        elif element.tag.endswith(("mi", "mo", "mtext")) and "\\" in (element.text or ""):
            raise UndrawableError("a command that is not known")
        elif element.tag.rpartition("}")[2] not in _KNOWN_ELEMENTS:
            raise UndrawableError("a part that is not known")
        _mark_signs(element)


def _mark_box(box: ET.Element) -> None:
    r"""Colour what is in `\boxed`, and give it room on both sides."""
    inside = ET.Element("mrow")
    inside.extend(list(box))
    for child in list(box):
        box.remove(child)
    room = {"width": f"{BOX_SIDES_EM * SIZE}px"}
    row = ET.SubElement(box, "mrow")
    row.extend((ET.Element("mspace", room), inside, ET.Element("mspace", room)))
    box.set("mathcolor", _ACCENT)


def _mark_signs(row: ET.Element) -> None:
    """A sign behind another operator belongs to what follows it: "x = -2", not "x = - 2"."""
    before: ET.Element | None = None
    for child in row:
        text = (child.text or "").strip()
        if child.tag.endswith("mo") and text in _SIGNS and before is not None:
            after = (before.text or "").strip()
            if before.tag.endswith("mo") and after not in _AFTER_OPERAND and before.get("form") != "postfix":
                child.set("form", "prefix")
        if not child.tag.endswith("mspace"):
            before = child


def _colour(element: ET.Element) -> int:
    """1: the accent, 0: as the text around."""
    return int(_ACCENT in (element.get("fill"), element.get("stroke")))


def _rect(element: ET.Element) -> tuple[float, float, float, float]:
    x, y, width, height = (float(element.get(name, "0")) / SIZE for name in _RECT)
    return x, y, width, height


def _bar(element: ET.Element) -> _Corners:
    x, y, width, height = _rect(element)
    return x, y, x + width, y, x + width, y + height, x, y + height


def _stroke(element: ET.Element) -> _Corners:
    """The four corners of a straight line "M x y L x y", as wide as its stroke."""
    if element.get("marker-end"):
        raise UndrawableError("an arrow that is not drawn")
    x0, y0, x1, y1 = (float(word) / SIZE for word in element.get("d", "").split() if word not in "ML")
    half = float(element.get("stroke-width", "1")) / SIZE / 2
    length = math.hypot(x1 - x0, y1 - y0) or 1.0
    dx, dy = -(y1 - y0) / length * half, (x1 - x0) / length * half
    return x0 + dx, y0 + dy, x1 + dx, y1 + dy, x1 - dx, y1 - dy, x0 - dx, y0 - dy


def _simple_glyphs(glyph: SimpleGlyph) -> Iterator[tuple[SimpleGlyph, float, float]]:
    """The glyphs with outlines that a glyph is made of, each with its place in em."""
    if not isinstance(glyph, AssembledGlyph):
        if glyph.operators:
            yield glyph, 0.0, 0.0
        return
    em = glyph.font.info.layout.unitsperem
    for part, offset in zip(glyph.glyphs, glyph.offsets, strict=True):
        yield (part, 0.0, -offset / em) if glyph.vert else (part, offset / em, 0.0)


def _outline(glyph: SimpleGlyph) -> list[list[float]]:
    """The outline as `Drawn.shapes` has it."""
    em = glyph.font.info.layout.unitsperem
    outline = []
    for operator in glyph.operators:
        points, _ = operator.points()
        numbers = [number for point in points for number in (point.x / em, -point.y / em)]
        kind = [0.0 if type(operator).__name__ == "Moveto" else 1.0] if len(points) == 1 else []
        outline.append(kind + numbers)
    return outline
