"""What a webhook of Mailchimp says: its fields read with distrust, and made into news or into nothing.

https://mailchimp.com/developer/marketing/guides/sync-audience-data-webhooks/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_variables

from django_rgpd.processors.inbound import Kind, News

_FIRST_YEAR = 2000
"""A time before it is a clock that was never set: nobody knows when."""

ABUSE = "abuse"


@sensitive_variables()
def read(told: Mapping[str, str], *, processor: str, purposes: Mapping[str, str]) -> News | None:
    """The news in the fields ``told``; None where they are about nothing that the shop acts on, or make no sense.

    ``purposes``: the id of each audience that the setting names → its purpose. ``subscribe`` and ``profile`` are never acted on:
    whoever knows the address can fill in a form of theirs.
    """
    purpose = purposes.get(told.get("data[list_id]", ""))
    kind = _kind(told)
    address = told.get("data[old_email]" if kind is Kind.MOVED else "data[email]", "")
    if purpose is None or kind is None or not address:
        return None
    return News(
        kind=kind,
        processor=processor,
        address=address,
        purpose=purpose,
        at=_instant(told.get("fired_at", "")),
    )


def _kind(told: Mapping[str, str]) -> Kind | None:
    what, reason = told.get("type", ""), told.get("data[reason]", "")
    if what in {"unsubscribe", "cleaned"} and reason == ABUSE:
        return Kind.COMPLAINED
    # An unsubscription whose action is "delete" was made by somebody of the shop in Mailchimp: she is not written to either way.
    return {"unsubscribe": Kind.LEFT, "cleaned": Kind.UNREACHABLE, "upemail": Kind.MOVED}.get(what)


def _instant(text: str) -> datetime | None:
    """A ``fired_at``, which names no zone and is UTC; it counts whole seconds, so that the last moment of that one is meant."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None or at.year < _FIRST_YEAR:
        return None
    at = at.replace(microsecond=at.microsecond or 999_999)
    return timezone.make_aware(at, UTC) if timezone.is_naive(at) else at
