"""Taking what the trial promised: whom it makes, what proves it, whom it leaves alone, and that twice is once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd import signals
from django_rgpd.consent import audience, decisions, expiring, kinds, rebuild, suppress, wordings
from django_rgpd.consent.models import ConsentState, Standing, Wording
from django_rgpd.erasure.execute import erase
from django_rgpd.imports import back, batches, reasons, taking, trial
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.addresses import VOUCHED
from django_rgpd.registry.models import Address, Person
from example_shop.factories import make_customer
from tests.imports import conftest
from tests.imports.conftest import Run, good, judged, sheet

pytestmark = pytest.mark.django_db


def known(now: datetime, address: str = "ada@example.com", *, proven: bool = True) -> Person:
    """A guest who is known already."""
    entry = people.note("email", address, now=now)
    return people.prove(entry, how="click", now=now).person if proven else entry.person


def test_a_taken_consent_is_live_and_proven_by_its_event(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """Who, what, when, how, which text, by whom brought, from which line; and nothing that names her (art. 7.1)."""
    batch = imported(sheet(good()))

    person = Person.objects.get()
    event = Event.objects.get(kind=kinds.IMPORTED)
    assert (event.person, event.purpose, event.channel) == (person.uuid, "newsletter", "email")
    assert event.at == datetime(2024, 5, 2, 8, tzinfo=UTC)
    assert (event.how, event.actor) == ("import", "user:1")
    assert event.payload == {
        "wording": str(wording.uuid),
        "language": "fr",
        "evidence": "form on the home page",
        "batch": str(batch.uuid),
        "line": 2,
        "address": Address.objects.get().pk,
    }
    answer = decisions.may_send(person, "newsletter", "email", now=now)
    assert answer.reason == "consent"
    assert answer.address is not None
    assert answer.address.canonical == "ada@example.com"
    assert [one.address for one in audience.audience("newsletter", "email", now=now)] == ["ada@example.com"]
    assert (batch.stage, batch.taken, batch.changed) == (Stage.DONE, 1, {})
    assert list(rebuild.compare()) == []


def test_what_she_agreed_to_before_is_hers_by_the_address_that_the_list_vouches_for(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """A guest ticked another box and clicked no link: rows that rest on that consent are found by her address from now on."""
    guest = known(now, proven=False)
    decisions.give(guest, "offers", "email", how="form", now=now)
    before = ConsentState.objects.get(purpose="offers")
    assert before.agreed_with is None

    imported(sheet(good()))

    assert ConsentState.objects.get(purpose="offers").agreed_with == "ada@example.com"
    assert list(rebuild.compare()) == []


def test_nothing_of_the_list_is_left_but_what_was_taken(
    wording: Wording, imported: Run, private: Path, now: datetime
) -> None:
    """The files are gone but for the report, which goes after a day; jobs and counts name nobody."""
    imported(sheet(good(), "nonsense"))

    [report] = conftest.files(private)
    assert "ada" not in report.read_text()
    assert not Job.objects.exclude(payload={}).exists()
    assert "ada" not in str(list(ConsentImport.objects.values()))
    batches.expire(now=now + timedelta(hours=25))
    assert conftest.files(private) == []


def test_the_trial_changes_nothing(wording: Wording, now: datetime) -> None:
    """Not a row of any table."""
    known(now)
    before = conftest.database()

    judged(sheet(good(), good("eve@example.com")), now)

    assert conftest.database() == before


def test_the_same_file_again_adds_nothing(wording: Wording, imported: Run, now: datetime) -> None:
    """Every line is known already; of two clicks on one import the second does nothing either."""
    first = imported(sheet(good(), good("eve@example.com")))
    assert not batches.confirm(first.uuid, actor="user:1", now=now)
    before = conftest.database("ConsentImport", "Job", "Event")
    events = Event.objects.filter(kind=kinds.IMPORTED).count()

    again = imported(sheet(good(), good("eve@example.com", date="2025-01-01")))

    assert again.told["refused"] == {reasons.KNOWN: 2}
    assert again.taken == 0
    assert conftest.database("ConsentImport", "Job", "Event") == before
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == events == 2


@pytest.mark.fault("R08")
@pytest.mark.parametrize("how", ["withdrawn", "objected", "refused all", "suppressed", "erased"])
def test_an_import_never_overcomes_a_refusal(
    how: str, wording: Wording, imported: Run, now: datetime
) -> None:
    """Whatever the date in the file: what stood stands, and nothing of it is written anew."""
    person = known(now - timedelta(days=400))
    then = now - timedelta(days=300)
    if how == "withdrawn":
        decisions.give(person, "newsletter", "email", how="form", now=then)
        decisions.withdraw(person, "newsletter", "email", how="link", now=then + timedelta(days=1))
    elif how == "objected":
        decisions.object_to(person, "newsletter", "email", how="link", now=then)
    elif how == "refused all":
        decisions.refuse_all(person, how="link", now=then)
    elif how == "suppressed":
        suppress.suppress("email", "ada@example.com", reason=suppress.OBJECTED, now=then)
    else:
        erase(person, how="link", now=then)
    before = conftest.database("ConsentImport", "Job", "Event")

    batch = imported(sheet(good(date="2026-03-01")))

    reason = {"suppressed": reasons.SUPPRESSED, "erased": reasons.ERASED}.get(how, reasons.REFUSED)
    assert batch.told["refused"] == {reason: 1}
    assert conftest.database("ConsentImport", "Job", "Event") == before
    assert not Event.objects.filter(kind=kinds.IMPORTED).exists()


@pytest.mark.fault("R08")
def test_who_left_stays_out_after_her_address_was_forgotten(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """The sweep forgets the address of a guest who left; the event of her leaving still knows its digest."""
    person = known(now - timedelta(days=400))
    decisions.give(person, "newsletter", "email", how="form", now=now - timedelta(days=300))
    decisions.withdraw(person, "newsletter", "email", how="link", now=now - timedelta(days=200))
    Address.objects.all().delete()

    batch = imported(sheet(good(date="2026-03-01"), good("eve@example.com")))

    assert batch.told["refused"] == {reasons.REFUSED: 1}
    assert batch.taken == 1


@pytest.mark.parametrize("how", ["objected", "left and forgotten", "suppressed", "erased", "agreed"])
def test_what_changed_since_the_trial_is_left_out_and_said(how: str, wording: Wording, now: datetime) -> None:
    """Between the trial and the click, and while the job waits."""
    person = known(now)
    content = sheet(good(), good("eve@example.com"))
    batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    later = now + timedelta(hours=1)
    batches.confirm(batch.uuid, actor="user:1", now=later)
    if how == "objected":
        decisions.object_to(person, "newsletter", "email", how="link", now=later)
    elif how == "left and forgotten":
        decisions.object_to(person, "newsletter", "email", how="link", now=later)
        Address.objects.all().delete()
    elif how == "suppressed":
        suppress.suppress("email", "ada@example.com", reason=suppress.OBJECTED, now=later)
    elif how == "erased":
        erase(person, how="link", now=later)
    else:
        decisions.give(person, "newsletter", "email", how="account", now=later)

    conftest.work(later)

    batch.refresh_from_db()
    reason = {"suppressed": reasons.SUPPRESSED, "erased": reasons.ERASED, "agreed": reasons.KNOWN}
    assert batch.changed == {reason.get(how, reasons.REFUSED): 1}
    assert batch.taken == 1
    assert Event.objects.filter(kind=kinds.IMPORTED, person=person.uuid).count() == 0


def test_an_imported_address_is_written_to_and_opens_nothing(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """Somebody's word that an address agreed is no proof of who reads there: no orders, no export, no receipt."""
    imported(sheet(good()))

    entry = Address.objects.get()
    assert (entry.proven_at, entry.proven_how) == (None, VOUCHED)
    subject = people.subject(entry.person)
    assert subject.addresses == {}
    assert people.known_of(entry.person).emails == ()
    people.prove(entry, how="click", now=now)
    entry.refresh_from_db()
    assert (entry.proven_at, entry.proven_how) == (now, "click")


