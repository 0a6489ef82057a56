"""Once a day what changed at a processor since the last time is read, so that no webhook that got lost is missed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock
from django_rgpd.marketing import comparing
from django_rgpd.outbox import jobs
from django_rgpd.outbox.daily import daily
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Gone
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call, Evidence

OVERLAP = timedelta(minutes=10)
"""What is read twice, because clocks differ and they count whole seconds."""


@daily("marketing.pull")
def ask(*, now: datetime) -> None:
    """Write one job for each processor that can say what changed, unless one is still under way."""
    for road in comparing.comparable():
        pending = Job.objects.filter(
            name=calling.COMPARE, state__in=calling.UNTOLD, payload__processor=road.key
        )
        with transaction.atomic():
            if not pending.exists():
                jobs.put(calling.COMPARE, {"processor": road.key}, key=road.key, now=now)


@jobs.job(calling.COMPARE, outward=True)
@sensitive_variables()
def pull(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Apply what people ended there. How far it came stands with the job: a worker that takes it over goes on there."""
    if not payload:
        raise Gone
    calling.call(_pull, payload, job=job, now=now)


def since(key: str) -> datetime | None:
    """From when on the changes at the processor ``key`` are to be read; None where they never were."""
    done = Job.objects.filter(
        name=calling.COMPARE, state=State.DONE, progress__processor=key, progress__whole=True
    )
    last = done.order_by("-created_at").values_list("progress", flat=True).first()
    began = parse_datetime(str(last.get("began", ""))) if last else None
    return began - OVERLAP if began else None


def first_page(at: datetime | None) -> dict[str, object]:
    """The page at which the changes since ``at`` begin."""
    told = {"standings": [str(one) for one in comparing.CHANGES]}
    return {**told, "since": at.replace(microsecond=0).isoformat()} if at else {**told}


@sensitive_variables()
def _pull(road: roads.Road, call: Call) -> Evidence:
    job = call.job
    kept = {"began": call.now.isoformat(), "pages": {}, "found": {}, **job.progress}
    start = first_page(since(road.key))
    pages = dict(kept["pages"])
    counts: Counter[str] = Counter(kept["found"])
    for purpose in comparing.purposes(road):
        page = pages.get(purpose, start)
        for step in comparing.compare(road, purpose, page=page, apply=True, call=call):
            counts.update(str(one.difference) for one in step.found)
            pages[purpose] = dict(step.next)
            progress = {**kept, "processor": road.key, "pages": pages, "found": dict(counts)}
            jobs.renew(job, now=clock.now(), progress=progress)
    jobs.renew(job, now=clock.now(), progress={**job.progress, "whole": True})
    return Evidence(places=sum(counts.values()) or None)
