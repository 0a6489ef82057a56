"""Errors without what they quote: PostgreSQL prints the whole row that it refuses, a shop's own code the value it got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connections

from django_rgpd.core.errors import RgpdError

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

_Given = TypeVar("_Given")

_TRIES = 50
"""How often what others are in the way of is tried: each time one of them got on."""

_AGAIN = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock: the same work done once more succeeds."""
_BUSY = frozenset({"55P03", "57014"})
"""A lock that was not had in time, a statement that took too long."""


class EngineFailed(RgpdError):
    """The database or the shop's own code refused; nothing was changed.

    ``kind``: the error's class and its SQLSTATE; ``again``: worth a second try at once; ``busy``: worth one later.
    """

    def __init__(
        self, doing: str, kind: str, *, who: str = "the database", again: bool = False, busy: bool = False
    ) -> None:
        super().__init__(f"{doing}: {who} refused ({kind}); nothing was changed.")
        self.kind = kind
        self.again = again
        self.busy = busy


@contextmanager
def wrapped(doing: str | _StrPromise) -> Iterator[None]:
    """Turn a database error into ``EngineFailed``, which names what was being done and nothing of the row."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        _raise_alone(_told(str(doing), error))


@contextmanager
def foreign(doing: str | _StrPromise) -> Iterator[None]:
    """Turn whatever the shop's own code raises into ``EngineFailed``: its message may quote the value that it was given.

    What the library and the database raise goes on as it is.
    """
    try:
        yield
    except (RgpdError, DatabaseError, InterfaceError):
        raise
    except Exception as error:  # a function or a save() of the shop's may raise anything
        _raise_alone(EngineFailed(str(doing), type(error).__name__, who="the shop's own code"))


def overtaken(error: Exception) -> bool:
    """Whether the database refused only because somebody else was there first: done once more, the same work succeeds."""
    return _state(error) in _AGAIN


def undisturbed(work: Callable[[], _Given], *, using: str) -> _Given:
    """What ``work`` gives, a transaction of its own, done again for as long as others are in its way.

    Where the shop's isolation is stricter than READ COMMITTED, that is how two get along who want the same row.
    """
    for _ in range(_TRIES - 1):
        try:
            return work()
        except OperationalError as error:
            if connections[using].in_atomic_block or not overtaken(error):
                raise
    return work()


def _state(error: Exception) -> str:
    return str(getattr(error.__cause__, "sqlstate", "") or "")


def _raise_alone(failure: EngineFailed) -> NoReturn:
    """Without a chain: error reports print it, and with it the row."""
    try:
        raise failure from None
    except EngineFailed:
        failure.__context__ = None
        raise


def _told(doing: str, error: Exception) -> EngineFailed:
    state = _state(error)
    locked = isinstance(error, OperationalError) and "locked" in str(error)
    kind = f"{type(error).__name__} {state}".strip()
    return EngineFailed(doing, kind, again=state in _AGAIN, busy=locked or state in _BUSY)
