"""Mail providers: what each posts to anymail's webhooks, signed as it signs, with values of ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SECRET = "provider:a secret of the webhooks"
SIGNING = "a key that the provider signs with"
ANYMAIL = {
    "WEBHOOK_SECRET": SECRET,
    "MAILGUN_WEBHOOK_SIGNING_KEY": SIGNING,
    "MAILERSEND_SIGNING_SECRET": SIGNING,
    "MAILTRAP_TRACKING_SECRET": SIGNING,
}

COMPLAINED, UNSUBSCRIBED, HARD, SOFT = "complained", "unsubscribed", "hard", "soft"
CLICKED, OPENED, SUBSCRIBED = "clicked", "opened", "subscribed"
LINK = "https://shop.example.com/en/orders/?email=canary@example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a provider has to tell."""

    kind: str
    email: Any = "ada@example.com"
    at: datetime | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


def basic(secret: str = SECRET) -> dict[str, str]:
    """The header of HTTP basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(secret.encode()).decode()}


def postmark(news: News) -> dict[str, Any]:
    """One event of Postmark's."""
    told: dict[str, Any] = {"MessageID": "883953f4", "Metadata": dict(news.metadata), "Tag": "letter"}
    when = None if news.at is None else news.at.isoformat()
    if news.kind in {UNSUBSCRIBED, SUBSCRIBED}:
        leaves = news.kind == UNSUBSCRIBED
        told |= {"RecordType": "SubscriptionChange", "Recipient": news.email, "Origin": "Recipient"}
        told |= {"SuppressSending": leaves, "SuppressionReason": "ManualSuppression" if leaves else None}
        return told if when is None else {**told, "ChangedAt": when}
    if news.kind in {CLICKED, OPENED}:
        told |= {"RecordType": "Click" if news.kind == CLICKED else "Open", "Recipient": news.email}
        told |= {"OriginalLink": LINK, "UserAgent": "a browser"}
        return told if when is None else {**told, "ReceivedAt": when}
    type_ = {COMPLAINED: "SpamComplaint", HARD: "HardBounce", SOFT: "SoftBounce"}[news.kind]
    told |= {"RecordType": "SpamComplaint" if news.kind == COMPLAINED else "Bounce", "Type": type_}
    told |= {"ID": 901542550, "Email": news.email, "Details": "smtp;550 5.1.1 unknown user"}
    return told if when is None else {**told, "BouncedAt": when}


def mailgun(news: News) -> dict[str, Any]:
    """One event of Mailgun's, without its signature."""
    event = {HARD: "failed", SOFT: "failed"}.get(news.kind, news.kind)
    told: dict[str, Any] = {
        "event": event,
        "id": "Ase7i2zsRYeDXztHGENqRA",
        "recipient": news.email,
        "message": {"headers": {"message-id": "20130503182626.18666.16540@mg.example.com"}},
        "user-variables": dict(news.metadata),
        "tags": ["letter"],
        "url": LINK,
    }
    if news.kind in {HARD, SOFT}:
        told |= {"severity": "permanent" if news.kind == HARD else "temporary", "reason": "bounce"}
    return told if news.at is None else {**told, "timestamp": news.at.timestamp()}


def brevo(news: News) -> dict[str, Any]:
    """One event of Brevo's."""
    names = {COMPLAINED: "spam", UNSUBSCRIBED: "unsubscribe", HARD: "hard_bounce", SOFT: "soft_bounce"}
    names |= {CLICKED: "click", OPENED: "unique_opened", SUBSCRIBED: "list_addition"}
    told: dict[str, Any] = {
        "event": names[news.kind],
        "email": news.email,
        "message-id": "<201798300811.5787683@relay.example.com>",
        "X-Mailin-custom": json.dumps(dict(news.metadata)),
        "tags": ["letter"],
        "link": LINK,
    }
    return told if news.at is None else {**told, "ts_epoch": round(news.at.timestamp() * 1000)}


