"""Placing a hold, and looking at it again: who may, of what, why and until when it is reviewed (art. 18, 17.3 b and e)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.timezone import is_aware
from django.utils.translation import gettext as _

from django_rgpd import signals
from django_rgpd.core import clock, conf
from django_rgpd.core.errors import Refused
from django_rgpd.holds import reach
from django_rgpd.holds.ending import news, told
from django_rgpd.ledger.record import record
from django_rgpd.policy import current
from django_rgpd.registry import holds, people, registry
from django_rgpd.registry.models import Hold, HoldKind, Person

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

PERMISSION = "django_rgpd.place_hold"
PLACED = "hold.placed"
REVIEWED = "hold.reviewed"

By = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a declared model: its label ("orders.Order") and its key."""

    label: str
    key: str


def place(
    kind: str,
    *,
    reason: str,
    review_on: date,
    by: By,
    now: datetime,
    person: Person | UUID | None = None,
    row: Row | None = None,
    purposes: Collection[str] = (),
) -> Hold:
    """Keep all that is ``person``'s, or one ``row`` and those that follow it, until the hold is lifted.

    ``kind`` is one of ``HoldKind``; under a restriction what is held is not used either (art. 18.2). ``reason`` is for staff, and
    names nobody. ``review_on`` is the day by which ``by``, who answers for the hold, looks at it again (of an instant, its
    legal day). ``purposes`` limits it to fields that serve one of them.

    Raises ``PermissionDenied``, and ``Refused`` where it would hold nothing, is held already, or a word or the day is missing.
    """
    may(by)
    if kind not in HoldKind.values:
        raise Refused(_("This is no kind of hold."))
    found = Hold(
        site=conf.get().SITE,
        kind=kind,
        purposes=sorted(_known(purposes)),
        reason=noted(reason, now=now),
        owner=str(by.pk),
        since=now,
        review_on=_ahead(review_on, now=now),
    )
    with transaction.atomic(using=Hold.objects.db):
        _aim(found, person, row)
        holds.alone()
        if found.person is not None and not found.label and _stands(found, found.person):
            raise Refused(_twice())
        try:
            with transaction.atomic(using=Hold.objects.db):
                found.save(force_insert=True)
        except IntegrityError:
            raise Refused(_twice()) from None
        record(PLACED, person=found.person, now=now, actor=actor(by), payload=told(found))
        signals.hold_placed.send(Hold, **news(found))
    return found


def review(hold: Hold, *, reason: str, review_on: date, by: By, now: datetime) -> Hold:
    """Note that ``hold`` was looked at and why it goes on, until another review; ``by`` answers for it from now on.

    Raises ``PermissionDenied``, and ``Refused`` for a hold that was lifted, an end that was announced, no reason or a day that
    has come.
    """
    may(by)
    line, day = noted(reason, now=now), _ahead(review_on, now=now)
    with transaction.atomic(using=Hold.objects.db):
        found = locked(hold)
        if found.ends_at is not None:
            raise Refused(_("The end of this restriction was announced: place a new one instead."))
        found.reason, found.review_on, found.owner = f"{found.reason}\n{line}", day, str(by.pk)
        found.save(update_fields=["reason", "review_on", "owner"])
        record(REVIEWED, person=found.person, now=now, actor=actor(by), payload=told(found))
    return found


def locked(hold: Hold) -> Hold:
    """``hold`` read again and locked. Raises ``Refused`` where it was lifted meanwhile."""
    found = Hold.objects.select_for_update().get(pk=hold.pk)
    if found.lifted_at is not None:
        raise Refused(_("This hold was lifted already."))
    return found


def may(by: By) -> None:
    """Raises ``PermissionDenied`` for who may not place, review or lift holds."""
    if not (isinstance(by, PermissionsMixin) and by.has_perm(PERMISSION)):
        raise PermissionDenied


def actor(by: By) -> str:
    """How the ledger names who did it."""
    return f"user:{by.pk}"


def noted(reason: str, *, now: datetime) -> str:
    """A line of the hold's history. Raises ``Refused`` for an empty reason."""
    if not reason.strip():
        raise Refused(_("Say why, without naming anybody."))
    return f"{clock.legal_day(now).isoformat()} {reason.strip()}"


