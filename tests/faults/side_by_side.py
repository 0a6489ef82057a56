"""Two or more things at once on PostgreSQL, each on a connection of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.registry.models import Person

PATIENCE = 30


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run ``acts`` at once, each on a connection of its own; what each returned or raised."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(number: int, act: Callable[[], Any]) -> None:
        try:
            barrier.wait(PATIENCE)
            results[number] = act()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    return results


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """As ``together``, where none of ``acts`` may fail; what each returned."""
    results = together(*acts)
    assert [one for one in results if isinstance(one, Exception)] == []
    return results


def beside(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    """``act`` in a thread of its own, and where its result will be."""
    result: list[Any] = []

    def run() -> None:
        try:
            result.append(act())
        except Exception as error:
            result.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, result


def at(isolation: str, act: Callable[[], Any]) -> Callable[[], Any]:
    """``act`` on a connection whose transactions are of this isolation level, as a shop's database may have it."""

    def done() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('default_transaction_isolation', %s, false)", [isolation])
        return act()

    return done


def during_erasure(person: Person, act: Callable[[], Any]) -> Any:
    """What ``act`` gives that is begun while ``person`` is being erased, and has to wait for the end of that."""
    reached, go_on = threading.Event(), threading.Event()

    def stop(**_: object) -> None:
        reached.set()
        go_on.wait(PATIENCE)

    signals.person_erased.connect(stop)
    try:
        erasing, erased = beside(lambda: erase(person, how="link", now=clock.now()))
        assert reached.wait(PATIENCE)
        acting, given = beside(act)
        acting.join(0.5)
        waited = acting.is_alive()
        go_on.set()
        erasing.join(PATIENCE)
        acting.join(PATIENCE)
    finally:
        go_on.set()
        signals.person_erased.disconnect(stop)
    assert waited
    assert isinstance(erased[0], Erasure)
    return given[0]


@contextmanager
def slowed(table: str, doing: str = "pg_sleep(0.4)") -> Iterator[None]:
    """Every row of ``table`` that is updated makes its transaction wait with the row locked (``doing``: SQL that waits)."""
    _sql(
        f"CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM {doing}; RETURN NEW; END $$",
        f"CREATE TRIGGER slow AFTER UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    try:
        yield
    finally:
        _sql(f"DROP TRIGGER slow ON {table}", "DROP FUNCTION slow")


class Stop:
    """Where a transaction waits, with its rows locked, until it may go on."""

    def reached(self) -> bool:
        """Wait until somebody waits here."""
        for _ in range(PATIENCE * 20):
            with connection.cursor() as cursor:
                cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
                if cursor.fetchone()[0]:
                    return True
            time.sleep(0.05)
        return False

    def go_on(self) -> None:
        """Let everybody go on who waits here, or will."""
        _sql("SELECT pg_advisory_unlock_all()")


@contextmanager
def stopped(table: str) -> Iterator[Stop]:
    """Whoever updates a row of ``table`` waits in its transaction until it may ``go_on``."""
    _sql("SELECT pg_advisory_lock(7)")
    stop = Stop()
    try:
        with slowed(table, "pg_advisory_xact_lock_shared(7)"):
            try:
                yield stop
            finally:
                stop.go_on()
    finally:
        stop.go_on()


@contextmanager
def refused_once(table: str, code: str = "40001") -> Iterator[None]:
    """The first UPDATE of ``table`` fails with the SQLSTATE ``code``; a sequence counts, which no rollback takes back."""
    _sql(
        "CREATE SEQUENCE once",
        "CREATE FUNCTION once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('once') = 1 "
        f"THEN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER once AFTER UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION once()",
    )
    try:
        yield
        with connection.cursor() as cursor:
            cursor.execute("SELECT is_called FROM once")
            assert cursor.fetchone()[0], f"nothing was written to {table}"
    finally:
        _sql(f"DROP TRIGGER once ON {table}", "DROP FUNCTION once", "DROP SEQUENCE once")


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
