"""The guard refuses what no code of ours does, on both databases, and lets tests empty their tables."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import TransactionTestCase

from django_rgpd.ledger import guard, record, seal, terms, verify
from django_rgpd.ledger.models import Event, Seal

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(now: datetime) -> Event:
    """One that is sealed."""
    made = record.record("consent.given", person=uuid.uuid4(), now=now, payload={"form": "x"}, actor="user:1")
    seal.seal(now=now)
    made.refresh_from_db()
    return made


@pytest.fixture
def whole_guard(db: None) -> None:
    """The guard as a shop has it: on SQLite a test database has none against deletion."""
    if connection.vendor == "sqlite":
        for statement in guard._statements(connection, deletes=True)[2:]:
            with connection.cursor() as cursor:
                cursor.execute(statement)


def refused(act: Callable[[], object]) -> None:
    """The database says no, and nothing changed."""
    before = (list(Event.objects.values().order_by("pk")), list(Seal.objects.values().order_by("pk")))
    with pytest.raises(DatabaseError, match="only added to"), transaction.atomic():
        act()
    assert before == (
        list(Event.objects.values().order_by("pk")),
        list(Seal.objects.values().order_by("pk")),
    )


@pytest.mark.fault("G04")
@pytest.mark.parametrize(
    "change",
    [
        {"uuid": uuid.UUID(int=1)},
        {"site": 2},
        {"kind": "x"},
        {"person": None},
        {"purpose": "x"},
        {"channel": "x"},
        {"at": datetime.fromisoformat("2020-01-01T00:00:00+00:00")},
        {"recorded_at": datetime.fromisoformat("2020-01-01T00:00:00+00:00")},
        {"how": "x"},
        {"actor": "user:2"},
        {"payload": {"form": "y"}},
        {"payload_hash": "x"},
        {"seal": None},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_event_is_never_changed(event: Event, change: dict[str, object]) -> None:
    refused(lambda: Event.objects.filter(pk=event.pk).update(**change))


@pytest.mark.fault("G04")
def test_every_column_of_the_tables_is_guarded(db: None) -> None:
    event = {field.column for field in Event._meta.concrete_fields}
    seals = {field.column for field in Seal._meta.concrete_fields}
    assert event == {*guard._EVENT, "payload", "actor", "seal_id"}
    assert seals == {*guard._SEAL, "mirrored_at"}


@pytest.mark.fault("G04")
def test_an_event_that_is_not_sealed_yet_is_not_changed_either(now: datetime) -> None:
    made = record.record("consent.given", person=None, now=now)
    refused(lambda: Event.objects.filter(pk=made.pk).update(kind="x"))


@pytest.mark.fault("G04")
def test_an_ended_payload_does_not_come_back(event: Event, now: datetime) -> None:
    assert terms.end_payloads(now=now.replace(year=2040)) == 1
    refused(lambda: Event.objects.filter(pk=event.pk).update(payload={"form": "x"}))


@pytest.mark.fault("G04")
def test_a_sealed_event_is_not_deleted(event: Event, whole_guard: None) -> None:
    refused(lambda: Event.objects.filter(pk=event.pk)._raw_delete("default"))


@pytest.mark.fault("G04")
def test_a_seal_is_neither_changed_nor_deleted(event: Event, whole_guard: None, now: datetime) -> None:
    for change in ({"number": 7}, {"count": 9}, {"digest": "x"}, {"previous": "x"}, {"key_id": "x"}):
        refused(lambda change=change: Seal.objects.update(**change))
    refused(lambda: Seal.objects.update(sealed_at=now.replace(year=2020)))
    with transaction.atomic():
        Seal.objects.update(mirrored_at=now)
    if connection.vendor == "sqlite":
        refused(lambda: Seal.objects.all()._raw_delete("default"))


def test_the_refusal_is_an_integrity_error(event: Event) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Event.objects.update(kind="x")


@pytest.mark.fault("G05")
def test_a_missing_guard_is_found(event: Event, now: datetime) -> None:
    assert list(verify.verify(now=now)) == []
    with connection.cursor() as cursor:
        on = f" ON {guard.EVENTS}" if connection.vendor == "postgresql" else ""
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE" if on else "SELECT 1")
        cursor.execute(f"DROP TRIGGER {guard.EVENTS}_{guard.CHANGE}{on}")
    (fault,) = verify.verify(now=now)
    assert "django_rgpd_event_guard_update" in fault.where


class ShopTests(TransactionTestCase):
    """A shop's own test that commits: Django empties the tables after it, sealed events among them."""

    def test_a_shop_seals_in_its_test(self) -> None:
        """Nothing else: what is shown is that the next test begins."""
        record.record("consent.given", person=None, now=datetime.fromisoformat("2026-03-10T12:00:00+00:00"))
        assert seal.seal(now=datetime.fromisoformat("2026-03-10T12:00:00+00:00")) == 1


@pytest.mark.fault("G04")
@pytest.mark.django_db(transaction=True)
def test_flush_empties_a_sealed_ledger_between_tests(event: Event) -> None:
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    assert not Seal.objects.exists()


@pytest.mark.fault("G04")
@pytest.mark.django_db(transaction=True)
def test_a_shops_file_on_sqlite_is_guarded_against_deletion_too(tmp_path: Path) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a file is SQLite's")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sql FROM sqlite_master WHERE name IN (%s, %s)", [guard.SEALS, guard.EVENTS])
        tables = [sql for (sql,) in cursor.fetchall()]
    shops = SimpleNamespace(
        vendor="sqlite", settings_dict={"NAME": str(tmp_path / "shop.sqlite3"), "TEST": {}}
    )
    assert guard._for_tests(connection)
    assert not guard._for_tests(shops)
    with closing(sqlite3.connect(shops.settings_dict["NAME"])) as file:
        for statement in [*tables, *guard._statements(shops, deletes=not guard._for_tests(shops))]:
            file.execute(statement)
        file.execute(
            "INSERT INTO django_rgpd_seal (number, sealed_at, count, previous, digest, key_id)"
            " VALUES (1, '2026-03-10', 1, '', 'x', 'x')"
        )
        with pytest.raises(sqlite3.IntegrityError, match="only added to"):
            file.execute("DELETE FROM django_rgpd_seal")
        assert file.execute("SELECT count(*) FROM django_rgpd_seal").fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_a_lifted_guard_is_back_afterwards(event: Event) -> None:
    with guard.lifted():
        assert guard.missing() != []
        Event.objects.filter(pk=event.pk).update(kind="x")
    assert guard.missing() == []
    refused(lambda: Event.objects.filter(pk=event.pk).update(kind="y"))
