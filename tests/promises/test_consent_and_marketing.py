"""What the shop promises about consent and marketing, kept through its pages and its mails."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.core import mail
from django.core.cache import cache
from django.test import Client

from django_rgpd.consent import decisions, state
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.send import send
from django_rgpd.outbox import deliver
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, UserFactory

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
LINK = re.compile(r"https?://[^\s<>]+")


def _form_of(page: str, action: str) -> dict[str, str]:
    """The fields of the form on a page as a browser would send them, boxes unticked."""
    (form,) = re.findall(rf'<form[^>]*action="{action}".*?</form>', page, re.DOTALL)
    found = {}
    for field in re.findall(r"<input[^>]*>", form):
        name = re.search(r'name="([^"]+)"', field)
        value = re.search(r'value="([^"]*)"', field)
        if name and ('type="checkbox"' not in field or " checked" in field):
            found[name[1]] = value[1] if value else ""
    return found


def _path(message: object, part: str) -> str:
    return next(urlsplit(one).path for one in LINK.findall(str(message.body)) if part in one)  # type: ignore[attr-defined]


def _mails() -> list[object]:
    before = len(mail.outbox)
    deliver.run_due(now=clock.now() + timedelta(seconds=1))
    return list(mail.outbox[before:])


def _sign_up(client: Client, email: str) -> None:
    page = client.get("/en/").content.decode()
    form = _form_of(page, "/privacy/marketing/newsletter/")
    assert "agree_newsletter" not in form, "the box is not ticked"
    client.post("/privacy/marketing/newsletter/", {**form, "email": email, "agree_newsletter": "on"})


@pytest.fixture
def subscriber(client: Client) -> Person:
    """Ada, who signed up in the shop's footer and clicked."""
    _sign_up(client, "ada@example.com")
    (message,) = _mails()
    client.post(_path(message, "/confirm/"))
    person = people.known("email", "ada@example.com")
    assert person is not None
    return person


@pytest.mark.promise("P10")
def test_newsletter_on_double_opt_in_with_proof_of_both_ways(client: Client) -> None:
    _sign_up(client, "ada@example.com")
    (message,) = _mails()
    person = people.known("email", "ada@example.com")
    assert person is not None
    assert send("newsletter", "marketing/news", [person], now=clock.now(), context={"title": "x"}).queued == 0
    client.get(_path(message, "/confirm/"))
    assert not state.live(person, *NEWS)
    client.post(_path(message, "/confirm/"))
    assert state.live(person, *NEWS)
    send("newsletter", "marketing/news", [person], now=clock.now(), context={"title": "x", "text": "y"})
    (news,) = _mails()
    client.post(_path(news, "/leave/"))
    hers = Event.objects.exclude(person=None)
    kinds = list(hers.order_by("at", "pk").values_list("kind", flat=True))
    assert kinds == ["consent.asked", "consent.confirmed", "consent.withdrawn"]
    proof = Event.objects.get(kind="consent.confirmed")
    shown = Wording.objects.get(uuid=proof.payload["wording"])
    assert shown.text in client.get("/en/").content.decode()
    assert proof.payload["form"] == "newsletter"


@pytest.mark.promise("P11")
def test_each_mail_ends_with_a_link_that_needs_no_login_and_no_reason(
    client: Client, subscriber: Person, settings
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    send("newsletter", "marketing/news", [subscriber], now=clock.now(), context={"title": "x", "text": "y"})
    (news,) = _mails()
    lines = str(news.body).strip().splitlines()  # type: ignore[attr-defined]
    assert any("/leave/" in line for line in lines[-2:])
    stranger = Client(enforce_csrf_checks=True)
    page = stranger.get(_path(news, "/leave/"))
    assert page.status_code == 200
    assert "<textarea" not in page.content.decode()
    assert stranger.post(_path(news, "/leave/")).status_code == 200
    assert not state.live(subscriber, *NEWS)


@pytest.fixture
def account(client: Client) -> User:
    """Bea, logged in, whose address is proven."""
    user = UserFactory(email="bea@example.com")
    person = people.person_of(user, now=clock.now())
    people.prove(
        people.note("email", user.email, person=person, now=clock.now()), how="click", now=clock.now()
    )
    client.force_login(user)
    return user


def _tick(client: Client, *names: str) -> None:
    page = client.get("/privacy/choices/").content.decode()
    fields = {
        "shown": re.findall(r'name="shown" value="([^"]+)"', page),
        "text": re.findall(r'name="text" value="([^"]+)"', page),
        "csrfmiddlewaretoken": re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page)[:1],
    }
    client.post("/privacy/choices/", {**fields, "on": list(names)})


