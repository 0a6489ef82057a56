"""An UPDATE that proves itself: the same statement counts the rows that did not get their erased form (a trigger's work)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models import Q, QuerySet
from django.db.models.sql import UpdateQuery

if TYPE_CHECKING:
    from django.db.models import Model

_IS_NULL = re.compile(r'((?:"[^"]+"\.)?"[^"]+") IS NULL')


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a statement did: rows changed, and how many of them do not have their erased form (a trigger's
    work)."""

    rows: int = 0
    unproven: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(self.rows + other.rows, self.unproven + other.unproven)


def returning(rows: QuerySet[Model], values: Mapping[str, object], proof: Q) -> Outcome:
    """Run one UPDATE and count in the same statement its rows, and those of which ``proof`` is not true."""
    query = cast("UpdateQuery", rows.query.chain(UpdateQuery))
    query.add_update_values(dict(values))
    connection = connections[rows.db]
    compiler = query.get_compiler(connection=connection)
    try:
        sql, params = compiler.as_sql()
    except EmptyResultSet:
        return Outcome()
    try:
        proven, proof_params = compiler.compile(query.build_where(proof))
    except FullResultSet:
        proven, proof_params = "1 = 1", ()
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            counted = "SELECT count(*), count(*) FILTER (WHERE proven IS NOT TRUE) FROM done"
            sql = f"WITH done AS ({sql} RETURNING ({proven}) AS proven) {counted}"
            cursor.execute(sql, (*params, *proof_params))
            return Outcome(*cursor.fetchone())
        # SQLite (3.40) answers no to "column IS NULL" in RETURNING where the key is declared NOT NULL.
        proven = _IS_NULL.sub(r"typeof(\1) = 'null'", proven)
        cursor.execute(f"{sql} RETURNING ({proven})", (*params, *proof_params))
        proofs = Counter(cursor)
    return Outcome(proofs.total(), sum(count for (one,), count in proofs.items() if not one))
