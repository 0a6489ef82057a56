"""The sweep: what no purpose holds any more is released, a model and a range of rows at a time (GDPR art. 5.1 e)."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext as _

from django_rgpd.core.errors import Misconfigured, RgpdError
from django_rgpd.erasure import reach, statements
from django_rgpd.erasure.reach import Reach
from django_rgpd.erasure.release import Released, carry_out
from django_rgpd.ledger.record import record
from django_rgpd.policy import Occasion
from django_rgpd.registry.conditions import ALWAYS, all_of, any_of, not_
from django_rgpd.registry.order import readers_first
from django_rgpd.retention.ranges import SIZE, ranges

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

EVENT = "released"
"""The kind of event that the ledger gets, once a sweep that found something."""


@dataclass(slots=True)
class Report:
    """What a sweep did or, as a dry run, would do; ``failed``: label → the name of the error."""

    done: Released = field(default_factory=Released)
    due: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    complete: bool = True

    @property
    def rows(self) -> int:
        """Rows changed and deleted; of a dry run, rows that are due."""
        return sum(self.due.values()) or self.done.rows


def sweep(
    *,
    now: datetime,
    dry_run: bool = False,
    only: Collection[str] = (),
    max_seconds: float | None = None,
    size: int = SIZE,
) -> Report:
    """Release everything that no purpose holds at ``now``; a second run finds nothing left to do.

    ``only``: labels (``app_label.Model``) to restrict to. ``max_seconds``: begin no further range after that time.
    ``size``: rows a range, each a transaction of its own, so that a kill loses one range at most. A model that fails is
    reported and the others go on.

    Raises ``Misconfigured`` for a label of ``only`` that is not declared.
    """
    report, started = Report(), time.monotonic()
    for entry in _entries(only):
        if dry_run:
            report.due[entry.label] = rows_due(entry, now=now)
            continue
        try:
            for part in _parts(entry, now=now, size=size):
                if max_seconds is not None and time.monotonic() - started >= max_seconds:
                    report.complete = False
                    return _recorded(report, now=now)
                with transaction.atomic(using=statements.using(entry)):
                    report.done.add(entry.label, *carry_out(part, Occasion.TERM, now=now))
        except RgpdError as error:
            report.failed[entry.label] = type(error).__name__
    report.due = {label: rows for label, rows in report.due.items() if rows}
    return report if dry_run else _recorded(report, now=now)


def rows_due(entry: Entry, *, now: datetime) -> int:
    """How many rows of ``entry`` have something that a sweep at ``now`` would release."""
    whole = whole_reach(entry, now=now)
    found = statements.pending(entry, whole.groups)
    if whole.deletes:
        found = any_of(found, statements.going(whole))
    return statements.rows_of(entry, all_of(whole.where, found)).count()


def whole_reach(entry: Entry, *, now: datetime) -> Reach:
    """Every row of ``entry`` with all its personal fields, whoever they belong to."""
    groups = tuple(
        group
        for role in entry.people
        for group in reach.grouped(entry, entry.fields_of(role), Occasion.TERM, now=now)
    )
    where = ALWAYS
    if entry.declaration.ask is not None:
        # What a person chose to leave behind, nobody's any more, is not a row that has come to its end.
        where = not_(reach.erased(entry, entry.declaration.fields))
    return Reach(
        entry=entry,
        role=entry.main_role,
        where=where,
        groups=groups,
        deletes=reach.deletes(entry, {}),
    )


def _parts(entry: Entry, *, now: datetime, size: int) -> Iterator[Reach]:
    whole = whole_reach(entry, now=now)
    if all(group.never for group in whole.groups):
        return
    for part in ranges(entry, size=size):
        yield reach.narrowed(whole, part)


def _entries(only: Collection[str]) -> list[Entry]:
    """Declared models, each before what its paths lead to; accounts end by a road of their own, with warnings (``accounts``)."""
    swept = [
        entry
        for entry in readers_first(reach.entries())
        if entry.model._meta.concrete_model is not get_user_model()._meta.concrete_model
    ]
    if not only:
        return swept
    wanted = {label.lower(): label for label in only}
    unknown = wanted.keys() - {entry.label.lower() for entry in swept}
    if unknown:
        labels = ", ".join(sorted(wanted[one] for one in unknown))
        raise Misconfigured(_("Not declared, or not swept: %(labels)s.") % {"labels": labels})
    return [entry for entry in swept if entry.label.lower() in wanted]


def _recorded(report: Report, *, now: datetime) -> Report:
    if report.done.rows:
        record(EVENT, person=None, now=now, how="term", payload=report.done.as_json())
    return report
