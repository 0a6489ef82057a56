"""Taking a whole import back: it was the wrong file, or its evidence did not hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce

from django_rgpd.consent import kinds, news, together
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.core.failures import wrapped
from django_rgpd.imports import batches
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.imports.taking import HOW
from django_rgpd.imports.trial import PAGE
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.registry.models import Person

JOB = "imports.take_back"


def ask(batch: UUID, *, actor: str, now: datetime) -> bool:
    """Have the import ``batch`` taken back in the background; whether there is one that was confirmed. Two clicks ask once."""
    confirmed = ConsentImport.objects.filter(uuid=batch, confirmed_at__isnull=False)
    if not confirmed.exists():
        return False
    with transaction.atomic():
        jobs.put(JOB, {"import": batch, "actor": actor}, key=str(batch), now=now)
    return True


@jobs.job(JOB)
def carry_out(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Take the import back that somebody asked for."""
    take_back(UUID(str(payload["import"])), actor=str(payload["actor"]), now=now)


def take_back(batch: UUID, *, actor: str, now: datetime) -> int:
    """End every consent that still rests on this import, as if it had never been taken; returns how many.

    One that is still being taken is stopped first. What people decided themselves since stands, and nobody is taken to have
    refused: each of them may be imported, or agree, again. Doing it twice is doing it once, and one that died is gone on with by
    doing it again.
    """
    batches.stop(batch, now=now)
    number = 0
    while found := _once(batch, actor=actor, now=now):  # again, for who was merged into somebody meanwhile
        number += found
    ConsentImport.objects.filter(uuid=batch, stage=Stage.DONE).update(note=str(batches.TAKEN_BACK))
    return number


def _once(batch: UUID, *, actor: str, now: datetime) -> int:
    taken = Event.objects.filter(site=conf.get().SITE, kind=kinds.IMPORTED, payload__batch=str(batch))
    number = last = 0
    while page := list(taken.filter(pk__gt=last).order_by("pk").only("uuid", "person")[:PAGE]):
        last = page[-1].pk
        number += _some(batch, page, actor=actor, now=now)
    return number


@wrapped(batches.DOING)
def _some(batch: UUID, events: Sequence[Event], *, actor: str, now: datetime) -> int:
    told = Person.objects.filter(uuid__in=[one.person for one in events])
    holders = set(told.values_list(Coalesce("merged_into", "uuid"), flat=True))
    with transaction.atomic():
        people = list(Person.objects.select_for_update().filter(uuid__in=holders).order_by("pk"))
        standing = ConsentState.objects.filter(person__in=[one.uuid for one in people], live=True)
        rows = list(standing.filter(event__in=[one.uuid for one in events]).order_by("person"))
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
