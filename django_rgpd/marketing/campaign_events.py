"""What the ledger keeps of a campaign: that it was started, by whom, and how it ended; not who got it.

It outlives the campaign's rows, and a restored dump that is older than the sending learns of it by the mirror.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.marketing.models import Campaign

STARTED, DONE, STOPPED = "campaign.started", "campaign.done", "campaign.stopped"


def note(kind: str, campaign: Campaign, *, now: datetime, by: str = "", **told: object) -> Event:
    """Record ``kind`` of ``campaign``, in the caller's transaction. ``by``: the key of the account, empty for a program."""
    return record(
        kind,
        person=None,
        now=now,
        purpose=campaign.purpose,
        channel=campaign.channel,
        actor=f"user:{by}" if by else "",
        payload={"campaign": str(campaign.uuid), **told},
    )


def started(campaigns: Collection[Campaign]) -> dict[UUID, Event]:
    """Those of ``campaigns`` that the ledger says were started, by uuid: one query."""
    named = [str(one.uuid) for one in campaigns]
    found = Event.objects.filter(kind=STARTED, payload__campaign__in=named) if named else ()
    return {UUID(one.payload["campaign"]): one for one in found if isinstance(one.payload, dict)}
