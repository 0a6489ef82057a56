"""Erasing a customer, with plan, proof, ledger and what must follow, against the bare statements on the same tables."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib.auth.models import User
from django.db import connection, transaction

from django_rgpd.erasure.execute import erase
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import SMALL, Line, Order, Parcel, Payment


def erasing(size: Size) -> Iterator[Measured]:
    """A customer of some orders, and one of many."""
    yield _erasing(size.few, size.rounds, target=2.5)
    yield _erasing(size.many, size.rounds_of_many, target=1.2 if size.many >= 100_000 else None)


def _erasing(orders: int, rounds: int, *, target: float | None) -> Measured:
    rows.empty()
    fresh = rows.customers(2 * (rounds + 1), orders=orders)
    rows.settled()

    def candidate() -> None:
        erase(fresh.pop()[1], how="account", now=rows.NOW)

    def floor() -> None:
        user, _person = fresh.pop()
        with transaction.atomic(), connection.cursor() as cursor:
            for sql in _bare():
                cursor.execute(sql, [user.pk])

    name = f"erase a customer with {orders:,} orders over 30 models".replace(",", " ")
    return compare(name, rows=orders, floor=floor, candidate=candidate, rounds=rounds, target=target)


def _bare() -> Iterator[str]:
    """What would have to be written by hand: one statement a table, children first; the invoices stay."""
    quote = connection.ops.quote_name
    order = quote(Order._meta.db_table)
    hers = f"order_id IN (SELECT id FROM {order} WHERE customer_id = %s)"
    for model, column in ((Line, "engraving"), (Parcel, "left_with"), (Payment, "holder")):
        yield f"UPDATE {quote(model._meta.db_table)} SET {column} = '' WHERE {hers}"
    for model in SMALL:
        yield f"DELETE FROM {quote(model._meta.db_table)} WHERE user_id = %s"
    texts = ("name", "company", "street", "city", "phone", "email", "note")
    blank = ", ".join(f"{quote(name)} = ''" for name in texts)
    yield f"UPDATE {order} SET customer_id = NULL, {blank} WHERE customer_id = %s"
    yield f"DELETE FROM {quote(User._meta.db_table)} WHERE id = %s"
