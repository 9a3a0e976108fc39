"""The part of the settings about downloads: offline, another address of the hub, a proxy, a token."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.settings import MAX_ADDRESS_CHARACTERS, Settings
from models.download_errors import NetworkSettingsError
from models.hub_settings import NetworkSettings, checked_settings
from ui.kinds import of_kind
from ui.library.card import plain_label, show_words

_MAX_TOKEN_CHARACTERS = 500


class DownloadsCard(QFrame):
    """Shows and changes how models are fetched.

    Signals:
        changed(values): a dict of the fields of `Settings` that the user changed.
        token_changed(token): it is kept in memory only, "" for none.
    """

    changed = Signal(object)
    token_changed = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        of_kind(self, "card")
        self.offline_buttons = QButtonGroup(self)
        self.endpoint_field = _field("https://huggingface.co", "Address of the hub")
        self.proxy_field = _field("none", "Proxy")
        self.token_field = _field("none", "Access token of the hub")
        self.token_field.setEchoMode(QLineEdit.EchoMode.Password)
        self.token_field.setMaxLength(_MAX_TOKEN_CHARACTERS)
        self.error_label = plain_label("", "error")
        self._lay_out()
        self.show_settings(settings)
        self._connect()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(8)
        layout.addWidget(plain_label("Work offline: Ponder opens no connection at all", ""))
        row = QHBoxLayout()
        row.setSpacing(8)
        for number, label in enumerate(("Off", "On")):
            button = of_kind(QPushButton(label), "choice")
            button.setCheckable(True)
            button.setAccessibleName(f"Work offline: {label}")
            self.offline_buttons.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        layout.addLayout(row)
        layout.addWidget(
            plain_label(
                "Without it, Ponder connects only to list a repository, or to download a model you chose.",
                "third",
            )
        )
        for name, field, words in (
            ("Mirror of the hub", self.endpoint_field, "Leave it empty for huggingface.co."),
            ("Proxy", self.proxy_field, "Leave it empty for none."),
            (
                "Access token",
                self.token_field,
                "Only for models that ask for one. It is kept in memory until Ponder is closed, never "
                "written to the disk, and sent to the hub's own host only.",
            ),
        ):
            name_label = QLabel(name)
            name_label.setBuddy(field)
            layout.addSpacing(6)
            layout.addWidget(name_label)
            layout.addWidget(field)
            layout.addWidget(plain_label(words, "third"))
        self.error_label.hide()
        layout.addWidget(self.error_label)

    def _connect(self) -> None:
        self.offline_buttons.idClicked.connect(self._on_offline_clicked)
        self.endpoint_field.editingFinished.connect(self._on_addresses_changed)
        self.proxy_field.editingFinished.connect(self._on_addresses_changed)
        self.token_field.editingFinished.connect(self._on_token_changed)

    def show_settings(self, settings: Settings) -> None:
        """Show these values."""
        self.offline_buttons.button(int(settings.works_offline)).setChecked(True)
        self.endpoint_field.setText(settings.hub_endpoint)
        self.proxy_field.setText(settings.hub_proxy)

    # Slots

    @Slot(int)
    def _on_offline_clicked(self, number: int) -> None:
        self.changed.emit({"works_offline": bool(number)})

    @Slot()
    def _on_addresses_changed(self) -> None:
        endpoint, proxy = self.endpoint_field.text().strip().rstrip("/"), self.proxy_field.text().strip()
        if self._can_be_used(NetworkSettings(endpoint=endpoint, proxy=proxy)):
            self.changed.emit({"hub_endpoint": endpoint, "hub_proxy": proxy})

    @Slot()
    def _on_token_changed(self) -> None:
        token = self.token_field.text().strip()
        if self._can_be_used(NetworkSettings(token=token)):
            self.token_changed.emit(token)

    def _can_be_used(self, network: NetworkSettings) -> bool:
        """Say what is wrong with it, if anything is."""
        problem = ""
        try:
            checked_settings(network)
        except NetworkSettingsError as error:
            problem = f"{error.message} {error.advice}"
        show_words(self.error_label, problem)
        return not problem


def _field(placeholder: str, name: str) -> QLineEdit:
    field = QLineEdit(placeholderText=placeholder, maxLength=MAX_ADDRESS_CHARACTERS)
    field.setAccessibleName(name)
    return field
