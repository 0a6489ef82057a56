"""A Mailchimp of ours on 127.0.0.1: it keeps members, shows them, can be told to fail, and tells the shop who leaves."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from django_rgpd.core import conf
from django_rgpd.processors import roads
from example_shop.demo import vendor

NEWS = "a6b5da1054"
KEY = "0123456789abcdef0123456789abcdef-us21"
AUDIENCE = re.compile(r"/lists/(?P<audience>\w+)(/members)?")
TAGS = re.compile(r"/lists/(?P<audience>\w+)/(tag-search|segments/(?P<tag>\d+))")
MEMBER = re.compile(r"/lists/(?P<audience>\w+)/members/(?P<hash>[^/]+)(?P<rest>/.*)?")


def hash_of(address: str) -> str:
    """As Mailchimp names a member."""
    return hashlib.md5(address.lower().encode(), usedforsecurity=False).hexdigest()


class Mailchimp:
    """Its state: audience → hash → member; ``forgotten``: hashes that were deleted for good."""

    contract: Callable[[str, str, bytes], list[str]] | None = None
    elsewhere = ""
    """Whither a failure redirects; itself without."""

    hook = ""
    """The address of the shop's webhook."""

    def __init__(self) -> None:
        self.audiences: dict[str, dict[str, dict[str, Any]]] = {"a6b5da1054": {}, "f00dfeed01": {}}
        self.forgotten: set[str] = set()
        self.compliance: set[str] = set()
        self.spoiling: set[str] = set()
        self.tags: list[str] = []
        self.strange: set[str] = set()
        self.failures: deque[str] = deque()
        self.seen: list[tuple[str, str, str]] = []
        self.broken: list[str] = []
        self.at_once = 0
        self.generated: tuple[int, Callable[[int], tuple[str, str]]] | None = None
        self.lock = threading.Lock()

    def hold(self, audience: str, address: str, **more: object) -> None:
        """Have a member."""
        member = {
            "email_address": address,
            "status": "subscribed",
            "last_changed": "2026-05-01T00:00:00+00:00",
        }
        self.audiences[audience][hash_of(address)] = {**member, **more}

    def now(self) -> str:
        """As it writes the time."""
        return datetime.now(UTC).isoformat(timespec="seconds")

    def of(self, address: str) -> dict[str, dict[str, Any]]:
        """Audience → what it holds of an address."""
        return {
            key: members[hash_of(address)]
            for key, members in self.audiences.items()
            if hash_of(address) in members
        }

    def answer(
        self, method: str, path: str, body: Any, query: dict[str, str] | None = None
    ) -> tuple[int, object]:
        """What it answers, and what it keeps."""
        if path == "/lists":
            return 200, {"lists": [{"id": key} for key in self.audiences], "total_items": len(self.audiences)}
        whole = AUDIENCE.fullmatch(path)
        if whole is not None and whole["audience"] in self.audiences:
            members = self.audiences[whole["audience"]]
            return self._batch(members, body) if method == "POST" else self._page(members, query)
        tags = TAGS.fullmatch(path)
        if tags is not None and tags["audience"] in self.audiences:
            return self._tags(self.audiences[tags["audience"]], tags["tag"], body)
        found = MEMBER.fullmatch(path)
        if found is None or found["audience"] not in self.audiences:
            return problem(404, "Resource Not Found")
        members, key = self.audiences[found["audience"]], found["hash"]
        if method == "PUT":
            return self._put(members, key, body)
        if key not in members:
            return problem(404, "Resource Not Found")
        if found["rest"] == "/actions/delete-permanent":
            del members[key]
            self.forgotten.add(key)
            return 204, None
        if found["rest"] == "/tags":
            members[key]["tags"] = body["tags"]
            self.tags += [one["name"] for one in body["tags"] if one["name"] not in self.tags]
            return 204, None
        if method == "PATCH":
            return self._patch(members, key, body)
        return 200, members[key]

    def page(self) -> str:
        """The members, as a page."""
        with self.lock:
            rows = "".join(
                f"<tr><td>{escape(str(one['email_address']))}</td><td>{escape(str(one['status']))}</td><td>"
                f"<form method='post' action='/unsubscribe'><input type='hidden' name='audience' value='{audience}'>"
                f"<input type='hidden' name='member' value='{key}'><button>{_('Unsubscribe here')}</button></form></td></tr>"
                for audience, members in self.audiences.items()
                for key, one in members.items()
            )
        heads = "".join(f"<th scope='col'>{one}</th>" for one in (_("Address"), _("State"), _("Leave")))
        title = _("A Mailchimp of this machine")
        return (
            f"<!doctype html><html lang='{get_language() or 'en'}'><meta charset='utf-8'><title>{title}</title>"
            f"<h1>{title}</h1><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></html>"
        )

    def unsubscribe(self, audience: str, key: str) -> None:
        """She leaves here, and the shop is told by its webhook."""
        with self.lock:
            member = self.audiences.get(audience, {}).get(key)
            if member is None:
                return
            member.update({"status": "unsubscribed", "last_changed": self.now()})
        told = {
            "type": "unsubscribe",
            "fired_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
            "data[action]": "unsub",
            "data[reason]": "manual",
            "data[list_id]": audience,
            "data[email]": str(member["email_address"]),
        }
        if self.hook:
            with urlopen(self.hook, urlencode(told).encode(), timeout=10):  # noqa: S310 - the demonstration's own shop
                pass

    def _page(self, members: dict[str, Any], query: dict[str, str] | None) -> tuple[int, object]:
        asked = query or {}
        if self.generated is not None:
            return self._generated(asked)
        since = asked.get("since_last_changed", "")
        held = [
            {name: one[name] for name in ("email_address", "status", "last_changed")}
            for one in members.values()
            if asked.get("status") in {None, one["status"]} and one["last_changed"] >= since
        ]
        held.sort(key=lambda one: str(one["last_changed"]))
        start = int(asked.get("offset", 0))
        return 200, {"members": held[start : start + int(asked.get("count", 10))], "total_items": len(held)}

    def _generated(self, asked: dict[str, str]) -> tuple[int, object]:
        """More than anybody would hold: made when they are asked for, all of whom left."""
        assert self.generated is not None
        number, member = self.generated
        if asked.get("status") != "unsubscribed":
            return 200, {"members": [], "total_items": 0}
        since = asked.get("since_last_changed", "")
        first = bisect_left(range(number), since, key=lambda one: member(one)[1])
        start = first + int(asked.get("offset", 0))
        page = [member(one) for one in range(start, min(number, start + int(asked.get("count", 10))))]
        told = [{"email_address": one, "status": "unsubscribed", "last_changed": at} for one, at in page]
        return 200, {"members": told, "total_items": number - first}

    def _batch(self, members: dict[str, Any], body: Any) -> tuple[int, object]:
        """200 whatever becomes of each; a whole call is refused for its size, or for somebody in ``spoiling``."""
        named = [one["email_address"] for one in body["members"]]
        if len(named) > 500 or self.spoiling.intersection(named):
            return problem(400, "Invalid Resource")
        errors, told = [], []
        for one in body["members"]:
            key = hash_of(one["email_address"])
            if key in members and not body.get("update_existing"):
                errors.append(_error(one, "is already a list member", code="ERROR_CONTACT_EXISTS"))
                continue
            if one["email_address"] in self.strange:
                errors.append(_error(one, "has something that nobody ever heard of"))
                continue
            status, answer = self._put(members, key, {"status_if_new": one["status"], **one})
            if status != 200 and isinstance(answer, dict):
                errors.append(_error(one, str(answer["detail"])))
            else:
                told.append(answer)
        return 200, {"new_members": told, "errors": errors, "error_count": len(errors)}

    def _tags(self, members: dict[str, Any], number: str | None, body: Any) -> tuple[int, object]:
        """The tags that there are, or many members who are given one."""
        if number is None:
            return 200, {"tags": [{"id": each, "name": one} for each, one in enumerate(self.tags)]}
        told = {"name": self.tags[int(number)], "status": "active"}
        added = [hash_of(one) for one in body["members_to_add"] if hash_of(one) in members]
        for key in added:
            kept = members[key].setdefault("tags", [])
            kept += [told] if told not in kept else []
        return 200, {"total_added": len(added), "errors": [], "error_count": 0}

    def _put(self, members: dict[str, Any], key: str, body: Any) -> tuple[int, object]:
        address = body["email_address"]
        if key != hash_of(address):
            return problem(400, "Invalid Resource")
        if key in self.forgotten:
            return problem(400, "Forgotten Email Not Subscribed", f"{address} was permanently deleted")
        if key in self.compliance:
            return problem(400, "Member In Compliance State", f"{address} is in a compliance state")
        known = members.setdefault(key, {"status": body["status_if_new"]})
        known["last_changed"] = self.now()
        known.update({**body, "status": body.get("status", known["status"])})
        return 200, known

    def _patch(self, members: dict[str, Any], key: str, body: Any) -> tuple[int, object]:
        new = hash_of(body.get("email_address", members[key]["email_address"]))
        if new != key and new in members:
            return problem(400, "Member Exists", f"{body['email_address']} is already a list member")
        members[new] = {**members.pop(key), **body, "last_changed": self.now()}
        return 200, members[new]


