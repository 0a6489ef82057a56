"""Erasing a person: everything goes, what the policy says stays, nobody else moves."""

from __future__ import annotations

from datetime import datetime

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.registry.models import Address, Person
from example_shop.accounts.models import User
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review


def test_a_customer_goes_and_her_invoices_stay(user: User, person: Person, now: datetime) -> None:
    """The account, with all that hangs on it."""
    before = list(Invoice.objects.order_by("pk").values())

    erasure = erase(person, how="account", now=now)

    assert not User.objects.filter(pk=user.pk).exists()
    assert list(Invoice.objects.order_by("pk").values()) == before
    assert erasure.state == ErasureState.DONE
    assert set(Order.objects.values_list("name", "street", "phone", "delivery_note", "customer")) == {
        ("", "", "", "", None)
    }
    assert not Review.objects.exists()
    person.refresh_from_db()
    assert person.user_key is None
    assert person.erased_at == now
    assert not Address.objects.exclude(canonical=None).exists()
