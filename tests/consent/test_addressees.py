"""Many addresses asked about at once: the answers of ``may_send``, in a number of queries that does not grow."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.consent import addressees, decisions, suppress
from django_rgpd.outbox import door
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold, HoldKind, Person
from example_shop.factories import GuestOrderFactory, OrderFactory, UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
MONTH = relativedelta(months=1)
NEWS = ("newsletter", "email")
OFFERS = ("offers", "email")


@pytest.fixture
def crowd(make_person: MakePerson, now: datetime) -> dict[str, Person]:
    """Everyone about whom the answer differs, by her address."""
    found: dict[str, Person] = {}

    def somebody(name: str, **more: object) -> Person:
        email = f"{name}@example.com"
        found[email] = make_person(email, **more)
        return found[email]

    for name in ("agreed", "left", "refused", "suppressed", "restricted", "partly", "erased", "stale"):
        person = somebody(name)
        for key in (NEWS, OFFERS):
            decisions.give(person, *key, how="account", now=now - HOUR)
    decisions.leave(found["left@example.com"], *NEWS, how="link", now=now)
    decisions.refuse_all(found["refused@example.com"], how="link", now=now)
    suppress.suppress("email", "suppressed@example.com", reason=suppress.ASKED, now=now)
    for name, purposes in (("restricted", []), ("partly", ["offers"])):
        Hold.objects.create(
            kind=HoldKind.RESTRICTION, person=found[f"{name}@example.com"].uuid, purposes=purposes,
            reason="-", owner="-", since=now, review_on=now.date(),
        )  # fmt: skip
    Person.objects.filter(uuid=found["erased@example.com"].uuid).update(erased_at=now)
    old = {"last_contact": None, "created_at": now - relativedelta(years=4)}
    Person.objects.filter(uuid=found["stale@example.com"].uuid).update(**old)
    somebody("stranger")
    somebody("unproven", proven=False)
    for name, bought, offered in (("buyer", True, True), ("uninformed", True, False), ("idle", False, True)):
        user = UserFactory(email=f"{name}@example.com")
        person = somebody(name, user=user)
        if bought:
            OrderFactory(customer=user, placed_at=now - MONTH, paid_at=now - MONTH)
        if offered:
            decisions.inform(person, *OFFERS, how="checkout", now=now - MONTH)
    GuestOrderFactory(guest_email="Gus@Example.com", placed_at=now - MONTH, paid_at=now - MONTH)
    decisions.inform(somebody("gus"), *OFFERS, how="checkout", now=now - MONTH)
    GuestOrderFactory(
        guest_email="long@example.com", placed_at=now - MONTH, paid_at=now - relativedelta(years=4)
    )
    decisions.inform(somebody("long"), *OFFERS, how="checkout", now=now - MONTH)
    return found


@pytest.mark.promise("P10")
@pytest.mark.promise("P14")
@pytest.mark.parametrize("purpose", ["newsletter", "offers", "orders"])
def test_each_answer_is_that_of_may_send(crowd: dict[str, Person], now: datetime, purpose: str) -> None:
    asked = addressees.ask(crowd, purpose, now=now)
    one_by_one = {
        email: decisions.may_send(person.uuid, purpose, "email", now=now) for email, person in crowd.items()
    }
    assert {email: found.answer for email, found in asked.items()} == one_by_one
    if purpose == "offers":
        assert len({answer.reason for answer in one_by_one.values()}) >= 7


def test_an_address_that_nobody_has_gets_nothing(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    asked = addressees.ask(["ada@example.com", "nobody@example.com"], "newsletter", now=now)
    assert {email: found.answer.reason for email, found in asked.items()} == {
        "ada@example.com": "consent",
        "nobody@example.com": "no_address",
    }


def test_an_address_that_she_left_is_hers_no_longer(
    person: Person, make_person: MakePerson, now: datetime
) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    other = make_person("second@example.com")
    people.prove(people.note("email", "third@example.com", person=other, now=now), how="click", now=now)
    people.prove(people.note("email", "ada@example.com", person=other, now=now), how="click", now=now)
    asked = addressees.ask(["ada@example.com"], "newsletter", now=now)["ada@example.com"]
    assert asked.person is not None
    assert asked.answer.yes is decisions.may_send(asked.person, *NEWS, now=now).yes


def test_a_shut_door_answers_for_all(person: Person, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    monkeypatch.setattr(door, "_watches", [lambda: "An older dump."])
    assert (
        addressees.ask(["ada@example.com"], "newsletter", now=now)["ada@example.com"].answer.reason == "shut"
    )


def test_the_number_of_queries_does_not_grow_with_the_addresses(
    make_person: MakePerson, now: datetime
) -> None:
    emails = [f"p{number}@example.com" for number in range(24)]
    for email in emails:
        user = UserFactory(email=email)
        decisions.inform(make_person(email, user=user), *OFFERS, how="checkout", now=now - MONTH)
        OrderFactory(customer=user, placed_at=now - MONTH, paid_at=now - MONTH)
    counts = []
    for number in (2, 24):
        with CaptureQueriesContext(connection) as queries:
            asked = addressees.ask(emails[:number], "offers", now=now)
        assert {one.answer.reason for one in asked.values()} == {"customer"}
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1] < 16


@pytest.mark.fault("Q01")
def test_an_order_of_an_account_makes_no_customer_of_the_address_on_it(
    make_person: MakePerson, now: datetime
) -> None:
    user = UserFactory(email="dana@example.com")
    OrderFactory(customer=user, guest_email="gus@example.com", placed_at=now - MONTH, paid_at=now - MONTH)
    for person in (make_person("dana@example.com", user=user), make_person("gus@example.com")):
        decisions.inform(person, *OFFERS, how="checkout", now=now - MONTH)
    asked = addressees.ask(["dana@example.com", "gus@example.com"], "offers", now=now)
    assert [found.answer.reason for found in asked.values()] == ["customer", "no_basis"]
