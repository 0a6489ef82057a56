"""A shop with one processor that remembers, and a customer whose address is proven."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from django_rgpd.outbox.models import Job
from django_rgpd.processors import dummy
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import make_customer

DUMMY = "django_rgpd.processors.dummy.Dummy"
MANUAL = "django_rgpd.processors.manual.Manual"
NOTHING = "django_rgpd.processors.nothing.NothingMore"


@pytest.fixture
def now() -> datetime:
    """Two months after the made-up orders."""
    return datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def roads(settings: Any) -> Callable[..., None]:
    """Say which processors there are: ``roads(mailchimp={…})``; the others are told nothing."""

    def declare(**named: dict[str, object]) -> None:
        others = {key: {"class": NOTHING, "reason": "Nobody."} for key in ("host", "mailchimp", "stripe")}
        settings.RGPD = {**settings.RGPD, "PROCESSORS": {**others, **named}}

    return declare


@pytest.fixture
def newsletter(roads: Callable[..., None]) -> Iterator[dict[str, Any]]:
    """The service that sends the newsletter: address → what it holds."""
    dummy.forget()
    roads(mailchimp={"class": DUMMY})
    yield dummy.told.setdefault("dummy", {})
    dummy.forget()


@pytest.fixture
def user(db: None) -> User:
    """A customer with everything."""
    return make_customer(first_name="Élodie", last_name="Émond", email="elodie.emond@example.com")


@pytest.fixture
def person(user: User, now: datetime) -> Person:
    """She, with her address proven, and no job about her."""
    found = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=found, now=now), how="link", now=now)
    Job.objects.all().delete()
    return found
