"""Holds in the admin: found by an address that is kept nowhere, changed by nothing but their own pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.contrib.staticfiles.finders import find
from django.templatetags.static import static
from django.test import Client
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.holds.lifting import lift
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold, Person
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import UserFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]
ADD, LIST = reverse("admin:django_rgpd_hold_add"), reverse("admin:django_rgpd_hold_changelist")
SENT = {"kind": "dispute", "reason": "File 12", "review_on": "2026-08-12"}


@pytest.fixture
def staff(client: Client, member: User, now: datetime, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Their browser."""
    monkeypatch.setattr(clock, "now", lambda: now)
    client.force_login(member)
    return client


def test_staff_place_a_hold_on_a_person_whose_address_they_type(
    staff: Client, person: Person, user: User
) -> None:
    assert staff.get(ADD).status_code == 200
    answer = staff.post(ADD, {**SENT, "address_kind": "email", "address": "Elodie.Emond@example.com"})
    placed = Hold.objects.get()
    assert answer["Location"] == reverse("admin:django_rgpd_hold_change", args=[placed.pk])
    assert (placed.person, placed.label) == (person.uuid, "")
    assert "elodie" not in str(Hold.objects.values().get()).lower()
    assert "File 12" in staff.get(answer["Location"]).content.decode()


def test_staff_place_a_hold_on_a_row_with_the_fields_filled_in(staff: Client, user: User) -> None:
    order = Order.objects.filter(customer=user)[0]
    page = staff.get(ADD, {"label": "orders.Order", "key": str(order.pk)}).content.decode()
    assert f'value="{order.pk}"' in page
    staff.post(ADD, {**SENT, "label": "orders.Order", "key": str(order.pk), "purposes": ["orders"]})
    placed = Hold.objects.get()
    assert (placed.label, placed.key, placed.purposes) == ("orders.Order", str(order.pk), ["orders"])


def test_the_form_is_no_wider_than_a_telephone(staff: Client) -> None:
    """A table's name with its key is longer than 390 pixels."""
    page = BeautifulSoup(staff.get(ADD).content, "html.parser")
    sheet = page.find("link", href=static("django_rgpd/admin.css"))
    assert sheet is not None
    assert page.select_one("form.rgpd-admin select[name=label]") is not None
    found = find("django_rgpd/admin.css")
    assert found is not None
    rule = re.search(r"\.rgpd-admin select,[^{}]*\{([^}]*)\}", Path(found).read_text())
    assert rule is not None
    assert "max-width: 100%" in rule[1]


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"label": "orders.Order"},
        {"key": "1"},
        {"address": "nobody@example.com"},
        {"account": "999999"},
        {"address": "elodie.emond@example.com", "label": "orders.Order", "key": "1"},
        {"label": "orders.Order", "key": "999999"},
        {"address": "elodie.emond@example.com", "review_on": "2026-05-12"},
    ],
    ids=str,
)
def test_a_form_that_says_nothing_clear_places_nothing(
    staff: Client, person: Person, about: dict[str, str]
) -> None:
    answer = staff.post(ADD, {**SENT, **about})
    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()
    assert not Hold.objects.exists()


def by_address(staff: Client, text: str = "elodie.emond@example.com") -> str:
    """The page after a restriction by an address."""
    return staff.post(ADD, {**SENT, "kind": "restriction", "address": text}, follow=True).content.decode()


@pytest.mark.promise("P35")
@pytest.mark.parametrize("noted", [False, True], ids=["unknown", "noted by a guest who proved nothing"])
def test_an_address_finds_the_account_that_says_it_and_nobody_noted_or_proved(
    staff: Client, user: User, now: datetime, noted: bool
) -> None:
    User.objects.filter(pk=user.pk).update(email="Elodie.Emond@Example.com")
    if noted:
        people.note("email", user.email, now=now)
    by_address(staff)
    found = people.users_person(user.pk)
    assert found is not None
    assert Hold.objects.get().person == found.uuid


