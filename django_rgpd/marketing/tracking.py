"""anymail's tracking events, from whichever provider: read with distrust, and given to the verb that each is about.

anymail has looked at the secret or the signature; that the values make sense nobody has. What raises here is answered with a
500, and sent again by the provider with the whole of its batch: every verb is harmless when it is told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.marketing import bounces, engagement, labels, reported

_FIRST_YEAR = 2000
"""A time before it is a clock that was never set: nobody knows when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event with what can be used of it."""

    kind: str
    provider: str
    email: str = field(repr=False)
    at: datetime | None
    mailing: UUID | None
    purpose: str
    reason: object
    words: object = field(repr=False)


@sensitive_variables()
def hear(*, event: Any, esp_name: str = "", **_: object) -> None:
    """Receive one of anymail's tracking events; what is about nobody, or makes no sense, changes nothing."""
    told = _told(event, esp_name)
    verb = _VERBS.get(told.kind)
    if verb is None or not told.email:
        return
    with suppress(BadAddress):
        verb(told, clock.now())


@sensitive_variables()
def _told(event: Any, provider: str) -> Told:
    metadata = _mapping(getattr(event, "metadata", None))
    return Told(
        kind=_text(getattr(event, "event_type", None)),
        provider=provider,
        email=_text(getattr(event, "recipient", None)),
        at=_instant(getattr(event, "timestamp", None)),
        mailing=_uuid(metadata.get(labels.MAILING)),
        purpose=_text(metadata.get(labels.PURPOSE)),
        reason=getattr(event, "reject_reason", None),
        words=getattr(event, "esp_event", None),
    )


@sensitive_variables()
def _complained(told: Told, now: datetime) -> None:
    reported.complained(told.email, source=told.provider, at=told.at, now=now)


@sensitive_variables()
def _unsubscribed(told: Told, now: datetime) -> None:
    reported.unsubscribed(told.email, source=told.provider, at=told.at, purpose=told.purpose, now=now)


@sensitive_variables()
def _refused(told: Told, now: datetime) -> None:
    hard = bounces.is_hard(told.provider, event_type=told.kind, reject_reason=told.reason, told=told.words)
    if hard:
        reported.bounced(told.email, at=told.at, now=now)


@sensitive_variables()
def _clicked(told: Told, now: datetime) -> None:
    if told.at is not None:  # without its time an old one, sent again, would lengthen a term
        engagement.clicked(told.email, at=told.at, mailing=told.mailing, now=now)


@sensitive_variables()
def _opened(told: Told, now: datetime) -> None:
    if told.at is not None:
        engagement.opened(told.email, at=told.at, mailing=told.mailing, now=now)


_VERBS: dict[str, Callable[[Told, datetime], None]] = {
    "complained": _complained,
    "unsubscribed": _unsubscribed,
    "bounced": _refused,
    "rejected": _refused,
    "clicked": _clicked,
    "opened": _opened,
}
"""anymail's name of an event → what it does. "subscribed" is not among them: a provider cannot agree for anybody."""


def _mapping(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _instant(value: object) -> datetime | None:
    if not isinstance(value, datetime) or value.year < _FIRST_YEAR:
        return None
    return timezone.make_aware(value, UTC) if timezone.is_naive(value) else value


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(_text(value))
    except ValueError:
        return None
