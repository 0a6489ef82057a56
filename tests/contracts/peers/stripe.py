"""A Stripe of ours on 127.0.0.1: it keeps customers and what hangs off them, can be told to fail, and holds every request
against the contract.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from example_shop.demo import vendor
from tests.contracts.openapi.forms import FormContract
from tests.contracts.peers import stripe_objects

KEY = "sk_test_" + "0" * 24
VENDOR = "stripe"
CONTRACT = FormContract(VENDOR)
REDACTIONS = UNPUBLISHED = "/v1/privacy/redaction_jobs"
"""A preview, of which no contract is published."""


Answer = tuple[int, object]


class Stripe:
    """Its state: customers by id, and lists of objects, newest first, that name theirs."""

    def __init__(self) -> None:
        self.customers: dict[str, dict[str, Any]] = {}
        self.lists: dict[str, list[dict[str, Any]]] = {name: [] for name in stripe_objects.OF}
        self.methods: dict[str, list[dict[str, Any]]] = {}
        self.tax_ids: dict[str, list[dict[str, Any]]] = {}
        self.redactions: dict[str, dict[str, Any]] = {}
        self.redaction_enabled = True
        self.fixed: set[str] = set()
        """What of a payment that has succeeded can be changed no more."""
        self.answered: dict[str, Answer] = {}
        self.failures: deque[str] = deque()
        self.seen: list[tuple[str, str, str, dict[str, str]]] = []
        self.broken: list[str] = []
        self.page = 100
        self.elsewhere = ""
        self.lock = threading.Lock()

    def hold(self, address: str, key: str = "", **more: object) -> str:
        """Have a customer with a card; returns its id."""
        key = key or f"cus_{len(self.customers) + 1:04d}"
        self.customers[key] = {
            **stripe_objects.CUSTOMER,
            "id": key,
            "email": address,
            "name": "Élodie Émond",
            "phone": "+33612345678",
            "metadata": {"account": "17"},
            **more,
        }
        card = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030, "funding": "credit"}
        self.methods[key] = [
            {**stripe_objects.METHOD, "id": f"pm_{key}", "type": "card", "card": card, "customer": key}
        ]
        self.tax_ids[key] = [{**stripe_objects.TAX_ID, "id": f"txi_{key}", "value": "FR00000000000"}]
        return key

    def add(self, kind: str, customer: str, **more: object) -> dict[str, Any]:
        """Have something that hangs off a customer, newer than the rest."""
        rows = self.lists[kind]
        name = f"{kind[:2]}_{len(rows) + 1:05d}"
        made = {**stripe_objects.OF[kind], "id": name, "object": kind[:-1], "customer": customer, **more}
        rows.insert(0, made)
        return made

    def of(self, address: str) -> list[dict[str, Any]]:
        """The customers with an address, whatever its capitals."""
        known = self.customers.values()
        return [one for one in known if str(one.get("email", "")).lower() == address.lower()]

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Answer:
        """What it answers, and what it keeps."""
        parts = [unquote(one) for one in path.split("/")[2:]]
        if path.startswith(REDACTIONS):
            return self._redaction(method, parts[2:], asked)
        if parts == ["customers"]:
            return self._page(
                [one for one in self.customers.values() if one.get("email") == asked["email"]], asked, path
            )
        if parts[0] == "payment_methods":
            for methods in self.methods.values():
                for one in [each for each in methods if each["id"] == parts[1]]:
                    methods.remove(one)
                    return 200, {**one, "customer": None}
            return missing(parts[1])
        if parts[0] in ("payment_intents", "charges") and len(parts) > 1:
            return self._payment(method, parts, asked)
        if parts[0] in self.lists:
            rows = [one for one in self.lists[parts[0]] if self._matches(one, asked)]
            return self._page(rows, asked, path)
        return self._customer(method, parts[1:], asked, path)

    def _payment(self, method: str, parts: list[str], asked: dict[str, Any]) -> Answer:
        kind, key = parts
        one = next((one for one in self.lists[kind] if one["id"] == key), None)
        if one is None:
            return missing(key)
        if method == "POST":
            if one.get("status") == "succeeded" and self.fixed & set(asked):
                return problem(400, "could not be updated", code="payment_intent_unexpected_state")
            metadata = {**one.get("metadata", {}), **asked.pop("metadata", {})}
            one.update({name: value or None for name, value in asked.items()})
            one["metadata"] = {name: value for name, value in metadata.items() if value}
        return 200, one

    def _matches(self, one: dict[str, Any], asked: dict[str, Any]) -> bool:
        named = {
            name: asked[name] for name in ("customer", "charge", "payment_intent", "status") if name in asked
        }
        if named.get("status") == "all":
            del named["status"]
        elif one["object"] == "subscription" and one.get("status") == "canceled":
            return False
        return all(one.get(name) == value for name, value in named.items())

    def _customer(self, method: str, parts: list[str], asked: dict[str, Any], path: str) -> Answer:
        key, *rest = parts
        known = self.customers.get(key)
        if known is None:
            return missing(key)
        if rest:
            rows = {"payment_methods": self.methods, "tax_ids": self.tax_ids}[rest[0]][key]
            if method == "DELETE":
                self.tax_ids[key] = [one for one in rows if one["id"] != rest[1]]
                return 200, {"id": rest[1], "object": "tax_id", "deleted": True}
            return self._page(rows, asked, path)
        if known.get("deleted"):
            return (200, known) if method == "GET" else missing(key)
        if method == "DELETE":
            self.customers[key] = {"id": key, "object": "customer", "deleted": True}
            self.methods[key] = []
            for one in self.lists["subscriptions"]:
                if one["customer"] == key:
                    one["status"] = "canceled"
        if method == "POST":
            metadata = {**known["metadata"], **asked.pop("metadata", {})}
            known.update({name: value or None for name, value in asked.items()})
            known["metadata"] = {name: value for name, value in metadata.items() if value}
        return 200, self.customers[key]

    def _redaction(self, method: str, parts: list[str], asked: dict[str, Any]) -> Answer:
        if not self.redaction_enabled:
            return 404, {"error": {"type": "invalid_request_error", "message": "Unrecognized request URL"}}
        if not parts:
            key = f"redact_{len(self.redactions) + 1}"
            made = {"id": key, "object": "privacy.redaction_job", "status": "validating", **asked}
            self.redactions[key] = made
            return 200, made
        one = self.redactions[parts[0]]
        if len(parts) > 1:
            one["status"] = "redacting"
        return 200, one

    def _page(self, rows: list[dict[str, Any]], asked: dict[str, Any], path: str) -> Answer:
        names = [one["id"] for one in rows]
        start = names.index(asked["starting_after"]) + 1 if "starting_after" in asked else 0
        page = rows[start : start + min(int(asked.get("limit", 10)), self.page)]
        more = start + len(page) < len(rows)
        return 200, {"object": "list", "url": path, "has_more": more, "data": page}


def missing(key: str) -> Answer:
    """Nobody like that."""
    return problem(404, f"No such customer: '{key}'", code="resource_missing")


def problem(status: int, message: str, **more: str) -> Answer:
    """An error as Stripe writes it."""
    return status, {"error": {"type": "invalid_request_error", "message": message, **more}}


class Handler(vendor.Handler):
    """One request."""

    def _serve(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parts = urlsplit(self.path)
        with peer.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            peer.seen.append((self.command, self.path, body, headers))
            if not parts.path.startswith(UNPUBLISHED):
                peer.broken += CONTRACT.broken_form(self.command, self.path, body)
            failure = peer.failures.popleft() if peer.failures else ""
        if failure:
            getattr(self, f"fail_{failure}")()
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self._send(*problem(401, "Invalid API Key"))
        else:
            self._send(*self._once(parts.path, CONTRACT.decoded(body or parts.query)))

    def _once(self, path: str, asked: dict[str, Any]) -> Answer:
        """A key that was answered is answered alike, as theirs are."""
        peer, key = self.server.peer, self.headers.get("Idempotency-Key")
        with peer.lock:
            if key in peer.answered:
                return peer.answered[key]
            answer = peer.answer(self.command, path, asked)
            if key:
                peer.answered[key] = (answer[0], json.loads(json.dumps(answer[1])))
            return answer

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

    def _send(self, status: int, answer: object, **headers: str) -> None:
        told = json.dumps(answer).encode()
        self._raw(status, told, **{"Content-Type": "application/json", "Request-Id": "req_1", **headers})

    def fail_429(self) -> None:
        self._send(*problem(429, "Too many requests"))

    def fail_429_after(self) -> None:
        self._send(*problem(429, "Too many requests"), Retry_After="7200")

    def fail_500(self) -> None:
        self._send(*problem(500, "elodie.emond@example.com"), Stripe_Should_Retry="false")

    def fail_401(self) -> None:
        self._send(*problem(401, "Invalid API Key: elodie.emond@example.com"))

    def fail_403(self) -> None:
        self._send(*problem(403, "This key may not"))

    def fail_418(self) -> None:
        self._send(*problem(418, "Teapot"))

    def fail_empty(self) -> None:
        self._raw(200, b"")

    def fail_200_with_error(self) -> None:
        told = json.dumps(problem(500, "elodie.emond@example.com")[1])
        self._raw(200, told.encode(), Content_Type="application/json")

    def fail_redirect(self) -> None:
        self._raw(302, b"", Location=f"{self.server.peer.elsewhere or self.server.url}/v1/customers")


def serve(peer: Stripe) -> tuple[vendor.Server, Callable[[], None]]:
    """A running server, and what stops it."""
    return vendor.serve(peer, Handler)
