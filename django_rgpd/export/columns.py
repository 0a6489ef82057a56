"""Which columns of a declared model a document shows to one person of the row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models.constants import LOOKUP_SEP

from django_rgpd.export.models import Document
from django_rgpd.policy import Consent, Contract, Purpose, current
from django_rgpd.registry import GIVEN, OBSERVED, Personal, registry

if TYPE_CHECKING:
    from django_rgpd.registry import Entry

AnyField: TypeAlias = "models.Field[Any, Any]"

SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|token|otp|api_?key|private_?key|session_?key)(?:$|_)")
"""Columns of such a name open a door: they are never exported, whatever a declaration says."""

_NAMING = ("name", "title", "label", "number", "code", "slug")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a document: its key in each row, and the lookup path that it is read by."""

    key: str
    path: str
    field: AnyField
    personal: Personal | None = None

    @property
    def reference(self) -> bool:
        """Whether the value is the key of a row."""
        return self.field.primary_key or self.field.is_relation

    @property
    def amount(self) -> bool:
        """Whether the value is a sum, which a currency belongs to."""
        return isinstance(self.field, models.DecimalField)


def columns(entry: Entry, role: str, document: Document) -> tuple[Column, ...]:
    """The columns of ``entry`` that ``document`` shows to its person called ``role``, the primary key first.

    Access (art. 15): the person's own fields, what her role sees, and the facts where she is the main person
    of the row. Portability (art. 20): her own fields that were given or observed and rest on consent or
    contract, with the facts beside them. Empty where the document shows nothing of this table. Internal
    columns and secrets are in neither.
    """
    shown = list(_shown(entry, role, document))
    if not shown:
        return ()
    key = entry.model._meta.pk
    keyed = [] if key is None or key.name in entry.declaration.internal else [_column(entry, key)]
    taken = {column.key for column in keyed}
    return tuple(keyed + [column for column in shown if column.key not in taken])


def purposes_of(entry: Entry, role: str) -> tuple[str, ...]:
    """Keys of the purposes that the fields of ``role`` serve; the parent's where a row has only facts."""
    found = [key for personal in entry.fields_of(role).values() for key in personal.purpose_keys]
    if not entry.declaration.fields and (parent := _parent(entry)) is not None:
        return purposes_of(parent, parent.main_role)
    return tuple(dict.fromkeys(found))


def is_portable(purpose: Purpose) -> bool:
    """Whether data of ``purpose`` is portable (art. 20.1 a): it rests on consent or on a contract."""
    return any(isinstance(basis, Consent | Contract) for basis in purpose.bases)


def _shown(entry: Entry, role: str, document: Document) -> Iterator[Column]:
    fields = entry.fields_of(role)
    sees: tuple[str, ...] = entry.people[role].sees
    facts = set(entry.declaration.facts) if role == entry.main_role else set()
    if document == Document.PORTABILITY:
        fields = {name: one for name, one in fields.items() if _portable(one)}
        sees = ()
        if not fields and not _facts_alone(entry, role):
            return
    names = {*fields, *facts, *sees} - set(entry.declaration.internal)
    for field in entry.model._meta.concrete_fields:
        if field.name not in names or SECRET.search(field.name):
            continue
        personal = entry.declaration.fields.get(field.name)
        if personal is None or personal.export:
            yield _column(entry, field, personal)
            yield from _naming(field)
    yield from _currency(entry, names)


def _portable(personal: Personal) -> bool:
    policy = current()
    return personal.origin in {GIVEN, OBSERVED} and any(
        is_portable(policy.purpose(key)) for key in personal.purpose_keys
    )


def _facts_alone(entry: Entry, role: str) -> bool:
    """Whether a table of facts only is portable: what its parent is for."""
    policy = current()
    keys = purposes_of(entry, role)
    return not entry.declaration.fields and any(is_portable(policy.purpose(key)) for key in keys)


def _parent(entry: Entry) -> Entry | None:
    """The declared model that the first step to the person leads to."""
    for path in entry.people[entry.main_role].paths:
        step, separator, _rest = path.partition(LOOKUP_SEP)
        if not separator:
            continue
        target = entry.model._meta.get_field(step).related_model
        parent = registry.of(target) if isinstance(target, type) else None
        if parent is not None and parent is not entry:
            return parent
    return None


def _column(entry: Entry, field: AnyField, personal: Personal | None = None) -> Column:
    return Column(
        key=field.name,
        path=field.name,
        field=field,
        personal=personal or entry.declaration.fields.get(field.name),
    )


def _naming(field: AnyField) -> Iterator[Column]:
    """Beside the key of a thing its name: a number alone tells a reader nothing."""
    target = field.related_model
    if not isinstance(target, type) or not issubclass(target, models.Model) or not _names_things(target):
        return
    for name in _NAMING:
        named = _field(target, name)
        if isinstance(named, models.CharField):
            yield Column(key=f"{field.name}.{name}", path=f"{field.name}{LOOKUP_SEP}{name}", field=named)
            return


def _names_things(model: type[models.Model]) -> bool:
    """Whether a table is about things: undeclared, without an address or a key to a declared table."""
    if registry.of(model) is not None:
        return False
    fields = model._meta.concrete_fields
    return not any(
        isinstance(field, models.EmailField | models.GenericIPAddressField)
        or (isinstance(field.related_model, type) and registry.of(field.related_model) is not None)
        for field in fields
    )


def _currency(entry: Entry, names: Collection[str]) -> Iterator[Column]:
    """The currency of a table's amounts, where it stands in another table."""
    path = entry.declaration.currency
    if not path or LOOKUP_SEP not in path:
        return
    if not any(isinstance(_field(entry.model, name), models.DecimalField) for name in names):
        return
    model: type[models.Model] = entry.model
    *steps, last = path.split(LOOKUP_SEP)
    for step in steps:
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]
    yield Column(key="currency", path=path, field=model._meta.get_field(last))  # type: ignore[arg-type]


def _field(model: type[models.Model], name: str) -> AnyField | None:
    try:
        found = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    return found if isinstance(found, models.Field) else None
