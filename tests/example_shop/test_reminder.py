"""A mail that the shop builds itself, sent by its staff: it reaches those alone who may be written to."""

from __future__ import annotations

import pytest
from django.core import mail

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.config import settings as shop
from example_shop.factories import ProductFactory, UserFactory, WishFactory
from example_shop.wishes.models import Wish

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _as_in_the_shop(settings) -> None:
    settings.EMAIL_BACKEND = shop.EMAIL_BACKEND


def _wishing(name: str, product: object, *, agreed: bool) -> Person:
    user = UserFactory(email=f"{name}@example.com")
    WishFactory(user=user, product=product)
    person = people.person_of(user, now=clock.now())
    people.prove(
        people.note("email", user.email, person=person, now=clock.now()), how="click", now=clock.now()
    )
    if agreed:
        decisions.give(person, "offers", "email", how="account", now=clock.now())
    return person


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_staff_write_to_who_agreed_and_are_told_how_many_are_left_out(admin_client) -> None:
    product = ProductFactory(name="Lantern")
    _wishing("ada", product, agreed=True)
    _wishing("bea", product, agreed=False)
    left = _wishing("cyd", product, agreed=True)
    decisions.leave(left, "offers", "email", how="link", now=clock.now())
    picked = {"action": "write_to_who_wished", "_selected_action": [Wish.objects.first().pk]}
    page = admin_client.post("/admin/wishes/wish/", picked, follow=True).content.decode()
    assert "1 mail was sent. 2 more may not be written to." in page
    (message,) = mail.outbox
    assert message.recipients() == ["ada@example.com"]
    raw = message.message()
    assert raw["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "/leave/offers/email/" in raw["List-Unsubscribe"]
    assert "/leave/offers/email/" in str(message.body)
