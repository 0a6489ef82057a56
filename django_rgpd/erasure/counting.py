"""Counting what an erasure would do: every question of a plan in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections

from django_rgpd.core import clock
from django_rgpd.erasure.looked_up import LookedUp, looked_up

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

_MOST_TOGETHER = 400  # SQLite joins 500 selects at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One count: of ``rows``, with the first and last value of ``column``."""

    rows: QuerySet[Model]
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


def count(rows: QuerySet[Model]) -> int:
    """How many ``rows`` there are, as ``QuerySet.count()`` says; what is asked again and again is not taken apart each time."""
    try:
        sql, params = from_where(rows)
    except EmptyResultSet:
        return 0
    with connections[rows.db].cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) {sql}", params)
        return int(cursor.fetchone()[0])


def _ask(alias: str, numbers: Sequence[int], questions: Sequence[Question]) -> list[tuple[int, Answer]]:
    common = looked_up((questions[number].rows for number in numbers), alias)
    begin, given = common.begin()
    selects: list[str] = []
    for number in numbers:
        try:
            sql, params = _select(questions[number], number, common)
        except EmptyResultSet:
            continue
        selects.append(sql)
        given += params
    if not selects:
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute(begin + " UNION ALL ".join(selects), given)
        rows = cursor.fetchall()
    zone = connections[alias].timezone or UTC
    return [
        (int(number), Answer(int(count or 0), _day(first, zone), _day(last, zone)))
        for number, count, first, last in rows
    ]


def _select(question: Question, number: int, common: LookedUp) -> tuple[str, tuple[Any, ...]]:
    """The number with the count, and with the first and last value where a column is asked for."""
    if question.column is None:
        whole = common.all_of(question.rows)
        sql, params = from_where(question.rows, common) if whole is None else (f'FROM "{whole}"', ())
        none = "CAST(NULL AS varchar(10))"
        return f"SELECT {number}, COUNT(*), {none}, {none} {sql}", params
    rows = question.rows.values_list(question.column)
    sql, params = from_where(rows, common)
    column, _nothing = rows.query.get_compiler(rows.db).compile(rows.query.select[0])
    first, last = (f"CAST({end}({column}) AS varchar)" for end in ("MIN", "MAX"))
    return f"SELECT {number}, COUNT(*), {first}, {last} {sql}", params


def from_where(rows: QuerySet[Model], common: LookedUp | None = None) -> tuple[str, tuple[Any, ...]]:
    """``FROM … WHERE …`` of ``rows``, with its parameters: a plain count needs no more, and is asked of every declared model.

    What Django does for aggregates would take longer than the database's answer. ``rows`` is neither sliced nor grouped nor
    distinct. ``common``: what the statement begins with. Raises ``EmptyResultSet`` where no row can be among them.
    """
    query = rows.query
    query.get_initial_alias()
    compiler = query.get_compiler(rows.db)
    asked, join, keys = (common or LookedUp()).join(query.where, compiler)
    try:
        where, params = compiler.compile(asked)
    except FullResultSet:
        where, params = "1 = 1", ()
    tables, joined = compiler.get_from_clause()
    return " ".join(["FROM", *tables, join, "WHERE", where]), (*joined, *keys, *params)


def _day(text: object, zone: tzinfo) -> date | None:
    """A column's value as the database writes it: a day, or an instant, in ``zone`` where it does not say in which."""
    if not text:
        return None
    written = str(text)
    if len(written) == len("2026-01-01"):
        return date.fromisoformat(written)
    instant = datetime.fromisoformat(written)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    return clock.legal_day(instant)
