"""Columns that lead from rows to people: what a hold keeps of somebody is found by them, and so they stay with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models.fields.reverse_related import ForeignObjectRel

from django_rgpd.registry.generic import targets
from django_rgpd.registry.paths import follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Field

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Who

    Column = Field[Any, Any]


def purposes_found(entry: Entry) -> dict[str, frozenset[str]]:
    """Personal field of ``entry`` → the purposes of all that is found by it, in the same row and in rows of other models.

    Without an order's link to an account nobody knows any more whose payment that was.
    """
    columns = {entry.model._meta.get_field(name): name for name in entry.declaration.fields}
    found: dict[str, frozenset[str]] = {}
    for other in registry:
        for role, who in other.people.items():
            served = {key for one in other.fields_of(role).values() for key in one.purpose_keys}
            for name in {columns[one] for one in _columns(other, who) if one in columns}:
                found[name] = found.get(name, frozenset()) | served
    return found


def _columns(entry: Entry, who: Who) -> Iterator[Column]:
    """The columns on the ways by which ``who`` is found from rows of ``entry``."""
    for text in (who.user, *who.addresses.values(), who.person):
        path = follow(entry.model, text) if text else None
        if path is not None:
            yield from (hop.field if isinstance(hop, ForeignObjectRel) else hop for hop in path.hops)
            yield path.field
    for target in targets(who):
        yield from _columns(target, target.people[target.main_role])
