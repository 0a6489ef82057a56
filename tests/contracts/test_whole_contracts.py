"""The extracts are of the whole contracts, and prism, by which the night holds everything against those, does see."""

from __future__ import annotations

import json
import re
from types import ModuleType
from typing import Any

import pytest
import requests

from django_rgpd.processors import mailchimp_client
from tests.contracts import openapi
from tests.contracts.contract import ADDRESS, NOW
from tests.contracts.peers import mailchimp, stripe
from tests.contracts.whole import extracts, npm
from tests.contracts.whole.served import AT_NIGHT, Whole

pytestmark = AT_NIGHT

PEERS: dict[str, tuple[ModuleType, Any, dict[str, Any]]] = {
    "mailchimp": (mailchimp, mailchimp.Mailchimp, {"auth": ("django_rgpd", mailchimp.KEY)}),
    "stripe": (stripe, stripe.Stripe, {"headers": {"Authorization": f"Bearer {stripe.KEY}"}}),
}

OPERATIONS = [
    pytest.param(vendor, path, method, operation, id=f"{method} {path}")
    for vendor in PEERS
    for path, methods in openapi.Contract(vendor).paths.items()
    for method, operation in methods.items()
]

MEMBER = "/lists/x/members/y"


def found(
    whole: Whole, vendor: str, *asked: tuple[str, str, dict[str, Any]], answer: Any = None
) -> list[str]:
    """What prism finds wrong where the requests ``asked`` are made, and the peer answers each of them so."""
    peers, peer, key = PEERS[vendor]
    made = peer()
    if answer is not None:
        made.answer = lambda *_asked: answer
    told: list[str] = []
    with whole(peers, made) as url:
        for method, path, more in asked:
            made.broken.clear()
            requests.request(method, url + path, timeout=60, **key, **more)
            told += made.broken or [f"nothing wrong with {method} {path} {more}"]
    return told


@pytest.mark.parametrize("vendor", npm.SHA256)
def test_an_extract_says_what_the_whole_contract_says(vendor: str) -> None:
    """Of each operation that it has: everything that makes a request right or wrong."""
    assert extracts.made(vendor) == extracts.committed(vendor)


def test_an_extract_that_was_loosened_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    loose = extracts.committed("mailchimp").replace('"transactional"', '"transactional", "archived"', 1)
    monkeypatch.setattr(extracts, "committed", lambda _vendor: loose)
    assert extracts.made("mailchimp") != loose


@pytest.mark.parametrize(("vendor", "path", "method", "operation"), OPERATIONS)
def test_an_answer_that_is_none_of_theirs_is_found_at_each_operation(
    whole: Whole, vendor: str, path: str, method: str, operation: dict[str, Any]
) -> None:
    """Prism says nothing where it cannot read a schema: it would have passed everything there."""
    asked = (method, re.sub(r"{\w+}", "x", path), _right(vendor, operation))
    for status in (200, 404) if "200" in operation["responses"] else (404,):
        assert any(": response.body: " in one for one in found(whole, vendor, asked, answer=(status, [7]))), (
            status
        )


@pytest.mark.parametrize(("vendor", "path", "method", "operation"), OPERATIONS)
def test_a_query_of_the_wrong_kind_is_found_at_each_operation(
    whole: Whole, vendor: str, path: str, method: str, operation: dict[str, Any]
) -> None:
    checked = [
        one["name"]
        for one in operation["parameters"]
        if one["in"] == "query"
        and (one["schema"].get("type") in {"integer", "boolean"} or "enum" in one["schema"])
    ]
    right = _right(vendor, operation)
    asked = [(method, re.sub(r"{\w+}", "x", path), {**right, "params": {name: "wrong"}}) for name in checked]
    told = found(whole, vendor, *asked, answer=(404, [7]))
    for name in checked:
        assert any(f": request.query.{name}: " in one for one in told), name


@pytest.mark.parametrize(
    ("vendor", "method", "path", "more", "said"),
    [
        ("mailchimp", "PUT", MEMBER, {"json": {"email_address": ADDRESS}}, "'status_if_new'"),
        ("mailchimp", "PATCH", MEMBER, {"json": {"status": "transactional"}}, "body.status: "),
        ("mailchimp", "PATCH", MEMBER, {"json": {"merge_fields": "x"}}, "body.merge_fields: "),
        ("mailchimp", "POST", "/lists/x", {"json": {"update_existing": True}}, "'members'"),
        ("mailchimp", "POST", f"{MEMBER}/tags", {"json": {"tags": [{"name": "x"}]}}, "'status'"),
        ("mailchimp", "GET", "/lists?count=1001", {}, "query.count: "),
        ("mailchimp", "GET", "/nobody", {}, "route not found"),
        ("stripe", "POST", "/v1/customers/x", {"data": {"tax_exempt": "never"}}, "body.tax_exempt: "),
        ("stripe", "POST", "/v1/customers/x", {"data": {"phone": "+" * 21}}, "body.phone: "),
        ("stripe", "DELETE", "/v1/charges", {}, "route not found"),
    ],
)
def test_a_request_that_they_would_refuse_is_found(
    whole: Whole, vendor: str, method: str, path: str, more: dict[str, Any], said: str
) -> None:
    told = found(whole, vendor, (method, path, more), answer=(404, [7]))
    assert any(": request" in one and said in one for one in told), told


def test_their_own_client_is_heard_too(whole: Whole) -> None:
    """As our processors call it: a status that is none fails whatever test makes such a request."""
    made = mailchimp.Mailchimp()
    with whole(mailchimp, made) as url:
        lists = mailchimp_client.lists(url, mailchimp.KEY, proxy="", now=NOW)
        name, wrong = mailchimp.hash_of(ADDRESS), {"email_address": ADDRESS, "status_if_new": "archived"}
        lists.set_list_member(mailchimp.NEWS, name, wrong)
    assert any("request.body.status_if_new: " in one for one in made.broken)


def test_an_unknown_field_of_a_form_is_seen_by_the_extract_alone(whole: Whole) -> None:
    """Prism reads of a form what the contract names. So both are asked."""
    peers, peer, key = PEERS["stripe"]
    made = peer()
    made.hold(ADDRESS, "cus_1")
    with whole(peers, made) as url:
        requests.post(f"{url}/v1/customers/cus_1", data={"nmae": "x"}, timeout=60, **key)
    assert len(made.broken) == 1
    assert "nmae" in made.broken[0]
    assert "request." not in made.broken[0]


def _right(vendor: str, operation: dict[str, Any]) -> dict[str, Any]:
    """A body as good as any, where there is one."""
    if vendor == "stripe" or "requestBody" not in operation:
        return {}
    return {"data": json.dumps({"tags": [], "members": []}), "headers": {"Content-Type": "application/json"}}
