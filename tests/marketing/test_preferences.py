"""The page of choices: by purpose and channel, in the account or by link; what was not touched is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.test import Client

from django_rgpd.consent import decisions, kinds, state, wordings
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import links, preferences
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import UserFactory

from .conftest import fingerprint, link_in

pytestmark = pytest.mark.django_db
PAGE = "/privacy/choices/"
NEWS = ("newsletter", "email")


@pytest.fixture
def user(db: None) -> User:
    """Bea's account."""
    return UserFactory(email="bea@example.com")


@pytest.fixture
def bea(user: User, make_person: Callable) -> Person:
    """Bea, whose address is proven."""
    return make_person("bea@example.com", user=user)


def texts(*purposes: str) -> list[str]:
    return [wordings.reference_of(wordings.current(one, "en")) for one in purposes]


@pytest.mark.promise("P12")
@pytest.mark.promise("P13")
@pytest.mark.promise("P16")
def test_the_account_page_gives_and_takes_by_purpose_and_channel(
    client: Client, user: User, bea: Person
) -> None:
    client.force_login(user)
    page = client.get(PAGE).content.decode()
    for name in ("newsletter.email", "offers.email", "offers.sms", "offers.post"):
        assert f'value="{name}"' in page
    assert " checked" not in page
    answer = client.post(
        PAGE, {"on": ["newsletter.email", "offers.post"], "text": texts("newsletter", "offers")}
    )
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}?saved=yes")
    assert {key for key, row in state.rows(bea).items() if row.live} == {NEWS, ("offers", "post")}
    wording = state.rows(bea)[NEWS].wording
    assert wording is not None
    client.post(PAGE, {"on": ["newsletter.email"], "shown": ["newsletter.email", "offers.post"]})
    assert {key for key, row in state.rows(bea).items() if row.live} == {NEWS}
    assert not decisions.may_send(bea, "offers", "post", now=state.rows(bea)[("offers", "post")].since)


def test_saving_without_a_change_writes_nothing(
    client: Client, user: User, bea: Person, today: datetime
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    client.force_login(user)
    before = fingerprint()
    client.post(
        PAGE, {"on": ["newsletter.email"], "shown": ["newsletter.email"], "text": texts("newsletter")}
    )
    assert fingerprint() == before


def test_a_page_that_was_open_for_long_changes_only_what_was_touched(
    client: Client, user: User, bea: Person, today: datetime
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=2))
    client.force_login(user)
    decisions.withdraw(bea, *NEWS, how="link", now=today - timedelta(hours=1))
    client.post(
        PAGE, {"on": ["newsletter.email"], "shown": ["newsletter.email"], "text": texts("newsletter")}
    )
    assert not state.live(bea, *NEWS)


@pytest.mark.promise("P12")
def test_no_marketing_at_all_is_one_button(client: Client, user: User, bea: Person, today: datetime) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    decisions.inform(bea, "offers", "email", how="checkout", now=today - timedelta(hours=1))
    client.force_login(user)
    assert 'name="none"' in client.get(PAGE).content.decode()
    client.post(PAGE, {"none": "1", "on": ["newsletter.email"], "shown": ["newsletter.email"]})
    for key in (NEWS, ("offers", "email"), ("offers", "sms"), ("offers", "post")):
        assert not decisions.may_send(bea, *key, now=today + timedelta(minutes=1))


def test_an_account_whose_address_is_not_proven_confirms_by_mail(
    client: Client, user: User, delivered: Callable
) -> None:
    client.force_login(user)
    answer = client.post(
        PAGE, {"on": ["newsletter.email", "offers.post"], "text": texts("newsletter", "offers")}, follow=True
    )
    assert "mail that we sent you" in answer.content.decode()
    (message,) = delivered()
    assert message.to == ["bea@example.com"]
    assert not Event.objects.exclude(person=None).exists()
    client.post(link_in(message, "/confirm/"))
    holder = people.known("email", "bea@example.com")
    assert holder is not None
    assert state.live(holder, *NEWS)


