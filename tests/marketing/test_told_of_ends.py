"""What ends by the calendar alone is told to the processor that was told of its beginning, in the transaction that ends it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.consent import decisions, expiring, kinds, receivers, state
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import ends, sync
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import current
from django_rgpd.processors import calling
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person
from django_rgpd.retention import accounts
from django_rgpd.retention.addresses import forget_addresses
from example_shop.factories import GuestOrderFactory, OrderFactory, UserFactory

pytest.importorskip("mailchimp_marketing")
pytestmark = pytest.mark.django_db

ADDRESS = "ada@example.com"
OFFERS, SURVEYS = ("offers", "email"), ("surveys", "email")
LISTS = {"newsletter": "a6b5da1054", "offers": "f00dfeed01", "surveys": "c0ffee0123"}
THREE_YEARS = relativedelta(years=3)


@pytest.fixture
def peer(settings: Any) -> Iterator[Any]:
    """A Mailchimp of ours with an audience a purpose; each request is one that the contract allows."""
    from tests.contracts.peers import mailchimp as peers

    made: Any = peers.Mailchimp()
    made.audiences[LISTS["surveys"]] = {}
    server, stop = peers.serve(made)
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": peers.KEY,
        "audiences": LISTS,
        "host": server.url,
    }
    settings.RGPD = {
        **settings.RGPD,
        "PRODUCTION": True,
        "POLICY": "tests.marketing.policy.policy",
        "PROCESSORS": {**settings.RGPD["PROCESSORS"], "mailchimp": setting},
    }
    yield made
    stop()
    assert made.broken == []


def guest(email: str = ADDRESS, *, at: datetime) -> Person:
    entry = people.prove(people.note("email", email, now=at), how="click", now=at)
    return Person.objects.get(pk=entry.person_id)


def customer(email: str = ADDRESS, *, at: datetime) -> Person:
    """Somebody with an account, who bought at ``at`` and was offered a way out then."""
    user = UserFactory(email=email)
    person = people.person_of(user, now=at)
    people.prove(people.note("email", email, person=person, now=at), how="click", now=at)
    people.contact(person.uuid, at=at)
    OrderFactory(customer=user, placed_at=at, paid_at=at)
    decisions.inform(person, *OFFERS, how="checkout", now=at)
    return person


def deliver_all(now: datetime) -> None:
    for name in (calling.SYNC, calling.ERASE):
        deliver.run_due(now=now + timedelta(minutes=1), names=frozenset({name}))


def status_of(peer: Any, purpose: str, email: str = ADDRESS) -> str:
    return str(peer.of(email)[LISTS[purpose]]["status"])


def reconcile(*more: str) -> str:
    out = io.StringIO()
    call_command("rgpd_reconcile", "mailchimp", "--full", *more, stdout=out)
    return out.getvalue()


def row(person: Person, key: state.Key = OFFERS) -> ConsentState:
    return state.rows(person)[key]


@pytest.mark.promise("P24")
def test_a_soft_opt_in_ends_three_years_after_the_last_order_there_too(peer: Any) -> None:
    now = clock.now()
    person = customer(at=now - THREE_YEARS + timedelta(days=1))
    deliver_all(now)
    assert status_of(peer, "offers") == "subscribed"
    assert ends.end(now=now) == 0
    assert "agree" in reconcile()

    Person.objects.update(last_contact=now)
    night = now + timedelta(days=1)
    assert ends.end(now=night) == 1
    assert row(person).standing == Standing.EXPIRED
    assert row(person).address is None, "no copy of an address that is not written to"
    deliver_all(night)
    assert status_of(peer, "offers") == "unsubscribed"
    assert ends.end(now=night) == 0


def test_both_sides_agree_when_the_end_was_told(peer: Any) -> None:
    now = clock.now()
    customer(at=now - THREE_YEARS)
    peer.hold(LISTS["offers"], ADDRESS)
    Job.objects.all().delete()
    assert "written to there, and may not be" in reconcile("--dry-run")
    ends.end(now=now)
    deliver_all(now)
    assert "Both sides agree." in reconcile("--dry-run")


@pytest.mark.parametrize(
    ("key", "ago", "end"),
    [
        pytest.param(OFFERS, THREE_YEARS, ends.end, id="without a contact for three years"),
        pytest.param(SURVEYS, relativedelta(months=13), receivers.expire, id="a consent of thirteen months"),
    ],
)
def test_a_consent_that_ends_is_told(peer: Any, key: state.Key, ago: relativedelta, end: Callable) -> None:
    now = clock.now()
    person = guest(at=now - ago)
    decisions.give(person, *key, how="click", now=now - ago)
    peer.hold(LISTS[key[0]], ADDRESS)
    Job.objects.all().delete()
    assert end(now=now) == 1
    deliver_all(now)
    assert status_of(peer, key[0]) == "unsubscribed"


def test_an_end_that_cannot_be_told_is_no_end(peer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction dies where the job is written: neither half of it is there, and the next night does both."""
    now = clock.now()
    person = customer(at=now - THREE_YEARS)
    Job.objects.all().delete()
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "put_many", _dies)
        with pytest.raises(OSError, match="full"):
            ends.end(now=now)
    assert row(person).standing == Standing.INFORMED
    assert not Event.objects.filter(kind=kinds.EXPIRED).exists()
    assert not Job.objects.filter(name=calling.SYNC).exists()
    assert ends.end(now=now) == 1
    assert Job.objects.filter(name=calling.SYNC).count() == 1


