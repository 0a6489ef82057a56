"""A restored dump does not know what was sent since it was made: what was under way then waits for somebody's decision."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.marketing import campaign_events, course, repermission, send
from django_rgpd.marketing.models import Campaign, CampaignState
from django_rgpd.outbox.models import Job, State


def hold_back() -> Iterator[str]:
    """Pause campaigns that were being sent, or were started since, and take mails out of the line; says so, in words for staff.

    Nobody can tell from here who got them already. To resume a campaign, or to put a mail in line again, asks about each reader
    once more, as always.
    """
    number = _halted() + _started_since()
    if number:
        yield _("Campaigns that wait for your decision, to resume or to stop: %(number)d.") % {
            "number": number
        }
    # Nothing of the kind was written since the restore: the door was shut, or nobody had begun to work.
    waiting = Job.objects.filter(
        name__in=[send.JOB, repermission.JOB], state__in=[State.WAITING, State.RUNNING]
    )
    number = waiting.update(
        state=State.NEEDS, note=_("An older dump was restored: this mail may have been sent already.")
    )
    if number:
        yield _("Marketing mails in line that wait for your decision: %(number)d.") % {"number": number}


def _halted() -> int:
    words = _("An older dump was restored: some who seem to wait may have got it already.")
    sending = Campaign.objects.filter(state=CampaignState.SENDING)
    return sum(course.halt(campaign, words) for campaign in sending)


def _started_since() -> int:
    """What the dump has as a draft, and the ledger as started."""
    drafts = list(Campaign.objects.filter(state=CampaignState.DRAFT))
    words = _("An older dump was restored: it was started since, and may have been sent to many already.")
    started = campaign_events.started(drafts)
    for uuid, event in started.items():
        draft = Campaign.objects.filter(uuid=uuid, state=CampaignState.DRAFT)
        draft.update(state=CampaignState.PAUSED, note=words, started_at=event.at)
        signals.campaign_changed.send(Campaign, campaign=uuid, state=str(CampaignState.PAUSED))
    return len(started)
