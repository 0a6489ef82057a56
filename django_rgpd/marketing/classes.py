"""Saying what a mail of the shop's own is: marketing of a purpose, or about its reader's own business."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeVar

from django.core.mail import EmailMessage

from django_rgpd.core import mail_class
from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import EMAIL, current

OUTCOME = "rgpd_outcome"
"""The attribute of a marketing message that says, after sending, what became of it."""

M = TypeVar("M", bound=EmailMessage)


@dataclass(slots=True)
class Outcome:
    """What became of a marketing message: to how many people it was handed over, how many were left out for which reason."""

    sent: int = 0
    dropped: Counter[str] = field(default_factory=Counter)


def marketing(message: M, purpose: str, *, template_shows_link: bool = False) -> M:
    """Mark ``message`` as marketing of ``purpose``, and return it: the mail backend asks about each recipient when it leaves.

    ``template_shows_link``: for a message whose text is a template at the provider (anymail's ``template_id``), that this
    template shows ``unsubscribe_url`` of the merge data; it cannot be read from here. Raises ``Misconfigured`` for a purpose that
    is no marketing by mail.
    """
    demand(purpose)
    mail_class.mark(message, mail_class.Marketing(purpose, template_shows_link))
    return message


def service(message: M) -> M:
    """Mark ``message`` as being about its reader's own business, whatever it looks like, and return it."""
    mail_class.mark(message, mail_class.Service())
    return message


def outcome(message: EmailMessage) -> Outcome | None:
    """What became of a marketing message; None where the mail backend has not had it."""
    found: Outcome | None = getattr(message, OUTCOME, None)
    return found


def demand(purpose: str) -> None:
    """Raise ``Misconfigured`` unless the policy has ``purpose`` as marketing by mail."""
    if not any(one.key == purpose and EMAIL in one.channels for one in current().marketing):
        msg = f"{purpose!r} is no marketing purpose by {EMAIL} of the policy; mark other mails by service()."
        raise Misconfigured(msg)
