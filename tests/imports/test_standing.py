"""Which addresses of a list may be taken over: the one rule."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.consent import decisions, suppress
from django_rgpd.erasure.execute import erase
from django_rgpd.imports import reasons, standing
from django_rgpd.imports.judging import Consent
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Kind, Person
from example_shop.factories import UserFactory

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NEWS, OFFERS = ("newsletter", "email"), ("offers", "email")


def reasons_of(*texts: str, now: datetime, key: tuple[str, str] = NEWS, kind: Kind = Kind.EMAIL) -> list[str]:
    """Why a consent of yesterday may not be taken over for each of them, or nothing."""
    lines = [Consent(number, text, now - HOUR, "form", "0") for number, text in enumerate(texts)]
    left = dict(standing.leavers(kind=kind, key=key))
    found = standing.verdicts(lines, kind, key, now=now, left=lambda digest: left.get(digest, ""))
    assert [one.consent for one in found] == lines
    return [one.reason for one in found]


def reason(text: str, now: datetime, key: tuple[str, str] = NEWS) -> str:
    """The same of one address."""
    return reasons_of(text, now=now, key=key)[0]


def guest(text: str, now: datetime) -> Person:
    """Who has proven an address."""
    return people.prove(people.note("email", text, now=now), how="click", now=now).person


def test_a_list_is_asked_for_in_as_many_queries_as_one_address(
    now: datetime, django_assert_num_queries
) -> None:
    texts = [f"p{number}@example.com" for number in range(60)]
    for number, text in enumerate(texts[:40]):
        found = guest(text, now)
        if number % 2:
            decisions.refuse_all(found, how="link", now=now)
    for text in texts[50:]:
        suppress.suppress("email", text, reason=suppress.ASKED, now=now)
    lines = [Consent(number, text, now, "form", "0") for number, text in enumerate(texts)]
    with django_assert_num_queries(3):
        standing.verdicts(lines, Kind.EMAIL, NEWS, now=now, left=lambda digest: "")
    expected = ["", reasons.REFUSED] * 20 + [""] * 10 + [reasons.SUPPRESSED] * 10
    assert reasons_of(*texts, now=now) == expected


@pytest.mark.fault("R08")
@pytest.mark.parametrize("by_account", [False, True])
def test_no_list_brings_back_who_was_erased_whatever_became_of_her_address_since(
    now: datetime, by_account: bool
) -> None:
    """Only what she says herself does: her old consent was erased with her."""
    person = guest("bea@example.com", now)
    if by_account:
        person = people.person_of(UserFactory(email="bea@example.com"), now=now)
        Address.objects.all().delete()  # the account's own address alone, which nobody proved
    erase(person, now=now, how="account")
    assert reasons_of("bea@example.com", "cleo@example.com", now=now + HOUR) == [reasons.ERASED, ""]
    noted = people.note("email", "bea@example.com", now=now + HOUR)
    assert reason("bea@example.com", now + HOUR) == reasons.ERASED, "somebody typed it"
    people.prove(noted, how="click", now=now + HOUR)
    assert reason("bea@example.com", now + HOUR) == reasons.ERASED, "she is back, and was not asked"
    decisions.confirm(noted.person, *NEWS, how="double_optin", now=now + 2 * HOUR)
    assert reason("bea@example.com", now + 2 * HOUR) == reasons.KNOWN


@pytest.mark.fault("R08")
def test_the_digest_of_an_account_that_went_does_not_keep_its_mailbox_from_anybody(now: datetime) -> None:
    """Somebody else's address stood in the account: whose it is can still sign up, be written to, and confirm."""
    person = people.person_of(UserFactory(email="someone@example.com"), now=now)
    people.prove(people.note("email", "mine@example.com", person=person, now=now), how="click", now=now)
    erase(person, now=now, how="account", choices={"suppress": True})
    assert reason("someone@example.com", now) == reasons.ERASED
    assert suppress.standing("email", "mine@example.com", now=now) is not None
    assert suppress.standing("email", "someone@example.com", now=now) is None
    other = guest("someone@example.com", now)
    decisions.confirm(other, *NEWS, how="double_optin", now=now)
    assert decisions.may_send(other, *NEWS, now=now)


@pytest.mark.fault("R08")
def test_who_left_stays_out_when_somebody_types_her_forgotten_address_again(now: datetime) -> None:
    """The event of her leaving names the digest; an entry that nobody decided by since says nothing against it."""
    person = guest("ada@example.com", now)
    decisions.give(person, *NEWS, how="form", now=now)
    decisions.withdraw(person, *NEWS, how="link", now=now)
    Address.objects.all().delete()
    assert reason("ada@example.com", now + HOUR) == reasons.REFUSED
    noted = people.note("email", "ada@example.com", now=now + HOUR)
    assert reason("ada@example.com", now + HOUR) == reasons.REFUSED
    people.prove(noted, how="click", now=now + HOUR)
    assert reason("ada@example.com", now + HOUR) == reasons.REFUSED
    assert reason("ada@example.com", now + HOUR, OFFERS) == ""


@pytest.mark.fault("R08")
def test_who_was_erased_stays_out_where_only_the_ledger_knows_of_her(now: datetime) -> None:
    """A restored dump may be older than she is: her event came back from the mirror, her rows did not."""
    erase(guest("ada@example.com", now), now=now, how="link")
    Person.objects.all().delete()
    assert reason("ada@example.com", now + HOUR) == reasons.ERASED
    people.note("email", "ada@example.com", now=now + HOUR)
    assert reason("ada@example.com", now + HOUR) == reasons.ERASED


@pytest.mark.fault("R08")
def test_what_was_said_about_another_purpose_does_not_count(now: datetime) -> None:
    person = guest("ada@example.com", now)
    decisions.withdraw(person, "offers", "sms", how="link", now=now)
    suppress.suppress("email", "cleo@example.com", reason=suppress.OBJECTED, now=now, purpose="offers")
    assert reasons_of("ada@example.com", "cleo@example.com", now=now) == ["", ""]
    assert reason("cleo@example.com", now, OFFERS) == reasons.SUPPRESSED
    decisions.object_to(person, "newsletter", "", how="link", now=now)
    assert reason("ada@example.com", now) == reasons.REFUSED


@pytest.mark.fault("R08")
def test_a_suppression_holds_under_new_keys_and_until_its_term(now: datetime, settings) -> None:
    end = now + relativedelta(months=36)
    suppress.suppress("email", "ada@example.com", reason=suppress.OBJECTED, now=now, until=end)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 40, *settings.RGPD["DIGEST_KEYS"])}
    assert reason("ada@example.com", end - HOUR) == reasons.SUPPRESSED
    assert reason("ada@example.com", end) == ""


@pytest.mark.fault("R08")
def test_a_phone_of_who_was_erased_is_not_taken_from_a_list_either(now: datetime) -> None:
    """Also where somebody gave it since."""
    person = guest("ada@example.com", now)
    people.note("phone", "+33612345678", person=person, now=now)
    erase(person, now=now, how="link")
    other = guest("bea@example.com", now)
    people.note("phone", "+33612345678", person=other, now=now)
    found = reasons_of("+33612345678", now=now, key=("offers", "sms"), kind=Kind.PHONE)
    assert found == [reasons.ERASED]
