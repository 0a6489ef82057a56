"""A guest's address goes when nothing of the shop's needs it any more."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Kind
from django_rgpd.retention.addresses import forget_addresses
from django_rgpd.retention.sweep import sweep
from example_shop.factories import DAY, GuestOrderFactory, UserFactory

pytestmark = pytest.mark.django_db


def _proven(email: str) -> Address:
    return people.prove(people.note(Kind.EMAIL, email, now=DAY), how="click", now=DAY)


def test_address_of_a_guest_is_kept_while_an_order_names_it() -> None:
    order = GuestOrderFactory(guest_email=" Guest@Example.com", placed_at=DAY)
    entry = _proven("guest@example.com")
    assert forget_addresses(now=DAY + timedelta(days=30)) == 0

    now = DAY + relativedelta(years=3)
    sweep(now=now)
    order.refresh_from_db()
    assert order.guest_email == ""
    assert forget_addresses(now=now) == 1
    assert not Address.objects.filter(pk=entry.pk).exists()


def test_address_just_noted_is_left_alone() -> None:
    people.note(Kind.EMAIL, "new@example.com", now=DAY)
    assert forget_addresses(now=DAY + timedelta(days=6)) == 0
    assert forget_addresses(now=DAY + timedelta(days=8)) == 1


def test_address_of_an_account_is_not_forgotten() -> None:
    person = people.person_of(UserFactory(), now=DAY)
    people.prove(people.note(Kind.EMAIL, "owner@example.com", person=person, now=DAY), how="click", now=DAY)
    assert forget_addresses(now=DAY + relativedelta(years=2)) == 0
