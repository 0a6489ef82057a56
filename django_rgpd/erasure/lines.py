"""The lines of a plan: what goes, what stays, why and until which day, as values that can be shown and
compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TypeVar

from django.core.serializers.json import DjangoJSONEncoder

T = TypeVar("T")

_COUNTS = frozenset({"rows", "until", "first_until", "last_until"})
"""What lines that say the same are added up in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Rows of one model that lose what they say of the person, or go.

    ``rest``: what becomes of the rows' other columns: "" (they go), "facts" (they stay as declared), "kept" (she chose so).
    """

    model: str
    label: str
    rows: int
    fields: tuple[str, ...]
    rest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staying:
    """Rows of one model that stay for a purpose: the law or reason, and the days on which the first and
    last of them end."""

    model: str
    label: str
    rows: int
    fields: tuple[str, ...]
    purpose: str
    purpose_label: str
    law: str
    first_until: date | None
    last_until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Rows of open business: what they need stays until they close, expected on ``until``, at the latest
    ``at_most``."""

    model: str
    label: str
    rows: int
    fields: tuple[str, ...]
    until: date | None
    at_most: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Rows of one model that are kept for what is not settled: why, by which law, since when, and when it is looked at again.

    ``kind``: of the hold, or "unsettled" where the shop's own columns say so.
    """

    model: str
    label: str
    rows: int
    fields: tuple[str, ...]
    kind: str
    reason: str
    law: str
    since: date | None
    review_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A choice that the person has: to keep rows without a way back to her, or to have them deleted."""

    key: str
    question: str
    keep: str
    delete: str
    rows: int
    default_keep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """An undeclared table that refers to rows that would go: nothing is done before it is declared."""

    reference: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A processor that is told: at once, or (``later``) when the business that still needs it is closed.

    ``by_hand``: somebody of the shop does it. ``keeps``: why it is not told, and keeps what it holds. ``leaves``: what stays
    there although it is told. ``unnamed``: it cannot be told, for no proven address and no id of theirs leads to her there.
    """

    key: str
    name: str
    later: bool
    by_hand: bool
    keeps: str = ""
    leaves: str = ""
    unnamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an erasure would do now."""

    goes: tuple[Going, ...] = ()
    stays: tuple[Staying, ...] = ()
    open: tuple[Open, ...] = ()
    asks: tuple[Asking, ...] = ()
    blocked: tuple[Blocked, ...] = field(default=())
    keeps: tuple[Keeping, ...] = ()
    told: tuple[Telling, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether something stays only until business with her is closed, settled or held no more."""
        return bool(self.open or self.keeps)

    @property
    def open_until(self) -> date | None:
        """The day on which the last open business is expected to close."""
        days = [one.until or one.at_most for one in self.open]
        return max((day for day in days if day is not None), default=None)

    @property
    def digest(self) -> str:
        """SHA-256 of what it says, to compare the plan that was shown with the one that is carried out."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def as_values(self) -> dict[str, object]:
        """As a mail's context takes it: days stay days."""
        return asdict(self)

    def as_json(self) -> dict[str, object]:
        """As a JSON column keeps it; no personal value."""
        plain: dict[str, object] = json.loads(json.dumps(asdict(self), cls=DjangoJSONEncoder))
        return plain


def together(lines: Iterable[object], kind: type[T]) -> tuple[T, ...]:
    """The lines of one kind, those that say the same of several ways added up."""
    found: dict[tuple[object, ...], T] = {}
    for line in lines:
        if isinstance(line, kind):
            said = tuple(getattr(line, name) for name in line.__slots__ if name not in _COUNTS)  # type: ignore[attr-defined]
            found[said] = _added(found[said], line) if said in found else line
    return tuple(found.values())


def _added(one: T, other: T) -> T:
    changes: dict[str, object] = {"rows": getattr(one, "rows") + getattr(other, "rows")}  # noqa: B009
    for name, choose in (("until", max), ("first_until", min), ("last_until", max)):
        if hasattr(one, name):
            days = [day for day in (getattr(one, name), getattr(other, name)) if day is not None]
            changes[name] = choose(days) if days else None
    return replace(one, **changes)  # type: ignore[type-var]
