"""What falls due soon, by model and purpose, and what has no end yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.erasure import reach, statements
from django_rgpd.policy import current
from django_rgpd.registry import rule
from django_rgpd.registry.clocks import not_started
from django_rgpd.registry.conditions import all_of, any_of, is_never, not_

if TYPE_CHECKING:
    from django_rgpd.policy import Purpose
    from django_rgpd.registry import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One purpose of one model: rows whose term ends in the time asked about, and rows whose clock has not started."""

    model: str
    purpose: str
    due: int
    not_started: int


def upcoming(*, now: datetime, until: datetime) -> Iterator[Line]:
    """The terms that end between ``now`` and ``until``: two counts a model and purpose, however many rows.

    Only rows that still hold something for the purpose count. A row that another purpose holds is counted too: its term
    under this one ends, and what only this one held goes.
    """
    for entry in sorted(reach.entries(), key=lambda one: one.label):
        for purpose in _purposes(entry):
            due = _due(entry, purpose, now=now, until=until)
            not_started = _not_started(entry, purpose)
            if due or not_started:
                yield Line(model=entry.label, purpose=purpose.key, due=due, not_started=not_started)


def _purposes(entry: Entry) -> list[Purpose]:
    keys = dict.fromkeys(key for one in entry.declaration.fields.values() for key in one.purpose_keys)
    return [purpose for purpose in map(current().purpose, keys) if not purpose.term.endless]


def _due(entry: Entry, purpose: Purpose, *, now: datetime, until: datetime) -> int:
    def ending(role: str) -> Q:
        then, already = (rule.term_over(entry, purpose, now=at, role=role) for at in (until, now))
        return all_of(then, not_(already))

    return _count(entry, purpose, ending)


def _not_started(entry: Entry, purpose: Purpose) -> int:
    return _count(entry, purpose, lambda role: not_started(entry, purpose, role=role))


def _count(entry: Entry, purpose: Purpose, condition: Callable[[str], Q]) -> int:
    """Rows on which ``condition`` is true of one of their people of whom they still hold something for the purpose."""
    found = [all_of(condition(role), _holding(entry, purpose, role)) for role in entry.people]
    either = any_of(*(one for one in found if not is_never(one)))
    return 0 if is_never(either) else statements.rows_of(entry, either).count()


def _holding(entry: Entry, purpose: Purpose, role: str) -> Q:
    """Rows that the purpose is about and that still hold something of the person in ``role`` for it."""
    found: list[Q] = []
    for name, one in entry.fields_of(role).items():
        for ref in one.purposes:
            if rule.purpose_of(entry, ref).key == purpose.key:
                kept = not_(reach.erased(entry, {name: one}))
                found.append(all_of(rule.applies(entry, ref), kept))
    return any_of(*found)
