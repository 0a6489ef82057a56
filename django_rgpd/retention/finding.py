"""How many rows are due, and up to which key a table is filled: one statement asks it of every model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.fields import AutoFieldMixin

from django_rgpd.erasure import statements
from django_rgpd.erasure.counting import from_where
from django_rgpd.erasure.failures import EngineFailed, wrapped
from django_rgpd.registry.columns import stored_as

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from django_rgpd.registry import Entry

_TOGETHER = 400  # SQLite joins 500 selects at most

Select = tuple[str, str, tuple[Any, ...]]
"""What it is about, the SQL of one number, and its parameters."""


def counts(
    rows: Mapping[str, QuerySet[Model]], failed: dict[str, str] | None = None, *, most: int | None = None
) -> dict[str, int]:
    """Name → how many rows, for each of ``rows``; one ``UNION ALL`` a database, nothing for what is true of no row.

    ``most``: count no further than this, where nobody wants to know how many more there are. ``failed``: where given, a model
    that the database does not count is named there with the kind of its error, and the others are counted all the same. Raises
    ``EngineFailed`` otherwise.
    """
    asked: dict[str, list[Select]] = {}
    found = dict.fromkeys(rows, 0)
    for name, query in rows.items():
        try:
            sql, params = from_where(query)
        except EmptyResultSet:
            continue
        if most is not None:
            sql = f"FROM (SELECT 1 AS one {sql} LIMIT {most}) AS found"
        asked.setdefault(query.db, []).append((name, f"SELECT COUNT(*) {sql}", params))
    for alias, selects in asked.items():
        found |= _answers(alias, selects, failed)
    return found


def tops(entries: Iterable[Entry]) -> dict[str, int | None]:
    """Label → the highest key of each table (0 for an empty one); None where keys are no numbers that grow."""
    found: dict[str, int | None] = {}
    asked: dict[str, list[Select]] = {}
    for entry in entries:
        found[entry.label] = None
        if counted_up(entry):
            alias = statements.using(entry)
            quote = connections[alias].ops.quote_name
            meta = entry.model._meta
            sql = f"SELECT MAX({quote(str(meta.pk.column))}) FROM {quote(meta.db_table)}"  # noqa: S608
            asked.setdefault(alias, []).append((entry.label, sql, ()))
    for alias, selects in asked.items():
        found |= _answers(alias, selects, {})
    return found


def counted_up(entry: Entry) -> bool:
    """Whether a row that comes later has a higher key: the database counts, and no number is drawn or brought along."""
    pk = entry.model._meta.pk
    return isinstance(pk, AutoFieldMixin) and pk is stored_as(pk)


def _answers(alias: str, selects: list[Select], failed: dict[str, str] | None) -> dict[str, int]:
    found: dict[str, int] = {}
    for at in range(0, len(selects), _TOGETHER):
        some = selects[at : at + _TOGETHER]
        try:
            found |= _ask(alias, some)
        except EngineFailed:
            if failed is None:
                raise
            for one in some:  # one table that is not there must not keep the others from their day
                try:
                    found |= _ask(alias, [one])
                except EngineFailed as error:
                    failed[one[0]] = error.kind
    return found


def _ask(alias: str, selects: list[Select]) -> dict[str, int]:
    names = [name for name, _sql, _params in selects]
    numbered = [f"SELECT {number}, ({sql})" for number, (_name, sql, _params) in enumerate(selects)]
    params = [param for _name, _sql, given in selects for param in given]
    with wrapped(names[0] if len(names) == 1 else "counting"), connections[alias].cursor() as cursor:
        cursor.execute(" UNION ALL ".join(numbered), params)
        return {names[int(number)]: int(answer or 0) for number, answer in cursor.fetchall()}
