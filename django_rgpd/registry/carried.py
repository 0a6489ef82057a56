"""What of a person the engine carries: the people merged into her, her account's key, the addresses that are hers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q

from django_rgpd.core import addresses
from django_rgpd.registry.columns import stored_as
from django_rgpd.registry.models import Address, Person
from django_rgpd.registry.who import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a person herself, read at once.

    ``emails``: the addresses that she can be written to, proven and current, the last one first. ``digests``: of every address
    ever known of her or of who was merged into her, as (kind, digest, key id).
    """

    subject: Subject
    emails: tuple[str, ...]
    digests: tuple[tuple[str, str, str], ...]


def account_key(text: str | None) -> object | None:
    """The key of an account, of which ``Person`` keeps the ``text``, as the user model has it."""
    if text is None:
        return None
    key: object = stored_as(get_user_model()._meta.pk).to_python(text)
    return key


def read(persons: Collection[Person]) -> list[Known]:
    """What is known of each of ``persons``, none of whom was merged into another: as many queries as for one."""
    uuids = [one.uuid for one in persons]
    family = Person.objects.filter(Q(pk__in=[one.pk for one in persons]) | Q(merged_into__in=uuids))
    names = (f"addresses__{name}" for name in _Row.__slots__[1:])
    found = list(family.order_by("pk", "addresses__pk").values_list("uuid", "merged_into", "pk", *names))
    merged: dict[UUID, dict[UUID, None]] = {uuid: {} for uuid in uuids}
    rows: dict[UUID, list[_Row]] = {uuid: [] for uuid in uuids}
    for uuid, into, *row in found:
        holder = uuid if uuid in merged else into
        if holder != uuid:
            merged[holder][uuid] = None
        if row[1] is not None:
            rows[holder].append(_Row(*row))
    own = {
        one.uuid: [row for row in rows[one.uuid] if row.person == one.pk and row.proven_at and row.canonical]
        for one in persons
    }
    proven = _proven(row for hers in own.values() for row in hers)
    return [
        Known(
            subject=Subject(
                uuids=(one.uuid, *merged[one.uuid]),
                user_key=account_key(one.user_key),
                addresses=proven.get(one.pk, {}),
            ),
            emails=_writable(own[one.uuid]),
            digests=tuple({(row.kind, row.digest, row.key_id): None for row in rows[one.uuid]}),
        )
        for one in persons
    ]


def _writable(proven: Iterable[_Row]) -> tuple[str, ...]:
    emails = [row for row in proven if row.kind == addresses.EMAIL and row.until is None]
    emails.sort(key=lambda row: (row.proven_at, row.pk), reverse=True)
    return tuple(row.canonical for row in emails)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of ``Address``, as ``read`` finds it."""

    person: int
    pk: int
    kind: str
    canonical: str
    digest: str
    key_id: str
    until: datetime | None
    proven_at: datetime


def _proven(rows: Iterable[_Row]) -> dict[int, dict[str, frozenset[str]]]:
    """The proven addresses that are still each person's: those that ended unless somebody else has proven them since."""
    hers = list(rows)
    left = {row.canonical for row in hers if row.until is not None}
    taken: dict[str | None, set[int]] = {}
    if left:
        others = Address.objects.filter(canonical__in=left, until__isnull=True, proven_at__isnull=False)
        for canonical, person in others.values_list("canonical", "person"):
            taken.setdefault(canonical, set()).add(person)
    found: dict[int, dict[str, set[str]]] = {}
    for row in hers:
        if row.until is None or not taken.get(row.canonical, set()) - {row.person}:
            found.setdefault(row.person, {}).setdefault(row.kind, set()).add(row.canonical)
    return {
        person: {kind: frozenset(texts) for kind, texts in kinds.items()} for person, kinds in found.items()
    }
