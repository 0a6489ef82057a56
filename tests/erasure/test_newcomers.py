"""Who orders under an address after its holder was erased is somebody else; what open business held is still hers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import GuestOrderFactory, PaymentFactory
from example_shop.orders.models import Order, Status

pytestmark = pytest.mark.django_db

EMAIL = "camille@example.com"


@pytest.fixture
def guest(now: datetime) -> Person:
    """Somebody known by an address alone."""
    return people.prove(people.note("email", EMAIL, now=now), how="link", now=now).person


def _order(at: datetime, **fields: object) -> Order:
    return GuestOrderFactory(guest_email=EMAIL, placed_at=at, **fields)


def _street(order: Order) -> str:
    return Order.objects.get(pk=order.pk).street


def _close(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(status=Status.DELIVERED)


def test_a_guest_order_placed_after_the_erasure_is_no_late_row(guest: Person, now: datetime) -> None:
    """It was placed by whoever reads the mailbox now, and has to be delivered to somebody."""
    old = _order(now - timedelta(days=9))
    erase(guest, how="link", now=now)
    late, new = _order(now + timedelta(seconds=20)), _order(now + timedelta(minutes=3))
    PaymentFactory(order=new)

    run_due(now=now + timedelta(minutes=11))

    assert (_street(old), _street(late)) == ("", "")
    assert _street(new) == new.street
    assert new.payments.get().stripe_customer


def test_the_end_of_open_business_leaves_later_orders_alone(guest: Person, now: datetime) -> None:
    """Days later the old order closes: it goes with its late payment, and nothing that she ordered since."""
    old = _order(now - timedelta(days=1), open=True)
    erase(guest, how="link", now=now)
    run_due(now=now + timedelta(minutes=11))
    payment = PaymentFactory(order=old, created_at=now + timedelta(days=2))
    new = _order(now + timedelta(days=3))
    _close(old)

    run_due(now=now + timedelta(days=4))

    assert _street(old) == ""
    payment.refresh_from_db()
    assert payment.stripe_customer == ""
    assert _street(new) == new.street
    assert Erasure.objects.get().state == ErasureState.DONE


@pytest.mark.parametrize("minutes", [5, 60 * 24])
def test_open_business_ends_although_the_address_is_taken_again(
    guest: Person, now: datetime, minutes: int
) -> None:
    """What was promised to go goes, whoever has the address by then; and until then nothing is called done."""
    old = _order(now - timedelta(days=1), open=True)
    erase(guest, how="link", now=now)
    people.note("email", EMAIL, now=now + timedelta(minutes=minutes))

    run_due(now=now + timedelta(minutes=minutes + 11))
    run_due(now=now + timedelta(days=2))
    assert Erasure.objects.get().state == ErasureState.OPEN
    assert _street(old) == old.street

    _close(old)
    run_due(now=now + timedelta(days=4))
    assert _street(old) == ""
    assert Erasure.objects.get().state == ErasureState.DONE


def test_a_newcomers_open_order_is_no_case_of_the_erased_person(guest: Person, now: datetime) -> None:
    """Business that is open for too long is asked of her rows only."""
    old = _order(now - timedelta(days=1), open=True)
    erase(guest, how="link", now=now)
    run_due(now=now + timedelta(minutes=11))
    _order(now + timedelta(days=1), open=True, expected_on=now.date())
    Order.objects.filter(pk=old.pk).update(expected_on=(now + timedelta(days=80)).date())

    run_due(now=now + timedelta(days=70))

    assert not Job.objects.filter(state=State.NEEDS).exists()


def test_what_the_jobs_knew_of_held_rows_goes_with_the_last_job(guest: Person, now: datetime) -> None:
    """Keys of orders lead to a person as long as the order does."""
    old = _order(now - timedelta(days=1), open=True)
    erase(guest, how="link", now=now)
    run_due(now=now + timedelta(minutes=11))
    _close(old)

    run_due(now=now + timedelta(days=4))

    assert not Job.objects.filter(name__startswith="erasure.").exclude(payload={}).exists()
