"""Taking a refusal back that was a slip, or a mail scanner's: within a day, by whoever holds its link."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent import kinds, state
from django_rgpd.consent.deciding import DOING, settle
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.core.errors import Refused
from django_rgpd.core.failures import wrapped
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.registry.models import Person

WITHIN = timedelta(hours=24)
"""What a withdrawn consent alone held is released by the next sweep: after a day only a fresh consent
helps.
"""


def possible(row: ConsentState | None, *, now: datetime) -> bool:
    """Whether the refusal that ``row`` stands on may still be taken back at ``now``."""
    return row is not None and row.standing in kinds.REFUSALS and row.since <= now < row.since + WITHIN


@wrapped(DOING)
def undo(event: UUID, *, how: str, now: datetime) -> ConsentState | None:
    """Take the refusal written as ``event`` back; what stood before stands again. Doing it twice is doing it
    once.

    Raises ``Refused`` where the day is over, another decision came since, or the person is erased.
    """
    refusal = Event.objects.filter(site=conf.get().SITE, uuid=event, person__isnull=False).first()
    if refusal is None or refusal.person is None or kinds.STANDINGS.get(refusal.kind) not in kinds.REFUSALS:
        raise Refused(_("There is nothing to undo."))
    key = (refusal.purpose, refusal.channel)
    with transaction.atomic():
        try:
            holder = state.lock(refusal.person)
        except Person.DoesNotExist:
            raise Refused(_("There is nothing to undo.")) from None
        row = state.rows(holder).get(key)
        if _undone(refusal):
            return row
        if row is None or row.event != event or not possible(row, now=now) or holder.erased_at is not None:
            raise Refused(_("This can no longer be undone. You can sign up again at any time."))
        record(
            kinds.UNDONE,
            person=holder,
            now=now,
            purpose=refusal.purpose,
            channel=refusal.channel,
            how=how,
            payload={"event": str(event)},
        )
        return settle(holder, key, kinds.UNDONE)


def _undone(refusal: Event) -> bool:
    later = Event.objects.filter(person=refusal.person, kind=kinds.UNDONE, at__gte=refusal.at)
    return any((one.payload or {}).get("event") == str(refusal.uuid) for one in later)