def _dies(*_args: object, **_more: object) -> int:
    raise OSError("the disk is full")


def test_who_buys_while_the_page_is_read_goes_on(peer: Any) -> None:
    now = clock.now()
    person = customer(at=now - THREE_YEARS)
    over = expiring.lapsed(current().purpose("offers"), now=now)
    page = list(over.values_list("pk", flat=True))
    assert len(page) == 1
    user = people.account_of(person)
    OrderFactory(customer=user, placed_at=now, paid_at=now)
    assert expiring._expire(over, page, now=now) == 0
    assert row(person).standing == Standing.INFORMED


def test_who_was_told_again_at_a_sale_is_not_ended_before_it_is_paid(peer: Any) -> None:
    now = clock.now()
    person = customer(at=now - THREE_YEARS)
    people.contact(person.uuid, at=now)
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    assert ends.end(now=now + timedelta(days=2)) == 0
    assert row(person).since == now


def test_a_sale_soon_after_tells_nothing_anew(peer: Any) -> None:
    now = clock.now()
    person = customer(at=now - relativedelta(months=5))
    before = Event.objects.count()
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    assert Event.objects.count() == before


def test_a_customer_who_comes_back_is_written_to_again(peer: Any) -> None:
    """They hold her as somebody who left, because the shop said so; her new sale came after that."""
    now = clock.now()
    person = customer(at=now - THREE_YEARS)
    peer.hold(LISTS["offers"], ADDRESS, status="unsubscribed", last_changed="2026-01-01T00:00:00+00:00")
    ends.end(now=now)
    deliver_all(now)
    later = now + timedelta(days=10)
    OrderFactory(customer=people.account_of(person), placed_at=later, paid_at=later)
    people.contact(person.uuid, at=later)
    decisions.inform(person, *OFFERS, how="checkout", now=later)
    deliver_all(later)
    assert status_of(peer, "offers") == "subscribed"
    assert "timestamp_opt" not in str([body for method, _path, body in peer.seen if method == "PUT"])


def test_the_statements_do_not_grow_with_the_people(peer: Any) -> None:
    now = clock.now()

    def asked(number: int, kind: str) -> int:
        for index in range(number):
            customer(f"{kind}{index}@example.com", at=now - THREE_YEARS)
            other = guest(f"other-{kind}{index}@example.com", at=now - relativedelta(months=13))
            decisions.give(other, *SURVEYS, how="click", now=now - relativedelta(months=13))
        Job.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            assert ends.end(now=now) == number
            assert receivers.expire(now=now) == number
        assert Job.objects.filter(name=calling.SYNC).count() == 2 * number
        return len(captured)

    assert asked(2, "a") == asked(9, "b")


