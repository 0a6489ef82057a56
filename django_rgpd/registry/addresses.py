"""Addresses of people: noted when somebody types one, proven by whoever reads what is sent there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.core import addresses, conf
from django_rgpd.core.errors import BadAddress, Refused
from django_rgpd.registry import reached
from django_rgpd.registry.models import Address, Kind, Person

VOUCHED = "import"
"""``proven_how`` of an address that the shop brought with evidence and that nobody has proven (``proven_at`` is null): it may
be written to, and says nobody's identity. A click proves it as it proves any other.
"""


def writable() -> Q:
    """Addresses that may be written to: proven by their holder, or vouched for by the evidence of an import."""
    return Q(proven_at__isnull=False) | Q(proven_how=VOUCHED)


def holder(kind: str, canonical: str, *, site: int) -> Address | None:
    """The current entry of a canonical address, looked up by its digest under every key; not one of an erased person."""
    return (
        _entries(kind, canonical, site=site)
        .filter(until__isnull=True, person__erased_at__isnull=True)
        .select_related("person")
        .first()
    )


def vouched(persons: Collection[UUID]) -> frozenset[str]:
    """The current email addresses of ``persons`` (uuids) for which the evidence of an import vouches, and that nobody proved."""
    rows = Address.objects.filter(
        person__uuid__in=persons,
        kind=Kind.EMAIL,
        until__isnull=True,
        proven_at__isnull=True,
        proven_how=VOUCHED,
        canonical__isnull=False,
    )
    return frozenset(str(one) for one in rows.values_list("canonical", flat=True))


def note(kind: str, text: str, *, person: Person | None = None, now: datetime) -> Address:
    """The entry of an address that somebody typed, made where there is none: unproven, and nobody's key to anything.

    Without ``person`` it is whoever has it at present, else a new person known by nothing else. With ``person`` it is an entry
    of hers; while somebody else has the address, it is a claim (``until`` is set) that only ``prove`` makes good.

    Raises ``BadAddress`` for a text that is no address.
    """
    canonical = addresses.canonical(kind, text)
    site = conf.get().SITE
    with transaction.atomic():
        found = holder(kind, canonical, site=site)
        if found is not None:
            return found if person is None or found.person_id == person.pk else _claim(found, person, now=now)
        _close_erased(kind, canonical, site=site, now=now)
        entry = _insert(kind, canonical, person or _guest(site, now=now), site=site, now=now)
        current = holder(kind, canonical, site=site)
        if current is None:
            raise Refused(_("The address was taken away in the same moment; please try again."))
        if current.person_id == entry.person_id:
            if (
                kind == Kind.PHONE and person is not None
            ):  # texts go to the phone that she gave last; an email counts once proven
                reached.tell([person.pk])
            return current
        if person is not None:
            return _claim(current, person, now=now)
        # Somebody noted the same address at the same time: theirs stands.
        Person.objects.filter(pk=entry.person_id).delete()
        return current


def prove(address: Address, *, how: str, by: str = "", now: datetime) -> Address:
    """``address`` is its person's: she clicked, her provider says so, or staff say why (``by``).

    Returns the entry that stands, which mails reach again. A guest who had it, and no other proven address, becomes one with
    her: the guest's orders come along. Anybody else who had it has it no longer, and keeps the rest (a mailbox may have a new
    owner).

    Raises ``Refused`` where the person was erased meanwhile.
    """
    with transaction.atomic():
        address = Address.objects.select_related("person").get(pk=address.pk)
        if address.canonical is None or address.person.erased_at is not None:
            raise Refused(_("This data was erased; the address cannot be proven any more."))
        rivals = _entries(address.kind, address.canonical, site=address.site).filter(until__isnull=True)
        ids = {address.person_id, *rivals.values_list("person_id", flat=True)}
        people = {one.pk: one for one in Person.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        person = people[address.person_id]
        for rival in rivals.exclude(pk=address.pk):
            other = people.get(rival.person_id)
            if other is not None and other.pk != person.pk and _only_a_guest(other, rival):
                merge(other, person)
            _end(rival, now=now)
        address.until = None
        if (
            address.proven_at is None or address.unreachable_at is not None
        ):  # the proof that counts is of after the bounce
            address.proven_at, address.proven_how, address.proven_by = now, how, by
        address.unreachable_at = None
        address.save(update_fields=["until", "proven_at", "proven_how", "proven_by", "unreachable_at"])
        return address


def merge(guest: Person, person: Person) -> None:
    """``guest`` was ``person`` all along: her addresses and the people merged into her become ``person``'s.

    Ledgers keep the guest's uuid; ``subject()`` carries both.
    """
    Address.objects.filter(person=guest).update(person=person)
    Person.objects.filter(merged_into=guest.uuid).update(merged_into=person.uuid)
    latest = max((one.last_contact for one in (guest, person) if one.last_contact), default=None)
    person.last_contact = guest.last_contact = latest
    person.language = person.language or guest.language
    person.save(update_fields=["last_contact", "language"])
    guest.merged_into = person.uuid
    guest.save(update_fields=["merged_into", "last_contact"])
    Person.objects.filter(merged_into=person.uuid).update(last_contact=latest)
    signals.person_merged.send(sender=Person, person=person.uuid, merged=guest.uuid)


def _entries(kind: str, canonical: str, *, site: int) -> QuerySet[Address]:
    digests = [digest.hex for digest in addresses.digests(kind, canonical)]
    return Address.objects.filter(site=site, kind=kind, digest__in=digests)


def _guest(site: int, *, now: datetime) -> Person:
    return Person.objects.create(site=site, created_at=now)


def _insert(kind: str, canonical: str, person: Person, *, site: int, now: datetime) -> Address:
    digest = addresses.digest(kind, canonical)
    entry = Address(
        person=person,
        site=site,
        kind=kind,
        canonical=canonical,
        digest=digest.hex,
        key_id=digest.key_id,
        since=now,
    )
    Address.objects.bulk_create([entry], ignore_conflicts=True)
    return entry


def _claim(current: Address, person: Person, *, now: datetime) -> Address:
    if current.canonical is None:
        raise BadAddress("The address is gone.")
    earlier = _entries(current.kind, current.canonical, site=current.site).filter(
        person=person, proven_at__isnull=True
    )
    return earlier.first() or Address.objects.create(
        person=person,
        site=current.site,
        kind=current.kind,
        canonical=current.canonical,
        digest=current.digest,
        key_id=current.key_id,
        since=now,
        until=now,
    )


def _close_erased(kind: str, canonical: str, *, site: int, now: datetime) -> None:
    """An erased person's digest stays in the history, and does not keep the address from a new person."""
    _entries(kind, canonical, site=site).filter(until__isnull=True, person__erased_at__isnull=False).update(
        until=now
    )


def _only_a_guest(person: Person, entry: Address) -> bool:
    """Whether nothing but this address says who ``person`` is."""
    if person.user_key is not None or person.erased_at is not None or person.merged_into is not None:
        return False
    others = Address.objects.filter(person=person, proven_at__isnull=False).exclude(
        Q(pk=entry.pk) | Q(digest=entry.digest)
    )
    return not others.exists()


def _end(entry: Address, *, now: datetime) -> None:
    Address.objects.filter(pk=entry.pk, until__isnull=True).update(until=now)
