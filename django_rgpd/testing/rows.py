"""Every row of every table as a hash, so that a test can say which rows something changed."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

from django.db import connection

from django_rgpd.erasure.residue.columns import tables

Snapshot: TypeAlias = "dict[str, dict[str, str]]"
"""Label of the model (or name of the table) → the key of each row → SHA-256 of the whole row."""


def snapshot() -> Snapshot:
    """The rows of every table of the default database that has a text column and a key."""
    found: Snapshot = {}
    with connection.cursor() as cursor:
        for table in tables(connection):
            if not table.key:
                continue
            cursor.execute(f"SELECT * FROM {table.place}")  # noqa: S608
            names = [one[0] for one in cursor.description]
            keys = [names.index(name) for name in table.key]
            found[table.label] = {
                "/".join(str(row[at]) for at in keys): _hash(row) for row in cursor.fetchall()
            }
    return found


def changed(before: Snapshot, after: Snapshot) -> dict[str, set[str]]:
    """Label → keys of the rows that were added, removed or changed in between."""
    found = {}
    for label in before.keys() | after.keys():
        old, new = before.get(label, {}), after.get(label, {})
        differing = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        if differing:
            found[label] = differing
    return found


def _hash(row: tuple[object, ...]) -> str:
    return hashlib.sha256(repr(row).encode(errors="surrogatepass")).hexdigest()
