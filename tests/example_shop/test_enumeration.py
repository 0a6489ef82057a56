"""No form tells whether an address is known: not the library's, and not the shop's own sign-up, login and reset."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

import django_rgpd
from django_rgpd.outbox.models import Job
from example_shop.factories import ProductFactory, UserFactory, make_customer
from tests.example_shop.test_pages import CHECKOUT

pytestmark = [pytest.mark.django_db, pytest.mark.fault("E04")]

KNOWN, UNKNOWN = "known.person@example.com", "other.person@example.com"  # as long as each other
FORMS = {
    "login": ("/en/login/", {"password": "not the password"}, "username"),
    "sign-up": ("/en/sign-up/", {"first_name": "Ada"}, "email"),
    "password reset": ("/en/password/forgotten/", {}, "email"),
    "newsletter": ("/privacy/marketing/newsletter/", {"agree_newsletter": "on"}, "email"),
    "way in": ("/privacy/enter/", {}, "email"),
}


def answer(path: str, sent: dict[str, str], address: str) -> tuple[object, ...]:
    """What whoever asks can see, without what differs between any two answers."""
    cache.clear()
    client = Client()
    client.get(path)
    got = client.post(path, sent, follow=True)
    text = re.sub(r'csrfmiddlewaretoken" value="[^"]*"', "", got.content.decode()).replace(address, "ADDRESS")
    return got.status_code, got.redirect_chain, text, sorted(client.cookies)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_answers_the_same_for_a_known_and_an_unknown_address(form: str) -> None:
    make_customer(email=KNOWN)
    path, sent, field = FORMS[form]
    answers = [answer(path, {**sent, field: address}, address) for address in (KNOWN, UNKNOWN)]
    assert answers[0] == answers[1]
    assert not re.search(r"already|no such|unknown|not registered", str(answers[0][2]), re.IGNORECASE)


def test_a_guest_order_with_an_accounts_address_is_taken_as_any_other() -> None:
    UserFactory(email=KNOWN)
    product = ProductFactory()
    answers = []
    for address in (KNOWN, UNKNOWN):
        client = Client()
        client.post(f"/en/basket/add/{product.slug}/", {"quantity": "1"})
        got = client.post("/en/checkout/", CHECKOUT | {"guest_email": address})
        answers.append((got.status_code, re.sub(r"R\d{4}-[0-9A-F]{8}", "NUMBER", got["Location"])))
    assert answers[0] == answers[1]
    assert not [job for job in Job.objects.all() if "account" in str(job.payload)]
    assert not mail.outbox


def test_no_text_of_the_library_says_that_an_address_is_taken() -> None:
    package = Path(django_rgpd.__file__).parent
    told = re.compile(r"(address|email|account)[^.\"']{0,30}(already|exists|is taken|in use)", re.IGNORECASE)
    pages = [*package.rglob("*.html"), *package.rglob("*.txt"), *package.rglob("forms.py")]
    assert pages
    assert [str(page) for page in pages if told.search(page.read_text(encoding="utf-8"))] == []
