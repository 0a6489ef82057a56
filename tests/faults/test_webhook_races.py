"""A mail provider tells something while something else happens, on PostgreSQL, where both really run side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from django_rgpd.consent import decisions, kinds, rebuild
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.models import Engagement
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person
from example_shop.newsletter.letter import send_letter
from tests.faults.side_by_side import during_erasure, together
from tests.marketing import providers
from tests.marketing.providers import CLICKED, COMPLAINED, HARD, OPENED, UNSUBSCRIBED, News, post

pytest.importorskip("anymail")
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

HOUR = timedelta(hours=1)
WHEN = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)


@pytest.fixture
def reader(settings) -> Person:
    """Ada, who reads the newsletter and agreed that openings are seen."""
    settings.ANYMAIL = providers.ANYMAIL
    since = WHEN - timedelta(days=30)
    address = people.prove(people.note("email", "ada@example.com", now=since), how="click", now=since)
    person = Person.objects.get(pk=address.person_id)
    decisions.give(person, "newsletter", "email", how="account", now=since)
    decisions.give(person, "openings", "", how="account", now=since)
    return person


def tell(kind: str, at: datetime = WHEN) -> int:
    return int(post(Client(), "postmark", News(kind=kind, at=at)).status_code)


@pytest.mark.fault("H05")
def test_the_same_told_eight_times_at_once_is_told_once(reader: Person) -> None:
    assert together(*[lambda: tell(COMPLAINED)] * 8) == [200] * 8
    assert Event.objects.filter(kind=kinds.OBJECTED).count() == 1
    assert together(*[lambda: tell(OPENED)] * 8) == [200] * 8
    assert Engagement.objects.count() == 1


@pytest.mark.fault("R08")
def test_of_a_complaint_and_an_agreement_at_once_the_later_in_time_counts(reader: Person) -> None:
    def agree() -> object:
        return decisions.confirm(
            reader.uuid, "newsletter", "email", how="double_optin", now=clock.now(), at=WHEN + HOUR
        )

    together(lambda: tell(COMPLAINED), agree, lambda: tell(COMPLAINED))
    assert decisions.may_send(reader, "newsletter", "email", now=clock.now())
    assert not list(rebuild.compare())


@pytest.mark.fault("R09")
def test_a_complaint_while_a_letter_is_written_down_keeps_it_from_leaving(
    reader: Person, mailoutbox: list
) -> None:
    from django_rgpd.outbox.deliver import run_due

    now = clock.now()
    together(lambda: send_letter([reader], now=now), lambda: tell(COMPLAINED))
    assert not decisions.may_send(reader, "newsletter", "email", now=clock.now())
    run_due(now=clock.now() + HOUR)
    assert mailoutbox == []


@pytest.mark.fault("R07")
@pytest.mark.parametrize("kind", [COMPLAINED, UNSUBSCRIBED, HARD, CLICKED, OPENED])
def test_what_is_told_during_an_erasure_waits_and_then_is_about_nobody(reader: Person, kind: str) -> None:
    assert during_erasure(reader, lambda: tell(kind)) == 200
    assert not Engagement.objects.exists()
    assert not Event.objects.filter(how="processor:postmark").exists()
    assert Person.objects.get(pk=reader.pk).last_contact is None
    assert not Address.objects.filter(unreachable_at__isnull=False).exists()
