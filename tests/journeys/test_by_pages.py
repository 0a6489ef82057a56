"""Promises walked on the shop's own pages, without a browser."""

import json
import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup, Tag
from django.core import mail
from django.test import Client

from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.export.models import ExportRequest
from django_rgpd.outbox.deliver import run_due
from django_rgpd.testing import assert_erased
from example_shop.accounts.models import User
from example_shop.accounts.proof import address_clicked
from example_shop.factories import PASSWORD, ProductFactory, UserFactory, make_customer
from example_shop.invoices.models import Invoice
from example_shop.reviews.models import Review
from tests.centre.test_export_door import collected

CHOICES = "/privacy/choices/"


@pytest.fixture
def customer(db: None) -> User:
    """Somebody with everything, who has proven her address."""
    user = make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont")
    address_clicked(user)
    return user


def log_in(client: Client, user: User) -> None:
    """By the shop's login page."""
    answer = client.post("/en/login/", {"username": user.email, "password": PASSWORD})
    assert answer.status_code == 302


def prove(client: Client) -> None:
    """By the page that asks once more who is there."""
    answer = client.post("/privacy/prove/", {"way": "password", "password": PASSWORD})
    assert answer.status_code == 302


def values(client: Client, path: str, button: str) -> dict[str, list[str]]:
    """What the form with this button sends when nothing is touched."""
    soup = BeautifulSoup(client.get(path).content, "html.parser")
    form = next(one for one in soup.select("main form") if button in one.get_text())
    sent: dict[str, list[str]] = {}
    for field in form.select("input[name]"):
        if field.get("type") in {"checkbox", "radio"} and not field.has_attr("checked"):
            continue
        sent.setdefault(str(field["name"]), []).append(str(field.get("value", "on")))
    return sent


def boxes(client: Client) -> dict[str, bool]:
    """The boxes of the page of choices, and which are ticked."""
    soup = BeautifulSoup(client.get(CHOICES).content, "html.parser")
    found = [one for one in soup.select("main input[name=on]") if isinstance(one, Tag)]
    return {str(one["value"]): one.has_attr("checked") for one in found}


def mails() -> list[mail.EmailMessage]:
    """Send what waits; every mail that has left."""
    run_due(now=clock.now() + timedelta(seconds=1))
    return list(mail.outbox)


@pytest.mark.promise("P16")
def test_email_sms_and_post_are_chosen_one_by_one(client: Client, customer: User) -> None:
    log_in(client, customer)
    for channel in ("email", "sms", "post"):
        name = f"offers.{channel}"
        before = boxes(client)
        sent = values(client, CHOICES, "Save my choices")
        on = {*sent.get("on", [])} ^ {name}
        client.post(CHOICES, {**sent, "on": sorted(on)})
        assert boxes(client) == {**before, name: not before[name]}


@pytest.mark.promise("P23")
def test_messages_about_an_order_go_on_after_no_to_all_marketing(
    client: Client, customer: User, django_capture_on_commit_callbacks
) -> None:
    log_in(client, customer)
    client.post(CHOICES, {"none": "1"})
    assert not ConsentState.objects.filter(live=True).exists()
    product = ProductFactory()
    client.post(f"/en/basket/add/{product.slug}/", {"quantity": "1"})
    form = {"name": "Marie Dupont", "street": "1 rue Neuve", "postcode": "69001", "city": "Lyon"}
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/en/checkout/", {**form, "country": "FR", "terms": "on"})
    assert answer.status_code == 302, answer.content
    number = answer["Location"].rstrip("/").split("/")[-2]
    assert [one.to for one in mails() if number in one.subject] == [[customer.email]]


@pytest.mark.promise("P28")
@pytest.mark.promise("P30")
@pytest.mark.promise("P34")
@pytest.mark.parametrize("which", ["access", "portability"])
def test_customer_downloads_what_the_shop_has_of_her(client: Client, customer: User, which: str) -> None:
    other = make_customer(email="other@example.com", first_name="Ottoline", last_name="Otherby")
    log_in(client, customer)
    client.post("/privacy/export/", {"document": which})
    assert [one.to for one in mails() if "can be collected" in one.subject] == [[customer.email]]
    prove(client)
    text = collected(client, f"/privacy/export/{ExportRequest.objects.get().uuid}/").decode()
    told = json.loads(text)
    assert told
    review = Review.objects.get(author=customer)
    for value in (customer.email, "Dupont", json.dumps(review.text)[1:-1]):
        assert value in text or json.loads(f'"{value}"') in text
    assert other.email not in text
    assert "Otherby" not in text
    assert customer.password not in text


@pytest.mark.promise("P57")
def test_account_without_a_purchase_leaves_nothing(client: Client, db: None) -> None:
    user = UserFactory(email="window.shopper@example.com", first_name="Xaviere", last_name="Quillemot")
    log_in(client, user)
    prove(client)
    page = client.get("/privacy/delete/").content.decode()
    assert "What must stay" not in page
    answer = client.post("/privacy/delete/", values(client, "/privacy/delete/", "Delete my account"))
    assert answer["Location"] == "/privacy/deleted/"
    mails()
    assert_erased("window.shopper@example.com", values={"text": ["Xaviere Quillemot"]})


@pytest.mark.promise("P32")
def test_page_says_until_which_day_invoices_stay(client: Client, customer: User) -> None:
    log_in(client, customer)
    prove(client)
    page = client.get("/privacy/delete/").content.decode()
    stays = page.partition("What must stay, and until when")[2]
    assert "L123-22" in stays
    last = Invoice.objects.latest("issued_on").issued_on.year
    assert re.search(rf"Dec\. 31, {last + 10}|Jan\. 1, {last + 11}", stays), stays
