"""Paints all scenes at one scale: `python -m tests.golden.paint FOLDER`, with the environment of `painting`.

A process of its own, because Qt reads scale and fonts only once.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QtMsgType, QUrl, qInstallMessageHandler
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from app.chat.events import ChatEvent
from app.library.events import LibraryEvent
from app.paths import Paths
from app.settings import Settings, save_settings
from tests.golden.scenes import SCENES, Scene
from tests.golden.stage import Stage
from tests.ui.scripted_chat import ScriptedChat
from tests.ui.scripted_library import ScriptedLibrary
from ui.application import OpenWindow

THEMES = ("light", "dark")
PATIENCE_S = 60.0
QUIET_S = 0.1
"""A picture that stayed the same for so long is done: the longest pause of a paint is 40 ms."""
ROUND_S = 0.05
UNCOMPRESSED = 100


@dataclass
class Warnings:
    """What Qt complained about. A scene that makes it complain is not painted."""

    lines: list[str]

    def take(self, kind: QtMsgType, _context: object, words: str) -> None:
        if kind is not QtMsgType.QtDebugMsg and not words.startswith("This plugin does not support"):
            self.lines.append(words)


def main() -> int:
    folder = Path(sys.argv[1])
    wanted = sys.argv[2:]
    warnings = Warnings([])
    qInstallMessageHandler(warnings.take)
    application = QApplication(["ponder"])
    application.setCursorFlashTime(0)
    scale = round(application.devicePixelRatio())
    for theme in THEMES:
        for scene in SCENES:
            if wanted and scene.name not in wanted:
                continue
            with tempfile.TemporaryDirectory() as home:
                picture = paint(application, scene, theme, Path(home))
            if not picture.save(str(folder / f"{scene.name}-{theme}-{scale}x.png"), quality=UNCOMPRESSED):
                sys.stderr.write(f"{scene.name} could not be written to {folder}\n")
                return 1
            if warnings.lines:
                sys.stderr.write(f"{scene.name}, {theme}, {scale}x:\n" + "\n".join(warnings.lines) + "\n")
                return 1
    return 0


def paint(application: QApplication, scene: Scene, theme: str, home: Path) -> QImage:
    """Open a window, play the scene in it, and give what is seen once nothing moves any more."""
    paths = Paths.from_environment({"PONDER_HOME": str(home)})
    paths.make_folders()
    width, height = scene.size
    settings = Settings(
        theme="dark" if theme == "dark" else "light",
        first_start_done=True,
        window_width=width,
        window_height=height,
        show_thinking=scene.thoughts_open,
    )
    save_settings(paths.settings_file, settings)
    said: list[Callable[[ChatEvent], None]] = []

    def make_chat(listener: Callable[[ChatEvent], None]) -> ScriptedChat:
        said.append(listener)
        return ScriptedChat(listener)

    def make_library(listener: Callable[[LibraryEvent], None]) -> ScriptedLibrary:
        return ScriptedLibrary(listener)

    whole = OpenWindow(
        application,
        paths,
        built_in_model=home / "ponder-mini.gguf",
        make_chat=make_chat,
        make_library=make_library,
        open_url=_open_nothing,
    )
    whole.show()
    stage = Stage(application, whole, said[0])
    stage.freeze_clock()
    scene.play(stage)
    picture = _when_quiet(application, stage)
    whole.window.close()
    whole.window.deleteLater()
    whole.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return picture


def _when_quiet(application: QApplication, stage: Stage) -> QImage:
    until = time.monotonic() + PATIENCE_S
    last, since = QImage(), time.monotonic()
    while time.monotonic() < until:
        _go_on(application)
        if stage.is_busy:
            continue
        now = stage.picture()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since >= QUIET_S:
            return now
    raise TimeoutError("this scene never came to rest")


def _go_on(application: QApplication) -> None:
    until = time.monotonic() + ROUND_S
    while time.monotonic() < until:
        application.processEvents()
        time.sleep(0.005)


def _open_nothing(_url: QUrl) -> bool:
    return False


if __name__ == "__main__":
    sys.exit(main())
