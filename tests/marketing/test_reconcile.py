"""Both sides compared: what was ended there has ended here, and for the rest the shop's own record decides."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import comparing, pulling
from django_rgpd.outbox import daily, deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling
from django_rgpd.processors.base import Call
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person
from tests.marketing.conftest import fingerprint

pytest.importorskip("mailchimp_marketing")
pytestmark = pytest.mark.django_db

NEWS = "a6b5da1054"


@pytest.fixture
def peer(settings: Any) -> Iterator[Any]:
    """A Mailchimp of ours, to which the newsletter goes; each request is one that the contract allows."""
    from tests.contracts.peers import mailchimp as peers

    made: Any = peers.Mailchimp()
    server, stop = peers.serve(made)
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": peers.KEY,
        "audiences": {"newsletter": NEWS},
        "host": server.url,
    }
    settings.RGPD = {
        **settings.RGPD,
        "PRODUCTION": True,
        "PROCESSORS": {**settings.RGPD["PROCESSORS"], "mailchimp": setting},
    }
    yield made
    stop()
    assert made.broken == []


def status_of(peer: Any, address: str) -> str:
    return str(peer.of(address)[NEWS]["status"])


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def written_to(person: Person) -> bool:
    return bool(decisions.may_send(person, "newsletter", "email", now=clock.now()))


def reconcile(*args: str) -> str:
    out = io.StringIO()
    call_command("rgpd_reconcile", "mailchimp", *args, stdout=out)
    return out.getvalue()


def pull(after: timedelta = timedelta(0)) -> Job:
    now = clock.now() + after
    daily.put_today(now=now)
    deliver.run_due(now=now, names=frozenset({"daily.marketing.pull"}))
    deliver.run_due(now=now + timedelta(minutes=1), names=frozenset({calling.COMPARE}))
    return Job.objects.filter(name=calling.COMPARE).latest("pk")


@pytest.fixture
def crowd(peer: Any, subscribe: Callable[..., Person]) -> dict[str, Person]:
    """Five who agreed an hour ago, and how Mailchimp holds four of them; and somebody of whom the shop knows nothing."""
    people = {one: subscribe(f"{one}@example.com") for one in ("ada", "bea", "cleo", "dora", "eva")}
    now = clock.now()
    peer.hold(NEWS, "ada@example.com", last_changed=stamp(now))
    peer.hold(NEWS, "bea@example.com", status="unsubscribed", last_changed=stamp(now))
    peer.hold(NEWS, "cleo@example.com", status="cleaned", last_changed=stamp(now + timedelta(seconds=1)))
    peer.hold(NEWS, "dora@example.com", last_changed=stamp(now))
    peer.hold(NEWS, "nobody@example.com", last_changed=stamp(now))
    decisions.withdraw(people["dora"], "newsletter", "email", how="account", now=now)
    Job.objects.all().delete()
    return people


@pytest.mark.promise("P19")
def test_what_was_ended_there_has_ended_here(peer: Any, crowd: dict[str, Person]) -> None:
    job = pull()
    assert job.state == State.DONE
    assert {name: written_to(one) for name, one in crowd.items()} == {
        "ada": True,
        "bea": False,
        "cleo": False,
        "dora": False,
        "eva": True,
    }
    assert Event.objects.filter(how="processor:mailchimp").count() == 1
    assert Address.objects.get(person=crowd["cleo"]).unreachable_at
    assert job.progress["found"] == {"left": 1, "unreachable": 1}
    assert "@" not in json.dumps(job.progress)


def test_the_next_day_only_what_changed_since_is_read(peer: Any, crowd: dict[str, Person]) -> None:
    pull()
    peer.seen.clear()
    before = Event.objects.count()
    job = pull(timedelta(days=1))
    assert job.state == State.DONE
    assert [path for _method, path, _body in peer.seen if "since_last_changed=" not in path] == []
    assert len(peer.seen) == 3
    assert Event.objects.count() == before


def test_a_trial_shows_everything_and_changes_nothing(
    peer: Any, crowd: dict[str, Person], tmp_path: Path
) -> None:
    before, held = fingerprint(), json.dumps(peer.audiences)
    told = reconcile("--full", "--dry-run", "--report", str(tmp_path / "out.csv"))
    assert (fingerprint(), json.dumps(peer.audiences)) == (before, held)
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    rows = [(one["difference"], one["person"]) for one in csv.DictReader(io.StringIO(text))]
    assert sorted(rows) == sorted(
        [
            ("left", str(crowd["bea"].uuid)),
            ("unreachable", str(crowd["cleo"].uuid)),
            ("not_here", str(crowd["dora"].uuid)),
            ("nobody", ""),
            ("missing", str(crowd["eva"].uuid)),
        ]
    )
    assert "Nothing was changed." in told
    assert "@" not in text + told


def test_the_whole_comparison_brings_both_sides_into_step(peer: Any, crowd: dict[str, Person]) -> None:
    reconcile("--full")
    assert status_of(peer, "dora@example.com") == "unsubscribed"
    assert status_of(peer, "nobody@example.com") == "subscribed", "it is for somebody to look"
    deliver.run_due(now=clock.now() + timedelta(minutes=1), names=frozenset({calling.SYNC}))
    assert status_of(peer, "eva@example.com") == "subscribed"
    told = reconcile("--full")
    assert told.strip() == "1  written to there, unknown here: look where the address comes from"


@pytest.mark.fault("R08")
def test_who_agreed_after_she_left_there_goes_on_here(peer: Any, subscribe: Callable[..., Person]) -> None:
    person = subscribe("ada@example.com")
    peer.hold(
        NEWS, "ada@example.com", status="unsubscribed", last_changed=stamp(clock.now() - timedelta(days=1))
    )
    assert "left there before agreeing here" in reconcile()
    assert written_to(person)
    deliver.run_due(now=clock.now() + timedelta(minutes=1), names=frozenset({calling.SYNC}))
    assert status_of(peer, "ada@example.com") == "subscribed"


@pytest.mark.fault("C02")
def test_a_worker_that_takes_over_goes_on_where_the_other_was(
    peer: Any, crowd: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, pages = comparing.compare, []

    def dies(*args: Any, page: Any, **more: Any) -> Iterator[Any]:
        pages.append(page)
        for number, step in enumerate(own(*args, page=page, **more)):
            if len(pages) == 1 and number == 1:
                raise RuntimeError
            yield step

    monkeypatch.setattr(comparing, "compare", dies)
    assert pull().state == State.WAITING
    deliver.run_due(now=clock.now() + timedelta(hours=1), names=frozenset({calling.COMPARE}))
    assert Job.objects.get(name=calling.COMPARE).state == State.DONE
    assert pages[1]["statuses"] == ["archived", "cleaned"]
    assert not written_to(crowd["cleo"])


def test_nothing_is_compared_where_that_cannot_be(peer: Any, settings: Any, crowd: dict[str, Person]) -> None:
    with pytest.raises(CommandError, match="these can: mailchimp"):
        call_command("rgpd_reconcile", "stripe")
    peer.failures.append("500")
    with pytest.raises(CommandError, match="Try again later"):
        reconcile()
    peer.failures.append("401")
    with pytest.raises(CommandError, match="renew the key"):
        reconcile()
    settings.RGPD = {**settings.RGPD, "PRODUCTION": False}
    with pytest.raises(CommandError, match="no production"):
        reconcile()


@pytest.mark.parametrize("a_second", [1, 700, 100_000])
def test_many_changes_take_few_calls_and_little_memory(peer: Any, a_second: int) -> None:
    number, began = 8_000, datetime(2026, 1, 1, tzinfo=UTC)
    peer.generated = (
        number,
        lambda n: (f"m{n}@example.com", stamp(began + timedelta(seconds=n // a_second))),
    )
    page = pulling.first_page(None)
    road = comparing.comparable()[0]
    call = Call(job=Job(name=calling.COMPARE), now=clock.now())
    pull_ = comparing.compare(road, "newsletter", page=page, apply=True, call=call)
    told = next(pull_).told
    tracemalloc.start()
    told += sum(step.told for step in pull_)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told >= number
    assert len(peer.seen) <= number / 500 + number / 1_000 + 3
    assert peak < 15_000_000


@pytest.mark.promise("P19")
def test_an_audience_whose_members_came_in_the_same_second_is_told_in_one_run_and_counted_once(
    peer: Any, monkeypatch: pytest.MonkeyPatch, today: datetime
) -> None:
    """As after an import there. Who has to stop leaves the pages that are read; the others must not move up past the reader."""
    from django_rgpd.processors import mailchimp_pages

    monkeypatch.setattr(mailchimp_pages, "COUNT", 10)
    for number in range(45):
        people.note("email", f"reader{number}@example.com", now=today)
        peer.hold(NEWS, f"reader{number}@example.com", last_changed="2026-05-01T00:00:00+00:00")
    assert "     45  written to there, and may not be" in reconcile("--full", "--dry-run")
    assert "     45  written to there, and may not be" in reconcile("--full")
    assert {one["status"] for one in peer.audiences[NEWS].values()} == {"unsubscribed"}
    assert reconcile("--full") == "Both sides agree.\n"


@pytest.mark.fault("P05")
def test_who_spoils_a_call_about_many_is_told_to_stop_by_herself(
    peer: Any, subscribe: Callable[..., Person]
) -> None:
    for name in ("ada", "bea", "cleo"):
        decisions.withdraw(
            subscribe(f"{name}@example.com"), "newsletter", "email", how="form", now=clock.now()
        )
        peer.hold(NEWS, f"{name}@example.com")
    peer.spoiling.add("bea@example.com")
    told = reconcile("--full").splitlines()
    assert [one.strip() for one in told] == ["3  written to there, and may not be: they are told to stop"]
    assert {one["status"] for one in peer.audiences[NEWS].values()} == {"unsubscribed"}


def test_permissions_are_taken_back_from_whom_the_comparison_has_stopped(
    peer: Any, subscribe: Callable[..., Person], settings: Any
) -> None:
    """The call about many has no room for them."""
    processors = settings.RGPD["PROCESSORS"]
    more = {**processors["mailchimp"], "permissions": {"newsletter": ["f2a9"]}}
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {**processors, "mailchimp": more}}
    decisions.withdraw(subscribe("ada@example.com"), "newsletter", "email", how="form", now=clock.now())
    peer.hold(NEWS, "ada@example.com")
    reconcile("--full")
    member = peer.of("ada@example.com")[NEWS]
    assert member["status"] == "unsubscribed"
    assert member["marketing_permissions"] == [{"marketing_permission_id": "f2a9", "enabled": False}]


def test_who_agrees_while_an_audience_is_read_is_not_told_to_stop(
    peer: Any, monkeypatch: pytest.MonkeyPatch, today: datetime
) -> None:
    from django_rgpd.processors import mailchimp_pages
    from django_rgpd.processors.mailchimp import Mailchimp

    monkeypatch.setattr(mailchimp_pages, "COUNT", 1)
    for number in range(3):
        peer.hold(NEWS, f"other{number}@example.com", last_changed="2026-06-01T00:00:00+00:00")
    person = people.note("email", "reader@example.com", now=today).person
    peer.hold(NEWS, "reader@example.com", last_changed="2026-05-01T00:00:00+00:00")
    pages: list[Any] = []
    read = Mailchimp.members

    def and_agrees(*args: Any, **kwargs: Any) -> Any:
        answer = read(*args, **kwargs)
        if answer.members and pages.append(answer) is None and len(pages) == 3:
            people.prove(people.note("email", "reader@example.com", now=today), how="link", now=today)
            decisions.confirm(person, "newsletter", "email", how="double_optin", now=today)
        return answer

    monkeypatch.setattr(Mailchimp, "members", and_agrees)
    reconcile("--full")
    assert status_of(peer, "reader@example.com") == "subscribed"


@pytest.mark.promise("P46")
def test_who_was_erased_here_and_is_written_to_there_is_named_by_her_number(
    peer: Any, subscribe: Callable[..., Person], tmp_path: Path
) -> None:
    """A colleague who imports an old list there brings her back; nothing else of hers is left to say so."""
    person = subscribe("ada@example.com")
    erase(person, how="account", now=clock.now())
    peer.hold(NEWS, "ada@example.com")
    assert "written to there, erased here" in reconcile("--full", "--report", str(tmp_path / "report.csv"))
    told = (tmp_path / "report.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(told))
    assert [(one["difference"], one["person"]) for one in rows] == [("erased", str(person.uuid))]
    assert status_of(peer, "ada@example.com") == "subscribed"
