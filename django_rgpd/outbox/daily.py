"""What is done once a legal day, and what is done at every run: the registers, and their one caller."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from dateutil.relativedelta import relativedelta
from django.db.models import Q

from django_rgpd.core import clock
from django_rgpd.core.errors import Misconfigured
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job, State

log = logging.getLogger(__name__)

PREFIX = "daily."
KEPT = relativedelta(months=3)
"""How long a done job is shown before its row goes."""

UNREAD = relativedelta(months=1)
"""How long a job that nobody took care of keeps its payload, which may name an address."""


class Duty(Protocol):
    """Something to do; must be harmless when done twice, and catch up when a day was missed."""

    def __call__(self, *, now: datetime) -> object: ...


_daily: dict[str, Duty] = {}
_each_run: dict[str, Duty] = {}


def daily(name: str, *, waits: bool = False) -> Callable[[Duty], Duty]:
    """Have the decorated ``function(*, now)`` called once a legal day, as a job that is retried.

    ``waits``: it writes to people, and so waits while the ``door`` is shut.
    """

    def register(duty: Duty) -> Duty:
        _add(_daily, name, duty)

        def handler(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
            duty(now=now)

        handler.__module__, handler.__qualname__ = duty.__module__, f"daily:{name}"
        jobs.job(PREFIX + name, waits=waits)(handler)
        return duty

    return register


def each_run(name: str) -> Callable[[Duty], Duty]:
    """Have the decorated ``function(*, now)`` called at every run of ``rgpd_run``, before the jobs."""

    def register(duty: Duty) -> Duty:
        _add(_each_run, name, duty)
        return duty

    return register


def put_today(*, now: datetime) -> list[str]:
    """Write the jobs of the legal day of ``now`` that are not written yet. Returns their names."""
    today = clock.legal_day(now).isoformat()
    names = [PREFIX + name for name in sorted(_daily)]
    unended = Q(state__in=[State.WAITING, State.RUNNING])
    written = Job.objects.filter(Q(key=today) | unended, name__in=names)
    standing = set(written.values_list("name", flat=True))
    due = [name for name in names if name not in standing]
    for name in due:
        jobs.put(name, {}, key=today, now=now)
    return due


def run_each(*, now: datetime) -> dict[str, str]:
    """Call what is done at every run. Returns the name of the error of each one that failed."""
    failed: dict[str, str] = {}
    for name, duty in sorted(_each_run.items()):
        try:
            duty(now=now)
        except Exception as error:  # one duty's fault must not keep the others from being done
            failed[name] = type(error).__name__
            log.error("%s failed: %s.", name, failed[name])
    return failed


def _add(register: dict[str, Duty], name: str, duty: Duty) -> None:
    known = register.get(name)
    if known is not None and (known.__module__, known.__qualname__) != (duty.__module__, duty.__qualname__):  # type: ignore[attr-defined]
        msg = f"{name!r} is registered already, by {known.__module__}."
        raise Misconfigured(msg)
    register[name] = duty


@daily("outbox.tidy")
def tidy(*, now: datetime) -> None:
    """Let old jobs go, and what jobs that nobody took care of still say about people."""
    Job.objects.filter(state__in=[State.DONE, State.GONE], finished_at__lt=now - KEPT).delete()
    unread = Job.objects.filter(state__in=[State.NEEDS, State.REFUSED], run_at__lt=now - UNREAD)
    unread.exclude(payload={}).update(payload={})
