"""Bars above the chat: what the user should know, with a way to act on it or to put it away."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from models.errors import AppError
from ui.kinds import of_kind
from ui.transcript.clipboard import SelectableLabel


class Notice(QFrame):
    """One bar.

    Signals:
        acted: its button was pressed.
        dismissed(notice): it was read and can go.
    """

    acted = Signal()
    dismissed = Signal(QWidget)

    def __init__(self, text: str, *, action: str = "", lasting: bool = False) -> None:
        super().__init__()
        of_kind(self, "amber")
        self.text = text
        layout = QHBoxLayout(self)
        self.is_lasting = lasting
        layout.setContentsMargins(16, 8, 12, 8)
        layout.setSpacing(8)
        layout.addWidget(SelectableLabel(text), 1)
        if action:
            self.action_button = QPushButton(action)
            self.action_button.clicked.connect(self.acted)
            layout.addWidget(self.action_button)
        if not lasting:
            self.dismiss_button = of_kind(QPushButton("Dismiss"), "text")
            self.dismiss_button.clicked.connect(self._dismiss)
            layout.addWidget(self.dismiss_button)

    @Slot()
    def _dismiss(self) -> None:
        self.dismissed.emit(self)


class Offer(Notice):
    """A bar that is no warning.

    Signals:
        taken(key): its button was pressed; it goes by itself.
    """

    taken = Signal(str)

    def __init__(self, key: str, text: str, action: str) -> None:
        super().__init__(text, action=action)
        of_kind(self, "card")
        self.key = key
        self.dismiss_button.setText("Later")
        self.acted.connect(self._take)

    @Slot()
    def _take(self) -> None:
        self.taken.emit(self.key)
        self._dismiss()


class NoticeBars(QWidget):
    """The bars that are shown now, the newest last.

    Signals:
        restart_requested: the engine is to be started again.
        offer_taken(key): the button of an offer was pressed.
        left: the bar that has the keys goes.
    """

    restart_requested = Signal()
    offer_taken = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: list[Notice] = []
        self._engine_notice: Notice | None = None
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(12, 8, 12, 0)
        self._layout.setSpacing(8)
        self.hide()

    def notices(self) -> list[Notice]:
        """The bars, oldest first."""
        return list(self._notices)

    def add(self, error: AppError, *, lasting: bool = False) -> None:
        """Show an error; the same text is not shown twice."""
        if str(error) not in [notice.text for notice in self._notices]:
            self._append(Notice(str(error), lasting=lasting))

    def take_back(self, error: AppError) -> None:
        """Take an error away: it is said elsewhere."""
        for notice in [each for each in self._notices if each.text == str(error)]:
            self._remove(notice)

    @Slot()
    def clear_lasting(self) -> None:
        """Take away what was to stay until the program ends: its cause is gone."""
        for notice in [each for each in self._notices if each.is_lasting]:
            self._remove(notice)

    def show_engine_stopped(self, error: AppError) -> None:
        """Say that the engine has gone, with a button to start it again."""
        self.clear_engine_stopped()
        self._engine_notice = Notice(str(error), action="Restart engine", lasting=True)
        self._engine_notice.acted.connect(self.restart_requested)
        self._append(self._engine_notice)

    def offer(self, key: str, text: str, action: str) -> None:
        """Offer something good, once for each key: a bar in quiet colours with a button."""
        self.withdraw(key)
        offer = Offer(key, text, action)
        offer.taken.connect(self.offer_taken)
        self._append(offer)

    def withdraw(self, key: str) -> None:
        """The offer of that key does not hold any more."""
        for notice in [one for one in self._notices if isinstance(one, Offer) and one.key == key]:
            self._remove(notice)

    def clear_engine_stopped(self) -> None:
        """The engine is on its way again."""
        if self._engine_notice is not None:
            self._remove(self._engine_notice)
            self._engine_notice = None

    def _append(self, notice: Notice) -> None:
        notice.dismissed.connect(self._remove)
        self._notices.append(notice)
        self._layout.addWidget(notice)
        self.show()

    @Slot(QWidget)
    def _remove(self, notice: Notice) -> None:
        self._notices.remove(notice)
        focused = QApplication.focusWidget()
        if focused is not None and notice.isAncestorOf(focused):
            self.left.emit()  # before it goes: Qt would give the keys to any other button
        notice.hide()
        notice.deleteLater()
        self.setVisible(bool(self._notices))
