"""What waits for an approval, as a person reads it: a line for each model and purpose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from django_rgpd.policy import current
from django_rgpd.registry import registry
from django_rgpd.retention.fingerprint import fingerprint

if TYPE_CHECKING:
    from django_rgpd.retention.approval import Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``rows`` of the model ``label`` hold something for one purpose (what people read of it) that would go."""

    label: str
    name: str
    purpose: str
    rows: int


def lines(waiting: Iterable[Waiting]) -> list[Line]:
    """The lines of all that waits, in the order given; accounts have one line, since they end whole."""
    return [
        Line(label=one.label, name=_name(one.label), purpose=purpose, rows=rows)
        for one in waiting
        for purpose, rows in _purposes(one)
    ]


def digest(waiting: Iterable[Waiting]) -> str:
    """A hash of what decides on the models that are shown: an approval of one text is none of the next.

    The rows may be more or fewer a minute later, as on any day.
    """
    entries = ((one.label, registry.labelled(one.label)) for one in waiting)
    told = sorted((label, fingerprint(entry)) for label, entry in entries if entry is not None)
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _purposes(one: Waiting) -> list[tuple[str, int]]:
    if one.label == get_user_model()._meta.label:
        return [(_("accounts that would end, after two warnings"), one.rows)]
    named = [(str(current().purpose(key).label), rows) for key, rows in one.changed.items()]
    return named or [(_("whole rows"), one.rows)]


def _name(label: str) -> str:
    entry = registry.labelled(label)
    return str(entry.model._meta.verbose_name_plural) if entry is not None else label
