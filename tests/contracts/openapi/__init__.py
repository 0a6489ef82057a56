"""Extracts of vendors' published contracts: every request that we send is held against them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema import Draft202012Validator

HERE = Path(__file__).resolve().parent


class Contract:
    """One vendor's extract."""

    def __init__(self, vendor: str) -> None:
        self.paths: dict[str, dict[str, Any]] = json.loads(
            (HERE / f"{vendor}.json").read_text(encoding="utf-8")
        )["paths"]

    def broken(self, method: str, target: str, body: bytes) -> list[str]:
        """What is wrong with a request, as sentences; empty where the contract allows it."""
        parts = urlsplit(target)
        operation = self._operation(method, parts.path)
        if operation is None:
            return [f"{method} {parts.path} is no operation of the contract"]
        return [*_query(operation, parts.query), *_body(operation, body)]

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        for template, operations in self.paths.items():
            if re.fullmatch(re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template)), path):
                found: dict[str, Any] | None = operations.get(method.lower())
                return found
        return None


def _query(operation: dict[str, Any], query: str) -> list[str]:
    known = {one["name"]: one.get("schema", {}) for one in operation["parameters"] if one["in"] == "query"}
    return [
        f"query {name}={value!r}"
        for name, value in parse_qsl(query)
        if name not in known or not Draft202012Validator(known[name]).is_valid(_read(known[name], value))
    ]


def _read(schema: dict[str, Any], value: str) -> object:
    kind = schema.get("type")
    if kind == "integer" and value.isdigit():
        return int(value)
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, value)
    return value.split(",") if kind == "array" else value


def _body(operation: dict[str, Any], body: bytes) -> list[str]:
    asked = operation.get("requestBody")
    if asked is None:
        return ["a body where there is none"] if body not in {b"", b"null"} else []
    if not body:
        return ["no body"]
    errors = Draft202012Validator(
        asked["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER
    ).iter_errors(json.loads(body))
    return [f"{'/'.join(str(part) for part in one.absolute_path)}: {one.message}" for one in errors]
