"""The course of a campaign that is being sent: what stands in its way, what is settled of those whose worker died, its end."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef

from django_rgpd import signals
from django_rgpd.consent.permission import NOT_MARKETING, WORDS
from django_rgpd.marketing import campaign_events, handing
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState, RecipientState
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import current

_UNSETTLED = (RecipientState.WAITING, RecipientState.HANDING)


def obstacle(campaign: Campaign) -> str:
    """Why the policy does not let the campaign go out, in words; nothing where it does."""
    known = {one.key: one for one in current().marketing}
    allowed = campaign.purpose in known and campaign.channel in known[campaign.purpose].channels
    return "" if allowed else str(WORDS[NOT_MARKETING])


def settle(campaign: Campaign, *, now: datetime) -> int:
    """Find the messages whose worker died between the mark and the note. Returns how many there were."""
    alive = Job.objects.filter(lease=OuterRef("lease"), state=State.RUNNING, leased_until__gte=now)
    handing_over = CampaignRecipient.objects.filter(campaign=campaign, state=RecipientState.HANDING)
    return handing_over.exclude(Exists(alive)).update(state=RecipientState.UNKNOWN, failure=handing.KILLED)


def halt(campaign: Campaign, words: str) -> bool:
    """Pause for a reason of our own, which the page shows; whether it was being sent."""
    mine = Campaign.objects.filter(pk=campaign.pk, state=CampaignState.SENDING)
    paused = bool(mine.update(state=CampaignState.PAUSED, note=words[:200]))
    if paused:
        signals.campaign_changed.send(Campaign, campaign=campaign.uuid, state=str(CampaignState.PAUSED))
    return paused


def close(campaign: Campaign, *, now: datetime) -> None:
    """End a campaign of which nothing is left to do, and keep its counts, which outlive the rows."""
    if CampaignRecipient.objects.filter(campaign=campaign, state__in=_UNSETTLED).exists():
        return
    mine = Campaign.objects.filter(pk=campaign.pk)
    done, counts = mine.filter(state=CampaignState.SENDING, built=True), counted(campaign)
    with transaction.atomic():
        if done.update(state=CampaignState.DONE, ended_at=now):
            campaign_events.note(campaign_events.DONE, campaign, now=now, counts=counts)
            signals.campaign_changed.send(Campaign, campaign=campaign.uuid, state=str(CampaignState.DONE))
    ended = mine.filter(state__in=[CampaignState.DONE, CampaignState.STOPPED], totals={})
    ended.update(totals=counts)


def counted(campaign: Campaign) -> dict[str, int]:
    """How many recipients there are by ``state``, or by ``state:reason`` where they did not get it."""
    found: dict[str, int] = {}
    rows = CampaignRecipient.objects.filter(campaign=campaign).order_by()
    for state, reason, failure, number in rows.values_list("state", "reason", "failure").annotate(
        number=Count("pk")
    ):
        why = reason if state == RecipientState.DROPPED else failure
        key = f"{state}:{why}" if why else state
        found[key] = found.get(key, 0) + number
    return found