def test_an_account_that_claims_an_address_gets_nothing_by_an_import(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """Whoever types somebody's address into an account must not see, or end, what its holder agreed to."""
    claiming = people.person_of(make_customer(email="eve@example.com"), now=now)
    people.note("email", "ada@example.com", person=claiming, now=now)

    batch = imported(sheet(good()))

    assert batch.told["refused"] == {reasons.UNCONFIRMED: 1}
    assert not ConsentState.objects.filter(person=claiming.uuid).exists()


def test_a_consent_goes_along_when_an_account_proves_the_address(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """The guest whom the import made was she all along."""
    imported(sheet(good()))
    person = people.person_of(make_customer(email="ada@example.com"), now=now)
    people.prove(people.note("email", "ada@example.com", person=person, now=now), how="click", now=now)

    assert decisions.may_send(person, "newsletter", "email", now=now)
    assert ConsentState.objects.get().person == person.uuid


def test_an_older_consent_does_not_undo_its_end(wording: Wording, imported: Run, now: datetime) -> None:
    """One that is newer than the end counts."""
    person = known(now - timedelta(days=400))
    decisions.give(person, "newsletter", "email", how="form", now=now - timedelta(days=400))
    hers = ConsentState.objects.filter(person=person.uuid)
    assert expiring.expire(hers, now=now - timedelta(days=10)) == 1

    assert imported(sheet(good())).told["refused"] == {reasons.ENDED: 1}
    assert imported(sheet(good(date="2026-03-05"))).taken == 1
    assert decisions.may_send(person, "newsletter", "email", now=now)


def test_the_term_counts_from_the_consent_not_from_the_import(imported: Run, now: datetime) -> None:
    """A person brought by a list is as old as her consent."""
    content = sheet("ada@example.com,2023-04-01,form,Oui.", header="email,date,how,wording_text\n")
    batch = imported(content, purpose="offers")
    person = Person.objects.get()

    assert batch.taken == 1
    assert decisions.may_send(person, "offers", "email", now=now)
    over = datetime(2026, 4, 1, 12, tzinfo=UTC)
    assert decisions.may_send(person, "offers", "email", now=over).reason == "term_over"


@pytest.mark.fault("Q02")
def test_a_text_from_elsewhere_is_kept_and_never_shown(imported: Run, now: datetime) -> None:
    """It proves what was agreed to elsewhere; the boxes of this shop go on showing the shop's own."""
    shown = wordings.current("newsletter", "fr", now=now).text
    header = "email,date,how,wording_text,language\n"
    imported(
        sheet(
            "ada@example.com,2020-05-02,form,Oui !,fr",
            "eve@example.com,2020-05-02,form,Oui !,fr",
            header=header,
        )
    )

    text = Wording.objects.get()
    assert (text.text, text.language, text.imported) == ("Oui !", "fr", True)
    assert set(ConsentState.objects.values_list("wording", flat=True)) == {text.uuid}
    assert wordings.current("newsletter", "fr", now=now).text == shown
    assert wordings.agreed("newsletter", "fr", wordings.reference_of(text), now=now) is None
    fresh = wordings.freeze(wordings.current("newsletter", "fr", now=now))
    assert (fresh.text, fresh.imported) == (shown, False)


def test_statements_do_not_grow_with_the_lines(wording: Wording, now: datetime) -> None:
    """A thousand lines cost what ten cost, but for the parts that they are written in."""

    def cost(number: int, prefix: str) -> int:
        for each in range(number // 2):
            known(now, f"{prefix}{each}@example.com", proven=each % 2 == 0)
        content = sheet(*[good(f"{prefix}{each}@example.com") for each in range(number)])
        batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
        conftest.work(now)
        batches.confirm(batch.uuid, actor="user:1", now=now)
        with CaptureQueriesContext(connection) as queries:
            conftest.work(now)
        batch.refresh_from_db()
        assert batch.taken == number
        return len(queries)

    few, many = cost(10, "a"), cost(400, "b")
    assert many <= few + 25  # SQLite takes some of them in parts
    assert many < 70


def test_news_is_sent_once_for_each_consent(wording: Wording, imported: Run) -> None:
    """As for a consent that somebody gives on a page."""
    heard: list[tuple[UUID, str]] = []

    def listen(*, person: UUID, kind: str, **_: object) -> None:
        heard.append((person, kind))

    signals.consent_changed.connect(listen)
    try:
        imported(sheet(good(), good("eve@example.com")))
    finally:
        signals.consent_changed.disconnect(listen)

    assert sorted(heard) == sorted(
        (one, kinds.IMPORTED) for one in Person.objects.values_list("uuid", flat=True)
    )


def test_an_import_that_dies_goes_on_where_it_stopped(
    wording: Wording, imported: Run, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A range is taken whole or not at all; the next attempt takes what is left, and the end is the same."""
    monkeypatch.setattr("django_rgpd.imports.trial.PAGE", 2)
    content = sheet(*[good(f"p{number}@example.com") for number in range(5)])
    batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    batches.confirm(batch.uuid, actor="user:1", now=now)
    real, calls = taking.together.refresh, []

    def dies(*about: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError
        real(*about)  # type: ignore[arg-type]

    monkeypatch.setattr("django_rgpd.imports.taking.together.refresh", dies)
    conftest.work(now)
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == Person.objects.count() == 2

    conftest.work(now + timedelta(minutes=5))
    batch.refresh_from_db()
    assert (batch.stage, batch.taken, batch.changed) == (Stage.DONE, 5, {})
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == Person.objects.count() == 5
    assert ConsentState.objects.filter(standing=Standing.LIVE).count() == 5
    assert Event.objects.filter(kind=batches.IMPORTED).count() == 1


def test_a_file_that_nobody_confirms_is_gone_after_a_day(
    wording: Wording, private: Path, now: datetime
) -> None:
    """And can be confirmed no more."""
    batch = batches.receive([sheet(good())], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    day = now + timedelta(hours=24)

    assert not batches.confirm(batch.uuid, actor="user:1", now=day)
    batches.expire(now=day)

    batch.refresh_from_db()
    assert batch.stage == Stage.ENDED
    assert conftest.files(private) == []
    assert not Person.objects.exists()


def test_an_import_is_taken_back_whole_but_for_what_people_decided_since(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """The wrong file: what it brought ends, nobody has refused, and the right one may bring them again."""
    batch = imported(sheet(good(), good("eve@example.com"), good("grace@example.com")))
    eve = Address.objects.get(canonical="eve@example.com").person
    decisions.object_to(eve, "newsletter", "email", how="link", now=now)
    grace = Address.objects.get(canonical="grace@example.com").person
    decisions.give(grace, "newsletter", "email", how="account", now=now)

    assert back.take_back(batch.uuid, actor="user:1", now=now) == 1
    assert back.take_back(batch.uuid, actor="user:1", now=now) == 0

    assert list(rebuild.compare()) == []
    assert dict(ConsentState.objects.values_list("person", "standing")) == {
        eve.uuid: Standing.OBJECTED,
        grace.uuid: Standing.LIVE,
    }
    batch.refresh_from_db()
    assert (batch.stage, batch.note) == (Stage.DONE, "It was taken back.")
    again = imported(sheet(good(), good("eve@example.com"), good("grace@example.com")))
    assert (again.taken, again.told["refused"]) == (1, {reasons.REFUSED: 1, reasons.KNOWN: 1})


def test_an_import_that_is_confirmed_while_it_is_taken_back_takes_nothing(
    wording: Wording, private: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The click comes between the look at the import and its end: the end still holds."""
    batch = batches.receive([sheet(good())], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    end = batches._end

    def clicked(*args: Any, **more: Any) -> bool:
        batches.confirm(batch.uuid, actor="user:1", now=now)
        return end(*args, **more)

    monkeypatch.setattr(batches, "_end", clicked)
    assert back.take_back(batch.uuid, actor="user:2", now=now) == 0
    conftest.work(now)

    batch.refresh_from_db()
    assert batch.stage == Stage.ENDED
    assert not ConsentState.objects.exists()
    assert conftest.files(private) == []


def test_taking_back_costs_the_same_whatever_the_number_of_consents(
    wording: Wording, imported: Run, now: datetime
) -> None:
    """But for the parts that they are written in; the ledger is read once, and once more at the end."""

    def cost(number: int, prefix: str) -> int:
        batch = imported(sheet(*[good(f"{prefix}{each}@example.com") for each in range(number)]))
        with CaptureQueriesContext(connection) as queries:
            assert back.take_back(batch.uuid, actor="user:1", now=now) == number
        return len(queries)

    few, many = cost(5, "a"), cost(400, "b")
    assert many <= few + 10  # SQLite takes some of them in parts


def test_an_import_that_is_being_taken_stops_when_it_is_taken_back(
    wording: Wording, private: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has taken ends, and nothing more is taken, now or later."""
    monkeypatch.setattr("django_rgpd.imports.trial.PAGE", 2)
    content = sheet(*[good(f"p{number}@example.com") for number in range(7)])
    batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=now)
    conftest.work(now)
    assert batches.confirm(batch.uuid, actor="user:1", now=now)
    ended = []
    token = trial.hearing.set(
        lambda number: ended.append(back.take_back(batch.uuid, actor="user:2", now=now)) if number == 4 else 0
    )
    try:
        conftest.work(now)
    finally:
        trial.hearing.reset(token)
    conftest.work(now + timedelta(hours=1))

    batch.refresh_from_db()
    assert (ended, batch.stage, batch.note) == ([4], Stage.ENDED, "It was taken back.")
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == 4
    assert not ConsentState.objects.exists()
    assert conftest.files(private) == []
    assert not Job.objects.filter(name=batches.TAKE).exclude(state="gone").exists()
