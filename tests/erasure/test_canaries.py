"""The canary sweep: of everything planted in a customer's rows nothing sings afterwards, but on her invoices."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.plan import plan
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from django_rgpd.testing import Canaries, assert_erased, changed, snapshot, sweep
from example_shop.accounts.models import User
from example_shop.factories import UserFactory, make_customer, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order


def drain(now: datetime) -> None:
    """Do all that is due, the second pass too."""
    for minutes in (0, 11, 22):
        run_due(now=now + timedelta(minutes=minutes))


@pytest.mark.promise("P32")
@pytest.mark.django_db(transaction=True)
def test_no_canary_is_left_but_on_the_invoices(
    user: User, person: Person, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """Every declared text of hers is unique, and is looked for everywhere, in every disguise."""
    canaries = Canaries()
    email = canaries.email("login")
    User.objects.filter(pk=user.pk).update(email=email)
    user.refresh_from_db()
    people.prove(people.note("email", email, person=person, now=now), how="link", now=now)
    make_guest(email, orders=1)
    assert canaries.plant(people.subject(person)) > 20
    client = Client()
    client.force_login(user)
    client.get("/account/")
    user.groups.add(Group.objects.create(name="testers"))
    assert len(sweep(canaries)) > 20

    erase(person, how="account", now=now)
    drain(now)

    assert_erased(person, canaries=canaries, allow=["invoices.Invoice"], logs=caplog.text, now=now)
    assert {one.place for one in sweep(canaries, mails=False)} <= {"invoices.Invoice"}
    assert [message.to for message in mail.outbox] == [[email]]


@pytest.mark.django_db
def test_nothing_of_a_bystander_moves(user: User, person: Person, bystander: User, now: datetime) -> None:
    """Whatever changed belongs to the person who is erased, or to the library's own books."""
    make_guest("other-guest@example.com")
    hers = {
        "accounts.User": {str(user.pk)},
        "accounts.Address": _keys(user.addresses),
        "accounts.RelativeBirthday": _keys(user.birthdays),
        "orders.Order": _keys(user.orders),
        "payments.Payment": {str(pk) for pk in user.orders.values_list("payments", flat=True)},
        "shop_reviews.Review": _keys(user.reviews),
    }
    before = snapshot()

    erase(person, how="account", now=now)

    moved = changed(before, snapshot())
    for label, keys in moved.items():
        if label in hers:
            assert keys <= hers[label]
        else:
            assert label.startswith("django_rgpd.") or label in {
                "wishes.Wish",
                "contact.ContactMessage",
                "basket.Basket",
            }
    assert "invoices.Invoice" not in moved


@pytest.mark.django_db
def test_invoices_keep_their_bytes_and_their_sequence(user: User, person: Person, now: datetime) -> None:
    """SHA-256 of each PDF and of each row."""
    before = [_fingerprint(invoice) for invoice in Invoice.objects.order_by("number")]

    erase(person, how="account", now=now)

    assert [_fingerprint(invoice) for invoice in Invoice.objects.order_by("number")] == before
    assert len(before) == 2


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["plan", "erase"])
def test_the_number_of_statements_does_not_grow_with_the_orders(now: datetime, what: str) -> None:
    """One order or forty: the same statements; the plan is one, and one asks for holds."""
    counts = {number: _statements(number, what, now=now) for number in (1, 40)}

    assert len(set(counts.values())) == 1, counts
    if what == "plan":
        assert counts[1] == 2


@pytest.mark.django_db
def test_a_thousand_orders_take_the_statements_of_one(now: datetime) -> None:
    """The same, where they are many."""
    one = _statements(1, "erase", now=now)
    customer = make_customer(orders=1)
    Order.objects.bulk_create(
        Order(
            number=f"X{index:06d}",
            customer=customer,
            name="Somebody",
            street="1 rue du Test",
            terms_accepted_on=now.date(),
            total=1,
            status="delivered",
        )
        for index in range(1000)
    )

    assert _count(customer, "erase", now=now) == one
    assert not Order.objects.exclude(name="").exists()


@pytest.mark.django_db
def test_a_table_with_nothing_of_hers_costs_no_statement(now: datetime) -> None:
    """What the plan counted nothing of, in the same transaction, is not touched."""
    make_customer(email="bystander@example.com")
    customer = UserFactory()
    person = people.person_of(customer, now=now)
    with CaptureQueriesContext(connection) as queries:
        erase(person, how="account", now=now)

    written = [one["sql"] for one in queries if one["sql"].startswith(("UPDATE", "DELETE"))]
    tables = ("orders_order", "shop_reviews", "invoices_", "payments_", "contact_", "wishes_", "basket_")
    own = (
        "_signin",
        "_consentstate",
        "_exportrequest",
        "_challenge",
        "_suppression",
        'UPDATE "django_rgpd_job',
    )
    assert not [sql for sql in written for table in (*tables, *own) if table in sql.split(" WHERE ")[0]]
    assert not User.objects.filter(pk=customer.pk).exists()


def _statements(orders: int, what: str, *, now: datetime) -> int:
    return _count(make_customer(orders=orders), what, now=now)


def _count(customer: User, what: str, *, now: datetime) -> int:
    person = people.person_of(customer, now=now)
    subject = people.subject(person)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        if what == "plan":
            plan(subject, now=now)
        else:
            erase(person, how="account", now=now)
    return len(queries)


def _keys(rows: Any) -> set[str]:
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def _fingerprint(invoice: Invoice) -> tuple[str, str]:
    row = repr(sorted(Invoice.objects.filter(pk=invoice.pk).values()[0].items()))
    with invoice.pdf.open() as pdf:
        return hashlib.sha256(pdf.read()).hexdigest(), hashlib.sha256(row.encode()).hexdigest()
