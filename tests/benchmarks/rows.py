"""Rows by the hundred thousand, made by the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.contrib.auth.models import User
from django.core.management.color import no_style
from django.core.management.sql import sql_flush
from django.db import connection, models, transaction

from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from tests.benchmarks.shop.models import OF_AN_ORDER, SMALL, Line, Order

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
RECENT = datetime(2026, 1, 10, 12, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 10, 12, tzinfo=UTC)

TEXTS = {
    "number": "'N-' || i",
    "total": "19.99",
    "status": "'done'",
    "name": "'Camille Martin' || i",
    "company": "'Maison ' || i || ' et fils'",
    "street": "i || ' rue des Lampions, bâtiment B'",
    "city": "'69001 Lyon'",
    "phone": "'+336' || (10000000 + i)",
    "email": "'camille.martin' || i || '@example.com'",
    "note": "'Please ring twice; the dog is friendly. Order ' || i",
}
"""What a column holds in row ``i``, as SQL."""

_SAID = "'Something said by customer ' || i"


def empty() -> None:
    """Take every row of every table away, and the space it held."""
    connection.ops.execute_sql_flush(sql_flush(no_style(), connection, allow_cascade=True))
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")


def settled() -> None:
    """Have the database know its rows, as a shop's that lives does."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


class Sql(str):
    """What a column holds in row ``i``, as SQL rather than as a value."""

    __slots__ = ()


def insert(
    model: type[models.Model], count: int, given: Mapping[str, object], *, source: str = "", of: str = ""
) -> None:
    """Put ``count`` rows into the table of ``model``: columns from ``given``, or else texts of row ``i``.

    ``source``: instead of counting, a SELECT of ``i``; ``of``: the column that becomes ``i`` itself.
    """
    sql, params = [], []
    columns = [field for field in model._meta.concrete_fields if not field.primary_key]
    for field in columns:
        value = given.get(field.column)
        if isinstance(value, Sql):
            sql.append(value)
        elif field.column in given:
            sql.append("%s" if connection.vendor == "sqlite" else f"%s::{field.db_type(connection)}")
            params.append(field.get_db_prep_value(value, connection))
        else:
            sql.append("i" if field.column == of else TEXTS.get(field.name, _SAID))
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column) for field in columns)
    numbers = source or (
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n"
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({names}) SELECT {', '.join(sql)} FROM ({numbers}) AS m",
            params,
        )


def account(number: int) -> tuple[User, Person]:
    """A customer without rows, her address proven."""
    name = f"customer{number}"
    user = User.objects.create(username=name, first_name="Camille", last_name=name)
    User.objects.filter(pk=user.pk).update(email=f"{name}@example.com")
    person = people.person_of(user, now=NOW)
    people.prove(people.note("email", f"{name}@example.com", person=person, now=NOW), how="link", now=NOW)
    return user, person


def customers(count: int, *, orders: int) -> list[tuple[User, Person]]:
    """Customers with ``orders`` orders each, theirs among each other's as time brings them.

    A line an order; a parcel, a payment and an invoice for every tenth; in each small table a row for every twentieth.
    """
    with transaction.atomic():
        made = [account(number) for number in range(count)]
        whose = Sql(f"{made[0][0].pk} + i %% {count}")
        insert(Order, orders * count, {"customer_id": whose, "placed_at": RECENT})
        table = connection.ops.quote_name(Order._meta.db_table)
        for model in OF_AN_ORDER:
            every = 1 if model is Line else 10
            some = f"SELECT id AS i FROM {table} WHERE (id / {count}) %% {every} = 0"
            insert(model, 0, {"issued_at": RECENT}, source=some, of="order_id")
        for model in SMALL:
            insert(model, orders * count // 20, {"user_id": whose, "created_at": RECENT})
    return made
