"""One call to a processor: where it is, whether it has room, what came of it, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd import signals
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.processors import patience, roads
from django_rgpd.processors.base import Call, Capability, Evidence, Unreachable, Unsupported

ERASE = "processor.erase"
SYNC = "processor.sync"
ACCESS = "processor.access"
RECTIFY = "processor.rectify"
MOVED = "processor.moved"
COMPARE = "processor.compare"
NAMES = frozenset({ERASE, SYNC, RECTIFY, ACCESS, MOVED, COMPARE})
"""The jobs about processors; each has the processor's key in its payload."""

UNTOLD = (State.WAITING, State.RUNNING, State.NEEDS)
"""Where a job stands that has still to tell them."""

_ROOM = timedelta(seconds=3)

T = TypeVar("T")
Step = Callable[[roads.Road, Call], Evidence]


@sensitive_variables()
def make(step: Callable[[roads.Road, Call], T], payload: jobs.Payload, *, job: Job, now: datetime) -> T:
    """Take ``step`` on the road that ``payload`` names; returns what it returns.

    Raises the outcomes of ``outbox``: ``NeedsSomeone`` where the road is gone or cannot do it, ``Later`` where the vendor
    asked to be left alone or has no room. Any other error is tried again by the outbox.
    """
    key = payload.get("processor")
    if not isinstance(key, str):
        raise NeedsSomeone(_("What this was about was cleared: nobody had taken care of it for a month."))
    road = roads.of(key)
    _room(road, job=job, now=now)
    try:
        return step(road, Call(job=job, now=now))
    except Unsupported:
        msg = _("%(name)s cannot do this: tell them yourself, then note here that you did.")
        raise NeedsSomeone(msg % {"name": key}) from None
    except Unreachable as busy:
        if busy.after is None:
            raise
        note = _("They asked to be left alone for a while.")
        raise Later(now + patience.spread(busy.after), note) from None


@sensitive_variables()
def call(step: Step, payload: jobs.Payload, *, job: Job, now: datetime) -> Evidence:
    """The same, and keep the evidence with the job."""
    evidence = make(step, payload, job=job, now=now)
    jobs.renew(job, now=now, progress={**job.progress, **progress(payload, evidence)})
    return evidence


def progress(payload: jobs.Payload, evidence: Evidence) -> dict[str, object]:
    """What a job keeps of a call once its payload is emptied."""
    return {"processor": payload["processor"], "evidence": evidence.as_json()}


def answered(
    step: Capability,
    payload: jobs.Payload,
    state: State,
    *,
    job: Job,
    now: datetime,
    evidence: Evidence | None = None,
) -> None:
    """Send the news of what a processor answered."""
    signals.processor_answered.send(
        sender=Job,
        processor=str(payload.get("processor", "")),
        step=step.value,
        person=job.person,
        about=str(payload.get("erasure", "")),
        state=str(state),
        evidence=evidence.as_json() if evidence else {},
        at=now,
    )


def under_way(key: str, *, but: Job, now: datetime) -> int:
    """How many other calls to the processor ``key`` are running, over all workers."""
    running = Job.objects.filter(
        name__in=NAMES, state=State.RUNNING, leased_until__gte=now, payload__processor=key
    )
    # Jobs that are carried out together share their lease, and are one call.
    return running.exclude(lease=but.lease).values("lease").distinct().count()


def _room(road: roads.Road, *, job: Job, now: datetime) -> None:
    # Each claim is committed before it counts the others, so that the last to come sees all that run.
    if under_way(road.key, but=job, now=now) >= road.processor.at_once:
        raise Later(now + patience.spread(_ROOM), _("Enough calls to them are under way."))
