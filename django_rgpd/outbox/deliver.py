"""Carrying jobs out: claimed by one worker at a time, retried with patience, ended in words for staff."""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import SystemRandom

from django.db import connections, router, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.core.errors import Refused, StaleClaim
from django_rgpd.outbox import door, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, Gone, Later, NeedsSomeone

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 12
"""Attempts, over about a day, after which a job waits for a person."""

AT_THE_DOOR = timedelta(minutes=5)
"""How long a job that found the door shut waits before it asks again."""

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=6)
_chance = SystemRandom()


@dataclass(slots=True)
class Summary:
    """What one run did: how many jobs ended in which state, by name of job."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def counts(self) -> dict[str, int]:
        """How many jobs ended in each state."""
        total: Counter[str] = Counter()
        for (_name, state), number in self.done.items():
            total[state] += number
        return dict(total)

    @property
    def failed(self) -> int:
        """How many jobs were put off after a fault, or wait for a person now."""
        return sum(number for (_name, state), number in self.done.items() if state in {"failed", State.NEEDS})


def run_due(*, now: datetime, limit: int | None = None, names: frozenset[str] | None = None) -> Summary:
    """Carry out the jobs that are due at ``now``, oldest first, until none is left or ``limit`` are done.

    ``names`` restricts to jobs of these names. May run in any number of processes at once.
    """
    started = time.monotonic()
    summary = Summary()
    while limit is None or summary.done.total() < limit:
        moment = now + timedelta(seconds=time.monotonic() - started)
        job = claim(now=moment, names=names)
        if job is None:
            return summary
        summary.done[job.name, attempt(job, now=moment)] += 1
    return summary


def claim(*, now: datetime, names: frozenset[str] | None = None) -> Job | None:
    """Take the oldest job that is due, or whose worker has been silent too long; None where there is none."""
    while True:
        with transaction.atomic(using=router.db_for_write(Job)):
            job = _locked(_due(now, names)).first()
            if job is None:
                return None
            lease = uuid.uuid4()
            taken = Job.objects.filter(pk=job.pk, state=job.state, lease=job.lease).update(
                state=State.RUNNING, lease=lease, leased_until=now + jobs.LEASE, attempts=F("attempts") + 1
            )
        if taken:
            job.state, job.lease, job.attempts = State.RUNNING, lease, job.attempts + 1
            job.leased_until = now + jobs.LEASE
            return job


def attempt(job: Job, *, now: datetime) -> str:
    """Carry one claimed job out, outside of any transaction of ours, and write down how it ended.

    Returns the state it ended in, ``"failed"`` where it will be tried again, ``"stale"`` where another worker
    has it.
    """
    try:
        return _attempt(job, now=now)
    except StaleClaim:
        log.warning("Job %s (%s) was taken over by another worker.", job.uuid, job.name)
        return "stale"


def retry(waiting: QuerySet[Job], *, now: datetime) -> int:
    """Put jobs that wait for a person, or for their next attempt, in line again. Returns how many."""
    states = [State.NEEDS, State.WAITING, State.REFUSED]
    return waiting.filter(state__in=states).update(
        state=State.WAITING, run_at=now, attempts=0, lease=None, leased_until=None, finished_at=None
    )


def pause(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: doubling up to six hours, give or take a fifth."""
    longest = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 16), _LONGEST_PAUSE)
    return timedelta(seconds=longest.total_seconds() * _chance.uniform(0.8, 1.2))


def _attempt(job: Job, *, now: datetime) -> str:
    kind = jobs.registered(job.name)
    if kind is None:
        return _end(job, State.NEEDS, now=now, note=_("Nothing carries out jobs of this name any more."))
    if kind.outward and not conf.in_production():
        return _end(job, State.REFUSED, now=now, note=_("This is not production: nothing leaves it."))
    if kind.waits and (words := door.shut()):
        return _put_off(job, now + AT_THE_DOOR, note=words, attempts=job.attempts - 1)
    if job.attempts > MOST_ATTEMPTS:
        return _end(job, State.NEEDS, now=now, note=_("Its worker died, again and again."))
    try:
        kind.handler(job.payload, job=job, now=now)
    except StaleClaim:
        raise
    except Gone as end:
        return _end(job, State.GONE, now=now, note=end.note)
    except Declined as end:
        return _end(job, State.REFUSED, now=now, note=end.note)
    except Refused as end:
        return _end(job, State.REFUSED, now=now, note=str(end.reason))
    except NeedsSomeone as end:
        return _end(job, State.NEEDS, now=now, note=end.note)
    except Later as end:
        return _put_off(
            job, max(end.at, now + timedelta(seconds=1)), note=end.note, attempts=job.attempts - 1
        )
    except Exception as error:
        return _failed(job, error, now=now)
    return _end(job, State.DONE, now=now)


def _failed(job: Job, error: Exception, *, now: datetime) -> str:
    # The name of the error alone: a message may quote a row or an address.
    kind = type(error).__name__
    log.warning("Job %s (%s), attempt %d: %s.", job.uuid, job.name, job.attempts, kind)
    if job.attempts >= MOST_ATTEMPTS:
        note = _("Given up after %(attempts)d attempts: %(error)s.") % {
            "attempts": job.attempts,
            "error": kind,
        }
        return _end(job, State.NEEDS, now=now, note=note)
    note = _("Attempt %(attempts)d failed: %(error)s.") % {"attempts": job.attempts, "error": kind}
    _put_off(job, now + pause(job.attempts), note=note, attempts=job.attempts)
    return "failed"


def _end(job: Job, state: State, *, now: datetime, note: str = "") -> str:
    changes: dict[str, object] = {
        "state": state,
        "note": note[:200],
        "finished_at": None if state == State.NEEDS else now,
    }
    if state in {State.DONE, State.GONE}:
        changes["payload"] = {}
    _write(job, changes)
    return state


def _put_off(job: Job, at: datetime, *, note: str, attempts: int) -> str:
    _write(job, {"state": State.WAITING, "run_at": at, "note": note[:200], "attempts": attempts})
    return State.WAITING


def _write(job: Job, changes: dict[str, object]) -> None:
    """Write as the worker who holds the lease, or not at all."""
    held = Job.objects.filter(pk=job.pk, lease=job.lease, state=State.RUNNING)
    if not held.update(**changes, lease=None, leased_until=None):
        msg = f"Job {job.uuid} belongs to another worker now."
        raise StaleClaim(msg)


def _due(now: datetime, names: frozenset[str] | None) -> QuerySet[Job]:
    due = Job.objects.filter(
        Q(state=State.WAITING, run_at__lte=now) | Q(state=State.RUNNING, leased_until__lt=now)
    ).order_by("run_at", "pk")
    return due if names is None else due.filter(name__in=names)


def _locked(due: QuerySet[Job]) -> QuerySet[Job]:
    if connections[router.db_for_write(Job)].features.has_select_for_update_skip_locked:
        return due.select_for_update(skip_locked=True)
    return due
