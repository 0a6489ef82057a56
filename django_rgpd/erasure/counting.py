"""Counting what an erasure would do: every question of a plan in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import CharField, Count, Max, Min, Q, Value
from django.db.models.functions import Cast

from django_rgpd.core import clock

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

_MOST_TOGETHER = 400  # SQLite joins 500 selects at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One count: of ``rows`` those of which ``condition`` is true, with the first and last value of
    ``column``."""

    rows: QuerySet[Model]
    condition: Q | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The count, with the first and last legal day of the column."""

    count: int = 0
    first: date | None = None
    last: date | None = None


def answers(questions: Sequence[Question]) -> list[Answer]:
    """The answers in the order of the questions: one ``UNION ALL`` a database."""
    found = [Answer()] * len(questions)
    by_database: dict[str, list[int]] = {}
    for number, question in enumerate(questions):
        by_database.setdefault(question.rows.db, []).append(number)
    for alias, numbers in by_database.items():
        for at in range(0, len(numbers), _MOST_TOGETHER):
            for number, answer in _ask(alias, numbers[at : at + _MOST_TOGETHER], questions):
                found[number] = answer
    return found


def _ask(alias: str, numbers: Iterable[int], questions: Sequence[Question]) -> list[tuple[int, Answer]]:
    selects, given = [], []
    for number in numbers:
        try:
            sql, params = _select(questions[number], number).query.get_compiler(alias).as_sql()
        except EmptyResultSet:
            continue
        selects.append(sql)
        given += params
    if not selects:
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), given)
        rows = cursor.fetchall()
    return [
        (int(number), Answer(int(count or 0), _day(first), _day(last))) for number, count, first, last in rows
    ]


def _select(question: Question, number: int) -> QuerySet[Model]:
    condition = question.condition
    narrowed = None if condition is None or not condition else condition
    none = Cast(Value(None), CharField())
    column = question.column
    first = Cast(Min(column, filter=narrowed), CharField()) if column else none
    last = Cast(Max(column, filter=narrowed), CharField()) if column else none
    asked = question.rows.order_by().annotate(rgpd_number=Value(number)).values("rgpd_number")
    found: QuerySet[Model] = asked.annotate(
        rgpd_count=Count("pk", filter=narrowed), rgpd_first=first, rgpd_last=last
    ).values_list("rgpd_number", "rgpd_count", "rgpd_first", "rgpd_last")
    return found


def _day(text: object) -> date | None:
    """A column's value as the database writes it: a day, or an instant in UTC."""
    if not text:
        return None
    written = str(text)
    if len(written) == len("2026-01-01"):
        return date.fromisoformat(written)
    instant = datetime.fromisoformat(written)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return clock.legal_day(instant)
