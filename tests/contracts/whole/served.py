"""Where a test finds a vendor's peer: alone, held to our extract of the contract, or behind the whole of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

import pytest

from tests.contracts.whole import prism

AT_NIGHT = [pytest.mark.nightly, pytest.mark.npm, pytest.mark.timeout(900)]

NOWHERE = "http://127.0.0.1:9"

Prisms = Callable[..., str]


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
    """One server and one prism before it for all tests: the peers take turns. What prism finds is added to ``broken``."""

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
        made.elsewhere = NOWHERE  # prism follows redirects
        with prism.heard(made.broken, unpublished=peers.UNPUBLISHED):
            yield self.prisms(vendor, "proxy", server.url)