@pytest.mark.promise("P35")
@pytest.mark.parametrize("chosen", ["account", "guest"])
def test_an_address_of_an_account_that_a_guest_proved_is_no_answer_to_whose(
    staff: Client, user: User, now: datetime, chosen: str
) -> None:
    guest = people.prove(people.note("email", user.email, now=now), how="link", now=now).person
    before = snapshot()
    page = by_address(staff)
    assert f"The account {user.pk} has this address" in page
    assert str(guest.uuid) in page
    assert not changed(before, snapshot())

    key = str(user.pk) if chosen == "account" else str(guest.uuid)
    staff.post(ADD, {**SENT, "kind": "restriction", "account": key})
    person = people.users_person(user.pk)
    assert Hold.objects.get().person == (guest.uuid if person is None else person.uuid)
    assert (person is not None) == (chosen == "account")


def test_an_address_that_one_account_proved_and_another_says_names_both(
    staff: Client, person: Person, user: User, now: datetime
) -> None:
    user.email = "new@example.com"
    user.save()
    other = UserFactory(email="elodie.emond@example.com")
    page = by_address(staff)
    assert f"of {user.pk}, {other.pk}." in page
    assert not Hold.objects.exists()


def test_what_is_announced_to_end_offers_no_review(
    staff: Client, hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person, kind="restriction")
    lift(placed, reason="Settled", by=member, now=now)
    review = reverse("admin:django_rgpd_hold_review", args=[placed.pk])
    assert (
        review not in staff.get(reverse("admin:django_rgpd_hold_change", args=[placed.pk])).content.decode()
    )
    answer = staff.post(review, {"reason": "It goes on", "review_on": "2026-11-02"})
    assert "place a new one" in answer.content.decode()


def test_the_list_begins_with_what_is_longest_due(
    staff: Client, hold: Holder, user: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Order.objects.filter(customer=user)
    later = hold(first, review_on=(now + timedelta(days=90)).date())
    due = hold(second, review_on=(now + timedelta(days=10)).date())
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=11))
    page = staff.get(LIST)
    assert [one.pk for one in page.context["cl"].result_list] == [due.pk, later.pk]
    assert page.content.decode().count("review it") == 1


def test_a_hold_is_reviewed_and_lifted_with_a_reason(staff: Client, hold: Holder, user: User) -> None:
    placed = hold(Order.objects.filter(customer=user)[0])
    page = staff.get(reverse("admin:django_rgpd_hold_change", args=[placed.pk])).content.decode()
    review, lift = (
        reverse(f"admin:django_rgpd_hold_{name}", args=[placed.pk]) for name in ("review", "lift")
    )
    assert review in page
    assert lift in page

    staff.post(review, {"reason": "Still open", "review_on": "2026-11-02"})
    placed.refresh_from_db()
    assert placed.review_on.isoformat() == "2026-11-02"
    assert staff.post(lift, {"reason": ""}).status_code == 200
    placed.refresh_from_db()
    assert placed.lifted_at is None
    staff.post(lift, {"reason": "Paid"})
    placed.refresh_from_db()
    assert placed.lifted_at is not None
    assert placed.reason.endswith("Paid")
    assert lift not in staff.get(reverse("admin:django_rgpd_hold_change", args=[placed.pk])).content.decode()


def test_who_may_only_look_changes_nothing(client: Client, hold: Holder, user: User) -> None:
    placed = hold(Order.objects.filter(customer=user)[0])
    looker = UserFactory(is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_hold"))
    client.force_login(looker)
    change = reverse("admin:django_rgpd_hold_change", args=[placed.pk])
    assert client.get(LIST).status_code == client.get(change).status_code == 200
    for page in (
        ADD,
        *(reverse(f"admin:django_rgpd_hold_{name}", args=[placed.pk]) for name in ("review", "lift")),
    ):
        assert client.get(page).status_code == 403
        assert client.post(page, {**SENT, "account": str(user.pk)}).status_code == 403
    assert client.post(change, {"reason": "x"}).status_code == 403
    assert list(Hold.objects.values_list("lifted_at", "reason")) == [(None, placed.reason)]


def test_nothing_of_a_hold_is_edited_or_deleted(staff: Client, hold: Holder, user: User) -> None:
    placed = hold(Order.objects.filter(customer=user)[0])
    before = Hold.objects.values().get()
    staff.post(reverse("admin:django_rgpd_hold_change", args=[placed.pk]), {"reason": "other"})
    staff.post(reverse("admin:django_rgpd_hold_delete", args=[placed.pk]), {"post": "yes"})
    assert Hold.objects.values().get() == before
