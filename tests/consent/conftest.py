"""People whose addresses are proven, or are not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from django_rgpd.registry import people
from django_rgpd.registry.models import Person

MakePerson = Callable[..., Person]


@pytest.fixture
def make_person(db: None, now: datetime) -> MakePerson:
    """A person with an address: a guest, or the holder of an account."""

    def make(email: str = "ada@example.com", *, user: object = None, proven: bool = True) -> Person:
        person = None if user is None else people.person_of(user, now=now)
        address = people.note("email", email, person=person, now=now)
        if proven:
            address = people.prove(address, how="click", now=now)
        return Person.objects.get(pk=address.person_id)

    return make


@pytest.fixture
def person(make_person: MakePerson) -> Person:
    """Ada, a guest who has proven her address."""
    return make_person()