def mailjet(news: News) -> dict[str, Any]:
    """One event of Mailjet's."""
    names = {COMPLAINED: "spam", UNSUBSCRIBED: "unsub", HARD: "bounce", SOFT: "bounce"}
    names |= {CLICKED: "click", OPENED: "open"}
    told: dict[str, Any] = {
        "event": names[news.kind],
        "email": news.email,
        "MessageID": 19421777835146490,
        "customcampaign": "letter",
        "Payload": json.dumps(dict(news.metadata)),
        "url": LINK,
    }
    if news.kind in {HARD, SOFT}:
        error = "user unknown" if news.kind == HARD else "quota exceeded"
        told |= {"hard_bounce": news.kind == HARD, "blocked": False, "error": error}
    return told if news.at is None else {**told, "time": int(news.at.timestamp())}


def mailtrap(news: News) -> dict[str, Any]:
    """One event of Mailtrap's."""
    names = {COMPLAINED: "spam", UNSUBSCRIBED: "unsubscribe", HARD: "bounce", SOFT: "soft bounce"}
    names |= {CLICKED: "click", OPENED: "open"}
    assert news.at is not None
    return {
        "event": names[news.kind],
        "email": news.email,
        "message_id": "1df37d17-0286-4d8b-8edf-bc4ec5be86e6",
        "event_id": "bede7236-2284-43d6-a953-1fdcafd0fdbc",
        "sending_stream": "bulk",
        "timestamp": int(news.at.timestamp()),
        "custom_variables": dict(news.metadata),
        "url": LINK,
    }


def mailersend(news: News) -> dict[str, Any]:
    """One event of MailerSend's, which carries no metadata."""
    names = {COMPLAINED: "spam_complaint", HARD: "hard_bounced", SOFT: "soft_bounced"}
    type_ = names.get(news.kind, news.kind)
    data: dict[str, Any] = {
        "type": type_,
        "id": "62f114f8165fe0d8db0288e3",
        "email": {"recipient": {"email": news.email}, "message": {"id": "62fb66bef54a112e920b5493"}},
        "morph": {"object": "click", "url": LINK},
    }
    if news.at is not None:
        data["created_at"] = news.at.isoformat()
    return {"type": f"activity.{type_}", "data": data}


def signed(key: str, message: bytes) -> str:
    """HMAC-SHA256, as most of them sign."""
    return hmac.new(key.encode(), message, hashlib.sha256).hexdigest()


def post(client: Any, name: str, *news: News, secret: str = SECRET, key: str = SIGNING) -> Any:
    """Let the provider ``name`` tell ``news`` to the shop as it does, in one call where it sends batches; the answer."""
    events = [PROVIDERS[name](one) for one in news]
    return post_raw(client, name, events, secret=secret, key=key)


def post_raw(
    client: Any, name: str, events: list[dict[str, Any]], *, secret: str = SECRET, key: str = SIGNING
) -> Any:
    """The same with events that are already in the provider's form."""
    body, headers = _envelope(name, events, key)
    return client.post(
        f"/anymail/{name}/tracking/",
        json.dumps(body),
        content_type="application/json",
        headers={**headers, **(basic(secret) if secret else {})},
    )


def _envelope(name: str, events: list[dict[str, Any]], key: str) -> tuple[Any, dict[str, str]]:
    if name == "mailjet":
        return events, {}
    if name == "mailtrap":
        body = {"events": events}
        return body, {"Mailtrap-Signature": signed(key, json.dumps(body).encode())}
    (event,) = events
    if name == "mailersend":
        return event, {"Signature": signed(key, json.dumps(event).encode())}
    if name == "mailgun":
        stamp, token = "1795315234", hashlib.md5(json.dumps(event).encode()).hexdigest()
        signature = {"timestamp": stamp, "token": token, "signature": signed(key, f"{stamp}{token}".encode())}
        return {"signature": signature, "event-data": event}, {}
    return event, {}


PROVIDERS: dict[str, Callable[[News], dict[str, Any]]] = {
    "brevo": brevo,
    "mailersend": mailersend,
    "mailgun": mailgun,
    "mailjet": mailjet,
    "mailtrap": mailtrap,
    "postmark": postmark,
}
