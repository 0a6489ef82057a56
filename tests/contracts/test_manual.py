"""The manual road keeps to the contract: its peer is somebody who reads a mail or a task, and ticks it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from django_rgpd.erasure.execute import erase
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import by_hand, calling
from django_rgpd.registry import people
from tests.contracts.contract import NOW, ProcessorContract

INSTRUCTIONS = "Write to the accountant."
_held: set[str] = set()


class ByHand(ProcessorContract):
    """Somebody does what waits for a person, and notes it."""

    @pytest.fixture(autouse=True)
    def _nobody(self) -> None:
        _held.clear()

    def hold(self, address: str) -> None:
        _held.add(address)

    def holds(self, address: str) -> bool:
        return address in _held

    def finish(self) -> None:
        for job in Job.objects.filter(name__in=calling.NAMES, state=State.NEEDS):
            _held.clear()
            by_hand.done(job, reference="their letter of 13 May", by="user:1", now=NOW)

    def everything(self) -> str:
        return "".join(f"{one.subject}{one.body}" for one in mail.outbox if one.to == ["books@example.com"])


class TestManual(ByHand):
    """A task for staff."""

    @pytest.fixture
    def setting(self) -> dict[str, object]:
        """Without an address nothing is sent."""
        return {"class": "django_rgpd.processors.manual.Manual", "instructions": INSTRUCTIONS}


class TestManualByMail(ByHand):
    """They are written to, once."""

    @pytest.fixture
    def setting(self) -> dict[str, object]:
        """In French."""
        return {
            "class": "django_rgpd.processors.manual.Manual",
            "instructions": INSTRUCTIONS,
            "to": "books@example.com",
        }

    def test_they_are_written_to_once_however_often_it_is_tried(self, erasure: Any) -> None:
        from django_rgpd.processors import telling

        for _again in range(3):
            deliver.run_due(now=NOW, names=calling.NAMES | {"mail"})
            telling.try_again(now=NOW)
        requests = [one for one in mail.outbox if one.to == ["books@example.com"]]
        assert len(requests) == 1
        assert "elodie.emond@example.com" in requests[0].body
        assert "June 2" in requests[0].body
        assert self.job().state == State.WAITING

    def test_they_are_asked_for_every_address_that_is_hers(self, user: Any) -> None:
        """It is one mail, whatever the number of addresses: nobody is written to for the second."""
        person = people.person_of(user, now=NOW)
        other = people.note("email", "elodie@example.com", person=person, now=NOW)
        people.prove(other, how="link", now=NOW)
        erase(person, how="account", now=NOW)
        deliver.run_due(now=NOW, names=calling.NAMES)
        deliver.run_due(now=NOW, names=["mail"])
        (request,) = [one for one in mail.outbox if one.to == ["books@example.com"]]
        assert "elodie.emond@example.com" in request.body
        assert "elodie@example.com" in request.body
