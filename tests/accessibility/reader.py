"""A screen reader of a few lines: walks a program over AT-SPI and hears what it announces.

`dbus-run-session -- python -m tests.accessibility.reader` starts an X server of its own, the window and the
bus, and writes what it read as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageType, new_method_call
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

PATIENCE_S = 60.0
SILENCE_S = 0.4
"""Nothing more is announced after so long."""
MAX_OBJECTS = 5_000
MAX_WORDS = 12
_WORDS = 1
_WHAT_READERS_ASK: tuple[tuple[str, str, tuple[int, ...]], ...] = (
    ("GetAttributes", "i", (0,)),
    ("GetAttributeRun", "ib", (1, True)),
    ("GetDefaultAttributes", "", ()),
    ("GetNSelections", "", ()),
    ("GetSelection", "i", (0,)),
    ("GetOffsetAtPoint", "iiu", (300, 300, 0)),
    ("GetRangeExtents", "iiu", (0, 4, 0)),
    ("SetCaretOffset", "i", (3,)),
    ("GetTextBeforeOffset", "iu", (4, 1)),
    ("GetTextAfterOffset", "iu", (1, 5)),
)
"""Nothing of it may end the program, whatever it is answered."""

_ACCESSIBLE = "org.a11y.atspi.Accessible"
_TEXT = "org.a11y.atspi.Text"
_REGISTRY = "org.a11y.atspi.Registry"
# Bits of the states, from https://docs.gtk.org/atspi2/enum.StateType.html
_FOCUSABLE, _SHOWING, _VISIBLE = 11, 25, 30


class Bus:
    """The bus on which programs tell who cannot see what they show."""

    def __init__(self) -> None:
        with open_dbus_connection("SESSION") as session:
            bus = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.a11y.Bus")
            (address,) = session.send_and_get_reply(new_method_call(bus, "GetAddress")).body
            status = DBusAddress("/org/a11y/bus", "org.a11y.Bus", "org.freedesktop.DBus.Properties")
            for name in ("IsEnabled", "ScreenReaderEnabled"):
                wish = ("org.a11y.Status", name, ("b", True))
                session.send_and_get_reply(new_method_call(status, "Set", "ssv", wish))
        self._connection: DBusConnection = open_dbus_connection(address)
        self._heard: list[str] = []
        registry = DBusAddress("/org/a11y/atspi/registry", _REGISTRY, _REGISTRY)
        self._call(registry, "RegisterEvent", "s", ("object:announcement",))
        rule = MatchRule(type="signal", interface="org.a11y.atspi.Event.Object", member="Announcement")
        self._connection.send_and_get_reply(message_bus.AddMatch(rule))

    def application(self) -> tuple[str, str]:
        """The one program there is, once it has come."""
        root = DBusAddress("/org/a11y/atspi/accessible/root", _REGISTRY, _ACCESSIBLE)
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            (programs,) = self._call(root, "GetChildren")
            if programs:
                return str(programs[0][0]), str(programs[0][1])
            time.sleep(0.05)
        raise TimeoutError("the window never came to the bus")

    def read(self, program: tuple[str, str]) -> list[dict[str, Any]]:
        """All objects that show."""
        waiting: list[tuple[tuple[str, str], list[str]]] = [(program, [])]
        objects: list[dict[str, Any]] = []
        while waiting and len(objects) < MAX_OBJECTS:
            place, groups = waiting.pop(0)
            found = self._object(place) | {"groups": groups}
            if found["visible"] or found["role"] == "application":
                objects.append(found)
                inside = [*groups, found["name"]] if found["role"] == "panel" and found["name"] else groups
                waiting += [(child, inside) for child in self._children(place)]
        return objects

    def heard(self, expected: int = 0) -> list[str]:
        """What was announced until it got silent, which it does not before as much came as is expected."""
        given_up = time.monotonic() + PATIENCE_S
        while len(self._heard) < expected and time.monotonic() < given_up:
            self._note(self._connection.receive(timeout=PATIENCE_S))
        until = time.monotonic() + SILENCE_S
        while time.monotonic() < until:
            try:
                self._note(self._connection.receive(timeout=max(until - time.monotonic(), 0.01)))
            except TimeoutError:
                break
        heard, self._heard = self._heard, []
        return heard

    def _object(self, place: tuple[str, str]) -> dict[str, Any]:
        states = self._ask(place, _ACCESSIBLE, "GetState")[0]
        bits = states[0] | states[1] << 32
        interfaces = self._ask(place, _ACCESSIBLE, "GetInterfaces")[0]
        return {
            "name": self._property(place, _ACCESSIBLE, "Name"),
            "description": self._property(place, _ACCESSIBLE, "Description"),
            "role": self._ask(place, _ACCESSIBLE, "GetRoleName")[0],
            "focusable": bool(bits >> _FOCUSABLE & 1),
            "visible": bool(bits >> _VISIBLE & 1 and bits >> _SHOWING & 1),
            "text": self._text(place) if _TEXT in interfaces else None,
            "words": self._words(place) if _TEXT in interfaces else None,
        }

    def _children(self, place: tuple[str, str]) -> list[tuple[str, str]]:
        return [(str(bus), str(path)) for bus, path in self._ask(place, _ACCESSIBLE, "GetChildren")[0]]

    def _text(self, place: tuple[str, str]) -> str:
        return str(self._ask(place, _TEXT, "GetText", "ii", (0, -1))[0])

    def _words(self, place: tuple[str, str]) -> list[tuple[str, int, int]]:
        """The first words, one by one, each with the size of its first letter on the screen."""
        words: list[tuple[str, int, int]] = []
        offset = 0
        while len(words) < MAX_WORDS:
            word, start, end = self._ask(place, _TEXT, "GetStringAtOffset", "iu", (offset, _WORDS))
            if end <= start or end <= offset:
                break
            *_where, width, height = self._ask(place, _TEXT, "GetCharacterExtents", "iu", (start, 0))
            words.append((word, width, height))
            offset = end
        for method, kind, values in _WHAT_READERS_ASK:
            self._ask(place, _TEXT, method, kind, values)
        return words

    def _property(self, place: tuple[str, str], interface: str, name: str) -> str:
        return str(self._ask(place, "org.freedesktop.DBus.Properties", "Get", "ss", (interface, name))[0][1])

    def _ask(
        self,
        place: tuple[str, str],
        interface: str,
        method: str,
        kind: str = "",
        values: tuple[Any, ...] = (),
    ) -> tuple[Any, ...]:
        return self._call(DBusAddress(place[1], place[0], interface), method, kind, values)

    def _call(
        self, address: DBusAddress, method: str, kind: str = "", values: tuple[Any, ...] = ()
    ) -> tuple[Any, ...]:
        """Calls, and notes what is announced meanwhile."""
        message = new_method_call(address, method, kind or None, values)
        serial = next(self._connection.outgoing_serial)
        self._connection.send(message, serial=serial)
        until = time.monotonic() + PATIENCE_S
        while True:
            answer = self._connection.receive(timeout=max(until - time.monotonic(), 0.01))
            if answer.header.fields.get(HeaderFields.reply_serial) == serial:
                if answer.header.message_type is MessageType.error:
                    raise RuntimeError(f"{method} of {address.object_path}: {answer.body}")
                return tuple(answer.body)
            self._note(answer)

    def _note(self, message: Message) -> None:
        if message.header.fields.get(HeaderFields.member) == "Announcement":
            self._heard.append(str(message.body[3][1]))


class Window:
    """The program in a process of its own."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-m", "tests.accessibility.program", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._expect("open")

    def order(self, order: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()
        self._expect("done")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE_S)

    def _expect(self, answer: str) -> None:
        assert self._process.stdout is not None
        said = self._process.stdout.readline().strip()
        if said != answer:
            raise RuntimeError(f"the window said {said!r}, not {answer!r}")


