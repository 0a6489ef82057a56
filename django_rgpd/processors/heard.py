"""News of processors: written down by number at once, and passed on by a job, so that none is lost or heard twice."""

from __future__ import annotations

from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.db import IntegrityError, transaction

from django_rgpd import signals
from django_rgpd.outbox import jobs
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.models import Job
from django_rgpd.processors.models import Heard

NEWS = "processor.news"

REMEMBERED = relativedelta(days=60)
"""How long a number is known; Stripe sends nothing again that is older than thirty days."""


def hear(processor: str, event: str, kind: str, *, about: str = "", now: datetime) -> bool:
    """Write down that the processor called ``processor`` told of ``event``; returns whether that is new.

    ``about``: their id of what it is about. It stands in the job alone, until the job is done.
    """
    try:
        with transaction.atomic():
            # First, so that of two at once the second waits for the first, and finds it there.
            Heard.objects.create(processor=processor, event=event, kind=kind, at=now)
            payload = {"processor": processor, "event": event, "kind": kind, "about": about}
            jobs.put(NEWS, payload, now=now)
    except IntegrityError:
        return False
    return True


@jobs.job(NEWS)
def pass_on(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Send the news to who listens; a receiver that fails is called again."""
    told = {name: str(payload.get(name, "")) for name in ("processor", "event", "kind", "about")}
    signals.processor_news.send(sender=Job, at=now, **told)


@daily("processors.heard")
def forget(*, now: datetime) -> None:
    """Let numbers go that are not sent again."""
    Heard.objects.filter(at__lt=now - REMEMBERED).delete()
