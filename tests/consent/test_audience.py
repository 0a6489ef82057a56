"""The audience of a mailing: the same people, addresses and reasons as ``may_send`` gives one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import CommandError, call_command

from django_rgpd.consent import by_staff, decisions, rebuild, suppress, wordings
from django_rgpd.consent.audience import audience, left_out
from django_rgpd.consent.models import ConsentState
from django_rgpd.erasure.execute import erase
from django_rgpd.holds import placing
from django_rgpd.outbox import door
from django_rgpd.registry import people, unreachable
from django_rgpd.registry.models import Person
from django_rgpd.retention.addresses import forget_addresses
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


@pytest.mark.parametrize(
    "tampered",
    [
        {"address": "eve@example.com"},
        {"address": None},
        {"agreed_with": "eve@example.com"},
        {"silent_until": datetime(2030, 1, 1, tzinfo=UTC)},
        {"user_key": "7"},
        {"expires_at": datetime(2030, 1, 1, tzinfo=UTC)},
        {"standing": "informed", "live": False},
    ],
    ids=lambda one: next(iter(one)),
)
def test_rgpd_verify_names_a_copy_that_was_tampered_with_and_says_no_address(
    reader: Person, now: datetime, tampered: dict[str, object]
) -> None:
    before = of(NEWS, now)
    ConsentState.objects.update(**tampered)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("rgpd_verify", stderr=said, stdout=said)
    assert str(reader.uuid) in said.getvalue()
    assert "example.com" not in said.getvalue()
    call_command("rgpd_consents", rebuild=True, stdout=said)
    assert of(NEWS, now) == before
    assert not list(rebuild.compare())


@pytest.mark.fault("Q02")
def test_a_text_about_one_purpose_makes_no_consent_to_another(person: Person, now: datetime) -> None:
    about_news = wordings.current("newsletter", "en", now=now)
    with pytest.raises(ValueError, match="another purpose"):
        decisions.give(person, *OFFERS, how="account", wording=about_news, now=now)
    assert not ConsentState.objects.exists()
    decisions.give(person, *NEWS, how="account", wording=about_news, now=now)
    assert len(of(NEWS, now)) == 1
    for key in (OFFERS, ("offers", "sms"), ("offers", "post")):
        assert of(key, now) == []


def test_a_row_carries_no_address_once_she_left_or_was_erased(make_person: MakePerson, now: datetime) -> None:
    left, gone = make_person("left@example.com"), make_person("gone@example.com")
    decisions.give(left, *NEWS, how="account", now=now)
    decisions.inform(gone, *OFFERS, how="checkout", now=now)
    assert set(ConsentState.objects.values_list("address", flat=True)) == {
        "left@example.com",
        "gone@example.com",
    }
    decisions.withdraw(left, *NEWS, how="link", now=now + HOUR)
    erase(gone, how="account", now=now + HOUR)
    assert set(ConsentState.objects.values_list("address", "agreed_with", "user_key")) == {(None, None, None)}
    assert not list(rebuild.compare())


def test_an_address_that_is_forgotten_is_on_no_row_any_more(make_person: MakePerson, now: datetime) -> None:
    """A guest who was only offered a way out, and of whom nothing else is left."""
    person = make_person("guest@example.com")
    decisions.inform(person, *OFFERS, how="checkout", now=now)
    assert forget_addresses(now=now + relativedelta(days=30)) == 1
    assert ConsentState.objects.get().address is None


@pytest.mark.fault("R08")
def test_neither_staff_nor_a_renewal_lifts_a_suppression(reader: Person, now: datetime, admin_user) -> None:
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now)
    decisions.renew(reader, *NEWS, how="link", now=now + HOUR)
    decisions.inform(reader, *OFFERS, how="checkout", now=now + HOUR)
    by_staff.record_objection(
        *ADA, way=by_staff.LETTER, said_at=now, by=admin_user, now=now + HOUR, purpose="offers"
    )
    assert of(NEWS, now + HOUR) == []
    assert suppress.standing(*ADA, now=now + relativedelta(months=36)) is not None
    decisions.confirm(reader, *NEWS, how="double_optin", now=now + 2 * HOUR)
    assert len(of(NEWS, now + 2 * HOUR)) == 1


@pytest.mark.fault("R08")
def test_an_objection_outlives_its_person_for_36_months_and_new_keys(
    reader: Person, now: datetime, settings
) -> None:
    decisions.object_to(reader, "", "", how="link", now=now)
    erase(reader, how="account", now=now + HOUR)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 40, *settings.RGPD["DIGEST_KEYS"])}
    last = now + relativedelta(months=36)
    assert suppress.standing(*ADA, now=last, purpose="newsletter", channel="email") is not None
    back = people.prove(people.note(*ADA, now=last - HOUR), how="click", now=last - HOUR)
    assert of(NEWS, last) == []
    decisions.confirm(back.person, *NEWS, how="double_optin", now=last)
    assert [row[0] for row in of(NEWS, last)] == ["ada@example.com"]


def test_why_the_others_are_left_out_is_counted_whatever_their_number(
    make_person: MakePerson, now: datetime, admin_user, django_assert_num_queries
) -> None:
    names = ["reads", "left", "unproven", "listed", "for a while", "restricted", "gone", "silent"]
    crowd = {name: make_person(f"{name.replace(' ', '')}@example.com") for name in names}
    for person in crowd.values():
        decisions.give(person, *OFFERS, how="account", now=now)
    long_ago = now - relativedelta(years=4)
    decisions.withdraw(crowd["left"], *OFFERS, how="link", now=now)
    unreachable.stop("email", "unproven@example.com", at=now + HOUR, now=now + HOUR)
    suppress.suppress("email", "listed@example.com", reason=suppress.ASKED, now=now)
    for_a_while = {"reason": suppress.OBJECTED, "until": now + relativedelta(years=1)}
    suppress.suppress("email", "forawhile@example.com", now=now, **for_a_while)
    review = now.date() + relativedelta(days=9)
    placing.place(
        "restriction", person=crowd["restricted"], reason="asked", review_on=review, by=admin_user, now=now
    )
    erase(crowd["gone"], how="account", now=now + HOUR)
    Person.objects.filter(pk=crowd["silent"].pk).update(last_contact=long_ago, created_at=long_ago)
    ConsentState.objects.filter(person=crowd["silent"].uuid).update(since=long_ago)
    with django_assert_num_queries(5):  # the restrictions that stand and who was merged, twice; the counts
        counted = left_out(*OFFERS, now=now + HOUR)
    assert counted == {
        "refused": 1, "no_address": 1, "suppressed": 2, "restricted": 1, "erased": 1, "term_over": 1,
    }  # fmt: skip
    assert left_out("offers", "post", now=now) == left_out("nothing", "email", now=now) == {}
