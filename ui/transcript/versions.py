"""Which of several versions of a question and its answer is shown, and the arrows to the others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ui import theme as look
from ui.widgets.text_button import TextButton


class VersionSwitch(QWidget):
    """An arrow, "2/3", an arrow. Hidden where there is but one version.

    Signals:
        version_requested: turn id. This version is to be shown.
    """

    version_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._versions: Sequence[int] = ()
        self._number = 0
        self._busy_reason = ""
        self._parts: tuple[TextButton, QLabel, TextButton] | None = None
        self.hide()

    def _built(self) -> tuple[TextButton, QLabel, TextButton]:
        """The arrows and what stands between them: built where there are versions, most turns have none."""
        if self._parts is None:
            earlier, label, later = self._parts = (TextButton("‹", self), QLabel(self), TextButton("›", self))
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setProperty("kind", "third")
            label.setFont(look.tabular(look.small_font()))
            row = QHBoxLayout(self)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(0)
            for part in self._parts:
                row.addWidget(part)
            earlier.clicked.connect(self.go_back)
            later.clicked.connect(self.go_on)
        return self._parts

    @property
    def earlier(self) -> TextButton:
        """The arrow to the version before."""
        return self._built()[0]

    @property
    def label(self) -> QLabel:
        """Which version of how many."""
        return self._built()[1]

    @property
    def later(self) -> TextButton:
        """The arrow to the version after."""
        return self._built()[2]

    def owns(self, widget: QWidget) -> bool:
        """Whether this is one of the arrows."""
        return self.isAncestorOf(widget)

    def show_versions(self, turn_id: int, versions: Sequence[int]) -> None:
        """Turn `turn_id` is shown, one of `versions`, the ids of all of them in their order."""
        self._versions = versions if turn_id in versions else ()
        self._number = versions.index(turn_id) if self._versions else 0
        if len(self._versions) > 1:
            self.label.setText(f"{self._number + 1}/{len(self._versions)}")
            self.label.setAccessibleName(f"Version {self._number + 1} of {len(self._versions)}")
        self.setVisible(len(self._versions) > 1)
        self._offer()

    def set_busy(self, reason: str) -> None:
        """Why no other version can be shown now; "" where it can."""
        self._busy_reason = reason
        self._offer()

    @Slot()
    def go_back(self) -> None:
        """To the version before, if there is one."""
        self._go_to(self._number - 1)

    @Slot()
    def go_on(self) -> None:
        """To the version after, if there is one."""
        self._go_to(self._number + 1)

    def can_go(self, steps: int) -> bool:
        """Whether there is a version so many further that can be shown now."""
        return not self._busy_reason and 0 <= self._number + steps < len(self._versions)

    def _go_to(self, number: int) -> None:
        if self.can_go(number - self._number):
            self.version_requested.emit(self._versions[number])

    def _offer(self) -> None:
        if len(self._versions) < 2:
            return
        said = f"version of this question and its answer, {self._number + 1} of {len(self._versions)}"
        for button, steps, which, keys in (
            (self.earlier, -1, "Earlier", "Alt+Left"),
            (self.later, 1, "Later", "Alt+Right"),
        ):
            button.setEnabled(self.can_go(steps))
            button.setAccessibleName(f"{which} {said}")
            button.setToolTip(self._busy_reason or f"{which} version ({keys})")
