"""A declaration in another form than it is read in is refused with what to write: passed over, it would keep or take too much."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import days
from django_rgpd.registry import (
    Blank,
    Declaration,
    DeleteRow,
    Follows,
    KeepFacts,
    OpenBusiness,
    Personal,
    Unsettled,
    Who,
    register,
)
from django_rgpd.registry.site import Registry
from example_shop.orders.models import Order


def _said(**attributes: Any) -> str:
    """What registering a declaration with these attributes is refused with."""
    site = Registry()
    with pytest.raises(Misconfigured) as refused:
        site.add(Order, type("OrderData", (Declaration,), attributes))
    assert list(site) == []
    return str(refused.value)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            {"at_end": KeepFacts},
            "at_end is the class KeepFacts, and is written as DeleteRow() or KeepFacts().",
        ),
        ({"open_business": Q(status="paid")}, "open_business is a Q, and is written as OpenBusiness(Q(…)"),
        (
            {"open_business": OpenBusiness("paid")},
            "the condition of open_business is a str, and is written as Q(…).",
        ),  # type: ignore[arg-type]
        (
            {"open_business": OpenBusiness(Q(status="paid"), at_most=60)},  # type: ignore[arg-type]
            "the at_most of open_business is a int, and is written as days(60) or years(5).",
        ),
        (
            {"open_business": OpenBusiness(Q(status="paid"), until=days(60))},  # type: ignore[arg-type]
            'the until of open_business is a Term, and is written as "expected_on".',
        ),
        (
            {"unsettled": Unsettled(Q(status="paid"), reason="unpaid", since="placed_at", at_most=5)},  # type: ignore[arg-type]
            "the at_most of unsettled is a int, and is written as days(60) or years(5).",
        ),
        (
            {"unsettled": Unsettled(Q(status="paid"), reason="unpaid", since="placed_at")},
            "unsettled says since, and no at_most: the claim would never be barred. Say both, or neither.",
        ),
        (
            {"unsettled": Unsettled(Q(status="paid"), reason="unpaid", at_most=days(5))},
            "unsettled says at_most, and no since: the claim would never be barred. Say both, or neither.",
        ),
        ({"unsettled": "order"}, "unsettled is a str, and is written as Unsettled("),
        ({"clocks": "placed_at"}, 'clocks is a str, and is written as {"orders": "placed_at"}.'),
        ({"who": "customer"}, 'who is a str, and is written as Who(user="customer").'),
        (
            {"people": {"buyer": "customer"}},
            """people['buyer'] is a str, and people is written as {"buyer": Who(user="customer")}.""",
        ),
        ({"facts": ["number", Q()]}, 'facts has a Q in it, and is written as ["number", "total"].'),
        ({"facts": "number"}, 'facts is a str, and is written as ["number", "total"].'),
        (
            {"fields": {"note": Personal("orders", erase=Blank()), "name": "orders"}},
            """fields['name'] is a str, and fields is written as {"email": Personal("orders", erase=Blank())}.""",
        ),
        ({"fields": ["name"]}, 'fields is a list, and is written as {"email": Personal('),
        ({"fields": {"note": Personal("orders", erase=Blank)}}, "erase of 'note' is the class Blank"),  # type: ignore[arg-type]
        (
            {"fields": {"note": Personal(["orders"], erase=Blank())}},
            "the purposes of 'note' are written one after",
        ),  # type: ignore[arg-type]
        (
            {"clock": {"orders": "placed_at"}},
            "it says 'clock', which no declaration says. It may say: people, who, clocks",
        ),
    ],
)
def test_another_form_is_refused_with_what_to_write(attributes: dict[str, Any], words: str) -> None:
    said = _said(**attributes)
    assert said.startswith("orders.Order (")
    assert words in said


def test_a_class_that_is_no_declaration_says_what_to_derive_from() -> None:
    class OrderData:
        """Orders."""

    with pytest.raises(
        Misconfigured, match=r"^orders\.Order \(.*OrderData\): .* class OrderData\(Declaration\)\."
    ):
        register(Order)(OrderData)  # type: ignore[arg-type]
    with pytest.raises(Misconfigured, match=r"class OrderData\(Declaration\)\."):
        register(Order)(OrderData())  # type: ignore[arg-type]


class ReviewData(Declaration):
    """Reviews."""


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["orders.Order"], "register() is given 'orders.Order'"),
        ([Order, "orders.Order"], "register() is given 'orders.Order'"),
        ([[Order]], "register() is given a list"),
        ([Order(number="N1")], "register() is given a Order"),
        ([ReviewData], "register() is given the class ReviewData"),
        ([], "register() is given no model"),
    ],
)
def test_register_without_a_model_says_how_it_is_written(models: list[Any], words: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        register(*models)
    written = "above the class of the declaration it is written with the model itself: @register(Order)."
    assert str(refused.value) == f"{words}: {written}"


def test_what_is_only_the_shops_is_left_alone() -> None:
    class OrderData(Declaration):
        """Orders."""

        _note = "ours"
        who = Who(user="customer")
        at_end = DeleteRow()
        unsettled = Follows("customer")
        open_business = OpenBusiness(Q(status="paid"), at_most=days(3))

        @staticmethod
        def shorter(text: str) -> str:
            """A function that a Rewrite takes."""
            return text[:3]

    site = Registry()
    site.add(Order, OrderData)
    assert [entry.declaration for entry in site] == [OrderData]
