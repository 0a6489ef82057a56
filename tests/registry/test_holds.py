"""Holds and what is unsettled as the rule asks them: in WHERE and in CASE WHEN, for rows, followers and people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db.models import Q

from django_rgpd.policy import Occasion, days, years
from django_rgpd.registry import Follows, Unsettled, Who, holds, people, rule
from django_rgpd.registry.conditions import ALWAYS
from django_rgpd.registry.models import Hold
from django_rgpd.registry.order import models_read
from example_shop.accounts.models import User
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order

from .conftest import personal
from .test_rule import DUE, falls

pytestmark = pytest.mark.usefixtures("own_policy", "no_consents")

SINCE = datetime(2025, 6, 1, tzinfo=UTC)
CLOCK = {"clocks": {"contract": "placed_at"}}


def hold(**about: Any) -> holds.Holds:
    """Let a dispute stand."""
    told = {"kind": "dispute", "reason": "x", "owner": "1", "since": SINCE, "review_on": date(2027, 1, 1)}
    Hold.objects.create(**{**told, **about})
    return holds.standing()


@pytest.mark.parametrize("occasion", Occasion, ids=str)
def test_whatever_the_occasion_a_held_row_keeps_its_fields(declare, order, occasion):
    entry = declare(**CLOCK)
    order(number="held")
    order(number="free")
    standing = hold(label="orders.Order", key=str(Order.objects.get(number="held").pk))
    field = personal("contract")
    free = falls(entry, field, occasion, DUE)
    assert falls(entry, field, occasion, DUE, holds=standing) == free - {"held"}


def test_a_hold_is_about_the_purposes_that_it_names(declare, order):
    entry = declare(clocks={"contract": "placed_at", "interest": "placed_at"})
    held = order(number="held")
    standing = hold(label="orders.Order", key=str(held.pk), purposes=["interest"])
    assert falls(entry, personal("contract"), Occasion.TERM, DUE, holds=standing) == {"held"}
    assert falls(entry, personal("contract", "interest"), Occasion.TERM, DUE, holds=standing) == set()


def test_rows_that_follow_a_held_row_are_held_forwards_and_backwards(declare, order, customer):
    declare(**CLOCK)
    invoice = declare(Invoice, people={"buyer": Who(user="order__customer")}, unsettled=Follows("order"))
    account = declare(type(customer), people={"buyer": Who(user="pk")}, open_business=Follows("orders"))
    other = User.objects.create_user("other@example.com")
    held, free = order(number="held", customer=customer), order(number="free", customer=other)
    for number, one in enumerate((held, free)):
        Invoice.objects.create(
            order=one, number=str(number), issued_on=SINCE, total=1, terms_accepted_on=SINCE
        )
    standing = hold(label="orders.Order", key=str(held.pk))
    field = personal("contract")

    def kept(entry):
        condition = rule.kept(entry, field, now=DUE, holds=standing)
        return entry.model._base_manager.filter(condition)

    assert kept(invoice).get().order == held
    assert kept(account).get() == customer


def test_each_person_of_a_row_is_held_alone(declare, order, customer):
    """The buyer's dispute holds the buyer's fields; the recipient of the gift is somebody else."""
    entry = declare(people={"buyer": Who(user="customer"), "recipient": Who(email="gift_email")}, **CLOCK)
    order(number="gift", customer=customer, gift_email="gift@example.com")
    standing = hold(person=people.person_of(customer, now=SINCE).uuid)
    mine, theirs = personal("contract"), personal("contract", of="recipient")
    assert falls(entry, mine, Occasion.TERM, DUE, holds=standing) == set()
    assert falls(entry, theirs, Occasion.TERM, DUE, holds=standing) == {"gift"}


def test_many_people_are_asked_of_in_one_condition(declare, order, customer):
    """A condition does not grow deeper with their number: SQLite ends at a thousand."""
    entry = declare(**CLOCK)
    order(number="held", customer=customer)
    order(number="free")
    for number in range(1_200):
        user = User(email=f"held-{number}@example.com")
        User.objects.bulk_create([user])
        hold_of = people.person_of(user, now=SINCE)
        Hold.objects.create(
            kind="dispute", reason="x", owner="1", since=SINCE, review_on=SINCE, person=hold_of.uuid
        )
    standing = hold(person=people.person_of(customer, now=SINCE).uuid)
    assert falls(entry, personal("contract"), Occasion.TERM, DUE, holds=standing) == {"free"}


def test_the_tables_of_the_library_are_never_held(declare, customer):
    from django_rgpd.registry.models import Person

    entry = declare(Person, people={"subject": Who(person="uuid")})
    standing = hold(person=people.person_of(customer, now=SINCE).uuid)
    assert rule.kept(entry, personal("contract"), now=DUE, holds=standing) == ~ALWAYS


@pytest.mark.parametrize("occasion", [Occasion.TERM, Occasion.ERASURE], ids=str)
def test_what_is_unsettled_keeps_what_it_needs(declare, order, occasion):
    entry = declare(**CLOCK, unsettled=Unsettled(Q(status="placed"), reason="unpaid", purposes=["contract"]))
    order(number="unpaid", status="placed")
    order(number="paid")
    assert falls(entry, personal("contract"), occasion, DUE) == {"paid"}
    assert falls(entry, personal("marketing"), Occasion.ERASURE, DUE) == {"unpaid", "paid"}


def test_a_claim_without_a_day_is_never_barred(declare, order):
    told = Unsettled(Q(status="placed"), reason="unpaid", since="paid_at", at_most=days(30))
    entry = declare(**CLOCK, unsettled=told)
    order(number="barred", status="placed", paid_at=SINCE)
    order(number="no day", status="placed")
    assert falls(entry, personal("contract"), Occasion.TERM, DUE) == {"barred"}


def test_what_decides_on_an_unsettled_row_is_read_before_it_goes(declare):
    since = {"since": "invoice__issued_on", "at_most": years(5)}
    declare(unsettled=Unsettled(Q(lines__quantity__gt=0), reason="unpaid", **since))
    follower = declare(Invoice, unsettled=Follows("order"))
    labels = {model._meta.label for model in models_read(follower)}
    assert {"orders.Order", "orders.OrderLine", "invoices.Invoice"} <= labels
