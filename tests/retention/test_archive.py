"""What is in the archive: a reading of the policy and of the rows, the same whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from django_rgpd.erasure.execute import erase
from django_rgpd.policy import Purpose, years
from django_rgpd.policy.bases import LegalObligation
from django_rgpd.registry import people
from django_rgpd.retention import archive
from django_rgpd.retention.sweep import sweep
from example_shop.catalogue.models import Product
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    DAY,
    ContactMessageFactory,
    GuestOrderFactory,
    OrderFactory,
    UserFactory,
    make_customer,
    make_guest,
    make_invoice,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

NEXT = timedelta(days=1)


def _archived(model: type[models.Model], now: datetime) -> set[object]:
    kept = set(archive.only_archived(model._base_manager.all(), now=now).values_list("pk", flat=True))
    used = set(archive.leave_out(model._base_manager.all(), now=now).values_list("pk", flat=True))
    assert not kept & used
    assert kept | used == set(model._base_manager.values_list("pk", flat=True)), "each row is in one of both"
    return kept


@pytest.mark.promise("P51")
def test_an_invoice_is_in_the_archive_when_its_active_part_is_over() -> None:
    invoice = make_invoice(GuestOrderFactory(placed_at=DAY))
    end = datetime(DAY.year + 1, 12, 31, 12, tzinfo=UTC)
    assert _archived(Invoice, end - NEXT) == set()
    assert _archived(Invoice, end) == {invoice.pk}
    assert _archived(Invoice, end + relativedelta(years=8)) == {invoice.pk}


@pytest.mark.promise("P51")
@pytest.mark.parametrize("shift", [0, 1], ids=["the day before", "on the day"])
def test_an_order_is_in_the_archive_from_the_legal_day_on(shift: int) -> None:
    # 22:30 UTC is half past midnight of the next day in Paris, in summer.
    order = GuestOrderFactory(placed_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    eve = datetime(2028, 7, 1, 21, 59, tzinfo=UTC)
    assert _archived(Order, eve + shift * timedelta(minutes=1)) == ({order.pk} if shift else set())


@pytest.mark.promise("P24")
def test_what_no_purpose_holds_any_more_is_out_of_sight_before_the_sweep_comes() -> None:
    message = ContactMessageFactory(user=None, received_at=DAY)
    now = DAY + relativedelta(years=1)
    assert _archived(ContactMessage, now) == {message.pk}
    sweep(now=now)
    assert _archived(ContactMessage, now) == set()


def test_a_row_that_holds_nothing_personal_any_more_is_in_everyday_use() -> None:
    order = GuestOrderFactory(placed_at=DAY)
    sweep(now=DAY + relativedelta(years=3))
    assert _archived(Order, DAY + relativedelta(years=3)) == set()
    assert Order.objects.filter(pk=order.pk, name="").exists()


@pytest.mark.promise("P32")
@pytest.mark.promise("P51")
def test_what_an_erasure_leaves_for_the_law_is_in_the_archive_at_once() -> None:
    customer, other = make_customer(email="gone@example.com"), make_customer(email="stays@example.com")
    hers = set(Invoice.objects.filter(order__customer=customer).values_list("pk", flat=True))
    now = DAY + timedelta(days=30)
    assert _archived(Invoice, now) == set()
    erase(people.person_of(customer, now=now), how="self", now=now)
    assert _archived(Invoice, now) == hers
    assert Invoice.objects.filter(order__customer=other).count() == 2


@pytest.mark.promise("P51")
def test_an_invoice_of_an_erased_guest_is_in_the_archive_at_once() -> None:
    (order,) = make_guest("guest@example.com")
    make_guest("other@example.com")
    now = DAY + timedelta(days=30)
    guest = people.note("email", "guest@example.com", now=now)
    people.prove(guest, how="click", now=now)
    erase(guest.person, how="self", now=now)
    assert _archived(Invoice, now) == {order.invoice.pk}


def test_an_open_order_keeps_its_invoice_in_sight_after_the_erasure() -> None:
    customer = UserFactory()
    order = OrderFactory(customer=customer, open=True, placed_at=DAY)
    make_invoice(order)
    erase(people.person_of(customer, now=DAY), how="self", now=DAY)
    assert _archived(Invoice, DAY) == set()
    assert _archived(Order, DAY) == set()


def test_an_order_by_phone_without_account_and_address_is_in_everyday_use() -> None:
    order = GuestOrderFactory(guest_email="", name="Camille Martin", placed_at=DAY)
    make_invoice(order)
    assert _archived(Invoice, DAY) == set()


def test_a_model_that_nobody_declared_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured, match=r"catalogue\.Product is not declared"):
        archive.archived(Product, now=DAY)


def test_the_query_set_of_a_shop_says_both() -> None:
    old, new = (make_invoice(GuestOrderFactory(placed_at=at)) for at in (DAY, DAY + relativedelta(years=1)))
    now = datetime(DAY.year + 2, 1, 1, 12, tzinfo=UTC)
    assert list(Invoice.objects.in_use(now=now)) == [new]
    assert list(Invoice.objects.filter(pk__gt=0).archived(now=now)) == [old]


def test_asking_is_one_statement_and_one_for_the_holds_however_many_rows() -> None:
    for _ in range(5):
        make_invoice(GuestOrderFactory(placed_at=DAY))
    with CaptureQueriesContext(connection) as asked:
        assert len(archive.leave_out(Invoice.objects.all(), now=DAY)) == 5
    assert len(asked) == 2


def test_the_active_part_of_a_purpose_is_the_same_purpose_with_a_shorter_term() -> None:
    law = [LegalObligation("L123-22")]
    purpose = Purpose("accounting", "Accounts", bases=law, term=years(10), active=years(1))
    assert purpose.while_active == Purpose("accounting", "Accounts", bases=law, term=years(1))
    whole = Purpose("accounting", "Accounts", bases=law, term=years(10))
    assert whole.while_active is whole
