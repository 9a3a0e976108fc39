"""The colours, measures and fonts of Ponder, and how they are put on the application.

Widgets say what they are with the dynamic property `kind`, and `resources/styles/ponder.qss` says
how that looks: QPushButton `primary`, `text`, `small`, `danger`, `link`, `line`; QLabel `second`, `third`,
`fact`, `heading`, `section`, `title`, `reading`, `badge-good`, `badge-part`, `badge-plain`; QFrame `card`,
`best`, `drop`, `amber`, `red`, `sidebar`, `header`, `line`; QPlainTextEdit `composer`.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Literal, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

ThemeChoice = Literal["system", "light", "dark"]

STYLE_FILE = Path(__file__).resolve().parent.parent / "resources" / "styles" / "ponder.qss"

MESSAGE_STYLE_FILE = STYLE_FILE.with_name("messages.qss")

STYLE = "Fusion"
STYLE_IS_SET = "style_is_set"
"""A property of an application that was started with `-style`. To set it later takes Python an object for the
style, and with it the classes and enumerations of all styles: 10 ms of the start."""

COLUMN_WIDTH_PX = 720
GUTTER_PX = 8
"""Room on both sides of the reading column where focus outlines and button padding stand."""
SIDEBAR_WIDTH_PX = 264
HEADER_HEIGHT_PX = 52
SPACE_PX = 4
RADIUS_CONTROL_PX = 8
RADIUS_BLOCK_PX = 12
RADIUS_COMPOSER_PX = 14

READING_PX = 15
READING_LINE_PX = 24
THOUGHT_PX = 13
THOUGHT_LINE_PX = 21
CODE_PX = 13
CODE_LINE_PX = 20
CONTROL_PX = 14
SMALL_PX = 12
LARGEST_MESSAGE_PX = 28
"""The largest size of `messages.qss`."""


class Theme(NamedTuple):
    """The colours by their names, as "#RRGGBB". The `code_*` colours stand on `code`.

    `zoom_percent` is how large the text of the transcript is; the rest of the window takes no notice of it.
    """

    name: Literal["light", "dark"]
    ground: str
    sidebar: str
    surface: str
    question: str
    code: str
    line: str
    text: str
    second: str
    third: str
    accent: str
    on_accent: str
    accent_soft: str
    amber: str
    amber_soft: str
    red: str
    code_keyword: str
    code_number: str
    code_string: str
    code_comment: str
    code_name: str
    zoom_percent: int = 100

    @staticmethod
    def light() -> Theme:
        """Ink on warm paper."""
        return Theme(
            name="light",
            ground="#FAF9F6",
            sidebar="#F2F0EB",
            surface="#FFFFFF",
            question="#EFEDE7",
            code="#F4F2ED",
            line="#E4E0D8",
            text="#1E2226",
            second="#545B64",
            third="#646B74",
            accent="#1F6F5C",
            on_accent="#FFFFFF",
            accent_soft="#E3EFEA",
            amber="#8A5000",
            amber_soft="#FBF0DC",
            red="#A8322A",
            code_keyword="#6F42C1",
            code_number="#9A4A00",
            code_string="#1B6B4A",
            code_comment="#646B74",
            code_name="#1F5FA8",
        )

    @staticmethod
    def dark() -> Theme:
        """Paper on a dark desk."""
        return Theme(
            name="dark",
            ground="#15171A",
            sidebar="#1A1D21",
            surface="#1F2328",
            question="#22262B",
            code="#1B1E22",
            line="#2C3137",
            text="#E8E7E3",
            second="#A9B0B8",
            third="#949CA5",
            accent="#7FCDB5",
            on_accent="#10201B",
            accent_soft="#203631",
            amber="#E0B15E",
            amber_soft="#33290F",
            red="#F08A80",
            code_keyword="#C3A6F2",
            code_number="#E5A975",
            code_string="#8FCB9B",
            code_comment="#949CA5",
            code_name="#8AB8EC",
        )

    def with_high_contrast(self) -> Theme:
        """The same with hard edges: all text at least 7 : 1 on its ground, lines at least 3 : 1."""
        if self.name == "dark":
            return self._replace(
                ground="#000000",
                sidebar="#0A0B0C",
                surface="#0E1012",
                question="#1A1D21",
                code="#0A0B0C",
                line="#8C949C",
                text="#FFFFFF",
                second="#E2E6EA",
                third="#C9CFD5",
                accent="#9CE8D1",
                accent_soft="#12332B",
                amber="#FFD27A",
                red="#FFB3AB",
                code_keyword="#D9C4FF",
                code_number="#FFC896",
                code_string="#B4EBBE",
                code_comment="#C9CFD5",
                code_name="#B3D4FF",
            )
        return self._replace(
            ground="#FFFFFF",
            sidebar="#F7F7F7",
            question="#EEEEEE",
            code="#F7F7F7",
            line="#767676",
            text="#000000",
            second="#2B3036",
            third="#3A4048",
            accent="#0A4A3B",
            accent_soft="#E3F3ED",
            amber="#5C3300",
            amber_soft="#FFF3DC",
            red="#8A1710",
            code_keyword="#4B2A91",
            code_number="#6B3300",
            code_string="#0D4A31",
            code_comment="#3A4048",
            code_name="#0F3F78",
        )

    def px(self, size_px: int) -> int:
        """A size or a height of the transcript's text, as large as it is to be shown."""
        return round(size_px * self.zoom_percent / 100)

    def colours(self) -> dict[str, str]:
        """All colours by their names."""
        return {name: value for name, value in self._asdict().items() if name not in ("name", "zoom_percent")}

    def colour(self, name: str) -> QColor:
        """The colour of that name, for painting."""
        return QColor(getattr(self, name))


