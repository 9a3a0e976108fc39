"""The colours can be read, and the stylesheet holds together."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit

from ui import theme as look
from ui.kinds import of_kind
from ui.theme import Theme, apply_theme, style_sheet_of, theme_for

THEMES = pytest.mark.parametrize("theme", [Theme.light(), Theme.dark()], ids=["light", "dark"])

_GROUNDS = ("ground", "sidebar", "surface", "question", "code")
PAIRS = [
    *((text, ground) for text in ("text", "second") for ground in (*_GROUNDS, "accent_soft")),
    *(("third", ground) for ground in _GROUNDS),
    *(("accent", ground) for ground in (*_GROUNDS, "accent_soft")),
    *(("amber", ground) for ground in ("ground", "surface", "amber_soft")),
    *(("red", ground) for ground in ("ground", "sidebar", "surface")),
    ("amber", "sidebar"),
    ("on_accent", "accent"),  # chosen words, the current match, the button that sends
    *((f"code_{role}", "code") for role in ("keyword", "number", "string", "comment", "name")),
]


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, 1 to 21.

    Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
    """

    def luminance(name: str) -> float:
        channels = [int(name[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_right() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@THEMES
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read(theme: Theme, text: str, ground: str) -> None:
    assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5


@THEMES
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_high_contrast_is_that(theme: Theme, text: str, ground: str) -> None:
    high = theme.with_high_contrast()
    assert contrast(getattr(high, text), getattr(high, ground)) >= 7
    assert contrast(high.line, getattr(high, ground)) >= 3 or ground in (
        "accent",
        "accent_soft",
        "amber_soft",
    )


@THEMES
def test_every_colour_is_one(theme: Theme) -> None:
    colours = theme.colours()
    assert len(colours) == len(theme._fields) - len(("name", "zoom_percent"))
    for name, colour in colours.items():
        assert re.fullmatch("#[0-9A-F]{6}", colour), name
        assert theme.colour(name) == QColor(colour)


@THEMES
def test_the_stylesheet_names_only_colours_that_exist(theme: Theme) -> None:
    sheet = style_sheet_of(theme)
    assert "@" not in sheet
    assert theme.accent in sheet


def test_every_pair_of_the_stylesheet_is_measured() -> None:
    """A rule that names a colour and a ground names a pair of the list above, one without a ground any."""
    sheet = re.sub(r"/\*.*?\*/", "", look.STYLE_FILE.read_text("utf-8"), flags=re.DOTALL)
    texts = {text for text, _ in PAIRS}
    for selectors, body in re.findall(r"([^{}]+){([^}]*)}", sheet):
        named = dict(re.findall(r"(?:^|[;\s])([a-z-]+): @(\w+)", body))
        for colour, ground in (("color", "background"), ("selection-color", "selection-background-color")):
            if colour in named and ground in named:
                assert (named[colour], named[ground]) in PAIRS, selectors.strip()
        for name in ("color", "placeholder-text-color"):
            assert named.get(name, "text") in texts, selectors.strip()


@THEMES
def test_what_a_field_says_before_anything_is_typed_can_be_read(qapp: QApplication, theme: Theme) -> None:
    """Qt makes it of half the text's colour, unless the stylesheet says otherwise: 3.2 : 1."""
    before = qapp.styleSheet(), qapp.palette(), qapp.font()
    apply_theme(qapp, theme)
    for field in (QLineEdit(), QPlainTextEdit(), of_kind(QPlainTextEdit(), "composer")):
        field.ensurePolished()
        assert field.palette().color(QPalette.ColorRole.PlaceholderText) == theme.colour("third")
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])
    qapp.setFont(before[2])


@THEMES
def test_a_theme_is_put_on_the_application(qapp: QApplication, theme: Theme) -> None:
    before = qapp.styleSheet(), qapp.palette(), qapp.font()
    apply_theme(qapp, theme)
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.colour("ground")
    assert qapp.styleSheet() == style_sheet_of(theme)
    assert qapp.font().pixelSize() == look.CONTROL_PX
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])
    qapp.setFont(before[2])


def test_the_choice_decides(qapp: QApplication) -> None:
    assert theme_for("light", qapp) == Theme.light()
    assert theme_for("dark", qapp) == Theme.dark()


class Hints:
    """A desktop that wants something."""

    def __init__(self, scheme: Qt.ColorScheme, contrast: Qt.ContrastPreference) -> None:
        self._scheme = scheme
        self._contrast = contrast

    def styleHints(self) -> Hints:
        return self

    def accessibility(self) -> Hints:
        return self

    def colorScheme(self) -> Qt.ColorScheme:
        return self._scheme

    def contrastPreference(self) -> Qt.ContrastPreference:
        return self._contrast


@pytest.mark.parametrize(("scheme", "name"), [(Qt.ColorScheme.Dark, "dark"), (Qt.ColorScheme.Light, "light")])
def test_system_follows_the_desktop(qapp: QApplication, scheme: Qt.ColorScheme, name: str) -> None:
    desktop = Hints(scheme, Qt.ContrastPreference.NoPreference)
    assert theme_for("system", desktop).name == name  # type: ignore[arg-type]


def test_high_contrast_follows_the_desktop_in_every_theme(qapp: QApplication) -> None:
    desktop = Hints(Qt.ColorScheme.Dark, Qt.ContrastPreference.HighContrast)
    dark, light = Theme.dark().with_high_contrast(), Theme.light().with_high_contrast()
    assert theme_for("system", desktop) == theme_for("dark", desktop) == dark  # type: ignore[arg-type]
    assert theme_for("light", desktop) == light  # type: ignore[arg-type]
    assert (dark.name, light.name) == ("dark", "light")


def test_figures_keep_their_width(qapp: QApplication) -> None:
    metrics = QFontMetricsF(look.tabular(look.small_font()))
    assert metrics.horizontalAdvance("11:11") == pytest.approx(metrics.horizontalAdvance("08:08"))


def test_code_is_monospace(qapp: QApplication) -> None:
    metrics = QFontMetricsF(look.code_font())
    assert metrics.horizontalAdvance("iiii") == pytest.approx(metrics.horizontalAdvance("MMMM"))
