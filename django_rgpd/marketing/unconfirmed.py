"""Entries that wait for their confirmation: whose they are, and their end where nobody confirms in time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.double_optin import ABOUT
from django_rgpd.outbox.daily import daily
from django_rgpd.registry.models import Address, Challenge, Person


@daily("marketing.unconfirmed")
def purge(*, now: datetime) -> int:
    """Let the entries go that nobody confirmed in time, and the people known by them alone; returns how many
    entries.
    """
    over = Challenge.objects.filter(site=conf.get().SITE, about=ABOUT, expires_at__lte=now)
    guests = list(over.filter(used_at__isnull=True).values_list("person", flat=True).distinct())
    gone, _rows = over.delete()
    for uuid in filter(None, guests):
        with transaction.atomic():
            person = Person.objects.select_for_update().filter(uuid=uuid, user_key__isnull=True).first()
            if person is not None and not _known_otherwise(person):
                person.delete()
    return gone


def pending(person: Person | None, *, now: datetime) -> set[str]:
    """The purposes that wait for ``person``'s click."""
    if person is None:
        return set()
    waiting = Challenge.objects.filter(
        about=ABOUT, address__person=person, used_at__isnull=True, expires_at__gt=now
    )
    return {str(purpose) for one in waiting for purpose in one.details.get("wordings", {})}


def _known_otherwise(person: Person) -> bool:
    return (
        Address.objects.filter(person=person, proven_at__isnull=False).exists()
        or Challenge.objects.filter(address__person=person).exists()
        or ConsentState.objects.filter(person=person.uuid).exists()
        or Event.objects.filter(person=person.uuid).exists()
        or Person.objects.filter(merged_into=person.uuid).exists()
    )
