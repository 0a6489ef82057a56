"""Tampering of every kind is found, and named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.ledger import guard, record, seal, terms, verify
from django_rgpd.ledger.models import Event, Seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch, now: datetime) -> list[Event]:
    """Six events in three seals."""
    monkeypatch.setattr(seal, "BATCH", 2)
    drafts = [record.Draft(kind="consent.given", person=None, payload={"n": n}) for n in range(6)]
    found = record.many(drafts, now=now)
    seal.seal(now=now)
    return found


@pytest.fixture
def sql() -> Iterator[Callable[..., None]]:
    """Statements as an administrator of the database gives them, past every guard."""

    def run(text: str, *values: object) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute("SET session_replication_role = replica")
            else:
                cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
                for (name,) in cursor.fetchall():
                    cursor.execute(f"DROP TRIGGER {name}")
            cursor.execute(text, values)
            if connection.vendor == "postgresql":
                cursor.execute("SET session_replication_role = DEFAULT")
            else:
                for statement in guard._statements(connection, deletes=False):
                    cursor.execute(statement)

    return run


def said(now: datetime) -> list[str]:
    """The faults of the chain, in words."""
    return [str(fault) for fault in verify.verify(now=now)]


def test_a_whole_ledger_has_no_fault(sealed: list[Event], now: datetime) -> None:
    assert said(now) == []


@pytest.mark.fault("G05")
@pytest.mark.parametrize(
    "change",
    [
        "kind = 'consent.withdrawn'",
        "at = recorded_at - INTERVAL '1 day'",
        "purpose = 'other'",
        "how = 'letter'",
        "person = uuid",
        "payload_hash = 'x', payload = NULL",
    ],
)
def test_an_edited_event_is_found(sealed: list[Event], sql, now: datetime, change: str) -> None:
    if connection.vendor == "sqlite":
        change = change.replace("recorded_at - INTERVAL '1 day'", "'2020-01-01 00:00:00'")
    sql(f"UPDATE django_rgpd_event SET {change} WHERE id = %s", sealed[2].pk)
    assert [line.partition(":")[0] for line in said(now)] == ["seal 2"]


@pytest.mark.fault("G05")
def test_an_edited_payload_is_found_in_sealed_and_unsealed_events(sealed, sql, now: datetime) -> None:
    fresh = record.record("consent.given", person=None, now=now, payload={"n": 1})
    for event in (sealed[0], fresh):
        sql("UPDATE django_rgpd_event SET payload = %s WHERE id = %s", '{"n": 9}', event.pk)
    assert sorted(line.partition(":")[0] for line in said(now)) == sorted(
        [f"event {sealed[0].uuid}", f"event {fresh.uuid}"]
    )


@pytest.mark.fault("G05")
def test_a_deleted_event_is_found(sealed: list[Event], sql, now: datetime) -> None:
    sql("DELETE FROM django_rgpd_event WHERE id = %s", sealed[2].pk)
    assert said(now) == ["seal 2: 2 events were sealed, and 1 are there."]


@pytest.mark.fault("G05")
def test_events_that_changed_places_are_found(sealed: list[Event], sql, now: datetime) -> None:
    first, third = (Event.objects.get(pk=event.pk) for event in (sealed[0], sealed[4]))
    sql("UPDATE django_rgpd_event SET seal_id = %s WHERE id = %s", third.seal_id, first.pk)
    sql("UPDATE django_rgpd_event SET seal_id = %s WHERE id = %s", first.seal_id, third.pk)
    assert [line.partition(":")[0] for line in said(now)] == ["seal 1", "seal 3"]


@pytest.mark.fault("G05")
@pytest.mark.parametrize(("number", "words"), [(1, "missing"), (2, "missing")])
def test_a_deleted_seal_is_found(sealed: list[Event], sql, now: datetime, number: int, words: str) -> None:
    gone = Seal.objects.get(number=number).pk
    sql("DELETE FROM django_rgpd_event WHERE seal_id = %s", gone)
    sql("DELETE FROM django_rgpd_seal WHERE id = %s", gone)
    (line,) = said(now)
    assert line == f"seal {number + 1}: The seals from {number} to {number} are missing."


@pytest.mark.fault("G05")
def test_a_seal_that_was_forged_without_the_key_is_found(sealed: list[Event], sql, now: datetime) -> None:
    sql("UPDATE django_rgpd_seal SET digest = %s WHERE number = 2", "0" * 64)
    assert [line.partition(":")[0] for line in said(now)] == ["seal 2", "seal 3"]


def test_events_that_nobody_seals_are_found_after_a_day(now: datetime) -> None:
    record.record("consent.given", person=None, now=now)
    assert said(now + timedelta(hours=23)) == []
    assert len(said(now + timedelta(hours=25))) == 1


def test_a_payload_that_ended_at_its_term_is_no_fault(sealed: list[Event], now: datetime) -> None:
    assert terms.end_payloads(now=now.replace(year=2040)) == 6
    assert said(now) == []


def test_the_command_says_what_is_wrong_and_exits_with_1(sealed: list[Event], sql) -> None:
    out, err = StringIO(), StringIO()
    call_command("rgpd_verify", stdout=out)
    assert "3 seals" in out.getvalue()
    sql("DELETE FROM django_rgpd_event WHERE id = %s", sealed[0].pk)
    with pytest.raises(CommandError, match="1 fault"):
        call_command("rgpd_verify", stderr=err)
    assert "seal 1" in err.getvalue()


def test_the_command_compares_the_consents_too(db: None) -> None:
    row = ConsentState.objects.create(
        person="11111111-1111-1111-1111-111111111111",
        purpose="newsletter",
        channel="email",
        standing="live",
        live=True,
        since=clock.now(),
        event="11111111-1111-1111-1111-111111111111",
    )
    with pytest.raises(CommandError):
        call_command("rgpd_verify", stderr=(err := StringIO()))
    assert str(row.person) in err.getvalue()
    call_command("rgpd_verify", no_consents=True, stdout=StringIO())
