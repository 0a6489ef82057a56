"""Destroys the exports of who is erased, in the transaction of the erasure."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.export import request
from django_rgpd.export.models import ExportRequest
from django_rgpd.registry.models import Person


@receiver(signals.person_erased, dispatch_uid="django_rgpd.export.erased")
def erased(*, person: UUID, at: datetime | None = None, **_: object) -> None:
    """Cancel what waits, delete what could be collected; a job at work finds out before it publishes.

    What stays of a request says nothing of whose account it was.
    """
    hers = Person.objects.filter(Q(uuid=person) | Q(merged_into=person)).values("uuid")
    mine = Q(person=person) | Q(person__in=hers)
    requests = ExportRequest.objects.filter(mine)
    request.cancel(requests, now=at or clock.now())
    requests.update(user_key=None)
