"""Telling the library that an address is its customer's: she clicked a link that only she could read."""

from django.db import transaction

from django_rgpd.core import clock
from example_shop.accounts.models import User


@transaction.atomic
def address_clicked(user: User) -> None:
    """Record the proof, so that guest orders of this address come along in exports and deletions."""
    from django_rgpd.registry import people

    now = clock.now()
    person = people.person_of(user, now=now, language=user.language)
    people.prove(people.note("email", user.email, person=person, now=now), how="click", now=now)
