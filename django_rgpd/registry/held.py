"""Rows by an address after its holder was erased: what open business held is hers, what began later is a newcomer's."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import DateTimeField, Q
from django.utils import timezone

from django_rgpd.core import clock
from django_rgpd.registry.conditions import NEVER, all_of, any_of, not_, on_row
from django_rgpd.registry.paths import follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Held


def carrier(entry: Entry, text: str) -> tuple[str, type[Model]]:
    """The lookup prefix and the model of the row that carries the address at ``text``: the row itself, or one that it follows."""
    before, _separator, _column = text.rpartition("__")
    if not before:
        return "", entry.model
    target = follow(entry.model, before).target
    return (f"{before}__", target) if target is not None else ("", entry.model)


def label_of(model: type[Model]) -> str:
    """How ``Held.rows`` names a table."""
    return str((model._meta.concrete_model or model)._meta.label)


def among(entry: Entry, text: str, held: Held) -> Q:
    """Rows of ``entry`` whose address at ``text`` stands in a row that open business held."""
    prefix, model = carrier(entry, text)
    keys = held.rows.get(label_of(model), ())
    return on_row(entry.model, Q(**{f"{prefix}pk__in": keys}), few=True) if keys else NEVER


def by_then(entry: Entry, text: str, until: datetime) -> Q:
    """Rows of ``entry`` of which no clock says that all began after ``until``; a row without a day may be as old as any.

    Asked of the row that carries the address: what follows it (a payment) may well come later.
    """
    prefix, model = carrier(entry, text)
    paths = _clocks(entry, prefix, model)
    if not paths:
        return all_of()
    begun = any_of(*(on_row(entry.model, _until(entry.model, path, until)) for path in paths))
    some = any_of(*(on_row(entry.model, Q(**{f"{path}__isnull": False})) for path in paths))
    return any_of(begun, not_(some))


def _clocks(entry: Entry, prefix: str, model: type[Model]) -> list[str]:
    far = registry.of(model) if prefix else None
    if far is not None and far.declaration.clocks:
        return sorted({f"{prefix}{path}" for path in far.declaration.clocks.values()})
    return sorted(set(entry.declaration.clocks.values()))


def _until(model: type[Model], path: str, until: datetime) -> Q:
    if isinstance(follow(model, path).field, DateTimeField):
        instant = until if settings.USE_TZ else timezone.make_naive(until, timezone.get_default_timezone())
        return Q(**{f"{path}__lte": instant})
    return Q(**{f"{path}__lte": clock.legal_day(until)})
