"""Conditions put together: what an UPDATE may be asked, and rows by what stands at the end of a path."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F, Q, Value
from django.db.models.lookups import In

from django_rgpd.registry.conditions import (
    ALWAYS,
    NEVER,
    all_of,
    any_of,
    at_end,
    beside,
    is_always,
    is_never,
    not_,
    on_row,
    same,
)
from example_shop.accounts.models import User
from example_shop.factories import ProductFactory
from example_shop.orders.models import Order, OrderLine


def test_what_is_always_or_never_true_is_known_by_its_looks() -> None:
    assert is_never(NEVER)
    assert is_never(Q(pk__in=[]))
    assert is_always(ALWAYS)
    assert is_always(~Q(pk__in=[]))
    assert is_always(Q())
    for other in (Q(pk__in=[1]), ~Q(pk__in=[1]), Q(name=""), ~Q(name=""), ~Q(~Q(pk__in=[]))):
        assert not is_never(other)
        assert not is_always(other)
    assert all_of(Q(name=""), NEVER) is NEVER
    assert any_of(Q(name=""), ALWAYS) is ALWAYS
    assert (not_(NEVER), not_(Q())) == (ALWAYS, NEVER)


def test_the_same_in_the_same_words() -> None:
    for one in (
        Q(name=""),
        Q(name="", city=None),
        ~Q(name="") | Q(placed_at__lt=F("paid_at")),
        Q(~Q(name=""), Q(pk__in=[1])),
    ):
        assert same(one, one)
        assert same(one, one.copy())
        assert not same(one, ~one)
        assert not same(one, one & Q(phone=""))
    for one, other in (
        (Q(name=""), Q(city="")),
        (Q(name=""), Q(name="x")),
        (Q(name="", city=""), Q(name="") | Q(city="")),
        (Q(~Q(name="")), Q(~Q(city=""))),
        (Q(pk__in=Order.objects.all()), Q(pk__in=Order.objects.all())),
    ):
        assert not same(one, other)


def test_a_number_and_a_truth_value_are_not_the_same() -> None:
    assert same(Q(data__kind=1), Q(data__kind=1))
    assert not same(Q(data__kind=1), Q(data__kind=True))
    assert not same(~Q(Q(data__kind=0), Q(name="")), ~Q(Q(data__kind=False), Q(name="")))
    for number, truth in (([1], [True]), ({"a": [0]}, {"a": [False]}), (Value(1), Value(True))):
        assert same(Q(data=number), Q(data=copy.copy(number)))
        assert not same(Q(data=number), Q(data=truth))
    assert not same(Q(In(F("data"), [1])), Q(In(F("data"), [True])))


HERS = Q(customer=7)
ALL_ERASED = Q(Q(customer__isnull=True), Q(name=""))


@pytest.mark.parametrize(
    ("given", "condition", "expected"),
    [
        (HERS, not_(ALL_ERASED), HERS),
        (Q(HERS, Q(number="a")), not_(ALL_ERASED), Q(HERS, Q(number="a"))),
        (HERS, Q(Q(status="paid"), not_(ALL_ERASED)), Q(HERS, Q(status="paid"))),
        (Q(customer__in=[7, 8]), not_(ALL_ERASED), None),
        (Q(customer=None), not_(ALL_ERASED), None),
        (Q(HERS, Q(name="a"), _connector=Q.OR), not_(ALL_ERASED), None),
        (~HERS, not_(ALL_ERASED), None),
        (HERS, not_(Q(name="")), None),
        (HERS, not_(Q(customer__isnull=False)), None),
        (Q(gift=False), not_(Q(Q(gift=True), Q(name=""))), None),
        (HERS, not_(Q(Q(customer__isnull=True), Q(name=""), _connector=Q.OR)), None),
        (HERS, Q(not_(ALL_ERASED), Q(status="paid"), _connector=Q.OR), None),
        (HERS, ALL_ERASED, None),
    ],
)
def test_a_row_that_still_leads_to_her_is_not_erased_and_need_not_be_asked(
    given: Q, condition: Q, expected: Q | None
) -> None:
    """Only what must be true of every row says so, and only of "not all of these are NULL or empty"."""
    assert same(beside(given, condition), all_of(given, condition) if expected is None else expected)


@pytest.mark.django_db
def test_what_need_not_be_asked_changes_no_answer(order: Callable[..., Order], customer: User) -> None:
    for number, (whose, name) in enumerate([(customer, "a"), (customer, ""), (None, "a"), (None, "")]):
        order(number=f"{number}", customer=whose, name=name)
    for hers in (Q(customer=customer.pk), Q(customer__in=[customer.pk])):
        found = [set(Order.objects.filter(one).values_list("number", flat=True)) for one in
                 (beside(hers, not_(ALL_ERASED)), all_of(hers, not_(ALL_ERASED)))]  # fmt: skip
        assert found == [{"0", "1"}] * 2


def test_a_condition_leaves_the_table_by_what_it_asks_not_by_the_value() -> None:
    """The same lookups with another value are answered alike; NULL is asked of another table otherwise than a key is."""
    for value in (7, 8):
        assert on_row(Order, Q(customer=value)) == Q(customer=value)
        assert on_row(Order, Q(customer__email=value)) != Q(customer__email=value)
        assert on_row(Order, Q(name="", customer__email=value)) != Q(name="", customer__email=value)
    assert on_row(Order, Q(customer=None)) == Q(customer=None)
    assert on_row(Order, Q(customer__isnull=True)) == Q(customer__isnull=True)
    assert on_row(Order, Q(payments=None)) != Q(payments=None)
    assert on_row(OrderLine, Q(order__customer=None)) != Q(order__customer=None)


def test_an_expression_is_looked_into_each_time() -> None:
    assert on_row(Order, Q(name=F("street"))) == Q(name=F("street"))
    assert on_row(Order, Q(name=F("customer__first_name"))) != Q(name=F("customer__first_name"))
    assert on_row(Order, Q(In(F("name"), ["a"]))) == Q(In(F("name"), ["a"]))
    assert on_row(Order, Q(In(F("customer__email"), ["a"]))) != Q(In(F("customer__email"), ["a"]))
    assert on_row(Order, Q(name__in=["a", F("street")])) == Q(name__in=["a", F("street")])
    assert on_row(Order, Q(name__in=["a", F("customer__email")])) != Q(name__in=["a", F("customer__email")])


@pytest.mark.django_db
def test_rows_are_looked_up_by_the_key_of_the_path(order: Callable[..., Order], customer: User) -> None:
    """Forwards by the key, with one subquery and no join; a row without that key is not among them, nor lost by a ``not``."""
    mine, other = order(customer=customer), order(customer=None)
    product = ProductFactory()
    lines = [OrderLine.objects.create(order=one, product=product, unit_price=1) for one in (mine, other)]

    def found(model: Any, path: str, value: object) -> list[Any]:
        return list(model.objects.filter(at_end(model, path, lambda name: Q(**{name: value}))).order_by("pk"))

    assert at_end(Order, "customer", lambda name: Q(**{name: 7})) == Q(customer=7)
    assert found(OrderLine, "order__customer", customer.pk) == [lines[0]]
    assert found(OrderLine, "order__customer__email", customer.email) == [lines[0]]
    assert found(Order, "lines__product", product.pk) == [mine, other]
    assert found(User, "orders__name", mine.name) == [customer]
    hers = at_end(Order, "customer__email", lambda name: Q(**{name: customer.email}))
    assert list(Order.objects.filter(not_(hers))) == [other]
    sql = str(OrderLine.objects.filter(at_end(OrderLine, "order__customer", lambda n: Q(**{n: 7}))).query)
    assert "JOIN" not in sql
    assert sql.count("SELECT") == 2
