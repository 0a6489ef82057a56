"""Run by a test in a process of its own: a database of the first release, filled, brought to the newest and back again.

``python -m tests.house.filled``: on SQLite, or beside the database that ``DATABASE_URL`` names. Prints one line of JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

NAME = f"filled_{os.getpid()}"
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django  # noqa: E402
from django.conf import settings  # noqa: E402

SQLITE = "DATABASE_URL" not in os.environ
if SQLITE:
    settings.DATABASES["default"]["NAME"] = str(Path(tempfile.mkdtemp(prefix="filled-")) / "db")

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from django_rgpd.consent import copies  # noqa: E402
from django_rgpd.consent.audience import audience  # noqa: E402
from django_rgpd.core import clock  # noqa: E402
from django_rgpd.ledger import guard  # noqa: E402
from django_rgpd.ledger.models import Seal  # noqa: E402

APP, FIRST, ROWS = "django_rgpd", "0001_initial", 7
MANY = 101
"""The first key of the rows: others were given out by the database itself."""
ADA = "ada@example.com"
LONG_AGO = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
RENAMED = {("django_rgpd_consentstate", "address"): "agreed_with"}
"""What stands under another name since."""

Table = dict[int, dict[str, Any]]


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A database of this process's own."""
    if SQLITE:
        yield
        return
    beside = connection.copy()
    beside.settings_dict = {**connection.settings_dict, "NAME": "postgres"}
    with beside.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {NAME}")
    connection.settings_dict["NAME"] = NAME
    try:
        yield
    finally:
        connection.close()
        with beside.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {NAME} WITH (FORCE)")
        beside.close()


def fill(apps: Any) -> None:
    """Rows of every table of the first release, each column with a value of its kind, or empty where it may be."""
    waiting = list(apps.get_app_config(APP).get_models())
    while waiting:
        model = waiting.pop(0)
        needed = [one.related_model for one in model._meta.concrete_fields if one.is_relation]
        if any(one in waiting for one in needed):
            waiting.append(model)
            continue
        model.objects.bulk_create(
            model(**{one.attname: value(one, number) for one in model._meta.concrete_fields})
            for number in range(MANY, MANY + ROWS)
        )


def reader(apps: Any) -> None:
    """Somebody who agreed to the newsletter then."""
    ada = apps.get_model(APP, "Person").objects.create(created_at=LONG_AGO, last_contact=LONG_AGO)
    address = apps.get_model(APP, "Address").objects.create(
        person=ada,
        canonical=ADA,
        digest="ada",
        key_id="then",
        since=LONG_AGO,
        proven_at=LONG_AGO,
        proven_how="click",
    )
    apps.get_model(APP, "ConsentState").objects.create(
        person=ada.uuid, purpose="newsletter", channel="email", standing="live", live=True, since=LONG_AGO,
        event=uuid.uuid4(), address=address.pk,
    )  # fmt: skip


def written_to() -> list[str]:
    """Who gets the newsletter."""
    return [str(one.address) for one in audience("newsletter", "email", now=clock.now())]


def value(column: models.Field[Any, Any], number: int) -> Any:
    """What row ``number`` has in ``column``: other rows have others."""
    if column.null and number % 3 == 0:
        return None
    if column.choices:
        return list(column.choices)[number % len(list(column.choices))][0]
    made: dict[type[models.Field[Any, Any]], Any] = {
        models.UUIDField: uuid.uuid5(uuid.NAMESPACE_OID, f"{column}{number}"),
        models.DateTimeField: LONG_AGO + timedelta(days=number, microseconds=number),
        models.DateField: date(2024, 2, 29) + timedelta(days=number),
        models.JSONField: {"é": [number, None, "ü"]},
        models.BooleanField: bool(number % 2),
        models.TextField: f"Ünïcode ✓ {column.name} {number}\n",
    }
    known = next((made[kind] for kind in made if isinstance(column, kind)), None)
    if known is not None:
        return known
    if isinstance(column, models.CharField):
        return f"{number}é{column.name}"[: column.max_length]
    return number


def tables() -> dict[str, Table]:
    """Every row of every table of ours, by name and key."""
    found = {}
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            if name.startswith(f"{APP}_"):
                cursor.execute(f'SELECT * FROM "{name}"')
                columns = [one[0] for one in cursor.description]
                rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
                found[name] = {row["id"]: row for row in rows}
    return found


def files() -> dict[str, int]:
    """In which file PostgreSQL has each table: another one after a rewrite, during which nobody could read it."""
    if SQLITE:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' AND relname LIKE 'django_rgpd_%'"
        )
        return dict(cursor.fetchall())


def lost(before: dict[str, Table], after: dict[str, Table]) -> list[str]:
    """What is not there any more, or otherwise: table and column."""
    return sorted(
        {
            f"{name}.{column}"
            for name, rows in before.items()
            for key, row in rows.items()
            for column, was in row.items()
            if after.get(name, {}).get(key, {}).get(RENAMED.get((name, column), column), "lost") != was
        }
    )


def main() -> dict[str, object]:
    """Fill, go to the newest, come back, go there again."""
    first = MigrationExecutor(connection).migrate([(APP, FIRST)])
    reader(first.apps)
    fill(first.apps)
    before, lay = tables(), files()
    call_command("migrate", APP, verbosity=0)
    newest = tables()
    rewritten = sorted(name for name, file in lay.items() if files()[name] != file)
    guarded = guard.missing()
    call_command("migrate", APP, FIRST, verbosity=0)
    back = tables()
    call_command("migrate", verbosity=0)
    again = tables()
    Seal.objects.update(mirrored_at=None)  # the filler's seals were mirrored nowhere, which shuts the door
    at_once = written_to()
    copies.follow_everybody()  # a daily duty
    return {
        "empty": sorted(name for name, rows in before.items() if not rows),
        "lost": lost(before, newest),
        "rewritten": rewritten,
        "unguarded": guarded,
        "other after coming back": back != before,
        "lost at last": lost(before, again),
        "written to at once": at_once,
        "written to": written_to(),
    }


if __name__ == "__main__":
    with database():
        sys.stdout.write(json.dumps(main()) + "\n")
