"""Every device is signed out by an erasure, in every session backend, and what its session held is gone."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from django_rgpd.erasure import sessions
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import SignIn
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, OrderFactory

BACKENDS = ("db", "cache", "cached_db", "file", "signed_cookies")
PRIVATE = "/account/"


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, settings: Any, tmp_path: Path) -> str:
    """Each session backend of Django."""
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{request.param}"
    settings.SESSION_FILE_PATH = str(tmp_path)
    return str(request.param)


def device(user: User) -> Client:
    """A browser in which she is signed in and has put something into her session."""
    client = Client()
    client.force_login(user)
    session = client.session
    session["basket_note"] = "for Élodie"
    session.save()
    if settings.SESSION_ENGINE.endswith("signed_cookies"):
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


def signed_in(client: Client) -> bool:
    """Whether the session still opens the account."""
    from django.contrib.auth import get_user

    class Request:
        session = client.session

    return bool(get_user(Request()).is_authenticated)  # type: ignore[arg-type]


@pytest.mark.fault("S01")
@pytest.mark.django_db(transaction=True)
def test_three_devices_are_signed_out_at_once(
    backend: str, user: User, person: Person, now: datetime
) -> None:
    """Before the erasure each opens the account, afterwards none does, and no store has the session."""
    devices = [device(user) for _ in range(3)]
    assert all(signed_in(one) for one in devices)
    keys = [one.session.session_key for one in devices]

    erase(person, how="account", now=now)

    assert not any(signed_in(one) for one in devices)
    store = import_module(settings.SESSION_ENGINE).SessionStore
    if backend != "signed_cookies":  # what lies in her own browser is not ours to delete
        assert not any(store().exists(key) for key in keys if key)
    assert not Session.objects.exists()
    assert not SignIn.objects.exists()


@pytest.mark.fault("S02")
@pytest.mark.django_db(transaction=True)
def test_a_backend_that_lets_inactive_users_in_keeps_nobody_in(
    user: User, person: Person, now: datetime, settings: Any
) -> None:
    """The tombstone's password changed, and with it the hash that every session carries."""
    settings.AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.AllowAllUsersModelBackend"]
    OrderFactory(customer=user, open=True, placed_at=now)
    client = device(user)
    saved = dict(client.session.items())

    erase(person, how="account", now=now)

    session = client.session
    session.update(saved)
    session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    assert User.objects.filter(pk=user.pk, is_active=False).exists()
    assert not signed_in(client)


@pytest.mark.django_db
def test_a_login_is_noted_and_a_logout_forgotten(user: User) -> None:
    """The index has the account's key and no more than the session's."""
    client = Client()
    client.login(username=user.email, password=PASSWORD)
    (noted,) = SignIn.objects.all()

    assert noted.user_key == str(user.pk)
    assert noted.session_key == client.session.session_key
    assert noted.session != noted.session_key

    client.logout()

    assert not SignIn.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_session_that_changed_its_key_goes_with_the_second_pass(
    user: User, person: Person, now: datetime
) -> None:
    """A changed password gives the session another key, which the index has not seen."""
    client = device(user)
    session = client.session
    session.cycle_key()
    session.save()
    erase(person, how="account", now=now)
    assert Session.objects.exists()

    run_due(now=now + timedelta(minutes=11))

    assert not Session.objects.exists()


@pytest.mark.django_db
def test_sessions_that_ran_out_leave_the_index(user: User, now: datetime) -> None:
    """By the day on which they end."""
    Client().force_login(user)
    SignIn.objects.update(expires_at=now)

    assert sessions.purge(now=now) == 1


@pytest.mark.django_db(transaction=True)
def test_a_session_store_that_is_down_is_asked_again(
    user: User, person: Person, now: datetime, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasure succeeds; the second pass waits for the store."""
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    client = device(user)
    key = client.session.session_key

    def down(*_: object, **__: object) -> None:
        raise ConnectionError

    store = import_module(settings.SESSION_ENGINE).SessionStore
    with monkeypatch.context() as patch:
        patch.setattr(store, "delete", down)
        erase(person, how="account", now=now)
        run_due(now=now + timedelta(minutes=11))
    run_due(now=now + timedelta(minutes=22))

    assert not store().exists(key)
