"""Releasing what falls: children first, one UPDATE and one DELETE a model, files and news after the
commit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from django_rgpd import signals
from django_rgpd.erasure import one_by_one, statements, stored
from django_rgpd.erasure import reach as reaching
from django_rgpd.erasure.failures import wrapped
from django_rgpd.erasure.freed import freed_by, knowing
from django_rgpd.erasure.proving import Outcome
from django_rgpd.erasure.reach import Choices, Reach, entries
from django_rgpd.policy import Occasion
from django_rgpd.registry import Entry, Subject, holds
from django_rgpd.registry.conditions import NEVER, all_of
from django_rgpd.registry.order import children_first, models_read

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import Model

    from django_rgpd.erasure.references import Reference


@dataclass(slots=True)
class Released:
    """What a run did: label → rows changed and rows deleted; and rows that do not have their erased form."""

    changed: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)
    unproven: dict[str, int] = field(default_factory=dict)

    def add(self, label: str, outcome: Outcome, deleted: int) -> None:
        """Count one statement's work."""
        for counts, number in (
            (self.changed, outcome.rows),
            (self.deleted, deleted),
            (self.unproven, outcome.unproven),
        ):
            if number:
                counts[label] = counts.get(label, 0) + number

    def merge(self, other: Released) -> None:
        """Count what another run did as well."""
        for counts, more in (
            (self.changed, other.changed),
            (self.deleted, other.deleted),
            (self.unproven, other.unproven),
        ):
            for label, number in more.items():
                counts[label] = counts.get(label, 0) + number

    def as_json(self) -> dict[str, dict[str, int]]:
        """For the receipt and the ledger."""
        return {"changed": self.changed, "deleted": self.deleted, "unproven": self.unproven}

    @property
    def rows(self) -> int:
        """Rows changed or deleted."""
        return sum(self.changed.values()) + sum(self.deleted.values())


def release(
    subject: Subject,
    occasion: Occasion,
    *,
    now: datetime,
    choices: Choices,
    person: UUID | None = None,
    reached: Iterable[Reach] | None = None,
    standing: holds.Holds | None = None,
) -> Released:
    """Release what ``occasion`` takes of ``subject``, in the caller's transaction.

    ``reached``: all that is hers, as a plan counted it in the same transaction; what it counted nothing of costs no statement.
    ``standing``: the holds, where that transaction has read them already.

    Raises ``EngineFailed`` with the model's label where the database refuses.
    """
    if reached is None:
        reached = reaching.of(subject, occasion, now=now, choices=choices, holds=standing)
    done = Released()
    freed: set[Reference] = set()
    for one in _in_order(reached):
        if one.idle:
            outcome, deleted = Outcome(), 0
        else:
            hers = knowing(one, subject, freed)
            outcome, deleted = carry_out(hers, occasion, now=now, person=person)
        done.add(one.entry.label, outcome, deleted)
        freed |= freed_by(one, subject, outcome, deleted)
    return done


def _in_order(reached: Iterable[Reach]) -> list[Reach]:
    """Children first; what leads to the person, or decides, through rows that are released earlier is read by key now."""
    by_entry: dict[Entry, list[Reach]] = {}
    for one in reached:
        by_entry.setdefault(one.entry, []).append(one)
    ordered: list[Reach] = []
    before: set[type[Model]] = set()
    for entry in children_first(entries()):
        if entry not in by_entry:
            continue
        touched = [one for one in by_entry[entry] if not one.idle]
        late = bool(touched) and bool(models_read(entry) & before)
        ordered += [pinned(one) if late and one in touched else one for one in by_entry[entry]]
        if touched:
            before.add(entry.model._meta.concrete_model or entry.model)
    return ordered


def carry_out(
    reach: Reach, occasion: Occasion, *, now: datetime, person: UUID | None = None
) -> tuple[Outcome, int]:
    """Release one ``reach``: rows whose last personal field falls go, the others get their erased forms."""
    entry = reach.entry
    with wrapped(entry.label):
        stored.remove(reach, now=now, person=person)
        if entry.declaration.row_by_row:
            outcome, deleted = one_by_one.carry_out(reach)
        else:
            deleted = statements.delete(reach) if reach.deletes else 0
            outcome = Outcome()
            if not deleted or deleted != reach.counted:  # a row that stays, or a trigger, may have kept some
                outcome = one_by_one.rewrite(reach) + statements.update(reach)
    if outcome.rows or deleted:
        _tell(entry, reach, outcome.rows + deleted, occasion)
    return outcome, deleted


def pinned(reach: Reach) -> Reach:
    """``reach`` by its rows' keys: its people and what decides are read through rows that are released before it."""
    groups = tuple(
        group
        if group.always or group.never
        else replace(group, released=_keys(reach.entry, all_of(reach.where, group.released)))
        for group in reach.groups
    )
    return replace(reach, where=_keys(reach.entry, reach.where), groups=groups)


def _keys(entry: Entry, where: Q) -> Q:
    keys = list(statements.rows_of(entry, where).values_list("pk", flat=True))
    return Q(pk__in=keys) if keys else NEVER


def _tell(entry: Entry, reach: Reach, count: int, occasion: Occasion) -> None:
    send = partial(
        signals.released.send_robust,
        sender=entry.model,
        model=entry.model,
        fields=tuple(reach.fields),
        count=count,
        occasion=occasion,
    )
    transaction.on_commit(send, using=statements.using(entry))
