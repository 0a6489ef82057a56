"""Telling processors that a person was erased: one job for each, kept after until it has answered (art. 17.2, 19)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import conf
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Gone, Later, NeedsSomeone
from django_rgpd.policy import EMAIL
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call, Capability, Contact, Evidence
from django_rgpd.registry import people
from django_rgpd.registry.addresses import holder
from django_rgpd.registry.models import Kind

ANSWER = relativedelta(months=1)
"""Within which the person has an answer (art. 12.3)."""

BEFORE = relativedelta(days=10)
"""How long before that staff must know that a processor has not done it."""

_A_MOMENT = timedelta(minutes=1)


def due() -> tuple[roads.Road, ...]:
    """The roads on which an erasure has to go."""
    return tuple(one for one in holding() if not one.processor.keeps())


def writing() -> tuple[roads.Road, ...]:
    """The roads on which marketing by email was told of, and an erasure can go."""
    return tuple(one for one in due() if one.marketing(EMAIL) and one.processor.can(Capability.ERASE))


def holding() -> tuple[roads.Road, ...]:
    """Those, and the ones that keep what they hold, of which the person is told why."""
    return tuple(one for one in roads.every() if Capability.ERASE in roads.needed(one.recipient))


def drafts(
    keys: Iterable[str],
    addresses: Sequence[str],
    *,
    erasure: UUID | None,
    people: Sequence[UUID],
    references: Mapping[str, Sequence[str]],
    asked_at: datetime,
) -> list[jobs.Draft]:
    """The jobs that tell the processors ``keys`` of the erasure of the person who has ``people`` as uuids.

    ``erasure``: what keeps what they answer; None where nobody asked for one, and only what they hold has lost its reason.
    ``references``: of the shop's columns, by processor (``references.of``). They and ``addresses`` stand
    in clear in each job until its processor has answered: nothing else leads to her there.
    """
    return [
        jobs.Draft(
            name=calling.ERASE,
            payload={
                "processor": key,
                "erasure": str(erasure or ""),
                "addresses": list(addresses),
                "people": [str(one) for one in people],
                "references": list(references.get(key, ())),
            },
            person=people[0],
            due_at=asked_at + ANSWER - BEFORE,
        )
        for key in keys
    ]


@jobs.job(calling.ERASE, outward=True)
@sensitive_variables()
def erase(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Have everything go that the processor holds under any of the addresses; that there is nothing is what was wanted."""
    _after_what_runs(payload, now=now)
    if not payload.get("erasure") and any(_proven_anew(one) for one in texts(payload, "addresses")):
        _tell_of_newcomers(payload, now=now)
        raise Gone(_("Somebody has proven this address since: they hear what she decided."))
    try:
        evidence = calling.call(lambda road, call: _erase_all(road, payload, call), payload, job=job, now=now)
    except (NeedsSomeone, Declined) as no:
        state = State.NEEDS if isinstance(no, NeedsSomeone) else State.REFUSED
        calling.answered(Capability.ERASE, payload, state, job=job, now=now)
        raise
    state = State.GONE if evidence.absent else State.DONE
    with transaction.atomic():
        calling.answered(Capability.ERASE, payload, state, job=job, now=now, evidence=evidence)
        _tell_of_newcomers(payload, now=now)
    if evidence.absent:
        raise Gone(_("They had nothing of this person."))


@daily("processors.unfinished")
def try_again(*, now: datetime) -> None:
    """What needs someone is tried again each day: a key is renewed, a service comes back.

    It also keeps the address that the job needs from being taken for unread.
    """
    deliver.retry(Job.objects.filter(name__in=calling.NAMES, state=State.NEEDS), now=now)


@sensitive_variables()
def _erase_all(road: roads.Road, payload: jobs.Payload, call: Call) -> Evidence:
    first, *others = texts(payload, "addresses") or [""]
    # All at once for who wants it so: a wait for one of them must not keep the others from being told.
    whole = Contact(address=first, references=(*texts(payload, "references"), *others))
    contacts = [whole, *(Contact(address=one) for one in others)]
    found = [road.processor.erase(one, call=call) for one in contacts]
    there = [one for one in found if not one.absent]
    last = there[-1] if there else Evidence(absent=True)
    places = sum(one.places or 0 for one in there)
    return Evidence(absent=not there, reference=last.reference, status=last.status, places=places or None)


def _after_what_runs(payload: jobs.Payload, *, now: datetime) -> None:
    """What is just being told of her must arrive before the erasure, or it would bring her back there."""
    hers = Job.objects.filter(
        name__in=(calling.SYNC, calling.RECTIFY),
        state=State.RUNNING,
        payload__processor=payload.get("processor"),
    )
    if hers.filter(person__in=texts(payload, "people")).exists():
        raise Later(now + _A_MOMENT, _("Something about this person is just being sent to them."))


def _proven_anew(text: str) -> bool:
    entry = holder(Kind.EMAIL, text, site=conf.get().SITE)
    return entry is not None and entry.proven_at is not None


def _tell_of_newcomers(payload: jobs.Payload, *, now: datetime) -> None:
    """Who has one of the addresses by now is somebody new, of whom they have to hear again."""
    for text in texts(payload, "addresses"):
        newcomer = people.known("email", text)
        if newcomer is not None:
            jobs.put(calling.SYNC, {"processor": payload["processor"]}, person=newcomer.uuid, now=now)


def texts(payload: jobs.Payload, name: str) -> list[str]:
    """The texts that a payload has under ``name``."""
    kept = payload.get(name)
    return [str(one) for one in kept] if isinstance(kept, list) else []
