"""Clocks and terms in SQL: on which rows a purpose's due day has come, and from which day a row's term counts."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import F, OuterRef, Q, Subquery

from django_rgpd.core import clock
from django_rgpd.policy import document
from django_rgpd.policy.terms import ACCOUNT_CLOSED, LAST_CONTACT, LAST_SALE, last_start, start_of
from django_rgpd.registry.conditions import NEVER, all_of, not_, on_row
from django_rgpd.registry.days import after_day, until_day
from django_rgpd.registry.expressions import key_text
from django_rgpd.registry.matching import matching, who_of
from django_rgpd.registry.models import Person
from django_rgpd.registry.paths import follow
from django_rgpd.registry.sales import BY_ADDRESS, bought, bought_after, bought_until, here

if TYPE_CHECKING:
    from django.db.models import Model
    from django.db.models.expressions import Combinable

    from django_rgpd.policy.purposes import Purpose
    from django_rgpd.registry.site import Entry


def term_over(entry: Entry, purpose: Purpose, *, now: datetime, role: str | None = None) -> Q:
    """Rows of ``entry`` on which the term of ``purpose`` is over (art. 5.1 e).

    ``role`` is the person whose clock counts where the person carries it; the first by default. A column that the declaration
    names goes before that clock. A clock that has not started (NULL) is never over, nor is a term without a length; a path to
    many is over when the last of them is.
    """
    if purpose.term.endless:
        return NEVER
    day = last_due_start(purpose, now=now)
    path = clock_path(entry, purpose)
    if path is not None:
        return _column_over(entry.model, path, day)
    role = role or entry.main_role
    if purpose.clock is LAST_CONTACT:
        return _contact_over(entry, role, day)
    if purpose.clock is LAST_SALE:
        return all_of(bought_until(entry, role, day), not_(bought_after(entry, role, day)))
    if purpose.clock is ACCOUNT_CLOSED:
        closed = here().filter(until_day(Person, "erased_at", day))
        return matching(entry, role, closed, user="user_key", person="uuid")
    return NEVER


def not_started(entry: Entry, purpose: Purpose, *, role: str | None = None) -> Q:
    """Rows of ``entry`` on which the clock of ``purpose`` has not started: kept until it does, and counted in the report.

    An account that is not closed is no such row: it is in use.
    """
    if purpose.term.endless or purpose.clock is ACCOUNT_CLOSED:
        return NEVER
    path = clock_path(entry, purpose)
    role = role or entry.main_role
    if path is not None:
        return not_(on_row(entry.model, Q(**{f"{path}__isnull": False})))
    if purpose.clock is LAST_CONTACT:
        return not_(_whose_contact(entry, role, Q(last_contact__isnull=False)))
    if purpose.clock is LAST_SALE:
        return not_(bought(entry, role, lambda _seller, sales: Q(**{f"{sales.paid_at}__isnull": False})))
    return NEVER


def last_due_start(purpose: Purpose, *, now: datetime) -> date:
    """The last day on which a clock may have started for its due day to have come by the legal day of ``now``."""
    return last_start(purpose.clock, purpose.term, clock.legal_day(now), document.current().fiscal_year)


def until(purpose: Purpose, start: date | datetime | None) -> date | None:
    """The first day on which the term of ``purpose`` is over for a clock that says ``start``; None where it has no end yet."""
    if start is None or purpose.term.endless:
        return None
    day = clock.legal_day(start) if isinstance(start, datetime) else start
    return purpose.term.due(start_of(purpose.clock, day, document.current().fiscal_year))


def due(entry: Entry, purpose: Purpose, *, role: str | None = None) -> Combinable | None:
    """The start of the term as an expression on ``entry``'s rows (a day or an instant, to be given to ``until``).

    None where no column says it: an endless term, a term that counts from the last sale, or no clock at all.
    """
    if purpose.term.endless:
        return None
    path = clock_path(entry, purpose)
    if path is not None:
        return F(path)
    who = who_of(entry, role or entry.main_role)
    if purpose.clock is not LAST_CONTACT:
        return None
    if who.user:
        account = follow(entry.model, who.user)
        hers = here().filter(user_key=key_text(OuterRef(account.key), account.key_field))
    elif who.person:
        hers = here().filter(uuid=OuterRef(who.person))
    else:
        return None
    return Subquery(hers.values("last_contact")[:1])


def clock_path(entry: Entry, purpose: Purpose) -> str | None:
    """The path of the column that starts the term of ``purpose`` in ``entry``, or nothing."""
    return entry.declaration.clocks.get(purpose.key)


def _column_over(model: type[Model], path: str, day: date) -> Q:
    if "__" not in path and not follow(model, path).hops:  # the row's own column
        return until_day(model, path, day)
    over = on_row(model, until_day(model, path, day))
    if not follow(model, path).many:
        return over
    return all_of(over, not_(on_row(model, after_day(model, path, day))))


def _contact_over(entry: Entry, role: str, day: date) -> Q:
    over = _whose_contact(entry, role, until_day(Person, "last_contact", day))
    return all_of(over, not_(_whose_contact(entry, role, after_day(Person, "last_contact", day))))


def _whose_contact(entry: Entry, role: str, contact: Q) -> Q:
    people = here().filter(contact)
    return matching(entry, role, people, user="user_key", addresses=BY_ADDRESS, person="uuid")
