"""The dialogs "Export chats" and "Import chats": a choice, a bar while it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QMenu,
    QProgressBar,
    QPushButton,
    QWidget,
)

from app.errors import AppError
from app.history.titles import one_line
from app.history.transfer.exporting import ExportReport, Form
from app.history.transfer.file_names import safe_stem
from app.history.transfer.importing import ImportReport
from ui.export.orders import Choice, ExportOrder
from ui.export.report_words import exported_in_words, imported_in_words, left_out_in_words
from ui.library.dialog import Dialog
from ui.settings import parts
from ui.transcript.clipboard import PlainReport
from ui.transcript.untrusted_text import shown

_FORMS = (Form.MARKDOWN, Form.HTML, Form.PDF, Form.JSON)
_LABELS = ("Markdown", "HTML", "PDF", "JSON")
_WHAT_FOR = {
    Form.MARKDOWN: "Text for notes and editors, with the answers in front.",
    Form.HTML: "Pages for any browser, with formulas drawn, and nothing fetched from elsewhere.",
    Form.PDF: "Pages to print or to send.",
    Form.JSON: "Everything in one file, with all versions, to be imported again.",
}
MAX_WORDS_CHARS = 50
_NO_THOUGHTS = "No file holds a word of thinking."
_FROM_WHERE = (
    "Ponder's own JSON, the export archives of ChatGPT, Claude and DeepSeek (the .zip as you got it), and "
    "chats of LM Studio (.conversation.json)."
)
_WHAT_HAPPENS = (
    "Thoughts are dropped and counted. A chat that is there already is passed over, so the same file can be "
    "imported twice."
)


class TransferDialog(Dialog):
    """What both have: a bar, words, and a list of what was left out.

    Signals:
        stop_requested: the button, or the dialog was closed while it ran.
    """

    stop_requested = Signal()

    def __init__(self, title: str, main_words: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self._is_running = False
        self._main_words = main_words
        self.main_button = self.add_action(main_words, is_main=True)
        self.close_button = self.add_close()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(title)
        self.status_label = parts.words("", "")
        self.error_label = parts.words("", "error")
        self.details = PlainReport()
        self.details.setAccessibleName("What was left out")
        self.details.setMinimumHeight(120)
        for widget in (self.progress, self.status_label, self.error_label, self.details):
            widget.hide()

    @property
    def is_running(self) -> bool:
        """Whether something is written or read now."""
        return self._is_running

    @Slot(int)
    def show_progress(self, count: int) -> None:
        """So many chats are done."""
        if count > self.progress.maximum():  # there are more chats than the window lists
            self.progress.setMaximum(0)
        self.progress.setValue(count)
        self._say(
            f"{count:,} of {self.progress.maximum():,}" if self.progress.maximum() else f"{count:,} chats"
        )

    @Slot(AppError)
    def show_error(self, error: AppError) -> None:
        """It did not work."""
        self._end("")
        self.error_label.setText(shown(str(error)))
        self.error_label.show()
        self.fit_to_content()

    def _add_result(self) -> None:
        for widget in (self.progress, self.status_label, self.error_label, self.details):
            self.body.addWidget(widget)
        self.main_button.clicked.connect(self._press)

    def _begin(self, most: int) -> None:
        self._is_running = True
        self.main_button.setText("Stop")
        self.error_label.hide()
        self.details.hide()
        self.progress.setRange(0, most)
        self.progress.setValue(0)
        self.progress.show()
        self._say("")
        self.fit_to_content()

    def _end(self, words: str) -> None:
        self._is_running = False
        self.main_button.setText(self._main_words)
        self.main_button.setEnabled(True)
        self.progress.hide()
        self._say(words)

    def _say(self, words: str) -> None:
        self.status_label.setText(words)
        self.status_label.setVisible(bool(words))

    @Slot()
    def _press(self) -> None:
        if self._is_running:
            self.main_button.setEnabled(False)
            self.stop_requested.emit()
        else:
            self._ask_for_place()

    def _ask_for_place(self) -> None:
        raise NotImplementedError

    # Qt overrides

    def reject(self) -> None:
        """Closing it stops what runs."""
        if self._is_running:
            self.stop_requested.emit()
        super().reject()


class WhatButton(QPushButton):
    """One of a few things to export, as a button with a menu. `chosen` is its place among them."""

    def __init__(self, words: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self.chosen = 0
        menu = QMenu(self)
        for number, each in enumerate(words):
            menu.addAction(_in_a_menu(each)).setData(number)
        menu.triggered.connect(self._take)
        self.setMenu(menu)
        self.setAutoDefault(False)
        self.choose(0)

    def choose(self, number: int) -> None:
        """Show this one."""
        self.chosen = number
        self.setText(_in_a_menu(self._words[number]))
        self.setAccessibleName(f"What to export: {self._words[number]}")

    @Slot(QAction)
    def _take(self, action: QAction) -> None:
        self.choose(action.data())


def _shortened(words: str) -> str:
    words = shown(one_line(words))
    return words if len(words) <= MAX_WORDS_CHARS else words[: MAX_WORDS_CHARS - 1] + "…"


def _in_a_menu(words: str) -> str:
    """Without a letter underlined for what is only an ampersand."""
    return words.replace("&", "&&")


class ExportDialog(TransferDialog):
    """Asks what to export, and as what.

    Signals:
        export_requested: an `ExportOrder`.
    """

    export_requested = Signal(object)

    def __init__(self, choices: Sequence[Choice], parent: QWidget) -> None:
        super().__init__("Export chats", "Export…", parent)
        self._choices = choices
        self._order: ExportOrder | None = None
        self.what_button = WhatButton([_shortened(choice.words) for choice in choices])
        self.form_buttons = QButtonGroup(self)
        self.body.addWidget(self.what_button)
        self.body.addLayout(parts.choice("Export as", _LABELS, self.form_buttons))
        self.form_label = parts.words("", "second")
        self.body.addWidget(self.form_label)
        self.add_words(_NO_THOUGHTS, "third")
        self._add_result()
        self.form_buttons.idClicked.connect(self._show_form)
        self.form_buttons.button(0).setChecked(True)
        self._show_form(0)

    @Slot(object)
    def show_exported(self, report: ExportReport) -> None:
        """It is written."""
        place = str(self._order.path) if self._order is not None else ""
        self._end(exported_in_words(report, place))
        self.fit_to_content()

    def _ask_for_place(self) -> None:
        choice, form = self._choices[self.what_button.chosen], _FORMS[self.form_buttons.checkedId()]
        is_one = len(choice.ids) == 1 and choice.folder_id is None and not choice.is_everything
        into_folder = form is not Form.JSON and not is_one
        dialog = _PlaceDialog(choice, form, into_folder, self)
        dialog.chosen.connect(self._export)
        dialog.open()

    @Slot(object)
    def _export(self, order: ExportOrder) -> None:
        self._order = order
        self._begin(max(len(order.ids), 1))
        self.export_requested.emit(order)

    @Slot(int)
    def _show_form(self, number: int) -> None:
        self.form_label.setText(_WHAT_FOR[_FORMS[number]])
        self.fit_to_content()


class _PlaceDialog(QFileDialog):
    """Asks for the file, or the folder; the system's dialog asks before a file is replaced.

    Signals:
        chosen: an `ExportOrder`.
    """

    chosen = Signal(object)

    def __init__(self, choice: Choice, form: Form, into_folder: bool, parent: QWidget) -> None:
        super().__init__(parent, "Choose a folder" if into_folder else "Export to")
        self._choice, self._form, self._into_folder = choice, form, into_folder
        if into_folder:
            self.setFileMode(QFileDialog.FileMode.Directory)
            self.setOption(QFileDialog.Option.ShowDirsOnly)
        else:
            label = _LABELS[_FORMS.index(form)]
            self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
            self.setNameFilters([f"{label} (*.{form.ending})", "All files (*)"])
            self.setDefaultSuffix(form.ending)
            self.selectFile(f"{safe_stem(choice.name)}.{form.ending}")
        self.fileSelected.connect(self._on_file_selected)
        self.finished.connect(self.deleteLater)

    @Slot(str)
    def _on_file_selected(self, path: str) -> None:
        choice = self._choice
        self.chosen.emit(
            ExportOrder(
                choice.ids,
                self._form,
                Path(path),
                self._into_folder,
                choice.is_everything,
                choice.folder_id,
            )
        )


class ImportDialog(TransferDialog):
    """Asks for files to import.

    Signals:
        import_requested: a list of paths.
    """

    import_requested = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Import chats", "Choose files…", parent)
        self.add_words(_FROM_WHERE)
        self.add_words(_WHAT_HAPPENS, "third")
        self._add_result()

    @Slot(object)
    def show_imported(self, report: ImportReport) -> None:
        """It is done."""
        self._end(imported_in_words(report))
        words = left_out_in_words(report)
        self.details.setPlainText(words)
        self.details.setVisible(bool(words))
        self.fit_to_content()

    def _ask_for_place(self) -> None:
        dialog = QFileDialog(self, "Choose files to import")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(["Chats (*.zip *.json)", "All files (*)"])
        dialog.filesSelected.connect(self._import)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    @Slot(list)
    def _import(self, paths: list[str]) -> None:
        self._begin(0)
        self.import_requested.emit([Path(path) for path in paths])
