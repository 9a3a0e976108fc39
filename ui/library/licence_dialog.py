"""Shows the licence of a model that has one to accept, before its first download."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QPushButton, QWidget

from models.catalog import CatalogModel
from ui.kinds import of_kind
from ui.library.dialog import Dialog


class LicenceDialog(Dialog):
    """The licence in a few sentences, with the way to its full text.

    Signals:
        accepted_licence(name): yes.
        link_requested(address): the full text is to be read in the browser.
    """

    accepted_licence = Signal(str)
    link_requested = Signal(str)

    def __init__(self, model: CatalogModel, parent: QWidget) -> None:
        super().__init__(model.license_name_to_accept, parent)
        self._name = model.license_name_to_accept
        self._address = model.license_url
        self.add_words(f"{model.title} is made from {model.base}, so this licence holds for it too.")
        self.add_words(model.license_summary, "")
        self.read_button = of_kind(QPushButton("Read all of it…"), "link")
        self.read_button.setAutoDefault(False)
        self.read_button.clicked.connect(self._read)
        self.body.addWidget(self.read_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.accept_button = self.add_action("Accept and download", is_main=True)
        self.add_close("Not now")
        self.accept_button.clicked.connect(self._accept)

    @Slot()
    def _read(self) -> None:
        self.link_requested.emit(self._address)

    @Slot()
    def _accept(self) -> None:
        self.accepted_licence.emit(self._name)
        self.accept()
