"""A customer, a guest, and what is left in their mailboxes."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.outbox.deliver import run_due
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, make_customer

GUEST = "guest@example.com"
LINK = re.compile(r"https?://[^/\s]+(/\S*)")


@pytest.fixture
def customer(db: None) -> User:
    """Somebody with everything that the shop can know of a customer."""
    return make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont")


@pytest.fixture
def logged_in(client: Client, customer: User) -> Client:
    """The customer's browser, without a proof of who is there."""
    client.force_login(customer)
    return client


@pytest.fixture
def proved(logged_in: Client) -> Client:
    """The customer's browser, right after she gave her password."""
    answer = give_password(logged_in, PASSWORD)
    assert answer.status_code == 302
    return logged_in


@pytest.fixture
def deliver() -> Callable[[], list[str]]:
    """Sends what waits, and gives the texts of the mails that left."""

    def send() -> list[str]:
        before = len(mail.outbox)
        run_due(now=clock.now() + timedelta(seconds=1))
        return [str(one.body) for one in mail.outbox[before:]]

    return send


def give_password(client: Client, password: str, next_page: str = ""):
    return client.post(
        reverse("django_rgpd:centre_prove"), {"way": "password", "password": password, "next": next_page}
    )


def ask_in(client: Client, email: str):
    return client.post(reverse("django_rgpd:centre_enter"), {"email": email})


def path_in(text: str) -> str:
    """The path of the one link of a mail."""
    found = LINK.findall(text)
    assert len(found) == 1, text
    return found[0]
