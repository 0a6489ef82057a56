"""Checks of a declared table: declared once, in reach of the engine, with the indexes that it reads by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.core.checks import CheckMessage
from django.db import router
from django.db.models import DateField, F, Index, UniqueConstraint
from django.db.models.expressions import BaseExpression
from django.db.models.functions import Lower

from django_rgpd.registry.checks.messages import caution, error
from django_rgpd.registry.models import Person
from django_rgpd.registry.paths import BadPath, follow
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry.site import Entry

OURS = "django_rgpd."
"""Declarations that the library brings: nobody can add an index to those tables."""

_LONGEST_NAME = 30


def repeated() -> Iterator[CheckMessage]:
    """Models declared twice."""
    for first, second in registry.repeated:
        message = f"It is declared twice: by {first.origin} and by {second.origin}."
        yield error("E021", first.model, message, "Keep one; the second counts for nothing.")


def findings(entry: Entry) -> Iterator[CheckMessage]:
    """What is wrong with the table of ``entry``."""
    yield from _proxy(entry)
    yield from _elsewhere(entry)
    yield from _hidden(entry)
    if not entry.origin.startswith(OURS):
        yield from _indexes(entry)


def _proxy(entry: Entry) -> Iterator[CheckMessage]:
    meta = entry.model._meta
    if meta.proxy or meta.abstract:
        named = meta.concrete_model._meta.label if meta.concrete_model else "the model that holds the rows"
        message = "It is a proxy or an abstract model, and has no table of its own."
        yield error("E051", entry.model, message, f"Declare {named} instead.")


def _elsewhere(entry: Entry) -> Iterator[CheckMessage]:
    here, there = router.db_for_write(Person), router.db_for_write(entry.model)
    if here != there:
        message = f"Its rows are in the database {there!r}, and people are in {here!r}."
        hint = f"One transaction cannot hold both: let the router put it into {here!r}."
        yield error("E045", entry.model, message, hint)


def _hidden(entry: Entry) -> Iterator[CheckMessage]:
    """The engine reads by ``_base_manager``; a shop can make that one hide rows too."""
    query = entry.model._base_manager.get_queryset().query
    if query.where or query.is_sliced:
        message = "Its base manager hides rows, which nothing could then release or export."
        hint = "Take base_manager_name out of its Meta, or name a manager that shows every row."
        yield error("E053", entry.model, message, hint)


def _indexes(entry: Entry) -> Iterator[CheckMessage]:
    for who in entry.people.values():
        if who.email:
            yield from _address_index(entry, who.email)
    for text in sorted(set(entry.declaration.clocks.values())):
        yield from _clock_index(entry, text)


def _address_index(entry: Entry, text: str) -> Iterator[CheckMessage]:
    found = _end(entry, text)
    if found is None:
        return
    model, name = found
    if not any(_lowered(one, name) for one in (*model._meta.indexes, *model._meta.constraints)):
        message = f"No index on Lower({name!r}) of {model._meta.label}: each request reads the whole table."
        index = f'models.Index(Lower("{name}"), name="{_index_name(model, name, "lower")}")'
        yield caution("W054", entry.model, message, f"Add to the indexes of its Meta: {index}")


def _clock_index(entry: Entry, text: str) -> Iterator[CheckMessage]:
    found = _end(entry, text)
    if found is None:
        return
    model, name = found
    field = model._meta.get_field(name)
    indexed = getattr(field, "db_index", False) or getattr(field, "unique", False)
    if not isinstance(field, DateField) or indexed:
        return
    if not any(_begins_with(one, name) for one in (*model._meta.indexes, *model._meta.constraints)):
        message = f"No index on the clock {name!r} of {model._meta.label}: each sweep reads the whole table."
        index = f'models.Index(fields=["{name}"], name="{_index_name(model, name, "clock")}")'
        yield caution("W054", entry.model, message, f"Add to the indexes of its Meta: {index}")


def _end(entry: Entry, text: str) -> tuple[type[Model], str] | None:
    try:
        field = follow(entry.model, text).field
    except BadPath:
        return None
    return field.model, field.name


def _lowered(one: object, name: str) -> bool:
    if not isinstance(one, Index | UniqueConstraint):
        return False
    for expression in one.expressions[:1]:
        if isinstance(expression, BaseExpression) and any(
            isinstance(part, Lower) and part.get_source_expressions() == [F(name)]
            for part in expression.flatten()
        ):
            return True
    return False


def _begins_with(one: object, name: str) -> bool:
    if not isinstance(one, Index | UniqueConstraint):
        return False
    return [field.removeprefix("-") for field in one.fields[:1]] == [name]


def _index_name(model: type[Model], name: str, what: str) -> str:
    return f"{model._meta.model_name}_{name}"[: _LONGEST_NAME - len(what) - 1].rstrip("_") + f"_{what}"
