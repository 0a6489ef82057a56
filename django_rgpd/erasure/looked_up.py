"""What several questions look up in another table alike: PostgreSQL is told so, or it would look it up once for each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models.expressions import Col
from django.db.models.lookups import In
from django.db.models.sql import Query
from django.db.models.sql.where import AND

from django_rgpd.registry.columns import stored_as
from django_rgpd.registry.conditions import joins

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet
    from django.db.models.sql.compiler import SQLCompiler
    from django.db.models.sql.where import WhereNode


class Found(NamedTuple):
    """A subquery. ``params`` have their types beside them: ``1`` and ``True`` are equal in Python."""

    sql: str
    params: tuple[tuple[type, Any], ...]
    keys_of: type[Model] | None
    """The model whose primary keys it finds, each once; None where it may find something twice."""


@dataclass(frozen=True, slots=True)
class LookedUp:
    """Subqueries that more than one question makes: a name for each, by which the statement has its rows once.

    A question joins the name, in which each row stands once, instead of asking ``IN``: PostgreSQL 15 knows how many rows a name
    stands for, but not that they differ, and would look 100 000 keys up one by one.
    """

    names: dict[Found, str] = field(default_factory=dict)

    def begin(self) -> tuple[str, list[Any]]:
        """What the statement begins with (``WITH``), and its parameters; empty where nothing is in common."""
        named = [
            f'"{name}" ("key") AS (SELECT {"DISTINCT " * (one.keys_of is None)}* FROM {one.sql} AS looked_up)'  # noqa: S608
            for one, name in self.names.items()
        ]
        given = [param for one in self.names for _type, param in one.params]
        return f"WITH {', '.join(named)} " if named else "", given

    def join(self, where: WhereNode, compiler: SQLCompiler) -> tuple[WhereNode, str, list[Any]]:
        """``where`` without the first subquery that has a name, and the join that says the same, with its parameters."""
        for lookup, found in _lookups(where, compiler) if self.names else ():
            if found in self.names:
                key, given = lookup.process_lhs(compiler, compiler.connection)
                name = self.names[found]
                rest = where.clone()
                rest.children = [child for child in where.children if id(child) != id(lookup)]
                return rest, f' INNER JOIN "{name}" ON ({key} = "{name}"."key")', list(given)
        return where, "", []

    def all_of(self, rows: QuerySet[Model]) -> str | None:
        """The name whose rows are ``rows``, each once; None where there is none."""
        if not any(one.keys_of is rows.model for one in self.names):
            return None
        keys = rows.order_by().values(rows.model._meta.pk.attname).query.resolve_expression(Query(rows.model))
        found = _found(keys, rows.query.get_compiler(rows.db))
        return self.names.get(found) if found and found.keys_of else None


def looked_up(questions: Iterable[QuerySet[Model]], alias: str) -> LookedUp:
    """What more than one of ``questions`` looks up, on PostgreSQL; SQLite takes no longer without."""
    if connections[alias].vendor != "postgresql":
        return LookedUp()
    asked: Counter[Found] = Counter()
    for rows in questions:
        compiler = rows.query.get_compiler(alias)
        asked.update({found for _lookup, found in _lookups(rows.query.where, compiler)})
    common = [found for found, count in asked.items() if count > 1]
    return LookedUp({found: f"rgpd_{number}" for number, found in enumerate(common)})


def _lookups(where: WhereNode, compiler: SQLCompiler) -> Iterator[tuple[In, Found]]:
    """Each ``key IN (SELECT key …)`` that must be true of a row and asks nothing of the row but that key."""
    if where.negated or where.connector != AND:
        return
    for child in where.children:
        if not isinstance(child, In) or not _of_one_key(child) or child.rhs.get_external_cols():
            continue
        try:
            found = _found(child.rhs, compiler)
        except EmptyResultSet:
            continue
        if found is not None:
            yield child, found


def _of_one_key(lookup: In) -> bool:
    """Whether it compares a column with others of the same type, so that what differs for ``DISTINCT`` differs for ``=``."""
    query = lookup.rhs
    if (
        not isinstance(query, Query)
        or query.combinator
        or not query.has_select_fields
        or len(query.select) != 1
    ):
        return False
    own, theirs = lookup.lhs, query.select[0]
    if not isinstance(own, Col) or not isinstance(theirs, Col):
        return False
    return stored_as(own.target) == stored_as(theirs.target)


def _found(query: Query, compiler: SQLCompiler) -> Found | None:
    """``query`` as it is asked; None where its parameters cannot be compared (an array's)."""
    sql, params = compiler.compile(query)
    if not all(isinstance(param, Hashable) for param in params):
        return None
    model: Any = query.model
    ordered = query.order_by or query.default_ordering  # it is sliced, then, and joins what it is ordered by
    own = getattr(query.select[0], "target", None) is model._meta.pk and not joins(query) and not ordered
    return Found(sql, tuple((type(param), param) for param in params), model if own else None)