@pytest.mark.promise("P12")
@pytest.mark.promise("P37")
@pytest.mark.parametrize("way", ["link", "account", "staff"])
def test_an_objection_works_at_once_by_whatever_way(client: Client, account: User, way: str) -> None:
    person = people.users_person(str(account.pk))
    assert person is not None
    _tick(client, "newsletter.email", "offers.email")
    assert decisions.may_send(person, *NEWS, now=clock.now())
    if way == "account":
        client.post("/privacy/choices/", {"none": "1"})
    elif way == "link":
        send("newsletter", "marketing/news", [person], now=clock.now(), context={"title": "x", "text": "y"})
        (news,) = _mails()
        Client().post(_path(news, "/preferences/"), {"none": "1"})
    else:
        staff = UserFactory(is_staff=True)
        staff.user_permissions.add(Permission.objects.get(codename="record_objection"))
        desk = Client()
        desk.force_login(staff)
        day = clock.legal_day(clock.now()).isoformat()
        told = {"kind": "email", "address": "bea@example.com", "way": "letter", "day": day}
        desk.post("/admin/django_rgpd/consentstate/objection/", told)
    for purpose in ("newsletter", "offers"):
        assert not decisions.may_send(person, purpose, "email", now=clock.now())
    sent = send(
        "newsletter", "marketing/news", [person], now=clock.now(), context={"title": "x", "text": "y"}
    )
    assert sent.queued == 0
    assert Event.objects.filter(kind="consent.given").count() == 2, "what was agreed to stays provable"


@pytest.mark.promise("P13")
@pytest.mark.promise("P16")
def test_withdrawing_is_the_same_page_and_the_same_steps_as_giving(client: Client, account: User) -> None:
    person = people.users_person(str(account.pk))
    assert person is not None
    _tick(client, "offers.email", "offers.post")
    assert state.live(person, "offers", "email")
    _tick(client, "offers.post")
    assert not state.live(person, "offers", "email")
    assert state.live(person, "offers", "post")
    assert not state.live(person, "offers", "sms")


@pytest.mark.promise("P14")
def test_a_recent_customer_may_get_offers_and_a_mere_account_may_not(client: Client, account: User) -> None:
    person = people.users_person(str(account.pk))
    assert person is not None
    now = clock.now()
    decisions.inform(person, "offers", "email", how="checkout", now=now)
    sent = send("offers", "marketing/news", [person], now=now, context={"title": "x", "text": "y"})
    assert sent.dropped == {"no_basis": 1}
    OrderFactory(customer=account, placed_at=now, paid_at=now - relativedelta(years=2))
    assert (
        send("offers", "marketing/news", [person], now=now, context={"title": "x", "text": "y"}).queued == 1
    )
    (offer,) = _mails()
    client.post(_path(offer, "/leave/"))
    assert send("offers", "marketing/news", [person], now=clock.now(), context={"title": "x"}).queued == 0


@pytest.mark.promise("P22")
def test_the_entry_lasts_until_the_person_leaves_and_no_longer(client: Client, subscriber: Person) -> None:
    later = clock.now() + relativedelta(years=12)
    assert decisions.may_send(subscriber, *NEWS, now=later)
    assert ConsentState.objects.get().address == "ada@example.com"
    send("newsletter", "marketing/news", [subscriber], now=clock.now(), context={"title": "x", "text": "y"})
    (news,) = _mails()
    client.post(_path(news, "/leave/"))
    assert not decisions.may_send(subscriber, *NEWS, now=clock.now())
    assert ConsentState.objects.get().address is None


@pytest.mark.promise("P23")
def test_notices_about_her_own_business_go_on_after_an_opt_out(client: Client, subscriber: Person) -> None:
    send("newsletter", "marketing/news", [subscriber], now=clock.now(), context={"title": "x", "text": "y"})
    (news,) = _mails()
    client.post(_path(news, "/preferences/"), {"none": "1"})
    cache.clear()  # a quarter of an hour later
    client.post("/privacy/enter/", {"email": "ada@example.com"})
    (notice,) = _mails()
    assert notice.to == ["ada@example.com"]  # type: ignore[attr-defined]
    assert "List-Unsubscribe" not in notice.message()  # type: ignore[attr-defined]
