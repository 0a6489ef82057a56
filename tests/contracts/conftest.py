"""How a test reaches a vendor's peer: alone, held to our extract of the contract, or behind the whole of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from tests.contracts.whole import documents, prism

Prisms = Callable[..., str]


@pytest.fixture(scope="session")
def prisms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prisms]:
    """Starts a prism over a vendor's whole contract, once for all tests: ``("stripe", "proxy", upstream)``, or ``"mock"``."""
    with ExitStack() as stack:

        @cache
        def started(vendor: str, mode: str, *arguments: str) -> str:
            made = documents.mocked(vendor) if mode == "mock" else documents.proxied(vendor)
            document = tmp_path_factory.mktemp(vendor) / f"{mode}.json"
            document.write_text(json.dumps(made), encoding="utf-8")
            return stack.enter_context(prism.running(document, mode, *arguments))

        yield started


class Alone:
    """``seconds``: how long a test waits for an answer."""

    seconds = 1

    @contextmanager
    def __call__(self, peers: ModuleType, made: Any) -> Iterator[str]:
        """The address of a peer that is served while the block runs."""
        server, stop = peers.serve(made)
        try:
            yield server.url
        finally:
            stop()


class Whole:
    """One server and one prism for all tests: the peers take turns."""

    seconds = 20

    def __init__(self, prisms: Prisms, stack: ExitStack) -> None:
        self.prisms, self.stack = prisms, stack
        self.servers: dict[str, Any] = {}

    @contextmanager
    def __call__(self, peers: ModuleType, made: Any) -> Iterator[str]:
        """The address at which prism stands before the peer."""
        vendor = peers.VENDOR
        if vendor not in self.servers:
            self.servers[vendor], stop = peers.serve(made)
            self.stack.callback(stop)
        server = self.servers[vendor]
        server.peer = made
        # Prism follows redirects, to nobody here.
        made.elsewhere = "http://127.0.0.1:9"
        with prism.heard(made.broken, unpublished=peers.UNPUBLISHED):
            yield self.prisms(vendor, "proxy", server.url)


@pytest.fixture(scope="session")
def whole(prisms: Prisms) -> Iterator[Whole]:
    """Servers that end when the tests do."""
    with ExitStack() as stack:
        yield Whole(prisms, stack)


WITH_NPM = (pytest.mark.nightly, pytest.mark.npm, pytest.mark.timeout(900))


@pytest.fixture(params=["extract", pytest.param("whole", marks=WITH_NPM)])
def served(request: pytest.FixtureRequest) -> Callable[[ModuleType, Any], AbstractContextManager[str]]:
    """Each test that uses it is two: one for the gate, one for the night."""
    if request.param == "extract":
        return Alone()
    found: Whole = request.getfixturevalue("whole")
    return found
