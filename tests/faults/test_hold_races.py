"""A hold that was confirmed is never overtaken by what was under way: on PostgreSQL, with two connections."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth.models import Permission
from django.db import connection, transaction

from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.holds.placing import Row, place
from django_rgpd.registry import holds, people
from django_rgpd.registry.models import Hold, Person
from django_rgpd.retention import releasing
from django_rgpd.retention.sweep import sweep
from example_shop.accounts.models import User
from example_shop.factories import DAY, GuestOrderFactory, UserFactory, make_customer
from example_shop.orders.models import Order
from tests.faults.side_by_side import at

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
REVIEW = (NOW + relativedelta(months=3)).date()
PATIENCE = 30


@pytest.fixture
def member() -> User:
    """Who may place holds."""
    user = UserFactory(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="place_hold"))
    return User.objects.get(pk=user.pk)


class Aside(threading.Thread):
    """Does something on a connection of its own, and says whether it was refused."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__(daemon=True)
        self.work, self.refused, self.pid = work, "", 0

    def run(self) -> None:
        """Do it."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self.pid = int(cursor.fetchone()[0])
            self.work()
        except Refused as no:
            self.refused = str(no)
        finally:
            connection.close()


def placing(by: User, **about: Any) -> Hold:
    """Place a dispute."""
    return place("dispute", reason="File 12", review_on=REVIEW, by=by, now=NOW, **about)


def sweep_orders() -> None:
    """A night, four years later."""
    sweep(now=DAY + relativedelta(years=4), only=["orders.order"])


def waiting(pid: int) -> bool:
    """Whether that connection waits for a lock (what PostgreSQL says of activity is a copy, within a transaction)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = %s", [pid])
        return bool(cursor.fetchone()[0])


def until_it_waits(thread: Aside) -> None:
    """Until it has come to the lock. It must wait there: nothing may be confirmed, or released, yet."""
    for _ in range(PATIENCE * 20):
        if thread.pid and waiting(thread.pid):
            return
        thread.join(0.05)
        assert thread.is_alive(), "it did not wait"
    pytest.fail("it never came to the lock")


def placed_while_it_waits(worker: Aside, member: User, order: Order) -> None:
    """Start ``worker``, which comes to the lock; place a hold on ``order`` while it waits there; let it end."""
    with transaction.atomic():
        holds.alone()
        worker.start()
        until_it_waits(worker)
        placing(member, row=Row("orders.Order", str(order.pk)))
    worker.join(PATIENCE)
    order.refresh_from_db()


@pytest.mark.fault("K08")
def test_a_hold_waits_for_the_range_that_is_being_swept(
    member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = GuestOrderFactory(placed_at=DAY)
    thread = Aside(partial(placing, member, row=Row("orders.Order", str(order.pk))))
    real = releasing.carry_out

    def slow(*args: object, **how: object) -> object:
        if thread.ident is None:
            thread.start()
            until_it_waits(thread)
            assert not Hold.objects.exists()
        return real(*args, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(releasing, "carry_out", slow)
    sweep_orders()
    thread.join(PATIENCE)
    assert Hold.objects.count() == 1
    order.refresh_from_db()
    assert order.name == "", "it was under way before the hold was confirmed"


@pytest.mark.fault("K08")
def test_who_releases_waits_for_the_hold_that_is_being_placed(member: User) -> None:
    order = GuestOrderFactory(placed_at=DAY)

    worker = Aside(sweep_orders)
    placed_while_it_waits(worker, member, order)
    assert order.name


@pytest.mark.fault("R14")
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_who_waited_reads_the_hold_that_was_placed_whatever_the_isolation(
    member: User, isolation: str
) -> None:
    """What such a transaction reads is older than the lock that it waited for: it is begun again."""
    order = GuestOrderFactory(placed_at=DAY)
    worker = Aside(at(isolation, sweep_orders))
    placed_while_it_waits(worker, member, order)
    assert order.name


@pytest.mark.fault("R14")
@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_an_erasure_that_waited_keeps_to_the_hold_whatever_the_isolation(
    member: User, isolation: str
) -> None:
    person = people.person_of(make_customer(email="racing@example.com"), now=NOW)
    order = Order.objects.filter(customer__email="racing@example.com").earliest("pk")
    worker = Aside(at(isolation, partial(erase, person, how="link", now=NOW)))
    placed_while_it_waits(worker, member, order)
    assert Person.objects.get(pk=person.pk).erased_at is not None
    assert order.name


@pytest.mark.fault("Q04")
def test_a_hold_on_a_person_who_is_being_erased_is_refused_and_does_not_deadlock(member: User) -> None:
    user = make_customer(email="racing@example.com")
    person: Person = people.person_of(user, now=NOW)
    thread = Aside(partial(placing, member, person=person))
    with transaction.atomic():
        erase(person, how="account", now=NOW)
        thread.start()
        until_it_waits(thread)
    thread.join(PATIENCE)
    assert "was erased" in thread.refused
    assert not Hold.objects.exists()
    assert not Order.objects.exclude(name="").exists()
