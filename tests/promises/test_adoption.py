"""A shop that lived for years adopts the library: nothing goes before somebody has read and approved it."""

from __future__ import annotations

import io
import sys
from datetime import timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from django_rgpd.ledger.models import Event
from django_rgpd.registry.models import Person
from django_rgpd.retention.models import SweepMark
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    ContactMessageFactory,
    GuestOrderFactory,
    OrderFactory,
    UserFactory,
)
from example_shop.orders.models import Order
from tests.promises.conftest import START, Day

pytestmark = [pytest.mark.django_db, pytest.mark.fault("K09")]

LONG_AGO = START - relativedelta(years=5)
PAGE = "admin:django_rgpd_approve"


@pytest.fixture
def shop(day: Day) -> User:
    """A customer of five years ago, an old message, an old order: and the library was installed today."""
    user: User = UserFactory(email="old@example.com", date_joined=LONG_AGO, last_login=LONG_AGO)
    ContactMessageFactory(user=None, received_at=LONG_AGO)
    GuestOrderFactory(placed_at=LONG_AGO, name="Camille Martin")
    Person.objects.all().delete()
    SweepMark.objects.all().delete()
    return user


def adopt(*arguments: str, **options: Any) -> str:
    """What the command says."""
    out = io.StringIO()
    call_command("rgpd_adopt", *arguments, stdout=out, **options)
    return out.getvalue()


def still_there() -> bool:
    """Whether nothing of the old shop was touched."""
    return (
        User.objects.filter(email="old@example.com").exists()
        and ContactMessage.objects.exclude(text="").exists()
        and Order.objects.filter(name="Camille Martin").exists()
    )


@pytest.mark.promise("P50")
def test_nothing_goes_before_it_is_approved_however_many_nights_pass(day: Day, shop: User) -> None:
    for night in range(3):
        assert day(START + timedelta(days=night)) == [], "no account is warned of"
    said = adopt()
    assert "1 account is known from now on." in said
    lines = [line.split() for line in said.splitlines() if line.startswith("  ")]
    assert [(line[0], line[-1]) for line in lines[1:]] == [
        ("accounts.User", "1"),
        ("contact.ContactMessage", "1"),
        ("orders.Order", "1"),
    ]
    assert "Answering your messages" in said
    for night in range(3, 50):
        if night in (3, 34, 49):
            assert day(START + timedelta(days=night)) == []
    assert still_there()


@pytest.mark.promise("P50")
@pytest.mark.promise("P57")
def test_once_approved_the_terms_end_and_accounts_are_warned_of_first(day: Day, shop: User) -> None:
    ordered = UserFactory(date_joined=LONG_AGO, last_login=None)
    OrderFactory(customer=ordered, placed_at=START - relativedelta(years=1))
    Person.objects.all().delete()
    said = adopt("--approve", "--no-input")
    assert "3 models approved." in said
    event = Event.objects.get(kind="policy.approved")
    assert event.payload is not None
    assert event.payload["labels"] == {"accounts.User": 1, "contact.ContactMessage": 1, "orders.Order": 1}
    (first,) = day(START)
    assert first.to == ["old@example.com"]
    assert not ContactMessage.objects.exists()
    assert not Order.objects.filter(name="Camille Martin").exists()
    (second,) = day(START + timedelta(days=23))
    assert second.to == first.to
    day(START + timedelta(days=31))
    assert not User.objects.filter(email="old@example.com").exists()
    assert User.objects.filter(pk=ordered.pk).exists(), "her order of last year was a contact"


def test_one_model_is_approved_and_the_others_wait(day: Day, shop: User) -> None:
    adopt("--approve", "contact.ContactMessage", "--no-input")
    day(START)
    assert not ContactMessage.objects.exists()
    assert Order.objects.filter(name="Camille Martin").exists()
    assert "contact.ContactMessage" not in adopt()


