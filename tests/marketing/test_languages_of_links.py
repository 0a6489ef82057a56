"""The pages behind a link of a mail speak as the mail did, whatever the browser asks for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from django_rgpd.consent import decisions, kinds, state
from django_rgpd.core import links as signing
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import Draft, many
from django_rgpd.marketing import going_on, links
from django_rgpd.registry.models import Person
from django_rgpd.retention import accounts

pytestmark = pytest.mark.django_db
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en-GB,en"}
NEWS = ("newsletter", "email")


def _leave(person: Person, now: datetime) -> str:
    return urlsplit(links.unsubscribe_url(person.uuid, *NEWS)).path


def _choices(person: Person, now: datetime) -> str:
    return urlsplit(links.preferences_url(person.uuid)).path


def _undo(person: Person, now: datetime) -> str:
    decisions.leave(person, *NEWS, how="link", now=now)
    row = state.standing(state.rows(person), *NEWS)
    assert row is not None
    return reverse("django_rgpd:undo", args=[links.undo_token(row.event)])


def _go_on(person: Person, now: datetime) -> str:
    asked = {"kind": kinds.ASKED_AGAIN, "person": person.uuid, "purpose": NEWS[0], "channel": NEWS[1]}
    many([Draft(**asked, how="mail", payload={})], now=now)
    return reverse("django_rgpd:go_on", args=[going_on.token(Event.objects.latest("pk"))])


def _keep(person: Person, now: datetime) -> str:
    return reverse("django_rgpd:keep_account", args=[signing.sign(accounts.KEEP, person.uuid)])


EVERY = pytest.mark.parametrize("link", [_leave, _choices, _undo, _go_on, _keep])


@pytest.fixture
def marie(person: Person, today: datetime) -> Person:
    """She reads French, and agreed to the newsletter."""
    Person.objects.filter(pk=person.pk).update(language="fr")
    decisions.give(person, *NEWS, how="account", now=today - timedelta(hours=1))
    return person


@EVERY
@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_page_behind_a_link_is_in_the_language_of_its_reader(
    client: Client, marie: Person, today: datetime, link: Callable, verb: str
) -> None:
    page = getattr(client, verb)(link(marie, today), **ENGLISH)
    assert page.headers["Content-Language"] == "fr"
    assert '<html lang="fr"' in page.content.decode()


@EVERY
def test_the_language_that_she_chose_here_goes_before(marie: Person, today: datetime, link: Callable) -> None:
    client = Client()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    assert '<html lang="en"' in client.get(link(marie, today), HTTP_ACCEPT_LANGUAGE="fr").content.decode()


@EVERY
@pytest.mark.parametrize("known", ["", "xx"])
def test_where_her_language_is_not_known_it_is_the_browsers(
    client: Client, marie: Person, today: datetime, link: Callable, known: str
) -> None:
    Person.objects.filter(pk=marie.pk).update(language=known)
    for asked in ("en", "fr"):
        page = client.get(link(marie, today), HTTP_ACCEPT_LANGUAGE=asked)
        assert page.headers["Content-Language"] == asked
    odd = Client(headers={"Cookie": f"{settings.LANGUAGE_COOKIE_NAME}=../../fr"})
    assert odd.get(link(marie, today), HTTP_ACCEPT_LANGUAGE="fr").headers["Content-Language"] == "fr"


@pytest.mark.fault("L03")
def test_a_forged_link_tells_nobodys_language(client: Client, marie: Person, today: datetime) -> None:
    forged = f"{_leave(marie, today)[:-3]}aa/"
    page = client.get(forged, **ENGLISH)
    assert (page.status_code, page.headers["Content-Language"]) == (404, "en")


def test_a_merged_persons_page_is_in_the_language_of_who_she_is_now(
    client: Client, marie: Person, today: datetime
) -> None:
    guest = Person.objects.create(created_at=today, merged_into=marie.uuid, language="en")
    assert client.get(_choices(guest, today), **ENGLISH).headers["Content-Language"] == "fr"
