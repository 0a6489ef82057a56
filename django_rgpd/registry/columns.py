"""Which columns of a model count, what refers to it, and which of its columns may not hold the same value twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.db.models import F, ForeignKey, UniqueConstraint

if TYPE_CHECKING:
    from django.db.models import Field, Model

    AnyField = Field[Any, Any]
    Key = ForeignKey[Any, Any]


def columns(model: type[Model]) -> tuple[AnyField, ...]:
    """The columns that a declaration must account for: all but the primary key and the links to parent tables.

    Those of a multi-table parent count: they are part of what a row of ``model`` says of somebody.
    """
    links = {link for link in model._meta.parents.values() if link is not None}
    return tuple(
        field
        for field in model._meta.concrete_fields
        if field not in links and not (field.primary_key and not field.is_relation)
    )


def foreign_keys(model: type[Model]) -> tuple[Key, ...]:
    """The keys to other tables in the model's own table, links to its parents among them."""
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, ForeignKey))


def references_to(model: type[Model]) -> tuple[Key, ...]:
    """Every key of any installed model that refers to ``model``: hidden ones and those of through tables too.

    ``_meta.related_objects`` leaves hidden relations out, and a key to a proxy is a key to its table.
    """
    table = model._meta.concrete_model
    return tuple(
        key
        for other in _tables()
        for key in other._meta.local_concrete_fields
        if isinstance(key, ForeignKey) and key.related_model._meta.concrete_model is table
    )


def _tables() -> Iterator[type[Model]]:
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            yield model


def stored_as(field: AnyField) -> AnyField:
    """The field as which the database keeps ``field``: for a foreign key, the key that it refers to."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


def as_json(key: object) -> str | list[str]:
    """A primary key as JSON keeps it; one of several columns as a list."""
    return [str(part) for part in key] if isinstance(key, tuple) else str(key)


def written_key(model: type[Model], key: object) -> str:
    """A primary key of ``model`` as one text."""
    kept = as_json(_primary_key(model).to_python(key))
    return kept if isinstance(kept, str) else json.dumps(kept)


def read_key(model: type[Model], text: str) -> object:
    """The primary key of ``model`` that ``written_key`` wrote."""
    found: object = _primary_key(model).to_python(text)
    return found


def _primary_key(model: type[Model]) -> AnyField:
    return stored_as(model._meta.pk)


def unique_by_itself(field: AnyField) -> bool:
    """Whether no two rows may have the same value in ``field``, by the column or by a constraint of it alone."""
    if field.unique:
        return True
    model = cast("type[Model] | None", getattr(field, "model", None))
    if model is None:
        return False
    return any(
        _columns_of(constraint) == {field.name}
        for constraint in model._meta.constraints
        if isinstance(constraint, UniqueConstraint) and constraint.condition is None
    )


def _columns_of(constraint: UniqueConstraint) -> set[str]:
    named = set(constraint.fields)
    for expression in constraint.expressions:
        named |= _named(expression)
    return named


def _named(expression: Any) -> set[str]:
    if isinstance(expression, F):
        return {str(getattr(expression, "name", ""))}
    sources = expression.get_source_expressions() if hasattr(expression, "get_source_expressions") else []
    return {name for source in sources for name in _named(source)}
