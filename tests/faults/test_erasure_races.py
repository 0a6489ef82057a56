"""Races of an erasure, on PostgreSQL, where two connections really run side by side."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from django_rgpd import signals
from django_rgpd.core.failures import EngineFailed
from django_rgpd.erasure import execute
from django_rgpd.erasure import locking as locks
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, ProductFactory, make_customer, make_guest
from example_shop.orders.models import Order
from example_shop.payments.models import Payment
from tests.faults.side_by_side import PATIENCE, beside, refused_once, slowed, stopped, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def person() -> Person:
    """A customer with everything, her address proven."""
    user = make_customer(email="racing@example.com")
    found = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=found, now=NOW), how="link", now=NOW)
    return found


@pytest.fixture
def paused() -> Iterator[tuple[threading.Event, threading.Event]]:
    """An erasure that stops inside its transaction: ``reached`` is set there, and it goes on when ``go_on`` is."""
    reached, go_on = threading.Event(), threading.Event()

    def stop(**_: object) -> None:
        reached.set()
        go_on.wait(PATIENCE)

    signals.person_erased.connect(stop)
    yield reached, go_on
    go_on.set()
    signals.person_erased.disconnect(stop)


@pytest.mark.fault("R01")
def test_eight_clicks_are_one_erasure(person: Person) -> None:
    """Two tabs, three devices: the same answer for all."""
    results = together(*[lambda: erase(person, how="account", now=NOW)] * 8)

    assert {one.pk for one in results} == {Erasure.objects.get().pk}
    assert Event.objects.filter(kind="erased").count() == 1
    assert Job.objects.filter(name="erasure.second_pass").count() == 1


@pytest.mark.fault("R02")
def test_an_order_of_the_account_cannot_be_placed_while_it_goes(
    person: Person, paused: tuple[threading.Event, threading.Event]
) -> None:
    """It waits for the erasure, and then finds no account to belong to."""
    reached, go_on = paused
    user = User.objects.get(email="racing@example.com")
    product = ProductFactory()
    erasing, erased = beside(lambda: erase(person, how="account", now=NOW))
    assert reached.wait(PATIENCE)

    def order() -> Any:
        with transaction.atomic():
            return OrderFactory(customer=user, lines__product=product)

    ordering, ordered = beside(order)
    ordering.join(0.5)
    assert ordering.is_alive()
    go_on.set()
    erasing.join(PATIENCE)
    ordering.join(PATIENCE)

    assert isinstance(erased[0], Erasure)
    assert isinstance(ordered[0], DatabaseError)
    assert not Order.objects.exclude(street="").exists()


@pytest.mark.fault("R03")
def test_a_guest_order_that_lands_beside_the_erasure_goes_with_the_second_pass(
    person: Person, paused: tuple[threading.Event, threading.Event]
) -> None:
    """No lock holds an order that has only an address."""
    reached, go_on = paused
    erasing, erased = beside(lambda: erase(person, how="account", now=NOW))
    assert reached.wait(PATIENCE)
    make_guest("Racing@example.com", invoiced=False)
    go_on.set()
    erasing.join(PATIENCE)
    assert isinstance(erased[0], Erasure)

    run_due(now=NOW + timedelta(minutes=11))

    assert not Order.objects.exclude(street="").exists()


@pytest.mark.fault("R15")
def test_a_table_that_is_locked_makes_the_erasure_wait_a_little_and_give_up(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is changed, and the error says that later is better."""
    monkeypatch.setattr(locks, "LOCK_TIMEOUT", "300ms")
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE orders_order IN ACCESS EXCLUSIVE MODE")
            held.set()
            release.wait(PATIENCE)

    locking, _ = beside(hold)
    assert held.wait(PATIENCE)
    try:
        with pytest.raises(EngineFailed) as caught:
            erase(person, how="account", now=NOW)
    finally:
        release.set()
        locking.join(PATIENCE)

    assert caught.value.busy
    assert not Erasure.objects.exists()
    assert User.objects.filter(email="racing@example.com").exists()


