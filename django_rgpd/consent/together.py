"""The same for many people at once: their state rows, as ``state.refresh`` writes those of one, and the ends of their terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from datetime import datetime
from uuid import UUID

from django.db import transaction

from django_rgpd import signals
from django_rgpd.consent import deciding, kinds, state
from django_rgpd.consent.copies import Copies
from django_rgpd.consent.folding import fold
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.core.failures import wrapped
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many
from django_rgpd.registry.models import Person


def refresh(holders: Collection[Person], key: state.Key) -> None:
    """Write the rows of ``key`` of these ``holders``, locked by the caller's transaction, anew from their events.

    The same number of statements, whatever the number of people. ``key`` is one purpose and one channel.
    """
    into = {person.uuid: person.uuid for person in holders}
    merged = Person.objects.filter(merged_into__in=list(into)).values_list("uuid", "merged_into")
    into |= {uuid: holder for uuid, holder in merged if holder}
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(site=conf.get().SITE, person__in=list(into), kind__in=kinds.READ):
        if event.person is not None:
            events[into[event.person]].append(event)
    copies = Copies(holders)
    rows, gone = [], []
    for person in holders:
        snapshot = fold(state.of_key(events[person.uuid], key))
        if snapshot is None:
            gone.append(person.uuid)
        else:
            rows.append(state.row_of(person, key, snapshot, copies))
    ConsentState.objects.filter(
        site=conf.get().SITE, person__in=gone, purpose=key[0], channel=key[1]
    ).delete()
    ConsentState.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["site", "person", "purpose", "channel"],
        update_fields=list(state.COLUMNS),
        batch_size=500,
    )


@wrapped(deciding.DOING)
def expire(
    found: Collection[ConsentState], *, now: datetime, over: Callable[[Person, ConsentState], bool]
) -> int:
    """End those consents of ``found`` whose term is ``over``, looked at again once their people are locked; returns how many.

    The same number of statements for each purpose and channel, whatever the number of people; one ``consent_changed`` a row.
    """
    with transaction.atomic():
        hers = Person.objects.select_for_update().filter(uuid__in=[row.person for row in found])
        holders = {one.uuid: one for one in hers.order_by("pk")}
        ending: dict[state.Key, list[ConsentState]] = defaultdict(list)
        for row in ConsentState.objects.filter(pk__in=[row.pk for row in found], live=True).order_by("pk"):
            if row.person in holders and over(holders[row.person], row):
                ending[row.purpose, row.channel].append(row)
        for key, rows in ending.items():
            _expire(key, [holders[row.person] for row in rows], now=now)
    return sum(map(len, ending.values()))


def _expire(key: state.Key, people: Collection[Person], *, now: datetime) -> None:
    purpose, channel = key
    drafts = [
        Draft(kind=kinds.EXPIRED, person=one, purpose=purpose, channel=channel, how="term") for one in people
    ]
    many(drafts, now=now)
    refresh(people, key)
    for one in people:
        signals.consent_changed.send(
            sender=ConsentState, person=one.uuid, purpose=purpose, channel=channel, kind=kinds.EXPIRED
        )
