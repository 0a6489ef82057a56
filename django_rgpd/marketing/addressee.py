"""Whom a report about an address, or a question, is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import state
from django_rgpd.core import addresses, conf
from django_rgpd.registry.models import Address, Kind, Person


@dataclass(frozen=True, slots=True)
class Addressee:
    """The person, locked until the transaction ends, her entry of the address, and since when the address is hers."""

    person: Person
    address: Address
    since: datetime


@sensitive_variables()
def of(email: str) -> Person | None:
    """Who has the address ``email``, or had it last and proved it; nobody for one of an erased person. Raises ``BadAddress``."""
    entries = _entries(email)
    return state.holder(entries[0].person) if entries else None


@sensitive_variables()
def locked(email: str) -> Addressee | None:
    """Who has the address ``email``, or had it last and proved it; nobody for one of an erased person.

    Raises ``BadAddress`` for a text that is no address, ``TransactionManagementError`` outside of a transaction.
    """
    entries = _entries(email)
    if not entries:
        return None
    address = entries[0]
    try:
        person = state.lock(address.person.uuid)
    except Person.DoesNotExist:
        return None
    if person.erased_at is not None:  # while the lock was waited for
        return None
    return Addressee(person, address, min(one.since for one in entries if one.person_id == address.person_id))


@sensitive_variables()
def _entries(email: str) -> list[Address]:
    canonical = addresses.canonical(Kind.EMAIL, email)
    digests = [one.hex for one in addresses.digests(Kind.EMAIL, canonical)]
    hers = Q(until__isnull=True) | Q(proven_at__isnull=False)
    return list(
        Address.objects.filter(hers, site=conf.get().SITE, kind=Kind.EMAIL, digest__in=digests)
        .filter(canonical__isnull=False, person__erased_at__isnull=True)
        .select_related("person")
        .order_by(F("until").desc(nulls_first=True), "-pk")
    )
