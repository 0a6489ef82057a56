"""A shop's visitors, the mails that they get, and a measure of what changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core import mail, serializers
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from django_rgpd.consent import decisions, wordings
from django_rgpd.core import clock
from django_rgpd.outbox import deliver
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

LINK = re.compile(r"https?://[^\s<>\"]+")


@pytest.fixture
def visitor() -> Client:
    """A browser that nobody is logged in with, and that Django's CSRF protection looks at."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def today() -> datetime:
    """Now, for what the pages do, which read the clock."""
    return clock.now()


@pytest.fixture
def sign_up(client: Client) -> Callable[..., object]:
    """Fill in the newsletter's form as a person does."""

    def fill_in(address: str, *purposes: str, **more: object) -> object:
        data: dict[str, object] = {"email": address, "website": ""}
        for purpose in purposes or ("newsletter",):
            text = wordings.current(purpose, "en")
            data |= {f"agree_{purpose}": "on", f"agree_{purpose}_text": wordings.reference_of(text)}
        return client.post("/privacy/marketing/newsletter/", {**data, **more}, REMOTE_ADDR="192.0.2.7")

    return fill_in


@pytest.fixture
def delivered() -> Callable[..., list[EmailMultiAlternatives]]:
    """Let the outbox work, and give the mails that left since."""

    def work(*, after: timedelta = timedelta(0)) -> list[EmailMultiAlternatives]:
        before = len(mail.outbox)
        deliver.run_due(now=clock.now() + after)
        return list(mail.outbox[before:])  # type: ignore[arg-type]

    return work


@pytest.fixture
def make_person(db: None, today: datetime) -> Callable[..., Person]:
    """A person who has proven her address: a guest, or the holder of an account."""

    def make(email: str = "ada@example.com", *, user: object = None) -> Person:
        person = None if user is None else people.person_of(user, now=today)
        address = people.prove(
            people.note("email", email, person=person, now=today), how="click", now=today - timedelta(hours=2)
        )
        return Person.objects.get(pk=address.person_id)

    return make


@pytest.fixture
def person(make_person: Callable[..., Person]) -> Person:
    """Ada, a guest who has proven her address."""
    return make_person()


def link_in(message: EmailMultiAlternatives, part: str) -> str:
    """The path of the one link of ``message`` that holds ``part``."""
    found = {one.rstrip(".") for one in LINK.findall(str(message.body)) if part in one}
    assert len(found) == 1, found
    return urlsplit(found.pop()).path


def fingerprint() -> str:
    """A hash of every row of the library's tables: the same where nothing changed."""
    digest = hashlib.sha256()
    for model in apps.get_app_config("django_rgpd").get_models():
        rows = model._base_manager.order_by("pk")
        digest.update(serializers.serialize("json", rows).encode())
    return digest.hexdigest()


@pytest.fixture
def subscribe(make_person: Callable[..., Person], today: datetime) -> Callable[..., Person]:
    """Somebody who agreed to the newsletter an hour ago."""

    def agree(email: str) -> Person:
        person = make_person(email)
        decisions.give(person, "newsletter", "email", how="account", now=today - timedelta(hours=1))
        return person

    return agree


@pytest.fixture
def asking(settings) -> Callable[..., None]:
    """Send by the mail backend that asks, which hands on to ``inner``."""

    def wrap(inner: str = "django.core.mail.backends.locmem.EmailBackend", **more: object) -> None:
        settings.EMAIL_BACKEND = "django_rgpd.marketing.backend.EmailBackend"
        settings.RGPD = {**settings.RGPD, "MAIL_BACKEND": inner, **more}

    return wrap
