"""What may be done with a campaign: written, started, paused, resumed, stopped, each by who may and each once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.core import conf
from django_rgpd.core.errors import Refused
from django_rgpd.marketing import building, campaign_events, course, mailing
from django_rgpd.marketing.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignText,
    RecipientState,
)
from django_rgpd.outbox import door
from django_rgpd.policy import EMAIL, Purpose, current

PERMISSION = "django_rgpd.send_campaign"
STOPPED = "stopped"
"""Why somebody was left out of a campaign that was stopped."""

By: TypeAlias = "AbstractBaseUser | AnonymousUser | None"
"""Who does it; None is the shop's own program."""

OPEN = (CampaignState.SENDING, CampaignState.PAUSED)


def purposes() -> list[Purpose]:
    """The purposes of the policy that a campaign can be about."""
    return [one for one in current().marketing if EMAIL in one.channels]


def draft(
    name: str, purpose: str, texts: Mapping[str, Mapping[str, str]], *, now: datetime, by: By = None
) -> Campaign:
    """Write a campaign down, to be started later.

    ``texts``: by language, ``{"subject": …, "text": …}`` and perhaps ``"html"``. Raises ``ValidationError`` for a text that
    cannot be sent, ``Refused`` for a purpose that is no marketing by email.
    """
    if purpose not in {one.key for one in purposes()}:
        raise Refused(_("The policy names no such marketing purpose by email."))
    with transaction.atomic():
        made = Campaign(site=conf.get().SITE, name=name, purpose=purpose, created_by=_key(by), created_at=now)
        made.full_clean()
        made.save()
        for language, said in texts.items():
            text = CampaignText(campaign=made, language=language, **said)
            text.full_clean()
            text.save()
    return made


def copy(campaign: Campaign, *, now: datetime, by: By = None) -> Campaign:
    """Another draft with the purpose and the texts of ``campaign``, whatever became of that one."""
    name = _("Copy of %(name)s") % {"name": campaign.name}
    longest = Campaign._meta.get_field("name").max_length
    made = Campaign(
        site=conf.get().SITE,
        name=name[:longest],
        purpose=campaign.purpose,
        channel=campaign.channel,
        created_by=_key(by),
        created_at=now,
    )
    with transaction.atomic():
        made.save()
        texts = campaign.texts.order_by("pk").values("language", "subject", "text", "html")
        CampaignText.objects.bulk_create(CampaignText(campaign=made, **one) for one in texts)
    return made


def start(campaign: Campaign, *, now: datetime, by: By = None) -> None:
    """Begin to send ``campaign``: the list of its recipients is written, and each is asked again when her message leaves.

    Raises ``PermissionDenied``, and ``Refused`` where it was started already, has no text, or may not be sent now.
    """
    may(by)
    ready(campaign)
    with transaction.atomic():
        changes = {"started_by": _key(by), "started_at": now}
        if not _move(campaign, (CampaignState.DRAFT,), CampaignState.SENDING, **changes):
            raise Refused(_("This campaign was started already."))
        campaign_events.note(campaign_events.STARTED, campaign, now=now, by=_key(by))
        building.put(campaign, now=now)


def pause(campaign: Campaign, *, now: datetime, by: By = None) -> None:
    """Send nothing more of ``campaign`` until it is resumed. Raises ``PermissionDenied``, ``Refused`` where it is not being
    sent.
    """
    may(by)
    with transaction.atomic():
        if not _move(campaign, (CampaignState.SENDING,), CampaignState.PAUSED, note=""):
            raise Refused(_("This campaign is not being sent."))


def resume(campaign: Campaign, *, now: datetime, by: By = None) -> None:
    """Go on with a paused ``campaign``: nobody gets it twice. Raises as ``start`` does."""
    may(by)
    ready(campaign)
    with transaction.atomic():
        if not _move(campaign, (CampaignState.PAUSED,), CampaignState.SENDING, note=""):
            raise Refused(_("This campaign is not paused."))
        building.put(campaign, now=now)
        mailing.put_left(campaign, now=now)


def stop(campaign: Campaign, *, now: datetime, by: By = None) -> None:
    """End ``campaign`` for ever: who has not got it yet never will. Raises ``PermissionDenied``, and ``Refused`` where it is
    not under way.
    """
    may(by)
    with transaction.atomic():
        if not _move(campaign, OPEN, CampaignState.STOPPED, note="", ended_at=now):
            raise Refused(_("This campaign is not under way."))
        campaign_events.note(campaign_events.STOPPED, campaign, now=now, by=_key(by))
        waiting = CampaignRecipient.objects.filter(campaign=campaign, state=RecipientState.WAITING)
        waiting.update(state=RecipientState.DROPPED, reason=STOPPED, at=now)
    course.close(campaign, now=now)


def may(by: By) -> None:
    """Raises ``PermissionDenied`` for who may not send campaigns."""
    if by is not None and not (isinstance(by, PermissionsMixin) and by.has_perm(PERMISSION)):
        raise PermissionDenied


def ready(campaign: Campaign) -> None:
    """Raises ``Refused``, in words, where ``campaign`` cannot be sent now."""
    if words := course.obstacle(campaign) or door.shut():
        raise Refused(words)
    if not campaign.texts.exists():
        raise Refused(_("The campaign has no text."))


def _move(
    campaign: Campaign, before: tuple[CampaignState, ...], after: CampaignState, **changes: object
) -> bool:
    """Change the state in one statement, so that of two clicks one does it; tell who listens."""
    moved = Campaign.objects.filter(pk=campaign.pk, state__in=before).update(state=after, **changes)
    if moved:
        campaign.refresh_from_db()
        signals.campaign_changed.send(Campaign, campaign=campaign.uuid, state=str(after))
    return bool(moved)


def _key(by: By) -> str:
    return "" if by is None else str(by.pk)
