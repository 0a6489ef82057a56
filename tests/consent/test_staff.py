"""What staff can do about consents: record a refusal, and nothing else, whatever they may."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import NoReverseMatch, reverse

from django_rgpd.consent import decisions, state, suppress
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.registry.models import Suppression
from example_shop.factories import UserFactory

from .conftest import MakePerson

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
OBJECTION = "/admin/django_rgpd/consentstate/objection/"
LIST = "/admin/django_rgpd/consentstate/"


@pytest.fixture
def desk(client: Client) -> Client:
    """Somebody of the support who may record objections, and nothing else."""
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="record_objection"))
    client.force_login(user)
    return client


@pytest.mark.promise("P12")
def test_the_index_of_the_admin_leads_to_the_page_that_records(desk: Client) -> None:
    assert LIST in desk.get("/admin/").content.decode()
    answer = desk.get(LIST, follow=True)
    assert answer.redirect_chain == [(OBJECTION, 302)]
    assert 'name="address"' in answer.content.decode()


def test_a_page_that_is_older_than_the_session_says_that_nothing_was_recorded(
    desk: Client, make_person: MakePerson, now: datetime
) -> None:
    """Who records is not to believe that it was done, nor to stand before a page of Django's own."""
    decisions.give(make_person(), *NEWS, how="account", now=now)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.cookies

    answer = strict.post(OBJECTION, {"kind": "email", "address": "ada@example.com", "way": "letter"})

    assert answer.status_code == 403
    assert f'href="{OBJECTION}"' in answer.content.decode()
    assert "Nothing was changed" in answer.content.decode()
    assert ConsentState.objects.get().live
    assert not Suppression.objects.exists()


def test_who_may_only_record_sees_nobodys_consents(
    desk: Client, make_person: MakePerson, now: datetime
) -> None:
    person = make_person()
    decisions.give(person, *NEWS, how="account", now=now)
    row = ConsentState.objects.get()
    assert desk.get(reverse("admin:django_rgpd_consentstate_change", args=[row.pk])).status_code == 403
    assert str(person.uuid) not in desk.get(LIST, follow=True).content.decode()


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [("en", "Recorded; effective at once.", "Nobody is known"), ("fr", "Enregistré", "Personne")],
)
def test_what_staff_are_told_is_right_in_both_languages(
    desk: Client, make_person: MakePerson, language: str, known: str, unknown: str
) -> None:
    make_person()
    day = clock.legal_day(clock.now()).isoformat()
    for address, words in (("ada@example.com", known), ("nobody@example.com", unknown)):
        told = {"kind": "email", "address": address, "way": "letter", "day": day}
        page = desk.post(OBJECTION, told, follow=True, HTTP_ACCEPT_LANGUAGE=language).content.decode()
        assert words in page
        assert address not in page


@pytest.mark.parametrize("everything", [True, False])
def test_staff_give_no_consent_and_lift_no_suppression(
    client: Client, make_person: MakePerson, now: datetime, everything: bool
) -> None:
    user = UserFactory(is_staff=True, is_superuser=everything)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="django_rgpd"))
    client.force_login(user)
    person = make_person()
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.refuse_all(person, how="link", now=now)
    suppress.suppress("email", "ada@example.com", reason=suppress.ASKED, now=now)
    before = [list(model.objects.order_by("pk").values()) for model in (ConsentState, Suppression)]
    row = ConsentState.objects.first()
    assert row is not None
    forged = {
        "standing": "live",
        "live": "on",
        "lifted_at": "2026-01-01",
        "post": "yes",
        "action": "delete_selected",
    }
    for model in ("consentstate", "suppression", "event"):
        for place, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk]), ("changelist", [])):
            try:
                url = reverse(f"admin:django_rgpd_{model}_{place}", args=args)
            except NoReverseMatch:
                continue
            client.post(url, {**forged, "_selected_action": [row.pk]})
    assert [list(model.objects.order_by("pk").values()) for model in (ConsentState, Suppression)] == before
    assert not state.live(person, *NEWS)
    assert not admin.site.is_registered(Suppression)
    consents = admin.site._registry[ConsentState]
    request = type("R", (), {"user": user})()
    assert not consents.has_add_permission(request)  # type: ignore[arg-type]
    assert not consents.has_change_permission(request)  # type: ignore[arg-type]
    assert apps.get_model("django_rgpd.ConsentState") is ConsentState
