"""Sees every internet socket that Python code in the test process makes, refuses it and remembers it.

A test that is marked `loopback` may talk to this computer itself, and to nothing else.

This looks at Python only. That C code and child processes stay offline too is shown by running the
whole suite in a network namespace without a network (see tests/test_offline.py).
"""

from __future__ import annotations

import ipaddress
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_INTERNET = {socket.AF_INET, socket.AF_INET6}
_NAME_LOOKUPS = {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}
_ADDRESSED = {"socket.connect", "socket.bind", "socket.sendto"}


class NetworkUseError(RuntimeError):
    """Something under test wanted a network."""


class NetworkGuard:
    """An audit hook. `attempts` lists what was refused, in words, since the last `forget`."""

    def __init__(self) -> None:
        self.attempts: list[str] = []
        self._allowed = False
        self._allows_loopback = False

    def install(self) -> None:
        """Begin to watch. Python has no way to take an audit hook off again."""
        sys.addaudithook(self._audit)

    def begin_test(self, *, allows_loopback: bool) -> None:
        """Start a new test."""
        self.forget()
        self._allows_loopback = allows_loopback

    def forget(self) -> None:
        """Take back what was noted."""
        self.attempts.clear()

    @contextmanager
    def allowed(self) -> Iterator[None]:
        """Let attempts through: for the test that shows that there is no network to reach."""
        self._allowed = True
        try:
            yield
        finally:
            self._allowed = False

    def _audit(self, event: str, args: tuple[object, ...]) -> None:
        if not event.startswith("socket.") or self._allowed:
            return
        if event == "socket.__new__":
            wants_network = args[1] in _INTERNET and not self._allows_loopback
        elif event in _ADDRESSED:
            is_internet = getattr(args[0], "family", None) in _INTERNET
            wants_network = is_internet and not self._is_allowed(_host_of(args[1]))
        else:
            wants_network = event in _NAME_LOOKUPS and not self._is_allowed(args[0])
        if wants_network:
            self.attempts.append(f"{event}{args[1:]!r}")
            raise NetworkUseError(f"Ponder never uses a network, but this did: {self.attempts[-1]}")

    def _is_allowed(self, host: object) -> bool:
        if not self._allows_loopback:
            return False
        if isinstance(host, bytes):
            host = host.decode("ascii", "replace")
        return host == "localhost" or (isinstance(host, str) and _is_loopback(host))


def _host_of(address: object) -> object:
    return address[0] if isinstance(address, tuple) and address else address


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
