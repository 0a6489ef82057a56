"""One pass over one table: which rows hold one of the folded texts, found by the database or as it hands them over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from django_rgpd.erasure.residue.bytewise import BATCH, matching
from django_rgpd.erasure.residue.columns import quoted

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_rgpd.erasure.residue.columns import Table

MOST = 1000
"""Rows reported of one table; more say nothing that staff could still read."""

_ARGUMENTS = 90  # PostgreSQL takes 100 in one call

Cells = tuple[object, ...]
Row = tuple[Cells, Cells]


def rows(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str] = ()
) -> Iterator[Row]:
    """The rows of ``table`` in which a needle stands: the key's values, then the text columns' values.

    ``fragments``: lower-case ASCII texts one of which every needle contains; where there are any, only rows that have
    one are folded as a whole. PostgreSQL joins and lowers the columns once (ILIKE costs ten times as much); SQLite, which
    folds ASCII only, hands its rows to Python.
    """
    width = len(table.key)
    form = _sqlite if connection.vendor == "sqlite" else _postgresql
    for row in islice(form(connection, table, needles, fragments), MOST):
        yield tuple(row[:width]), tuple(row[width:])


def _sqlite(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str]
) -> Iterator[Cells]:
    key, columns, place = _quoted(table)
    # As bytes, most of which Python need not decode.
    shown = ", ".join(f"COALESCE(CAST({one} AS BLOB), X'')" for one in (*key, *columns))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {shown} FROM {place}", [])  # noqa: S608
        yield from matching(iter(partial(cursor.fetchmany, BATCH), []), len(key), needles, fragments)


def _postgresql(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str]
) -> Iterator[Cells]:
    sql, given = _statement(table, needles, fragments)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        yield from cursor.fetchall()


def _statement(
    table: Table, needles: Sequence[str], fragments: Sequence[str]
) -> tuple[str, list[str | list[str]]]:
    key, columns, place = _quoted(table)
    texts = [f"{column}::text" for column in columns]
    keys = [f"k{number}" for number in range(len(key))]
    names = [f"c{number}" for number in range(len(texts))]
    shown = ", ".join(f"{one} AS {name}" for one, name in zip([*key, *texts], [*keys, *names], strict=True))
    # An OR of constants: a loop over an array costs three times as much a row.
    within = " OR ".join(["position(%s IN lowered) > 0"] * len(fragments or needles))
    given: list[str | list[str]] = [*(fragments or needles)]
    lowered = f'lower(({_joined(texts)}) COLLATE "C")' if fragments else f"lower({_joined(texts)})"
    if fragments:
        folded = f"(SELECT lower({_joined(names)}) AS folded OFFSET 0) AS once"
        sought = "unnest(%s::text[]) AS sought WHERE position(sought IN folded) > 0"
        # CASE keeps the order: PostgreSQL takes the EXISTS for the cheaper of the two.
        within = f"CASE WHEN {within} THEN EXISTS (SELECT 1 FROM {folded}, {sought}) ELSE FALSE END"  # noqa: S608
        given.append(list(needles))
    inner = f"SELECT {shown}, {lowered} AS lowered FROM {place} OFFSET 0"  # noqa: S608
    outer = ", ".join([*keys, *names])
    return f"SELECT {outer} FROM ({inner}) AS read WHERE {within} LIMIT {MOST}", given  # noqa: S608


def _joined(texts: Sequence[str]) -> str:
    parts = [texts[at : at + _ARGUMENTS] for at in range(0, len(texts), _ARGUMENTS)]
    return " || chr(31) || ".join(f"concat_ws(chr(31), {', '.join(part)})" for part in parts)


def _quoted(table: Table) -> tuple[list[str], list[str], str]:
    """Key, columns and table, for a statement that has parameters."""

    def named(name: str) -> str:
        return quoted(name).replace("%", "%%")

    place = table.place.replace("%", "%%")
    return [named(name) for name in table.key], [named(name) for name in table.columns], place
