"""Races of an erasure, on PostgreSQL, where two connections really run side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection, transaction

from django_rgpd import signals
from django_rgpd.core.failures import EngineFailed
from django_rgpd.erasure import execute
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, ProductFactory, make_customer, make_guest
from example_shop.orders.models import Order

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
PATIENCE = 30


@pytest.fixture
def person() -> Person:
    """A customer with everything, her address proven."""
    user = make_customer(email="racing@example.com")
    found = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=found, now=NOW), how="link", now=NOW)
    return found


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run ``acts`` at once, each on a connection of its own; what each returned or raised."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE)
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return results


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


def beside(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """``act`` in a thread of its own, and where its result will be."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(act())
        except Exception as error:
            result.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


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
    monkeypatch.setattr(execute, "LOCK_TIMEOUT", "300ms")
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
    real, calls = execute._carry_out, []

    def fails_once(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        calls.append(1)
        if len(calls) == 1:
            with connection.cursor() as cursor:
                cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END $$")

    monkeypatch.setattr(execute, "_carry_out", fails_once)

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