def theme_for(choice: ThemeChoice, application: QGuiApplication) -> Theme:
    """The theme of the user's choice; `system` follows the desktop's light or dark.

    The desktop's wish for high contrast holds in each of them.
    """
    hints = application.styleHints()  # kept: what it gives goes with it
    dark = choice == "dark" or (choice == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    theme = Theme.dark() if dark else Theme.light()
    high = hints.accessibility().contrastPreference() == Qt.ContrastPreference.HighContrast
    return theme.with_high_contrast() if high else theme


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Put style, font, palette and stylesheet on the whole application."""
    if not application.styleSheet() and not application.property(STYLE_IS_SET):
        application.setStyle(STYLE)
    application.setFont(control_font())
    application.setPalette(palette_of(theme))
    application.setStyleSheet(style_sheet_of(theme))


def palette_of(theme: Theme) -> QPalette:
    """The palette for all that the stylesheet does not reach."""
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.ground,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.surface,
        QPalette.ColorRole.AlternateBase: theme.sidebar,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.Button: theme.surface,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.red,
        QPalette.ColorRole.PlaceholderText: theme.third,
        QPalette.ColorRole.ToolTipBase: theme.surface,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.on_accent,
        QPalette.ColorRole.Accent: theme.accent,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.LinkVisited: theme.accent,
        QPalette.ColorRole.Light: theme.surface,
        QPalette.ColorRole.Midlight: theme.line,
        QPalette.ColorRole.Mid: theme.line,
        QPalette.ColorRole.Dark: theme.third,
        QPalette.ColorRole.Shadow: theme.line,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText, QPalette.ColorRole.WindowText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.third))
    return palette


class _StyleTemplate(string.Template):
    """A stylesheet in which `@ground` stands for the colour of that name."""

    delimiter = "@"


def style_sheet_of(theme: Theme) -> str:
    """The application's stylesheet in the colours of `theme`."""
    measures = {
        "radius_control": f"{RADIUS_CONTROL_PX}px",
        "radius_block": f"{RADIUS_BLOCK_PX}px",
        "radius_composer": f"{RADIUS_COMPOSER_PX}px",
        "reading_size": f"{READING_PX}px",
        "control_size": f"{CONTROL_PX}px",
        "thought_size": f"{THOUGHT_PX}px",
        "small_size": f"{SMALL_PX}px",
    }
    return _StyleTemplate(STYLE_FILE.read_text(encoding="utf-8")).substitute(theme.colours() | measures)


def message_sheet_of(theme: Theme) -> str:
    """What belongs to the messages, as large as `theme` wants it; `@px12` stands for 12 pixels at 100 %.

    "" where that is the usual size: `style_sheet_of` has it already.
    """
    if theme.zoom_percent == 100:
        return ""
    sizes = {f"px{size_px}": f"{theme.px(size_px)}px" for size_px in range(1, LARGEST_MESSAGE_PX + 1)}
    return _StyleTemplate(MESSAGE_STYLE_FILE.read_text(encoding="utf-8")).substitute(sizes)


def system_font(size_px: int) -> QFont:
    """The desktop's own font at `size_px`."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(size_px)
    return font


def control_font() -> QFont:
    """For buttons, lists and fields."""
    return system_font(CONTROL_PX)


def reading_font(theme: Theme | None = None) -> QFont:
    """For questions and answers; lines of `READING_LINE_PX`. With a theme as large as it wants it."""
    return system_font(theme.px(READING_PX) if theme else READING_PX)


def thought_font(theme: Theme | None = None) -> QFont:
    """For thoughts; lines of `THOUGHT_LINE_PX`. With a theme as large as it wants it."""
    return system_font(theme.px(THOUGHT_PX) if theme else THOUGHT_PX)


def small_font() -> QFont:
    """For what stands under an answer and beside a title."""
    return system_font(SMALL_PX)


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, for numbers that move."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def code_font(size_px: int = CODE_PX) -> QFont:
    """The desktop's monospace font; lines of `CODE_LINE_PX`."""
    font = QFont(_monospace_family())
    font.setStyleHint(QFont.StyleHint.Monospace)
    font.setPixelSize(size_px)
    return font


def _monospace_family() -> str:
    """What the desktop calls its fixed font is at times not monospace; then the alias is asked."""
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    return fixed.family() if QFontInfo(fixed).fixedPitch() else "monospace"
