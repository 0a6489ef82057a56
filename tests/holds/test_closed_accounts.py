"""A closed account whose row is held, and the shop's own clean-up of accounts that nobody confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from django_rgpd.erasure.execute import erase
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold, Person
from example_shop.accounts.models import User
from example_shop.accounts.tasks import forget_the_unconfirmed
from example_shop.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]
LATER = relativedelta(months=2)


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def closed(hold: Holder, person: Person, user: User, now: datetime) -> User:
    """She has never logged in, is held whole, and had her account deleted."""
    User.objects.filter(pk=user.pk).update(last_login=None)
    user.orders.update(customer=None, guest_email="")
    hold(person)
    erase(person, how="account", now=now)
    run_due(now=now + timedelta(hours=1))
    mail.outbox.clear()
    found = User.objects.get(pk=user.pk)
    assert (found.is_active, found.has_usable_password(), found.last_login) == (False, False, None)
    return found


@pytest.mark.fault("K08")
def test_a_closed_account_is_not_forgotten_as_one_that_nobody_confirmed(closed: User, now: datetime) -> None:
    held = (closed.addresses.count(), closed.wishes.count())
    assert all(held)
    forget_the_unconfirmed(now=now + LATER)
    kept = User.objects.get(pk=closed.pk)
    assert (kept.addresses.count(), kept.wishes.count()) == held


def test_signing_up_with_the_address_of_a_closed_account_opens_nothing(closed: User, client: Client) -> None:
    answers = []
    for email in (closed.email, "unknown@example.com"):
        response = client.post(reverse("accounts:sign_up"), {"email": email})
        answers.append((response.status_code, response["Location"], len(mail.outbox)))
    assert answers[0][:2] == answers[1][:2]
    (told, _asked) = mail.outbox
    assert told.to == [closed.email]
    assert "is closed" in str(told.body)
    assert "http" not in str(told.body)
    client.post(reverse("accounts:password_reset"), {"email": closed.email})
    assert len(mail.outbox) == 2
    assert not User.objects.get(pk=closed.pk).is_active


def _begun(client: Client) -> tuple[User, str]:
    client.post(reverse("accounts:sign_up"), {"email": "new@example.com"})
    found = re.search(r"http://[^/]+(/\S+)", str(mail.outbox[-1].body))
    assert found
    return User.objects.get(email="new@example.com"), found[1]


def test_what_nobody_confirmed_is_forgotten_after_a_week_and_nothing_else(client: Client) -> None:
    begun, _link = _begun(client)
    assert begun.pending_since
    others = {UserFactory().pk, UserFactory(is_active=False, last_login=None, password="!").pk}
    forget_the_unconfirmed(now=begun.pending_since + timedelta(days=6, hours=23))
    assert User.objects.filter(pk=begun.pk).exists()
    forget_the_unconfirmed(now=begun.pending_since + timedelta(days=7, hours=1))
    assert {user.pk for user in User.objects.all()} == others


def test_who_confirmed_waits_no_more(client: Client, now: datetime) -> None:
    begun, link = _begun(client)
    client.post(link, {"new_password1": PASSWORD, "new_password2": PASSWORD})
    begun.refresh_from_db()
    assert (begun.is_active, begun.pending_since) == (True, None)


@pytest.mark.parametrize("whole", [True, False])
def test_a_begun_account_that_is_held_is_neither_forgotten_nor_opened(
    client: Client, hold: Holder, now: datetime, whole: bool
) -> None:
    begun, link = _begun(client)
    hold(people.person_of(begun, now=now) if whole else begun)
    assert client.get(link).status_code == 404
    forget_the_unconfirmed(now=timezone.now() + LATER)
    assert User.objects.filter(pk=begun.pk).exists()


def test_a_begun_account_that_staff_open_waits_no_more(client: Client, admin_client: Client) -> None:
    begun, link = _begun(client)
    page = reverse("admin:accounts_user_change", args=[begun.pk])
    joined = {"date_joined_0": "2026-05-12", "date_joined_1": "10:00:00"}
    said = {"email": begun.email, "language": "en", "is_active": "on", **joined}
    assert admin_client.post(page, said).status_code == 302
    begun.refresh_from_db()
    assert (begun.is_active, begun.pending_since) == (True, None)
    assert client.get(link).status_code == 404
