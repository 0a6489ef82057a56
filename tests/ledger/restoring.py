"""A database that loses its last hours, while its mirror keeps them: what the restore of an older dump comes to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import transaction

from django_rgpd.consent import decisions
from django_rgpd.ledger import tasks
from django_rgpd.ledger.models import Seal
from django_rgpd.outbox.deliver import run_due
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import make_customer

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
"""When the dump was taken: two months after the made-up orders, so that no term is over."""
HOUR = timedelta(hours=1)
LATER, BACK = NOW + HOUR, NOW + 3 * HOUR
"""What is lost happened an hour after the dump; the dump is restored two hours later."""


@contextmanager
def lost(*, sealed: bool = True) -> Iterator[None]:
    """What is done inside is sealed and mirrored, and then lost; so are, not ``sealed``, the seals of what was there."""
    if sealed:
        seal_and_mirror(NOW)
    dump = transaction.savepoint()
    yield
    seal_and_mirror(LATER)
    transaction.savepoint_rollback(dump)


def seal_and_mirror(now: datetime) -> None:
    """What ``rgpd_run`` does with the ledger."""
    tasks.seal_what_came(now=now)
    run_due(now=now, names=frozenset({"ledger.mirror"}))
    assert not Seal.objects.filter(mirrored_at=None).exists()


def customer(email: str, **fields: object) -> Person:
    """An account with everything, its address proven, and a live consent to the newsletter."""
    user = make_customer(email=email, **fields)
    person = people.person_of(user, now=NOW - HOUR)
    proven(email, person)
    decisions.give(person, "newsletter", EMAIL, how="account", now=NOW - HOUR)
    return person


def proven(email: str, person: Person | None = None, *, at: datetime = NOW - HOUR) -> Person:
    """Whoever has the address, proven by a click."""
    return people.prove(people.note("email", email, person=person, now=at), how="link", now=at).person
