"""What happens while Mailchimp is told: whatever comes first there, in the end it holds what stands in the shop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.marketing import pulling, sync
from django_rgpd.outbox import deliver, door
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, mailchimp_many
from django_rgpd.processors.mailchimp import Mailchimp
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person
from tests.contracts.mailchimp.conftest import HOUR, KEY, MINUTE, NEWS, OTHER, address, run, standing
from tests.contracts.peers import mailchimp as peers

pytestmark = [pytest.mark.django_db, pytest.mark.fault("R08")]

Readers = Callable[[int], list[Person]]


def meanwhile(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, what: Callable[[], object]) -> None:
    """Have ``what`` happen once, just before the call ``name`` is made."""
    own, happened = getattr(where, name), []

    def then(*args: Any, **more: Any) -> Any:
        if not happened:
            happened.append(True)
            what()
        return own(*args, **more)

    monkeypatch.setattr(where, name, then)


def written_to(person: Person) -> bool:
    return bool(decisions.may_send(person, *KEY, now=clock.now()))


@pytest.mark.parametrize("number", [1, 4])
def test_who_agrees_while_they_are_told_to_stop_is_put_back(
    peer: Any,
    readers: Readers,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    """Of one alone, and of many. They would hold our own opt-out for hers, and the night would have it count here."""
    found = readers(number)
    run(now)
    for one in found:
        decisions.withdraw(one, *KEY, how="form", now=now - MINUTE)
    where, name = (Mailchimp, "opt_out") if number == 1 else (Mailchimp, "opt_out_many")
    before = clock.now() - timedelta(seconds=5)
    meanwhile(monkeypatch, where, name, lambda: decisions.give(found[0], *KEY, how="form", now=before))
    run(now)
    run(now, HOUR)
    run(now, 2 * HOUR)
    assert [standing(peer, each) for each in range(number)] == [
        "subscribed",
        *["unsubscribed"] * (number - 1),
    ]
    deliver.run_due(now=now + HOUR, names=frozenset({"daily.marketing.pull"}))
    pulling.ask(now=now + HOUR)
    deliver.run_due(now=now + 2 * HOUR, names=frozenset({calling.COMPARE}))
    assert written_to(found[0])


def test_an_opt_out_of_ours_that_is_to_be_taken_back_is_no_news_of_hers(
    peer: Any,
    readers: Readers,
    now: datetime,
) -> None:
    """The night reads it before she is put back; who left there later has left."""
    found = readers(2)
    later = (now + timedelta(seconds=5)).isoformat()
    for each, at in enumerate((now.isoformat(), later)):
        peer.hold(NEWS, address(each), status="unsubscribed", last_changed=at)
    Job.objects.all().delete()
    sync.put_back({one.uuid: [KEY[0]] for one in found}, "mailchimp", now=now + timedelta(seconds=1))
    pulling.ask(now=now)
    deliver.run_due(now=now, names=frozenset({calling.COMPARE}))
    assert [written_to(one) for one in found] == [True, False]
    run(now)
    assert [standing(peer, each) for each in range(2)] == ["subscribed", "unsubscribed"]


def test_of_a_purpose_that_she_left_there_nobody_puts_her_back_because_of_another(
    peer: Any,
    readers: Readers,
    now: datetime,
) -> None:
    (person,) = readers(1)
    peer.hold(NEWS, address(0), status="unsubscribed", last_changed=(now - MINUTE).isoformat())
    Job.objects.all().delete()
    sync.put_back({person.uuid: ["something_else"]}, "mailchimp", now=now)
    run(now)
    assert standing(peer, 0) == "unsubscribed"


@pytest.mark.parametrize("number", [1, 4])
def test_an_address_that_she_leaves_while_it_is_told_does_not_stay_there(
    peer: Any,
    readers: Readers,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
) -> None:
    """A second worker has the move in hand before the first one's call about the former address arrives."""
    found = readers(number)

    def moves() -> None:
        entry = people.note("email", "new@example.com", person=found[0], now=now)
        people.prove(entry, how="link", now=clock.now())
        run(now)

    where, name = (Mailchimp, "subscribe") if number == 1 else (mailchimp_many, "send")
    meanwhile(monkeypatch, where, name, moves)
    run(now)
    run(now, HOUR)
    assert standing(peer, 0) != "subscribed"
    assert peer.of("new@example.com")[NEWS]["status"] == "subscribed"
    assert not Job.objects.exclude(state=State.DONE).exists()


def test_an_address_that_has_a_new_owner_while_it_is_told_is_not_subscribed_for_the_former(
    peer: Any,
    readers: Readers,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (former,) = readers(1)
    second = people.note("email", "mine@example.com", person=former, now=now)
    people.prove(second, how="link", now=now - 2 * HOUR)
    Job.objects.exclude(payload={"processor": "mailchimp"}).delete()
    stranger = people.note("email", "stranger@example.com", now=now)
    people.prove(stranger, how="link", now=now)

    def taken() -> None:
        entry = people.note("email", address(0), person=stranger.person, now=now)
        people.prove(entry, how="link", now=clock.now())
        run(now)

    assert Address.objects.filter(person=former).count() == 2
    meanwhile(monkeypatch, Mailchimp, "subscribe", taken)
    run(now)
    run(now, HOUR)
    assert standing(peer, 0) != "subscribed"


@pytest.mark.promise("P04")
def test_who_withdraws_while_they_are_told_of_one_purpose_is_not_told_of_for_the_next(
    peer: Any,
    readers: Readers,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The second call is not made by what was read before the first."""
    found = readers(4)
    run(now)
    for one in found[:2]:
        decisions.withdraw(one, *KEY, how="form", now=now)
    waiting = {"state": State.WAITING, "payload": {"processor": "mailchimp"}, "progress": {}, "attempts": 0}
    Job.objects.filter(person__in=[one.uuid for one in found[2:]]).update(**waiting)
    del peer.audiences[NEWS][peers.hash_of(address(3))]
    own = Mailchimp.opt_out_many

    def slow(self: Any, *args: Any, **more: Any) -> Any:
        told = own(self, *args, **more)
        decisions.withdraw(found[3], *KEY, how="form", now=now)
        return told

    monkeypatch.setattr(Mailchimp, "opt_out_many", slow)
    peer.seen.clear()
    run(now)
    assert [body for _method, _path, body in peer.seen if address(3) in body] == []
    assert standing(peer, 2) == "subscribed"


def test_nobody_has_left_because_the_door_was_shut_a_moment_ago(
    peer: Any,
    readers: Readers,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older dump was restored just after the worker had asked."""
    found = readers(3)
    run(now)
    sync.put(*[one.uuid for one in found], now=now)
    meanwhile(
        monkeypatch, deliver, "_outcomes", lambda: monkeypatch.setattr(door, "shut", lambda: "It is shut.")
    )
    assert run(now) == {"waiting": 3}
    assert {standing(peer, each) for each in range(3)} == {"subscribed"}
    assert OTHER in peer.audiences
