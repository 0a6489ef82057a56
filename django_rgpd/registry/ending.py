"""What ends with a person although no field of it is erased: codes, mails that wait, exports, consents.

The room that makes such rows says which of them are hers and what becomes of them. An erasure asks all rooms in one
statement and calls those that have some.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from django_rgpd.registry.who import Subject

Rows = Callable[["Subject"], "QuerySet[Any]"]
"""The rows of a person that there is something to do with."""


class End(Protocol):
    """Does it, in the transaction of the erasure."""

    def __call__(self, subject: Subject, *, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """One room's rows, and what becomes of them."""

    rows: Rows
    end: End


_endings: dict[str, Ending] = {}


def ends(rows: Rows) -> Callable[[End], End]:
    """Have the decorated function called at the erasure of a person of whom there are ``rows``.

    It is called while her account and her data are still there.
    """

    def register(end: End) -> End:
        _endings[f"{end.__module__}.{getattr(end, '__qualname__', end)}"] = Ending(rows, end)
        return end

    return register


def every() -> tuple[Ending, ...]:
    """Every ending, in the order in which the rooms were loaded: from the lowest up."""
    return tuple(_endings.values())
