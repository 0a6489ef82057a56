"""Invoices: an unbroken sequence, never changed, the same bytes for ever."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, connections

from example_shop.factories import OrderFactory, make_customer, make_guest, make_invoice
from example_shop.invoices.document import draw
from example_shop.invoices.issue import issue, issue_many
from example_shop.invoices.models import Invoice, InvoiceCounter, IssuedInvoiceChanged
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db


def test_invoices_are_numbered_without_a_gap_each_year():
    numbers = [issue(OrderFactory(), on=date(2026, 1, day)).number for day in (1, 2, 3)]
    numbers.append(issue(OrderFactory(), on=date(2027, 1, 1)).number)
    assert numbers == ["2026-000001", "2026-000002", "2026-000003", "2027-000001"]


def test_an_order_has_one_invoice_however_often_it_is_issued():
    order = OrderFactory()
    assert issue(order, on=date(2026, 1, 1)) == issue(order, on=date(2026, 1, 1))
    assert InvoiceCounter.objects.get(year=2026).last == 1


def test_a_number_comes_back_when_the_issue_fails(monkeypatch):
    order = OrderFactory()
    monkeypatch.setattr(Invoice, "save", lambda *args, **kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        issue(order, on=date(2026, 1, 1))
    monkeypatch.undo()
    assert issue(order, on=date(2026, 1, 1)).number == "2026-000001"


def test_an_issued_invoice_refuses_a_change():
    invoice = make_invoice()
    invoice.billing_name = "Somebody Else"
    with pytest.raises(IssuedInvoiceChanged):
        invoice.save()
    assert Invoice.objects.get().billing_name != "Somebody Else"


def test_the_document_is_the_same_whenever_it_is_drawn():
    invoice = make_invoice()
    with invoice.pdf.open() as file:
        kept = file.read()
    lines = list(invoice.order.lines.order_by("pk").values_list("name", "quantity", "unit_price"))
    assert draw(Invoice.objects.get(), lines) == kept
    assert kept.startswith(b"%PDF")


@pytest.mark.postgresql
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_invoices_issued_at_the_same_moment_share_no_number():
    orders = [OrderFactory() for _ in range(4)] * 2
    barrier = threading.Barrier(len(orders))

    def one(order):
        try:
            barrier.wait(timeout=20)
            return issue(order, on=date(2026, 1, 1)).number
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(orders)) as pool:
        numbers = list(pool.map(one, orders))
    assert sorted(set(numbers)) == [f"2026-{n:06d}" for n in range(1, 5)]
    assert numbers[:4] == numbers[4:]


def test_many_invoices_at_once_share_the_sequence():
    make_invoice()
    issue_many([OrderFactory(), OrderFactory()], with_documents=True)
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [
        "2026-000001",
        "2026-000002",
        "2026-000003",
    ]
    assert all(invoice.pdf for invoice in Invoice.objects.all())


def test_a_customer_with_everything_can_be_made():
    user = make_customer()
    assert user.orders.count() == 2
    assert user.reviews.get().public_name.startswith(user.first_name.split()[0].split("-")[0])
    assert Order.objects.exclude(gift_email=None).count() == 1


def test_a_guest_has_orders_without_an_account():
    orders = make_guest("guest@example.com", orders=2)
    assert {order.guest_email for order in orders} == {"guest@example.com"}
    assert {order.customer for order in orders} == {None}
