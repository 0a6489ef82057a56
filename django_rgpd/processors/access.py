"""What processors hold of a person, for the copy of her data (art. 15); what one does not say is a task for staff."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import conf
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import NeedsSomeone
from django_rgpd.processors import calling, references, roads, telling
from django_rgpd.processors.base import Call, Capability, Contact
from django_rgpd.registry import Subject

Record = tuple[str, Mapping[str, object]]
"""The vendor's kind of a record, and the record."""


def holders() -> tuple[roads.Road, ...]:
    """The roads that can be asked; none where this is not production."""
    if not conf.in_production():
        return ()
    return tuple(one for one in roads.every() if one.processor.can(Capability.EXPORT))


@sensitive_variables()
def records(road: roads.Road, subject: Subject, *, job: Job, now: datetime) -> Iterator[Record]:
    """What ``road``'s processor holds under the addresses that she proved and the ids that the shop has of her, each record once.

    Raises what the processor's ``export`` raises, at any record.
    """
    told = set()
    for kind, record in _told(road, subject, job=job, now=now):
        text = json.dumps([kind, record], sort_keys=True, default=str)
        digest = blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
        if digest not in told:
            told.add(digest)
            yield kind, record


@sensitive_variables()
def _told(road: roads.Road, subject: Subject, *, job: Job, now: datetime) -> Iterator[Record]:
    named = tuple(references.of(subject).get(road.key, ()))
    first, *others = sorted(subject.emails) or [""]
    call = Call(job=job, now=now)
    if first or named:
        yield from road.processor.export(Contact(address=first, references=(*named, *others)), call=call)
    # One at a time, for who knows addresses only; another may have looked for all of them at once.
    if not road.processor.references:
        for one in others:
            yield from road.processor.export(Contact(address=one), call=call)


def missed(road: roads.Road, subject: Subject, *, about: str, now: datetime) -> None:
    """Have staff ask the processor themselves, for the copy called ``about`` went without what it holds."""
    jobs.put(
        calling.ACCESS,
        {"processor": road.key, "export": about},
        key=f"{about}:{road.key}"[:128],
        person=subject.uuid,
        due_at=now + telling.ANSWER - telling.BEFORE,
        now=now,
    )


@jobs.job(calling.ACCESS)
def by_hand(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Wait for somebody: what was handed over is not changed any more."""
    raise NeedsSomeone(
        _("A copy of somebody's data went without what they hold: get it there, send it, then note it here.")
    )
