"""Whose a row is."""

from __future__ import annotations

import unicodedata
from uuid import UUID, uuid4

import pytest
from django.db.models import Exists, OuterRef, Q

from django_rgpd.core.addresses import canonical
from django_rgpd.core.errors import Misconfigured
from django_rgpd.registry import Subject, Who, people, scope
from django_rgpd.registry.expressions import key_text
from django_rgpd.registry.models import Challenge, Person
from example_shop.accounts.models import Address, User
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order

MARIE = "marie@example.com"


def subject(user=None, *emails, uuids=(), phones=()):
    return Subject(
        uuids=uuids or (UUID(int=1),),
        user_key=user.pk if user else None,
        addresses={"email": frozenset(emails), "phone": frozenset(phones)},
    )


def numbers(entry, subject, role="buyer"):
    return {row.number for row in scope.rows(entry, role, subject)}


def test_rows_are_hers_by_account_and_by_proven_address(declare, order, customer):
    entry = declare()
    other = User.objects.create_user("paul@example.com")
    order(number="account", customer=customer)
    order(number="guest", guest_email=MARIE)
    order(number="another's", customer=other)
    order(number="another guest's", guest_email="paul@example.com")
    order(number="nobody's")
    assert numbers(entry, subject(customer, MARIE)) == {"account", "guest"}
    assert numbers(entry, subject(customer)) == {"account"}
    assert numbers(entry, subject(None, MARIE)) == {"guest"}
    assert numbers(entry, subject()) == set()
    assert len(scope.conditions(entry, "buyer", subject(customer, MARIE))) == 2
    assert scope.conditions(entry, "buyer", subject()) == []


@pytest.mark.fault("D17")
def test_an_address_never_takes_rows_of_another_account(declare, order, customer):
    """Somebody types Marie's address into an order of hers: whoever proves the address gets nothing of it."""
    entry = declare()
    other = User.objects.create_user("paul@example.com")
    order(number="Paul's", customer=other, guest_email=MARIE)
    assert numbers(entry, subject(customer, MARIE)) == set()
    assert numbers(entry, subject(other)) == {"Paul's"}


@pytest.mark.parametrize(
    "typed",
    [MARIE, "MARIE@Example.COM", " marie@example.com", "Marie@example.com "],
)
def test_an_address_is_found_however_the_shop_spells_it(declare, order, typed):
    entry = declare()
    order(number="hers", guest_email=typed)
    order(number="longer", guest_email=f"x{typed.strip()}")
    assert numbers(entry, subject(None, MARIE)) == {"hers"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("typed", ["élodie@example.com", "ÉLODIE@example.com"])
@pytest.mark.parametrize("domain", ["example.com", "straße.example.com"])
def test_letters_beyond_ascii_are_found_composed_or_not(declare, order, form, typed, domain):
    entry = declare()
    typed = typed.replace("example.com", domain)
    order(number="hers", guest_email=unicodedata.normalize(form, typed))
    assert numbers(entry, subject(None, canonical("email", typed))) == {"hers"}


def test_a_phone_is_found_however_it_is_punctuated(declare, order):
    entry = declare(people={"buyer": Who(phone="phone")})
    order(number="hers", phone="+33 (0)6.12-34 56 78")
    order(number="another's", phone="+33612345679")
    assert numbers(entry, subject(phones=["+33612345678"])) == {"hers"}


def test_a_path_through_another_table(declare, order, customer):
    entry = declare(Invoice, people={"buyer": Who(user="order__customer", email="order__guest_email")})
    other = User.objects.create_user("paul@example.com")

    def invoice(of):
        return Invoice.objects.create(
            number=of.number, order=of, issued_on="2025-01-01", terms_accepted_on="2025-01-01", total=1
        )

    invoice(order(number="account", customer=customer))
    invoice(order(number="guest", guest_email=MARIE))
    invoice(order(number="another's", customer=other, guest_email=MARIE))
    assert numbers(entry, subject(customer, MARIE)) == {"account", "guest"}
    condition = scope.rows(entry, "buyer", subject(customer, MARIE)).query.where
    assert condition
    for one in scope.conditions(entry, "buyer", subject(customer, MARIE)):
        assert Invoice._base_manager.filter(one).update(billing_name="x") == 1


def test_another_person_of_the_row_is_found_by_her_own_paths(declare, order, customer):
    entry = declare(people={"buyer": Who(user="customer"), "recipient": Who(email="gift_email")})
    order(number="gift", customer=customer, gift_email="ada@example.com")
    assert numbers(entry, subject(None, "ada@example.com"), "recipient") == {"gift"}
    assert numbers(entry, subject(None, "ada@example.com"), "buyer") == set()
    with pytest.raises(Misconfigured, match="no person called 'carrier'"):
        scope.rows(entry, "carrier", subject(customer))


def test_where_limits_the_rows(declare, order, customer):
    entry = declare(people={"buyer": Who(user="customer", where=Q(status="paid"))})
    order(number="A", customer=customer, status="paid")
    order(number="B", customer=customer)
    assert numbers(entry, subject(customer)) == {"A"}


@pytest.mark.django_db
def test_the_librarys_rows_are_found_by_every_uuid_of_hers(declare, now):
    entry = declare(Challenge, people={"subject": Who(person="person")})
    one, two = uuid4(), uuid4()
    for number, person in enumerate((one, two, uuid4(), None)):
        Challenge.objects.create(
            about="test", person=person, hashed=str(number), created_at=now, expires_at=now
        )
    found = scope.rows(entry, "subject", subject(uuids=(one, two)))
    assert {row.person for row in found} == {one, two}


@pytest.mark.django_db
def test_a_text_column_may_hold_the_accounts_key(declare, customer, now):
    person = people.person_of(customer, now=now)
    Person.objects.create(created_at=now)
    entry = declare(Person, people={"self": Who(user="user_key")})
    assert list(scope.rows(entry, "self", subject(customer))) == [person]


def test_a_backward_path_tells_rows_that_others_share(declare, order, customer):
    """Users reached from their orders' customers stand for any row that only others point to."""
    other = User.objects.create_user("paul@example.com")
    entry = declare(User, people={"friend": Who(user="addresses__user", email="orders__guest_email")})
    Address.objects.create(user=customer, name="M", street="s", postcode="p", city="c")
    Address.objects.create(user=customer, name="N", street="s", postcode="p", city="c")
    hers = subject(customer)
    assert list(scope.rows(entry, "friend", hers)) == [customer]
    assert not User.objects.filter(scope.shared(entry, "friend", hers)).exists()
    theirs = subject(other)
    assert list(User.objects.filter(scope.shared(entry, "friend", theirs))) == [customer]
    assert scope.shared(declare(), "buyer", hers) == Q(pk__in=[])


def test_one_statement_each_and_no_key_is_fetched(declare, order, customer, django_assert_num_queries):
    entry = declare()
    order(customer=customer)
    with django_assert_num_queries(2):
        for one in scope.conditions(entry, "buyer", subject(customer, MARIE)):
            Order._base_manager.filter(one).update(name="")


def test_a_uuid_key_is_compared_as_text_on_every_database(declare, now, db):
    """SQLite keeps a UUID without hyphens; Person.user_key has them."""

    person = Person.objects.create(created_at=now)
    Person.objects.create(created_at=now, user_key=str(person.uuid))
    key = key_text(OuterRef("uuid"), Person._meta.get_field("uuid"))
    assert list(Person.objects.filter(Exists(Person.objects.filter(user_key=key)))) == [person]
