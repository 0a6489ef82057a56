"""Sending a campaign: ranges as jobs, shared by any number of workers, and no message handed over without a mark before it.

The order is: mark, hand over, note what came of it. The mark is one statement, which changes the row only while it waits,
the campaign is being sent, and the audience still holds the person at that address. Who is killed between the mark and the
note leaves one person of whom nobody knows whether she got it: she is counted as such and never written to again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import Exists, QuerySet
from django.utils.translation import gettext as _

from django_rgpd.consent import suppress
from django_rgpd.consent.audience import audience
from django_rgpd.consent.permission import may_send
from django_rgpd.core import clock, mail
from django_rgpd.marketing import course, handing
from django_rgpd.marketing.campaign_letters import Letters
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState, RecipientState
from django_rgpd.outbox import deliver, door, ends, jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone, Later
from django_rgpd.policy import EMAIL
from django_rgpd.registry.models import Person

JOB = "marketing.campaign.part"
PAGE = 100
"""Recipients whose addresses and languages are read at once."""

FRESH = timedelta(seconds=1)
"""How old the question may be that each mark asks: what leaves and what is erased is seen at once, for it is the rows that
are asked; a restriction, a term that ends, a policy and a door within this time, for they stand in the question itself.
"""

RENEWED = timedelta(minutes=1)
"""How often a worker says that it is still at it."""


class NotYet(Exception):
    """The mail server takes nothing, or put some people off: the range is tried again, with the outbox's patience."""


def put_parts(campaign: Campaign, parts: Iterable[int], *, now: datetime) -> None:
    """Write a job for each of ``parts``, in the caller's transaction; done twice it does no harm."""
    uuid = str(campaign.uuid)
    drafts = [jobs.Draft(name=JOB, payload={"campaign": uuid, "part": one}) for one in parts]
    jobs.put_many(drafts, now=now)


def put_left(campaign: Campaign, *, now: datetime) -> None:
    """Write a job for each range in which somebody waits, and one for the end."""
    mine = CampaignRecipient.objects.filter(campaign=campaign, state=RecipientState.WAITING)
    parts = list(mine.order_by("part").values_list("part", flat=True).distinct())
    put_parts(campaign, parts or [0], now=now)


