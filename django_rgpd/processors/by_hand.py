"""What somebody did at a processor by hand: the tick with its evidence."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core.errors import Refused
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling
from django_rgpd.processors.base import Capability, Evidence

OPEN = (State.NEEDS, State.WAITING, State.REFUSED)
"""The states in which a job can be ticked."""


def done(job: Job, *, reference: str, by: str, now: datetime) -> Job:
    """``job`` was done at the processor by hand; ``reference`` is the evidence (their number, the day of their mail), ``by`` the
    user who says so.

    Its payload is emptied, and an erasure that waited for it goes on. Raises ``Refused``, with nothing changed, where the job
    calls no processor, runs at this moment or has ended.
    """
    with transaction.atomic():
        found = Job.objects.select_for_update().get(pk=job.pk)
        if found.name not in calling.NAMES:
            raise Refused(_("This job is about no processor."))
        if found.state not in OPEN:
            raise Refused(_("This job runs at this moment, or has ended."))
        evidence = Evidence(reference=reference)
        if found.name == calling.ERASE:
            calling.answered(
                Capability.ERASE, found.payload, State.DONE, job=found, now=now, evidence=evidence
            )
        key = str(found.payload.get("processor", ""))
        found.progress = {**found.progress, "processor": key, "evidence": evidence.as_json(), "by": by}
        found.state, found.payload, found.note, found.finished_at = State.DONE, {}, "", now
        found.save(update_fields=["state", "payload", "note", "finished_at", "progress"])
        return found
