"""The guard of the ledger in the database itself: triggers that refuse what no code of ours does.

It keeps mistakes out (a shell, another app's UPDATE). Who administers the database can take it away; that is
what ``verify`` and the mirror are for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.db import connections, router

from django_rgpd.ledger.models import Event

if TYPE_CHECKING:
    from django.apps.registry import Apps
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

EVENTS, SEALS = "django_rgpd_event", "django_rgpd_seal"
CHANGE, DELETE = "guard_update", "guard_delete"
MESSAGE = "django_rgpd: the ledger is only added to"

_EVENT = (
    "id uuid site kind person purpose channel at recorded_at how payload_hash".split()  # noqa: SIM905
)
_SEAL = "id number sealed_at count previous digest key_id".split()  # noqa: SIM905


def install(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Install the guard, for ``RunPython`` (also after a later change of these tables: SQLite makes them anew).

    On PostgreSQL ``TRUNCATE`` passes, with which Django empties tables between tests. On SQLite it empties them
    by DELETE: the guard against deletion is left out in a test database, and everything else is in place.
    """
    connection = schema_editor.connection
    remove(apps, schema_editor)
    for statement in _statements(connection, deletes=not _for_tests(connection)):
        _run(connection, statement)


def remove(apps: Apps | None, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the guard away, for ``RunPython`` (before a change of these tables, and backwards)."""
    connection = schema_editor.connection
    if connection.vendor not in {"postgresql", "sqlite"}:
        return
    for table in (EVENTS, SEALS):
        for name in (CHANGE, DELETE):
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            _run(connection, f"DROP TRIGGER IF EXISTS {table}_{name}{on}")
    if connection.vendor == "postgresql":
        _run(connection, "DROP FUNCTION IF EXISTS django_rgpd_guard()")


@contextmanager
def lifted(using: str | None = None) -> Iterator[None]:
    """Without the guard, for a database that is to be emptied (``flush`` on SQLite); then it is there again."""
    connection = connections[using or router.db_for_write(Event)]
    with connection.schema_editor() as editor:
        remove(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            install(None, editor)


def missing() -> list[str]:
    """The triggers that ought to be there and are not, or are switched off: "table_name"."""
    connection = connections[router.db_for_write(Event)]
    wanted = {f"{table}_{CHANGE}" for table in (EVENTS, SEALS)}
    if connection.vendor == "postgresql":
        found = "SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND tgname LIKE 'django_rgpd_%%'"
    elif connection.vendor == "sqlite":
        found = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'django_rgpd_%%'"
    else:
        return []
    if not _for_tests(connection):
        wanted |= {f"{table}_{DELETE}" for table in (EVENTS, SEALS)}
    with connection.cursor() as cursor:
        cursor.execute(found, [])
        return sorted(wanted - {name for (name,) in cursor.fetchall()})


def _statements(connection: BaseDatabaseWrapper, *, deletes: bool) -> list[str]:
    if connection.vendor == "postgresql":
        return [_FUNCTION, *(_postgresql(table, when, name) for table, when, name in _triggers())]
    if connection.vendor == "sqlite":
        wanted = [one for one in _triggers() if deletes or one[2] != DELETE]
        return [_sqlite(table, when, name) for table, when, name in wanted]
    return []


def _triggers() -> list[tuple[str, str, str]]:
    """Table, the condition under which the statement is refused, and name."""
    ends = (
        "NOT (NEW.payload {same} OLD.payload OR NEW.payload IS NULL)",
        "NOT (NEW.actor {same} OLD.actor OR NEW.actor = '')",
        "NOT (NEW.seal_id {same} OLD.seal_id OR OLD.seal_id IS NULL)",
    )
    event = " OR ".join([*(f"NEW.{name} {{other}} OLD.{name}" for name in _EVENT), *ends])
    seal = " OR ".join(f"NEW.{name} {{other}} OLD.{name}" for name in _SEAL)
    return [
        (EVENTS, event, CHANGE),
        (SEALS, seal, CHANGE),
        (EVENTS, "OLD.seal_id IS NOT NULL", DELETE),
        (SEALS, "TRUE", DELETE),
    ]


_FUNCTION = f"""
CREATE OR REPLACE FUNCTION django_rgpd_guard() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


def _postgresql(table: str, when: str, name: str) -> str:
    verb = "UPDATE" if name == CHANGE else "DELETE"
    condition = when.format(same="IS NOT DISTINCT FROM", other="IS DISTINCT FROM")
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} FOR EACH ROW"
        f" WHEN ({condition}) EXECUTE FUNCTION django_rgpd_guard()"
    )


def _sqlite(table: str, when: str, name: str) -> str:
    verb = "UPDATE" if name == CHANGE else "DELETE"
    condition = when.format(same="IS", other="IS NOT")
    return (
        f"CREATE TRIGGER {table}_{name} BEFORE {verb} ON {table} FOR EACH ROW"
        f" WHEN {condition} BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )


def _for_tests(connection: BaseDatabaseWrapper) -> bool:
    """Whether this is a database that Django's test runner made, on SQLite: in memory, or under its own name."""
    if connection.vendor != "sqlite":
        return False
    name = str(connection.settings_dict["NAME"])
    own = connection.settings_dict.get("TEST", {}).get("NAME")
    return "mode=memory" in name or name == ":memory:" or (own is not None and name == str(own))


def _run(connection: BaseDatabaseWrapper, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
