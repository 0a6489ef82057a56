"""What campaigns do when something happens elsewhere: a restored dump, two people who turn out to be one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.marketing import mailing
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState


@receiver(signals.restored, dispatch_uid="django_rgpd.marketing.restored")
def restored(*, at: datetime, **_more: object) -> None:
    """A dump came back, which does not know what was sent since it was made: what was under way waits for staff."""
    words = _("An older dump was restored: some who seem to wait may have got it already.")
    for campaign in Campaign.objects.filter(state=CampaignState.SENDING):
        mailing.halt(campaign, words)


@receiver(signals.person_merged, dispatch_uid="django_rgpd.marketing.merged")
def come_along(person: UUID, merged: UUID, **_more: object) -> None:
    """What a guest got or was to get is the account's from now on; where both are on a list, the account's row stays."""
    hers = CampaignRecipient.objects.filter(person=person).values("campaign")
    guests = CampaignRecipient.objects.filter(person=merged)
    guests.exclude(campaign__in=list(hers.values_list("campaign", flat=True))).update(person=person)
