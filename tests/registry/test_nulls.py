"""Conditions over columns that may be NULL: a row either stands or falls, whatever is asked of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F, Q
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.erasure.statements import rows_of
from django_rgpd.policy import Occasion
from django_rgpd.registry import Blank, OpenBusiness, Personal, When, registry, rule
from example_shop.factories import DAY, GuestOrderFactory, OrderFactory, PaymentFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

NOW = DAY + timedelta(days=30)

leaves = st.sampled_from(
    [
        Q(paid_at__lt=DAY + timedelta(days=1)),
        Q(paid_at__isnull=True),
        Q(gift_email="recipient@example.com"),
        Q(gift_email__in=["recipient@example.com", "nobody@example.com"]),
        Q(gift_email__icontains="RECIPIENT"),
        Q(customer__isnull=False),
        Q(customer__language="en"),
        Q(expected_on=F("delivered_on")),
        Q(expected_on__gt=F("closed_on")),
        Q(payments__stripe_customer="cus_one"),
        Q(payments__amount__gt=0, lines__quantity=1),
        Q(invoice__number__startswith="F"),
    ]
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda one: ~one),
        st.tuples(inner, inner).map(lambda two: two[0] & two[1]),
        st.tuples(inner, inner).map(lambda two: two[0] | two[1]),
    ),
    max_leaves=5,
)


@pytest.fixture
def orders() -> set[int]:
    """Orders of which each nullable column is NULL somewhere."""
    made = [
        OrderFactory(),
        OrderFactory(gift=True, gift_email="recipient@example.com", paid_at=None),
        OrderFactory(open=True, lines=0),
        GuestOrderFactory(expected_on=None, lines=0),
        GuestOrderFactory(delivered_on=None, gift_email="recipient@example.com", paid_at=DAY),
        GuestOrderFactory(paid_at=DAY + timedelta(days=9)),
    ]
    PaymentFactory(order=made[0], stripe_customer="cus_one")
    PaymentFactory(order=made[0], stripe_customer="cus_two")
    PaymentFactory(order=made[3], stripe_customer="cus_one")
    return {order.pk for order in made}


def test_a_row_stands_or_falls_whatever_is_null(orders: set[int]) -> None:
    """A purpose under a condition stands exactly on the rows of which the shop's own filter finds the condition true."""
    entry = registry.of(Order)

    @given(conditions)
    def try_one(condition: Q) -> None:
        personal = Personal(When("orders", condition), erase=Blank())
        released = rule.released(entry, personal, Occasion.TERM, now=NOW)
        standing = rule.stands(entry, personal, personal.purposes[0], Occasion.TERM, now=NOW)
        true = set(Order.objects.filter(condition).values_list("pk", flat=True))
        assert _keys(standing) == true
        assert _keys(released) == orders - true

    try_one()


def test_open_business_is_open_or_not_whatever_is_null(
    orders: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, where the condition says what is open."""
    entry = registry.of(Order)

    @given(conditions)
    def try_one(condition: Q) -> None:
        monkeypatch.setattr(entry.declaration, "open_business", OpenBusiness(condition))
        personal = Personal("orders", erase=Blank())
        true = set(Order.objects.filter(condition).values_list("pk", flat=True))
        assert _keys(rule.released(entry, personal, Occasion.ERASURE, now=NOW)) == orders - true

    try_one()


def _keys(where: Q) -> set[int]:
    return set(rows_of(registry.of(Order), where).values_list("pk", flat=True))
