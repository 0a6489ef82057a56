"""Contracts of APIs whose requests are forms with nested names, as ``metadata[key]=value``."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

from tests.contracts.openapi import Contract


class FormContract(Contract):
    """One vendor's extract, of requests in forms."""

    def broken_form(self, method: str, target: str, body: str) -> list[str]:
        """What is wrong with a request, as sentences; empty where the contract allows it."""
        parts = urlsplit(target)
        operation = self._operation(method, parts.path)
        if operation is None:
            return [f"{method} {parts.path} is no operation of the contract"]
        known = {one["name"]: one["schema"] for one in operation["parameters"] if one["in"] == "query"}
        query = {"type": "object", "properties": known, "additionalProperties": False}
        asked = operation.get("requestBody", {"schema": {"type": "object", "additionalProperties": False}})
        return [*self._wrong(query, parts.query), *self._wrong(asked["schema"], body)]

    def decoded(self, text: str) -> dict[str, Any]:
        """A form as the objects that it means."""
        found: dict[str, Any] = {}
        for name, value in parse_qsl(text, keep_blank_values=True):
            *path, last = re.findall(r"[^\[\]]+", name)
            place = found
            for part in path:
                place = place.setdefault(part, {})
            place[last] = value
        return found

    def _wrong(self, schema: dict[str, Any], text: str) -> list[str]:
        given = {name: _read(schema, name, value) for name, value in self.decoded(text).items()}
        errors = Draft202012Validator(schema).iter_errors(given)
        return [f"{'/'.join(map(str, one.absolute_path))}: {one.message}" for one in errors]


def _read(schema: dict[str, Any], name: str, value: object) -> object:
    kind = schema.get("properties", {}).get(name, {}).get("type")
    return int(value) if kind == "integer" and isinstance(value, str) and value.isdigit() else value
