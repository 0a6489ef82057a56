"""An erasure at the processors: told, followed up, and done when each has answered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.template.loader import render_to_string
from django.urls import reverse

from django_rgpd.consent import decisions
from django_rgpd.erasure import residue
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.erasure.residue.search import search
from django_rgpd.outbox import daily, deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, dummy, telling
from django_rgpd.processors.base import Unreachable
from django_rgpd.registry import people
from django_rgpd.retention.status import findings
from tests.processors.conftest import DUMMY, MANUAL

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
ADDRESS = "elodie.emond@example.com"


def run(now):
    """The calls that are due."""
    deliver.run_due(now=now, names=calling.NAMES)


@pytest.mark.fault("P07")
def test_one_of_several_that_fails_leaves_the_others_done_and_the_erasure_open(roads, person, now):
    dummy.forget()
    roads(
        mailchimp={"class": DUMMY},
        stripe={"class": MANUAL, "instructions": "Delete the customer."},
        host={"class": "nowhere.Nobody"},
    )
    erasure = erase(person, how="account", now=now)
    run(now)
    erasure.refresh_from_db()
    assert {key: one["state"] for key, one in erasure.processors.items()} == {
        "mailchimp": "gone",
        "stripe": "needs",
    }
    assert (erasure.state, erasure.done_at) == (ErasureState.TOLD, None)


def test_a_purpose_that_the_law_keeps_is_no_reason_to_tell(roads, person, now):
    """The accountant keeps the books for ten years, as the shop does."""
    roads(accountant={"class": MANUAL, "instructions": "Write."}, mailchimp={"class": DUMMY})
    assert [line.key for line in plan(people.subject(person), now=now).told] == ["mailchimp"]


@pytest.mark.fault("P14")
def test_a_processor_that_is_unregistered_later_needs_someone(newsletter, roads, person, now):
    erasure = erase(person, how="account", now=now)
    roads(mailchimp={"class": "nowhere.Nobody"})
    run(now)
    job = Job.objects.get(name=calling.ERASE)
    assert (job.state, job.note) == (
        State.NEEDS,
        "The setting of mailchimp cannot be used: run manage.py check.",
    )
    roads(mailchimp={"class": DUMMY})
    telling.try_again(now=now + DAY)
    run(now + DAY)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE


@pytest.mark.fault("P14")
def test_a_processor_without_any_setting_needs_someone(newsletter, settings, person, now):
    erase(person, how="account", now=now)
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {}}
    run(now)
    job = Job.objects.get(name=calling.ERASE)
    assert job.state == State.NEEDS
    assert "mailchimp is no processor of the shop any more" in job.note
    assert ADDRESS in str(job.payload)


@pytest.mark.fault("K02")
def test_staff_hear_of_it_ten_days_before_the_month_is_over(newsletter, person, now):
    erase(person, how="account", now=now)
    job = Job.objects.get(name=calling.ERASE)
    assert job.due_at.isoformat() == "2026-06-02T10:00:00+00:00"
    assert "late" not in {one.key for one in findings(now=job.due_at)}
    assert "late" in {one.key for one in findings(now=job.due_at + timedelta(seconds=1))}


def test_what_a_processor_has_yet_to_answer_is_no_residue(roads, person, now):
    """Its address is needed for nothing else, and is emptied with the answer."""
    roads(stripe={"class": MANUAL, "instructions": "Delete the customer."})
    erase(person, how="account", now=now)
    run(now)
    job = Job.objects.get(name=calling.ERASE)
    sought = residue.distinctive({"email": [ADDRESS]})
    assert job.state == State.NEEDS
    places = {one.pk: one.kept for one in search(sought, now=now) if one.label == "django_rgpd.Job"}
    assert places[str(job.pk)] == "a job under way"


def test_a_copied_database_calls_nobody(newsletter, settings, person, now):
    newsletter[ADDRESS] = {"purposes": []}
    erasure = erase(person, how="account", now=now)
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    run(now)
    erasure.refresh_from_db()
    assert newsletter == {ADDRESS: {"purposes": []}}
    assert Job.objects.get(name=calling.ERASE).state == State.REFUSED
    assert erasure.state == ErasureState.TOLD


def test_the_jobs_go_with_the_transaction_of_the_erasure(newsletter, person, now, monkeypatch):
    """Where the erasure fails nobody is told."""

    def broken(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("django_rgpd.erasure.execute._let_deferred_keys_speak", broken)
    with pytest.raises(RuntimeError):
        erase(person, how="account", now=now)
    assert not Job.objects.filter(name=calling.ERASE).exists()


def test_what_needs_someone_keeps_what_it_needs_past_a_month(roads, person, now):
    roads(stripe={"class": MANUAL, "instructions": "Delete the customer."})
    erase(person, how="account", now=now)
    for day in range(45):
        telling.try_again(now=now + day * DAY)
        run(now + day * DAY)
        daily.tidy(now=now + day * DAY)
    job = Job.objects.get(name=calling.ERASE)
    assert (job.state, job.payload["addresses"]) == (State.NEEDS, [ADDRESS])


def test_what_is_being_sent_of_her_arrives_before_the_erasure(newsletter, person, now):
    """Else the late subscription would bring her back there."""
    jobs.put(calling.SYNC, {"processor": "mailchimp"}, person=person.uuid, now=now)
    running = deliver.claim(now=now, names=frozenset({calling.SYNC}))
    erase(person, how="account", now=now)
    newsletter[ADDRESS] = {"purposes": ["newsletter"]}
    run(now)
    assert ADDRESS in newsletter
    assert deliver.attempt(running, now=now) == State.GONE
    run(now + timedelta(minutes=2))
    assert newsletter == {}


def test_somebody_new_under_the_address_is_told_of_again(newsletter, person, now):
    newsletter[ADDRESS] = {"purposes": ["newsletter"], "fields": {"FNAME": "Élodie"}}
    erase(person, how="account", now=now)
    dummy.failures.append(Unreachable())
    run(now)
    newcomer = people.note("email", ADDRESS, now=now)
    people.prove(newcomer, how="link", now=now)
    decisions.confirm(newcomer.person, "newsletter", "email", how="form", now=now)
    run(now + DAY)
    assert newsletter == {ADDRESS: {"purposes": ["newsletter"], "fields": {}}}


def test_no_more_calls_run_at_once_than_the_processor_takes(newsletter, roads, person, now, user):
    erase(person, how="account", now=now)
    for _number in range(4):
        jobs.put(calling.SYNC, {"processor": "mailchimp"}, now=now - DAY)
        deliver.claim(now=now, names=frozenset({calling.SYNC}))
    run(now)
    waiting = Job.objects.get(name=calling.ERASE)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 0)
    assert timedelta(seconds=3) <= waiting.run_at - now <= timedelta(seconds=4)


@pytest.mark.fault("P04")
def test_a_vendor_who_asks_for_it_is_left_alone_as_long(newsletter, person, now):
    erase(person, how="account", now=now)
    dummy.failures.append(Unreachable(after=timedelta(hours=1)))
    run(now)
    job = Job.objects.get(name=calling.ERASE)
    assert job.state == State.WAITING
    assert timedelta(hours=1) <= job.run_at - now <= timedelta(hours=1.2)


def test_what_needs_open_business_is_told_when_it_is_closed(roads, person, user, now):
    """The payment provider settles the open order; the newsletter service is told at once."""
    dummy.forget()
    roads(mailchimp={"class": DUMMY}, stripe={"class": DUMMY, "name": "stripe"})
    order = user.orders.order_by("pk").first()
    order.status = "paid"
    order.save()
    assert [(line.key, line.later) for line in plan(people.subject(person), now=now).told] == [
        ("stripe", True),
        ("mailchimp", False),
    ]
    erasure = erase(person, how="account", now=now)
    assert (sorted(erasure.processors), erasure.state) == (["mailchimp"], ErasureState.OPEN)
    deliver.run_due(now=now + timedelta(hours=1))
    type(order).objects.filter(pk=order.pk).update(status="delivered")
    deliver.run_due(now=now + timedelta(days=2))
    erasure.refresh_from_db()
    assert {key: one["state"] for key, one in erasure.processors.items()} == {
        "mailchimp": "gone",
        "stripe": "gone",
    }
    assert erasure.state == ErasureState.DONE


def test_an_address_that_she_claimed_and_somebody_else_has_is_not_told(newsletter, person, user, now):
    people.prove(people.note("email", "bystander@example.com", now=now), how="link", now=now)
    user.email = "Bystander@example.com"
    type(user).objects.filter(pk=user.pk).update(email=user.email)
    erase(person, how="account", now=now)
    assert Job.objects.get(name=calling.ERASE).payload["addresses"] == [ADDRESS]


@pytest.mark.promise("P44")
def test_she_reads_whom_the_shop_tells_before_and_after(roads, person, user, now, client):
    roads(mailchimp={"class": DUMMY}, stripe={"class": MANUAL, "instructions": "Delete the customer."})
    shown = render_to_string("django_rgpd/erasure/plan.html", {"plan": plan(people.subject(person), now=now)})
    assert "<strong>Stripe (payments)</strong>" in shown
    assert "by our staff, within a month at the latest" in shown
    page = client.get(reverse("django_rgpd:centre_deleted")).content.decode()
    assert "Stripe (payments), Mailchimp (newsletter)" in page
    erase(person, how="account", now=now)
    deliver.run_due(now=now, names=frozenset({"mail"}))
    (receipt,) = mail.outbox
    assert "- Mailchimp (newsletter)\n" in receipt.body
    assert "- Stripe (payments)\n" in receipt.body
    assert "<li>Mailchimp (newsletter)</li>" in receipt.alternatives[0][0]


def test_without_processors_nothing_is_said_and_nothing_waits(person, now, client):
    erasure = erase(person, how="account", now=now)
    assert (erasure.state, erasure.processors) == (ErasureState.DONE, {})
    deliver.run_due(now=now, names=frozenset({"mail"}))
    assert "follow it up" not in mail.outbox[0].body
    assert "We also tell" not in client.get(reverse("django_rgpd:centre_deleted")).content.decode()


def test_an_answer_and_a_second_pass_at_once_lose_nothing(newsletter, person, now):
    """The pass read the erasure before the processor answered."""
    erasure = erase(person, how="account", now=now)
    from django_rgpd.erasure.afterwards import go_over

    stale = Erasure.objects.get(pk=erasure.pk)
    run(now)
    go_over(stale, people.subject(person), now=now)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE
    assert erasure.processors["mailchimp"]["state"] == "gone"


def test_staff_read_what_each_processor_answered_and_when(newsletter, person, now, admin_client):
    newsletter[ADDRESS] = {"purposes": []}
    erasure = erase(person, how="account", now=now)
    place = reverse("admin:django_rgpd_erasure_change", args=[erasure.pk])
    assert "<div>mailchimp: waiting, May 12, 2026, noon</div>" in admin_client.get(place).content.decode()
    run(now)
    shown = admin_client.get(place).content.decode()
    assert "<div>mailchimp: done, May 12, 2026, noon, dummy</div>" in shown
    erasure.refresh_from_db()
    erasure.processors["mailchimp"]["evidence"]["status"] = 204
    erasure.save()
    assert "noon, HTTP 204, dummy</div>" in admin_client.get(place).content.decode()
