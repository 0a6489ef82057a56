"""Whose rows are nobody's any more, by each kind of road."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q

from django_rgpd.registry import Blank, Declaration, Entry, Personal, Placeholder, Who, registry
from django_rgpd.registry.models import Person
from django_rgpd.retention.left_behind import left_behind
from example_shop.accounts.models import User
from example_shop.factories import DAY, GuestOrderFactory, OrderFactory, UserFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

BOOKS = {"name": Personal("accounting", erase=Blank())}


def _declare(monkeypatch: pytest.MonkeyPatch, *, user: bool = True, **attributes: Any) -> Entry:
    def enter(model: Any, **said: Any) -> Entry:
        return Entry(model, type("Data", (Declaration,), said), __name__)

    order = enter(Order, **{"fields": BOOKS, **attributes})
    account = {"email": Personal("account", erase=Placeholder())}
    entries = {User: enter(User, who=Who(user="pk"), fields=account)} if user else {}
    monkeypatch.setattr(registry, "entries", {Order: order, **entries})
    return order


def _left(entry: Entry) -> set[object]:
    return set(Order.objects.filter(left_behind(entry)).values_list("pk", flat=True))


@pytest.mark.parametrize("declared", [True, False])
def test_a_row_without_account_and_address_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, declared: bool
) -> None:
    entry = _declare(monkeypatch, user=declared, who=Who(user="customer", email="guest_email"))
    OrderFactory(), GuestOrderFactory()
    nobodys = [GuestOrderFactory(guest_email=text) for text in ("", "0f@erased.invalid")]
    assert _left(entry) == {order.pk for order in nobodys}


def test_an_account_that_stands_empty_for_the_row_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _declare(monkeypatch, who=Who(user="customer"))
    OrderFactory()
    closed = OrderFactory(customer=UserFactory(email="0f@erased.invalid"))
    assert _left(entry) == {closed.pk}


def test_a_row_in_which_there_never_was_anybody_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _declare(monkeypatch, who=Who(user="customer", where=~Q(currency="TIL")))
    GuestOrderFactory(currency="TIL")
    erased = GuestOrderFactory()
    assert _left(entry) == {erased.pk}


def test_a_row_by_uuid_is_left_behind_with_its_person(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _declare(monkeypatch, who=Who(person="delivery_note"))
    here, gone = (Person.objects.create(created_at=DAY, erased_at=at) for at in (None, DAY))
    rows = {one: GuestOrderFactory(delivery_note=str(one.uuid)) for one in (here, gone)}
    assert _left(entry) == {rows[gone].pk}


def test_a_model_of_which_nothing_outlives_an_erasure_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _declare(
        monkeypatch, who=Who(user="customer"), fields={"name": Personal("orders", erase=Blank())}
    )
    GuestOrderFactory()
    assert _left(entry) == set()
