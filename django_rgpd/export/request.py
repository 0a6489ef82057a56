"""Asking for an export: written down with its job, built in the background, never twice at once."""

from __future__ import annotations

from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import translation

from django_rgpd.core import conf
from django_rgpd.core.errors import Refused
from django_rgpd.export import storage
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.ledger.record import record
from django_rgpd.outbox import jobs
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

BUILD = "export.build"
DELETE = "export.delete"

AT_ONCE = 3
"""Exports of one document that are built within a day as soon as they are asked for; the next ones wait until
the first of them is a day old. No right is limited by it, only the speed (art. 12.5)."""

KEPT = relativedelta(years=1)
"""How long the page shows an export that ended; the ledger knows of it for longer."""

_DAY = relativedelta(days=1)
_STANDING = (ExportState.WAITING, ExportState.READY)


def ask(
    person: Person,
    document: Document | str,
    *,
    now: datetime,
    user: AbstractBaseUser | None = None,
    language: str = "",
    actor: str = "",
) -> ExportRequest:
    """Write down that ``person`` wants ``document`` (art. 15.3, 20.1); returns the request.

    While one of the same document waits, that one is returned. ``user``: the account that asked;
    ``language``: of its texts, the active one by default; ``actor``: who asked on her behalf. Raises
    ``Refused`` for an erased person.
    """
    wanted = Document(document)
    with transaction.atomic():
        person = people.lock(people.standing_for(person))
        if person.erased_at is not None:
            raise Refused(_nothing_left())
        standing = of(person).filter(document=wanted, state=ExportState.WAITING).first()
        if standing is not None:
            return standing
        return _written(person, wanted, user=user, language=language, actor=actor, now=now)


def of(person: Person) -> QuerySet[ExportRequest]:
    """Every request of ``person`` and of whom was merged into her, newest first."""
    uuids = people.subject(person).uuids
    return ExportRequest.objects.filter(site=conf.get().SITE, person__in=uuids).order_by("-asked_at", "-pk")


def cancel(requests: QuerySet[ExportRequest], *, now: datetime) -> int:
    """Cancel requests and have their files deleted after the commit; returns how many were standing."""
    return _end(requests.filter(state__in=_STANDING), ExportState.CANCELLED, now=now)


def expire(*, now: datetime) -> int:
    """End the exports whose time to be collected is over, and have their files deleted; returns how many."""
    over = ExportRequest.objects.filter(state=ExportState.READY, expires_at__lte=now)
    return _end(over, ExportState.EXPIRED, now=now)


def forget(*, now: datetime) -> int:
    """Delete the rows of exports that ended long ago; returns how many."""
    ended = ExportRequest.objects.exclude(state__in=_STANDING)
    return ended.filter(asked_at__lt=now - KEPT).delete()[0]


@jobs.job(DELETE)
def delete(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Delete a file that nobody may collect any more; that it is gone is what was wanted."""
    storage.place().delete(str(payload["name"]))


def _written(
    person: Person,
    document: Document,
    *,
    user: AbstractBaseUser | None,
    language: str,
    actor: str,
    now: datetime,
) -> ExportRequest:
    written = ExportRequest(
        site=conf.get().SITE,
        person=person.uuid,
        user_key=None if user is None else str(user.pk),
        document=document,
        language=language or translation.get_language() or "",
        asked_at=now,
    )
    try:
        with transaction.atomic():
            written.save(force_insert=True)
    except IntegrityError:  # asked for by another site of the same person's, or written beside the lock
        return of(person).filter(document=document, state=ExportState.WAITING).get()
    details = {"request": str(written.uuid), "document": str(document.value)}
    record(
        "export.asked",
        person=person.uuid,
        how="account" if user else "",
        actor=actor,
        payload=details,
        now=now,
    )
    jobs.put(
        BUILD,
        {"request": written.uuid},
        key=str(written.uuid),
        person=person.uuid,
        run_at=_when(person, document, now=now),
        now=now,
    )
    return written


def _when(person: Person, document: Document, *, now: datetime) -> datetime:
    lately = of(person).filter(document=document, asked_at__gt=now - _DAY, asked_at__lt=now)
    asked = list(lately.values_list("asked_at", flat=True)[:AT_ONCE])
    return asked[-1] + _DAY if len(asked) >= AT_ONCE else now


def _end(requests: QuerySet[ExportRequest], state: ExportState, *, now: datetime) -> int:
    with transaction.atomic():
        ended = list(requests.select_for_update().order_by("pk"))
        for one in ended:
            if one.name:
                jobs.put(DELETE, {"name": one.name}, key=one.name, person=one.person, now=now)
        ExportRequest.objects.filter(pk__in=[one.pk for one in ended]).update(state=state, name="", size=0)
    return len(ended)


def _nothing_left() -> str:
    return translation.gettext("There is no data of yours to be exported: it was erased.")
