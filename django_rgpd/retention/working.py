"""Carrying a sweep out: little at once for all models, much in ranges, and after it the marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from django_rgpd.erasure import references, statements
from django_rgpd.erasure.failures import wrapped
from django_rgpd.erasure.reach import narrowed
from django_rgpd.registry import holds
from django_rgpd.registry.order import models_read
from django_rgpd.retention import marks, ranges
from django_rgpd.retention.releasing import Done, kind_of, release, released, try_again
from django_rgpd.retention.whole import kept_to

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.erasure.reach import Reach
    from django_rgpd.retention.parts import Part
    from django_rgpd.retention.sweep import Report

Tell = Callable[[str, int, int], object]
"""Hears how far a model is: its label, rows done, rows due."""


def silent(label: str, done: int, due: int) -> None:
    """Nobody listens."""


class Worker:
    """One sweep under way. A mark is written with the rows that it speaks of, or after them: it never runs ahead."""

    def __init__(
        self,
        report: Report,
        counted: Mapping[str, int],
        tops: Mapping[str, int | None],
        *,
        now: datetime,
        size: int,
        share: bool,
        deadline: float | None,
        tell: Tell,
    ) -> None:
        self.report, self.counted, self.tops = report, counted, tops
        self.now, self.size, self.share, self.deadline, self.tell = now, size, share, deadline, tell
        self.few: list[Part] = []
        self.looked_at: list[Part] = []
        self.unended = ranges.pending() if share else set()

    def work(self, parts: Sequence[Part]) -> None:
        """Work on ``parts``, each before what its paths lead to."""
        for number, part in enumerate(parts):
            if part.label in self.report.failed:
                continue
            if self._late():
                return
            self._again(part)
            count = self.counted.get(part.label, 0)
            if self.share and self._put_off(part, parts[:number]):
                self.report.put_off.append(part.label)
            elif count > ranges.size_of(part.entry, self.size):
                self._much(part, count)
            elif count or self._waited_for(part):
                self.few.append(part)
            else:
                self.looked_at.append(part)
        self._few(last=True)

    def _late(self) -> bool:
        """Whether time is up; what was found so far is then left to the next sweep."""
        if self.deadline is not None and monotonic() >= self.deadline:
            self.report.complete = False
        return not self.report.complete

    def _again(self, part: Part) -> None:
        """Once more, each alone, the rows that the database refused on another night."""
        if part.mark.aside:
            self._guarded(part, lambda done: try_again(part.whole, part.mark.aside, now=self.now, done=done))

    def _much(self, part: Part, count: int) -> None:
        if self.share:
            number = ranges.cut_and_mark(
                part.entry, part.mark, top=self.tops.get(part.label), now=self.now, size=self.size
            )
            self.report.cut[part.label] = number
            self.unended.add(part.label)
            return
        self._few()
        before = self.report.done.rows
        whole = kept_to(part.reach, holds.standing(), now=self.now)
        for one in ranges.ranges(part.entry, size=self.size):
            if self._late():
                return
            reach = narrowed(whole, one.where)
            if not self._guarded(part, self._release(reach)):
                return
            self.tell(part.label, self.report.done.rows - before, count)
        self.looked_at.append(part)

    def _few(self, *, last: bool = False) -> None:
        """What is due in few rows, of all models in one transaction; with the ``last`` of them go the marks."""
        few, self.few = self.few, []
        try:
            with wrapped("the sweep"), transaction.atomic(using=self._database(few)):
                done = released([part.reach for part in few], now=self.now) if few else None
                if last:
                    self._mark([*self.looked_at, *few])
        except Exception:  # one of them is to blame: each alone, then
            self.looked_at += [part for part in few if self._guarded(part, self._release(part.reach))]
            if last:
                self._mark(self.looked_at)
        else:
            self.looked_at += few
            if done is not None:
                self.report.done.merge(done)
        for part in few:
            count = self.counted.get(part.label, 0)
            self.tell(part.label, count, count)

    def _release(self, reach: Reach) -> Callable[[Done], object]:
        return lambda done: release(reach, now=self.now, done=done)

    def _guarded(self, part: Part, do: Callable[[Done], object]) -> bool:
        """Whether ``do`` went well; what it did and whom it set aside is reported, as is its failure."""
        done = Done()
        try:
            do(done)
        except ImproperlyConfigured:
            raise
        except Exception as error:
            self.report.failed[part.label] = kind_of(error)
        self.report.done.merge(done.released)
        if done.aside:
            known = self.report.aside.setdefault(part.label, [])
            known += [key for key in done.aside if key not in known]
        return part.label not in self.report.failed

    def _mark(self, parts: Iterable[Part]) -> None:
        found = list(parts)
        marks.advance([part.label for part in found if not part.full], now=self.now)
        for part in found:
            if part.full:
                marks.complete(part.label, part.mark, top=self.tops.get(part.label), now=self.now)

    def _database(self, few: Sequence[Part]) -> str:
        return statements.using(few[0].entry) if few else marks.database()

    def _put_off(self, part: Part, before: Sequence[Part]) -> bool:
        """Whether ranges of it, or of a model that reads it, are not done: no path is cut before everybody followed it."""
        if part.label in self.unended:
            return True
        table = _table(part.entry.model)
        return any(one.label in self.unended and table in models_read(one.entry) for one in before)

    def _waited_for(self, part: Part) -> bool:
        """Whether rows that refer to it went in this sweep, so that it may go now where it was not due before."""
        if not part.reach.deletes:
            return False
        working = {
            _table(one.entry.model) for one in (*self.few, *self.looked_at) if self.counted.get(one.label)
        }
        return any(_table(one.model) in working for one in references.declared(part.entry))


def _table(model: type[Model]) -> type[Model]:
    return model._meta.concrete_model or model
