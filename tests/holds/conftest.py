"""Somebody who may place holds, and a customer with everything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Permission

from django_rgpd.holds.placing import Row, place
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold, Person
from example_shop.accounts.models import User
from example_shop.factories import UserFactory, make_customer

REVIEW = date(2026, 8, 12)


@pytest.fixture
def now() -> datetime:
    """Two months after the made-up orders, so that no term is over."""
    return datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def member(db: None) -> User:
    """A member of staff who may place holds, and nothing else."""
    user = UserFactory(email="staff@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="place_hold"))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def user(db: None) -> User:
    """A customer with everything that the shop can know of somebody."""
    return make_customer(first_name="Élodie", last_name="Émond", email="elodie.emond@example.com")


@pytest.fixture
def person(user: User, now: datetime) -> Person:
    """She, as the engine knows her, with her address proven."""
    found = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=found, now=now), how="link", now=now)
    people.contact(found.uuid, at=now)
    return found


@pytest.fixture
def hold(member: User, now: datetime) -> Callable[..., Hold]:
    """Places a dispute, of a person or of a row of the shop."""

    def make(what: Any, kind: str = "dispute", **options: Any) -> Hold:
        aim = {"person": what} if isinstance(what, Person) else {"row": Row(what._meta.label, str(what.pk))}
        told = {"reason": "File 12", "review_on": REVIEW, "by": member, "now": now}
        return place(kind, **{**told, **aim, **options})

    return make
