"""The deletion: of an account, of a guest's data, by keyboard alone."""

import re

import pytest
from selenium.webdriver.common.keys import Keys

from django_rgpd.testing import assert_erased
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, UserFactory, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.journeys.conftest import Visit, link_in, mail_about

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GUEST = "guest@example.com"


def invoices() -> list[tuple[dict[str, object], bytes]]:
    """Every invoice as it is, with the bytes of its file."""
    found = []
    for one in Invoice.objects.order_by("pk"):
        with one.pdf.open("rb") as file:
            found.append((Invoice.objects.values().get(pk=one.pk), file.read()))
    return found


@pytest.mark.promise("P32")
@pytest.mark.promise("P27")
def test_customer_deletes_her_account_and_keeps_the_reviews_nobodys(visit: Visit, customer: User) -> None:
    before = invoices()
    product = Review.objects.get().product
    visit.open(product.get_absolute_url())
    assert "Marie D." in visit.text

    visit.log_in(customer).open("/privacy/").follow("Delete my account").prove()
    assert "What will go" in visit.text
    stays = visit.text.partition("What must stay, and until when")[2]
    assert "nvoices" in stays
    assert re.search(r"\b20[2-4]\d\b", stays)
    visit.tick("Keep them without my name").press("Delete my account and my data now")
    assert "Your data is deleted" in visit.text

    assert mail_about("Your data has been erased").to == [customer.email]
    assert not User.objects.filter(pk=customer.pk).exists()
    assert invoices() == before
    visit.open(product.get_absolute_url())
    assert "Marie" not in visit.text
    assert Review.objects.get().text.splitlines()[0] in visit.text
    visit.open("/en/account/")
    assert "/login/" in visit.path


@pytest.mark.promise("P57")
def test_account_without_a_purchase_leaves_nothing(visit: Visit, transactional_db: None) -> None:
    user = UserFactory(email="window.shopper@example.com", first_name="Xaviere", last_name="Quillemot")
    visit.log_in(user).open("/privacy/delete/").prove()
    assert "What must stay" not in visit.text
    visit.press("Delete my account and my data now")
    assert not User.objects.filter(pk=user.pk).exists()
    mail_about("Your data has been erased")
    assert_erased("window.shopper@example.com", values={"text": ["Xaviere Quillemot"]})


@pytest.mark.promise("P32")
def test_guest_deletes_by_her_address_alone(visit: Visit, customer: User) -> None:
    [order] = make_guest(GUEST)
    before = invoices()
    visit.open("/privacy/").fill("Your email address", GUEST).press("Send me the link")
    assert "Look into your mail" in visit.text

    visit.open(link_in(mail_about("The link to your data"))).press("Open my page")
    assert "What we hold about you" in visit.text
    visit.follow("Delete my data").press("Delete my data now")
    assert "Your data is deleted" in visit.text

    assert mail_about("Your data has been erased").to == [GUEST]
    order.refresh_from_db()
    assert (order.guest_email, order.name) == ("", "")
    assert invoices() == before
    assert Order.objects.filter(customer=customer).exclude(name="").count() == 2
    visit.open("/privacy/")
    assert "You have an account" in visit.text


@pytest.mark.promise("P32")
def test_everything_can_be_done_with_the_keyboard(visit: Visit, customer: User) -> None:
    visit.open("/en/login/").tab_to(lambda one: one.get_attribute("name") == "username")
    visit.keys(customer.email, Keys.TAB, PASSWORD)
    visit.goes(lambda: visit.keys(Keys.ENTER))
    visit.open("/privacy/").tab_to(lambda one: "Delete my account" in one.text)
    visit.goes(lambda: visit.keys(Keys.ENTER))
    visit.tab_to(lambda one: one.get_attribute("name") == "password")
    visit.goes(lambda: visit.keys(PASSWORD, Keys.ENTER))
    visit.tab_to(lambda one: one.get_attribute("name") == "ask-reviews")
    visit.keys(Keys.SPACE)
    visit.tab_to(lambda one: "Delete my account and my data now" in one.text)
    visit.goes(lambda: visit.keys(Keys.ENTER))
    assert "Your data is deleted" in visit.text
    assert not User.objects.filter(pk=customer.pk).exists()