def main() -> int:
    numbers, display = os.pipe()
    screen = ["Xvfb", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-displayfd", str(display)]
    server = subprocess.Popen(screen, pass_fds=[display], stderr=subprocess.DEVNULL)
    try:
        os.close(display)
        with os.fdopen(numbers) as told:
            os.environ["DISPLAY"] = ":" + told.readline().strip()
        os.environ["QT_QPA_PLATFORM"] = "xcb"
        sys.stdout.write(json.dumps(dict(_read_all())) + "\n")
    finally:
        server.terminate()
        server.wait()
    return 0


def _read_all() -> Iterator[tuple[str, Any]]:
    """Page by page: what is there, and what was heard."""
    bus = Bus()
    window = Window()
    program = bus.application()
    bus.heard()
    announced: list[list[str]] = []
    for order, expected in (("chat", 0), ("think", 1), ("later", 1)):
        window.order(order)
        announced.append(bus.heard(expected))
    yield "thinking", bus.read(program)
    window.order("answer")
    announced.append(bus.heard(expected=2))
    yield "announced", announced
    yield "answered", bus.read(program)
    window.order("formulas")
    yield "formulas", bus.read(program)
    for order in ("models", "settings", "link"):
        window.order(order)
        yield order, bus.read(program)
    window.order("close")
    window.close()
    first = Window("--first-start")
    first.order("first")
    yield "first", bus.read(bus.application())
    first.close()


if __name__ == "__main__":
    sys.exit(main())
