"""While a hold lasts no term ends; when it is lifted the next night finds what it passed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection, transaction
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from django_rgpd.holds.lifting import lift
from django_rgpd.outbox.deliver import run_due
from django_rgpd.policy import years
from django_rgpd.registry import Follows, Unsettled, holds, people, registry
from django_rgpd.registry.models import Address, Hold, Person
from django_rgpd.retention import accounts
from django_rgpd.retention.addresses import forget_addresses
from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import adopt
from example_shop.accounts.models import User
from example_shop.factories import DAY, GuestOrderFactory, OrderFactory, PaymentFactory, make_customer
from example_shop.orders.models import Order
from example_shop.payments.models import Payment

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]
LATE = DAY + relativedelta(years=4)
LIFT = {"reason": "Settled"}


def named(*orders: Order) -> list[bool]:
    """Whether each order still says who bought it."""
    return [bool(Order.objects.get(pk=one.pk).name) for one in orders]


@pytest.mark.fault("K08")
def test_a_held_row_outlives_its_term_with_what_follows_it(hold: Holder, member: User) -> None:
    held, other = (GuestOrderFactory(placed_at=DAY) for _ in range(2))
    kept, gone = (PaymentFactory(order=one, created_at=DAY) for one in (held, other))
    placed = hold(held)

    assert sweep(now=LATE, dry_run=True).due["orders.Order"] == 1
    sweep(now=LATE)

    assert named(held, other) == [True, False]
    assert Payment.objects.get(pk=kept.pk).stripe_customer
    assert not Payment.objects.get(pk=gone.pk).stripe_customer

    lift(placed, by=member, now=LATE, **LIFT)
    sweep(now=LATE + timedelta(days=1))

    assert named(held) == [False]
    assert not Payment.objects.exclude(stripe_customer="").exists()


@pytest.mark.fault("K08")
def test_all_of_a_person_is_held_by_account_and_by_proven_address(hold: Holder, member: User) -> None:
    user = make_customer(email="marie@example.com")
    person = people.person_of(user, now=DAY)
    people.prove(people.note("email", user.email, person=person, now=DAY), how="click", now=DAY)
    hers = [*Order.objects.filter(customer=user), GuestOrderFactory(guest_email="Marie@example.com")]
    strangers = [OrderFactory(placed_at=DAY), GuestOrderFactory(placed_at=DAY)]
    placed = hold(person, now=DAY)

    sweep(now=LATE)

    assert named(*hers) == [True] * 3
    assert named(*strangers) == [False] * 2
    assert user.wishes.exists()

    lift(placed, by=member, now=LATE, **LIFT)
    sweep(now=LATE)
    assert named(*hers) == [False] * 3


def test_a_hold_for_one_purpose_lets_the_others_go(hold: Holder) -> None:
    user = make_customer(orders=1)
    hold(people.person_of(user, now=DAY), purposes=["payments"])
    sweep(now=LATE)
    assert Payment.objects.exclude(stripe_customer="").count() == 1
    assert not Order.objects.exclude(name="").exists()


def test_a_guest_who_became_somebody_else_stays_held(hold: Holder, now: datetime) -> None:
    """The hold names the guest; she proves her address as the holder of an account."""
    order = GuestOrderFactory(guest_email="guest@example.com", placed_at=DAY)
    guest = people.prove(people.note("email", "guest@example.com", now=now), how="click", now=now).person
    hold(guest)
    account = people.person_of(make_customer(orders=0), now=now)
    people.prove(people.note("email", "guest@example.com", person=account, now=now), how="click", now=now)
    guest.refresh_from_db()
    assert guest.merged_into == account.uuid

    sweep(now=LATE)
    assert named(order) == [True]


def test_a_guests_address_is_not_forgotten_while_she_is_held(
    hold: Holder, member: User, now: datetime
) -> None:
    entry = people.prove(people.note("email", "guest@example.com", now=DAY), how="click", now=DAY)
    placed = hold(entry.person)
    assert forget_addresses(now=LATE) == 0
    lift(placed, by=member, now=LATE, **LIFT)
    assert forget_addresses(now=LATE) == 1
    assert not Address.objects.filter(pk=entry.pk).exists()


@pytest.mark.fault("K08")
def test_the_account_of_who_is_held_is_neither_warned_nor_ended(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    end = now + relativedelta(years=3)
    hold(person, kind="restriction")
    for at in (end - timedelta(days=30), end - timedelta(days=7), end + timedelta(days=1)):
        assert accounts.warn(now=at) == 0
        assert accounts.end(now=at) == 0
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.fault("Q04")
def test_an_account_that_ends_by_its_term_does_not_end_a_restriction(
    hold: Holder, person: Person, user: User, now: datetime
) -> None:
    """Only her own request does: what she had restricted stays, by its keys, until she is told otherwise."""
    placed = hold(person, kind="restriction", purposes=["orders"])
    Order.objects.filter(customer=user).update(placed_at=now + relativedelta(years=2))
    end = now + relativedelta(years=3)
    for at in (end - timedelta(days=30), end - timedelta(days=7), end + timedelta(days=1)):
        accounts.end(now=at)
        accounts.warn(now=at)
        run_due(now=at)

    assert not User.objects.get(pk=user.pk).is_active
    assert Order.objects.exclude(name="").count() == 2
    run_due(now=end + timedelta(days=2))
    sweep(now=end + relativedelta(years=9))
    assert Order.objects.exclude(name="").count() == 2
    placed.refresh_from_db()
    assert placed.lifted_at is None


@pytest.mark.promise("P52")
def test_what_is_unsettled_by_the_shops_own_columns_outlives_its_term(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disputed = Unsettled(
        Q(payments__status="disputed"), reason="a payment is disputed", since="placed_at", at_most=years(5)
    )
    monkeypatch.setattr(registry.of(Order).declaration, "unsettled", disputed)
    monkeypatch.setattr(registry.of(Payment).declaration, "unsettled", Follows("order"))
    adopt()
    order, other = (GuestOrderFactory(placed_at=DAY) for _ in range(2))
    payment = PaymentFactory(order=order, created_at=DAY)
    PaymentFactory(order=other, created_at=DAY)
    Payment.objects.filter(pk=payment.pk).update(status="disputed")

    sweep(now=LATE)
    assert named(order, other) == [True, False]
    assert Payment.objects.exclude(stripe_customer="").get() == payment

    Payment.objects.filter(pk=payment.pk).update(status="refunded")
    sweep(now=LATE)
    assert named(order) == [False]
    assert not Payment.objects.exclude(stripe_customer="").exists()


def test_a_claim_that_is_barred_holds_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    unpaid = Unsettled(Q(status="placed"), reason="unpaid", since="placed_at", at_most=years(5))
    monkeypatch.setattr(registry.of(Order).declaration, "unsettled", unpaid)
    order = GuestOrderFactory(placed_at=DAY, status="placed")
    sweep(now=DAY + relativedelta(years=5, days=-1))
    assert named(order) == [True]
    sweep(now=DAY + relativedelta(years=5))
    assert named(order) == [False]


def test_the_number_of_statements_does_not_grow_with_the_holds(hold: Holder) -> None:
    """They are read once by whoever releases something; a night that finds nothing due has them counted beside what is due."""
    GuestOrderFactory(placed_at=DAY)

    def asked(now: datetime) -> list[str]:
        with CaptureQueriesContext(connection) as queries:
            sweep(now=now, only=["orders.order"])
        return [one["sql"] for one in queries]

    def total(now: datetime) -> int:
        return len(asked(now))

    (only,) = [one for one in asked(DAY) if "rgpd_hold" in one]
    assert "orders_order" in only
    hold(people.person_of(make_customer(orders=0), now=DAY))
    over = DAY + relativedelta(years=20)
    with transaction.atomic():
        one = total(over)
        assert not Order.objects.exclude(guest_email="").exists()
        transaction.set_rollback(True)
    for _ in range(5):
        hold(people.person_of(make_customer(orders=0), now=DAY))
    assert total(over) == one


def test_night_looks_at_its_days_alone_whatever_stands(hold: Holder, member: User) -> None:
    """What a hold keeps is left out by the statement that releases, so that looking for it need not ask every row."""
    placed = hold(GuestOrderFactory(placed_at=DAY))

    def looked_for(now: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            sweep(now=now, only=["orders.order"])
        (found,) = [one["sql"] for one in queries if "COUNT(*)" in one["sql"]]
        return found.count('"placed_at"')

    sweep(now=DAY, only=["orders.order"])
    standing = looked_for(DAY + timedelta(days=1))
    lift(placed, by=member, now=DAY + timedelta(days=1), **LIFT)
    sweep(now=DAY + timedelta(days=1), only=["orders.order"])
    assert looked_for(DAY + timedelta(days=2)) == standing


@pytest.mark.fault("K08")
@pytest.mark.parametrize("guest", [False, True])
def test_a_hold_for_one_purpose_finds_its_rows_after_other_terms_have_ended(
    hold: Holder, member: User, guest: bool
) -> None:
    """The order's term ends first; the link by which the person's payments are found stays as long as the hold."""
    if guest:
        order = GuestOrderFactory(guest_email="guest@example.com", placed_at=DAY)
        PaymentFactory(order=order, created_at=DAY)
        entry = people.note("email", "guest@example.com", now=DAY)
        person = people.prove(entry, how="click", now=DAY).person
    else:
        person = people.person_of(make_customer(orders=1), now=DAY)
    placed = hold(person, purposes=["payments"])

    for night in range(3):
        sweep(now=LATE + timedelta(days=night))
        assert not Order.objects.exclude(name="").exists()
        assert Payment.objects.exclude(stripe_customer="").count() == 1

    lift(placed, by=member, now=LATE, **LIFT)
    sweep(now=LATE + timedelta(days=4))
    assert not Payment.objects.exclude(stripe_customer="").exists()
    assert not Order.objects.exclude(customer=None, guest_email="").exists()


def test_night_finds_what_a_hold_reached_by_an_address_that_is_somebody_elses_now(hold: Holder) -> None:
    held = people.person_of(make_customer(orders=0), now=DAY)
    people.prove(people.note("email", "shared@example.com", person=held, now=DAY), how="click", now=DAY)
    order = GuestOrderFactory(guest_email="shared@example.com", placed_at=DAY)
    hold(held)
    for night in range(2):
        sweep(now=LATE + timedelta(days=night))
    assert named(order) == [True]

    other = people.person_of(make_customer(orders=0), now=LATE)
    people.prove(people.note("email", "shared@example.com", person=other, now=LATE), how="click", now=LATE)
    sweep(now=LATE + timedelta(days=2))
    assert named(order) == [False]


def test_a_hold_for_a_purpose_that_was_renamed_holds_all_it_is_about(hold: Holder) -> None:
    """Whoever renames a purpose in the policy does not think of the holds."""
    order = GuestOrderFactory(placed_at=DAY)
    Hold.objects.filter(pk=hold(order, purposes=["orders"]).pk).update(purposes=["deliveries"])
    sweep(now=LATE)
    assert named(order) == [True]


def test_a_restriction_of_a_purpose_that_was_renamed_stops_every_use(hold: Holder, person: Person) -> None:
    hold(person, kind="restriction", purposes=["orders"])
    assert not holds.restricted(person.uuid, "newsletter")
    Hold.objects.update(purposes=["deliveries"])
    assert holds.restricted(person.uuid, "newsletter")
    assert holds.restricted_people("newsletter") == {person.uuid}


def test_much_that_is_held_does_not_put_off_what_other_terms_end(hold: Holder) -> None:
    """More held payments than a range has rows, which are asked every night, would have the orders wait for ever."""
    held = [GuestOrderFactory(placed_at=DAY) for _ in range(3)]
    for order in held:
        PaymentFactory(order=order, created_at=DAY)
        hold(order)
    free = GuestOrderFactory(placed_at=DAY)

    for night in range(2):
        report = sweep(now=LATE + timedelta(days=night), share=True, size=2)
        assert (report.cut, report.put_off) == ({}, [])
    assert named(*held, free) == [True] * 3 + [False]
