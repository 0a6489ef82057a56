"""What decides on the end of a model's rows, as one hash: its declaration and the terms that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F, Q

from django_rgpd.core import clock
from django_rgpd.policy import Occasion, current
from django_rgpd.registry import Unsettled, registry, rule
from django_rgpd.registry.followed import followed

if TYPE_CHECKING:
    from django_rgpd.policy import Purpose
    from django_rgpd.registry import Entry, Personal, When

_PLAIN = (str, int, float, bool, bytes, date, time, timedelta, Decimal, UUID, type(None))


def fingerprint(entry: Entry) -> str:
    """64 hexadecimal digits that change when something else decides on ``entry``: never with the language or the process.

    Labels, reasons and what only an erasure asks are left out. A value of a condition that is no plain one (a subquery, a
    function) counts by its type.
    """
    declaration = entry.declaration
    told = [
        sorted((name, _field(entry, one)) for name, one in declaration.fields.items()),
        [(role, _told(who)) for role, who in entry.people.items()],
        _told(declaration.clocks),
        _told(declaration.at_end),
        declaration.ask is not None,
        [_unsettled(far) for _path, far in followed(entry)],
        _told(current().fiscal_year),
        clock.legal_zone().key,
        sorted((one.label, _told(one.declaration.sales)) for one in registry if one.declaration.sales),
    ]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _field(entry: Entry, personal: Personal) -> object:
    return [
        _told(personal.erase),
        entry.role_of(personal),
        [_ref(entry, personal, one) for one in personal.purposes],
    ]


def _unsettled(entry: Entry) -> object:
    declared = entry.declaration.unsettled
    if not isinstance(declared, Unsettled):
        return None
    return [
        entry.label,
        *(_told(getattr(declared, name)) for name in ("condition", "purposes", "since", "at_most")),
    ]


def _ref(entry: Entry, personal: Personal, purpose_ref: str | When) -> object:
    purpose = rule.purpose_of(entry, purpose_ref)
    condition = None if isinstance(purpose_ref, str) else _told(purpose_ref.condition)
    return [condition, _purpose(purpose, personal)]


def _purpose(purpose: Purpose, personal: Personal) -> object:
    bases = [
        (basis.outcome(Occasion.TERM).name, _told(basis.when))
        for basis in purpose.bases
        if basis.holds_for(personal.category)
    ]
    return [purpose.key, _told(purpose.term), purpose.clock.name, bases]


def _told(value: object) -> object:
    """``value`` as texts, numbers and lists that are the same in every process."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, Q):
        return [value.connector, value.negated, [_told(one) for one in value.children]]
    if isinstance(value, F):
        return ["F", str(getattr(value, "name", ""))]
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(_told(getattr(value, one.name)) for one in fields(value))]
    if isinstance(value, Mapping):
        return sorted((str(key), _told(one)) for key, one in value.items())
    if isinstance(value, set | frozenset):
        return sorted(repr(_told(one)) for one in value)
    if isinstance(value, list | tuple):
        return [_told(one) for one in value]
    return _place(value)


def _place(value: object) -> str:
    """A function by its name, anything else by its type: their own texts would name a place in memory."""
    named = value if hasattr(value, "__qualname__") else type(value)
    return f"{getattr(named, '__module__', '')}.{getattr(named, '__qualname__', '')}"
