"""The deletion page: what it says is what happens, and only when she has read it."""

from collections.abc import Callable
from datetime import date

import pytest
from bs4 import BeautifulSoup
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.test import Client

from django_rgpd.centre.views import choosing, deleting, overview
from django_rgpd.core import clock
from django_rgpd.core.failures import EngineFailed
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.registry import people
from django_rgpd.registry.models import Person, Suppression
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.centre.conftest import GUEST, ask_in, path_in

Deliver = Callable[[], list[str]]
DELETE = "/privacy/delete/"


def fields(client: Client, **changes: str) -> dict[str, str]:
    """What the page's form sends when nothing is touched, but for ``changes``."""
    soup = BeautifulSoup(client.get(DELETE).content, "html.parser")
    form = soup.select_one("main form[method=post]:has(button.rgpd-danger)")
    assert form is not None
    sent = {}
    for field in form.select("input[name]"):
        if field.get("type") in {"radio", "checkbox"} and not field.has_attr("checked"):
            continue
        sent[str(field["name"])] = str(field.get("value", "on"))
    return {**sent, **changes}


@pytest.mark.promise("P32")
def test_account_goes_and_the_invoices_stay(proved: Client, customer: User, deliver: Deliver) -> None:
    invoices = list(Invoice.objects.order_by("pk").values())
    answer = proved.post(DELETE, fields(proved))
    assert answer["Location"] == "/privacy/deleted/"
    assert not User.objects.filter(pk=customer.pk).exists()
    assert list(Invoice.objects.order_by("pk").values()) == invoices
    assert not Order.objects.exclude(name="").exists()
    assert proved.get("/privacy/deleted/").status_code == 200
    [receipt] = [one for one in deliver() if "erased" in one]
    assert "Invoices" in receipt
    assert mail.outbox[-1].to == ["marie@example.com"]


@pytest.mark.fault("S01")
def test_every_other_browser_is_logged_out(
    proved: Client, customer: User, django_capture_on_commit_callbacks
) -> None:
    others = [Client(), Client()]
    for other in others:
        other.force_login(customer)
    with django_capture_on_commit_callbacks(execute=True):
        proved.post(DELETE, fields(proved))
    for browser in (proved, *others):
        assert browser.get("/privacy/").templates[0].name == "django_rgpd/centre/door.html"
        assert "_auth_user_id" not in browser.session


@pytest.mark.promise("P27")
@pytest.mark.parametrize(("choice", "left"), [("keep", 1), ("delete", 0)])
def test_reviews_stay_nobodys_or_go_as_she_says(proved: Client, choice: str, left: int) -> None:
    proved.post(DELETE, fields(proved, **{"ask-reviews": choice}))
    assert Review.objects.count() == left
    assert not Review.objects.exclude(author=None, public_name="").exists()


@pytest.mark.parametrize("wanted", [True, False])
def test_address_is_remembered_only_where_she_asks_for_it(proved: Client, wanted: bool) -> None:
    now = clock.now()
    person = people.person_of(User.objects.get(), now=now)
    people.prove(people.note("email", "marie@example.com", person=person, now=now), how="test", now=now)
    proved.post(DELETE, fields(proved, **({"suppress": "on"} if wanted else {})))
    assert Suppression.objects.filter(reason="asked").exists() is wanted


def test_nothing_goes_without_the_choice(proved: Client, customer: User) -> None:
    sent = fields(proved)
    del sent["ask-reviews"]
    assert proved.post(DELETE, sent).status_code == 400
    assert User.objects.filter(pk=customer.pk).exists()
    assert Review.objects.count() == 1


def test_plan_that_changed_meanwhile_is_shown_again(proved: Client, customer: User) -> None:
    sent = fields(proved)
    OrderFactory(customer=customer, status="paid")
    answer = proved.post(DELETE, sent)
    assert answer.status_code == 409
    assert "something has changed" in answer.content.decode()
    assert User.objects.filter(pk=customer.pk).exists()
    assert not Erasure.objects.exists()
    assert proved.post(DELETE, fields(proved))["Location"] == "/privacy/deleted/"


