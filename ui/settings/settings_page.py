"""The settings page: how it looks, how the model answers, where the data lies."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.power import LOW_BATTERY_PERCENT
from app.settings import Settings
from models.engine.kv_type import KvType
from ui.kinds import of_kind
from ui.lock.lock_card import LockCard
from ui.privacy.privacy_card import PrivacyCard
from ui.settings import parts
from ui.settings.downloads_card import DownloadsCard
from ui.settings.sampling_card import SamplingCard
from ui.settings.zoom_row import ZoomRow
from ui.theme import COLUMN_WIDTH_PX
from ui.transcript.clipboard import SelectableLabel, put_on_clipboard

_THOUGHTS = ("Folded", "Open")
_SWITCH = ("Off", "On")
_KV_TYPES = ("16 bits: exact", "8 bits")
"""In the order of `KvType`."""
_UNLOADS = (("Never", 0), ("15 minutes", 15), ("1 hour", 60))
_THEMES = (("System", "system"), ("Light", "light"), ("Dark", "dark"))


class SettingsPage(QScrollArea):
    """Shows settings and says what the user changed.

    Signals:
        changed(values): a dict of the fields of `Settings` that the user changed.
        export_requested, import_requested, deletion_requested: the buttons beside the data folder.
    """

    changed = Signal(object)
    export_requested = Signal()
    import_requested = Signal()
    deletion_requested = Signal()

    def __init__(
        self, settings: Settings, data_dir: Path, config_dir: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName("Settings")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._data_dir = data_dir
        self._config_dir = config_dir
        self.theme_buttons = QButtonGroup(self)
        self.zoom_row = ZoomRow(settings.zoom_percent)
        self.sampling = SamplingCard()
        self.downloads_card = DownloadsCard(settings)
        self.privacy_card = PrivacyCard()
        self.lock_card = LockCard(settings)
        self.thought_buttons = QButtonGroup(self)
        self.read_ahead_buttons = QButtonGroup(self)
        self.unload_buttons = QButtonGroup(self)
        self.kv_buttons = QButtonGroup(self)
        self.copy_button = QPushButton("Copy path")
        self.copy_button.setAccessibleName("Copy the path of the data folder")
        self.export_button = QPushButton("Export chats…")
        self.import_button = QPushButton("Import chats…")
        self.delete_button = of_kind(QPushButton("Delete everything…"), "danger")
        self.about_button = QPushButton("Versions and licences…")
        self.keys_button = QPushButton("Keyboard shortcuts…")
        self.keys_button.setToolTip("F1")
        self._lay_out()
        self.show_settings(settings)
        self._connect()

    # Construction

    def _lay_out(self) -> None:
        column = QWidget()
        column.setMaximumWidth(COLUMN_WIDTH_PX)
        sections = QVBoxLayout(column)
        sections.setContentsMargins(20, 28, 20, 28)
        sections.setSpacing(8)
        for title, card in (
            ("Appearance", self._appearance_card()),
            ("How the model answers", self.sampling),
            ("Thinking", self._thinking_card()),
            ("Read ahead", self._read_ahead_card()),
            ("Memory", self._memory_card()),
            ("Downloads", self.downloads_card),
            ("Privacy", self.privacy_card),
            ("Locking", self.lock_card),
            ("Your data", self._data_card()),
            ("About", self._about_card()),
        ):
            sections.addWidget(parts.words(title, "section"))
            sections.addWidget(card)
            sections.addSpacing(12)
        sections.addStretch(1)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(column, 1000)
        row.addStretch(1)
        self.setWidget(page)

    def _appearance_card(self) -> QFrame:
        card, layout = parts.card()
        layout.addLayout(parts.choice("Appearance", [label for label, _value in _THEMES], self.theme_buttons))
        layout.addWidget(self.zoom_row)
        return card

    def _thinking_card(self) -> QFrame:
        card, layout = parts.card()
        layout.addWidget(parts.words("While a thought is written, show it", ""))
        layout.addLayout(parts.choice("Thoughts", _THOUGHTS, self.thought_buttons))
        layout.addWidget(
            parts.words("The thinking is never stored. It can be read until the window is closed.", "third")
        )
        return card

    def _read_ahead_card(self) -> QFrame:
        card, layout = parts.card()
        words = "Process the next prompt while you read, so follow-ups start at once."
        layout.addWidget(parts.words(words, ""))
        layout.addLayout(parts.choice("Read ahead", _SWITCH, self.read_ahead_buttons))
        layout.addWidget(parts.words(f"It pauses on battery below {LOW_BATTERY_PERCENT} %.", "third"))
        return card

    def _memory_card(self) -> QFrame:
        card, layout = parts.card()
        layout.addWidget(parts.words("When nothing was asked for so long, take the model out of memory", ""))
        layout.addLayout(parts.choice("Memory", [label for label, _value in _UNLOADS], self.unload_buttons))
        layout.addWidget(parts.words("The next question loads it again.", "third"))
        layout.addSpacing(8)
        layout.addWidget(parts.words("What the model remembers of a chat is stored", ""))
        layout.addLayout(parts.choice("Cache", _KV_TYPES, self.kv_buttons))
        layout.addWidget(parts.words("8 bits take about half the memory, so that more fits.", "third"))
        return card

    def _data_card(self) -> QFrame:
        path = SelectableLabel(str(self._data_dir))
        path.setAccessibleName("Data folder")
        row = QHBoxLayout()
        row.addWidget(path, 1)
        row.addWidget(self.copy_button)
        card, layout = parts.card()
        layout.addLayout(row)
        if self._config_dir == self._data_dir:
            words = "Questions, answers and settings lie in this folder, and nowhere else."
        else:
            words = f"Questions and answers lie in this folder, the settings in {self._config_dir}."
        layout.addWidget(parts.words(words, "third"))
        transfer = QHBoxLayout()
        transfer.setSpacing(8)
        transfer.addWidget(self.export_button)
        transfer.addWidget(self.import_button)
        transfer.addStretch(1)
        layout.addLayout(transfer)
        deletion = QHBoxLayout()
        deletion.addWidget(self.delete_button)
        deletion.addStretch(1)
        layout.addLayout(deletion)
        return card

    def _about_card(self) -> QFrame:
        card, layout = parts.card()
        row = QHBoxLayout()
        row.addWidget(parts.words("Ponder and what is inside it", ""), 1)
        row.addWidget(self.keys_button)
        row.addWidget(self.about_button)
        layout.addLayout(row)
        return card

    def _connect(self) -> None:
        self.theme_buttons.idClicked.connect(self._on_theme_clicked)
        self.zoom_row.zoom_chosen.connect(self._on_zoom_chosen)
        self.sampling.changed.connect(self.changed)
        self.downloads_card.changed.connect(self.changed)
        self.kv_buttons.idClicked.connect(self._on_kv_clicked)
        self.thought_buttons.idClicked.connect(self._on_thoughts_clicked)
        self.read_ahead_buttons.idClicked.connect(self._on_read_ahead_clicked)
        self.unload_buttons.idClicked.connect(self._on_unload_clicked)
        self.copy_button.clicked.connect(self._copy_path)
        self.export_button.clicked.connect(self.export_requested)
        self.import_button.clicked.connect(self.import_requested)
        self.lock_card.changed.connect(self.changed)
        self.delete_button.clicked.connect(self.deletion_requested)
        self.about_button.clicked.connect(self._show_about)
        self.keys_button.clicked.connect(self._show_keys)

    # Public methods

    def show_settings(self, settings: Settings) -> None:
        """Show these values."""
        for number, (_label, value) in enumerate(_THEMES):
            self.theme_buttons.button(number).setChecked(settings.theme == value)
        self.zoom_row.show_zoom(settings.zoom_percent)
        self.sampling.show_settings(settings)
        self.downloads_card.show_settings(settings)
        self.lock_card.show_settings(settings)
        self.kv_buttons.button(list(KvType).index(settings.kv_type)).setChecked(True)
        self.thought_buttons.button(int(settings.show_thinking)).setChecked(True)
        self.read_ahead_buttons.button(int(settings.reads_ahead)).setChecked(True)
        for number, (_label, minutes) in enumerate(_UNLOADS):
            self.unload_buttons.button(number).setChecked(settings.unload_after_min == minutes)

    # Slots

    @Slot(int)
    def _on_theme_clicked(self, number: int) -> None:
        self.changed.emit({"theme": _THEMES[number][1]})

    @Slot(int)
    def _on_zoom_chosen(self, zoom_percent: int) -> None:
        self.changed.emit({"zoom_percent": zoom_percent})

    @Slot(int)
    def _on_kv_clicked(self, number: int) -> None:
        self.changed.emit({"kv_type": list(KvType)[number]})

    @Slot(int)
    def _on_thoughts_clicked(self, number: int) -> None:
        self.changed.emit({"show_thinking": bool(number)})

    @Slot(int)
    def _on_read_ahead_clicked(self, number: int) -> None:
        self.changed.emit({"reads_ahead": bool(number)})

    @Slot(int)
    def _on_unload_clicked(self, number: int) -> None:
        self.changed.emit({"unload_after_min": _UNLOADS[number][1]})

    @Slot()
    def _show_about(self) -> None:
        from ui.about import AboutDialog  # reads the versions: not for the start of the window

        AboutDialog(self).open()

    @Slot()
    def _show_keys(self) -> None:
        from ui.keys_dialog import KeysDialog

        KeysDialog(self).open()

    @Slot()
    def _copy_path(self) -> None:
        put_on_clipboard(str(self._data_dir))
        self.copy_button.setText("Copied")
