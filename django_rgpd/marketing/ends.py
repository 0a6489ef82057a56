"""The ends of marketing terms: which come near, which have come; found by purpose, however many people there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_rgpd.consent import permission, together
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import clock, conf
from django_rgpd.outbox.daily import daily
from django_rgpd.policy import COLUMN, EMAIL, LAST_CONTACT, Purpose, Term, current
from django_rgpd.registry.models import Person

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE = 500
"""People of one transaction: enough that statements cost little each, few enough that nobody waits for a lock."""

_ENDINGS = UUID("6f1d2f0a-5f0e-4a53-9d2e-0f6f9a1c7b42")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One stretch without a word from a person, and the first day on which it ends a purpose for her."""

    person: UUID
    purpose: str
    since: date
    end: date

    @property
    def uuid(self) -> UUID:
        """The same for the same stretch, whatever the term is by now: who was asked in it is not asked again."""
        return uuid5(_ENDINGS, f"{conf.get().SITE}:{self.person}:{self.purpose}:{self.since}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What comes of one purpose: how many people will be asked whether to go on, and how many consents end."""

    purpose: Purpose
    asked: int
    ending: int


def asked_about() -> list[Purpose]:
    """The purposes before whose end people are asked."""
    return [one for one in current().marketing if one.asks_again is not None]


def near(purpose: Purpose, *, now: datetime) -> QuerySet[ConsentState]:
    """Where mails of ``purpose`` rest on a consent or a sale, and the end is near enough to ask."""
    today = clock.legal_day(now)
    ahead = (purpose.asks_again or Term()).due(today)
    return _between(purpose, after=today, upto=ahead).filter(channel=EMAIL)


def ending_of(purpose: Purpose, holder: Person, row: ConsentState) -> Ending | None:
    """When ``row`` of ``holder`` ends by itself; None where it does not."""
    if purpose.clock is COLUMN:
        return None if row.expires_at is None else _ending(row, row.since, clock.legal_day(row.expires_at))
    end = permission.ends_on(purpose, holder, row)
    return None if end is None else _ending(row, permission.last_heard(holder, row), end)


@daily("marketing.ended")
def end(*, now: datetime) -> int:
    """Say in the ledger which consents ended with a term that counts from the last contact; returns how many.

    Their use stopped on that day already (``permission.over``); killed between two, the next run goes on.
    """
    return sum(_end(purpose, now=now) for purpose in current().marketing if purpose.clock is LAST_CONTACT)


def upcoming(*, now: datetime, until: datetime) -> Iterator[Line]:
    """What ends between the days of ``now`` and ``until``, and who is asked: two counts a purpose."""
    today, last = clock.legal_day(now), clock.legal_day(until)
    for purpose in current().marketing:
        ending = _between(purpose, after=today, upto=last).filter(live=True).count()
        ahead, asked = purpose.asks_again, 0
        if ahead is not None:
            entering = _between(purpose, after=ahead.due(today), upto=ahead.due(last))
            asked = entering.filter(channel=EMAIL).count()
        if ending or asked:
            yield Line(purpose=purpose, asked=asked, ending=ending)


def _end(purpose: Purpose, *, now: datetime) -> int:
    ended = last = 0
    over = _over(purpose, day=clock.legal_day(now)).filter(live=True)
    while page := list(over.filter(pk__gt=last).order_by("pk")[:PAGE]):
        last = page[-1].pk
        ended += together.expire(
            page, now=now, over=lambda holder, row: permission.over(purpose, holder, row, now)
        )
    return ended


def _ending(row: ConsentState, since: datetime, end: date) -> Ending:
    return Ending(person=row.person, purpose=row.purpose, since=clock.legal_day(since), end=end)


def _between(purpose: Purpose, *, after: date, upto: date) -> QuerySet[ConsentState]:
    """What ends past the day ``after``, and on ``upto`` at the latest."""
    if purpose.term.endless:
        return ConsentState.objects.none()
    if purpose.clock is COLUMN:
        rows = _rows(purpose, [Standing.LIVE])
        return rows.filter(expires_at__gte=_midnight(after, 1), expires_at__lt=_midnight(upto, 1))
    if purpose.clock is not LAST_CONTACT:
        return ConsentState.objects.none()
    still = _midnight(purpose.term.cutoff(after), 1)
    return _over(purpose, day=upto).filter(_heard(still))


def _over(purpose: Purpose, *, day: date) -> QuerySet[ConsentState]:
    """What of a purpose under the clock of the last contact is over by ``day``."""
    if purpose.term.endless:
        return ConsentState.objects.none()
    rows = _rows(purpose, [Standing.LIVE, Standing.INFORMED])
    return rows.exclude(_heard(_midnight(purpose.term.cutoff(day), 1)))


def _rows(purpose: Purpose, standings: Iterable[Standing]) -> QuerySet[ConsentState]:
    known = Person.objects.filter(uuid=OuterRef("person"), erased_at=None)
    mine = ConsentState.objects.filter(site=conf.get().SITE, purpose=purpose.key, standing__in=standings)
    return mine.filter(Exists(known))


def _heard(instant: datetime) -> Q:
    """Rows of people who were in touch, became known, or agreed at ``instant`` or later."""
    recent = Q(last_contact__gte=instant) | Q(created_at__gte=instant)
    hers = Person.objects.filter(recent, uuid=OuterRef("person"))
    return Exists(hers) | Q(live=True, since__gte=instant)


def _midnight(day: date, later: int) -> datetime:
    return datetime.combine(day + timedelta(days=later), time.min, tzinfo=clock.legal_zone())
