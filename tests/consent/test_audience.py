"""The audience of a mailing: the same people, addresses and reasons as ``may_send`` gives one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.consent import decisions, rebuild, suppress
from django_rgpd.consent.audience import audience
from django_rgpd.consent.models import ConsentState
from django_rgpd.holds import placing
from django_rgpd.outbox import door
from django_rgpd.registry import people, unreachable
from django_rgpd.registry.models import Person
from example_shop.factories import OrderFactory, UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
NEWS = ("newsletter", "email")
OFFERS = ("offers", "email")
ADA = ("email", "ada@example.com")


def of(key: tuple[str, str], now: datetime) -> list[tuple[str | None, str, str]]:
    return list(audience(*key, now=now).values_list("address", "reason", "basis"))


@pytest.fixture
def reader(person: Person, now: datetime) -> Person:
    """Ada, who reads the newsletter."""
    decisions.give(person, *NEWS, how="account", now=now)
    return person


@pytest.mark.promise("P10")
def test_who_agreed_is_written_to_at_the_address_that_she_proved(reader: Person, now: datetime) -> None:
    (row,) = audience(*NEWS, now=now)
    assert (row.person, row.address) == (reader.uuid, "ada@example.com")
    assert (row.reason, row.basis) == ("consent", "consent")
    assert of(OFFERS, now) == []


def test_a_page_and_some_people_are_read_of_it(make_person: MakePerson, now: datetime) -> None:
    for number in range(5):
        decisions.give(make_person(f"p{number}@example.com"), *NEWS, how="account", now=now)
    whole = list(audience(*NEWS, now=now))
    assert [row.pk for row in audience(*NEWS, now=now).filter(pk__gt=whole[1].pk)[:2]] == [
        row.pk for row in whole[2:4]
    ]
    some = audience(*NEWS, now=now).filter(person__in=[whole[0].person, whole[3].person])
    assert [row.pk for row in some] == [whole[0].pk, whole[3].pk]


@pytest.mark.parametrize(
    "key", [("orders", "email"), ("newsletter", "sms"), ("nothing", "email"), ("newsletter", "")]
)
def test_what_is_no_marketing_has_no_audience(reader: Person, now: datetime, key: tuple[str, str]) -> None:
    assert list(audience(*key, now=now).values_list("person", "address", "reason", "basis")) == []


def test_while_the_door_is_shut_nobody_is_written_to(
    reader: Person, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_watches", [lambda: "an older dump was restored"])
    assert of(NEWS, now) == of(("offers", "post"), now) == []


def test_it_costs_one_query_whatever_stands(
    make_person: MakePerson, now: datetime, django_assert_num_queries
) -> None:
    for number in range(5):
        decisions.give(make_person(f"p{number}@example.com"), *NEWS, how="account", now=now)
    with django_assert_num_queries(2):  # the restrictions that stand, and the audience
        assert len(audience(*NEWS, now=now)) == 5


@pytest.mark.fault("R08")
def test_a_suppression_takes_effect_at_once_and_ends_with_its_term(reader: Person, now: datetime) -> None:
    end = now + relativedelta(years=3)
    suppress.suppress(*ADA, reason=suppress.OBJECTED, now=now, until=end)
    assert of(NEWS, now) == []
    assert of(NEWS, end - HOUR) == []
    assert len(of(NEWS, end)) == 1
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now)
    assert of(NEWS, end) == []
    assert not list(rebuild.compare())


def test_a_suppression_of_another_purpose_or_address_changes_nothing(reader: Person, now: datetime) -> None:
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now, purpose="offers")
    suppress.suppress("email", "bea@example.com", reason=suppress.ASKED, now=now)
    assert len(of(NEWS, now)) == 1


@pytest.mark.promise("P13")
def test_a_restriction_leaves_her_out_while_it_lasts(reader: Person, now: datetime, admin_user) -> None:
    asked = {"reason": "asked", "review_on": now.date() + relativedelta(days=9), "by": admin_user, "now": now}
    placing.place("restriction", person=reader, purposes=["offers"], **asked)
    assert len(of(NEWS, now)) == 1
    placing.place("restriction", person=reader, **asked)
    assert of(NEWS, now) == []


def test_an_address_that_bounced_for_good_is_not_written_to_until_it_is_proven_anew(
    reader: Person, now: datetime
) -> None:
    assert unreachable.stop(*ADA, at=now - HOUR, now=now) is None, "older than its proof"
    assert len(of(NEWS, now)) == 1
    address = unreachable.stop(*ADA, at=now + HOUR, now=now + HOUR)
    assert address is not None
    assert of(NEWS, now + HOUR) == []
    assert decisions.may_send(reader, *NEWS, now=now + HOUR).reason == "no_address"
    assert ConsentState.objects.get().agreed_with == "ada@example.com", "the consent stands"
    people.prove(address, how="click", now=now + 2 * HOUR)
    assert len(of(NEWS, now + 2 * HOUR)) == 1


def test_another_address_takes_its_place_where_one_bounced(reader: Person, now: datetime) -> None:
    people.prove(
        people.note("email", "second@example.com", person=reader, now=now), how="click", now=now + HOUR
    )
    assert [row[0] for row in of(NEWS, now + HOUR)] == ["second@example.com"]
    unreachable.stop("email", "second@example.com", at=now + 2 * HOUR, now=now + 2 * HOUR)
    assert [row[0] for row in of(NEWS, now + 2 * HOUR)] == ["ada@example.com"]
    answer = decisions.may_send(reader, *NEWS, now=now + 2 * HOUR)
    assert answer.address is not None
    assert answer.address.canonical == "ada@example.com"


def test_nothing_of_an_address_that_bounced_is_known_of_nobody(db: None, now: datetime) -> None:
    assert unreachable.stop("email", "nobody@example.com", at=now, now=now) is None


@pytest.mark.promise("P14")
def test_a_customer_who_was_offered_a_way_out_is_in_the_audience_of_offers(
    make_person: MakePerson, now: datetime
) -> None:
    user = UserFactory(email="dana@example.com")
    person = make_person("dana@example.com", user=user)
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    assert of(OFFERS, now) == [], "an account is no sale"
    OrderFactory(customer=user, placed_at=now, paid_at=now)
    assert of(OFFERS, now) == [("dana@example.com", "customer", "legitimate interest")]
    end = now + relativedelta(years=3)
    people.contact(person.uuid, at=now + HOUR * 30)
    assert len(of(OFFERS, end - HOUR * 24)) == 1
    assert of(OFFERS, end) == [], "the sale lies too far back"
    decisions.give(person, *OFFERS, how="account", now=now)
    assert of(OFFERS, now) == [("dana@example.com", "customer", "legitimate interest")]
    assert of(OFFERS, end) == [("dana@example.com", "consent", "consent")]


@pytest.mark.promise("P24")
def test_nobody_is_written_to_once_the_term_is_over(reader: Person, now: datetime) -> None:
    decisions.give(reader, *OFFERS, how="account", now=now)
    end = now + relativedelta(years=3)
    assert len(of(OFFERS, end - HOUR * 24)) == 1
    assert of(OFFERS, end) == []
    people.contact(reader.uuid, at=now + HOUR * 24)
    assert len(of(OFFERS, end)) == 1
