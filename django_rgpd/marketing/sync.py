"""Who decides what a processor holds of a person's marketing: what stands in the shop when the job is carried out.

A job says who, never what: it reads what stands, tells the processor, and reads again, so that neither order nor delay nor a
second worker leaves the processor with anything else.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import addressees, permission, state
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone, Later
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call, Capability, Contact, Evidence, Processor
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a processor ought to hold of one person: ``live``, the purposes for which she may be written to, and since when she
    agreed; ``over``, the others, and of these ``undecided``, of which nobody ever said anything; ``former``, the other addresses
    that are hers. ``uuids``: she, and whoever was merged into her.
    """

    contact: Contact = field(repr=False)
    live: dict[str, datetime | None]
    over: tuple[str, ...]
    undecided: tuple[str, ...]
    former: tuple[str, ...] = field(repr=False)
    uuids: tuple[UUID, ...]


def put(person: UUID, *, purpose: str = "", channel: str = "", moved: bool = False, now: datetime) -> int:
    """Write down, in the caller's transaction, that processors have to hear of ``person``; returns how many.

    ``purpose`` and ``channel``: what changed, all of marketing where empty. ``moved``: her address did.
    """
    if channel not in {"", EMAIL}:
        return 0
    keys = [road.key for road in heard() if purpose in {"", *(one.key for one in road.marketing(EMAIL))}]
    payload = {MOVED: True} if moved else {}
    return jobs.put_many(
        [jobs.Draft(name=calling.SYNC, payload={"processor": key, **payload}, person=person) for key in keys],
        now=now,
    )


@jobs.job(calling.SYNC, outward=True)
@sensitive_variables()
def sync(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Have the processor hold what stands in the shop now."""
    if job.person is None:
        raise Gone
    road = roads.of(str(payload.get("processor", "")))
    seen = wanted(job.person, road, now=now)
    if seen is None:
        raise Gone(_("There is nobody to tell them about any more."))
    moved = bool(payload.get(MOVED))
    calling.call(lambda road, call: _tell(road.processor, seen, moved, call), payload, job=job, now=now)
    if wanted(job.person, road, now=now) != seen:
        raise Later(now + timedelta(seconds=1), _("It changed while they were told."))


@sensitive_variables()
def wanted(person: UUID, road: roads.Road, *, now: datetime) -> Wanted | None:
    """What the processor ought to hold of ``person``; None where she was erased, or has no address they could know her by."""
    return wanted_of([person], road, now=now).get(person)


@sensitive_variables()
def wanted_of(named: Collection[UUID], road: roads.Road, *, now: datetime) -> dict[UUID, Wanted]:
    """The same of each of ``named`` of whom there is something to tell: as many queries as for one, at most ``MANY`` at once."""
    holders = people.standing_of(named)
    there = {one.pk: one for one in holders.values() if one.erased_at is None}
    addresses = {pk: str(one.canonical) for pk, one in permission.addresses_for(there, EMAIL).items()}
    answers = {
        one.key: addressees.ask(set(addresses.values()), one.key, now=now) for one in road.marketing(EMAIL)
    }
    hers = [one for pk, one in there.items() if pk in addresses]
    carried = (
        {one.pk: subject for one, subject in zip(hers, people.subjects(hers), strict=True)} if hers else {}
    )
    fields = _fields(road.processor, hers)
    found = {}
    for uuid, holder in holders.items():
        if (address := addresses.get(holder.pk)) is None:
            continue
        asked = {purpose: told[address] for purpose, told in answers.items()}
        live = {purpose: _since(one, purpose) for purpose, one in asked.items() if one.answer}
        contact = Contact(
            address=address,
            fields=fields.get(holder.pk, {}) if live else {},
            language=holder.language,
        )
        found[uuid] = Wanted(
            contact=contact,
            live=live,
            over=tuple(purpose for purpose in asked if purpose not in live),
            undecided=tuple(purpose for purpose, one in asked.items() if _undecided(one, purpose)),
            former=tuple(sorted(carried[holder.pk].emails - {address})),
            uuids=carried[holder.pk].uuids,
        )
    return found


def _undecided(asked: addressees.Addressee, purpose: str) -> bool:
    nothing = state.standing(asked.states, purpose, EMAIL) is None
    return nothing and asked.answer.reason == permission.NO_BASIS


def _since(asked: addressees.Addressee, purpose: str) -> datetime | None:
    row = state.standing(asked.states, purpose, EMAIL)
    return row.since if row is not None and row.live else None


@sensitive_variables()
def _tell(processor: Processor, seen: Wanted, moved: bool, call: Call) -> Evidence:
    """First what must stop, then what may begin: whatever fails between leaves her with too little mail, not with too much."""
    answers = [processor.opt_out(seen.contact, one, call=call) for one in seen.over]
    if moved:
        answers += [_move(processor, Contact(address=one), seen, call) for one in seen.former]
    if processor.can(Capability.SUBSCRIBE):
        answers += [
            processor.subscribe(agreed(seen.contact, at), purpose, call=call)
            for purpose, at in seen.live.items()
        ]
    there = [one for one in answers if not one.absent]
    return there[-1] if there else Evidence(absent=True)


@sensitive_variables()
def _move(processor: Processor, former: Contact, seen: Wanted, call: Call) -> Evidence:
    """They know her by her address of now, or, where they cannot, by the old one no more."""
    if processor.can(Capability.UPDATE):
        return processor.update(former, seen.contact, call=call)
    answers = [processor.opt_out(former, one, call=call) for one in (*seen.over, *seen.live)]
    return answers[-1] if answers else Evidence(absent=True)


def agreed(contact: Contact, at: datetime | None) -> Contact:
    """``contact``, who agreed then."""
    return replace(contact, agreed_at=at)


@sensitive_variables()
def _fields(processor: Processor, holders: Collection[Person]) -> dict[int, dict[str, str]]:
    """The columns of their accounts that the setting names, and no other; by the key of the person."""
    accounts = people.accounts_of(holders) if processor.fields else {}
    return {
        pk: {
            name: str(value)
            for name, column in processor.fields.items()
            if (value := getattr(account, column, ""))
        }
        for pk, account in accounts.items()
    }


def heard() -> tuple[roads.Road, ...]:
    """The roads on which marketing is told of."""
    return tuple(
        one for one in roads.every() if one.marketing(EMAIL) and one.processor.can(Capability.OPT_OUT)
    )
