"""How long a vendor who asks for it is left alone: as long as they say, never for ever, never all workers at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from random import SystemRandom

LONGEST = timedelta(hours=6)
"""What is honoured of a Retry-After."""

_SHORTEST = timedelta(seconds=1)
_DIGITS = 9
_chance = SystemRandom()


def asked(header: str | None, *, now: datetime) -> timedelta | None:
    """What a ``Retry-After`` says (RFC 9110, 10.2.3: seconds, or a date), capped; None where it says nothing readable."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return _capped(timedelta(seconds=int(text[:_DIGITS])) if len(text) <= _DIGITS else LONGEST)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return _capped((at if at.tzinfo else at.replace(tzinfo=UTC)) - now)


def spread(pause: timedelta) -> timedelta:
    """``pause`` and up to a fifth more, so that those who were sent away together do not come back together."""
    return timedelta(seconds=pause.total_seconds() * _chance.uniform(1.0, 1.2))


def _capped(pause: timedelta) -> timedelta:
    return max(_SHORTEST, min(pause, LONGEST))
