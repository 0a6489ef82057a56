"""A condition asked of a part of a table: what it looks up in another table is looked up between the part's keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Exists, Func, OuterRef, Q, QuerySet, Subquery

from django_rgpd.registry.expressions import key_text

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.paths import Path


class HasAccount(Exists):
    """True of rows whose account has a row in ``table``, in whose ``column`` its key stands as text."""

    def __init__(self, table: QuerySet[Any], column: str, path: Path) -> None:
        super().__init__(table.filter(**{column: key_text(OuterRef(path.key), path.key_field)}))
        self.table, self.column, self.path = table, column, path

    def within(self, rows: QuerySet[Model]) -> HasAccount:
        """The same for ``rows``: of the table only what lies between their lowest and highest key is read."""
        key = key_text(self.path.key, self.path.key_field)
        lowest, highest = (
            Subquery(rows.order_by().values(end=Func(key, function=function))) for function in ("MIN", "MAX")
        )
        between = {f"{self.column}__gte": lowest, f"{self.column}__lte": highest}
        return HasAccount(self.table.filter(**between), self.column, self.path)


def within(condition: Q, rows: QuerySet[Model]) -> Q:
    """``condition``, which is asked of ``rows`` alone: the same answer, sooner.

    PostgreSQL does not see that a range of rows needs a range of the other table: it would read all of that once for each
    range. SQLite looks each key up by itself and needs no telling.
    """
    if connections[rows.db].vendor != "postgresql":
        return condition
    return _told(condition, rows)


def _told(condition: Q, rows: QuerySet[Model]) -> Q:
    children: list[Any] = []
    for child in condition.children:
        if isinstance(child, Q):
            children.append(_told(child, rows))
        else:
            children.append(child.within(rows) if isinstance(child, HasAccount) else child)
    if all(told is child for told, child in zip(children, condition.children, strict=True)):
        return condition
    return Q.create(children, condition.connector, condition.negated)
