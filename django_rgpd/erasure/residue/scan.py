"""One pass over one table: which rows hold one of the folded texts, found by the database itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    from django_rgpd.erasure.residue.columns import Table

MOST = 1000
"""Rows reported of one table; more say nothing that staff could still read."""

_FUNCTION = "django_rgpd_found"
_ARGUMENTS = 90  # PostgreSQL takes 100 in one call

Row = tuple[tuple[object, ...], tuple[object, ...]]


def rows(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str] = ()
) -> Iterator[Row]:
    """The rows of ``table`` in which a needle stands: the key's values, then the text columns' values.

    ``fragments``: lower-case ASCII texts one of which every needle contains; where there are any, only rows that have
    one are folded as a whole. PostgreSQL joins and lowers the columns once (ILIKE costs ten times as much); SQLite, which
    folds ASCII only, asks Python.
    """
    form = _sqlite if connection.vendor == "sqlite" else _postgresql
    sql, given = form(connection, table, needles, fragments)
    width = len(table.key)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        found = cursor.fetchall()
    for row in found:
        yield tuple(row[:width]), tuple(row[width:])


def _postgresql(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str]
) -> tuple[str, list[str | list[str]]]:
    key, columns, place = _quoted(connection, table)
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


def _sqlite(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str], fragments: Sequence[str]
) -> tuple[str, list[str | list[str]]]:
    key, columns, place = _quoted(connection, table)
    connection.ensure_connection()
    connection.connection.create_function(_FUNCTION, 1, _finder(needles, fragments))
    joined = " || char(31) || ".join(f"COALESCE({column}, '')" for column in columns)
    shown = ", ".join((*key, *columns))
    # As bytes, which Python need not decode.
    where = f"{_FUNCTION}(CAST({joined} AS BLOB))"
    return f"SELECT {shown} FROM {place} WHERE {where} LIMIT {MOST}", []  # noqa: S608


def _quoted(connection: BaseDatabaseWrapper, table: Table) -> tuple[list[str], list[str], str]:
    def quote(name: str) -> str:
        return connection.ops.quote_name(name).replace("%", "%%")

    place = table.place(connection).replace("%", "%%")
    return [quote(name) for name in table.key], [quote(name) for name in table.columns], place


def _finder(needles: Sequence[str], fragments: Sequence[str]) -> Callable[[object], bool]:
    whole = re.compile("|".join(re.escape(needle) for needle in needles))
    part = re.compile("|".join(re.escape(one) for one in fragments).encode())  # without any: matches all

    def found(text: object) -> bool:
        if not isinstance(text, bytes) or part.search(text.lower()) is None:
            return False
        return whole.search(text.decode(errors="replace").casefold()) is not None

    return found
