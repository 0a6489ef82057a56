"""What a mail tells its provider about itself, so that what comes back about it can be told apart: ids, nothing of the person."""

from __future__ import annotations

from uuid import UUID

from django.core.mail import EmailMessage

from django_rgpd.core import mail

MAILING = "rgpd"
"""Key of anymail's metadata: the uuid of the campaign, or of the job, that the mail was of."""
PURPOSE = "rgpd_purpose"
"""Key of anymail's metadata: the purpose that ends where she unsubscribes at the provider."""

_WITHOUT = ("anymail.backends.mailersend.", "anymail.backends.postal.")
"""Backends that refuse a mail with metadata: their providers carry none."""


def label(message: EmailMessage, *, purpose: str = "", mailing: UUID | None = None) -> None:
    """Note the purpose and the mailing on ``message`` for anymail; every other backend does not look at it.

    Recipients may be able to read it. What the shop noted itself stays.
    """
    if mail.sends_by().startswith(_WITHOUT):
        return
    noted: dict[str, str] = dict(getattr(message, "metadata", None) or {})
    if purpose:
        noted[PURPOSE] = purpose
    if mailing is not None:
        noted[MAILING] = str(mailing)
    message.metadata = noted  # type: ignore[attr-defined]
