"""Has formulas made in a process of their own, one after the other, and keeps what was made."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial

import msgspec
from PySide6.QtCore import QCoreApplication, QObject, QProcess, QProcessEnvironment, QTimer, Signal, Slot

from models.engine.client import worker_environment, worker_folder
from models.own_programs import own_command
from ui.transcript.blocks import Maths
from ui.transcript.formulas.drawing import Formula, FormulaPainter
from ui.transcript.formulas.protocol import Asked, Drawn
from ui.transcript.formulas.source import is_too_much

WORKER_COMMAND = own_command("ui.transcript.formulas.worker")
TIMEOUT_MS = 2_000
START_TIMEOUT_MS = 20_000
"""To start Python and to read the font; much, for a computer that is busy with a model."""
IDLE_MS = 60_000
"""A process that had nothing to make for so long ends."""
GATHER_MS = 30
"""Formulas made within so long are told together, so that a paragraph is laid out once for all of them."""
MAX_KEPT = 4_000
MAX_FAILED_STARTS = 2
MAX_LOSSES = 30
"""So often a formula may end the process; then all are shown as their source. An hour of formulas that each
take their two seconds would be an hour of a busy processor."""
MAX_WAITING = 5_000

_log = logging.getLogger(__name__)


class FormulaMaker(QObject):
    """Asked for a formula, gives it at once where it is known, and has it made where it is not.

    One that takes longer than `timeout_ms` ends the process, and is as undrawable as one that ziamath does
    not understand; the next formula starts the process again. Nothing here waits.

    Signals:
        made: frozenset of `Maths`. It is known now of these whether they can be drawn.
    """

    made = Signal(object)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        command: Sequence[str] = WORKER_COMMAND,
        timeout_ms: int = TIMEOUT_MS,
        idle_ms: int = IDLE_MS,
    ) -> None:
        super().__init__(parent)
        self.painter = FormulaPainter()
        self._command = tuple(command)
        self._timeout_ms = timeout_ms
        self._known: OrderedDict[Maths, Formula | None] = OrderedDict()
        self._waiting: dict[Maths, None] = {}
        self._current: Maths | None = None
        self._made: set[Maths] = set()
        self._process: QProcess | None = None
        # A process that is destroyed while it runs makes Qt complain, and wait long.
        self._running: list[QProcess] = []
        self.destroyed.connect(partial(_end_all, self._running))
        self._is_ready = False
        self._failed_starts = 0
        self._losses = 0
        self._patience = self._timer(timeout_ms, self._give_up)
        self._idle = self._timer(idle_ms, self.rest)
        self._gather = self._timer(GATHER_MS, self._tell)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.rest)

    def _timer(self, interval_ms: int, slot: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(slot)
        return timer

    @property
    def pid(self) -> int:
        """The process that makes formulas; 0 while there is none."""
        return self._process.processId() if self._process is not None else 0

    @property
    def is_busy(self) -> bool:
        """Whether something waits, is made, or was not told yet."""
        return bool(self._waiting or self._made)

    def get(self, maths: Maths) -> Formula | None:
        """The formula; None where it cannot be drawn, or is not made yet: then it is begun."""
        if maths in self._known:
            self._known.move_to_end(maths)
            return self._known[maths]
        if is_too_much(maths.tex):
            self._keep(maths, None)
        elif maths not in self._waiting and len(self._waiting) < MAX_WAITING:
            self._waiting[maths] = None
            self._go_on()
        return None

    def is_known(self, maths: Maths) -> bool:
        """Whether `made` has nothing more to say of it."""
        return maths in self._known

    @Slot()
    def rest(self) -> None:
        """End the process and forget what waits. It starts again when it is needed."""
        self._idle.stop()
        self._patience.stop()
        self._waiting.clear()
        self._current = None
        self._drop_process()

    def forget(self) -> None:
        """Keep no formula, and end the process that has seen them."""
        self.rest()
        self._known.clear()
        self._made.clear()
        self.painter.forget()

    def _go_on(self) -> None:
        """Ask for the next formula, if the process is free."""
        if self._current is not None or not self._waiting:
            return
        if self._process is None:
            self._start()
            return
        if not self._is_ready:
            return
        self._idle.stop()
        self._current = next(iter(self._waiting))
        asked = Asked(self._current.tex, self._current.is_display)
        self._process.write(msgspec.json.encode(asked) + b"\n")
        self._patience.start(self._timeout_ms)

    def _start(self) -> None:
        environment = QProcessEnvironment()
        for name, value in worker_environment().items():
            environment.insert(name, value)
        self._process = process = QProcess(self)
        self._running.append(process)
        process.setProcessEnvironment(environment)
        process.setWorkingDirectory(str(worker_folder()))
        process.setStandardErrorFile(QProcess.nullDevice())
        process.readyReadStandardOutput.connect(self._read)
        process.finished.connect(self._notice_end)
        process.errorOccurred.connect(self._notice_error)
        self._is_ready = False
        self._patience.start(START_TIMEOUT_MS)
        process.start(self._command[0], list(self._command[1:]))

    def _drop_process(self) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        process.readyReadStandardOutput.disconnect(self._read)
        process.finished.disconnect(self._notice_end)
        process.errorOccurred.disconnect(self._notice_error)
        _end_all(self._running)
        process.deleteLater()

    def _keep(self, maths: Maths, formula: Formula | None) -> None:
        self._known[maths] = formula
        if len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)

    def _settle(self, formula: Formula | None) -> None:
        """The current formula is made, or cannot be."""
        self._patience.stop()
        maths, self._current = self._current, None
        if maths is None:
            return
        self._waiting.pop(maths, None)
        self._keep(maths, formula)
        self._made.add(maths)
        if not self._gather.isActive():
            self._gather.start()

    def _lose(self, why: str) -> None:
        """The process is gone or useless. After some losses there is no other try."""
        _log.warning("The process that makes formulas %s.", why)
        was_ready = self._is_ready
        self._drop_process()
        self._failed_starts = 0 if was_ready else self._failed_starts + 1
        self._losses += 1
        self._settle(None)
        if self._failed_starts > MAX_FAILED_STARTS or self._losses > MAX_LOSSES:
            while self._waiting:
                self._current = next(iter(self._waiting))
                self._settle(None)
        self._go_on()

    # Slots

    @Slot()
    def _read(self) -> None:
        while self._process is not None and self._process.canReadLine():
            line = self._process.readLine().data()
            if not self._is_ready:
                self._is_ready = True
                self._patience.stop()
                continue
            try:
                drawn = msgspec.json.decode(line, type=Drawn)
            except msgspec.DecodeError:
                self._lose("said something that is no formula")
                return
            self.painter.learn(drawn.shapes)
            self._settle(None if drawn.error else Formula.of(drawn))
        if self._current is None and not self._waiting:
            self._idle.start()
        self._go_on()

    @Slot()
    def _give_up(self) -> None:
        self._lose("took too long and was ended")

    @Slot()
    def _notice_end(self) -> None:
        self._lose("ended")

    @Slot(QProcess.ProcessError)
    def _notice_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._lose("could not be started")

    @Slot()
    def _tell(self) -> None:
        made, self._made = frozenset(self._made), set()
        self.made.emit(made)


def _end_all(running: list[QProcess]) -> None:
    """End them at once. They hold nothing that could be lost."""
    while running:
        process = running.pop()
        process.kill()
        process.waitForFinished(1_000)
