"""Open business: rows on which something is still owed, their own or borrowed from a row that they follow."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from django_rgpd.core import clock
from django_rgpd.registry.conditions import NEVER, all_of, any_of, is_never, on_row
from django_rgpd.registry.days import until_day
from django_rgpd.registry.declaration import Follows, OpenBusiness
from django_rgpd.registry.followed import target
from django_rgpd.registry.paths import follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.policy.terms import Term
    from django_rgpd.registry.site import Entry


def open_rows(entry: Entry) -> Q | None:
    """Rows on which business is open, or None where the declaration knows none.

    Open business is asked of the row that has it: a row that follows borrows the answer by its key.
    """
    return _asked(entry, lambda model, declared: on_row(model, declared.condition))


def open_too_long(entry: Entry, *, asked: date, now: datetime) -> Q:
    """Open rows that are a case for staff: ``at_most`` after the day on which they should have closed is over.

    Where the row says no such day, it counts from ``asked``, the legal day of the request for erasure.
    """
    today = clock.legal_day(now)

    def late(model: type[Model], declared: OpenBusiness) -> Q:
        if declared.at_most is None or declared.at_most.endless:
            return NEVER
        waited = all_of() if declared.at_most.due(asked) <= today else NEVER
        if declared.until is None:
            return all_of(on_row(model, declared.condition), waited)
        expected = on_row(model, until_day(model, declared.until, declared.at_most.cutoff(today)))
        unknown = all_of(waited, on_row(model, Q(**{f"{declared.until}__isnull": True})))
        return all_of(on_row(model, declared.condition), any_of(expected, unknown))

    return _asked(entry, late) or NEVER


def open_until(entry: Entry) -> str | None:
    """The path, from ``entry``'s own rows, of the day on which open business should close; None where no column says it."""
    prefix, found = "", entry
    for _step in range(len(registry.entries) + 1):
        declared = found.declaration.open_business
        if isinstance(declared, OpenBusiness):
            return f"{prefix}{declared.until}" if declared.until else None
        if declared is None:
            return None
        prefix, found = f"{prefix}{declared.path}__", target(found, declared)
    return None


def longest_open(entry: Entry) -> Term | None:
    """How long a row of ``entry`` may be open after the request, or nothing where it is not said."""
    business, seen = entry.declaration.open_business, {entry}
    while isinstance(business, Follows):
        entry = target(entry, business)
        if entry in seen:
            return None
        seen.add(entry)
        business = entry.declaration.open_business
    limit = None if business is None else business.at_most
    return None if limit is None or limit.endless else limit


def _asked(entry: Entry, question: Any, seen: tuple[Entry, ...] = ()) -> Q | None:
    declared = entry.declaration.open_business
    if declared is None or entry in seen:
        return None
    if isinstance(declared, OpenBusiness):
        answer: Q = question(entry.model, declared)
        return answer
    other = target(entry, declared)
    theirs = _asked(other, question, (*seen, entry))
    if theirs is None or is_never(theirs):
        return theirs
    path = follow(entry.model, declared.path)
    rows: QuerySet[Any] = other.model._base_manager.order_by().filter(theirs, pk=OuterRef(path.key))
    return on_row(entry.model, Q(Exists(rows)))
