"""The state can be written anew from the ledger, and what differs is found; the rule asks it who agreed."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_rgpd.consent import decisions, rebuild, state
from django_rgpd.consent.audience import audience
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import addresses
from django_rgpd.outbox import daily
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import agreed, registry
from django_rgpd.registry.models import Person, Suppression
from example_shop.factories import ReviewFactory, UserFactory
from example_shop.reviews.models import Review

from .conftest import MakePerson

HOUR = timedelta(hours=1)


def _tampered(person: Person, now: datetime) -> None:
    decisions.give(person, "newsletter", "email", how="account", now=now)
    decisions.refuse_all(person, how="account", now=now + HOUR)
    decisions.give(person, "offers", "post", how="account", now=now + 2 * HOUR)
    ConsentState.objects.filter(purpose="newsletter").update(standing="live", live=True)
    ConsentState.objects.filter(purpose="offers").delete()
    ConsentState.objects.create(
        person=person.uuid,
        purpose="offers",
        channel="sms",
        standing="live",
        live=True,
        since=now,
        event=person.uuid,
    )


def test_rgpd_consents_names_what_differs_and_mends_it(person: Person, now: datetime) -> None:
    _tampered(person, now)
    out = StringIO()
    with pytest.raises(CommandError, match="3 consents differ"):
        call_command("rgpd_consents", stdout=out)
    assert {line.split(":")[0] for line in out.getvalue().splitlines()} == {"other", "missing", "too many"}
    assert "example.com" not in out.getvalue()
    call_command("rgpd_consents", rebuild=True, stdout=out)
    assert not list(rebuild.compare())
    assert not decisions.may_send(person, "newsletter", "email", now=now + 3 * HOUR)
    assert not state.live(person, "offers", "sms")
    assert state.live(person, "offers", "post")
    call_command("rgpd_consents", stdout=out)


def test_a_row_of_nobody_is_found_and_goes(person: Person, now: datetime) -> None:
    decisions.give(person, "newsletter", "email", how="account", now=now)
    Person.objects.all().delete()
    assert [one.what for one in rebuild.compare()] == ["nobody's"]
    assert rebuild.rebuild() == 1
    assert not ConsentState.objects.exists()


def test_comparing_costs_by_batch_and_not_by_person(
    make_person: MakePerson, now: datetime, django_assert_num_queries
) -> None:
    for number in range(12):
        person = make_person(f"p{number}@example.com")
        decisions.give(person, "newsletter", "email", how="account", now=now)
    with django_assert_num_queries(8):
        assert not list(rebuild.compare())


def test_the_rule_learns_which_rows_are_agreed_to(make_person: MakePerson, now: datetime) -> None:
    users = [UserFactory(email=f"u{number}@example.com") for number in range(2)]
    reviews = [ReviewFactory(author=user) for user in users]
    entry = registry.of(Review)
    assert entry is not None
    person = make_person("u0@example.com", user=users[0])
    decisions.give(person, "reviews", "", how="form", now=now)

    def agreed_now() -> list[int]:
        condition = agreed.live(entry, entry.main_role, "reviews", now=now)
        return list(Review._base_manager.filter(condition).values_list("pk", flat=True))

    assert agreed_now() == [reviews[0].pk]
    decisions.withdraw(person, "reviews", "", how="form", now=now + HOUR)
    assert agreed_now() == []


@pytest.mark.promise("P14")
def test_a_night_brings_copies_in_line_that_no_transaction_wrote(
    make_person: MakePerson, now: datetime
) -> None:
    """One that a migration left empty, one of somebody who was listed at the same moment, one that is right."""
    for name in ("empty", "listed", "right"):
        decisions.give(make_person(f"{name}@example.com"), "newsletter", "email", how="account", now=now)
    ConsentState.objects.filter(address="empty@example.com").update(address=None)
    digest = addresses.digest("email", "listed@example.com")
    Suppression.objects.create(digest=digest.hex, key_id=digest.key_id, reason="asked", since=now)
    assert len(list(rebuild.compare())) == 2

    assert "daily.consent.copies" in daily.put_today(now=now)
    run_due(now=now, names=frozenset({"daily.consent.copies"}))

    assert not list(rebuild.compare())
    assert set(audience("newsletter", "email", now=now).values_list("address", flat=True)) == {
        "empty@example.com",
        "right@example.com",
    }
