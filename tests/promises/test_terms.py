"""What ends by itself: the shop's nightly command, run on the days before and after a term."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.marketing.send import send
from django_rgpd.registry import people
from django_rgpd.testing import assert_erased
from example_shop.accounts.models import Address, User
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    AddressFactory,
    BasketLineFactory,
    OrderFactory,
    PaymentFactory,
    ProductFactory,
    RelativeBirthdayFactory,
    UserFactory,
    WishFactory,
    make_customer,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from example_shop.reviews.models import Review
from tests.journeys.test_by_pages import prove, values
from tests.promises.conftest import START, Day

pytestmark = pytest.mark.django_db

NEXT = timedelta(days=1)
TERM = START + relativedelta(years=3)
"""When the term of an account, and of offers, is over for who was last here on the first day."""


def keeps(text: str) -> str:
    """The path of the link by which a warned customer keeps her account."""
    return next(urlsplit(url).path for url in re.findall(r"https?://\S+", text) if "/keep/" in url)


@pytest.mark.promise("P24")
def test_offers_stop_on_the_day_on_which_their_term_ends(day: Day, browser: Client, marie: User) -> None:
    person = people.users_person(marie.pk)
    assert person is not None
    decisions.give(person, "offers", "email", how="account", now=START)
    news = {"title": "Lanterns", "text": "New ones"}
    eve = TERM - NEXT
    assert send("offers", "marketing/news", [person], now=eve, context=news).queued == 1
    assert ["Lanterns" in one.body for one in day(eve)].count(True) == 1

    assert send("offers", "marketing/news", [person], now=eve, context=news).queued == 1
    assert not [one for one in day(TERM) if "Lanterns" in one.body], (
        "written the day before, not sent on the day"
    )
    assert send("offers", "marketing/news", [person], now=TERM, context=news).dropped == {"term_over": 1}


@pytest.mark.promise("P24")
def test_a_mail_that_was_sent_prolongs_nothing_and_a_visit_does(
    day: Day, browser: Client, marie: User
) -> None:
    person = people.users_person(marie.pk)
    assert person is not None
    decisions.give(person, "offers", "email", how="account", now=START)
    news = {"title": "Lanterns", "text": "New ones"}
    send("offers", "marketing/news", [person], now=START + NEXT, context=news)
    assert day(START + NEXT)
    assert send("offers", "marketing/news", [person.uuid], now=TERM, context=news).queued == 0
    day(START + relativedelta(years=1))
    browser.logout()
    browser.force_login(marie)
    assert send("offers", "marketing/news", [person.uuid], now=TERM, context=news).queued == 1


@pytest.mark.promise("P33")
def test_a_review_goes_by_the_next_night_after_its_consent_is_withdrawn(
    day: Day, browser: Client, marie: User
) -> None:
    product = ProductFactory()
    page = f"/en/products/{product.slug}/review/"
    form = browser.get(page).context["form"]
    said = {"rating": "5", "title": "Lovely", "text": "It glows.", "publish_agreed": "on"}
    browser.post(page, {**said, "publish_as": "name", "publish_wording": form["publish_wording"].value()})
    stranger = Client()
    places = (product.get_absolute_url(), "/en/reviews.atom", "/api/reviews/")
    day(START + NEXT)
    assert all("Marie D." in stranger.get(place).content.decode() for place in places)

    person = people.users_person(marie.pk)
    assert person is not None
    withdrawn = START + 2 * NEXT
    decisions.withdraw(person, "reviews", "", how="letter", now=withdrawn)
    assert not any("It glows." in stranger.get(place).content.decode() for place in places), "at once"
    day(withdrawn + NEXT)
    review = Review.objects.filter(title="Lovely").first()
    assert review is None or (review.author_id, review.public_name) == (None, "")
    assert not any("It glows." in stranger.get(place).content.decode() for place in places)


@pytest.mark.promise("P33")
def test_the_address_of_a_newsletter_that_was_left_is_forgotten(day: Day) -> None:
    entry = people.note("email", "reader@example.com", now=START)
    people.prove(entry, how="click", now=START)
    decisions.give(entry.person, "newsletter", "email", how="newsletter", now=START)
    send(
        "newsletter", "marketing/news", [entry.person], now=START + NEXT, context={"title": "x", "text": "y"}
    )
    (news,) = day(START + 20 * NEXT)
    assert people.known("email", "reader@example.com") is not None
    link = next(
        urlsplit(url).path for url in re.findall(r"https?://[^\s<>]+", str(news.body)) if "/leave/" in url
    )
    assert Client().post(link).status_code == 200
    day(START + 40 * NEXT)
    assert people.known("email", "reader@example.com") is None
    mail.outbox.clear()  # her own mailbox is hers
    assert_erased("reader@example.com")


@pytest.mark.promise("P50")
def test_account_is_warned_of_twice_by_mail_and_then_goes(day: Day, browser: Client, marie: User) -> None:
    assert day(TERM - 31 * NEXT) == []
    (first,) = day(TERM - 30 * NEXT)
    assert first.to == [marie.email]
    assert day(TERM - 8 * NEXT) == []
    (second,) = day(TERM - 7 * NEXT)
    assert keeps(str(second.body))
    assert day(TERM - NEXT) == []
    assert User.objects.filter(pk=marie.pk).exists()
    day(TERM + NEXT)
    assert not User.objects.filter(pk=marie.pk).exists()


@pytest.mark.promise("P50")
def test_account_is_kept_for_another_term_by_the_link_of_its_warning(
    day: Day, browser: Client, marie: User
) -> None:
    (warning,) = day(TERM - 30 * NEXT)
    stranger = Client()
    assert stranger.get(keeps(str(warning.body))).status_code == 200
    assert stranger.post(keeps(str(warning.body))).status_code == 200
    for after in (-7, 1, 40):
        assert day(TERM + after * NEXT) == []
    assert User.objects.filter(pk=marie.pk).exists()
    later = TERM - 30 * NEXT + relativedelta(years=3)
    assert len(day(later - 30 * NEXT)) == 1, "warned of again, three years after the click"


@pytest.mark.promise("P50")
def test_a_warning_that_was_only_opened_by_a_scanner_keeps_nothing(
    day: Day, browser: Client, marie: User
) -> None:
    for before in (30, 7):
        (warning,) = day(TERM - before * NEXT)
        Client().get(keeps(str(warning.body)))
    day(TERM + NEXT)
    assert not User.objects.filter(pk=marie.pk).exists()


@pytest.mark.promise("P52")
def test_payment_is_nobodys_after_fifteen_months(day: Day, marie: User) -> None:
    order = OrderFactory(customer=marie, placed_at=START)
    payment = PaymentFactory(order=order, created_at=START)
    over = START + relativedelta(months=15)
    day(over - NEXT)
    payment.refresh_from_db()
    assert payment.stripe_payment_intent
    assert payment.stripe_customer
    day(over)
    payment.refresh_from_db()
    assert (payment.stripe_customer, payment.stripe_payment_intent) == ("", "")
    assert payment.amount == order.total, "what it was stays"


@pytest.mark.promise("P52")
def test_payment_of_an_order_under_way_outlives_the_account_until_it_is_closed(
    day: Day, browser: Client, marie: User
) -> None:
    expected = (START + 9 * NEXT).date()
    order = OrderFactory(customer=marie, placed_at=START, open=True, expected_on=expected)
    done = OrderFactory(customer=marie, placed_at=START)
    under_way, over = (PaymentFactory(order=one, created_at=START) for one in (order, done))
    prove(browser)
    browser.post("/privacy/delete/", values(browser, "/privacy/delete/", "Delete my account"))
    day(START + NEXT)
    over.refresh_from_db()
    assert over.stripe_payment_intent == ""
    under_way.refresh_from_db()
    assert under_way.stripe_payment_intent, "money may still have to go back"
    day(START + 3 * NEXT)
    assert not User.objects.get(pk=marie.pk).is_active
    Order.objects.filter(pk=order.pk).update(status="delivered", delivered_on=expected, closed_on=expected)
    day(START + 5 * NEXT)
    under_way.refresh_from_db()
    assert (under_way.stripe_customer, under_way.stripe_payment_intent) == ("", "")
    assert not User.objects.filter(pk=marie.pk).exists()
    assert not Order.objects.exclude(name="", customer=None).exists()


@pytest.mark.promise("P54")
def test_message_to_the_shop_goes_after_its_year(day: Day, client: Client) -> None:
    said = {"name": "Camille", "email": "camille@example.com", "subject": "Hello", "text": "A question"}
    client.post("/en/contact/", said)
    ContactMessage.objects.update(received_at=START)
    day(START + relativedelta(years=1) - NEXT)
    assert ContactMessage.objects.get().text == "A question"
    day(START + relativedelta(years=1))
    assert not ContactMessage.objects.exclude(name="", email="", subject="", text="").exists()


@pytest.mark.promise("P57")
def test_at_its_term_each_row_is_deleted_or_made_nobodys_as_declared(day: Day) -> None:
    customer = make_customer(email="gone@example.com")
    person = people.person_of(customer, now=START)
    people.contact(person.uuid, at=START)
    Order.objects.update(placed_at=START, closed_on=START.date())
    Payment.objects.update(created_at=START, counts_from=START)
    for at in (TERM - 30 * NEXT, TERM - 7 * NEXT, TERM + NEXT):
        day(at)
    assert not User.objects.filter(pk=customer.pk).exists()
    assert not ContactMessage.objects.exists()
    assert Order.objects.count() == 2, "what was sold is counted"
    assert not Order.objects.exclude(customer=None, name="", street="", delivery_note="").exists()
    assert Payment.objects.count() == 2
    assert Invoice.objects.exclude(billing_name="").count() == 2, "ten years are not over"
    assert not customer.wishes.exists()


@pytest.mark.promise("P57")
def test_closed_account_that_only_looked_around_leaves_nothing(
    day: Day, browser: Client, marie: User
) -> None:
    AddressFactory(user=marie)
    RelativeBirthdayFactory(user=marie, name="Zéphyrine-Marguerite")
    BasketLineFactory(basket__user=marie)
    WishFactory(user=marie, note="for the Quillemot-Dupont party")
    other = AddressFactory(user=UserFactory())
    person = people.users_person(marie.pk)
    assert person is not None
    decisions.give(person, "newsletter", "email", how="account", now=START)
    prove(browser)
    assert "What must stay" not in browser.get("/privacy/delete/").content.decode()
    browser.post("/privacy/delete/", values(browser, "/privacy/delete/", "Delete my account"))
    day(clock.now() + NEXT)
    assert_erased(
        "marie@example.com",
        values={"text": ["Dupont-Quillemot", "Zéphyrine-Marguerite", "for the Quillemot-Dupont party"]},
    )
    assert Address.objects.get() == other
