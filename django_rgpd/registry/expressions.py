"""SQL that Django has no words for: NULL of any type, a random address, a key or an address as one comparable text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import (
    BigIntegerField,
    CharField,
    F,
    Func,
    IntegerField,
    OuterRef,
    TextField,
    UUIDField,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Lower, Replace, Trim

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler

ERASED_DOMAIN = "erased.invalid"
"""Nobody's domain (RFC 2606): mail to it can never arrive."""

PHONE_MARKS = ("(0)", " ", ".", "-", "/", "(", ")")


class SqlNull(Value):
    """NULL itself: a JSON column's ``Value(None)`` would be JSON's null."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, tuple[()]]:
        """The word."""
        return "NULL", ()


class RandomAddress(Func):
    """``<random>@erased.invalid``, drawn by the database for each row anew; ``length`` is the column's."""

    arity = 0

    def __init__(self, *, length: int | None = None, output_field: Any = None, **extra: Any) -> None:
        tail = f"@{ERASED_DOMAIN}"
        digits = min(32, length - len(tail)) if length else 32
        super().__init__(output_field=output_field or TextField(), digits=digits, tail=tail, **extra)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """``randomblob`` is seeded by the operating system."""
        return self.as_sql(
            compiler,
            connection,
            template="(substr(lower(hex(randomblob(16))), 1, %(digits)s) || '%(tail)s')",
            **extra,
        )

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """``gen_random_uuid`` is drawn anew for each row (PostgreSQL 13 and later have it built in)."""
        return self.as_sql(
            compiler,
            connection,
            template=("(substr(replace(gen_random_uuid()::text, '-', ''), 1, %(digits)s) || '%(tail)s')"),
            **extra,
        )


class KeyText(Func):
    """A key as ``str()`` writes it in Python: what ``Person.user_key`` holds.

    SQLite keeps a UUID as 32 digits without hyphens.
    """

    arity = 1

    def __init__(self, expression: Any, *, uuid: bool, **extra: Any) -> None:
        super().__init__(expression, output_field=CharField(max_length=255), uuid=uuid, **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """A plain cast."""
        inner, params = compiler.compile(self.get_source_expressions()[0])
        return f"CAST({inner} AS varchar(255))", params

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """A cast, with the hyphens of a UUID."""
        inner, params = compiler.compile(self.get_source_expressions()[0])
        if not self.extra["uuid"]:
            return f"CAST({inner} AS text)", params
        cuts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
        text = " || '-' || ".join(f"substr({inner}, {start}, {length})" for start, length in cuts)
        return f"({text})", [*params] * len(cuts)


class RandomUuid(Func):
    """A random uuid as the column of a ``UUIDField`` holds it, drawn for each row anew."""

    arity = 0

    def __init__(self, **extra: Any) -> None:
        super().__init__(output_field=UUIDField(), **extra)

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """``randomblob`` is seeded by the operating system."""
        return self.as_sql(compiler, connection, template="lower(hex(randomblob(16)))", **extra)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """PostgreSQL 13 and later have it built in."""
        return self.as_sql(compiler, connection, template="gen_random_uuid()", **extra)


class KeyOfText(Func):
    """What ``key_text`` wrote, as the column of the key holds it: so that an index on the column serves."""

    arity = 1

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """A plain cast."""
        inner, params = compiler.compile(self.get_source_expressions()[0])
        return f"CAST({inner} AS {self._type(connection)})", params

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        """A cast; a uuid is kept without its hyphens."""
        inner, params = compiler.compile(self.get_source_expressions()[0])
        if isinstance(self.output_field, UUIDField):
            return f"replace({inner}, '-', '')", params
        return f"CAST({inner} AS {self._type(connection)})", params

    def _type(self, connection: BaseDatabaseWrapper) -> str:
        return str(self.output_field.cast_db_type(connection))


def key_of_text(path: str | F | OuterRef, key: Any) -> KeyOfText:
    """``path``, a text that ``key_text`` wrote, as a key like the field ``key``."""
    plain: Any = UUIDField() if isinstance(key, UUIDField) else CharField(max_length=255)
    if isinstance(key, IntegerField):
        plain = BigIntegerField()
    return KeyOfText(F(path) if isinstance(path, str) else path, output_field=plain)


def key_text(path: str | F | OuterRef, key: Any) -> KeyText:
    """``path``, which leads to a key like the field ``key``, as text."""
    expression = F(path) if isinstance(path, str) else path
    return KeyText(expression, uuid=isinstance(key, UUIDField))


def address_text(kind: str, path: str | F | OuterRef) -> Combinable:
    """The nearest that SQL comes to the canonical form of the address at ``path``."""
    expression: Any = F(path) if isinstance(path, str) else path
    if kind != "phone":
        lowered: Combinable = Lower(Trim(expression))
        return lowered
    text: Any = Cast(expression, TextField())
    for mark in PHONE_MARKS:
        text = Replace(text, Value(mark), Value(""), output_field=TextField())
    plain: Combinable = text
    return plain
