"""The text columns of every table of a database, as the database itself lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from django.apps import apps

from django_rgpd.core.checks import VENDORS
from django_rgpd.core.errors import RgpdError

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model

_SQLITE_NOT_TEXT = re.compile(r"int|bool|real|floa|doub|deci|nume|date|time|blob|uuid", re.IGNORECASE)

_POSTGRESQL = """
    SELECT n.nspname, c.relname, a.attname,
           t.typcategory = 'S'
           OR t.typname IN ('json', 'jsonb', 'xml', 'tsvector', 'hstore', 'inet', 'cidr')
           OR (t.typcategory = 'A'
               AND (e.typcategory = 'S' OR e.typname IN ('json', 'jsonb', 'inet', 'cidr'))),
           COALESCE(a.attnum = ANY (i.indkey), FALSE)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type e ON e.oid = t.typelem
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind IN ('r', 'p', 'm', 'f') AND NOT c.relispartition AND c.relispopulated
      AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND has_table_privilege(c.oid, 'SELECT')
    ORDER BY n.nspname, c.relname, a.attnum
"""


class UnknownDatabase(RgpdError):
    """A database that the search cannot read: neither PostgreSQL nor SQLite."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table with its text columns and its primary key; names as the database has them."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def place(self) -> str:
        """The table's quoted name, with its schema where there is one."""
        return f"{quoted(self.schema)}.{quoted(self.name)}" if self.schema else quoted(self.name)

    @property
    def model(self) -> type[Model] | None:
        """The model whose table it is, or nothing."""
        for model in apps.get_models(include_auto_created=True):
            if _bare(model._meta.db_table) in {self.name, f"{self.schema}.{self.name}"}:
                return model
        return None

    @property
    def label(self) -> str:
        """The model's label, else the table's name."""
        model = self.model
        return self.name if model is None else model._meta.label

    def field_of(self, column: str) -> str:
        """The name of the model's field that is kept in ``column``, else the column's name."""
        model = self.model
        for field in model._meta.concrete_fields if model is not None else ():
            if field.column == column:
                return field.name
        return column


def searched(connection: BaseDatabaseWrapper) -> bool:
    """Whether the search can read this database."""
    return connection.vendor in VENDORS


def quoted(name: str) -> str:
    """A name as the database lists it, in quotes: it may have some of its own, which Django takes for the ones around it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def tables(connection: BaseDatabaseWrapper) -> list[Table]:
    """Every table that has a text column. Raises ``UnknownDatabase``."""
    if connection.vendor == "postgresql":
        return list(_postgresql(connection))
    if connection.vendor == "sqlite":
        return list(_sqlite(connection))
    msg = f"Database {connection.alias!r}: {connection.vendor} cannot be searched; PostgreSQL and SQLite can."
    raise UnknownDatabase(msg)


def _postgresql(connection: BaseDatabaseWrapper) -> Iterator[Table]:
    with connection.cursor() as cursor:
        cursor.execute(_POSTGRESQL)
        rows = cursor.fetchall()
    for (schema, name), group in groupby(rows, key=lambda row: (row[0], row[1])):
        listed = list(group)
        texts = tuple(row[2] for row in listed if row[3])
        if texts:
            yield Table(schema, name, texts, tuple(row[2] for row in listed if row[4]))


def _sqlite(connection: BaseDatabaseWrapper) -> Iterator[Table]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master "
            "WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name"
        )
        names = [row[0] for row in cursor.fetchall()]
        for name in names:
            cursor.execute(f"PRAGMA table_info({quoted(name)})")
            listed = cursor.fetchall()
            texts = tuple(row[1] for row in listed if not _SQLITE_NOT_TEXT.search(row[2] or ""))
            if texts:
                key = tuple(row[1] for row in sorted(listed, key=lambda row: row[5]) if row[5])
                yield Table("", name, texts, key)


def _bare(db_table: str) -> str:
    return db_table.replace('"', "")
