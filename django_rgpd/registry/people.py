"""People: who an account or an address is, found or made without doubles."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import connections, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from django_rgpd.core import addresses, conf
from django_rgpd.core.errors import BadAddress, Refused
from django_rgpd.registry.addresses import holder, note, prove, vouched
from django_rgpd.registry.carried import Known, account_key, read
from django_rgpd.registry.models import Person
from django_rgpd.registry.who import Subject

__all__ = [
    "Known",
    "account_email",
    "account_of",
    "accounts_of",
    "by_uuid",
    "contact",
    "known",
    "known_of",
    "lock",
    "note",
    "person_of",
    "prove",
    "standing_for",
    "standing_of",
    "subject",
    "subject_of",
    "subjects",
    "take_back_contacts_to_come",
    "users_people",
    "users_person",
    "vouched",
]

AHEAD = timedelta(days=1)
"""How far the clock of another machine may be ahead."""


def person_of(user: Any, *, now: datetime, language: str = "") -> Person:
    """The person whose account ``user`` is, made where there is none yet; two at once make one.

    ``language`` is kept when she is made. Raises ``Refused`` for an account that was deleted since it was read: nobody is
    made of a request that was under way.
    """
    key = str(user.pk)
    found = users_person(key)
    if found is not None:
        return found
    new = Person(site=conf.get().SITE, user_key=key, language=language, created_at=now)
    with transaction.atomic(using=Person.objects.db):
        if _closed(user):
            raise Refused(_("This account does not exist any more."))
        # On conflict do nothing: the second of two waits for the first and then reads its row.
        Person.objects.bulk_create([new], ignore_conflicts=True)
        return Person.objects.get(site=new.site, user_key=key)


def users_person(key: object) -> Person | None:
    """The person whose account's key is ``key`` (as ``str()`` writes it), or nobody."""
    return Person.objects.filter(site=conf.get().SITE, user_key=str(key)).first()


def users_people(keys: Iterable[object]) -> list[UUID]:
    """Those whose accounts' keys are ``keys``, but for the erased: one query."""
    hers = Person.objects.filter(
        site=conf.get().SITE, user_key__in=[str(one) for one in keys], erased_at__isnull=True
    )
    return list(hers.order_by("pk").values_list("uuid", flat=True))


def account_of(person: Person) -> Any:
    """The account of ``person`` as the shop has it now, or None."""
    if person.user_key is None:
        return None
    key: Any = account_key(person.user_key)
    return get_user_model()._base_manager.filter(pk=key).first()


def accounts_of(persons: Collection[Person], *, with_: Collection[str] = ()) -> dict[int, Any]:
    """The accounts of those of ``persons`` who have one, by the key of the person: one query, which reads the relations ``with_``
    as well.
    """
    keys: Any = {one.pk: account_key(one.user_key) for one in persons if one.user_key is not None}
    accounts = get_user_model()._base_manager
    found = (accounts.select_related(*with_) if with_ else accounts).in_bulk(list(keys.values()))
    return {pk: found[key] for pk, key in keys.items() if key in found}


def account_email(user: Any) -> str | None:
    """The canonical address that an account itself holds, proven or not; None without one."""
    text = getattr(user, get_user_model().get_email_field_name(), None) or ""
    try:
        return addresses.canonical(addresses.EMAIL, text)
    except BadAddress:
        return None


def by_uuid(uuid: UUID) -> Person | None:
    """The person known as ``uuid``, or she into whom that person was merged."""
    found = Person.objects.filter(uuid=uuid).first()
    return standing_for(found) if found is not None else None


def standing_for(person: Person) -> Person:
    """``person`` herself, or she into whom that person was merged."""
    while person.merged_into is not None:
        person = Person.objects.get(uuid=person.merged_into)
    return person


