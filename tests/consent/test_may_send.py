"""Whether a message may go: per person, purpose, channel and moment, with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.consent import decisions, permission, suppress
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import GuestOrderFactory, OrderFactory, UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
OFFERS = ("offers", "email")
NEWS = ("newsletter", "email")


@pytest.fixture
def customer(make_person: MakePerson, now: datetime) -> Person:
    """Someone with an account who paid an order a month ago, and was offered a way out then."""
    user = UserFactory(email="dana@example.com")
    person = make_person("dana@example.com", user=user)
    OrderFactory(
        customer=user, placed_at=now - relativedelta(months=1), paid_at=now - relativedelta(months=1)
    )
    decisions.inform(person, *OFFERS, how="checkout", now=now - relativedelta(months=1))
    people.contact(person.uuid, at=now - relativedelta(months=1))
    return Person.objects.get(pk=person.pk)


def test_nothing_is_sent_to_someone_of_whom_nothing_is_known_but_an_address(
    person: Person, now: datetime
) -> None:
    for key in (NEWS, OFFERS, ("offers", "sms")):
        assert not decisions.may_send(person, *key, now=now)
    assert decisions.may_send(person, *NEWS, now=now).reason == permission.NO_BASIS


@pytest.mark.promise("P10")
def test_consent_is_a_reason(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    answer = decisions.may_send(person, *NEWS, now=now)
    assert (answer.yes, answer.reason, answer.basis) == (True, "consent", "consent")
    assert answer.words
    assert answer.address is not None
    assert "ada@" not in repr(answer)


@pytest.mark.promise("P14")
def test_a_recent_customer_may_get_offers_for_similar_products(customer: Person, now: datetime) -> None:
    answer = decisions.may_send(customer, *OFFERS, now=now)
    assert (answer.yes, answer.reason, answer.basis) == (True, "customer", "legitimate interest")
    assert not decisions.may_send(customer, *NEWS, now=now)


@pytest.mark.promise("P14")
def test_a_customer_who_objected_gets_no_offers(customer: Person, now: datetime) -> None:
    decisions.object_to(customer, *OFFERS, how="link", now=now)
    assert decisions.may_send(customer, *OFFERS, now=now).reason == permission.REFUSED


@pytest.mark.promise("P14")
def test_a_sale_carries_offers_for_three_years_to_the_day(customer: Person, now: datetime) -> None:
    last = now + relativedelta(years=3, months=-1)
    people.contact(customer.uuid, at=last - relativedelta(days=2))
    customer.refresh_from_db()
    assert decisions.may_send(customer, *OFFERS, now=last - timedelta(days=1))
    assert decisions.may_send(customer, *OFFERS, now=last).reason == permission.NO_BASIS
    decisions.give(customer, *OFFERS, how="account", now=last)
    assert decisions.may_send(customer, *OFFERS, now=last).reason == permission.CONSENT


@pytest.mark.promise("P14")
@pytest.mark.fault("Q01")
def test_an_account_without_a_paid_order_is_no_customer(make_person: MakePerson, now: datetime) -> None:
    user = UserFactory(email="emil@example.com")
    person = make_person("emil@example.com", user=user)
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    OrderFactory(customer=user, placed_at=now, paid_at=None, status="placed")
    assert decisions.may_send(person, *OFFERS, now=now).reason == permission.NO_BASIS


def test_a_sale_without_a_way_out_carries_nothing(make_person: MakePerson, now: datetime) -> None:
    user = UserFactory(email="fay@example.com")
    person = make_person("fay@example.com", user=user)
    OrderFactory(customer=user, placed_at=now, paid_at=now)
    assert decisions.may_send(person, *OFFERS, now=now).reason == permission.NO_BASIS


def test_a_guest_is_a_customer_by_a_proven_address_alone(make_person: MakePerson, now: datetime) -> None:
    GuestOrderFactory(guest_email="gus@example.com", placed_at=now, paid_at=now)
    person = make_person("gus@example.com", proven=False)
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    assert decisions.may_send(person, *OFFERS, now=now).reason == permission.NO_ADDRESS
    people.prove(people.note("email", "gus@example.com", now=now), how="click", now=now)
    assert decisions.may_send(person, *OFFERS, now=now)


@pytest.mark.promise("P24")
def test_use_stops_on_the_day_on_which_the_term_is_over(person: Person, now: datetime) -> None:
    decisions.give(person, *OFFERS, how="account", now=now)
    end = now + relativedelta(years=3)
    assert decisions.may_send(person, *OFFERS, now=end - timedelta(days=1))
    assert decisions.may_send(person, *OFFERS, now=end).reason == permission.TERM_OVER
    people.contact(person.uuid, at=now + HOUR * 24)
    person.refresh_from_db()
    assert decisions.may_send(person, *OFFERS, now=end)


def test_an_erased_or_unknown_person_gets_nothing(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    uuid = person.uuid
    Person.objects.filter(pk=person.pk).update(erased_at=now)
    assert decisions.may_send(uuid, *NEWS, now=now).reason == permission.ERASED
    Person.objects.all().delete()
    assert decisions.may_send(uuid, *NEWS, now=now).reason == permission.ERASED


@pytest.mark.promise("P23")
@pytest.mark.parametrize(
    "key", [("orders", ""), ("orders", "email"), ("nothing", "email"), ("newsletter", "sms")]
)
def test_what_is_no_marketing_of_the_policy_does_not_pass_this_door(
    person: Person, now: datetime, key: tuple[str, str]
) -> None:
    assert decisions.may_send(person, *key, now=now).reason == permission.NOT_MARKETING


def test_a_suppression_forbids_what_a_state_would_allow(person: Person, now: datetime, settings) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    suppress.suppress("email", "ada@example.com", reason=suppress.ASKED, now=now)
    assert decisions.may_send(person, *NEWS, now=now).reason == permission.SUPPRESSED
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 40, *settings.RGPD["DIGEST_KEYS"])}
    assert decisions.may_send(person, *NEWS, now=now).reason == permission.SUPPRESSED


@pytest.mark.fault("R08")
def test_a_fresh_choice_lifts_a_suppression_for_what_was_chosen_alone(
    customer: Person, now: datetime
) -> None:
    suppress.suppress("email", "dana@example.com", reason=suppress.ASKED, now=now - HOUR)
    decisions.give(customer, *NEWS, how="account", now=now)
    assert decisions.may_send(customer, *NEWS, now=now)
    assert decisions.may_send(customer, *OFFERS, now=now).reason == permission.REFUSED
    assert suppress.standing("email", "dana@example.com", now=now) is None


def test_letters_go_by_a_consent_or_a_sale_without_an_email_address(
    make_person: MakePerson, now: datetime
) -> None:
    user = UserFactory(email="hal@example.com")
    person = make_person("hal@example.com", user=user, proven=False)
    assert not decisions.may_send(person, "offers", "post", now=now)
    decisions.give(person, "offers", "post", how="account", now=now)
    assert decisions.may_send(person, "offers", "post", now=now)


def test_texts_go_to_the_phone_that_the_person_gave(person: Person, now: datetime) -> None:
    decisions.give(person, "offers", "sms", how="account", now=now)
    assert decisions.may_send(person, "offers", "sms", now=now).reason == permission.NO_ADDRESS
    people.note("phone", "+33 6 12 34 56 78", person=person, now=now)
    assert decisions.may_send(person, "offers", "sms", now=now)
