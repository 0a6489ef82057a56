"""The contracts as prism can read them: what is changed for it, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from tests.contracts.whole import npm

Node = dict[str, Any]

FORGET = "/lists/{list_id}/members/{subscriber_hash}/actions/delete-permanent"


def proxied(vendor: str) -> Node:
    """To hold requests and answers against: every operation of the vendor."""
    return CHANGES[vendor](copy.deepcopy(npm.contract(vendor)))


def mocked(vendor: str) -> Node:
    """To answer from: what is wrong with the vendor's own examples, or never ends, is mended too."""
    found: Node = _changed(proxied(vendor), _answerable)
    return found


def _mailchimp(whole: Node) -> Node:
    # Their own client sends ``null`` where the contract has no body; prism would answer 415.
    body = {"schema": {"type": "object", "nullable": True}}
    whole["paths"][FORGET]["post"]["requestBody"] = {"required": False, "content": {"application/json": body}}
    return whole


def _stripe(whole: Node) -> Node:
    # Objects that are expanded when asked for hold each other without end, and prism would never start. We ask for none:
    # their ids are left. An error that holds the payment that holds the error is what remains.
    whole = _changed(_changed(whole, _unexpanded), _nullable)
    error = whole["components"]["schemas"]["api_errors"]["properties"]
    for name in ("payment_intent", "setup_intent"):
        error[name] = {"type": "object"}
    return whole


CHANGES: dict[str, Callable[[Node], Node]] = {"mailchimp": _mailchimp, "stripe": _stripe}


def _unexpanded(node: Node) -> Node:
    if "x-expansionResources" not in node:
        return node
    (text,) = [one for one in node["anyOf"] if one.get("type") == "string"]
    return {"nullable": node.get("nullable", False), **text}


def _nullable(node: Node) -> Node:
    """Prism checks nothing, and says nothing of it, by a schema that is ``nullable`` without a ``type``."""
    if node.get("nullable") is not True or isinstance(node.get("type"), str):
        return node
    null: Node = {"enum": [None]}
    rest = {name: value for name, value in node.items() if name != "nullable"}
    return {**rest, "anyOf": [*rest["anyOf"], null]}


def _answerable(node: Node) -> Node:
    """Mailchimp's defaults are not always of their own type; Stripe's numbers would be words, and no page of it the last."""
    node = {name: value for name, value in node.items() if name != "default" or isinstance(value, dict)}
    if str(node.get("pattern", "")).startswith("^/v1/"):
        node["enum"] = [node["pattern"].removeprefix("^")]
    if node.get("format") == "decimal":
        node["enum"] = ["1.5"]
    if isinstance(node.get("has_more"), dict):
        node["has_more"] = {"type": "boolean", "enum": [False]}
    return node


def _changed(node: Any, change: Callable[[Node], Node]) -> Any:
    if isinstance(node, list):
        return [_changed(one, change) for one in node]
    if not isinstance(node, dict):
        return node
    return {name: _changed(one, change) for name, one in change(node).items()}
