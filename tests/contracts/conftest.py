"""Each test of a vendor's peer is two: one for the gate, one for the night."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.contracts.whole import documents, prism
from tests.contracts.whole.served import AT_NIGHT, Alone, Prisms, Whole


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


@pytest.fixture(scope="session")
def whole(prisms: Prisms) -> Iterator[Whole]:
    """Servers that end when the tests do."""
    with ExitStack() as stack:
        yield Whole(prisms, stack)


@pytest.fixture(params=["extract", pytest.param("whole", marks=AT_NIGHT)])
def served(request: pytest.FixtureRequest) -> Alone | Whole:
    """How a test reaches the peer that it has made."""
    if request.param == "extract":
        return Alone()
    found: Whole = request.getfixturevalue("whole")
    return found
