"""Checks of generic keys: one that a declaration names must lead to declared rows, one that nobody named may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage

from django_rgpd.registry.checks.messages import error, gap
from django_rgpd.registry.columns import stored_as
from django_rgpd.registry.generic import compares, key_of, keys_of
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.site import Entry
    from django_rgpd.registry.who import Who


def findings(entry: Entry, where: str, who: Who) -> Iterator[CheckMessage]:
    """What is wrong with ``Who(generic=…, to=…)``."""
    key = key_of(entry.model, who.generic or "")
    if key is None:
        message = f"{where}.generic = {who.generic!r} is no GenericForeignKey of the model."
        known = ", ".join(keys_of(entry.model)) or "it has none"
        yield error("E070", entry.model, message, f"Name one of its own ({known}).")
        return
    if not who.to:
        message = f"{where}.generic = {who.generic!r} leads to no declared model."
        yield error("E070", entry.model, message, 'Say which: to=("orders.Order",).')
    for label in who.to:
        if problem := _problem(entry, key, label):
            hint = "Name declared models whose people are found by their own columns."
            yield error("E070", entry.model, f"{where}.to names {label!r}, {problem}.", hint)


def undeclared(model: type[Model]) -> Iterator[CheckMessage]:
    """A model that nobody declared and that may be about any row of a person: remarks, tags, versions, audit lines."""
    for name in keys_of(model):
        label = model._meta.label
        message = f"Its generic key {name!r} may lead to a person's rows, and nobody has declared it."
        hint = (
            f'Declare it: who = Who(generic="{name}", to=("app.Model",)), '
            f"or say in an rgpd.py: not_personal({label!r}, reason='…')"
        )
        yield gap("E071", "W071", model, message, hint)


def _problem(entry: Entry, key: Any, label: str) -> str:
    try:
        target = registry.labelled(label)
    except (LookupError, ValueError):
        return "and there is no such model"
    if target is None:
        return "which is not declared"
    if not target.people:
        return "which declares no people"
    if target.people[target.main_role].generic:
        return "whose own people are found by a generic key"
    column = entry.model._meta.get_field(key.fk_field)
    if not compares(column, stored_as(target.model._meta.pk)):  # type: ignore[arg-type]
        return f"whose keys {key.fk_field!r} cannot hold"
    return ""
