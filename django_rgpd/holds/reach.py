"""What a hold on one row reaches: its own personal fields, and those of the rows that follow it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db.models import Q

from django_rgpd.registry import registry
from django_rgpd.registry.conditions import NEVER, all_of, not_, on_row
from django_rgpd.registry.followed import followed
from django_rgpd.registry.models import Hold
from django_rgpd.registry.paths import follow

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry import Entry, Personal


def holds_something(entry: Entry, key: str, purposes: Collection[str]) -> bool:
    """Whether the row of ``entry`` with ``key``, or one that follows it, has a value left for ``purposes`` (none: any)."""
    return any(
        _has_value(one, path, key, purposes)
        for one in registry
        if one.model._meta.app_label != Hold._meta.app_label
        for path, far in followed(one)
        if far is entry
    )


def _has_value(entry: Entry, path: str, key: str, purposes: Collection[str]) -> bool:
    served = [
        (name, personal)
        for name, personal in entry.declaration.fields.items()
        if not purposes or not set(purposes).isdisjoint(personal.purpose_keys)
    ]
    if not served:
        return False
    model = entry.model
    here = on_row(model, Q(**{follow(model, path).key if path else "pk": key}))
    erased = all_of(*(_erased(model, name, one) for name, one in served))
    return bool(model._base_manager.filter(here, not_(erased)).exists())


def _erased(model: type[Model], name: str, personal: Personal) -> Q:
    """What keeps its value until the row goes is not erased while the row is there."""
    action, field = personal.erase, model._meta.get_field(name)
    return NEVER if action.with_row else on_row(model, action.erased(field))  # type: ignore[arg-type]
