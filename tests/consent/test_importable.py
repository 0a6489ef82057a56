"""Which addresses of a list from elsewhere may be taken over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.consent import decisions, importable, suppress
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person, Suppression
from example_shop.factories import UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
NEWS = ("newsletter", "email")


def verdict(address: str, now: datetime, key: tuple[str, str] = NEWS) -> str:
    return importable.verdicts("email", [address], *key, now=now)[address]


def test_a_list_is_asked_for_in_as_many_queries_as_one_address(
    make_person: MakePerson, now: datetime, django_assert_num_queries
) -> None:
    texts = [f"p{number}@example.com" for number in range(60)]
    for number, text in enumerate(texts[:40]):
        found = make_person(text)
        if number % 2:
            decisions.refuse_all(found, how="link", now=now)
    for text in texts[50:]:
        suppress.suppress("email", text, reason=suppress.ASKED, now=now)
    with django_assert_num_queries(3):
        found = importable.verdicts("email", texts, *NEWS, now=now)
    assert list(found) == texts
    assert [found[text] for text in texts[:4]] == ["ok", "refused", "ok", "refused"]
    assert {found[text] for text in texts[40:50]} == {"ok"}
    assert {found[text] for text in texts[50:]} == {"suppressed"}


@pytest.mark.fault("R08")
@pytest.mark.parametrize("by_account", [False, True])
def test_whoever_was_erased_comes_back_only_by_herself(
    make_person: MakePerson, now: datetime, by_account: bool
) -> None:
    user = UserFactory(email="bea@example.com") if by_account else None
    person = make_person("bea@example.com", user=user, proven=not by_account)
    if by_account:
        Address.objects.all().delete()  # the account's own address alone, which nobody proved
    erase(person, now=now, how="account")
    assert verdict("bea@example.com", now + HOUR) == "erased"
    assert verdict("cleo@example.com", now + HOUR) == "ok"
    noted = people.note("email", "bea@example.com", now=now + HOUR)
    before = Event.objects.count()
    with pytest.raises(Refused):
        decisions.import_(noted.person, *NEWS, how="import", now=now + HOUR)
    assert Event.objects.count() == before
    assert verdict("bea@example.com", now + HOUR) == "erased", "somebody typed it"
    people.prove(noted, how="click", now=now + 2 * HOUR)
    assert verdict("bea@example.com", now + 2 * HOUR) == "ok"
    assert decisions.import_(noted.person, *NEWS, how="import", now=now + 2 * HOUR)


def test_the_digest_of_an_account_that_went_does_not_keep_its_mailbox_from_anybody(
    make_person: MakePerson, now: datetime
) -> None:
    """Somebody else's address stood in the account: whose it is can still sign up, be written to, and confirm."""
    person = make_person("mine@example.com", user=UserFactory(email="someone@example.com"))
    erase(person, now=now, how="account", choices={"suppress": True})
    assert verdict("someone@example.com", now) == "erased"
    assert suppress.standing("email", "mine@example.com", now=now) is not None
    assert suppress.standing("email", "someone@example.com", now=now) is None
    other = people.prove(people.note("email", "someone@example.com", now=now), how="click", now=now)
    decisions.confirm(other.person, *NEWS, how="double_optin", now=now)
    assert decisions.may_send(other.person, *NEWS, now=now)


@pytest.mark.fault("R08")
def test_what_was_said_about_another_purpose_does_not_count(person: Person, now: datetime) -> None:
    decisions.withdraw(person, "offers", "sms", how="link", now=now)
    suppress.suppress("email", "cleo@example.com", reason=suppress.OBJECTED, now=now, purpose="offers")
    assert verdict("ada@example.com", now) == verdict("cleo@example.com", now) == "ok"
    assert verdict("cleo@example.com", now, ("offers", "email")) == "suppressed"
    decisions.object_to(person, "newsletter", "", how="link", now=now)
    assert verdict("ada@example.com", now) == "refused"


@pytest.mark.fault("R08")
def test_a_suppression_holds_under_new_keys_and_until_its_term(now: datetime, db: None, settings) -> None:
    end = now + relativedelta(months=36)
    suppress.suppress("email", "ada@example.com", reason=suppress.OBJECTED, now=now, until=end)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 40, *settings.RGPD["DIGEST_KEYS"])}
    assert verdict("ada@example.com", end - HOUR) == "suppressed"
    assert verdict("ada@example.com", end) == "ok"


def test_each_verdict_has_words_and_none_names_an_address() -> None:
    assert set(importable.WORDS) == {"ok", "suppressed", "erased", "refused"}
    assert not any("@" in str(words) for words in importable.WORDS.values())


def test_nothing_of_an_address_is_written_by_asking(now: datetime, db: None) -> None:
    verdict("ada@example.com", now)
    assert not Address.objects.exists()
    assert not Suppression.objects.exists()
