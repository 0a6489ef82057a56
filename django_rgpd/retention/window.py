"""What became due since the last sweep: rows whose clock lies between two days, and rows that came since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.core import clock
from django_rgpd.erasure import references
from django_rgpd.policy import current
from django_rgpd.policy.terms import last_start
from django_rgpd.registry import rule
from django_rgpd.registry.conditions import NEVER, all_of, any_of, not_, same
from django_rgpd.registry.days import after_day, until_day
from django_rgpd.retention.finding import counted_up

if TYPE_CHECKING:
    from django_rgpd.erasure.reach import Group, Reach
    from django_rgpd.policy import Purpose
    from django_rgpd.registry import Entry
    from django_rgpd.retention.marks import Mark


def since(part: Reach, mark: Mark, *, now: datetime) -> Q | None:
    """True of every row of ``part`` that may have become due since ``mark``; None where only all of them can be asked.

    It is known where nothing but columns of the row says when its fields fall: the rule is asked, and compared with what the
    columns alone would say. A last contact, a consent, a condition, a table on the way: then any row may be due tonight. So
    may a row whose clock was NULL until today, and then got a day that lies long back.
    """
    entry = part.entry
    if not part.settled or mark.day is None or mark.top is None or not counted_up(entry):
        return None
    if part.deletes and references.declared(entry):  # a row that was waited for may have gone meanwhile
        return None
    purposes = {one.key: one for group in part.groups for kind in _kinds(entry, group) for one in kind}
    if any(_begins_later(entry, one) for one in purposes.values()):
        return None
    spans = (_between(entry, one, mark.day, now=now) for one in purposes.values())
    return any_of(Q(pk__gt=mark.top), *spans)


def _begins_later(entry: Entry, purpose: Purpose) -> bool:
    path = None if purpose.term.endless else rule.clock_path(entry, purpose)
    return path is not None and bool(getattr(entry.model._meta.get_field(path), "null", False))


def by_columns(entry: Entry, groups: Iterable[Group], *, now: datetime) -> bool:
    """Whether nothing but columns of the row, which no release empties, says when the fields of ``groups`` fall."""
    return all(
        _own_columns(entry, purposes) and same(group.released, _expected(entry, purposes, now=now))
        for group in groups
        for purposes in _kinds(entry, group)
    )


def _kinds(entry: Entry, group: Group) -> Iterable[tuple[Purpose, ...]]:
    """The purposes that decide on the fields of ``group``; different ones may come to the same condition."""
    known = dict.fromkeys(personal.purposes for personal in group.fields.values())
    return [tuple(rule.purpose_of(entry, one) for one in purposes) for purposes in known]


def _own_columns(entry: Entry, purposes: tuple[Purpose, ...]) -> bool:
    names = {field.name for field in entry.model._meta.local_concrete_fields} - set(entry.declaration.fields)
    return all(one.term.endless or rule.clock_path(entry, one) in names for one in purposes)


def _expected(entry: Entry, purposes: tuple[Purpose, ...], *, now: datetime) -> Q:
    return not_(any_of(*(not_(rule.term_over(entry, one, now=now)) for one in purposes)))


def _between(entry: Entry, purpose: Purpose, day: date, *, now: datetime) -> Q:
    """Rows whose term under ``purpose`` ended after ``day``, by the end of the legal day of ``now`` at the latest."""
    path = rule.clock_path(entry, purpose)
    today = clock.legal_day(now)
    if purpose.term.endless or path is None or day >= today:
        return NEVER
    first, last = (
        last_start(purpose.clock, purpose.term, one, current().fiscal_year) for one in (day, today)
    )
    if first == last:
        return NEVER
    return all_of(after_day(entry.model, path, first), until_day(entry.model, path, last))
