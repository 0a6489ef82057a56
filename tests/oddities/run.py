"""Run by a test in a process of its own: everything odd, with the user model that ``ODDITY`` names. Prints one line of JSON."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.oddities.settings"
os.environ["ODD_MEDIA"] = tempfile.mkdtemp(prefix="odd-")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models.signals import pre_migrate  # noqa: E402

from tests.oddities import by_odd_names, by_their_keys, checked, in_the_zoo, on_postgresql  # noqa: E402
from tests.oddities.ground import failures  # noqa: E402

Act = Callable[[], None]


def acts() -> list[Act]:
    """What is tried, in this order."""
    oddity = os.environ.get("ODDITY", "default")
    if oddity == "elsewhere":
        return [checked.two_databases]
    found: list[Act] = [
        *([checked.findings] if oddity == "default" else []),
        in_the_zoo.adopted,
        in_the_zoo.erased,
        in_the_zoo.gone,
        in_the_zoo.back_again,
        in_the_zoo.constrained,
        by_their_keys.erased,
        by_their_keys.swept,
        by_their_keys.swept_by_workers,
        by_their_keys.set_aside,
        by_their_keys.held,
        by_their_keys.exported,
        by_their_keys.rehearsed,
        by_their_keys.shared,
        by_their_keys.still_open,
        by_odd_names.erased,
        by_odd_names.swept,
        by_odd_names.exported,
        by_odd_names.searched,
        *([in_the_zoo.placeholders] if oddity == "default" else []),
        *([on_postgresql.lists, on_postgresql.copies] if connection.vendor == "postgresql" else []),
    ]
    return found + [lambda stray=stray: in_the_zoo.refused(stray) for stray in in_the_zoo.STRAYS]  # type: ignore[misc]


def main() -> None:
    """Make the tables, try everything, say what failed."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "postgresql":
        connection.settings_dict["TEST"]["NAME"] = f"test_odd_{os.environ.get('ODDITY', '')}_{os.getpid()}"
        pre_migrate.connect(on_postgresql.extend)
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    kind = "serial" if connection.vendor == "postgresql" else "integer"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TABLE zoo_elsewhere (id {kind} PRIMARY KEY, login varchar(100), text varchar(100), "
            "created timestamp with time zone)"
        )
    try:
        by_odd_names.prepared()
        for act in acts():
            act()
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)
    sys.stdout.write(json.dumps(failures) + "\n")


if __name__ == "__main__":
    try:
        main()
    finally:
        shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)
