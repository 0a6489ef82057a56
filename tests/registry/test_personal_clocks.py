"""Clocks that the person carries, and bases that hold for customers only."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db.models import Q

from django_rgpd.policy import Occasion
from django_rgpd.registry import Sales, Who, agreed, people, rule
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.orders.models import Order

from .conftest import personal

pytestmark = pytest.mark.usefixtures("own_policy", "no_consents")

OLD = datetime(2025, 1, 1, 12, tzinfo=UTC)
NEW = datetime(2025, 7, 1, 12, tzinfo=UTC)
DUE = datetime(2026, 1, 1, 12, tzinfo=UTC)


def falls(entry, purpose, now=DUE, occasion=Occasion.TERM):
    condition = rule.released(entry, personal(purpose), occasion, now=now)
    return set(entry.model._base_manager.filter(condition).values_list("pk", flat=True))


def user(name, contact=None):
    found = User.objects.create_user(f"{name}@example.com")
    if contact:
        people.contact(people.person_of(found, now=OLD).uuid, at=contact)
    return found


@pytest.mark.django_db
def test_an_account_falls_when_the_last_contact_is_long_ago(declare):
    entry = declare(User, people={"self": Who(user="pk")})
    silent, _recent, _never = user("silent", OLD), user("recent", NEW), user("never")
    assert falls(entry, "account") == {silent.pk}
    assert falls(entry, "account", datetime(2025, 12, 31, 12, tzinfo=UTC)) == set()
    account = rule.purpose_of(entry, "account")
    start = User.objects.annotate(start=rule.due(entry, account)).get(pk=silent.pk).start
    assert rule.until(account, start) == DUE.date()


def test_a_contact_moves_forward_only_and_merged_people_move_along(customer):
    person = people.person_of(customer, now=OLD)
    people.contact(person.uuid, at=NEW)
    people.contact(person.uuid, at=OLD)
    person.refresh_from_db()
    assert person.last_contact == NEW


def test_a_row_found_by_address_has_the_contact_of_who_has_the_address(declare, order):
    entry = declare()
    guest = people.note("email", "Marie@Example.com", now=OLD)
    people.contact(guest.person.uuid, at=OLD)
    hers = order(guest_email="MARIE@example.com ")
    order(guest_email="paul@example.com")
    assert falls(entry, "account") == {hers.pk}
    people.contact(guest.person.uuid, at=NEW)
    assert falls(entry, "account") == set()


def test_an_address_says_nothing_where_the_row_has_an_account(declare, order, customer):
    entry = declare()
    guest = people.note("email", "marie@example.com", now=OLD)
    people.contact(guest.person.uuid, at=OLD)
    order(guest_email="marie@example.com", customer=customer)
    assert falls(entry, "account") == set()


def test_a_column_goes_before_the_persons_clock(declare, order, customer):
    people.contact(people.person_of(customer, now=OLD).uuid, at=NEW)
    row = order(customer=customer)
    assert falls(declare(), "account") == set()
    assert falls(declare(clocks={"account": "placed_at"}), "account") == {row.pk}


@pytest.fixture
def shop(declare, db):
    """Orders declared as sales, and the messages of the contact form."""
    declare(sales=Sales(paid_at="paid_at", where=~Q(status="cancelled")))
    return declare(ContactMessage, people={"sender": Who(user="user", email="email")})


def message(name, **fields):
    return ContactMessage.objects.create(email=f"{name}@example.com", subject="s", text="t", **fields)


def test_a_basis_for_customers_holds_for_who_bought_lately(shop, order):
    buyer, once, cancelled, never = user("buyer"), user("once"), user("cancelled"), user("never")
    order(customer=buyer, paid_at=NEW)
    order(customer=buyer, paid_at=OLD)
    order(customer=once, paid_at=OLD)
    order(customer=cancelled, paid_at=NEW, status="cancelled")
    rows = {one: message("x", user=one).pk for one in (buyer, once, cancelled, never)}
    assert falls(shop, "offers", NEW) == {rows[once], rows[cancelled], rows[never]}
    # Six months after 1 July it is over, on the day itself.
    assert rows[buyer] not in falls(shop, "offers", datetime(2025, 12, 31, 12, tzinfo=UTC))
    assert rows[buyer] in falls(shop, "offers", DUE)


def test_a_consent_carries_where_the_interest_does_not(shop):
    row = message("x", user=user("never"))
    agreed.register(lambda entry, role, key, *, now: Q(email="x@example.com"))
    assert falls(shop, "offers", NEW) == set()
    assert falls(shop, "offers", NEW, Occasion.ERASURE) == {row.pk}


def test_a_guest_is_a_customer_by_address_where_neither_row_has_an_account(shop, order, customer):
    order(guest_email="Guest@example.com", paid_at=NEW)
    guest = message("guest")
    account = message("guest", user=customer)
    assert falls(shop, "offers", NEW) == {account.pk}
    # The account proves the address: the guest's order is hers as well.
    people.prove(
        people.note("email", "guest@example.com", person=people.person_of(customer, now=OLD), now=OLD),
        how="click",
        now=OLD,
    )
    assert falls(shop, "offers", NEW) == set()
    assert guest.pk != account.pk


def test_a_term_may_count_from_the_last_sale(shop, order):
    once, again, never = user("once"), user("again"), user("never")
    order(customer=once, paid_at=OLD)
    order(customer=again, paid_at=OLD)
    order(customer=again, paid_at=NEW)
    rows = {one: message("x", user=one).pk for one in (once, again, never)}
    assert falls(shop, "customer", DUE) == {rows[once]}
    assert falls(shop, "customer", datetime(2025, 12, 31, 12, tzinfo=UTC)) == set()


def test_a_sale_is_not_anothers(shop, order, customer):
    other = user("paul")
    order(customer=other, guest_email="marie@example.com", paid_at=NEW)
    row = message("marie", user=customer)
    guest = message("marie")
    assert falls(shop, "offers", NEW) == {row.pk, guest.pk}
    assert Order.objects.count() == 1
