"""A customer with everything, and somebody beside her of whom nothing may move."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import make_customer


@pytest.fixture
def now() -> datetime:
    """Two months after the made-up orders, so that no term is over."""
    return datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def user(db: None) -> User:
    """A customer with everything that the shop can know of somebody."""
    return make_customer(first_name="Élodie", last_name="Émond", email="elodie.emond@example.com")


@pytest.fixture
def bystander(user: User) -> User:
    """Another one."""
    return make_customer(email="bystander@example.com")


@pytest.fixture
def person(user: User, now: datetime) -> Person:
    """She, as the engine knows her, with her address proven."""
    found = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=found, now=now), how="link", now=now)
    return found
