"""The first page says how much there is of the visitor: each row once, whatever becomes of it."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from django_rgpd.centre.views.overview import held
from django_rgpd.core import clock
from django_rgpd.holds.placing import Row, place
from django_rgpd.registry import people, registry, scope
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, UserFactory, make_invoice
from example_shop.orders.models import Order, Status


@pytest.fixture
def everything(customer: User) -> User:
    """Orders of hers that are open, held, long done, and invoiced."""
    now = clock.now()
    for status in (Status.PAID, Status.SHIPPED, Status.DELIVERED):
        make_invoice(OrderFactory(customer=customer, status=status, placed_at=now - timedelta(days=5)))
    staff = UserFactory(is_staff=True, is_superuser=True)
    review_on = (now + timedelta(days=90)).date()
    for order in customer.orders.order_by("pk")[1:3]:
        row = Row("orders.Order", str(order.pk))
        place("dispute", row=row, reason="File 12", review_on=review_on, by=staff, now=now)
    return customer


def told(client: Client, language: str = "en") -> dict[str, int]:
    page = client.get(reverse("django_rgpd:centre"), headers={"accept-language": language})
    lines = BeautifulSoup(page.content, "html.parser").select("section[aria-labelledby=rgpd-has] li")
    counts = [(line.strong, re.search(r"\((\d+)\s", line.get_text())) for line in lines]
    return {name.get_text(): int(count[1]) for name, count in counts if name and count}


def test_each_row_is_counted_once(client: Client, everything: User) -> None:
    client.force_login(everything)
    counts = told(client)
    assert counts["Your orders"] == everything.orders.count() == Order.objects.count()
    subject = people.subject(people.person_of(everything, now=clock.now()))
    for entry in registry:
        label = str(entry.declaration.label)
        if label in counts:
            rows = {row.pk for role in entry.people for row in scope.rows(entry, role, subject)}
            assert counts[label] == len(rows), label


def test_counting_takes_no_statement_of_its_own(everything: User, django_assert_num_queries) -> None:
    """The holds that stand (and whose they are), and all the rest together."""
    subject = people.subject(people.person_of(everything, now=clock.now()))
    with django_assert_num_queries(2):
        assert held(subject, now=clock.now())
