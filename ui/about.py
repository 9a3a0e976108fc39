"""The About dialog: which Ponder this is, what it is made of, and under which licences."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import PySide6
from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QWidget

from app.version import LLAMA_BINDINGS, LLAMA_CPP_COMMIT, version
from models.own_programs import is_packaged
from ui.library.dialog import Dialog
from ui.transcript.clipboard import SelectableLabel
from ui.widgets.copy_button import CopyButton


class AboutDialog(Dialog):
    """Shows the versions, to read and to copy into a report. Nothing is looked up anywhere."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("About Ponder", parent)
        self.versions_label = SelectableLabel(versions())
        self.body.addWidget(self.versions_label)
        self.versions_label.setAccessibleName("Versions")
        self.licences_label = self.add_words(licences())
        self.copy_button = CopyButton(versions, "Copy the versions")
        self.body.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignLeft)
        self.add_close()


def versions() -> str:
    """One line for each part that matters to a report."""
    package = "from a package" if is_packaged() else "from its sources"
    return "\n".join(
        (
            f"Ponder {version()}, {package}",
            f"llama.cpp {LLAMA_CPP_COMMIT}, through llama-cpp-python {LLAMA_BINDINGS}",
            f"Qt {qVersion()}, through PySide6 {PySide6.__version__}",
            f"Python {platform.python_version()}",
            f"{platform.system()} {platform.release()}, {platform.machine()}",
        )
    )


def licences() -> str:
    """Whose work is inside, in a few words, and where the texts are."""
    words = (
        "Ponder is free software under the MIT licence. It uses Qt under the GNU Lesser General Public "
        "License, version 3, llama.cpp under the MIT licence, and other free software."
    )
    folder = Path(sys.executable).with_name("licences")
    return f"{words} Their licences are in {folder}" if is_packaged() and folder.is_dir() else words
