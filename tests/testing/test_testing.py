"""What shops' tests are given: canaries, the sweep, ``assert_erased``, snapshots, the pytest plugin."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage

from django_rgpd import testing
from django_rgpd.erasure.execute import erase
from django_rgpd.marketing.classes import marketing, service
from django_rgpd.registry import people
from django_rgpd.testing import (
    Canaries,
    assert_each_mail_has_a_class,
    assert_erased,
    changed,
    snapshot,
    sweep,
)
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import ProductFactory, make_customer

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)

DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "inside": lambda text: f"before {text} after",
    "reversed": lambda text: text[::-1],
    "url": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 shifted": lambda text: base64.b64encode(f"x{text}".encode()).decode(),
    "base64 shifted twice": lambda text: base64.b64encode(f"xy{text}".encode()).decode(),
    "md5": lambda text: hashlib.md5(text.encode()).hexdigest(),
    "sha1": lambda text: hashlib.sha1(text.encode()).hexdigest(),
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
}


@pytest.fixture
def canaries() -> Canaries:
    """A fresh maker."""
    return Canaries()


@pytest.fixture
def user() -> User:
    """A customer with everything."""
    return make_customer(email="somebody@example.com")


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_canary_is_seen_in_every_disguise(canaries: Canaries, disguise: str) -> None:
    """Whatever another program made of it."""
    ProductFactory(description=DISGUISES[disguise](canaries.email("login")))

    (seen,) = sweep(canaries)

    assert (seen.place, seen.planted) == ("catalogue.Product", "login")


def test_a_canary_is_seen_in_caches_mails_and_logs(canaries: Canaries) -> None:
    """Everywhere that is not a table."""
    text = canaries.text("somewhere")
    cache.set("page", {"for": text})
    mail.send_mail("Hello", f"Dear {text}", "shop@example.com", ["x@example.com"])

    places = {one.place for one in sweep(canaries, logs=f"GET /{text}/")}

    assert places == {"cache default", "mail", "logs"}


def test_a_canary_is_seen_in_files(canaries: Canaries, settings: object, tmp_path: Path) -> None:
    """In their names, and in what is in them."""
    settings.MEDIA_ROOT = str(tmp_path)  # type: ignore[attr-defined]
    (tmp_path / "avatar.txt").write_text(f"made for {canaries.text('file')}")

    assert [one.place for one in sweep(canaries)] == ["file .txt"]


def test_every_declared_text_gets_its_own_canary(canaries: Canaries, user: User) -> None:
    """Columns that lead to the person are left alone, so that she is still found."""
    planted = canaries.plant(people.subject_of(user, now=NOW))

    places = set(canaries.planted.values())
    assert planted > 20
    assert {"accounts.User.last_name", "orders.Order.street", "contact.ContactMessage.text"} <= places
    assert "contact.ContactMessage.email" not in places
    assert {one.planted for one in sweep(canaries)} == places


def test_a_canary_too_short_to_be_unique_is_refused(canaries: Canaries) -> None:
    """It would be found by chance."""
    with pytest.raises(ValueError, match="by chance"):
        canaries.text("code", longest=4)


def test_assert_erased_is_content_with_who_was_erased(canaries: Canaries, user: User) -> None:
    """By the person, by her uuid, by her address."""
    person = people.person_of(user, now=NOW)
    canaries.plant(people.subject(person))
    user.refresh_from_db()
    erase(person, how="account", now=NOW)

    for sought in (person, person.uuid, "somebody@example.com", ["somebody@example.com"]):
        assert_erased(
            sought, canaries=canaries, allow=["invoices.Invoice", "django_rgpd.Job", "sessions"], now=NOW
        )


def test_assert_erased_names_the_place_and_not_the_value(user: User) -> None:
    """A forgotten copy."""
    person = people.person_of(user, now=NOW)
    erase(person, how="account", now=NOW)
    forgotten = ContactMessage.objects.create(
        name="x", email="y@example.com", subject="Fwd", text="From: somebody@example.com", received_at=NOW
    )

    with pytest.raises(AssertionError) as caught:
        assert_erased("somebody@example.com", now=NOW)

    assert f"contact.ContactMessage.text {forgotten.pk}" in str(caught.value)
    assert "somebody@example.com" not in str(caught.value)


def test_assert_erased_refuses_a_person_who_is_there(user: User) -> None:
    """Nothing was done."""
    person = people.person_of(user, now=NOW)

    with pytest.raises(AssertionError, match="erased_at is not set"):
        assert_erased(person, now=NOW)


def test_a_snapshot_says_which_rows_changed(user: User) -> None:
    """Added, removed and changed ones."""
    before = snapshot()
    User.objects.filter(pk=user.pk).update(last_name="Autre")
    product = ProductFactory()

    moved = changed(before, snapshot())

    assert moved["accounts.User"] == {str(user.pk)}
    assert moved["catalogue.Product"] == {str(product.pk)}
    assert "orders.Order" not in moved


def test_the_plugin_gives_fixtures(rgpd_canaries: Canaries, assert_erased: Callable[..., None]) -> None:
    """A shop's tests have them by the entry point, without importing anything."""
    assert rgpd_canaries.planted == {}
    assert_erased("nobody@example.com", now=NOW)


def test_what_is_offered_can_be_imported_and_nothing_else() -> None:
    """Names are looked up when they are asked for."""
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    with pytest.raises(AttributeError):
        testing.nothing  # noqa: B018


@pytest.mark.fault("M07")
def test_a_mail_of_which_nobody_said_what_it_is_is_found() -> None:
    order, news = EmailMessage("Your order"), EmailMessage("News")
    marked = [service(order), marketing(news, "newsletter")]
    assert_each_mail_has_a_class(marked)
    with pytest.raises(AssertionError, match="'Lanterns'"):
        assert_each_mail_has_a_class([*marked, EmailMessage("Lanterns", to=["ada@example.com"])])