@pytest.mark.fault("R14")
def test_a_serialization_failure_is_tried_again_as_a_whole(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under REPEATABLE READ the database may refuse a transaction that would succeed a moment later."""
    real, calls = execute.carry_out, []

    def fails_once(*args: Any, **kwargs: Any) -> Any:
        done = real(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$")
        return done

    monkeypatch.setattr(execute, "carry_out", fails_once)

    erase(person, how="account", now=NOW)

    assert len(calls) == 2
    assert Erasure.objects.count() == 1
    assert Job.objects.filter(name="erasure.second_pass").count() == 1


@pytest.mark.fault("R14")
def test_two_erasures_of_two_people_under_serializable(person: Person) -> None:
    """Both succeed, whatever the isolation."""
    other = people.person_of(make_customer(email="other@example.com"), now=NOW)

    def serializable(whom: Person) -> Erasure:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_isolation = 'serializable'")
        return erase(whom, how="account", now=NOW)

    results = together(lambda: serializable(person), lambda: serializable(other))

    assert all(isinstance(one, Erasure) for one in results), results
    assert not Order.objects.exclude(street="").exists()


def test_two_erasures_that_wait_for_each_other_both_end(person: Person) -> None:
    """Each is the recipient of the other's gift: the database kills one of them, which is tried again as a whole."""
    other = people.person_of(make_customer(email="other@example.com"), now=NOW)
    for whom, email in ((person, "racing@example.com"), (other, "other@example.com")):
        if whom == other:
            people.prove(people.note("email", email, person=whom, now=NOW), how="link", now=NOW)
    for buyer, recipient in (("racing", "other"), ("other", "racing")):
        Order.objects.filter(customer__email=f"{buyer}@example.com").update(
            gift_email=f"{recipient}@example.com"
        )
    begun: list[object] = []
    count = lambda **named: begun.append(named["person"])  # noqa: E731 - a receiver
    signals.person_erased.connect(count)
    try:
        with slowed("orders_order"):
            results = together(
                lambda: erase(person, how="account", now=NOW), lambda: erase(other, how="account", now=NOW)
            )
    finally:
        signals.person_erased.disconnect(count)

    assert all(isinstance(one, Erasure) for one in results), results
    assert len(begun) > 2, "they did not wait for each other"
    assert not Order.objects.exclude(street="", gift_email=None).exists()
    assert Event.objects.filter(kind="erased").count() == 2
    assert Job.objects.filter(name="erasure.second_pass").count() == 2


@pytest.mark.fault("R07")
def test_a_webhook_about_a_payment_puts_nothing_back(person: Person) -> None:
    """It knows the payment by the provider's id, waits for the erasure, and then finds no such payment."""
    Payment.objects.update(stripe_payment_intent="pi_racing", stripe_customer="cus_racing")

    def webhook() -> int:
        found = Payment.objects.filter(stripe_payment_intent="pi_racing")
        return found.update(status="refunded", stripe_customer="cus_racing")

    with stopped("payments_payment") as stop:
        erasing, erased = beside(lambda: erase(person, how="account", now=NOW))
        assert stop.reached()
        calling, called = beside(webhook)
        calling.join(0.5)
        assert calling.is_alive(), "the payment is locked while it is erased"
        stop.go_on()
        erasing.join(PATIENCE)
        calling.join(PATIENCE)

    assert isinstance(erased[0], Erasure)
    assert called == [0]
    assert not Payment.objects.exclude(stripe_customer="", stripe_payment_intent="").exists()
    assert not Payment.objects.filter(status="refunded").exists()


@pytest.mark.parametrize("code", ["40001", "40P01"])
@pytest.mark.fault("R14")
def test_a_second_pass_that_the_database_gave_up_is_done_again(person: Person, code: str) -> None:
    """What came late goes at the next attempt; the first left nothing half done."""
    erase(person, how="account", now=NOW)
    make_guest("racing@example.com", invoiced=False, placed_at=NOW)

    with refused_once("orders_order", code):
        run_due(now=NOW + timedelta(minutes=11))
        run_due(now=NOW + timedelta(minutes=30))

    assert not Order.objects.exclude(street="").exists()
    assert Job.objects.get(name="erasure.second_pass").state == State.DONE


@pytest.mark.fault("R14")
def test_open_business_that_closes_is_released_though_the_database_gave_up_once(person: Person) -> None:
    """The same for the day on which an order under way is delivered."""
    Order.objects.update(status="shipped")
    erase(person, how="account", now=NOW)
    run_due(now=NOW + timedelta(minutes=11))
    assert Order.objects.exclude(street="").exists()
    Order.objects.update(status="delivered")

    with refused_once("orders_order"):
        run_due(now=NOW + timedelta(days=1, hours=1))
        run_due(now=NOW + timedelta(days=1, hours=2))

    assert not Order.objects.exclude(street="").exists()
    assert Job.objects.get(name="erasure.open_business").state == State.DONE


@pytest.mark.fault("D02")
def test_a_reference_behind_the_models_back_undoes_the_erasure(person: Person) -> None:
    """A deferred key would speak at COMMIT, after everything had been called done."""
    user = User.objects.get(email="racing@example.com")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE crm_link (id serial PRIMARY KEY, "
            "who bigint REFERENCES accounts_user (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute("INSERT INTO crm_link (who) VALUES (%s)", [user.pk])
    try:
        with pytest.raises(EngineFailed):
            erase(person, how="account", now=NOW)

        assert User.objects.filter(pk=user.pk, email=user.email).exists()
        assert not Erasure.objects.exists()
        assert not Order.objects.filter(customer=user, street="").exists()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE crm_link")


def test_the_error_classes_are_told_apart() -> None:
    """A lost connection is neither busy nor worth trying at once."""
    with pytest.raises(EngineFailed) as caught, execute.wrapped("somewhere"):
        raise OperationalError("gone away")

    assert not caught.value.again
    assert not caught.value.busy
