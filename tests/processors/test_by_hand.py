"""The tick in the admin: who may, what is shown where, what stays."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import by_hand, calling
from django_rgpd.registry import people
from django_rgpd.testing import changed, snapshot
from example_shop.factories import UserFactory
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.processors.conftest import MANUAL

pytestmark = pytest.mark.django_db

ADDRESS = "elodie.emond@example.com"
LIST = "admin:django_rgpd_job_changelist"


@pytest.fixture
def erasure(roads, person, now):
    """Stripe waits for somebody."""
    roads(stripe={"class": MANUAL, "instructions": "Open the dashboard."})
    made = erase(person, how="account", now=now)
    deliver.run_due(now=now, names=calling.NAMES)
    return made


def staff(*codenames):
    member = UserFactory(is_staff=True)
    for codename in codenames:
        member.user_permissions.add(
            Permission.objects.get(codename=codename, content_type__app_label="django_rgpd")
        )
    client = Client()
    client.force_login(member)
    return client


def tick(client, job, **told):
    return client.post(reverse(LIST), {"action": "done_by_hand", "_selected_action": [job.pk], **told})


def test_the_page_says_what_to_do_for_whom_and_by_when_and_the_list_names_nobody(erasure):
    client, job = staff("view_job", "change_job"), Job.objects.get(name=calling.ERASE)
    shown = client.get(reverse(LIST)).content.decode()
    one = client.get(reverse("admin:django_rgpd_job_change", args=[job.pk])).content.decode()
    assert ADDRESS not in shown + one
    assert "stripe" in shown
    assert "needs someone" in shown
    page = tick(client, job).content.decode()
    for text in ("Open the dashboard.", ADDRESS, "June 2, 2026"):
        assert text in page


def test_a_tick_with_evidence_ends_the_job_and_the_erasure(erasure):
    client, job = staff("view_job", "change_job"), Job.objects.get(name=calling.ERASE)
    assert tick(client, job, ticked="1", reference="their mail of 13 May").status_code == 302
    job.refresh_from_db()
    erasure.refresh_from_db()
    assert (job.state, job.payload, erasure.state) == (State.DONE, {}, ErasureState.DONE)
    assert erasure.processors["stripe"]["evidence"]["reference"] == "their mail of 13 May"
    assert job.progress["by"].startswith("user:")
    one = client.get(reverse("admin:django_rgpd_job_change", args=[job.pk])).content.decode()
    assert "their mail of 13 May" in one
    shown = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(shown)
    assert "stripe: done" in client.get(reverse("admin:django_rgpd_erasure_changelist")).content.decode()


@pytest.mark.parametrize("reference", ["", "written to elodie.emond@example.com"])
def test_a_tick_without_evidence_or_with_an_address_changes_nothing(erasure, reference):
    client, job = staff("view_job", "change_job"), Job.objects.get(name=calling.ERASE)
    before = snapshot()
    assert tick(client, job, ticked="1", reference=reference).status_code == 200
    assert not changed(before, snapshot())


@pytest.mark.fault("S08")
def test_who_may_only_look_cannot_tick_and_is_shown_nobody(erasure):
    client, job = staff("view_job"), Job.objects.get(name=calling.ERASE)
    before = snapshot()
    answer = tick(client, job, ticked="1", reference="their mail")
    assert ADDRESS not in answer.content.decode()
    assert not changed(before, snapshot())


def test_a_job_that_runs_has_ended_or_calls_nobody_cannot_be_ticked(erasure, now):
    job = Job.objects.get(name=calling.ERASE)
    other = jobs.put("mail", {"to": "x"}, now=now)
    for changes in ({"state": State.RUNNING}, {"state": State.DONE}):
        Job.objects.filter(pk=job.pk).update(**changes)
        with pytest.raises(by_hand.Refused):
            by_hand.done(job, reference="x", by="user:1", now=now)
    with pytest.raises(by_hand.Refused):
        by_hand.done(other, reference="x", by="user:1", now=now)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.TOLD


def test_the_page_says_by_what_id_the_vendor_knows_who_has_no_proven_address(roads, user, now):
    """Her address was never proven, so that the id is all that leads to her there."""
    roads(
        stripe={
            "class": MANUAL,
            "instructions": "Open it.",
            "references": ("payments.Payment.stripe_customer",),
        }
    )
    Payment.objects.filter(order__customer=user).update(stripe_customer="cus_0001")
    Order.objects.filter(customer=user).update(status="cancelled")
    erase(people.person_of(user, now=now), how="account", now=now)
    deliver.run_due(now=now, names=calling.NAMES)
    page = tick(staff("view_job", "change_job"), Job.objects.get(name=calling.ERASE)).content.decode()
    assert "It is about: cus_0001" in page
