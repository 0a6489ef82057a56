"""The plan: one statement that says what goes, what stays and until when, and changes nothing."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.erasure.plan import plan
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, make_customer, make_guest

pytestmark = pytest.mark.django_db


def test_the_plan_says_what_goes(person: Person, now: datetime) -> None:
    """Every model with rows of hers, with the fields in the shop's words."""
    goes = {line.model: line for line in plan(people.subject(person), now=now).goes}

    assert {"accounts.User", "accounts.Address", "orders.Order", "wishes.Wish"} <= set(goes)
    assert goes["accounts.User"].rows == 1
    assert goes["orders.Order"].label == "Your orders"
    assert "street" in goes["orders.Order"].fields
    assert "invoices.Invoice" not in goes


def test_the_plan_says_what_stays_why_and_until_when(person: Person, now: datetime) -> None:
    """Ten years from the end of the fiscal year of the invoice."""
    (line, *others) = plan(people.subject(person), now=now).stays

    assert not others
    assert line.model == "invoices.Invoice"
    assert line.rows == 2
    assert line.purpose == "accounting"
    assert line.law == "Code de commerce, L123-22"
    assert line.first_until == line.last_until == date(2036, 12, 31)


def test_the_plan_says_what_an_open_order_holds(user: User, person: Person, now: datetime) -> None:
    """The order's fields until the day on which it should be delivered; everything else goes."""
    OrderFactory(customer=user, open=True, placed_at=now)

    found = plan(people.subject(person), now=now)

    (line,) = [one for one in found.open if one.model == "orders.Order"]
    assert line.rows == 1
    assert line.until == date(2026, 5, 22)
    assert line.at_most == date(2026, 7, 11)
    assert found.open_until == date(2026, 5, 22)
    assert {one.model: one.rows for one in found.goes}["orders.Order"] == 2


def test_guest_orders_of_a_proven_address_come_along(user: User, person: Person, now: datetime) -> None:
    """Those of an address that nobody proved do not."""
    make_guest(user.email.upper(), orders=2)
    make_guest("somebody.else@example.com", orders=1)

    rows = {line.model: line.rows for line in plan(people.subject(person), now=now).goes}

    assert rows["orders.Order"] == 4


def test_an_address_takes_no_order_of_another_account(user: User, person: Person, now: datetime) -> None:
    """An order that has an account is that account's, whatever address stands on it."""
    other = make_customer(orders=0)
    OrderFactory(customer=other, guest_email=user.email)

    rows = {line.model: line.rows for line in plan(people.subject(person), now=now).goes}

    assert rows["orders.Order"] == 2


def test_the_plan_asks_what_becomes_of_reviews(person: Person, now: datetime) -> None:
    """With the shop's words, and what a silent answer means."""
    (ask,) = plan(people.subject(person), now=now).asks

    assert (ask.key, ask.rows, ask.default_keep) == ("reviews", 1, False)


def test_the_plan_says_what_is_left_of_rows_that_stay(person: Person, now: datetime) -> None:
    subject = people.subject(person)
    rests = {line.label: line.rest for line in plan(subject, now=now).goes}
    assert (rests["Your orders"], rests["Your reviews"], rests["Your wish list"]) == ("facts", "", "")
    kept = plan(subject, now=now, choices={"reviews": "keep"})
    assert {line.label: line.rest for line in kept.goes}["Your reviews"] == "kept"


def test_the_plan_is_one_statement_and_changes_nothing(person: Person, now: datetime) -> None:
    """Whatever it asks; another one asks whether anything is held."""
    subject = people.subject(person)
    before = snapshot()

    with CaptureQueriesContext(connection) as queries:
        plan(subject, now=now)

    assert len(queries) == 2
    assert not changed(before, snapshot())


def test_two_plans_compare_by_what_they_say(user: User, person: Person, now: datetime) -> None:
    """The same while nothing changed, another one after an order."""
    subject = people.subject(person)
    first = plan(subject, now=now)

    assert plan(subject, now=now).digest == first.digest

    OrderFactory(customer=user)

    assert plan(subject, now=now).digest != first.digest


def test_the_plan_as_json_holds_nothing_personal(user: User, person: Person, now: datetime) -> None:
    """It is kept with the erasure."""
    text = str(plan(people.subject(person), now=now).as_json())

    for value in (user.email, user.last_name, user.phone):
        assert value not in text


def test_somebody_without_data_has_an_empty_plan(now: datetime) -> None:
    """A person known by nothing."""
    nobody = Person.objects.create(created_at=now)

    found = plan(people.subject(nobody), now=now)

    assert not found.goes
    assert not found.stays
