"""Taking a whole import back: it was the wrong file, or its evidence did not hold."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from django_rgpd.consent import kinds, news, together
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.core.failures import wrapped
from django_rgpd.imports.batches import DOING
from django_rgpd.imports.taking import HOW
from django_rgpd.imports.trial import PAGE
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many
from django_rgpd.registry.models import Person


def take_back(batch: UUID, *, actor: str, now: datetime) -> int:
    """End every consent that still rests on this import, as if it had never been taken; returns how many.

    What people decided themselves since stands, and nobody is taken to have refused: each of them may be imported, or agree,
    again. Doing it twice is doing it once, and one that died is gone on with by doing it again.
    """
    number = 0
    while found := _some(batch, actor=actor, now=now):
        number += found
    return number


@wrapped(DOING)
def _some(batch: UUID, *, actor: str, now: datetime) -> int:
    taken = Event.objects.filter(site=conf.get().SITE, kind=kinds.IMPORTED, payload__batch=str(batch))
    standing = ConsentState.objects.filter(live=True, event__in=taken.values("uuid")).order_by("person")
    with transaction.atomic():
        uuids = list(standing.values_list("person", flat=True)[:PAGE])
        people = list(Person.objects.select_for_update().filter(uuid__in=uuids).order_by("pk"))
        rows = list(standing.filter(person__in=[one.uuid for one in people]))
        if not rows:
            return 0
        many(
            [
                Draft(
                    kind=kinds.UNDONE,
                    person=row.person,
                    purpose=row.purpose,
                    channel=row.channel,
                    how=HOW,
                    actor=actor,
                    payload={"event": str(row.event), "batch": str(batch)},
                )
                for row in rows
            ],
            now=now,
        )
        purpose, channel = rows[0].purpose, rows[0].channel
        together.refresh(people, (purpose, channel))
        news.tell([row.person for row in rows], purpose=purpose, channel=channel, kind=kinds.UNDONE)
    return len(rows)