def test_an_approval_is_taken_back(day: Day, shop: User) -> None:
    adopt("--approve", "--no-input")
    said = adopt("--withdraw", "orders.Order")
    assert "orders.Order" in said
    day(START)
    assert Order.objects.filter(name="Camille Martin").exists()
    assert not ContactMessage.objects.exists()


def test_a_dry_run_changes_nothing(shop: User) -> None:
    said = adopt("--dry-run", "--approve", "--no-input")
    assert "accounts.User" in said
    assert not Person.objects.exists()
    assert not SweepMark.objects.exists()
    assert not Event.objects.exists()


@pytest.mark.parametrize("answer", ["n", "", None], ids=["no", "nothing", "nobody to ask"])
def test_whoever_does_not_say_yes_approves_nothing(
    day: Day, shop: User, monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: answer is not None, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    with pytest.raises(CommandError):
        adopt("--approve")
    day(START)
    assert still_there()
    assert not Event.objects.filter(kind="policy.approved").exists()


def test_whoever_says_yes_approves(shop: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or "y")
    assert "1 model approved." in adopt("--approve", "orders.Order")
    assert "2 models approved." in adopt("--approve")
    assert "Approve 1 model (orders.Order)?" in asked[0], "what is approved is named, for the table shows all"


def test_an_unknown_model_is_refused(day: Day, shop: User) -> None:
    for option in ("--approve", "--withdraw"):
        with pytest.raises(CommandError, match=r"shop\.Nothing"):
            adopt(option, "orders.Order", "shop.Nothing", "--no-input")
    day(START)
    assert still_there()


def staff(*codenames: str) -> Client:
    """Somebody of the shop with these permissions."""
    user = User.objects.create_user("staff@example.com", "x", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def test_staff_approve_on_a_page_what_it_shows(day: Day, shop: User) -> None:
    adopt()
    client = staff("approve_policy")
    listed = client.get(reverse("admin:django_rgpd_sweepmark_changelist")).content.decode()
    assert reverse(PAGE) in listed
    page = client.get(reverse(PAGE))
    assert "Answering your messages" in page.content.decode()
    chosen = {"label": ["contact.ContactMessage"], "seen": page.context["seen"]}
    answer = client.post(reverse(PAGE), chosen, follow=True).content.decode()
    assert "1 model approved." in answer
    assert "Answering your messages" not in answer
    event = Event.objects.get(kind="policy.approved")
    assert event.actor == f"user:{User.objects.get(email='staff@example.com').pk}"
    day(START)
    assert not ContactMessage.objects.exists()
    assert Order.objects.filter(name="Camille Martin").exists()


@pytest.mark.parametrize("permissions", [(), ("view_sweepmark", "view_ledger")], ids=["none", "others"])
def test_staff_without_the_permission_approve_nothing(day: Day, shop: User, permissions: tuple[str]) -> None:
    adopt()
    client = staff(*permissions)
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.post(reverse(PAGE), {"label": ["orders.Order"], "seen": ""}).status_code == 403
    day(START)
    assert still_there()


def test_staff_who_act_as_a_customer_approve_nothing(shop: User) -> None:
    client = staff("approve_policy")
    session = client.session
    session["hijack_history"] = ["1"]
    session.save()
    assert client.post(reverse(PAGE), {"label": ["orders.Order"]}).status_code == 403
    assert not Event.objects.filter(kind="policy.approved").exists()


def test_what_changed_since_it_was_read_is_not_approved(
    day: Day, shop: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopt()
    client = staff("approve_policy")
    seen = client.get(reverse(PAGE)).context["seen"]
    adopt("--approve", "orders.Order", "--no-input")
    answer = client.post(reverse(PAGE), {"label": ["contact.ContactMessage"], "seen": seen}, follow=True)
    assert "nothing was approved" in answer.content.decode()
    day(START)
    assert ContactMessage.objects.exclude(text="").exists()
