"""The end of an account that nobody used for its whole term: warned of twice, kept by an answer, else erased."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from dateutil.relativedelta import relativedelta
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from django_rgpd.core import clock, links
from django_rgpd.core.errors import BadLink, RgpdError
from django_rgpd.erasure import reach, statements
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.outbox import deliver, mail
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import Occasion
from django_rgpd.registry import people, registry
from django_rgpd.registry.conditions import all_of, is_never
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
MAIL = "retention/account_ending"

DAYS_BEFORE = (30, 7)
"""When a person is warned, in days before the end; no account ends without both, however late the first."""

AT_ONCE = 500
"""Accounts that one run warns or ends: the next run goes on. Those that are refused are tried besides, and keep no other back."""


class AccountsLeft(RgpdError):
    """Accounts whose term is over could not be erased; the text says how many, and of nobody who."""


def warn(*, now: datetime) -> int:
    """Warn the people whose account ends soon and who were not warned yet since their last contact; returns how many.

    Nobody, while what decides on accounts waits for an approval.
    """
    warned = 0
    if not _adopted():
        return warned
    _write_again(now=now)
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

    None, while what decides on accounts waits for an approval. A warning counts once its mail has left, or once it is known
    that there is no address to write to. Raises ``AccountsLeft`` where some were refused, after the others have ended.
    """
    ended = left = 0
    if not _adopted():
        return ended
    since = _days_ago(DAYS_BEFORE[-1], now=now)
    told = (_warnings(len(DAYS_BEFORE)), _warned_until(since), _mailed_until(since))
    over = _people(ending(at=now)).filter(*told)
    for person in _in_turn(over):
        if ended == AT_ONCE:
            break
        try:
            with transaction.atomic():
                # A login at the last second takes the same row: whoever comes second sees what the first did.
                people.lock(person)
                if not _people(ending(at=now)).filter(pk=person.pk).exists():
                    continue
                erase(person, how="term", now=now)
        except ImproperlyConfigured:
            raise
        except Exception as error:  # a row's own save() may raise anything
            left += 1
            log.error("The account of person %s does not end: %s.", person.uuid, type(error).__name__)
        else:
            ended += 1
    if left:
        raise AccountsLeft(str(left))
    return ended


def language(token: str) -> str:
    """Which language the person reads who got the link, as far as it is known. Raises ``BadLink``."""
    return people.language_of(links.read(KEEP, token))


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
    if is_never(whole):
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


def _in_turn(rows: QuerySet[Person]) -> Iterator[Person]:
    """Each of ``rows`` once, a page of keys at a time: those that stay do not stand before the others."""
    last = 0
    while page := list(rows.filter(pk__gt=last)[:AT_ONCE]):
        yield from page
        last = page[-1].pk


def _since_contact() -> QuerySet[Event]:
    return Event.objects.filter(kind=WARNED, person=OuterRef("uuid"), at__gte=OuterRef("last_contact"))


def _warnings(number: int) -> Q:
    """People who were warned ``number`` times since their last contact."""
    each = [Exists(_since_contact().filter(how=str(days))) for days in DAYS_BEFORE]
    return all_of(*(Q(one) for one in each[:number]), *(~Q(one) for one in each[number:]))


def _warned_until(instant: datetime) -> Q:
    """People all of whose warnings are as old as ``instant``."""
    return ~Q(Exists(_since_contact().filter(at__gt=instant)))


def _mailed_until(instant: datetime) -> Q:
    """People of whose warnings no mail is still to leave, and none left after ``instant``.

    The mail is written with the event and is never lost; one that is not there any more left months ago (``daily.tidy``).
    """
    mails = _mails().filter(person=OuterRef("uuid"), created_at__gte=OuterRef("last_contact"))
    unsent = ~Q(state__in=[State.DONE, State.GONE])
    return ~Q(Exists(mails.filter(unsent | Q(finished_at__gt=instant))))


def _mails() -> QuerySet[Job]:
    return Job.objects.filter(name=mail.JOB, key__startswith=f"{WARNED}:")


def _write_again(*, now: datetime) -> None:
    """A warning that nobody took care of for a month lost its text (``daily.tidy``): it is written, and tried, once more."""
    silent = Person.objects.filter(uuid=OuterRef("person"), erased_at=None)
    lost = _mails().filter(
        Exists(silent.filter(last_contact__lte=OuterRef("created_at"))),
        state__in=[State.NEEDS, State.REFUSED],
        payload={},
    )
    for job in lost[:AT_ONCE]:
        draft = mail.draft(MAIL, context={}, person=job.person)
        with transaction.atomic():
            same = Job.objects.filter(pk=job.pk, payload={})
            if deliver.retry(same, now=now):
                same.update(payload=draft.payload)


def _days_ago(days: int, *, now: datetime) -> datetime:
    """The end of the legal day so many days ago: a nightly run that begins some seconds earlier than the last one counts."""
    day = clock.legal_day(now) - relativedelta(days=days)
    return datetime.combine(day, time.max, tzinfo=clock.legal_zone())


def _warn(person: Person, *, now: datetime, end: date) -> None:
    days = next(days for days in _left(person))
    with transaction.atomic():
        record(WARNED, person=person, now=now, how=str(days))
        mail.send(MAIL, context={"end": end}, person=person.uuid, key=_key(person, days), now=now)


def _key(person: Person, days: int) -> str:
    """One mail for each warning since a contact."""
    return f"{WARNED}:{days}:{person.uuid}:{person.last_contact:%Y%m%d}"


@mail.prepares(MAIL)
def _completed(context: Mapping[str, object], *, job: Job, now: datetime) -> dict[str, object] | None:
    """The link, and the day: not before this warning is as old as it must be, however late it leaves.

    None where she was in touch since it was written.
    """
    person = people.by_uuid(job.person) if job.person else None
    if person is None or (person.last_contact is not None and person.last_contact > job.created_at):
        return None
    soonest = clock.legal_day(now) + relativedelta(days=DAYS_BEFORE[-1])
    written = context.get("end")
    keep = reverse("django_rgpd:keep_account", args=[links.sign(KEEP, person.uuid)])
    return {
        "end": max(written, soonest) if isinstance(written, date) else soonest,
        "keep_url": links.absolute(keep),
    }


def _left(person: Person) -> Iterable[int]:
    """The warnings that she did not get since her last contact, the first one first."""
    told = set(
        Event.objects.filter(kind=WARNED, person=person.uuid, at__gte=person.last_contact).values_list(
            "how", flat=True
        )
    )
    return (days for days in DAYS_BEFORE if str(days) not in told)
