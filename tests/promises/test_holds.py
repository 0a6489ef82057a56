"""What is kept although its time has come, and what is not used meanwhile: by the admin, the customer's page and the nights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from django.core.management import CommandError, call_command
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.erasure.models import Erasure
from django_rgpd.marketing.send import send
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold
from django_rgpd.testing import assert_erased
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, PaymentFactory, UserFactory, WishFactory, make_invoice
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.journeys.test_by_pages import prove, values
from tests.promises.conftest import START, Day

pytestmark = pytest.mark.django_db

NEXT = timedelta(days=1)
DELETE = "/privacy/delete/"


@pytest.fixture
def staff(day: Day) -> Client:
    """Somebody of the shop's, in the admin."""
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "x"))
    return client


def place(staff: Client, **about: str) -> Hold:
    """Place a hold by the form of the admin."""
    review_on = (clock.now() + relativedelta(months=3)).date().isoformat()
    page = "/admin/django_rgpd/hold/add/"
    sent = {"kind": "dispute", "reason": "File 12", "review_on": review_on, **about}
    assert staff.post(page, sent).status_code == 302
    return Hold.objects.latest("pk")


def lift(staff: Client, hold: Hold) -> None:
    """Lift it by the page of the admin."""
    assert staff.post(f"/admin/django_rgpd/hold/{hold.pk}/lift/", {"reason": "Settled"}).status_code == 302


def text_of(browser: Client) -> str:
    """What her deletion page says."""
    soup = BeautifulSoup(browser.get(DELETE).content, "html.parser")
    return " ".join(soup.get_text(" ", strip=True).split())


def delete(browser: Client) -> None:
    """Read the page and confirm it."""
    answer = browser.post(DELETE, values(browser, DELETE, "Delete my account"))
    assert answer["Location"] == "/privacy/deleted/"


@pytest.mark.promise("P35")
@pytest.mark.fault("Q04")
def test_what_she_had_restricted_is_neither_used_nor_deleted_and_she_is_told_before_it_ends(
    day: Day, browser: Client, marie: User, staff: Client
) -> None:
    order = OrderFactory(customer=marie, placed_at=START)
    WishFactory(user=marie)
    person = people.users_person(marie.pk)
    assert person is not None
    decisions.give(person, "newsletter", "email", how="account", now=START)
    hold = place(staff, kind="restriction", address=marie.email)
    news = {"title": "Lanterns", "text": "New ones"}

    later = START + relativedelta(years=5)
    assert day(later) == [], "she is not warned of an end either"
    assert send("newsletter", "marketing/news", [person], now=later, context=news).dropped == {
        "restricted": 1
    }
    order.refresh_from_db()
    assert order.name
    assert marie.wishes.exists()

    lift(staff, hold)
    (told,) = day(later + NEXT)
    assert told.to == [marie.email]
    assert "the restriction ends" in str(told.body)
    day(later + 6 * NEXT)
    order.refresh_from_db()
    assert order.name, "not before the day that she was told"
    day(later + 8 * NEXT)
    order.refresh_from_db()
    assert order.name == ""
    assert send("newsletter", "marketing/news", [person], now=later + 8 * NEXT, context=news).queued == 1


@pytest.mark.promise("P35")
@pytest.mark.fault("Q04")
def test_her_own_deletion_ends_her_restriction(day: Day, browser: Client, marie: User, staff: Client) -> None:
    OrderFactory(customer=marie, placed_at=START)
    hold = place(staff, kind="restriction", address=marie.email)
    prove(browser)
    told = text_of(browser)
    assert "kept until something is settled" not in told
    assert "If you delete it, that request ends too" in told
    delete(browser)
    day(START + NEXT)
    hold.refresh_from_db()
    assert hold.lifted_at is not None
    assert not User.objects.filter(pk=marie.pk).exists()
    assert_erased("marie@example.com")


