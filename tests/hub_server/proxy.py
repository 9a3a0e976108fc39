"""A proxy on 127.0.0.1 that leads the names of the real hub to the hub server, or refuses."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Self


class ConnectProxy(socketserver.ThreadingTCPServer):
    """Answers CONNECT. `routes`: "huggingface.co:443" -> port on 127.0.0.1; others get 502.

    With `password` ("name:password" in base 64) it answers 407 to those who do not give it.
    `heads` has the head of every request, as it came.
    """

    allow_reuse_address = True

    def __init__(self, routes: Mapping[str, int], *, password: str = "") -> None:
        self.routes = routes
        self.password = password
        self.heads: list[str] = []
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), name="test-proxy")
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Tunnel(socketserver.StreamRequestHandler):
    """One connection: its head, then bytes both ways until either side ends."""

    server: ConnectProxy

    def handle(self) -> None:
        head = ""
        while not head.endswith("\r\n\r\n"):
            line = self.rfile.readline().decode("latin-1")
            if not line:
                return
            head += line
        self.server.heads.append(head)
        target = head.split(" ", 2)[1]
        if self.server.password and f"Basic {self.server.password}" not in head:
            self._refuse("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=office")
        elif target not in self.server.routes:
            self._refuse("502 Bad Gateway")
        else:
            with socket.create_connection(("127.0.0.1", self.server.routes[target])) as upstream:
                self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._tunnel(upstream)

    def _refuse(self, status: str) -> None:
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    def _tunnel(self, upstream: socket.socket) -> None:
        back = threading.Thread(target=_copy, args=(upstream, self.connection), name="test-proxy-back")
        back.start()
        _copy(self.connection, upstream)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
