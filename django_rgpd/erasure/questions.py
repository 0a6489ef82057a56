"""What a plan asks of the rows that an erasure reaches, and the line that each answer makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.db.models import DateField, Q
from django.utils.text import capfirst
from django.utils.translation import gettext

from django_rgpd.core import clock
from django_rgpd.erasure import references, statements
from django_rgpd.erasure.counting import Answer, Question
from django_rgpd.erasure.keeping import Cause, keeping
from django_rgpd.erasure.lines import Asking, Blocked, Going, Keeping, Open, Staying
from django_rgpd.erasure.reach import Group, Reach, column
from django_rgpd.policy import Occasion, Outcome, Policy, current
from django_rgpd.policy.terms import PERSONAL_CLOCKS, start_of
from django_rgpd.registry import Entry, Personal, When, holds, rule
from django_rgpd.registry.conditions import all_of, is_never, not_
from django_rgpd.registry.paths import follow

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what to make of its answer."""

    question: Question
    line: Callable[[Answer], object]
    falls: bool = False
    """Whether what is counted falls."""


def asked_of(reach: Reach, *, now: datetime, since: datetime, standing: holds.Holds) -> Iterator[Asked]:
    """Everything that a plan asks of the rows of ``reach``: what falls, what stays and why, what is in the way.

    ``since``: when she asked to be erased.
    """
    policy = current()
    for group in reach.groups:
        if not group.never:
            condition = group.released if reach.deletes else group.pending(reach.entry)
            rows = statements.rows_in(reach, condition)
            yield Asked(Question(rows=rows), _going(reach, group), falls=True)
        yield from _standing(reach, group, policy, now=now, since=since)
        yield from _keeping(reach, group, now=now, standing=standing)
    yield from _asking(reach)
    if reach.deletes:
        yield from _blocking(reach)


def _rows(reach: Reach, *conditions: Q) -> QuerySet[Model]:
    return statements.rows_of(reach.entry, all_of(reach.where, *conditions))


def _going(reach: Reach, group: Group) -> Callable[[Answer], Going]:
    return lambda answer: Going(
        model=reach.entry.label,
        label=label_of(reach.entry),
        rows=answer.count,
        fields=_labels(reach.entry, group),
        rest=_rest(reach),
    )


def _rest(reach: Reach) -> str:
    if reach.deletes:
        return ""
    return "facts" if reach.entry.declaration.ask is None else "kept"


def _standing(
    reach: Reach, group: Group, policy: Policy, *, now: datetime, since: datetime
) -> Iterator[Asked]:
    personal = next(iter(group.fields.values()))
    for reference in personal.purposes:
        purpose = policy.purpose(reference.purpose if isinstance(reference, When) else reference)
        outcomes = purpose.outcomes(Occasion.ERASURE) - {Outcome.FALLS}
        stands = rule.stands(reach.entry, personal, reference, Occasion.ERASURE, now=now)
        if not outcomes or is_never(stands):
            continue
        rows = _rows(reach, stands, not_(group.erased(reach.entry)))
        if outcomes == {Outcome.STANDS_WHILE_OPEN}:
            column, line = (
                _day_column(reach.entry.model, rule.open_until(reach.entry)),
                _open(reach, group, since=since),
            )
            yield Asked(Question(rows=rows, column=column), line)
        else:
            declared = reach.entry.declaration.clocks.get(purpose.key)
            start = None if purpose.clock in PERSONAL_CLOCKS else declared
            yield Asked(
                Question(rows=rows, column=start),
                _staying(reach, group, purpose.key, policy),
            )


def _staying(reach: Reach, group: Group, key: str, policy: Policy) -> Callable[[Answer], Staying]:
    purpose = policy.purpose(key)
    laws = [gettext(basis.reference) for basis in purpose.bases if basis.reference]

    def until(day: date | None) -> date | None:
        if day is None or purpose.term.endless:
            return None
        return purpose.term.due(start_of(purpose.clock, day, policy.fiscal_year))

    return lambda answer: Staying(
        model=reach.entry.label,
        label=label_of(reach.entry),
        rows=answer.count,
        fields=_labels(reach.entry, group),
        purpose=key,
        purpose_label=str(purpose.label),
        law=purpose.survives_erasure or ", ".join(laws),
        first_until=until(answer.first),
        last_until=until(answer.last),
    )


def _keeping(reach: Reach, group: Group, *, now: datetime, standing: holds.Holds) -> Iterator[Asked]:
    personal = next(iter(group.fields.values()))
    for cause, condition in keeping(reach.entry, personal, now=now, holds=standing):
        rows = _rows(reach, condition, not_(group.erased(reach.entry)))
        yield Asked(Question(rows=rows), partial(_kept, reach, group, cause))


def _kept(reach: Reach, group: Group, cause: Cause, answer: Answer) -> Keeping:
    return Keeping(
        model=reach.entry.label,
        label=label_of(reach.entry),
        rows=answer.count,
        fields=_labels(reach.entry, group),
        kind=cause.kind,
        reason=cause.reason,
        law=cause.law,
        since=cause.since,
        review_on=cause.review_on,
    )


def _open(reach: Reach, group: Group, *, since: datetime) -> Callable[[Answer], Open]:
    limit = rule.longest_open(reach.entry)
    return lambda answer: Open(
        model=reach.entry.label,
        label=label_of(reach.entry),
        rows=answer.count,
        fields=_labels(reach.entry, group),
        until=answer.last,
        at_most=None if limit is None else limit.due(clock.legal_day(since)),
    )


def _day_column(model: type[Model], path: str | None) -> str | None:
    return path if path is not None and isinstance(follow(model, path).field, DateField) else None


def _asking(reach: Reach) -> Iterator[Asked]:
    ask = reach.entry.declaration.ask
    if ask is None:
        return
    yield Asked(
        Question(rows=_rows(reach)),
        lambda answer: Asking(
            key=ask.key,
            question=str(ask.question),
            keep=str(ask.keep),
            delete=str(ask.delete),
            rows=answer.count,
            default_keep=ask.default_keep,
        ),
    )


def _blocking(reach: Reach) -> Iterator[Asked]:
    """Undeclared tables that refer to rows which would go: rows of ``reach`` that one of them refers to."""
    for reference in references.undeclared(reach.entry):
        held = reference.exists(reach.entry, Q(pk__in=[]))
        yield Asked(
            Question(rows=_rows(reach, *(group.released for group in reach.groups), held)),
            lambda answer, label=reference.label: Blocked(reference=label, rows=answer.count),  # type: ignore[misc]
        )


def label_of(entry: Entry) -> str:
    """What pages call the rows."""
    return capfirst(str(entry.declaration.label or entry.model._meta.verbose_name_plural))


def _labels(entry: Entry, group: Group) -> tuple[str, ...]:
    return tuple(_label(entry, name, personal) for name, personal in group.fields.items())


def _label(entry: Entry, name: str, personal: Personal) -> str:
    return str(personal.label or column(entry.model, name).verbose_name)
