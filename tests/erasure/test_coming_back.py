"""Nothing that opened an account opens it after its erasure, and who comes back is somebody new."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import TimestampSigner
from django.test import Client
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from django_rgpd.consent import decisions, state
from django_rgpd.core import clock, links
from django_rgpd.erasure.execute import erase
from django_rgpd.marketing.send import send
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.retention import accounts
from example_shop.accounts.models import User
from example_shop.accounts.proof import address_clicked
from example_shop.factories import PASSWORD, OrderFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.fault("S05")]


@pytest.fixture
def user() -> User:
    """A customer who reads the newsletter."""
    found = UserFactory(email="marie@example.com", first_name="Marie")
    address_clicked(found)
    decisions.give(
        people.person_of(found, now=clock.now()), "newsletter", "email", how="account", now=clock.now()
    )
    return found


@pytest.mark.parametrize("under_way", [False, True])
def test_no_session_token_or_link_opens_an_erased_account(
    user: User, under_way: bool, django_capture_on_commit_callbacks
) -> None:
    if under_way:  # then the row stays as a tombstone
        OrderFactory(customer=user, open=True, placed_at=clock.now())
    person = people.person_of(user, now=clock.now())
    remembered = Client()
    remembered.force_login(user)
    session = remembered.session
    session.set_expiry(timedelta(days=365))
    session.save()
    token = TimestampSigner(salt="api").sign(str(user.pk))  # as a JWT: it names the account and asks no table
    reset = f"/en/password/new/{urlsafe_base64_encode(force_bytes(user.pk))}/{default_token_generator.make_token(user)}/"
    keep = f"/privacy/keep/{links.sign(accounts.KEEP, person.uuid)}/"
    assert remembered.get("/en/account/").status_code == 200

    with django_capture_on_commit_callbacks(execute=True):
        erase(person, how="account", now=clock.now())
    run_due(now=clock.now())

    assert remembered.get("/en/account/").status_code == 302
    named = TimestampSigner(salt="api").unsign(token)
    assert not User.objects.filter(pk=named, is_active=True).exists()
    assert User.objects.filter(pk=named).exists() is under_way
    assert not Client().login(username="marie@example.com", password=PASSWORD)
    answer = Client().get(reset, follow=True)
    assert "new_password1" not in answer.content.decode()
    assert Client().post(keep).status_code == 404


def test_who_comes_back_with_the_address_is_a_new_person_without_the_old_consents(user: User) -> None:
    before = people.person_of(user, now=clock.now())
    erase(before, how="account", now=clock.now())
    run_due(now=clock.now() + timedelta(hours=1))

    again = UserFactory(email="marie@example.com")
    address_clicked(again)
    person = people.person_of(again, now=clock.now())

    assert person.uuid != before.uuid
    assert people.subject(person).uuids == (person.uuid,)
    assert not state.live(person, "newsletter", "email")
    news = {"title": "x", "text": "y"}
    assert send("newsletter", "marketing/news", [person], now=clock.now(), context=news).queued == 0
    assert send("newsletter", "marketing/news", [before.uuid], now=clock.now(), context=news).dropped == {
        "erased": 1
    }
    decisions.give(person, "newsletter", "email", how="account", now=clock.now())
    assert state.live(person, "newsletter", "email")


def test_a_late_second_pass_takes_nothing_of_who_came_back(user: User) -> None:
    erase(people.person_of(user, now=clock.now()), how="account", now=clock.now())
    again = UserFactory(email="marie@example.com", first_name="Marie")
    address_clicked(again)
    run_due(now=clock.now() + timedelta(hours=1))
    again.refresh_from_db()
    assert (again.email, again.first_name, again.is_active) == ("marie@example.com", "Marie", True)
