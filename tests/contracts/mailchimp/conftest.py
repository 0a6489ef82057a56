"""A Mailchimp of ours, and readers of the newsletter whom it is told of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.outbox import deliver
from django_rgpd.processors import calling, mailchimp_client
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from tests.contracts.peers import mailchimp as peers

NEWS, OTHER = "a6b5da1054", "f00dfeed01"
KEY = ("newsletter", "email")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def peer(settings: Any, monkeypatch: pytest.MonkeyPatch, served: Any) -> Iterator[Any]:
    """A Mailchimp of ours, to which the newsletter goes; whatever a test does, each request was one that the contract allows."""
    made = peers.Mailchimp()
    for patience in ("TIMEOUT", "MANY_TIMEOUT"):
        monkeypatch.setattr(mailchimp_client, patience, (3.05, served.seconds))
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": peers.KEY,
        "audiences": {"newsletter": NEWS},
    }
    with served(peers, made) as url:
        processors = {**settings.RGPD["PROCESSORS"], "mailchimp": {**setting, "host": url}}
        settings.RGPD = {**settings.RGPD, "PROCESSORS": processors}
        yield made
    assert made.broken == []


@pytest.fixture
def now() -> datetime:
    """The receivers read the clock, as views do."""
    return clock.now()


@pytest.fixture
def readers(peer: Any, now: datetime) -> Callable[[int], list[Person]]:
    """So many who agreed an hour ago."""

    def make(number: int) -> list[Person]:
        found = []
        for each in range(number):
            entry = people.note("email", f"reader{each}@example.com", now=now)
            people.prove(entry, how="link", now=now - HOUR)
            found.append(Person.objects.get(pk=entry.person_id))
            decisions.give(found[-1], *KEY, how="form", now=now - HOUR)
        return found

    return make


def address(number: int) -> str:
    return f"reader{number}@example.com"


def run(now: datetime, after: timedelta = MINUTE) -> dict[str, int]:
    return deliver.run_due(now=now + after, names=frozenset({calling.SYNC})).counts


def standing(peer: Any, number: int) -> str:
    """How the audience holds one of them."""
    return str(peer.of(address(number)).get(NEWS, {}).get("status", ""))