@pytest.mark.promise("P50")
def test_an_account_that_ends_by_its_term_is_deleted_there(peer: Any) -> None:
    now = clock.now()
    person = customer(at=now - THREE_YEARS)
    peer.hold(LISTS["offers"], ADDRESS)
    for days in (30, 7):
        accounts.warn(now=now - timedelta(days=days))
        deliver.run_due(now=now - timedelta(days=days))
    assert accounts.end(now=now) == 1
    deliver_all(now)
    assert Person.objects.get(pk=person.pk).erased_at
    assert peer.of(ADDRESS) == {}


def _forgotten_guest(peer: Any, now: datetime, *, said_no: bool = False) -> Person:
    person = guest(at=now - THREE_YEARS)
    GuestOrderFactory(guest_email=ADDRESS, placed_at=now - THREE_YEARS, paid_at=now - THREE_YEARS)
    decisions.inform(person, *OFFERS, how="checkout", now=now - THREE_YEARS)
    if said_no:
        decisions.give(person, *OFFERS, how="click", now=now - THREE_YEARS)
        decisions.withdraw(person, *OFFERS, how="link", now=now - timedelta(days=1))
    peer.hold(LISTS["offers"], ADDRESS, status="unsubscribed" if said_no else "subscribed")
    Job.objects.all().delete()
    type(GuestOrderFactory.build()).objects.update(guest_email="")
    return person


@pytest.mark.promise("P24")
def test_a_guest_whose_address_is_forgotten_is_deleted_there(peer: Any) -> None:
    now = clock.now()
    _forgotten_guest(peer, now)
    assert forget_addresses(now=now) == 1
    assert not Address.objects.exists()
    deliver_all(now)
    assert peer.of(ADDRESS) == {}
    job = Job.objects.get(name=calling.ERASE)
    assert (job.state, job.payload) == (State.DONE, {})
    assert ADDRESS not in str(job.progress)


def test_who_said_no_stands_there_as_somebody_who_left(peer: Any) -> None:
    now = clock.now()
    _forgotten_guest(peer, now, said_no=True)
    assert forget_addresses(now=now) == 1
    deliver_all(now)
    assert status_of(peer, "offers") == "unsubscribed"


def test_an_address_stays_until_they_have_heard_what_was_decided(peer: Any) -> None:
    """Mailchimp is down for a day: without her address nobody could tell it any more."""
    now = clock.now()
    person = _forgotten_guest(peer, now)
    sync.put(person.uuid, now=now)
    assert forget_addresses(now=now) == 0
    deliver_all(now)
    assert status_of(peer, "offers") == "unsubscribed"
    assert forget_addresses(now=now) == 1


def test_who_has_proven_the_address_since_is_not_deleted_there(peer: Any) -> None:
    now = clock.now()
    _forgotten_guest(peer, now)
    forget_addresses(now=now)
    newcomer = guest(at=now)
    decisions.give(newcomer, *OFFERS, how="click", now=now)
    deliver_all(now)
    assert status_of(peer, "offers") == "subscribed"
    assert Job.objects.get(name=calling.ERASE).state == State.GONE


def test_forgetting_many_takes_as_many_statements_as_forgetting_few(peer: Any) -> None:
    now = clock.now()

    def asked(number: int, kind: str) -> int:
        for index in range(number):
            person = guest(f"{kind}{index}@example.com", at=now - THREE_YEARS)
            decisions.inform(person, *OFFERS, how="checkout", now=now - THREE_YEARS)
        Job.objects.all().delete()
        with CaptureQueriesContext(connection) as captured:
            assert forget_addresses(now=now) == number
        assert Job.objects.filter(name=calling.ERASE).count() == number
        return len(captured)

    assert asked(2, "a") == asked(9, "b")