def _ahead(day: date, *, now: datetime) -> date:
    """The day itself; of an instant, its legal day."""
    if not isinstance(day, date):
        raise Refused(_("Say by which day it is looked at again."))
    if isinstance(day, datetime):
        day = clock.legal_day(day) if is_aware(day) else day.date()
    if day <= clock.legal_day(now):
        raise Refused(_("The day of the review must be still to come."))
    return day


def _known(purposes: Collection[str]) -> set[str]:
    """An unknown purpose would hold nothing, and nobody would notice."""
    unknown = set(purposes) - {one.key for one in current().purposes}
    if unknown:
        raise Refused(_("The policy has no such purpose: %(keys)s.") % {"keys": ", ".join(sorted(unknown))})
    return set(purposes)


def _aim(hold: Hold, person: Person | UUID | None, row: Row | None) -> None:
    """Say of ``hold`` what it is about; the person, where it is one, is locked first, as by her erasure."""
    if row is not None:
        entry = _entry(row)
        hold.label, hold.key = entry.label, _key(entry, row)
        if not reach.holds_something(entry, hold.key, hold.purposes):
            raise Refused(
                _("Nothing of this row is left that serves these purposes: there is nothing to hold.")
            )
        found = _whose(entry, hold.key) if person is None else _person(person)
        hold.person = None if found is None else found.uuid
    elif person is not None:
        holder = people.lock(_person(person))
        while holder.merged_into is not None:  # while the lock was waited for
            holder = people.lock(holder.merged_into)
        if holder.erased_at is not None:
            raise Refused(_("This person was erased: place the hold on what is left, row by row."))
        subject = people.subject(holder)
        if subject.user_key is None and not subject.addresses:
            raise Refused(
                _(
                    "Nothing leads from this person to rows of the shop: she proved no address."
                    " Place the hold on the order itself."
                )
            )
        hold.person = holder.uuid
    else:
        raise Refused(_("Say whose data, or which row."))
    if hold.kind == HoldKind.RESTRICTION and hold.person is None:
        raise Refused(_("A restriction needs the person who asked for it: its end is announced to her."))


def _stands(hold: Hold, person: UUID) -> bool:
    """Whether the same stands for her already, or for somebody merged into her."""
    hers = Q(person=person) | Q(person__in=Person.objects.filter(merged_into=person).values("uuid"))
    same = Hold.objects.filter(hers, site=hold.site, kind=hold.kind, label="", purposes=hold.purposes)
    return same.filter(lifted_at__isnull=True, ends_at__isnull=True).exists()


def _twice() -> str:
    return _("This is held already for such a reason: review that hold.")


def _person(person: Person | UUID) -> Person:
    return people.standing_for(person if isinstance(person, Person) else Person.objects.get(uuid=person))


def _entry(row: Row) -> Entry:
    try:
        found = registry.labelled(row.label)
    except (LookupError, ValueError):
        found = None
    if found is None or not found.declaration.fields or found.model._meta.app_label == Hold._meta.app_label:
        raise Refused(_("%(label)s is no table whose rows can be held.") % {"label": row.label})
    return found


def _key(entry: Entry, row: Row) -> str:
    """The key as the database has it. Raises ``Refused`` where there is no such row."""
    try:
        found = entry.model._base_manager.filter(pk=row.key).values_list("pk", flat=True).first()
    except (ValueError, TypeError, ValidationError, OverflowError):
        found = None
    if found is None:
        raise Refused(_("There is no such row in %(label)s.") % {"label": entry.label})
    return str(found)


def _whose(entry: Entry, key: str) -> Person | None:
    """Whose the row is, as far as she is known here: by its account, else by its address."""
    who = entry.people[entry.main_role]
    paths = [path for path in (who.user, *who.addresses.values()) if path]
    rows = entry.model._base_manager.filter(pk=key).values(*paths)
    values: dict[str, Any] = rows.first() or {} if paths else {}
    if who.user and values.get(who.user) is not None:
        found = people.users_person(values[who.user])
    else:
        known = (people.known(kind, str(values.get(path) or "")) for kind, path in who.addresses.items())
        found = next((one for one in known if one is not None), None)
    return None if found is None else people.standing_for(found)
