"""What holds do by themselves: a restriction ends on the day that was announced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django_rgpd.holds import lifting, replay  # noqa: F401 - it applies what a replay brings back
from django_rgpd.outbox import jobs, mail
from django_rgpd.outbox.models import Job
from django_rgpd.policy import current


@mail.prepares(lifting.MAIL)
def _announcement(context: Mapping[str, object], *, job: Job, now: datetime) -> dict[str, object]:
    """To whom she says that she does not agree."""
    return {"controller": current().controller}


@jobs.job(lifting.JOB)
def end_on_its_day(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """End the restriction that the job is about, once its end was announced; one that her erasure ended is left as it is."""
    lifting.end_announced(UUID(str(payload["hold"])), now=now)