def standing_of(uuids: Collection[UUID]) -> dict[UUID, Person]:
    """The same of each of ``uuids`` who is known: one query, and one more where some of them were merged, and so on."""
    into, names = {uuid: uuid for uuid in uuids}, set(uuids)
    found: dict[UUID, Person] = {}
    while names:
        read = {one.uuid: one for one in Person.objects.filter(uuid__in=names)}
        found |= {uuid: one for uuid, one in read.items() if one.merged_into is None}
        moved = {uuid: one.merged_into for uuid, one in read.items() if one.merged_into is not None}
        into = {uuid: moved.get(now, now) for uuid, now in into.items()}
        names = set(moved.values()) - found.keys()
    return {uuid: found[now] for uuid, now in into.items() if now in found}


def lock(person: Person | UUID) -> Person:
    """Her row, read again and locked until the transaction ends; what changes a person begins with it.

    Raises ``TransactionManagementError`` outside of one and ``Person.DoesNotExist`` where the row is gone.
    """
    uuid = person.uuid if isinstance(person, Person) else person
    if not transaction.get_connection(Person.objects.db).in_atomic_block:
        msg = "people.lock() holds nothing outside of a transaction."
        raise transaction.TransactionManagementError(msg)
    return Person.objects.select_for_update().get(uuid=uuid)


def language_of(uuid: UUID) -> str:
    """Which language the person of ``uuid`` reads, she or whom she was merged into; empty where it is not known."""
    found = by_uuid(uuid)
    return "" if found is None else found.language


def known(kind: str, text: str, *, site: int | None = None) -> Person | None:
    """Who has the address ``text`` at present, proven or not; nobody for a text that is no address.

    An erased person has no address any more.
    """
    try:
        canonical = addresses.canonical(kind, text)
    except BadAddress:
        return None
    found = holder(kind, canonical, site=site or conf.get().SITE)
    return found.person if found is not None else None


def known_of(person: Person) -> Known:
    """What is known of ``person``, who was merged into nobody: one query, and one more where an address of hers ended."""
    (found,) = read([person])
    return found


def subject(person: Person) -> Subject:
    """What the engine carries of ``person``: merged people, proven addresses, account key.

    An address that she once proved is hers until somebody else proves it.
    """
    return known_of(standing_for(person)).subject


def subjects(standing: Collection[Person]) -> list[Subject]:
    """What the engine carries of each of ``standing``, none of whom was merged into another: as many queries as for one."""
    return [one.subject for one in read(standing)]


def subject_of(user: Any, *, now: datetime) -> Subject:
    """What the engine carries of the person whose account ``user`` is."""
    return subject(person_of(user, now=now))


def contact(person: UUID, *, at: datetime) -> None:
    """She got in touch herself at ``at`` (a login, an order, a click): her last contact moves forward, never back.

    The people merged into her move along, so that rows that name them are as old as she is.
    """
    Person.objects.filter(Q(uuid=person) | Q(merged_into=person)).filter(
        Q(last_contact__isnull=True) | Q(last_contact__lt=at)
    ).update(last_contact=at)


def take_back_contacts_to_come(*, now: datetime) -> int:
    """A day to come is no contact: who was noted with one was in touch by ``now``, and not for years. Returns how many.

    A contact moves forward only: nothing else would take it back, and her account would never end.
    """
    return Person.objects.filter(last_contact__gt=now + AHEAD).update(last_contact=now)


def _closed(user: Any) -> bool:
    """Whether the account went, or was closed for good, since ``user`` was read; its row is locked, so that it cannot now.

    A deletion that has begun is waited for: it holds the same row.
    """
    rows = get_user_model()._base_manager.all()
    features = connections[rows.db].features
    weak = features.has_select_for_no_key_update  # orders that are being placed need not wait
    row = rows.select_for_update(of=("self",), no_key=weak).filter(pk=user.pk).first()
    if row is None:
        return True
    return bool(getattr(user, "is_active", True)) and not getattr(row, "is_active", True)
