"""Destroys the exports of who is erased, in the transaction of the erasure."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from django_rgpd.export import request
from django_rgpd.export.models import ExportRequest
from django_rgpd.registry import Subject, ending


def _hers(subject: Subject) -> QuerySet[ExportRequest]:
    return ExportRequest.objects.filter(person__in=subject.uuids)


@ending.ends(_hers)
def end_with_the_person(subject: Subject, *, now: datetime) -> None:
    """Cancel what waits, delete what could be collected; a job at work finds out before it publishes.

    What stays of a request says nothing of whose account it was.
    """
    request.cancel(_hers(subject), now=now)
    _hers(subject).update(user_key=None)
