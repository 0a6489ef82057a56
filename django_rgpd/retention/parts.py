"""What a sweep asks of each model: the rows that may have become due since its mark, or all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.registry.columns import read_key
from django_rgpd.registry.conditions import ALWAYS, all_of, not_
from django_rgpd.retention.whole import rows_due, whole
from django_rgpd.retention.window import since

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from django_rgpd.erasure.reach import Reach
    from django_rgpd.registry import Entry
    from django_rgpd.retention.marks import Mark

FULL_EVERY = timedelta(days=7)
"""How often all rows of a model are looked at: a clock that somebody set back is found then at the latest."""


@dataclass(frozen=True, slots=True)
class Part:
    """One model in one sweep. ``whole``: all its rows; ``reach``: those that are asked, without what was set aside.

    ``full``: whether the mark says afterwards that the whole table was looked at.
    """

    entry: Entry
    mark: Mark
    whole: Reach
    reach: Reach
    full: bool

    @property
    def label(self) -> str:
        """The model's label."""
        return self.entry.label

    @property
    def rows(self) -> QuerySet[Model]:
        """The rows that are due."""
        return rows_due(self.reach)


def parts(entries: Iterable[Entry], known: Mapping[str, Mark], *, now: datetime, full: bool) -> list[Part]:
    """A part of each of ``entries`` of which a row can ever be due; ``full``: all its rows.

    Rows that are held are among them: the transaction that releases reads the holds under its lock, and passes over what they
    keep (``kept_to``).
    """
    found = []
    for entry in entries:
        mark, reach = known.get(entry.label), whole(entry, now=now, standing=())
        if mark is not None and not all(group.never for group in reach.groups):
            found.append(_part(reach, mark, now=now, full=full))
    return found


def _part(reach: Reach, mark: Mark, *, now: datetime, full: bool) -> Part:
    full = full or mark.day is None or mark.full_at is None or _long_ago(mark.full_at, now=now)
    newly = None if full else since(reach, mark, now=now)
    keys = [read_key(reach.entry.model, one) for one in mark.aside]
    aside = not_(Q(pk__in=keys)) if keys else ALWAYS
    asked = replace(reach, where=all_of(reach.where, newly or ALWAYS, aside))
    return Part(reach.entry, mark, reach, asked, full)


def _long_ago(at: datetime, *, now: datetime) -> bool:
    """A time still to come was written while the machine's clock ran ahead: it says nothing."""
    return not timedelta(0) <= now - at < FULL_EVERY