@pytest.mark.promise("P52")
@pytest.mark.fault("D22")
def test_an_order_in_dispute_outlives_the_account_until_the_dispute_is_settled(
    day: Day, browser: Client, marie: User, staff: Client
) -> None:
    order, other = (OrderFactory(customer=marie, placed_at=START) for _ in range(2))
    payment, _ = (PaymentFactory(order=one, created_at=START) for one in (order, other))
    change = staff.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    assert f"/admin/django_rgpd/hold/add/?label=orders.Order&amp;key={order.pk}&amp;kind=dispute" in change
    hold = place(staff, label="orders.Order", key=str(order.pk))
    prove(browser)
    told = text_of(browser).partition("What is kept until something is settled")[2]
    assert (
        "a dispute is not settled yet (GDPR art. 17.3 e), held since March 10, 2026; we look at it again on June 10, 2026"
        in told
    )
    assert "File 12" not in text_of(browser)
    delete(browser)

    (receipt,) = day(START + NEXT)
    assert "we look at it again on June 10, 2026" in str(receipt.body)
    assert Order.objects.exclude(name="").get() == order
    assert Payment.objects.exclude(stripe_customer="").get() == payment
    assert not User.objects.get(pk=marie.pk).is_active

    later = START + relativedelta(years=4)
    day(later)
    assert Order.objects.exclude(name="").get() == order, "its term is over, the dispute is not"
    with pytest.raises(CommandError):
        call_command("rgpd_status")

    lift(staff, hold)
    day(later + 2 * NEXT)
    assert not Order.objects.exclude(name="").exists()
    assert not Payment.objects.exclude(stripe_customer="").exists()
    assert not User.objects.filter(pk=marie.pk).exists()
    assert Erasure.objects.get().state == "done"


@pytest.mark.promise("P52")
def test_a_disputed_payment_counts_its_term_from_the_day_on_which_it_was_settled(
    day: Day, staff: Client
) -> None:
    order = OrderFactory(customer=UserFactory(last_login=START), placed_at=START)
    payment = PaymentFactory(order=order, created_at=START)
    page = f"/admin/payments/payment/{payment.pk}/change/"
    sent = {"order": order.pk, "amount": "38.70", "currency": "EUR", "status": "disputed"}
    sent |= {
        "stripe_customer": payment.stripe_customer,
        "created_at_0": "2026-03-10",
        "created_at_1": "12:00",
    }
    sent |= {"stripe_payment_intent": payment.stripe_payment_intent}
    assert staff.post(page, sent).status_code == 302
    settled = START + relativedelta(months=20)
    day(settled)
    payment.refresh_from_db()
    assert payment.stripe_customer, "fifteen months are over, the incident is not"

    assert staff.post(page, {**sent, "status": "refunded"}).status_code == 302
    Payment.objects.filter(pk=payment.pk).update(counts_from=settled)
    over = settled + relativedelta(months=15)
    day(over - NEXT)
    payment.refresh_from_db()
    assert payment.stripe_customer
    day(over)
    payment.refresh_from_db()
    assert (payment.stripe_customer, payment.stripe_payment_intent) == ("", "")


@pytest.mark.fault("D22")
def test_business_open_past_its_time_is_put_before_staff_and_ends_by_their_word(
    day: Day, browser: Client, marie: User, staff: Client
) -> None:
    order = OrderFactory(customer=marie, placed_at=START, open=True)
    make_invoice(order)
    prove(browser)
    delete(browser)
    day(START + NEXT)
    with pytest.raises(CommandError):
        day(START + 90 * NEXT)
    jobs = staff.get("/admin/django_rgpd/job/?state__exact=needs")
    (job,) = jobs.context["cl"].result_list
    assert "still open past its time" in job.note
    with pytest.raises(CommandError):
        call_command("rgpd_status")

    closed = {"status": "delivered", "closed_on": START.date()}
    Order.objects.filter(pk=order.pk).update(**closed)
    again = {"action": "try_again", "_selected_action": [job.pk]}
    assert "in line again" in staff.post("/admin/django_rgpd/job/", again, follow=True).content.decode()
    day(START + 90 * NEXT + timedelta(minutes=5))
    order.refresh_from_db()
    assert (order.name, order.customer_id) == ("", None)
    assert Erasure.objects.get().state == "done"
    call_command("rgpd_status")
