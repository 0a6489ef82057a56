"""Writing down who is to get a campaign: page by page of the audience, resumable, nobody twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from django_rgpd.consent.audience import audience
from django_rgpd.core import clock
from django_rgpd.marketing.course import obstacle
from django_rgpd.marketing.mailing import put_parts
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job

JOB = "marketing.campaign"
PAGE = 2_000
"""People looked up and written down in one transaction."""

PART = 500
"""People of one range, which is one job."""


def put(campaign: Campaign, *, now: datetime) -> None:
    """Have the list written, or what is missing of it."""
    if not campaign.built:
        payload = {"campaign": str(campaign.uuid)}
        jobs.put(JOB, payload, now=now)


@jobs.job(JOB, waits=True)
def build(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Write the recipients down; those of the first pages get their message meanwhile."""
    moment = clock.running(now)
    while _page(UUID(str(payload["campaign"])), now=moment()):
        jobs.renew(job, now=moment())


def _page(uuid: UUID, *, now: datetime) -> bool:
    """One page, its ranges and how far it came, all or nothing. Returns whether there may be more."""
    with transaction.atomic():
        campaign = Campaign.objects.select_for_update().filter(uuid=uuid).first()
        if campaign is None or campaign.state != CampaignState.SENDING or campaign.built:
            return False
        if obstacle(campaign):
            return False  # the first range says so, and pauses
        people = audience(campaign.purpose, campaign.channel, now=now).filter(pk__gt=campaign.built_upto)
        found = list(people[:PAGE])
        _write(campaign, found, now=now)
        campaign.built = len(found) < PAGE
        campaign.save(update_fields=["built", "built_upto", "parts"])
    return not campaign.built


def _write(campaign: Campaign, found: Sequence[Any], *, now: datetime) -> None:
    first = campaign.parts
    for rows in _cut(found):
        CampaignRecipient.objects.bulk_create(
            (
                CampaignRecipient(
                    campaign=campaign,
                    person=row.person,
                    part=campaign.parts,
                    purpose=campaign.purpose,
                    reason=row.reason,
                    basis=row.basis,
                    at=now,
                )
                for row in rows
            ),
            ignore_conflicts=True,
        )
        campaign.parts += 1
    if found:
        campaign.built_upto = found[-1].pk
    # An empty range too: somebody has to find out that there is nothing left to do.
    put_parts(campaign, range(first, campaign.parts) or [first], now=now)


def _cut(found: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(found), PART):
        yield found[start : start + PART]
