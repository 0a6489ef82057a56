"""What a person said by letter, call or email: recorded by who may, effective at once."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from django_rgpd.consent import by_staff, decisions, state, suppress
from django_rgpd.core import clock
from django_rgpd.core.errors import BadAddress, Refused
from django_rgpd.ledger.models import Event
from django_rgpd.registry.models import Address, Person, Suppression
from example_shop.accounts.models import User
from example_shop.factories import UserFactory

NEWS = ("newsletter", "email")


@pytest.fixture
def member(db: None) -> User:
    """A member of staff who may record objections, and nothing else."""
    user = UserFactory(email="staff@example.com", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="record_objection"))
    return User.objects.get(pk=user.pk)


@pytest.mark.promise("P12")
def test_an_objection_by_phone_works_at_once(person: Person, member: User, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now - timedelta(days=1))
    found = by_staff.record_objection(
        "email", " ADA@Example.com ", way="call", said_at=now, by=member, now=now
    )
    assert found == person
    assert not decisions.may_send(person, *NEWS, now=now)
    event = Event.objects.get(kind="consent.objected")
    assert (event.how, event.actor) == ("staff:call", f"user:{member.pk}")


def test_an_unknown_address_is_kept_as_a_digest_alone(member: User, now: datetime) -> None:
    assert not by_staff.record_objection(
        "email", "zoe@example.com", way="letter", said_at=now, by=member, now=now, purpose="offers"
    )
    assert not Address.objects.exists()
    assert suppress.standing("email", "zoe@example.com", now=now, purpose="offers", channel="email")
    assert not suppress.standing("email", "zoe@example.com", now=now, purpose="newsletter", channel="email")


def test_without_the_permission_nothing_is_recorded(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    for user in (UserFactory(is_staff=True), UserFactory(is_superuser=True, is_active=False)):
        with pytest.raises(PermissionDenied):
            by_staff.record_objection("email", "ada@example.com", way="call", said_at=now, by=user, now=now)
    assert state.live(person, *NEWS)


def test_a_day_to_come_and_a_bad_address_are_refused(member: User, now: datetime) -> None:
    later = now + timedelta(seconds=1)
    with pytest.raises(Refused):
        by_staff.record_objection("email", "a@example.com", way="call", said_at=later, by=member, now=now)
    with pytest.raises(BadAddress):
        by_staff.record_objection("email", "nobody", way="call", said_at=now, by=member, now=now)
    assert not Suppression.objects.exists()


@pytest.mark.promise("P12")
def test_the_admin_page_records_what_a_letter_said(client: Client, person: Person, member: User) -> None:
    now = clock.now()
    decisions.give(person, *NEWS, how="account", now=now - timedelta(days=2))
    page = reverse("admin:django_rgpd_record_objection")
    client.force_login(member)
    assert client.get(page).status_code == 200
    told = {
        "kind": "email",
        "address": "ada@example.com",
        "purpose": "",
        "channel": "",
        "way": "letter",
        "day": clock.legal_day(now - timedelta(days=1)).isoformat(),
    }
    wrong = client.post(page, {**told, "day": clock.legal_day(now + timedelta(days=2)).isoformat()})
    assert wrong.status_code == 200
    assert state.live(person, *NEWS)
    response = client.post(page, told, follow=True)
    assert response.status_code == 200
    assert not state.live(person, *NEWS)
    assert not decisions.may_send(person, "offers", "post", now=clock.now())


def test_the_admin_page_says_that_a_later_consent_goes_on(
    client: Client, person: Person, member: User
) -> None:
    now = clock.now()
    decisions.give(person, *NEWS, how="account", now=now)
    client.force_login(member)
    told = {"kind": "email", "address": "ada@example.com", "way": "letter", "purpose": "newsletter"}
    day = clock.legal_day(now - timedelta(days=3)).isoformat()
    page = reverse("admin:django_rgpd_record_objection")
    response = client.post(page, {**told, "day": day}, follow=True)
    assert "She agreed again after that day" in response.content.decode()
    assert decisions.may_send(person, *NEWS, now=clock.now())


def test_the_admin_page_refuses_a_channel_by_which_nothing_goes(
    client: Client, person: Person, member: User
) -> None:
    now = clock.now()
    decisions.give(person, *NEWS, how="account", now=now - timedelta(days=1))
    client.force_login(member)
    told = {
        "kind": "email",
        "address": "ada@example.com",
        "way": "call",
        "day": clock.legal_day(now).isoformat(),
    }
    page = reverse("admin:django_rgpd_record_objection")
    for odd in ({"purpose": "newsletter", "channel": "sms"}, {"purpose": "", "channel": "sms"}):
        response = client.post(page, {**told, **odd})
        assert response.status_code == 200
        assert "by this channel" in response.content.decode()
    assert not Event.objects.filter(kind="consent.objected").exists()
    assert not Suppression.objects.exists()


def test_the_admin_page_is_closed_to_others(client: Client, person: Person) -> None:
    page = reverse("admin:django_rgpd_record_objection")
    assert client.get(page).status_code == 302
    client.force_login(UserFactory(is_staff=True))
    assert client.get(page).status_code == 403
    assert client.post(page, {"address": "ada@example.com"}).status_code == 403
    assert not Event.objects.exists()


def test_the_admin_changes_no_state_and_no_wording(client: Client, person: Person) -> None:
    decisions.give(person, *NEWS, how="account", now=clock.now())
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    row = state.rows(person)[NEWS]
    listed = client.get(reverse("admin:django_rgpd_consentstate_changelist"))
    assert listed.status_code == 200
    assert "ada@example.com" not in listed.content.decode()
    shown = client.get(reverse("admin:django_rgpd_consentstate_change", args=[row.pk]))
    assert "ada@example.com" not in shown.content.decode()
    for name in ("change", "delete"):
        url = reverse(f"admin:django_rgpd_consentstate_{name}", args=[row.pk])
        assert client.post(url, {"standing": "objected", "post": "yes"}).status_code == 403
    assert state.live(person, *NEWS)
