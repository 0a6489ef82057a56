"""Rows of the example shop under declarations made for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from django_rgpd.registry import Blank, Declaration, Entry, Personal, Who, agreed, registry
from example_shop.orders.models import Order

BUYER = {"buyer": Who(user="customer", email="guest_email")}


@pytest.fixture
def own_policy(settings: Any) -> None:
    """The policy of this folder in place of the shop's."""
    settings.RGPD = {**settings.RGPD, "POLICY": "tests.registry.policy.policy"}


@pytest.fixture
def no_consents(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody answers for consents."""
    monkeypatch.setattr(agreed, "_answerers", [])


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Entry]]:
    """Makes an entry of the only registry that the test sees."""
    entries: dict[Any, Entry] = {}
    monkeypatch.setattr(registry, "entries", entries)

    def make(model: Any = Order, **attributes: Any) -> Entry:
        attributes.setdefault("people", BUYER if model is Order else {})
        entries[model] = Entry(model, type("Data", (Declaration,), attributes), __name__)
        return entries[model]

    return make


@pytest.fixture
def order(db: None) -> Callable[..., Order]:
    """Makes orders."""
    return make_order


@pytest.fixture
def customer(db: None) -> Any:
    """An account."""
    return get_user_model().objects.create_user("marie@example.com")


def make_order(**fields: Any) -> Order:
    """An order that is closed, placed on new year's day of 2025."""
    values: dict[str, Any] = {
        "number": f"N{Order.objects.count() + 1}",
        "name": "Marie",
        "status": "delivered",
        "placed_at": datetime(2025, 1, 1, 12, tzinfo=UTC),
        "terms_accepted_on": "2025-01-01",
        "total": "10.00",
    }
    return Order.objects.create(**{**values, **fields})


def personal(*purposes: Any, **rest: Any) -> Personal:
    """A field that serves ``purposes``."""
    return Personal(*purposes, erase=Blank(), **rest)
