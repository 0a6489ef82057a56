"""The intermediate archive: rows that only the law still needs, left out of what staff see every day.

It is no place and no column but a reading of the policy: a row is in the archive while it still holds something personal and
none of its purposes is in everyday use any more (CNIL, deliberation 2005-213: active base, intermediate archive, end).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db.models import Model, Q, QuerySet

from django_rgpd.core.errors import Misconfigured
from django_rgpd.erasure import reach
from django_rgpd.policy import Occasion
from django_rgpd.registry import Entry, Personal, holds, registry, rule
from django_rgpd.registry.conditions import NEVER, all_of, any_of, not_
from django_rgpd.retention.left_behind import left_behind

if TYPE_CHECKING:
    from django_rgpd.registry import When

Row = TypeVar("Row", bound=Model)


def archived(model: type[Model], *, now: datetime) -> Q:
    """Rows of ``model`` that are in the archive at ``now``, as one condition in SQL.

    They hold something personal, and no purpose of it is in everyday use: the ``active`` part of each term is over, or what
    carried it fell, or an erasure left the row for the law alone. What is held or unsettled is worked on, and is not among them.

    Raises ``Misconfigured`` for a model that is not declared: of that one nobody can tell.
    """
    entry = declared(model)
    if not entry.declaration.fields:
        return NEVER
    holding = not_(reach.erased(entry, entry.declaration.fields))
    used = any_of(*_used(entry, now=now))
    return all_of(holding, any_of(not_(used), left_behind(entry)), not_(_worked_on(entry, now=now)))


def leave_out(rows: QuerySet[Row], *, now: datetime) -> QuerySet[Row]:
    """``rows`` without those in the archive at ``now``."""
    return rows.filter(not_(archived(rows.model, now=now)))


def only_archived(rows: QuerySet[Row], *, now: datetime) -> QuerySet[Row]:
    """Of ``rows`` those in the archive at ``now``. Who shows them asks for the permission, and records the reading."""
    return rows.filter(archived(rows.model, now=now))


class ArchiveQuerySetMixin:
    """For a shop's own query set: ``Invoice.objects.in_use(now=…)`` on the pages of its staff."""

    def in_use(self, *, now: datetime) -> Self:
        """Without the rows that are in the archive at ``now``."""
        return self._cut(leave_out, now)

    def archived(self, *, now: datetime) -> Self:
        """The rows that are in the archive at ``now``."""
        return self._cut(only_archived, now)

    def _cut(self, how: Any, now: datetime) -> Self:
        found: Self = how(self, now=now)
        return found


def declared(model: type[Model]) -> Entry:
    """The entry of ``model``. Raises ``Misconfigured`` where there is none."""
    entry = registry.of(model._meta.concrete_model or model)
    if entry is None:
        msg = f"{model._meta.label} is not declared, so nobody can say which of its rows are in the archive."
        raise Misconfigured(msg)
    return entry


def may_fill(entry: Entry) -> bool:
    """Whether rows of ``entry`` can be in the archive for longer than a night."""
    purposes = (rule.purpose_of(entry, one) for _personal, one in _asked(entry))
    return any(one.active is not None or one.outlives_erasure for one in purposes)


def _used(entry: Entry, *, now: datetime) -> Iterator[Q]:
    for personal, one in _asked(entry):
        yield rule.stands(entry, personal, one, Occasion.TERM, now=now, active=True)


def _worked_on(entry: Entry, *, now: datetime) -> Q:
    standing = holds.standing()
    fields = entry.declaration.fields.values()
    return any_of(*(rule.kept(entry, personal, now=now, holds=standing) for personal in fields))


def _asked(entry: Entry) -> list[tuple[Personal, str | When]]:
    """Each purpose once for each person and category of the row: what the rule decides on."""
    found: list[tuple[Personal, str | When]] = []
    for personal in entry.declaration.fields.values():
        for one in personal.purposes:
            alike = (
                known == one and (other.of, other.category) == (personal.of, personal.category)
                for other, known in found
            )
            if not any(alike):
                found.append((personal, one))
    return found
