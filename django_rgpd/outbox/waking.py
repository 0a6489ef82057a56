"""Waking workers by the task backend, once a job is there for them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from django_rgpd.outbox.models import Job

log = logging.getLogger(__name__)

MOST_WOKEN = 100
"""Tasks that many jobs written at once send off: each does all that is due, so that more than there are workers is enough."""


def after_commit(written: Sequence[Job], *, now: datetime) -> None:
    """Have the jobs that the caller's transaction wrote looked for, once it has committed."""
    for job in written[:MOST_WOKEN]:
        transaction.on_commit(partial(wake, job.run_at, now=now), robust=True)


def wake(run_at: datetime, *, now: datetime) -> None:
    """Tell the task backend that there is something to do; whatever it answers, the row is there.

    A backend that would run the task on the spot is left alone: mails are not sent while a visitor waits,
    and a stranger must not learn from the time whether an address is known. There ``rgpd_run`` does the
    work.
    """
    from django_rgpd.outbox.tasks import work

    try:
        backend = work.get_backend()
        if type(backend).__name__ in {"ImmediateBackend", "DummyBackend"}:
            return
        if run_at <= now:
            work.enqueue()
        elif backend.supports_defer:
            work.using(run_after=run_at).enqueue()
    except Exception as error:  # a broken queue must never break the request that wrote the job
        log.error("The task backend fails (%s); rgpd_run will do the work.", type(error).__name__)
