"""The dummy keeps to the contract, so that a shop's tests mean something."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from django_rgpd.processors import dummy
from django_rgpd.processors.base import Unreachable
from tests.contracts.contract import ProcessorContract


class TestDummy(ProcessorContract):
    """In memory."""

    refusals = (Unreachable(), Unreachable(after=None), OSError("elodie.emond@example.com cannot be reached"))

    @pytest.fixture
    def setting(self) -> Iterator[dict[str, object]]:
        """One field is declared."""
        dummy.forget()
        yield {"class": "django_rgpd.processors.dummy.Dummy", "fields": {"FNAME": "first_name"}}
        dummy.forget()

    def hold(self, address: str) -> None:
        dummy.told.setdefault("dummy", {})[address] = {"purposes": ["newsletter"]}

    def holds(self, address: str) -> bool:
        return address in dummy.told.get("dummy", {})

    def fail(self, how: object) -> None:
        assert isinstance(how, Exception)
        dummy.failures.append(how)

    def everything(self) -> str:
        return json.dumps(dummy.told, ensure_ascii=False)
