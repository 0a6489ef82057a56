"""A vendor's API on 127.0.0.1: the HTTP of it, without a word of what it says."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Serves one vendor, ``peer``, by the requests that ``handler`` reads."""

    daemon_threads = True

    def __init__(self, peer: Any, handler: type[Handler]) -> None:
        self.peer = peer
        super().__init__(("127.0.0.1", 0), handler)

    @property
    def url(self) -> str:
        """The base of its API."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Connections that are cut are what some tests want."""


class Handler(BaseHTTPRequestHandler):
    """One request; a connection each."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def _raw(self, status: int, told: bytes, *, length: int | None = None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(told) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(told)
        self.close_connection = True

    def fail_html(self) -> None:
        """A page of somebody between."""
        self._raw(200, b"<html>One moment, elodie.emond@example.com</html>", Content_Type="text/html")

    def fail_truncated(self) -> None:
        """It ends before its end."""
        self._raw(200, b'{"lists": [', length=4_000, Content_Type="application/json")

    def fail_reset(self) -> None:
        """The connection is cut."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def fail_hang(self) -> None:
        """Nothing comes."""
        time.sleep(1.5)
        self.close_connection = True


def serve(peer: Any, handler: type[Handler]) -> tuple[Server, Callable[[], None]]:
    """A running server, and what stops it."""
    server = Server(peer, handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return server, stop
