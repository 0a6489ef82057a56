"""What erasure does later and once a day: importing this registers its jobs."""

from __future__ import annotations

from datetime import datetime

from django_rgpd.erasure import afterwards, sessions, stored
from django_rgpd.outbox.daily import daily

JOBS = (afterwards.SECOND_PASS, afterwards.OPEN_BUSINESS, stored.JOB)
"""The kinds of jobs that this room carries out."""


@daily("erasure.sign_ins")
def tidy(*, now: datetime) -> None:
    """Drop what the index knows of sessions that ran out."""
    sessions.purge(now=now)
