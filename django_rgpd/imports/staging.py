"""The lines of one file while they are judged: in a private, nameless database on the disk, so that memory does not grow."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django_rgpd.imports import reasons
from django_rgpd.imports.judging import Consent

_TABLES = """
CREATE TABLE consents (digest TEXT PRIMARY KEY, at TEXT, line INTEGER, body TEXT) WITHOUT ROWID;
CREATE TABLE denied (digest TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID;
CREATE TABLE refused (line INTEGER PRIMARY KEY, reason TEXT, other INTEGER);
CREATE TABLE leavers (digest TEXT PRIMARY KEY, reason TEXT) WITHOUT ROWID;
"""


class Staging:
    """One consent an address, the latest, unless a line of it says no; what is refused, and why; digests of those who left."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def add(self, digest: str, consent: Consent) -> None:
        """Keep ``consent``, unless the file has a later one of the same address, or a no; what is not kept is refused."""
        denied = self._one("SELECT line FROM denied WHERE digest = ?", digest)
        if denied is not None:
            self.refuse(consent.line, reasons.SAYS_NO_TOO, other=denied[0])
            return
        row = self._one("SELECT at, line FROM consents WHERE digest = ?", digest)
        if row is not None and row[0] > _sortable(consent):
            self.refuse(consent.line, reasons.TWICE, other=row[1])
            return
        if row is not None:
            self.refuse(row[1], reasons.TWICE, other=consent.line)
        body = json.dumps(asdict(consent) | {"at": _sortable(consent)})
        values = (digest, _sortable(consent), consent.line, body)
        self._database.execute("INSERT OR REPLACE INTO consents VALUES (?, ?, ?, ?)", values)

    def deny(self, digest: str, line: int) -> None:
        """Her ``line`` says no, and nothing says when: neither an earlier nor a later line of hers is a consent."""
        self._database.execute("INSERT OR IGNORE INTO denied VALUES (?, ?)", (digest, line))
        row = self._one("SELECT line FROM consents WHERE digest = ?", digest)
        if row is not None:
            self.refuse(row[0], reasons.SAYS_NO_TOO, other=line)
            self._database.execute("DELETE FROM consents WHERE digest = ?", (digest,))

    def refuse(self, line: int, reason: str, *, other: int | None = None) -> None:
        """Note why a line is not taken."""
        self._database.execute("INSERT OR REPLACE INTO refused VALUES (?, ?, ?)", (line, reason, other))

    def note(self, leavers: Iterable[tuple[str, str]]) -> None:
        """Note digests of addresses whose person refused once, or was erased, each with the reason; the last word counts."""
        self._database.executemany("INSERT OR REPLACE INTO leavers VALUES (?, ?)", leavers)

    def left(self, digest: str) -> str:
        """The reason that was noted, or nothing."""
        row = self._one("SELECT reason FROM leavers WHERE digest = ?", digest)
        return "" if row is None else str(row[0])

    def consents(self) -> Iterator[Consent]:
        """What is left, in the order of the file."""
        for (body,) in self._database.execute("SELECT body FROM consents ORDER BY line"):
            told = json.loads(body)
            yield Consent(**{**told, "at": datetime.fromisoformat(told["at"])})

    def refused(self) -> Iterator[tuple[int, str, int | None]]:
        """Line, reason and the line that counts instead, in the order of the file."""
        yield from self._database.execute("SELECT line, reason, other FROM refused ORDER BY line")

    def counts(self) -> dict[str, int]:
        """How many lines are refused, by reason."""
        return dict(self._database.execute("SELECT reason, count(*) FROM refused GROUP BY reason"))

    def _one(self, statement: str, value: str) -> Any:
        return self._database.execute(statement, (value,)).fetchone()


@contextmanager
def staging() -> Iterator[Staging]:
    """An empty one; nothing of it is left afterwards, however the process ends."""
    # A database without a name is a file that has none either, and spills out of memory when it grows.
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        database.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {_TABLES}")
        yield Staging(database)


def _sortable(consent: Consent) -> str:
    """Instants of UTC that sort as texts do."""
    return consent.at.isoformat(timespec="microseconds")
