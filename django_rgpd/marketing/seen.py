"""What a comparison has read of an audience, outside of its memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from secrets import token_bytes
from uuid import UUID

from django_rgpd.processors.base import Member


class Seen:
    """What was read of them, in a file that goes with the process: a million would not fit into memory for long.

    Members by a digest of what they told, people whom they hold by uuid, addresses that are to stop by key.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("", check_same_thread=False)
        self._salt = token_bytes(16)
        for name, kind in (("member", "BLOB"), ("person", "BLOB"), ("stop", "INTEGER")):
            self._file.execute(f"CREATE TABLE {name} (key {kind} PRIMARY KEY) WITHOUT ROWID")

    def first(self, address: str, member: Member) -> bool:
        """Whether they did not tell the same of ``address`` before."""
        told = repr((address, str(member.standing), member.changed_at)).encode()
        return self._add("member", blake2b(told, salt=self._salt, digest_size=16).digest())

    def hold(self, people: Iterable[UUID]) -> None:
        """``people`` are held there; ``in`` asks for it."""
        for one in people:
            self._add("person", one.bytes)

    def stop(self, keys: Iterable[int]) -> None:
        """The addresses ``keys`` must not be written to there."""
        for one in keys:
            self._add("stop", one)

    def stopped(self, number: int) -> Iterator[list[int]]:
        """These, ``number`` at a time."""
        rows = self._file.execute("SELECT key FROM stop ORDER BY key")
        while some := rows.fetchmany(number):
            yield [one for (one,) in some]

    def _add(self, table: str, key: bytes | int) -> bool:
        return self._file.execute(f"INSERT OR IGNORE INTO {table} VALUES (?)", (key,)).rowcount > 0  # noqa: S608

    def __contains__(self, person: UUID) -> bool:
        return bool(self._file.execute("SELECT 1 FROM person WHERE key = ?", (person.bytes,)).fetchone())

    def close(self) -> None:
        """The file goes."""
        self._file.close()
