"""The dialog that a bug in Ponder opens: it shows the report and copies it when asked."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from ui.transcript.clipboard import PlainReport, put_on_clipboard


class CrashDialog(QDialog):
    """Says that Ponder has a bug, shows the report, copies it when asked."""

    def __init__(self, report: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Ponder has made a mistake")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(640, 440)
        words = QLabel(
            "This is a bug in Ponder. Your finished answers are stored; you can go on, and if the window "
            "behaves oddly, close it and start Ponder again.\n\n"
            "This report holds no word of your chats. Nothing was sent anywhere."
        )
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        self.report_text = PlainReport(report)
        self.report_text.setAccessibleName("Error report")
        self.report_text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(words)
        layout.addWidget(self.report_text, 1)
        layout.addWidget(buttons)

    @Slot()
    def _copy(self) -> None:
        put_on_clipboard(self.report_text.toPlainText())
        self.copy_button.setText("Copied")
