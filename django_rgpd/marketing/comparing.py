"""Both sides of one purpose compared: what was decided at the processor is applied, for the rest the shop's own record decides.

A withdrawal there counts here; an agreement there never does. Read by pages, in a memory that does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent.audience import audience
from django_rgpd.core import addresses, clock, conf
from django_rgpd.core.errors import BadAddress
from django_rgpd.marketing import reported, stopping, sync
from django_rgpd.marketing.seen import Seen
from django_rgpd.outbox import door, jobs
from django_rgpd.outbox.outcomes import Later
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import MANY, Call, Capability, Member, Standing
from django_rgpd.registry.models import Address, Kind

_AN_HOUR = timedelta(hours=1)

CHANGES = (Standing.LEFT, Standing.UNREACHABLE)
ALL = (*CHANGES, Standing.WRITTEN_TO)


class Difference(StrEnum):
    """How both sides differ about somebody."""

    LEFT = "left"
    """She left there: she has left here."""
    UNREACHABLE = "unreachable"
    """Her address bounces there: nothing goes to it from here."""
    AGREED_SINCE = "agreed_since"
    """She left there before she agreed here: they are told once more, and may refuse."""
    NOT_HERE = "not_here"
    """They write to her, and the shop may not: they are told to stop."""
    NOBODY = "nobody"
    """They write to an address of which the shop has no record: somebody has to look where it comes from."""
    ERASED = "erased"
    """They write to somebody who was erased here: somebody has to look whether she came back by a form of theirs."""
    MISSING = "missing"
    """The shop may write to her, and they do not hold her: they are told."""
    REFUSED = "refused"
    """They would not take the opt-out: somebody has to look."""


@dataclass(frozen=True, slots=True)
class Found:
    """One difference; ``person`` is None where the shop knows nobody, or where they do not say who."""

    difference: Difference
    person: UUID | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A page that was compared: how many they told, the differences, and the page after it (empty at the end)."""

    told: int
    found: tuple[Found, ...]
    next: Mapping[str, object]


@sensitive_variables()
def compare(
    road: roads.Road, purpose: str, *, page: Mapping[str, object], apply: bool, call: Call
) -> Iterator[Step]:
    """Compare page by page from ``page`` on (as ``Processor.members`` takes it); ``apply`` says whether anything is changed.

    Each member is compared once, whatever the pages repeat. Who has to stop being written to is told when all pages are read, for
    it would move the members of those that are not. With ``WRITTEN_TO`` among its standings, who is missing there comes last.
    """
    full = Standing.WRITTEN_TO in _texts(page.get("standings"))
    with closing(Seen()) as seen:
        while page:
            answer = road.processor.members(purpose, page=page, call=call)
            found = tuple(_differences(road, purpose, answer.members, seen, apply=apply))
            page = answer.next
            yield Step(len(answer.members), found, page)
        if apply:
            yield from _stopped(road, purpose, seen, call=call)
        if full:
            yield from _missing(road, purpose, seen, apply=apply)


@sensitive_variables()
def _differences(
    road: roads.Road, purpose: str, members: Sequence[Member], seen: Seen, *, apply: bool
) -> Iterator[Found]:
    now = clock.now()
    if shut := door.shut():  # nobody may be written to then, which would look as if everybody had left
        raise Later(now + _AN_HOUR, shut)
    named = {address: one for address, one in _named(members) if seen.first(address, one)}
    permitted = dict(
        audience(purpose, EMAIL, now=now).filter(address__in=list(named)).values_list("address", "person")
    )
    seen.hold(permitted.values())
    left = [one for address, one in permitted.items() if named[address].standing == Standing.LEFT]
    ours = sync.stopped_by_us(left, road.key, purpose) if left else {}
    for address, person in permitted.items():
        at = named[address].changed_at
        if person in ours and at is not None and at <= ours[person]:
            yield Found(Difference.AGREED_SINCE, person)
        elif named[address].standing in CHANGES:
            difference = _news(road, purpose, address, named[address], apply=apply, now=now)
            yield Found(difference, person)
            if apply and difference == Difference.AGREED_SINCE:
                _tell(road, [person], now=now)
    strangers = [
        one
        for one, member in named.items()
        if one not in permitted and member.standing == Standing.WRITTEN_TO
    ]
    if strangers:
        yield from _not_here(strangers, seen)


