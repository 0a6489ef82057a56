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


def rows(connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str]) -> Iterator[Row]:
    """The rows of ``table`` in which a needle stands: the key's values, then the text columns' values.

    PostgreSQL lowers the joined columns once (ILIKE costs ten times as much); SQLite, which folds ASCII
    only, asks Python.
    """
    form = _sqlite if connection.vendor == "sqlite" else _postgresql
    sql, given = form(connection, table, needles)
    width = len(table.key)
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        found = cursor.fetchall()
    for row in found:
        yield tuple(row[:width]), tuple(row[width:])


def _postgresql(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str]
) -> tuple[str, tuple[list[str], ...]]:
    key, columns, place = _quoted(connection, table)
    texts = [f"{column}::text" for column in columns]
    parts = [texts[at : at + _ARGUMENTS] for at in range(0, len(texts), _ARGUMENTS)]
    folded = " || chr(31) || ".join(f"concat_ws(chr(31), {', '.join(part)})" for part in parts)
    names = [f"k{number}" for number in range(len(key))] + [f"c{number}" for number in range(len(texts))]
    shown = ", ".join(f"{one} AS {name}" for one, name in zip([*key, *texts], names, strict=True))
    inner = f"SELECT {shown}, lower({folded}) AS folded FROM {place} OFFSET 0"  # noqa: S608 - quoted names
    sought = "SELECT 1 FROM unnest(%s::text[]) AS sought WHERE position(sought IN folded) > 0"
    sql = f"SELECT {', '.join(names)} FROM ({inner}) AS read WHERE EXISTS ({sought}) LIMIT {MOST}"  # noqa: S608
    return sql, (list(needles),)


def _sqlite(
    connection: BaseDatabaseWrapper, table: Table, needles: Sequence[str]
) -> tuple[str, tuple[list[str], ...]]:
    key, columns, place = _quoted(connection, table)
    connection.ensure_connection()
    connection.connection.create_function(_FUNCTION, 1, _finder(needles))
    joined = " || char(31) || ".join(f"COALESCE({column}, '')" for column in columns)
    shown = ", ".join((*key, *columns))
    return f"SELECT {shown} FROM {place} WHERE {_FUNCTION}({joined}) LIMIT {MOST}", ()  # noqa: S608


def _quoted(connection: BaseDatabaseWrapper, table: Table) -> tuple[list[str], list[str], str]:
    def quote(name: str) -> str:
        return connection.ops.quote_name(name).replace("%", "%%")

    place = table.place(connection).replace("%", "%%")
    return [quote(name) for name in table.key], [quote(name) for name in table.columns], place


def _finder(needles: Sequence[str]) -> Callable[[object], bool]:
    pattern = re.compile("|".join(re.escape(needle) for needle in needles))

    def found(text: object) -> bool:
        return isinstance(text, str) and pattern.search(text.casefold()) is not None

    return found
