"""Checks of keys between tables: what would hold a row that goes, or be swept away with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage
from django.db.models import CASCADE, PROTECT, RESTRICT, SET_NULL

from django_rgpd.policy import Occasion, Outcome
from django_rgpd.registry.actions import Null
from django_rgpd.registry.checks.messages import caution, error
from django_rgpd.registry.columns import references_to
from django_rgpd.registry.declaration import DeleteRow, KeepFacts
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import ForeignKey

    from django_rgpd.policy import Policy
    from django_rgpd.registry.site import Entry

    Key = ForeignKey[Any, Any]


def findings(entry: Entry, policy: Policy | None) -> Iterator[CheckMessage]:
    """What refers to rows of ``entry`` that go."""
    if not _goes(entry):
        return
    for key in _keys_to(entry):
        other = registry.of(key.model)
        if other is None:
            yield from _undeclared(entry, key)
        elif policy is not None and other is not entry and _outlasts(other, entry, policy):
            yield from _staying(entry, other, key)


def _goes(entry: Entry) -> bool:
    """Whether rows of it can be deleted at all: those of a declaration without a personal field never are."""
    declaration = entry.declaration
    if not declaration.fields:
        return False
    return isinstance(declaration.at_end, DeleteRow) or declaration.ask is not None


def _keys_to(entry: Entry) -> Iterator[Key]:
    parents = [parent for parent in entry.model._meta.get_parent_list() if not parent._meta.proxy]
    for table in (entry.model, *parents):
        for key in references_to(table):
            part_of_row = key.remote_field.parent_link and issubclass(entry.model, key.model)
            if key.model._meta.managed and not part_of_row:
                yield key


def _undeclared(entry: Entry, key: Key) -> Iterator[CheckMessage]:
    """Links that Django made go with one end; what holds nothing personal is cut off where it sets NULL."""
    if key.model._meta.auto_created:
        return
    meta = key.model._meta
    harmless = {meta.label_lower, meta.app_label} & set(registry.harmless)
    if harmless and key.null and key.remote_field.on_delete is SET_NULL:
        return
    message = (
        f"{meta.label}.{key.name} refers to rows of it that go, and is not declared: no erasure could be."
    )
    hint = (
        f"Declare {meta.label}, or let the key be null with on_delete=SET_NULL and say "
        f"not_personal({meta.label!r}, reason='…')."
    )
    yield error("E037", entry.model, message, hint)


def _staying(entry: Entry, other: Entry, key: Key) -> Iterator[CheckMessage]:
    label = f"{other.label}.{key.name}"
    deletes = key.remote_field.on_delete
    if deletes is CASCADE:
        message = f"Deleting a row of it would take rows of {other.label} along, which must stay."
        hint = f"Give {label} on_delete=SET_NULL, or PROTECT where a row may stay for it."
        yield error("E038", entry.model, message, hint)
        return
    personal = other.declaration.fields.get(key.name)
    if personal is not None and isinstance(personal.erase, Null):
        return
    how = "PROTECT" if deletes in {PROTECT, RESTRICT} else "a key that is never nulled"
    message = f"{label} stays and refers to it ({how}): such a row of it is emptied and not deleted."
    hint = "Say at_end = KeepFacts() here if that is meant, or let the key be null and erase it with Null()."
    yield caution("W051", entry.model, message, hint)


def _outlasts(other: Entry, entry: Entry, policy: Policy) -> bool:
    """Whether rows of ``other`` stay when those of ``entry`` go: as facts, or for a purpose that stands."""
    if isinstance(other.declaration.at_end, KeepFacts):
        return True
    return bool(_surviving(other, policy) - _surviving(entry, policy))


def _surviving(entry: Entry, policy: Policy) -> set[str]:
    used = {key for personal in entry.declaration.fields.values() for key in personal.purpose_keys}
    return {
        purpose.key
        for purpose in policy.all_purposes
        if purpose.key in used and Outcome.STANDS in purpose.outcomes(Occasion.ERASURE)
    }
