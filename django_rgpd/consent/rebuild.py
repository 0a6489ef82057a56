"""Comparing the state rows with what the events come to, and writing them anew."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from django_rgpd.consent import kinds, state
from django_rgpd.consent.copies import Copies
from django_rgpd.consent.folding import fold
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.ledger.models import Event
from django_rgpd.registry.models import Person

BATCH = 500


@dataclass(frozen=True, slots=True)
class Difference:
    """One state row that is missing, too many, or other than its events; personal values are not said."""

    person: UUID
    purpose: str
    channel: str
    what: str


def compare(only: Collection[UUID] | None = None) -> Iterator[Difference]:
    """Every state row that is not what its events come to, people in batches, whatever their number.

    ``only``: of these people and of those they were merged into.
    """
    if only is not None:
        named = Person.objects.filter(site=conf.get().SITE, uuid__in=only)
        into = named.filter(merged_into__isnull=False).values("merged_into")
        yield from _compare(list(Person.objects.filter(Q(pk__in=named.values("pk")) | Q(uuid__in=into))))
        return
    last = 0
    while people := list(Person.objects.filter(site=conf.get().SITE, pk__gt=last).order_by("pk")[:BATCH]):
        last = people[-1].pk
        yield from _compare(people)
    known = Person.objects.filter(site=conf.get().SITE).values("uuid")
    for row in ConsentState.objects.filter(site=conf.get().SITE).exclude(person__in=known).iterator():
        yield Difference(row.person, row.purpose, row.channel, "nobody's")


def rebuild(only: Collection[UUID] | None = None) -> int:
    """Write the state rows that differ anew; returns how many there were. ``only`` as in ``compare``."""
    found = list(compare(only))
    for uuid in dict.fromkeys(one.person for one in found):
        with transaction.atomic():
            if Person.objects.filter(uuid=uuid).exists():
                state.refresh(state.lock(uuid))
            else:
                ConsentState.objects.filter(site=conf.get().SITE, person=uuid).delete()
    return len(found)


def _compare(people: list[Person]) -> Iterator[Difference]:
    holders = [person for person in people if not person.merged_into]
    into = {person.uuid: person.uuid for person in holders}
    merged = Person.objects.filter(merged_into__in=list(into)).values_list("uuid", "merged_into")
    into.update({uuid: holder for uuid, holder in merged if holder})
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(person__in=list(into), kind__in=kinds.READ):
        if event.person:
            events[into[event.person]].append(event)
    every = [person.uuid for person in people]
    written = {
        (row.person, row.purpose, row.channel): row
        for row in ConsentState.objects.filter(Q(person__in=list(into)) | Q(person__in=every))
    }
    copies = Copies(holders)
    for person in holders:
        mine = events[person.uuid]
        for key in sorted(state.keys_of(mine)):
            snapshot = fold(state.of_key(mine, key))
            row = written.pop((person.uuid, *key), None)
            if snapshot is None and row is None:
                continue
            wanted = None if snapshot is None else state.row_of(person, key, snapshot, copies)
            if row is None or wanted is None:
                yield Difference(person.uuid, *key, "missing" if row is None else "too many")
            elif any(getattr(row, name) != getattr(wanted, name) for name in state.COLUMNS):
                yield Difference(person.uuid, *key, "other")
    for (uuid, purpose, channel), _row in written.items():
        yield Difference(uuid, purpose, channel, "too many")
