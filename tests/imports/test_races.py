"""Imports at the same moment as a person who decides herself: what she says stands."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import transaction

from django_rgpd.consent import decisions, kinds, rebuild, suppress
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.imports import batches
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import campaigns
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person
from tests.faults.side_by_side import at_once
from tests.imports import conftest
from tests.imports.conftest import good, sheet

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def confirmed(content: bytes, now: datetime) -> ConsentImport:
    """An import whose job waits."""
    batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    assert batches.confirm(batch.uuid, actor="user:1", now=now)
    return batch


@pytest.mark.parametrize("attempt", range(3))
def test_who_objects_while_the_import_runs_has_objected(
    attempt: int, wording: Wording, now: datetime
) -> None:
    """Whichever of the two has her lock first."""
    person = people.prove(people.note("email", "p0@example.com", now=now), how="click", now=now).person
    confirmed(sheet(*[good(f"p{number}@example.com") for number in range(20)]), now)

    later = now + timedelta(minutes=1)
    at_once(
        lambda: conftest.work(now),
        lambda: decisions.object_to(person, "newsletter", "email", how="link", now=later),
    )

    row = ConsentState.objects.get(person=person.uuid)
    assert row.standing == Standing.OBJECTED
    assert row.address is None
    assert not decisions.may_send(person, "newsletter", "email", now=later)
    assert list(rebuild.compare()) == []


def test_who_signs_up_while_the_import_makes_her_is_one_person(wording: Wording, now: datetime) -> None:
    """The address is one entry, whoever inserted it first, and the import's end is a whole one."""
    addresses = [f"p{number}@example.com" for number in range(20)]
    batch = confirmed(sheet(*[good(address) for address in addresses]), now)

    at_once(
        lambda: conftest.work(now),
        lambda: [people.note("email", address, now=now) for address in reversed(addresses)],
    )

    batch.refresh_from_db()
    assert batch.stage == Stage.DONE
    assert batch.taken + sum(batch.changed.values()) == 20
    assert Address.objects.count() == 20
    assert not Person.objects.filter(addresses__isnull=True).exists()
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == batch.taken == ConsentState.objects.count()
    assert list(rebuild.compare()) == []


def test_two_workers_and_two_clicks_take_each_line_once(wording: Wording, now: datetime) -> None:
    """Also where two imports of the same file run side by side."""
    content = sheet(*[good(f"p{number}@example.com") for number in range(30)])
    first, second = (
        batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
        for _ in range(2)
    )
    conftest.work(now)

    clicks = [lambda uuid=one.uuid: batches.confirm(uuid, actor="user:1", now=now) for one in (first, second)]
    at_once(*clicks * 2)
    at_once(*[lambda: conftest.work(now)] * 3)
    conftest.work(now + timedelta(minutes=5))

    assert Event.objects.filter(kind=kinds.IMPORTED).count() == 30
    assert ConsentState.objects.filter(live=True).count() == 30
    assert Person.objects.count() == Address.objects.count() == 30
    assert set(ConsentImport.objects.values_list("stage", flat=True)) == {Stage.DONE}


@pytest.mark.promise("P14")
def test_who_is_listed_while_the_import_makes_her_gets_no_campaign(
    wording: Wording, now: datetime, mailoutbox: list[EmailMessage]
) -> None:
    """Neither transaction sees the other: the list is entered for an address that is nobody's yet."""
    texts = {"en": {"subject": "Lanterns", "text": "Hello!"}}
    batch = confirmed(sheet(good("p0@example.com"), good("p1@example.com")), now)
    with transaction.atomic():
        suppress.suppress("email", "p0@example.com", reason=suppress.OBJECTED, now=now)
        at_once(lambda: conftest.work(now))
    batch.refresh_from_db()
    assert (batch.stage, batch.taken) == (Stage.DONE, 2)

    later = now + timedelta(minutes=1)
    campaigns.start(campaigns.draft("November", "newsletter", texts, now=later), now=later)
    for minutes in (1, 2):
        run_due(now=later + timedelta(minutes=minutes))

    assert [one.to for one in mailoutbox] == [["p1@example.com"]]
