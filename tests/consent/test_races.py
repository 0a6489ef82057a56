"""Decisions at the same moment: the person's lock lets them come one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from django_rgpd.consent import decisions, kinds, rebuild
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import double_optin
from django_rgpd.outbox import deliver
from django_rgpd.registry.models import Person
from tests.faults.side_by_side import at_once

from .conftest import MakePerson

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
NEWS = ("newsletter", "email")


@pytest.mark.fault("L09")
def test_eight_unsubscriptions_at_once_are_one_event(make_person: MakePerson, now: datetime) -> None:
    person = make_person()
    decisions.give(person, *NEWS, how="account", now=now)
    later = now + timedelta(hours=1)
    at_once(*[lambda: decisions.leave(person.uuid, *NEWS, how="one_click", now=later)] * 8)
    assert Event.objects.filter(kind=kinds.WITHDRAWN).count() == 1
    assert not ConsentState.objects.get().live


def test_giving_and_leaving_at_once_leave_a_state_that_the_events_say(
    make_person: MakePerson, now: datetime
) -> None:
    person = make_person()
    acts = [
        lambda: decisions.give(person.uuid, *NEWS, how="account", now=now),
        lambda: decisions.withdraw(person.uuid, *NEWS, how="link", now=now + timedelta(seconds=1)),
        lambda: decisions.refuse_all(person.uuid, how="account", now=now + timedelta(seconds=2)),
    ]
    at_once(*acts * 2)
    assert not list(rebuild.compare())
    assert not decisions.may_send(Person.objects.get(), *NEWS, now=now + timedelta(seconds=3))


@pytest.mark.fault("T06")
def test_two_clicks_at_once_confirm_once(now: datetime, mailoutbox: list) -> None:
    from django_rgpd.consent import wordings

    moment = clock.now()
    agreed = {"newsletter": wordings.freeze(wordings.current("newsletter", "en"))}
    double_optin.ask("ada@example.com", agreed, now=moment, form="newsletter", language="en")
    deliver.run_due(now=moment)
    (message,) = mailoutbox
    token = str(message.body).partition("/confirm/")[2].partition("/")[0]
    at_once(*[lambda: double_optin.confirm(token, now=moment)] * 4)
    assert Event.objects.filter(kind=kinds.CONFIRMED).count() == 1
    assert ConsentState.objects.get().live
