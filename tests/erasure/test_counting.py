"""The questions of a plan in one statement: the same answers as one by one, and nothing looked up twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.db.models import FloatField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.test.utils import CaptureQueriesContext

from django_rgpd.core import clock
from django_rgpd.erasure.counting import Answer, Question, answers
from django_rgpd.erasure.plan import plan
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, OrderLineFactory
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, OrderLine
from example_shop.payments.models import Payment

pytestmark = pytest.mark.django_db

Rows = QuerySet[Order] | QuerySet[OrderLine] | QuerySet[Payment] | QuerySet[Invoice]


def hers(user: User, **more: object) -> QuerySet[Order]:
    """Her orders, as a path that leads through them is looked up."""
    return QuerySet(Order).filter(customer=user.pk, **more)


ASKED: dict[str, Callable[[User], list[Rows]]] = {
    "children": lambda user: [
        QuerySet(model).filter(order__in=hers(user).values("id")) for model in (OrderLine, Payment, Invoice)
    ],
    "the orders themselves": lambda user: [
        hers(user),
        *(QuerySet(model).filter(order__in=hers(user).values("id")) for model in (OrderLine, Payment)),
        hers(user, status="paid"),
    ],
    "found twice": lambda user: [
        QuerySet(model).filter(order__in=hers(user, lines__quantity__gt=0).values("id"))
        for model in (OrderLine, Payment)
    ],
    "found twice, and asked themselves": lambda user: [
        *(
            QuerySet(model).filter(order__in=found.values("id"))
            for model in (OrderLine, Payment)
            for found in (hers(user), hers(user, lines__quantity__gt=0))
        ),
        hers(user, lines__quantity__gt=0),
    ],
    "the first of an order by lines": lambda user: [
        QuerySet(model).filter(order__in=hers(user).order_by("-lines__quantity")[:3].values("id"))
        for model in (OrderLine, Payment)
    ],
    "two ways at once": lambda user: [
        QuerySet(model)
        .filter(order__in=hers(user).values("id"))
        .filter(order__in=hers(user, lines__quantity__gt=0).values("id"))
        for model in (OrderLine, Payment)
    ],
    "not hers": lambda user: [
        QuerySet(model).filter(~Q(order__in=hers(user).values("id"))) for model in (OrderLine, Payment)
    ],
    "hers or another": lambda user: [
        QuerySet(model).filter(Q(order__in=hers(user).values("id")) | Q(order__number__startswith="N"))
        for model in (OrderLine, Payment)
    ],
    "sets put together": lambda user: [
        QuerySet(model).filter(order__number="N-1")
        | QuerySet(model).filter(order__number="N-2")
        | QuerySet(model).filter(order__in=hers(user).values("id"))
        for model in (OrderLine, Payment)
    ],
    "of each row itself": lambda user: [
        QuerySet(OrderLine)
        .filter(quantity__gt=number)
        .filter(order__in=hers(user, status=OuterRef("order__status")).values("id"))
        for number in (0, 1)
    ],
    "nobody's": lambda user: [
        QuerySet(model).filter(order__in=hers(user).filter(pk__in=[]).values("id"))
        for model in (OrderLine, Payment)
    ],
    "another's": lambda user: [
        *(QuerySet(model).filter(order__in=hers(user).values("id")) for model in (OrderLine, Payment)),
        QuerySet(OrderLine).filter(order__in=QuerySet(Order).exclude(customer=user.pk).values("id")),
    ],
    "found by both of two": lambda user: [
        QuerySet(model).filter(
            order__in=hers(user).order_by().values("id").union(hers(user).order_by().values("id"), all=True)
        )
        for model in (OrderLine, Payment)
    ],
    "compared as another type": lambda user: [
        QuerySet(model)
        .alias(rounded=Cast("order", FloatField()))
        .filter(rounded__in=QuerySet(Order).filter(id__gt=0).values("id"))
        for model in (OrderLine, Payment)
    ],
    "by values": lambda user: [
        QuerySet(model).filter(order__in=list(hers(user).values_list("id", flat=True)))
        for model in (OrderLine, Payment)
    ],
}


@pytest.mark.parametrize("asked", ASKED)
def test_together_as_one_by_one(user: User, bystander: User, asked: str) -> None:
    """Whatever questions have in common."""
    some = hers(user).first()
    for number in range(3):
        OrderLineFactory(order=some, quantity=number)
    OrderLineFactory(order=OrderFactory(number="N-1"))
    for key in (2**53, 2**53 + 1):  # one number, as a float
        OrderLineFactory(order=OrderFactory(id=key))
    rows = ASKED[asked](user)
    assert [one.count for one in answers([Question(rows=each) for each in rows])] == [
        each.count() for each in rows
    ]


def test_the_first_and_the_last_day(user: User, bystander: User, now: datetime) -> None:
    """Of what is asked, by legal days; of a column of the row, and of one at the end of a path."""
    for days in (3, 40, 400):
        OrderFactory(customer=user, placed_at=now - timedelta(days=days))
    lines = QuerySet(OrderLine).filter(order__in=hers(user).values("id"))

    by_path, own, none, _count = answers(
        [
            Question(rows=lines, column="order__placed_at"),
            Question(rows=hers(user), column="placed_at"),
            Question(rows=hers(user, number="nobody's"), column="placed_at"),
            Question(rows=lines),
        ]
    )

    days = [clock.legal_day(one) for one in hers(user).values_list("placed_at", flat=True)]
    assert own == Answer(len(days), min(days), max(days))
    assert (by_path.first, by_path.last) == (min(days), max(days))
    assert none == Answer()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL writes the zone beside the instant")
def test_a_database_that_writes_instants_in_a_zone_of_its_own(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shortly before midnight there, the day is still the same."""
    monkeypatch.setitem(connections["default"].__dict__, "timezone", ZoneInfo("Europe/Paris"))
    placed = OrderFactory(customer=user, placed_at=datetime(2026, 3, 10, 22, 30, tzinfo=UTC))

    (found,) = answers([Question(rows=hers(user, pk=placed.pk), column="placed_at")])

    assert (found.first, found.last) == (date(2026, 3, 10), date(2026, 3, 10))


@pytest.mark.postgresql
def test_what_several_look_up_is_looked_up_once(user: User, bystander: User) -> None:
    """Her orders are read once for all that belongs to them; what one question alone asks stays in it."""
    questions = [Question(rows=each) for each in ASKED["the orders themselves"](user)]
    with CaptureQueriesContext(connection) as asked:
        answers(questions)
    (sql,) = (one["sql"] for one in asked)
    assert sql.startswith("WITH ")
    assert sql.count('"customer_id" =') == 2
    assert "DISTINCT" not in sql
    assert " IN (" not in sql

    with CaptureQueriesContext(connection) as asked:
        answers(questions[1:2])
    assert not asked[0]["sql"].startswith("WITH ")


@pytest.mark.postgresql
def test_a_plan_reads_her_orders_once(person: Person, now: datetime) -> None:
    """However many tables there are below them."""
    with CaptureQueriesContext(connection) as asked:
        plan(people.subject(person), now=now)
    (sql,) = (one["sql"] for one in asked if "UNION ALL" in one["sql"])
    table = Order._meta.db_table
    assert sql.count(f'SELECT U0."id" AS "id" FROM "{table}" U0 WHERE U0."customer_id" =') == 1
    assert sql.count('INNER JOIN "rgpd_') > 2
