"""What the backend that sends says of readers whose mail it does not take: Django's own by raising, anymail by a status."""

from __future__ import annotations

from collections.abc import Sequence
from smtplib import SMTPRecipientsRefused

from django.core.mail import EmailMessage

_REFUSED = frozenset({"invalid", "rejected", "failed"})


def kinds(esp: str) -> tuple[type[Exception], ...]:
    """What the inner backend raises where all recipients of one message are refused, and nothing else is wrong."""
    if not esp:
        return (SMTPRecipientsRefused,)
    from anymail.exceptions import AnymailRecipientsRefused

    return SMTPRecipientsRefused, AnymailRecipientsRefused


def number(message: EmailMessage) -> int:
    """How many of a message's readers the provider refuses, where it says so at once (anymail's status)."""
    status = getattr(message, "anymail_status", None)
    told = status.recipients.values() if status is not None else ()
    return sum(1 for one in told if one.status in _REFUSED)


def report(message: EmailMessage, made: Sequence[EmailMessage]) -> None:
    """Say on the shop's message what anymail said of those that were made of it."""
    told = [one.anymail_status for one in made if hasattr(one, "anymail_status")]
    if not told:
        return
    whole = type(told[0])()
    for one in told:
        whole.set_recipient_status(one.recipients)
        whole.esp_response = one.esp_response
    message.anymail_status = whole  # type: ignore[attr-defined]
