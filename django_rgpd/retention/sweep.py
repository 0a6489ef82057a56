"""The sweep: what no purpose holds any more is released, wherever something became due (GDPR art. 5.1 e)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from django_rgpd.erasure.release import Released
from django_rgpd.registry import holds
from django_rgpd.retention import approval, finding, marks
from django_rgpd.retention.parts import Part, parts
from django_rgpd.retention.ranges import SIZE, size_of
from django_rgpd.retention.releasing import EVENT
from django_rgpd.retention.whole import kept_to, rows_due, swept
from django_rgpd.retention.working import Tell, Worker, silent

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

__all__ = ["EVENT", "Report", "sweep"]

_HOLDS = ""
"""In the place of a label: the holds that stand are counted with the rows that are due."""


@dataclass(slots=True)
class Report:
    """What a sweep did or, as a dry run, would do; each dict by label.

    ``due``: rows that are due, of a dry run. ``waiting``: rows that only an approval would release. ``failed``: the name of the
    error of a model that did not get through. ``aside``: the keys of rows that the database refuses. ``cut``: how many jobs a
    model was cut into. ``put_off``: models whose turn comes when those jobs are done. ``complete``: whether time sufficed.
    """

    done: Released = field(default_factory=Released)
    due: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    aside: dict[str, list[str]] = field(default_factory=dict)
    cut: dict[str, int] = field(default_factory=dict)
    put_off: list[str] = field(default_factory=list)
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
    full: bool = False,
    share: bool = False,
    max_seconds: float | None = None,
    size: int = SIZE,
    tell: Tell = silent,
) -> Report:
    """Release everything that no purpose holds at ``now``; a second run finds nothing left to do.

    A model on which something else decides than before is left alone until that is approved (``approval``). ``only``: labels
    (``app_label.Model``) to restrict to. ``full``: look at all rows, as once a week, and not only at those that may have become
    due. ``share``: where more than ``size`` rows of a model are due (fewer, where they are written one by one), cut it into jobs
    for any number of workers; else its ranges are worked off here, each a transaction. ``max_seconds``: begin nothing more after
    that time. ``tell`` hears how far a model is. A model that fails is reported and the others go on; so is a row.

    Raises ``Misconfigured`` for a label of ``only`` that is not declared.
    """
    report, started = Report(), monotonic()
    entries = swept(only)
    known = _settled(
        entries, report, labels=[one.label for one in entries] if only else None, now=now, dry_run=dry_run
    )
    ready = [one for one in entries if one.label not in report.waiting]
    asked = parts(ready, known, now=now, full=full)
    tops = finding.tops([one.entry for one in asked if one.full and not dry_run])
    counted = _counted(
        asked, report, now=now, beyond=0 if dry_run else size, exact=dry_run or tell is not silent
    )
    if dry_run:
        report.due = {label: rows for label, rows in counted.items() if rows}
        report.aside = {label: list(one.aside) for label, one in known.items() if one.aside}
        return report
    deadline = None if max_seconds is None else started + max_seconds
    Worker(report, counted, tops, now=now, size=size, share=share, deadline=deadline, tell=tell).work(asked)
    return report


def _counted(
    asked: Sequence[Part], report: Report, *, now: datetime, beyond: int, exact: bool
) -> dict[str, int]:
    """Label → how many rows are due; held ones are left out where there are more than ``beyond``.

    A dry run has to know; so has whoever is about to cut: what stays would put off, night after night, the models that it reads.
    ``exact``: however many; else no further than it takes to know that they are more.
    """
    most = None if exact else beyond + 1
    rows = {one.label: one.rows for one in asked}
    counted = finding.counts({**rows, _HOLDS: holds.unlifted()}, report.failed, most=most)
    if counted.pop(_HOLDS):
        standing = holds.standing()
        free = {
            one.label: rows_due(kept_to(one.reach, standing, now=now))
            for one in asked
            if counted[one.label] > size_of(one.entry, beyond)
        }
        counted |= finding.counts(free, report.failed, most=most)
    return counted


def _settled(
    entries: list[Entry], report: Report, *, labels: list[str] | None, now: datetime, dry_run: bool
) -> dict[str, marks.Mark]:
    """The marks (of ``labels``), once what nobody has to approve was adopted; ``report.waiting`` says what has to be."""
    known = marks.read(labels)
    changed = [entry for entry in entries if not marks.adopted(entry, known)]
    if not changed:
        return known
    found = approval.shown(changed, now=now) if dry_run else approval.settle(changed, now=now)
    report.waiting = {one.label: one.rows for one in found}
    return known if dry_run else marks.read(labels)
