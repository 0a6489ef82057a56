"""Telling processors that what they were given of a person is another by now (art. 16, 19): a job says who, never what.

As with marketing it reads what stands when it is carried out, tells, and reads again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core.errors import Misconfigured
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone, Later
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, given, references, roads
from django_rgpd.processors.base import Call, Capability, Contact, Evidence
from django_rgpd.registry import people

if TYPE_CHECKING:
    from django.db.models import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """What a processor ought to hold of one person, and by what it may know her: ``ids`` of theirs, ``former`` addresses."""

    contact: Contact = field(repr=False)
    ids: tuple[str, ...] = field(repr=False)
    former: tuple[str, ...] = field(repr=False)


def corrected(*accounts: Any, now: datetime) -> int:
    """Write down, in the caller's transaction, that a column of ``accounts`` that processors are given was corrected.

    Django's ``save()`` says so by itself; a shop calls this after a ``QuerySet.update()``. Returns how many jobs were written, in
    as many statements for many accounts as for one.
    """
    return put(*people.users_people(one.pk for one in accounts), to=giving(), now=now)


def put(*whom: UUID, to: tuple[roads.Road, ...], now: datetime) -> int:
    """Write a job for each of ``whom`` and each road of ``to``, in the caller's transaction; returns how many."""
    drafts = [
        jobs.Draft(name=calling.RECTIFY, payload={"processor": road.key}, person=one)
        for one in whom
        for road in to
    ]
    return jobs.put_many(drafts, now=now)


def giving() -> tuple[roads.Road, ...]:
    """The roads on which columns of accounts are given, and can be corrected."""
    return tuple(
        one for one in roads.every() if one.processor.fields and one.processor.can(Capability.UPDATE)
    )


def knowing() -> tuple[roads.Road, ...]:
    """The roads that know people by more than an address, and are told of another one; marketing tells its own itself."""
    able = [one for one in roads.every() if one.processor.can(Capability.UPDATE)]
    named = [one for one in able if one.processor.fields or one.processor.references]
    return tuple(one for one in named if not one.marketing(EMAIL))


def watched(model: type[Model]) -> Mapping[str, set[str]]:
    """The relation that leads from an account to ``model`` ("" for its own) → the columns of it that are given to somebody.

    Nothing where the policy or a setting cannot be used: the system checks say so, and saving a row goes on.
    """
    found: dict[str, set[str]] = defaultdict(set)
    try:
        every = [one for road in giving() for one in given.places(road.processor)]
    except Misconfigured:
        return found
    for place, name, relation in every:
        if place is model._meta.concrete_model:
            found[relation].add(name)
        elif relation and model._meta.concrete_model is get_user_model():
            pointer = get_user_model()._meta.get_field(relation)
            found[""] |= {relation} if pointer.concrete else set()
    return found


@jobs.job(calling.RECTIFY, outward=True)
@sensitive_variables()
def rectify(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Have the processor hold what stands in the shop now."""
    if job.person is None:
        raise Gone
    road = roads.of(str(payload.get("processor", "")))
    seen = stands(job.person, road)
    if seen is None:
        raise Gone(_("There is nobody to tell them about any more."))
    evidence = calling.call(lambda road, call: _tell(road, seen, call), payload, job=job, now=now)
    if stands(job.person, road) != seen:
        raise Later(now + timedelta(seconds=1), _("It changed while they were told."))
    if evidence.absent:
        raise Gone(_("They had nothing of this person."))


@sensitive_variables()
def stands(person: UUID, road: roads.Road) -> Stands | None:
    """What ``road``'s processor ought to hold of ``person``; None where she was erased, or nothing names her there."""
    holder = people.by_uuid(person)
    if holder is None or holder.erased_at is not None:
        return None
    known = people.known_of(holder)
    address = known.emails[0] if known.emails else ""
    ids = tuple(references.of(known.subject).get(road.key, ()))
    if not (address or ids):
        return None
    fields = given.of(road.processor, holder)
    return Stands(
        contact=Contact(address=address, fields=fields, language=holder.language),
        ids=ids,
        former=tuple(sorted(known.subject.emails - {address})),
    )


@sensitive_variables()
def _tell(road: roads.Road, seen: Stands, call: Call) -> Evidence:
    now = seen.contact
    whole = Contact(address=now.address, references=(*seen.ids, *seen.former))
    formers = (
        [whole] if road.processor.references else [whole, *(Contact(address=one) for one in seen.former)]
    )
    answers = [road.processor.update(one, now, call=call) for one in formers]
    there = [one for one in answers if not one.absent]
    return there[-1] if there else Evidence(absent=True)
