"""The ports of the hub server: reads requests, finds the answer, sends it with the fault that applies."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.hub_server import faults
from tests.hub_server.content import ServedFile, served_file
from tests.hub_server.faults import Fault
from tests.hub_server.requests import RESOLVE_PATH, Place, RecordedRequest

if TYPE_CHECKING:
    from tests.hub_server.server import HubServer

_BLOCK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(slots=True)
class _Answer:
    """What is sent: headers and, of `file`, the bytes from `start` to before `end`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    file: ServedFile | None = None
    start: int = 0
    end: int = 0


class Listener(socketserver.ThreadingTCPServer):
    """One port and its threads."""

    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, server: HubServer, *, is_cdn: bool, port: int = 0) -> None:
        self.hub_server = server
        self.is_cdn = is_cdn
        self.released = threading.Event()  # then no answer waits any more
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(("127.0.0.1", port), _Handler)
        self.port: int = self.server_address[1]
        name = "cdn" if is_cdn else "hub"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), name=f"test-{name}")
        self._thread.start()

    def stop(self) -> None:
        """Drop the connections, join the threads. A second time it does nothing."""
        if not self._thread.is_alive():
            return
        self.released.set()
        self.shutdown()
        self._thread.join()
        self.socket.close()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection; with TLS its handshake happens in its own thread, at the first read."""
        connection, address = self.socket.accept()
        tls = self.hub_server.tls
        if tls:
            connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Serve one connection, known to `stop` while it lasts."""
        with self._open_lock:
            self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._open_lock:
                self._open.discard(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Let an error of the test server itself be seen: it fails the test as an unhandled one."""
        threading.excepthook(threading.ExceptHookArgs((*_current_error(), threading.current_thread())))


def _current_error() -> tuple[type[BaseException], BaseException, TracebackType | None]:
    kind, value, trace = sys.exc_info()
    assert kind is not None
    assert value is not None
    return kind, value, trace


class _Handler(BaseHTTPRequestHandler):
    """One connection: reads requests, finds the answer, sends it with the fault that applies."""

    protocol_version = "HTTP/1.1"
    server: Listener
    timeout = None

    def handle(self) -> None:
        """Serve until the client, the fault or the test ends the connection."""
        with contextlib.suppress(ConnectionError, ssl.SSLError, OSError):
            super().handle()

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_HEAD(self) -> None:
        """Answer a HEAD."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing on stderr."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = RecordedRequest(self._place(parts.path), self.command, parts.path, parts.query, headers)
        fault = self.server.hub_server.fault_for(request) or Fault()
        try:
            break_off_at = self._answer_and_send(request, fault)
        finally:
            request.all_counted.set()
        if break_off_at is not None:
            self._break_off(fault, break_off_at)

    def _answer_and_send(self, request: RecordedRequest, fault: Fault) -> int | None:
        """Give the place in the body at which the fault breaks the connection off, which was reached."""
        if fault.first_byte_after_s and self.server.released.wait(fault.first_byte_after_s):
            self.close_connection = True
            return None
        answer = self._faulty_answer(fault) or self._answer(request, fault)
        request.status = answer.status
        return self._send(answer, fault, request)

    def _place(self, path: str) -> Place:
        if self.server.is_cdn:
            return "cdn"
        if path.startswith("/api/models/"):
            return "api"
        if RESOLVE_PATH.fullmatch(path):
            return "head" if self.command == "HEAD" else "get"
        return "other"

    def _faulty_answer(self, fault: Fault) -> _Answer | None:
        """Make the answer that the fault gives in place of the right one."""
        if fault.redirect_to:
            target = fault.redirect_to
            if target == faults.TO_ITSELF:
                scheme = "https" if self.server.hub_server.tls else "http"
                target = f"{scheme}://127.0.0.1:{self.server.port}{self.path}"
            return _Answer(fault.status or 302, {"Location": target} | dict(fault.headers))
        if fault.status:
            body = fault.body
            if not body and "X-Error-Message" in fault.headers:
                body = json.dumps({"error": fault.headers["X-Error-Message"]}).encode()
            return _Answer(fault.status, dict(fault.headers), body)
        return None

    def _answer(self, request: RecordedRequest, fault: Fault) -> _Answer:
        server, token = self.server.hub_server, request.authorization.removeprefix("Bearer ")
        if request.place == "api":
            found = server.api_answer(request.path, request.query, token)
            if isinstance(found, Fault):
                return self._refuse(found)
            return _Answer(200, {"Content-Type": "application/json"}, found)
        if request.place == "cdn":
            file = server.at_cdn(request.path, request.query)
            return self._refuse(file) if isinstance(file, Fault) else self._of_file(file, request, fault, {})
        if request.place in ("head", "get"):
            resolved = server.resolve(request.path, token)
            if isinstance(resolved, Fault):
                return self._refuse(resolved)
            return self._resolved(resolved, request, fault)
        return self._refuse(Fault(status=404))

    def _refuse(self, refusal: Fault) -> _Answer:
        answer = self._faulty_answer(refusal)
        assert answer is not None
        return answer

    def _resolved(
        self, resolved: tuple[str, ServedFile, str], request: RecordedRequest, fault: Fault
    ) -> _Answer:
        commit, file, location = resolved
        headers = {"X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        if not location:
            return self._of_file(file, request, fault, headers)
        headers["X-Linked-Etag"] = fault.etag or f'"{file.sha256}"'
        headers["X-Linked-Size"] = str(file.size_bytes)
        headers["ETag"] = f'"{file.blob_id}"'
        return _Answer(302, headers | {"Location": location})

    def _of_file(
        self, file: ServedFile, request: RecordedRequest, fault: Fault, headers: dict[str, str]
    ) -> _Answer:
        """Answer with the file or the range of it that was asked for."""
        if fault.content is not None:
            file = served_file(fault.content)
        etag = fault.etag or file.etag
        headers |= {"ETag": etag, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        match = _RANGE.fullmatch(request.range)
        is_whole = fault.ignores_range or request.headers.get("if-range", etag) != etag
        if match is None or match[0] == "bytes=-" or is_whole:
            return _Answer(200, headers, file=file, end=file.size_bytes)
        last = file.size_bytes - 1
        if match[1]:
            start, end = int(match[1]), min(int(match[2] or last), last)
        else:
            start, end = max(file.size_bytes - int(match[2]), 0), last
        if start > end:
            return _Answer(416, headers | {"Content-Range": f"bytes */{file.size_bytes}"})
        headers["Content-Range"] = fault.content_range or f"bytes {start}-{end}/{file.size_bytes}"
        return _Answer(206, headers, file=file, start=start, end=end + 1)

    def _send(self, answer: _Answer, fault: Fault, request: RecordedRequest) -> int | None:
        length = answer.end - answer.start if answer.file else len(answer.body)
        self.send_response_only(answer.status, HTTPStatus(answer.status).phrase)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        if self.command == "HEAD":
            return None
        stops = [place for place in (fault.reset_at, fault.end_at, fault.stall_at) if place is not None]
        stop = min([length, *stops])
        if answer.file is None:
            self.connection.sendall(answer.body[:stop])
            request.sent_bytes = stop
        elif not self._send_file(answer.file, answer.start, answer.start + stop, fault, request):
            return None
        return stop if stop in stops else None

    def _break_off(self, fault: Fault, stop: int) -> None:
        """Do what the fault says after the last byte that it lets through."""
        self.close_connection = True
        if stop == fault.stall_at:
            self.server.released.wait()
        elif stop == fault.reset_at:
            # A close with "linger 0" sends RST; the descriptor, since files made of the socket still hold it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())

    def _send_file(
        self, file: ServedFile, start: int, end: int, fault: Fault, request: RecordedRequest
    ) -> bool:
        """Send bytes of a file, counting them. False where the test ended it."""
        block_bytes = _BLOCK_BYTES
        if fault.bytes_per_s:
            block_bytes = min(_BLOCK_BYTES, max(int(fault.bytes_per_s / 50), 1))
        with contextlib.ExitStack() as opened:
            source = opened.enter_context(file.content.open("rb")) if isinstance(file.content, Path) else None
            for offset in range(start, end, block_bytes):
                count = min(block_bytes, end - offset)
                flips = fault.flip_at is not None and offset <= fault.flip_at < offset + count
                if source and not flips and not self.server.hub_server.tls:
                    self.connection.sendfile(source, offset, count)
                else:
                    self.connection.sendall(_flipped(file.read(offset, count), fault, offset))
                request.sent_bytes += count
                pause_s = count / fault.bytes_per_s if fault.bytes_per_s else 0
                if pause_s and self.server.released.wait(pause_s):
                    self.close_connection = True
                    return False
        return True


def _flipped(block: bytes, fault: Fault, offset: int) -> bytes:
    if fault.flip_at is None or not offset <= fault.flip_at < offset + len(block):
        return block
    place = fault.flip_at - offset
    return block[:place] + bytes([block[place] ^ 1]) + block[place + 1 :]
