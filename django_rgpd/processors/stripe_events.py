"""What Stripe's webhooks say: whether it is Stripe, and of all of it the number, the kind and the id that it is about.

The client's own check of the signature is used, and not its objects: what is signed may still be no event, or too odd for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import stripe

from django_rgpd.core.errors import RgpdError

TOLERANCE = 300
"""Seconds that a signature may be old, or its clock ahead of ours; the client lets the future in."""

_TIME = re.compile(r"t=(\d{1,12})", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_]{1,255}", re.ASCII)
_KIND = re.compile(r"[a-z0-9_.]{1,100}", re.ASCII)


class Forged(RgpdError):
    """Nothing proves that this is of Stripe, and of now."""


class Odd(RgpdError):
    """It is of Stripe, and nothing that we know: ``str`` says why, and holds nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event."""

    event: str
    kind: str
    about: str
    live: bool


def check(body: bytes, header: str, secrets: Iterable[str], *, now: datetime) -> None:
    """Raise ``Forged`` unless ``header`` signs ``body`` with one of ``secrets``, within ``TOLERANCE`` of ``now``."""
    parts = header.split(",") if header.isascii() and len(header) <= 4_000 else []
    times = [found for part in parts if (found := _TIME.fullmatch(part.strip()))]
    if len(times) != 1 or abs(int(times[0][1]) - now.timestamp()) > TOLERANCE:
        raise Forged
    if not any(_signed(body, header, secret) for secret in secrets):
        raise Forged


def read(body: bytes) -> News:
    """The event that a signed ``body`` is. Raises ``Odd``."""
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Odd(type(error).__name__) from None
    if not isinstance(told, dict):
        raise Odd(type(told).__name__)
    event, kind = told.get("id"), told.get("type")
    if not (isinstance(event, str) and _ID.fullmatch(event)):
        raise Odd("no id")
    if not (isinstance(kind, str) and _KIND.fullmatch(kind)):
        raise Odd("no type")
    return News(event=event, kind=kind, about=_about(told), live=told.get("livemode") is True)


def _about(told: dict[str, Any]) -> str:
    data = told.get("data")
    found = data.get("object") if isinstance(data, dict) else None
    name = found.get("id") if isinstance(found, dict) else None
    return name if isinstance(name, str) and _ID.fullmatch(name) else ""


def _signed(body: bytes, header: str, secret: str) -> bool:
    try:
        # Its own clock is not asked: ours was.
        return bool(stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None))
    except (stripe.SignatureVerificationError, ValueError, TypeError):
        return False
