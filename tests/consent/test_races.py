"""Decisions at the same moment: the person's lock lets them come one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection

from django_rgpd.consent import decisions, kinds, rebuild
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import double_optin
from django_rgpd.outbox import deliver
from django_rgpd.registry.models import Person

from .conftest import MakePerson

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]
NEWS = ("newsletter", "email")


def _at_once(*acts: Callable[[], object]) -> None:
    gate = threading.Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            gate.wait(timeout=30)
            act()
        except BaseException as error:  # noqa: BLE001 - told below, in the test's own thread
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert errors == []


@pytest.mark.fault("L09")
def test_eight_unsubscriptions_at_once_are_one_event(make_person: MakePerson, now: datetime) -> None:
    person = make_person()
    decisions.give(person, *NEWS, how="account", now=now)
    later = now + timedelta(hours=1)
    _at_once(*[lambda: decisions.leave(person.uuid, *NEWS, how="one_click", now=later)] * 8)
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
    _at_once(*acts * 2)
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
    _at_once(*[lambda: double_optin.confirm(token, now=moment)] * 4)
    assert Event.objects.filter(kind=kinds.CONFIRMED).count() == 1
    assert ConsentState.objects.get().live
