"""The wire to a vendor, against servers on 127.0.0.1 that answer as no vendor should."""

from __future__ import annotations

import gzip
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from django_rgpd.processors import wire
from django_rgpd.processors.unheard import unheard

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SLOW = 40
"""Bytes, a twentieth of a second each: longer than the tests' deadline, then the answer is whole and right."""


class Strange(ThreadingHTTPServer):
    """Answers with what it was told to write; ``connections``: whence it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.write: Callable[[BaseHTTPRequestHandler], None] = _right
        self.connections: list[object] = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Strange

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        self.server.connections.append(self.client_address)
        with suppress(OSError):
            self.server.write(self)


def _right(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(HEAD + b"Content-Length: 2\r\n\r\n{}")


def _slow_head(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(HEAD)
    _slowly(to, b"X-Nothing: " + b"." * SLOW)
    to.wfile.write(b"\r\nContent-Length: 2\r\n\r\n{}")


def _slow_body(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(HEAD + b"Content-Length: %d\r\n\r\n{}" % (SLOW + 2))
    _slowly(to, b" " * SLOW)


def _slow_until_it_closes(to: BaseHTTPRequestHandler) -> None:
    """A body whose end is that of the connection: cut, it looks whole."""
    to.wfile.write(HEAD + b"Connection: close\r\n\r\n{}")
    to.close_connection = True
    _slowly(to, b" " * SLOW)


def _slowly(to: BaseHTTPRequestHandler, what: bytes) -> None:
    for number in range(len(what)):
        to.wfile.write(what[number : number + 1])
        time.sleep(0.05)


def _huge(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(HEAD + b"Content-Length: 200000\r\n\r\n" + b" " * 199_998 + b"{}")


def _packed(to: BaseHTTPRequestHandler) -> None:
    body = gzip.compress(b" " * 2_000_000 + b"{}")
    to.wfile.write(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def _cut_short(to: BaseHTTPRequestHandler) -> None:
    to.wfile.write(HEAD + b"Content-Length: 9\r\n\r\n{}")
    to.close_connection = True


@pytest.fixture
def peer() -> Iterator[Strange]:
    server = Strange()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.fault("P05")
@pytest.mark.parametrize("how", [_slow_head, _slow_body, _slow_until_it_closes])
def test_an_answer_that_comes_byte_by_byte_is_not_waited_for(
    peer: Strange, how: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte of it is late, so no time-out would end it."""
    monkeypatch.setattr(wire, "DEADLINE", 0.5)
    peer.write = how
    with wire.session("") as session, pytest.raises(requests.ConnectionError):
        session.get(peer.url, timeout=(3, 3))


def test_a_deadline_begins_anew_with_each_request(peer: Strange, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also over a connection that was used before."""
    monkeypatch.setattr(wire, "DEADLINE", 0.5)
    with wire.session("") as session:
        assert session.get(peer.url, timeout=(3, 3)).json() == {}
        peer.write = _slow_body
        with pytest.raises(requests.ConnectionError):
            session.get(peer.url, timeout=(3, 3))
    assert len(set(peer.connections)) == 1


@pytest.mark.fault("P05")
@pytest.mark.parametrize("how", [_huge, _packed])
def test_an_answer_that_is_too_long_is_not_read(
    peer: Strange, how: Callable[[BaseHTTPRequestHandler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However small it was packed."""
    peer.write = how
    with wire.session("") as session:
        assert session.get(peer.url, timeout=(3, 3)).json() == {}
        monkeypatch.setattr(wire, "MOST", 100_000)
        with pytest.raises(requests.ConnectionError, match="too long"):
            session.get(peer.url, timeout=(3, 3))


def test_an_answer_that_breaks_off_is_none(peer: Strange) -> None:
    peer.write = _cut_short
    with wire.session("") as session, pytest.raises(requests.ConnectionError, match="broke off"):
        session.get(peer.url, timeout=(3, 3))


def test_the_environment_says_nothing_and_the_setting_does(
    peer: Strange, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with wire.session("") as session:
        assert session.get(peer.url, timeout=(3, 3)).json() == {}
    with wire.session(peer.url) as session:
        assert session.get("http://vendor.invalid/lists", timeout=(3, 3)).json() == {}
    with wire.session("http://127.0.0.1:9") as session, pytest.raises(requests.ConnectionError):
        session.get(peer.url, timeout=(3, 3))


@pytest.mark.fault("P15")
def test_no_url_is_in_a_log(peer: Strange, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), wire.session("") as session:
        with unheard():
            session.get(f"{peer.url}/members/555c3ee172edaf5a", timeout=(3, 3))
        assert "555c3ee172edaf5a" not in caplog.text
        session.get(f"{peer.url}/somebody/else/s", timeout=(3, 3))
    assert "somebody/else/s" in caplog.text
