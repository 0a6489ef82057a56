"""Building an export in the background: written aside, put in place whole, announced last."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils import translation

from django_rgpd import signals
from django_rgpd.core import clock, conf
from django_rgpd.export import archive, request, storage
from django_rgpd.export.elsewhere import Elsewhere
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.outbox import daily, jobs, mail
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone
from django_rgpd.registry import people

log = logging.getLogger(__name__)

_RENEWED = 30.0
_FORGOTTEN = relativedelta(days=1)
"""How old a file that no row names must be: younger ones may be of a job that is at work."""


@jobs.job(request.BUILD)
def build(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Build the export that a request asks for, and tell its owner.

    Killed at any moment it leaves a draft that nobody can collect, and is done again from the beginning. An
    export of somebody who was erased, or that was cancelled meanwhile, is destroyed.
    """
    asked = _waiting(UUID(str(payload["request"])))
    if asked is None:
        raise Gone(translation.gettext("This export is not waited for any more."))
    moment = clock.running(now)
    place = storage.place()
    with translation.override(asked.language or None), place.draft() as draft:
        person = people.by_uuid(asked.person)
        if person is None or person.erased_at is not None:
            request.cancel(ExportRequest.objects.filter(pk=asked.pk), now=now)
            raise Gone(translation.gettext("The person was erased meanwhile."))
        subject = people.subject(person)
        tick = _renewing(job, moment)
        others = Elsewhere(subject=subject, about=str(asked.uuid), job=job, now=now, tick=tick)
        extension = archive.build(
            subject, Document(asked.document), draft, now=now, tick=tick, elsewhere=others.write
        )
        size = draft.seek(0, 2)
        name = place.keep(draft, extension)
    try:
        published = _publish(asked, person.uuid, name=name, size=size, now=moment())
    except BaseException:
        place.delete(name)
        raise
    if not published:
        place.delete(name)
        raise Gone(translation.gettext("The person was erased meanwhile."))


@daily.daily("export.tidy")
def tidy(*, now: datetime) -> None:
    """Let exports go whose time is over, and files that no row names: of workers that died."""
    request.expire(now=now)
    request.forget(now=now)
    place = storage.place()
    named = set(ExportRequest.objects.exclude(name="").values_list("name", flat=True))
    for name in list(place.left_behind(before=now - _FORGOTTEN)):
        if name not in named and not name.endswith(f".{storage.CSV}"):
            place.delete(name)
            log.warning("An export that no request names was deleted.")


@daily.each_run("export.expire")
def expire(*, now: datetime) -> None:
    """Let exports go as soon as their time is over."""
    request.expire(now=now)


def _waiting(uuid: UUID) -> ExportRequest | None:
    return ExportRequest.objects.filter(uuid=uuid, state=ExportState.WAITING).first()


def _renewing(job: Job, moment: Callable[[], datetime]) -> Callable[[], None]:
    """What says, now and then, that the job is being worked on; ``StaleClaim`` where another has it."""
    last = time.monotonic()

    def tick() -> None:
        nonlocal last
        if time.monotonic() - last > _RENEWED:
            last = time.monotonic()
            jobs.renew(job, now=moment())

    return tick


def _publish(asked: ExportRequest, person: UUID, *, name: str, size: int, now: datetime) -> bool:
    """Mark the request as ready, under her lock and only if still wanted; the mail is written with it."""
    expires = now + relativedelta(days=conf.get().EXPORT_DAYS)
    with transaction.atomic():
        if people.lock(person).erased_at is not None:
            request.cancel(ExportRequest.objects.filter(pk=asked.pk), now=now)
            return False
        waiting = ExportRequest.objects.filter(pk=asked.pk, state=ExportState.WAITING)
        if not waiting.update(
            state=ExportState.READY, name=name, size=size, ready_at=now, expires_at=expires
        ):
            return False
        mail.send(
            "export/ready",
            person=person,
            context={"expires_at": expires},
            language=asked.language,
            key=f"export.ready:{asked.uuid}",
            now=now,
        )
        transaction.on_commit(
            lambda: signals.export_ready.send(ExportRequest, person=person, request=asked.uuid), robust=True
        )
    return True