def test_page_that_is_sent_without_a_plan_deletes_nothing(proved: Client, customer: User) -> None:
    assert proved.post(DELETE, {"ask-reviews": "delete"}).status_code == 400
    assert User.objects.filter(pk=customer.pk).exists()


@pytest.mark.fault("D22")
def test_page_says_what_an_open_order_holds_and_until_when(proved: Client, customer: User) -> None:
    OrderFactory(customer=customer, status="shipped", expected_on=date(2027, 1, 20))
    text = BeautifulSoup(proved.get(DELETE).content, "html.parser").get_text(" ", strip=True)
    assert "What an open order still needs" in text
    assert "Jan. 20, 2027" in text
    proved.post(DELETE, fields(proved))
    kept = Order.objects.get(status="shipped")
    assert kept.name != ""
    assert not Order.objects.exclude(pk=kept.pk).exclude(name="").exists()
    assert Erasure.objects.get().state == "open"


@pytest.mark.fault("D21")
def test_who_works_for_the_shop_is_refused(proved: Client, customer: User) -> None:
    sent = fields(proved)
    User.objects.filter(pk=customer.pk).update(is_staff=True)
    answer = proved.post(DELETE, sent)
    assert answer.status_code == 403
    assert "works for the shop" in answer.content.decode()
    assert User.objects.filter(pk=customer.pk).exists()


def test_database_that_refuses_leaves_everything(proved: Client, customer: User, monkeypatch) -> None:
    sent = fields(proved)

    def broken(*_args: object, **_kwargs: object) -> None:
        raise EngineFailed("Erasing a person", "OperationalError", busy=True)

    monkeypatch.setattr(deleting, "erase", broken)
    answer = proved.post(DELETE, sent)
    assert answer.status_code == 503
    assert "Nothing was deleted" in answer.content.decode()
    assert User.objects.filter(pk=customer.pk).exists()


def test_guest_deletes_what_belongs_to_her_address(client: Client, customer: User, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    session = client.session
    session["address_for_delivery"] = "12 impasse des Cerisiers"
    session.save()
    assert client.post(DELETE, fields(client))["Location"] == "/privacy/deleted/"
    assert not dict(client.session)
    assert not Order.objects.filter(guest_email=GUEST).exists()
    assert Order.objects.filter(customer=customer).exclude(name="").count() == 2
    assert client.get("/privacy/").templates[0].name == "django_rgpd/centre/door.html"
    deliver()
    assert mail.outbox[-1].to == [GUEST]


@pytest.mark.fault("R01")
def test_second_click_finds_it_done(proved: Client) -> None:
    sent = fields(proved)
    proved.post(DELETE, sent)
    assert proved.post(DELETE, sent).status_code == 302
    assert Erasure.objects.count() == 1


@pytest.mark.fault("R01")
@pytest.mark.parametrize("view", [deleting.delete, overview.centre, choosing.choices])
def test_request_under_way_when_the_account_went_is_answered_calmly(rf, customer: User, view) -> None:
    request = rf.get("/privacy/")
    request.session, request.user = SessionStore(), User.objects.get(pk=customer.pk)
    now = clock.now()
    erase(people.person_of(customer, now=now), how="account", now=now)
    answer = view(request)
    assert answer.status_code == 403
    assert "does not exist any more" in answer.content.decode()
    assert not Person.objects.exclude(user_key=None).exists()


@pytest.mark.fault("L01")
def test_looking_at_the_page_changes_nothing(proved: Client, customer: User) -> None:
    before = User.objects.values().get(pk=customer.pk)
    for _ in range(3):
        proved.get(DELETE)
        proved.head(DELETE)
        proved.options(DELETE)
    assert User.objects.values().get(pk=customer.pk) == before
    assert not Erasure.objects.exists()
