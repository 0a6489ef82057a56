"""JSON Schemas of the exports: the published envelope, and the shop's own, made from its declarations."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from django.db import models

from django_rgpd.export.columns import AnyField, Column, columns
from django_rgpd.export.header import SCHEMA, Object
from django_rgpd.export.models import Document
from django_rgpd.registry import registry

if TYPE_CHECKING:
    from django_rgpd.export.values import Json
    from django_rgpd.registry import Entry

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_ENVELOPE = Path(__file__).parent / "schemas" / "export-1.json"
_WHOLE: Json = ["integer", "string"]  # text beyond 2^53 - 1


@cache
def _envelope() -> str:
    return _ENVELOPE.read_text(encoding="utf-8")


def envelope() -> Object:
    """The schema that every export keeps to, whatever the shop declares."""
    found: Object = json.loads(_envelope())
    return found


def own(document: Document, *, entries: Iterable[Entry] | None = None) -> Object:
    """The schema of this shop's ``document``: the envelope, with each table's rows described.

    ``entries``: the declared tables by default. It needs nothing else: the envelope is inside.
    """
    tables: list[Json] = []
    for entry in registry if entries is None else entries:
        for role in entry.people:
            if shown := columns(entry, role, document):
                tables.append(_table(entry, role, shown))
    return {
        "$schema": DIALECT,
        "$id": f"{SCHEMA}:{document.value}",
        "title": str(document.label),
        "allOf": [{"$ref": SCHEMA}],
        "properties": {
            "document": {"const": str(document.value)},
            "tables": {"type": "array", "items": {"oneOf": tables} if tables else False},
        },
        "$defs": {"envelope": envelope()},
    }


def _table(entry: Entry, role: str, shown: Iterable[Column]) -> Object:
    properties: Object = {column.key: _column(column) for column in shown}
    return {
        "title": f"{entry.label} ({role})",
        "properties": {
            "table": {"const": entry.label},
            "role": {"const": role},
            "rows": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": list(properties),
                    "properties": properties,
                    "additionalProperties": False,
                },
            },
        },
    }


def _column(column: Column) -> Object:
    kind = _kind(column.field)
    described: Object = {**kind, "title": str(column.field.verbose_name)}
    # A column reached by a key may have no row at its end; of a shop's older rows nothing is sure either.
    types = described.get("type")
    if isinstance(types, str):
        described["type"] = [types, "null"]
    elif isinstance(types, list):
        described["type"] = [*types, "null"]
    return described


def _kind(field: AnyField) -> Object:
    if isinstance(field, models.ForeignKey):
        return _kind(field.target_field)
    for kinds, schema in _KINDS:
        if isinstance(field, kinds):
            return schema(field)
    return {}


def _of(**schema: Json) -> Callable[[AnyField], Object]:
    return lambda field: dict(schema)


_KINDS: tuple[tuple[type | tuple[type, ...], Callable[[AnyField], Object]], ...] = (
    (models.BooleanField, _of(type="boolean")),
    (models.DecimalField, _of(type="string", pattern=r"^(-?[0-9]+(\.[0-9]+)?([Ee][+-]?[0-9]+)?|NaN)$")),
    (models.IntegerField, _of(type=_WHOLE)),
    (models.FloatField, _of(type=["number", "string"])),
    (models.DateTimeField, _of(type="string", format="date-time")),
    (models.DateField, _of(type="string", format="date")),
    (models.TimeField, _of(type="string", format="time")),
    (models.DurationField, _of(type="string", format="duration")),
    (models.UUIDField, _of(type="string", format="uuid")),
    (models.BinaryField, _of(type="string", contentEncoding="base64")),
    (models.FileField, _of(type="string", description="The path of the file in the archive.")),
    (models.JSONField, _of()),
    ((models.CharField, models.TextField), _of(type="string")),
    (models.GenericIPAddressField, _of(type="string")),
)
"""What each kind of column looks like; of other kinds (a shop's own) nothing is promised."""
