"""The committed extracts, made again from the whole contracts: ``python -m tests.contracts.whole.extracts``.

An operation is added to one by its path and method with an empty object, and this command.
"""

from __future__ import annotations

import json
from typing import Any

from tests.contracts import openapi
from tests.contracts.whole import npm

TEXTS = frozenset({"description", "title", "example", "examples", "default", "readOnly"})
"""What says nothing of which requests are right."""

OF_A_PARAMETER = ("in", "name", "required", "schema")

Node = dict[str, Any]


def committed(vendor: str) -> str:
    """The extract, as it is written."""
    return (openapi.HERE / f"{vendor}.json").read_text(encoding="utf-8")


def made(vendor: str) -> str:
    """The same operations, out of the whole contract of today's package."""
    extract, whole = json.loads(committed(vendor)), npm.contract(vendor)
    paths = {
        path: {method: _operation(whole["paths"][path][method], known) for method, known in methods.items()}
        for path, methods in extract["paths"].items()
    }
    info = {**extract["info"], "version": whole["info"]["version"]}
    return json.dumps({"info": info, "paths": paths}, indent=1, sort_keys=True) + "\n"


def _operation(whole: Node, known: Node) -> Node:
    parameters = [
        {name: slimmed(one[name]) for name in OF_A_PARAMETER if name in one} for one in whole["parameters"]
    ]
    operation: Node = {"parameters": parameters, "responses": list(whole["responses"])}
    if "requestBody" in whole:
        (content,) = whole["requestBody"]["content"].values()
        schema = slimmed(content["schema"])
        # Of a long body an extract may leave optional properties out, which are then refused.
        kept = known.get("requestBody", {}).get("schema", {}).get("properties")
        if kept is not None:
            wanted = {*kept, *schema.get("required", ())}
            schema["properties"] = {name: one for name, one in schema["properties"].items() if name in wanted}
        operation["requestBody"] = {"required": whole["requestBody"]["required"], "schema": schema}
    return operation


def slimmed(node: Any) -> Any:
    """A schema without its texts, whose objects allow no properties but those that it names."""
    if isinstance(node, list):
        return [slimmed(one) for one in node]
    if not isinstance(node, dict):
        return node
    slim = {
        name: {key: slimmed(one) for key, one in value.items()} if name == "properties" else slimmed(value)
        for name, value in node.items()
        if name not in TEXTS and not name.startswith("x-")
    }
    if slim.get("properties"):
        slim.setdefault("additionalProperties", False)
    return slim


if __name__ == "__main__":
    for each in npm.SHA256:
        (openapi.HERE / f"{each}.json").write_text(made(each), encoding="utf-8")
