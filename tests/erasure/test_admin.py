"""The erasure on request in the admin: who may, what is shown, what is done; and the books, which nobody edits."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.registry.models import Person, Suppression
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import UserFactory

pytestmark = pytest.mark.django_db

PAGE = "admin:django_rgpd_erase"


def staff(*permissions: str, **rights: bool) -> Client:
    """Somebody of the shop, signed in."""
    member = UserFactory(is_staff=True, **rights)
    for codename in permissions:
        member.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="django_rgpd")
        )
    client = Client()
    client.force_login(member)
    return client


def digest_of(html: str) -> str:
    """The digest of the plan on the page."""
    return html.split('<input type="hidden" name="seen" value="', 2)[-1].split('"')[0]


@pytest.mark.fault("S08")
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_the_permission_nobody_erases(user: User, method: str) -> None:
    """A view permission is not enough, and being staff is not either."""
    client = staff("view_erasure")
    before = snapshot()

    response = getattr(client, method)(reverse(PAGE), {"email": user.email, "reason": "letter"})

    assert response.status_code == 403
    assert not changed(before, snapshot())


@pytest.mark.fault("S11")
def test_nobody_erases_while_acting_as_somebody_else(user: User) -> None:
    """Whoever is acted as did not ask."""
    client = staff("execute_erasure")
    session = client.session
    session["_impersonate"] = "7"
    session.save()

    response = client.post(reverse(PAGE), {"email": user.email, "reason": "letter"})

    assert response.status_code == 403
    assert User.objects.filter(pk=user.pk).exists()


def test_a_customer_does_not_even_see_the_page(user: User) -> None:
    """The admin's own door."""
    client = Client()
    client.force_login(user)

    assert client.get(reverse(PAGE)).status_code == 302


def test_staff_read_the_plan_before_they_erase(user: User, person: Person) -> None:
    """The first answer shows, the second does."""
    client = staff("execute_erasure", "view_erasure")
    asked = {"email": user.email.upper(), "reason": "letter of 3 May", "suppress": "on"}

    shown = client.post(reverse(PAGE), asked)

    assert "What will go" in shown.content.decode()
    assert User.objects.filter(pk=user.pk).exists()

    done = client.post(reverse(PAGE), {**asked, "seen": digest_of(shown.content.decode())})

    erasure = Erasure.objects.get()
    assert done.status_code == 302
    assert done["Location"] == reverse("admin:django_rgpd_erasure_change", args=[erasure.pk])
    assert not User.objects.filter(pk=user.pk).exists()
    assert (erasure.how, erasure.choices["reason"]) == ("staff", "letter of 3 May")
    assert erasure.actor.startswith("user:")
    assert Suppression.objects.count() == 1
    assert client.get(done["Location"]).status_code == 200


def test_an_account_that_nobody_knows_as_a_person_is_found_by_its_login(user: User) -> None:
    """Without a proof of her own: staff checked who asked."""
    client = staff("execute_erasure")

    shown = client.post(reverse(PAGE), {"email": user.email, "reason": "phone"})

    assert "What will go" in shown.content.decode()


def test_a_plan_that_changed_is_shown_again(user: User, person: Person) -> None:
    """Nothing is done on an old page."""
    client = staff("execute_erasure")

    response = client.post(reverse(PAGE), {"email": user.email, "reason": "phone", "seen": "0" * 64})

    assert "read it again" in response.content.decode()
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.parametrize("email", ["nobody@example.com", "no address"])
def test_an_address_of_nobody_is_answered_on_the_page(email: str) -> None:
    """A form error, and nothing written."""
    client = staff("execute_erasure")
    before = snapshot()

    response = client.post(reverse(PAGE), {"email": email, "reason": "phone"})

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert "django_rgpd.Erasure" not in changed(before, snapshot())


@pytest.mark.fault("S08")
def test_nobody_edits_the_books(user: User, person: Person, now: datetime) -> None:
    """Not even a superuser."""
    erasure = erase(person, how="account", now=now)
    client = staff(is_superuser=True)
    before = snapshot()

    assert client.get(reverse("admin:django_rgpd_erasure_add")).status_code == 403
    change = reverse("admin:django_rgpd_erasure_change", args=[erasure.pk])
    assert client.post(change, {"state": "asked"}).status_code == 403
    delete = reverse("admin:django_rgpd_erasure_delete", args=[erasure.pk])
    assert client.post(delete, {"post": "yes"}).status_code == 403
    page = client.get(reverse("admin:django_rgpd_erasure_changelist"))
    assert reverse(PAGE) in page.content.decode()
    moved = changed(before, snapshot())
    assert "django_rgpd.Erasure" not in moved
