"""A processor holds what stands in the shop when the job is carried out, whatever came in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.holds.placing import place
from django_rgpd.marketing import sync
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, dummy
from django_rgpd.processors.base import Unreachable
from django_rgpd.registry import people
from tests.processors.conftest import newsletter, person, roads, user  # noqa: F401 - the shop with one processor

pytestmark = pytest.mark.django_db

ADDRESS = "elodie.emond@example.com"
KEY = ("newsletter", "email")


@pytest.fixture
def now():
    """The receivers read the clock, as views do."""
    return clock.now()


def run(now):
    return deliver.run_due(now=now + timedelta(minutes=1), names=frozenset({calling.SYNC})).counts


@pytest.mark.promise("P04")
def test_a_consent_arrives_and_a_withdrawal_arrives(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    assert newsletter == {}, "not while she waits for the page"
    run(now)
    assert newsletter == {ADDRESS: {"purposes": ["newsletter"], "fields": {}}}
    decisions.withdraw(person, *KEY, how="account", now=now)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == []


def test_an_objection_to_everything_arrives(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    run(now)
    decisions.refuse_all(person, how="link", now=now)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == []


def test_a_late_subscription_does_not_undo_a_withdrawal(newsletter, person, now):  # noqa: F811
    """The service was down when she agreed; she withdrew meanwhile."""
    decisions.give(person, *KEY, how="account", now=now)
    dummy.failures.append(Unreachable())
    run(now)
    decisions.withdraw(person, *KEY, how="account", now=now)
    run(now)
    run(now + timedelta(hours=1))
    assert newsletter == {}
    assert not Job.objects.filter(name=calling.SYNC, state=State.WAITING).exists()


def test_what_changes_during_the_call_is_told_again(newsletter, person, now, monkeypatch):  # noqa: F811
    """She withdraws after the state was read and before the service has answered."""
    decisions.give(person, *KEY, how="account", now=now)
    own = dummy.Dummy.subscribe

    def slow(self, contact, purpose, *, call):
        decisions.withdraw(person, *KEY, how="account", now=now)
        Job.objects.filter(name=calling.SYNC, state=State.WAITING).delete()
        return own(self, contact, purpose, call=call)

    monkeypatch.setattr(dummy.Dummy, "subscribe", slow)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == ["newsletter"]
    run(now + timedelta(minutes=1))
    assert newsletter[ADDRESS]["purposes"] == []


def test_a_consent_that_is_rolled_back_arrives_nowhere(newsletter, person, now):  # noqa: F811
    with transaction.atomic():
        decisions.give(person, *KEY, how="account", now=now)
        transaction.set_rollback(True)
    run(now)
    assert newsletter == {}


def test_an_informed_customer_is_not_subscribed_to_what_needs_consent(newsletter, person, now):  # noqa: F811
    decisions.inform(person, *KEY, how="checkout", now=now)
    run(now)
    assert newsletter == {}


def test_another_channel_is_none_of_theirs(newsletter, person, now):  # noqa: F811
    decisions.give(person, "offers", "sms", how="account", now=now)
    assert not Job.objects.filter(name=calling.SYNC).exists()


def test_an_address_that_moves_takes_her_along(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    run(now)
    people.prove(
        people.note("email", "new@example.com", person=person, now=now),
        how="link",
        now=now + timedelta(days=1),
    )
    run(now + timedelta(days=1))
    assert newsletter == {"new@example.com": {"purposes": ["newsletter"], "fields": {}}}


def test_a_new_owner_of_an_address_is_not_subscribed_by_the_former(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    people.prove(
        people.note("email", "mine@example.com", person=person, now=now),
        how="link",
        now=now - timedelta(days=1),
    )
    run(now)
    assert newsletter[ADDRESS]["purposes"] == ["newsletter"]
    stranger = people.person_of(_another(), now=now)
    people.prove(people.note("email", ADDRESS, person=stranger, now=now), how="link", now=now)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == []
    assert newsletter["mine@example.com"]["purposes"] == ["newsletter"]


def test_who_restricts_is_not_written_to_by_them_either(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == ["newsletter"]
    _restrict(person, now)
    run(now)
    assert newsletter[ADDRESS]["purposes"] == []


def test_who_was_erased_is_told_of_no_more(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    erase(person, how="account", now=now)
    assert run(now) == {"gone": 1}
    assert newsletter == {}


def test_no_address_is_in_the_job(newsletter, person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    (job,) = Job.objects.filter(name=calling.SYNC)
    assert job.payload == {"processor": "mailchimp"}


def test_a_shop_without_processors_writes_no_job(person, now):  # noqa: F811
    decisions.give(person, *KEY, how="account", now=now)
    assert sync.put(person.uuid, now=now) == 0
    assert not Job.objects.filter(name=calling.SYNC).exists()


def test_many_jobs_for_one_person_end_alike(newsletter, person, now):  # noqa: F811
    for _number in range(3):
        decisions.give(person, *KEY, how="account", now=now)
        decisions.withdraw(person, *KEY, how="account", now=now)
    run(now)
    assert newsletter == {}
    jobs.put(calling.SYNC, {"processor": "mailchimp"}, person=person.uuid, now=now)
    assert run(now) == {"done": 1}


def _another():
    from example_shop.factories import make_customer

    return make_customer(email="somebody@example.com")


def _restrict(found, now):
    from example_shop.factories import UserFactory

    staff = UserFactory(is_staff=True, is_superuser=True)
    place(
        "restriction",
        person=found,
        reason="she asked",
        review_on=(now + timedelta(days=30)).date(),
        by=staff,
        now=now,
    )
