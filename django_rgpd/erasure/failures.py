"""Database errors without what they quote: PostgreSQL prints the whole row that it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, InterfaceError, OperationalError

from django_rgpd.core.errors import RgpdError

_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same work done once more succeeds."""
_BUSY = frozenset({"55P03", "57014"})
"""A lock that was not had in time, a statement that took too long."""


class EngineFailed(RgpdError):
    """The database refused; nothing was changed. ``kind``: the error and its SQLSTATE; ``again``: worth a second try at
    once; ``busy``: worth one later."""

    def __init__(self, doing: str, kind: str, *, again: bool = False, busy: bool = False) -> None:
        super().__init__(f"{doing}: the database refused ({kind}); nothing was changed.")
        self.kind = kind
        self.again = again
        self.busy = busy


@contextmanager
def wrapped(doing: str) -> Iterator[None]:
    """Turn a database error into ``EngineFailed``, which names what was being done and nothing of the row."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        try:
            raise _told(doing, error) from None
        except EngineFailed as failure:
            failure.__context__ = None  # error reports print the chain, and with it the row
            raise


def _told(doing: str, error: Exception) -> EngineFailed:
    state = str(getattr(error.__cause__, "sqlstate", "") or "")
    locked = isinstance(error, OperationalError) and "locked" in str(error)
    kind = f"{type(error).__name__} {state}".strip()
    return EngineFailed(doing, kind, again=state in _AGAIN, busy=locked or state in _BUSY)
