"""Who decides what a processor holds of a person's marketing: what stands in the shop when the job is carried out.

A job says who, never what: it reads what stands, tells the processor, and reads again, so that neither order nor delay nor a
second worker leaves the processor with anything else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import addressees, permission, state
from django_rgpd.core import addresses, clock
from django_rgpd.outbox import door, jobs
from django_rgpd.outbox.deliver import AT_THE_DOOR
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Gone, Later
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, given, patience, roads
from django_rgpd.processors.base import Call, Capability, Contact, Evidence, Processor
from django_rgpd.registry import Subject, people
from django_rgpd.registry.models import Address, Kind, Person

MOVED = "moved"
STOPPED = "stopped"
_A_MOMENT = timedelta(seconds=3)


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

    def about(self, purpose: str, stopped: Mapping[str, datetime] | None = None) -> Contact:
        """Her contact, with since when it may be written to for ``purpose``, one of ``live``.

        ``stopped``: purpose → when they had been told to stop although she had agreed by then: up to it no refusal is hers.
        """
        agreed, ours = self.live[purpose], (stopped or {}).get(purpose)
        since = max((one for one in (agreed, ours) if one is not None), default=None)
        return replace(self.contact, since=since, agreed_at=agreed if purpose in self.agreed else None)

    def stopped_before(self, now: Wanted | None) -> list[str]:
        """The purposes of which they were told to stop, and for which she may be written to ``now``."""
        return [one for one in self.over if now is not None and one in now.live]


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


@sensitive_variables()
def put_back(people: Mapping[UUID, Collection[str]], key: str, *, now: datetime) -> None:
    """Write down that the processor ``key`` was told to stop by us, while each of ``people`` agreed to these purposes.

    Else it would hold that for a refusal of hers, later than what she agreed to.
    """
    drafts = [
        jobs.Draft(
            name=calling.SYNC,
            payload={"processor": key, STOPPED: dict.fromkeys(purposes, now)},
            person=person,
        )
        for person, purposes in people.items()
    ]
    with transaction.atomic():
        jobs.put_many(drafts, now=now)


def stopped_by_us(people: Collection[UUID], key: str, purpose: str) -> dict[UUID, datetime]:
    """Of ``people``, those whom the processor ``key`` has yet to put back, and until when a refusal there is ours."""
    waiting = Job.objects.filter(
        name=calling.SYNC,
        state__in=calling.UNTOLD,
        person__in=people,
        payload__processor=key,
        payload__has_key=STOPPED,
    )
    found = {one.person: _stopped(one.payload).get(purpose) for one in waiting.order_by("pk")}
    return {person: at for person, at in found.items() if person is not None and at is not None}


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
    moved, stopped = bool(payload.get(MOVED)), _stopped(payload)
    if moved and _former_is_told(seen, job):
        raise Later(
            now + patience.spread(_A_MOMENT), _("Something about this person is just being sent to them.")
        )
    calling.call(
        lambda road, call: _tell(road.processor, seen, moved, stopped, call), payload, job=job, now=now
    )
    after = wanted(job.person, road, now=now)
    if purposes := seen.stopped_before(after):
        put_back({job.person: purposes}, road.key, now=clock.now())
    elif after != seen:
        raise Later(now + timedelta(seconds=1), _("It changed while they were told."))


@sensitive_variables()
def wanted(person: UUID, road: roads.Road, *, now: datetime) -> Wanted | None:
    """What the processor ought to hold of ``person``; None where she was erased, or has no address they could know her by."""
    return wanted_of([person], road, now=now).get(person)


@sensitive_variables()
def wanted_of(named: Collection[UUID], road: roads.Road, *, now: datetime) -> dict[UUID, Wanted]:
    """The same of each of ``named`` of whom there is something to tell: as many queries as for one, at most ``MANY`` at once.

    Raises ``Later`` while the door is shut: nobody may be written to then, which would look as if everybody had left.
    """
    if shut := door.shut():
        raise Later(now + AT_THE_DOOR, shut)
    holders = people.standing_of(named)
    there = {one.pk: one for one in holders.values() if one.erased_at is None}
    current = {pk: str(one.canonical) for pk, one in permission.addresses_for(there, EMAIL).items()}
    answers = {
        one.key: addressees.ask(set(current.values()), one.key, now=now) for one in road.marketing(EMAIL)
    }
    hers = [one for pk, one in there.items() if pk in current]
    carried = {one.pk: subject for one, subject in zip(hers, people.subjects(hers), strict=True)}
    fields = given.of_many(road.processor, hers)
    return {
        uuid: _wanted(holder, current[holder.pk], carried[holder.pk], answers, fields.get(holder.pk, {}))
        for uuid, holder in holders.items()
        if holder.pk in current
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
def _tell(
    processor: Processor, seen: Wanted, moved: bool, stopped: Mapping[str, datetime], call: Call
) -> Evidence:
    """First what must stop, then what may begin: whatever fails between leaves her with too little mail, not with too much."""
    answers = [processor.opt_out(seen.contact, one, call=call) for one in seen.over]
    if moved:
        answers += [_move(processor, Contact(address=one), seen, call) for one in seen.former]
    if processor.can(Capability.SUBSCRIBE):
        answers += [
            processor.subscribe(seen.about(purpose, stopped), purpose, call=call) for purpose in seen.live
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


def _stopped(payload: jobs.Payload) -> dict[str, datetime]:
    kept = payload.get(STOPPED)
    found = {key: parse_datetime(str(at)) for key, at in kept.items()} if isinstance(kept, dict) else {}
    return {key: at for key, at in found.items() if at is not None}


@sensitive_variables()
def _former_is_told(seen: Wanted, job: Job) -> bool:
    """Whether a job of before the move is just telling them what stood then: it must arrive first, or it would stay there."""
    digests = [one.hex for one in addresses.digests(Kind.EMAIL, seen.contact.address)]
    holders = Address.objects.filter(site=job.site, kind=Kind.EMAIL, digest__in=digests)
    had = Person.objects.filter(pk__in=holders.values("person")).values_list("uuid", flat=True)
    earlier = Job.objects.filter(
        name=calling.SYNC, state=State.RUNNING, pk__lt=job.pk, payload__processor=job.payload["processor"]
    )
    return earlier.filter(person__in={*seen.uuids, *had}).exists()


def heard() -> tuple[roads.Road, ...]:
    """The roads on which marketing is told of."""
    return tuple(
        one for one in roads.every() if one.marketing(EMAIL) and one.processor.can(Capability.OPT_OUT)
    )
