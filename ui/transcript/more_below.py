"""The button that says there is more below, while a reply grows out of sight."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractScrollArea

from ui.widgets.text_button import TextButton

_BOTTOM_PX = 12


class MoreBelow(TextButton):
    """Stands over the lower end of a scrolled page; hidden until it is needed."""

    def __init__(self, page: QAbstractScrollArea) -> None:
        super().__init__("↓ More below", page, kind="pill")
        self._page = page
        self.hide()

    def place(self) -> None:
        """Go to the middle of the lower end."""
        self.adjustSize()
        view = self._page.viewport()
        self.move((view.width() - self.width()) // 2, view.height() - self.height() - _BOTTOM_PX)

    def offer(self) -> None:
        """Be there, above everything."""
        self.place()
        self.show()
        self.raise_()
