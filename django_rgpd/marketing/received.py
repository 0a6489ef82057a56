"""Why one person got a campaign's mail or did not: how she stood on its list, and whether she may be written to now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from django_rgpd.consent import permission, state
from django_rgpd.consent.models import ConsentState
from django_rgpd.consent.permission import Answer
from django_rgpd.core import clock, conf
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState, RecipientState
from django_rgpd.marketing.reporting import because
from django_rgpd.policy import current
from django_rgpd.policy.own import MAILINGS
from django_rgpd.registry.models import Person

SHOWN = 20
"""Campaigns of which a person's page tells, the last ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of one person in one campaign, in words; ``at``: when, where it is known."""

    campaign: Campaign
    words: str
    ground: str = ""
    """Why she was on the list."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Whether she may be written to about a purpose now, and why; ``since``: when what decides on it was said."""

    purpose: str
    answer: Answer
    since: datetime | None


def of(person: Person, campaigns: Iterable[Campaign], *, now: datetime) -> list[Received]:
    """What became of ``person`` in each of ``campaigns``: two queries, however many there are."""
    found = list(campaigns)
    holder = state.holder(person)
    family = Person.objects.filter(Q(uuid=holder.uuid) | Q(merged_into=holder.uuid)).values("uuid")
    rows = {
        row.campaign_id: row
        for row in sorted(
            CampaignRecipient.objects.filter(campaign__in=found, person__in=family),
            key=lambda row: row.person == holder.uuid,  # hers comes last, and counts
        )
    }
    return [_received(one, rows.get(one.pk), now) for one in found]


def lately(person: Person, *, now: datetime) -> list[Received]:
    """The same of the campaigns of this site that were started last."""
    started = Campaign.objects.filter(site=conf.get().SITE, started_at__isnull=False)
    return of(person, started.order_by("-started_at", "-pk")[:SHOWN], now=now)


def standing(person: Person, purposes: Iterable[str], channel: str, *, now: datetime) -> list[Now]:
    """How ``person`` stands with each of ``purposes`` on ``channel``."""
    holder = state.holder(person)
    rows = state.rows(holder)
    labels = {one.key: str(one.label) for one in current().marketing}
    return [
        Now(
            purpose=labels.get(key, key),
            answer=permission.may_send(holder, key, channel, now=now),
            since=_since(state.standing(rows, key, channel)),
        )
        for key in purposes
    ]


def _since(row: ConsentState | None) -> datetime | None:
    return None if row is None else row.since


def _received(campaign: Campaign, row: CampaignRecipient | None, now: datetime) -> Received:
    if row is None:
        return Received(campaign=campaign, words=_absent(campaign, now), at=campaign.started_at)
    stood = RecipientState(row.state)
    words = _("handed over to the mail server") if stood == RecipientState.SENT else str(stood.label)
    left_out = stood == RecipientState.DROPPED
    if why := row.reason if left_out else row.failure:
        words = f"{words}: {because(why)}"
    return Received(campaign=campaign, words=words, ground="" if left_out else because(row.reason), at=row.at)


def _absent(campaign: Campaign, now: datetime) -> str:
    """Why there is no row of her."""
    if campaign.started_at is None:
        return _("The campaign has not been started.")
    kept = current().purpose(MAILINGS).term
    if not kept.endless and kept.due(clock.legal_day(campaign.started_at)) <= clock.legal_day(now):
        return _("Nobody knows any more: who got it was kept for its time, and deleted.")
    if not campaign.built and campaign.state in {CampaignState.SENDING, CampaignState.PAUSED}:
        return _("Not on the list so far: it is still being written.")
    if not campaign.built:
        return _("Not on the list: the campaign was stopped before it was written to its end.")
    return _("Not on the list: when it was written she might not be written to, or was not known yet.")
