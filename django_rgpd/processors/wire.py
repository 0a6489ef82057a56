"""The wire to a vendor: it reads nothing of the environment, and every answer has an end."""

from __future__ import annotations

import io
import socket
import threading
import time
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

DEADLINE = 120.0
"""Seconds until an answer is there whole, as Mailchimp has it. Time-outs are for the next byte: one a second has none."""

MOST = 32 * 1024 * 1024
"""Bytes of an answer, unpacked. A full page of either vendor is far below."""

_PIECE = 64 * 1024

_lines: ContextVar[list[socket.socket]] = ContextVar("lines")


def session(proxy: str) -> requests.Session:
    """A session for one vendor, through ``proxy`` where there is one. What goes wrong is a ``requests.RequestException``."""
    made = requests.Session()
    made.trust_env = False
    made.max_redirects = 0
    made.proxies.update({"http": proxy, "https": proxy} if proxy else {})
    for scheme in ("https://", "http://"):
        made.mount(scheme, _Adapter())
    return made


class _Known:
    """A connection that says which socket its request goes over."""

    sock: Any

    def connect(self) -> None:
        super().connect()  # type: ignore[misc]
        _lines.get().append(self.sock)

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:
            _lines.get().append(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]


class _Connection(_Known, HTTPConnection):
    pass


class _SecureConnection(_Known, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS: dict[str, Any] = {"http": _Pool, "https": _SecurePool}


class _Adapter(HTTPAdapter):
    """Reads every answer whole, within a time and to a size."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        lines: list[socket.socket] = []
        token, began = _lines.set(lines), time.monotonic()
        watch = threading.Timer(DEADLINE, _cut, [lines])
        watch.daemon = True
        watch.start()
        try:
            answer = super().send(request, *args, **kwargs)
            answer.raw = io.BytesIO(_whole(answer, until=began + DEADLINE))
        finally:
            watch.cancel()
            _lines.reset(token)
        return answer


def _whole(answer: requests.Response, *, until: float) -> bytes:
    body = bytearray()
    try:
        for piece in answer.raw.stream(_PIECE, decode_content=True):
            body += piece
            if len(body) > MOST:
                msg = "the answer is too long"
                raise requests.ConnectionError(msg)
    except HTTPError:
        msg = "the answer broke off"
        raise requests.ConnectionError(msg) from None
    finally:
        answer.raw.close()
    if time.monotonic() > until:
        msg = "the answer took too long"
        raise requests.ConnectionError(msg)
    return bytes(body)


def _cut(lines: list[socket.socket]) -> None:
    for line in lines:
        with suppress(OSError):
            # That of an encrypted one would take the encryption from under who reads.
            socket.socket.shutdown(line, socket.SHUT_RDWR)
