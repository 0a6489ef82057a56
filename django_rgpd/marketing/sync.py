"""Who decides what a processor holds of a person's marketing: what stands in the shop when the job is carried out.

A job says who, never what: it reads what stands, tells the processor, and reads again, so that neither order nor delay nor a
second worker leaves the processor with anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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
from django_rgpd.processors import calling, given, roads
from django_rgpd.processors.base import Call, Capability, Contact, Evidence, Processor
from django_rgpd.registry import Subject, people
from django_rgpd.registry.models import Person

MOVED = "moved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a processor ought to hold of one person: ``live``, the purposes for which she may be written to, and since when;
    ``agreed``, those of them to which she agreed; ``over``, the others, and of these ``undecided``, of which nobody ever said
    anything; ``former``, the other addresses that are hers. ``uuids``: she, and whoever was merged into her.
    """

    contact: Contact = field(repr=False)
    live: dict[str, datetime | None]
    agreed: frozenset[str]
    over: tuple[str, ...]
    undecided: tuple[str, ...]
    former: tuple[str, ...] = field(repr=False)
    uuids: tuple[UUID, ...]

    def about(self, purpose: str) -> Contact:
        """Her contact, with since when it may be written to for ``purpose``, one of ``live``."""
        since = self.live[purpose]
        return replace(self.contact, since=since, agreed_at=since if purpose in self.agreed else None)


def put(*people: UUID, purpose: str = "", channel: str = "", moved: bool = False, now: datetime) -> int:
    """Write down, in the caller's transaction, that processors have to hear of ``people``; returns how many jobs.

    ``purpose`` and ``channel``: what changed, all of marketing where empty. ``moved``: their addresses did.
    """
    if channel not in {"", EMAIL}:
        return 0
    keys = [road.key for road in heard() if purpose in {"", *(one.key for one in road.marketing(EMAIL))}]
    payload = {MOVED: True} if moved else {}
    drafts = [
        jobs.Draft(name=calling.SYNC, payload={"processor": key, **payload}, person=person)
        for person in people
        for key in keys
    ]
    return jobs.put_many(drafts, now=now)


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
    fields = given.of_many(road.processor, hers)
    return {
        uuid: _wanted(holder, addresses[holder.pk], carried[holder.pk], answers, fields.get(holder.pk, {}))
        for uuid, holder in holders.items()
        if holder.pk in addresses
    }


def _wanted(
    holder: Person,
    address: str,
    hers: Subject,
    answers: Mapping[str, Mapping[str, addressees.Addressee]],
    fields: Mapping[str, str],
) -> Wanted:
    asked = {purpose: told[address] for purpose, told in answers.items()}
    rows = {purpose: state.standing(one.states, purpose, EMAIL) for purpose, one in asked.items()}
    live = {purpose: rows[purpose] for purpose, one in asked.items() if one.answer}
    over = tuple(purpose for purpose in asked if purpose not in live)
    return Wanted(
        contact=Contact(address=address, fields=fields if live else {}, language=holder.language),
        live={purpose: None if row is None else row.since for purpose, row in live.items()},
        agreed=frozenset(purpose for purpose, row in live.items() if row is not None and row.live),
        over=over,
        undecided=tuple(
            one for one in over if rows[one] is None and asked[one].answer.reason == permission.NO_BASIS
        ),
        former=tuple(sorted(hers.emails - {address})),
        uuids=hers.uuids,
    )


@sensitive_variables()
def _tell(processor: Processor, seen: Wanted, moved: bool, call: Call) -> Evidence:
    """First what must stop, then what may begin: whatever fails between leaves her with too little mail, not with too much."""
    answers = [processor.opt_out(seen.contact, one, call=call) for one in seen.over]
    if moved:
        answers += [_move(processor, Contact(address=one), seen, call) for one in seen.former]
    if processor.can(Capability.SUBSCRIBE):
        answers += [
            processor.subscribe(seen.about(purpose), purpose, call=call) for purpose, at in seen.live.items()
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


def heard() -> tuple[roads.Road, ...]:
    """The roads on which marketing is told of."""
    return tuple(
        one for one in roads.every() if one.marketing(EMAIL) and one.processor.can(Capability.OPT_OUT)
    )
