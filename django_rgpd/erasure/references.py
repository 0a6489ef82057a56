"""Which tables refer to rows that go: declared ones are waited for, links are cut, others make the engine
refuse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import SET_NULL, Exists, ForeignKey, OuterRef, Q, QuerySet

from django_rgpd.registry import registry

if TYPE_CHECKING:
    from django.db.models import Model

    from django_rgpd.registry import Entry


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key of ``model`` that leads to rows of the declared model."""

    model: type[Model]
    field: ForeignKey[Any, Any]

    @property
    def label(self) -> str:
        """``app_label.Model.field``."""
        return f"{self.model._meta.label}.{self.field.name}"

    def rows_of(self, outer: str = "") -> Q:
        """True of referring rows of the row that an outer query stands on."""
        return Q(**{f"{self.field.attname}": OuterRef(outer or self.field.target_field.attname)})

    def exists(self, entry: Entry, going: Q) -> Q:
        """True of rows of ``entry`` that a row refers to which does not go with them."""
        if self.model._meta.concrete_model is not entry.model._meta.concrete_model:
            return _referred_to(self)
        rows: QuerySet[Any] = QuerySet(self.model).filter(self.rows_of())
        return Q(Exists(rows.exclude(pk__in=QuerySet(entry.model).filter(going).values("pk"))))


def declared(entry: Entry) -> list[Reference]:
    """Foreign keys of declared models: their own declaration says what becomes of their rows."""
    tables = _tables()
    return [one for one in _all(entry.model) if one.model._meta.concrete_model in tables]


def links(entry: Entry) -> list[Reference]:
    """Many-to-many tables that Django made: their rows are nothing but the link, and go with one end.

    One that is declared has gone by its own declaration before.
    """
    tables = _tables()
    made = [one for one in _all(entry.model) if one.model._meta.auto_created]
    return [one for one in made if one.model._meta.concrete_model not in tables]


def nullable(entry: Entry) -> list[Reference]:
    """Keys of models said to hold nothing personal, which the shop itself sets to NULL (``SET_NULL``)."""
    return [
        one for one in _all(entry.model) if _harmless(one) and one.field.remote_field.on_delete is SET_NULL
    ]


def undeclared(entry: Entry) -> list[Reference]:
    """What nobody has said anything about: a row that one of them refers to cannot go."""
    known = {*declared(entry), *links(entry), *nullable(entry)}
    return [one for one in _all(entry.model) if one not in known]


def forget() -> None:
    """Read the models again (tests that make models)."""
    _all.cache_clear()
    _referred_to.cache_clear()


@cache
def _all(model: type[Model]) -> tuple[Reference, ...]:
    return tuple(_referring(model))


@cache
def _referred_to(reference: Reference) -> Q:
    """The same for whoever is erased: an account has as many of them as there are tables."""
    return Q(Exists(QuerySet(reference.model).filter(reference.rows_of())))


def _referring(model: type[Model]) -> Iterator[Reference]:
    family = {model._meta.concrete_model, *model._meta.get_parent_list()}
    for other in apps.get_models(include_auto_created=True):
        if other._meta.proxy or not other._meta.managed:
            continue
        for field in other._meta.local_fields:
            if not isinstance(field, ForeignKey) or field.related_model._meta.concrete_model not in family:
                continue
            if not (field.remote_field.parent_link and issubclass(model, other)):  # a part of the same row
                yield Reference(other, field)


def _tables() -> set[type[Model] | None]:
    """The declared tables: one may have been declared by a proxy."""
    return {entry.model._meta.concrete_model for entry in registry}


def _harmless(one: Reference) -> bool:
    meta = one.model._meta
    return meta.label_lower in registry.harmless or meta.app_label in registry.harmless
