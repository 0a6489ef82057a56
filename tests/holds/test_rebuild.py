"""A restored dump may be older than a dispute: the ledger knows of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.forms.models import model_to_dict

from django_rgpd.holds.lifting import lift
from django_rgpd.holds.placing import review
from django_rgpd.holds.rebuild import rebuild
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job
from django_rgpd.registry.holds import restricted
from django_rgpd.registry.models import Hold, Person
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

Holder = Callable[..., Hold]


@pytest.mark.fault("K08")
def test_a_hold_that_the_dump_does_not_have_stands_again(
    hold: Holder, person: Person, user: User, member: User, now: datetime
) -> None:
    later = now + timedelta(days=9)
    whole = hold(person, kind="restriction", purposes=["offers"])
    row = hold(Order.objects.filter(customer=user)[0])
    review(row, reason="Still open", review_on=date(2026, 11, 2), by=member, now=later)
    gone = hold(Order.objects.filter(customer=user)[1])
    lift(gone, reason="Settled", by=member, now=now)
    own = {"exclude": ["id", "reason"]}
    before = {one.uuid: model_to_dict(one, **own) for one in Hold.objects.filter(lifted_at=None)}
    Hold.objects.all().delete()
    events = Event.objects.count()

    assert rebuild(now=later) == 2

    assert {one.uuid: model_to_dict(one, **own) for one in Hold.objects.all()} == before
    assert {whole.uuid, row.uuid} == set(before)
    assert Event.objects.count() == events


def test_a_hold_that_was_lifted_after_the_dump_ends(
    hold: Holder, person: Person, member: User, now: datetime
) -> None:
    placed = hold(person)
    lift(placed, reason="Settled", by=member, now=now)
    Hold.objects.update(lifted_at=None, lifted_by="")
    assert rebuild(now=now) == 1
    assert Hold.objects.get().lifted_at == now


@pytest.mark.fault("K08")
@pytest.mark.parametrize("known", [False, True], ids=["placed after the dump", "announced after the dump"])
def test_an_end_that_was_announced_comes_on_the_day_that_she_was_told(
    hold: Holder, person: Person, member: User, now: datetime, known: bool
) -> None:
    placed = hold(person, kind="restriction")
    lift(placed, reason="Settled", by=member, now=now)
    placed.refresh_from_db()
    Job.objects.all().delete()
    if known:
        Hold.objects.update(ends_at=None)
    else:
        Hold.objects.all().delete()

    assert rebuild(now=now + timedelta(days=2)) == 1
    assert rebuild(now=now + timedelta(days=3)) == 0

    found = Hold.objects.get()
    assert (found.uuid, found.ends_at, found.lifted_at) == (placed.uuid, placed.ends_at, None)
    run_due(now=now + timedelta(days=6))
    assert restricted(person.uuid)
    run_due(now=now + timedelta(days=7))
    assert not restricted(person.uuid)


def test_where_nothing_is_missing_nothing_changes(hold: Holder, person: Person, now: datetime) -> None:
    hold(person)
    before = snapshot()
    assert rebuild(now=now) == 0
    assert not changed(before, snapshot())


def test_a_row_that_the_dump_does_not_have_is_not_held_nor_is_another_of_its_key(
    hold: Holder, user: User, now: datetime
) -> None:
    """Keys are given again after a restore: a new order must not inherit the dispute of one that was lost."""
    gone, later = (OrderFactory(customer=user, placed_at=now) for _ in range(2))
    for order in (gone, later):
        hold(order)
    Hold.objects.all().delete()
    gone.delete()
    Order.objects.filter(pk=later.pk).update(placed_at=now + timedelta(days=1))

    assert rebuild(now=now) == 0
    assert not Hold.objects.exists()
