"""Tracking of opens: off in each marketing mail, unless its reader agreed to the purpose that the shop names for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.core.mail import EmailMessage
from django.utils.module_loading import import_string

from django_rgpd.consent import state
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf, mail
from django_rgpd.policy import EMAIL, current
from django_rgpd.registry.models import Person

_UNSUPPORTED = frozenset({"Amazon SES", "Brevo", "Mailtrap", "Postal", "Resend", "Scaleway", "SendinBlue"})
"""Where anymail has no ``track_opens`` and refuses a message that sets it: there the account's own setting decides."""


def allowed(states: Mapping[state.Key, ConsentState], *, now: datetime) -> bool:
    """Whether the opens of somebody with these consents may be tracked: a pixel is read from her device (art. 82 LIL)."""
    purpose = next((one for one in current().purposes if one.key == conf.get().OPEN_TRACKING), None)
    if purpose is None:
        return False
    row = state.standing(states, purpose.key, EMAIL if EMAIL in purpose.channels else "")
    return row is not None and row.live and (row.expires_at is None or row.expires_at > now)


def allowed_by(person: Person, *, now: datetime) -> bool:
    """The same of ``person``; asks nothing where no purpose is named."""
    return bool(conf.get().OPEN_TRACKING) and allowed(state.rows(person), now=now)


def provider_of_the_shop() -> str:
    """anymail's name of the provider that Django sends by; empty where it is none, or where our backend comes first."""
    found = getattr(import_string(mail.backend()), "esp_name", "")
    return found if isinstance(found, str) else ""


def switch_off(message: EmailMessage, esp: str) -> None:
    """Have no opens of ``message`` tracked by the provider ``esp`` (anymail's ``esp_name``; empty where it is none of anymail's).

    ``track_clicks`` stays as the shop set it.
    """
    if esp in _UNSUPPORTED:
        vars(message).pop("track_opens", None)
    else:
        message.track_opens = False  # type: ignore[attr-defined]
