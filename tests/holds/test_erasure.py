"""An erasure while something is held: what the hold needs stays, is told, and goes when it is lifted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.db.models import Q

from django_rgpd.erasure.execute import PlanChanged, erase
from django_rgpd.erasure.models import ErasureState
from django_rgpd.erasure.plan import plan
from django_rgpd.holds.lifting import lift
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import daily
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import Unsettled, people, registry
from django_rgpd.registry.models import Hold, Person
from django_rgpd.retention.status import findings
from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import assert_erased, changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, UserFactory, make_customer, make_guest
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.export.conftest import document
from tests.holds.conftest import REVIEW

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]
HOUR, NIGHT = timedelta(hours=1), timedelta(days=1)


def test_without_holds_a_plan_says_nothing_of_them(person: Person, now: datetime) -> None:
    assert plan(people.subject(person), now=now).keeps == ()


def test_the_plan_says_what_is_held_why_and_when_it_is_looked_at(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    subject = people.subject(person)
    before = {line.model: line.rows for line in plan(subject, now=now).goes}
    hold(Order.objects.filter(customer=user)[0], reason="Confidential: file 12")

    found = plan(subject, now=now)

    keeps = {line.model: line for line in found.keeps}
    assert set(keeps) == {"orders.Order", "payments.Payment", "invoices.Invoice"}
    line = keeps["orders.Order"]
    assert (line.rows, line.kind, line.law, line.review_on) == (1, "dispute", "GDPR art. 17.3 e", REVIEW)
    assert line.reason == "a dispute is not settled yet"
    assert "street" in line.fields
    after = {one.model: one.rows for one in found.goes}
    assert after["orders.Order"] == before["orders.Order"] - 1
    assert after["wishes.Wish"] == before["wishes.Wish"]
    assert "Confidential" not in str(found.as_json())


@pytest.mark.fault("Q04")
@pytest.mark.fault("D22")
def test_a_held_order_stays_until_the_hold_is_lifted_and_then_goes(
    hold: Holder, person: Person, user: User, member: User, now: datetime
) -> None:
    order = Order.objects.filter(customer=user)[0]
    placed = hold(order)

    erasure = erase(person, how="account", now=now)
    run_due(now=now + HOUR)

    order.refresh_from_db()
    assert order.street
    assert Order.objects.filter(street="").count() == 1
    assert Payment.objects.exclude(stripe_customer="").get().order_id == order.pk
    erasure.refresh_from_db()
    assert (erasure.state, erasure.done_at) == (ErasureState.OPEN, None)
    assert not User.objects.get(pk=user.pk).is_active
    assert (
        "a dispute is not settled yet (GDPR art. 17.3 e), held since May 12, 2026; we look at it again on Aug. 12"
        in str(mail.outbox[-1].body)
    )

    sweep(now=now + relativedelta(years=5))
    run_due(now=now + relativedelta(years=5))
    order.refresh_from_db()
    assert order.street, "neither the sweep nor the next pass takes it"

    later = now + relativedelta(years=5, days=1)
    lift(placed, reason="Settled", by=member, now=later)
    run_due(now=later + NIGHT)

    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE
    assert not User.objects.filter(pk=user.pk).exists()
    assert not Order.objects.exclude(street="").exists()
    assert not Payment.objects.exclude(stripe_customer="").exists()
    assert_erased(person, now=later)


@pytest.mark.fault("K08")
def test_a_person_who_is_held_whole_is_known_by_the_keys_of_her_rows_after_her_erasure(
    hold: Holder, person: Person, user: User, member: User, now: datetime
) -> None:
    """Nothing leads from her to her rows any more, and their terms end years before the dispute."""
    placed = hold(person)
    names = set(Order.objects.values_list("name", flat=True))

    erasure = erase(person, how="account", now=now)
    run_due(now=now + HOUR)
    placed.refresh_from_db()
    person.refresh_from_db()
    assert person.user_key is None
    assert placed.rows["accounts.User"] == {"subject": [str(user.pk)]}
    account = User.objects.get(pk=user.pk)
    assert account.last_name == "Émond", "all of it is held"
    assert (account.is_active, account.has_usable_password()) == (False, False), "and nobody logs in"

    sweep(now=now + relativedelta(years=9))
    run_due(now=now + relativedelta(years=9))
    assert set(Order.objects.values_list("name", flat=True)) == names
    assert user.wishes.exists()

    later = now + relativedelta(years=9, days=1)
    lift(placed, reason="Settled", by=member, now=later)
    placed.refresh_from_db()
    assert placed.rows == {}
    run_due(now=later + NIGHT)
    erasure.refresh_from_db()
    assert erasure.state == ErasureState.DONE
    assert not User.objects.filter(pk=user.pk).exists()
    assert set(Order.objects.values_list("name", flat=True)) == {""}


@pytest.mark.parametrize("whole", [True, False])
def test_the_receipt_does_not_say_that_an_address_goes_which_is_held(
    hold: Holder, now: datetime, whole: bool
) -> None:
    user = UserFactory()
    person = people.person_of(user, now=now)
    if whole:
        hold(person)
    erase(person, how="account", now=now)
    run_due(now=now + HOUR)
    receipt = mail.outbox[-1]
    assert User.objects.filter(email=user.email).exists() is whole
    for text in (str(receipt.body), str(receipt.alternatives[0][0])):  # type: ignore[attr-defined]
        assert ("is not kept" in text) is not whole
        assert ("kept only where a list above says so" in text) is whole


def test_a_held_guest_order_goes_when_the_hold_is_lifted_although_its_address_is_forgotten(
    hold: Holder, member: User, now: datetime
) -> None:
    held, other = make_guest("guest@example.com", orders=2)
    person = people.prove(people.note("email", "guest@example.com", now=now), how="link", now=now).person
    placed = hold(held)
    erasure = erase(person, how="link", now=now)
    run_due(now=now + HOUR)
    held.refresh_from_db()
    other.refresh_from_db()
    assert (held.guest_email, other.guest_email) == ("guest@example.com", "")
    assert_erased("guest@example.com", now=now + HOUR)

    lift(placed, reason="Settled", by=member, now=now + NIGHT)
    run_due(now=now + 3 * NIGHT)
    held.refresh_from_db()
    erasure.refresh_from_db()
    assert (held.guest_email, held.name) == ("", "")
    assert erasure.state == ErasureState.DONE


@pytest.mark.fault("Q04")
def test_her_own_erasure_ends_her_own_restriction_and_no_other_hold(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    restriction = hold(person, kind="restriction")
    authority = hold(Order.objects.filter(customer=user)[0], kind="authority")
    shown = plan(people.subject(person), now=now)
    assert {line.kind for line in shown.keeps} == {"authority"}

    erase(person, how="account", now=now, expected=shown.digest)

    restriction.refresh_from_db()
    authority.refresh_from_db()
    assert restriction.lifted_at == now
    assert authority.lifted_at is None
    assert Event.objects.get(kind="hold.lifted").how == "erasure"
    assert Order.objects.exclude(street="").count() == 1


def test_a_hold_placed_after_the_page_was_read_shows_the_page_again(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    seen = plan(people.subject(person), now=now).digest
    hold(Order.objects.filter(customer=user)[0])
    before = snapshot()
    with pytest.raises(PlanChanged):
        erase(person, how="account", now=now, expected=seen)
    assert not changed(before, snapshot())


def test_an_account_that_is_held_is_not_taken_by_anothers_hold(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    """A hold on somebody else changes nothing of hers."""
    hold(people.person_of(UserFactory(), now=now))
    erasure = erase(person, how="account", now=now)
    assert erasure.state == ErasureState.DONE
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.promise("P52")
def test_what_is_unsettled_stays_after_an_erasure_and_goes_when_it_is_settled(
    person: Person, user: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpaid = Unsettled(Q(status="placed"), reason="the invoice is not paid", purposes=["orders"])
    monkeypatch.setattr(registry.of(Order).declaration, "unsettled", unpaid)
    order = OrderFactory(customer=user, status="placed", paid_at=None, placed_at=now)
    (line,) = [one for one in plan(people.subject(person), now=now).keeps if one.model == "orders.Order"]
    assert (line.kind, line.reason, line.review_on) == ("unsettled", "the invoice is not paid", None)

    erasure = erase(person, how="account", now=now)
    run_due(now=now + HOUR)
    order.refresh_from_db()
    assert (bool(order.street), erasure.state) == (True, ErasureState.OPEN)

    Order.objects.filter(pk=order.pk).update(status="cancelled")
    run_due(now=now + 2 * NIGHT)
    order.refresh_from_db()
    erasure.refresh_from_db()
    assert (order.street, order.customer_id, erasure.state) == ("", None, ErasureState.DONE)


def test_business_open_past_its_time_is_tried_again_each_day_until_staff_close_it(
    person: Person, user: User, now: datetime
) -> None:
    """They close the order where they work; what the job knows of her is not emptied meanwhile."""

    def day(at: datetime) -> list[str]:
        daily.put_today(now=at)
        run_due(now=at)
        run_due(now=at + timedelta(seconds=1))
        return [one.key for one in findings(now=at + timedelta(seconds=2))]

    order = OrderFactory(customer=user, open=True, placed_at=now)
    erasure = erase(person, how="account", now=now)
    run_due(now=now + HOUR)
    assert day(now + 20 * NIGHT) == ["open"]
    assert day(now + 90 * NIGHT) == ["needs", "open"]
    for days in range(95, 190, 30):
        assert day(now + days * NIGHT) == ["needs", "open"]

    Order.objects.filter(pk=order.pk).update(status="delivered")
    assert day(now + 200 * NIGHT) == []

    order.refresh_from_db()
    erasure.refresh_from_db()
    assert (order.street, erasure.state) == ("", ErasureState.DONE)
    assert not User.objects.filter(pk=user.pk).exists()
    assert Job.objects.get(name="erasure.open_business").state == State.DONE


def test_a_copy_of_her_data_says_that_something_is_held_and_not_why_staff_think_so(
    hold: Holder, person: Person, now: datetime
) -> None:
    hold(person, kind="restriction", reason="Confidential: file 12")
    order = Order.objects.filter(customer__email="elodie.emond@example.com")[0]
    hold(order, purposes=["orders"], reason="Confidential: file 13")

    written = document(person, now=now)

    (table,) = [one for one in written["tables"] if one["table"] == "django_rgpd.Hold"]
    said = {one["value"]: one["label"] for one in table["columns"]["label"]["choices"]}
    told = [(one["kind"], said[one["label"]], one["key"], one["purposes"]) for one in table["rows"]]
    assert told == [
        ("restriction", "everything", "", []),
        ("dispute", said["orders.Order"], str(order.pk), ["orders"]),
    ]
    assert said["orders.Order"] == str(
        registry.of(Order).declaration.label or Order._meta.verbose_name_plural
    )
    assert "Confidential" not in str(written)


@pytest.mark.fault("K08")
@pytest.mark.parametrize("as_guest", [False, True])
def test_a_held_payment_is_not_lost_sight_of_when_its_order_goes(
    hold: Holder, member: User, now: datetime, as_guest: bool
) -> None:
    """The way to it leads through the order, which is emptied; when the hold ends it goes, and not at its term."""
    email = "payer@example.com"
    user = None if as_guest else make_customer(email=email, orders=1)
    if as_guest:
        make_guest(email, invoiced=False, placed_at=now)
    payer = people.person_of(user, now=now) if user else None
    proven = people.prove(people.note("email", email, person=payer, now=now), how="link", now=now)
    payment = Payment.objects.get()
    placed = hold(payment)
    done = erase(proven.person, how="account", now=now)
    run_due(now=now + timedelta(minutes=11))
    done.refresh_from_db()
    assert done.state == "open"
    assert not Order.objects.exclude(name="").exists()
    assert Payment.objects.exclude(stripe_customer="").exists()

    lift(placed, reason="Settled", by=member, now=now + timedelta(days=3))
    run_due(now=now + timedelta(days=5))
    done.refresh_from_db()
    assert not Payment.objects.exclude(stripe_customer="").exists()
    assert done.state == "done"


@pytest.mark.fault("S07")
def test_the_next_owner_of_a_mailbox_is_not_led_to_what_is_held_of_the_one_before(
    hold: Holder, now: datetime
) -> None:
    """Her held order has her address still: it is in nobody else's copy, plan or erasure."""
    email = "mailbox@example.com"
    make_guest(email, invoiced=False, placed_at=now, name="Nina Vasseur")
    first = people.prove(people.note("email", email, now=now), how="link", now=now).person
    hold(Order.objects.get(), kind="authority")
    erase(first, how="link", now=now)
    assert Order.objects.get().name == "Nina Vasseur"

    later = now + timedelta(days=40)
    run_due(now=later)
    second = people.prove(people.note("email", email, now=later), how="link", now=later).person
    make_guest(email, invoiced=False, placed_at=later, name="Sacha Renard")
    assert second.uuid != first.uuid
    told = str(document(second, now=later))
    assert "Sacha Renard" in told
    assert "Nina Vasseur" not in told
    assert not plan(people.subject(second), now=later).keeps
    erase(second, how="link", now=later)
    assert Order.objects.exclude(name="").get().name == "Nina Vasseur"
