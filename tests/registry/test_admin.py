"""People in the admin: found by an address, never shown whole, never changed."""

from __future__ import annotations

from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from django_rgpd.registry import people
from django_rgpd.registry.admin import masked
from django_rgpd.registry.models import Address, Person

MARIE = "marie.dupont@example.com"
FIND = "admin:django_rgpd_person_find"


@pytest.fixture
def person(db, now):
    entry = people.note("email", MARIE, now=now)
    people.note("phone", "+33612345678", person=entry.person, now=now)
    return entry.person


@pytest.fixture
def staff(client, db):
    user = get_user_model().objects.create_user("staff@example.com", is_staff=True)
    client.force_login(user)
    return user


@pytest.fixture
def reader(staff):
    staff.user_permissions.add(Permission.objects.get(codename="view_person"))
    return staff


@pytest.mark.parametrize("typed", [MARIE, " MARIE.Dupont@example.COM"])
def test_staff_find_somebody_by_address_without_the_address_in_a_url(client, reader, person, typed):
    page = client.get(reverse(FIND))
    assert page.status_code == 200
    answer = client.post(reverse(FIND), {"address": typed})
    assert answer.status_code == 302
    assert answer.url == reverse("admin:django_rgpd_person_change", args=[person.pk])
    shown = client.get(answer.url).content.decode()
    assert "m…@example.com" in shown
    assert "…78" in shown
    assert MARIE not in shown
    assert "612345" not in shown


@pytest.mark.parametrize("typed", ["paul@example.com", "no address", ""])
def test_who_is_not_known_is_not_found(client, reader, person, typed):
    page = client.post(reverse(FIND), {"address": typed})
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert Person.objects.filter(user_key=None).count() == 1


def test_the_search_of_the_list_puts_nothing_that_is_typed_into_a_url(client, reader, person):
    Person.objects.filter(pk=person.pk).update(user_key="77")
    page = BeautifulSoup(client.get(reverse("admin:django_rgpd_person_changelist")).content, "html.parser")
    form = page.find(role="search")
    assert (form["method"], form["action"]) == ("post", reverse(FIND))
    assert form.find("input", {"name": "csrfmiddlewaretoken"})
    assert page.find(id="searchbar") is None
    typed = [MARIE, "+33612345678", "06 12 34 56 78", str(person.uuid), "77"]
    found = [client.post(form["action"], {form.find("input", type="text")["name"]: one}) for one in typed]
    hers = reverse("admin:django_rgpd_person_change", args=[person.pk])
    assert [one.headers.get("Location") for one in found] == [hers, hers, None, hers, hers]


def test_without_permission_nobody_is_found(client, staff, person):
    for answer in (
        client.get(reverse(FIND)),
        client.post(reverse(FIND), {"address": MARIE}),
        client.get(reverse("admin:django_rgpd_person_changelist")),
        client.get(reverse("admin:django_rgpd_person_change", args=[person.pk])),
    ):
        assert answer.status_code == 403
        assert MARIE not in answer.content.decode()


def test_visitors_are_sent_to_the_login(client, person):
    answer = client.post(reverse(FIND), {"address": MARIE})
    assert answer.status_code == 302
    assert "login" in answer.url
    assert "marie" not in answer.url


def test_the_list_has_uuids_and_a_way_to_find(client, reader, person):
    page = client.get(
        reverse("admin:django_rgpd_person_changelist"), {"q": str(person.uuid)}
    ).content.decode()
    assert str(person.uuid) in page
    assert reverse(FIND) in page
    page = client.get(reverse("admin:django_rgpd_person_changelist"), {"q": str(uuid4())}).content.decode()
    assert str(person.uuid) not in page


def test_nobody_is_changed_in_the_admin_even_by_a_superuser(client, person):
    root = get_user_model().objects.create_superuser("root@example.com")
    client.force_login(root)
    change = reverse("admin:django_rgpd_person_change", args=[person.pk])
    assert client.post(change, {"language": "xx"}).status_code == 403
    assert client.post(reverse("admin:django_rgpd_person_delete", args=[person.pk])).status_code == 403
    assert client.get(reverse("admin:django_rgpd_person_add")).status_code == 403
    person.refresh_from_db()
    assert person.language == ""
    assert Address.objects.filter(person=person).count() == 2


def test_an_erased_address_says_so():
    assert masked("email", None) == "erased"
    assert masked("phone", "+33612345678") == "…78"
