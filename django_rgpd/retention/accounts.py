"""The end of an account that nobody used for its whole term: warned of twice, kept by an answer, else erased."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from dateutil.relativedelta import relativedelta
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from django_rgpd.core import clock, links
from django_rgpd.core.errors import BadLink, RgpdError
from django_rgpd.erasure import reach, statements
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.outbox import mail
from django_rgpd.policy import Occasion
from django_rgpd.registry import people, registry
from django_rgpd.registry.conditions import NEVER, all_of
from django_rgpd.registry.expressions import key_text
from django_rgpd.registry.models import Person
from django_rgpd.retention import marks

if TYPE_CHECKING:
    from django.db.models import Model

log = logging.getLogger(__name__)

KEEP = "keep-account"
"""The purpose of the link by which a person keeps her account."""
WARNED = "account.warned"
KEPT = "account.kept"

DAYS_BEFORE = (30, 7)
"""When a person is warned, in days before the end; no account ends without both, however late the first."""

AT_ONCE = 500
"""Accounts that one run warns or ends: the next run goes on."""


def warn(*, now: datetime) -> int:
    """Warn the people whose account ends soon and who were not warned yet since their last contact; returns how many.

    Nobody, while what decides on accounts waits for an approval.
    """
    warned = 0
    if not _adopted():
        return warned
    for number, days in enumerate(DAYS_BEFORE):
        ahead = now + relativedelta(days=days)
        soon = _people(ending(at=ahead)).filter(_warnings(number))
        if number:
            soon = soon.filter(_warned_until(_days_ago(DAYS_BEFORE[number - 1] - days, now=now)))
        for person in soon[:AT_ONCE]:
            _warn(person, now=now, end=clock.legal_day(ahead))
            warned += 1
    return warned


def end(*, now: datetime) -> int:
    """Erase the accounts whose term is over, that were warned of twice and that nobody answered for; returns how many.

    None, while what decides on accounts waits for an approval.
    """
    ended = 0
    if not _adopted():
        return ended
    since = _days_ago(DAYS_BEFORE[-1], now=now)
    over = _people(ending(at=now)).filter(_warnings(len(DAYS_BEFORE)), _warned_until(since))
    for person in over[:AT_ONCE]:
        try:
            with transaction.atomic():
                # A login at the last second takes the same row: whoever comes second sees what the first did.
                people.lock(person)
                if not _people(ending(at=now)).filter(pk=person.pk).exists():
                    continue
                erase(person, how="term", now=now)
        except RgpdError as error:
            log.error("The account of person %s does not end: %s.", person.uuid, type(error).__name__)
        else:
            ended += 1
    return ended


def keep(token: str, *, now: datetime) -> Person:
    """The person answered her warning: a contact like any other (no answer is an answer too).

    Raises ``BadLink`` for a link that is none of ours or whose person was erased.
    """
    person = people.by_uuid(links.read(KEEP, token))
    if person is None or person.erased_at is not None:
        raise BadLink
    with transaction.atomic():
        people.lock(person)
        people.contact(person.uuid, at=now)
        record(KEPT, person=person, now=now, how="link")
    return person


def ending(*, at: datetime) -> QuerySet[Model]:
    """Accounts all of whose personal fields are released by their terms at ``at``; those of staff never are."""
    entry = registry.of(get_user_model())
    if entry is None or not entry.declaration.fields:
        return get_user_model()._base_manager.none()
    groups = reach.grouped(entry, entry.declaration.fields, Occasion.TERM, now=at)
    whole = all_of(*(group.released for group in groups))
    if whole == NEVER:
        return get_user_model()._base_manager.none()
    names = {field.name for field in entry.model._meta.concrete_fields}
    staff = Q(**{name: True for name in ("is_staff", "is_superuser") if name in names}, _connector=Q.OR)
    rows = statements.rows_of(entry, whole)
    return rows.exclude(staff) if staff else rows


def _adopted() -> bool:
    entry = registry.of(get_user_model())
    return entry is not None and marks.adopted(entry)


def _people(accounts: QuerySet[Any]) -> QuerySet[Person]:
    key = get_user_model()._meta.pk
    keys = accounts.annotate(rgpd_key=key_text("pk", key)).values("rgpd_key")
    return Person.objects.filter(user_key__in=keys, erased_at__isnull=True).order_by("pk")


def _since_contact() -> QuerySet[Event]:
    return Event.objects.filter(kind=WARNED, person=OuterRef("uuid"), at__gte=OuterRef("last_contact"))


def _warnings(number: int) -> Q:
    """People who were warned ``number`` times since their last contact."""
    each = [Exists(_since_contact().filter(how=str(days))) for days in DAYS_BEFORE]
    return all_of(*(Q(one) for one in each[:number]), *(~Q(one) for one in each[number:]))


def _warned_until(instant: datetime) -> Q:
    """People all of whose warnings are as old as ``instant``."""
    return ~Q(Exists(_since_contact().filter(at__gt=instant)))


def _days_ago(days: int, *, now: datetime) -> datetime:
    """The end of the legal day so many days ago: a nightly run that begins some seconds earlier than the last one counts."""
    day = clock.legal_day(now) - relativedelta(days=days)
    return datetime.combine(day, time.max, tzinfo=clock.legal_zone())


def _warn(person: Person, *, now: datetime, end: date) -> None:
    days = next(days for days in _left(person))
    with transaction.atomic():
        record(WARNED, person=person, now=now, how=str(days))
        mail.send(
            "retention/account_ending",
            person=person.uuid,
            context={
                "end": end,
                "keep_url": links.absolute(
                    reverse("django_rgpd:keep_account", args=[links.sign(KEEP, person.uuid)])
                ),
            },
            now=now,
        )


def _left(person: Person) -> Iterable[int]:
    """The warnings that she did not get since her last contact, the first one first."""
    told = set(
        Event.objects.filter(kind=WARNED, person=person.uuid, at__gte=person.last_contact).values_list(
            "how", flat=True
        )
    )
    return (days for days in DAYS_BEFORE if str(days) not in told)
