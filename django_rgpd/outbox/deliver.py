"""Carrying jobs out: claimed by one worker at a time, retried with patience, ended in words for staff."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.db import connections, router, transaction
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from django_rgpd.core import clock, conf, mail_line
from django_rgpd.core.errors import StaleClaim
from django_rgpd.core.failures import undisturbed
from django_rgpd.outbox import door, ends, jobs
from django_rgpd.outbox.ends import MOST_ATTEMPTS, End
from django_rgpd.outbox.models import Job, State

log = logging.getLogger(__name__)

NEAREST = 100
"""Jobs among which a worker takes the oldest; more than there are workers, for what another one is taking is left out."""

AT_THE_DOOR = timedelta(minutes=5)
"""How long a job that found the door shut waits before it asks again."""


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
        return sum(
            number for (_name, state), number in self.done.items() if state in {ends.FAILED, State.NEEDS}
        )


def run_due(*, now: datetime, limit: int | None = None, names: frozenset[str] | None = None) -> Summary:
    """Carry out the jobs that are due at ``now``, oldest first, until none is left or ``limit`` are done.

    ``names`` restricts to jobs of these names. May run in any number of processes at once.
    """
    with mail_line.kept():
        return _run(now, limit, names)


def _run(now: datetime, limit: int | None, names: frozenset[str] | None) -> Summary:
    running, summary = clock.running(now), Summary()
    while limit is None or summary.done.total() < limit:
        moment = running()
        job = claim(now=moment, names=names)
        if job is None:
            return summary
        left = None if limit is None else limit - summary.done.total()
        for said, number in attempt_together(claim_along(job, now=moment, most=left), now=moment).items():
            summary.done[job.name, said] += number
    return summary


def claim(*, now: datetime, names: frozenset[str] | None = None) -> Job | None:
    """Take the oldest job that is due, or whose worker has been silent too long; None where there is none."""
    using = router.db_for_write(Job)
    while True:
        lease = uuid.uuid4()
        job, taken = undisturbed(partial(_take, lease, now, names), using=using)
        if job is None:
            return None
        if taken:
            job.state, job.lease, job.attempts = State.RUNNING, lease, job.attempts + 1
            job.leased_until = now + jobs.LEASE
            return job


def claim_along(job: Job, *, now: datetime, most: int | None = None) -> list[Job]:
    """``job``, which was just claimed, and those that go with it: due, of its kind, payload and number of attempts.

    Not more than ``most``; they get its lease. Each failure halves how many go together, so that one that spoils the attempt of
    the others is alone in the end.
    """
    kind = jobs.registered(job.name)
    number = (
        kind.most(job) >> (job.attempts - 1) if kind is not None and kind.together and not job.progress else 1
    )
    if most is not None:
        number = min(number, most)
    if number < 2:
        return [job]
    keys = undisturbed(partial(_take_along, job, number - 1, now), using=router.db_for_write(Job))
    return [job, *Job.objects.filter(pk__in=keys, lease=job.lease).order_by("run_at", "pk")]


def _take(lease: uuid.UUID, now: datetime, names: frozenset[str] | None) -> tuple[Job | None, int]:
    """What is to be done next, and whether it was taken: 0 where another worker was there first."""
    with transaction.atomic(using=router.db_for_write(Job)):
        job = _first(now, names)
        if job is None:
            return None, 0
        taken = Job.objects.filter(pk=job.pk, state=job.state, lease=job.lease).update(
            state=State.RUNNING, lease=lease, leased_until=now + jobs.LEASE, attempts=F("attempts") + 1
        )
    return job, taken


def _take_along(job: Job, number: int, now: datetime) -> list[int]:
    with transaction.atomic(using=router.db_for_write(Job)):
        like = Job.objects.filter(
            _waits(now) | _fell_silent(now),
            name=job.name,
            payload=job.payload,
            progress={},
            attempts=job.attempts - 1,
        )
        first = _locked(like.order_by("run_at", "pk"))
        keys = list(first.values_list("pk", flat=True)[:number])
        like.filter(pk__in=keys).update(
            state=State.RUNNING,
            lease=job.lease,
            leased_until=job.leased_until,
            attempts=F("attempts") + 1,
        )
    return keys


def attempt(job: Job, *, now: datetime) -> str:
    """Carry one claimed job out, outside of any transaction of ours, and write down how it ended.

    Returns the state it ended in, ``"failed"`` where it will be tried again, ``"stale"`` where another worker
    has it.
    """
    (said,) = attempt_together([job], now=now)
    return said


def attempt_together(some: Sequence[Job], *, now: datetime) -> Counter[str]:
    """The same of jobs that were claimed together: how many ended in which state."""
    said: Counter[str] = Counter()
    try:
        for end, them in _ends(some, now=now):
            written = undisturbed(partial(ends.write, them, end, now=now), using=router.db_for_write(Job))
            said[end.said or end.state] += written
            said[ends.STALE] += len(them) - written
    except StaleClaim:
        said[ends.STALE] += len(some) - said.total()
    if said[ends.STALE]:
        log.warning("Job %s (%s) was taken over by another worker.", some[0].uuid, some[0].name)
    return +said


def retry(waiting: QuerySet[Job], *, now: datetime) -> int:
    """Put jobs that wait for a person, or for their next attempt, in line again. Returns how many."""
    states = [State.NEEDS, State.WAITING, State.REFUSED]
    return waiting.filter(state__in=states).update(
        state=State.WAITING, run_at=now, attempts=0, lease=None, leased_until=None, finished_at=None
    )


def _ends(some: Sequence[Job], *, now: datetime) -> Iterator[tuple[End, list[Job]]]:
    """Each end with the jobs that come to it."""
    first, kind = some[0], jobs.registered(some[0].name)
    barred = _barred(kind, first, now=now)
    if barred is not None or kind is None:
        outcomes: dict[int, object] = {}
    elif kind.together is not None and len(some) > 1:
        outcomes = _outcomes(kind.together, some, now=now)
    else:
        outcomes = {first.pk: _outcome(kind, first, now=now)}
    by_outcome: dict[int, End] = {}
    alike: dict[str, tuple[End, list[Job]]] = {}
    for job in some:
        outcome = outcomes.get(job.pk)
        if id(outcome) not in by_outcome:
            by_outcome[id(outcome)] = barred or ends.of(outcome, job, now=now)
        end = by_outcome[id(outcome)]
        alike.setdefault(repr(end), (end, []))[1].append(job)
    yield from alike.values()


def _barred(kind: jobs.Registered | None, job: Job, *, now: datetime) -> End | None:
    """The end of an attempt that does not begin."""
    if kind is None:
        return End(state=State.NEEDS, note=_("Nothing carries out jobs of this name any more."))
    if kind.outward and not conf.in_production():
        return End(state=State.REFUSED, note=_("This is not production: nothing leaves it."))
    if kind.waits and (words := door.shut()):
        return ends.put_off(now + AT_THE_DOOR, words)
    if job.attempts > MOST_ATTEMPTS:
        return End(state=State.NEEDS, note=_("Its worker died, again and again."))
    return None


def _outcome(kind: jobs.Registered, job: Job, *, now: datetime) -> object:
    try:
        kind.handler(job.payload, job=job, now=now)
    except StaleClaim:
        raise
    except Exception as error:
        return error
    return None


def _outcomes(carry_out: jobs.Together, some: Sequence[Job], *, now: datetime) -> dict[int, object]:
    unsaid: object = LookupError()
    try:
        told = carry_out(some, now=now)
    except StaleClaim:
        raise
    except Exception as error:
        told, unsaid = {}, error
    return {one.pk: told.get(one.pk, unsaid) for one in some}


def _waits(now: datetime) -> Q:
    return Q(state=State.WAITING, run_at__lte=now)


def _fell_silent(now: datetime) -> Q:
    return Q(state=State.RUNNING, leased_until__lt=now)


def _first(now: datetime, names: frozenset[str] | None) -> Job | None:
    """Lock what is to be done next: first what a worker left behind, which there is little of, then what waits longest.

    Each is read off the index, and only ``NEAREST`` are put in order: many jobs have one ``run_at``, and to sort all that is due
    for each of them takes longer than the job.
    """
    for due in (_fell_silent(now), _waits(now)):
        found = Job.objects.filter(due)
        if names is not None:
            found = found.filter(name__in=names)
        nearest = list(found.order_by("run_at").values_list("pk", flat=True)[:NEAREST])
        # Where other workers are taking all of those, what comes after them.
        job = _oldest(found.filter(pk__in=nearest)) or _oldest(found) if nearest else None
        if job is not None:
            return job
    return None


def _oldest(due: QuerySet[Job]) -> Job | None:
    return _locked(due.order_by("run_at", "pk")).first()


def _locked(due: QuerySet[Job]) -> QuerySet[Job]:
    if connections[router.db_for_write(Job)].features.has_select_for_update_skip_locked:
        return due.select_for_update(skip_locked=True)
    return due