def _error(member: Any, what: str, *, code: str = "ERROR_GENERIC") -> dict[str, str]:
    """What became of one among many."""
    address = str(member["email_address"])
    return {"email_address": address, "error": f"{address} {what}", "error_code": code}


def problem(status: int, title: str, detail: str = "") -> tuple[int, object]:
    """An error as Mailchimp writes it."""
    return status, {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": "x",
    }


class Handler(vendor.Handler):
    """One request."""

    def _serve(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path in {"/", "/unsubscribe"}:
            self._page(dict(parse_qsl(body.decode())))
            return
        with peer.lock:
            peer.seen.append((self.command, self.path, body.decode()))
            peer.broken += peer.contract(self.command, self.path, body) if peer.contract else []
            failure = peer.failures.popleft() if peer.failures else ""
        if failure and failure != "lost":
            getattr(self, f"fail_{failure}")()
            return
        if (
            self.headers.get("Authorization")
            != f"Basic {base64.b64encode(f'django_rgpd:{KEY}'.encode()).decode()}"
        ):
            self._send(*problem(401, "API Key Invalid"))
            return
        with peer.lock:
            parts = urlsplit(self.path)
            query = dict(parse_qsl(parts.query))
            status, answer = peer.answer(self.command, parts.path, json.loads(body or b"null"), query)
        if failure == "lost":  # it is done, and nobody hears of it
            self.fail_reset()
            return
        self._send(status, answer)

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _serve  # noqa: N815 - the names that http.server calls

    def _page(self, told: dict[str, str]) -> None:
        """For a person: who is held, and a button that unsubscribes her here as a link in a mail of theirs would."""
        peer = self.server.peer
        if self.command == "POST":
            peer.unsubscribe(told.get("audience", ""), told.get("member", ""))
            self._raw(303, b"", Location="/")
            return
        self._raw(200, peer.page().encode(), Content_Type="text/html; charset=utf-8")

    def _send(self, status: int, answer: object, **headers: str) -> None:
        told = b"" if answer is None else json.dumps(answer).encode()
        kind = "application/problem+json" if status >= 400 else "application/json"
        self._raw(
            status, told, **{"Content-Type": f"{kind}; charset=utf-8", "X-Request-Id": "r-1", **headers}
        )

    def fail_429(self) -> None:
        self._send(*problem(429, "Too Many Requests"))

    def fail_429_after(self) -> None:
        self._send(*problem(429, "Too Many Requests"), Retry_After="7200")

    def fail_413(self) -> None:
        self._send(*problem(413, "Request Entity Too Large"))

    def fail_500(self) -> None:
        self._send(*problem(500, "Internal Server Error"))

    def fail_503_bodyless(self) -> None:
        self._raw(503, b"")

    def fail_403_bodyless(self) -> None:
        self._raw(403, b"")

    def fail_401(self) -> None:
        self._send(*problem(401, "API Key Invalid", "elodie.emond@example.com"))

    def fail_403(self) -> None:
        self._send(*problem(403, "User Disabled"))

    def fail_418(self) -> None:
        self._send(*problem(418, "Teapot"))

    def fail_200_with_error(self) -> None:
        self._raw(
            200,
            json.dumps(problem(500, "Internal Server Error")[1]).encode(),
            Content_Type="application/json",
        )

    def fail_404_html(self) -> None:
        self._raw(404, b"<html>No such page</html>", Content_Type="text/html")

    def fail_redirect(self) -> None:
        self._raw(302, b"", Location=f"{self.server.peer.elsewhere or self.server.url}/lists")


@contextmanager
def at_the_shop(url: str) -> Iterator[tuple[Mailchimp, str]]:
    """Have the shop at ``url`` tell such a Mailchimp, and be told by it, while the block runs; gives it and its address."""
    peer = Mailchimp()
    server, stop = serve(peer)
    secret = secrets.token_urlsafe(32)
    setting = {
        "class": "django_rgpd.processors.mailchimp.Mailchimp",
        "api_key": KEY,
        "audiences": {"newsletter": NEWS},
        "fields": {"FNAME": "first_name"},
        "webhook_secrets": [secret],
        "host": server.url,
    }
    before = settings.RGPD
    settings.RGPD = {**before, "PROCESSORS": {**before["PROCESSORS"], "mailchimp": setting}}
    _read_again()
    peer.hook = url + reverse("django_rgpd:mailchimp_webhook", args=[secret])
    try:
        # It begins empty each time: have it told of everybody who agreed before.
        call_command("rgpd_reconcile", "mailchimp", "--full", stdout=StringIO())
        yield peer, f"{server.url}/"
    finally:
        stop()
        settings.RGPD = before
        _read_again()


def _read_again() -> None:
    conf.get.cache_clear()
    roads.made.cache_clear()


def serve(peer: Mailchimp) -> tuple[vendor.Server, Callable[[], None]]:
    """A running server, and what stops it."""
    return vendor.serve(peer, Handler)
