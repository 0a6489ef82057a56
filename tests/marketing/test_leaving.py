"""Leaving by link: shown by GET, done by POST, by one click too, whatever the project's settings; and taken back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import Mock
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.test import Client
from django.test.client import FakePayload

from django_rgpd.consent import decisions, kinds, state
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import links
from django_rgpd.outbox.models import Job
from django_rgpd.registry.models import Person
from example_shop.factories import UserFactory

from .conftest import fingerprint

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def subscriber(person: Person, today: datetime) -> Person:
    """Ada, who agreed to the newsletter an hour ago."""
    decisions.give(person, *NEWS, how="account", now=today - timedelta(hours=1))
    return person


@pytest.fixture
def url(subscriber: Person) -> str:
    """The path of her unsubscribe link."""
    return urlsplit(links.unsubscribe_url(subscriber.uuid, *NEWS)).path


@pytest.mark.promise("P11")
@pytest.mark.promise("P13")
def test_the_link_shows_a_button_and_the_button_unsubscribes(
    client: Client, url: str, subscriber: Person
) -> None:
    page = client.get(url)
    assert page.status_code == 200
    assert "Stop “Newsletter”?" in page.content.decode()
    assert state.live(subscriber, *NEWS)
    done = client.post(url, {"confirm": "1"})
    assert done.status_code == 200
    assert "Nothing is sent to you" in done.content.decode()
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("L03")
@pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
def test_one_click_works_without_cookie_token_or_referrer(
    visitor: Client, url: str, subscriber: Person, kind: str
) -> None:
    if kind == "multipart":
        response = visitor.post(url, ONE_CLICK)
    else:
        response = visitor.post(
            url, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded"
        )
    assert response.status_code == 200
    assert "Location" not in response
    assert not response.cookies
    assert not state.live(subscriber, *NEWS)
    assert Event.objects.get(kind=kinds.WITHDRAWN).how == "one_click"


@pytest.mark.fault("L04")
@pytest.mark.fault("L05")
@pytest.mark.parametrize(
    "project",
    [
        {"middleware": "django.contrib.auth.middleware.LoginRequiredMiddleware"},
        {"APPEND_SLASH": True},
        {"PREPEND_WWW": True, "base": "https://www.shop.example.com"},
        {"SECURE_SSL_REDIRECT": True, "base": "https://shop.example.com"},
        {"LANGUAGE_CODE": "fr"},
    ],
)
def test_one_click_is_answered_without_a_redirect_in_any_project(
    subscriber: Person, settings, project: dict[str, object]
) -> None:
    base = str(project.pop("base", "http://127.0.0.1:8000"))
    settings.RGPD = {**settings.RGPD, "BASE_URL": base}
    settings.ALLOWED_HOSTS = ["*"]
    if "middleware" in project:
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, project.pop("middleware")]
    for name, value in project.items():
        setattr(settings, name, value)
    where = urlsplit(links.unsubscribe_url(subscriber.uuid, *NEWS))
    browser = Client(enforce_csrf_checks=True, headers={"host": where.netloc})
    secure = where.scheme == "https"
    assert browser.get(where.path, secure=secure).status_code == 200
    response = browser.post(where.path, ONE_CLICK, secure=secure)
    assert response.status_code == 200
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("L04")
def test_the_public_pages_need_no_login_anywhere(settings, url: str, subscriber: Person) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    choose = urlsplit(links.preferences_url(subscriber.uuid)).path
    for place in ("/privacy/marketing/newsletter/", "/privacy/marketing/newsletter/asked/", url, choose):
        assert Client().get(place).status_code == 200


@pytest.mark.fault("L01")
def test_scanners_that_open_every_link_change_nothing(client: Client, url: str, subscriber: Person) -> None:
    left = decisions.withdraw(
        subscriber, *NEWS, how="link", now=Event.objects.get().at + timedelta(minutes=1)
    )
    assert left is not None
    places = [url, urlsplit(links.preferences_url(subscriber.uuid)).path]
    places.append(f"/privacy/marketing/undo/{links.undo_token(left.event)}/")
    before = fingerprint()
    for place in places:
        for method in (client.get, client.head, client.options, client.trace):
            assert method(place).status_code in {200, 405}
    assert fingerprint() == before


@pytest.mark.fault("L02")
def test_what_a_scanner_posted_is_taken_back_by_one_click(
    client: Client, url: str, subscriber: Person
) -> None:
    assert "<script" not in client.get(url).content.decode()
    client.post(url)
    page = client.get(url).content.decode()
    action = re.search(r'action="(/privacy/marketing/undo/[^"]+)"', page)
    assert action is not None
    assert client.post(action[1]).status_code == 200
    assert state.live(subscriber, *NEWS)
    assert client.post(action[1]).status_code == 200
    assert Event.objects.filter(kind=kinds.UNDONE).count() == 1


def test_undo_says_when_it_is_too_late(client: Client, subscriber: Person, today: datetime) -> None:
    left = decisions.withdraw(subscriber, *NEWS, how="link", now=today - timedelta(minutes=30))
    assert left is not None
    token = links.undo_token(left.event)
    decisions.object_to(subscriber, *NEWS, how="link", now=today - timedelta(minutes=20))
    response = client.post(f"/privacy/marketing/undo/{token}/")
    assert response.status_code == 409
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("L06")
@pytest.mark.fault("L08")
def test_only_the_token_says_who_leaves(
    client: Client, url: str, subscriber: Person, make_person: Callable, today: datetime
) -> None:
    user = UserFactory(email="bea@example.com")
    victim = make_person("bea@example.com", user=user)
    decisions.give(victim, *NEWS, how="account", now=today)
    client.force_login(user)
    forged = url.replace(str(subscriber.uuid), str(victim.uuid))
    assert client.post(forged, ONE_CLICK).status_code == 404
    assert state.live(victim, *NEWS)
    client.post(url, {**ONE_CLICK, "email": "bea@example.com", "person": str(victim.uuid)})
    assert state.live(victim, *NEWS)
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("L09")
def test_fifty_retries_are_one_event(client: Client, url: str, subscriber: Person) -> None:
    assert {client.post(url, ONE_CLICK).status_code for _ in range(50)} == {200}
    assert Event.objects.filter(kind=kinds.WITHDRAWN).count() == 1
    assert Event.objects.count() == 2
    assert Job.objects.count() == 0


@pytest.mark.fault("T01")
def test_a_changed_link_is_one_generic_page(client: Client, url: str, subscriber: Person) -> None:
    before = fingerprint()
    token = url.rstrip("/").rpartition("/")[2]
    head = url.removesuffix(f"{token}/")
    for place in range(len(token)):
        other = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]
        assert client.post(f"{head}{other}/", ONE_CLICK).status_code == 404
    for other in (
        token[:-1],
        token + "0",
        token.upper(),
        ".".join(reversed(token.split("."))),
        token + "%00",
    ):
        assert client.post(f"{head}{other}/", ONE_CLICK).status_code == 404
    assert fingerprint() == before


@pytest.mark.fault("T02")
def test_a_link_for_one_thing_is_none_for_another(client: Client, url: str, subscriber: Person) -> None:
    before = fingerprint()
    left = Event.objects.get().uuid
    tokens = {
        "unsubscribe": url.rstrip("/").rpartition("/")[2],
        "other list": links.links.sign(links.unsubscribe_label("offers", "email"), subscriber.uuid),
        "preferences": links.preferences_token(subscriber.uuid),
        "undo": links.undo_token(left),
        "export": links.links.sign("export", subscriber.uuid),
    }
    places = {
        "unsubscribe": "/privacy/marketing/leave/newsletter/email/",
        "preferences": "/privacy/marketing/preferences/",
        "undo": "/privacy/marketing/undo/",
        "confirm": "/privacy/marketing/newsletter/confirm/",
    }
    for purpose, place in places.items():
        for made_for, token in tokens.items():
            if purpose != made_for:
                assert client.post(f"{place}{token}/", ONE_CLICK).status_code == 404, (purpose, made_for)
    assert fingerprint() == before


@pytest.mark.fault("T08")
def test_an_old_mails_link_works_after_the_keys_were_changed(
    client: Client, url: str, subscriber: Person, settings
) -> None:
    settings.SECRET_KEY = "another secret key"  # noqa: S105
    settings.RGPD = {**settings.RGPD, "LINK_KEYS": ("new:" + "n" * 40, *settings.RGPD["LINK_KEYS"])}
    assert client.post(url, ONE_CLICK).status_code == 200
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("T14")
def test_a_link_of_one_site_is_none_of_another(
    client: Client, url: str, subscriber: Person, settings
) -> None:
    settings.RGPD = {**settings.RGPD, "SITE": 2}
    assert client.post(url, ONE_CLICK).status_code == 404
    settings.RGPD = {**settings.RGPD, "SITE": 1}
    assert state.live(subscriber, *NEWS)


def test_a_link_whose_person_is_gone_says_that_nothing_is_sent(
    client: Client, url: str, subscriber: Person
) -> None:
    Person.objects.all().delete()
    for response in (client.get(url), client.post(url, ONE_CLICK), client.post(url)):
        assert response.status_code == 200
    assert "Nothing is sent to you" in client.get(url).content.decode()


@pytest.mark.fault("T13")
def test_the_page_tells_its_token_to_nobody(client: Client, url: str) -> None:
    response = client.get(url)
    assert response["Referrer-Policy"] in {"no-referrer", "strict-origin"}
    assert "no-store" in response["Cache-Control"]
    assert response["X-Frame-Options"] == "DENY"
    assert "example.com" not in url
    assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//(?!127\.0\.0\.1)", response.content.decode())


ODD_BODIES = {
    "text": (b"List-Unsubscribe=One-Click", "text/plain"),
    "json": (b"{}", "application/json"),
    "nothing": (b"", ""),
    "no type": (b"List-Unsubscribe=One-Click", ""),
    "too big": (b"List-Unsubscribe=" + b"x" * 3_000_000, "application/x-www-form-urlencoded"),
    "too many fields": (
        b"&".join(b"a%d=1" % one for one in range(1_500)),
        "application/x-www-form-urlencoded",
    ),
    "latin-1": (b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded; charset=iso-8859-1"),
    "utf-16": (
        "List-Unsubscribe=One-Click".encode("utf-16"),
        "application/x-www-form-urlencoded; charset=utf-16",
    ),
    "no charset at all": (
        b"List-Unsubscribe=One-Click",
        "application/x-www-form-urlencoded; charset=nonsense",
    ),
    "broken multipart": (b"nonsense", "multipart/form-data; boundary=\xff"),
    "multipart without a boundary": (b"nonsense", "multipart/form-data"),
}


@pytest.mark.fault("W14")
@pytest.mark.parametrize("odd", ODD_BODIES)
def test_a_body_that_cannot_be_read_keeps_nobody(
    visitor: Client, url: str, subscriber: Person, odd: str
) -> None:
    body, kind = ODD_BODIES[odd]
    response = visitor.generic("POST", url, body, kind)
    assert response.status_code == 200
    assert not state.live(subscriber, *NEWS)
    assert Event.objects.filter(kind=kinds.WITHDRAWN).count() == 1
    forged = visitor.generic("POST", url.replace(str(subscriber.uuid), str(uuid4())), body, kind)
    assert forged.status_code == 404


@pytest.mark.fault("W14")
def test_a_body_that_breaks_off_keeps_nobody(url: str, subscriber: Person) -> None:
    body = FakePayload(b"List-Unsubscribe=One-Cl")
    body.read = Mock(side_effect=OSError("broken off"))  # type: ignore[method-assign]
    response = Client().generic(
        "POST",
        url,
        **{"wsgi.input": body, "CONTENT_LENGTH": "26", "CONTENT_TYPE": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 200
    assert not state.live(subscriber, *NEWS)


@pytest.mark.fault("W14")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "GET"])
def test_only_a_post_leaves(client: Client, url: str, subscriber: Person, method: str) -> None:
    assert client.generic(method, url).status_code == (200 if method in {"HEAD", "GET"} else 405)
    assert state.live(subscriber, *NEWS)