@sensitive_variables()
def _news(
    road: roads.Road, purpose: str, address: str, member: Member, *, apply: bool, now: datetime
) -> Difference:
    """She may be written to here, and left there or cannot be reached: at the time that they say, it counts here."""
    at = member.changed_at
    with transaction.atomic():
        if member.standing == Standing.LEFT:
            reported.unsubscribed(address, source=road.key, purpose=purpose, at=at, now=now)
            told = Difference.LEFT
        else:
            reported.bounced(address, at=at, now=now)
            told = Difference.UNREACHABLE
        still = list(
            audience(purpose, EMAIL, now=now).filter(address=address).values_list("person", flat=True)
        )
        if still:
            told = Difference.AGREED_SINCE
        if not apply:
            transaction.set_rollback(True)
    return told


@sensitive_variables()
def _not_here(strangers: Sequence[str], seen: Seen) -> Iterator[Found]:
    hers = Address.objects.filter(
        site=conf.get().SITE, kind=Kind.EMAIL, canonical__in=strangers, person__erased_at__isnull=True
    )
    rows = hers.order_by("pk").values_list("canonical", "person__uuid", "pk")
    known = {str(one): (uuid, pk) for one, uuid, pk in rows}
    unknown = [one for one in strangers if one not in known]
    gone = _erased(unknown)
    yield from (
        Found(Difference.ERASED, gone[one]) if one in gone else Found(Difference.NOBODY) for one in unknown
    )
    yield from (Found(Difference.NOT_HERE, uuid) for uuid, _pk in known.values())
    seen.stop(pk for _uuid, pk in known.values())


@sensitive_variables()
def _erased(unknown: Sequence[str]) -> dict[str, UUID]:
    """Those of ``unknown`` by whose digest somebody is known who was erased."""
    texts = {one.hex: text for text in unknown for one in addresses.digests(Kind.EMAIL, text)}
    rows = Address.objects.filter(
        site=conf.get().SITE, kind=Kind.EMAIL, digest__in=list(texts), person__erased_at__isnull=False
    )
    return {texts[digest]: uuid for digest, uuid in rows.values_list("digest", "person__uuid")}


@sensitive_variables()
def _stopped(road: roads.Road, purpose: str, seen: Seen, *, call: Call) -> Iterator[Step]:
    """Tell them of those whom they may not write to, unless they agreed meanwhile."""
    for keys in seen.stopped(MANY):
        rows = Address.objects.filter(pk__in=keys, canonical__isnull=False)
        hers = {str(one): uuid for one, uuid in rows.values_list("canonical", "person__uuid")}
        agreed = audience(purpose, EMAIL, now=clock.now()).filter(address__in=list(hers))
        some = sorted(hers.keys() - {str(one) for one in agreed.values_list("address", flat=True)})
        if not some:
            continue
        refused = stopping.opt_out(road.processor, some, purpose, call=call)
        yield Step(0, tuple(Found(Difference.REFUSED, hers[one]) for one in refused), {})
        # Who agreed while they were told is put back.
        now = clock.now()
        since = audience(purpose, EMAIL, now=now).filter(address__in=some).values_list("person", flat=True)
        sync.put_back(dict.fromkeys(since, [purpose]), road.key, now=now)


def _missing(road: roads.Road, purpose: str, seen: Seen, *, apply: bool) -> Iterator[Step]:
    last = 0
    while True:
        now = clock.now()
        rows = audience(purpose, EMAIL, now=now).filter(pk__gt=last)[:MANY]
        page = list(rows.values_list("pk", "person"))
        if not page:
            return
        last = page[-1][0]
        absent = [person for _pk, person in page if person not in seen]
        if apply:
            _tell(road, absent, now=now)
        yield Step(0, tuple(Found(Difference.MISSING, one) for one in absent), {})


def _tell(road: roads.Road, people: Iterable[UUID], *, now: datetime) -> None:
    drafts = [jobs.Draft(name=calling.SYNC, payload={"processor": road.key}, person=one) for one in people]
    with transaction.atomic():
        jobs.put_many(drafts, now=now)


@sensitive_variables()
def _named(members: Iterable[Member]) -> Iterator[tuple[str, Member]]:
    for one in members:
        try:
            yield addresses.canonical(Kind.EMAIL, one.address), one
        except BadAddress:
            continue


def _texts(value: object) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else []


def purposes(road: roads.Road) -> list[str]:
    """The purposes that can be compared on ``road``."""
    return [one.key for one in road.marketing(EMAIL) if road.processor.serves(one.key)]


def comparable() -> list[roads.Road]:
    """The roads whose processor can say whom it holds."""
    return [one for one in sync.heard() if one.processor.can(Capability.MEMBERS)]