@pytest.mark.promise("P12")
def test_the_page_by_link_leaves_at_once_and_adds_by_mail(
    client: Client, bea: Person, today: datetime, delivered: Callable
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    place = urlsplit(links.preferences_url(bea.uuid)).path
    page = client.get(place).content.decode()
    assert "bea@" not in page
    client.post(
        place, {"shown": ["newsletter.email"], "on": ["offers.email", "offers.post"], "text": texts("offers")}
    )
    assert not state.live(bea, *NEWS)
    assert not state.live(bea, "offers", "email")
    assert not state.live(bea, "offers", "post")
    (message,) = delivered()
    client.post(link_in(message, "/confirm/"))
    assert state.live(bea, "offers", "email")
    client.post(place, {"none": "1"})
    assert not decisions.may_send(bea, "offers", "email", now=today + timedelta(minutes=1))


def test_leaving_is_done_even_where_what_was_added_fails(
    client: Client, bea: Person, today: datetime
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    place = urlsplit(links.preferences_url(bea.uuid)).path
    changes = {"shown": ["newsletter.email"], "on": ["offers.email"], "text": texts("offers")}
    with patch("django.core.cache.backends.locmem.LocMemCache.add", side_effect=OSError):
        assert client.post(place, changes).status_code == 503
    assert not state.live(bea, *NEWS)
    assert not Job.objects.exists()


def test_a_text_that_was_not_shown_is_no_consent(client: Client, user: User, bea: Person) -> None:
    client.force_login(user)
    answer = client.post(PAGE, {"on": ["newsletter.email"], "text": ["0" * 16]})
    assert answer.status_code == 409
    assert "has changed" in answer.content.decode()
    assert not Event.objects.exists()


@pytest.mark.fault("W01")
def test_the_account_page_needs_its_csrf_token(
    visitor: Client, user: User, bea: Person, today: datetime
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    visitor.force_login(user)
    assert visitor.post(PAGE, {"none": "1"}).status_code == 403
    assert visitor.post(PAGE, {"on": ["offers.email"], "text": texts("offers")}).status_code == 403
    assert state.live(bea, *NEWS)
    assert Event.objects.count() == 1


@pytest.mark.fault("W02")
def test_the_pages_are_shown_in_nobodys_frame(client: Client, user: User, bea: Person) -> None:
    client.force_login(user)
    for place in (PAGE, urlsplit(links.preferences_url(bea.uuid)).path):
        response = client.get(place)
        assert response["X-Frame-Options"] == "DENY"
        assert "frame-ancestors" in response["Content-Security-Policy"]


@pytest.mark.fault("W10")
def test_boxes_that_the_page_does_not_have_are_ignored(client: Client, user: User, bea: Person) -> None:
    client.force_login(user)
    odd = ["orders.email", "newsletter.sms", ".", "", "offers.email.email", "rgpd_proof."]
    client.post(
        PAGE, {"on": odd, "shown": odd, "text": texts("newsletter"), "person": "1", "standing": "live"}
    )
    assert not Event.objects.exists()


def test_staff_who_act_as_the_customer_choose_nothing(
    client: Client, user: User, bea: Person, today: datetime
) -> None:
    decisions.give(bea, *NEWS, how="account", now=today - timedelta(hours=1))
    client.force_login(user)
    session = client.session
    session["_impersonate"] = "1"
    session.save()
    assert client.post(PAGE, {"none": "1"}).status_code == 403
    assert state.live(bea, *NEWS)


def test_what_waits_for_a_click_is_shown_as_waiting(
    bea: Person, sign_up: Callable, delivered: Callable, today: datetime
) -> None:
    sign_up("bea@example.com")
    delivered()
    shown = {one.name: one.pending for one in preferences.choices(bea, now=today)}
    assert shown["newsletter.email"]
    assert not shown["offers.email"]
    assert not Event.objects.filter(kind=kinds.CONFIRMED).exists()
