"""The one task that backends see: it does all that is due, so that losing one loses nothing."""

from __future__ import annotations

from django_tasks import task

from django_rgpd.core import clock
from django_rgpd.outbox import daily, deliver, files, mail  # noqa: F401 - they register their jobs


@task()
def work() -> dict[str, int]:
    """Carry out every job that is due; returns how many ended in which state."""
    return deliver.run_due(now=clock.now()).counts
