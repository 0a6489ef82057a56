"""An ordinary request of the shop asks the database for nothing on behalf of privacy: no query more than without the app."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_rgpd.models import Event
from example_shop.catalogue.models import Category, Product
from example_shop.factories import PASSWORD, make_customer, make_invoice
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

PUBLIC = [
    "theme:home",
    "theme:terms",
    "catalogue:category",
    "catalogue:product",
    "basket:basket",
    "reviews:feed",
]
OWN = [
    "accounts:account",
    "accounts:profile",
    "accounts:addresses",
    "accounts:birthdays",
    "orders:list",
    "orders:order",
    "invoices:download",
    "reviews:mine",
    "wishes:list",
]
LOGIN = 3
"""Queries on the library's tables when somebody logs in: her last contact, and the session that dies with the account."""


@pytest.fixture
def customer():
    """Somebody with orders, an invoice and a review."""
    customer = make_customer()
    make_invoice(customer.orders.earliest("pk"))
    return customer


def asked(act):
    """What ``act`` asks the library's tables."""
    with CaptureQueriesContext(connection) as queries:
        act()
    assert queries.captured_queries
    return [one["sql"] for one in queries.captured_queries if "django_rgpd_" in one["sql"]]


def address(page):
    """A page with the first of what it shows."""
    first = {
        "catalogue:category": lambda: [Category.objects.earliest("pk").slug],
        "catalogue:product": lambda: [Product.objects.earliest("pk").slug],
        "orders:order": lambda: [Order.objects.earliest("pk").number],
        "invoices:download": lambda: [Order.objects.earliest("pk").invoice.number],
    }
    return reverse(page, args=first.get(page, list)())


def opened(client, page):
    answer = client.get(address(page))
    assert answer.status_code == 200, page
    if answer.streaming:
        b"".join(answer.streaming_content)


@pytest.mark.parametrize("page", PUBLIC)
def test_a_visitor_s_page_asks_nothing(client, customer, page):
    client.get(reverse("theme:home"))

    assert asked(lambda: opened(client, page)) == []


@pytest.mark.parametrize("page", [*PUBLIC, *OWN])
def test_a_customer_s_page_asks_nothing(client, customer, page):
    client.force_login(customer)
    opened(client, page)

    assert asked(lambda: opened(client, page)) == []


def test_a_visitor_fills_a_basket_without_a_question(client, customer):
    product = Product.objects.earliest("pk")

    assert asked(lambda: client.post(reverse("basket:add", args=[product.slug]), {"quantity": "1"})) == []


def test_a_login_asks_a_few_things_however_often_she_came(client, customer):
    entry = {"username": customer.email, "password": PASSWORD}
    client.post(reverse("accounts:login"), entry)
    for _time in range(5):
        client.logout()
        client.post(reverse("accounts:login"), entry)
    events = Event.objects.count()

    client.logout()
    queries = asked(lambda: client.post(reverse("accounts:login"), entry))

    assert len(queries) <= LOGIN, queries
    assert Event.objects.count() == events
