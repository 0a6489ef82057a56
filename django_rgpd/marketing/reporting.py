"""What became of a campaign, in numbers and in words; nobody is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_rgpd.consent import kinds
from django_rgpd.consent.audience import left_out
from django_rgpd.consent.permission import WORDS
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import handing
from django_rgpd.marketing.course import counted
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState, RecipientState
from django_rgpd.outbox.models import Job, State

STOPPED = gettext_lazy("The campaign was stopped before.")


@dataclass(frozen=True, slots=True)
class Line:
    """A number and what it counts."""

    words: str
    number: int


@dataclass(frozen=True, slots=True)
class Report:
    """The counts of a campaign: by state, and why some did not get it."""

    states: Mapping[str, int]
    dropped: list[Line] = field(default_factory=list)
    failed: list[Line] = field(default_factory=list)
    unknown: list[Line] = field(default_factory=list)
    left_since: int = 0
    """Of those who got it, how many withdrew or objected since, by whatever way."""

    @property
    def total(self) -> int:
        """Everybody who was on the list."""
        return sum(self.states.values())

    @property
    def lines(self) -> list[Line]:
        """The states that there are, in their order."""
        return [Line(str(one.label), self.states[one]) for one in RecipientState if self.states.get(one)]


def report(campaign: Campaign) -> Report:
    """Count what became of ``campaign``; its numbers stay when the rows of its recipients have gone."""
    counts = campaign.totals or counted(campaign)
    states: dict[str, int] = {}
    for key, number in counts.items():
        state = key.partition(":")[0]
        states[state] = states.get(state, 0) + number
    return Report(
        states=states,
        dropped=list(_lines(counts, RecipientState.DROPPED)),
        failed=list(_lines(counts, RecipientState.FAILED)),
        unknown=list(_lines(counts, RecipientState.UNKNOWN)),
        left_since=left_since(campaign),
    )


def left_since(campaign: Campaign) -> int:
    """How many of those who got it withdrew or objected since: a link does not tell of which message it was."""
    if campaign.started_at is None:
        return 0
    refusing = Event.objects.filter(
        person=OuterRef("person"),
        purpose__in=[campaign.purpose, ""],
        kind__in=kinds.REFUSING,
        at__gte=campaign.started_at,
    )
    got = CampaignRecipient.objects.filter(campaign=campaign, state=RecipientState.SENT)
    return got.filter(Exists(refusing)).count()


def nobody(campaign: Campaign, *, now: datetime) -> list[Line]:
    """Why nobody would get ``campaign`` now: of those who once decided on its purpose, how many for which reason."""
    counts = left_out(campaign.purpose, campaign.channel, now=now)
    return [Line(because(why), number) for why, number in sorted(counts.items(), key=lambda one: -one[1])]


def stuck(*, now: datetime) -> Iterator[str]:
    """What staff have to know of campaigns that do not go on by themselves; names of campaigns, nobody's."""
    for halted in Campaign.objects.filter(state=CampaignState.PAUSED).exclude(note="").order_by("pk"):
        yield _("The campaign “%(name)s” waits: %(why)s") % {"name": halted.name, "why": halted.note}
    going = Job.objects.filter(
        name__startswith="marketing.campaign", state__in=[State.WAITING, State.RUNNING, State.NEEDS]
    )
    for one in Campaign.objects.filter(state=CampaignState.SENDING).order_by("pk"):
        if not going.filter(payload__campaign=str(one.uuid)).exists():
            yield _("The campaign “%(name)s” is not being worked on: pause and resume it.") % {
                "name": one.name
            }


def because(why: str) -> str:
    """In words why somebody was on a list, was left out, or did not get it."""
    return str({**WORDS, **handing.WORDS, "stopped": STOPPED}.get(why, why))


def _lines(counts: Mapping[str, int], state: RecipientState) -> Iterator[Line]:
    for key, number in sorted(counts.items(), key=lambda one: -one[1]):
        found, _colon, why = key.partition(":")
        if found == state:
            yield Line(because(why), number)
