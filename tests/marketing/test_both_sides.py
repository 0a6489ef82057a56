"""In the admin, for one person: what each side holds, and why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.outbox import deliver
from django_rgpd.outbox.outcomes import Declined
from django_rgpd.processors import calling, dummy
from django_rgpd.processors.base import Unreachable
from tests.marketing.conftest import fingerprint
from tests.processors.conftest import newsletter, roads  # noqa: F401 - the shop with one processor

pytestmark = pytest.mark.django_db


def ask(client: Client, *people: Any) -> Any:
    chosen = {"action": "what_processors_hold", "_selected_action": [one.pk for one in people]}
    return client.post(reverse("admin:django_rgpd_person_changelist"), chosen, follow=True)


@pytest.fixture
def marketer(client: Client, settings: Any, db: None) -> Client:
    """Staff who may see people."""
    settings.RGPD = {**settings.RGPD, "PRODUCTION": True}
    staff = get_user_model().objects.create_user("m@example.com", is_staff=True)
    staff.user_permissions.add(Permission.objects.get(codename="view_person"))
    client.force_login(staff)
    return client


def test_staff_see_what_each_side_holds_and_why(newsletter, settings, subscribe, marketer):  # noqa: F811
    settings.RGPD = {**settings.RGPD, "PRODUCTION": True}
    person = subscribe("ada@example.com")
    deliver.run_due(now=clock.now(), names=frozenset({calling.SYNC}))
    before = fingerprint()
    page = ask(marketer, person).content.decode()
    assert "may be written to" in page
    assert "<td>held</td>" in page
    assert "a…@example.com" in page
    assert "ada@example.com" not in page
    newsletter.clear()
    assert "<td>not held</td>" in ask(marketer, person).content.decode()
    dummy.failures.append(Unreachable())
    assert "They do not answer at the moment." in ask(marketer, person).content.decode()
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    assert "not asked" in ask(marketer, person).content.decode()
    assert fingerprint() == before


def test_staff_see_why_they_were_not_told_yet(newsletter, subscribe, marketer):  # noqa: F811
    person = subscribe("ada@example.com")
    assert "<td>waiting</td>" in ask(marketer, person).content.decode()
    dummy.failures.append(Unreachable())
    deliver.run_due(now=clock.now(), names=frozenset({calling.SYNC}))
    assert "<td>waiting, Attempt 1 failed: Unreachable.</td>" in ask(marketer, person).content.decode()
    dummy.failures.append(Declined("She left the list there after she had agreed here."))
    deliver.run_due(now=clock.now() + timedelta(hours=1), names=frozenset({calling.SYNC}))
    assert "<td>refused, She left the list there after she had agreed here.</td>" in ask(
        marketer, person
    ).content.decode().replace("&#x27;", "'")


def test_who_may_not_see_people_does_not_see_it(newsletter, subscribe, client):  # noqa: F811
    person = subscribe("ada@example.com")
    staff = get_user_model().objects.create_user("s@example.com", is_staff=True)
    client.force_login(staff)
    assert ask(client, person).status_code == 403
