"""A model on its way here: how far it is, and the buttons to let it rest, go on, or give it up."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from app import numbers_in_words as words
from models.download_status import DownloadState, DownloadStatus
from ui.library import model_words
from ui.library.card import Card, show_words
from ui.library.questions import Question
from ui.transcript.untrusted_text import shown

_ASK_ABOVE_BYTES = 100_000_000
"""What takes longer to fetch again than to answer a question."""


class DownloadCard(Card):
    """Shows one download.

    Signals:
        pause_requested(id), resume_requested(id), cancel_requested(id).
    """

    pause_requested = Signal(str)
    resume_requested = Signal(str)
    cancel_requested = Signal(str)

    def __init__(self, status: DownloadStatus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._status = status
        self.pause_button = self.add_button("Pause")
        self.resume_button = self.add_button("Resume")
        self.cancel_button = self.add_button("Cancel", "text")
        self.pause_button.clicked.connect(self._pause)
        self.resume_button.clicked.connect(self._resume)
        self.cancel_button.clicked.connect(self._cancel)
        self.show_status(status)

    @property
    def status(self) -> DownloadStatus:
        """What is shown."""
        return self._status

    def show_status(self, status: DownloadStatus) -> None:
        """Show how far it is."""
        self._status = status
        state, title = status.state, shown(status.title)
        self.show_title(title)
        show_words(self.facts_label, model_words.download_facts(status))
        self.show_progress(status.done_bytes / status.total_bytes if status.total_bytes else 0.0)
        self.progress.setAccessibleName(f"Download of {title}")
        show_words(self.error_label, model_words.download_problem(status))
        show_words(self.warning_label, status.notice)
        may_pause = state in (DownloadState.RUNNING, DownloadState.WAITING)
        failed = state is DownloadState.FAILED
        had_focus = self.pause_button.hasFocus() or self.resume_button.hasFocus()
        self.pause_button.setVisible(may_pause)
        self.resume_button.setVisible(failed or state is DownloadState.PAUSED)
        if had_focus and not self.pause_button.hasFocus() and not self.resume_button.hasFocus():
            (self.pause_button if may_pause else self.resume_button).setFocus()
        self.resume_button.setText("Try again" if failed else "Resume")
        self.cancel_button.setVisible(not state.is_over)
        for button in (self.pause_button, self.resume_button, self.cancel_button):
            button.setAccessibleName(f"{button.text()}: {title}")

    # Slots

    @Slot()
    def _pause(self) -> None:
        self.pause_requested.emit(self._status.id)

    @Slot()
    def _resume(self) -> None:
        self.resume_requested.emit(self._status.id)

    @Slot()
    def _cancel(self) -> None:
        if self._status.done_bytes < _ASK_ABOVE_BYTES:
            self._give_up()
            return
        question = Question(
            "Give up this download?",
            f"Give up the download of {shown(self._status.title)}?",
            f"The {words.size(self._status.done_bytes)} that are here already are deleted.",
            yes="Give up",
            no="Keep",
            parent=self,
        )
        question.confirmed.connect(self._give_up)
        question.open()

    @Slot()
    def _give_up(self) -> None:
        self.cancel_requested.emit(self._status.id)