@jobs.job(JOB, waits=True)
def send_part(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Send the messages of one range that wait; raises ``NotYet`` where some have to wait longer."""
    campaign = Campaign.objects.filter(uuid=UUID(str(payload["campaign"]))).first()
    if campaign is None:
        raise Gone(_("The campaign does not exist any more."))
    course.settle(campaign, now=now)
    if campaign.state == CampaignState.SENDING:
        if words := course.obstacle(campaign):
            course.halt(campaign, words)
            return
        _Range(campaign, int(str(payload["part"])), job, clock.running(now)).send()
    course.close(campaign, now=now)


@dataclass(slots=True)
class _Range:
    """One range in the hands of one worker."""

    campaign: Campaign
    part: int
    job: Job
    clock: Callable[[], datetime]
    letters: Letters = field(init=False)
    said: datetime = field(init=False)
    asked: tuple[datetime, QuerySet[Any]] | None = None
    put_off: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.letters, self.said = Letters(self.campaign), self.clock()

    def send(self) -> None:
        """Everybody of the range who waits, over one connection."""
        if not self._waiting().exists():
            return
        connection = mail.connection()
        try:
            connection.open()
            self._send(connection)
        finally:
            connection.close()

    def _send(self, connection: BaseEmailBackend) -> None:
        last, going = 0, True
        while going and (page := list(self._waiting().filter(pk__gt=last)[:PAGE])):
            last = page[-1].pk
            if words := door.shut():
                raise Later(self.clock() + deliver.AT_THE_DOOR, words)
            going = self._page(page, connection)
        if self.put_off:
            self._lose_patience()

    def _page(self, page: list[CampaignRecipient], connection: BaseEmailBackend) -> bool:
        people = [one.person for one in page]
        addresses = self._unlisted(
            {row.person: row.address for row in self._held().filter(person__in=people)}
        )
        languages = dict(Person.objects.filter(uuid__in=people).values_list("uuid", "language"))
        for one in page:
            self._still_mine()
            address = addresses.get(one.person)
            if not self._one(one, address, languages.get(one.person, ""), connection):
                return False
        return True

    def _unlisted(self, addresses: dict[UUID, str]) -> dict[UUID, str]:
        """``addresses`` without those that the list of suppressions itself forbids: the copies that the audience reads were made
        before it, where a suppression was entered while the address was being imported or proven.
        """
        listed = suppress.over_each(EMAIL, addresses.values(), now=self.clock())
        return {
            person: address
            for person, address in addresses.items()
            if not suppress.strictest(
                listed.get(address, ()), channel=self.campaign.channel, purpose=self.campaign.purpose
            )
        }

    def _one(
        self, one: CampaignRecipient, address: str | None, language: str, connection: BaseEmailBackend
    ) -> bool:
        """One message. Returns whether the range goes on."""
        message = address and self._marked(one, address, language)
        if not message:
            answer = may_send(one.person, self.campaign.purpose, self.campaign.channel, now=self.clock())
            if not answer:
                return self._drop(one, answer.reason)
            address = str(answer.address.canonical) if answer.address else ""  # a new one, perhaps
            message = self._marked(one, address, language)
        if not message:
            return self._not_marked(one)
        return self._note(one, handing.hand_over(message, connection))

    def _marked(self, one: CampaignRecipient, address: str, language: str) -> EmailMultiAlternatives | None:
        """Mark and ask again in one statement; the message where it may be handed over, by nobody but us."""
        letter = self.letters.of(language, one.reason)
        message = letter.to(one.person, address)
        held, now = self._held(), self.clock()
        going = Campaign.objects.filter(pk=self.campaign.pk, state=CampaignState.SENDING)
        marked = CampaignRecipient.objects.filter(
            Exists(held.filter(person=one.person, address=address)),
            Exists(going),
            pk=one.pk,
            state=RecipientState.WAITING,
        ).update(state=RecipientState.HANDING, lease=self.job.lease, subject=letter.subject, at=now)
        return message if marked else None

    def _note(self, one: CampaignRecipient, came: handing.Outcome) -> bool:
        mine = CampaignRecipient.objects.filter(pk=one.pk, lease=self.job.lease)
        mine.update(state=came.state, failure=came.failure, at=self.clock())
        if came.over:
            raise NotYet
        if came.state == RecipientState.WAITING:
            self.put_off.append(one.pk)
        return True

    def _drop(self, one: CampaignRecipient, reason: str) -> bool:
        waiting = CampaignRecipient.objects.filter(pk=one.pk, state=RecipientState.WAITING)
        waiting.update(state=RecipientState.DROPPED, reason=reason, at=self.clock())
        return True

    def _not_marked(self, one: CampaignRecipient) -> bool:
        """She may get it, and yet the mark was refused: another worker has her, or it is paused, or her address changes."""
        if not Campaign.objects.filter(pk=self.campaign.pk, state=CampaignState.SENDING).exists():
            return False
        if self._waiting().filter(pk=one.pk).exists():
            self.put_off.append(one.pk)
        return True

    def _lose_patience(self) -> None:
        """Try those again later who were put off; after a day of it they have failed."""
        if self.job.attempts < ends.MOST_ATTEMPTS:
            raise NotYet
        left = CampaignRecipient.objects.filter(pk__in=self.put_off, state=RecipientState.WAITING)
        left.update(state=RecipientState.FAILED, failure=handing.PUT_OFF, at=self.clock())

    def _held(self) -> QuerySet[Any]:
        """Who may get it, asked as of a moment ago."""
        now = self.clock()
        if self.asked is None or now - self.asked[0] > FRESH:
            self.asked = now, audience(self.campaign.purpose, self.campaign.channel, now=now)
        return self.asked[1]

    def _still_mine(self) -> None:
        now = self.clock()
        if now - self.said >= RENEWED:
            jobs.renew(self.job, now=now)
            self.said = now

    def _waiting(self) -> QuerySet[CampaignRecipient]:
        mine = CampaignRecipient.objects.filter(campaign=self.campaign, part=self.part)
        return mine.filter(state=RecipientState.WAITING).order_by("pk")
