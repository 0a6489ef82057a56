"""Lifting a hold; the end of a restriction is announced to the person first (art. 18.3)."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.holds.ending import end, told
from django_rgpd.holds.placing import By, actor, locked, may, noted
from django_rgpd.ledger.record import record
from django_rgpd.outbox import jobs, mail
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.registry.days import beginning
from django_rgpd.registry.models import Hold, HoldKind

ANNOUNCED = "hold.announced"
JOB = "hold.end"
MAIL = "holds/restriction_ending"

NOTICE = relativedelta(days=7)
"""How long before its end a restriction's end is announced."""


def lift(hold: Hold, *, reason: str, by: By, now: datetime) -> Hold:
    """Let ``hold`` stand no more: at once, or, for a restriction, on the day that the person is told by mail.

    Raises ``PermissionDenied``, and ``Refused`` for a hold that was lifted, an end that was announced already, or no reason.
    """
    may(by)
    line = noted(reason, now=now)
    with transaction.atomic(using=Hold.objects.db):
        found = locked(hold)
        if found.ends_at is not None:
            raise Refused(_("The end of this restriction was announced already."))
        found.reason = f"{found.reason}\n{line}"
        found.save(update_fields=["reason"])
        if found.kind == HoldKind.RESTRICTION and found.person is not None:
            return _announce(found, found.person, by=by, now=now)
        return end(found.uuid, how="staff", actor=actor(by), now=now)


def end_announced(uuid: UUID, *, now: datetime) -> None:
    """End the restriction whose day has come.

    Raises ``Later`` while the mail that says so is on its way, ``NeedsSomeone`` where it does not leave: nothing ends that
    was not announced.
    """
    mails = Job.objects.filter(name=mail.JOB, key=_key(uuid))
    if mails.filter(state__in=[State.WAITING, State.RUNNING]).exists():
        raise Later(now + relativedelta(hours=1))
    if mails.filter(state=State.NEEDS).exists():
        raise NeedsSomeone(_("A restriction must not end before the mail that announces it has left."))
    end(uuid, how="announced", now=now)


def _announce(hold: Hold, person: UUID, *, by: By, now: datetime) -> Hold:
    day = clock.legal_day(now) + NOTICE
    hold.ends_at = beginning(day)
    hold.save(update_fields=["ends_at"])
    record(
        ANNOUNCED, person=person, now=now, actor=actor(by), payload={**told(hold), "ends_on": day.isoformat()}
    )
    mail.send(MAIL, person=person, context={"day": day}, key=_key(hold.uuid), now=now)
    ends(hold, now=now)
    return hold


def ends(hold: Hold, *, now: datetime) -> None:
    """Have ``hold`` end on the day that was announced; twice is once."""
    jobs.put(
        JOB, {"hold": str(hold.uuid)}, now=now, run_at=hold.ends_at, key=str(hold.uuid), person=hold.person
    )


def _key(uuid: UUID) -> str:
    return f"hold:{uuid}"
