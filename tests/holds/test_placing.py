"""Placing, reviewing and lifting: who may, what is refused, what the ledger and the person are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.exceptions import PermissionDenied

from django_rgpd import signals
from django_rgpd.consent import decisions
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.holds.lifting import lift
from django_rgpd.holds.placing import Row, place, review
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.send import send
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import current
from django_rgpd.registry import people
from django_rgpd.registry.holds import restricted
from django_rgpd.registry.models import Hold, Person
from django_rgpd.retention.status import findings
from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import DAY, GuestOrderFactory, PaymentFactory, UserFactory
from example_shop.orders.models import Order
from tests.holds.conftest import REVIEW

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]
PARIS = ZoneInfo("Europe/Paris")
NEWS = ("newsletter", "email")
LETTER = {"title": "Lanterns", "text": "New ones"}


def test_a_hold_is_placed_with_its_event_and_news(
    hold: Holder, user: User, person: Person, member: User, now: datetime
) -> None:
    heard: list[dict[str, Any]] = []

    def listen(**news: Any) -> None:
        heard.append(news)

    signals.hold_placed.connect(listen)
    order = Order.objects.filter(customer=user)[0]
    try:
        placed = hold(order, purposes=["orders"], reason="File 12")
    finally:
        signals.hold_placed.disconnect(listen)

    assert (placed.person, placed.owner) == (person.uuid, str(member.pk)), "it is known whose order it is"
    (news,) = heard
    assert (news["hold"], news["kind"], news["label"]) == (placed.uuid, "dispute", "orders.Order")
    event = Event.objects.get(kind="hold.placed")
    assert (event.person, event.actor) == (person.uuid, f"user:{member.pk}")
    assert (event.payload["label"], event.payload["key"]) == ("orders.Order", str(order.pk))
    assert "File 12" not in str(event.payload)


REFUSALS = {
    "a kind that there is not": {"kind": "whim"},
    "no reason": {"reason": " "},
    "a review in the past": {"review_on": date(2026, 5, 12)},
    "a review in the past, to the second": {"review_on": datetime(2026, 5, 12, 23, 30, tzinfo=PARIS)},
    "no review": {"review_on": None},
    "a review in words": {"review_on": "2026-08-12"},
    "an unknown purpose": {"purposes": ["order"]},
    "a table that there is not": {"row": Row("orders.Nothing", "1")},
    "a table without personal fields": {"row": Row("orders.OrderLine", "1")},
    "a table of the library": {"row": Row("django_rgpd.Person", "1")},
    "a row that there is not": {"row": Row("orders.Order", "999999")},
    "a key that is none": {"row": Row("orders.Order", "x' OR 1=1")},
    "purposes that no column of the row serves": {"purposes": ["reviews"]},
    "nothing": {},
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_would_hold_nothing_is_refused(case: str, member: User, now: datetime) -> None:
    order = GuestOrderFactory()
    told = {"reason": "File 12", "review_on": REVIEW, "row": Row("orders.Order", str(order.pk))}
    told = {**told, **REFUSALS[case]} if case != "nothing" else {**told, "row": None}
    before = snapshot()
    with pytest.raises(Refused):
        place(told.pop("kind", "dispute"), by=member, now=now, **told)
    assert not changed(before, snapshot())


@pytest.mark.parametrize(
    "moment", [datetime(2026, 8, 11, 22, 30, tzinfo=UTC), datetime.combine(REVIEW, time(0, 30))], ids=str
)
def test_a_moment_is_taken_for_its_legal_day(hold: Holder, person: Person, moment: datetime) -> None:
    placed = hold(person, review_on=moment)
    assert placed.review_on == REVIEW
    assert Event.objects.get(kind="hold.placed").payload["review_on"] == "2026-08-12"


def test_who_may_not_places_nothing(user: User, person: Person, now: datetime) -> None:
    before = snapshot()
    for by in (user, UserFactory.build(is_superuser=True, is_active=False)):
        with pytest.raises(PermissionDenied):
            place("dispute", person=person, reason="File 12", review_on=REVIEW, by=by, now=now)
    assert not changed(before, snapshot())


def test_the_same_reason_holds_once(
    hold: Holder, user: User, person: Person, member: User, now: datetime
) -> None:
    order = Order.objects.filter(customer=user)[0]
    first = hold(order)
    hold(order, kind="unpaid")
    hold(person)
    for what in (order, person):
        with pytest.raises(Refused, match="held already"):
            hold(what)
    assert Hold.objects.count() == 3
    lift(first, reason="Settled", by=member, now=now)
    hold(order)


def test_the_same_for_other_purposes_is_another_hold(
    hold: Holder, user: User, person: Person, now: datetime
) -> None:
    order = Order.objects.filter(customer=user)[0]
    for what, options in ((person, {"kind": "restriction"}), (order, {})):
        hold(what, purposes=["orders"], **options)
        hold(what, purposes=["payments", "orders"], **options)
        hold(what, **options)
        for purposes in ([], ["orders"], ["orders", "payments"]):
            with pytest.raises(Refused, match="held already"):
                hold(what, purposes=purposes, **options)
    assert Hold.objects.count() == 6


def test_a_restriction_is_placed_anew_while_the_announced_end_of_another_is_to_come(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    first = hold(person, kind="restriction")
    lift(first, reason="Settled", by=member, now=now)
    second = hold(person, kind="restriction")
    run_due(now=now)
    run_due(now=now + timedelta(days=7))
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.lifted_at is not None
    assert second.lifted_at is None
    assert restricted(person.uuid)


def test_an_announced_end_is_not_reviewed_away(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person, kind="restriction")
    lift(placed, reason="Settled", by=member, now=now)
    before = snapshot()
    with pytest.raises(Refused, match="place a new one"):
        review(placed, reason="It goes on", review_on=date(2026, 12, 1), by=member, now=now)
    assert not changed(before, snapshot())


def test_what_was_restricted_for_a_guest_is_not_restricted_again_for_her_account(
    hold: Holder, user: User, now: datetime
) -> None:
    guest = people.prove(people.note("email", user.email, now=now), how="link", now=now).person
    hold(guest, kind="restriction")
    person = people.person_of(user, now=now)
    people.prove(people.note("email", user.email, person=person, now=now), how="link", now=now)
    assert people.standing_for(Person.objects.get(pk=guest.pk)) == person
    with pytest.raises(Refused, match="held already"):
        hold(person, kind="restriction")
    hold(person, kind="restriction", purposes=["offers"])
    assert Hold.objects.count() == 2


def test_a_row_whose_personal_columns_are_erased_is_refused_but_not_what_follows_it(
    hold: Holder, now: datetime
) -> None:
    late = DAY + relativedelta(years=30)
    gone, paid = (GuestOrderFactory(placed_at=DAY) for _ in range(2))
    sweep(now=late)
    PaymentFactory(order=paid, created_at=late)
    with pytest.raises(Refused, match="nothing to hold"):
        hold(gone)
    assert hold(paid).key == str(paid.pk)
    assert Hold.objects.count() == 1


def test_a_person_without_a_proven_address_is_refused_for_it_would_hold_nothing(
    hold: Holder, now: datetime
) -> None:
    guest = people.note("email", "guest@example.com", now=now).person
    with pytest.raises(Refused, match="proved no address"):
        hold(guest)
    assert not Hold.objects.exists()


def test_a_restriction_needs_somebody_to_announce_its_end_to(hold: Holder) -> None:
    with pytest.raises(Refused, match="announced to her"):
        hold(GuestOrderFactory(), kind="restriction")


def test_a_review_moves_the_day_and_keeps_the_history(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person, reason="Waiting for the court")
    after = now + timedelta(days=93)
    assert [one.key for one in findings(now=now + timedelta(days=92))] == ["silent"]
    assert [one.key for one in findings(now=after)] == ["silent", "hold"]

    review(placed, reason="Still waiting", review_on=date(2026, 12, 1), by=member, now=after)

    placed.refresh_from_db()
    assert placed.reason == "2026-05-12 Waiting for the court\n2026-08-13 Still waiting"
    assert [one.key for one in findings(now=after)] == ["silent"]
    assert Event.objects.filter(kind="hold.reviewed", person=person.uuid).count() == 1


def test_a_lifted_hold_is_neither_reviewed_nor_lifted_again(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed, other = hold(person), UserFactory()
    lift(placed, reason="Settled", by=member, now=now)
    before = snapshot()
    with pytest.raises(Refused):
        lift(placed, reason="Again", by=member, now=now)
    with pytest.raises(Refused):
        review(placed, reason="Again", review_on=REVIEW, by=member, now=now)
    with pytest.raises(PermissionDenied):
        lift(placed, reason="Again", by=other, now=now)
    assert not changed(before, snapshot())


@pytest.mark.fault("Q04")
def test_a_restriction_stops_marketing_and_its_lifting_is_announced_first(
    hold: Holder, person: Person, user: User, member: User, now: datetime
) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    assert send("newsletter", "marketing/news", [person], now=now, context=LETTER).queued == 1
    placed = hold(person, kind="restriction")
    run_due(now=now)
    assert not [one for one in mail.outbox if "Lanterns" in str(one.body)], "asked again when it leaves"
    assert send("newsletter", "marketing/news", [person], now=now, context=LETTER).dropped == {
        "restricted": 1
    }
    assert restricted(person.uuid, "offers")

    lift(placed, reason="The address is corrected", by=member, now=now)
    run_due(now=now)
    (told,) = mail.outbox
    assert told.to == [user.email]
    assert "May 19, 2026" in str(told.body)
    assert current().controller.email in str(told.body), "where to say that she does not agree"
    eve, day = now + timedelta(days=6), now + timedelta(days=7)
    run_due(now=eve)
    assert not decisions.may_send(person, *NEWS, now=eve), "until that day it stands"
    with pytest.raises(Refused, match="announced already"):
        lift(placed, reason="Again", by=member, now=eve)

    run_due(now=day)
    placed.refresh_from_db()
    assert placed.lifted_at is not None
    assert decisions.may_send(person, *NEWS, now=day)
    assert Event.objects.get(kind="hold.lifted").how == "announced"


@pytest.mark.fault("Q04")
def test_a_restriction_does_not_end_while_its_announcement_did_not_leave(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person, kind="restriction")
    lift(placed, reason="Settled", by=member, now=now)
    job = Job.objects.get(name="mail")
    day = now + timedelta(days=7)
    for state, end in ((State.WAITING, State.WAITING), (State.NEEDS, State.NEEDS)):
        Job.objects.filter(pk=job.pk).update(state=state, run_at=day + timedelta(days=9))
        run_due(now=day, names=frozenset({"hold.end"}))
        assert Job.objects.get(name="hold.end").state == end
        placed.refresh_from_db()
        assert placed.lifted_at is None
        day += timedelta(hours=2)


def test_a_restriction_of_one_purpose_stops_that_one(hold: Holder, person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.give(person, "offers", "email", how="account", now=now)
    hold(person, kind="restriction", purposes=["offers"])
    assert decisions.may_send(person, *NEWS, now=now)
    assert decisions.may_send(person, "offers", "email", now=now).reason == "restricted"
    assert restricted(person.uuid)


def test_another_hold_stops_no_marketing(hold: Holder, person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    hold(person)
    assert decisions.may_send(person, *NEWS, now=now)


def test_an_erasure_that_comes_before_the_announced_end_leaves_nothing_to_do(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person, kind="restriction")
    lift(placed, reason="Settled", by=member, now=now)
    erase(person, how="account", now=now + timedelta(days=1))
    run_due(now=now + timedelta(days=8))
    assert Job.objects.get(name="hold.end").state == State.DONE
    assert Event.objects.filter(kind="hold.lifted").count() == 1
