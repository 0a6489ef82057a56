"""Her choices on the page: one click ends what was agreed to, and a guest may choose as well."""

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.factories import make_guest
from tests.centre.conftest import GUEST, ask_in, path_in

Deliver = Callable[[], list[str]]
CHOICES = "/privacy/choices/"


def send(client: Client, *, without: str = "", plus: str = ""):
    """Send the form as the page shows it, one box less or more ticked."""
    soup = BeautifulSoup(client.get(CHOICES).content, "html.parser")
    form = soup.select_one("main form")
    assert form is not None
    values = {name: [one["value"] for one in form.select(f"[name={name}]")] for name in ("shown", "text")}
    on = [one["value"] for one in form.select("[name=on][checked]") if one["value"] != without]
    return client.post(CHOICES, {**values, "on": [*on, *([plus] if plus else [])]})


def agree(user: User) -> None:
    now = clock.now()
    person = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=person, now=now), how="test", now=now)
    decisions.give(person, "newsletter", "email", how="test", now=now)


@pytest.mark.promise("P12")
def test_unticking_ends_the_newsletter_at_once(logged_in: Client, customer: User) -> None:
    agree(customer)
    assert send(logged_in, without="newsletter.email")["Location"].endswith("?saved=yes")
    assert not ConsentState.objects.filter(purpose="newsletter", live=True).exists()


def test_ticking_agrees_where_the_address_is_proven(logged_in: Client, customer: User) -> None:
    agree(customer)
    send(logged_in, without="newsletter.email")
    send(logged_in, plus="newsletter.email")
    assert ConsentState.objects.filter(purpose="newsletter", live=True).exists()


def test_guest_chooses_on_her_page(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    send(client, plus="newsletter.email")
    assert ConsentState.objects.get(purpose="newsletter", live=True).address == GUEST
    send(client, without="newsletter.email")
    assert not ConsentState.objects.filter(purpose="newsletter", live=True).exists()


def test_none_at_all_ends_everything(logged_in: Client, customer: User) -> None:
    agree(customer)
    assert logged_in.post(CHOICES, {"none": "1"}).status_code == 302
    assert not ConsentState.objects.filter(live=True).exists()
