"""The state rows of many people at once, as ``state.refresh`` writes those of one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django_rgpd.consent import kinds, state
from django_rgpd.consent.copies import Copies
from django_rgpd.consent.folding import fold
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.ledger.models import Event
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


def refresh_all(holders: Collection[Person]) -> None:
    """The same of every purpose and channel that these ``holders`` have rows of: as many times the statements."""
    rows = ConsentState.objects.filter(site=conf.get().SITE, person__in=[person.uuid for person in holders])
    for key in rows.order_by().values_list("purpose", "channel").distinct():
        refresh(holders, key)
