"""How an attempt ends: what an outcome means for the row, and the one statement that writes it for who holds the lease."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom

from django.db.models import F
from django.utils.translation import gettext as _

from django_rgpd.core.errors import Refused
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import ALONE, Alone, Declined, Gone, Later, NeedsSomeone

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 12
"""Attempts, over about a day, after which a job waits for a person."""

FAILED = "failed"
STALE = "stale"

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_chance = SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """What becomes of a job: its ``state`` and the ``note`` for staff; ``at``: when it is tried again.

    ``counted``: whether the attempt counts as one. ``said``: what a run's summary calls it. ``progress``: kept with the job.
    """

    state: State
    note: str = ""
    at: datetime | None = None
    counted: bool = True
    said: str = ""
    progress: Mapping[str, object] = field(default_factory=dict)


def put_off(at: datetime, note: str) -> End:
    """Tried again at ``at``, and this attempt counts for nothing."""
    return End(state=State.WAITING, at=at, note=note, counted=False)


def of(outcome: object, job: Job, *, now: datetime) -> End:
    """How the attempt at ``job`` ends that ended in ``outcome``: what its handler raised, or anything else where it went well."""
    if isinstance(outcome, Gone):
        return End(state=State.GONE, note=outcome.note)
    if isinstance(outcome, Declined):
        return End(state=State.REFUSED, note=outcome.note)
    if isinstance(outcome, Refused):
        return End(state=State.REFUSED, note=str(outcome.reason))
    if isinstance(outcome, NeedsSomeone):
        return End(state=State.NEEDS, note=outcome.note)
    if isinstance(outcome, Later):
        return put_off(max(outcome.at, now + timedelta(seconds=1)), outcome.note)
    if isinstance(outcome, Alone):
        return End(state=State.WAITING, at=now, counted=False, progress={ALONE: True})
    if isinstance(outcome, Exception):
        return _failed(job, outcome, now=now)
    return End(state=State.DONE, progress=outcome if isinstance(outcome, Mapping) else {})


def write(some: Sequence[Job], end: End, *, now: datetime) -> int:
    """Write ``end`` for ``some`` jobs of one lease, as the worker who holds it or not at all; returns for how many it did."""
    changes: dict[str, object] = {
        "state": end.state,
        "note": end.note[:200],
        "lease": None,
        "leased_until": None,
    }
    if end.state == State.WAITING:
        changes["run_at"] = end.at or now
    else:
        changes["finished_at"] = None if end.state == State.NEEDS else now
    if end.state in {State.DONE, State.GONE}:
        changes["payload"] = {}
    if not end.counted:
        changes["attempts"] = F("attempts") - 1
    if end.progress:
        changes["progress"] = jobs.as_json(end.progress)
    held = Job.objects.filter(pk__in=[one.pk for one in some], lease=some[0].lease, state=State.RUNNING)
    return held.update(**changes)


def pause(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: doubling up to six hours, give or take a fifth."""
    longest = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 16), _LONGEST_PAUSE)
    return timedelta(seconds=longest.total_seconds() * _chance.uniform(0.8, 1.2))


def _failed(job: Job, error: Exception, *, now: datetime) -> End:
    # The name of the error alone: a message may quote a row or an address.
    kind = type(error).__name__
    log.warning("Job %s (%s), attempt %d: %s.", job.uuid, job.name, job.attempts, kind)
    told = {"attempts": job.attempts, "error": kind}
    if job.attempts >= MOST_ATTEMPTS:
        return End(state=State.NEEDS, note=_("Given up after %(attempts)d attempts: %(error)s.") % told)
    note = _("Attempt %(attempts)d failed: %(error)s.") % told
    return End(state=State.WAITING, at=now + pause(job.attempts), note=note, said=FAILED)
